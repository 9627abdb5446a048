"""What ``archcheck match`` shows: what the names in a pattern stand for, or where a network departs from
it."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from archcheck.analyses.plates import plates
from archcheck.reporters.sheet import Column, Sheet
from archcheck.scopes import specified

if TYPE_CHECKING:
    from archcheck.analyses.automaton import Counts
    from archcheck.analyses.blocks import Item
    from archcheck.analyses.matching import Match
    from archcheck.report import Report

LONGEST = 400
"""A network is shown in so many characters at most, its end left out."""

COLUMNS = (Column("word", "word"), Column("first", "first node"), Column("last", "last node"),
           Column("fits", "fits"))


def sheet(report: Report, pattern: str, match: Match, as_data: bool) -> Sheet:
    """Facts for people; ``as_data`` with a row for each layer or block."""
    rows = list(_rows(report, match)) if as_data else []
    return Sheet("archcheck.match/1", COLUMNS if as_data else (), rows, list(_facts(report, match)),
                 _record(report, pattern, match), rows_key="layers")


def _rows(report: Report, match: Match) -> Iterator[tuple[Any, ...]]:
    fitting = len(match.items) if match.binding is not None else match.reached
    for place, item in enumerate(match.items):
        yield (item.word, report.graph.nodes[item.first].name, report.graph.nodes[item.last].name,
               place < fitting)


def _record(report: Report, pattern: str, match: Match) -> Mapping[str, Any]:
    failure = None
    if match.binding is None:
        item = match.items[match.reached] if match.reached < len(match.items) else None
        failure = {"layer": match.reached + 1, "found": item and item.word,
                   "node": item and report.graph.nodes[item.first].name, "wanted": list(match.wanted)}
    return {"pattern": pattern, "fits": match.binding is not None, "binding": match.binding,
            "failure": failure, "passed_over": _passed(match), "whole": match.whole}


def _passed(match: Match) -> dict[str, int]:
    """The words that are passed over, and how often."""
    return dict(Counter(item.word for item in match.passed if item.word))


def _facts(report: Report, match: Match) -> Iterator[tuple[str, str]]:
    if match.binding is None:
        yield "fits", "no"
        yield f"layer {match.reached + 1}", _departure(report, match)
    else:
        yield "fits", "yes"
        if match.binding:
            yield "binding", "  ".join(f"{name}={_counts(found)}" for name, found in match.binding.items())
    yield "network", _shown([item.word for item in match.items])
    passed = _passed(match).items()
    if passed:
        yield "passed over", ", ".join(word if count == 1 else f"{count} {word}" for word, count in passed)
    if not match.whole:
        yield "left out", f"what does not lead from the first input to the first output, {_output(report)}"


def _departure(report: Report, match: Match) -> str:
    """What came, and what could have come."""
    could = _either(match.wanted)
    if match.reached == len(match.items):
        return f"is missing: the network ends where {could} could come"
    item = match.items[match.reached]
    what = item.word if item.layers == 1 else f"{item.word}, a block of {item.layers} layers,"
    return f"{what} came where {could} could come\n{_place(report, item)}"


def _place(report: Report, item: Item) -> str:
    first, last = report.graph.nodes[item.first], report.graph.nodes[item.last]
    where = specified(first)
    line = f", line {where.line}" if where else ""
    return f"node {first.name}{line}" if item.layers == 1 else f"nodes {first.name} to {last.name}{line}"


def _either(words: Sequence[str]) -> str:
    *others, last = words or ("nothing",)
    return f"{', '.join(others)} or {last}" if others else last


def _shown(words: Sequence[str]) -> str:
    text = plates(words)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}.."


def _output(report: Report) -> str:
    return report.graph.outputs[0] if report.graph.outputs else "of which there is none"


def _counts(found: Counts) -> str:
    """A count, or one for each turn: ``2,2,3``; those of a repetition in a repetition in brackets."""
    if isinstance(found, int):
        return str(found)
    return ",".join(_counts(one) if isinstance(one, int) else f"({_counts(one)})" for one in found) or "-"
