"""Patterns as programs that are run over a sequence of words, and what a run finds.

A program is a list of instructions. A run tries what a pattern leaves open from left to right, as many and as
much as it can first, and never the same twice: what is still to come depends on the place in the program and
in the sequence, on the turns of the repetitions around it, and on counts that stand at several places.
"""
from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Union

from archcheck.errors import UserError

MAX_STEPS = 300_000
"""A run that takes more steps is given up."""


class Word(NamedTuple):
    """One of ``names`` has to come."""

    names: frozenset[str]
    text: str


class Split(NamedTuple):
    """Go on with what comes next; where that fails, at ``other``."""

    other: int


class Begin(NamedTuple):
    """The repetition ``number`` begins."""

    number: int


class Turn(NamedTuple):
    """One more turn of the repetition ``number``, or on at ``end``."""

    number: int
    end: int


class Again(NamedTuple):
    """A turn ends, and ``start`` says how it goes on."""

    start: int


Instruction = Union[Word, Split, Begin, Turn, Again]


class Repetition(NamedTuple):
    """A group that stands there ``least`` to ``most`` times (None: as often as may be). Its count is called
    ``name``; ``around`` is the repetition that it stands in, -1 for none."""

    least: int
    most: int | None
    name: str
    around: int


@dataclass(frozen=True)
class Program:
    """Instructions, and the repetitions that they speak of by number; these are numbered as they begin, and
    ``order`` has them as they end."""

    code: Sequence[Instruction]
    repetitions: Sequence[Repetition]
    order: Sequence[int]

    @property
    def shared(self) -> frozenset[str]:
        """The names of counts that stand at several places."""
        names = [one.name for one in self.repetitions if one.name]
        return frozenset(name for name in names if names.count(name) > 1)


Counts = Union[int, tuple["Counts", ...]]
"""How often a group stands there: a number, or one for each turn of the repetition around it."""


class Run(NamedTuple):
    """What a run found: the ``counts`` of each repetition, None where the sequence does not fit; and how far
    it came, with what could have come there."""

    counts: tuple[Counts, ...] | None
    reached: int
    wanted: tuple[str, ...]


END = "the end"
"""What is wanted where a pattern ends."""


class Open(NamedTuple):
    """A repetition that is under way: its turns so far, and where the last one began."""

    number: int
    turns: int
    began: int
    outer: Open | None


class Done(NamedTuple):
    """A repetition that has ended after ``turns``, after those before it."""

    number: int
    turns: int
    before: Done | None


class State(NamedTuple):
    """Where a run is: in the program, in the sequence, in repetitions; and counts that are settled."""

    at: int
    place: int
    inside: Open | None
    done: Done | None
    settled: Mapping[tuple[str, tuple[int, ...]], int]


@dataclass
class Runner:
    """Runs ``program`` over a sequence, each of which answers to several names."""

    program: Program
    sequence: Sequence[Collection[str]]
    reached: int = 0
    wanted: dict[str, None] = field(default_factory=dict)

    def run(self) -> Run:
        """The first way through that there is. Raises `UserError` where that takes too long to find."""
        todo, seen, steps = [State(0, 0, None, None, {})], set[object](), 0
        self.shared = self.program.shared
        while todo:
            state = todo.pop()
            key = self.key(state)
            if key in seen:
                continue
            seen.add(key)
            steps += 1
            if steps > MAX_STEPS:
                raise UserError("the pattern leaves so much open that it was given up; give some of its "
                                "counts as numbers, or keep groups of equal layers apart")
            if state.at == len(self.program.code):
                if state.place == len(self.sequence):
                    return Run(self.counts(state.done), self.reached, ())
                self.want(state.place, END)
            else:
                todo += self.next(state)
        return Run(None, self.reached, tuple(self.wanted))

    def key(self, state: State) -> object:
        """What decides how a run can go on. Turns beyond those that have to be make no difference."""
        turns, one = [], state.inside
        while one is not None:
            found = self.program.repetitions[one.number]
            exact = self.shared or found.most is not None
            turns.append((one.turns if exact else min(one.turns, found.least + 1), state.place > one.began))
            one = one.outer
        return state.at, state.place, tuple(turns), tuple(state.settled.items())

    def want(self, place: int, text: str) -> None:
        """Keep what could have come at ``place``, if no way came farther."""
        if place > self.reached:
            self.reached = place
            self.wanted.clear()
        if place == self.reached:
            self.wanted[text] = None

    def next(self, state: State) -> list[State]:
        """The states that one can be followed by, the one to be tried first at the end."""
        step = self.program.code[state.at]
        if isinstance(step, Word):
            return self.word(state, step)
        if isinstance(step, Split):
            return [state._replace(at=step.other), state._replace(at=state.at + 1)]
        if isinstance(step, Begin):
            return [state._replace(at=state.at + 1, inside=Open(step.number, 0, state.place, state.inside))]
        if isinstance(step, Again):
            return [state._replace(at=step.start)]
        return self.turn(state, step)

    def word(self, state: State, step: Word) -> list[State]:
        """On by one, if what comes answers to the word."""
        if state.place < len(self.sequence) and not step.names.isdisjoint(self.sequence[state.place]):
            return [state._replace(at=state.at + 1, place=state.place + 1)]
        self.want(state.place, step.text)
        return []

    def turn(self, state: State, step: Turn) -> list[State]:
        """Another turn of a repetition, or its end. A turn with nothing in it counts only where it has to."""
        one = state.inside
        assert one is not None
        found = self.program.repetitions[step.number]
        slot = found.name, _path(one.outer)
        least, most = found.least, found.most
        if slot in state.settled:
            least, most = max(least, state.settled[slot]), min(most or MAX_STEPS, state.settled[slot])
        if one.turns > least and state.place == one.began:
            return []
        ways = []
        if least <= one.turns and (most is None or one.turns <= most):
            settled = {**state.settled, slot: one.turns} if found.name in self.shared else state.settled
            ways.append(State(step.end, state.place, one.outer, Done(step.number, one.turns, state.done),
                              settled))
        if most is None or one.turns < most:
            ways.append(state._replace(at=state.at + 1, inside=one._replace(turns=one.turns + 1,
                                                                           began=state.place)))
        return ways

    def counts(self, done: Done | None) -> tuple[Counts, ...]:
        """How often each repetition stands there: those inside another are gathered turn by turn."""
        events = []
        while done is not None:
            events.append(done)
            done = done.before
        found: list[list[Counts]] = [[] for _ in self.program.repetitions]
        for event in reversed(events):
            for inner in range(event.number + 1, len(found)):
                if self.is_within(inner, event.number):
                    split = len(found[inner]) - event.turns
                    found[inner][split:] = [tuple(found[inner][split:])]
            found[event.number].append(event.turns)
        return tuple(values[0] for values in found)

    def is_within(self, inner: int, outer: int) -> bool:
        """Whether one repetition stands in another."""
        while inner > outer:
            inner = self.program.repetitions[inner].around
        return inner == outer


def _path(one: Open | None) -> tuple[int, ...]:
    """The turns of the repetitions that are under way, from inside out."""
    return () if one is None else (one.turns, *_path(one.outer))
