"""Times that were measured: of whole runs of a network, and of its nodes in them."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median


@dataclass(frozen=True)
class Times:
    """Seconds that the same thing took, once for each time it was measured."""

    seconds: Sequence[float]

    def __len__(self) -> int:
        return len(self.seconds)

    @cached_property
    def median(self) -> float:
        """Half of them took longer."""
        return median(self.seconds)

    @cached_property
    def quartiles(self) -> tuple[float, float]:
        """A quarter of them took less than the first, a quarter more than the second; interpolated."""
        ordered = sorted(self.seconds)
        return _at(ordered, 0.25), _at(ordered, 0.75)

    @cached_property
    def middle(self) -> tuple[int, ...]:
        """Which are in the middle half: neither in the fastest quarter nor in the slowest."""
        order = sorted(range(len(self.seconds)), key=lambda k: self.seconds[k])
        aside = len(order) // 4
        return tuple(order[aside:len(order) - aside])

    @cached_property
    def typical(self) -> float:
        """The mean of the middle half. Unlike medians, such means of parts come to that of the whole."""
        return self.mean(self.middle)

    def mean(self, turns: Sequence[int]) -> float:
        """The mean of those at ``turns``."""
        return sum(self.seconds[turn] for turn in turns) / len(turns)

    @property
    def spread(self) -> float:
        """From the first quartile to the last."""
        low, high = self.quartiles
        return high - low


def _at(ordered: Sequence[float], part: float) -> float:
    place = part * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


@dataclass(frozen=True)
class Kernel:
    """A node as a runtime ran it: its name there, its operator, the provider that ran it, its times, and the
    ``shapes`` that its outputs had, where all of them are tensors."""

    name: str
    op: str
    provider: str
    times: Times
    shapes: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True)
class Profile:
    """Runs under a profiler: the ``kernels`` in the order in which they ran, each with a time for each run,
    and the times of the ``whole`` runs."""

    kernels: tuple[Kernel, ...]
    whole: Times

    @cached_property
    def typical(self) -> tuple[float, ...]:
        """For each kernel its mean over the middle half of the runs: see `Times.typical`. With `between` they
        come to what a typical run took."""
        return tuple(kernel.times.mean(self.whole.middle) for kernel in self.kernels)

    @property
    def between(self) -> float:
        """What is left of a typical run without its kernels: before, between and after them."""
        return self.whole.typical - sum(self.typical)
