"""A sound network in ONNX and what goes wrong with its values, types and modes, one fault each."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from tests.rules.seeds import Seed

FLOAT = TensorProto.FLOAT
node = helper.make_node


def sound() -> ModelProto:
    """Two convolutions, one with a batch normalization and a shortcut, and a classifier; trained, by its
    numbers."""
    random = np.random.default_rng(3)
    weights = {"w1": (16, 3, 3, 3), "b1": (16,), "w2": (16, 16, 3, 3), "s": (16,), "o": (16,), "m": (16,),
               "v": (16,), "w3": (10, 16), "b3": (10,)}
    stored = {name: random.standard_normal(shape).astype(np.float32) for name, shape in weights.items()}
    stored["v"] = np.abs(stored["v"]) + 0.1
    pads = {"pads": [1, 1, 1, 1]}
    nodes = [node("Conv", ["x", "w1", "b1"], ["c1"], "conv1", **pads), node("Relu", ["c1"], ["r1"], "relu1"),
             node("Conv", ["r1", "w2"], ["c2"], "conv2", **pads),
             node("BatchNormalization", ["c2", "s", "o", "m", "v"], ["n2"], "bn2"),
             node("Add", ["n2", "r1"], ["a2"], "add2"), node("Relu", ["a2"], ["r2"], "relu2"),
             node("GlobalAveragePool", ["r2"], ["p"], "pool"), node("Flatten", ["p"], ["f"], "flatten"),
             node("Gemm", ["f", "w3", "b3"], ["scores"], "classifier", transB=1)]
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", FLOAT, ("N", 3, 16, 16))],
        [helper.make_tensor_value_info("scores", FLOAT, ("N", 10))],
        [numpy_helper.from_array(array, name) for name, array in stored.items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def change(proto: ModelProto, name: str, edit: Callable[[Any], object]) -> None:
    """Edit the array of a weight in place."""
    for tensor in proto.graph.initializer:
        if tensor.name == name:
            array = numpy_helper.to_array(tensor).copy()
            edit(array)
            tensor.CopyFrom(numpy_helper.from_array(array, name))


def insert(proto: ModelProto, behind: str, *made: NodeProto, last: str) -> None:
    """Put nodes behind the value ``behind``: who read it reads ``last``."""
    nodes = list(proto.graph.node)
    place = next(k for k, one in enumerate(nodes) if behind in one.output)
    for one in nodes[place + 1:]:
        one.input[:] = [last if name == behind else name for name in one.input]
    for output in proto.graph.output:
        output.name = last if output.name == behind else output.name
    del proto.graph.node[:]
    proto.graph.node.extend([*nodes[:place + 1], *made, *nodes[place + 1:]])


def constant(proto: ModelProto, **arrays: Any) -> None:
    """Add weights."""
    proto.graph.initializer.extend(numpy_helper.from_array(np.asarray(array), name)
                                   for name, array in arrays.items())


def of(proto: ModelProto, name: str) -> NodeProto:
    """The node of a name."""
    return next(one for one in proto.graph.node if one.name == name)


def nan(proto):
    change(proto, "w2", lambda array: array.__setitem__((3, 2, 1, 1), np.nan))


def dead(proto):
    change(proto, "w1", lambda array: array.__setitem__(slice(8), 0))


def zero(proto):
    change(proto, "w3", lambda array: array.fill(0))


def variance(proto):
    change(proto, "v", lambda array: array.__setitem__(5, -0.25))


def denormal(proto):
    change(proto, "w2", lambda array: array.__setitem__(7, 1e-40))


def dropout(proto):
    constant(proto, ratio=np.float32(0.5), training=np.array(True))
    insert(proto, "f", node("Dropout", ["f", "ratio", "training"], ["d"], "drop"), last="d")


def training(proto):
    of(proto, "bn2").attribute.append(helper.make_attribute("training_mode", 1))
    of(proto, "bn2").output.extend(["running_mean", "running_var"])


def statistics(proto):
    insert(proto, "c1", node("ReduceMean", ["c1"], ["mean"], "mean", axes=[0, 2, 3]),
           node("Sub", ["c1", "mean"], ["z"], "sub"), last="z")


def log(proto):
    insert(proto, "scores", node("Softmax", ["scores"], ["q"], "softmax"), node("Log", ["q"], ["y"], "log"),
           last="y")


def double(proto):
    insert(proto, "r1", node("Cast", ["r1"], ["d"], "up", to=TensorProto.DOUBLE),
           node("Tanh", ["d"], ["e"], "tanh"), node("Cast", ["e"], ["g"], "down", to=FLOAT), last="g")


def scales(proto):
    constant(proto, s1=np.float32(0.5), s2=np.float32(0.25), z=np.int8(0))
    insert(proto, "r1", node("QuantizeLinear", ["r1", "s1", "z"], ["q"], "q"),
           node("DequantizeLinear", ["q", "s2", "z"], ["d"], "dq"), last="d")


def scale(proto):
    constant(proto, s1=np.float32(0), z=np.int8(0))
    insert(proto, "r1", node("QuantizeLinear", ["r1", "s1", "z"], ["q"], "q"),
           node("DequantizeLinear", ["q", "s1", "z"], ["d"], "dq"), last="d")


def loss(proto):
    proto.graph.input.append(helper.make_tensor_value_info("answers", TensorProto.INT64, ("N",)))
    insert(proto, "scores", node("SoftmaxCrossEntropyLoss", ["scores", "answers"], ["l"], "loss"), last="l")
    proto.graph.output[0].CopyFrom(helper.make_tensor_value_info("l", FLOAT, ()))


def fresh(proto):
    change(proto, "m", lambda array: array.fill(0))
    change(proto, "v", lambda array: array.fill(1))


def casts(proto):
    insert(proto, "r1", node("Cast", ["r1"], ["h"], "half", to=TensorProto.FLOAT16),
           node("Cast", ["h"], ["g"], "single", to=FLOAT), last="g")


def pad(proto):
    constant(proto, pads=np.int64([0, 0, 1, 1, 0, 0, 1, 1]))
    del of(proto, "conv2").attribute[:]
    of(proto, "conv2").input[0] = "padded"
    nodes = list(proto.graph.node)
    del proto.graph.node[:]
    proto.graph.node.extend([*nodes[:2], node("Pad", ["r1", "pads"], ["padded"], "pad"), *nodes[2:]])


FAULTS = [
    (nan, "NUM101", "1 is NaN"), (dead, "NUM103", "8 of the 16 output channels"),
    (zero, "NUM102", "all 160 weights are zero"), (variance, "NUM110", "a variance is negative"),
    (denormal, "NUM104", "144 of the 2,304 numbers are denormal"), (fresh, "NUM100", "variances of 1"),
    (log, "NUM108", "a Log follows a Softmax"), (double, "DTY101", "2 nodes compute float64"),
    (casts, "DTY102", "float32 is cast to float16 and back"), (training, "TRN001", "in training mode"),
    (statistics, "TRN002", "the mean over the batch"), (dropout, "TRN003", "in training mode"),
    (loss, "TRN004", "a loss is part"),
    (scales, "QNT001", "scale 0.5, zero point 0 is dequantised with scale 0.25"),
    (scale, "QNT005", "a scale is zero"), (pad, "PRF103", "a Pad of zeros"),
]


def network(fault: Callable[[ModelProto], None], wanted: bool) -> ModelProto:
    """The network, with a fault or without."""
    proto = sound()
    if wanted:
        fault(proto)
    return proto


SEEDS = [Seed(fault.__name__, code, words, partial(network, fault), {}) for fault, code, words in FAULTS]
