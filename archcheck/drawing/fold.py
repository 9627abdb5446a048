"""Folding: the nodes of a network as a tree of scopes, with runs of equal siblings folded to one.

A scope is what the exporter called a module. Siblings are equal when they hold the same operators with the
same shapes and costs, using as many parameters, and are called the same up to numbers; a run of equal
siblings, or of equal sequences of siblings, is kept once with a count. Nodes that only compute shapes and
constants have no rows, and neighbours that only prepare data, before any parameter meets it, share one.
"""
from __future__ import annotations

import re
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, groupby

from archcheck.dims import Size, total
from archcheck.drawing.regions import with_captures
from archcheck.drawing.repeats import Run, chosen, regions
from archcheck.drawing.roles import HIDDEN, MINOR, SHOWN, crossing, params_used, roles_of
from archcheck.drawing.scoping import Scope, ordered, scoped
from archcheck.drawing.structure import CLEAR, NUMBER, Structure
from archcheck.graph import Shape
from archcheck.report import Layer, Report

_NUMBERS = re.compile(r"(\d+)")

GATHERED = "…"
"""The name of a row for several neighbours."""
FEW = 2
"""Up to so many neighbours keep rows of their own."""


@dataclass(frozen=True)
class Block:
    """A row of the tree: one node, or a scope with the rows inside it, ``count`` times over.

    ``op`` is the operator, of a scope its class where the exporter left it. The figures are those of all
    repetitions together, each leaving out what is not counted, which ``uncounted`` numbers; what the children
    lack of them belongs to nodes without rows. ``names`` are the repetitions' own names, ``first`` and
    ``last`` the nodes that begin and end it; ``role`` is ``SHOWN``, ``MINOR`` (only prepares data) or
    ``HIDDEN`` (only computes shapes and constants). Blocks of the same ``kind`` are equal. ``every`` are the
    indices of all its nodes, ``own`` those of them in the first of all repetitions. Those of the same
    ``form`` are equal but for shapes and costs; one that is ``fused`` is a layer with what belongs to it, as
    its activation. The repetitions of one that ``varies`` differ in shapes; its children have those of the
    first. ``node`` is the index of the one node that it is a row of, negative for several.
    """

    name: str
    op: str
    shape: Shape | None
    dtype: str | None
    params: Size
    macs: Size
    flops: Size
    nodes: int
    first: int
    last: int
    kind: int
    role: int = SHOWN
    children: tuple[Block, ...] = ()
    count: int = 1
    names: tuple[str, ...] = ()
    uncounted: int = 0
    unknown: str | None = None
    every: tuple[int, ...] = ()
    own: tuple[int, ...] = ()
    form: int = -1
    fused: bool = False
    varies: bool = False
    node: int = -1

    @property
    def label(self) -> str:
        """The block's name; those of a run as a range: ``layers.{0..11}``."""
        if len({*self.names}) < 2 or not self.names[0]:
            return self.name
        return _range(self.names[0], self.names[-1])

    @property
    def rest(self) -> tuple[int, Size]:
        """How many nodes have no rows among the children, and their FLOPs."""
        return (self.nodes - sum(child.nodes for child in self.children),
                self.flops - total(child.flops for child in self.children))

    def renamed(self, pattern: str) -> Block:
        """The block, its name and those of its repetitions put in the place of ``{}``."""
        return replace(self, name=pattern.format(self.name),
                       names=tuple(pattern.format(name) for name in self.names))

    def walk(self, level: int = 0) -> Iterator[tuple[int, Block]]:
        """This block and those inside it, each with its depth below this one."""
        yield level, self
        for child in self.children:
            yield from child.walk(level + 1)


_NOTHING = Block("", "", None, None, 0, 0, 0, 0, 0, -1, -1, HIDDEN)


def _range(first: str, last: str) -> str:
    """Two names as one, if they differ in one number."""
    a, b = _NUMBERS.split(first), _NUMBERS.split(last)
    other = [k for k, (x, y) in enumerate(zip(a, b)) if x != y]
    if len(a) != len(b) or len(other) != 1 or other[0] % 2 == 0:
        return f"{first} .. {last}"
    k, = other
    return "".join([*a[:k], f"{{{a[k]}..{b[k]}}}", *a[k + 1:]])


def tree(report: Report, everything: bool = False, only: Collection[int] | None = None, flat: bool = False,
         repeats: bool = True, fused: bool = False) -> Block:
    """The network as one block; with ``everything`` every node has a row. A network that is all in one scope
    is that scope. ``only`` these nodes are in it, if they are given; in a ``flat`` tree they are all side by
    side, and without ``repeats`` nothing is folded for standing there several times. Many siblings are
    grouped by what flows between them; where they are ``fused``, layers are one with their activations, and
    small scopes are taken apart where there is room."""
    folder = _Folder(report, everything, repeats and not flat, not flat, fused)
    root = Scope(report.graph.name)
    if flat:
        root.rows += [layer for layer in report.layers if only is None or layer.index in only]
    else:
        root = scoped(report, folder.graph, folder.roles, only)
    block = folder.folded(root)
    while len(block.children) == 1 and block.children[0].children and block.children[0].count == 1:
        block = replace(block, children=block.children[0].children)
    return block


# -------------------------------------------------------------------------------------------- building blocks
Accepted = Callable[[Sequence[Block], int, Sequence[Block]], bool]


class _Folder:
    """Makes the blocks of one report."""

    def __init__(self, report: Report, everything: bool, repeats: bool, structured: bool,
                 fused: bool) -> None:
        self.graph, self.repeats, self.fused = with_captures(report.graph), repeats, fused
        self.roles, moving = roles_of(report, self.graph)
        if everything:
            self.roles = [SHOWN] * len(self.roles)
        self.structure = Structure(report, self.graph, self.group, self.runs, self.roles,
                                   fused) if structured else None
        self.used = params_used(report)
        self.crossing = crossing(self.graph, moving)
        self.kinds: dict[Hashable, int] = {}

    def kind(self, *signature: Hashable) -> int:
        """A number that two blocks share if they are equal."""
        return self.kinds.setdefault(signature, len(self.kinds))

    def leaf(self, layer: Layer) -> Block:
        """A node's block."""
        index, role = layer.index, self.roles[layer.index]
        macs, flops = (0 if figure is None else figure for figure in (layer.macs, layer.flops))
        kind = self.kind(layer.op, layer.out_shape, layer.dtype, layer.macs, layer.flops,
                         self.used.get(index), role)
        name = layer.name.rsplit("/", 1)[-1]
        return Block(name, layer.op, layer.out_shape, layer.dtype, layer.params, macs, flops, 1, index, index,
                     kind, role, uncounted=int(layer.macs is None), unknown=layer.unknown, every=(index,),
                     own=(index,), form=self.kind(layer.op), node=index)

    def folded(self, scope: Scope) -> Block:
        """A scope's block."""
        found = ordered(scope, self.structure.wires, self.roles) if self.structure else scope.rows
        blocks = [_unwrapped(self.folded(row)) if isinstance(row, Scope) else self.leaf(row) for row in found]
        rows = self.gathered([block for block in blocks if block.role != HIDDEN])
        children = self.structure.of(rows) if self.structure else self.runs(rows)
        return self.group(scope.name, scope.module, blocks, children)

    def group(self, name: str, op: str, blocks: Sequence[Block], children: tuple[Block, ...]) -> Block:
        """A block over ``blocks``, with ``children`` as its rows. Its shape is that of the last of them. One
        without rows has one itself if it costs anything."""
        blocks = blocks or [_NOTHING]
        last = max(children or blocks, key=lambda block: block.last)
        flops, role = total(block.flops for block in blocks), min(block.role for block in blocks)
        kind = self.kind(op, *(child.kind for child in children))
        return Block(
            name, op, last.shape, last.dtype, total(block.params for block in blocks),
            total(block.macs for block in blocks), flops, sum(block.nodes for block in blocks),
            min(block.first for block in blocks), max(block.last for block in blocks), kind,
            role if flops == 0 else min(role, MINOR), children,
            uncounted=sum(block.uncounted for block in blocks),
            every=(every := _chained(block.every for block in blocks)), own=every,
            form=self.kind("form", op, *(child.form for child in children)))

    def gathered(self, blocks: Sequence[Block]) -> list[Block]:
        """``blocks`` with one for each longer stretch of neighbours that are minor."""
        out: list[Block] = []
        for role, found in groupby(blocks, key=lambda block: block.role):
            stretch = list(found)
            is_long = role == MINOR and len(stretch) > FEW
            out += [self.group(GATHERED, "", stretch, ())] if is_long else stretch
        return out

    def runs(self, blocks: Sequence[Block]) -> tuple[Block, ...]:
        """``blocks`` with every run of equal sequences folded, those that cover most first; then long runs
        of such as differ in shapes and costs only."""
        if not self.repeats or len({block.form for block in blocks}) == len(blocks):
            return tuple(blocks)
        kinds = [self.kind(block.kind, NUMBER.sub("", block.name)) for block in blocks]
        structure = self.structure
        if structure is None:
            return tuple(self.folded_runs(blocks, kinds, lambda *run: True))
        once = list(self.folded_runs(blocks, kinds, structure.repeats))
        forms = [self.kind(block.form, k if block.count > 1 else -1) for k, block in enumerate(once)]
        return tuple(self.folded_runs(once, forms, structure.is_alike, varies=True))

    def folded_runs(self, blocks: Sequence[Block], kinds: Sequence[int], accepted: Accepted,
                    varies: bool = False) -> Iterator[Block]:
        """``blocks`` with those runs folded of such as share their ``kinds`` that are ``accepted``."""
        at, rows = 0, [2 if block.children else 1 for block in blocks]
        crossing = [self.crossing[block.first] for block in blocks]
        for run in chosen(regions(kinds), crossing, rows,
                          lambda run: accepted(blocks[run.start:run.stop], run.period, blocks)):
            yield from blocks[at:run.start]
            yield replace(self.repeated(blocks[run.start:run.stop], run), varies=varies)
            at = run.stop
        yield from blocks[at:]

    def repeated(self, blocks: Sequence[Block], run: Run) -> Block:
        """One block for the repetitions in ``blocks``."""
        if run.period == 1:
            names, turns = tuple(block.name for block in blocks), list(blocks)
        else:
            names, turns = (blocks[0].name, blocks[-1].name), self.turns(blocks, run.period)
        whole = _merged(turns)
        return replace(whole, count=run.count, names=names, shape=turns[-1].shape,
                       kind=self.kind(whole.kind, run.count))

    def turns(self, blocks: Sequence[Block], period: int) -> list[Block]:
        """A block for each sequence of ``period`` blocks, all with the same rows."""
        found = [blocks[k:k + period] for k in range(0, len(blocks), period)]
        if self.structure is not None and period > CLEAR:
            turns = [self.group("", "", turn, self.structure.of(turn)) for turn in found]
            if len({turn.form for turn in turns}) == 1:
                return turns
        return [self.group("", "", turn, self.runs(turn)) for turn in found]


def _merged(blocks: Sequence[Block]) -> Block:
    """Equal blocks as one, from the first node to the last, their figures added up."""
    first = blocks[0]
    children = tuple(map(_merged, zip(*(block.children for block in blocks))))
    return replace(first, last=blocks[-1].last, children=children,
                   params=total(block.params for block in blocks),
                   macs=total(block.macs for block in blocks), flops=total(block.flops for block in blocks),
                   nodes=sum(block.nodes for block in blocks),
                   uncounted=sum(block.uncounted for block in blocks),
                   every=_chained(block.every for block in blocks))


def _chained(parts: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(chain.from_iterable(parts))


def _unwrapped(block: Block) -> Block:
    """A scope that holds one row only becomes that row, under its own name."""
    if len(block.children) != 1:
        return block
    child, = block.children
    if child.count > 1:
        names = tuple(f"{block.name}.{name}" for name in child.names)
        return replace(block, names=names, op=child.op, count=child.count, children=child.children,
                       kind=child.kind, form=child.form, own=child.own, fused=child.fused,
                       varies=child.varies, node=child.node)
    name = f"{block.name}.{child.name}" if child.children and not child.fused else block.name
    return replace(block, name=name, op=child.op, children=child.children, kind=child.kind, form=child.form,
                   fused=child.fused, unknown=child.unknown, node=child.node)


