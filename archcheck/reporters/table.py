"""The summary as a table: coloured and fitted to the terminal, or plain text that is never cut."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from archcheck.report import Report
from archcheck.reporters.facts import facts
from archcheck.reporters.summary import Row, View, rows
from archcheck.reporters.text import Script, shortened, shortened_shape

INDENT = "  "
GAP = "  "
BAR = 6
ROOMS = (32, 32, 24, 20, 16)
"""Lengths that formulas may have in a table, to be tried in turn, from the second on with tight shapes."""

SPARED = ("share", "op", "shape", "params")
"""Columns to do without where nothing else helps, in this order."""

MAX_CELL = 500
"""Names of more characters are cut wherever they are shown: every row is as wide as the widest."""

BOLD, DIM, RED, HEADING = "1", "2", "31", "1;4"


class Column(NamedTuple):
    """A column: its heading, how a row's cell reads, whether it is flush right, the width from which it may
    give way to others, and the least it can do with (0: it never gives way)."""

    heading: str
    cell: Callable[[Row, Script, bool], str]
    right: bool = False
    enough: int = 0
    least: int = 0


def _name(row: Row, script: Script, wide: bool) -> str:
    count = f" {script.times}{row.count}" if row.count > 1 and not row.rest else ""
    return f"{INDENT * row.level}{script.cut if row.rest else script.safe(row.name)}{count}"


def _shape(row: Row, script: Script, wide: bool) -> str:
    return "" if row.rest and row.shape is None else script.shape(row.shape)


def _count(figure: str) -> Callable[[Row, Script, bool], str]:
    def cell(row: Row, script: Script, wide: bool) -> str:
        size = getattr(row, figure)
        if size is None:
            return "?"
        text = script.exact(size) if wide else script.compact(size)
        if row.partial and figure != "params":
            return script.at_least(text)
        return "" if size == 0 else text
    return cell


def _span(part: str) -> Callable[[Row, Script, bool], str]:
    """A cell for a part of the field: its size, stride or start."""
    def cell(row: Row, script: Script, wide: bool) -> str:
        from archcheck.reporters import spans
        return spans.per_axis(getattr(spans, part))(row.field, script) if row.field else ""
    return cell


def _share(row: Row, script: Script, wide: bool) -> str:
    """The percentage and a bar as long as it is of the longest row's."""
    if row.share is None or row.share < 0.0005:
        return ""
    percent = min(row.share, 0.999) if row.share < 1 else 1.0
    cells = row.share / max(row.largest, row.share) * BAR
    blocks = script.blocks
    part = blocks[int(cells % 1 * (len(blocks) - 1) + 0.5)] if len(blocks) > 2 else ""
    return f"{percent:6.1%} {blocks[-1] * int(cells)}{part}".rstrip()


COLUMNS = {
    "name": Column("layer", _name, enough=30, least=14),
    "op": Column("operator", lambda row, script, wide: script.safe(row.op), enough=18, least=9),
    "shape": Column("output", _shape, enough=44, least=12),
    "dtype": Column("dtype", lambda row, script, wide: row.dtype or ("" if row.rest else "?")),
    "params": Column("params", _count("params"), right=True),
    "macs": Column("MACs", _count("macs"), right=True),
    "flops": Column("FLOPs", _count("flops"), right=True),
    "field": Column("field", _span("size_of"), right=True),
    "stride": Column("stride", _span("stride_text"), right=True),
    "start": Column("start", _span("start_text"), right=True),
    "share": Column("share", _share, enough=7 + BAR, least=6),
    "nodes": Column("nodes", lambda row, script, wide: f"{row.nodes:,}", right=True),
}


def cells(found: Sequence[Row], columns: Sequence[str], script: Script, wide: bool) -> list[list[str]]:
    """The texts of the table, headings first."""
    chosen = [COLUMNS[name] for name in columns]
    return [[column.heading for column in chosen],
            *([column.cell(row, script, wide) for column in chosen] for row in found)]


class Table(NamedTuple):
    """A table laid out: the names of its columns and their widths, its texts, and the script they are in."""

    columns: tuple[str, ...]
    texts: list[list[str]]
    widths: list[int]
    script: Script

    def lines(self) -> Iterator[str]:
        """The table as lines of text."""
        for row in self.texts:
            parts = [_padded(text, name, width, self.script)
                     for text, name, width in zip(row, self.columns, self.widths)]
            yield GAP.join(parts).rstrip()


def laid_out(found: Sequence[Row], view: View, script: Script, width: int | None = None) -> Table:
    """The table at its natural width, or fitted to ``width``: with short names for the symbols, then with
    shorter formulas, then with less of what may give way, and at last without columns that there is no room
    for."""
    if width is None:
        return _natural(found, view.columns, view.wide, script)
    for writing in _writings(script):
        table = _natural(found, view.columns, view.wide, writing)
        if _total(_narrowed(table, "enough")) <= width:
            break
    for spared in SPARED:
        if _total(_narrowed(table, "least")) > width and len(table.columns) > 1:
            kept = tuple(name for name in table.columns if name != spared)
            table = _natural(found, kept, view.wide, writing)
    return table._replace(widths=_squeezed(table, width))


def _writings(script: Script) -> Iterator[Script]:
    """Ways to write formulas, shorter and shorter."""
    names = dict.fromkeys(script.names)
    for name in names:
        names[name] = _initials(name, names)
    short = replace(script, names={name: text or name for name, text in names.items()}, _texts={})
    yield replace(script, room=ROOMS[0])
    for step, room in enumerate(ROOMS):
        yield replace(short, room=room, tight=step > 0)


def _initials(name: str, taken: dict[str, str | None]) -> str | None:
    """One letter, or one for each word, that no other symbol goes by; None where there is none."""
    words = [word for word in name.replace(".", "_").replace("-", "_").split("_") if word]
    if len(name) < 4 or not words:
        return None
    for short in (words[0][0], "".join(word[0] for word in words)):
        if short.isidentifier() and short not in taken and short not in taken.values():
            return short
    return None


def _natural(found: Sequence[Row], columns: Sequence[str], wide: bool, script: Script) -> Table:
    """The table at its natural width. Shares are left out where there are none."""
    texts = cells(found, columns, script, wide)
    kept = [k for k, name in enumerate(columns) if name != "share" or any(row[k] for row in texts[1:])]
    texts = [[row[k] for k in kept] for row in texts]
    widths = [max(len(row[k]) for row in texts) for k in range(len(kept))]
    table = Table(tuple(columns[k] for k in kept), texts, widths, script)
    return table._replace(widths=[min(width, MAX_CELL) if COLUMNS[name].least else width
                                  for name, width in zip(table.columns, widths)])


def _narrowed(table: Table, limit: str) -> list[int]:
    """The columns' widths where each that may give way has no more than its ``limit``."""
    return [min(getattr(COLUMNS[name], limit) or width, width)
            for name, width in zip(table.columns, table.widths)]


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(GAP) * (len(widths) - 1)


def _squeezed(table: Table, width: int) -> list[int]:
    """Widths that keep to ``width``: columns give way down to what is enough first, then to the least, and at
    each step the one that has most to give."""
    widths = table.widths
    for limit in ("enough", "least"):
        spare = [have - need for have, need in zip(widths, _narrowed(table, limit))]
        while _total(widths) > width and max(spare) > 0:
            most = spare.index(max(spare))
            widths = [have - (k == most) for k, have in enumerate(widths)]
            spare[most] -= 1
    return widths


def _padded(text: str, name: str, width: int, script: Script) -> str:
    if len(text) > width:
        if name == "shape":
            text = shortened_shape(text, width, script.cut, script.by)
        elif name == "share":
            text = text[:width]
        else:  # a name keeps its indent when its middle is left out
            body = text.lstrip() if name == "name" else text
            indent = min(len(text) - len(body), width // 2)
            text = " " * indent + shortened(body, width - indent, script.cut)
    return text.rjust(width) if COLUMNS[name].right else text.ljust(width)


def fact_lines(report: Report, script: Script, wide: bool, width: int | None) -> list[tuple[str, str]]:
    """The facts below the table as lines, each a label, which may be blank, and a text, wrapped between
    words."""
    found = facts(report, replace(script, tight=False), wide)
    margin = max(len(label) for label, _ in found) + 2
    out = []
    for label, text in found:
        for line in text.split("\n"):
            for part in _wrapped(line, width and max(width - margin, 20)):
                out.append((f"{label:<{margin}}", part))
                label = ""
    return out


def _wrapped(line: str, width: int | None) -> list[str]:
    if not width or len(line) <= width:
        return [line]
    from textwrap import wrap
    return wrap(line, width, break_long_words=True, break_on_hyphens=False)


def render_plain(report: Report, view: View, script: Script) -> str:
    """The summary as plain text of any width, nothing cut."""
    table = laid_out(rows(report, view), view, script)
    below = [label + text for label, text in fact_lines(report, script, view.wide, None)]
    return "\n".join([*table.lines(), "", *below]) + "\n"


def render_terminal(report: Report, view: View, script: Script, width: int, colour: bool) -> str:
    """The summary for a terminal of ``width`` columns, or with a wide view as wide as it needs."""
    found = rows(report, view)
    room = None if view.wide else width
    table = laid_out(found, view, script, room)
    styles = [HEADING, *map(_style, found)]
    lines = [_styled(line, style, colour) for line, style in zip(table.lines(), styles)]
    below = [_styled(label, BOLD, colour and label.strip() != "") + text
             for label, text in fact_lines(report, table.script, view.wide, room)]
    return "\n".join([*lines, "", *below]) + "\n"


def _style(row: Row) -> str:
    if row.unknown:
        return RED
    return BOLD if row.scope else DIM if row.rest or row.params == 0 and row.macs == 0 else ""


def _styled(text: str, style: str, colour: bool) -> str:
    return f"\x1b[{style}m{text}\x1b[0m" if colour and style else text
