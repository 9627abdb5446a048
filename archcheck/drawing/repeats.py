"""Runs of equals: sequences that stand in a row several times."""
from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

MAX_PERIOD = 64
"""The longest sequence that is looked for in repetition."""


@dataclass(frozen=True, order=True)
class Run:
    """``count`` equal sequences of ``period`` blocks, from position ``start`` on."""

    start: int
    period: int
    count: int

    @property
    def stop(self) -> int:
        """The position behind it."""
        return self.start + self.period * self.count


def regions(kinds: Sequence[int]) -> list[tuple[int, int, int]]:
    """The longest stretches ``(start, stop, period)`` in which every block equals the one a period before."""
    found = []
    for period in range(1, min(MAX_PERIOD, len(kinds) // 2) + 1):
        equal = bytes(map(operator.eq, kinds, kinds[period:]))
        found += [(run.start(), run.end() + period, period)
                  for run in re.finditer(b"\1{%d,}" % period, equal)]
    return found


def chosen(regions: Sequence[tuple[int, int, int]], crossing: Sequence[int], rows: Sequence[int],
           accepted: Callable[[Run], bool]) -> list[Run]:
    """Runs that do not overlap and are ``accepted``, those that cover most first, each
    of which saves more than one of ``rows``. Where a run may begin at several places, it begins where the
    fewest values cross, and as late as that can be: between residual blocks, not inside one."""
    taken = [False] * len(crossing)
    runs = []
    for start, stop, period in sorted(regions, key=lambda r: (-((r[1] - r[0]) // r[2] * r[2]), r[2], r[0])):
        while start < stop and taken[start]:
            start += 1
        stop = next((at for at in range(start, stop) if taken[at]), stop)
        count = (stop - start) // period
        if count < 2 or sum(rows[start:start + period]) * (count - 1) < 2:
            continue
        slack = range(start, stop - count * period + 1)
        run = Run(min(slack, key=lambda at: (crossing[at], -at)), period, count)
        if accepted(run):
            taken[run.start:run.stop] = [True] * (run.stop - run.start)
            runs.append(run)
    return sorted(runs)
