"""Rows of relations: what every position of a value reads, and how a reader of the value reads.

A relation has a row for each position of the value's axes that it depends on. A row is the first and the last
position read of the input's axis, or the set of them as the bits of an integer.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, NamedTuple

import numpy as np

from archcheck.dims import Size
from archcheck.graph import Shape
from archcheck.ops._op import All, Along, BothWays, Packed, Picked, Prefix, Reader, Spread

Array = np.ndarray[Any, Any]
NOTHING, FAR = -1, 1 << 30
"""The last and the first position of a row that reads nothing."""

MOST_ROWS = 1 << 20
"""The most rows of a relation; what would take more is read by all positions alike."""

GROWN = 1 << 17
"""The most rows that a relation may get where branches that depend on other axes meet."""


class Rows(NamedTuple):
    """The rows of a relation over the ``axes`` of a value, which are its arrays' axes in that order: ``lo``
    and ``hi`` of hulls, or ``bits`` of sets. ``by``, ``reason`` and ``bound`` are as in `phases.Relation`."""

    axes: tuple[int, ...]
    data: tuple[Array, ...]
    by: str = ""
    reason: str = ""
    bound: bool = False


class Kind(NamedTuple):
    """Hulls or sets: for each array of a relation what nothing is, and how rows are united."""

    nothing: tuple[Any, ...]
    unite: tuple[Any, ...]


HULLS = Kind((FAR, NOTHING), (np.minimum, np.maximum))
SETS = Kind((0,), (np.bitwise_or,))


def whole_number(size: Size) -> int:
    """``size``, which must be a number: else `Unbound` is raised."""
    if not isinstance(size, int):
        raise Unbound(size)
    return size


class Unbound(Exception):
    """A size is no number."""


def rows_over(axes: Sequence[int], target: Shape) -> int:
    """How many rows a relation over ``axes`` of a value of shape ``target`` has."""
    return reduce(lambda rows, axis: rows * whole_number(target[axis]), axes, 1)


def reduced(unite: Any, array: Array, places: tuple[int, ...], nothing: Any) -> Array:
    """The rows along the array's axes ``places`` united; ``nothing`` where there are none."""
    for place in sorted(places, reverse=True):
        array = unite.reduce(array, axis=place, initial=nothing, dtype=array.dtype)
    return np.asarray(array, array.dtype if hasattr(array, "dtype") else object)


# ------------------------------------------------------------------------------------------------ reading
class Reading:
    """One relation read through the readers of one node."""

    def __init__(self, kind: Kind, relation: Rows, source: Shape, target: Shape) -> None:
        self.kind, self.relation, self.source, self.target = kind, relation, source, target
        self.bound, self.reason = relation.bound, relation.reason
        self.data = relation.data
        self.more: list[int] = []

    def through(self, readers: Sequence[Reader]) -> Rows:
        """The relation as the readers have it."""
        axes: list[int | Packed | None] = []
        for place, axis in enumerate(self.relation.axes):
            axes.append(self._along(place, readers[axis], whole_number(self.source[axis])))
        gone = tuple(place for place, axis in enumerate(axes) if axis is None)
        self._each(lambda unite, nothing, array: reduced(unite, array, gone, nothing))
        kept = [*(axis for axis in axes if axis is not None), *self.more]
        return Rows(*self._placed(kept), self.relation.by, self.reason, self.bound)

    def _each(self, function: Callable[[Any, Any, Array], Array]) -> None:
        self.data = tuple(function(unite, nothing, array) for unite, nothing, array
                          in zip(self.kind.unite, self.kind.nothing, self.data))

    def _along(self, place: int, reader: Reader, count: int) -> int | Packed | None:
        """Make the rows of one axis those of the output's positions; says where they belong, None for an axis
        that is read as a whole."""
        if isinstance(reader, All):
            return None
        if isinstance(reader, Picked):
            return self._picked(place, reader, count)
        if isinstance(reader, Packed):
            return reader
        size = whole_number(self.target[reader.axis])
        if isinstance(reader, BothWays):
            self._both_ways(place, reader, size, count)
        elif isinstance(reader, Prefix):
            self._prefix(place, reader, size, count)
        elif isinstance(reader, Spread):
            steps, phases = np.divmod(np.arange(size), len(reader.first))
            first, last = np.array(reader.first)[phases], np.array(reader.last)[phases]
            moved = steps * reader.stride
            self._steps(place, first + moved, last + moved, reader.step, count)
        elif reader.border:
            self._take(place, _padded(reader, size, count))
        else:
            self._window(place, reader, size, count)
        return reader.axis

    def _picked(self, place: int, reader: Picked, count: int) -> int | None:
        indices = reader.indices
        known = indices is not None and all(isinstance(index, int) for index in indices)
        if not known:
            self.bound, self.reason = True, self.reason or "the data decide which positions are read"
            return None
        self._take(place, np.array(indices, int))
        return reader.axis

    def _take(self, place: int, indices: Array) -> None:
        """The rows at ``indices``; nothing where they are outside."""
        def taken(unite: Any, nothing: Any, array: Array) -> Array:
            count = array.shape[place]
            inside = (indices >= 0) & (indices < count)
            found = np.take(array, np.where(inside, indices, 0), axis=place) if count else \
                np.full((*array.shape[:place], len(indices), *array.shape[place + 1:]), nothing, array.dtype)
            if not inside.all():
                found[(slice(None),) * place + (~inside,)] = nothing
            return found
        self._each(taken)

    def _prefix(self, place: int, reader: Prefix, size: int, count: int) -> None:
        def gathered(unite: Any, nothing: Any, array: Array) -> Array:
            turned = np.flip(array, place) if reader.reverse else array
            found = unite.accumulate(turned, axis=place)
            return np.flip(found, place) if reader.reverse else found
        self._each(gathered)
        if size != count or reader.gap:
            gap = -reader.gap if reader.reverse else reader.gap
            self._take(place, np.minimum(np.arange(size), count - 1) - gap)

    def _both_ways(self, place: int, reader: BothWays, size: int, count: int) -> None:
        """The rows up to each position, and behind them along a new axis those from it on."""
        whole, ways = self.data, []
        for reverse in (False, True):
            self.data = whole
            self._prefix(place, Prefix(reader.axis, reverse), size, count)
            ways.append(self.data)
        self.data = tuple(np.stack(pair, axis=-1) for pair in zip(*ways))
        self.more.append(reader.direction)

    def _window(self, place: int, reader: Along, size: int, count: int) -> None:
        start, taps = whole_number(reader.start), whole_number(reader.taps)
        first = np.arange(size) * reader.stride + start
        self._steps(place, first, first + (taps - 1) * reader.dilation, reader.dilation, count)

    def _steps(self, place: int, first: Array, last: Array, step: int, count: int) -> None:
        """The rows ``first, first + step … last`` together."""
        if step == 1:
            self._range(place, first, last, count)
            return
        whole = self.data
        self._take(place, np.where(first <= last, first, -1))
        united = self.data
        for moved in range(step, int(np.max(last - first, initial=0)) + 1, step):
            self.data = whole
            self._take(place, np.where(first + moved <= last, first + moved, -1))
            united = self._united(united, self.data)
        self.data = united

    def _range(self, place: int, first: Array, last: Array, count: int) -> None:
        """The rows ``first … last`` together, by unions of 1, 2, 4, … rows."""
        first, last = np.maximum(first, 0), np.minimum(last, count - 1)
        empty = first > last
        if self._rises(place):
            lo, hi = self.data
            self.data = (np.where(empty, FAR, lo.take(np.where(empty, 0, first))),
                         np.where(empty, NOTHING, hi.take(np.where(empty, 0, last))))
            return
        lengths = np.where(empty, 1, last - first + 1)
        if lengths.size == 0 or lengths.max() == 1:
            self._take(place, np.where(empty, -1, first))
            return
        levels = [self.data]
        while 1 << len(levels) <= lengths.max():
            levels.append(self._doubled(levels[-1], place, 1 << len(levels) - 1))
        exponents = np.frexp(lengths)[1] - 1
        found = None
        for level in np.unique(exponents).tolist():
            chosen = (exponents == level) & ~empty
            for ends in (first, last - (1 << level) + 1):
                self.data = levels[level]
                self._take(place, np.where(chosen, ends, -1))
                found = self.data if found is None else self._united(found, self.data)
        self.data = found or self.data

    def _rises(self, place: int) -> bool:
        """Whether hulls of one axis begin and end ever later, so that those of neighbours end where the first
        begins and the last ends."""
        if self.kind is not HULLS or self.data[0].ndim != 1 or self.data[0].size == 0:
            return False
        lo, hi = self.data
        return bool(lo[-1] < FAR and hi[0] > NOTHING
                    and (lo[1:] >= lo[:-1]).all() and (hi[1:] >= hi[:-1]).all())

    def _united(self, a: tuple[Array, ...], b: tuple[Array, ...]) -> tuple[Array, ...]:
        return tuple(unite(one, other) for unite, one, other in zip(self.kind.unite, a, b))

    def _doubled(self, data: tuple[Array, ...], place: int, step: int) -> tuple[Array, ...]:
        """Unions of twice as many rows; shorter at the end of the axis."""
        self.data = data
        count = data[0].shape[place]
        self._take(place, np.arange(count) + step)
        return self._united(data, self.data)

    def _placed(self, kept: list[int | Packed]) -> tuple[tuple[int, ...], tuple[Array, ...]]:
        """The rows over the output's axes: digits put together, axes that come together made one."""
        plain = [axis for axis in kept if isinstance(axis, int)]
        axes = tuple(sorted({*plain, *(part[0] for packed in kept if isinstance(packed, Packed)
                                       for part in packed.parts)}))
        if len(plain) == len(kept) == len(axes):
            order = [plain.index(axis) for axis in axes]
            return axes, tuple(array.transpose(order) for array in self.data)
        if rows_over(axes, self.target) > MOST_ROWS:
            self.bound = True
            every = tuple(range(len(kept)))
            self._each(lambda unite, nothing, array: reduced(unite, array, every, nothing))
            return (), self.data
        grid = dict(zip(axes, np.ix_(*(np.arange(whole_number(self.target[axis])) for axis in axes))))
        places = tuple(grid[axis] if isinstance(axis, int) else _position(axis, grid) for axis in kept)
        return axes, tuple(np.broadcast_to(array[places], [whole_number(self.target[axis]) for axis in axes])
                           for array in self.data)


def _position(packed: Packed, grid: dict[int, Array]) -> Array:
    """The position on an axis that the digits of other axes make."""
    total: Any = 0
    for axis, divisor, size, weight in packed.parts:
        total = total + grid[axis] // whole_number(divisor) % whole_number(size) * whole_number(weight)
    return np.asarray(total)


def _padded(reader: Along, size: int, count: int) -> Array:
    """Which of ``count`` positions stands at each of ``size`` positions of a padded axis."""
    before = -whole_number(reader.start)
    pads: Any = (before, size - count - before)
    mode: Any = reader.border
    return np.asarray(np.pad(np.arange(count), pads, mode=mode))
