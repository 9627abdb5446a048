"""Receptive fields free of sizes: what a value's position reads along an axis of the input, by phase.

Position ``o = q·P + r`` of an axis reads ``[q·S + lo[r], q·S + hi[r]]`` of the input's axis: ``P`` phases and
``S`` input positions a period, so an effective stride of ``S/P``. Convolutions have one phase; whatever
enlarges has as many as it makes positions of one. Intervals are not clipped: they reach into the padding, and
ends may be formulas over the symbols. Where axes were split or packed by Reshape, the position is a sum of
such terms, one for each digit of the value's axes.
"""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import gcd, inf, lcm
from typing import Any, NamedTuple

from archcheck.dims import Size, ceildiv, least, maximum, minimum, same

End = Any  # Size, or ±inf: from the start of the axis on, or to its end
TABLE = 4096
"""The most phases that are written out."""


class Term(NamedTuple):
    """What one digit of an axis, ``o[axis] // divisor % size``, adds to the interval: ``stride`` for each
    ``len(lo)`` steps of it, and ``lo`` and ``hi`` by phase. Without a ``size`` the digit is all that is left
    of the axis."""

    axis: int
    stride: Size
    lo: tuple[End, ...] = (0,)
    hi: tuple[End, ...] = (0,)
    divisor: Size = 1
    size: Size | None = None

    @property
    def is_plain(self) -> bool:
        """Whether the digit is the position itself."""
        return self.size is None and self.divisor == 1

    def first(self, position: End) -> End:
        """The first input position that ``position`` reads."""
        return _at(self.stride, self.lo, position)

    def last(self, position: End) -> End:
        """The last input position that ``position`` reads."""
        return _at(self.stride, self.hi, position)


class Relation(NamedTuple):
    """How an axis of the input is read: ``[lo, hi]`` moved by the ``terms``. With no terms every position
    reads the same; the whole axis if ``lo`` and ``hi`` are infinite. ``by`` is the value at which the field
    became that wide, ``reason`` why it is not known better, and with ``bound`` it may be smaller than said.
    Along the axes ``mixed`` of the value, parts read differently: this is what they read together."""

    lo: End = 0
    hi: End = 0
    terms: tuple[Term, ...] = ()
    by: str = ""
    reason: str = ""
    bound: bool = False
    mixed: tuple[int, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether every position reads the whole axis."""
        return not self.terms and self.lo == -inf and self.hi == inf


class NotRegular(Exception):
    """The positions that are read are no phase map; the message says why."""


WHOLE = Relation(-inf, inf)


def identity(axis: int) -> Relation:
    """Each position of ``axis`` reads itself."""
    return Relation(terms=(Term(axis, 1),))


# ------------------------------------------------------------------------------------------------ ends
def plus(a: End, b: End) -> End:
    """``a + b``, either of which may be infinite."""
    return a if a in (inf, -inf) else b if b in (inf, -inf) else a + b


def lowest(ends: Iterable[End]) -> End:
    """The smallest of ``ends``."""
    return _extreme(set(ends), -inf, inf, min, minimum)


def highest(ends: Iterable[End]) -> End:
    """The largest of ``ends``."""
    return _extreme(set(ends), inf, -inf, max, maximum)


def _extreme(ends: set[End], strongest: float, weakest: float, pick: Any, pick_sizes: Any) -> End:
    if len(ends) == 1:
        return ends.pop()
    if all(type(end) is int for end in ends):
        return pick(ends)
    if strongest in ends:
        return strongest
    sizes = ends - {weakest}
    return pick_sizes(*sizes) if sizes else weakest


def _at(stride: Size, table: tuple[End, ...], position: End) -> End:
    if position in (inf, -inf):
        return 0 if stride == 0 else position if least(stride) >= 0 else -position
    period = len(table)
    if period == 1:
        return plus(stride * position, table[0])
    phase = position % period
    if not isinstance(phase, int):
        raise NotRegular("the phase depends on the sizes")
    return plus((position - phase) // period * stride, table[phase])


# ------------------------------------------------------------------------------------------------ windows
class Window(NamedTuple):
    """Position ``o = q·len(first) + r`` reads ``q·step + first[r] … q·step + last[r]``, every
    ``dilation``-th."""

    axis: int
    step: Size
    first: tuple[End, ...]
    last: tuple[End, ...]
    dilation: int = 1


def composed(term: Term, window: Window) -> Term:
    """What is read of the input through ``term``, a plain one, by a window over its positions."""
    period, count = len(term.lo), len(window.first)
    turns = 1 if period == 1 else period // gcd(period, _whole(window.step))
    if turns * count > TABLE:
        raise NotRegular(f"it has more than {TABLE} phases")
    ends = [_ends(term, plus(turn * window.step, a), plus(turn * window.step, b), window.dilation)
            for turn in range(turns) for a, b in zip(window.first, window.last)]
    stride = term.stride * (window.step * turns) // period
    lo, hi = zip(*ends)
    return shortest(Term(window.axis, stride, lo, hi))


def _whole(step: Size) -> int:
    if not isinstance(step, int):
        raise NotRegular("its stride depends on the sizes")
    return step


def _ends(term: Term, a: End, b: End, dilation: int) -> tuple[End, End]:
    """The first and the last input position that the positions ``a, a + dilation … b`` read; none where ``a``
    is beyond ``b``."""
    if type(a) is int and type(b) is int and a > b:
        return inf, -inf
    period = len(term.lo)
    if period == 1 and (type(term.stride) is not int or term.stride >= 0):
        return term.first(a), term.last(b)
    if type(a) is int and type(b) is int and b - a < 2 * period * dilation:
        positions = list(range(a, b + 1, dilation))
    else:
        steps = [k * dilation for k in range(period)]
        positions = [*(plus(a, step) for step in steps), *(plus(b, -step) for step in steps)]
    return lowest(map(term.first, positions)), highest(map(term.last, positions))


def shortest(term: Term) -> Term:
    """``term`` with as few phases as say the same."""
    count = len(term.lo)
    for period in range(1, count // 2 + 1):
        if count % period == 0 and isinstance(term.stride, int) and term.stride * period % count == 0:
            stride = term.stride * period // count
            if _repeats(term.lo, period, stride) and _repeats(term.hi, period, stride):
                return term._replace(stride=stride, lo=term.lo[:period], hi=term.hi[:period])
    return term


def _repeats(table: tuple[End, ...], period: int, stride: int) -> bool:
    return all(b == plus(a, stride) for a, b in zip(table, table[period:]))


# ------------------------------------------------------------------------------------------------ widening
def spanned(term: Term, count: Size) -> tuple[End, End]:
    """The first and the last input position that ``count`` positions of the axis read together."""
    digits = term.size if term.size is not None else ceildiv(count, term.divisor)
    last = (digits - 1) // len(term.lo) * term.stride
    ends = (0, last) if type(term.stride) is not int or term.stride >= 0 else (last, 0)
    return plus(lowest(term.lo), ends[0]), plus(highest(term.hi), ends[1])


def settled(relation: Relation, extent: Size) -> Relation:
    """``relation`` in its shortest form, for an input axis of ``extent`` positions: what does not move is
    clipped to it, and a single term takes the constants up."""
    if len(relation.terms) == 1:
        term, = relation.terms
        if relation.lo == 0 and relation.hi == 0:
            return relation
        lo = tuple(plus(end, relation.lo) for end in term.lo)
        hi = tuple(plus(end, relation.hi) for end in term.hi)
        return relation._replace(lo=0, hi=0, terms=(term._replace(lo=lo, hi=hi),))
    if relation.terms or relation.is_whole:
        return relation
    if _reaches(0, relation.lo) and _reaches(relation.hi, extent - 1):
        return relation._replace(lo=-inf, hi=inf)
    return relation


def _reaches(far: End, near: End) -> bool:
    """Whether ``far`` is at or beyond ``near`` for all sizes."""
    if far == inf or near == -inf:
        return True
    return far != -inf and near != inf and least(far - near) >= 0


# ------------------------------------------------------------------------------------------------ digits
def flat(terms: Sequence[Term], count: Size) -> Term:
    """``terms`` of one axis of ``count`` positions as a single plain one; none makes one that stays."""
    if len(terms) == 1 and terms[0].is_plain:
        return terms[0]
    places = [(_number(term.divisor), term.size if term.size is None else _number(term.size), term)
              for term in terms]
    covers = [size is None or bool(same(divisor * size, count)) for divisor, size, _ in places]
    period = lcm(*(divisor * len(term.lo) if covered else divisor * (size or 1)
                   for (divisor, size, term), covered in zip(places, covers)))
    if period > TABLE:
        raise NotRegular(f"it has more than {TABLE} phases")
    stride = sum(term.stride * (period // divisor) // len(term.lo)
                 for (divisor, _, term), covered in zip(places, covers) if covered)
    digits = [[(o // divisor if covered else o // divisor % (size or 1), term)
               for (divisor, size, term), covered in zip(places, covers)] for o in range(period)]
    lo = tuple(_sum(term.first(digit) for digit, term in row) for row in digits)
    hi = tuple(_sum(term.last(digit) for digit, term in row) for row in digits)
    return shortest(Term(terms[0].axis, stride, lo, hi))


def _number(size: Size) -> int:
    if not isinstance(size, int):
        raise NotRegular("it moves with one digit of a packed axis")
    return size


def _sum(ends: Iterable[End]) -> End:
    total: End = 0
    for end in ends:
        total = plus(total, end)
    return total


def unpacked(term: Term, parts: Sequence[tuple[int, Size, Size, Size]],
             target: Sequence[Size]) -> tuple[list[Term], End, End]:
    """``term`` of an axis that packs the digits ``parts`` of other axes: a term for each digit that moves it,
    and the constant ends."""
    period, found = len(term.lo), []
    for axis, divisor, size, weight in sorted(parts, key=lambda part: -least(part[3])):
        if term.size is not None and _divides(term.divisor * term.size, weight):
            continue
        if _divides(weight * size, term.divisor):
            continue
        step = _quotient(weight, term.divisor)
        if term.size is not None and not _divides(step * size, term.size):
            raise NotRegular("it moves with a part of a digit of a packed axis")
        found.append((step, Term(axis, 0, divisor=divisor, size=_left(divisor, size, target[axis]))))
    tables = period > 1 and bool(found) and same(found[-1][0], 1) is True
    terms = [digit._replace(stride=term.stride * _quotient(step, period))
             for step, digit in (found[:-1] if tables else found)]
    if tables:
        return [*terms, found[-1][1]._replace(stride=term.stride, lo=term.lo, hi=term.hi)], 0, 0
    return terms, term.lo[0], term.hi[0]


def _divides(part: Size, whole: Size) -> bool:
    return part != 0 and bool(same(whole // part * part, whole))


def _quotient(whole: Size, part: Size) -> Size:
    if not _divides(part, whole):
        raise NotRegular("it moves with a part of a digit of a packed axis")
    return whole // part


def _left(divisor: Size, size: Size, count: Size) -> Size | None:
    """The size of a digit, None for one that is all that the axis has beyond its divisor."""
    return None if same(divisor * size, count) else size


def recombined(terms: Sequence[Term]) -> tuple[Term, ...]:
    """``terms`` with neighbouring digits of one axis that move alike taken together."""
    found: list[Term] = []
    for term in sorted(terms, key=lambda term: (term.axis, least(term.divisor))):
        below = found[-1] if found else None
        if below and below.axis == term.axis and _continues(below, term):
            size = None if term.size is None else term.size * below.size  # type: ignore[operator]
            found[-1] = below._replace(size=size)
        else:
            found.append(term)
    return tuple(found)


def _continues(below: Term, term: Term) -> bool:
    """Whether ``term``'s digit goes on where that of ``below`` ends."""
    if below.size is None or (len(below.lo), term.lo, term.hi) != (1, (0,), (0,)) or below.lo != below.hi:
        return False
    return bool(same(below.divisor * below.size, term.divisor)
                and same(below.stride * below.size, term.stride))
