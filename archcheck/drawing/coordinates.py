"""Layered layout, second half: where each node of a rank stands across the flow.

Every rank in turn is placed as near as can be to what its nodes are connected to, in least squares, keeping
order and distance: solved exactly by pooling adjacent violators (Ayer and others, 1955). Edges between bends
weigh most, so that long edges are straight; an edge from a node to a bend little, so that what skips
the main path does not pull at it, unless nothing else leaves the node.
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import inf

from archcheck.drawing.ranks import Layers

ROUNDS = 13
"""How often all ranks are placed, down and up in turn: by what is on one side, then on both, at last
downwards again, so that chains are straight."""

_BENDS, _NODES, _MIXED = 1.0, 50.0, 0.01
"""Weights of an edge between two bends, two nodes, and one of each."""

_TIGHT = 0.6
"""Neighbours may be so much nearer than the gap, where that makes a line straight."""

Sides = Sequence[tuple[float, float]]
"""How far each node reaches across the flow, to either side of its centre."""

Pull = tuple[int, float, float]
"""Another node, the weight of the edge to it, and where it wants this one relative to itself."""


def placed(layers: Layers, count: int, sides: Sides, ports: Sequence[tuple[float, float]],
           gap: float) -> list[float]:
    """The centre of every node. Of the nodes the first ``count`` are the graph's own, the others bends;
    ``sides`` are those of all, ``ports`` where each edge leaves and arrives, relative to the centre; ``gap``
    is between neighbours."""
    above, below = _pulls(layers, count, ports)
    both = [a + b for a, b in zip(above, below)]
    centre = _packed(layers, sides, gap)
    for turn in range(ROUNDS):
        down = turn % 2 == 0
        near = both if ROUNDS - 5 <= turn < ROUNDS - 1 else above if down else below
        for row in layers.rows if down else reversed(layers.rows):
            _settle(row, near, centre, sides, gap)
    _straighten(layers, count, centre, sides, ports, gap)
    return centre


Line = Sequence[tuple[int, float]]
"""Nodes of one rank after the other that should stand in line, each with how far from the first."""


def _straighten(layers: Layers, count: int, centre: list[float], sides: Sides,
                ports: Sequence[tuple[float, float]], gap: float) -> None:
    """Put what should be in line at one place where there is room for that: all bends of an edge, edges far
    out first, and nodes of which each is the only one near the next."""
    place = {node: k for row in layers.rows for k, node in enumerate(row)}

    def straight(line: Line, *wishes: float, between: float = gap) -> bool:
        room = [(*_room(layers.rows[layers.rank[node]], place[node], centre, sides, between), shift)
                for node, shift in line]
        low, high = max(low - shift for low, _, shift in room), min(high - shift for _, high, shift in room)
        mean = sum(centre[node] - shift for node, shift in line) / len(line)
        wish = next((wish for wish in wishes if low <= wish <= high), min(max(mean, low), high))
        for node, shift in line if low <= high else ():
            centre[node] = wish + shift
        return low <= high

    def bends() -> None:
        edges = [(k, chain) for k, chain in enumerate(layers.chains) if len(chain) > 2]
        for k, chain in sorted(edges, key=lambda edge: -abs(centre[edge[1][1]])):
            leaves, arrives = ports[k]
            inner = chain if k in layers.turned else chain[1:-1]
            straight([(node, 0.0) for node in inner], centre[chain[-1]] + arrives, centre[chain[0]] + leaves)
    bends()
    runs = list(_runs(layers, count, ports))
    while runs:
        line = runs.pop()
        if not straight(line) and not straight(line, between=gap * _TIGHT) and len(line) > 3:
            runs += line[:len(line) // 2], line[len(line) // 2:]
    bends()
    bends()


def _runs(layers: Layers, count: int, ports: Sequence[tuple[float, float]]) -> Iterator[Line]:
    """Nodes one after the other, by edges from one rank to the next. Other edges leave and arrive only if
    they skip something; none is all that a branch has."""
    after: dict[int, list[tuple[int, float]]] = {}
    before: dict[int, int] = {}
    skips = set()
    for chain, (leaves, arrives) in zip(layers.chains, ports):
        a, b = chain[0], chain[-1]
        if a >= count:
            continue
        if len(chain) == 2 or len(layers.below[a]) == 1 or len(layers.above[b]) == 1:
            after.setdefault(a, []).append((b, leaves - arrives))
            before[b] = before.get(b, 0) + 1
            skips |= {a} if len(chain) > 2 else set()
    follows = {a: found[0] for a, found in after.items()
               if len(found) == 1 and before[found[0][0]] == 1 and a not in skips}
    ends = {b for b, _ in follows.values()}
    for node in range(count):
        if node in follows and node not in ends:
            line = [(node, 0.0)]
            while line[-1][0] in follows:
                other, shift = follows[line[-1][0]]
                line.append((other, line[-1][1] + shift))
            yield line


def _room(row: Sequence[int], k: int, centre: Sequence[float], sides: Sides,
          gap: float) -> tuple[float, float]:
    """Between which places a node of a rank may be without coming too near to its neighbours."""
    node, low, high = row[k], -inf, inf
    if k:
        low = centre[row[k - 1]] + sides[row[k - 1]][1] + sides[node][0] + gap
    if k + 1 < len(row):
        high = centre[row[k + 1]] - sides[row[k + 1]][0] - sides[node][1] - gap
    return low, high


def _pulls(layers: Layers, count: int, ports: Sequence[tuple[float, float]]) -> tuple[list[list[Pull]], ...]:
    """What each node is connected to above and below."""
    above: list[list[Pull]] = [[] for _ in layers.rank]
    below: list[list[Pull]] = [[] for _ in layers.rank]
    for chain, (leaves, arrives) in zip(layers.chains, ports):
        is_branch = len(layers.below[chain[0]]) == 1
        for k, (a, b) in enumerate(pairwise(chain)):
            ends = (a < count) + (b < count)
            weight = _NODES if is_branch else (_BENDS, _MIXED, _NODES)[ends]
            shift = (leaves if k == 0 else 0.0) - (arrives if k == len(chain) - 2 else 0.0)
            above[b].append((a, weight, shift))
            below[a].append((b, weight, -shift))
    return above, below


def _packed(layers: Layers, sides: Sides, gap: float) -> list[float]:
    """Every rank as narrow as it can be, its middle at 0."""
    centre = [0.0] * len(layers.rank)
    for row in layers.rows:
        at = -(sum(map(sum, (sides[node] for node in row))) + gap * (len(row) - 1)) / 2
        for node in row:
            centre[node] = at + sides[node][0]
            at += sum(sides[node]) + gap
    return centre


def _settle(row: Sequence[int], near: Sequence[Sequence[Pull]], centre: list[float], sides: Sides,
            gap: float) -> None:
    """Place the nodes of one rank."""
    offset, offsets = 0.0, []
    for k, node in enumerate(row):
        if k:
            offset += sides[row[k - 1]][1] + sides[node][0] + gap
        offsets.append(offset)
    pools: list[tuple[float, float, int]] = []  # the weighted sum of wishes, the weight, how many nodes
    for node, offset in zip(row, offsets):
        weight = sum(pull[1] for pull in near[node])
        wish = sum((centre[other] + shift) * w for other, w, shift in near[node])
        if not weight:
            weight = 1e-3
            wish = centre[node] * weight
        pool = (wish - offset * weight, weight, 1)
        while pools and pools[-1][0] * pool[1] > pool[0] * pools[-1][1]:
            before = pools.pop()
            pool = (before[0] + pool[0], before[1] + pool[1], before[2] + pool[2])
        pools.append(pool)
    at = 0
    for wish, weight, size in pools:
        for k in range(at, at + size):
            centre[row[k]] = wish / weight + offsets[k]
        at += size
