"""Slice: stretches of axes, whose length is exact for symbolic sizes and bounds."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from archcheck import values
from archcheck.dims import Size, ceildiv, divisor_of, least, maximum, minimum, most
from archcheck.graph import Element, Shape, TensorType
from archcheck.ops._op import FREE, Along, Effect, Picked, axis_of, op, require, result, unknown_size

FAR = (1 << 31) - 1
"""Bounds from here on mean the end of an axis, whatever its size (ONNX's INT_MAX)."""


class Cut(NamedTuple):
    """What is taken of an axis: ``length`` positions, ``step`` apart, from ``first`` on (None: not known)."""

    length: Size
    first: Size | None
    step: int = 1


@op("Slice", saves=())
def slice_1(data, *, starts, ends, axes=None):
    """``data[starts[0]:ends[0], …]`` along ``axes``, by default the first ones."""
    return _sliced(data, starts, ends, axes, None)


@op("Slice", since=10, saves=())
def slice_(data, starts, ends, axes=None, steps=None):
    """``data[starts[0]:ends[0]:steps[0], …]`` along ``axes``, by default the first ones. Bounds below 0
    count from the end, bounds outside are moved inside."""
    return _sliced(data, values.entries(starts, "where the slice starts"),
                   values.entries(ends, "where the slice ends"),
                   None if axes is None else values.numbers(axes, "the axes of the slice"),
                   None if steps is None else values.entries(steps, "the steps of the slice"))


def _sliced(data: TensorType, starts: Sequence[Element], ends: Sequence[Element],
            axes: Sequence[Element] | None, steps: Sequence[Element] | None) -> Effect:
    shape: Shape = data.shape  # type: ignore[assignment]
    axes = range(len(starts)) if axes is None else axes
    steps = (1,) * len(starts) if steps is None else steps
    counts = len(starts), len(ends), len(axes), len(steps)
    require(len({*counts}) == 1, "a slice has {} starts, {} ends, {} axes and {} steps", *counts)
    sizes, cuts = list(shape), {}
    for axis, start, end, step in zip(axes, starts, ends, steps):
        if axis is None:
            cuts = dict(enumerate(map(_unknown_cut, shape)))
            sizes = [cut.length for cut in cuts.values()]
            break
        axis = axis_of(axis, len(shape))
        cuts[axis] = cut = _cut(shape[axis], start, end, step)
        sizes[axis] = cut.length
    return result(tuple(sizes), data, value=None if data.value is None else _taken(data, cuts), cost=FREE,
                  reads=lambda _: (tuple(_reader(axis, cuts) for axis in range(len(shape))), *(None,) * 4))


def _reader(axis: int, cuts: Mapping[int, Cut]) -> Along | Picked:
    if axis not in cuts:
        return Along(axis)
    _, first, step = cuts[axis]
    return Picked(axis, None, single=True) if first is None else Along(axis, step, first)


def _taken(data: TensorType, cuts: Mapping[int, Cut]) -> values.Items | None:
    """The elements in the cuts, where all of them are known positions."""
    found = values.counted_items(data)
    if found is None:
        return None
    places = values.offsets(data.shape)  # type: ignore[arg-type]
    for axis, (length, first, step) in cuts.items():
        if not isinstance(length, int) or not isinstance(first, int):
            return None
        places[axis] = places[axis][first::step][:length]
    return values.some(values.at(found, places))


# ---------------------------------------------------------------------------------- one axis
def _cut(n: Size, start: Element, end: Element, step: Element) -> Cut:
    """``start:end:step`` of an axis of ``n``."""
    require(step != 0, "the step of a slice is 0")
    if start is None or end is None or type(step) is not int or (step < 0 and _is_far(end)):
        # stepping back to INT_MAX is to the far end for ONNX Runtime, to the near one in the specification
        return _unknown_cut(n)
    if type(n) is type(start) is type(end) is int:
        return _concrete(n, start, end, step)
    start = 0 if _is_far(-start) else start
    return _forward(n, start, end, step) if step > 0 else _backward(n, start, end, step)


def _is_far(bound: Size) -> bool:
    return isinstance(bound, int) and bound >= FAR


def _unknown_cut(n: Size) -> Cut:
    return Cut(0, 0) if n == 0 else Cut(unknown_size("the bounds of the slice are not known"), None)


def _concrete(n: int, start: int, end: int, step: int) -> Cut:
    if n == 0:
        return Cut(0, 0)
    if step > 0:
        first = min(start, n) if start >= 0 else max(start + n, 0)
        last = min(end, n) if end >= 0 else max(end + n, 0)
    else:
        first = min(start, n - 1) if start >= 0 else max(start + n, 0)
        last = min(end, n - 1) if end >= 0 else max(end + n, -1)
    return Cut(max(-((first - last) // step), 0), first, step)


def _is_negative(bound: Size, n: Size) -> bool | None:
    """Whether a bound counts from the end. One that is negative only where it would lie before the axis
    does not matter."""
    if least(bound) >= 0 or _lies_before(n - bound, n):
        return False
    return True if most(bound) < 0 else None


def _lies_before(short: Size, n: Size) -> bool:
    """Whether the bound ``n - short``, where it is negative, lies before an axis of ``n``: so do ``n - 1``,
    and ``n - 7`` where ``n`` is a multiple of 7."""
    if not isinstance(short, int):
        return most(short) <= 2
    step = max(divisor_of(n), 1)
    return (short - 1) // step * step * 2 <= short


def _place(bound: Size, n: Size) -> Size:
    """Where a bound lies, counted from the start of the axis, whatever its sign is at some sizes."""
    from_end = minimum(maximum(n + bound, 0), n * maximum(-bound, 0))  # none where the bound is not below 0
    return maximum(bound, from_end)


def _forward(n: Size, start: Size, end: Size, step: int) -> Cut:
    """With ``end`` inside the axis the length is ``end - start``, or at most ``end`` where ``start`` counts
    from the end and may lie before the axis."""
    from_end, to_end = _is_negative(start, n), _is_negative(end, n)
    if from_end is None or to_end is None:
        first, last = _place(start, n), n if _is_far(end) else minimum(_place(end, n), n)
        return Cut(maximum(ceildiv(last - first, step), 0), first, step)
    last = n + end if to_end else n if _is_far(end) else minimum(end, n)
    span = minimum(last - n - start, last) if from_end else last - maximum(start, 0)
    return Cut(maximum(ceildiv(span, step), 0), maximum(n + start if from_end else start, 0), step)


def _backward(n: Size, start: Size, end: Size, step: int) -> Cut:
    """From ``start`` down to the position after ``end``; an axis of size 0 has nothing, wherever they lie."""
    from_end, to_end = _is_negative(start, n), _is_negative(end, n)
    if from_end is None or to_end is None:
        return _unknown_cut(n)
    at_end = start == -1 or _is_far(start)
    first = n - 1 if at_end else maximum(n + start, 0) if from_end else minimum(maximum(start, 0), n - 1)
    if isinstance(end, int) and end <= -FAR:
        last: Size = -1
    else:
        last = maximum(n + end, -1) if to_end else minimum(maximum(end, 0), n - 1)
    length = maximum(ceildiv(first - last, -step), 0)
    return Cut(length if at_end else minimum(length, n), first, step)
