"""What archcheck says of the fields of a network, held against what was measured."""
from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, Union

import numpy as np

from archcheck.probing.bounds import Bounds, Cuts, all_points, bounds, everywhere
from archcheck.probing.network import Array, Network, Points

Box = Sequence[tuple[int, int]]


class Reach(Protocol):
    """How a value reads one input."""

    upper_bound: bool

    def box(self, position: tuple[int, ...]) -> Box | None:
        """For each axis of the input the first and the last position that is read; None for nothing."""
        ...


Said = Callable[[str], Union[Mapping[str, Reach], None]]
"""The name of a value to its `Reach` by input; an input that is not there is not read at all. None where not
even the value's shape is known."""


class Fault(NamedTuple):
    """A claim that a measurement refutes. ``kind`` is ``unsound`` (something outside is read) or ``loose``
    (the box could be smaller); ``measured`` says between what the true first and last positions lie."""

    kind: str
    value: str
    position: tuple[int, ...]
    input: str
    axis: int
    said: tuple[int, int]
    measured: tuple[tuple[int, int], tuple[int, int]]


@dataclass
class Verdict:
    """What came out: how many claims (a point of a value, along an axis) there were, how many of them are
    proved, the ``faults``, and how many are not decided, by reason."""

    claims: int = 0
    proved: int = 0
    faults: list[Fault] = field(default_factory=list)
    undecided: Counter[str] = field(default_factory=Counter)
    values: set[str] = field(default_factory=set)

    def of(self, kind: str) -> list[Fault]:
        """The faults of one kind."""
        return [fault for fault in self.faults if fault.kind == kind]


class Claims(NamedTuple):
    """What is said of the points of a value along one axis of an input: ``first`` and ``last``, whether that
    may be more than is read, and for which points the same is said along some axis."""

    first: Array
    last: Array
    is_bound: bool
    is_still: Array


def judged(network: Network, said: Said, most_points: int = 24, most_runs: int | None = None,
           points: Points | None = None, axes: Sequence[int] | None = None) -> Verdict:
    """Hold what is ``said`` of every value against runs: at most ``most_points`` of each, ``most_runs`` runs
    an axis (None: as many as settle everything); of given ``points`` and ``axes`` only."""
    verdict = Verdict()
    points = all_points(network, most_points) if points is None else points
    answers = {value: said(value) for value in points}
    told = {value: dict(answer) for value, answer in answers.items() if answer is not None}
    verdict.undecided.update(["values of unknown shape"] * (len(points) - len(told)))
    points = {value: where for value, where in points.items() if value in told}
    verdict.values.update(points)
    for name, given in network.inputs.items():
        boxes = {value: _boxes(told[value].get(name), points[value]) for value in points}
        still = {value: _still(told[value].get(name), points[value], network.values[value])
                 for value in points}
        for axis, size in enumerate(given.shape):
            if axis in axes if axes is not None else size > 1 or max(given.shape) == 1:
                claims = {value: _claims(told[value].get(name), boxes[value], axis, size, still[value])
                          for value in points}
                _along(verdict, network, name, axis, points, claims, most_runs)
    return verdict


def _boxes(reach: Reach | None, where: tuple[Array, ...]) -> list[Box | None]:
    return [None if reach is None else reach.box(position) for position in positions(where)]


def positions(where: tuple[Array, ...]) -> list[tuple[int, ...]]:
    """The points that numpy's index ``where`` means, one by one."""
    return list(zip(*(map(int, places) for places in where))) if where else [()]


def _still(reach: Reach | None, where: tuple[Array, ...], shape: Sequence[int]) -> Array:
    return np.array([reach is not None and stands_still(reach, position, shape)
                     for position in positions(where)])


def _claims(reach: Reach | None, boxes: list[Box | None], axis: int, size: int, still: Array) -> Claims:
    ends = [(size, -1) if box is None else box[axis] for box in boxes]
    first, last = np.array(ends).T
    return Claims(first, last, reach is not None and reach.upper_bound, still)


def _along(verdict: Verdict, network: Network, name: str, axis: int, points: Points,
           claims: Mapping[str, Claims], most_runs: int | None) -> None:
    """Judge the claims along one axis."""
    size = network.inputs[name].shape[axis]
    cuts = everywhere(size) if most_runs is None else _chosen(claims.values(), size, most_runs)
    found = bounds(network.run(name), network, name, axis, points, cuts)
    doubted = {value: points[value] for value in points if np.any(found[value].refute(*claims[value][:2]))}
    changed: dict[str, Bounds] = {}
    if doubted and network.run(name) == network.poisoned:
        near = everywhere(size) if most_runs is None else \
            _chosen((claims[value] for value in doubted), size, most_runs)
        changed = bounds(network.disturbed, network, name, axis, doubted, near)
    for value, told in claims.items():
        _decide(verdict, network, (value, name, axis), points[value], told, found[value], changed.get(value))


def _chosen(claims: Iterable[Claims], size: int, most: int) -> Cuts:
    """The cuts that decide most claims, and the one that changes everything."""
    firsts: Counter[int] = Counter()
    lasts: Counter[int] = Counter()
    for told in claims:
        firsts.update(cut for first in set(told.first.tolist()) for cut in (first - 1, first))
        lasts.update(cut for last in set(told.last.tolist()) for cut in (last, last + 1))
    found = [sorted({cut for cut, _ in counter.most_common(most // 2) if 0 <= cut < size} | {always})
             for counter, always in ((firsts, size - 1), (lasts, 0))]
    return found[0], found[1]


def _decide(verdict: Verdict, network: Network, what: tuple[str, str, int], where: tuple[Array, ...],
            told: Claims, found: Bounds, changed: Bounds | None) -> None:
    """Take up what becomes of the claims about one value along one axis.

    What is read without being claimed is a fault, unless an operator on the way spreads NaN to where nothing
    is read: then a change has to show it. What is claimed without being read is one if no change shows that
    it is read either, and there is no reason (`_excuses`) for that."""
    missed, spare = found.refute(told.first, told.last)
    proved = found.settle(told.first, told.last)
    anyway = network.is_nan(what[0], where)
    verdict.undecided.update(["NaN anyway"] * int(anyway.sum()))
    if changed is not None:
        missed_too, spare_too = changed.refute(told.first, told.last)
        leaked = missed & ~missed_too if network.leaking.get(what[0]) else np.zeros_like(missed)
        verdict.undecided.update(["zero taps"] * int(leaked.sum()))
        shown = changed.settle(told.first, told.last)
        missed, proved, spare = (missed | missed_too) & ~leaked, proved | shown, spare & spare_too & ~shown
    missed, proved, spare = missed & ~anyway, proved & ~anyway, spare & ~missed & ~anyway
    for reason, excused in _excuses(network, what, told, found):
        verdict.undecided.update([reason] * int((spare & excused).sum()))
        spare = spare & np.logical_not(excused)
    verdict.claims += len(missed)
    verdict.proved += int((proved & ~missed & ~spare).sum())
    verdict.faults += _faults("unsound", missed, what, where, told, found)
    verdict.faults += _faults("loose", spare, what, where, told, found)


def _excuses(network: Network, what: tuple[str, str, int], told: Claims,
             found: Bounds) -> Iterator[tuple[str, Any]]:
    """Why some points may read less than is claimed."""
    value, name, _ = what
    if network.run(name) == network.poisoned:
        yield "nothing is read", (found.first_least > found.last_most) & told.is_still
    else:
        yield "changes only", np.ones_like(told.is_still)
    yield "said to be a bound", told.is_bound
    drops = sorted(network.through.get(value, ()))
    yield f"{'/'.join(drops)} may drop NaN", bool(drops)


def _faults(kind: str, which: Array, what: tuple[str, str, int], where: tuple[Array, ...], told: Claims,
            found: Bounds) -> Iterator[Fault]:
    value, name, axis = what
    for k in np.flatnonzero(which):
        position = tuple(int(places[k]) for places in where)
        said = int(told.first[k]), int(told.last[k])
        yield Fault(kind, value, position, name, axis, said,
                    ((int(found.first_least[k]), int(found.first_most[k])),
                     (int(found.last_least[k]), int(found.last_most[k]))))


def of_report(report: Any, exact: bool = False) -> Said:
    """What a report says of the fields of the values."""
    def said(value: str) -> Any:
        shape = report.types[value].shape
        if shape is None or not all(isinstance(size, int) for size in shape):
            return None
        return report.fields[value].at(exact=exact) if value in report.fields else {}

    return said


def stands_still(reach: Reach, position: tuple[int, ...], shape: Sequence[int]) -> bool:
    """Whether what is said of a position is said of all along some axis, which may have no other. Padding
    behind a global mean reads nothing; but a field that does not move along an axis has no place for that."""
    moved = [(*position[:axis], size // 2 if position[axis] != size // 2 else 0, *position[axis + 1:])
             for axis, size in enumerate(shape)]
    return any(reach.box(other) == reach.box(position) for other in moved)
