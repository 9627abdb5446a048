"""Sets of sizes that repeat from some size on: ``H ≥ 188 and H ≡ 12 mod 16``, ``1 ≤ H ≤ 512``.

Unions, intersections and everything a `QuasiPolynomial` can be asked stay in this form, so it is exact.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from math import lcm

from archcheck.analyses.quasipolynomials import MAX_PERIOD, MAX_START, QuasiPolynomial, Unsolvable


@dataclass(frozen=True)
class SizeSet:
    """Numbers from 0 up. Bit ``n`` of ``head`` says whether ``n`` is in it, for ``n`` below ``start``; from
    there on bit ``n % period`` of ``residues`` does. Use `repeating`, which keeps all four at their least."""

    start: int
    head: int
    period: int
    residues: int

    def __contains__(self, n: object) -> bool:
        if not isinstance(n, int) or n < 0:
            return False
        return bool((self.head >> n if n < self.start else self.residues >> n % self.period) & 1)

    def __iter__(self) -> Iterator[int]:
        """The members, the smallest first."""
        yield from _ones(self.head)
        if self.residues:
            yield from (n for n in count(self.start) if self.residues >> n % self.period & 1)

    def __and__(self, other: SizeSet) -> SizeSet:
        a, b = _aligned(self, other)
        return repeating(a.start, a.head & b.head, a.period, a.residues & b.residues)

    def __or__(self, other: SizeSet) -> SizeSet:
        a, b = _aligned(self, other)
        return repeating(a.start, a.head | b.head, a.period, a.residues | b.residues)

    @property
    def first(self) -> int | None:
        """The smallest member, None where there is none."""
        return next(iter(self), None)

    @property
    def last(self) -> int | None:
        """The largest member, None where there is none, or no end."""
        return None if self.residues or not self.head else self.head.bit_length() - 1

    def above(self, n: int) -> int | None:
        """The smallest member above ``n``."""
        rest = self.head >> n + 1
        if rest:
            return n + 1 + _lowest(rest)
        begin = max(n + 1, self.start)
        ahead = _rotated(self.residues, begin, self.period)
        return begin + _lowest(ahead) if ahead else None

    def below(self, n: int) -> int | None:
        """The largest member below ``n``."""
        if n > self.start and self.residues:
            behind = _rotated(self.residues, n, self.period).bit_length() - 1 - self.period + n
            if behind >= self.start:
                return behind
        rest = self.head & (1 << max(n, 0)) - 1
        return rest.bit_length() - 1 if rest else None


def repeating(start: int, head: int, period: int, residues: int) -> SizeSet:
    """The set in its one form: the period and the start are as small as can be."""
    if start > MAX_START or period > MAX_PERIOD:
        raise Unsolvable
    period = next(d for d in range(1, period + 1)
                  if period % d == 0 and _rotated(residues, d, period) == residues)
    residues &= (1 << period) - 1
    irregular = head ^ _repeated(residues, period, start)
    start = irregular.bit_length()
    return SizeSet(start, head & (1 << start) - 1, period, residues)


EVERY = SizeSet(1, 0, 1, 1)
"""All sizes from 1 up."""
NONE = SizeSet(0, 0, 1, 0)


def not_negative(f: QuasiPolynomial) -> SizeSet:
    """Where ``f`` is at least 0."""
    return _where(f, lambda value: value >= 0)


def zeros(f: QuasiPolynomial) -> SizeSet:
    """Where ``f`` is 0."""
    return _where(f, lambda value: value == 0)


def _where(f: QuasiPolynomial, test: Callable[[int], bool]) -> SizeSet:
    """Where the ``test`` of ``f`` holds. For large numbers the sign of ``f`` has to decide."""
    f = f.settled()
    tails = [test(p[-1] if p else 0) for p in f.tails]
    residues = sum(1 << (f.start + phase) % f.period for phase, holds in enumerate(tails) if holds)
    bits = "".join("01"[test(value)] for value in reversed(f.head))
    return repeating(f.start, int(bits or "0", 2), f.period, residues)


# ---------------------------------------------------------------------------------------------------- bits
def _aligned(*sets: SizeSet) -> list[SizeSet]:
    start, period = max(found.start for found in sets), lcm(*(found.period for found in sets))
    if period > MAX_PERIOD:
        raise Unsolvable
    return [SizeSet(start, found.head | _from(found.start, _repeated(found.residues, found.period, start)),
                    period, _repeated(found.residues, found.period, period)) for found in sets]


def _from(start: int, bits: int) -> int:
    return bits >> start << start


def _ticks(step: int, times: int) -> int:
    """The bits 0, ``step``, 2·``step`` …: ``times`` of them."""
    return ((1 << step * times) - 1) // ((1 << step) - 1) if times > 0 else 0


def _repeated(residues: int, period: int, length: int) -> int:
    """``length`` bits that repeat ``residues``."""
    return residues * _ticks(period, -(-length // period)) & (1 << length) - 1


def _rotated(residues: int, by: int, period: int) -> int:
    """The bits of a period that begins ``by`` later."""
    by %= period
    return (residues >> by | residues << period - by) & (1 << period) - 1


def _ones(bits: int) -> Iterator[int]:
    at = 0
    while bits:
        skip = _lowest(bits)
        yield at + skip
        at, bits = at + skip + 1, bits >> skip + 1


def _lowest(bits: int) -> int:
    return (bits & -bits).bit_length() - 1
