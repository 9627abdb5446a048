"""Structure without names: which of several blocks side by side belong together by what flows between them.

Blocks are numbered in the order in which they run; `BEFORE` stands for whatever comes before them all.
"""
from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from heapq import heappop, heappush
from itertools import chain, pairwise
from typing import NamedTuple

from archcheck.graph import Graph, names_in_bodies

BEFORE = -1

OUTSIDE = -1
"""What is no node of a graph."""

LARGEST = 64
"""A region of more blocks is no block of its own, nor is one that is most of what there is."""

MOST = 0.8

SKIP = 16
"""What skips no more than so many blocks is a branch even where there is no end to them."""

Edges = dict[int, set[int]]


def with_captures(graph: Graph) -> Graph:
    """A graph whose nodes with bodies also read what is read in these."""
    captured = [names_in_bodies(node) for node in graph.nodes]
    if not any(captured):
        return graph
    nodes = (node._replace(inputs=(*node.inputs, *(name for name in names if name not in node.inputs)))
             for node, names in zip(graph.nodes, captured))
    return replace(graph, nodes=tuple(nodes))


class Wires(NamedTuple):
    """What flows between the nodes of a graph: of each node the ``readers`` of what it makes and the
    ``makers`` of the data that it reads, `OUTSIDE` for the network's outputs and inputs."""

    readers: list[list[int]]
    makers: list[list[int]]


def wires(graph: Graph, data: Collection[str]) -> Wires:
    """What flows between the nodes of ``graph``, the values in ``data`` being its data."""
    uses, made, ends = graph.uses, graph.producers, frozenset(graph.outputs)
    readers = [[*chain.from_iterable(uses.get(name, ()) for name in node.outputs),
                *(OUTSIDE for name in node.outputs if name in ends)] for node in graph.nodes]
    makers = [[made.get(name, OUTSIDE) for name in node.inputs if name in data] for node in graph.nodes]
    return Wires(readers, makers)


def flows(wires: Wires, blocks: Sequence[Sequence[int]], counts: Sequence[bool]) -> Edges | None:
    """Which blocks read which: of each the ones after it, ``len(blocks)`` for what comes after them all.
    ``blocks`` are their nodes' indices; those that do not count as data have no edges. None where a block
    reads one that comes later."""
    place, end = _places(blocks), len(blocks)
    found: Edges = {BEFORE: {k for k, block in enumerate(blocks) if not place.keys() >= {
        maker for index in block for maker in wires.makers[index]}}}
    for k, block in enumerate(blocks):
        after = {place.get(reader, end) for index in block for reader in wires.readers[index]}
        after.discard(k)
        found[k] = after if counts[k] else set()
        if min(found[k], default=end) < k:
            return None
    return found


def _places(blocks: Sequence[Sequence[int]]) -> dict[int, int]:
    return {index: k for k, block in enumerate(blocks) for index in block}


def chained(count: int, after: Edges, leads: Sequence[bool], follows: Sequence[bool]) -> Iterator[list[int]]:
    """The blocks in groups: one that ``leads`` with those behind it that may follow, as long as each reads
    only the one before and is all that reads it; or two of which the second also reads what the first does,
    as in x·σ(x)."""
    readers_of = [0] * (count + 1)
    for others in after.values():
        for other in others:
            readers_of[other] += 1
    taken: set[int] = set()
    for k in range(count):
        if k in taken:
            continue
        group = [k]
        while leads[k] and (more := _followers(group[-1], after, readers_of, follows)):
            group += more
        taken.update(group)
        yield group


def _followers(k: int, after: Edges, readers_of: Sequence[int], follows: Sequence[bool]) -> list[int]:
    """What belongs to the block ``k`` and reads it."""
    found = sorted(after[k])
    if not found or found[-1] >= len(follows) or not all(follows[one] for one in found):
        return []
    if len(found) == 1 and readers_of[found[0]] == 1:
        return found
    readers = [readers_of[one] for one in found]
    is_gate = readers == [1, 2] and after[found[0]] == {found[1]}
    return found if is_gate else []


def branching(count: int, after: Edges) -> Iterator[range]:
    """The stretches in which data branch and are joined again by the last block, the one that they branch
    from left out. In a stretch that is too long what skips most of it is overlooked: masks and the like."""
    todo = [(range(count), count + 1)]
    while todo:
        within, longest = todo.pop()
        for found in _stretches(within, after, longest):
            if len(found) > LARGEST and longest > SKIP:
                todo.append((found, min(longest, 2 * LARGEST) // 2))
            elif 2 < len(found) <= LARGEST and len(found) < MOST * count:
                yield found


def longest(count: int, after: Edges) -> int:
    """The length of the longest stretch in which data branch."""
    return max((len(found) for found in _stretches(range(count), after, count + 1)), default=count)


def _stretches(within: range, after: Edges, longest: int) -> Iterator[range]:
    """What lies between blocks that all data pass through, edges of more than ``longest`` left out."""
    fork, reach = within.start - 1, BEFORE
    for k in range(BEFORE if not within.start else within.start, within.stop):
        if k >= within.start and reach <= k:
            yield range(fork + 1, k + 1)
            fork = k
        reach = max(reach, max((one for one in after[k] if one - k <= longest), default=BEFORE))


def reads(wires: Wires, blocks: Sequence[Sequence[int]]) -> list[list[int]]:
    """Of each of the blocks, given by the indices of their nodes, those that read what it makes."""
    place = _places(blocks)
    after: list[dict[int, None]] = [{} for _ in blocks]
    for index, k in place.items():
        for reader in wires.readers[index]:
            other = place.get(reader, k)
            if other != k:
                after[k][other] = None
    return list(map(list, after))


def in_line(ends: Iterable[tuple[int, int]]) -> bool:
    """Whether blocks, given by their first and last nodes, end one before the next begins: as they run."""
    return all(last < first for (_, last), (first, _) in pairwise(ends))


def in_order(after: Sequence[Sequence[int]]) -> list[int]:
    """Blocks so that each comes after those that it reads, else as they are; those that cannot be put in
    order, as in a damaged file, are the last."""
    missing = [0] * len(after)
    for others in after:
        for other in others:
            missing[other] += 1
    ready, found = [k for k, number in enumerate(missing) if not number], list[int]()
    while ready:
        k = heappop(ready)
        found.append(k)
        for other in after[k]:
            missing[other] -= 1
            if not missing[other]:
                heappush(ready, other)
    return found + [k for k, number in enumerate(missing) if number]


def circles(after: Sequence[Sequence[int]]) -> list[list[int]]:
    """The sets of those that lead to each other, where that are several (Tarjan, 1972); ``after`` tells where
    each one leads."""
    number: dict[int, int] = {}
    low, path, found = [0] * len(after), list[int](), list[list[int]]()
    for start in range(len(after)):
        todo = [] if start in number else [(start, iter(after[start]))]
        while todo:
            at, others = todo[-1]
            if at not in number:
                number[at] = low[at] = len(number)
                path.append(at)
            other = next(others, None)
            if other is None:
                todo.pop()
                found += _closed(at, number, low, path)
                if todo:
                    low[todo[-1][0]] = min(low[todo[-1][0]], low[at])
            elif other not in number:
                todo.append((other, iter(after[other])))
            else:
                low[at] = min(low[at], number[other])
    return found


def _closed(at: int, number: dict[int, int], low: list[int], path: list[int]) -> Iterator[list[int]]:
    """The set that ``at`` is the first of, if it is that and there are others in it."""
    if low[at] != number[at]:
        return
    circle = list[int]()
    while not circle or circle[-1] != at:
        circle.append(path.pop())
        number[circle[-1]] = len(low)  # nothing that comes later is on a circle with it
    if len(circle) > 1:
        yield sorted(circle)
