"""Structure where names do not tell it: a layer with its normalization and activation is one block, and so is
what branches and is joined again, where a scope has many rows."""
from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from archcheck.analyses.layers import ACTIVATIONS, CONVOLUTIONS
from archcheck.drawing import regions
from archcheck.drawing.pieces import pieces
from archcheck.drawing.roles import HIDDEN, SHOWN

if TYPE_CHECKING:
    from archcheck.drawing.fold import Block
    from archcheck.graph import Graph
    from archcheck.report import Report

NUMBER = re.compile(r"[_.]?\d+")
"""What names of scopes differ in that are alike."""

CLEAR = 12
"""Up to so many rows are clear without being grouped."""

SQUEEZED = 3
"""Two convolutions and what puts their outputs beside each other."""

SMALL = 5
"""A scope of so many rows needs no box of its own where there is room."""

MANY = 30
"""More rows than that are gathered in pieces."""

BEYOND = -2
"""The place of what is no row of a scope."""

ALIKE = 6
"""So many one after the other that differ in shapes are told once."""

BESIDE = 4
"""So many equal branches are told once."""

NORMS = frozenset(("batch normalization", "layer normalization", "group normalization",
                   "instance normalization", "rms normalization", "local response normalization"))
LEADING = CONVOLUTIONS | NORMS | {"linear", "product", "addition"}
"""Kinds of layers that normalization and activation belong to."""
FOLLOWING = ACTIVATIONS | NORMS | {"relu6", "bias", "dropout", "quantization", "multiplication", "addition"}


class Structure:
    """Groups the blocks of one scope by what flows between them in ``graph``. ``group`` makes one block of
    several, ``runs`` folds repetitions. Without ``fused``, layers stand beside what follows them."""

    def __init__(self, report: Report, graph: Graph, group: Callable[..., Block],
                 runs: Callable[[Sequence[Block]], tuple[Block, ...]], roles: Sequence[int],
                 fused: bool) -> None:
        self.report, self.graph, self.roles, self.fused = report, graph, roles, fused
        self.whole, self.runs = group, runs
        self.works = report.kinds
        self.wires = regions.wires(graph, report.flows[id(report.walk)].data)

    def of(self, blocks: Sequence[Block]) -> tuple[Block, ...]:
        """The blocks of a scope in groups."""
        rows = self.ordered(self.inlined(list(blocks))) if self.fused else list(blocks)
        rows = self.grouped(rows, self.layers(rows), self.fuse)
        if len(rows) > CLEAR:
            rows = list(self.runs(rows)) if self.is_endless(rows) else rows
            rows = self.grouped(rows, self.branches(rows), self.group)
        found = self.runs(rows)
        for may in (_is_layer, _is_unnamed, bool):
            while len(found) > MANY and len(fewer := self.runs(self.pieces(found, may))) < len(found):
                found = fewer
        return found if self.fused else tuple(_chained(map(self.apart, found)))

    def apart(self, block: Block) -> tuple[Block, ...]:
        """A layer and what follows it side by side, if it is not repeated; else the block as it is."""
        return block.children if block.fused and block.count == 1 else (block,)

    def ordered(self, blocks: Sequence[Block]) -> list[Block]:
        """The blocks in an order in which they could run."""
        if regions.in_line((block.first, block.last) for block in blocks):
            return list(blocks)
        return [blocks[k] for k in regions.in_order(self.read(blocks))]

    def read(self, blocks: Sequence[Block]) -> list[list[int]]:
        """Of each of the blocks those that read what it makes."""
        shown = [[index for index in block.every if self.roles[index] != HIDDEN] for block in blocks]
        return regions.reads(self.wires, shown)

    def pieces(self, blocks: Sequence[Block], may: Callable[[Block], bool]) -> list[Block]:
        """The blocks, those that ``may`` be put together in pieces, as far as they are connected."""
        before: list[list[int]] = [[] for _ in blocks]
        for k, others in enumerate(self.read(blocks)):
            for other in others:
                before[other].append(k)
        found = list(pieces(before, {k for k, block in enumerate(blocks) if may(block)}))
        taken = {k for piece in found for k in piece}
        groups = [*found, *([k] for k in range(len(blocks)) if k not in taken)]
        return self.grouped(blocks, groups, self.group)

    def inlined(self, blocks: list[Block]) -> list[Block]:
        """The blocks of a scope with what is inside of small ones in their places, as long as it stays
        clear; those that are called alike, up to numbers, and follow each other keep their boxes."""
        called: dict[tuple[str, str], list[Block]] = {}
        for block in blocks:
            if not _is_layer(block):
                called.setdefault((block.op, NUMBER.sub("", block.name)), []).append(block)
        small = [alike for alike in called.values() if all(map(self.is_small, alike))
                 and (len(alike) == 1 or not self.is_chain(_turns(alike, 1)))]
        room, taken = CLEAR - len(blocks), set[int]()
        for alike in sorted(small, key=lambda alike: len(alike) * len(alike[0].children)):
            more = sum(len(block.children) - 1 for block in alike)
            if more <= room:
                room -= more
                taken.update(map(id, alike))
        return _chained(_taken_out(block) if id(block) in taken else (block,) for block in blocks)

    def is_small(self, block: Block) -> bool:
        """Whether a block is one that needs no box."""
        return 0 < len(block.children) <= SMALL and block.count == 1 and not block.fused

    def grouped(self, blocks: Sequence[Block], groups: Iterable[Sequence[int]],
                group: Callable[[Sequence[Block]], Block]) -> list[Block]:
        """A block for each of ``groups``, those of one as they are; in an order in which they could run."""
        found = sorted(groups, key=lambda places: places[0])
        out = [group([blocks[k] for k in places]) if len(places) > 1 else blocks[places[0]]
               for places in found]
        return self.ordered(out) if len(out) < len(blocks) else out

    def fuse(self, blocks: Sequence[Block]) -> Block:
        """One block for a layer with what follows it."""
        rows = tuple(_chained(block.children if block.fused else (block,) for block in blocks))
        return replace(self.whole(blocks[0].name, "", blocks, rows), fused=True)

    def group(self, blocks: Sequence[Block]) -> Block:
        """One block for several, as for what branches and is joined."""
        rows = self.runs(blocks)
        return self.whole("", "", blocks, rows if self.fused else tuple(_chained(map(self.apart, rows))))

    def is_chain(self, turns: Sequence[frozenset[int]]) -> bool:
        """Whether of several sets of nodes each reads the one before."""
        return all(not self.made_by(turn).isdisjoint(before) for before, turn in pairwise(turns))

    def is_beside(self, turns: Sequence[frozenset[int]], rows: Sequence[Block]) -> bool:
        """Whether many sets of nodes read the same of the ``rows`` around them and are read by the same, side
        by side."""
        place = {index: k for k, row in enumerate(rows) for index in row.every}
        return len(turns) >= BESIDE and all(
            len({frozenset(place.get(k, BEYOND) for k in ends(turn)) for turn in turns}) == 1
            for ends in (self.made_by, self.read_by))

    def repeats(self, blocks: Sequence[Block], period: int, rows: Sequence[Block]) -> bool:
        """Whether blocks in sequences of ``period``, some of ``rows``, really repeat."""
        turns = _turns(blocks, period)
        return self.is_chain(turns) or self.is_beside(turns, rows)

    def is_alike(self, blocks: Sequence[Block], period: int, rows: Sequence[Block]) -> bool:
        """Whether blocks in sequences of ``period`` that differ in shapes are so many that they are better
        told once. Neighbours of one layer each are not."""
        if period == 1 and _is_layer(blocks[0]):
            return False
        turns = _turns(blocks, period)
        return len(turns) >= ALIKE and self.is_chain(turns) or self.is_beside(turns, rows)

    def made_by(self, nodes: frozenset[int]) -> frozenset[int]:
        """The nodes outside of ``nodes`` that make data which these read; `regions.OUTSIDE` for inputs."""
        return frozenset(maker for index in nodes for maker in self.wires.makers[index]) - nodes

    def read_by(self, nodes: frozenset[int]) -> frozenset[int]:
        """The nodes outside of ``nodes`` that read what these make."""
        return frozenset(reader for index in nodes for reader in self.wires.readers[index]
                         if reader != regions.OUTSIDE and self.roles[reader] != HIDDEN) - nodes

    def after(self, blocks: Sequence[Block]) -> regions.Edges | None:
        """What reads each of the blocks."""
        return regions.flows(self.wires, [block.every for block in blocks],
                             [block.role == SHOWN for block in blocks])

    def layers(self, blocks: Sequence[Block]) -> list[list[int]]:
        """Each layer with its normalization and activation."""
        after = self.after(blocks)
        if after is None:
            return [[k] for k in range(len(blocks))]
        joined = [0] * (len(blocks) + 1)
        for others in after.values():
            for other in others:
                joined[other] += 1
        leads = [self.leads(block, joined[k] > 1) for k, block in enumerate(blocks)]
        return list(regions.chained(len(blocks), after, leads, list(map(self.follows, blocks))))

    def branches(self, blocks: Sequence[Block]) -> Iterator[Sequence[int]]:
        """What branches and is joined again, as one; all else by itself."""
        after, at = self.after(blocks), 0
        ranges = regions.branching(len(blocks), after) if after is not None else ()
        for found in sorted(ranges, key=lambda found: found.start):
            begin = found.start - (found.start > at and self.is_squeezed(blocks, found))
            yield from ([k] for k in range(at, begin))
            yield range(begin, found.stop)
            at = found.stop
        yield from ([k] for k in range(at, len(blocks)))

    def is_squeezed(self, blocks: Sequence[Block], found: range) -> bool:
        """Whether convolutions beside each other read one that only they read: it belongs to them."""
        kinds = [self.works[block.children[0].node if block.fused else block.node] if _is_layer(block) else ""
                 for block in blocks[found.start - 1:found.stop]]
        return len(found) == SQUEEZED and kinds == ["convolution"] * SQUEEZED + ["concatenation"]

    def is_endless(self, blocks: Sequence[Block]) -> bool:
        """Whether data branch for so long that they might be a loop that was unrolled, or a mask."""
        after = self.after(blocks)
        return after is not None and regions.longest(len(blocks), after) > regions.LARGEST

    def leads(self, block: Block, joins: bool) -> bool:
        """Whether a block is a layer that others may belong to; those that put others beside each other are
        not."""
        if block.fused or block.node < 0:
            return block.fused
        kind = self.works[block.node]
        return kind in LEADING or joins and kind != "concatenation"

    def follows(self, block: Block) -> bool:
        """Whether a block may belong to the layer before it."""
        if block.fused:
            return all(map(self.follows, block.children))
        node = block.node
        return node >= 0 and (self.works[node] in FOLLOWING or self.is_identity(node))

    def is_identity(self, index: int) -> bool:
        """Whether a node hands on what it reads."""
        node, effect = self.graph.nodes[index], self.report.effects[index]
        given = self.report.types.get(node.inputs[0]) if node.inputs else None
        return effect.alias == 0 and given is not None and given[:2] == effect.outputs[0][:2]


def _turns(blocks: Sequence[Block], period: int) -> list[frozenset[int]]:
    """The nodes of each sequence of ``period`` blocks."""
    return [frozenset(index for block in blocks[k:k + period] for index in block.every)
            for k in range(0, len(blocks), period)]


def _is_layer(block: Block) -> bool:
    return block.fused or not block.children


def _is_unnamed(block: Block) -> bool:
    return _is_layer(block) or not block.name


def _taken_out(block: Block) -> tuple[Block, ...]:
    """What is in a block, blocks in it with its name before theirs."""
    named = bool(block.name)
    return tuple(
        child.renamed(f"{block.name}.{{}}") if named and child.name and not _is_layer(child) else child
        for child in block.children)


def _chained(parts: Iterable[tuple[Block, ...]]) -> list[Block]:
    return [block for part in parts for block in part]
