"""Sizes as functions of one symbol that are linear on every remainder: ``f(q·M + r) = q·a[r] + T[r]``.

Whatever sums, multiples, floor divisions, minima, maxima and broadcasts make of one symbol is such a function
from some number on. Before that it is written out. Products of two parts that both grow are not.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from math import lcm
from typing import NamedTuple

from archcheck.dims import Atom, Size

TABLE = 1 << 16
"""The most numbers that are written out of one function."""


class NotQuasiLinear(Exception):
    """A size grows faster than its symbol, divides by it, or has too many remainders to be written out."""


class QuasiLinear(NamedTuple):
    """A function on 0, 1, 2, …: its ``values`` up to where it repeats, and what each of its last
    ``len(slopes)`` values grows by every ``len(slopes)`` steps."""

    values: tuple[int, ...]
    slopes: tuple[int, ...]

    @property
    def period(self) -> int:
        """How many steps it takes to repeat."""
        return len(self.slopes)

    @property
    def start(self) -> int:
        """The number from which on it is linear on every remainder."""
        return len(self.values) - len(self.slopes)

    def __call__(self, n: int) -> int:
        if n < len(self.values):
            return self.values[n]
        periods, phase = divmod(n - self.start, self.period)
        return self.values[self.start + phase] + periods * self.slopes[phase]

    def spread(self, start: int, period: int) -> QuasiLinear:
        """The same function, with a later start and a multiple of the period."""
        if start + period > TABLE:
            raise NotQuasiLinear
        times = period // self.period
        shift = start - self.start
        slopes = [self.slopes[(shift + phase) % self.period] * times for phase in range(period)]
        return QuasiLinear(tuple(map(self, range(start + period))), tuple(slopes))


def constant(number: int) -> QuasiLinear:
    """The function that is ``number`` everywhere."""
    return QuasiLinear((number,), (0,))


IDENTITY = QuasiLinear((0,), (1,))


# ------------------------------------------------------------------------------------------------ from sizes
def quasilinear(size: Size, symbol: Atom) -> QuasiLinear:
    """``size`` as a function of ``symbol``, the only one it depends on; `NotQuasiLinear` where it is none."""
    if isinstance(size, int):
        return constant(size)
    return reduce(_add, (_scaled(reduce(_times, (_of_atom(atom, symbol) for atom in atoms), constant(1)), c)
                         for atoms, c in size.terms))


def _of_atom(atom: Atom, symbol: Atom) -> QuasiLinear:
    if atom.kind == "symbol":
        if atom is not symbol:
            raise NotQuasiLinear
        return IDENTITY
    if atom.kind == "floor":
        numerator, divisor = atom.args
        if not isinstance(divisor, int):
            raise NotQuasiLinear
        return _divided(quasilinear(numerator, symbol), divisor)
    return reduce(_COMBINED[atom.kind], [quasilinear(arg, symbol) for arg in atom.args])


def _aligned(*functions: QuasiLinear) -> Sequence[QuasiLinear]:
    """The functions with one start and one period."""
    start, period = max(f.start for f in functions), lcm(*(f.period for f in functions))
    return [f if (f.start, f.period) == (start, period) else f.spread(start, period) for f in functions]


def _add(f: QuasiLinear, g: QuasiLinear) -> QuasiLinear:
    f, g = _aligned(f, g)
    return QuasiLinear(tuple([a + b for a, b in zip(f.values, g.values)]),
                       tuple([a + b for a, b in zip(f.slopes, g.slopes)]))


def _scaled(f: QuasiLinear, c: int) -> QuasiLinear:
    if c == 1:
        return f
    return QuasiLinear(tuple([c * value for value in f.values]), tuple([c * slope for slope in f.slopes]))


def difference(f: QuasiLinear, g: QuasiLinear) -> QuasiLinear:
    """``f - g``."""
    return _add(f, _scaled(g, -1))


def _times(f: QuasiLinear, g: QuasiLinear) -> QuasiLinear:
    """``f · g``, where for every remainder one of the two does not grow."""
    f, g = _aligned(f, g)
    if any(a and b for a, b in zip(f.slopes, g.slopes)):
        raise NotQuasiLinear
    slopes = [a * y + b * x for a, b, x, y in zip(f.slopes, g.slopes, f.values[f.start:], g.values[g.start:])]
    return QuasiLinear(tuple([a * b for a, b in zip(f.values, g.values)]), tuple(slopes))


def _divided(f: QuasiLinear, divisor: int) -> QuasiLinear:
    """``⌊f / divisor⌋``: the period grows until every slope is a multiple of the divisor."""
    times = lcm(*(_periods(slope, divisor) for slope in f.slopes))
    f = f.spread(f.start, f.period * times) if times > 1 else f
    return QuasiLinear(tuple([value // divisor for value in f.values]),
                       tuple([slope // divisor for slope in f.slopes]))


def _periods(slope: int, divisor: int) -> int:
    return lcm(slope, divisor) // slope if slope else 1


def _settled(f: QuasiLinear, g: QuasiLinear) -> Sequence[QuasiLinear]:
    """Both functions from where on it is decided for every remainder which one is larger."""
    f, g = _aligned(f, g)
    gap = difference(f, g)
    crossings = [-value // slope if slope and value * slope <= 0 else -1
                 for value, slope in zip(gap.values[gap.start:], gap.slopes)]
    start = f.start + (max(crossings) + 1) * f.period
    return [f.spread(start, f.period), g.spread(start, g.period)] if start > f.start else [f, g]


def _either(choose: Callable[[int, int], bool]) -> Callable[[QuasiLinear, QuasiLinear], QuasiLinear]:
    """Of two functions the first where ``choose`` of their values says so, else the second."""
    def combined(f: QuasiLinear, g: QuasiLinear) -> QuasiLinear:
        f, g = _settled(f, g)
        chosen = [choose(a, b) for a, b in zip(f.values, g.values)]
        tail = zip(chosen[f.start:], f.slopes, g.slopes)
        return QuasiLinear(tuple([a if first else b for first, a, b in zip(chosen, f.values, g.values)]),
                           tuple([a if first else b for first, a, b in tail]))
    return combined


_smaller, _larger = _either(lambda a, b: a <= b), _either(lambda a, b: a >= b)


def _broadcast(f: QuasiLinear, g: QuasiLinear) -> QuasiLinear:
    """``g`` where ``f`` is 1, else ``f``."""
    f, _ = _settled(f, constant(1))
    f, g = _aligned(f, g)
    ones = [value == 1 for value in f.values]
    return QuasiLinear(tuple([b if one else a for one, a, b in zip(ones, f.values, g.values)]),
                       tuple([b if one else a for one, a, b in zip(ones[f.start:], f.slopes, g.slopes)]))


_COMBINED = {"min": _smaller, "max": _larger, "bcast": _broadcast}
