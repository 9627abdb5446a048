"""What ``archcheck verify`` shows: verdicts by source, the slips, and what is recorded wrongly."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from archcheck.claims import Outcome, Verified
from archcheck.claims._show import text_of
from archcheck.claims._tree import NEEDS_RUN, VERDICTS
from archcheck.reporters.sheet import Column, Sheet, as_text
from archcheck.reporters.text import Script

SCHEMA = "archcheck.verify/1"
NOT_KNOWN, EXECUTED = "not-known", "executed"


def _as_number(value: Any, script: Script) -> str:
    return f"{value:,}" if value else ""


def _as_value(value: Any, script: Script) -> str:
    return "" if value is None else script.safe(text_of(value))


def table(verified: Verified) -> Sheet:
    """A row for each source, with the number of its statements by verdict, and of those that were executed;
    below, slips and failures."""
    found = [verdict for verdict in (*VERDICTS, NEEDS_RUN, NOT_KNOWN)
             if any(outcome.found == verdict for outcome in verified.outcomes)]
    columns = [Column("source", "source", as_text, least=12)]
    columns += [Column(verdict, verdict.replace("-", " "), _as_number, right=True) for verdict in found]
    columns += [Column(EXECUTED, EXECUTED, _as_number, right=True, spared=True)] * bool(verified.runtime)
    columns.append(Column("all", "all", _as_number, right=True))
    return Sheet(SCHEMA, tuple(columns), list(_rows(verified, found)), list(_facts(verified)))


def _rows(verified: Verified, found: list[str]) -> Iterator[tuple[Any, ...]]:
    sources = list(dict.fromkeys(_source(outcome) for outcome in verified.outcomes))
    for source in sources:
        outcomes = [outcome for outcome in verified.outcomes if _source(outcome) == source]
        yield (source, *_counts(outcomes, found, verified.runtime))
    if len(sources) > 1:
        yield ("all", *_counts(verified.outcomes, found, verified.runtime))


def _counts(outcomes: Sequence[Outcome], found: list[str], runtime: str) -> Iterator[int]:
    counts = Counter(outcome.found for outcome in outcomes)
    yield from (counts[verdict] for verdict in found)
    if runtime:
        yield _executed(outcomes)
    yield len(outcomes)


def _executed(outcomes: Iterable[Outcome]) -> int:
    return sum(outcome.ran is not None for outcome in outcomes)


def _source(outcome: Outcome) -> str:
    return outcome.source or outcome.file


def _facts(verified: Verified) -> Iterator[tuple[str, str]]:
    for outcome in verified.outcomes:
        if outcome.found == "refuted" and outcome.is_right:
            yield f"slip {outcome.statement.id}", _slip(outcome)
    for outcome in verified.failures:
        yield (f"FAILED {outcome.statement.id}",
               f"{place(outcome)}: {outcome.problem}\n{outcome.statement.says}")
    yield "verdicts", _summary(verified)
    if verified.runtime:
        yield EXECUTED, f"{_executed(verified.outcomes):,} statements, in {verified.runtime}"
    elif waiting := sum(outcome.found == NEEDS_RUN for outcome in verified.outcomes):
        yield "need a run", f"{waiting:,}, which --execute gives them"


def _summary(verified: Verified) -> str:
    count, wrong = len(verified.outcomes), len(verified.failures)
    if wrong:
        return f"{wrong:,} of {count:,} are recorded wrongly"
    return f"all {count:,} are as recorded"


def _slip(outcome: Outcome) -> str:
    statement = outcome.statement
    where = " ".join(filter(None, (_source(outcome), statement.where)))
    note = [f"run: {outcome.ran.note}"] if outcome.ran and outcome.ran.note else []
    return "\n".join([f"{where}: {statement.says}", difference(outcome), statement.text("why"), *note])


def difference(outcome: Outcome) -> str:
    """What is printed, and what is computed."""
    if isinstance(outcome.value, bool):
        return "it holds" if outcome.value else "it does not hold"
    return f"printed {outcome.statement.printed.text}, computed {text_of(outcome.value)}"


def place(outcome: Outcome) -> str:
    """The file and line of a statement's verdict."""
    return f"{outcome.file}:{outcome.line}"


COLUMNS = (
    Column("id", "id"), Column("where", "where", as_text, least=8, spared=True),
    Column("verdict", "verdict"), Column("printed", "printed", as_text, least=8),
    Column("value", "computed", _as_value, least=8), Column("says", "says", as_text, least=20, spared=True))
MORE = tuple(Column(key, key) for key in (
    "recorded", "under", "why", "repaired", "expression", "problem", "source", "file", "line", "execute",
    "executed", "note"))


def listing(verified: Verified) -> Sheet:
    """A row for each statement, and below what `table` has there."""
    rows = [_record(outcome)[:len(COLUMNS)] for outcome in verified.outcomes]
    return Sheet(SCHEMA, COLUMNS, rows, list(_facts(verified)))


def records(verified: Verified) -> Sheet:
    """A row for each statement, with all that is known of it, for other programs."""
    counts = Counter(outcome.found for outcome in verified.outcomes)
    record = {"ok": not verified.failures, "counts": dict(counts), "failures": len(verified.failures),
              "executed": _executed(verified.outcomes), "runtime": verified.runtime}
    rows = [_record(outcome) for outcome in verified.outcomes]
    return Sheet(SCHEMA, (*COLUMNS, *MORE), rows, (), record, "statements")


def _record(outcome: Outcome) -> tuple[Any, ...]:
    statement = outcome.statement
    printed = "" if outcome.value is None else statement.printed.text
    return (statement.id, statement.where, outcome.found, printed, outcome.value, statement.says,
            statement.verdict,
            *(statement.text(key) for key in ("under", "why", "repaired", "value")), outcome.problem,
            outcome.source, outcome.file, outcome.line, statement.text("execute"),
            *((outcome.ran.value, outcome.ran.note) if outcome.ran else (None, "")))
