"""The layout of what is inside one box, in terms of the flow: `across` it and `along` it."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

from archcheck.drawing import metrics
from archcheck.drawing.coordinates import Sides, placed
from archcheck.drawing.ranks import Layers, layered
from archcheck.drawing.style import LEADING, SMALL, Text
from archcheck.drawing.tree import OUTSIDE, Box, Link

PAD, GAP, BETWEEN = 8.0, 16.0, 26.0
"""Between text and border; between neighbours across the flow; between ranks along it."""

MARGIN = 12.0
"""Around the whole picture."""

PORT, BEND, TURN = 4.0, 8.0, 6.0
"""The room that an edge takes at a border, where it passes a rank, and behind a box where it turns back."""

Point = tuple[float, float]
Label = Callable[[Link], str]


@dataclass(frozen=True)
class Way:
    """An edge: points (across, along), relative to the box around."""

    link: Link
    points: tuple[Point, ...]
    label: str = ""
    arrow: bool = True


@dataclass(frozen=True)
class Part:
    """A box that is laid out; ``at`` is its place in the box around. ``enters`` and ``leaves`` are where
    values cross its border, across the flow, from its beginning. ``texts`` begin ``indent`` from it;
    ``glyph`` is what it shows instead of a frame, and ``inset`` how far edges reach into it."""

    box: Box
    across: float
    along: float
    texts: tuple[Text, ...]
    at: Point = (0.0, 0.0)
    parts: tuple[Part, ...] = ()
    ways: tuple[Way, ...] = ()
    enters: tuple[tuple[str, float], ...] = ()
    leaves: tuple[tuple[str, float], ...] = ()
    indent: float = PAD
    glyph: tuple[float, float] | None = None
    inset: float = 0.0


class _Edge(NamedTuple):
    """An edge between two nodes of a level: where it leaves and arrives is relative to their centres."""

    a: int
    b: int
    link: Link
    leaves: float = 0.0
    arrives: float = 0.0


class _Frame(NamedTuple):
    """Where things are in the box: its size, how far its nodes are moved across, where each rank begins and
    ends, and where the texts begin."""

    across: float
    along: float
    shift: float
    begins: list[float]
    ends: list[float]
    indent: float


def text_height(texts: Sequence[Text]) -> float:
    """The height of lines of text."""
    return sum(text.size * LEADING for text in texts)


def text_width(texts: Sequence[Text]) -> float:
    """The width of the widest of them."""
    return max((metrics.width(text.text, text.size, text.bold) for text in texts), default=0.0)


class Level:
    """Lays out what is inside a box, whose children are the ``parts``. Its nodes are these, then a port for
    each value that comes in, then one for each that goes out. ``label`` gives the label of an edge;
    ``turned`` tells that the flow is to the right."""

    def __init__(self, box: Box, parts: Sequence[Part], texts: tuple[Text, ...], label: Label,
                 turned: bool) -> None:
        self.box, self.parts, self.texts, self.turned = box, list(parts), texts, turned
        self.place = {child.id: k for k, child in enumerate(box.children)}
        entries = dict.fromkeys(link.values[0] for link in box.links if link.source == OUTSIDE)
        exits = dict.fromkeys(link.values[0] for link in box.links if link.target == OUTSIDE)
        self.entries = {value: len(parts) + k for k, value in enumerate(entries)}
        self.exits = {value: len(parts) + len(entries) + k for k, value in enumerate(exits)}
        self.count = len(parts) + len(entries) + len(exits)
        self.edges = [edge for link in box.links for edge in self._edges_of(link)]
        self.labels = self._labels(label)
        self.feet = self._feet()

    # -------------------------------------------------------------------------------------------------- edges
    def _edges_of(self, link: Link) -> list[_Edge]:
        """The edges of a link: one, or one for each port that its values have."""
        found = {}
        for value in link.values:
            a, leaves = self._end(link.source, value, self.entries, leaving=True)
            b, arrives = self._end(link.target, value, self.exits, leaving=False)
            found[a, b, leaves, arrives] = _Edge(a, b, link, leaves, arrives)
        return list(found.values())

    def _end(self, name: str, value: str, ports: dict[str, int], leaving: bool) -> tuple[int, float]:
        """The node that is an end of a link, and where the value crosses its border, from its centre."""
        if name == OUTSIDE:
            return ports[value], 0.0
        node = self.place[name]
        part = self.parts[node]
        known = part.leaves if leaving else part.enters
        at = dict(known).get(value, known[-1][1] if known else part.across / 2)
        return node, at - part.across / 2

    def _labels(self, label: Label) -> dict[int, str]:
        """The label of what each child makes, written once, where the last value leaves the child; none where
        it leaves the box."""
        out = {edge.a for edge in self.edges if edge.link.target == OUTSIDE}
        found: dict[int, str] = {}
        for edge in sorted(self.edges, key=lambda edge: -edge.leaves):
            if edge.a < len(self.parts) and edge.a not in found and edge.a not in out:
                text = label(edge.link)
                if text:
                    found[edge.a] = text
        return found

    def _feet(self) -> list[Point]:
        """The room for each child's label behind it: how far it reaches across from the centre, to the right
        or, where the flow is to the right, upwards, and its length along the flow."""
        feet = [(0.0, 0.0)] * len(self.parts)
        for edge in self.edges:
            if edge.a in self.labels:
                wide, high = metrics.width(self.labels[edge.a], SMALL) + 7, SMALL * LEADING + 1
                reach, length = (high - edge.leaves, wide) if self.turned else (wide + edge.leaves, high)
                feet[edge.a] = max(feet[edge.a][0], reach), length
        return feet

    def _sides(self, part: Part, foot: Point) -> tuple[float, float]:
        """How far a child reaches across, with its label."""
        half = part.across / 2
        return (max(half, foot[0]), half) if self.turned else (half, max(half, foot[0]))

    # ------------------------------------------------------------------------------------------------- places
    def part(self) -> Part:
        """The box with all that is inside it."""
        layers = layered(self.count, [(edge.a, edge.b) for edge in self.edges],
                         frozenset(self.entries.values()), frozenset(self.exits.values()))
        sides = [self._sides(part, foot) for part, foot in zip(self.parts, self.feet)]
        sides += [(PORT / 2, PORT / 2)] * (self.count - len(self.parts))
        sides += [(BEND / 2, BEND / 2)] * (len(layers.rank) - self.count)
        ends = [(0.0, 0.0) if k in layers.turned else (edge.leaves, edge.arrives)
                for k, edge in enumerate(self.edges)]
        centre = placed(layers, self.count, sides, ends, GAP)
        frame = self._frame(layers, centre, sides)
        return self._assembled(layers, [at + frame.shift for at in centre], frame)

    def _frame(self, layers: Layers, centre: Sequence[float], sides: Sides) -> _Frame:
        """The box's size, and where things are in it."""
        low = min((at - before for at, (before, _) in zip(centre, sides)), default=0.0)
        high = max((at + behind for at, (_, behind) in zip(centre, sides)), default=0.0)
        pad, head = (PAD, text_height(self.texts) + PAD) if self.texts else (MARGIN, MARGIN)
        wanted = text_width(self.texts) + 2 * PAD if self.texts else 0.0
        if self.turned:
            begins, ends, along = self._bands(layers, pad, max(wanted, 0.0))
            return _Frame(high - low + head + pad, along, head - low, begins, ends, PAD)
        begins, ends, along = self._bands(layers, head, 0.0)
        across = high - low + 2 * pad
        ports = sorted(centre[port] - low + pad for port in self.entries.values())
        indent, more = room_for(wanted, ports, across)
        return _Frame(across + more, along, pad - low + more / 2, begins, ends, indent)

    def _bands(self, layers: Layers, before: float, least: float) -> tuple[list[float], list[float], float]:
        """Where each rank begins and ends along the flow, and the length of the box; ports are on its
        border."""
        heights = [part.along + foot[1] for part, foot in zip(self.parts, self.feet)]
        begins, ends, at = [], [], before
        final = len(layers.rows) - 1
        for k, row in enumerate(layers.rows):
            begins.append(at)
            at += max((heights[node] for node in row if node < len(heights)), default=0.0)
            ends.append(at)
            at_border = k + 1 == final and self.exits
            at += 0.0 if k == final else BETWEEN / 2 if at_border else BETWEEN
        along = max(at + (PAD if self.texts else MARGIN), least)
        if self.entries:  # what comes in goes straight past the head
            begins[0] = 0.0
        if self.exits:
            begins[-1] = ends[-1] = along
        return begins, ends, along

    def _assembled(self, layers: Layers, centre: Sequence[float], frame: _Frame) -> Part:
        """The box, its nodes being at ``centre`` across the flow."""
        parts = []
        for node, (part, foot) in enumerate(zip(self.parts, self.feet)):
            rank = layers.rank[node]
            slack = frame.ends[rank] - frame.begins[rank] - part.along - foot[1]
            at = (round(centre[node] - part.across / 2, 1), round(frame.begins[rank] + slack / 2, 1))
            parts.append(replace(part, at=at))
        ways = [(_loop if k in layers.turned else _way)(edge, layers.chains[k], layers, centre, frame, parts)
                for k, edge in enumerate(self.edges)]
        return Part(self.box, round(frame.across, 1), round(frame.along, 1), self.texts, (0.0, 0.0),
                    tuple(parts), tuple(self._labelled(ways)),
                    tuple((value, centre[node]) for value, node in self.entries.items()),
                    tuple((value, centre[node]) for value, node in self.exits.items()), frame.indent)

    def _labelled(self, ways: Sequence[Way]) -> list[Way]:
        """The ways, each label on the last that leaves its child, as nothing is beyond that."""
        last = {edge.a: k for k, edge in sorted(enumerate(self.edges), key=lambda pair: pair[1].leaves)}
        return [replace(way, label=self.labels.get(edge.a, "")) if last[edge.a] == k else way
                for k, (edge, way) in enumerate(zip(self.edges, ways))]


def _way(edge: _Edge, chain: Sequence[int], layers: Layers, centre: Sequence[float], frame: _Frame,
         parts: Sequence[Part]) -> Way:
    """The way of an edge: for each rank that it touches, the two points between which it is straight."""
    shifts = [edge.leaves, *[0.0] * (len(chain) - 2), edge.arrives]
    points: list[Point] = []
    for place, (node, shift) in enumerate(zip(chain, shifts)):
        begin, end = frame.begins[layers.rank[node]], frame.ends[layers.rank[node]]
        if node < len(parts):
            top, bottom = _ends(parts[node])
            begin, end = (bottom, end) if place == 0 else (begin, top)
        points += [(round(centre[node] + shift, 1), round(at, 1)) for at in (begin, end)]
    goes_on = edge.b < len(parts) and bool(parts[edge.b].enters)
    return Way(edge.link, tuple(points), arrow=edge.link.target != OUTSIDE and not goes_on)


def _loop(edge: _Edge, chain: Sequence[int], layers: Layers, centre: Sequence[float], frame: _Frame,
          parts: Sequence[Part]) -> Way:
    """The way of an edge that leads backwards: behind the box where it leaves, along beside both boxes, and
    before the one where it arrives."""
    bands = [(frame.begins[layers.rank[node]], frame.ends[layers.rank[node]]) for node in chain]
    before, behind = bands[0][0] - TURN, bands[-1][1] + TURN
    bands[0], bands[-1] = (before, bands[0][1]), (bands[-1][0], behind)
    if len(chain) == 1:
        bands = [(before, behind)]
    leaves, arrives = centre[edge.a] + edge.leaves, centre[edge.b] + edge.arrives
    points = [(leaves, _ends(parts[edge.a])[1]), (leaves, behind)]
    for node, (begin, end) in zip(reversed(chain), reversed(bands)):
        points += [(centre[node], end), (centre[node], begin)]
    points += [(arrives, before), (arrives, _ends(parts[edge.b])[0])]
    return Way(edge.link, tuple((round(x, 1), round(y, 1)) for x, y in points),
               arrow=not parts[edge.b].enters)


def _ends(part: Part) -> tuple[float, float]:
    """Where edges arrive at a box and leave it, along the flow."""
    return part.at[1] + part.inset, part.at[1] + part.along - part.inset


def room_for(wanted: float, ports: Sequence[float], across: float) -> tuple[float, float]:
    """Where a title may begin that needs so much room between the ports of a box, and how much wider the box
    has to be for it, half of it on each side."""
    if not ports:
        return PAD, max(wanted - across, 0.0)
    borders = [0.0, *ports, across]
    for begin, end in pairwise(borders):
        if end - begin >= wanted:
            return begin + PAD, 0.0
    first, last = ports[0], across - ports[-1]
    more = 2 * (wanted - max(first, last))
    return (PAD, more) if first >= last else (ports[-1] + more / 2 + PAD, more)
