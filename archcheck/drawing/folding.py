"""From a report to a picture: which nodes share a box, what flows between boxes, and which of them are
open."""
from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from archcheck.collector import collector_held
from archcheck.dims import Size, total
from archcheck.drawing.families import families, main_family
from archcheck.drawing.fold import GATHERED, Block, tree
from archcheck.drawing.names import Names
from archcheck.drawing.opening import down_to, opened
from archcheck.drawing.passing import Readers, makers, readers
from archcheck.drawing.regions import with_captures
from archcheck.drawing.tree import INPUT, OUTPUT, OUTSIDE, Box, Link, Picture
from archcheck.errors import UserError, closest
from archcheck.report import Report
from archcheck.reporters.summary import at_value

LIMIT = 150
"""So many boxes a picture has at most, if it can be folded to that."""

_LARGE = 64


class DrawingError(UserError):
    """What is asked for cannot be drawn."""


@collector_held
def picture(report: Report, fold: str = "auto", focus: str | None = None, radius: int | None = None,
            start: str | None = None, end: str | None = None, limit: int = LIMIT) -> Picture:
    """The picture of a network. ``fold`` is ``auto`` (as much is open as has room in ``limit`` boxes),
    ``scope`` (the same, repetitions not folded), ``depth=N`` (open down to that depth) or ``none`` (every
    node is a box). ``focus`` names a node or value of which only what is within ``radius`` (default 2) is
    shown; ``start`` and ``end`` nodes or values between which it lies."""
    only = _part(report, focus, radius, start, end)
    flat = fold == "none"
    block = tree(report, everything=flat, only=only, flat=flat, repeats=fold != "scope", fused=True)
    boxes, depth = _Boxes(report), _depth(fold)
    root = boxes.root(block, only)
    found = opened(root, boxes.forms, limit) if depth is None else down_to(root, depth)
    return Picture(root, found, report.graph.name)


def _depth(fold: str) -> int | None:
    """The depth that ``depth=N`` says, None for the other ways of folding."""
    name, _, number = fold.partition("=")
    if name == "depth" and number.isdecimal() and 1 <= int(number) <= 99:
        return int(number)
    if fold not in ("auto", "scope", "none"):
        raise DrawingError(f"there is no folding {fold!r}; "
                           "it may be auto, scope, none or depth=N, N from 1 to 99")
    return None


# ------------------------------------------------------------------------------------------ a part of a graph
def _part(report: Report, focus: str | None, radius: int | None, start: str | None,
          end: str | None) -> set[int] | None:
    """The indices of the nodes that are asked for, None for all of them."""
    if focus is None and start is None and end is None:
        return None
    kept = set(range(len(report.graph.nodes)))
    if start is not None:
        kept &= _reached(report, _node(report, start), forwards=True)
    if end is not None:
        kept &= _reached(report, _node(report, end), forwards=False)
    if focus is not None:
        kept &= _near(report, _node(report, focus), 2 if radius is None else radius)
    if not kept:
        raise DrawingError(f"there is nothing between {start!r} and {end!r}; "
                           "data flow from the first to the second")
    return kept


def _node(report: Report, name: str) -> int:
    """The index of the node called ``name``, or that makes a value of this name."""
    from archcheck.scopes import scope
    names: dict[str, int] = {}
    for index, node in enumerate(report.graph.nodes):
        for known in (node.name, *node.outputs, "/".join((*scope(node), node.name)), ".".join(scope(node))):
            names.setdefault(known, index)
    if name not in names:
        close = closest(name, names)
        advice = f"did you mean {close!r}?" if close else "archcheck summary --depth 99 lists them"
        raise DrawingError(f"there is no node or value {name!r}; {advice}")
    return names[name]


def _before(report: Report, index: int) -> Iterator[int]:
    made = report.graph.producers
    return (made[name] for name in report.graph.nodes[index].inputs if name in made)


def _after(report: Report, index: int) -> Iterator[int]:
    uses = report.graph.uses
    return (reader for name in report.graph.nodes[index].outputs for reader in uses.get(name, ()))


def _reached(report: Report, index: int, forwards: bool) -> set[int]:
    """A node and all that depend on it, or that it depends on."""
    step = _after if forwards else _before
    found, todo = {index}, [index]
    while todo:
        for other in step(report, todo.pop()):
            if other not in found:
                found.add(other)
                todo.append(other)
    return found


def _near(report: Report, index: int, radius: int) -> set[int]:
    """The nodes at most ``radius`` values away."""
    found, edge = {index}, {index}
    for _ in range(radius):
        edge = {other for one in edge for step in (_before, _after) for other in step(report, one)} - found
        found |= edge
    return found


# ------------------------------------------------------------------------------------------------------ boxes
class _Boxes:
    """Makes the boxes of one report."""

    def __init__(self, report: Report) -> None:
        self.report, self.graph = report, with_captures(report.graph)
        self.families, self.names = families(report), Names(report)
        self.ids: set[str] = set()
        self.forms: dict[str, int] = {}
        self.rows: set[int] = set()
        self.makers: Mapping[str, Collection[int]] = {}
        self.readers: Readers = {}
        self.outputs = frozenset(report.graph.outputs)

    def root(self, block: Block, only: Collection[int] | None) -> Box:
        """The box of the whole network, with boxes for its inputs and outputs."""
        box = self.whole(block)
        ends = [*self.inputs(box), *self.results(box)]
        names = {end.name: end.id for end in ends if end.family == INPUT}
        links = [self.ended(link, names) for link in box.links]
        links += [Link(self.maker(box, end.name), end.id, (end.name,), end.shape, end.dtype)
                  for end in ends if end.family == OUTPUT]
        inner = [link for link in links if link.source and link.target]
        return replace(box, children=(*(end for end in ends if end.family == INPUT), *box.children,
                                      *(end for end in ends if end.family == OUTPUT)), links=tuple(inner))

    def whole(self, block: Block) -> Box:
        """The box of the whole network, whose name is not in those of the boxes inside it. Constants that
        have no box of their own are not drawn."""
        self.rows = {index for _, leaf in block.walk() if not leaf.children for index in leaf.every
                     if leaf.node == index or any(self.graph.nodes[index].inputs)}
        hidden = set(block.every) - self.rows
        self.readers = readers(self.report, self.graph, hidden)
        self.makers = makers(self.graph, self.readers, hidden)
        children = tuple(self.box(child, "") for child in block.children)
        return Box(self.unique("network"), block.label, block.op, nodes=block.every, own=block.own,
                   children=children, links=tuple(self.links(block, children)))

    def maker(self, box: Box, value: str) -> str:
        """The id of the child of ``box`` that makes ``value``, `OUTSIDE` where it is none."""
        index = self.report.graph.producers.get(value, -1)
        return next((child.id for child in box.children if index in child.nodes), OUTSIDE)

    def ended(self, link: Link, names: dict[str, str]) -> Link:
        """A link of the outermost box that begins at an input."""
        if link.source == OUTSIDE and link.values[0] in names:
            return replace(link, source=names[link.values[0]])
        return link

    def inputs(self, box: Box) -> list[Box]:
        """Boxes for the inputs that are read by what is drawn."""
        read = {value for link in box.links if link.source == OUTSIDE for value in link.values}
        return [self.end(name, INPUT) for name in self.report.graph.inputs if name in read]

    def results(self, box: Box) -> list[Box]:
        """Boxes for the outputs that what is drawn makes."""
        names = dict.fromkeys(self.report.graph.outputs)
        return [self.end(name, OUTPUT) for name in names if self.maker(box, name) != OUTSIDE]

    def end(self, name: str, family: str) -> Box:
        """The box of an input or output."""
        kind = self.report.types.get(name)
        return Box(self.unique(f"{family}:{name}"), name, "", family, shape=kind.shape if kind else None,
                   dtype=kind.dtype if kind else None)

    def unique(self, name: str) -> str:
        """``name``, with a number if it is taken."""
        known, number = name, 1
        while known in self.ids:
            number += 1
            known = f"{name}#{number}"
        self.ids.add(known)
        return known

    def box(self, block: Block, path: str) -> Box:
        """A block's box."""
        kind, label = self.names.kind(block), "" if block.name == GATHERED else block.label
        own = self.unique(f"{path}/{label or self.title(block, kind)}".strip("/"))
        self.forms[own] = block.form
        children = tuple(self.box(child, own) for child in block.children)
        return Box(
            own, label, block.op,
            main_family((self.families[index], self.work[index]) for index in block.own), kind,
            self.names.detail(block), fused=block.fused, varies=block.varies,
            shape=block.shape, dtype=block.dtype, params=block.params, macs=block.macs, flops=block.flops,
            bytes=total(self.bytes[index] for index in block.every), count=block.count,
            uncounted=block.uncounted, unknown=block.unknown, nodes=block.every, own=block.own,
            children=children, links=tuple(self.links(block, children)))

    def title(self, block: Block, kind: str) -> str:
        """What tells a block without a name from others."""
        node = self.report.graph.nodes[block.first].name if block.own else ""
        return f"{kind or block.op}@{node}".replace("/", ".")

    @cached_property
    def work(self) -> list[int]:
        """How much of a box each node is, for the colour: its MACs, where it has any."""
        macs = [cost.mac if cost else 0 for cost in self.report.costs]
        amounts = {size: 1 + at_value(size, _LARGE) for size in set(macs)}
        return [amounts[size] for size in macs]

    @cached_property
    def bytes(self) -> list[Size]:
        """What each node makes, in bytes, as far as it is known."""
        return [total(size for name in node.outputs if name and (kind := self.report.types.get(name))
                      and (size := kind.bytes) is not None) for node in self.report.graph.nodes]

    def links(self, block: Block, children: Sequence[Box]) -> Iterator[Link]:
        """What flows between the children of a block, into them and out of them, in its first repetition. Of
        what flows into the repetitions of a child the first is told, of what flows out of them the last."""
        own = set(block.own)
        drawn = own & self.rows
        place = {index: child.id for child in children for index in child.nodes if index in drawn}
        role = {index: found for child in children if child.count > 1 for index, found in _roles(child)}
        found: dict[tuple[str, str], dict[Hashable, str]] = {}
        for index in sorted(place):
            at, turn = place[index], role.get(index)
            node = self.graph.nodes[index]
            for k, name in enumerate(node.inputs):
                if self.enters(name, index, own):
                    found.setdefault((OUTSIDE, at), {}).setdefault(name if turn is None else (turn, k), name)
            for k, name in enumerate(node.outputs):
                for target, value in self.targets(name, at, place, own):
                    key = value if turn is None or target != OUTSIDE else (turn, k)
                    found.setdefault((at, target), {})[key] = value
        for (source, target), values in found.items():
            names = tuple(dict.fromkeys(values.values()))
            for each in ([(name,) for name in names] if OUTSIDE in (source, target) else [names]):
                yield self.link(source, target, each)

    def enters(self, name: str, index: int, own: Collection[int]) -> bool:
        """Whether a value that a node reads comes from outside of the nodes ``own``."""
        maker = self.graph.producers.get(name, None if name in self.graph.inputs else index)
        made = self.makers.get(name, (maker,))
        return any(one is None or one in self.rows and one not in own for one in made)

    def targets(self, name: str, source: str, place: Mapping[int, str],
                own: Collection[int]) -> Iterator[tuple[str, str]]:
        """The boxes that read a value, `OUTSIDE` among them, each with the name of what it reads."""
        direct = ((reader, name) for reader in self.graph.uses.get(name, ()))
        for reader, value in (*direct, *self.readers.get(name, ())):
            target = place.get(reader, source if reader in own or reader not in self.rows else OUTSIDE)
            if target != source:
                yield target, value
        if name in self.outputs:
            yield OUTSIDE, name

    def link(self, source: str, target: str, values: tuple[str, ...]) -> Link:
        """A link with the type of its first value."""
        kinds = [self.report.types.get(name) for name in values]
        first = kinds[0]
        known = [kind.bytes for kind in kinds if kind is not None]
        sizes = [size for size in known if size is not None]
        return Link(source, target, values, first.shape if first else None, first.dtype if first else None,
                    total(sizes) if len(sizes) == len(values) else None)


def _roles(box: Box) -> Iterator[tuple[int, int]]:
    """Each node of a repeated box with its place in its repetition, if they have equally many."""
    if len(box.nodes) == len(box.own) * box.count:
        yield from ((index, k % len(box.own)) for k, index in enumerate(box.nodes))
