"""What ``archcheck summary`` shows, as data: the rows of its table."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from archcheck.dims import Size, evaluate, symbols
from archcheck.drawing.fold import GATHERED, Block, tree
from archcheck.drawing.names import Names
from archcheck.graph import Shape
from archcheck.report import Report

if TYPE_CHECKING:
    from archcheck.analyses.receptive import AxisField

ROWS_AT_ONCE = 40
DEFAULT_COLUMNS = ("name", "op", "shape", "params", "macs", "share")
FIELDS = frozenset(("field", "stride", "start"))
_LARGE = 64


@dataclass(frozen=True)
class Row:
    """One row: ``level`` is its depth in the tree, ``count`` how often it stands in a row, and ``nodes`` how
    many nodes it is. The figures are those of all its repetitions together; None is not counted, and with
    ``partial`` something in it is not. ``share`` is its part of the MACs, None where it depends on sizes that
    are not bound, and ``largest`` the largest such part of any row. ``field`` has the receptive
    fields of the last node, where they are asked for. A row that is ``rest`` stands for nodes
    without rows."""

    level: int
    name: str
    op: str
    shape: Shape | None
    dtype: str | None
    params: Size
    macs: Size | None
    flops: Size | None
    share: float | None
    count: int
    nodes: int
    scope: bool
    unknown: str | None = None
    partial: bool = False
    rest: bool = False
    largest: float = 0.0
    field: tuple[AxisField | None, ...] = ()


@dataclass(frozen=True)
class View:
    """What of the network is shown. Rows down to ``depth`` scopes (None: as many as fit a screen); or flat
    and ordered by ``sort``, the first ``top`` only; with ``everything``, each node in a row. The table's
    ``columns``; ``wide`` for exact numbers and nothing left out."""

    depth: int | None = None
    sort: str | None = None
    top: int | None = None
    everything: bool = False
    columns: tuple[str, ...] = DEFAULT_COLUMNS
    wide: bool = False


def rows(report: Report, view: View) -> list[Row]:
    """The rows of the table."""
    root = tree(report, view.everything)
    make = _Rows(report, "flops" in view.columns, not FIELDS.isdisjoint(view.columns))
    if view.sort or view.top:
        found = _ordered(list(make.flat(root, "", 1)), view)
    else:
        found = list(make.nested(root, 0, 1, view.depth or _fitting_depth(root)))
    largest = max((row.share or 0.0 for row in found), default=0.0)
    return [replace(row, largest=largest) for row in found]


def _fitting_depth(root: Block) -> int:
    """The deepest level at which the tree still fits a screen; the first at least."""
    widths: dict[int, int] = {}
    for level, _ in root.walk():
        widths[level] = widths.get(level, 0) + 1
    depth, total = 1, widths.get(1, 0)
    while widths.get(depth + 1) and total + widths[depth + 1] <= ROWS_AT_ONCE:
        depth += 1
        total += widths[depth]
    return depth


class _Rows:
    """Makes rows of blocks; with ``rests`` also for the FLOPs of nodes that have none, so that FLOPs add up,
    and with their ``fields``."""

    def __init__(self, report: Report, rests: bool, fields: bool) -> None:
        self.share, self.rests, self.nodes = _shares(report.macs), rests, report.graph.nodes
        self.names = Names(report)
        self.overview = None
        if fields:
            from archcheck.analyses.overview import Overview
            self.overview = Overview(report)

    def field(self, block: Block) -> tuple[AxisField | None, ...]:
        """The receptive fields of the last node of ``block``, if they are asked for."""
        outputs = self.nodes[block.last].outputs if self.overview else ()
        return self.overview.of(outputs[0]) if self.overview and outputs else ()

    def nested(self, block: Block, level: int, times: int, depth: int) -> Iterator[Row]:
        """The rows inside ``block``, to ``depth`` levels."""
        for child in block.children if depth else ():
            yield self.row(child, level, times)
            yield from self.nested(child, level + 1, times * child.count, depth - 1)
        if depth and block.children:
            yield from self.rest(block, level, "", times)

    def flat(self, block: Block, path: str, times: int) -> Iterator[Row]:
        """A row for each node, or run of equal nodes, inside ``block``, under its full name."""
        for child in block.children:
            name = f"{path}/{child.label}".strip("/")
            if child.children:
                yield from self.flat(child, name, times * child.count)
            else:
                yield replace(self.row(child, 0, times), name=name)
        yield from self.rest(block, 0, f"{path}/".lstrip("/"), times)

    def row(self, block: Block, level: int, times: int) -> Row:
        """The row for ``block``, which stands in a block that is ``times`` there."""
        counted = block.uncounted < block.nodes
        return Row(level, block.label or self.range(block), self.op(block), block.shape, block.dtype,
                   block.params, block.macs if counted else None, block.flops if counted else None,
                   self.share(block.macs), block.count * times, block.nodes, bool(block.children),
                   block.unknown, bool(block.uncounted), block.name == GATHERED, field=self.field(block))

    def range(self, block: Block) -> str:
        """The first and the last of the nodes in a block without a name of its own."""
        first, last = (self.nodes[index].name.rsplit("/", 1)[-1] for index in (block.first, block.last))
        return f"{first} .. {last}"

    def op(self, block: Block) -> str:
        """What a block is: its operator or class, else its kind, else how many nodes it has."""
        return block.op or self.names.called(block) or _nodes(block.nodes)

    def rest(self, block: Block, level: int, path: str, times: int) -> Iterator[Row]:
        """The row for what is in ``block``, but in none of its rows."""
        nodes, flops = block.rest
        if self.rests and flops != 0:
            yield Row(level, path + GATHERED, _nodes(nodes), None, None, 0, 0, flops, None, times, nodes,
                      scope=False, rest=True)


def _nodes(count: int) -> str:
    return f"{count:,} nodes" if count != 1 else "1 node"


def _ordered(found: list[Row], view: View) -> list[Row]:
    """Rows by name, or by a figure, largest first; formulas by their value where every symbol is large and
    equal."""
    if view.sort == "name":
        found.sort(key=lambda row: row.name)
    else:
        found.sort(key=lambda row: -at_value(getattr(row, view.sort or "macs"), _LARGE))
    return found[:view.top]


def at_value(size: Size | None, value: int) -> int:
    """What ``size`` is where each of its symbols is ``value``; 0 where it is nothing."""
    if size is None or isinstance(size, int):
        return size or 0
    found = evaluate(size, {atom.args[0]: value for atom in symbols(size)})
    return found if isinstance(found, int) else 0


def _shares(total: Size) -> Callable[[Size], float | None]:
    """A row's part of the network's MACs, where that is the same at every size: where the two formulas are
    proportional."""
    unit = _leading(total)

    def share(macs: Size) -> float | None:
        part = _leading(macs)
        return part / unit if unit > 0 and macs * unit == total * part else None
    return share


def _leading(size: Size) -> int:
    """The coefficient of the last term of a formula; a number itself."""
    return size if isinstance(size, int) else size.terms[-1][1]
