"""Structure without names: which of several blocks side by side belong together by what flows between them.

Blocks are numbered in the order in which they run; `BEFORE` stands for whatever comes before them all.
"""
from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from archcheck.graph import Graph

BEFORE = -1

LARGEST = 64
"""A region of more blocks is no block of its own, nor is one that is most of what there is."""

MOST = 0.8

Edges = dict[int, set[int]]


def flows(graph: Graph, blocks: Sequence[Sequence[int]], counts: Sequence[bool]) -> Edges | None:
    """Which blocks read which: of each the ones after it, ``len(blocks)`` for what comes after them all.
    ``blocks`` are their nodes' indices; those that do not count as data have no edges. None where a block
    reads one that comes later."""
    place = {index: k for k, block in enumerate(blocks) for index in block}
    end = len(blocks)
    found: Edges = {k: set() for k in range(BEFORE, end)}
    outputs = set(graph.outputs)
    for k, block in enumerate(blocks):
        for index in block if counts[k] else ():
            for name in graph.nodes[index].outputs:
                readers = [place.get(reader, end) for reader in graph.uses.get(name, ())]
                found[k].update(readers + [end] * (name in outputs))
        found[k].discard(k)
        if any(reader < k for reader in found[k]):
            return None
    return found


def entered(graph: Graph, blocks: Sequence[Sequence[int]], data: Collection[str]) -> set[int]:
    """The blocks that read values in ``data`` which none of them makes."""
    own = {index for block in blocks for index in block}
    return {k for k, block in enumerate(blocks)
            if any(name in data and graph.producers.get(name, BEFORE) not in own
                   for index in block for name in graph.nodes[index].inputs)}


def chained(count: int, after: Edges, leads: Sequence[bool], follows: Sequence[bool]) -> Iterator[list[int]]:
    """The blocks in groups: one that ``leads``, or joins others, with those behind it that may follow, as
    long as each reads only the one before and is all that reads it."""
    readers_of = [0] * (count + 1)
    for others in after.values():
        for other in others:
            readers_of[other] += 1
    follower = {k: other for k in range(count) for other in after[k]
                if len(after[k]) == 1 and other < count and follows[other] and readers_of[other] == 1}
    taken: set[int] = set()
    for k in range(count):
        if k in taken:
            continue
        group = [k]
        while (leads[k] or readers_of[k] > 1) and group[-1] in follower:
            group.append(follower[group[-1]])
        taken.update(group)
        yield group


def branching(count: int, after: Edges) -> Iterator[range]:
    """The stretches in which data branch and are joined again by the last block, the one that they branch
    from left out."""
    reach, fork = max((k for k in after[BEFORE]), default=BEFORE), BEFORE
    for k in range(count):
        if reach <= k:
            size = k - fork
            if 2 < size <= LARGEST and size < MOST * count:
                yield range(fork + 1, k + 1)
            fork = k
        reach = max(reach, max(after[k], default=BEFORE))


def cyclic(edges: Iterable[tuple[int, int]]) -> set[int]:
    """What is on a circle, or on the way from one to another, of what ``edges`` connect."""
    after: dict[int, list[int]] = {}
    before: dict[int, list[int]] = {}
    for a, b in edges:
        after.setdefault(a, []).append(b)
        before.setdefault(b, []).append(a)
    names = {*after, *before}
    return _left(names, after, before) & _left(names, before, after)


def _left(names: set[int], after: dict[int, list[int]], before: dict[int, list[int]]) -> set[int]:
    """What is left of ``names`` when all that nothing is before are taken away, again and again."""
    missing = {name: len(before.get(name, ())) for name in names}
    todo = [name for name in names if not missing[name]]
    while todo:
        name = todo.pop()
        del missing[name]
        for other in after.get(name, ()):
            missing[other] -= 1
            if not missing[other]:
                todo.append(other)
    return set(missing)
