"""A difference as GitHub's Markdown, for a comment at a pull request: what matters first, the rest folded."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from archcheck.comparing import Difference, InterfaceChange, LayerChange
from archcheck.findings import Finding
from archcheck.reporters.diff import View
from archcheck.reporters.diff import _words as words
from archcheck.reporters.markup import code, prose
from archcheck.reporters.text import Script

MOST = 50_000
"""GitHub takes comments of fewer than 65,536 characters, and there may be other text in one."""
NAME = 160
"""Longer names are cut."""


def render(found: Difference, view: View) -> str:
    """The page, with as many rows as there is room for."""
    page, parts = _Page(view.script), [f"**{words.verdict(found)}**", ""]
    parts += [f"{code(view.old, view.script, NAME)} → {code(view.new, view.script, NAME)}", ""]
    for title, head, rows, is_open in page.sections(found):
        parts += _section(title, head, rows, is_open, MOST - sum(len(part) + 1 for part in parts))
    return "\n".join(parts).rstrip() + "\n"


def _section(title: str, head: str, rows: Sequence[str], is_open: bool, room: int) -> list[str]:
    """A table under its title, folded unless it ``is_open``; nothing where it has no rows or no room."""
    kept = list(_fitting(rows, room - len(title) - 2 * len(head) - 200))
    if not rows:
        return []
    if not kept:
        return [f"{title}: no room for {len(rows):,} rows", ""]
    cells = head.split("|")
    left = [f"\n… and {len(rows) - len(kept):,} more"] if len(rows) > len(kept) else []
    table = [_row(*cells), _row(*["---"] * len(cells)), *kept, *left, ""]
    if is_open:
        return [f"**{title}**", "", *table]
    return [f"<details><summary>{title}</summary>", "", *table, "</details>", ""]


def _fitting(rows: Iterable[str], room: int) -> Iterator[str]:
    for row in rows:
        room -= len(row) + 1
        if room < 0:
            return
        yield row


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


class _Page:
    """The tables of a difference: title, head, rows, and whether it is open."""

    def __init__(self, script: Script) -> None:
        self.script = script

    def sections(self, found: Difference) -> Iterator[tuple[str, str, list[str], bool]]:
        """The tables in the order in which they matter."""
        yield "Interface", "|what|change|old|new|why", [self.interface(one) for one in found.interface], True
        totals = [_row(words.FIGURES[one.name], *(self.text(words.figure(one, side, self.script))
                                                  for side in (0, 1)), words.growth(one, self.script))
                  for one in found.totals]
        yield "Totals", "total|old|new|change", totals, True
        yield ("Findings: " + words.findings(found), "|severity|rule|where|what",
               [*(self.finding("new", one) for one in found.new),
                *(self.finding("fixed", one) for one in found.fixed)], True)
        yield ("Layers: " + words.tally(found), "|operator|layer|change",
               [self.layer(one) for one in words.listed(found)], False)
        yield (f"Renamed: {len(found.renamed):,}", "old|new",
               [_row(self.code(old.path), self.code(new.path)) for old, new in found.renamed], False)
        yield ("Weights: " + self.text(words.weights(found, self.script)), "weight|layer|largest difference",
               [_row(self.code(one.name), self.code(one.layer),
                     "?" if one.largest is None else f"{one.largest:.4g}")
                for one in found.weights or () if one.state == "changed"], False)

    def interface(self, one: InterfaceChange) -> str:
        """A row of the interface."""
        old, new = words.ends(one, self.script)
        name = f"{one.of} {self.code(one.name)}" if one.name else one.of
        return _row("**breaking**" if one.breaking else "", name, one.what, self.text(old), self.text(new),
                    self.text(one.why))

    def layer(self, one: LayerChange) -> str:
        """A row for a layer, all its changes in it."""
        changes = "<br>".join(self.text(words.change(change, self.script)) for change in one.changes)
        return _row(one.kind, self.text(one.part.op), self.code(one.part.path), changes)

    def finding(self, what: str, one: Finding) -> str:
        """A row for a finding."""
        count = f" × {one.places}" if one.places > 1 else ""
        about = one.node or one.value or ""
        return _row(what, one.severity, f"{one.code} {one.name}", (self.code(about) if about else "") + count,
                    self.text(one.message))

    def text(self, text: str) -> str:
        """A sentence of others."""
        return prose(text, self.script)

    def code(self, text: str) -> str:
        """A name of others."""
        return code(text, self.script, NAME) if text else ""
