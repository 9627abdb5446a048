"""A command's answer: a table with facts below it, as text, JSON, CSV or Markdown."""
from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from archcheck.dims import Dim
from archcheck.reporters.text import Script, shortened, shortened_shape, size_in_bytes

GAP = "  "
HEADING, BOLD = "1;4", "1"
HUGE = 1 << 70
"""More bytes have no name."""
ROOMS = (20, 14, 10)
"""Lengths that formulas may have where a table does not fit a terminal, to be tried in turn."""
Cell = Callable[[Any, Script], str]
Cut = Callable[[str, int, Script], str]


def as_text(value: Any, script: Script) -> str:
    """Any value as it reads in a cell; None is blank."""
    return "" if value is None else script.safe(str(value))


def as_count(value: Any, script: Script) -> str:
    """A count at a glance (``25.56 M``, ``≈ 64·H·W``); None is not known; 0 is blank."""
    return "?" if value is None else "" if value == 0 else script.compact(value)


def as_bytes(value: Any, script: Script) -> str:
    """Bytes at a glance: ``9.19 MiB``, ``9.63 M·N B``; None is not known."""
    if value is None:
        return "?"
    if isinstance(value, int) and value < HUGE:
        return size_in_bytes(value)
    text = script.compact(value)
    return text if text == "?" else f"{text} B"


def as_shape(value: Any, script: Script) -> str:
    """A shape; None where the rank is not known."""
    return script.shape(value)


def cut_anywhere(text: str, width: int, script: Script) -> str:
    """``text`` in at most ``width`` characters, its middle left out."""
    return shortened(text, width, script.cut)


def cut_shape(text: str, width: int, script: Script) -> str:
    """A shape in at most ``width`` characters, whole sizes left out."""
    return shortened_shape(text, width, script.cut, script.by) if len(text) > width else text


@dataclass(frozen=True)
class Column:
    """A column: the ``key`` of its values in JSON and CSV, its heading, how a value reads, whether it is
    flush right, the least width it can do with (0: it never gives way), whether a narrow terminal may do
    without it, and how a text that is too long is cut."""

    key: str
    heading: str
    cell: Cell = as_text
    right: bool = False
    least: int = 0
    spared: bool = False
    cut: Cut = cut_anywhere


@dataclass(frozen=True)
class Sheet:
    """What a command has found: ``rows`` hold a value per column; ``facts``, a label and a text each, stand
    below; ``record`` is what JSON says besides the rows, which it has under ``rows_key``."""

    schema: str
    columns: tuple[Column, ...]
    rows: Sequence[Sequence[Any]]
    facts: Sequence[tuple[str, str]] = ()
    record: Mapping[str, Any] = field(default_factory=dict)
    rows_key: str = "rows"


def raw(value: Any) -> Any:
    """A value for JSON: sizes that are formulas as Python expressions, fractions as ``3/2``, mappings and
    sequences element by element."""
    if isinstance(value, Mapping):
        return {str(key): raw(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple, range, set, frozenset)):
        return [raw(entry) for entry in value]
    if isinstance(value, Fraction):
        return int(value) if value.denominator == 1 else str(value)
    return repr(value) if isinstance(value, Dim) else value


def render(sheet: Sheet, form: str, script: Script, width: int, colour: bool) -> str:
    """``sheet`` in the format ``form``: a ``table`` is fitted to ``width`` columns, ``plain`` never cut."""
    if form == "json":
        return _json(sheet)
    if form == "csv":
        return _csv(sheet)
    texts = _texts(sheet, script)
    if form == "markdown":
        return _markdown(sheet, texts)
    if form != "table":
        return _table(sheet, texts, script, None, False)
    for room in ROOMS:
        if _needed(sheet, texts, width) > width:
            texts = _texts(sheet, replace(script, room=room))
    return _table(sheet, texts, script, width, colour)


def _texts(sheet: Sheet, script: Script) -> list[list[str]]:
    return [[column.cell(value, script) for column, value in zip(sheet.columns, row)] for row in sheet.rows]


def _json(sheet: Sheet) -> str:
    keys = [column.key for column in sheet.columns]
    rows = [{key: raw(value) for key, value in zip(keys, row)} for row in sheet.rows]
    return json.dumps({"schema": sheet.schema, **raw(sheet.record), sheet.rows_key: rows}, indent=1) + "\n"


def _csv(sheet: Sheet) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([column.key for column in sheet.columns])
    writer.writerows([_flat(raw(value)) for value in row] for row in sheet.rows)
    return out.getvalue()


def _flat(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, (dict, list)) else value


def _markdown(sheet: Sheet, texts: Sequence[Sequence[str]]) -> str:
    lines = ["|" + "|".join(f" {column.heading} " for column in sheet.columns) + "|",
             "|" + "|".join(" ---: " if column.right else " --- " for column in sheet.columns) + "|"]
    lines += ["|" + "|".join(f" {escaped(text)} " for text in row) + "|" for row in texts]
    table = lines if sheet.columns else []
    notes = [f"- **{label}**: {escaped('; '.join(text.splitlines()))}" for label, text in sheet.facts]
    return "\n".join([*table, *([""] if table and notes else []), *notes]) + "\n"


def escaped(text: str) -> str:
    """Text with what Markdown would read as its own escaped, and its indent kept."""
    body = text.lstrip(" ")
    return "\u00a0" * (len(text) - len(body)) + re.sub(r"([\\|*_`\[\]~])", r"\\\1", body).replace("<", "&lt;")


# ------------------------------------------------------------------------------------------------ text
def _table(sheet: Sheet, texts: Sequence[Sequence[str]], script: Script, width: int | None,
           colour: bool) -> str:
    kept = _kept(sheet, texts, width)
    columns = [sheet.columns[k] for k in kept]
    body = [[row[k] for k in kept] for row in texts]
    headings = [column.heading for column in columns]
    natural = [max(len(row[k]) for row in [headings, *body]) for k in range(len(columns))]
    widths = _squeezed(columns, natural, width)
    lines = [_styled(_line(headings, columns, widths, script), HEADING, colour)] if columns and body else []
    lines += [_line(row, columns, widths, script) for row in body]
    below = fact_lines(sheet.facts, width, colour)
    return "\n".join([*lines, *([""] if lines and below else []), *below]) + "\n"


def _needed(sheet: Sheet, texts: Sequence[Sequence[str]], width: int) -> int:
    """The columns that a table takes where everything that may give way does."""
    kept = _kept(sheet, texts, width)
    return sum(_least(sheet, texts, k) + len(GAP) for k in kept) - len(GAP)


def _least(sheet: Sheet, texts: Sequence[Sequence[str]], k: int) -> int:
    column = sheet.columns[k]
    natural = max(len(row[k]) for row in [*texts, [column.heading for column in sheet.columns]])
    return min(natural, column.least or natural)


def _kept(sheet: Sheet, texts: Sequence[Sequence[str]], width: int | None) -> list[int]:
    """The columns to show: those with anything in them, and on a narrow terminal without the spared ones."""
    kept = [k for k in range(len(sheet.columns)) if any(row[k] for row in texts)]
    needs = {k: _least(sheet, texts, k) for k in kept}
    for k in reversed(kept[:]):
        if width and sum(needs[k] + len(GAP) for k in kept) - len(GAP) > width and sheet.columns[k].spared:
            kept.remove(k)
    return kept


def _squeezed(columns: Sequence[Column], widths: list[int], width: int | None) -> list[int]:
    """Widths that keep to ``width``: the widest of the columns that may give way does so first."""
    widths = list(widths)
    while width and sum(widths) + len(GAP) * (len(widths) - 1) > width:
        spare = [have if column.least and have > column.least else 0
                 for column, have in zip(columns, widths)]
        if not any(spare):
            break
        widths[spare.index(max(spare))] -= 1
    return widths


def _line(row: Sequence[str], columns: Sequence[Column], widths: Sequence[int], script: Script) -> str:
    parts = [column.cut(text, width, script) for column, text, width in zip(columns, row, widths)]
    return GAP.join(part.rjust(width) if column.right else part.ljust(width)
                    for part, column, width in zip(parts, columns, widths)).rstrip()


def fact_lines(facts: Sequence[tuple[str, str]], width: int | None, colour: bool = False) -> list[str]:
    """Facts as lines: a label, then its text, wrapped between words where there is a ``width``."""
    from textwrap import wrap
    margin = max((len(label) for label, _ in facts), default=0) + 2
    out = []
    for label, text in facts:
        lines = text.split("\n")
        if width:
            room = max(width - margin, 20)
            lines = [part for line in lines for part in wrap(line, room, break_on_hyphens=False) or [""]]
        heads = [_styled(f"{label:<{margin}}", BOLD, colour and bool(label)), *[" " * margin] * len(lines)]
        out += [head + line for head, line in zip(heads, lines)]
    return out


def _styled(text: str, style: str, colour: bool) -> str:
    return f"\x1b[{style}m{text}\x1b[0m" if colour and text.strip() else text
