"""Reductions along axes, the places of extremes, and running sums."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from archcheck import elements, values
from archcheck.dims import prod
from archcheck.graph import Shape, TensorType
from archcheck.ops._op import (
    ALL,
    FREE,
    Along,
    Cost,
    Effect,
    Prefix,
    Reader,
    axis_of,
    op,
    rank,
    result,
    unknown_size,
)


class Reduction(NamedTuple):
    """What a reduction makes of the elements that meet: the ``function`` of their values (None: not followed;
    of integers it is ``whole``, if given) as ``dtype`` or theirs, and its cost per element and per result."""

    function: Callable[..., Any] | None
    per_input: Cost
    per_output: Cost = FREE
    whole: Callable[..., Any] | None = None
    dtype: str | None = None


# ---------------------------------------------------------------------------------- any reduction
def reduced(data: TensorType, axes: Iterable[int], keepdims: int, kind: Reduction) -> Effect:
    """``data`` reduced over ``axes``, which stay with one element each if ``keepdims`` is set."""
    shape: Any = data.shape
    gone = frozenset(axes)
    out = tuple([1 if axis in gone else size
                 for axis, size in enumerate(shape) if keepdims or axis not in gone])
    return result(out, kind.dtype or data, value=_grouped(data, gone, out, kind),
                  cost=lambda: kind.per_input.times(prod(shape)) + kind.per_output.times(prod(out)),
                  reads=lambda _: (_readers(len(shape), gone, keepdims), None))


def _readers(count: int, gone: frozenset[int], keepdims: int) -> tuple[Reader, ...]:
    places = [axis if keepdims else axis - sum(other < axis for other in gone) for axis in range(count)]
    return tuple(ALL if axis in gone else Along(place) for axis, place in enumerate(places))


def _grouped(data: TensorType, gone: frozenset[int], out: Shape, kind: Reduction) -> values.Items | None:
    """The reduction of each group of known elements that meet in one result."""
    found, shape = values.counted_items(data), data.shape or ()
    function = kind.whole if kind.whole and elements.is_integer(data.dtype) else kind.function
    if found is None or not function or values.count(out) is None:
        return None
    kept = [axis for axis in range(len(shape)) if axis not in gone]
    groups: dict[Any, list[Any]] = {index: [] for index in values.grid([shape[axis] for axis in kept])}
    for index, element in zip(values.grid(shape), found):
        groups[tuple([index[axis] for axis in kept])].append(element)
    dtype = kind.dtype or data.dtype
    return values.some(tuple([values.applied(function, group, dtype) for group in groups.values()]))


# ---------------------------------------------------------------------------------- the reductions
def _reduction(name: str, formula: str, kind: Reduction, saves: Sequence[str | int] = ("data", 0),
               by_input: int = 18, work: str = "") -> None:
    """Register a reduction whose axes are an attribute before opset ``by_input``, an input from then on."""
    def with_input(data, axes=None, *, keepdims=1, noop_with_empty_axes=0):
        chosen = _axes_told(data, axes, noop_with_empty_axes)
        if chosen is None:
            return _somehow(data, axes, keepdims, kind)
        return reduced(data, chosen, keepdims, kind)

    def with_attribute(data, *, axes=None, keepdims=1):
        return reduced(data, _positions(axes, data) if axes else range(rank(data)), keepdims, kind)

    with_input.__doc__ = with_attribute.__doc__ = f"``{formula}`` over ``axes``, over all if none are given."
    op(name, since=by_input, kind=work, saves=saves)(with_input)
    op(name, kind=work, saves=saves)(with_attribute)


def _positions(axes: Iterable[int], data: TensorType) -> list[int]:
    return [axis_of(axis, rank(data)) for axis in axes]


def _axes_told(data: TensorType, axes: TensorType | None, stay: int) -> Sequence[int] | None:
    """The axes to be reduced, or None where the input that tells them is not known."""
    every = range(rank(data))
    if axes is None or axes.shape == (0,):
        return () if stay else every
    found = values.items(axes)
    if found is None or not all(isinstance(axis, int) for axis in found):
        return every if axes.shape == (len(every),) else None
    return _positions(found, data)


def _somehow(data: TensorType, axes: TensorType, keepdims: int, kind: Reduction) -> Effect:
    """``data`` reduced over axes that are not known."""
    reason, shape = "the reduced axes", data.shape or ()
    left = shape if keepdims else shape[len(values.entries(axes, reason)):]
    sizes = [1 if keepdims and size == 1 else unknown_size(reason) for size in left]
    return result(sizes, data, cost=lambda: kind.per_input.times(prod(shape)))


_reduction("ReduceSum", "Σ x", Reduction(elements.total, Cost(add=1)), (), by_input=13, work="reduction")
_reduction("ReduceMean", "Σ x / n",
           Reduction(elements.mean, Cost(add=1), Cost(div=1), elements.whole_mean), (), work="mean")
_reduction("ReduceProd", "Π x", Reduction(elements.product, Cost(mul=1)))
_reduction("ReduceMax", "max x", Reduction(elements.largest, Cost(cmp=1)))
_reduction("ReduceMin", "min x", Reduction(elements.smallest, Cost(cmp=1)))
_reduction("ReduceL1", "Σ |x|", Reduction(None, Cost(add=1, cmp=1)), ("data",))
_reduction("ReduceL2", "√Σ x²", Reduction(None, Cost(add=1, mul=1), Cost(special=1)))
_reduction("ReduceSumSquare", "Σ x²", Reduction(None, Cost(add=1, mul=1)), ("data",))
_reduction("ReduceLogSum", "ln Σ x", Reduction(None, Cost(add=1), Cost(special=1)))
_reduction("ReduceLogSumExp", "ln Σ eˣ", Reduction(None, Cost(add=1, special=1), Cost(special=1)))


# ---------------------------------------------------------------------------------- where the extremes are
def _extreme(name: str, of: Callable[..., Any]) -> None:
    def operator(data, *, axis=0, keepdims=1, select_last_index=0):
        kind = Reduction(lambda *group: _place(group, of, select_last_index), Cost(cmp=1), dtype="int64")
        return reduced(data, [axis_of(axis, rank(data))], keepdims, kind)

    operator.__doc__ = f"Where the {of.__name__}imum along ``axis`` is, the first or the last of equal ones."
    op(name, dtypes=("int64",), kind="reduction")(operator)


def _place(group: tuple[Any, ...], of: Callable[..., Any], last: int) -> int | None:
    if any(number != number for number in group):
        return None
    return len(group) - 1 - group[::-1].index(of(group)) if last else group.index(of(group))


_extreme("ArgMax", max)
_extreme("ArgMin", min)


# ---------------------------------------------------------------------------------- running sums
def _running(name: str, sign: str, by: Callable[..., Any], neutral: int, unit: Cost) -> None:
    def operator(x, axis, *, exclusive=0, reverse=0):
        effect = result(x.shape, x, cost=lambda: unit.times(prod(x.shape)))
        found = values.scalar(axis)
        if not isinstance(found, int):
            return effect
        place = axis_of(found, rank(x))
        value = _accumulated(x, place, by, [elements.cast(neutral, x.dtype)] * exclusive, reverse)
        return effect._replace(outputs=(x._replace(value=value),), reads=lambda _: (tuple(
            Prefix(axis, bool(reverse), int(exclusive > 0)) if axis == place else Along(axis)
            for axis in range(rank(x))), None))

    operator.__doc__ = f"``{sign} x`` over all up to a position along ``axis``, or from it on (``reverse``)."
    op(name)(operator)


def _accumulated(x: TensorType, axis: int, by: Callable[..., Any], before: list[Any],
                 reverse: int) -> values.Items | None:
    """The known elements accumulated along ``axis``, with ``before`` in front of each line of them."""
    shape: Any = x.shape
    found = values.counted_items(x)
    if found is None:
        return None
    step, length = values.strides(shape)[axis], shape[axis]
    out = list(found)
    for start in [place for place in range(len(out)) if place // step % length == 0]:
        line = range(start, start + length * step, step)[::-1 if reverse else 1]
        sums = accumulate([found[place] for place in line], lambda a, b: values.applied(by, (a, b), x.dtype))
        for place, element in zip(line, [*before, *sums]):
            out[place] = element
    return values.some(tuple(out))


_running("CumSum", "Σ", elements.add, 0, Cost(add=1))
_running("CumProd", "Π", elements.mul, 1, Cost(mul=1))
