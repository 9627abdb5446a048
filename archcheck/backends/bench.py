"""A model measured in ONNX Runtime and joined with its predictions."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from archcheck.analyses.clock import Joined, joined
from archcheck.analyses.devices import Device as Peaks
from archcheck.analyses.origins import origins
from archcheck.analyses.timings import Times
from archcheck.backends.clock import Plan, Progress, clocked
from archcheck.backends.feeds import feeds
from archcheck.backends.filled import ready
from archcheck.backends.guard import Limits
from archcheck.backends.ort import Device, Task, require_runtime
from archcheck.report import Report


class Setting(NamedTuple):
    """How to measure: ``sizes`` that are bound, where and within which limits, from which seed weights and
    inputs are made up, how often, and whether the runtime may change the graph."""

    sizes: Mapping[str, Any]
    device: Device
    limits: Limits
    seed: int = 0
    plan: Plan = Plan()
    optimized: bool = True


@dataclass(frozen=True)
class Bench:
    """What was measured of one model: its ``name``; the nodes that ran, ``joined`` with their predictions;
    ``plain`` times of whole runs without the profiler (None: it did not come to that); the provider and
    version of ONNX Runtime, its threads (None: it decides) and how long opening the session took; how many
    ``nodes`` the model has, and whether the runtime could change them; ``sizes`` that are bound; the device
    of the roofline (None: there is none); how many weights were ``made`` up; and whether it was ``stopped``
    early."""

    name: str
    joined: Joined
    plain: Times | None
    provider: str
    version: str
    threads: int | None
    opening: float
    nodes: int
    optimized: bool
    sizes: Mapping[str, Any] = field(default_factory=dict)
    roofline: Peaks | None = None
    made: int = 0
    stopped: bool = False

    @property
    def seconds(self) -> float:
        """What a typical run takes; with the profiler if it was never measured without."""
        return self.plain.typical if self.plain else self.joined.seconds


def measured(source: str, setting: Setting, peaks: Peaks | None = None,
             progress: Progress = lambda _: None) -> Bench:
    """The model in ``source`` measured, with the roofline of ``peaks``. A symbol that is the first axis of
    its inputs is 1 if it is not bound. Raises `UserError` where another one is open, or it cannot be run."""
    require_runtime()
    with ready(source, setting.sizes, setting.seed) as model:
        batch = dict.fromkeys(batches(model.report), 1)
        sizes = {**setting.sizes, **batch}
        task = Task(model.path, feeds(model.report, sizes, setting.seed), None, setting.device,
                    setting.optimized)
        found = clocked(model, task, sizes, setting.plan, setting.limits, progress)
        graph = found.report.graph
        times = joined(found.report, found.profile, peaks, origins(model.report.graph, graph))
        return Bench(source, times, found.plain, found.session.provider, found.session.version,
                     setting.device.threads, found.session.seconds, len(model.report.graph.nodes),
                     setting.optimized, sizes, peaks, model.made, found.stopped)


def batches(report: Report) -> list[str]:
    """The symbols that are nothing but the first axis of inputs: batches."""
    from archcheck.dims import Dim, symbols
    first: dict[str, None] = {}
    others: set[str] = set()
    for name in report.graph.inputs:
        for axis, size in enumerate(report.types[name].shape or ()):
            found = {atom.args[0] for atom in symbols(size)}
            if axis == 0 and isinstance(size, Dim) and len(found) == 1:
                first.update(dict.fromkeys(found))
            else:
                others |= found
    return [name for name in first if name not in others]
