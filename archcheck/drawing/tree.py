"""What a drawing shows: boxes inside boxes, and the links between those that stand side by side."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from archcheck.dims import Size
from archcheck.graph import Shape

OUTSIDE = ""
"""The id that links have for what is outside of the box that they are in."""

INPUT, OUTPUT = "input", "output"
"""Families of the boxes that stand for the network's inputs and outputs."""


@dataclass(frozen=True)
class Link:
    """What flows from one box to another beside it: the ``values`` by name, with the type of the first of
    them and the ``bytes`` of all (None: not known). ``source`` is `OUTSIDE` where they come into the box
    around, ``target`` where they leave it."""

    source: str
    target: str
    values: tuple[str, ...]
    shape: Shape | None = None
    dtype: str | None = None
    bytes: Size | None = None


@dataclass(frozen=True)
class Box:
    """A node, or several with the boxes inside it, ``count`` times one after the other.

    ``id`` is unique in a picture and the same every time. ``name`` is its own name, of several a range;
    ``op`` its operator, the class of a module, or empty; ``family`` the kind of its work, of several that of
    most of it; ``kind`` what a block is (``residual``, ``attention``, …), where that is known; ``detail`` its
    window (``3×3/2``). ``shape`` and ``dtype`` are those of what it makes last.

    The figures are those of all repetitions together, each leaving out what is not counted: ``bytes`` are
    those of all that its nodes make. ``uncounted`` numbers the nodes that are not counted. ``nodes`` are the
    indices of its nodes in the graph, of all repetitions; ``own`` those of the first. One that is ``fused``
    is a layer with its normalization or activation. The repetitions of one that ``varies`` differ in shapes;
    inside it are those of the first.
    """

    id: str
    name: str
    op: str
    family: str = ""
    kind: str = ""
    detail: str = ""
    shape: Shape | None = None
    dtype: str | None = None
    params: Size = 0
    macs: Size = 0
    flops: Size = 0
    bytes: Size = 0
    count: int = 1
    uncounted: int = 0
    unknown: str | None = None
    nodes: tuple[int, ...] = ()
    own: tuple[int, ...] = ()
    fused: bool = False
    varies: bool = False
    children: tuple[Box, ...] = ()
    links: tuple[Link, ...] = field(default=(), repr=False)

    @property
    def label(self) -> str:
        """What the box is called: what kind of block, the operator with its window, else its name."""
        return self.kind or f"{self.op} {self.detail}".strip() or self.name

    def walk(self, level: int = 0) -> Iterator[tuple[int, Box]]:
        """This box and those inside it, each with its depth below this one."""
        yield level, self
        for child in self.children:
            yield from child.walk(level + 1)


@dataclass(frozen=True)
class Picture:
    """A network to be drawn: the box of all of it, and the ids of those that are ``open``, which show what is
    inside them."""

    root: Box
    open: frozenset[str]
    title: str = ""

    @cached_property
    def boxes(self) -> Mapping[str, Box]:
        """Every box by its id, those that are not shown among them."""
        return {box.id: box for _, box in self.root.walk()}

    def shown(self) -> Iterator[Box]:
        """The boxes that are seen, the one of the whole network left out, outer before inner ones."""
        todo = list(reversed(self.root.children))
        while todo:
            box = todo.pop()
            yield box
            if box.id in self.open:
                todo += reversed(box.children)
