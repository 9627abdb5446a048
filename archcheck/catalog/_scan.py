"""The scan: what is not in the journal yet is worked on, and everything comes out in the order of its
sources."""
from __future__ import annotations

import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from archcheck.catalog._journal import Journal
from archcheck.catalog._row import Ask, Made, Row, lost, make, prepare
from archcheck.deadline import Limits, Lost
from archcheck.frontends._remote import SMALL
from archcheck.pool import Place, work

Progress = Callable[[int], None]


@dataclass
class Tally:
    """What a scan comes to. ``known`` counts the models that a scan before has done, ``seconds`` is what the
    others took, by what was done, in all processes together; ``elapsed`` what the user waited. ``whole`` are
    models of some size at URLs that could not be read by ranges."""

    models: int = 0
    known: int = 0
    errors: int = 0
    structures: set[str] = field(default_factory=set)
    findings: Counter[str] = field(default_factory=Counter)
    models_with: Counter[str] = field(default_factory=Counter)
    failed: list[tuple[str, str]] = field(default_factory=list)
    bytes_read: int = 0
    whole: int = 0
    seconds: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    elapsed: float = 0.0

    def count(self, row: Row) -> None:
        """Take a row into account."""
        self.models += 1
        if row["structure"]:
            self.structures.add(row["structure"])
        self.findings.update(row["findings"] or {})
        self.models_with.update((row["findings"] or {}).keys())
        self.bytes_read += row["bytes_read"] or 0
        self.whole += SMALL < (row["size"] or 0) <= (row["bytes_read"] or 0)
        if row["error"] is not None:
            self.errors += 1
            if len(self.failed) < SHOWN:
                self.failed.append((row["path"], row["error"]))


SHOWN = 10
"""So many errors are told."""


class Scan:
    """A scan over ``asks``, whose rows stand in ``journal`` once it has `run`."""

    def __init__(self, asks: Sequence[Ask], journal: Journal) -> None:
        self.asks, self.journal = asks, journal
        self.places = array("q", [-1]) * len(asks)
        self.tally = Tally()

    @property
    def done(self) -> int:
        """How many models are done."""
        return sum(place >= 0 for place in self.places)

    def look(self) -> list[int]:
        """Find what is done already; the indices of what is not."""
        todo = []
        for index, ask in enumerate(self.asks):
            if self.journal.has(ask):
                self.places[index] = self.journal.place(ask)
            else:
                todo.append(index)
        self.tally.known = len(self.asks) - len(todo)
        return todo

    def run(self, todo: Sequence[int], place: Place, limits: Limits, progress: Progress) -> None:
        """Work on what is to do; each row is in the journal as soon as it is there."""
        begun = time.monotonic()
        if todo and place.cluster is None:
            prepare()
        for number, found in work(make, [self.asks[index] for index in todo], place, limits):
            ask = self.asks[todo[number]]
            made = Made(lost(ask, f"{ask.path}: {found.reason}")) if isinstance(found, Lost) else found
            self.places[todo[number]] = self.journal.add(ask, made)
            self.tally.seconds = [sum(pair) for pair in zip(self.tally.seconds, made.seconds)]
            self.tally.elapsed = time.monotonic() - begun
            progress(1)

    def rows(self) -> Iterator[Row]:
        """The rows, in the order of the sources."""
        return map(self.journal.row, self.places)

    def layers(self) -> Iterator[Row]:
        """The rows of the layers of all models."""
        return (row for place in self.places for row in self.journal.layers(place))

    def counted(self) -> Tally:
        """What the rows come to."""
        for row in self.rows():
            self.tally.count(row)
        return self.tally
