"""The folded graph as the page draws it: every box with what is inside it already in its place, so that the
page only moves boxes apart where one is opened."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from typing import Any

from archcheck.drawing.folding import picture
from archcheck.drawing.layout import Placed, Wire, place
from archcheck.drawing.look import look_for, script_of
from archcheck.drawing.style import Text
from archcheck.drawing.tree import OUTSIDE, Box, Link, Picture
from archcheck.report import Report
from archcheck.reporters.html.pool import Pool

SHOWN = 40
"""So many boxes are seen at first."""

LEAST, ROOM = 13, 24
"""Labels of edges have room for so many characters: the sizes in them may grow."""

MARK = "    "
"""As wide as the mark that opens a box."""


def boxes(report: Report, pool: Pool) -> tuple[list[dict[str, Any]], list[int]]:
    """Every box, outer before inner ones, and the places of those that are open at first."""
    found = picture(report, limit=SHOWN)
    scopes = _Scopes(report, found, pool)
    opened = sorted(scopes.places[name] for name in found.open)
    return [scopes.record(box) for box in found.boxes.values()], opened


class _Scopes:
    """Makes the records of the boxes of a picture, whose ``places`` in the list are known."""

    def __init__(self, report: Report, found: Picture, pool: Pool) -> None:
        self.pool, self.script = pool, script_of(report)
        self.places = {name: place for place, name in enumerate(found.boxes)}
        self.words = look_for(report, found)
        self.look = replace(self.words, shape=self.label, texts=self.texts)

    def label(self, link: Link) -> str:
        """Text as wide as the label of an edge may be."""
        return "" if link.shape is None else self.script.shape(link.shape).ljust(LEAST, "0")[:ROOM]

    def texts(self, box: Box) -> tuple[Text, ...]:
        """The lines of a box, with room for the mark that opens it."""
        title, *rest = self.words.texts(box)
        return (replace(title, text=title.text + MARK * bool(box.children)), *rest)

    def record(self, box: Box) -> dict[str, Any]:
        """A box: its words, its nodes as runs (first, number), and what is inside it."""
        found: dict[str, Any] = {
            "id": box.id, "name": box.name, "op": box.op, "kind": box.kind, "label": box.label,
            "family": box.family, "count": box.count, "nodes": runs(box.nodes),
            "shape": self.pool.shape(box.shape), "dtype": box.dtype, "why": box.unknown}
        if box.children:
            found |= self.inside(place(Picture(box, frozenset((box.id,))), self.look))
        return found

    def inside(self, placed: Placed) -> dict[str, Any]:
        """What is inside a box: its size, where the boxes in it stand, and the wires between them."""
        return {"size": [placed.width, placed.height],
                "inside": list(map(self.child, placed.children)),
                "wires": list(map(self.wire, placed.wires))}

    def child(self, placed: Placed) -> list[Any]:
        """Where a box stands in the one around it, and its lines."""
        return [self.places[placed.box.id], round(placed.x, 1), round(placed.y, 1), placed.width,
                placed.height, *(text.text.rstrip() for text in placed.texts)]

    def wire(self, wire: Wire) -> list[Any]:
        """An edge: its ends (-1: outside), its points, the shape that its label says, the dtype, and what
        flows in it."""
        ends = [-1 if end == OUTSIDE else self.places[end] for end in (wire.link.source, wire.link.target)]
        points = [round(value, 1) for point in wire.points for value in point]
        return [*ends, points, self.pool.shape(wire.link.shape), wire.link.dtype, bool(wire.label),
                list(wire.link.values)]


def runs(numbers: Iterable[int]) -> list[int]:
    """Numbers as runs of consecutive ones: the first and how many, one pair after the other."""
    return list(_runs(sorted(numbers)))


def _runs(numbers: list[int]) -> Iterator[int]:
    for _, group in groupby(enumerate(numbers), lambda item: item[1] - item[0]):
        found = [number for _, number in group]
        yield from (found[0], len(found))
