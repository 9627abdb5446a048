"""The walk: faults stay with their node, bodies see what they should, and nothing hostile runs away."""
from __future__ import annotations

import time

import pytest
from onnx import parser

import archcheck
from archcheck.dims import is_known, symbol
from archcheck.graph import AttrRef, Graph, Node, TensorType
from archcheck.infer import MAX_NESTING
from archcheck.ops import op, result
from archcheck.ops._op import OPS

N = symbol("N")
F = ("f", "F", "")
X, FIXED = TensorType("float32", (N, 3)), TensorType("float32", (4, 3))


def node(op_type, inputs, outputs, domain="", name="", **attrs):
    """A node whose inputs and outputs are names between spaces."""
    return Node(name or outputs, op_type, domain, tuple(inputs.split(" ")), tuple(outputs.split(" ")), attrs)


def network(*nodes, inputs=None, functions=None):
    """A graph of a new opset; its input is ``x`` [N, 3] unless ``inputs`` says otherwise."""
    return Graph("test", inputs or {"x": X}, (), nodes, {}, opsets={"": 22}, functions=functions or {})


def body(*nodes, inputs=(), outputs=()):
    """A subgraph or function body."""
    return Graph("body", dict.fromkeys(inputs, TensorType(None, None)), tuple(outputs), nodes, {})


def parsed(text):
    """A report on a model in ONNX's text form."""
    return archcheck.analyze(parser.parse_model(text).SerializeToString())


def shape(report, name):
    return report.types[name].shape


# ---------------------------------------------------------------------------------- faults
def test_a_failing_node_loses_only_its_own_outputs():
    report = archcheck.analyze(network(
        node("Relu", "x", "a"), node("MatMul", "a x", "b"), node("Relu", "b", "c"), node("Sigmoid", "a", "d"),
        node("MatMul", "d x", "e"), inputs={"x": FIXED}))
    assert [index for index, failure in report.failures.items() if failure.kind == "shapes"] == [1, 4]
    assert shape(report, "a") == shape(report, "d") == (4, 3)
    assert shape(report, "b") is shape(report, "c") is None and report.types["c"].dtype == "float32"
    assert "rank" in report.reasons[2]


def test_undefined_input():
    report = archcheck.analyze(network(node("Add", "x ghost", "y"), node("Relu", "x", "z")))
    assert report.failures[0].kind == "undefined-input" and "'ghost'" in report.failures[0].message
    assert shape(report, "y") is None and shape(report, "z") == (N, 3)


def test_unknown_operator_is_named():
    frobnicate = node("Frobnicate", "x", "y z", domain="com.acme")
    report = archcheck.analyze(network(frobnicate, node("Relu", "x", "w")))
    assert report.failures[0].kind == "unknown-operator"
    assert "Frobnicate" in report.failures[0].message and "com.acme" in report.failures[0].message
    assert report.types["y"] == report.types["z"] == TensorType(None, None) and shape(report, "w") == (N, 3)


def test_unknown_attribute_is_recorded_and_outputs_are_still_known():
    report = archcheck.analyze(network(node("Softmax", "x", "y", axes=1)))
    assert report.failures[0].kind == "attributes" and "did you mean 'axis'" in report.failures[0].message
    assert shape(report, "y") == (N, 3)


@pytest.mark.parametrize("inputs", ["x", "x x x"])
def test_wrong_number_of_inputs(inputs):
    report = archcheck.analyze(network(node("MatMul", inputs, "y"), node("Relu", "x", "z")))
    assert report.failures[0].kind == "attributes"
    assert f"MatMul with {len(inputs.split())} inputs" in report.failures[0].message
    assert shape(report, "z") == (N, 3)


def test_missing_attribute():
    report = archcheck.analyze(network(node("Cast", "x", "y")))
    assert report.failures[0].kind == "attributes" and "'to'" in report.failures[0].message


def test_more_outputs_than_the_operator_has():
    report = archcheck.analyze(network(node("Relu", "x", "y extra"), node("Relu", "extra", "z")))
    assert report.types["extra"] == TensorType(None, None) and not any(
        failure.kind == "undefined-input" for failure in report.failures.values())


def test_nodes_of_one_name_have_sizes_of_their_own():
    report = archcheck.analyze(network(
        node("NonZero", "x", "a", name="same"), node("NonZero", "x", "b", name="same")))
    assert shape(report, "a")[1] != shape(report, "b")[1]


def test_a_value_made_twice_is_what_the_last_node_makes():
    report = archcheck.analyze(network(node("Relu", "x", "y"), node("Transpose", "x", "y")))
    assert shape(report, "y") == (3, N)


# ---------------------------------------------------------------------------------- bodies
def test_nested_bodies_see_the_graphs_around_them():
    report = parsed("""<ir_version: 10, opset_import: ["" : 21]>
        net (float[N,3] x, bool c) => (float[N,3] y) {
            trips = Constant<value = int64 {4}>()
            y = Loop (trips, , x) <body = step
                    (int64 i, bool go, float[n,m] s) => (bool again, float[n,m] t) {
                again = Identity(go)
                t = If (c) <then_branch = yes () => (float[n,m] u) { u = Add(s, x) },
                            else_branch = no () => (float[n,m] v) { w = Relu(s)  v = Mul(w, x) }>
            }>
        }""")
    assert not report.failures and shape(report, "y") == (N, 3)
    step = report.walk.bodies[1]["body"]
    assert set(step.bodies[1]) == {"then_branch", "else_branch"}
    assert step.bodies[1]["else_branch"].types["w"].shape == (N, 3)


def test_a_fault_inside_a_body_stays_there():
    inner = body(node("MatMul", "x x", "bad"), node("Relu", "x", "good"), outputs=["good"])
    report = archcheck.analyze(network(node("If", "c", "y", then_branch=inner, else_branch=inner),
                                       inputs={"x": FIXED, "c": TensorType("bool", ())}))
    assert not report.failures and shape(report, "y") == (4, 3)
    assert report.walk.bodies[0]["then_branch"].failures[0].kind == "shapes"


def test_sizes_that_data_decide_inside_a_loop_are_no_one_size_outside():
    report = parsed("""<ir_version: 10, opset_import: ["" : 21]>
        net (int64 trips, float[N] x) => (float[?] a, float[?] b) {
            a, b = Loop (trips, , x, x) <body = step (int64 i, bool go, float[n] s, float[n] r)
                    => (bool again, float[k] t, float[k] q) {
                again = Identity(go)
                kept = NonZero(x)  zero = Constant<value_ints = [0]>()  row = Squeeze(kept, zero)
                t = Gather(x, row)  q = Concat<axis = 0>(r, t)
            }>
            difference = Concat<axis = 0>(a, b)
        }""")
    (a,), (b,) = shape(report, "a"), shape(report, "b")
    assert a != b and not is_known(a) and not is_known(b)


# ---------------------------------------------------------------------------------- functions
FUNCTIONS = """<ir_version: 10, opset_import: ["" : 21, "com.acme" : 1]>
    net (float[N,3] x) => (float[N,3] y) { %s }
    <domain: "com.acme", opset_import: ["" : 21, "com.acme" : 1]>
    Scaled <alpha: float = 2.0> (a, b) => (c) {
        factor = Constant<value_float: float = @alpha>()
        sum = Add(a, b)  c = Mul(sum, factor)
    }
    <domain: "com.acme", opset_import: ["" : 13, "com.acme" : 1]>
    Clipped <axis, high: float = 6.0> (a, low) => (c) {
        flag = Constant<value = bool {1}>()
        c = If (flag) <then_branch = yes () => (d) { d = Softmax<axis: int = @axis>(a) },
                       else_branch = no () => (e) { e = Clip(a, low) }>
    }"""


def test_a_required_input_left_out_is_named():
    report = archcheck.analyze(network(Node("add", "Add", "", ("x", ""), ("y",), {})))
    assert report.failures[0].kind == "attributes"
    assert "'b'" in report.failures[0].message


def test_local_function_with_attributes_and_inputs_left_out():
    report = parsed(FUNCTIONS % "z = com.acme.Scaled<alpha = 3.0>(x, x)  y = com.acme.Clipped<axis = 1>(z)")
    assert not report.failures and shape(report, "y") == (N, 3)
    scaled, clipped = (report.walk.bodies[index][name] for index, name in enumerate(("Scaled", "Clipped")))
    assert scaled.types["factor"].value == (3.0,) and clipped.types["low"] is None
    assert not clipped.failures and not clipped.bodies[1]["then_branch"].failures
    assert report.flops == 2 * 3 * N + report.costs[1].flops


def test_a_function_body_does_not_see_the_caller():
    function = body(node("Add", "a x", "b"), inputs=["a"], outputs=["b"])
    report = archcheck.analyze(network(node("F", "x", "y", domain="f"), functions={F: function}))
    assert shape(report, "y") is None and report.walk.bodies[0]["F"].failures[0].kind == "undefined-input"


def test_a_function_takes_no_more_inputs_than_it_has():
    function = body(node("Relu", "a", "b"), inputs=["a"], outputs=["b"])
    report = archcheck.analyze(network(node("F", "x x", "y", domain="f"), functions={F: function}))
    assert "F has 2 inputs, but its body takes 1" in report.failures[0].message


def test_unset_attribute_reference_falls_back_to_the_default():
    function = body(node("Softmax", "a", "b", axis=AttrRef("axis")), inputs=["a"], outputs=["b"])
    report = archcheck.analyze(network(node("F", "x", "y", domain="f"), functions={F: function}))
    assert not report.walk.bodies[0]["F"].failures and shape(report, "y") == (N, 3)


# ---------------------------------------------------------------------------------- bounds
def test_a_function_that_calls_itself_ends():
    function = body(node("F", "a", "b", domain="f"), node("F", "b", "c", domain="f"),
                    inputs=["a"], outputs=["c"])
    start = time.process_time()
    report = archcheck.analyze(network(node("F", "x", "y", domain="f"), functions={F: function}))
    assert shape(report, "y") is None and time.process_time() - start < 20
    walk, kinds = report.walk, []
    while walk.bodies:
        walk = walk.bodies[0]["F"]
        kinds += [failure.kind for failure in walk.failures.values()]
    assert "nesting" in kinds


def test_deep_nesting_is_bounded():
    inner = body(node("Relu", "x", "r"), outputs=["r"])
    for _ in range(2 * MAX_NESTING):
        inner = body(node("If", "c", "r", then_branch=inner, else_branch=inner), outputs=["r"])
    flag = TensorType("bool", (), (True,))
    report = archcheck.analyze(network(node("If", "c", "y", then_branch=inner, else_branch=inner),
                                       node("Relu", "x", "z"), inputs={"x": X, "c": flag}))
    assert shape(report, "y") is None and shape(report, "z") == (N, 3)


def test_nested_loops_are_bounded():
    loop = body(node("Relu", "s", "t"), node("Identity", "go", "again"),
                inputs=["i", "go", "s"], outputs=["again", "t"])
    for _ in range(MAX_NESTING // 2):
        loop = body(node("Loop", "many go s", "t", body=loop), node("Identity", "go", "again"),
                    inputs=["i", "go", "s"], outputs=["again", "t"])
    many = TensorType("int64", (), (60,))
    start = time.process_time()
    report = archcheck.analyze(network(node("Loop", "many  x", "y", body=loop),
                                       inputs={"x": X, "many": many}))
    assert time.process_time() - start < 20 and shape(report, "y") in (None, (N, 3))


# ---------------------------------------------------------------------------------- operators of others
@pytest.fixture
def acme():
    """An operator of one's own, registered as a plugin does it."""
    @op("Halve", domain="com.acme")
    def halve(x, *, by=2):
        """Every ``by``-th row."""
        rows, *rest = x.shape
        return result((rows // by, *rest), x)
    yield
    del OPS["com.acme", "Halve"]


def test_operator_of_a_plugin(acme):
    report = archcheck.analyze(network(node("Halve", "x", "y", domain="com.acme"),
                                       node("Halve", "x", "z", domain="com.acme", by=3)))
    assert not report.failures and (shape(report, "y"), shape(report, "z")) == ((N // 2, 3), (N // 3, 3))


def test_operator_of_a_plugin_that_breaks_is_reported(acme):
    broken = node("Halve", "x", "y", domain="com.acme", by=0)
    report = archcheck.analyze(network(broken, node("Relu", "x", "z")))
    assert report.failures[0].kind == "internal" and "ZeroDivisionError" in report.failures[0].message
    assert shape(report, "z") == (N, 3)
