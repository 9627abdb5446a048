"""Receptive fields: which positions of the network's inputs a position of a value depends on.

A field is given per value, per input of the network and per axis of that input. `Fields` are free of sizes
and unclipped; ``field.at(sizes)`` clips at every layer, and is exact if asked. After Araujo, Norris and Sim,
*Computing Receptive Fields of Convolutional Neural Networks*, Distill 2019, carried over to every operator
that says how it reads its inputs.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

from archcheck.analyses.dataflow import Fold, State
from archcheck.analyses.phases import NotRegular, Relation, Term, flat
from archcheck.analyses.tracing import Meeting, Phases, span, stride_of, width
from archcheck.dims import Dim, Size, is_known, symbols
from archcheck.graph import Shape

if TYPE_CHECKING:
    from archcheck.analyses.reached import ValueReach
    from archcheck.report import Report

SEVERAL = "it moves along several axes of the value"


class Remainders(NamedTuple):
    """A number that depends on the size ``symbol`` by its remainder: from the size ``first`` on it is
    ``numbers[size % len(numbers)]``."""

    symbol: str
    first: int
    numbers: tuple[int, ...]


class AxisField:
    """The field along one axis of an input, of ``extent`` positions, of a value of ``shape``."""

    def __init__(self, relation: Relation, extent: Size, shape: Shape | None) -> None:
        self.relation, self.extent = relation, extent
        self.by, self.upper_bound = relation.by, relation.bound
        self.reason = relation.reason
        self._term: Term | None = None
        if relation.terms:
            self._term, self.reason = _single(relation, shape or ())

    @property
    def axis(self) -> int | None:
        """The axis of the value along which the field moves; None if it does not, or along several."""
        return self._term.axis if self._term else None

    @property
    def is_whole(self) -> bool:
        """Whether every position reads the whole axis."""
        return self.relation.is_whole

    @property
    def is_empty(self) -> bool:
        """Whether nothing of the input is read."""
        return (self.relation.lo, self.relation.hi) == (inf, -inf)

    @property
    def moves(self) -> bool:
        """Whether positions of the value read differently."""
        return bool(self.relation.terms)

    @property
    def period(self) -> int:
        """After how many positions of the value the field repeats, moved by the stride."""
        return len(self._term.lo) if self._term else 1

    @property
    def phases(self) -> tuple[tuple[Any, Any], ...]:
        """The first and the last input position, both included, that the outputs 0, 1, … of one period read;
        -inf and inf are the ends of the axis, and a first beyond the last reads nothing."""
        if self._term:
            return tuple(zip(self._term.lo, self._term.hi))
        return () if self.moves else ((self.relation.lo, self.relation.hi),)

    @cached_property
    def sizes(self) -> tuple[Size | None, ...]:
        """How many positions the field spans, phase by phase, each number once and in order; None where it
        has no fixed size."""
        if self.is_whole:
            return (self.extent,)
        if self.moves and not self._term:
            return (_summed(self.relation),)
        found = {None if (wide := span(lo, hi)) == inf else wide + 1 for lo, hi in self.phases}
        return tuple(sorted(found, key=lambda size: (not isinstance(size, int), size if isinstance(size, int)
                                                     else repr(size))))

    @property
    def size(self) -> Any:
        """The size of the field: a number, or a tuple of all sizes where it depends on the phase; None where
        it has no fixed size."""
        return self.sizes[0] if len(self.sizes) == 1 else self.sizes

    @property
    def stride(self) -> int | Fraction | None:
        """Input positions by which the field moves for each position of the value; 0 if it does not move,
        None where that depends on the sizes or differs from place to place."""
        if not self.moves:
            return 0
        stride = stride_of(self._term) if self._term else None
        return stride if stride is None or stride.denominator > 1 else int(stride)

    @property
    def start(self) -> Any:
        """The first input position that output 0 reads, below 0 in the padding; None where it is not one
        number or formula."""
        return self._end(0, 0)

    @property
    def start_by_remainder(self) -> Remainders | None:
        """The start as a table, where it is a formula over one symbol that only remainders decide."""
        return None if self.start is None or isinstance(self.start, int) else _by_remainder(self.start)

    @property
    def end(self) -> Any:
        """The last input position that output 0 reads."""
        return self._end(1, self.extent - 1)

    def _end(self, which: int, border: Size) -> Any:
        phases = self.phases
        if not phases or phases[0] == (inf, -inf):
            return None
        end = phases[0][which]
        return border if end in (inf, -inf) else end

    @property
    def centre(self) -> Fraction | None:
        """The middle of the field of output 0, in input positions; None where it is not a number."""
        if isinstance(self.start, int) and isinstance(self.end, int):
            return Fraction(self.start + self.end, 2)
        return None

    @property
    def is_causal(self) -> bool:
        """Whether no position reads beyond its own place, ``⌊o·stride⌋ + stride - 1`` of the input's axis, so
        that the value can be worked out as the input arrives."""
        stride = stride_of(self._term) if self._term else None
        if stride is None or stride <= 0:
            return False
        return all(isinstance(last, int) and last <= (phase + 1) * stride - 1 or last == -inf
                   for phase, (_, last) in enumerate(self.phases))

    def __repr__(self) -> str:
        return f"AxisField(size={self.size}, stride={self.stride}, start={self.start})"


def _single(relation: Relation, shape: Shape) -> tuple[Term | None, str]:
    """The terms of a relation as one, and why that is not possible where it is not."""
    axes = {term.axis for term in relation.terms}
    if len(axes) > 1:
        return None, relation.reason or SEVERAL
    try:
        term = flat(relation.terms, shape[axes.pop()])
    except NotRegular as why:
        return None, relation.reason or str(why)
    if len(relation.terms) > 1 or relation.lo != 0 or relation.hi != 0:
        term = term._replace(lo=tuple(end + relation.lo for end in term.lo),
                             hi=tuple(end + relation.hi for end in term.hi))
    return term, relation.reason


def _by_remainder(size: Dim) -> Remainders | None:
    from archcheck.analyses.quasipolynomials import Unsolvable, quasipolynomial
    atoms = tuple(symbols(size))
    try:
        found = quasipolynomial(size, *atoms) if len(atoms) == 1 else None
    except Unsolvable:
        return None
    if found is None or any(len(tail) > 1 for tail in found.tails):
        return None
    numbers = [found(found.start + (phase - found.start) % found.period) for phase in range(found.period)]
    period = next(k for k in range(1, len(numbers) + 1)
                  if len(numbers) % k == 0 and numbers == numbers[:k] * (len(numbers) // k))
    return Remainders(atoms[0].args[0], found.start, tuple(numbers[:period]))


def _summed(relation: Relation) -> Size | None:
    size = width(relation)
    return None if size == inf or isinstance(size, float) else size


class InputField(Sequence[AxisField]):
    """The field in one input of the network: an `AxisField` for each of its axes."""

    def __init__(self, relations: Sequence[Relation], extents: Shape, shape: Shape | None) -> None:
        self._axes = tuple(AxisField(relation, extent, shape) for relation, extent in zip(relations, extents))

    def __getitem__(self, axis: Any) -> Any:
        return self._axes[axis]

    def __len__(self) -> int:
        return len(self._axes)

    def __repr__(self) -> str:
        return repr(self._axes)


class ValueField(Mapping[str, InputField]):
    """The fields of the value ``name`` in every input that it depends on, by the input's name."""

    def __init__(self, report: Report, name: str, state: State) -> None:
        self.report, self.name = report, name
        shape = report.types[name].shape
        self._inputs = {source: InputField(relations, report.types[source].shape or (), shape)
                        for source, relations in state.items()}

    def __getitem__(self, source: str) -> InputField:
        return self._inputs[source]

    def __iter__(self) -> Iterator[str]:
        return iter(self._inputs)

    def __len__(self) -> int:
        return len(self._inputs)

    def at(self, sizes: Mapping[str, int] | None = None, *, exact: bool = False) -> ValueReach:
        """What each position reads with ``sizes`` put in for the symbols, clipped at every layer: the hull,
        or with ``exact`` also the set. Raises `ReachError` where a symbol is left without a number."""
        from archcheck.analyses.reached import reach
        return reach(self.report, sizes or {}, exact)[self.name]

    def __repr__(self) -> str:
        return f"ValueField({self.name!r}, {self._inputs})"


class Fields(Mapping[str, ValueField]):
    """The fields of every value that depends on an input. With ``local``, statistics and gates are left out;
    ``narrowest`` follows the path of the smallest field at every join instead of all."""

    def __init__(self, report: Report, local: bool = False, narrowest: bool = False) -> None:
        self.report = report
        self.meetings: list[tuple[int, str, int, Meeting]] = []
        algebra = Phases("narrowest" if narrowest else "union")
        self._algebra = algebra
        extents = extents_of(report)
        fold = Fold(algebra, extents, local, None if local or narrowest else self._met)
        self._states = fold.run(report.walk, fold.inputs(extents))
        self._made: dict[str, ValueField] = {}

    def _met(self, index: int, source: str, axis: int, a: Relation, b: Relation) -> None:
        meeting = self._algebra.meeting(a, b)
        if meeting:
            self.meetings.append((index, source, axis, meeting))

    def __getitem__(self, name: str) -> ValueField:
        if name not in self._made:
            self._made[name] = ValueField(self.report, name, self._states[name])
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._states)

    def __len__(self) -> int:
        return len(self._states)


def extents_of(report: Report) -> dict[str, Shape]:
    """The shapes of the network's inputs, those of known rank."""
    shapes = {name: report.types[name].shape for name in report.graph.inputs}
    return {name: shape for name, shape in shapes.items() if shape is not None}


def is_bound(report: Report) -> bool:
    """Whether all sizes of the network's inputs are numbers."""
    return all(isinstance(size, int) or not is_known(size)
               for shape in extents_of(report).values() for size in shape)
