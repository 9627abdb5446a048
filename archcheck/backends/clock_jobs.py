"""The jobs of `archcheck.backends.clock` that run in the child process."""
from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from archcheck.backends import _arrays, jobs, trace
from archcheck.backends.clock import Opened, Plan, Ran
from archcheck.backends.ort import Task

PERIOD = 0.1
"""Seconds between two records, so that sending them does not disturb what is measured."""

MAX_EVENTS = 20_000
"""So many events a trace may have: each takes a kilobyte."""


def timed(task: Task, plan: Plan, stop: Path) -> Iterator[Any]:
    """Run as ``plan`` says, until there is a file ``stop``: `Opened`, then `Ran` again and again."""
    session, opened = _opened(task, jobs.session_options(task.device, task.optimized))
    yield opened
    yield from _runs(_caller(session, task), plan, stop)


def profiled(task: Task, plan: Plan, stop: Path, folder: Path) -> Iterator[Any]:
    """The same under the profiler; last comes the `Profile`, if there was a run. The trace goes into
    ``folder``, and so does the graph that really ran, as ``model.onnx``."""
    os.environ["CUDA_LAUNCH_BLOCKING"] = "1"  # else a node has ended before its kernels have begun
    options = jobs.session_options(task.device, task.optimized)
    options.enable_profiling, options.profile_file_prefix = True, str(folder / "trace")
    options.optimized_model_filepath = str(folder / "model.onnx")
    for key, value in (("file_name", "model.data"), ("min_size_in_bytes", "16384")):
        options.add_session_config_entry(f"session.optimized_model_external_initializers_{key}", value)
    session, opened = _opened(task, options)
    yield opened
    most = max(MAX_EVENTS // max(_nodes(folder / "model.onnx"), 1), 3)
    runs = plan._replace(runs=min(plan.runs or most, most))
    walls: list[float] = []
    for ran in _runs(_caller(session, task), runs, stop):
        walls += ran.seconds
        yield ran
    events = json.loads(Path(session.end_profiling()).read_bytes())
    if walls:
        yield trace.profile(events, walls)


def _opened(task: Task, options: Any) -> tuple[Any, Opened]:
    import onnxruntime
    begin = time.perf_counter()
    session = jobs.opened(task, options=options)
    return session, Opened(session.get_providers()[0], onnxruntime.__version__, time.perf_counter() - begin)


def _nodes(path: Path) -> int:
    """How many nodes the main graph of a model has."""
    from archcheck.frontends import load
    return len(load(path).nodes)


def _caller(session: Any, task: Task) -> Callable[[], Any]:
    """What runs the session once: as everybody does, unless numpy has no type for what goes in or out."""
    feeds = jobs.fed(session, task.feeds)
    values = [*session.get_inputs(), *session.get_outputs()]
    if not any(_arrays.dtype_of(value.type) in _arrays.ODD for value in values):
        return lambda: session.run(None, feeds)
    names = [value.name for value in session.get_outputs()]
    handles = {name: _arrays.handle(value) for name, value in feeds.items()}
    return lambda: session.run_with_ort_values(names, handles)


def _runs(call: Callable[[], Any], plan: Plan, stop: Path) -> Iterator[Ran]:
    """Warm up, then measure until there are enough runs, or it took long enough, or ``stop`` is there."""
    left = _warmed(call, plan, stop)
    seconds: list[float] = []
    begin = sent = time.perf_counter()
    while left and not stop.exists():
        start = time.perf_counter()
        call()
        end = time.perf_counter()
        seconds.append(end - start)
        left -= 1
        left *= end - begin < plan.seconds
        if end - sent > PERIOD:
            yield Ran(seconds)
            seconds, sent = [], time.perf_counter()
    if seconds:
        yield Ran(seconds)


def _warmed(call: Callable[[], Any], plan: Plan, stop: Path) -> int:
    """Run without measuring; how many runs may follow."""
    begin = time.perf_counter()
    for _ in range(plan.warmup):
        if stop.exists() or time.perf_counter() - begin > plan.seconds:
            break
        call()
    return plan.runs or 1 << 30
