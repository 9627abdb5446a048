"""The order in which to run the nodes of a network so that it needs little memory, and a bound that no order
can go below.

Finding the best order is NP-hard (Sethi 1975). But a node that every other one comes before or after cuts the
network in two that can be ordered each by itself. Each block is tried in the order of the file and in a
greedy one, and where neither reaches the bound by a search over the sets of nodes that may have run (as in
Serenity: Ahn et al., MLSys 2020), which is given up after a fixed number of steps.
"""
from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import accumulate, pairwise
from operator import itemgetter
from typing import NamedTuple

from archcheck.analyses.orders import START, Problem, greedy, usage
from archcheck.analyses.search import Step, search
from archcheck.collector import collector_held

PATIENCE = 10_000
"""How many steps the search may look at in one network."""


class Schedule(NamedTuple):
    """An ``order`` of the nodes, the ``peak`` of the memory it takes, and a ``bound`` that no order goes
    below: the order is the best there is where the two are equal."""

    order: tuple[int, ...]
    peak: int
    bound: int


@collector_held
def best_order(problem: Problem, patience: int = PATIENCE) -> Schedule:
    """The best order that was found."""
    first = _free(problem)
    units, smaller = _joined(problem, first)
    orders = [range(len(units)), greedy(smaller)]
    usages = [usage(smaller, order) for order in orders]
    blocks = _Blocks(smaller, _cuts(smaller))
    found, bound = _improved(blocks, [_better(usages, orders, span) for span in blocks.spans], patience)
    order = [*first, *(node for nodes in found for unit in nodes for node in units[unit])]
    peak = max(usage(problem, order), default=0)
    return Schedule(tuple(order), peak, max(bound, problem.at_start if order else 0))


def _better(usages: Sequence[Sequence[int]], orders: Sequence[Sequence[int]],
            span: range) -> tuple[int, Sequence[int]]:
    """The peak and the nodes of the better of two orders over a span of places."""
    part = slice(span.start, span.stop)
    return min(((max(used[part]), order[part]) for used, order in zip(usages, orders)), key=itemgetter(0))


def _improved(blocks: _Blocks, found: Sequence[tuple[int, Sequence[int]]],
              patience: int) -> tuple[list[Sequence[int]], int]:
    """The orders of blocks, ``found`` with their peaks, those that stand out improved by a search; and the
    least that any order takes."""
    bound = max(map(blocks.bound, range(len(found))), default=0)
    orders = [nodes for _, nodes in found]
    for block in sorted(range(len(found)), key=lambda block: -found[block][0]):
        peak = found[block][0]
        if peak <= bound:
            break
        better, least, patience = search(blocks.steps(block), blocks.live[block], bound, peak, patience)
        bound = max(bound, least)
        if better is not None:
            orders[block] = [blocks.spans[block][k] for k in better]
    return orders, bound


# --------------------------------------------------------------------------------------------- made smaller
def _free(problem: Problem) -> dict[int, None]:
    """The nodes that can run at the start and take no memory, in a possible order: constants."""
    found: dict[int, None] = {}
    for node, size in enumerate(problem.transient):
        if not size and problem.makers(node) <= found.keys():
            found[node] = None
    return found


def _joined(problem: Problem, first: Container[int]) -> tuple[list[list[int]], Problem]:
    """The nodes that become one, in their order, and the problem of those, without the nodes that ran
    ``first``. A node that reads nothing (but weights, say) and has one output, which one node reads, may as
    well run right before that one, unless it takes more memory than both do then."""
    pieces, transient = problem.pieces, list(problem.transient)
    units = {node: [node] for node in range(len(transient)) if node not in first}
    gone: set[int] = set()
    for node in list(units):
        waits = any(pieces[key].maker not in first and key not in gone for key in problem.reads[node])
        if waits or len(problem.makes[node]) != 1:
            continue
        key, = problem.makes[node]
        size, _, readers, kept = pieces[key]
        if not kept and len(readers) == 1 and transient[node] <= size + transient[readers[0]]:
            transient[readers[0]] += size
            units[readers[0]] = units.pop(node) + units[readers[0]]
            gone.add(key)
    return _renumbered(problem, units, transient, gone)


def _renumbered(problem: Problem, units: Mapping[int, list[int]], transient: Sequence[int],
                gone: Container[int]) -> tuple[list[list[int]], Problem]:
    """``units`` and the problem of them, by their place; pieces that are ``gone`` stay inside one."""
    place = {node: k for k, node in enumerate(units)}
    pieces = [piece._replace(maker=place.get(piece.maker, START),
                             readers=tuple(place[node] for node in piece.readers if node in place))
              for key, piece in enumerate(problem.pieces)
              if key not in gone and (piece.maker == START or piece.maker in place)]
    work = [transient[node] - sum(problem.pieces[key].size for key in problem.makes[node]) for node in units]
    return list(units.values()), Problem(pieces, work)


# -------------------------------------------------------------------------------------------------- blocks
def _cuts(problem: Problem) -> list[int]:
    """Where the order may be cut: after each node that all others come before or after, which is the only one
    so far that nobody has read, and the only one left that reads nobody."""
    nodes = range(len(problem.work))
    ends = _alone(nodes, [problem.makers(node) for node in nodes])
    starts = _alone(nodes[::-1], problem.after())
    return [node + 1 for node in nodes if node in ends and node in starts]


def _alone(order: Iterable[int], neighbours: Sequence[set[int]]) -> set[int]:
    """The nodes at which all before them in ``order`` are neighbours of one that is not after them."""
    found, loose = set(), set[int]()
    for node in order:
        loose -= neighbours[node]
        loose.add(node)
        if len(loose) == 1:
            found.add(node)
    return found


class _Blocks:
    """A network cut into blocks of nodes, its ``spans``: ``live[b]`` is in memory when block ``b`` begins,
    ``through[b]`` as long as any of it runs, and ``last[key]`` the last block that has a piece in memory."""

    def __init__(self, problem: Problem, cuts: Sequence[int]) -> None:
        self.problem = problem
        ends = sorted({0, *cuts, len(problem.work)})
        self.spans = [range(begin, end) for begin, end in pairwise(ends)]
        count = len(self.spans)
        self.of = [block for block, span in enumerate(self.spans) for _ in span]
        self.last = [count if piece.kept else max([self.of[node] for node in piece.readers], default=-1)
                     for piece in problem.pieces]
        live, through = [0] * (count + 1), [0] * (count + 1)
        for piece, last in zip(problem.pieces, self.last):
            begin = 0 if piece.maker == START else self.of[piece.maker] + 1
            for sums, end in (live, min(last + 1, count)), (through, last):
                if begin < end:
                    sums[begin] += piece.size
                    sums[end] -= piece.size
        self.live, self.through = [*accumulate(live)], [*accumulate(through)]

    def bound(self, block: int) -> int:
        """What a block takes at least: at some time each node runs, with what it reads and makes."""
        problem = self.problem
        return self.through[block] + max(
            problem.transient[node] + sum(problem.pieces[key].size for key in problem.reads[node]
                                          if not self._goes_through(key, block))
            for node in self.spans[block])

    def _goes_through(self, key: int, block: int) -> bool:
        maker = self.problem.pieces[key].maker
        return self.last[key] > block and (maker == START or self.of[maker] < block)

    def steps(self, block: int) -> list[Step]:
        """The nodes of a block, as the search takes them."""
        problem, span = self.problem, self.spans[block]

        def bits(nodes: Iterable[int]) -> int:
            return sum(1 << node - span.start for node in nodes if node in span)

        frees = {key: (problem.pieces[key].size, bits(problem.pieces[key].readers))
                 for node in span for key in problem.reads[node] if self.last[key] == block}
        after: list[list[int]] = [[] for _ in span]
        for node in span:
            for maker in problem.makers(node):
                if maker in span:
                    after[maker - span.start].append(node - span.start)
        return [Step(bits(problem.makers(node)), tuple(following), problem.transient[node],
                     problem.stays[node], tuple(frees[key] for key in problem.reads[node] if key in frees))
                for node, following in zip(span, after)]
