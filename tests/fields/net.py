"""ONNX graphs written the way papers list their layers: a value, then what is done to it.

Only what decides fields and costs is kept: weights are references to a file that does not exist, and
activations and normalizations by fixed statistics, which read their own position, are left out.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 18
PerAxis = int | Sequence[int]
Pad = int | Sequence[int] | str
"""Numbers for all spatial axes, or for each; all begins, then all ends; ``same`` or ``valid``; or ``half``,
which keeps the size at odd kernels."""


@dataclass
class Net:
    """A graph in the making."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    weights: list[TensorProto] = field(default_factory=list)
    inputs: list[onnx.ValueInfoProto] = field(default_factory=list)

    def input(self, channels: int, *sizes: int | str, name: str = "input") -> Value:
        """A graph input of one example: (1, channels, \\*sizes)."""
        self.inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, channels, *sizes)))
        return Value(self, name, channels, len(sizes))

    def weight(self, *shape: int) -> str:
        """The name of a float tensor of which only the shape is known."""
        tensor = TensorProto(name=f"w{len(self.weights)}", dims=shape, data_type=TensorProto.FLOAT,
                             data_location=TensorProto.EXTERNAL)
        tensor.external_data.add(key="location", value="weights.bin")
        self.weights.append(tensor)
        return tensor.name

    def constant(self, numbers: Any, dtype: str = "int64") -> str:
        """The name of a known tensor."""
        tensor = numpy_helper.from_array(np.array(numbers, dtype), f"c{len(self.weights)}")
        self.weights.append(tensor)
        return tensor.name

    def node(self, op: str, *inputs: Value | str, outputs: int = 1, **attrs: Any) -> tuple[str, ...]:
        """The names of a new node's outputs."""
        place = len(self.nodes)
        made = tuple(f"v{place}" if k == 0 else f"v{place}.{k}" for k in range(outputs))
        names = [each if isinstance(each, str) else each.name for each in inputs]
        self.nodes.append(helper.make_node(op, names, made, name=f"{op}_{place}", **attrs))
        return made

    def model(self, *outputs: Value) -> onnx.ModelProto:
        """The network that ends in ``outputs``."""
        ends = [helper.make_tensor_value_info(value.name, TensorProto.FLOAT, None) for value in outputs]
        graph = helper.make_graph(self.nodes, "net", self.inputs, ends, self.weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)


def image(channels: int = 3, *, size: Sequence[int | str] = ("H", "W")) -> Value:
    """The input of a new network."""
    return Net().input(channels, *size)


@dataclass(frozen=True)
class Value:
    """A tensor (1, ``channels``, …) with ``rank`` spatial axes, and the network it stands in."""

    net: Net
    name: str
    channels: int
    rank: int

    def op(self, op: str, *others: Value | str, channels: int = 0, **attrs: Any) -> Value:
        """What the operator ``op`` makes of it, ``others`` being its further inputs."""
        name, = self.net.node(op, self, *others, **attrs)
        return replace(self, name=name, channels=channels or self.channels)

    def named(self, name: str) -> Value:
        """The same value under a name, which must be given before it is used."""
        node = self.net.nodes[-1]
        assert node.output[0] == self.name, "only the value made last can be named"
        node.output[0] = name
        return replace(self, name=name)

    def model(self) -> onnx.ModelProto:
        """The network that ends here."""
        return self.net.model(self)

    # ------------------------------------------------------------------------------------------- windows
    def conv(self, filters: int, kernel: PerAxis, stride: PerAxis = 1, pad: Pad = "half",
             dilation: PerAxis = 1, groups: int = 1, *, bias: bool = True) -> Value:
        """A convolution."""
        sizes = self._all(kernel)
        weight = self.net.weight(filters, self.channels // groups, *sizes)
        biases = [self.net.weight(filters)] if bias else []
        return self.op("Conv", weight, *biases, channels=filters, kernel_shape=sizes, group=groups,
                       dilations=self._all(dilation), **self._window(sizes, stride, pad, dilation))

    def depthwise(self, kernel: PerAxis, stride: PerAxis = 1, pad: Pad = "half", multiplier: int = 1, *,
                  bias: bool = True) -> Value:
        """A convolution of each channel by itself."""
        filters = self.channels * multiplier
        return self.conv(filters, kernel, stride, pad, groups=self.channels, bias=bias)

    def transposed(self, filters: int, kernel: PerAxis, stride: PerAxis = 1, pad: Pad = 0) -> Value:
        """A transposed convolution."""
        sizes = self._all(kernel)
        weight = self.net.weight(self.channels, filters, *sizes)
        return self.op("ConvTranspose", weight, channels=filters, kernel_shape=sizes,
                       **self._window(sizes, stride, pad))

    def max_pool(self, kernel: PerAxis, stride: PerAxis = 1, pad: Pad = 0, **attrs: Any) -> Value:
        """Maxima of windows."""
        sizes = self._all(kernel)
        return self.op("MaxPool", kernel_shape=sizes, **self._window(sizes, stride, pad), **attrs)

    def average_pool(self, kernel: PerAxis, stride: PerAxis = 1, pad: Pad = 0) -> Value:
        """Means of windows."""
        sizes = self._all(kernel)
        return self.op("AveragePool", kernel_shape=sizes, **self._window(sizes, stride, pad))

    def _all(self, numbers: PerAxis) -> list[int]:
        return [numbers] * self.rank if isinstance(numbers, int) else list(numbers)

    def _window(self, kernel: Sequence[int], stride: PerAxis, pad: Pad,
                dilation: PerAxis = 1) -> dict[str, Any]:
        strides = self._all(stride)
        if pad == "half":
            pad = [d * (k - 1) // 2 for d, k in zip(self._all(dilation), kernel)]
        if isinstance(pad, str):
            return {"strides": strides, "auto_pad": {"same": "SAME_UPPER", "valid": "VALID"}[pad]}
        pads = self._all(pad)
        return {"strides": strides, "pads": pads if len(pads) == 2 * self.rank else pads * 2}

    # ------------------------------------------------------------------------------------------- joining
    def __add__(self, other: Value) -> Value:
        return self.op("Add", other)

    def scaled(self, factor: float) -> Value:
        """Every element times a number."""
        return self.op("Mul", self.net.constant(factor, "float32"))

    def __mul__(self, other: Value) -> Value:
        return self.op("Mul", other)

    def concat(self, *others: Value, axis: int = 1) -> Value:
        """It and ``others`` one after another, along the channels."""
        channels = sum(value.channels for value in (self, *others)) if axis == 1 else self.channels
        return self.op("Concat", *others, channels=channels, axis=axis)

    def gated(self, squeezed: int) -> Value:
        """Squeeze and excitation: each channel times a gate that is computed from the means of all."""
        gate = self.global_pool().conv(squeezed, 1).op("Relu").conv(self.channels, 1).op("Sigmoid")
        return self * gate

    # ------------------------------------------------------------------------------------------- moving
    def crop(self, begin: int, end: int | None = None) -> Value:
        """Without the first ``begin`` and the last ``end`` positions of each spatial axis."""
        axes = list(range(2, 2 + self.rank))
        last = -(begin if end is None else end)
        return self.slice(axes, begin, last or 2**62)

    def slice(self, axes: Sequence[int], begin: int, end: int, step: int = 1) -> Value:
        """Positions ``begin:end:step`` of each of ``axes``."""
        each = ([number] * len(axes) for number in (begin, end))
        first, last = map(self.net.constant, each)
        inside = self.channels if 1 not in axes else len(range(self.channels)[begin:end:step])
        steps = self.net.constant([step] * len(axes))
        return self.op("Slice", first, last, self.net.constant(list(axes)), steps, channels=inside)

    def padded(self, pads: PerAxis, mode: str = "constant") -> Value:
        """With more positions around: numbers for each axis, all begins, then all ends."""
        numbers = self._all(pads)
        begins, ends = numbers[:self.rank], numbers[-self.rank:]
        return self.op("Pad", self.net.constant([0, 0, *begins, 0, 0, *ends]), mode=mode)

    def resized(self, factor: int, mode: str = "nearest") -> Value:
        """Each spatial axis ``factor`` times as long."""
        scales = self.net.constant([1, 1, *[factor] * self.rank], "float32")
        rounding = {"nearest_mode": "floor"} if mode == "nearest" else {}
        frame = "asymmetric" if mode == "nearest" else "half_pixel"
        return self.op("Resize", "", scales, mode=mode, coordinate_transformation_mode=frame, **rounding)

    def pixel_shuffle(self, block: int) -> Value:
        """Channels moved into the spatial axes."""
        return self.op("DepthToSpace", channels=self.channels // block**2, blocksize=block, mode="CRD")

    def space_to_depth(self, block: int) -> Value:
        """Spatial blocks moved into the channels."""
        return self.op("SpaceToDepth", channels=self.channels * block**2, blocksize=block)

    def reshaped(self, *shape: int) -> Value:
        """In another shape (0 keeps an axis); the caller says what the axes then mean."""
        return self.op("Reshape", self.net.constant(shape), channels=shape[1])

    def transposed_axes(self, *order: int) -> Value:
        """With its axes in another order."""
        return self.op("Transpose", perm=order)

    def shuffled(self, groups: int) -> Value:
        """Its channels dealt out to ``groups`` in turn."""
        size, = self.net.node("Shape", self, start=2)
        deep = self.net.constant([1, groups, self.channels // groups])
        flat = self.net.constant([1, self.channels])
        shapes = [self.net.node("Concat", part, size, axis=0)[0] for part in (deep, flat)]
        order = [0, 2, 1, *range(3, 3 + self.rank)]
        return self.op("Reshape", shapes[0]).op("Transpose", perm=order).op("Reshape", shapes[1])

    # ------------------------------------------------------------------------------------------- everything
    def global_pool(self) -> Value:
        """The mean of each channel."""
        return self.op("GlobalAveragePool")

    def linear(self, features: int) -> Value:
        """A dense layer along the last axis, which are the channels."""
        return self.op("MatMul", self.net.weight(self.channels, features), channels=features)
