"""Small random networks. Each step chooses an operator and keeps what ONNX Runtime makes of it, so that every
network runs; fewer steps and smaller numbers are simpler, so that hypothesis shrinks to those."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
from hypothesis import reject
from hypothesis import strategies as st
from onnx import helper, numpy_helper

from archcheck.probing.network import Array, opened
from archcheck.probing.prepare import Unprobed

OPSET = 22
MOST = 20
"""The largest size of a spatial axis."""
ELEMENTS = 2048


class Drawn:
    """A network under construction: ``arrays`` are its values so far, by name, as they are with some
    input."""

    def __init__(self, draw: Callable[[Any], Any]) -> None:
        self.draw = draw
        self.nodes: list[onnx.NodeProto] = []
        self.weights: dict[str, Array] = {}
        self.arrays: dict[str, Array] = {}
        self.inputs: list[str] = []
        self.random = np.random.default_rng(0)

    # ------------------------------------------------------------------------------ choosing
    def int(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return self.draw(st.integers(low, high))

    def one(self, *choices: Any) -> Any:
        """One of some things, the first the simplest."""
        return self.draw(st.sampled_from(choices))

    def shape(self, name: str) -> tuple[int, ...]:
        """The sizes of a value."""
        return self.arrays[name].shape

    def axis(self, name: str, spatial: bool = False) -> int:
        """An axis of a value; the last is the simplest."""
        rank = len(self.shape(name))
        return self.one(*range(rank - 1, 1 if spatial else -1, -1))

    # ------------------------------------------------------------------------------ building
    def input(self, shape: Sequence[int]) -> str:
        """A new input of the network."""
        name = f"x{len(self.inputs)}"
        self.inputs.append(name)
        self.arrays[name] = self.random.uniform(0.25, 1, shape).astype(np.float32)
        return name

    def weight(self, *shape: int) -> str:
        """Positive weights that keep sums near 1."""
        fan = max(np.prod(shape[1:], dtype=int), 1)
        return self.constant(self.random.uniform(0.5, 1.5, shape).astype(np.float32) / np.float32(fan))

    def constant(self, array: Any) -> str:
        """A stored tensor; lists are integers."""
        name = f"w{len(self.weights)}"
        self.weights[name] = np.asarray(array, None if isinstance(array, np.ndarray) else np.int64)
        return name

    def add(self, op: str, *inputs: str, outputs: int = 1, **attrs: Any) -> str:
        """A node, and the name of its first output; `Unprobed` where ONNX Runtime does not run it."""
        names = [f"v{len(self.nodes)}"] + [f"v{len(self.nodes)}.{k}" for k in range(1, outputs)]
        node = helper.make_node(op, list(inputs), names, f"{op}_{len(self.nodes)}", **attrs)
        found = self._made(node)
        if any(0 in array.shape or array.size > ELEMENTS for array in found):
            raise Unprobed("too large, or empty")
        self.nodes.append(node)
        self.arrays.update(zip(names, found, strict=True))
        return names[0]

    def _made(self, node: onnx.NodeProto) -> list[Array]:
        given = {name: self.arrays[name] for name in node.input if name in self.arrays}
        stored = {name: self.weights[name] for name in node.input if name in self.weights}
        model = _model([node], given, stored, node.output)
        try:
            return list(opened(model).run(None, given))
        except Unprobed:
            raise
        except Exception as error:
            raise Unprobed(str(error)) from None

    def model(self) -> onnx.ModelProto:
        """The network so far; its outputs are the values that nothing reads."""
        read = {name for node in self.nodes for name in node.input}
        ends = [name for node in self.nodes for name in node.output if name not in read]
        inputs = {name: self.arrays[name] for name in self.inputs}
        stored = {name: array for name, array in self.weights.items() if name in read}
        return _model(self.nodes, inputs, stored, ends)


def _model(nodes: Sequence[onnx.NodeProto], inputs: dict[str, Array], weights: dict[str, Array],
           outputs: Sequence[str]) -> onnx.ModelProto:
    infos = [helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
             for name, array in inputs.items()]
    stored = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    graph = helper.make_graph(nodes, "g", infos, [onnx.ValueInfoProto(name=name) for name in outputs], stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)


STEPS: list[Callable[[Drawn, str], str]] = []


def step(function: Callable[[Drawn, str], str]) -> Callable[[Drawn, str], str]:
    """Register a way to go on from a value."""
    STEPS.append(function)
    return function


@st.composite
def networks(draw: Any, most: int = 6) -> onnx.ModelProto:
    """Networks of one or two inputs (N, C, spatial…) and up to ``most`` steps."""
    net = Drawn(draw)
    rank = net.one(1, 2, 3)
    high = {1: 16, 2: 9, 3: 5}[rank]
    shape = [net.int(1, 2), net.one(1, 2, 4), *(net.int(2, high) for _ in range(rank))]
    values = [net.input(shape)]
    if net.one(False, False, False, True):
        values.append(net.input(shape))
    for _ in range(net.int(1, most)):
        source = values[-1 - net.one(0, 0, 0, *range(len(values))) % len(values)]
        before = len(net.nodes), dict(net.arrays)
        try:
            values.append(net.one(*STEPS)(net, source))
        except Unprobed:
            del net.nodes[before[0]:]
            net.arrays = before[1]
    if not net.nodes:
        net.add("Identity", values[-1])
    model = net.model()
    try:
        opened(model)
    except Unprobed:  # what ONNX Runtime infers is not always what its kernels do
        reject()
    return model


# ---------------------------------------------------------------------------------------------------- windows
def _pads(net: Drawn, count: int, most: int = 2) -> dict[str, Any]:
    way = net.one("pads", "pads", "SAME_UPPER", "SAME_LOWER")
    return {"pads": [net.int(0, most) for _ in range(2 * count)]} if way == "pads" else {"auto_pad": way}


def _window(net: Drawn, x: str) -> tuple[list[int], list[int]]:
    """A kernel that fits into the spatial axes of ``x``, and its dilations."""
    kernel = [net.int(1, min(4, size)) for size in net.shape(x)[2:]]
    return kernel, [net.int(1, 2) if 2 * k - 1 <= n else 1 for k, n in zip(kernel, net.shape(x)[2:])]


def _several(net: Drawn, count: int, high: int) -> list[int]:
    return [net.int(1, high) for _ in range(count)]


@step
def conv(net: Drawn, x: str) -> str:
    channels, spatial = net.shape(x)[1], len(net.shape(x)) - 2
    group = net.one(1, channels)
    filters = group * net.int(1, 2)
    kernel, dilations = _window(net, x)
    return net.add("Conv", x, net.weight(filters, channels // group, *kernel), group=group,
                   strides=_several(net, spatial, 3), dilations=dilations, **_pads(net, spatial))


@step
def pool(net: Drawn, x: str) -> str:
    spatial = len(net.shape(x)) - 2
    op = net.one("MaxPool", "AveragePool", "LpPool")
    kernel, dilations = _window(net, x)
    pads = _pads(net, spatial, min(kernel) - 1)
    ceil = {"ceil_mode": net.int(0, 1)} if "pads" in pads else {}
    strides = _several(net, spatial, 4)
    # ONNX Runtime forgets dilations there, and pads less than nothing where a stride exceeds the kernel
    if "auto_pad" in pads:
        dilations, strides = [1] * spatial, list(map(min, strides, kernel))
    return net.add(op, x, kernel_shape=kernel, strides=strides, dilations=dilations, **pads, **ceil)


@step
def conv_transpose(net: Drawn, x: str) -> str:
    channels, spatial = net.shape(x)[1], len(net.shape(x)) - 2
    group = net.one(1, channels)
    kernel, strides = _several(net, spatial, 4), _several(net, spatial, 3)
    extra = {"output_padding": [net.int(0, s - 1) for s in strides]} if net.one(False, True) else {}
    found = net.add("ConvTranspose", x, net.weight(channels, net.int(1, 2), *kernel), group=group,
                    strides=strides, dilations=_several(net, spatial, 2), **_pads(net, spatial, 1), **extra)
    return _small(net, found)


def _small(net: Drawn, x: str) -> str:
    if max(net.shape(x)[2:], default=0) > MOST:
        raise Unprobed("too large")
    return x


@step
def resize(net: Drawn, x: str) -> str:
    rank = len(net.shape(x))
    mode = net.one("nearest", "linear", "cubic") if rank == 4 else net.one("nearest", "linear")
    attrs = {"coordinate_transformation_mode": net.one(
        "asymmetric", "half_pixel", "align_corners", "pytorch_half_pixel", "half_pixel_symmetric")}
    if mode == "nearest":
        attrs["nearest_mode"] = net.one("floor", "round_prefer_floor", "round_prefer_ceil", "ceil")
    if attrs.get("nearest_mode") in ("floor", "ceil"):
        attrs["coordinate_transformation_mode"] = "asymmetric"  # float32 moves whole coordinates of others
    if net.one(False, True):
        sizes = [net.int(1, 12) for _ in range(rank - 2)]
        return net.add("Resize", x, "", "", net.constant([*net.shape(x)[:2], *sizes]), mode=mode, **attrs)
    scales = [1, 1, *(net.one(1, 2, 3, 0.5, 1.5, 0.75, 2.5, 0.3, 1.7) for _ in range(rank - 2))]
    if any(s != 1 and int(n * s) == n for n, s in zip(net.shape(x), scales, strict=True)):
        raise Unprobed("ONNX Runtime copies an axis whose size stays, whatever its scale")
    return _small(net, net.add("Resize", x, "", net.constant(np.array(scales, np.float32)), mode=mode,
                               **attrs))


@step
def pad(net: Drawn, x: str) -> str:
    shape = net.shape(x)
    mode = net.one("constant", "edge", "reflect", "wrap")
    most = [0, 0, *(3 if mode in ("constant", "edge") else min(3, size - 1) for size in shape[2:])]
    low = -1 if mode == "constant" else 0
    return _small(net, net.add("Pad", x, net.constant([net.int(low if n else 0, n) for n in most + most]),
                               mode=mode))


# ----------------------------------------------------------------------------------------- picking and moving
@step
def crop(net: Drawn, x: str) -> str:
    axis = net.axis(x)
    size = net.shape(x)[axis]
    start, pace = net.int(0, size - 1), net.one(1, 2, 3, -1, -2)
    end = -(1 << 60) if pace < 0 else net.int(start + 1, size)
    return net.add("Slice", x, *map(net.constant, ([start], [end], [axis], [pace])))


@step
def flip(net: Drawn, x: str) -> str:
    axis = net.axis(x)
    flipped = net.add("Slice", x, *map(net.constant, ([-1], [-(1 << 60)], [axis], [-1])))
    return net.add("Add", x, flipped) if net.one(False, True) else flipped


@step
def roll(net: Drawn, x: str) -> str:
    axis = net.axis(x)
    size = net.shape(x)[axis]
    shift = net.int(0, size)
    parts = [net.add("Slice", x, *map(net.constant, ([a], [b], [axis])))
             for a, b in ((shift, size), (0, shift)) if a < b]
    return net.add("Concat", *parts, axis=axis)


@step
def gather(net: Drawn, x: str) -> str:
    axis = net.axis(x)
    size = net.shape(x)[axis]
    return net.add("Gather", x, net.constant([net.int(-size, size - 1) for _ in range(net.int(1, 6))]),
                   axis=axis)


@step
def transpose(net: Drawn, x: str) -> str:
    return net.add("Transpose", x, perm=net.draw(st.permutations(range(len(net.shape(x))))))


@step
def repack(net: Drawn, x: str) -> str:
    """A factor moved from an axis to the one before or behind it."""
    shape = list(net.shape(x))
    axis = net.axis(x)
    other = net.one(*(k for k in (axis - 1, axis + 1) if 0 <= k < len(shape)))
    factor = net.one(*(f for f in (*range(2, shape[axis] + 1), 1) if shape[axis] % f == 0))
    shape[axis] //= factor
    shape[other] *= factor
    return net.add("Reshape", x, net.constant(shape))


@step
def windows(net: Drawn, x: str) -> str:
    """Cut into windows that become part of the batch, worked on and put back."""
    n, c, *sizes = net.shape(x)
    cuts = [net.one(*(f for f in range(1, size + 1) if size % f == 0)) for size in sizes]
    split = [part for size, cut in zip(sizes, cuts, strict=True) for part in (size // cut, cut)]
    outer, inner = (list(range(2 + k, 2 + len(split), 2)) for k in (0, 1))
    perm = [0, *outer, 1, *inner]
    parted = net.add("Transpose", net.add("Reshape", x, net.constant([n, c, *split])), perm=perm)
    batch = net.add("Reshape", parted, net.constant([-1, c, *cuts]))
    done = net.one(*WITHIN)(net, batch)
    if net.shape(done) != net.shape(batch) or net.one(False, True):
        return done
    counts = [size // cut for size, cut in zip(sizes, cuts, strict=True)]
    apart = net.add("Reshape", done, net.constant([n, *counts, c, *cuts]))
    together = net.add("Transpose", apart, perm=[int(k) for k in np.argsort(perm)])
    return net.add("Reshape", together, net.constant([n, c, *sizes]))


@step
def shuffle(net: Drawn, x: str) -> str:
    """Pixels to channels or back, by the operator or by hand."""
    n, c, *sizes = net.shape(x)
    if len(sizes) != 2:
        raise Unprobed("needs height and width")
    if net.one(False, True):
        return _small(net, net.add("DepthToSpace", x, blocksize=2, mode=net.one("DCR", "CRD")))
    if net.one(False, True):
        return net.add("SpaceToDepth", x, blocksize=2)
    h, w = sizes[0] // 2, sizes[1] // 2
    parted = net.add("Reshape", x, net.constant([n, c, h, 2, w, 2]))
    moved = net.add("Transpose", parted, perm=net.one([0, 1, 3, 5, 2, 4], [0, 3, 5, 1, 2, 4]))
    return net.add("Reshape", moved, net.constant([n, 4 * c, h, w]))


@step
def concat(net: Drawn, x: str) -> str:
    axis = net.axis(x)
    fits = [name for name in net.arrays if len(net.shape(name)) == len(net.shape(x)) and all(
        a == b for k, (a, b) in enumerate(zip(net.shape(name), net.shape(x), strict=True)) if k != axis)]
    return _small(net, net.add("Concat", x, net.one(*reversed(fits)), axis=axis))


@step
def split(net: Drawn, x: str) -> str:
    axis = net.axis(x)
    size = net.shape(x)[axis]
    at = net.int(1, size)
    if at == size:
        raise Unprobed("nothing to split")
    first = net.add("Split", x, net.constant([at, size - at]), outputs=2, axis=axis)
    return net.one(first, f"{first}.1")


@step
def tile(net: Drawn, x: str) -> str:
    times = [net.int(1, 2) for _ in net.shape(x)]
    return _small(net, net.add("Tile", x, net.constant(times)))


# --------------------------------------------------------------------------------------- joins and statistics
@step
def join(net: Drawn, x: str) -> str:
    fits = [name for name, array in net.arrays.items() if array.dtype == np.float32 and _joins(net, name, x)]
    return net.add(net.one("Add", "Mul", "Max"), x, net.one(*reversed(fits)))


def _joins(net: Drawn, a: str, b: str) -> bool:
    return all(1 in pair or pair[0] == pair[1] for pair in zip(net.shape(a)[::-1], net.shape(b)[::-1]))


@step
def activation(net: Drawn, x: str) -> str:
    return net.add(net.one("Relu", "Sigmoid", "Tanh", "HardSwish", "Elu", "Softplus", "Identity"), x)


@step
def gate(net: Drawn, x: str) -> str:
    """Squeeze and excitation."""
    rank, channels = len(net.shape(x)), net.shape(x)[1]
    mean = net.add("GlobalAveragePool", x) if rank > 2 else x
    weight = net.weight(channels, channels, *[1] * (rank - 2))
    return net.add("Mul", x, net.add("Sigmoid", net.add("Conv", mean, weight)))


@step
def reduction(net: Drawn, x: str) -> str:
    op, axis = net.one("ReduceMean", "ReduceSum", "ReduceMax", "ReduceL2"), net.axis(x)
    if net.one(True, False):
        return net.add(op, x, net.constant([axis]), keepdims=1)
    reduced = net.add(op, x, net.constant([axis]), keepdims=0)
    return net.add("Unsqueeze", reduced, net.constant([net.int(0, len(net.shape(x)) - 1)]))


@step
def softmax(net: Drawn, x: str) -> str:
    return net.add("Softmax", x, axis=net.axis(x))


@step
def norm(net: Drawn, x: str) -> str:
    channels, way = net.shape(x)[1], net.one("batch", "instance", "group", "layer")
    if way == "batch":
        return net.add("BatchNormalization", x, *(net.weight(channels) for _ in range(4)))
    if way == "instance":
        return net.add("InstanceNormalization", x, net.weight(channels), net.weight(channels))
    if way == "group":
        return net.add("GroupNormalization", x, net.weight(channels), net.weight(channels),
                       num_groups=net.one(1, channels))
    axis = net.axis(x)
    return net.add("LayerNormalization", x, net.weight(*net.shape(x)[axis:]), axis=axis)


@step
def attention(net: Drawn, x: str) -> str:
    """Every position of one axis attends to all of it, along the last axis."""
    rank = len(net.shape(x))
    swap = [*range(rank - 2), rank - 1, rank - 2]
    scores = net.add("Softmax", net.add("MatMul", x, net.add("Transpose", x, perm=swap)))
    return net.add("MatMul", scores, x)


@step
def matmul(net: Drawn, x: str) -> str:
    return net.add("MatMul", x, net.weight(net.shape(x)[-1], net.int(1, 3)))


@step
def cumsum(net: Drawn, x: str) -> str:
    axis = net.constant(np.array(net.axis(x)))
    return net.add("CumSum", x, axis, reverse=net.int(0, 1), exclusive=net.int(0, 1))


@step
def recurrent(net: Drawn, x: str) -> str:
    """An LSTM, GRU or RNN along one axis, the batch and the others in its batch."""
    shape = net.shape(x)
    if len(shape) != 3:
        raise Unprobed("needs one spatial axis")
    op, way, hidden = net.one("LSTM", "GRU", "RNN"), net.one("forward", "reverse", "bidirectional"), 2
    gates, ways = {"LSTM": 4, "GRU": 3, "RNN": 1}[op], 1 + (way == "bidirectional")
    turned = net.add("Transpose", x, perm=[2, 0, 1])
    kernel = net.weight(ways, gates * hidden, shape[1]), net.weight(ways, gates * hidden, hidden)
    made = net.add(op, turned, *kernel, hidden_size=hidden, direction=way)
    both = net.add("ReduceSum", made, net.constant([1]), keepdims=0)
    del net.arrays[made]  # what the directions read is not told apart, so nothing else may go on from here
    return net.add("Transpose", both, perm=[1, 2, 0])


WITHIN = activation, reduction, softmax, conv, norm, cumsum, matmul


def as_text(model: onnx.ModelProto) -> str:
    """A network, node by node, as a person reads it."""
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    shapes = {given.name: [size.dim_value for size in given.type.tensor_type.shape.dim]
              for given in model.graph.input}
    lines = [f"{name} {shape}" for name, shape in shapes.items()]
    for node in model.graph.node:
        told = {name: array.tolist() if array.dtype.kind == "i" or array.size == 1 else list(array.shape)
                for name, array in stored.items() if name in node.input}
        inputs = [str(told.get(name, name)) for name in node.input]
        attributes = [f"{found.name}={helper.get_attribute_value(found)}" for found in node.attribute]
        lines.append(f"{', '.join(node.output)} = {node.op_type}({', '.join(inputs + attributes)})")
    return "\n".join(lines)
