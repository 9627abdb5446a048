"""How long a network takes in ONNX Runtime: whole runs as they are, and under the profiler node by node.

The two are measured one after the other, in a process each, on the same inputs. What the profiler sees is the
graph that really ran, so that this one is analyzed too.
"""
from __future__ import annotations

import signal
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from archcheck.analyses.timings import Profile, Times
from archcheck.backends import guard
from archcheck.backends.filled import Ready
from archcheck.backends.ort import Task, require_runtime
from archcheck.dims import symbols
from archcheck.frontends import load
from archcheck.infer import analyze
from archcheck.report import Report

Progress = Callable[[float], None]
"""Told what part of the work is done, from 0 to 1."""


class Plan(NamedTuple):
    """How often to run: ``warmup`` runs that are not measured, then at most ``runs`` (None: any number) and
    until ``seconds`` are over, but once at least."""

    warmup: int = 3
    runs: int | None = None
    seconds: float = 2.5


class Opened(NamedTuple):
    """A session is there: the provider, the version of ONNX Runtime, and how many seconds opening took."""

    provider: str
    version: str
    seconds: float


class Ran(NamedTuple):
    """Seconds that some more runs took."""

    seconds: list[float]


@dataclass(frozen=True)
class Clocked:
    """What was measured: the ``report`` on the graph that really ran, its ``profile``, ``plain`` times of
    whole runs without the profiler (None: it was stopped before), the session, and whether it was
    ``stopped``."""

    report: Report
    profile: Profile
    plain: Times | None
    session: Opened
    stopped: bool


def clocked(ready: Ready, task: Task, sizes: Mapping[str, Any], plan: Plan, limits: guard.Limits,
            progress: Progress = lambda _: None) -> Clocked:
    """Measure ``task``, which runs ``ready`` at ``sizes``. Ctrl-C ends it after the run that is going on, and
    what was measured so far is the answer; a second one, or one before the first run, is a
    `KeyboardInterrupt`. Raises `archcheck.errors.UserError` where the network cannot be run."""
    require_runtime()
    from archcheck.backends import clock_jobs
    with tempfile.TemporaryDirectory(prefix="archcheck-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with _stoppable(folder / "stop") as stop:
            stages = _Stages(plan, progress, stop)
            profile = stages.run(guard.stream(clock_jobs.profiled, task, plan, stop, folder, limits=limits,
                                              about=ready.name))
            if profile is None:
                raise KeyboardInterrupt
            stages.seconds, stages.done = [], 0.5
            if not stop.exists():
                stages.run(guard.stream(clock_jobs.timed, task, plan, stop, limits=limits, about=ready.name))
            plain = Times(tuple(stages.seconds)) if stages.seconds else None
            report = _analyzed(folder / "model.onnx", sizes)
            return Clocked(report, profile, plain, stages.session, stop.exists())


class _Stages:
    """Collects what the two jobs yield."""

    def __init__(self, plan: Plan, progress: Progress, stop: Path) -> None:
        self.plan, self.progress, self.stop, self.done = plan, progress, stop, 0.0
        self.seconds: list[float] = []
        self.session = Opened("", "", 0.0)

    def run(self, records: Iterator[Any]) -> Profile | None:
        """All records of a job; its profile, if it yields one. A child that is starting ends by Ctrl-C."""
        try:
            return self._collected(records)
        except guard.Crashed:
            if self.stop.exists():
                return None
            raise

    def _collected(self, records: Iterator[Any]) -> Profile | None:
        profile = None
        for record in records:
            if isinstance(record, Opened):
                self.session = record
            elif isinstance(record, Ran):
                self.seconds += record.seconds
                self.progress(self.done + self._part() / 2)
            else:
                profile = record
        return profile

    def _part(self) -> float:
        by_count = len(self.seconds) / self.plan.runs if self.plan.runs else 0.0
        return min(max(by_count, sum(self.seconds) / self.plan.seconds), 1.0)


def _analyzed(path: Path, sizes: Mapping[str, Any]) -> Report:
    """The report on a model whose file is about to go: all that is read of it is read now."""
    graph = load(path.read_bytes())
    axes = [size for kind in graph.inputs.values() for size in kind.shape or ()]
    names = {atom.args[0] for size in axes for atom in symbols(size)}
    report = analyze(graph, {name: size for name, size in sizes.items() if name in names})
    assert report.traffic is not None
    return report


@contextmanager
def _stoppable(stop: Path) -> Iterator[Path]:
    """Where the first Ctrl-C makes the file ``stop``, instead of ending what goes on."""
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def asked(*_: object) -> None:
        if stop.exists():
            raise KeyboardInterrupt
        stop.touch()

    before = signal.signal(signal.SIGINT, asked)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
