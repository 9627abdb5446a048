"""A report in a notebook: a table of its layers, drawings, and a data frame."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archcheck.drawing.style import Look
from archcheck.drawing.tree import Picture
from archcheck.errors import UserError
from archcheck.reporters.text import Script, shortened

if TYPE_CHECKING:
    from archcheck.report import Report

ROWS = 200
"""A table in a notebook has at most so many rows."""

CELL = 80
"""Longer texts in a table are cut."""

_STYLE = {True: "text-align:right", False: "text-align:left;white-space:pre"}


@dataclass(frozen=True)
class Drawing:
    """A picture of a network, which a notebook shows as it is."""

    picture: Picture
    look: Look

    def _repr_svg_(self) -> str:
        from archcheck.drawing.draw import drawn
        return drawn(self.picture, self.look, "svg").decode()

    def save(self, path: str | Path) -> None:
        """Write the picture to a file, in the format that its suffix says: svg, png, pdf, dot, mmd, tex or
        html. Raises `UserError` for another."""
        from archcheck.drawing.draw import drawn, form_of
        from archcheck.files import write_whole
        write_whole(Path(path), drawn(self.picture, self.look, form_of(Path(path))))


# ------------------------------------------------------------------------------------------------ as HTML
def html(report: Report) -> str:
    """The summary as an HTML table, and the facts below it as another; without script, links or styles that
    reach beyond it."""
    from archcheck.reporters.facts import facts
    from archcheck.reporters.summary import View, rows
    from archcheck.reporters.table import COLUMNS, cells
    view, script = View(), Script(names={name: name for name in report.symbols})
    found = rows(report, view)
    heads, *body = cells(found[:ROWS], view.columns, script, wide=False)
    right = [COLUMNS[name].right for name in view.columns]
    if len(found) > ROWS:
        body.append([f"… {len(found) - ROWS:,} more rows", *[""] * (len(heads) - 1)])
    below = [_facts(label, text) for label, text in facts(report, script)]
    return "\n".join(["<div>", "<table>", "<thead>", _row("th", heads, right), "</thead>", "<tbody>",
                      *(_row("td", row, right) for row in body), "</tbody>", "</table>",
                      "<table>", *below, "</table>", "</div>"])


def _row(tag: str, texts: Sequence[str], right: Sequence[bool]) -> str:
    parts = (f'<{tag} style="{_STYLE[flush]}">{escape(shortened(text, CELL, "…"))}</{tag}>'
             for text, flush in zip(texts, right))
    return f"<tr>{''.join(parts)}</tr>"


def _facts(label: str, text: str) -> str:
    lines = "<br>".join(map(escape, text.splitlines()))
    left = _STYLE[False]
    return f'<tr><th style="{left}">{escape(label)}</th><td style="text-align:left">{lines}</td></tr>'


# ------------------------------------------------------------------------------------------------ as a frame
def dataframe(report: Report) -> Any:
    """A row for each layer. Raises `UserError` where pandas is not there."""
    try:
        import pandas
    except ImportError:
        raise UserError("a data frame needs pandas, which is not installed: pip install pandas") from None
    return pandas.DataFrame({name: _column(pandas, values) for name, values in _columns(report)},
                            index=pandas.RangeIndex(len(report.layers), name="index"))


def _columns(report: Report) -> Iterator[tuple[str, list[Any]]]:
    for name in ("name", "op", "out_shape", "dtype", "params", "macs", "flops", "unknown"):
        yield name, [getattr(layer, name) for layer in report.layers]
    yield "scope", ["/".join(layer.scope) for layer in report.layers]


def _column(pandas: Any, values: Sequence[Any]) -> Any:
    """A column of integers, of which some may be missing; of objects where there is anything else."""
    numbers = [value for value in values if value is not None]
    are_numbers = all(type(value) is int and abs(value) < 1 << 63 for value in numbers)
    kind = "Int64" if numbers and are_numbers else "object"
    return pandas.array(values, dtype=kind) if kind == "Int64" else pandas.Series(values, dtype=kind)
