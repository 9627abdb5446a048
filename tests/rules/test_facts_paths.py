"""Ways through a network: what lies before and behind a node, and what depends on data."""
from __future__ import annotations

import pytest
from onnx import TensorProto, helper

import archcheck
from archcheck.rules import _paths
from archcheck.rules._paths import after, alone_before, before, data, is_view, keeps_axis, reads, upstream
from archcheck.rules._rule import Site
from tests.rules._sites import case, ops, site

WEIGHTS = "<int64[2] s = {-1, 4}, int64[1] first = {0}, int64[1] one = {1}>"


# ---------------------------------------------------------------------------------- views
@pytest.mark.parametrize(("node", "wanted"), [
    ("Identity (x)", True), ("Transpose (x)", True), ("Reshape (x, s)", True), ("Unsqueeze (x, one)", True),
    ("Flatten (x)", True), ("Concat <axis = 0> (x)", True), ("Concat <axis = 0> (x, x)", False),
    ("Relu (x)", False), ("Slice (x, first, one, first)", False), ("Gather (x, one)", False),
    ("Shape (x)", False), ("RandomNormal <shape = [2]> ()", False), ("own.f (x)", False),
    ("own.g (x)", False), ("my.ops.Unknown (x)", False),
    ("If (c) <then_branch = t () => (a) { a = Not (c) }, else_branch = e () => (b) { b = Not (c) }>", False)])
def test_what_hands_on_all_elements(node, wanted):
    judged = case(f"g (float[N, 4] x, bool c) => (y) {WEIGHTS} {{ y = {node} }}", """
        <domain: "own", opset_import: ["" : 17]> f (a) => (b) { b = Relu (a) }
        <domain: "own", opset_import: ["" : 17]> g (a) => (b) { b = Identity (a) }""")
    assert is_view(site(judged, "y")) == wanted


def test_a_node_that_makes_nothing_hands_on_nothing():
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 4])
    for lost in (helper.make_node("Identity", ["x"], []), helper.make_node("Relu", ["x"], [])):
        graph = helper.make_graph([lost, helper.make_node("Relu", ["x"], ["y"])], "g", [x], [
            helper.make_tensor_value_info("y", TensorProto.FLOAT, None)])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        assert not is_view(Site(archcheck.analyze(model).walk, 0))


def test_a_transposition_of_what_is_not_known_is_one_too():
    assert is_view(site(case("g (float[N] x) => (y) { u = my.ops.F (x) y = Identity (u) }"), "y"))


CHAIN = """g (float[N, 4] x, int64[2] n) => (y, z) <int64[2] s = {-1, 4}> {
    r = Relu (x) t = Transpose (r) f = Reshape (t, s) y = Exp (f) %s
}"""


def test_what_lies_before_with_views_in_between():
    judged = case(CHAIN % "z = Neg (x)")
    assert before(site(judged, "y")).op == alone_before(site(judged, "y")).op == "Relu"
    assert before(site(judged, "r")) is None and alone_before(site(judged, "r")) is None
    assert ops(after(site(judged, "r"))) == ["Exp"]


@pytest.mark.parametrize("extra", ["z = Neg (t)", "z = Neg (r)", "z = Identity (r)"])
def test_what_is_read_elsewhere_is_not_alone(extra):
    judged = case(CHAIN % extra)
    assert before(site(judged, "y")).op == "Relu" and alone_before(site(judged, "y")) is None


def test_an_output_of_the_network_is_read_by_the_caller():
    judged = case("g (float[N, 4] x) => (r, y) { r = Relu (x) y = Exp (r) }")
    assert alone_before(site(judged, "y")) is None


def test_what_is_reshaped_by_a_value_is_no_view_of_it():
    judged = case("""g (float[N, 4] x, int64[2] n) => (y) {
        m = Neg (n) r = Relu (x) f = Reshape (r, m) y = Exp (f)
    }""")
    assert ops(after(site(judged, "m"))) == ["Reshape"]
    assert ops(after(site(judged, "r"))) == ["Exp"]


def test_what_a_node_depends_on_the_nearest_first():
    judged = case("""g (float[N, 4] x) => (y) {
        a = Relu (x) b = Exp (a) c = Neg (a) y = Add (c, b) z = Abs (x)
    }""")
    assert ops(list(upstream(site(judged, "y")))) == ["Add", "Neg", "Exp", "Relu"]


@pytest.mark.parametrize(("node", "position", "axis", "wanted"), [
    ("Relu (x)", 0, 1, 1), ("Transpose <perm = [2, 0, 1]> (x)", 0, 0, 2),
    ("Conv (x, w)", 0, 1, None), ("Conv (x, w)", 0, 0, 0), ("Conv (x, w)", 0, 2, 2), ("Conv (x, w)", 1, 1, 0),
    ("MaxPool <kernel_shape = [1], strides = [2]> (x)", 0, 2, None),
    ("MaxPool <kernel_shape = [3], pads = [1, 1]> (x)", 0, 2, None),
    ("ReduceMean <axes = [1], keepdims = 0> (x)", 0, 1, 2), ("ReduceMean <axes = [1]> (x)", 0, 1, None),
    ("Reshape (x, flat)", 0, 0, None), ("Slice (x, from, to, along)", 0, 2, None),
    ("my.ops.F (x)", 0, 0, None)])
def test_axes_that_keep_their_positions(node, position, axis, wanted):
    judged = case(f"""g (float[N, 4, 6] x) => (y) <float[8, 4, 1] w, int64[1] flat = {{-1}},
        int64[1] from = {{1}}, int64[1] to = {{6}}, int64[1] along = {{2}}> {{ y = {node} }}""".replace(
        "float[8, 4, 1] w,", "float[8, 4, 1] w = {" + ", ".join(["1"] * 32) + "},"))
    assert keeps_axis(site(judged, "y"), position, axis) == wanted


def test_axes_that_a_broadcast_repeats_do_not_keep_theirs():
    judged = case("g (float[N, 1] x, float[1, 4] z) => (y) { y = Add (x, z) }")
    assert keeps_axis(site(judged, "y"), 0, 0) == 0
    assert keeps_axis(site(judged, "y"), 0, 1) is None and keeps_axis(site(judged, "y"), 1, 0) is None


def test_inputs_that_nothing_is_said_of():
    judged = case("g (float[N, 4] x, int64[2] n) => (y) { y = Reshape (x, n) }")
    assert reads(site(judged, "y"), 5) == () and reads(site(judged, "y"), 1) == ()


# ---------------------------------------------------------------------------------- data
LOOP = """Loop (n, "", w) <body = l (int64 i, bool k, float[2] v) => (bool o, float[2] u) {
    o = Identity (k) u = Neg (v) }>"""
BRANCHES = "If (c) <then_branch = t () => (a) { a = %s }, else_branch = e () => (b) { b = %s }>"


@pytest.mark.parametrize(("node", "wanted"), [
    ("Add (x, w)", True), ("Exp (w)", False), ("Shape (x)", False), ("Size (x)", False),
    (BRANCHES % ("Relu (x)", "Exp (w)"), True), (BRANCHES % ("Exp (w)", "Relu (x)"), False),  # never taken
    (BRANCHES % ("Neg (w)", "Exp (w)"), False), (BRANCHES.replace("c", "d") % ("Neg (w)", "Exp (w)"), True),
    ("own.f (x)", True), ("own.f (w)", False),
    (LOOP, True)])
def test_what_depends_on_data(node, wanted):
    """What a loop carries is taken for data, as it may change with every trip."""
    judged = case(f"""g (float[2] x, bool d) => (y) <float[2] w = {{1, 2}}, bool c = {{1}}, int64 n = {{3}}>
        {{ y = {node} }}""", '<domain: "own", opset_import: ["" : 17]> f (a) => (b) { b = Relu (a) }')
    assert ("y" in data(judged)[id(judged.report.walk)]) == wanted


@pytest.mark.parametrize(("node", "wanted"), [
    ("Add (x, w)", True), ("Add (x, e)", True), ("Add (w, x)", False)])
def test_the_same_whatever_the_data_are(node, wanted):
    judged = case(f"g (float[2] x) => (y) <float[2] w = {{1, 2}}> {{ e = Exp (w) y = {node} }}")
    assert _paths.is_weight(judged, site(judged, "y"), 1) == wanted


@pytest.mark.parametrize("node", ['Clip (x, "", m)', "Clip (x)"])
def test_what_is_left_out_is_no_weight(node):
    judged = case(f"g (float[2] x) => (y) <float m = {{1}}> {{ y = {node} }}")
    assert not _paths.is_weight(judged, site(judged, "y"), 1)
    assert _paths.constant(site(judged, "y"), len(site(judged, "y").node.inputs)) is None
    assert _paths.is_weight(judged, site(judged, "y"), 2) == ("m" in node)


def test_what_was_learned():
    judged = case("""g (float[N, 2] x) => (y) <float[2, 2] w = {1, 2, 3, 4}> {
        h = MatMul (x, w) r = Relu (h) e = Exp (w) y = Sum (x, h, r, e)
    }""")
    assert [_paths.is_learned(judged, site(judged, "y"), position) for position in range(4)] == [
        False, True, True, False]


def test_shapes_in_words():
    assert (_paths.written(None), _paths.written(()), _paths.written(("N", 3))) == ("?", "[]", "[N, 3]")
