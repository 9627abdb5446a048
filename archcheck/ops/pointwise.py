"""Element by element with numpy's broadcasting: what broadcasts with what, and arithmetic."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from archcheck import elements, values
from archcheck.dims import Size, bcast, least, prod, same
from archcheck.graph import Shape, TensorType
from archcheck.ops._op import (
    ANY,
    ONLY,
    STATISTIC,
    Along,
    Cost,
    Effect,
    Reader,
    Reads,
    Saves,
    alike,
    assume,
    axis_of,
    equal,
    op,
    rank,
    require,
)


def broadcast_shapes(first: Shape, *others: Shape) -> Shape:
    """The shape that all broadcast to: a `ShapeError` if there is none, assumptions if it is not decided."""
    for other in others:
        if other is not first and other != first:
            longer, shorter = (first, other) if len(first) >= len(other) else (other, first)
            head = len(longer) - len(shorter)
            first = longer[:head] + tuple(map(broadcast_size, longer[head:], shorter))
    return first


def broadcast_size(a: Size, b: Size) -> Size:
    """The size that ``a`` and ``b`` broadcast to: both if they are equal, the other one where one is 1."""
    if a is b or b == 1:
        return a
    if a == 1:
        return b
    verdict = alike(a, b)
    if verdict:
        return a if least(a) <= least(b) else b  # the formula without the clamp
    require(verdict is None or same(a, 1) is not False or same(b, 1) is not False,
            "sizes {} and {} of one axis do not broadcast: they must be equal, or one of them 1", a, b)
    assume("broadcast", a, b)
    return bcast(a, b)


def broadcast_to(shape: Shape, other: Shape, what: str) -> None:
    """``what``, of shape ``other``, must broadcast to ``shape``, which stays as it is."""
    wide = broadcast_shapes(shape, other)
    if wide != shape:
        require(len(wide) == len(shape), "{} has {} axes, more than {}", what, len(wide), len(shape))
        for size, found in zip(shape, wide):
            equal(size, found, "{} has {} elements along an axis of {}", what, found, size)


def broadcast_reads(output: Shape, *inputs: Shape, only: Reader = ONLY) -> Reads:
    """How an element-wise output reads each of its inputs. ``only`` reads the one position of a broadcast
    axis: a `STATISTIC` where that scales or chooses."""
    return tuple([broadcast_readers(output, shape, only) for shape in inputs])


def broadcast_readers(output: Shape, shape: Shape, only: Reader = ONLY) -> tuple[Reader, ...]:
    """How an element-wise output reads an input: the same position, or the only one of a broadcast axis."""
    head = len(output) - len(shape)
    return tuple(only if size == 1 and output[axis] != 1 else Along(axis)
                 for axis, size in enumerate(shape, head))


def same_position(shape: Shape) -> tuple[Reader, ...]:
    """Every axis is read where the output stands."""
    return tuple(map(Along, range(len(shape))))


def pointwise(function: Callable[..., Any] | None, kinds: Sequence[TensorType], dtype: str | None,
              only: Reader = ONLY, **per_element: int) -> Effect:
    """An element-wise operator: ``function`` of the broadcast ``kinds``, as ``dtype``. ``per_element`` is the
    `Cost` of one element of the output; without ``function`` its value is not followed."""
    shapes: list[Any] = [kind.shape for kind in kinds]
    shape = broadcast_shapes(*shapes)
    value = values.elementwise(function, kinds, shape, dtype) if function else None
    return Effect((TensorType(dtype, shape, value),),
                  lambda: Cost(**per_element).times(prod(shape)),
                  lambda _: broadcast_reads(shape, *shapes, only=only))


def each(x: TensorType, function: Callable[..., Any] | None = None, **per_element: int) -> Effect:
    """An element-wise operator of one operand: ``function`` of ``x``, as its dtype."""
    return each_as(x.dtype, x, function, **per_element)


def each_as(dtype: str | None, x: TensorType, function: Callable[..., Any] | None = None,
            **per_element: int) -> Effect:
    """An element-wise operator of one operand: ``function`` of ``x``, as ``dtype``."""
    shape: Any = x.shape
    value = None if x.value is None or not function else values.elementwise(function, (x,), shape, dtype)
    return Effect((TensorType(dtype, shape, value),), lambda: Cost(**per_element).times(prod(shape)),
                  lambda _: (same_position(shape),))


# ---------------------------------------------------------------------------------- two operands
def binary(name: str, formula: str, by: Callable[..., Any], dtype: str | None = None, *,
           whole: Callable[..., Any] | None = None, old: bool = True, only: Reader = ONLY,
           kind: str = "arithmetic", saves: Saves = (), **per_element: int) -> None:
    """Register an operator on two broadcast operands: ``by`` of their elements (``whole`` if those are
    integers), as ``dtype`` or theirs. Those that are ``old`` broadcast in their own way before opset 7;
    ``only`` is how they read the one position of a broadcast axis."""
    def operator(a, b):
        found = a.dtype or b.dtype
        function = whole if whole and elements.is_integer(found) else by
        return pointwise(function, (a, b), dtype or found, only, **per_element)

    def operator_before_7(a, b, *, axis=None, broadcast=0, consumed_inputs=None):
        if axis is None or not broadcast:
            return operator(a, b)
        behind = rank(a) - axis_of(axis, rank(a)) - rank(b)
        effect = operator(a, b._replace(shape=b.shape + (1,) * behind))
        return effect._replace(reads=lambda _: tuple(
            readers[:rank(kind)] for readers, kind in zip(effect.reads(0), (a, b))))

    operator.__doc__ = f"``{formula}``, element by element."
    operator_before_7.__doc__ = f"{operator.__doc__} The axes of ``b`` are those of ``a`` from ``axis`` on."
    dtypes = (dtype,) if dtype else ()
    op(name, since=7 if old else 1, dtypes=dtypes, kind=kind, saves=saves)(operator)
    if old:
        op(name, dtypes=dtypes, kind=kind, saves=saves)(operator_before_7)


binary("Add", "a + b", elements.add, kind="addition", add=1)
binary("Sub", "a - b", elements.sub, only=STATISTIC, add=1)
binary("Mul", "a · b", elements.mul, only=STATISTIC, kind="multiplication", saves={"a": "b", "b": "a"}, mul=1)
binary("Div", "a / b", elements.quotient, whole=elements.truncated, only=STATISTIC,
       saves={"a": "b", "b": ANY}, div=1)
binary("Pow", "a ^ b", elements.power, saves={"a": ANY, "b": ANY, 0: "b"}, special=1)


@op("Mod")
def mod(a, b, *, fmod=0):
    """``a mod b`` with the sign of ``b``, or with that of ``a`` if ``fmod`` is set."""
    return pointwise(elements.fmod if fmod else elements.remainder, (a, b), a.dtype or b.dtype, div=1)


# ---------------------------------------------------------------------------------- any number of operands
@op("Sum", kind="arithmetic", saves=())
def sum_(*data_0, consumed_inputs=None):
    """The sum of all inputs, element by element."""
    return pointwise(elements.total, data_0, data_0[0].dtype, add=len(data_0) - 1)


@op("Mean", saves=())
def mean(*data_0, consumed_inputs=None):
    """The arithmetic mean of all inputs, element by element."""
    return pointwise(elements.mean, data_0, data_0[0].dtype, add=len(data_0) - 1, div=1)


@op("Max", kind="arithmetic", saves=("data_0",))
def max_(*data_0, consumed_inputs=None):
    """The largest of all inputs, element by element."""
    return pointwise(elements.largest, data_0, data_0[0].dtype, cmp=len(data_0) - 1)


@op("Min", kind="arithmetic", saves=("data_0",))
def min_(*data_0, consumed_inputs=None):
    """The smallest of all inputs, element by element."""
    return pointwise(elements.smallest, data_0, data_0[0].dtype, cmp=len(data_0) - 1)


# ---------------------------------------------------------------------------------- limits
@op("Clip", since=11, kind="clip", saves=("input",))
def clip(input, min=None, max=None):
    """``min(max, max(min, input))``, element by element, with the limits that are given."""
    shape, dtype, output = input.shape, input.dtype, input
    for limit, extreme in ((min, elements.largest), (max, elements.smallest)):
        if limit is not None:
            output = output._replace(value=values.elementwise(extreme, (output, limit), shape, dtype))
    limits = Cost(cmp=(min is not None) + (max is not None))
    return Effect((output,), lambda: limits.times(prod(shape)),
                  lambda _: (same_position(shape), min and (), max and ()))


@op("Clip", kind="clip", saves=("input",))
def clip_before_11(input, *, min=None, max=None, consumed_inputs=None):
    """``min(max, max(min, input))``, element by element."""
    low, high = (None if limit is None else TensorType(input.dtype, (), (limit,)) for limit in (min, max))
    effect = clip(input, low, high)
    return effect._replace(reads=lambda _: (same_position(input.shape),))
