"""Random nodes that can run: operators, opsets, attributes and inputs."""
from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx

from tests.ops._rows import Row, row

Array = np.ndarray[Any, Any]
OPSETS = 7, 9, 10, 11, 12, 13, 14, 16, 18, 19, 21, 23, 26
FAR = (1 << 63) - 1
KINDS = [np.dtype(name) for name in ("float32", "float64", "int64", "int32", "bool", "uint8")]
NUMBERS, FLOATS, SINGLE = KINDS[:4], KINDS[:2], KINDS[:1]


class Chance(random.Random):
    """A source of random shapes and arrays."""

    def may(self, probability: float = 0.5) -> bool:
        return self.random() < probability

    def size(self, least: int = 0) -> int:
        return max(self.choice((0, 1, 1, 2, 2, 3, 3, 4, 5, 7)), least)

    def shape(self, most: int = 4, least: int = 0, size: int = 0) -> tuple[int, ...]:
        """Between ``least`` and ``most`` axes of at least ``size``."""
        return tuple(self.size(size) for _ in range(self.randint(least, most)))

    def array(self, shape: Sequence[int], kinds: Sequence[Any] = KINDS, low: int = -4,
              high: int = 6) -> Array:
        """Whole numbers, quarters of them in half of the float arrays."""
        kind, draw = self.choice(kinds), np.random.default_rng(self.getrandbits(32))
        low = 0 if np.dtype(kind).kind in "bu" else low
        found = draw.integers(low, high + 1, tuple(shape))
        scaled = found / 4 if np.dtype(kind).kind == "f" and self.may() else found
        return np.asarray(scaled).astype(kind)

    def wide(self, count: int, most: int = 4) -> list[tuple[int, ...]]:
        """Shapes that broadcast together."""
        full = self.shape(most)
        drawn = [tuple(1 if self.may(0.25) else size for size in full) for _ in range(count)]
        return [shape[self.randint(0, len(shape)):] if self.may(0.4) else shape for shape in drawn]

    def axis(self, shape: Sequence[int]) -> int:
        return self.randint(-len(shape), len(shape) - 1)

    def axes(self, shape: Sequence[int], least: int = 0) -> list[int]:
        """Different axes, some of them counted from the end."""
        chosen = self.sample(range(len(shape)), self.randint(least, len(shape)))
        return [axis - len(shape) if self.may(0.4) else axis for axis in chosen]

    def some(self, **attrs: Any) -> dict[str, Any]:
        """Half of the attributes."""
        return {name: value for name, value in attrs.items() if self.may()}


def ints(numbers: Sequence[int]) -> Array:
    """A vector of int64."""
    return np.array(numbers, np.int64)


NODES: list[tuple[str, int, Callable[[Chance, str, int], Row]]] = []


def nodes(*ops: str, since: int = 7) -> Callable[[Any], Any]:
    """Register what draws nodes of ``ops``, from the opset ``since`` on."""
    def register(function: Any) -> Any:
        NODES.extend((op, since, function) for op in ops)
        return function
    return register


def drawn(chance: Chance) -> Row | None:
    """A random node; None if the operator is not in the opset that was drawn."""
    op, since, function = chance.choice(NODES)
    opset = chance.choice([opset for opset in OPSETS if opset >= since])
    try:
        onnx.defs.get_schema(op, opset)
    except onnx.defs.SchemaError:
        return None
    return function(chance, op, opset)


def node(op: str, opset: int, *inputs: Array | None, **attrs: Any) -> Row:
    """A node of which nothing is expected yet; ``outputs`` is how many it has, by default one."""
    return row(op, *inputs, opset=opset, out=["?"] * attrs.pop("outputs", 1), **attrs)


def cut(chance: Chance, size: int, count: int) -> list[int]:
    """``count`` parts of ``size``."""
    places = sorted(chance.randint(0, size) for _ in range(count - 1))
    return [b - a for a, b in zip((0, *places), (*places, size), strict=True)]


# ---------------------------------------------------------------------------------- element by element
@nodes("Add", "Sub", "Mul", "Div", "Equal", "Less", "And", "Mod", "Where", "Max", "Sum")
def of_broadcast(chance: Chance, op: str, opset: int) -> Row:
    shapes = chance.wide(3 if op in ("Where", "Max", "Sum") else 2)
    kind = np.dtype(bool) if op == "And" else chance.choice(FLOATS if opset < 12 or op == "Sum" else NUMBERS)
    kind = chance.choice(NUMBERS[2:]) if op == "Mod" or (op == "Equal" and opset < 11) else kind
    first, *others = (chance.array(shape, [kind]) for shape in shapes)
    if op in ("Div", "Mod"):
        others = [np.where(others[0] == 0, kind.type(-3), others[0])]
    return node(op, opset, first != 0 if op == "Where" else first, *others)


@nodes("Abs", "Neg", "Sign", "Floor", "Ceil", "Round", "Relu", "Sqrt", "Identity", "Size", "Shape", "IsNaN")
def of_one(chance: Chance, op: str, opset: int) -> Row:
    kinds = KINDS if op in ("Identity", "Size", "Shape") else NUMBERS if op in ("Abs", "Neg") else FLOATS
    attrs = {name: chance.randint(-5, 4) for name in ("start", "end") if op == "Shape" and opset > 14}
    return node(op, opset, chance.array(chance.shape(), kinds), **attrs)


@nodes("Cast", since=9)
def of_casts(chance: Chance, op: str, opset: int) -> Row:
    to = chance.choice([1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13])
    return node(op, opset, chance.array(chance.shape(), low=-400, high=400), to=to)


@nodes("Clip", since=12)
def of_limits(chance: Chance, op: str, opset: int) -> Row:
    data = chance.array(chance.shape(), NUMBERS)
    limits = [chance.choice((None, np.array(limit, data.dtype))) for limit in (1, chance.randint(0, 4))]
    return node(op, opset, data, *limits)


# ---------------------------------------------------------------------------------- reductions
@nodes("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL2")
def of_reductions(chance: Chance, op: str, opset: int) -> Row:
    data = chance.array(chance.shape(size=1), NUMBERS)
    attrs, axes = chance.some(keepdims=chance.randint(0, 1)), chance.axes(data.shape)
    if opset < (13 if op == "ReduceSum" else 18):
        given = {"axes": [axis % data.ndim for axis in axes]} if axes else {}
        return node(op, opset, data, **attrs, **given)
    attrs |= chance.some(noop_with_empty_axes=1)
    return node(op, opset, data, chance.choice((None, ints(axes))), **attrs)


@nodes("ArgMax", "CumSum", "Softmax", since=12)
def of_lines(chance: Chance, op: str, opset: int) -> Row:
    shape = chance.shape(least=1, size=int(op == "ArgMax"))
    data = chance.array(shape, NUMBERS if op == "CumSum" else SINGLE)
    axis = chance.axis(data.shape)
    if op == "CumSum":
        attrs = chance.some(exclusive=1, reverse=1)
        return node(op, max(opset, 14), data, np.array(axis), **attrs)
    attrs = chance.some(keepdims=0, select_last_index=1) if op == "ArgMax" else {}
    return node(op, opset, data, axis=axis, **attrs)


# ---------------------------------------------------------------------------------- views, layout
@nodes("Reshape")
def of_reshapes(chance: Chance, op: str, opset: int) -> Row:
    data = chance.array(chance.shape(size=1))
    left, target = data.size, []
    while left > 1 or chance.may(0.3):
        target.append(chance.choice([part for part in range(1, left + 1) if left % part == 0]))
        left //= target[-1]
    if target and chance.may():
        target[chance.randrange(len(target))] = -1
    target = [0 if size == whole and chance.may() else size
              for size, whole in zip(target, data.shape, strict=False)] + target[data.ndim:]
    return node(op, opset, data, ints(target))


@nodes("Squeeze", "Unsqueeze", "Flatten", "Transpose", since=11)
def of_views(chance: Chance, op: str, opset: int) -> Row:
    data = chance.array(tuple(1 if chance.may(0.4) else chance.size() for _ in range(chance.randint(0, 4))))
    if op == "Flatten":
        return node(op, opset, data, axis=chance.randint(-data.ndim, data.ndim))
    if op == "Transpose":
        return node(op, opset, data, **chance.some(perm=chance.sample(range(data.ndim), data.ndim)))
    count = chance.randint(1, 3)
    axes = [axis for axis in chance.axes(data.shape) if data.shape[axis] == 1] if op == "Squeeze" else \
        chance.sample(range(data.ndim + count), count)
    if opset > 12 and axes:
        return node(op, opset, data, ints(axes))
    return node(op, min(opset, 12), data, **({"axes": axes} if axes or op != "Squeeze" else {}))


@nodes("Expand", "Tile", "ConstantOfShape", since=9)
def of_repeats(chance: Chance, op: str, opset: int) -> Row:
    source, target = chance.wide(2)
    if op == "ConstantOfShape":
        return node(op, opset, ints(target), **chance.some(value=chance.array((1,))))
    wanted = target if op == "Expand" else tuple(chance.randint(0, 3) for _ in source)
    return node(op, opset, chance.array(source), ints(wanted))


@nodes("Concat", "Split", since=11)
def of_parts(chance: Chance, op: str, opset: int) -> Row:
    whole = chance.array(chance.shape(least=1), NUMBERS[1:])
    axis, count = chance.axis(whole.shape), chance.randint(1, 4)
    parts = cut(chance, whole.shape[axis], count)
    if op == "Concat":
        pieces = np.split(whole, np.cumsum(parts)[:-1], axis)
        return node(op, opset, *pieces, axis=axis)
    if opset < 13:
        return node(op, opset, whole, outputs=count, axis=axis, split=parts)
    even = opset > 17 and chance.may() and whole.shape[axis] >= count * (count - 1)
    return node(op, opset, whole, None if even else ints(parts), outputs=count, axis=axis,
               **({"num_outputs": count} if even else {}))


# ---------------------------------------------------------------------------------- positions
@nodes("Slice", since=10)
def of_slices(chance: Chance, op: str, opset: int) -> Row:
    data = chance.array(chance.shape(least=1), NUMBERS)
    axes = chance.axes(data.shape)
    steps = [chance.choice((1, 1, 2, 3, -1, -2, -7)) for _ in axes]
    starts = [chance.choice((0, -1, chance.randint(-8, 8), FAR if step < 0 else -FAR)) for step in steps]
    ends = [chance.choice((chance.randint(-8, 8), -FAR if step < 0 else FAR)) for step in steps]
    return node(op, opset, data, *map(ints, (starts, ends, axes, steps)))


@nodes("Pad", since=11)
def of_pads(chance: Chance, op: str, opset: int) -> Row:
    data = chance.array(chance.shape(3, 1, 1), NUMBERS)
    modes = ["constant", "edge", "reflect", "wrap"][:4 if opset > 18 else 3]
    axes = chance.axes(data.shape) if opset > 17 and chance.may() else range(data.ndim)
    mode = chance.choice(modes)
    most = [data.shape[axis] - 1 for axis in (*axes, *axes)]
    pads = [chance.randint(-(mode == "constant" and size > 0), size) for size in most]
    named = None if isinstance(axes, range) else ints(axes)
    return node(op, opset, data, ints(pads), np.array(3, data.dtype), *[named] * (opset > 17), mode=mode)


@nodes("Gather", "GatherElements", "ScatterElements", since=11)
def of_positions(chance: Chance, op: str, opset: int) -> Row:
    data = chance.array(chance.shape(least=1, size=1), NUMBERS)
    axis = chance.axis(data.shape)
    shape = chance.shape(3) if op == "Gather" else tuple(chance.randint(0, size) for size in data.shape)
    indices = chance.array(shape, [np.int64], -data.shape[axis], data.shape[axis] - 1)
    updates = [chance.array(shape, [data.dtype])] if op == "ScatterElements" else []
    return node(op, opset, data, indices, *updates, axis=axis)


@nodes("TopK", "OneHot", "Range", "NonZero", "Compress", "Unique", "Trilu", since=14)
def of_choices(chance: Chance, op: str, opset: int) -> Row:
    data = chance.array(chance.shape(3, 2 if op == "Trilu" else 1), NUMBERS)
    axis = chance.axis(data.shape)
    if op == "TopK":
        count = ints([chance.randint(0, data.shape[axis])])
        return node(op, opset, data, count, axis=axis, outputs=2, **chance.some(largest=0))
    if op == "OneHot":
        return node(op, opset, data.astype(np.int64), np.array(chance.randint(1, 5)), ints([0, 1]), axis=axis)
    if op == "Range":
        kind = chance.choice((np.int64, np.int32, np.float32))
        bounds = chance.randint(-9, 20), chance.randint(-9, 20), chance.choice((1, 2, 3, -1, -4))
        return node(op, opset, *(np.array(bound, kind) for bound in bounds))
    if op == "Compress":
        return node(op, opset, data, chance.array((chance.randint(0, data.shape[axis]),), [bool]), axis=axis)
    if op == "Unique":
        return node(op, opset, data.astype(np.float32), outputs=4, **chance.some(sorted=0))
    attrs = chance.some(upper=0) if op == "Trilu" else {}
    return node(op, opset, data, *[np.array(chance.randint(-4, 4))] * (op == "Trilu"), **attrs)


# ---------------------------------------------------------------------------------- windows, products
@nodes("Conv", "MaxPool", "AveragePool", "ConvTranspose", since=11)
def of_windows(chance: Chance, op: str, opset: int) -> Row:
    ndim = chance.randint(1, 3)
    kernel, dilations = ([chance.randint(1, 3) for _ in range(ndim)] for _ in range(2))
    attrs = chance.some(strides=[chance.randint(1, 4) for _ in range(ndim)])
    if op in ("Conv", "MaxPool", "ConvTranspose"):
        attrs |= chance.some(dilations=dilations)
    attrs |= chance.choice(({}, {"auto_pad": chance.choice(("SAME_UPPER", "SAME_LOWER", "VALID"))},
                            {"pads": [chance.randint(0, k - 1) for k in (*kernel, *kernel)]}))
    data = chance.array((1, 2, *(chance.randint(8, 12) for _ in range(ndim))), SINGLE)
    if "Pool" in op:
        attrs |= chance.some(ceil_mode=1)
        return node(op, opset, data, kernel_shape=kernel, **attrs)
    return node(op, opset, data, chance.array((2, 2, *kernel), SINGLE), **attrs)


@nodes("MatMul", "Gemm", "Einsum", since=12)
def of_products(chance: Chance, op: str, opset: int) -> Row:
    m, k, n = chance.size(1), chance.size(1), chance.size(1)
    if op == "Gemm":
        bias = chance.array(chance.choice(((m, n), (n,), (m, 1), ())), SINGLE)
        return node(op, opset, chance.array((k, m), SINGLE), chance.array((k, n), SINGLE), bias, transA=1)
    a, b = chance.wide(2, 2)
    if op == "MatMul":
        return node(op, opset, chance.array((*a, m, k), SINGLE), chance.array((*b, k, n), SINGLE))
    equation = chance.choice(("...ij,...jk->...ik", "...ij,...jk", "...ij,...jk->ki...", "...ij,...jk->i"))
    a, b = (m,) * min(len(a), 1), (m,) * min(len(b), 1)
    if equation.endswith("->i"):
        a = b = ()
    x, y = chance.array((*a, m, k), SINGLE), chance.array((*b, k, n), SINGLE)
    return node(op, opset, x, y, equation=equation)


@nodes("Resize", since=13)
def of_sizes(chance: Chance, op: str, opset: int) -> Row:
    data = chance.array(chance.shape(4, 1, 1), SINGLE)
    axes = [axis % data.ndim for axis in chance.axes(data.shape, 1)] if opset > 17 and chance.may() else []
    count = len(axes) or data.ndim
    named = {"axes": axes} if axes else {}
    if chance.may():
        scales = [chance.choice((0.5, 1, 1.5, 2, 0.6, 1 / 3, 2.7)) for _ in range(count)]
        return node(op, opset, data, None, np.array(scales, np.float32), **named)
    policies = "stretch", "not_larger", "not_smaller"
    policy = {"keep_aspect_ratio_policy": chance.choice(policies)} if opset > 17 else {}
    return node(op, opset, data, None, None, ints([chance.size(1) for _ in range(count)]), **named, **policy)


