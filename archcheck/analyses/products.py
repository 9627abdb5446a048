"""Equations between products, taken apart by symbol."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from math import prod
from typing import NamedTuple

from archcheck.algebra.polynomials import terms_of
from archcheck.analyses.constraints import Constraint
from archcheck.analyses.quasipolynomials import Unsolvable, QuasiPolynomial, difference, quasipolynomial
from archcheck.analyses.sizesets import EVERY, not_negative
from archcheck.dims import Atom, Size, atom_size


class _Pair(NamedTuple):
    """``a`` and ``b``, which grow alike, and whether ``a ≥ b`` (1), ``a ≤ b`` (-1) or neither (None); and
    by what ``a/b`` was multiplied for that."""

    a: Size
    b: Size
    order: int | None
    scale: Fraction


def separated(found: Iterable[Constraint]) -> Iterator[Constraint]:
    """The constraints, those on products taken apart where each symbol's factors must be equal by
    themselves."""
    for one in found:
        yield from _parts(one) or [one]


def _parts(one: Constraint) -> list[Constraint]:
    """``H·W = 49·⌊H/7⌋·⌊W/7⌋`` is ``H = 7·⌊H/7⌋`` and ``W = 7·⌊W/7⌋``, because no first one is smaller than
    the second. A product that is 1 is one of ones."""
    left, right = _by_symbol(one.a), _by_symbol(one.b)
    if one.kind == "equal" and one.b == 1 and len(left) > 1:
        return [one._replace(a=factor) for factor in left.values()]
    if one.kind != "equal" or len(left) < 2 or left.keys() != right.keys():
        return []
    try:
        pairs = [_paired(left[atom], right[atom], atom) for atom in left]
    except Unsolvable:
        return []
    orders = {pair.order for pair in pairs if pair.a is not pair.b}
    if len(orders) != 1 or None in orders or prod(pair.scale for pair in pairs) != _factor(one):
        return []
    return [one._replace(a=pair.a, b=pair.b) for pair in pairs if pair.a is not pair.b]


def _factor(one: Constraint) -> Fraction:
    return Fraction(terms_of(one.a)[0][1], terms_of(one.b)[0][1])


def _by_symbol(size: Size) -> dict[Atom, Size]:
    """The factors of a product by the one symbol they depend on; nothing where it is not of that form."""
    found: dict[Atom, Size] = {}
    terms = terms_of(size)
    for atom in terms[0][0] if len(terms) == 1 else ():
        if len(atom.symbols) != 1:
            return {}
        symbol, = atom.symbols
        found[symbol] = atom_size(atom) * found.get(symbol, 1)
    return found


def _paired(a: Size, b: Size, symbol: Atom) -> _Pair:
    """The factors of one symbol, multiplied by numbers so that they grow alike."""
    scale = _growth(quasipolynomial(b, symbol)) / _growth(quasipolynomial(a, symbol))
    a, b = a * scale.numerator, b * scale.denominator
    gap = difference(quasipolynomial(a, symbol), quasipolynomial(b, symbol))
    back = difference(quasipolynomial(b, symbol), quasipolynomial(a, symbol))
    order = 1 if EVERY & not_negative(gap) == EVERY else -1 if EVERY & not_negative(back) == EVERY else None
    return _Pair(a, b, order, scale)


def _growth(f: QuasiPolynomial) -> Fraction:
    """How much a function grows a step, in the mean."""
    if any(len(p) != 2 for p in f.tails):
        raise Unsolvable
    return Fraction(sum(p[1] for p in f.tails), f.period ** 2)
