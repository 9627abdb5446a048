"""Layered layout, first half: the rank of each node, and the order of nodes within a rank.

After Sugiyama, Tagawa and Toda (1981) and Gansner, Koutsofios, North and Vo (1993): every edge leads from a
rank to a later one, an edge over several ranks has a bend in each between, and the order is improved by
barycentres and by exchanging neighbours.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

SWEEPS = 8
"""How often the order is improved, down and up in turn."""

EXCHANGED = 400
"""In a rank of more nodes, neighbours are not exchanged."""

Edge = tuple[int, int]


@dataclass
class Layers:
    """Nodes in ranks: the graph's own, then the bends of long edges. ``rows`` are the ranks, each in its
    order; ``chains`` gives for each edge the nodes that it goes through, both ends included, from the
    earlier rank to the later one; ``turned`` are the edges that lead backwards, which have bends only, beside
    both ends too."""

    rank: list[int]
    rows: list[list[int]]
    chains: list[list[int]]
    turned: set[int]
    above: list[list[int]] = field(default_factory=list)
    below: list[list[int]] = field(default_factory=list)


def layered(count: int, edges: Sequence[Edge], first: frozenset[int], last: frozenset[int]) -> Layers:
    """``count`` nodes in ranks: those in ``first`` before all others, those in ``last`` after them."""
    turned = _turned(count, edges)
    forward = [(b, a) if k in turned else (a, b) for k, (a, b) in enumerate(edges)]
    rank = _ranked(count, [(a, b) for a, b in forward if a != b], first, last)
    chains = []
    for k, (a, b) in enumerate(forward):
        passed = range(rank[a], rank[b] + 1) if k in turned else range(rank[a] + 1, rank[b])
        bends = range(len(rank), len(rank) + len(passed))
        rank += passed
        chains.append([*bends] if k in turned else [a, *bends, b])
    layers = Layers(rank, [[] for _ in range(max(rank, default=-1) + 1)], chains, turned)
    _connect(layers)
    _ordered(layers)
    return layers


def _turned(count: int, edges: Sequence[Edge]) -> set[int]:
    """The edges that close a cycle, going through the nodes in their order."""
    leaving: list[list[tuple[int, int]]] = [[] for _ in range(count)]
    for k, (a, b) in enumerate(edges):
        leaving[a].append((k, b))
    state, found = [0] * count, set[int]()
    for start in range(count):
        todo = [start] if not state[start] else []
        while todo:
            node = todo[-1]
            if not state[node]:
                state[node] = 1
                found.update(k for k, other in leaving[node] if state[other] == 1)
                todo += [other for _, other in reversed(leaving[node]) if not state[other]]
            else:
                state[todo.pop()] = 2
    return found


def _ranked(count: int, edges: Sequence[Edge], first: frozenset[int], last: frozenset[int]) -> list[int]:
    """The rank of each node: as early as it can be, but a node that reads nothing just before its reader."""
    after: list[list[int]] = [[] for _ in range(count)]
    missing = [0] * count
    for a, b in edges:
        after[a].append(b)
        missing[b] += 1
    begins = [not number for number in missing]
    rank = [int(bool(first) and node not in first) for node in range(count)]
    order = [node for node in range(count) if not missing[node]]
    for node in order:
        for other in after[node]:
            rank[other] = max(rank[other], rank[node] + 1)
            missing[other] -= 1
            if not missing[other]:
                order.append(other)
    for node in reversed(order):
        if begins[node] and node not in first and after[node]:
            rank[node] = min(rank[other] for other in after[node]) - 1
    end = max((rank[node] + (node not in last) for node in range(count)), default=0)
    return [end if node in last else rank[node] for node in range(count)]


# ------------------------------------------------------------------------------------------------------ order
def _connect(layers: Layers) -> None:
    """Fill in the neighbours of each node, and the rows in the order in which a search meets their nodes."""
    count = len(layers.rank)
    layers.above, layers.below = [[] for _ in range(count)], [[] for _ in range(count)]
    for chain in layers.chains:
        for a, b in pairwise(chain):
            layers.below[a].append(b)
            layers.above[b].append(a)
    seen = [False] * count
    for start in sorted(range(count), key=lambda node: layers.rank[node]):
        todo = [start]
        while todo:
            node = todo.pop()
            if not seen[node]:
                seen[node] = True
                layers.rows[layers.rank[node]].append(node)
                todo += reversed(layers.below[node])


def _ordered(layers: Layers) -> None:
    """Improve the order in the rows; the best one found is kept."""
    best, fewest = [list(row) for row in layers.rows], _crossings(layers)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        _swept(layers, down=sweep % 2 == 0)
        for row in layers.rows:
            _exchanged(layers, row)
        crossings = _crossings(layers)
        if crossings < fewest:
            best, fewest = [list(row) for row in layers.rows], crossings
    layers.rows = best


def _swept(layers: Layers, down: bool) -> None:
    """Order each row by the mean place of the nodes that its nodes are connected to in the row before."""
    near = layers.above if down else layers.below
    place: dict[int, int] = {}
    for row in layers.rows if down else reversed(layers.rows):
        wish = {node: _mean([place[other] for other in near[node]], k) for k, node in enumerate(row)}
        row.sort(key=lambda node: wish[node])
        place = {node: k for k, node in enumerate(row)}


def _mean(places: Sequence[int], otherwise: int) -> float:
    return sum(places) / len(places) if places else otherwise


def _exchanged(layers: Layers, row: list[int]) -> None:
    """Exchange neighbours in a row where their edges cross less so."""
    if len(row) > EXCHANGED or len(row) < 2:
        return
    rank = layers.rank[row[0]]
    places = [{node: k for k, node in enumerate(layers.rows[other])}
              for other in (rank - 1, rank + 1) if 0 <= other < len(layers.rows)]
    sides = [side for side, other in ((layers.above, rank - 1), (layers.below, rank + 1))
             if 0 <= other < len(layers.rows)]
    for k in range(len(row) - 1):
        a, b = row[k], row[k + 1]
        gain = 0
        for side, place in zip(sides, places):
            left, right = [place[x] for x in side[a]], [place[x] for x in side[b]]
            if len(left) * len(right) <= EXCHANGED:
                gain += sum((x > y) - (x < y) for x in left for y in right)
        if gain > 0:
            row[k], row[k + 1] = b, a


def _crossings(layers: Layers) -> int:
    """How many pairs of edges cross."""
    found = 0
    for upper, lower in pairwise(layers.rows):
        place = {node: k for k, node in enumerate(lower)}
        ends = [end for node in upper for end in sorted(place[other] for other in layers.below[node])]
        found += _inversions(ends, len(lower))
    return found


def _inversions(ends: Sequence[int], size: int) -> int:
    """How many pairs stand in the wrong order (Fenwick tree)."""
    tree, found = [0] * (size + 1), 0
    for number, end in enumerate(ends):
        at, before = end + 1, 0
        while at:
            before += tree[at]
            at &= at - 1
        found += number - before
        at = end + 1
        while at <= size:
            tree[at] += 1
            at += at & -at
    return found
