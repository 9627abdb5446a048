"""What ``archcheck sweep`` and ``archcheck scale`` show: a row for each variant."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from archcheck.reporters.sheet import Column, Sheet, as_text
from archcheck.reporters.text import Script, shortened, size_in_bytes
from archcheck.sweeping.axes import shown
from archcheck.sweeping.variants import Variants

HEADINGS = {"params": "params", "macs": "MACs", "flops": "FLOPs"}
BYTES = frozenset(("memory", "activations"))
CAUSES, ROOM = 5, 100
Cell = Callable[[Any, Script], str]


class View(NamedTuple):
    """What to show of variants: at most ``top`` rows (None: all), whether ``as_data``, and what was asked:
    the conditions they were chosen by, and the objectives of their front. ``total`` and ``faults`` are those
    of all variants."""

    top: int | None
    as_data: bool
    where: Sequence[str]
    pareto: Sequence[str]
    total: int
    faults: Mapping[str, int]


def sheet(variants: Variants, view: View, script: Script) -> Sheet:
    """The variants as a table; JSON and CSV also have those that cannot run, with the reason."""
    rows = variants if view.as_data else variants.taken(variants.valid)
    top = rows.taken(slice(view.top))
    record = {"variants": view.total, "valid": view.total - sum(view.faults.values()),
              "opened": variants.opened, "analyses": variants.analyses, "where": view.where,
              "pareto": view.pareto, "lacks": variants.lacks, "faults": view.faults, "rows": len(rows)}
    return Sheet("archcheck.sweep/1", columns(top, view.as_data), list(rows_of(top, view.as_data)),
                 list(_facts(rows, view, len(top), script)), record, "table")


def columns(variants: Variants, as_data: bool = False) -> tuple[Column, ...]:
    """Columns of what varies, of the figures, and of the marks."""
    front = [Column("front", "front", _mark)] if variants.front is not None else []
    return (*front, *(Column(name, name, _as_value, right=True) for name in variants.parameters),
            *(Column(name, HEADINGS.get(name, name), _cell(name, name in variants.lacks), right=True,
                     spared=name in ("flops", "field")) for name in variants.figures),
            *([Column("error", "error")] if as_data else []))


def rows_of(variants: Variants, as_data: bool = False) -> Iterator[list[Any]]:
    """The rows, numbers as Python's; a figure that is not known is None."""
    front = [] if variants.front is None else [variants.front.tolist()]
    parameters = [[_number(value) for value in column.tolist()] for column in variants.parameters.values()]
    figures = [column.tolist() for column in variants.figures.values()]
    errors = [variants.errors.tolist()] if as_data else []
    return map(list, zip(*front, *parameters, *figures, *errors))


def _number(value: Any) -> Any:
    """A decimal fraction as a float, which prints as it was written."""
    return float(value) if isinstance(value, Fraction) else value


# ---------------------------------------------------------------------------------------------- cells
def _mark(value: Any, script: Script) -> str:
    return "*" if value else ""


def _as_value(value: Any, script: Script) -> str:
    return shown(value)


def _cell(name: str, is_least: bool) -> Cell:
    """How a figure reads; at least that where it lacks something."""
    def cell(value: Any, script: Script) -> str:
        if value is None:
            return "?"
        text = size_in_bytes(value) if name in BYTES else (
            script.compact(value) if name in HEADINGS else as_text(value, script))
        return script.at_least(text) if is_least else text
    return cell


# ---------------------------------------------------------------------------------------------- facts
def _facts(rows: Variants, view: View, count: int, script: Script) -> Iterator[tuple[str, str]]:
    yield "variants", f"{view.total:,}: {_how(rows)}"
    if view.faults:
        yield "cannot run", "\n".join(_causes(view.faults, script))
    for name, why in rows.lacks.items():
        yield "lacks", script.safe(f"{name}: {why}")
    if view.where:
        yield "where", f"{' and '.join(view.where)}: {len(rows):,} of them"
    if rows.front is not None:
        yield "front", f"{int(rows.front.sum()):,} that no other beats in {_aims(view.pareto)} (*)"
    if count < len(rows):
        yield "shown", f"{count:,} of {len(rows):,}; --top says how many, and -o FILE.csv keeps all"


def _how(rows: Variants) -> str:
    closed = f"{' and '.join(rows.opened)} from closed forms, " if rows.opened else ""
    return f"{closed}{rows.analyses:,} {'analysis' if rows.analyses == 1 else 'analyses'}"


def _causes(faults: Mapping[str, int], script: Script) -> Iterator[str]:
    common = sorted(faults.items(), key=lambda item: -item[1])
    for cause, times in common[:CAUSES]:
        yield f"{times:,}: {shortened(script.safe(cause), ROOM, script.cut)}"
    if len(common) > CAUSES:
        yield f"{sum(times for _, times in common[CAUSES:]):,} for {len(common) - CAUSES} other reasons"


def _aims(objectives: Sequence[str]) -> str:
    return " and ".join(f"large {name[1:]}" if name.startswith("-") else f"small {name}"
                        for name in objectives)
