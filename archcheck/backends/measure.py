"""A network run with all its values exposed, at several sizes, and held against what was predicted of it."""
from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from archcheck.backends import guard, jobs, ort
from archcheck.backends.draws import draw
from archcheck.backends.feeds import feeds
from archcheck.backends.filled import Ready, ready
from archcheck.backends.guard import Crashed, Limits
from archcheck.backends.ort import Device, Measured, Started, Task
from archcheck.backends.verdicts import DECLARED, DISAGREES, ORDER, Verdict, compared
from archcheck.dims import Dim, symbol
from archcheck.frontends import load
from archcheck.graph import Graph
from archcheck.infer import analyze
from archcheck.report import Report
from archcheck.values import CAP

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many values are through, and of how many."""


@dataclass(frozen=True)
class Run:
    """One run: the ``sizes`` of the symbols; the ``provider`` that really ran; the verdict on each value that
    came out; and what the runtime said where it did not come to its end, else empty."""

    sizes: Mapping[str, int]
    provider: str
    verdicts: tuple[Verdict, ...]
    refused: str = ""


@dataclass(frozen=True)
class Verified:
    """What came of a network: its ``name``; what was predicted, over its symbols; the runs; and how many
    weights were made up."""

    name: str
    report: Report
    runs: tuple[Run, ...]
    made: int = 0

    @cached_property
    def values(self) -> dict[str, tuple[Verdict, Run]]:
        """The worst verdict on each value, and the run it is from."""
        worst: dict[str, tuple[Verdict, Run]] = {}
        for run in self.runs:
            for verdict in run.verdicts:
                known = worst.get(verdict.value)
                if known is None or ORDER.index(verdict.kind) > ORDER.index(known[0].kind):
                    worst[verdict.value] = verdict, run
        return worst

    def of(self, kind: str) -> list[tuple[Verdict, Run]]:
        """The values of one kind of verdict."""
        return [pair for pair in self.values.values() if pair[0].kind == kind]

    @property
    def refused(self) -> tuple[Run, ...]:
        """The runs that did not come to their end."""
        return tuple(run for run in self.runs if run.refused)

    @property
    def is_right(self) -> bool:
        """Whether it ran each time, and nothing was found wrong, in the prediction or in the file."""
        return not self.refused and not self.of(DISAGREES) and not self.of(DECLARED)


def verify(source: str | Path, sizes: Mapping[str, Any] | None = None, count: int = 2, seed: int = 0,
           device: Device = Device(), limits: Limits = Limits(),
           progress: Progress | None = None) -> Verified:
    """Run the network in ``source`` at ``count`` sizes of its symbols (`archcheck.backends.draws`), with
    ``sizes`` pinned, and compare every value of its main graph. Those of a specification's inputs that have a
    default are drawn as well. Raises `UserError` where there is nothing to run it with."""
    ort.require_runtime()
    graph = load(source)
    report = analyze(graph, opened(graph, sizes or {}))
    runs, made = [], 0
    with ExitStack() as stack:
        once = None if graph.family else stack.enter_context(ready(source, sizes, seed))
        for drawn in draw(report, count, seed):
            at = {**(sizes or {}), **drawn}
            with ExitStack() as inner:
                it = once or inner.enter_context(ready(source, at, seed))
                runs.append(_run(it, graph, report, at, seed, device, limits, progress))
                made = it.made
    return Verified(str(source), report, tuple(runs), made)


def opened(graph: Graph, sizes: Mapping[str, Any]) -> dict[str, Any]:
    """``sizes``, and symbols for those that a description gives its inputs by default."""
    fixed = graph.family.fixed if graph.family else ()
    return {**{name: symbol(name) for name in fixed}, **sizes}


def _run(it: Ready, graph: Graph, report: Report, sizes: Mapping[str, Any], seed: int, device: Device,
         limits: Limits, progress: Progress | None) -> Run:
    """One run at ``sizes``; what is known of the sizes' numbers is held against it as well."""
    here = analyze(graph, sizes)
    symbols = {name: size for name, size in sizes.items() if not isinstance(size, Dim)}
    found: list[Measured] = []
    provider = refused = ""
    try:
        task = Task(it.path, feeds(here, {}, seed), device=device)
        slices = ort.slices_at(here, {}, limits)
        total = sum(map(len, slices))
        for record in guard.stream(small, task, slices, limits=limits, about=it.name):
            if isinstance(record, Started):
                provider = record.provider
            elif isinstance(record, Measured):
                found.append(record)
                if progress:
                    progress(it.name, len(found), total)
    except Crashed as crash:
        refused = str(crash)
    return Run(symbols, provider, tuple(_both(report, here, symbols, found)), refused)


def _both(report: Report, here: Report, sizes: Mapping[str, int],
          found: Sequence[Measured]) -> Iterator[Verdict]:
    """The verdicts on formulas, and in their place those on what is known at these sizes where that is
    wrong."""
    for formula, number in zip(compared(report, sizes, found), compared(here, {}, found)):
        if number.kind == DISAGREES != formula.kind:
            yield number._replace(why=f"at these sizes {number.why}")
        else:
            yield formula


def small(task: Task, slices: Sequence[Sequence[str]]) -> Iterator[Any]:
    """The job of a run: every value with its dtype and shape, and the elements of small ones."""
    for record in jobs.measured(task, slices, True, False):
        yield _light(record) if isinstance(record, Measured) else record


def _light(record: Measured) -> Measured:
    """A value with the dtype that its elements really have, without them where they are many."""
    import numpy
    data = record.data
    if not isinstance(data, numpy.ndarray):
        return record._replace(data=None)
    dtype = record.dtype
    if dtype.startswith("opt("):
        dtype = dtype[4:-1]
    if record.dtype == dtype and data.dtype.kind in "biufc" and not _is_odd(dtype):
        dtype = data.dtype.name
    return record._replace(dtype=dtype, data=data if math.prod(data.shape) <= CAP else None)


def _is_odd(dtype: str) -> bool:
    from archcheck.backends._arrays import ODD
    return dtype in ODD
