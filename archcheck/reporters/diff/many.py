"""What ``archcheck diff`` shows of two folders: each model that differs, and what has become of all."""
from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Sequence

from archcheck.comparing.many import (
    ADDED,
    CHANGED,
    FAILED,
    IDENTICAL,
    REMOVED,
    RENAMED,
    SAME,
    Compared,
)
from archcheck.reporters.diff import View
from archcheck.reporters.diff import _words as words
from archcheck.reporters.diff.markdown import MOST, NAME
from archcheck.reporters.diff.text import CSV
from archcheck.reporters.markup import code, prose
from archcheck.reporters.sheet import Column, Sheet
from archcheck.reporters.sheet import render as render_sheet

SCHEMA = "archcheck.diffs/1"
STATES = {CHANGED: "changed", ADDED: "added", REMOVED: "removed", RENAMED: "renamed", FAILED: "not compared",
          SAME: "differ in names and bytes only", IDENTICAL: "identical"}
"""What the states of models are called, those that matter first."""
QUIET = SAME, IDENTICAL
COLUMNS = (Column("model", "model", least=16), Column("state", "is"), Column("interface", "interface"),
           Column("params", "params", right=True), Column("macs", "MACs", right=True),
           Column("memory", "peak memory", right=True, spared=True), Column("layers", "layers", least=12),
           Column("findings", "findings", spared=True))


def render(rows: Sequence[Compared], form: str, view: View) -> str:
    """All of two folders as text in the format ``form``, with a newline at its end."""
    if form == "json":
        return _json(rows, view)
    if form == "csv":
        return _csv(rows)
    if form == "markdown":
        return _markdown(rows, view)
    texts = [row.text for row in rows if row.state == CHANGED]
    sheet = Sheet("", COLUMNS, [_row(row, view) for row in _shown(rows, view)], list(_facts(rows, view)))
    return "\n".join([*texts, render_sheet(sheet, form, view.script, view.width, view.colour)])


def _shown(rows: Sequence[Compared], view: View) -> list[Compared]:
    return [row for row in rows if view.everything or row.state not in QUIET]


def _row(row: Compared, view: View) -> tuple[str, ...]:
    said = {one.name: one.said for one in row.totals}
    name = f"{row.was}{words.arrow(view.script)}{row.path}" if row.was else row.path
    return (name, row.state, "breaks" if row.is_breaking else "",
            *(said.get(total, "") for total in ("params", "macs", "peak_memory")),
            _counted(row.layers, ("added", "removed", "changed")), _counted(row.findings, ("new", "fixed")))


def _counted(counts: Sequence[int], words: Sequence[str]) -> str:
    return ", ".join(f"{count:,} {word}" for count, word in zip(counts, words) if count)


def _facts(rows: Sequence[Compared], view: View) -> Iterator[tuple[str, str]]:
    yield "compared", f"{view.script.safe(view.old)}{words.arrow(view.script)}{view.script.safe(view.new)}"
    yield "models", _tally(rows)
    breaking = sum(row.is_breaking for row in rows)
    if breaking:
        yield "breaking", f"{breaking:,}"


def _tally(rows: Sequence[Compared]) -> str:
    counts = Counter(row.state for row in rows)
    parts = [f"{counts[state]:,} {said}" for state, said in STATES.items() if counts[state]]
    return f"{len(rows):,}: {', '.join(parts)}"


def _json(rows: Sequence[Compared], view: View) -> str:
    models = [{"model": row.path, "was": row.was or None, "state": row.state, "breaking": row.is_breaking,
               "error": row.complaints[0] if row.state == FAILED else None,
               "difference": json.loads(row.text) if row.text else None} for row in rows]
    return json.dumps({"schema": SCHEMA, "old": view.old, "new": view.new,
                       "same": not any(row.is_other for row in rows),
                       "breaking": any(row.is_breaking for row in rows), "models": models}, indent=1) + "\n"


def _csv(rows: Sequence[Compared]) -> str:
    """The rows of each model, with its name and what it is before them; one of which there are none has a row
    of these two alone."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    keys = [column.key for column in CSV]
    writer.writerow(["model", "state", *keys])
    for row in rows:
        found = list(csv.reader(io.StringIO(row.text)))[1:] or [[""] * len(keys)]
        writer.writerows([row.path, row.state, *cells] for cells in found)
    return out.getvalue()


def _markdown(rows: Sequence[Compared], view: View) -> str:
    """The page: a table of the models, then those that have changed, folded; as many as there is room for."""
    script = view.script
    names = f"{code(view.old, script, NAME)} → {code(view.new, script, NAME)}"
    head = [f"**models: {_tally(rows)}**", "", names, ""]
    shown = [f"| {' | '.join(_cells(row, view))} |" for row in _shown(rows, view)]
    table = [f"| {' | '.join(column.heading for column in COLUMNS)} |", "|" + " --- |" * len(COLUMNS), *shown]
    table = [*_fitting(table, MOST // 2, "rows"), ""] if shown else []
    room = MOST - sum(len(line) + 1 for line in (*head, *table))
    folded = [f"<details><summary>{prose(row.path, script, NAME)}</summary>\n\n{row.text}\n</details>\n"
              for row in rows if row.state == CHANGED]
    return "\n".join([*head, *table, *_fitting(folded, room, "models")]).rstrip() + "\n"


def _fitting(parts: Sequence[str], room: int, what: str) -> Iterator[str]:
    """As many of ``parts`` as there is room for, and how many there are besides."""
    for place, part in enumerate(parts):
        room -= len(part) + 1
        if room < 100:
            yield f"\n… and {len(parts) - place:,} more {what}\n"
            return
        yield part


def _cells(row: Compared, view: View) -> list[str]:
    name, *others = _row(row, view)
    return [code(name, view.script, NAME), *(prose(text, view.script) for text in others)]
