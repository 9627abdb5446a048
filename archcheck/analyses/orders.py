"""Orders of nodes: what memory an order takes, and a greedy one."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import heapify, heappop, heappush
from typing import NamedTuple

START = -1
"""Who makes what is there at the start."""


class Piece(NamedTuple):
    """What nodes hand on: its ``size``, the node that makes it (or `START`), the nodes that read it, each
    once, and whether it stays to the end."""

    size: int
    maker: int
    readers: tuple[int, ...]
    kept: bool = False


class Problem:
    """Nodes to be ordered, numbered in an order that is possible, with the ``pieces`` they hand on. ``work``
    is what each takes only while it runs, ``transient`` that and what it makes, and ``stays`` what is left of
    that when it has run."""

    def __init__(self, pieces: Sequence[Piece], work: Sequence[int]) -> None:
        self.pieces, self.work = pieces, work
        self.reads: list[list[int]] = [[] for _ in work]
        self.makes: list[list[int]] = [[] for _ in work]
        self.transient, self.stays, self.at_start = list(work), [0] * len(work), 0
        for key, piece in enumerate(pieces):
            for node in piece.readers:
                self.reads[node].append(key)
            lasting = piece.size if piece.readers or piece.kept else 0
            if piece.maker == START:
                self.at_start += lasting
            else:
                self.makes[piece.maker].append(key)
                self.transient[piece.maker] += piece.size
                self.stays[piece.maker] += lasting

    def makers(self, node: int) -> set[int]:
        """The nodes whose outputs ``node`` reads."""
        return {self.pieces[key].maker for key in self.reads[node]} - {START}

    def after(self) -> list[set[int]]:
        """For each node those that read its outputs."""
        return [{reader for key in keys for reader in self.pieces[key].readers} for keys in self.makes]


def usage(problem: Problem, order: Iterable[int]) -> list[int]:
    """The memory taken while each node of ``order`` runs."""
    left, live, found = [len(piece.readers) for piece in problem.pieces], problem.at_start, []
    for node in order:
        found.append(live + problem.transient[node])
        live += problem.stays[node]
        for key in problem.reads[node]:
            left[key] -= 1
            if not left[key] and not problem.pieces[key].kept:
                live -= problem.pieces[key].size
    return found


def greedy(problem: Problem) -> list[int]:
    """The order that of the nodes that may run next always takes one that adds least to what is in memory,
    of those one that frees most, and of those the first."""
    return list(_Greedy(problem).run())


Offer = tuple[int, int, int]
"""What a node adds to what is in memory, minus what it frees, and the node."""


class _Greedy:
    """The greedy order in the making. ``left`` counts the readers that a piece still has, and ``last`` adds
    their numbers up: of the last one that is its number."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.after = problem, problem.after()
        self.left = [len(piece.readers) for piece in problem.pieces]
        self.last = [sum(piece.readers) for piece in problem.pieces]
        self.missing = [len(problem.makers(node)) for node in range(len(problem.work))]
        self.ready = {node: self.offer(node) for node, count in enumerate(self.missing) if not count}

    def offer(self, node: int) -> Offer:
        """What running ``node`` now would do."""
        pieces = self.problem.pieces
        freed = sum([pieces[key].size for key in self.problem.reads[node]
                     if self.left[key] == 1 and not pieces[key].kept])
        return self.problem.stays[node] - freed, -freed, node

    def run(self) -> Iterable[int]:
        """The nodes one by one. An offer in the heap counts only as long as it is the latest of its node."""
        heap = [*self.ready.values()]
        heapify(heap)
        while heap:
            offer = heappop(heap)
            node = offer[-1]
            if self.ready.get(node) == offer:
                del self.ready[node]
                yield node
                for other in self.changed(node):
                    self.ready[other] = self.offer(other)
                    heappush(heap, self.ready[other])

    def changed(self, node: int) -> set[int]:
        """The nodes that have a new offer once ``node`` has run: what it made was the last thing they waited
        for, or they are the last to read what it has read."""
        found = set()
        for key in self.problem.reads[node]:
            self.left[key] -= 1
            self.last[key] -= node
            if self.left[key] == 1 and self.last[key] in self.ready:
                found.add(self.last[key])
        for other in self.after[node]:
            self.missing[other] -= 1
            if not self.missing[other]:
                found.add(other)
        return found
