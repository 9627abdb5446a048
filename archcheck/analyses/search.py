"""The best order of a few nodes, by a search over the sets of nodes that may have run."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from itertools import count
from typing import Any, NamedTuple

WIDE = 256
"""So many nodes make looking at a set of them dearer by as much as another step does."""


class Step(NamedTuple):
    """One of the nodes to be ordered; sets of them are the bits of a number. Those ``before`` must have run,
    and those ``after`` wait for it. It takes ``transient`` bytes besides what is in memory, of which it
    leaves what ``stays``; each of ``frees``, a size and its readers, is let go when the last of those has
    run."""

    before: int
    after: tuple[int, ...]
    transient: int
    stays: int
    frees: tuple[tuple[int, int], ...]


class State(NamedTuple):
    """The nodes ``done`` have run, along a ``path``, with this ``peak``. States with a low peak come first,
    of those the ones that lack the fewest nodes, and of those the ones that have least in memory."""

    peak: int
    lacking: int
    live: int
    serial: int
    done: int
    ready: frozenset[int]
    path: Any


def search(steps: Sequence[Step], live: int, floor: int, ceiling: int,
           patience: int) -> tuple[list[int] | None, int, int]:
    """An order of ``steps`` with the lowest peak, if that is below ``ceiling``; nothing is gained below
    ``floor``. None where there is none or the steps looked at exceed ``patience``. Also what every order
    takes at least, and the patience left. ``live`` is in memory at the start."""
    serial = count(1)
    start = frozenset(k for k, step in enumerate(steps) if not step.before)
    heap = [State(floor, len(steps), live, 0, 0, start, None)]
    reached = {0: floor}
    while heap:
        state = heappop(heap)
        if not state.lacking:
            return _unwound(state.path), state.peak, patience
        if patience <= 0:
            return None, state.peak, 0
        if state.peak > reached[state.done]:
            continue
        patience -= len(state.ready) + len(steps) // WIDE
        for following in _next(steps, state, ceiling, serial):
            if following.peak < reached.get(following.done, ceiling):
                reached[following.done] = following.peak
                heappush(heap, following)
    return None, ceiling, patience


def _next(steps: Sequence[Step], state: State, ceiling: int, serial: Iterator[int]) -> Iterator[State]:
    """The states one step on. A step that raises nothing, neither the peak nor what is left in memory, is
    taken without looking at others: it would raise nothing later either, and others fare no worse."""
    found = []
    for k in state.ready:
        step, done = steps[k], state.done | 1 << k
        high = state.live + step.transient
        if high >= ceiling:
            continue
        live = state.live + step.stays - sum([size for size, readers in step.frees if not readers & ~done])
        found.append((k, done, high, live))
        if high <= state.peak and live <= state.live:
            del found[:-1]
            break
    for k, done, high, live in found:
        freed = [after for after in steps[k].after if not steps[after].before & ~done]
        yield State(max(state.peak, high), state.lacking - 1, live, next(serial), done,
                    (state.ready - {k}).union(freed), (k, state.path))


def _unwound(path: Any) -> list[int]:
    found = []
    while path is not None:
        k, path = path
        found.append(k)
    return found[::-1]
