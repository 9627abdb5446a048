"""Putting nodes in an order in which each reads only what nodes before it make."""
from __future__ import annotations

import heapq
from collections.abc import Container, Sequence
from itertools import pairwise

from archcheck.graph import Graph, Irregularity, Node

MAX_NAMED = 8
"""At most this many nodes of a circle are named."""


def ordered(nodes: list[Node], given: Container[str]) -> tuple[list[Node], list[Irregularity]]:
    """``nodes`` in the nearest order that works, and what was wrong with theirs. ``given`` are the values
    that no node has to make. Nodes that wait for each other in a circle, or for such nodes, come last, as
    they were."""
    reads = [_reads(node) if node.attrs else node.inputs for node in nodes]
    if _in_order(nodes, reads, given):
        return nodes, []
    needs = _needs(nodes, reads, given)
    order = _sorted(needs)
    stuck = sorted(set(range(len(nodes))) - set(order))
    found = [_circle(nodes, needs, stuck)] if stuck else []
    moved = next((index for before, index in pairwise(order) if index < before), None)
    if moved is not None:
        name = nodes[moved].name
        why = f"the nodes cannot run in the order they are in; {name!r} is the first that has to move"
        found.append(Irregularity("unsorted-nodes", name, why))
    return [nodes[index] for index in order + stuck], found


def _reads(node: Node) -> tuple[str, ...]:
    """Every value a node needs: its inputs, and what its bodies read from outside."""
    bodies = [value for value in node.attrs.values() if type(value) is Graph]
    if not bodies:
        return node.inputs
    return (*node.inputs, *(name for body in bodies for name in body.free_names))


def _in_order(nodes: list[Node], reads: list[tuple[str, ...]], given: Container[str]) -> bool:
    read: set[str] = set()
    for node, names in zip(nodes, reads):
        read.update(names)
        if read.isdisjoint(node.outputs):
            continue
        if any(name and name in read and name not in given for name in node.outputs):
            return False
    return True


def _needs(nodes: list[Node], reads: list[tuple[str, ...]], given: Container[str]) -> list[set[int]]:
    """For each node, the nodes that make what it reads."""
    maker: dict[str, int] = {}
    for index, node in enumerate(nodes):
        for name in node.outputs:
            if name and name not in given:
                maker.setdefault(name, index)
    return [{maker[name] for name in names if name in maker} for names in reads]


def _sorted(needs: list[set[int]]) -> list[int]:
    """The nodes that can be put in order, each as early as those before it in the file allow."""
    waits = [len(needed) for needed in needs]
    users: list[list[int]] = [[] for _ in needs]
    for index, needed in enumerate(needs):
        for other in needed:
            users[other].append(index)
    ready = [index for index, count in enumerate(waits) if not count]
    order = []
    while ready:
        order.append(heapq.heappop(ready))
        for user in users[order[-1]]:
            waits[user] -= 1
            if not waits[user]:
                heapq.heappush(ready, user)
    return order


def _circle(nodes: list[Node], needs: list[set[int]], stuck: Sequence[int]) -> Irregularity:
    """One circle among the nodes that wait for each other, found by going back from the first of them."""
    path: dict[int, int] = {}
    left, index = set(stuck), stuck[0]
    while index not in path:
        path[index] = len(path)
        index = min(needs[index] & left)
    circle = list(path)[path[index]:][::-1]
    first = circle.index(min(circle))
    names = [nodes[step].name for step in circle[first:] + circle[:first]]
    shown = [*names[:MAX_NAMED], *(["…"] if len(names) > MAX_NAMED else []), names[0]]
    return Irregularity("cycle", names[0], f"{len(names)} nodes wait for each other: {' → '.join(shown)}")
