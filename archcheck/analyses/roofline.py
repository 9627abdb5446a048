"""The roofline: how long each node takes at least on a device, and what holds it up.

A node that runs by itself, and whose data come from and go to memory, cannot take less time than its
operations take at the device's peak, nor less than its bytes take at its bandwidth (Williams, Waterman and
Patterson 2009). A runtime that fuses nodes, or finds data in a cache, moves fewer bytes.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from archcheck.analyses.devices import Device
from archcheck.analyses.flows import is_differentiable
from archcheck.analyses.taps import products
from archcheck.graph import TensorType

if TYPE_CHECKING:
    from archcheck.report import Report

COMPUTE, MEMORY = "compute", "memory"
UNTOLD = "bodies and unknown dtypes"


class Bound(NamedTuple):
    """The least ``seconds`` a node takes, and whether ``compute`` or ``memory`` holds it up."""

    seconds: float
    by: str


@dataclass(frozen=True)
class Roofline:
    """The bound of each node on a ``device``: None where its bytes or operations are no numbers. ``dtypes``
    are those whose peaks were used; ``unrated`` counts, by dtype, nodes whose operations the device has no
    peak for: they are bound by memory only."""

    device: Device
    by_node: tuple[Bound | None, ...]
    dtypes: tuple[str, ...]
    unrated: Mapping[str, int]

    @property
    def seconds(self) -> float:
        """The least time that the nodes with a bound take one after the other."""
        return sum(bound.seconds for bound in self.by_node if bound is not None)

    @property
    def by(self) -> Mapping[str, float]:
        """The seconds of the nodes that compute holds up, and of those that memory does."""
        return {kind: sum(bound.seconds for bound in self.by_node if bound is not None and bound.by == kind)
                for kind in (COMPUTE, MEMORY)}


def roofline(report: Report, device: Device) -> Roofline:
    """The roofline bound of every node of the main graph on ``device``."""
    rated, unrated = dict[str, None](), Counter[str]()
    bounds: list[Bound | None] = []
    for index, (cost, moved) in enumerate(zip(report.costs, report.traffic.by_node)):
        flops, count = cost and cost.flops, moved and moved.total
        if not isinstance(flops, int) or not isinstance(count, int):
            bounds.append(None)
            continue
        dtype = computed_in(report, index) or UNTOLD
        peak = device.peak(dtype)
        if flops and peak is None:
            unrated[dtype] += 1
        elif flops:
            rated[dtype] = None
        bounds.append(_bound(flops / peak if peak else 0.0, count / device.bandwidth))
    return Roofline(device, tuple(bounds), tuple(rated), dict(unrated))


def _bound(compute: float, memory: float) -> Bound:
    return Bound(compute, COMPUTE) if compute > memory else Bound(memory, MEMORY)


def computed_in(report: Report, index: int) -> str | None:
    """The dtype that a node computes in: that of the data it multiplies; else of its output, or where that is
    no floating-point number of its first input. None for a node that runs others, each in its own."""
    effect, node = report.effects[index], report.graph.nodes[index]
    if index in report.walk.bodies:
        return None
    inputs: list[TensorType | None] = [report.types.get(name) if name else None for name in node.inputs]
    for product in products(effect, inputs) or ():
        factor = inputs[product.left[0]]
        return factor and factor.dtype
    first = next((kind for kind in inputs if kind is not None), None)
    return (effect.outputs[0] if is_differentiable(effect.outputs[0]) or first is None else first).dtype
