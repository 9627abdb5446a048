"""Sizes as the page works them out: a list of entries, each made of earlier ones.

An entry is a number (as text where a double cannot hold it), ``["s", k]`` for symbol ``k``, ``["?"]`` for
what is not known, ``["floor" | "min" | "max" | "bcast", entry, …]``, or a sum of products ``["+", [c, entry,
…], …]``.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archcheck.algebra.polynomials import terms_of
from archcheck.dims import Atom, Size

EXACT = 1 << 53
"""Doubles hold all whole numbers up to this."""


class Pool:
    """Gives sizes their places in the list; ``symbols`` are the names of those that can be set."""

    def __init__(self, symbols: Sequence[str]) -> None:
        self.symbols = {name: place for place, name in enumerate(symbols)}
        self.entries: list[Any] = []
        self._known: dict[Size | Atom, int] = {}

    def __call__(self, size: Size | None) -> int:
        """The place of ``size``; -1 for None."""
        if size is None:
            return -1
        if size not in self._known:
            self._known[size] = self._added(number(size) if isinstance(size, int) else self._sum(size))
        return self._known[size]

    def shape(self, shape: Sequence[Size] | None) -> list[int] | None:
        """The places of the sizes of a shape."""
        return None if shape is None else [self(size) for size in shape]

    def _sum(self, size: Size) -> list[Any]:
        return ["+", *([number(c), *map(self._atom, atoms)] for atoms, c in terms_of(size))]

    def _atom(self, atom: Atom) -> int:
        if atom not in self._known:
            self._known[atom] = self._added(self._entry(atom))
        return self._known[atom]

    def _entry(self, atom: Atom) -> list[Any]:
        if atom.kind == "symbol":
            place = None if atom.origin else self.symbols.get(atom.args[0])
            return ["?"] if place is None else ["s", place]
        return [atom.kind, *map(self, atom.args)]

    def _added(self, entry: Any) -> int:
        self.entries.append(entry)
        return len(self.entries) - 1


def number(value: int) -> int | str:
    """A whole number as JSON that loses nothing."""
    return value if abs(value) <= EXACT else str(value)
