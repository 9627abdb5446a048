"""The geometry of a picture, worked out again from its boxes, texts and curves, apart from the layout."""
from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise
from typing import NamedTuple

from archcheck.drawing.layout import Placed, Wire
from archcheck.drawing.metrics import width

SMALL = 10


class Rect(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Rect, slack: float = 0.25) -> bool:
        return (self.left < other.right - slack and other.left < self.right - slack
                and self.top < other.bottom - slack and other.top < self.bottom - slack)

    def touches(self, other: Rect) -> bool:
        """Whether a point of this one, which may be a line, can be in the other one."""
        return (self.left <= other.right and other.left <= self.right
                and self.top <= other.bottom and other.top <= self.bottom)

    def holds(self, other: Rect, slack: float = 0.25) -> bool:
        return (self.left <= other.left + slack and self.top <= other.top + slack
                and self.right >= other.right - slack and self.bottom >= other.bottom - slack)

    def has(self, x: float, y: float, slack: float = 0.75) -> bool:
        return (self.left + slack < x < self.right - slack) and (self.top + slack < y < self.bottom - slack)


def frame(box: Placed) -> Rect:
    return Rect(box.x, box.y, box.x + box.width, box.y + box.height)


def solid(box: Placed) -> list[Rect]:
    """What of a box is drawn: its frame, or its glyph and texts."""
    return [shape(box), *texts(box)] if box.glyph else [frame(box)]


def shape(box: Placed) -> Rect:
    if not box.glyph:
        return frame(box)
    (wide, high), x, y = box.glyph, box.x + box.width / 2, box.y + box.height / 2
    return Rect(x - wide / 2, y - high / 2, x + wide / 2, y + high / 2)


def texts(box: Placed) -> list[Rect]:
    found = []
    for line, (x, y), middle in box.lines():
        wide = width(line.text, line.size, line.bold)
        left = x - wide / 2 if middle else x
        found.append(Rect(left, y - line.size * 0.8, left + wide, y + line.size * 0.22))
    return found


def label(wire: Wire) -> Rect:
    x, y = wire.at
    return Rect(x, y - SMALL * 0.8, x + width(wire.label, SMALL), y + SMALL * 0.22)


def curve(wire: Wire, steps: int = 12) -> Iterator[tuple[float, float]]:
    """Points on a wire, a cubic curve between its ranks."""
    for k, (start, end) in enumerate(pairwise(wire.points)):
        first, second = wire.bend(start, end) if k % 2 else (start, end)
        for step in range(steps + 1):
            t = step / steps
            weights = ((1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t ** 2, t ** 3)
            yield tuple(sum(w * p[axis] for w, p in zip(weights, (start, first, second, end)))
                        for axis in (0, 1))


def faults(placed: Placed, turned: bool = False) -> list[str]:
    """What is wrong with a picture: boxes or labels that overlap, texts that do not fit, edges through boxes
    or against the flow."""
    return [fault for box in placed.walk() for fault in (*_boxes(box), *_wires(box, turned))]


def _boxes(box: Placed) -> Iterator[str]:
    frames = [frame(child) for child in box.children]
    for (a, one), (b, other) in combinations(zip(box.children, frames), 2):
        if one.meets(other):
            yield f"{a.box.id} overlaps {b.box.id}"
    for child, inner in zip(box.children, frames):
        if not frame(box).holds(inner):
            yield f"{child.box.id} is not inside {box.box.id}"
    for line in texts(box):
        if not frame(box).holds(line):
            yield f"{box.box.id}: a text does not fit"
        if any(line.meets(inner) for inner in frames):
            yield f"{box.box.id}: a box is on its title"
    for one, other in combinations(texts(box), 2):
        if one.meets(other):
            yield f"{box.box.id}: its lines overlap"


def _wires(box: Placed, turned: bool) -> Iterator[str]:
    frames = {child.box.id: shape(child) for child in box.children}
    drawn = [(child.box.id, rect) for child in box.children for rect in solid(child)]
    titles = texts(box) if box.children else []
    labels = [label(wire) for wire in box.wires if wire.label]
    for one, other in combinations(labels, 2):
        if one.meets(other):
            yield f"{box.box.id}: two labels overlap"
    for name, inner in drawn:
        if any(one.meets(inner) for one in labels):
            yield f"a label is on {name}"
    for wire in box.wires:
        points = list(curve(wire))
        along = [point[0 if turned else 1] for point in points]
        what = f"{wire.link.source} -> {wire.link.target}"
        if any(b < a - 0.01 for a, b in pairwise(along)):
            yield f"{what} goes against the flow"
        around = Rect(*map(min, zip(*points)), *map(max, zip(*points)))

        def crosses(rect: Rect, points: list[tuple[float, float]] = points, around: Rect = around) -> bool:
            return around.touches(rect) and any(rect.has(*point) for point in points)
        yield from (f"{what} crosses {name}" for name, inner in drawn if crosses(inner))
        yield from (f"{what} crosses the title of {box.box.id}" for title in titles if crosses(title))
        if any(map(crosses, labels)):
            yield f"{what} crosses a label"
        yield from _ends(wire, frames)


def _ends(wire: Wire, frames: dict[str, Rect]) -> Iterator[str]:
    """Whether a wire begins and ends at the boxes it connects."""
    for name, (x, y) in ((wire.link.source, wire.points[0]), (wire.link.target, wire.points[-1])):
        if name in frames:
            left, top, right, bottom = frames[name]
            on = (abs(y - top) < 0.3 or abs(y - bottom) < 0.3) and left - 0.3 <= x <= right + 0.3
            on = on or (abs(x - left) < 0.3 or abs(x - right) < 0.3) and top - 0.3 <= y <= bottom + 0.3
            if not on:
                yield f"an edge does not end at {name}"
