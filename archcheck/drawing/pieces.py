"""Pieces of what has no structure that can be told: rows that belong together because they are connected.

Rows are numbered in an order in which they could run. Every partition here keeps them runnable: no two parts
read each other in a circle.
"""
from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import accumulate

JOINS = 3
"""What reads so many others joins them."""

PIECE = 24
"""A piece of more rows is cut once more, if it can be."""

LEAST = 3
"""A piece of fewer rows is none."""

Edges = Sequence[Sequence[int]]


def pieces(before: Edges, loose: Collection[int]) -> Iterator[list[int]]:
    """The pieces that ``loose`` rows form, each in order: connected without what is not loose, and not cut by
    what joins many of them. ``before`` tells which rows each one reads."""
    todo = _connected(before, sorted(loose), frozenset())
    while todo:
        piece = todo.pop()
        if len(piece) <= PIECE:
            if len(piece) >= LEAST:
                yield piece
            continue
        joins = _joins(before, piece)
        parts = _connected(before, piece, joins) if joins else list(_cut(before, piece))
        todo += parts if len(parts) > 1 else _cut(before, piece)


def _joins(before: Edges, piece: Sequence[int]) -> frozenset[int]:
    """The rows that join others from farthest away."""
    inside = set(piece)
    spans = {k: k - min(found) for k in piece if len(found := inside.intersection(before[k])) >= JOINS}
    widest = max(spans.values(), default=0)
    return frozenset(k for k, span in spans.items() if 2 * span >= widest)


def _connected(before: Edges, rows: Sequence[int], joins: Collection[int]) -> list[list[int]]:
    """The sets of ``rows``, all but ``joins``, that are connected and come after the same of all others."""
    inside = set(rows).difference(joins)
    bits: dict[int, int] = {}
    behind = dict[int, int]()
    first: dict[int, int] = {}
    for k in range(min(rows), max(rows) + 1) if rows else ():
        known = 0
        for other in before[k]:
            known |= behind.get(other, 0)
            if other not in inside:
                known |= 1 << bits.setdefault(other, len(bits))
        behind[k] = known
        if k in inside:
            first[k] = k
            for other in before[k]:
                if other in inside and behind.get(other) == known:
                    _join(first, k, other)
    found: dict[int, list[int]] = {}
    for k in first:
        found.setdefault(_find(first, k), []).append(k)
    return list(found.values())


def _find(first: dict[int, int], k: int) -> int:
    while first[k] != k:
        first[k] = k = first[first[k]]
    return k


def _join(first: dict[int, int], a: int, b: int) -> None:
    a, b = _find(first, a), _find(first, b)
    first[max(a, b)] = min(a, b)


def _cut(before: Edges, rows: Sequence[int]) -> Iterator[list[int]]:
    """``rows`` in stretches of half a piece to a whole one, cut where the fewest values cross."""
    place = {k: at for at, k in enumerate(rows)}
    change = [0] * (len(rows) + 1)
    for k, at in place.items():
        for other in before[k]:
            if other in place:
                change[place[other] + 1] += 1
                change[at + 1] -= 1
    crossing = list(accumulate(change))
    start = 0
    while len(rows) - start > PIECE:
        stop = min(range(start + PIECE // 2, start + PIECE + 1), key=lambda at: (crossing[at], -at))
        yield list(rows[start:stop])
        start = stop
    yield list(rows[start:])
