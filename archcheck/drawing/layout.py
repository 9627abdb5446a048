"""Where the boxes of a picture stand, and which way its edges take.

An open box is laid out first, by itself, and then is one box among those beside it: what comes in and goes
out crosses its border at ports. Sizes are in px, y grows downwards; a picture that flows to the right is laid
out downwards and turned.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from archcheck.drawing import metrics
from archcheck.drawing.coordinates import placed as across_places
from archcheck.drawing.ranks import layered
from archcheck.drawing.style import LEADING, SMALL, TITLE, Look, Text
from archcheck.drawing.tree import OUTSIDE, Box, Link, Picture

WIDEST = 200.0
"""Text that is wider is cut, in px."""

PAD, GAP, BETWEEN = 8.0, 16.0, 26.0
"""Between text and border; between neighbours across the flow; between ranks along it."""

STACK = 3.0
"""How far the sheets behind a box that stands for several show."""

MARGIN = 12.0

Point = tuple[float, float]


@dataclass(frozen=True)
class Wire:
    """An edge: the ``points`` it goes through, first the one where it leaves. It bends between the points at
    even places and the ones after those at odd places. ``label`` begins at ``at``, above the baseline."""

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


@dataclass(frozen=True)
class Placed:
    """A box at its place: ``x`` and ``y`` are its upper left corner in the whole picture. ``texts`` are its
    lines; those of an open box are in its head. ``children`` and ``wires`` are what is inside."""

    box: Box
    x: float
    y: float
    width: float
    height: float
    texts: tuple[Text, ...] = ()
    children: tuple[Placed, ...] = ()
    wires: tuple[Wire, ...] = ()

    @property
    def head(self) -> float:
        """The height of an open box's head."""
        return text_height(self.texts) + PAD if self.texts else 0.0


def text_height(texts: Sequence[Text]) -> float:
    """The height of lines of text."""
    return sum(text.size * LEADING for text in texts)


def place(picture: Picture, look: Look) -> Placed:
    """The whole picture: its root box at (0, 0), with everything in it at its place."""
    root = _Layout(picture, look).inside(picture.root, outermost=True)
    return _moved(root.placed(look.direction == "LR"), 0.0, 0.0)


# ------------------------------------------------------------------------------------------------ in flow terms
@dataclass(frozen=True)
class _Way:
    """A wire in terms of the flow: points (across, along), relative to the box around."""

    link: Link
    points: tuple[Point, ...]
    label: str = ""
    arrow: bool = True


@dataclass(frozen=True)
class _Part:
    """A laid out box in terms of the flow, its place relative to the box around. ``enters`` and ``leaves``
    are where values cross its border, across the flow, from its beginning."""

    box: Box
    across: float
    along: float
    texts: tuple[Text, ...]
    at: Point = (0.0, 0.0)
    parts: tuple[_Part, ...] = ()
    ways: tuple[_Way, ...] = ()
    enters: tuple[tuple[str, float], ...] = ()
    leaves: tuple[tuple[str, float], ...] = ()

    def placed(self, turned: bool, x: float = 0.0, y: float = 0.0) -> Placed:
        """The box in px, the box around it being at ``x`` and ``y``."""
        def point(at: Point) -> Point:
            return (at[1], at[0]) if turned else at
        (dx, dy), (width, height) = point(self.at), point((self.across, self.along))
        x, y = x + dx, y + dy
        wires = []
        for way in self.ways:
            points = tuple((x + px, y + py) for px, py in map(point, way.points))
            px, py = points[0]
            at = (px + 4, py - 4) if turned else (px + 5, py + SMALL + 1)
            wires.append(Wire(way.link, points, way.label, at, way.arrow, turned))
        return Placed(self.box, x, y, width, height, self.texts,
                      tuple(part.placed(turned, x, y) for part in self.parts), tuple(wires))


def _moved(placed: Placed, dx: float, dy: float) -> Placed:
    return replace(placed, x=placed.x + dx, y=placed.y + dy)


class _Layout:
    """Lays out the boxes of one picture."""

    def __init__(self, picture: Picture, look: Look) -> None:
        self.picture, self.look = picture, look
        self.turned = look.direction == "LR"

    def part(self, box: Box) -> _Part:
        """A box, with what is inside it if it is open."""
        return self.inside(box) if box.id in self.picture.open and box.children else self.closed(box)

    def closed(self, box: Box) -> _Part:
        """A box that shows its texts only."""
        texts = tuple(replace(text, text=metrics.cut(text.text, WIDEST, text.size, text.bold))
                      for text in self.look.texts(box))
        width = max((metrics.width(text.text, text.size, text.bold) for text in texts), default=0) + 2 * PAD
        height = text_height(texts) + PAD + 2
        across, along = (height, width) if self.turned else (width, height)
        if box.id in self.look.extents:
            wanted = self.look.extents[box.id]
            across, along = max(across, wanted[0]), max(along, wanted[1])
        return _Part(box, round(across, 1), round(along, 1), texts)

    def inside(self, box: Box, outermost: bool = False) -> _Part:
        """A box with what is inside it."""
        texts = () if outermost else self.look.texts(box)[:2]
        texts = tuple(replace(text, text=metrics.cut(text.text, WIDEST, text.size, text.bold)) for text in texts)
        return _Level(self, box, texts).part()


@dataclass(frozen=True)
class _Edge:
    """An edge between two nodes of a level: which, where it leaves and arrives relative to their centres,
    and the link it is."""

    a: int
    b: int
    link: Link
    leaves: float = 0.0
    arrives: float = 0.0


class _Level:
    """Lays out what is inside one box. Its nodes are the children, then a port for each value that comes in,
    then one for each that goes out."""

    def __init__(self, layout: _Layout, box: Box, texts: tuple[Text, ...]) -> None:
        self.layout, self.box, self.texts = layout, box, texts
        self.parts = [layout.part(child) for child in box.children]
        self.place = {child.id: k for k, child in enumerate(box.children)}
        count = len(self.parts)
        entries = dict.fromkeys(link.values[0] for link in box.links if link.source == OUTSIDE)
        exits = dict.fromkeys(link.values[0] for link in box.links if link.target == OUTSIDE)
        self.entries = {value: count + k for k, value in enumerate(entries)}
        self.exits = {value: count + len(entries) + k for k, value in enumerate(exits)}
        self.count = count + len(entries) + len(exits)
        self.edges = [edge for link in box.links for edge in self.edges_of(link)]
        self.labels = self.labelled()

    def edges_of(self, link: Link) -> list[_Edge]:
        """The edges of a link: one, or one for each port that its values have."""
        found = {}
        for value in link.values:
            a, leaves = self.end(link.source, value, self.entries, "leaves")
            b, arrives = self.end(link.target, value, self.exits, "enters")
            found[a, b, leaves, arrives] = _Edge(a, b, link, leaves, arrives)
        return list(found.values())

    def end(self, name: str, value: str, ports: dict[str, int], side: str) -> tuple[int, float]:
        """The node that is an end of a link, and where the value crosses its border, from its centre."""
        if name == OUTSIDE:
            return ports[value], 0.0
        node = self.place[name]
        part = self.parts[node]
        known: tuple[tuple[str, float], ...] = getattr(part, side)
        at = dict(known).get(value, known[-1][1] if known else part.across / 2)
        return node, at - part.across / 2

    def labelled(self) -> dict[int, str]:
        """The label of what each child makes, written once, where it leaves the child."""
        found: dict[int, str] = {}
        ports = {edge.a for edge in self.edges if edge.link.target == OUTSIDE}
        for edge in self.edges:
            if edge.a < len(self.parts) and edge.a not in found and edge.a not in ports:
                text = self.layout.look.shape(edge.link)
                if text:
                    found[edge.a] = metrics.cut(text, WIDEST, SMALL)
        return found

    def foot(self, node: int) -> tuple[float, float]:
        """The room for a child's label behind it: how far it reaches across from the centre, and its
        length along the flow."""
        if node not in self.labels:
            return 0.0, 0.0
        wide, high = metrics.width(self.labels[node], SMALL) + 7, SMALL * LEADING + 1
        leaves = max(edge.leaves for edge in self.edges if edge.a == node)
        return (high + leaves, wide) if self.layout.turned else (wide + leaves, high)

    def part(self) -> _Part:
        """The box with all that is inside it."""
        first, last = frozenset(self.entries.values()), frozenset(self.exits.values())
        layers = layered(self.count, [(edge.a, edge.b) for edge in self.edges], first, last)
        feet = [self.foot(node) for node in range(len(self.parts))]
        widths = [max(part.across, 2 * foot[0]) for part, foot in zip(self.parts, feet)]
        widths += [4.0] * (self.count - len(self.parts))
        ports = [(edge.arrives, edge.leaves) if k in layers.turned else (edge.leaves, edge.arrives)
                 for k, edge in enumerate(self.edges)]
        centre = across_places(layers, widths, ports, GAP)
        heights = [part.along + foot[1] for part, foot in zip(self.parts, feet)]
        heights += [0.0] * (len(layers.rank) - len(heights))
        return self.assembled(layers, centre, widths, heights)

    def assembled(self, layers, centre, widths, heights) -> _Part:  # type: ignore[no-untyped-def]
        """The box, its nodes being placed across the flow at ``centre``."""
        outermost = not self.texts
        head = 0.0 if outermost else text_height(self.texts) + PAD
        pad = MARGIN if outermost else PAD
        low = min((centre[node] - widths[node] / 2 for node in range(self.count)), default=0.0)
        high = max((centre[node] + widths[node] / 2 for node in range(self.count)), default=0.0)
        for node in range(self.count, len(layers.rank)):
            low, high = min(low, centre[node] - 4), max(high, centre[node] + 4)
        titled = max((metrics.width(text.text, text.size, text.bold) for text in self.texts), default=0.0)
        before, side = (pad, head) if self.layout.turned else (head, pad)
        across = high - low + side + pad
        least = (0.0 if self.layout.turned else titled + 2 * PAD)
        shift = side - low + max(0.0, least - across) / 2
        across = max(across, least)
        begins, ends, at = [], [], before
        for k, row in enumerate(layers.rows):
            begins.append(at)
            at += max((heights[node] for node in row), default=0.0)
            ends.append(at)
            is_border = k == 0 and self.entries or k + 2 == len(layers.rows) and self.exits
            at += 0.0 if k + 1 == len(layers.rows) else BETWEEN / 2 if is_border else BETWEEN
        along = at + (pad if not self.exits else 0.0)
        if self.entries:
            begins[0] = ends[0] = 0.0
        if self.layout.turned:
            along = max(along, titled + 2 * PAD)
        if self.exits:
            begins[-1] = ends[-1] = along = max(along, at + pad)
        x = [value + shift for value in centre]
        parts, bottoms = [], []
        for node, part in enumerate(self.parts):
            rank = layers.rank[node]
            slack = ends[rank] - begins[rank] - heights[node]
            top = begins[rank] + slack / 2
            bottoms.append((top, top + part.along))
            parts.append(replace(part, at=(round(x[node] - part.across / 2, 1), round(top, 1))))
        ways = [self.way(k, edge, layers, x, begins, ends, bottoms) for k, edge in enumerate(self.edges)]
        return _Part(self.box, round(across, 1), round(along, 1), self.texts, (0.0, 0.0), tuple(parts),
                     tuple(self.with_labels(ways)),
                     tuple((value, x[node]) for value, node in self.entries.items()),
                     tuple((value, x[node]) for value, node in self.exits.items()))

    def way(self, k, edge, layers, x, begins, ends, bottoms) -> _Way:  # type: ignore[no-untyped-def]
        """The way of an edge."""
        chain = layers.chains[k]
        leaves, arrives = edge.leaves, edge.arrives
        if k in layers.turned:
            leaves, arrives = arrives, leaves
        points: list[Point] = []
        for place, node in enumerate(chain):
            at = x[node] + (leaves if place == 0 else arrives if place == len(chain) - 1 else 0.0)
            rank = layers.rank[node]
            top, bottom = begins[rank], ends[rank]
            if node < len(self.parts):
                inner = bottoms[node]
                points += [(at, inner[1]), (at, bottom)] if place == 0 else [(at, top), (at, inner[0])]
            elif place == 0:
                points += [(at, bottom), (at, bottom)]
            else:
                points += [(at, top), (at, bottom)]
        if k in layers.turned:
            points.reverse()
        points = [(round(a, 1), round(b, 1)) for a, b in points]
        return _Way(edge.link, tuple(points), arrow=edge.link.target != OUTSIDE and not self.opens(edge.b))

    def opens(self, node: int) -> bool:
        """Whether a child is open, so that what comes into it goes on inside."""
        return node < len(self.parts) and bool(self.parts[node].parts) and bool(self.parts[node].enters)

    def with_labels(self, ways: Sequence[_Way]) -> list[_Way]:
        """The ways, each label on the first that leaves its child."""
        out, done = [], set[int]()
        for edge, way in zip(self.edges, ways):
            if edge.a in self.labels and edge.a not in done:
                done.add(edge.a)
                way = replace(way, label=self.labels[edge.a])
            out.append(way)
        return out


__all__ = ["TITLE", "Placed", "Wire", "place", "text_height"]
