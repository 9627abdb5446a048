"""The scopes that nodes are drawn in: those that the exporter recorded, mended where an optimizer or the
exporter itself left nodes without them."""
from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain, count, takewhile
from typing import Union

from archcheck.drawing.regions import Wires, circles, in_line, in_order, reads
from archcheck.drawing.roles import HIDDEN
from archcheck.graph import Graph, Node
from archcheck.report import Layer, Report
from archcheck.scopes import modules

MAX_LEVELS = 24
"""Deeper scopes are shown as one."""

NEAR = 8
"""So many scopes around a node are compared, the deepest ones."""

PATIENCE = 32
"""So often one scope is taken out of a circle; then all that are on one."""

Path = tuple[str, ...]


def homes(report: Report, graph: Graph, roles: Sequence[int]) -> list[Path]:
    """The scope of each node. One that stands between nodes of the same scope, and is known to be in an outer
    scope only, is in that scope too."""
    paths = [layer.scope[:MAX_LEVELS] for layer in report.layers]
    made, uses = graph.producers, graph.uses
    shown = [role != HIDDEN for role in roles]
    before: list[tuple[Path, ...]] = [()] * len(paths)
    after = list(before)
    for index, node in enumerate(graph.nodes):
        others = [made[name] for name in node.inputs if name in made and shown[made[name]]]
        before[index] = _around(paths[index], others, paths, before)
    for index in reversed(range(len(paths))):
        others = [reader for name in graph.nodes[index].outputs for reader in uses.get(name, ())]
        after[index] = _around(paths[index], [k for k in others if shown[k]], paths, after)
    return [_home(*around) for around in zip(paths, before, after)]


def _around(path: Path, others: Sequence[int], paths: Sequence[Path],
            around: Sequence[tuple[Path, ...]]) -> tuple[Path, ...]:
    """The scopes of the neighbours ``others`` of a node in ``path``, and of what is beyond those that no more
    is known of."""
    found = dict.fromkeys(paths[other] for other in others)
    for other in others:
        if len(paths[other]) <= len(path):
            found.update(dict.fromkeys(around[other]))
    return tuple(sorted(found, key=len, reverse=True)[:NEAR])


def _home(path: Path, before: Iterable[Path], after: Collection[Path]) -> Path:
    """The deepest scope inside ``path`` that both what comes before and what comes after are in."""
    found = path
    for one in before:
        if len(one) > len(found) and one[:len(path)] == path:
            for other in after:
                common = tuple(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other)))
                found = common if len(common) > len(found) else found
    return found


# ----------------------------------------------------------------------------------------------------- scopes
@dataclass
class Scope:
    """A scope while the tree is built: its rows and, by name, its inner scopes, in order of first
    appearance. ``module`` is its class, where that is known."""

    name: str
    module: str = ""
    rows: list[Row] = field(default_factory=list)
    scopes: dict[str, Scope] = field(default_factory=dict)

    def inner(self, path: Path, node: Node | None) -> Scope:
        """The scope that ``path`` leads to, made where there is none yet. ``node`` is one whose own path it
        is."""
        scope = self
        for depth, name in enumerate(path, 1):
            if name not in scope.scopes:
                scope.scopes[name] = Scope(name)
                scope.rows.append(scope.scopes[name])
            scope = scope.scopes[name]
            if not scope.module and node is not None and node.metadata:
                scope.module = modules(node).get(path[:depth], "")
        return scope

    @cached_property
    def members(self) -> tuple[int, ...]:
        """The indices of all its nodes."""
        return tuple(chain.from_iterable(map(members, self.rows)))


Row = Union[Layer, Scope]


def members(row: Row) -> tuple[int, ...]:
    """The indices of the nodes of a row."""
    return row.members if isinstance(row, Scope) else (row.index,)


def scoped(report: Report, graph: Graph, roles: Sequence[int],
           only: Collection[int] | None) -> Scope:
    """The network as a scope; ``only`` these nodes are in it, if they are given."""
    root = Scope(report.graph.name)
    for layer, home, node in zip(report.layers, homes(report, graph, roles), graph.nodes):
        if only is None or layer.index in only:
            own = len(home) == len(layer.scope[:MAX_LEVELS])
            root.inner(home, node if own else None).rows.append(layer)
    return root


def ordered(scope: Scope, wires: Wires, roles: Sequence[int]) -> list[Row]:
    """The rows of a scope in an order in which they could run. Where some read each other in a circle, as
    modules do that are used several times, what is in the smallest of them stands in its place."""
    rows: list[Row] = scope.rows
    if in_line((min(members(row)), max(members(row))) for row in rows):
        return rows
    for turn in count():
        after = reads(wires, [[k for k in members(row) if roles[k] != HIDDEN] for row in rows])
        inner = [[k for k in circle if isinstance(rows[k], Scope)] for circle in circles(after)]
        if not any(inner):
            break
        taken = {k for circle in inner for k in (circle if turn > PATIENCE else _smallest(rows, circle))}
        opened = chain.from_iterable(_opened(row) if k in taken else (row,) for k, row in enumerate(rows))
        rows = sorted(opened, key=lambda row: min(members(row)))
    return [rows[k] for k in in_order(after)]


def _smallest(rows: Sequence[Row], circle: Iterable[int]) -> list[int]:
    return sorted(circle, key=lambda k: (len(members(rows[k])), k))[:1]


def _opened(row: Row) -> Iterator[Row]:
    """What is in a scope, its name before those of the scopes inside."""
    for inner in row.rows if isinstance(row, Scope) else ():
        yield replace(inner, name=f"{row.name}.{inner.name}") if isinstance(inner, Scope) else inner
