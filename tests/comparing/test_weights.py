"""The contents of weights, and layers found by them."""
from __future__ import annotations

import numpy
import pytest
from onnx import helper, numpy_helper, save_model

import archcheck
from archcheck.comparing import compare
from archcheck.rules._payloads import Payloads

RNG = numpy.random.default_rng(7)
WEIGHTS = [RNG.normal(size=(6, 6)).astype("float32") for _ in range(3)]


def model(weights, names="abc", order=(0, 1, 2)):
    """Branches of one input, each a product with a weight, in this order, joined at the end."""
    nodes = [helper.make_node("MatMul", ["x", f"w{names[k]}"], [f"m{names[k]}"], f"node {names[k]}")
             for k in order]
    nodes.append(helper.make_node("Concat", [f"m{names[k]}" for k in order], ["y"], "join", axis=1))
    value = helper.make_tensor_value_info
    graph = helper.make_graph(nodes, "net", [value("x", 1, [2, 6])], [value("y", 1, [2, 18])],
                              [numpy_helper.from_array(weights[k], f"w{names[k]}") for k in order])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def difference(folder, old, new, **external):
    reports = []
    for name, proto in (("old", old), ("new", new)):
        location = {"location": f"{name}.bin"} if external else {}
        save_model(proto, folder / f"{name}.onnx", **external, **location)
        reports.append(archcheck.analyze(folder / f"{name}.onnx"))
    return compare(*reports, tuple(Payloads(report.graph) for report in reports))


def states(found):
    return {one.name: (one.state, one.largest) for one in found.weights}


@pytest.mark.parametrize("external", [{}, {"save_as_external_data": True, "size_threshold": 0}])
def test_the_largest_difference_is_that_of_the_elements(tmp_path, external):
    changed = [array.copy() for array in WEIGHTS]
    changed[1][3, 2] += numpy.float32(0.25)
    changed[1][0, 0] -= numpy.float32(0.125)
    found = difference(tmp_path, model(WEIGHTS), model(changed), **external)
    largest = float(numpy.abs(WEIGHTS[1].astype("float64") - changed[1].astype("float64")).max())
    assert states(found) == {"wa": ("equal", None), "wb": ("changed", largest), "wc": ("equal", None)}
    assert largest == pytest.approx(0.25) and not found.layers and not found.is_empty


@pytest.mark.parametrize("element", [numpy.nan, numpy.inf])
def test_a_difference_that_is_no_number_is_not_known(tmp_path, element):
    changed = [WEIGHTS[0], WEIGHTS[1].copy(), WEIGHTS[2]]
    changed[1][5, 5] = element
    found = difference(tmp_path, model(WEIGHTS), model(changed))
    assert states(found)["wb"] == ("changed", None)


def test_a_tensor_longer_than_a_piece_is_compared_to_its_end(tmp_path):
    old = [numpy.zeros((600, 600), "float32")] * 3
    new = [array.copy() for array in old]
    new[2][-1, -1] = 3

    def wide(weights):
        proto = model(weights)
        for value in (*proto.graph.input, *proto.graph.output):
            value.type.tensor_type.shape.dim[1].dim_value *= 100
        return proto
    found = difference(tmp_path, wide(old), wide(new))
    assert states(found)["wc"] == ("changed", 3.0)


def test_layers_are_found_by_their_weights(tmp_path):
    """Three branches that nothing else tells apart, in another order and under other names."""
    found = difference(tmp_path, model(WEIGHTS), model(WEIGHTS, "pqr", (2, 0, 1)))
    pairs = {old.path: new.path for old, new in found.renamed}
    assert pairs == {"node a": "node p", "node b": "node q", "node c": "node r"}
    assert all(state == "equal" for state, _ in states(found).values())
    (one,) = found.layers  # the order of what is joined
    assert one.part.op == "Concat"


def test_weights_that_are_not_there_are_not_compared(tmp_path):
    found = difference(tmp_path, model(WEIGHTS), model(WEIGHTS), save_as_external_data=True, size_threshold=0)
    assert {state for state, _ in states(found).values()} == {"equal"}
    (tmp_path / "new.bin").unlink()
    reports = [archcheck.analyze(tmp_path / f"{name}.onnx") for name in ("old", "new")]
    found = compare(*reports, tuple(Payloads(report.graph) for report in reports))
    assert {state for state, _ in states(found).values()} == {"unreadable"}
    assert compare(*reports).weights is None
