"""The patterns of lectures: ``INPUT -> [[CONV -> RELU]*N -> POOL?]*M -> [FC -> RELU]*K -> FC``.

Words stand for layers with stated defaults, which ``with`` changes: a convolution is 3x3 padded to the same
size, with 64 filters that double with every pooling up to 512; a pooling is the maximum of 2x2, moved by 2; a
fully connected layer has 4096 units, the last of the network 1000. A list under ``with`` has an entry for
each turn of the repetition around it; one of filters an entry for each stage between poolings.
"""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archcheck.dims import minimum
from archcheck.frontends.spec._arguments import flag, general
from archcheck.frontends.spec._document import Text
from archcheck.frontends.spec._elaborate import build, times_of, turns
from archcheck.frontends.spec._frame import Frame
from archcheck.frontends.spec._read import args_of, argument_of
from archcheck.frontends.spec._tree import Arg, Call, Given, Group, Optional, Repeat, Specification, Steps

WORDS = {"POOL": "maxpool", "NORM": "lrn", "ACT": "relu", "DENSE": "fc", "LINEAR": "fc"}
"""Words that are not the name of a layer in capitals."""

POOLS = ("maxpool", "avgpool")
DEFAULTS: dict[str, Any] = {"filters": 64, "units": 4096, "classes": 1000, "optional": True}
LARGEST = 512


def elaborate_pattern(frame: Frame, spec: Specification) -> None:
    """Build the steps of a pattern."""
    _Pattern(frame, spec).steps(frame, spec.steps, True)


class _Pattern:
    def __init__(self, frame: Frame, spec: Specification) -> None:
        given = spec.pattern or {}
        self.values = {**DEFAULTS, **{name: general(frame, argument_of(spec.document, given[name].node))
                                      for name in DEFAULTS if name in given}}
        self.args = {name: args_of(spec.document, given[name].node, name) if name in given else None
                     for name in ("conv", "pool")}
        self.pools, self.optional = 0, 0
        self.last = next((call for call in reversed(list(_calls(spec.steps))) if _kind(call.kind) == "fc"),
                         None)

    def steps(self, frame: Frame, steps: Steps, final: bool) -> None:
        """Build ``steps``; ``final`` says that all repetitions around them are in their last turn."""
        for step in steps:
            if isinstance(step, Repeat):
                times = times_of(frame, step)
                for turn, inner in turns(frame, step, times):
                    self.steps(inner, step.body, final and turn == times - 1)
            elif isinstance(step, Group):
                self.steps(frame, step.body, final)
            elif isinstance(step, Optional):
                if self.wanted(frame, step):
                    build(self.layer(frame, step.step, final), frame)
            elif not isinstance(step, Call):
                build(step, frame)
            elif step.kind.value != "INPUT":
                build(self.layer(frame, step, final), frame)

    def wanted(self, frame: Frame, step: Optional) -> bool:
        """Whether what may be left out is there."""
        said = self.values["optional"]
        found = frame.chosen(step.step.kind, said) if isinstance(said, tuple) else said
        return found if isinstance(found, bool) else flag(frame, step.step.kind)

    def layer(self, frame: Frame, step: Call, final: bool) -> Call:
        """The layer that a word stands for. A word with arguments of its own has no other."""
        kind = _kind(step.kind)
        args = step.args or tuple(self.defaults(frame, kind, step, final))
        self.pools += kind in POOLS
        return step._replace(kind=step.kind._replace(value=kind), args=args)

    def defaults(self, frame: Frame, kind: str, step: Call, final: bool) -> Iterator[Arg]:
        if kind == "conv":
            yield _given(None, self.filters(frame, step.kind), step)
            yield from self.args["conv"] or (_given("kernel", (3,), step), _given("same", True, step))
        elif kind in POOLS:
            yield from self.args["pool"] or ()
        elif kind == "fc":
            is_last = step is self.last and final
            yield _given(None, self.chosen(frame, step.kind, "classes" if is_last else "units"), step)

    def chosen(self, frame: Frame, at: Text, name: str) -> Any:
        found = self.values[name]
        return frame.chosen(at, found) if isinstance(found, tuple) else found

    def filters(self, frame: Frame, at: Text) -> Any:
        """The filters of a convolution: those of its stage."""
        found = self.values["filters"]
        if not isinstance(found, tuple):
            return minimum(found * 2 ** min(self.pools, 40), LARGEST) if self.pools else found
        if self.pools >= len(found):
            raise frame.error(at, f"'filters' has {len(found)} entries, but there are more stages")
        return found[self.pools]


def _given(key: str | None, value: Any, step: Call) -> Arg:
    return Arg(key, Given(value, step.kind), step.kind)


def _kind(word: Text) -> str:
    return WORDS.get(word.value, word.value.lower() if word.value.isupper() else word.value)


def _calls(steps: Steps) -> Iterator[Call]:
    for step in steps:
        if isinstance(step, (Repeat, Group)):
            yield from _calls(step.body)
        elif isinstance(step, Call):
            yield step
