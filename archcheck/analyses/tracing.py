"""How fields without sizes pass through operators, and what they are where branches meet."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import groupby, pairwise
from math import inf, lcm
from operator import attrgetter
from typing import NamedTuple

from archcheck.analyses.phases import (
    TABLE,
    WHOLE,
    End,
    NotRegular,
    Relation,
    Term,
    Window,
    composed,
    flat,
    highest,
    identity,
    lowest,
    plus,
    recombined,
    settled,
    shortest,
    spanned,
    unpacked,
)
from archcheck.dims import Size, is_known, most, same
from archcheck.graph import Shape
from archcheck.ops._op import All, Along, BothWays, Packed, Picked, Prefix, Reader, Spread

ANY = "the data decide which positions are read"
TABLED = "a table names the positions that are read"
UNEQUAL = "branches of unequal stride meet"
APART = "parts that were joined are taken apart"
PARTS = "parts joined along the axis read differently"

EMPTY = inf, -inf


class Meeting(NamedTuple):
    """Two branches that meet with fields that do not fit: their ``strides``, and by how many input positions
    the centres of the second lie beyond those of the first, on average over the phases: ``moved / parts``,
    None where the strides differ."""

    strides: tuple[Fraction, Fraction]
    moved: Size | None = None
    parts: int = 1

    @property
    def offset(self) -> Fraction | None:
        """The distance of the centres; None where the strides differ, or where it depends on the sizes."""
        return Fraction(self.moved, self.parts) if isinstance(self.moved, int) else None


class Phases:
    """The algebra of fields without sizes. ``extents`` are the sizes of the input axes."""

    def __init__(self, join: str = "union") -> None:
        self.narrowest = join == "narrowest"
        self._known: dict[object, Relation] = {}

    def identity(self, axis: int, extent: Size) -> Relation:
        """An input's axis as it reads itself."""
        return identity(axis)

    def moves(self, relation: Relation) -> bool:
        """Whether positions of the value read differently."""
        return bool(relation.terms)

    def alike(self, a: Relation, b: Relation) -> bool:
        """Whether two relations read the same."""
        return a == b

    def part(self, relation: Relation, axis: int, first: Size, count: Size, target: Shape) -> Relation:
        """``relation`` for a part of the positions of ``axis``; `join` marks what differs from part to
        part."""
        return relation

    def emptied(self, relations: tuple[Relation, ...], readers: Sequence[Reader], source: Shape,
                target: Shape) -> tuple[Relation, ...]:
        """``relations``: paddings are not told from what they pad without sizes."""
        return relations

    def unknown(self, reason: str, by: str, extent: Size) -> Relation:
        """The whole axis, for a ``reason``, from the value ``by`` on."""
        return WHOLE._replace(by=by, reason=reason, bound=True)

    def through(self, relation: Relation, readers: Sequence[Reader], source: Shape, target: Shape,
                extent: Size, by: str) -> Relation:
        """``relation``, of a tensor of shape ``source``, as the value ``by`` of shape ``target`` has it,
        which reads that tensor."""
        if not relation.terms and not relation.mixed:
            return relation
        axes = {*(term.axis for term in relation.terms), *relation.mixed}
        key = relation, tuple([(axis, readers[axis], source[axis]) for axis in axes]), \
            target if len(axes) > 1 or type(readers[min(axes)]) is not Along else None, extent
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = _through(relation, readers, source, target, extent)
        if not found.terms and not found.by:
            found = found._replace(by=by)
        return found

    def join(self, a: Relation, b: Relation, target: Shape, extent: Size, by: str,
             parts: int | None = None) -> Relation:
        """What either of two branches reads, which meet in the value ``by`` of shape ``target``, one after
        the other along the axis ``parts`` if that is given."""
        if a == b or a.is_whole and not a.bound and parts is None:
            return a
        if self.narrowest:
            return min(a, b, key=lambda relation: _rank(width(relation)))
        key = a, b, target, extent, parts
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = settled(_joined(a, b, target, parts), extent)
        return found if found.terms or found.by else found._replace(by=by)

    def meeting(self, a: Relation, b: Relation) -> Meeting | None:
        """In what the fields of two branches do not fit; None where they do, or do not move alike."""
        if a is b or a == b or len(a.terms) != 1 or len(b.terms) != 1 or _key(a.terms[0]) != _key(b.terms[0]):
            return None
        one, other = a.terms[0], b.terms[0]
        strides = stride_of(one), stride_of(other)
        if strides[0] is None or strides[1] is None:
            return None
        if strides[0] != strides[1]:
            return Meeting((strides[0], strides[1]))
        moved, parts = _apart(one, other)
        return None if moved == 0 else Meeting((strides[0], strides[1]), moved, parts)


def stride_of(term: Term) -> Fraction | None:
    """Input positions for each step of the value; None where that depends on the sizes."""
    return Fraction(term.stride, len(term.lo)) if isinstance(term.stride, int) else None


def _apart(a: Term, b: Term) -> tuple[Size, int]:
    """How far the centres of ``b`` lie beyond those of ``a`` on average, as a fraction; 0 where an end is
    infinite."""
    (one, count), (other, number) = _centres(a), _centres(b)
    if inf in (one, other):
        return 0, 1
    return other * count - one * number, 2 * count * number


def _centres(term: Term) -> tuple[End, int]:
    """Twice the sum of the centres of as many phases as make a whole stride, less what the stride moves them;
    and how many those are."""
    count = len(term.lo)
    total: End = -(count - 1) * term.stride
    for end in (*term.lo, *term.hi):
        if end in (inf, -inf):
            return inf, count
        total = total + end
    return total, count


def width(relation: Relation) -> Size | float | None:
    """How many positions the widest interval spans; infinite without an end; None where that is not one
    formula."""
    if (relation.lo, relation.hi) == EMPTY:
        return 0
    spans = [highest(map(span, term.lo, term.hi)) for term in relation.terms]
    total: Size | float = plus(span(relation.lo, relation.hi), 1)
    for wide in spans:
        total = plus(total, wide)
    return total


def span(lo: End, hi: End) -> End:
    """``hi - lo``, infinite where either is; -1 where nothing is read."""
    if (lo, hi) == EMPTY:
        return -1
    return inf if lo == -inf or hi == inf else hi - lo


def _rank(span: Size | float | None) -> float:
    return span if isinstance(span, (int, float)) else most(span) if span is not None else inf


# ------------------------------------------------------------------------------------------------ through
def _through(relation: Relation, readers: Sequence[Reader], source: Shape, target: Shape,
             extent: Size) -> Relation:
    lo, hi, terms, reasons = relation.lo, relation.hi, list[Term](), [relation.reason]
    ways: set[int] = set()
    for axis, group in groupby(relation.terms, attrgetter("axis")):
        read = _read(tuple(group), readers[axis], source[axis], target)
        terms += read.terms
        lo, hi = plus(lo, read.lo), plus(hi, read.hi)
        reasons.append(read.reason)
        ways.update(read.mixed)
    reason = next(filter(None, reasons), "")
    mixed, parted = _mixed(relation.mixed, readers, source, target)
    mixed = tuple(sorted({*mixed, *ways}))
    reason = reason or (APART if parted else "")
    found = Relation(lo, hi, recombined(terms) if len(terms) > 1 else tuple(terms), relation.by, reason,
                     relation.bound or bool(reason), mixed)
    return settled(found, extent)


def _mixed(axes: Sequence[int], readers: Sequence[Reader], source: Shape,
           target: Shape) -> tuple[tuple[int, ...], bool]:
    """Along which axes parts still read differently, and whether it is some of the parts only that are
    read."""
    kept, parted = [], False
    for axis in axes:
        reader = readers[axis]
        if isinstance(reader, Along) and reader[1:] == (1, 0, 1, 1, ""):
            kept.append(reader.axis)
            parted = parted or same(source[axis], target[reader.axis]) is not True
        elif not isinstance(reader, All):
            parted = True
    return tuple(sorted(kept)), parted


def _read(group: tuple[Term, ...], reader: Reader, count: Size, target: Shape) -> Relation:
    """What ``reader`` makes of the terms of one axis of ``count`` positions."""
    try:
        if isinstance(reader, Along) and reader[1:] == (1, 0, 1, 1, ""):
            return Relation(terms=tuple(term._replace(axis=reader.axis) for term in group))
        if isinstance(reader, Packed):
            return _spread_out(group, reader, target)
        window = _window(reader)
        if window is not None:
            return Relation(terms=(composed(flat(group, count), window),))
        if isinstance(reader, Picked) and reader.axis is None and reader.indices is not None:
            return _chosen(flat(group, count), reader.indices)
    except NotRegular as why:
        return _widened(group, count, str(why))
    if isinstance(reader, BothWays):
        return _widened(group, count, "")._replace(mixed=(reader.direction,))
    reason = "" if not isinstance(reader, Picked) else ANY if reader.indices is None else TABLED
    return _widened(group, count, reason)


def _window(reader: Reader) -> Window | None:
    """The window that a reader slides; None for one that does not."""
    if isinstance(reader, Along):
        last = reader.start + (reader.taps - 1) * reader.dilation
        return Window(reader.axis, reader.stride, (reader.start,), (last,), reader.dilation)
    if isinstance(reader, Spread):
        return Window(reader.axis, reader.stride, reader.first, reader.last, reader.step)
    if isinstance(reader, Prefix):
        ends = ((reader.gap,), (inf,)) if reader.reverse else ((-inf,), (-reader.gap,))
        return Window(reader.axis, 1, *ends)
    if isinstance(reader, Picked) and reader.axis is not None and reader.indices:
        return _progression(reader.axis, reader.indices)
    return None


def _progression(axis: int, indices: tuple[Size, ...]) -> Window | None:
    """Positions that a table names, if each is as far from the one before."""
    if not all(map(is_known, indices)):
        return None
    steps = {b - a for a, b in pairwise(indices)}
    step = steps.pop() if steps else 1
    return None if steps else Window(axis, step, indices[:1], indices[:1])


def _chosen(term: Term, indices: tuple[Size, ...]) -> Relation:
    """What all of a few positions read."""
    found = Relation(lowest(map(term.first, indices)), highest(map(term.last, indices)))
    return found if indices else Relation(inf, -inf)


def _widened(group: Iterable[Term], count: Size, reason: str) -> Relation:
    """What all positions together read."""
    lo: End = 0
    hi: End = 0
    for term in group:
        first, last = spanned(term, count)
        lo, hi = plus(lo, first), plus(hi, last)
    return Relation(lo, hi, reason=reason)


def _spread_out(group: Iterable[Term], reader: Packed, target: Shape) -> Relation:
    """The terms of an axis that packs others, as terms of those."""
    found = Relation()
    for term in group:
        terms, lo, hi = unpacked(term, reader.parts, target)
        found = Relation(plus(found.lo, lo), plus(found.hi, hi), (*found.terms, *terms))
    return found


# ------------------------------------------------------------------------------------------------ joining
def _joined(a: Relation, b: Relation, target: Shape, parts: int | None) -> Relation:
    """The hull of two relations; what differs from part to part along an axis is marked."""
    exact = [relation for relation in (a, b) if relation.is_whole and not relation.bound]
    found = exact[0] if exact else _union(a, b, target)
    if any(not one.bound and one[:3] == found[:3] for one in (a, b)):
        found = found._replace(bound=False, reason="")
    if parts is None or a._replace(by="") == b._replace(by=""):
        return found
    if any(term.axis == parts for term in (*a.terms, *b.terms)):
        return found._replace(reason=found.reason or PARTS, bound=True)
    return found._replace(mixed=tuple(sorted({*found.mixed, parts})))


def _union(a: Relation, b: Relation, target: Shape) -> Relation:
    """The hull of two relations; what moves one of them only, or at another stride, is widened."""
    marks = Relation(by=a.by or b.by, reason=a.reason or b.reason, bound=a.bound or b.bound,
                     mixed=tuple(sorted({*a.mixed, *b.mixed})))
    if len(a.terms) == len(b.terms) == 1 and _key(a.terms[0]) == _key(b.terms[0]):
        term = _hull(a.terms[0], b.terms[0])
        if term is not None:
            return marks._replace(terms=(term,))
        marks = marks._replace(reason=marks.reason or UNEQUAL, bound=True)
    a, b = _pure(a), _pure(b)
    shared = tuple(term for term in a.terms if term in b.terms)
    if shared != a.terms or shared != b.terms:
        marks = marks._replace(bound=True)
    (lo, hi), (low, high) = (_rest(relation, shared, target) for relation in (a, b))
    return marks._replace(lo=lowest((lo, low)), hi=highest((hi, high)), terms=shared)


def _key(term: Term) -> tuple[int, Size, Size | None]:
    return term.axis, term.divisor, term.size


def _hull(a: Term, b: Term) -> Term | None:
    """Both terms in one, phase by phase; None where their strides differ."""
    if not isinstance(a.stride, int) or not isinstance(b.stride, int):
        return a._replace(lo=tuple(map(_lower, a.lo, b.lo)), hi=tuple(map(_higher, a.hi, b.hi))) \
            if a.stride == b.stride and len(a.lo) == len(b.lo) else None
    period = lcm(len(a.lo), len(b.lo))
    stride = a.stride * (period // len(a.lo))
    if stride != b.stride * (period // len(b.lo)) or period > TABLE:
        return None
    (lo, hi), (low, high) = _repeated(a, period), _repeated(b, period)
    lo, hi = tuple(map(_lower, lo, low)), tuple(map(_higher, hi, high))
    return shortest(a._replace(stride=stride, lo=lo, hi=hi))


def _lower(a: End, b: End) -> End:
    return lowest((a, b))


def _higher(a: End, b: End) -> End:
    return highest((a, b))


def _repeated(term: Term, period: int) -> tuple[tuple[End, ...], tuple[End, ...]]:
    """The tables of ``term`` written out for ``period`` phases."""
    turns = [turn * term.stride for turn in range(period // len(term.lo))]
    return (tuple(plus(end, moved) for moved in turns for end in term.lo),
            tuple(plus(end, moved) for moved in turns for end in term.hi))


def _pure(relation: Relation) -> Relation:
    """``relation`` with the width of one-phase terms moved into the constants."""
    lo, hi, terms = relation.lo, relation.hi, []
    for term in relation.terms:
        if len(term.lo) == 1:
            lo, hi = plus(lo, term.lo[0]), plus(hi, term.hi[0])
            term = term._replace(lo=(0,), hi=(0,))
        terms.append(term)
    return relation._replace(lo=lo, hi=hi, terms=tuple(terms))


def _rest(relation: Relation, shared: tuple[Term, ...], target: Shape) -> tuple[End, End]:
    """What is left of a relation without the terms that are ``shared``, for all positions together."""
    others = [term for term in relation.terms if term not in shared]
    lo, hi = relation.lo, relation.hi
    for term in others:
        first, last = spanned(term, target[term.axis])
        lo, hi = plus(lo, first), plus(hi, last)
    return lo, hi
