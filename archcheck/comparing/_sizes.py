"""Sizes of two networks held against each other: the new one's symbols stand for the old one's."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from archcheck.algebra.sizes import Atom
from archcheck.dims import Size, is_known, same, substitute, symbols
from archcheck.graph import Shape, TensorType


class Symbols(NamedTuple):
    """What the new network's symbols are called in the old one."""

    names: Mapping[Atom, Size]

    def size(self, size: Size) -> Size:
        """A size of the new network in the old one's symbols."""
        return substitute(size, self.names)

    def same(self, old: Size, new: Size) -> bool:
        """Whether two sizes are equal as far as both are known."""
        new = self.size(new)
        return old == new or not (is_known(old) or is_known(new)) or same(old, new) is True

    def same_shape(self, old: Shape | None, new: Shape | None) -> bool:
        """Whether two shapes are equal as far as both are known."""
        if old is None or new is None:
            return old is new
        return len(old) == len(new) and all(map(self.same, old, new))

    def same_type(self, old: TensorType, new: TensorType) -> bool:
        """Whether two types are equal as far as both are known."""
        return old.dtype == new.dtype and self.same_shape(old.shape, new.shape)


def symbols_of(pairs: Iterable[tuple[TensorType, TensorType]]) -> Symbols:
    """What the axes of inputs that are each other's say of their symbols: one name each, and no two the
    same."""
    names: dict[Atom, Size] = {}
    for old, new in pairs:
        for a, b in zip(old.shape or (), new.shape or ()):
            atom = _symbol(b)
            if atom and _symbol(a) and atom not in names and a not in names.values():
                names[atom] = a
    return Symbols(names if any(_symbol(size) != atom for atom, size in names.items()) else {})


def _symbol(size: Size) -> Atom | None:
    """The symbol that a size is, None where it is a number or a formula."""
    found = symbols(size)
    atom = next(iter(found)) if len(found) == 1 else None
    return atom if atom and repr(size) == atom.args[0] else None
