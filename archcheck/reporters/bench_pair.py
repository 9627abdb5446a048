"""What ``archcheck bench MODEL OTHER`` shows: two models side by side."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from archcheck.analyses.clock import Joined, Row
from archcheck.backends.bench import Bench
from archcheck.reporters.bench import View, as_name, as_time, in_columns, record, session_words, setting
from archcheck.reporters.sheet import Column, Sheet
from archcheck.reporters.text import Script


class Pair(NamedTuple):
    """What is the same node in both models, or in one alone."""

    first: Row | None
    second: Row | None

    @property
    def either(self) -> Row:
        """The one of the first model, or else of the second."""
        found = self.first or self.second
        assert found is not None
        return found

    @property
    def gain(self) -> float:
        """How many seconds more the second takes."""
        return (self.second.seconds if self.second else 0.0) - (self.first.seconds if self.first else 0.0)

    @property
    def ratio(self) -> float | None:
        """The second's time over the first's; None where there are not two."""
        return self.second.seconds / self.first.seconds \
            if self.first and self.second and self.first.seconds else None


def pair_sheet(first: Bench, second: Bench, view: View) -> Sheet:
    """The answer of ``archcheck bench`` on two models: nodes that have the same name, or that stand for the
    same node, are in one row, and the largest differences come first."""
    found = matched(first.joined, second.joined)
    if view.top is not None and not view.machine:
        found = sorted(found, key=lambda pair: -abs(pair.gain))[:view.top]
    rows = [_values(pair) for pair in found]
    said = {"first": record(first), "second": record(second), "ratio": second.seconds / first.seconds}
    return Sheet("archcheck.bench-pair/1", _COLUMNS, rows, list(_facts(first, second, view.script)), said)


def matched(first: Joined, second: Joined) -> list[Pair]:
    """The nodes of both, in the order of the first; those that only the second has come last."""
    names = _named(second.rows)
    lasts = {row.origins[-1].name: row for row in reversed(second.rows) if row.origins}
    taken: set[int] = set()
    found = []
    for row in first.rows:
        other = names.get(row.name) or (lasts.get(row.origins[-1].name) if row.origins else None)
        other = None if other is None or id(other) in taken else other
        taken.add(id(other))
        found.append(Pair(row, other))
    return [*found, *(Pair(None, row) for row in second.rows if id(row) not in taken)]


def _named(rows: Sequence[Row]) -> dict[str, Row]:
    return {row.name: row for row in reversed(rows)}


def _as_ratio(value: Any, script: Script) -> str:
    return "" if value is None else f"{value:.2f}"


def _as_time(value: Any, script: Script) -> str:
    return "" if value is None else as_time(value, script)


_COLUMNS = (Column("name", "node", as_name, least=28), Column("op", "operator", least=7, spared=True),
            Column("first_seconds", "first", _as_time, right=True),
            Column("second_seconds", "second", _as_time, right=True),
            Column("ratio", "ratio", _as_ratio, right=True),
            Column("gain", "difference", as_time, right=True))


def _values(pair: Pair) -> list[Any]:
    first, second = pair
    ops = dict.fromkeys(row.op for row in pair if row)
    return [pair.either.name, " / ".join(ops), first and first.seconds, second and second.seconds, pair.ratio,
            pair.gain]


# ------------------------------------------------------------------------------------------------ facts
def _facts(first: Bench, second: Bench, script: Script) -> Iterator[tuple[str, str]]:
    if second.stopped:
        yield "stopped", "by Ctrl-C: these are the runs until then"
    for label, bench in (("first", first), ("second", second)):
        words = session_words(bench, bench.plain, script) if bench.plain else "not measured as a whole"
        yield label, f"{script.safe(bench.name)}: {words}"
    yield "ratio", f"{second.seconds / first.seconds:.3f}  (second to first, whole runs)"
    yield "operators", "\n".join(_operators(first.joined, second.joined, script))
    yield from setting(first, script)
    if first.sizes != second.sizes or first.nodes != second.nodes:
        yield from ((f"{label} of second", text) for label, text in setting(second, script)[1:])


def _operators(first: Joined, second: Joined, script: Script) -> list[str]:
    """A line for each operator of either model, in columns."""
    ones = {row.op: row for row in first.by_operator()}
    others = {row.op: row for row in second.by_operator()}
    pairs = [Pair(ones.get(op), others.get(op)) for op in {**ones, **others}]
    return in_columns([[script.safe(pair.either.op), *_half(pair.first, script), *_half(pair.second, script),
                        _as_ratio(pair.ratio, script)]
                       for pair in sorted(pairs, key=lambda pair: -abs(pair.gain))])


def _half(row: Row | None, script: Script) -> list[str]:
    return [f"{script.times}{row.nodes}", script.seconds(row.seconds)] if row else ["", ""]
