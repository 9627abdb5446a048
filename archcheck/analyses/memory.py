"""The memory that a network takes: what is in memory at each node, when it is most, how much of that another
order of the nodes would save, and what training takes."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from archcheck.analyses.lifetimes import INPUT, Lifetimes, lifetimes
from archcheck.analyses.orders import START, Piece, Problem
from archcheck.analyses.peaks import Peak
from archcheck.analyses.schedule import Schedule, best_order
from archcheck.analyses.training_memory import Saved, Training, saved_for_backward, training_memory
from archcheck.dims import Size, evaluate, total

if TYPE_CHECKING:
    from archcheck.report import Report


@dataclass(frozen=True)
class Memory:
    """The memory of the network that ``report`` is about, in bytes. Values whose size is not known (see
    `unknown`) are left out of all numbers, which are then too small."""

    report: Report

    @cached_property
    def plain(self) -> Lifetimes:
        """All activations, each value in memory of its own."""
        return lifetimes(self.report.walk, self.report.weights.constants)

    @cached_property
    def viewed(self) -> Lifetimes:
        """The same with views in the memory of what they look at."""
        return self.plain.with_views()

    @property
    def unknown(self) -> tuple[str, ...]:
        """The values whose size is not known."""
        return self.plain.unknown

    @property
    def weights(self) -> Size:
        """All tensors that are stored."""
        return total(self.report.weights.bytes_by_dtype.values())

    @property
    def activations(self) -> Size:
        """Everything that nodes make, as if nothing were ever freed."""
        return self.plain.total

    @property
    def timeline(self) -> tuple[Size, ...]:
        """What is in memory while each node runs, in the order of the file, weights not counted."""
        return self.plain.timeline

    @property
    def peak(self) -> Peak:
        """The most that is in memory at once, in the order of the file, weights not counted."""
        return self.plain.peak

    @property
    def to_run(self) -> Size:
        """The weights and the peak."""
        return self.weights + self.peak.bytes

    @property
    def to_run_at_most(self) -> tuple[Size, ...]:
        """The sizes of which `to_run` is the largest, whichever that is."""
        return tuple(self.weights + self.timeline[place] for place in self.peak.places) or (self.weights,)

    def schedule(self, sizes: Mapping[str, int] | None = None) -> Schedule | None:
        """The best order found, and what any order takes at least, where the symbols are ``sizes``; None
        where that does not make numbers of all sizes."""
        tensors = self.plain.tensors
        bytes_ = _numbers((tensor.bytes for tensor in tensors), sizes or {})
        work = _numbers(self.plain.work, sizes or {})
        if bytes_ is None or work is None:
            return None
        return best_order(Problem([
            Piece(size, START if tensor.made == INPUT else tensor.made, tensor.readers, tensor.kept)
            for size, tensor in zip(bytes_, tensors)], work))

    @cached_property
    def saved(self) -> Saved:
        """What training keeps of the forward pass for the backward one."""
        return saved_for_backward(self.report.walk, self.report.weights)

    def training(self, optimizer: str = "adam") -> Training:
        """What training takes with one of `OPTIMIZERS`."""
        return training_memory(self.report.weights, self.saved, optimizer)


def _numbers(sizes: Iterable[Size], symbols: Mapping[str, int]) -> list[int] | None:
    found = [evaluate(size, symbols) for size in sizes]
    numbers = [size for size in found if isinstance(size, int)]
    return numbers if len(numbers) == len(found) else None
