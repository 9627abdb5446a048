"""Sizes as functions of one symbol that are a polynomial on every remainder: ``f(M·k + r) = p[r](k)``.

Sums, products, floor divisions by numbers, minima, maxima and broadcasts of one symbol are such functions
from some number on; before that they are written out. Most are linear; products come in where slices count
from the end, and where images are square.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from itertools import zip_longest
from math import gcd, isqrt, lcm
from typing import NamedTuple

from archcheck.algebra.memory import remembered
from archcheck.dims import Atom, Size

MAX_PERIOD, MAX_START = 1 << 16, 1 << 20
MAX_DEGREE = 8

Polynomial = tuple[int, ...]  # coefficients, that of the highest power last and not 0


class Unsolvable(Exception):
    """A size is no such function, divides by its symbol, or takes too many numbers to write out."""


class QuasiPolynomial(NamedTuple):
    """A function on 0, 1, 2, …: its values in the ``head``, then position ``len(head) + phase + k·period`` is
    ``tails[phase](k)``."""

    head: tuple[int, ...]
    tails: tuple[Polynomial, ...]

    @property
    def start(self) -> int:
        """The number from which on it repeats."""
        return len(self.head)

    @property
    def period(self) -> int:
        """How many steps it takes to repeat."""
        return len(self.tails)

    def __call__(self, n: int) -> int:
        """Its value at ``n``."""
        if n < len(self.head):
            return self.head[n]
        k, phase = divmod(n - self.start, self.period)
        return _value(self.tails[phase], k)

    def spread(self, start: int, period: int) -> QuasiPolynomial:
        """The same function with a later start and a multiple of the period."""
        if start > MAX_START or period > MAX_PERIOD:
            raise Unsolvable
        if (start, period) == (self.start, self.period):
            return self
        places = [divmod(start - self.start + phase, self.period) for phase in range(period)]
        tails = [_substituted(self.tails[phase], period // self.period, k) for k, phase in places]
        return QuasiPolynomial(self.head + tuple([self(n) for n in range(self.start, start)]), tuple(tails))

    def settled(self) -> QuasiPolynomial:
        """The same function, starting where its sign has become that of each leading coefficient."""
        return self.spread(self.start + max(map(_settles, self.tails)) * self.period, self.period)


def constant(number: int) -> QuasiPolynomial:
    """The function that is ``number`` everywhere."""
    return QuasiPolynomial((), (_stripped([number]),))


IDENTITY = QuasiPolynomial((), ((0, 1),))


# ---------------------------------------------------------------------------------------------- polynomials
def _value(p: Polynomial, k: int) -> int:
    return reduce(lambda total, c: total * k + c, reversed(p), 0)


def _stripped(coefficients: list[int]) -> Polynomial:
    while coefficients and not coefficients[-1]:
        coefficients.pop()
    if len(coefficients) > MAX_DEGREE:
        raise Unsolvable
    return tuple(coefficients)


def _sum(p: Polynomial, q: Polynomial) -> Polynomial:
    return _stripped([a + b for a, b in zip_longest(p, q, fillvalue=0)])


def _product(p: Polynomial, q: Polynomial) -> Polynomial:
    found = [0] * (len(p) + len(q))
    for i, a in enumerate(p):
        for j, b in enumerate(q):
            found[i + j] += a * b
    return _stripped(found)


def _substituted(p: Polynomial, times: int, shift: int) -> Polynomial:
    """``p(times·k + shift)``."""
    return reduce(lambda total, c: _sum(_product(total, (shift, times)), (c,)), reversed(p), ())


def _settles(p: Polynomial) -> int:
    """The least ``k`` from which on ``p(k)`` has the sign of its leading coefficient."""
    if len(p) < 2:
        return 0
    low, *others = p if p[-1] > 0 else [-c for c in p]
    if len(others) == 1:
        return max(-low // others[0] + 1, 0)
    if len(others) == 2:
        b, a = others
        square = b * b - 4 * a * low
        return 0 if square < 0 else max((isqrt(square) - b) // (2 * a) + 1, 0)
    return max(map(abs, p)) // abs(p[-1]) + 2


# ------------------------------------------------------------------------------------------------ from sizes
@remembered
def quasipolynomial(size: Size, symbol: Atom) -> QuasiPolynomial:
    """``size`` as a function of ``symbol``, the only one it depends on; `Unsolvable` where it is none."""
    if isinstance(size, int):
        return constant(size)
    products = (reduce(_times, (_of_atom(atom, symbol) for atom in atoms), constant(c))
                for atoms, c in size.terms)
    return reduce(_plus, products)


def _of_atom(atom: Atom, symbol: Atom) -> QuasiPolynomial:
    if atom.kind == "symbol":
        if atom is not symbol:
            raise Unsolvable
        return IDENTITY
    if atom.kind == "floor":
        numerator, divisor = atom.args
        if not isinstance(divisor, int):
            raise Unsolvable
        return _divided(quasipolynomial(numerator, symbol), divisor)
    return reduce(_COMBINED[atom.kind], [quasipolynomial(arg, symbol) for arg in atom.args])


def _aligned(f: QuasiPolynomial, g: QuasiPolynomial) -> Sequence[QuasiPolynomial]:
    """Both functions with one start and one period."""
    start, period = max(f.start, g.start), lcm(f.period, g.period)
    return f.spread(start, period), g.spread(start, period)


def _plus(f: QuasiPolynomial, g: QuasiPolynomial) -> QuasiPolynomial:
    f, g = _aligned(f, g)
    return QuasiPolynomial(tuple([a + b for a, b in zip(f.head, g.head)]), tuple(map(_sum, f.tails, g.tails)))


def _times(f: QuasiPolynomial, g: QuasiPolynomial) -> QuasiPolynomial:
    f, g = _aligned(f, g)
    return QuasiPolynomial(tuple([a * b for a, b in zip(f.head, g.head)]),
                           tuple(map(_product, f.tails, g.tails)))


def difference(f: QuasiPolynomial, g: QuasiPolynomial) -> QuasiPolynomial:
    """``f - g``."""
    return _plus(f, _times(g, constant(-1)))


def _divided(f: QuasiPolynomial, divisor: int) -> QuasiPolynomial:
    """``⌊f / divisor⌋``: the period grows until only what does not grow leaves a remainder."""
    times = lcm(*(divisor // gcd(divisor, *p[1:]) for p in f.tails))
    f = f.spread(f.start, f.period * times)
    tails = [_stripped([c // divisor for c in p]) for p in f.tails]
    return QuasiPolynomial(tuple([value // divisor for value in f.head]), tuple(tails))


def _chosen(by: QuasiPolynomial, test: Callable[[int], bool], f: QuasiPolynomial,
            g: QuasiPolynomial) -> QuasiPolynomial:
    """``f`` where the ``test`` of ``by`` holds, else ``g``. For large numbers the sign of ``by`` has to
    decide."""
    by = by.settled()
    by, f = _aligned(by, f)
    by, g = _aligned(by, g)
    f = f.spread(by.start, by.period)
    head = [a if test(n) else b for n, a, b in zip(by.head, f.head, g.head)]
    tails = [a if test(p[-1] if p else 0) else b for p, a, b in zip(by.tails, f.tails, g.tails)]
    return QuasiPolynomial(tuple(head), tuple(tails))


def _smaller(f: QuasiPolynomial, g: QuasiPolynomial) -> QuasiPolynomial:
    return _chosen(difference(f, g), lambda gap: gap <= 0, f, g)


def _larger(f: QuasiPolynomial, g: QuasiPolynomial) -> QuasiPolynomial:
    return _chosen(difference(f, g), lambda gap: gap >= 0, f, g)


def _broadcast(f: QuasiPolynomial, g: QuasiPolynomial) -> QuasiPolynomial:
    """``g`` where ``f`` is 1, else ``f``."""
    return _chosen(difference(f, constant(1)), lambda gap: gap != 0, f, g)


_COMBINED = {"min": _smaller, "max": _larger, "bcast": _broadcast}
