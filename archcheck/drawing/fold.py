"""Folding: the nodes of a network as a tree of scopes, with runs of equal siblings folded to one.

A scope is what the exporter called a module. Siblings are equal when they hold the same operators with the
same shapes and costs, using as many parameters, and are called the same up to numbers; a run of equal
siblings, or of equal sequences of siblings, is kept once with a count. Nodes that only compute shapes and
constants have no rows, and neighbours that only prepare data, before any parameter meets it, share one.
"""
from __future__ import annotations

import operator
import re
from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, chain, groupby

from archcheck.dims import Size, total
from archcheck.drawing.structure import HIDDEN, MINOR, SHOWN, Structure
from archcheck.graph import Graph, Node, Shape
from archcheck.report import Layer, Report
from archcheck.scopes import modules

MAX_PERIOD = 64
"""The longest sequence of rows that is looked for in repetition."""

MAX_LEVELS = 24
"""Deeper scopes are shown as one."""

_NUMBERS = re.compile(r"(\d+)")
_NUMBERING = re.compile(r"[_.]?\d+")

GATHERED = "…"
"""The name of a row for several neighbours."""
ALIKE = 6
"""So many siblings that differ in shapes are folded to one."""
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
    first.
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


@dataclass
class _Scope:
    """A scope while the tree is built: its rows and, by name, its inner scopes, in order of first
    appearance."""

    name: str
    module: str = ""
    rows: list[Layer | _Scope] = field(default_factory=list)
    scopes: dict[str, _Scope] = field(default_factory=dict)

    def inner(self, path: Sequence[str], node: Node) -> _Scope:
        """The scope that ``path`` leads to, made where there is none yet for ``node``, which it is the path
        of."""
        scope = self
        for depth, name in enumerate(path, 1):
            if name not in scope.scopes:
                scope.scopes[name] = _Scope(name, modules(node).get(tuple(path[:depth]), ""))
                scope.rows.append(scope.scopes[name])
            scope = scope.scopes[name]
        return scope


def tree(report: Report, everything: bool = False, only: Collection[int] | None = None,
         scoped: bool = True, repeats: bool = True, structured: bool = False) -> Block:
    """The network as one block; with ``everything`` every node has a row. A network that is all in one scope
    is that scope. ``only`` these nodes are in it, if they are given; without ``scoped`` they are all side by
    side, and without ``repeats`` nothing is folded for standing there several times. In a ``structured`` tree
    layers are fused with their activations, and many siblings grouped by what flows between them."""
    root = _Scope(report.graph.name)
    for layer, node in zip(report.layers, report.graph.nodes):
        if only is None or layer.index in only:
            root.inner(layer.scope[:MAX_LEVELS] if scoped else (), node).rows.append(layer)
    block = _Folder(report, everything, repeats, structured).folded(root)
    while len(block.children) == 1 and block.children[0].children and block.children[0].count == 1:
        block = replace(block, children=block.children[0].children)
    return block


# -------------------------------------------------------------------------------------------- what matters
def _roles(report: Report) -> tuple[list[int], set[str]]:
    """The role of every node, and the values that depend on the inputs' data."""
    moving, carrying = set(report.graph.inputs), set[str]()
    roles = []
    for layer, node in zip(report.layers, report.graph.nodes):
        counts = layer.macs is None or layer.params != 0 or layer.macs != 0
        moves = _moves(node, moving, report)
        fed = moves and not carrying.isdisjoint(node.inputs)
        if moves:
            moving.update(node.outputs)
        if counts or fed:
            carrying.update(node.outputs)
        roles.append(SHOWN if counts else HIDDEN if not moves else SHOWN if fed else MINOR)
    return _any_shown(roles), moving


def _moves(node: Node, moving: set[str], report: Report) -> bool:
    """Whether a node's outputs depend on the inputs' data, not only on their shapes."""
    if node.op in ("Shape", "Size"):
        return False
    made = node.op.startswith("Random") or any(isinstance(value, Graph) for value in node.attrs.values())
    if not made and moving.isdisjoint(node.inputs):
        return False
    kinds = [report.types.get(name) for name in node.outputs]
    return not all(kind is not None and type(kind.value) is tuple for kind in kinds)


def _any_shown(roles: list[int]) -> list[int]:
    """``roles`` of which at least one is shown: where nothing has parameters or MACs, what moves data is what
    matters; where nothing moves data, everything is."""
    least = min(roles, default=SHOWN)
    return [SHOWN if role == least else role for role in roles]


def _crossing(graph: Graph, moving: set[str]) -> list[int]:
    """For each node, how many values of the data made before it are read by it or after it."""
    change = [0] * (len(graph.nodes) + 2)
    for name, uses in graph.uses.items():
        if name in moving:
            change[graph.producers.get(name, -1) + 1] += 1
            change[uses[-1] + 1] -= 1
    return list(accumulate(change))


def _params_used(report: Report) -> dict[int, Size]:
    """Index of a node to the number of learned elements it uses, shared ones included."""
    from archcheck.analyses.params import LEARNED
    used: dict[int, Size] = {}
    for weight in report.weights.weights:
        for index in weight.used_by if weight.kind == LEARNED else ():
            used[index] = used.get(index, 0) + weight.elements
    return used


# -------------------------------------------------------------------------------------------- building blocks
class _Folder:
    """Makes the blocks of one report."""

    def __init__(self, report: Report, everything: bool, repeats: bool, structured: bool) -> None:
        self.repeats = repeats
        self.structure = Structure(report, self.group, self.runs) if structured else None
        self.roles, moving = _roles(report)
        if everything:
            self.roles = [SHOWN] * len(self.roles)
        self.used = _params_used(report)
        self.crossing = _crossing(report.graph, moving)
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
                     own=(index,), form=self.kind(layer.op))

    def folded(self, scope: _Scope) -> Block:
        """A scope's block."""
        blocks = [_unwrapped(self.folded(row)) if isinstance(row, _Scope) else self.leaf(row)
                  for row in scope.rows]
        rows = self.gathered([block for block in blocks if block.role != HIDDEN])
        children = self.runs(self.structure.of(rows) if self.structure else rows)
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
        """``blocks`` with every run of equal sequences folded, those that cover most first."""
        folded: list[Block] = []
        at = 0
        rows = [2 if block.children else 1 for block in blocks]
        crossing = [self.crossing[block.first] for block in blocks]
        kinds = [self.kind(block.kind, _NUMBERING.sub("", block.name)) for block in blocks]
        for run in _chosen(_regions(kinds), crossing, rows) if self.repeats else ():
            if self.structure and not self.structure.repeats(blocks[run.start:run.stop], run.period):
                continue
            folded += blocks[at:run.start]
            folded.append(self.repeated(blocks[run.start:run.stop], run))
            at = run.stop
        folded += blocks[at:]
        return tuple(self.alike(folded) if self.structure and self.repeats else folded)

    def alike(self, blocks: Sequence[Block]) -> Iterator[Block]:
        """``blocks`` with every long run folded that differ in shapes and costs only."""
        for (_, alone), found in groupby(blocks, key=lambda block: (block.form, block.count > 1)):
            run = list(found)
            is_run = (not alone and len(run) >= ALIKE and run[0].children and not run[0].fused
                      and self.structure is not None and self.structure.repeats(run, 1))
            yield from [replace(self.repeated(run, _Run(0, 1, len(run))), varies=True)] if is_run else run

    def repeated(self, blocks: Sequence[Block], run: _Run) -> Block:
        """One block for the repetitions in ``blocks``."""
        names = tuple(block.name for block in blocks[::run.period])
        merged = [_merged(blocks[k::run.period]) for k in range(run.period)]
        if run.period == 1:
            whole = merged[0]
        else:
            whole, names = self.group("", "", merged, self.runs(merged)), (names[0], blocks[-1].name)
        return replace(whole, count=run.count, names=names, kind=self.kind(whole.kind, run.count),
                       own=_chained(block.own for block in merged))


def _merged(blocks: Sequence[Block]) -> Block:
    """Equal blocks as one, from the first node to the last, their figures added up."""
    first = blocks[0]
    children = tuple(map(_merged, zip(*(block.children for block in blocks))))
    return replace(first, last=blocks[-1].last, children=children, shape=blocks[-1].shape,
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
                       varies=child.varies)
    name = f"{block.name}.{child.name}" if child.children and not child.fused else block.name
    return replace(block, name=name, op=child.op, children=child.children, kind=child.kind, form=child.form,
                   fused=child.fused, unknown=child.unknown)


# --------------------------------------------------------------------------------------------- runs of equals
@dataclass(frozen=True, order=True)
class _Run:
    """``count`` equal sequences of ``period`` blocks, from position ``start`` on."""

    start: int
    period: int
    count: int

    @property
    def stop(self) -> int:
        return self.start + self.period * self.count


def _regions(kinds: Sequence[int]) -> list[tuple[int, int, int]]:
    """The longest stretches ``(start, stop, period)`` in which every block equals the one a period before."""
    found = []
    for period in range(1, min(MAX_PERIOD, len(kinds) // 2) + 1):
        start = 0
        for at, equal in enumerate(map(operator.eq, kinds, kinds[period:])):
            if not equal:
                if at - start >= period:
                    found.append((start, at + period, period))
                start = at + 1
        if len(kinds) - period - start >= period:
            found.append((start, len(kinds), period))
    return found


def _chosen(regions: Sequence[tuple[int, int, int]], crossing: Sequence[int],
            rows: Sequence[int]) -> list[_Run]:
    """Runs that do not overlap, those that cover most first, each of which saves more than one of ``rows``.
    Where a run may begin at several places, it begins where the fewest values cross, and as late as that can
    be: between residual blocks, not inside one."""
    taken = [False] * len(crossing)
    runs = []
    for start, stop, period in sorted(regions, key=lambda r: (-((r[1] - r[0]) // r[2] * r[2]), r[2], r[0])):
        while start < stop and taken[start]:
            start += 1
        stop = next((at for at in range(start, stop) if taken[at]), stop)
        count = (stop - start) // period
        if count < 2 or sum(rows[start:start + period]) * (count - 1) < 2:
            continue
        slack = range(start, stop - count * period + 1)
        run = _Run(min(slack, key=lambda at: (crossing[at], -at)), period, count)
        taken[run.start:run.stop] = [True] * (run.stop - run.start)
        runs.append(run)
    return sorted(runs)
