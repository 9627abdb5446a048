"""Layered layout, second half: where each node of a rank stands across the flow.

Every rank in turn is placed as near as can be to what its nodes are connected to, in least squares, keeping
order and distance: solved exactly by pooling adjacent violators (Ayer and others, 1955). Edges between bends
weigh most, so that long edges are straight; an edge from a node to a bend little, so that what skips
the main path does not pull at it, unless nothing else leaves the node.
"""
from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import inf

from archcheck.drawing.ranks import Layers

ROUNDS = 13
"""How often all ranks are placed, down and up in turn: by what is on one side, then on both, at last
downwards again, so that chains are straight."""

_BENDS, _NODES, _MIXED = 1.0, 2.0, 0.02
"""Weights of an edge between two bends, two nodes, and one of each."""

Pull = tuple[int, float, float]
"""Another node, the weight of the edge to it, and where it wants this one relative to itself."""


def placed(layers: Layers, count: int, widths: Sequence[float], ports: Sequence[tuple[float, float]],
           gap: float) -> list[float]:
    """The centre of every node. Of the nodes the first ``count`` are the graph's own, the others bends;
    ``widths`` are those of all, ``ports`` where each edge leaves and arrives, relative to the centre;
    ``gap`` is between neighbours."""
    above, below = _pulls(layers, count, ports)
    both = [a + b for a, b in zip(above, below)]
    centre = _packed(layers, widths, gap)
    for turn in range(ROUNDS):
        down = turn % 2 == 0
        near = both if ROUNDS - 5 <= turn < ROUNDS - 1 else above if down else below
        for row in layers.rows if down else reversed(layers.rows):
            _settle(row, near, centre, widths, gap)
    _straighten(layers, centre, widths, gap)
    return centre


def _straighten(layers: Layers, centre: list[float], widths: Sequence[float], gap: float) -> None:
    """Put all bends of an edge at one place where there is room for that, edges far out first."""
    place = {node: k for row in layers.rows for k, node in enumerate(row)}
    chains = [chain[1:-1] for chain in layers.chains if len(chain) > 3]
    for _ in range(2):
        for bends in sorted(chains, key=lambda bends: -max(abs(centre[node]) for node in bends)):
            room = [_room(layers.rows[layers.rank[node]], place[node], centre, widths, gap) for node in bends]
            low, high = max(low for low, _ in room), min(high for _, high in room)
            if low <= high:
                wish = sum(centre[node] for node in bends) / len(bends)
                for node in bends:
                    centre[node] = min(max(wish, low), high)


def _room(row: Sequence[int], k: int, centre: Sequence[float], widths: Sequence[float],
          gap: float) -> tuple[float, float]:
    """Between which places a node of a rank may be without coming too near to its neighbours."""
    node, low, high = row[k], -inf, inf
    if k:
        low = centre[row[k - 1]] + (widths[row[k - 1]] + widths[node]) / 2 + gap
    if k + 1 < len(row):
        high = centre[row[k + 1]] - (widths[row[k + 1]] + widths[node]) / 2 - gap
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


def _packed(layers: Layers, widths: Sequence[float], gap: float) -> list[float]:
    """Every rank as narrow as it can be, its middle at 0."""
    centre = [0.0] * len(layers.rank)
    for row in layers.rows:
        at = -(sum(widths[node] for node in row) + gap * (len(row) - 1)) / 2
        for node in row:
            centre[node] = at + widths[node] / 2
            at += widths[node] + gap
    return centre


def _settle(row: Sequence[int], near: Sequence[Sequence[Pull]], centre: list[float], widths: Sequence[float],
            gap: float) -> None:
    """Place the nodes of one rank."""
    offset, offsets = 0.0, []
    for k, node in enumerate(row):
        if k:
            offset += (widths[row[k - 1]] + widths[node]) / 2 + gap
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
