"""What every position reads at given sizes, clipped to every tensor on the way: hulls, or the exact sets."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from archcheck.analyses.rows import (
    GROWN,
    HULLS,
    SETS,
    Array,
    Reading,
    Rows,
    Unbound,
    reduced,
    rows_over,
    whole_number,
)
from archcheck.dims import Size
from archcheck.graph import Shape
from archcheck.ops._op import Along, Prefix, Reader, Spread


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
        size = whole_number(extent)
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
        return self.whole(whole_number(extent))._replace(by=by, reason=reason, bound=True)

    def alike(self, a: Rows, b: Rows) -> bool:
        """Whether two relations read the same."""
        return a is b or a.axes == b.axes and all(map(np.array_equal, a.data, b.data))

    def part(self, relation: Rows, axis: int, first: Size, count: Size, target: Shape) -> Rows:
        """``relation`` for the ``count`` positions of ``axis`` from ``first`` on; the others read nothing."""
        places = np.arange(whole_number(target[axis])) - whole_number(first)
        return self._without(relation, axis, (places < 0) | (places >= whole_number(count)), target)

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
                lo, hi = Reading(HULLS, everywhere, (count,), (size,)).through((reader,)).data
                self._empty[key] = lo > hi
            except Unbound:
                self._empty[key] = None
        return self._empty[key]

    def _without(self, relation: Rows, axis: int, outside: Array, target: Shape) -> Rows:
        """``relation`` with nothing at the positions ``outside`` of an axis that it does not move along."""
        if axis in relation.axes or rows_over((*relation.axes, axis), target) > GROWN:
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
            found = Reading(self.kind, relation, source, target).through(readers)
            self._known[key] = relation, found
        return self._known[key][1]

    def _along(self, relation: Rows, reader: Along | Spread | Prefix, count: Size, target: Shape) -> Rows:
        """The same where a window moves along the only axis, which many relations share."""
        axis = reader.axis
        reader = reader._replace(axis=0)
        key = id(relation.data), reader, count, target[axis]
        if key not in self._known:
            alone = relation._replace(axes=(0,))
            found = Reading(self.kind, alone, (count,), (target[axis],)).through((reader,))
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
        if len(axes) > max(len(a.axes), len(b.axes)) and rows_over(axes, target) > GROWN:
            a, b, bound = self._without_own(a, b), self._without_own(b, a), True
            axes = tuple(sorted({*a.axes, *b.axes}))
        data = tuple(np.asarray(unite(_spread(a, one, axes), _spread(b, other, axes)), one.dtype)
                     for unite, one, other in zip(self.kind.unite, a.data, b.data))
        found = Rows(axes, data, a.by or b.by or ("" if axes else by))
        proved = not bound or any(not one.bound and self.alike(one, found) for one in (a, b))
        return found if proved else found._replace(reason=reason, bound=True)

    def _without_own(self, a: Rows, b: Rows) -> Rows:
        """``a`` with what all positions read together along axes that ``b`` does not depend on."""
        own = tuple(place for place, axis in enumerate(a.axes) if axis not in b.axes)
        data = tuple(reduced(unite, array, own, nothing)
                     for unite, array, nothing in zip(self.kind.unite, a.data, self.kind.nothing))
        kept = tuple(axis for axis in a.axes if axis in b.axes)
        return a._replace(axes=kept, data=data, bound=a.bound or kept != a.axes)


def _renamed(relation: Rows, axes: tuple[int, ...]) -> Rows:
    if axes == relation.axes:
        return relation
    order = sorted(range(len(axes)), key=axes.__getitem__)
    return relation._replace(axes=tuple(sorted(axes)), data=tuple(a.transpose(order) for a in relation.data))


def _objects(items: Sequence[Any]) -> Array:
    found = np.empty(len(items), object)
    found[:] = items
    return found


def _spread(rows: Rows, array: Array, axes: tuple[int, ...]) -> Array:
    """``array`` with axes of one position where ``rows`` does not depend on one of ``axes``."""
    return array.reshape([array.shape[rows.axes.index(axis)] if axis in rows.axes else 1 for axis in axes])
