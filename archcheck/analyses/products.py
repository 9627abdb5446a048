"""Sizes as products of one factor for each symbol, and equations between products taken apart by symbol."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from archcheck.algebra.polynomials import Monomial, Polynomial, divisor_of, terms_of
from archcheck.algebra.sizes import polynomial
from archcheck.analyses.quasipolynomials import QuasiPolynomial, Unsolvable, difference, quasipolynomial
from archcheck.analyses.sizesets import EVERY, not_negative
from archcheck.dims import Atom, Size
from archcheck.dims import prod as product

if TYPE_CHECKING:
    from archcheck.analyses.constraints import Constraint


class Product(NamedTuple):
    """A number times a factor for each symbol, which depends on that symbol alone."""

    number: int
    factors: dict[Atom, Size]


def factored(size: Size) -> Product | None:
    """``size`` as such a product; None where it is none. Sizes like ``⌊(H - 3)/2⌋·⌊(W - 3)/2⌋`` are kept
    multiplied out."""
    terms = [(_by_symbol(atoms), c) for atoms, c in terms_of(size)]
    known = {parts: c for parts, c in terms if parts is not None}
    if len(known) < len(terms):
        return None
    lead = max(known, key=len)
    factors = {symbol: _primitive(_beside(known, lead, symbol)) for symbol, _ in lead}
    whole = product(factors.values())
    number, rest = divmod(divisor_of(size), divisor_of(whole))
    for sign in (1, -1):
        if not rest and whole * number * sign == size:
            return Product(number * sign, factors)
    return None


_Parts = tuple[tuple[Atom, Monomial], ...]


def _by_symbol(atoms: Monomial) -> _Parts | None:
    """The atoms of a product by the one symbol that each depends on; None where one depends on several."""
    found: dict[Atom, Monomial] = {}
    for atom in atoms:
        if len(atom.symbols) != 1:
            return None
        symbol, = atom.symbols
        found[symbol] = (*found.get(symbol, ()), atom)
    return tuple(sorted(found.items(), key=lambda part: part[0].key))


def _beside(terms: dict[_Parts, int], lead: _Parts, symbol: Atom) -> Size:
    """What depends on ``symbol`` in the terms that are as ``lead`` in all others."""
    others = [part for part in lead if part[0] is not symbol]
    found: Polynomial = {}
    for parts, c in terms.items():
        if [part for part in parts if part[0] is not symbol] == others:
            found[dict(parts).get(symbol, ())] = c
    return polynomial(found)


def _primitive(size: Size) -> Size:
    """``size`` divided by the number that its terms share, with a positive leading coefficient."""
    terms = terms_of(size)
    number = divisor_of(size) if terms[-1][1] > 0 else -divisor_of(size)
    return polynomial({atoms: c // number for atoms, c in terms})


# ---------------------------------------------------------------------------------------------- equations
class _Pair(NamedTuple):
    """``a`` and ``b``, which grow alike: whether ``a ≥ b`` (1), ``a ≤ b`` (-1) or neither (0); and by what
    ``a/b`` was multiplied for that."""

    a: Size
    b: Size
    order: int
    scale: Fraction


def separated(found: Iterable[Constraint]) -> Iterator[Constraint]:
    """The constraints, those on products taken apart where each symbol's factors must be equal by
    themselves."""
    for one in found:
        parts = _parts(one) if one.kind == "equal" and len(one.symbols) > 1 else None
        yield from parts or [one]


def _parts(one: Constraint) -> list[Constraint]:
    """``H·W = 49·⌊H/7⌋·⌊W/7⌋`` is ``H = 7·⌊H/7⌋`` and ``W = 7·⌊W/7⌋``, because no first one is smaller than
    the second. A product that is 1 is one of ones."""
    left, right = factored(one.a), factored(one.b)
    if left is None or right is None:
        return []
    if one.b == left.number == 1:
        return [one._replace(a=factor) for factor in left.factors.values()]
    if left.factors.keys() != right.factors.keys():
        return []
    try:
        pairs = [_paired(left.factors[symbol], right.factors[symbol], symbol) for symbol in left.factors]
    except Unsolvable:
        return []
    scale = prod(pair.scale for pair in pairs)
    pairs = [pair for pair in pairs if pair.a is not pair.b]
    if len({pair.order for pair in pairs} - {0}) != 1 or not all(pair.order for pair in pairs):
        return []
    return [one._replace(a=pair.a, b=pair.b) for pair in pairs] if scale * right.number == left.number else []


def _paired(a: Size, b: Size, symbol: Atom) -> _Pair:
    """The factors of one symbol, multiplied by numbers so that they grow alike."""
    scale = _growth(quasipolynomial(b, symbol)) / _growth(quasipolynomial(a, symbol))
    a, b = a * scale.numerator, b * scale.denominator
    above = difference(quasipolynomial(a, symbol), quasipolynomial(b, symbol))
    below = difference(quasipolynomial(b, symbol), quasipolynomial(a, symbol))
    order = 1 if EVERY & not_negative(above) == EVERY else -1 if EVERY & not_negative(below) == EVERY else 0
    return _Pair(a, b, order, scale)


def _growth(f: QuasiPolynomial) -> Fraction:
    """How much a function grows a step, in the mean."""
    if any(len(p) != 2 for p in f.tails):
        raise Unsolvable
    return Fraction(sum(p[1] for p in f.tails), f.period ** 2)
