"""Bounds of sizes: interval arithmetic, sharpened by what floors, minima and maxima can be.

``H - 7*(H//7)`` has no bounds by intervals alone; but ``H//7`` lies between ``(H - 6)/7`` and ``H/7``, and
with those in its place the symbol cancels. Everything here reads atoms and terms, and makes none.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Union

from archcheck.algebra.polynomials import Monomial, Polynomial, Terms, add, divided, terms_of, without

if TYPE_CHECKING:
    from archcheck.algebra.sizes import Atom

Bound = Union[int, None]
Bounds = tuple[Bound, Bound]
OUTGROWN = "its formula outgrew every use"  # the origin of a symbol that may be anything, negative too
_PATIENCE = 6


def bounds_of(size: Any) -> Bounds:
    """The smallest and the largest number a size can be, both included; None where there is no bound."""
    return (size, size) if isinstance(size, int) else size.bounds


def at_least(size: Any, number: int) -> bool:
    """Whether a size, or an atom, is known to be at least ``number``."""
    lo = bounds_of(size)[0]
    return lo is not None and lo >= number


def bounds_of_atom(atom: Atom) -> Bounds:
    """The bounds of an atom, from those of its arguments."""
    if atom.kind == "symbol":
        most = None if atom.limit is None else bounds_of(atom.limit)[1]
        return None if atom.origin == OUTGROWN else 0, most
    if atom.kind == "floor":
        return _floor(*map(bounds_of, atom.args))
    lows, highs = zip(*map(bounds_of, atom.args), strict=True)
    if atom.kind == "max":
        return _any(max, lows), _all(max, highs)
    return _all(min, lows), _any(min, highs) if atom.kind == "min" else _all(max, highs)


def bounds_of_terms(terms: Terms) -> Bounds:
    """The bounds of a polynomial."""
    if not _may_cancel(terms):
        return _interval(terms)
    negated = _lowest({atoms: -c for atoms, c in terms}, _PATIENCE)
    return _lowest(dict(terms), _PATIENCE), None if negated is None else -negated


def _any(pick: Callable[..., int], values: Iterable[Bound]) -> Bound:
    return pick((value for value in values if value is not None), default=None)


def _all(pick: Callable[..., int], values: Iterable[Bound]) -> Bound:
    values = list(values)
    return None if None in values else pick(values)


def _floor(numerator: Bounds, divisor: Bounds) -> Bounds:
    (lo, hi), (least, most) = numerator, divisor
    if least is None or least < 0:
        return None, None
    least = max(least, 1)  # what divides is not zero
    low = None if lo is None else lo // least if lo < 0 else 0 if most is None else lo // max(most, 1)
    high = None if hi is None else hi // least if hi >= 0 else -1 if most is None else hi // max(most, 1)
    return low, high


# -------------------------------------------------------------------------------------------------- intervals
def _interval(terms: Iterable[tuple[Monomial, int]]) -> Bounds:
    lo: Bound = 0
    hi: Bound = 0
    for atoms, c in terms:
        low, high = _product(atoms) if c > 0 else _product(atoms)[::-1] if c else (0, 0)
        lo = None if lo is None or low is None else lo + c * low
        hi = None if hi is None or high is None else hi + c * high
    return lo, hi


def _product(atoms: Monomial) -> Bounds:
    total: Bounds = atoms[0].bounds if atoms else (1, 1)
    for atom in atoms[1:]:
        total = _times(total, atom.bounds)
    return total


def _times(a: Bounds, b: Bounds) -> Bounds:
    (alo, ahi), (blo, bhi) = a, b
    if None not in (alo, ahi, blo, bhi):
        corners = [x * y for x in a for y in b]  # type: ignore[operator]
        return min(corners), max(corners)
    if alo is not None and alo >= 0 and blo is not None and blo >= 0:
        return alo * blo, 0 if 0 in (ahi, bhi) else None
    return None, None


# ---------------------------------------------------------------------------------------------------- sharper
def _may_cancel(terms: Iterable[tuple[Monomial, int]]) -> bool:
    """Whether some terms rise and others fall, or do as part of one that is a multiple of its divisor: only
    then can anything cancel."""
    rising = {c > 0 for atoms, c in terms if atoms and c}
    return len(rising) == 2 or any(atom.kind == "floor" and not isinstance(atom.args[1], int)
                                   for atoms, c in terms if c and len(atoms) > 1 for atom in atoms)


def _lowest(poly: Polynomial, patience: int) -> Bound:
    """The best lower bound found: by intervals, or with one atom after the other replaced by what it can
    be."""
    best = _interval(poly.items())[0]
    found = max(_replaceable(poly), key=_urgency, default=None) if _may_cancel(poly.items()) else None
    if found is None or patience <= 0:
        return best
    return _any(max, (best, _lowest_with(poly, *found, patience)))


def _replaceable(poly: Polynomial) -> Iterator[tuple[Monomial, Atom, bool]]:
    """Atoms that can be replaced, with the products they are in, whose other factors are never negative;
    and whether each argument must be tried since the atom may be any of them, as ``min(a, b)`` may when it
    is added."""
    for atoms, c in poly.items():
        for index, atom in enumerate(atoms):
            others = atoms[:index] + atoms[index + 1:]
            if c and _has_limits(atom, c, poly) and all(at_least(other, 0) for other in others):
                yield atoms, atom, atom.kind == "bcast" or atom.kind == ("min" if c > 0 else "max")


def _has_limits(atom: Atom, c: int, poly: Polynomial) -> bool:
    if atom.kind == "symbol":
        return c < 0 and atom.limit is not None
    return atom.kind != "floor" or isinstance(atom.args[1], int) or _multiplied(atom, poly) is not None


def _multiplied(floor: Atom, poly: Polynomial) -> tuple[Monomial, int] | None:
    """What ``d·⌊e/d⌋`` is multiplied by in ``poly``: a product that is never negative, and a number. None
    where it is not in it."""
    divisor = terms_of(floor.args[1])
    parts = {without(atoms, (floor,)): c for atoms, c in poly.items() if c and floor in atoms}
    quotient, rest = divided(parts, divisor, len(parts))  # type: ignore[arg-type]
    if rest or len(quotient) != 1 or not at_least(floor.args[1], 0):
        return None
    (others, c), = quotient.items()
    return (others, c) if all(at_least(other, 0) for other in others) else None


def _urgency(found: tuple[Monomial, Atom, bool]) -> tuple[bool, int]:
    return found[2], found[1].depth


def _lowest_with(poly: Polynomial, atoms: Monomial, atom: Atom, each: bool, patience: int) -> Bound:
    """A lower bound of ``poly`` from what ``atom`` can be in the product ``atoms``."""
    c, others, rest = poly[atoms], without(atoms, (atom,)) or (), {**poly, atoms: 0}
    if atom.kind == "floor" and not isinstance(atom.args[1], int):
        return _lowest_with_multiple(poly, atom, patience - 1)
    if atom.kind == "floor":
        return _lowest_with_floor(rest, others, c, atom, patience - 1)
    args = atom.args if atom.kind != "symbol" else (atom.limit,)
    lows = [_lowest(add(dict(rest), terms_of(arg), c, others), patience - len(args)) for arg in args]
    return _all(min, lows) if each else _any(max, lows)


def _lowest_with_floor(rest: Polynomial, others: Monomial, c: int, atom: Atom, patience: int) -> Bound:
    numerator, d = atom.args
    scaled = add({atoms: k * d for atoms, k in rest.items()}, numerator.terms, c, others)
    low = _lowest(add(scaled, (((), 1 - d),), c, others) if c > 0 else scaled, patience)
    return None if low is None else -(-low // d)


def _lowest_with_multiple(poly: Polynomial, atom: Atom, patience: int) -> Bound:
    """A lower bound from ``e - d < d·⌊e/d⌋ <= e``, where the divisor is symbolic."""
    numerator, d = atom.args
    others, c = _multiplied(atom, poly)  # type: ignore[misc]
    found = {atoms: k for atoms, k in poly.items() if atom not in atoms}
    add(found, terms_of(numerator), c, others)
    if c > 0:
        add(add(found, terms_of(d), -c, others), (((), 1),), c, others)
    return _lowest(found, patience)
