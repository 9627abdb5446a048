"""Which sizes a network takes, held against ONNX Runtime: every size of a range is tried."""
from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

import archcheck
from archcheck.reporters.conditions import condition
from tests._nets import NETS

POOLS = "MaxPool", "AveragePool"


@cache
def network(name: str) -> bytes:
    make, _, _ = NETS[name]
    net, output = make()
    return net.bytes(output)


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
    pads = attrs["pads"]
    return not attrs.get("ceil_mode") and shape[2] + pads[0] + pads[2] < attrs["kernel_shape"][0]


@pytest.mark.parametrize("name", NETS)
def test_every_size(name):
    _, expected, end = NETS[name]
    running, pools = session(network(name))
    seen = [n for n in range(1, end) if runs(running, pools, [1, 1, n, 1])]
    valid = archcheck.analyze(network(name)).valid
    sizes = valid.axes["H"].sizes
    assert [n for n in range(1, end) if n in sizes] == seen
    assert [n for n in range(1, end) if valid.holds({"H": n})] == seen
    assert not expected or condition("H", sizes) == expected
