"""The clock against the prediction: what each node took, beside what is known of it without a run."""
from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from archcheck.analyses.devices import Device
from archcheck.analyses.origins import Origin
from archcheck.analyses.roofline import computed_in
from archcheck.analyses.timings import Kernel, Profile, Times
from archcheck.dims import Size, atom_size, evaluate, symbols

if TYPE_CHECKING:
    from archcheck.report import Report


@dataclass(frozen=True)
class Row:
    """A node that ran, or several taken together (``nodes``). ``seconds`` is what it typically took;
    ``index`` is its place in the graph that ran (None: it is not in there); ``origins`` are the nodes of the
    model that it stands for. ``bound`` is the least time that the roofline gives it, ``shape`` that of its
    first output. What is not known is None."""

    name: str
    op: str
    seconds: float
    index: int | None = None
    times: Times | None = None
    provider: str = ""
    macs: Size | None = None
    flops: Size | None = None
    bytes: Size | None = None
    bound: float | None = None
    origins: tuple[Origin, ...] = ()
    nodes: int = 1
    shape: tuple[Size | None, ...] | None = None

    @property
    def flops_rate(self) -> float | None:
        """FLOPs a second that were reached; None where they are not known, or the time is too short to be
        measured."""
        return self._rate(self.flops)

    @property
    def bytes_rate(self) -> float | None:
        """Bytes a second that were reached, if all came from memory and went there."""
        return self._rate(self.bytes)

    @property
    def efficiency(self) -> float | None:
        """What part of the time the roofline asks for; above 1 where data came from a cache."""
        return None if self.bound is None or not self.seconds else self.bound / self.seconds

    def _rate(self, count: Size | None) -> float | None:
        return count / self.seconds if isinstance(count, int) and self.seconds else None


@dataclass(frozen=True)
class Joined:
    """A profile with its predictions: a row for each node that ran, in the order in which they ran."""

    rows: tuple[Row, ...]
    profile: Profile

    @property
    def seconds(self) -> float:
        """What a typical run took."""
        return self.profile.whole.typical

    @cached_property
    def bound(self) -> float | None:
        """The roofline's time of all nodes that have one; None where none has."""
        known = [row.bound for row in self.rows if row.bound is not None]
        return sum(known) if known else None

    def share(self, row: Row) -> float:
        """What part of a run a row took."""
        return row.seconds / self.seconds if self.seconds else 0.0

    def predicted(self, row: Row) -> float | None:
        """What part of the roofline's time a row has; None where either is not known."""
        return row.bound / self.bound if row.bound is not None and self.bound else None

    def by_operator(self) -> list[Row]:
        """The rows of each operator taken together, the one that took longest first."""
        groups: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows:
            groups[row.op].append(row)
        found = [together(op, op, rows) for op, rows in groups.items()]
        return sorted(found, key=lambda row: -row.seconds)

    def disagreements(self, most: int = 3, least: float = 0.01) -> list[Row]:
        """The rows whose share of the time is farthest from what the roofline predicts, in either direction,
        by ``least`` at least; ``most`` of them."""
        far = [row for row in self.rows if abs(self._off(row)) >= least]
        return sorted(far, key=lambda row: -abs(self._off(row)))[:most]

    def _off(self, row: Row) -> float:
        """By how much the share of a row among the nodes is above what is predicted."""
        predicted = self.predicted(row)
        nodes = sum(self.profile.typical)
        return 0.0 if predicted is None or not nodes else row.seconds / nodes - predicted


def together(name: str, op: str, rows: Sequence[Row]) -> Row:
    """Several rows as one: sums, None where one of them is not known."""
    return Row(name, op, sum(row.seconds for row in rows), macs=_sum(row.macs for row in rows),
               flops=_sum(row.flops for row in rows), bytes=_sum(row.bytes for row in rows),
               bound=_sum(row.bound for row in rows), nodes=len(rows))


def _sum(figures: Iterable[Any]) -> Any:
    known = list(figures)
    return None if any(figure is None for figure in known) else sum(known)


# ------------------------------------------------------------------------------------------------ joining
def joined(report: Report, profile: Profile, device: Device | None = None,
           origins: Sequence[tuple[Origin, ...]] = ()) -> Joined:
    """``profile`` with what ``report``, on the graph that ran, says of each node, and with the roofline of
    ``device``. Sizes that only the data decide are those that the run had."""
    places = placed(report, profile.kernels)
    sizes = decided(report, profile.kernels, places)
    rows = [replace(_row(report, kernel, place, sizes, device, origins), seconds=seconds)
            for kernel, place, seconds in zip(profile.kernels, places, profile.typical)]
    return Joined(tuple(rows), profile)


def decided(report: Report, kernels: Sequence[Kernel], places: Sequence[int | None]) -> dict[str, int]:
    """Numbers for the symbols that are an axis of a node's output by themselves, as the kernels had them."""
    found: dict[str, int] = {}
    for kernel, place in zip(kernels, places):
        names = [name for name in report.graph.nodes[place].outputs if name] if place is not None else []
        for name, measured in zip(names, kernel.shapes if len(names) == len(kernel.shapes) else ()):
            shape = report.types[name].shape or ()
            for size, number in zip(shape, measured if len(shape) == len(measured) else ()):
                atoms = symbols(size)
                if len(atoms) == 1 and not isinstance(size, int) and size == atom_size(*atoms):
                    found.setdefault(next(iter(atoms)).args[0], number)
    return found


def _row(report: Report, kernel: Kernel, index: int | None, sizes: Mapping[str, int], device: Device | None,
         origins: Sequence[tuple[Origin, ...]]) -> Row:
    if index is None:
        return Row(kernel.name, kernel.op, 0.0, None, kernel.times, kernel.provider)
    cost, moved, layer = report.costs[index], report.traffic.by_node[index], report.layers[index]
    figures = cost and cost.mac, cost and cost.flops, moved and moved.total
    macs, flops, count = (evaluate(figure, sizes) for figure in figures)
    shape = None if layer.out_shape is None else tuple(evaluate(size, sizes) for size in layer.out_shape)
    bound = None if device is None else _bound(flops, count, computed_in(report, index), device)
    return Row(layer.name, kernel.op, 0.0, index, kernel.times, kernel.provider, macs, flops, count, bound,
               origins[index] if origins else (), 1, shape)


def _bound(flops: Size | None, count: Size | None, dtype: str | None, device: Device) -> float | None:
    """The least seconds for that many operations in ``dtype`` and bytes; None where either is no number, or
    the device has no peak for it."""
    peak = device.peak(dtype)
    if not isinstance(flops, int) or not isinstance(count, int) or flops and peak is None:
        return None
    return max(flops / peak if peak else 0.0, count / device.bandwidth)


def placed(report: Report, kernels: Sequence[Kernel]) -> list[int | None]:
    """The index of the node that each kernel is. Kernels run in the order of the graph's file; where they do
    not seem to, their names tell, unless they were made up by the runtime."""
    nodes = report.graph.nodes
    if [node.op for node in nodes] == [kernel.op for kernel in kernels]:
        return list(range(len(nodes)))
    waiting: dict[tuple[str, str], deque[int]] = defaultdict(deque)
    for index, node in enumerate(nodes):
        if not _is_made_up(node.name, node.op):
            waiting[node.name, node.op].append(index)
    queues = [waiting[kernel.name, kernel.op] for kernel in kernels]
    return [queue.popleft() if queue else None for queue in queues]


def _is_made_up(name: str, op: str) -> bool:
    """Whether a name may be what a node without one is called: its operator and a number."""
    return re.fullmatch(re.escape(op) + r"_\d+", name) is not None
