"""Layers of networks that were changed in a known way."""
from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import archcheck
from archcheck.comparing import compare
from archcheck.graph import Graph, Node, TensorType
from tests.comparing._changed import difference, inserted, kinds, renamed, with_node, with_nodes

NETS = ["onnx:light_resnet50", "onnx:light_squeezenet", "specs:vgg16", "tests/data/swin_dynamo.onnx.gz",
        "tests/data/cond_dynamo.onnx.gz"]


@pytest.fixture(scope="module")
def graphs():
    return {name: archcheck.load(name) for name in NETS}


def find(graph, op, number):
    return [at for at, node in enumerate(graph.nodes) if node.op == op][number]


@pytest.mark.parametrize("name", NETS)
def test_a_network_is_as_itself(graphs, name):
    found = difference(graphs[name], graphs[name])
    assert found.is_empty and not found.renamed and not found.layers and not found.interface
    assert all(one.is_same and one.growth in (0, None) for one in found.totals)


@pytest.mark.parametrize("name", NETS[:3])
def test_names_and_order_are_no_changes_of_layers(graphs, name):
    found = difference(graphs[name], renamed(graphs[name]))
    assert not found.layers and found.is_empty
    assert len(found.renamed) == found.matched > 20


@pytest.mark.parametrize("rename", [False, True])
@pytest.mark.parametrize(("name", "number"), [("onnx:light_resnet50", 11), ("onnx:light_squeezenet", 5)])
def test_an_attribute_is_one_change(graphs, name, number, rename):
    graph = graphs[name]
    at = find(graph, "Conv", number)
    node = graph.nodes[at]
    pads = {"pads": (2, 2, 2, 2)} if node.attrs["kernel_shape"] == (3, 3) else {}
    changed = with_node(graph, at, attrs={**node.attrs, "dilations": (2, 2), **pads})  # the same sizes
    found = difference(graph, renamed(changed) if rename else changed)
    (one,) = found.layers
    assert one.kind == "changed" and one.old.path == node.name
    assert ("attribute dilations", node.attrs.get("dilations"), (2, 2)) in one.changes
    assert all(change.what.startswith("attribute") for change in one.changes)


def vgg(stride="", pool="maxpool"):
    return (f"input: N x 3 x 64 x 64\ndefaults: {{conv: same}}\nlayers:\n- conv 8 3x3 -> relu\n"
            f"- conv 8 3x3 {stride} -> relu\n- {pool} 2x2 /2\n- conv 8 3x3 -> relu\n- fc 10\n").encode()


def test_what_follows_a_change_only_has_other_outputs():
    found = difference(vgg(), vgg("/2"))
    changed = {one.part.op: one for one in found.layers if one.kind == "changed"}
    assert set(changed) == {"Conv", "Gemm"}  # the weight of the linear layer is smaller, by hand
    assert changed["Conv"].changes[0] == ("attribute strides", (1, 1), (2, 2))
    assert changed["Gemm"].changes[0].old.shape == (10, 8 * 32 * 32)
    assert changed["Gemm"].changes[0].new.shape == (10, 8 * 16 * 16)
    reshaped = [one.part.op for one in found.layers if one.kind == "reshaped"]
    assert reshaped == ["Relu", "MaxPool", "Conv", "Relu", "Flatten"]


def test_another_operator_in_the_same_place_is_one_change():
    found = difference(vgg(), vgg(pool="avgpool"))
    assert kinds(found) in ({"changed": 1}, {"added": 1, "removed": 1})
    assert {one.part.op for one in found.layers} <= {"MaxPool", "AveragePool"}


@pytest.mark.parametrize("rename", [False, True])
@pytest.mark.parametrize("name", NETS[:2])
@pytest.mark.parametrize("number", [0, 7, 20])
def test_an_inserted_layer_is_one_that_was_added(graphs, name, number, rename):
    graph = graphs[name]
    value = graph.nodes[find(graph, "Conv", number)].outputs[0]
    changed = inserted(graph, value, "Selu")
    found = difference(graph, renamed(changed) if rename else changed)
    assert [(one.kind, one.part.op) for one in found.layers] == [("added", "Selu")]
    back = difference(renamed(changed) if rename else changed, graph)
    assert [(one.kind, one.part.op) for one in back.layers] == [("removed", "Selu")]


def chain(count, skip=(), names=None):
    """Linear layers of one size with an activation each, numbered as they stand, as ``Sequential`` does."""
    layers = [k for k in range(count) if k not in skip]
    nodes, value = [], "x"
    for place, k in enumerate(layers):
        op = "Selu" if k == 100 else ("MatMul" if k % 2 == 0 else "Relu")
        inputs = (value, f"w{k}") if op == "MatMul" else (value,)
        value = f"v{place}"
        nodes.append(Node(f"/layers/layers.{place}/{op}", op, "", inputs, (value,), {}))
    weights = {f"w{k}": TensorType("float32", (8 + k, 10 + k)) for k in layers if k % 2 == 0}
    inputs = {"x": TensorType("float32", (4, 8))}
    return Graph("net", inputs, (value,), tuple(nodes), weights, opsets={"": 18})


def test_numbers_that_shift_are_renamed_layers():
    """The 10th to the 20th layer were `/layers.N`, and are `/layers.N-1` where one is left out before."""
    graph = chain(20)
    found = difference(chain(20), with_nodes(graph, _without(graph, 9)))
    assert [(one.kind, one.part.path) for one in found.layers] == [("removed", "/layers/layers.9/Relu")]
    assert len(found.renamed) == 10


def _without(graph, at):
    """The nodes without the one at ``at``, which has one input, numbered anew."""
    gone = graph.nodes[at]
    kept = [node for node in graph.nodes if node is not gone]
    for place, node in enumerate(kept):
        inputs = tuple(gone.inputs[0] if name == gone.outputs[0] else name for name in node.inputs)
        yield node._replace(name=f"/layers/layers.{place}/{node.op}", inputs=inputs)


def test_an_input_from_elsewhere_is_a_change():
    def net(other):
        nodes = [Node("a", "Relu", "", ("x",), ("a",), {}), Node("b", "Selu", "", ("x",), ("b",), {}),
                 Node("c", "Sub", "", ("a", other), ("c",), {}), Node("d", "Sub", "", ("c", "b"), ("y",), {})]
        return Graph("net", {"x": TensorType("float32", (4,))}, ("y",), tuple(nodes), {}, opsets={"": 18})
    (one,) = difference(net("b"), net("x")).layers
    assert (one.kind, one.part.path) == ("changed", "c")
    assert one.changes == (("input b", "b", "the input x"),)


def small(*nodes, outputs=("y",)):
    """A network of nodes that are each named by what they make: operator, inputs, output."""
    kinds = {"x": TensorType("float32", (4,)), "z": TensorType("float32", (4,))}
    made = tuple(Node(f"make {made}", op, "", tuple(read.split()), (made,), {}) for op, read, made in nodes)
    return Graph("net", kinds, outputs, made, {}, opsets={"": 18})


def test_what_reads_an_inserted_join_is_no_change():
    old = small(("Relu", "x", "a"), ("Exp", "a", "b"), ("Elu", "b", "y"))
    new = small(("Relu", "x", "a"), ("Add", "a z", "j"), ("Exp", "j", "b"), ("Elu", "b", "y"))
    for found, kind in ((difference(old, new), "added"), (difference(new, old), "removed")):
        assert [(one.kind, one.part.op) for one in found.layers] == [(kind, "Add")]


def test_branches_that_are_alike_are_not_crossed():
    """Nothing tells the branches apart, and the first layers of them come in another order."""
    old = small(("Relu", "x", "a1"), ("Relu", "x", "a2"), ("Neg", "a1", "b1"), ("Neg", "a2", "b2"),
                ("Sub", "b1 b2", "y"))
    new = small(("Relu", "x", "p2"), ("Relu", "x", "p1"), ("Neg", "p1", "q1"), ("Neg", "p2", "q2"),
                ("Mystery", "q1 q2", "y"))
    assert {one.part.op for one in difference(old, new).layers} <= {"Sub", "Mystery"}


def test_attributes_at_their_defaults_may_be_left_out():
    def net(**attrs):
        nodes = (Node("s", "Softmax", "", ("x",), ("y",), attrs),)
        return Graph("net", {"x": TensorType("float32", (4, 4))}, ("y",), nodes, {}, opsets={"": 18})
    assert not difference(net(), net(axis=-1)).layers
    (one,) = difference(net(), net(axis=0)).layers
    assert one.changes == (("attribute axis", None, 0),)


def test_a_constant_node_is_a_stored_tensor():
    kind = TensorType("int64", (2,), (4, -1))
    def net(nodes, weights):
        nodes = (*nodes, Node("r", "Reshape", "", ("x", "s"), ("y",), {}))
        return Graph("net", {"x": TensorType("float32", (4, 4))}, ("y",), nodes, weights, opsets={"": 18})
    stored = net((), {"s": kind})
    made = net((Node("c", "Constant", "", (), ("s",), {"value": kind}),), {})
    assert not difference(stored, made).layers and not difference(made, stored).layers
    (one,) = difference(stored, net((), {"s": kind._replace(value=(2, -1))})).layers
    assert one.changes[0] == ("input shape", (4, -1), (2, -1))


def test_symbols_are_matched_by_the_axes_they_stand_for():
    found = difference(vgg(), vgg().replace(b"N x", b"batch x"))
    assert not found.layers and {one.name for one in found.totals if not one.is_same} == {"file_size"}
    assert [(one.of, one.what, one.breaking) for one in found.interface] == [("symbol", "renamed", False)]


def test_bodies_are_compared_node_by_node():
    def net(op):
        kind, body_kind = TensorType("float32", (4,)), {}
        bodies = {name: Graph(name, {}, ("o",), (Node("n", inner, "", ("x",), ("o",), {}),), {})
                  for name, inner in (("then_branch", op), ("else_branch", "Relu"))}
        nodes = (Node("if", "If", "", ("c",), ("y",), {**bodies, **body_kind}),)
        return Graph("net", {"x": kind, "c": TensorType("bool", ())}, ("y",), nodes, {}, opsets={"": 18})
    (one,) = difference(net("Selu"), net("Elu")).layers
    assert one.kind == "changed" and one.changes == (("operator", "Selu", "Elu"),)
    assert "then_branch" in one.part.path


# ------------------------------------------------------------------------------------------- random networks
@st.composite
def networks(draw):
    """A network of element-wise operators with many that are alike."""
    count, seed = draw(st.integers(1, 14)), draw(st.integers(0, 1 << 16))
    rng = random.Random(seed)
    values, nodes = ["x", "z"], []
    for k in range(count):
        op = rng.choice(["Relu", "Relu", "Sub", "Elu"])
        inputs = tuple(rng.choice(values[-3:]) for _ in range(2 if op == "Sub" else 1))
        attrs = {"alpha": rng.choice([0.5, 2.0])} if op == "Elu" else {}
        nodes.append(Node(f"{op}_{k}", op, "", inputs, (f"v{k}",), attrs))
        values.append(f"v{k}")
    kind = TensorType("float32", (4,))
    return Graph("net", {"x": kind, "z": kind}, (values[-1],), tuple(nodes), {}, opsets={"": 18})


LIMITS = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))


@LIMITS
@given(networks(), st.integers(0, 1 << 16))
def test_no_network_differs_from_itself_under_other_names(graph, seed):
    assert not difference(graph, graph).layers and not difference(graph, graph).renamed
    found = difference(graph, with_nodes(graph, renamed(graph, seed).nodes))
    assert {one.kind for one in found.layers} <= {"changed"}  # dead branches that are alike may be crossed
    assert found.matched == len(graph.nodes)


@LIMITS
@given(networks(), networks())
def test_differences_are_mirrored(old, new):
    there, back = difference(old, new), difference(new, old)
    assert there.matched + kinds(there).get("added", 0) == len(new.nodes) == (
        back.matched + kinds(back).get("removed", 0))
    assert kinds(back).get("added", 0) == kinds(there).get("removed", 0)
    assert ({(one.old and one.old.path, one.new and one.new.path) for one in there.layers}
            == {(one.new and one.new.path, one.old and one.old.path) for one in back.layers})
    for one in there.layers:
        changed = one.kind == "changed"
        assert (one.old is None) == (one.kind == "added") and (one.new is None) == (one.kind == "removed")
        assert bool(one.changes) == changed
    assert len(there.interface) == len(back.interface)
    assert [(one.old, one.new) for one in there.totals] == [(one.new, one.old) for one in back.totals]


@LIMITS
@given(networks(), st.data())
def test_one_change_is_one_difference(graph, data):
    """Of a network whose nodes all have names that last, the changed node is found by its name."""
    named = with_nodes(graph, [node._replace(name="n" + "abcdefghijklmnop"[k])
                               for k, node in enumerate(graph.nodes)])
    at = data.draw(st.integers(0, len(named.nodes) - 1))
    changed = with_node(named, at, attrs={**named.nodes[at].attrs, "note": 7})
    (one,) = difference(named, changed).layers
    assert one.part.path == named.nodes[at].name and one.changes == (("attribute note", None, 7),)


def test_two_unlike_networks_take_no_longer_than_their_sizes():
    """Every layer of 2,000 differs from all others; aligning them one by one would take minutes."""
    old, new = chain(2000), chain(2000)
    new = with_nodes(new, [node._replace(name=f"other{k}", op="Selu" if node.op == "Relu" else node.op)
                           for k, node in enumerate(new.nodes)])
    found = compare(archcheck.analyze(old), archcheck.analyze(new))
    assert found.matched >= 1000
