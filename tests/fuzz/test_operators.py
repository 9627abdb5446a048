"""Random nodes: whatever is said of them must be true of what an oracle makes of them.

Each node is asked about with all its sizes and elements known, with none known, and with some of them known
and others symbolic: a symbol for itself, or shared by equal sizes, or inside a formula. ``ARCHCHECK_FUZZ``
says how many nodes to try.
"""
from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import archcheck
from archcheck.dims import Size, evaluate, symbol
from archcheck.graph import TensorType
from archcheck.ops._op import Assumption
from archcheck.report import Report
from tests.fuzz._nodes import Array, Chance, drawn
from tests.ops._oracles import Rejected
from tests.ops._rows import Row, disagreement

COUNT = int(os.environ.get("ARCHCHECK_FUZZ", "2000"))
PARTS = 4
GUISES = (0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 0.4), (0.5, 0.5), (0.8, 0.8)


class Guise:
    """What is told of a node's inputs: ``known`` and ``symbolic`` are how likely it is that the elements of
    an input are known, and that a number is told as a symbol. ``at`` are the symbols' numbers."""

    def __init__(self, chance: Chance, known: float, symbolic: float) -> None:
        self.chance, self.known, self.symbolic = chance, known, symbolic
        self.at: dict[str, int] = {}

    def size(self, number: int) -> Size:
        """``number``, or a formula that gives it."""
        if not self.chance.may(self.symbolic):
            return number
        way = self.chance.randrange(6)
        if way == 0 and number:
            return self._named(number - 1) + 1
        if way == 1:
            return self._named(2 * number + 1) // 2
        if way == 2 and number % 2 == 0:
            return self._named(number // 2) * 2
        return self._named(number)

    def _named(self, number: int) -> Size:
        name = f"S{number}" if self.chance.may() else f"T{len(self.at)}"
        self.at[name] = number
        return symbol(name)

    def kind(self, array: Array, least: int = 0) -> TensorType:
        """What is told of ``array``; elements below ``least`` are no symbols."""
        dtype = str(array.dtype)
        if not self.chance.may(self.known):
            return TensorType(dtype, tuple(map(self.size, array.shape)))
        return TensorType(dtype, array.shape, tuple(self._element(e, least) for e in array.ravel().tolist()))

    def _element(self, element: Any, least: int) -> Any:
        if type(element) is not int or not self.chance.may(self.symbolic):
            return element
        return None if element < least or self.chance.may(0.3) else self.size(element)


def asked(case: Row, guise: Guise) -> Report:
    """What archcheck says of a node in a guise."""
    least = 1 if case.op == "Reshape" else 0  # a 0 there is no size, and no symbol stands for it
    arrays: Any = enumerate(case.inputs)
    kinds = {f"x{k}": guise.kind(array, least) for k, array in arrays if array is not None}
    report: Report = archcheck.analyze(replace(case.graph, inputs=kinds, weights={}))
    return report


def is_violated(assumption: Assumption, at: Mapping[str, int]) -> bool:
    """Whether what was believed does not hold."""
    a, b = evaluate(assumption.a, at), evaluate(assumption.b, at)
    if not isinstance(a, int) or not isinstance(b, int):
        return False
    if assumption.kind == "divides":
        return a % b != 0 if b else a != 0
    return a != b and (assumption.kind == "equal" or 1 not in (a, b))


def faults(case: Row, report: Report, seen: Sequence[Any], at: Mapping[str, int]) -> list[str]:
    """What is not true of a node that runs."""
    found = [failure.message for failure in report.failures.values()]
    found += [f"{belief} does not hold" for _, belief in report.assumptions if is_violated(belief, at)]
    answers = [report.types[name] for name in case.names]
    found += [disagreement(answer, actual, at) for answer, actual in zip(answers, seen, strict=True)]
    return list(filter(None, found))


def faults_of_all(case: Row, report: Report, at: Mapping[str, int]) -> list[str]:
    """The faults that both oracles confirm: each has its own ways with empty axes."""
    found: list[str] = []
    for oracle in ("ort", "reference"):
        try:
            found = faults(case, report, case.run(case.inputs, oracle), at)
        except Rejected:
            continue
        if not found:
            return []
    return found


@pytest.mark.parametrize("part", range(PARTS))
def test_what_is_said_of_random_nodes_is_true(part: int) -> None:
    chance, tried, ran = Chance(part), 0, 0
    while tried < COUNT // PARTS:
        case = drawn(chance)
        if case is None:
            continue
        tried += 1
        ran += check(case, chance)
    assert ran > 0.8 * tried


def check(case: Row, chance: Chance) -> bool:
    """Ask about a node in every guise; whether an oracle ran it."""
    try:
        with np.errstate(all="ignore"):
            seen = case.run(case.inputs)
    except Rejected:
        return False
    for known, symbolic in GUISES:
        guise = Guise(chance, known, symbolic)
        report = asked(case, guise)
        if faults(case, report, seen, guise.at):
            found = faults_of_all(case, report, guise.at)
            assert not found, f"{case.label} of {report.graph.inputs} at {guise.at}: {found}"
    return True
