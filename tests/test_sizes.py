"""Which sizes a network takes, held against ONNX Runtime: every size of a range is tried."""
from __future__ import annotations

from functools import cache
from itertools import product
from typing import Any

import numpy as np
import onnx
import onnx.parser
import onnxruntime
import pytest

import archcheck
from archcheck.analyses.validity import Validity
from archcheck.reporters.conditions import condition
from tests._nets import NETS, PLANES

POOLS = "MaxPool", "AveragePool"
SIDE = 26


@cache
def network(name: str) -> bytes:
    make = (NETS.get(name) or PLANES[name])[0]
    net, output = make()
    return net.bytes(output)


def validity(name: str) -> Validity:
    return archcheck.analyze(network(name)).valid


# ------------------------------------------------------------------------------------------------ the oracle
def session(model: bytes) -> tuple[Any, list[onnx.NodeProto]]:
    """A session that also shows what poolings read, and those poolings."""
    proto = onnx.load_from_string(model)
    pools = [node for node in proto.graph.node if node.op_type in POOLS]
    shown = {value.name for value in (*proto.graph.output, *proto.graph.input)}
    for name in dict.fromkeys(node.input[0] for node in pools):
        if name not in shown:
            proto.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(proto.SerializeToString(), options,
                                        providers=["CPUExecutionProvider"]), pools


def runs(running: Any, pools: list[onnx.NodeProto], shape: list[int]) -> bool:
    """Whether the network runs, with an output that is not empty and no pooling that hangs over."""
    names = [value.name for value in running.get_outputs()]
    try:
        found = dict(zip(names, running.run(None, {"x": np.zeros(shape, np.float32)}), strict=True))
    except Exception:  # ONNX Runtime has many names for a size that does not fit
        return False
    found["x"] = np.zeros(shape)
    empty = found[names[0]].size == 0
    return not empty and not any(hangs_over(node, found[node.input[0]].shape) for node in pools)


def hangs_over(node: onnx.NodeProto, shape: tuple[int, ...]) -> bool:
    """Whether a pooling that rounds down is longer than what it reads: ONNX Runtime lets it read less where
    less than a stride is missing; the specification and torch do not."""
    attrs = {attr.name: onnx.helper.get_attribute_value(attr) for attr in node.attribute}
    kernel = attrs["kernel_shape"]
    pads = attrs.get("pads", [0] * 2 * len(kernel))
    return not attrs.get("ceil_mode") and any(
        size + before + after < taps
        for size, before, after, taps in zip(shape[2:], pads, pads[len(kernel):], kernel, strict=False))


# ------------------------------------------------------------------------------------------------ against it
@pytest.mark.parametrize("name", NETS)
def test_every_size(name):
    _, expected, end = NETS[name]
    running, pools = session(network(name))
    seen = [n for n in range(1, end) if runs(running, pools, [1, 1, n, 1])]
    valid = validity(name)
    sizes = valid.axes["H"].sizes
    assert [n for n in range(1, end) if n in sizes] == seen
    assert [n for n in range(1, end, 7) if valid.holds({"H": n})] == [n for n in seen if n % 7 == 1]
    assert condition("H", sizes) == expected
    assert not valid.mixed
    assert not valid.unknown


@pytest.mark.parametrize("name", PLANES)
def test_every_pair_of_sizes(name):
    _, expected = PLANES[name]
    running, pools = session(network(name))
    pairs = list(product(range(1, SIDE), repeat=2))
    seen = [pair for pair in pairs if runs(running, pools, [1, 1, *pair])]
    valid = validity(name)
    assert [pair for pair in pairs if valid.holds(dict(zip("HW", pair, strict=True)))] == seen
    assert {symbol: condition(symbol, axis.sizes) for symbol, axis in valid.axes.items()} == expected
    for h in range(1, SIDE, 5):  # with one of them given, the other is solved for
        given = valid.at({"H": h})
        found = [] if given.violated else [w for w in range(1, SIDE) if w in given.axes["W"].sizes]
        assert found == [w for w in range(1, SIDE) if (h, w) in seen]


BODIES = """
<ir_version: 8, opset_import: ["" : 17, "here" : 1]>
g (float[1,1,H,1] x, bool c) => (float[A,B,C,D] y, float[E,F,G,I] z) {
    y = here.pooled(x)
    z = If(c) <
        then_branch = t () => (float[a,b,e,d] one) { one = MaxPool<kernel_shape = [90, 1]>(x) },
        else_branch = e () => (float[a,b,e,d] two) { two = MaxPool<kernel_shape = [2, 1]>(x) }
    >
}
<domain: "here", opset_import: ["" : 17]>
pooled (a) => (b) {
    [inside] b = MaxPool<kernel_shape = [7, 1]>(a)
}
"""


def test_bodies_count_where_they_surely_run():
    model = onnx.parser.parse_model(BODIES).SerializeToString()
    axis = archcheck.analyze(model).valid.axes["H"]
    assert condition("H", axis.sizes) == "H >= 7"
    assert [cause.layer for cause, _ in axis.because] == ["inside"]
