"""A difference as tables for people, or as rows of layers for spreadsheets."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from archcheck.comparing import Difference, LayerChange
from archcheck.findings import Finding
from archcheck.reporters.diff import View
from archcheck.reporters.diff import _words as words
from archcheck.reporters.sheet import Column, Sheet
from archcheck.reporters.sheet import render as render_sheet

ROWS_AT_ONCE = 40

INTERFACE = (Column("breaking", "", least=4), Column("of", "interface"), Column("name", "name", least=8),
             Column("what", "what"), Column("old", "old", least=10), Column("new", "new", least=10),
             Column("why", "why", spared=True))
TOTALS = (Column("figure", "total"), Column("old", "old", right=True, least=8),
          Column("new", "new", right=True, least=8), Column("growth", "change", right=True))
LAYERS = (Column("sign", ""), Column("op", "operator", least=8), Column("layer", "layer", least=12),
          Column("change", "change", least=36))
FINDINGS = (Column("sign", ""), Column("severity", "severity"), Column("code", "rule"),
            Column("place", "place", least=12), Column("message", "finding", least=24))
CSV = (Column("kind", ""), Column("op", ""), Column("layer", ""), Column("old_layer", ""), Column("what", ""),
       Column("old", ""), Column("new", ""))


def render(found: Difference, form: str, view: View) -> str:
    """The tables that have anything in them, each after an empty line."""
    view = view._replace(everything=view.everything or form == "plain")
    sheets = [_csv(found, view)] if form == "csv" else list(_sheets(found, view))
    return "\n".join(render_sheet(sheet, form, view.script, view.width, view.colour) for sheet in sheets)


def _sheets(found: Difference, view: View) -> Iterator[Sheet]:
    interface = [_interface_row(one, view) for one in found.interface]
    if interface:
        yield _sheet(INTERFACE, interface)
    script = view.script
    yield _sheet(TOTALS, [(words.FIGURES[one.name], *(words.figure(one, side, script) for side in (0, 1)),
                           words.growth(one, script)) for one in found.totals])
    rows = [row for one in words.listed(found) for row in _layer_rows(one, view)]
    shown = rows if view.everything else rows[:ROWS_AT_ONCE]
    if rows:
        yield _sheet(LAYERS, shown)
    findings = [_finding_row(sign, one) for sign, group in (("+", found.new), ("-", found.fixed))
                for one in group]
    if findings:
        yield _sheet(FINDINGS, findings)
    yield Sheet("", (), (), [*_left(len(rows) - len(shown)), *_facts(found, view)])


def _sheet(columns: tuple[Column, ...], rows: Sequence[Sequence[Any]]) -> Sheet:
    return Sheet("", columns, rows)


def _interface_row(one: Any, view: View) -> tuple[str, ...]:
    old, new = words.ends(one, view.script)
    return "break" if one.breaking else "", one.of, one.name, one.what, old, new, one.why


def _layer_rows(one: LayerChange, view: View) -> Iterator[tuple[str, str, str, str]]:
    """A row for each change of a layer, named once."""
    sign, op, path = words.SIGNS[one.kind], one.part.op, one.part.path
    if not one.changes:
        outputs = one.part.outputs[:1]
        yield sign, op, path, "".join(view.script.type(kind) for kind in outputs)
    for change in one.changes:
        yield sign, op, path, words.change(change, view.script)
        sign, op, path = "", "", ""


def _finding_row(sign: str, one: Finding) -> tuple[str, ...]:
    places = f" and {one.places - 1:,} more" if one.places > 1 else ""
    return sign, one.severity, one.code, f"{one.node or one.value or ''}{places}", one.message


def _left(count: int) -> Iterator[tuple[str, str]]:
    if count:
        yield "not shown", f"{count:,} rows of layers; --all shows them"


def _facts(found: Difference, view: View) -> Iterator[tuple[str, str]]:
    script = view.script
    yield "compared", f"{script.safe(view.old)}{words.arrow(script)}{script.safe(view.new)}"
    if found.is_empty:
        yield "result", words.verdict(found)
    yield "layers", words.tally(found)
    if found.renamed:
        yield "renamed", words.renamed(found, script)
    if found.weights is not None:
        yield "weights", words.weights(found, script)
    yield "findings", words.findings(found)


def _csv(found: Difference, view: View) -> Sheet:
    return Sheet("", CSV, [row for one in found.layers for row in _csv_rows(one, view)])


def _csv_rows(one: LayerChange, view: View) -> Iterator[tuple[str | None, ...]]:
    paths = (None if part is None else part.path for part in (one.new, one.old))
    head = one.kind, one.part.op, *paths
    if not one.changes:
        yield (*head, "", "", "")
    for change in one.changes:
        yield (*head, change.what, words.value(change.old, view.script), words.value(change.new, view.script))
