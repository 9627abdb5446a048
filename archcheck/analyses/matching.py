"""Whether a network fits a pattern as lectures write it, ``[[CONV -> RELU]*N -> POOL?]*M -> [FC -> RELU]*K``,
and what its names then stand for."""
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from archcheck.analyses.automaton import (
    Again,
    Begin,
    Counts,
    Instruction,
    Program,
    Repetition,
    Run,
    Runner,
    Split,
    Turn,
    Word,
)
from archcheck.analyses.blocks import UNTOLD, Item, sequence
from archcheck.analyses.layers import ACTIVATIONS, WORDS
from archcheck.errors import closest

if TYPE_CHECKING:
    from archcheck.frontends.spec._document import Document, Text
    from archcheck.frontends.spec._tree import Call, Steps
    from archcheck.report import Report

BLOCKS = ("RES", "MLP", "DENSEBLOCK", "INCEPTION", "CONCAT", "SKIP", "SE", "GATE", UNTOLD)
"""Words for blocks that are no words for layers."""

BEGINNING = "INPUT"
CLASSIFIER = "SOFTMAX"
ENDINGS = frozenset(("SOFTMAX", "LOGSOFTMAX"))
"""What a network may end with though its pattern does not name it."""

MAX_TIMES = 10_000
_RANGE = re.compile(r"(?:([^\W\d]\w*)\s*(?:=\s*|\Z))?(?:(\d{1,6})\s*(?:(\.\.)\s*(\d{1,6})?)?)?\Z")


class Match(NamedTuple):
    """What `match` found. ``binding`` has for each name in the pattern how often its group stands there, a
    tuple with an entry for each turn of the repetition around it; None where the network does not fit.
    ``items`` is the network without what is ``passed`` over, ``reached`` how many of these fit, and
    ``wanted`` the words that could have come then. ``whole`` says whether all of the network leads from its
    first input to its first output."""

    binding: Mapping[str, Counts] | None
    items: tuple[Item, ...]
    passed: tuple[Item, ...]
    reached: int
    wanted: tuple[str, ...]
    whole: bool


def match(report: Report, pattern: str) -> Match:
    """Whether the network of ``report`` fits ``pattern``. Raises `archcheck.frontends.LoadError` where the
    pattern is none, with its place, and `UserError` where it leaves too much open."""
    found, whole = sequence(report)
    program, named = compiled(pattern, (name for item in found for name in item.names))
    passed = frozenset(_passed(found, named))
    items = tuple(item for item in found if item not in passed)
    run = Runner(program, [item.names for item in items]).run()
    return Match(_binding(program, run), items, tuple(item for item in found if item in passed), run.reached,
                 run.wanted, whole)


def _binding(program: Program, run: Run) -> Mapping[str, Counts] | None:
    """What the names stand for, in the order in which they do in the pattern. Of a name at several places the
    one with the most turns tells what the others do."""
    if run.counts is None:
        return None
    found: dict[str, Counts] = {}
    for number in program.order:
        name, counts = program.repetitions[number].name, run.counts[number]
        if name and (name not in found or _turns(counts) > _turns(found[name])):
            found[name] = counts
    return found


def _turns(counts: Counts) -> int:
    return sum(map(_turns, counts)) if isinstance(counts, tuple) else 1


def _passed(items: Sequence[Item], named: frozenset[str]) -> Iterator[Item]:
    """Those of ``items`` that a pattern with the words ``named`` passes over: what is silent, and a softmax
    at the end, unless it names them."""
    ending = True
    for item in reversed(items):
        if item.names.isdisjoint(named) and (item.silent or ending and item.names & ENDINGS):
            yield item
        else:
            ending = False


def compiled(pattern: str, others: Iterable[str] = ()) -> tuple[Program, frozenset[str]]:
    """The program of a pattern, and the words in it: those of `vocabulary` and ``others``."""
    from archcheck.frontends.spec._chain import pattern as parsed
    from archcheck.frontends.spec._document import Line
    document = Line(pattern.encode("utf-8", "surrogatepass"), "PATTERN")
    compiler = _Compiler(document, frozenset((*vocabulary(), *others)))
    compiler.steps(parsed(document, document.whole), -1)
    return Program(compiler.code, compiler.repetitions, compiler.order), frozenset(compiler.named)


class _Compiler:
    """Turns the steps of a pattern into instructions."""

    def __init__(self, document: Document, words: frozenset[str]) -> None:
        self.document, self.words = document, words
        self.code: list[Instruction] = []
        self.repetitions: list[Repetition] = []
        self.order: list[int] = []
        self.depths: dict[str, int] = {}
        self.named: set[str] = set()

    def steps(self, steps: Steps, around: int) -> None:
        """Add the instructions for ``steps`` inside the repetition ``around``."""
        from archcheck.frontends.spec._tree import Call, Either, Group, Optional, Repeat
        for number, step in enumerate(steps):
            if isinstance(step, Repeat):
                self.repeat(step.times, step.body, around)
            elif isinstance(step, Group):
                self.steps(step.body, around)
            elif isinstance(step, Optional):
                self.code.append(Split(len(self.code) + 2))
                self.word([step.step])
            elif isinstance(step, Either):
                self.word(step.calls)
            elif not isinstance(step, Call):
                raise self.document.error(self.document.root, "a pattern goes from layer to layer; leave out "
                                                              "'from'")
            elif step.kind.value.upper() != BEGINNING or number or around >= 0:
                self.call(step)

    def repeat(self, times: Text, body: Steps, around: int) -> None:
        """The instructions for a repetition."""
        number, begin = len(self.repetitions), len(self.code)
        self.repetitions.append(self.repetition(times, around))
        self.code += [Begin(number), Turn(number, 0)]
        self.steps(body, number)
        self.code.append(Again(begin + 1))
        self.code[begin + 1] = Turn(number, len(self.code))
        self.order.append(number)

    def repetition(self, times: Text, around: int) -> Repetition:
        """How often a group stands there: ``2``, ``1..3``, ``1..``, ``N``, ``N=1..3``."""
        found = _RANGE.match(times.value)
        if not found or not times.value:
            raise self.document.error(times, "after the '*' there is a number, a range or a name, as in *2, "
                                             "*1..3, *N or *N=1..3")
        name, first, dots, last = found.groups()
        depth = self.depth(around)
        if name and self.depths.setdefault(name, depth) != depth:
            raise self.document.error(times, f"{name} stands in fewer repetitions here than elsewhere, or in "
                                             "more; give it another name")
        least = int(first or 0)
        most = None if first is None or dots and last is None else int(last or first)
        if max(least, most or 0) > MAX_TIMES or most is not None and most < least:
            raise self.document.error(times, f"a range goes up, to {MAX_TIMES:,} at most")
        return Repetition(least, most, name or "", around)

    def depth(self, around: int) -> int:
        """In how many repetitions that is which stands in ``around``."""
        return 0 if around < 0 else 1 + self.depth(self.repetitions[around].around)

    def call(self, call: Call) -> None:
        """The instructions for a word. A softmax may also stand for the layer that it belongs to: as lectures
        write it, a classifier."""
        if call.kind.value.upper() == CLASSIFIER:
            self.code.append(Split(len(self.code) + 2))
            self.code.append(Word(frozenset(("FC",)), CLASSIFIER))
        self.word([call])

    def word(self, calls: Sequence[Call]) -> None:
        """The instruction for one of several words."""
        words = [self.known(call) for call in calls]
        self.named.update(words)
        self.code.append(Word(frozenset(words), " or ".join(words)))

    def known(self, call: Call) -> str:
        """A word, of which it is known that there are such layers."""
        if call.args or call.names:
            at = call.args[0].at if call.args else call.names[0]
            raise self.document.error(at, "a pattern is matched by the words for its layers only; leave out "
                                          "what else is said of them")
        word = call.kind.value.upper()
        if word not in self.words:
            close = closest(word, self.words)
            cure = f"; did you mean {close}?" if close else ""
            raise self.document.error(call.kind, f"there is no layer {call.kind.value!r}{cure}")
        return word


def vocabulary() -> Iterable[str]:
    """All words that a layer or block can answer to."""
    from archcheck import ops
    ops.load_families()
    yield from (word for words in WORDS.values() for word in words)
    yield from ("ACT", "FLATTEN", *BLOCKS, *(kind.upper() for kind in ACTIVATIONS if " " not in kind))
    yield from (name.upper() for _, name in ops._op.OPS)
