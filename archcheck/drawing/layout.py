"""Where the boxes of a picture stand, and which way its edges take.

An open box is laid out first, by itself, and then is one box among those beside it: what comes in and goes
out crosses its border at ports. Sizes are in px, y grows downwards; a picture that flows to the right is laid
out downwards and turned.
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from archcheck.drawing.level import MARGIN, PAD, Level, Part, Point, text_height, text_width
from archcheck.drawing.style import SMALL, Look, Text
from archcheck.drawing.tree import Box, Link, Picture

STACK = 3.0
"""How far each of the sheets behind a box that stands for several shows."""

__all__ = ["MARGIN", "PAD", "STACK", "Placed", "Wire", "place", "text_height", "trunks"]


@dataclass(frozen=True)
class Wire:
    """An edge: the ``points`` it goes through, first the one where it leaves. It is straight from the first
    to the second, bends from there to the third, and so on in turn. ``label`` begins at ``at``, above its
    baseline. With ``turned`` it flows to the right."""

    link: Link
    points: tuple[Point, ...]
    label: str = ""
    at: Point = (0.0, 0.0)
    arrow: bool = True
    turned: bool = False

    def bend(self, start: Point, end: Point) -> tuple[Point, Point]:
        """The two control points of the curve between two points."""
        if self.turned:
            middle = (start[0] + end[0]) / 2
            return (middle, start[1]), (middle, end[1])
        middle = (start[1] + end[1]) / 2
        return (start[0], middle), (end[0], middle)


def trunks(wires: Sequence[Wire]) -> Iterator[int]:
    """For each wire the point from which it is drawn: the second one where the straight line up to there is
    drawn already, as one line over another would look bold."""
    drawn = set[tuple[Point, ...]]()
    for wire in wires:
        straight = wire.points[:2]
        yield int(straight in drawn and len(wire.points) > 2)
        drawn.add(straight)


@dataclass(frozen=True)
class Placed:
    """A box at its place: ``x`` and ``y`` are its upper left corner in the whole picture. ``texts`` are its
    lines; those of an open box are in its head and begin at ``indent`` from the left. ``children`` and
    ``wires`` are what is inside. ``glyph`` is the width and height of what it shows in place of a frame, in
    the middle, with the texts below."""

    box: Box
    x: float
    y: float
    width: float
    height: float
    texts: tuple[Text, ...] = ()
    children: tuple[Placed, ...] = ()
    wires: tuple[Wire, ...] = ()
    indent: float = PAD
    glyph: tuple[float, float] | None = None

    def walk(self) -> Iterator[Placed]:
        """This box and those inside it."""
        yield self
        for child in self.children:
            yield from child.walk()

    def lines(self) -> Iterator[tuple[Text, Point, bool]]:
        """Each line of text, where its baseline begins, or has its middle, and which of the two."""
        x, middle = self.x + self.width / 2, True
        y = self.y + (self.height - text_height(self.texts)) / 2
        if self.children:
            x, y, middle = self.x + self.indent, self.y + PAD / 2, False
        elif self.glyph:
            y = self.y + (self.height + self.glyph[1]) / 2 + 2
        for text in self.texts:
            yield text, (x, y + text.size), middle
            y += text.size * 1.25


def place(picture: Picture, look: Look) -> Placed:
    """The whole picture: its root box at (0, 0), with everything in it at its place."""
    return _turned(_Layout(picture, look).inside(picture.root, ()), look.direction == "LR", 0.0, 0.0)


def _turned(part: Part, turned: bool, x: float, y: float) -> Placed:
    """A box in px, the box around it being at ``x`` and ``y``."""
    def point(at: Point) -> Point:
        return (at[1], at[0]) if turned else at
    (dx, dy), (width, height) = point(part.at), point((part.across, part.along))
    x, y = x + dx, y + dy
    wires = []
    for way in part.ways:
        points = tuple((x + px, y + py) for px, py in map(point, way.points))
        px, py = points[0]
        at = (px + 4, py - 4) if turned else (px + 5, py + SMALL + 1)
        wires.append(Wire(way.link, points, way.label, at, way.arrow, turned))
    return Placed(part.box, x, y, width, height, part.texts,
                  tuple(_turned(child, turned, x, y) for child in part.parts), tuple(wires), part.indent,
                  part.glyph)


class _Layout:
    """Lays out the boxes of one picture."""

    def __init__(self, picture: Picture, look: Look) -> None:
        self.picture, self.look = picture, look
        self.turned = look.direction == "LR"

    def part(self, box: Box) -> Part:
        """A box, with what is inside it if it is open."""
        texts = self.look.lines(box)
        is_open = box.id in self.picture.open and box.children
        return self.inside(box, texts[:2]) if is_open else self.closed(box, texts)

    def closed(self, box: Box, texts: tuple[Text, ...]) -> Part:
        """A box that shows its texts only."""
        width, height = text_width(texts) + 2 * PAD, text_height(texts) + PAD + 2
        glyph = self.look.extents.get(box.id)
        if glyph:
            width, height = max(width, glyph[0]), glyph[1] + 2 * height
        across, along = (height, width) if self.turned else (width, height)
        inset = (along - glyph[0 if self.turned else 1]) / 2 if glyph else 0.0
        return Part(box, round(across, 1), round(along, 1), texts, glyph=glyph, inset=inset)

    def inside(self, box: Box, texts: tuple[Text, ...]) -> Part:
        """A box with what is inside it."""
        parts = [self.part(child) for child in box.children]
        return Level(box, parts, texts, self.look.label, self.turned).part()
