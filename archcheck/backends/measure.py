"""A network run with all its values exposed, at several sizes, and held against what was predicted of it."""
from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from archcheck.backends import guard, jobs, ort
from archcheck.backends.draws import draw
from archcheck.backends.feeds import feeds
from archcheck.backends.filled import Ready, ready
from archcheck.backends.guard import Crashed, Limits
from archcheck.backends.ort import Device, Measured, Started, Task
from archcheck.backends.verdicts import DECLARED, DISAGREES, ORDER, Verdict, compared
from archcheck.dims import Dim, symbol
from archcheck.frontends import Source, bytes_of, graph_in
from archcheck.frontends._source import said
from archcheck.graph import Graph, TensorType
from archcheck.infer import analyze
from archcheck.report import Report
from archcheck.reporters.text import size_in_bytes
from archcheck.values import CAP

CPU_DEVICE, DEFAULT = Device(), Limits()
Progress = Callable[[str, int], AbstractContextManager[Callable[[], None]]]
"""Called with what is being done and how many values there are: what it gives is called for each that is
through."""


def silent(_what: str, _total: int) -> AbstractContextManager[Callable[[], None]]:
    """No progress is shown."""
    return nullcontext(lambda: None)


@dataclass(frozen=True)
class Run:
    """One run: the ``sizes`` of the symbols; the ``provider`` that really ran; the verdict on each value that
    came out; and what was said where it did not come to its end, else empty, which is short for ``reason``
    (`archcheck.backends.guard.Crashed`)."""

    sizes: Mapping[str, int]
    provider: str
    verdicts: tuple[Verdict, ...]
    refused: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Verified:
    """What came of a network: its ``name``; the runs; by the names of values the operators that make them;
    how many weights were made up; and whether all this is remembered from runs before."""

    name: str
    runs: tuple[Run, ...]
    ops: Mapping[str, str] = field(default_factory=dict)
    made: int = 0
    is_remembered: bool = False

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


@dataclass(frozen=True)
class How:
    """How a network is run: from which ``seed`` weights and inputs are made up, on which device, and within
    which limits; and what shows the ``progress``."""

    seed: int = 0
    device: Device = CPU_DEVICE
    limits: Limits = DEFAULT
    progress: Progress = silent


AS_USUAL = How()


def verify(source: str | bytes | os.PathLike[str] | Source, sizes: Mapping[str, Any] | None = None, *,
           count: int = 2, free: Sequence[str] = (), how: How = AS_USUAL) -> Verified:
    """Run the network in ``source``, a `Source` or what `archcheck.frontends.bytes_of` takes, at ``count``
    sizes of its symbols (`archcheck.backends.draws`), with ``sizes`` pinned, and compare every value of its
    main graph. Those of a specification's inputs that have a default are drawn as well, and those that
    ``free`` makes symbols (`archcheck.analyses.freeing`). Raises `UserError` where there is nothing to run it
    with."""
    ort.require_runtime()
    found, pinned = source if isinstance(source, Source) else bytes_of(source), sizes or {}
    graph, name = graph_in(found), said(found.name)
    with ExitStack() as stack:
        if free:
            graph, found = _freed(stack, graph, free, how)
        report = analyze(graph, opened(graph, pinned))
        models = _Models(stack, found, graph, name, how)
        runs = [_run(models, report, {**pinned, **drawn}, how) for drawn in draw(report, count, how.seed)]
    return Verified(name, tuple(runs), _ops(graph), models.made)


def _ops(graph: Graph) -> dict[str, str]:
    """By the names of values the operators that make them."""
    return {name: node.op for node in graph.nodes for name in node.outputs}


def opened(graph: Graph, sizes: Mapping[str, Any]) -> dict[str, Any]:
    """``sizes``, and symbols for those that a description gives its inputs by default."""
    fixed = graph.family.fixed if graph.family else ()
    return {**{name: symbol(name) for name in fixed}, **sizes}


def _freed(stack: ExitStack, graph: Graph, free: Sequence[str], how: How) -> tuple[Graph, Source]:
    """The network with symbols in place of fixed sizes, and a file of it. What it declares of its values is
    for the sizes that were fixed."""
    from archcheck.analyses import freeing
    from archcheck.writers.onnx import export
    graph = replace(freeing.free(graph, free)[0], declared={})
    folder = stack.enter_context(TemporaryDirectory(prefix="archcheck-", ignore_cleanup_errors=True))
    path = Path(folder, "free.onnx")
    export(graph, path, seed=how.seed)
    return graph, bytes_of(path)


class _Models:
    """The files that are run: one for all sizes, or of a specification one for each."""

    def __init__(self, stack: ExitStack, found: Source, graph: Graph, name: str, how: How) -> None:
        self.stack, self.found, self.graph, self.name, self.how = stack, found, graph, name, how
        self.made = 0
        self._once: Ready | None = None

    @contextmanager
    def at(self, sizes: Mapping[str, Any]) -> Iterator[Ready]:
        """The one to be run at ``sizes``."""
        with ExitStack() as inner:
            lasts = self.stack if self.graph.family is None else inner
            it = self._once or lasts.enter_context(ready(self.found, sizes, self.how.seed))
            self._once = it if lasts is self.stack else None
            self.made = it.made
            yield it._replace(name=self.name)


def _run(models: _Models, report: Report, sizes: Mapping[str, Any], how: How) -> Run:
    """One run at ``sizes``; what is known of the sizes' numbers is held against it as well."""
    here = analyze(models.graph, sizes)
    symbols = {name: size for name, size in sizes.items() if not isinstance(size, Dim)}
    found: list[Measured] = []
    provider = refused = reason = ""
    try:
        _require_room(models.name, here, how.limits)
        with models.at(sizes) as it:
            for record in _records(it, here, how):
                if isinstance(record, Started):
                    provider = record.provider
                elif isinstance(record, Measured):
                    found.append(record)
    except Crashed as crash:
        refused, reason = str(crash), crash.reason
    return Run(symbols, provider, tuple(_both(report, here, symbols, found)), refused, reason)


def _require_room(name: str, report: Report, limits: Limits) -> None:
    """Raise `Crashed` where the weights alone are more than may be had."""
    sizes = [kind.bytes for kind in report.graph.weights.values()]
    total, most = sum(size for size in sizes if isinstance(size, int)), limits.bytes
    if most is not None and total > most:
        raise Crashed(guard.MEMORY, f"the weights of {name} alone are {size_in_bytes(total)}, and "
                      f"{size_in_bytes(most)} of memory may be taken", "give it more with --max-memory")


def _records(it: Ready, here: Report, how: How) -> Iterator[Any]:
    """What comes of the run of a file, slice by slice."""
    task = Task(it.path, feeds(here, {}, how.seed), device=how.device)
    slices = ort.slices_at(here, {}, how.limits)
    with how.progress(it.name, sum(map(len, slices))) as tick:
        for record in guard.stream(small, task, slices, limits=how.limits, about=it.name):
            yield record
            if isinstance(record, Measured):
                tick()


def _both(report: Report, here: Report, sizes: Mapping[str, int],
          found: Sequence[Measured]) -> Iterator[Verdict]:
    """The verdicts on formulas, and in their place those on what is known at these sizes where that is
    wrong."""
    for formula, number in zip(compared(report, sizes, found), compared(here, {}, found)):
        if number.kind == DISAGREES != formula.kind:
            formula = number._replace(said=f"{number.said}, analyzed at these sizes")
        yield _plain(formula)


def _plain(verdict: Verdict) -> Verdict:
    """A verdict without elements, which have been compared."""
    told = verdict.told
    return verdict._replace(told=told and TensorType(told.dtype, told.shape),
                            found=verdict.found._replace(data=None))


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
