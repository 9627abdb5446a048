"""Padding: positions added before and after each axis, or cut off where their number is negative."""
from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from operator import mul
from typing import Any

from archcheck import elements, values
from archcheck.dims import Size, most
from archcheck.graph import Element, TensorType
from archcheck.ops._inputs import whole
from archcheck.ops._op import (
    FREE,
    Along,
    Effect,
    Picked,
    Reader,
    axis_of,
    op,
    ranked,
    require,
    result,
    unknown_size,
)


def padded(data: TensorType, pads: Sequence[Element], axes: Sequence[int], mode: str,
           filler: Element = None, constant: TensorType | None = None, inputs: int = 1) -> Effect:
    """The effect of padding ``axes`` by ``pads``: all starts, then all ends, None for one that is not known.
    ``filler`` is the element that is added by the mode ``constant``, if it is known."""
    source: Any = data.shape if ranked(data) else [unknown_size("the input's shape") for _ in pads[::2]]
    count = len(axes)
    require(len(pads) == 2 * count, "{} pads are given, but {} axes need {}", len(pads), count, 2 * count)
    shape: list[Size] = list(source)
    grown: list[tuple[Element, Element]] = [(0, 0)] * len(shape)
    for axis, start, end in zip(axes, pads, pads[count:]):
        shape[axis] = _grown(source[axis], start, end)
        grown[axis] = start, end
    value = _value(data, shape, [start for start, _ in grown], mode, filler)
    return result(shape, data, value=value, cost=FREE, reads=lambda _: (
        tuple(_reader(axis, *pads, mode) for axis, pads in enumerate(grown)),
        *(None, whole(constant), None)[:inputs - 1]))


def _grown(size: Size, start: Element, end: Element) -> Size:
    """``size`` with ``start`` and ``end`` more positions; they may be negative."""
    if start is None or end is None:
        return unknown_size("a pad")
    grown = size + start + end
    require(most(grown) >= 0, "an axis of {} cannot be padded by {} and {}", size, start, end)
    return grown  # type: ignore[no-any-return]


def _reader(axis: int, start: Element, end: Element, mode: str) -> Reader:
    """How a padded axis is read."""
    if start is None:
        return Picked(axis, None)
    if mode == "constant" or (start == 0 and end == 0):
        return Along(axis, start=-start)
    cut = end is None or most(start) < 0 or most(end) < 0  # what then stands at the border is not the input's
    return Picked(axis, None) if cut else Along(axis, start=-start, border=mode)


# ---------------------------------------------------------------------------------- values
def _value(data: TensorType, shape: Sequence[Size], before: Sequence[Element], mode: str,
           filler: Element) -> values.Items | None:
    """The elements of what ``data`` is padded to, where they are known."""
    if data.value is None or values.count(shape) is None or values.count(data.shape) is None:
        return None
    found: Any = values.items(data)
    sizes: Any = list(zip(before, data.shape, shape))  # type: ignore[arg-type]
    cut = any(start < 0 or grown < start + size for start, size, grown in sizes)
    if found is None or (cut and mode != "constant") or 0 in data.shape:  # type: ignore[operator]
        return None
    places = [[_mirrored(place - start, size, mode) for place in range(grown)]
              for start, size, grown in sizes]
    steps = values.strides(data.shape)  # type: ignore[arg-type]
    return values.some(tuple([filler if None in place else found[sum(map(mul, steps, place))]
                              for place in product(*places)]))


def _mirrored(place: int, size: int, mode: str) -> int | None:
    """Which of ``size`` positions stands at ``place``, before the first or behind the last; None for none."""
    if 0 <= place < size:
        return place
    if mode == "edge":
        return 0 if place < 0 else size - 1
    if mode == "wrap":
        return place % size
    period = max(2 * (size - 1), 1)
    return size - 1 - abs(size - 1 - place % period) if mode == "reflect" else None


# ---------------------------------------------------------------------------------- operators
@op("Pad", saves=())
def pad_1(data, *, paddings, mode="constant", value=0.0):
    """Every axis padded by constants."""
    return padded(data, paddings, range(len(paddings) // 2), mode, value)


@op("Pad", since=2, saves=())
def pad_2(data, *, pads, mode="constant", value=0.0):
    """Every axis padded by constants, or cropped."""
    return padded(data, pads, range(len(pads) // 2), mode, value)


@op("Pad", since=11, saves=())
def pad(data, pads, constant_value=None, axes=None, *, mode="constant"):
    """``axes``, or all, padded with a constant, by reflection, by the edge's values or all around."""
    if axes is None:
        chosen: Any = range(len(data.shape) if ranked(data) else len(values.entries(pads, "the pads")) // 2)
    else:
        ndim = len(data.shape)
        known = values.items(axes)
        if known is None or not all(isinstance(axis, int) for axis in known):  # any axis may be padded
            chosen, pads = range(ndim), pads._replace(value=None)
        else:
            chosen = [axis_of(axis, ndim) for axis in known]
    counted = pads._replace(shape=(2 * len(chosen),))
    constant = values.items(constant_value) or (None,)
    filler = elements.cast(0, data.dtype) if constant_value is None else constant[0]
    return padded(data, values.entries(counted, "the pads"), chosen, mode, filler, constant_value, inputs=4)
