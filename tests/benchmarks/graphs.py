"""Networks to measure with: large generated graphs, and classical ones in files with all their bytes of
weights."""
from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

FLOAT = onnx.TensorProto.FLOAT


class Builder:
    """A graph in the making: `add` appends a node, `weight` and `constant` initializers; each gives the
    value's name."""

    def __init__(self, **inputs: Sequence[int | str]) -> None:
        self.inputs = inputs
        self.nodes: list[onnx.NodeProto] = []
        self.weights: dict[str, tuple[int, ...]] = {}
        self.constants: dict[str, onnx.TensorProto] = {}

    def add(self, op: str, *inputs: str, **attrs: Any) -> str:
        """Append a node; its output's name."""
        name = f"{op.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], name=name, **attrs))
        return name

    def weight(self, *shape: int) -> str:
        """A float32 initializer of zeros."""
        name = f"w{len(self.weights)}"
        self.weights[name] = shape
        return name

    def constant(self, value: Any, dtype: str = "int64") -> str:
        """A small initializer, one for equal values."""
        name = f"c_{value}_{dtype}"
        self.constants.setdefault(name, numpy_helper.from_array(np.array(value, dtype), name))
        return name

    def model(self, *outputs: str) -> onnx.ModelProto:
        """The model without its weights, whose elements `write` leaves room for."""
        inputs = [helper.make_tensor_value_info(name, FLOAT, shape) for name, shape in self.inputs.items()]
        results = [helper.make_tensor_value_info(name, FLOAT, None) for name in outputs]
        graph = helper.make_graph(self.nodes, "benchmark", inputs, results, list(self.constants.values()))
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)

    def bytes(self, *outputs: str) -> bytes:
        """The whole model with its weights."""
        model = self.model(*outputs)
        for name, shape in self.weights.items():
            model.graph.initializer.append(numpy_helper.from_array(np.zeros(shape, np.float32), name))
        return model.SerializeToString()

    def write(self, path: Path, *outputs: str) -> None:
        """The whole model into a file; the weights are holes that read as zeros, so that none is ever in
        memory."""
        model = self.model(*outputs)
        graph = model.graph.SerializeToString()
        model.ClearField("graph")
        heads = [(_head(name, shape), 4 * math.prod(shape)) for name, shape in self.weights.items()]
        total = len(graph) + sum(len(head) + size for head, size in heads)
        with path.open("wb") as file:
            file.write(model.SerializeToString() + b"\x3a" + _varint(total) + graph)
            for head, size in heads:
                file.write(head)
                file.seek(size, 1)
            file.truncate()


def _head(name: str, shape: Sequence[int]) -> bytes:
    """A float32 initializer in the wire format up to where its elements begin."""
    tensor = onnx.TensorProto(name=name, dims=shape, data_type=FLOAT).SerializeToString()
    size = 4 * math.prod(shape)
    tensor += b"\x4a" + _varint(size)
    return b"\x2a" + _varint(len(tensor) + size) + tensor


def _varint(number: int) -> bytes:
    groups = [number >> shift & 127 for shift in range(0, max(number.bit_length(), 1), 7)]
    return bytes([group | 128 for group in groups[:-1]] + groups[-1:])


# ------------------------------------------------------------------------------------------- generated graphs
def mixed(count: int, symbolic: bool = True) -> bytes:
    """About ``count`` nodes: attention blocks with the shape arithmetic that exporters write, and residual
    blocks."""
    net = Builder(tokens=["N", "T", 64] if symbolic else [2, 19, 64],
                  image=["N", 16, "H", "W"] if symbolic else [2, 16, 45, 37])
    tokens, image = "tokens", "image"
    square, scale, kernel = net.weight(64, 64), net.weight(64), net.weight(16, 16, 3, 3)
    while len(net.nodes) < count:
        tokens = _attention(net, tokens, square, scale)
        image = _residual(net, image, kernel)
        net.add("MaxPool", image, kernel_shape=[3, 3], strides=[2, 2])
    return net.bytes(tokens, image)


def _attention(net: Builder, tokens: str, square: str, scale: str) -> str:
    normal = net.add("LayerNormalization", tokens, scale, axis=-1)
    query, key, value = (_heads(net, net.add("MatMul", normal, square)) for _ in range(3))
    scores = net.add("MatMul", query, net.add("Transpose", key, perm=[0, 1, 3, 2]))
    shares = net.add("Softmax", net.add("Mul", scores, net.constant(0.25, "float32")), axis=-1)
    mixed_values = net.add("Transpose", net.add("MatMul", shares, value), perm=[0, 2, 1, 3])
    merged = net.add("Reshape", mixed_values, _target(net, mixed_values, [64]))
    return net.add("Add", tokens, net.add("MatMul", merged, square))


def _heads(net: Builder, x: str) -> str:
    return net.add("Transpose", net.add("Reshape", x, _target(net, x, [4, 16])), perm=[0, 2, 1, 3])


def _target(net: Builder, x: str, rest: Sequence[int]) -> str:
    """``[N, T, *rest]``, computed from the shape of ``x`` one element at a time."""
    shape, zero = net.add("Shape", x), net.constant([0])
    leading = [net.add("Unsqueeze", net.add("Gather", shape, net.constant(axis)), zero) for axis in (0, 1)]
    return net.add("Concat", *leading, *(net.constant([size]) for size in rest), axis=0)


def _residual(net: Builder, image: str, kernel: str) -> str:
    hidden = net.add("Relu", _convolution(net, image, kernel))
    return net.add("Relu", net.add("Add", _convolution(net, hidden, kernel), image))


def _convolution(net: Builder, x: str, kernel: str, stride: int = 1, pads: Sequence[int] = (1,) * 4) -> str:
    return net.add("Conv", x, kernel, kernel_shape=[3, 3], strides=[stride, stride], pads=pads)


def pyramid(count: int, symbolic: bool = True) -> bytes:
    """About ``count`` nodes: pyramids of strided convolutions, each level with other pads: deeply nested
    floors."""
    net = Builder(image=["N", 8, "H", "W"] if symbolic else [2, 8, 515, 387])
    kernel, x, base = net.weight(8, 8, 3, 3), "image", 0
    while len(net.nodes) < count:
        x, base = "image", base + 1
        for level in range(6):
            pad = (base + level) % 3
            x = net.add("Relu", _convolution(net, x, kernel, 2, [pad, 1, 1, pad]))
            x = net.add("Add", _convolution(net, x, kernel), x)
    return net.bytes(x)


# ---------------------------------------------------------------------------------------------- real networks
def vgg16(path: Path) -> None:
    """VGG-16: 138,357,544 parameters, a file of 553 MB."""
    net, x, depth = Builder(image=["N", 3, 224, 224]), "image", 3
    for width, repeat in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(repeat):
            x = net.add("Relu", _folded(net, x, depth, width, 3, 1))
            depth = width
        x = net.add("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = net.add("Flatten", x)
    for fan_in, fan_out in ((25088, 4096), (4096, 4096), (4096, 1000)):
        x = net.add("Gemm", x, net.weight(fan_out, fan_in), net.weight(fan_out), transB=1)
    net.write(path, x)


def matrices(folder: Path, is_trained: bool) -> Path:
    """Eight matrices in a row, 64 MiB each, in a file beside the model: normal numbers, or zeros."""
    numbers = np.zeros(1 << 24, np.float32)
    if is_trained:
        np.random.default_rng(1).standard_normal(dtype=np.float32, out=numbers)
    net, x = Builder(x=["N", 4096]), "x"
    for _ in range(8):
        x = net.add("MatMul", x, net.weight(4096, 4096))
    model = net.model(x)
    with Path(folder, "weights.bin").open("wb") as file:
        for name, shape in net.weights.items():
            stored = model.graph.initializer.add(name=name, data_type=FLOAT, dims=shape)
            stored.data_location = onnx.TensorProto.EXTERNAL
            for key, value in (("location", "weights.bin"), ("offset", file.tell()), ("length", 1 << 26)):
                stored.external_data.add(key=key, value=str(value))
            file.write(numbers.tobytes())
    path = Path(folder, "matrices.onnx")
    path.write_bytes(model.SerializeToString())
    return path


def resnet50(path: Path) -> None:
    """ResNet-50 with its normalizations folded into the convolutions: a file of 102 MB."""
    net, depth = Builder(image=["N", 3, "H", "W"]), 64
    x = net.add("Relu", _folded(net, "image", 3, 64, 7, 2))
    x = net.add("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    for width, repeat, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for block in range(repeat):
            x = _bottleneck(net, x, depth, width, stride if block == 0 else 1)
            depth = 4 * width
    x = net.add("Flatten", net.add("GlobalAveragePool", x))
    net.write(path, net.add("Gemm", x, net.weight(1000, 2048), net.weight(1000), transB=1))


def _bottleneck(net: Builder, x: str, depth: int, width: int, stride: int) -> str:
    hidden = net.add("Relu", _folded(net, x, depth, width, 1, 1))
    hidden = net.add("Relu", _folded(net, hidden, width, width, 3, stride))
    hidden = _folded(net, hidden, width, 4 * width, 1, 1)
    shortcut = x if depth == 4 * width else _folded(net, x, depth, 4 * width, 1, stride)
    return net.add("Relu", net.add("Add", hidden, shortcut))


def _folded(net: Builder, x: str, depth: int, width: int, kernel: int, stride: int) -> str:
    return net.add("Conv", x, net.weight(width, depth, kernel, kernel), net.weight(width),
                   strides=[stride, stride], pads=[kernel // 2] * 4)
