"""Rules about what does nothing in a graph: borders, bodies, and what they cost."""
from __future__ import annotations

import pytest
from onnx import parser

import archcheck

HEAD = '<ir_version: 8, opset_import: ["" : 17, "my.ops" : 1]>\n'


def found(text, *select):
    settings = archcheck.Settings(select=select or ("GRA",))
    return archcheck.check(parser.parse_model(HEAD + text), settings).findings


def test_unused_weights_are_one_finding_with_their_bytes():
    (one,) = found("g (float[N, 2] x) => (float[N, 2] y) <float[2] a = {1, 2}, double[2] b = {1, 2}> "
                   "{ y = Relu (x) }", "GRA001")
    assert (one.places, one.facts["bytes"], one.message) == (
        2, 24, "2 stored tensors of 24 bytes are read by no node")


@pytest.mark.parametrize(("stored", "message"), [
    ("float[2] a = {1, 2}", "a stored tensor of 8 bytes is read by no node"),
    ('string[2] s = {"a", "b"}', "a stored tensor is read by no node"),
    ('float[2] a = {1, 2}, string[2] s = {"a", "b"}', "2 stored tensors are read by no node")])
def test_bytes_are_told_where_they_are_known(stored, message):
    (one, *_) = found(f"g (float[N, 2] x) => (float[N, 2] y) <{stored}> {{ y = Relu (x) }}", "GRA001")
    assert one.message == message


def test_what_a_body_or_an_output_reads_is_used():
    assert not found("""g (float[N, 2] x, bool c) => (float[N, 2] y, float[2] b)
    <float[2] a = {1, 2}, float[2] b = {1, 2}> {
        y = If (c) <then_branch = t () => (p) { p = Add (x, a) }, else_branch = e () => (q) { q = Relu (x) }>
    }""", "GRA001", "GRA002", "GRA003")


def test_dead_nodes_are_one_finding_for_each_branch_with_what_they_waste():
    text = """g (float[N, 2] x) => (float[N, 2] y) <float[2, 2] w = {1, 2, 3, 4}> {
        [a] a = MatMul (x, w)
        [lost] b = Relu (a)
        [other] o = Exp (x)
        y = Neg (x)
    }"""
    one, two = found(text, "GRA")
    assert {(one.code, one.node), (two.code, two.node)} == {("GRA002", "lost"), ("GRA002", "other")}
    (wasteful,) = [found for found in (one, two) if found.node == "lost"]
    (free,) = [found for found in (one, two) if found.node == "other"]
    assert free.message == "a node leads to no output"
    assert wasteful.message == "2 nodes lead to no output; they take 4·N MACs and 4 parameters"


def test_dead_nodes_in_bodies():
    text = """g (float[N, 2] x, bool c) => (float[N, 2] y) {
        y = If (c) <then_branch = t () => (p) { z = Exp (x) p = Neg (x) },
                    else_branch = e () => (q) { q = Relu (x) }>
    }"""
    (one,) = found(text, "GRA002")
    assert "then_branch > " in one.node


def test_dead_constants_are_one_finding():
    text = """g (float[N, 2] x) => (float[N, 2] y) {
        a = Constant <value_float = 1.0> ()
        b = Constant <value_int = 1> ()
        y = Neg (x)
    }"""
    assert [(one.code, one.places) for one in found(text)] == [("GRA002", 2)]


def test_an_input_that_is_not_read():
    (one,) = found("g (float[N] x, float[N] a) => (float[N] y) { y = Relu (x) }")
    assert (one.code, one.message) == ("GRA003", "no node reads an input")


def test_unread_inputs_are_one_finding():
    (one,) = found("g (float[N] x, float[N] a, float[N] b) => (float[N] y) { y = Relu (x) }")
    assert (one.code, one.message, one.places) == ("GRA003", "no node reads 2 of 3 inputs", 2)


@pytest.mark.parametrize(("nodes", "codes"), [
    ("z = RandomNormal <shape = [2]> ()", []),
    ("z = Shape (x)", []),
    ("a = Identity (x) z = Identity (a)", ["GRA004"]),
    ("z = my.ops.Identity (x)", []),
    ("z = Constant <value_ints = [1, 2]> ()", ["GRA004"]),
    ("a = Constant <value_ints = [1, 2]> () z = Neg (a)", ["GRA004"])])
def test_outputs_that_do_not_depend_on_the_input(nodes, codes):
    text = f"g (float[N, 2] x) => (float[N, 2] y, z) {{ y = Relu (x) {nodes} }}"
    assert [one.code for one in found(text, "GRA004")] == codes


def test_a_generator_has_no_inputs_to_depend_on():
    text = "g () => (float[2] y) { a = Constant <value_floats = [1.0, 2.0]> () y = Neg (a) }"
    assert not found(text, "GRA004")


TWICE = """g (float[1, 10] x) => (float[1, {columns}] y)
<float[10, 1] w, float[10, 1] v = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}}, float[10, {wide}] big> {{
    a = MatMul (x, v)
    b = MatMul (x, v)
    c = MatMul (x, big)
    y = Concat <axis = 1> (a, b, c)
}}"""


def repeated(wide):
    """A network that works out 10 MACs twice, beside ``wide`` times 10 others."""
    proto = parser.parse_model(HEAD + TWICE.format(columns=2 + wide, wide=wide).replace(
        "float[10, 1] w, ", "").replace(f", float[10, {wide}] big", ""))
    from onnx import TensorProto, helper
    big = helper.make_tensor("big", TensorProto.FLOAT, [10, wide], [0.5] * 10 * wide)
    proto.graph.initializer.append(big)
    return archcheck.check(proto, archcheck.Settings(select=("GRA005",))).findings


def test_work_done_twice_counts_from_one_part_in_a_hundred_on():
    (one,) = repeated(98)
    assert (one.code, one.facts["macs"]) == ("GRA005", "10")
    assert one.message == "a node works out what was worked out before: 1% of the MACs are spent twice"
    assert not repeated(99)


def test_attributes_weights_and_chance_make_a_difference():
    text = """g (float[N, 2] x) => (float[N, 2] y) <float[2, 2] w = {1, 2, 3, 4}>
    { a = %s b = %s y = Add (a, b) }"""
    product = "MatMul (x, w)"
    assert found(text % (product, product), "GRA005")
    assert not found(text % ("Gemm (x, w)", "Gemm <transB = 1> (x, w)"), "GRA005")
    weight = "float[2, 2] w = {1, 2, 3, 4}"
    for other, count in (("{1, 2, 3, 4}", 1), ("{1, 2, 3, 5}", 0)):
        two = text.replace(weight, f"{weight}, float[2, 2] v = {other}") % (product, "MatMul (x, v)")
        assert len(found(two, "GRA005")) == count
    assert not found(text % (product, "MatMul (w, w)"), "GRA005")


def test_a_chain_that_is_worked_out_twice_is_one_finding():
    (one,) = found("""g (float[N, 2] x) => (float[N, 2] y) <float[2, 2] w = {1, 2, 3, 4}> {
        a = MatMul (x, w) b = Relu (a)
        c = MatMul (x, w) d = Relu (c)
        y = Add (b, d)
    }""", "GRA005")
    assert one.message.startswith("2 nodes work out what was worked out before: 50%")


@pytest.mark.parametrize(("nodes", "fixable"), [
    ("u = Identity (x) y = Add (u, w)", "safe"), ("u = Identity (w) y = Add (x, u)", "unsafe")])
def test_to_take_out_a_copy_of_a_weight_is_to_fold(nodes, fixable):
    (one,) = found(f"g (float[N, 2] x) => (y) <float[2] w = {{1, 2}}> {{ {nodes} }}", "GRA006")
    assert one.fixable == fixable


def test_the_share_of_what_depends_on_data_is_not_known():
    text = """g (float[N, 2] x) => (y) <float[2, 2] w = {1, 2, 3, 4}> {
        i = NonZero (x) f = Cast <to = 1> (i) a = MatMul (w, f) b = MatMul (w, f) y = Add (a, b)
    }"""
    assert not found(text, "GRA005")


@pytest.mark.parametrize("count", [8, 9])
def test_eight_nodes_that_read_the_same_are_compared(count):
    """The last of them is there twice; what is compared with more would take time that grows as a square."""
    gains = [*range(count), count - 1]
    nodes = " ".join(f"y{place} = Gemm <alpha = {gain}.5> (x, w)" for place, gain in enumerate(gains))
    outputs = ", ".join(f"y{place}" for place in range(len(gains)))
    text = f"g (float[N, 2] x) => ({outputs}) <float[2, 2] w = {{1, 2, 3, 4}}> {{ {nodes} }}"
    faults = found(text, "GRA005")
    assert len(faults) == (count == 8)


@pytest.mark.parametrize(("nodes", "count"), [
    ("a = Transpose <perm = [1, 0]> (x) b = Transpose <perm = [1, 0]> (a) y = Relu (b)", 1),
    ("a = Transpose <perm = [1, 0]> (x) b = Neg (a) c = Transpose <perm = [1, 0]> (b) y = Relu (c)", 0),
    ("u = Unsqueeze(x, i) a = Transpose <perm = [1, 2, 0]> (u) b = Transpose<perm = [1, 2, 0]>(a) y = Exp(b)",
     0),
    ("a = Cast <to = 11> (x) b = Cast <to = 1> (a) y = Relu (b)", 0),
    ("a = Identity (x) y = Relu (a)", 1),
    ("a = Relu (x) y = Identity (a)", 0)])
def test_nodes_that_change_nothing(nodes, count):
    text = f"g (float[N, 2] x) => (y) <int64[1] i = {{0}}> {{ {nodes} }}"
    assert len(found(text, "GRA006")) == count


def test_a_condition_that_sizes_on_the_command_line_decide_is_not_meant():
    text = HEAD + """g (float[N, 2] x) => (float[N, 2] y) {
        s = Shape <start = 0, end = 1> (x)
        one = Constant <value_ints = [1]> ()
        same = Equal (s, one)
        c = Squeeze (same)
        y = If (c) <then_branch = t () => (p) { p = Relu (x) }, else_branch = e () => (q) { q = Neg (x) }>
    }"""
    settings = archcheck.Settings(select=("GRA008",))
    proto = parser.parse_model(text)
    assert not archcheck.check(proto, settings).findings
    assert not archcheck.check(proto, settings, sizes={"N": 1}).findings
    fixed = parser.parse_model(text.replace("float[N, 2] x", "float[1, 2] x"))
    (one,) = archcheck.check(fixed, settings).findings
    assert one.message == "the condition always takes the then_branch"


@pytest.mark.parametrize(("condition", "why"), [
    (1, "the else_branch never runs, 2 nodes"), (0, "the then_branch never runs, 1 node")])
def test_what_never_runs(condition, why):
    (one,) = found(f"""g (float[N, 2] x) => (float[N, 2] y) <bool c = {{{condition}}}> {{
        y = If (c) <then_branch = t () => (p) {{ p = Relu (x) }},
                    else_branch = e () => (q) {{ r = Neg (x) q = Relu (r) }}>
    }}""", "GRA008")
    assert one.why == why


def test_what_costs_nothing_may_be_there_twice():
    text = "g (float[N, 2] x) => (float[N, 2] y) { a = Relu (x) b = Relu (x) y = Add (a, b) }"
    assert not found(text, "GRA005")


@pytest.mark.parametrize(("nodes", "message"), [
    ("a = Exp (w) y = Add (x, a)", "a node is the same for all inputs"),
    ("a = Exp (w) b = Neg (a) y = Add (x, b)", "2 nodes are the same for all inputs")])
def test_what_could_be_worked_out_once(nodes, message):
    (one,) = found(f"g (float[N, 2] x) => (y) <float[2] w = {{1, 2}}> {{ {nodes} }}", "GRA007")
    assert one.message == message


@pytest.mark.parametrize(("stored", "severity"), [
    ("float[1, 1] a = {1}", "advice"), ("float a = {1}, int64[1] b = {1}", "advice"),
    ("float[2] a = {1, 2}", "warning"), ("float a = {1}, float[2] b = {1, 2}", "warning")])
def test_single_numbers_that_no_node_reads_are_advice(stored, severity):
    (one,) = found(f"g (float[N, 2] x) => (float[N, 2] y) <{stored}> {{ y = Relu (x) }}", "GRA001")
    assert one.severity == severity


def test_constants_of_single_numbers_that_lead_nowhere_are_advice():
    text = """g (float[N, 2] x) => (float[N, 2] y) {
        a = Constant <value_float = 1.0> ()
        b = Constant <value_floats = [1.0]> ()
        c = Constant <value_floats = [1.0, 2.0]> ()
        y = Relu (x)
    }"""
    assert [(one.severity, one.places) for one in found(text, "GRA002")] == [("warning", 1), ("advice", 2)]


@pytest.mark.parametrize(("first", "second", "codes"), [
    ("", "", ["GRA006"]), ("<perm = [2, 1, 0]>", "", ["GRA006"]), ("<perm = [1, 0, 2]>", "", []),
    ("<perm = [1, 2, 0]>", "<perm = [1, 2, 0]>", []), ("<perm = [2, 1, 0]>", "<perm = [3, 1, 0]>", [])])
def test_transpositions_that_undo_each_other(first, second, codes):
    text = f"g (float[N, 2, 3] x) => (float[] y) {{ a = Transpose {first} (x) y = Transpose {second} (a) }}"
    assert [one.code for one in found(text, "GRA006")] == codes
