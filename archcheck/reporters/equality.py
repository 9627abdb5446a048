"""What ``archcheck verify OLD --equal NEW`` shows: how far apart the outputs are, and where that begins."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archcheck.backends._differences import Difference
from archcheck.backends.equal import Compared, Equality
from archcheck.backends.verdicts import shown
from archcheck.reporters.measured import at
from archcheck.reporters.sheet import Column, Sheet
from archcheck.reporters.text import Script

SCHEMA = "archcheck.equal/1"


def _as_number(value: Any, script: Script) -> str:
    return "" if value is None else f"{value:.3g}"


def _as_counted(value: Any, script: Script) -> str:
    return "" if value is None else f"{value:,}"


COLUMNS = (
    Column("output", "output", least=10), Column("verdict", "verdict"),
    Column("largest", "largest difference", _as_number, right=True),
    Column("relative", "relative", _as_number, right=True),
    Column("differing", "differing", _as_counted, right=True),
    Column("elements", "of", _as_counted, right=True),
    Column("shape", "shape", least=8), Column("at", "at", least=8, spared=True))
MORE = tuple(Column(key, key) for key in ("new", "dtypes", "place", "there", "why", "provider"))


def sheet(found: Equality) -> Sheet:
    """A row for each output of each run; below, the first value that differs."""
    rows = [_row(run, one) for run in found.runs for one in run.outputs]
    return Sheet(SCHEMA, COLUMNS, rows, list(_facts(found)))


def records(found: Equality) -> Sheet:
    """The same for other programs."""
    rows = [(*_row(run, one), one.new, one.dtypes, one.place, one.there, one.why, run.provider)
            for run in found.runs for one in run.outputs]
    record = {"ok": found.is_equal, "old": found.old, "new": found.new, "weights_made_up": found.made,
              "runs": [{"sizes": dict(run.sizes), "provider": run.provider or None,
                        "refused": run.refused or None, "first": run.first and run.first._asdict()}
                       for run in found.runs]}
    return Sheet(SCHEMA, (*COLUMNS, *MORE), rows, (), record, "outputs")


def _row(run: Compared, one: Difference) -> tuple[Any, ...]:
    is_one = one.shapes[0] == one.shapes[1]
    numbers = (one.largest, one.relative, one.differing, one.elements) if is_one else (None,) * 4
    shape = shown(one.shapes[0]) if is_one else " and ".join(map(shown, one.shapes))
    return one.old, "equal" if one.is_equal else "differs", *numbers, shape, at(run.sizes)


def _facts(found: Equality) -> Iterator[tuple[str, str]]:
    for run in found.runs:
        place = f"at {at(run.sizes)}: " if run.sizes else ""
        if run.refused:
            yield "FAILED", f"{place}{run.refused}"
        elif run.first:
            yield "first", f"{place}the first value that differs is {run.first.old}: {run.first.why}"
        elif not all(one.is_equal for one in run.outputs):
            yield "first", f"{place}no inner value that both have by the same name differs"
    yield "outcome", "\n".join(_outcome(found))


def _outcome(found: Equality) -> Iterator[str]:
    said = "equal" if found.is_equal else "not equal"
    providers = " and ".join(dict.fromkeys(run.provider for run in found.runs if run.provider))
    yield f"{found.old} and {found.new} are {said}{f', on {providers}' if providers else ''}"
    if any(found.made):
        yield (f"{found.made[0]:,} and {found.made[1]:,} weights made up, from their names: those of another "
               "name have other numbers")
