"""Sizes of axes: plain ``int``, or ``Dim``, a canonical symbolic integer.

A ``Dim`` is a polynomial with integer coefficients over symbols and over the atoms floor division, minimum,
maximum and ``bcast`` (numpy's broadcasting of two sizes). It is interned: equal forms are the same object, so
``==`` is identity. Ceiling and remainder need no atoms of their own, ``⌈e/d⌉`` being ``⌊(e + d - 1)/d⌋`` and
``e mod d`` being ``e - d·⌊e/d⌋``, which makes ``(7 - H % 7) % 7 + H`` and ``7·⌈H/7⌉`` the same object. A size
that is constant is an ``int``. `archcheck.algebra` does the work.

A symbol stands for any size an axis may have, zero included; what is divided by is taken not to be zero.
There is no ``<`` and no truth value: ask `same` or `bounds`. Formulas that would grow without end (hostile
files) become unknown sizes, which print as ``?``.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from math import gcd, inf
from math import prod as _prod
from operator import floordiv
from typing import Any

from archcheck.algebra.extremes import bcast, maximum, minimum
from archcheck.algebra.intervals import Bound, bounds_of
from archcheck.algebra.memory import remembered
from archcheck.algebra.polynomials import constant_of, divisor_of, terms_of
from archcheck.algebra.sizes import Atom, Dim, Size, atom_of, atom_size, polynomial

__all__ = ["Atom", "Bound", "Dim", "Size", "atom_size", "atoms_of", "bcast", "bounds", "ceildiv", "counted",
           "divisor_of", "evaluate", "is_known", "least", "maximum", "minimum", "most", "prod", "same",
           "substitute", "symbol", "symbols", "to_sympy", "total", "unknown", "vanishes"]
COUNTED = "depends on the data"  # the origin of a symbol that is a count
MAX_TOTAL = 4000  # the terms of a sum over a whole network


# ----------------------------------------------------------------------------------------------- making sizes
def symbol(name: str) -> Dim:
    """The symbolic size called ``name``: any integer from 0 up."""
    return atom_size(atom_of("symbol", (name,)))


def unknown(place: str, reason: str = "not known") -> Dim:
    """A size that is not known; ``place`` names it apart from all others, ``reason`` tells people why."""
    return atom_size(atom_of("symbol", (place,), reason))


def counted(place: str, limit: Size | None = None) -> Dim:
    """A size that the data decide, at most ``limit``: the number of non-zero elements, of boxes kept, …"""
    return atom_size(atom_of("symbol", (place,), COUNTED, limit))


def ceildiv(a: Size, b: Size) -> Size:
    """``⌈a / b⌉``."""
    return -(-a // b)


def prod(sizes: Iterable[Size]) -> Size:
    """The product of ``sizes``; 1 for none."""
    return _prod(sizes)


def total(sizes: Iterable[Size]) -> Size:
    """The sum of ``sizes``, worked out at once: of a network's costs, say, which are many and often equal."""
    counted: dict[Size, int] = {}
    for size in sizes:
        if size != 0:
            counted[size] = counted.get(size, 0) + 1
    if [*counted.values()] == [1]:
        return next(iter(counted))
    poly: dict[tuple[Atom, ...], int] = {}
    for size, times in counted.items():
        for atoms, c in terms_of(size):
            poly[atoms] = poly.get(atoms, 0) + c * times
    return polynomial(poly, most=MAX_TOTAL)


# ----------------------------------------------------------------------------------------- asking about sizes
def bounds(size: Size) -> tuple[Bound, Bound]:
    """The smallest and the largest number ``size`` can be, both included; None where there is no bound."""
    return bounds_of(size)


def least(size: Size) -> int | float:
    """The smallest number ``size`` can be."""
    lo = bounds_of(size)[0]
    return -inf if lo is None else lo


def most(size: Size) -> int | float:
    """The largest number ``size`` can be."""
    hi = bounds_of(size)[1]
    return inf if hi is None else hi


def same(a: Size, b: Size) -> bool | None:
    """Whether two sizes are equal for all values of their symbols (True) or none (False); None: undecided."""
    if a is b:
        return True
    if isinstance(a, int) and isinstance(b, int):
        return a == b
    return _same(a, b)


@remembered
def _same(a: Size, b: Size) -> bool | None:
    return vanishes(a - b)


def vanishes(difference: Size) -> bool | None:
    """Whether a size is zero for all values of its symbols (True) or for none (False); None: undecided."""
    verdict = vanishes_at_sight(difference)
    if verdict is None and any(atom.kind != "symbol" for atom in atoms_of(difference)):
        from archcheck.residues import vanishes_by_residues
        return vanishes_by_residues(difference)  # type: ignore[arg-type]
    return verdict


def vanishes_at_sight(difference: Size) -> bool | None:
    """The same, as far as bounds and divisibility tell: neither ``H + 1`` nor ``2*H - 5`` is ever zero."""
    lo, hi = bounds_of(difference)
    if lo == hi == 0:
        return True
    if lo is not None and lo > 0 or hi is not None and hi < 0:
        return False
    content = gcd(*(c for atoms, c in terms_of(difference) if atoms))
    return False if constant_of(difference) % content else None


def atoms_of(size: Size) -> set[Atom]:
    """The atoms of ``size`` at its top level."""
    return {atom for atoms, _ in terms_of(size) for atom in atoms}


def symbols(size: Size) -> frozenset[Atom]:
    """Every symbol ``size`` depends on, nested ones included."""
    return frozenset() if isinstance(size, int) else size.symbols


def is_known(size: Size | None) -> bool:
    """Whether ``size`` is a number or a formula over named symbols, nothing unknown or left to the data."""
    return size is not None and not any(atom.origin for atom in symbols(size))


# ----------------------------------------------------------------------------------------- putting numbers in
def evaluate(size: Size | None, values: Mapping[str, int]) -> Size | None:
    """``size`` with ``values`` put in for the symbols: an int when every symbol is bound; None for None,
    and where the formula divides by zero."""
    if size is None or isinstance(size, int):
        return size
    try:
        found = {atom: values[atom.args[0]] for atom in size.symbols if atom.args[0] in values}
        return substitute(size, found)
    except ZeroDivisionError:
        return None


def substitute(size: Size, values: Mapping[Atom, Size]) -> Size:
    """``size`` with the symbols in ``values`` replaced by other sizes."""
    if isinstance(size, int) or not values:
        return size
    total: Size = 0
    for atoms, c in size.terms:
        total = total + prod([c, *(_substituted(atom, values) for atom in atoms)])
    return total


def _substituted(atom: Atom, values: Mapping[Atom, Size]) -> Size:
    if atom.kind == "symbol":
        return values[atom] if atom in values else atom_size(atom)
    return reduce(_FUNCTIONS[atom.kind], [substitute(arg, values) for arg in atom.args])


_FUNCTIONS: dict[str, Callable[[Size, Size], Size]] = {
    "floor": floordiv, "min": minimum, "max": maximum, "bcast": bcast}


def to_sympy(size: Size) -> Any:
    """``size`` as a sympy expression over non-negative integer symbols."""
    from archcheck.printing import sympify_size
    return sympify_size(size)
