"""Small networks whose fields are known, from papers or by a few lines of arithmetic."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import onnx
from onnx import helper, numpy_helper

OPSET = 20


class Net:
    """A network under construction, with one input ``x``; each method gives the name of a new value."""

    def __init__(self, *shape: int) -> None:
        self.shape = shape
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def add(self, op: str, *inputs: str, **attrs: Any) -> str:
        """The output of a node."""
        name = f"{op.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], **attrs))
        return name

    def stored(self, array: Any, kind: Any = np.int64) -> str:
        """A weight."""
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(array, kind), name))
        return name

    def conv(self, x: str, size: int | Sequence[int], *, op: str = "Conv", out: int = 1, of: int = 1,
             pad: Any = 0, stride: Any = 1, dilation: int = 1, axes: int = 2) -> str:
        """A convolution, from ``of`` to ``out`` channels; numbers count for every axis."""
        kernel, strides, pads = (list(n) if isinstance(n, Sequence) else [n] * axes
                                 for n in (size, stride, pad))
        weight = np.ones((of, out, *kernel) if op == "ConvTranspose" else (out, of, *kernel)) / of
        return self.add(op, x, self.stored(weight, np.float32), strides=strides,
                        dilations=[dilation] * axes, pads=pads if len(pads) == 2 * axes else pads * 2)

    def cut(self, x: str, first: int, last: int, axis: int, step: int = 1) -> str:
        """A slice."""
        return self.add("Slice", x, *(self.stored([n]) for n in (first, last, axis, step)))

    def model(self) -> onnx.ModelProto:
        """The network so far, with its last value as output."""
        graph = helper.make_graph(self.nodes, "g", [helper.make_tensor_value_info("x", 1, self.shape)],
                                  [onnx.ValueInfoProto(name=self.nodes[-1].output[0])], self.weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)


class Known(NamedTuple):
    """A network, and what the positions ``at`` of an axis of its output read of an axis of its input:
    ``reads`` gives all positions, in order."""

    net: Net
    at: Iterable[int]
    reads: Callable[[int], Iterable[int]]
    axis: int = 2

    @property
    def output(self) -> str:
        """The value that is asked about."""
        return self.net.nodes[-1].output[0]


def _run(first: Callable[[int], int], size: int, step: int = 1) -> Callable[[int], range]:
    return lambda o: range(first(o), first(o) + (size - 1) * step + 1, step)


def causal(length: int, kernel: int, dilations: Sequence[int]) -> Net:
    """Convolutions that see the past only."""
    net, x = Net(1, 1, length), "x"
    for dilation in dilations:
        x = net.conv(x, kernel, pad=[dilation * (kernel - 1), 0], dilation=dilation, axes=1)
    return net


def stack(height: int, *layers: dict[str, Any]) -> Net:
    """Convolutions one after the other over ``height`` × 8 pixels."""
    net, x = Net(1, 1, height, 8), "x"
    for layer in layers:
        x = net.conv(x, **layer)
    return net


def unet(height: int, up: str) -> Net:
    """Four levels of two 3 × 3 convolutions with padding, each then halved, and back."""
    net, x, skips = Net(1, 1, height, 16), "x", []
    for level in range(5):
        x = net.conv(net.conv(x, 3, pad=1), 3, pad=1)
        if level < 4:
            skips.append(x)
            x = net.add("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    for skip in reversed(skips):
        if up == "transposed":
            x = net.conv(x, 2, op="ConvTranspose", stride=2)
        else:
            x = net.add("Resize", x, "", net.stored([1, 1, 2, 2], np.float32), mode="linear")
        x = net.add("Concat", skip, x, axis=1)
        x = net.conv(net.conv(x, 3, of=2, pad=1), 3, pad=1)
    return net


def pixel_shuffle() -> Net:
    net = Net(1, 1, 12, 8)
    x = net.conv("x", 3, out=4, pad=1)
    net.conv(net.add("DepthToSpace", x, blocksize=2), 3, pad=1)
    return net


def focus() -> Net:
    net = Net(1, 1, 24, 8)
    net.conv(net.add("SpaceToDepth", "x", blocksize=2), 3, of=4, pad=1)
    return net


def video() -> Net:
    net = Net(1, 1, 13, 40, 8)
    x = net.conv("x", (3, 7, 7), stride=(1, 2, 2), pad=(1, 3, 3), axes=3)
    x = net.add("MaxPool", x, kernel_shape=[1, 3, 3], strides=[1, 2, 2], pads=[0, 1, 1] * 2)
    net.conv(x, (3, 1, 1), stride=(2, 1, 1), pad=(1, 0, 0), axes=3)
    return net


def reflected() -> Net:
    net, x = Net(1, 1, 24, 16), "x"
    for size in (7, 3):
        pads = [0, 0, size // 2, size // 2] * 2
        x = net.conv(net.add("Pad", x, net.stored(pads), mode="reflect"), size)
    return net


def cropped() -> Net:
    net = Net(1, 1, 40, 8)
    x = net.conv(net.cut("x", 10, 40, 2), 3, pad=1)
    net.conv(net.conv(x, 3, stride=2), 3, pad=1)
    return net


def mirrored() -> Net:
    net = Net(1, 1, 21, 8)
    x = net.conv("x", 3, pad=1)
    net.add("Add", x, net.cut(x, -1, -(1 << 40), 2, -1))
    return net


def _folded(place: int, size: int) -> int:
    """The position that reflection puts at ``place``."""
    return size - 1 - abs(size - 1 - abs(place))


def _reflection(o: int) -> list[int]:
    inner = {_folded(o + step, 24) for step in range(-1, 2)}
    return sorted({_folded(place + step, 24) for place in inner for step in range(-3, 4)})


def _mirror(o: int) -> list[int]:
    places = {centre + step for centre in (o, 20 - o) for step in (-1, 0, 1)}
    return sorted(place for place in places if 0 <= place < 21)


KNOWN = {
    "WaveNet": Known(causal(270, 2, [1 << k for k in range(8)]), (255, 269), _run(lambda o: o - 255, 256)),
    "TCN": Known(causal(90, 3, [1, 1, 2, 2, 4, 4, 8, 8]), range(60, 90), _run(lambda o: o - 60, 61)),
    "gridding": Known(stack(20, *[{"size": 3, "dilation": 2, "pad": 2}] * 3), range(6, 14),
                      _run(lambda o: o - 6, 7, 2)),
    "hybrid dilation": Known(stack(24, *({"size": 3, "dilation": d, "pad": d} for d in (1, 2, 5))),
                             range(8, 16), _run(lambda o: o - 8, 17)),
    "gaps": Known(stack(97, {"size": 1, "stride": 2}, {"size": 3, "pad": 1}, {"size": 2, "stride": 3}),
                  range(1, 16), _run(lambda o: 6 * o - 2, 4, 2)),
    "holes": Known(stack(12, {"size": 3, "pad": 1}, {"size": 1, "stride": 2, "op": "ConvTranspose"},
                         {"size": 2}), range(2, 19), _run(lambda o: o // 2 - 1 + o % 2, 3)),
    "twice up by 2": Known(stack(8, *[{"size": 4, "stride": 2, "pad": 1, "op": "ConvTranspose"}] * 2,
                                 {"size": 3, "pad": 1}), range(4, 28), _run(lambda o: o // 4 - 1, 3)),
    "pixel shuffle": Known(pixel_shuffle(), range(4, 20), _run(lambda o: o // 2 - 2 + o % 2, 4)),
    "focus": Known(focus(), range(1, 11), _run(lambda o: 2 * o - 2, 6)),
    "video, time": Known(video(), (1, 2, 4), _run(lambda o: 2 * o - 2, 5)),
    "video, height": Known(video(), range(2, 8), _run(lambda o: 4 * o - 5, 11), axis=3),
    "reflection": Known(reflected(), range(24), _reflection),
    "cropped": Known(cropped(), range(14), lambda o: range(max(2 * o - 3, 0) + 10, min(2 * o + 6, 30) + 10)),
    "mirrored": Known(mirrored(), range(21), _mirror),
    "U-Net": Known(unet(256, "transposed"), (96, 112, 128, 144), _run(lambda o: o - 94, 188)),
    "U-Net, linear": Known(unet(256, "linear"), (112, 128), _run(lambda o: o - 110, 220)),
}
"""By name. Those of the U-Net count for every 16th position; others are wider."""
