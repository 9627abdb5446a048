"""What every position reads at given sizes, clipped to every tensor on the way: hulls, or the exact sets.

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


class Reach:
    """The algebra of rows. ``exact`` keeps sets instead of hulls."""

    def __init__(self, exact: bool = False) -> None:
        self.exact = exact
        self.kind = SETS if exact else HULLS
        self._known: dict[object, tuple[object, Rows]] = {}
        self._identities: dict[int, tuple[Array, ...]] = {}
        self._empty: dict[object, Array | None] = {}

    def identity(self, axis: int, extent: Size) -> Rows:
        """Each position of ``axis`` reads itself."""
        size = _count(extent)
        if size not in self._identities:
            places = np.arange(size)
            self._identities[size] = (_objects([1 << place for place in range(size)]),) if self.exact else \
                (places, places)
        return Rows((axis,), self._identities[size])

    def whole(self, extent: int) -> Rows:
        """Every position reads all of an axis of ``extent`` positions."""
        ends = [(1 << extent) - 1] if self.exact else [0, extent - 1]
        return Rows((), tuple(np.array(end, object if self.exact else int) for end in ends))

    def unknown(self, reason: str, by: str, extent: Size) -> Rows:
        """The whole axis, since no more is known for a ``reason``."""
        return self.whole(_count(extent))._replace(by=by, reason=reason, bound=True)

    def alike(self, a: Rows, b: Rows) -> bool:
        """Whether two relations read the same."""
        return a is b or a.axes == b.axes and all(map(np.array_equal, a.data, b.data))

    def part(self, relation: Rows, axis: int, first: Size, count: Size, target: Shape) -> Rows:
        """``relation`` for the ``count`` positions of ``axis`` from ``first`` on; the others read nothing."""
        places = np.arange(_count(target[axis])) - _count(first)
        return self._without(relation, axis, (places < 0) | (places >= _count(count)), target)

    def moves(self, relation: Rows) -> bool:
        """Whether positions of the value read differently."""
        return bool(relation.axes)

    def emptied(self, relations: tuple[Rows, ...], readers: Sequence[Reader], source: Shape,
                target: Shape) -> tuple[Rows, ...]:
        """``relations`` with nothing at positions that read nothing, such as those of a padding, along axes
        along which none of them moves."""
        moving = {axis for relation in relations for axis in relation.axes}
        for count, reader in zip(source, readers):
            if isinstance(reader, (Along, Spread, Prefix)) and reader.axis not in moving and relations:
                outside = self._outside(reader._replace(axis=0), count, target[reader.axis])
                if outside is not None and outside.any():
                    relations = (self._without(relations[0], reader.axis, outside, target), *relations[1:])
        return relations

    def _outside(self, reader: Along | Spread | Prefix, count: Size, size: Size) -> Array | None:
        """Which of ``size`` positions read none of ``count``; None where those are no numbers."""
        if not isinstance(count, int) or not isinstance(size, int) or reader[1:] == (1, 0, 1, 1, ""):
            return None
        key = reader, count, size
        if key not in self._empty:
            everywhere = Rows((0,), (np.zeros(count, int), np.zeros(count, int)))
            try:
                lo, hi = _Reading(HULLS, everywhere, (count,), (size,)).through((reader,)).data
                self._empty[key] = lo > hi
            except Unbound:
                self._empty[key] = None
        return self._empty[key]

    def _without(self, relation: Rows, axis: int, outside: Array, target: Shape) -> Rows:
        """``relation`` with nothing at the positions ``outside`` of an axis that it does not move along."""
        if axis in relation.axes or _rows((*relation.axes, axis), target) > GROWN:
            return relation
        axes = tuple(sorted((*relation.axes, axis)))
        place, data = axes.index(axis), []
        for array, nothing in zip(relation.data, self.kind.nothing):
            wide = np.repeat(np.expand_dims(array, place), len(outside), axis=place)
            wide[(slice(None),) * place + (outside,)] = nothing
            data.append(wide)
        return relation._replace(axes=axes, data=tuple(data))

    def through(self, relation: Rows, readers: Sequence[Reader], source: Shape, target: Shape, extent: Size,
                by: str) -> Rows:
        """``relation``, of a tensor of shape ``source``, as the value ``by`` of shape ``target`` has it."""
        if not relation.axes:
            return relation
        try:
            found = self._through(relation, readers, source, target)
        except Unbound as size:
            return self.unknown(f"the size {size} is not known", by, extent)
        return found if found.axes or found.by else found._replace(by=by)

    def _through(self, relation: Rows, readers: Sequence[Reader], source: Shape, target: Shape) -> Rows:
        used = tuple([readers[axis] for axis in relation.axes])
        same = [reader.axis for axis, reader in zip(relation.axes, used) if isinstance(reader, Along)
                and reader[1:] == (1, 0, 1, 1, "") and source[axis] == target[reader.axis]]
        if len(same) == len(used):
            return _renamed(relation, tuple(same))
        if len(used) == 1 and isinstance(used[0], (Along, Spread, Prefix)):
            return self._along(relation, used[0], source[relation.axes[0]], target)
        key = id(relation), used, source, target
        if key not in self._known:
            found = _Reading(self.kind, relation, source, target).through(readers)
            self._known[key] = relation, found
        return self._known[key][1]

    def _along(self, relation: Rows, reader: Along | Spread | Prefix, count: Size, target: Shape) -> Rows:
        """The same where a window moves along the only axis, which many relations share."""
        axis = reader.axis
        reader = reader._replace(axis=0)
        key = id(relation.data), reader, count, target[axis]
        if key not in self._known:
            alone = relation._replace(axes=(0,))
            found = _Reading(self.kind, alone, (count,), (target[axis],)).through((reader,))
            self._known[key] = relation.data, found
        return relation._replace(axes=(axis,), data=self._known[key][1].data)

    def join(self, a: Rows, b: Rows, target: Shape, extent: Size, by: str, parts: int | None = None) -> Rows:
        """What either of two branches reads."""
        if self.alike(a, b):
            return a
        try:
            return self._union(a, b, target, by)
        except Unbound as size:
            return self.unknown(f"the size {size} is not known", by, extent)

    def _union(self, a: Rows, b: Rows, target: Shape, by: str) -> Rows:
        axes = tuple(sorted({*a.axes, *b.axes}))
        bound, reason = a.bound or b.bound, a.reason or b.reason
        if len(axes) > max(len(a.axes), len(b.axes)) and _rows(axes, target) > GROWN:
            a, b, bound = self._without_own(a, b), self._without_own(b, a), True
            axes = tuple(sorted({*a.axes, *b.axes}))
        data = tuple(unite(*(_spread(rows, array, axes) for rows, array in ((a, one), (b, other))))
                     for unite, one, other in zip(self.kind.unite, a.data, b.data))
        found = Rows(axes, data, a.by or b.by or ("" if axes else by))
        proved = not bound or any(not one.bound and self.alike(one, found) for one in (a, b))
        return found if proved else found._replace(reason=reason, bound=True)

    def _without_own(self, a: Rows, b: Rows) -> Rows:
        """``a`` with what all positions read together along axes that ``b`` does not depend on."""
        own = tuple(place for place, axis in enumerate(a.axes) if axis not in b.axes)
        data = tuple(_reduced(unite, array, own, nothing)
                     for unite, array, nothing in zip(self.kind.unite, a.data, self.kind.nothing))
        kept = tuple(axis for axis in a.axes if axis in b.axes)
        return a._replace(axes=kept, data=data, bound=a.bound or kept != a.axes)


def _renamed(relation: Rows, axes: tuple[int, ...]) -> Rows:
    if axes == relation.axes:
        return relation
    order = sorted(range(len(axes)), key=axes.__getitem__)
    return relation._replace(axes=tuple(sorted(axes)), data=tuple(a.transpose(order) for a in relation.data))


def _count(size: Size) -> int:
    if not isinstance(size, int):
        raise Unbound(size)
    return size


class Unbound(Exception):
    """A size is no number."""


def _objects(items: Sequence[Any]) -> Array:
    found = np.empty(len(items), object)
    found[:] = items
    return found


def _rows(axes: Sequence[int], target: Shape) -> int:
    return reduce(lambda rows, axis: rows * _count(target[axis]), axes, 1)


def _spread(rows: Rows, array: Array, axes: tuple[int, ...]) -> Array:
    """``array`` with axes of one position where ``rows`` does not depend on one of ``axes``."""
    return array.reshape([array.shape[rows.axes.index(axis)] if axis in rows.axes else 1 for axis in axes])


def _reduced(unite: Any, array: Array, places: tuple[int, ...], nothing: Any) -> Array:
    for place in sorted(places, reverse=True):
        array = unite.reduce(array, axis=place, initial=nothing, dtype=array.dtype)
    return np.asarray(array, array.dtype if hasattr(array, "dtype") else object)


# ------------------------------------------------------------------------------------------------ reading
class _Reading:
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
            axes.append(self._along(place, readers[axis], _count(self.source[axis])))
        gone = tuple(place for place, axis in enumerate(axes) if axis is None)
        self._each(lambda unite, nothing, array: _reduced(unite, array, gone, nothing))
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
        size = _count(self.target[reader.axis])
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
        start, taps = _count(reader.start), _count(reader.taps)
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
        if _rows(axes, self.target) > MOST_ROWS:
            self.bound = True
            every = tuple(range(len(kept)))
            self._each(lambda unite, nothing, array: _reduced(unite, array, every, nothing))
            return (), self.data
        grid = dict(zip(axes, np.ix_(*(np.arange(_count(self.target[axis])) for axis in axes))))
        places = tuple(grid[axis] if isinstance(axis, int) else _position(axis, grid) for axis in kept)
        return axes, tuple(np.broadcast_to(array[places], [_count(self.target[axis]) for axis in axes])
                           for array in self.data)


def _position(packed: Packed, grid: dict[int, Array]) -> Array:
    """The position on an axis that the digits of other axes make."""
    total: Any = 0
    for axis, divisor, size, weight in packed.parts:
        total = total + grid[axis] // _count(divisor) % _count(size) * _count(weight)
    return np.asarray(total)


def _padded(reader: Along, size: int, count: int) -> Array:
    """Which of ``count`` positions stands at each of ``size`` positions of a padded axis."""
    before = -_count(reader.start)
    pads: Any = (before, size - count - before)
    mode: Any = reader.border
    return np.asarray(np.pad(np.arange(count), pads, mode=mode))
