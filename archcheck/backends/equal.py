"""Two networks run on the same inputs, and what comes out compared: number by number, within a tolerance.

    equality = compare("before.onnx", "after.onnx")
    equality.is_equal, equality.runs[0].first
"""
from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, NamedTuple

from archcheck.backends import guard, ort
from archcheck.backends._differences import Difference, Pair, Tolerance, differences
from archcheck.backends.draws import draw
from archcheck.backends.feeds import feeds, numpy_type
from archcheck.backends.filled import Ready, ready
from archcheck.backends.guard import Crashed, Limits
from archcheck.backends.measure import CPU_DEVICE, DEFAULT, opened
from archcheck.backends.ort import Device, Started, Task
from archcheck.backends.verdicts import shown
from archcheck.dims import symbols
from archcheck.errors import UserError
from archcheck.frontends import Source, bytes_of, graph_in
from archcheck.frontends._source import said
from archcheck.graph import Graph
from archcheck.infer import analyze
from archcheck.report import Report


class NotComparable(UserError):
    """Two networks that cannot be fed the same, or have not the same outputs."""


@dataclass(frozen=True)
class Compared:
    """One run of both: the ``sizes`` of the old one's symbols, the ``provider``, how much each output
    differs, the ``first`` value of both that does, in the order in which the old one makes them (None: none
    does, or none has the same name), and what the runtime said where it did not come to its end."""

    sizes: Mapping[str, int]
    provider: str
    outputs: tuple[Difference, ...]
    first: Difference | None = None
    refused: str = ""


@dataclass(frozen=True)
class Equality:
    """What came of comparing the networks called ``old`` and ``new``; ``made`` weights of each were made up,
    from their names."""

    old: str
    new: str
    runs: tuple[Compared, ...]
    made: tuple[int, int] = (0, 0)

    @property
    def is_equal(self) -> bool:
        """Whether all outputs were equal, within the tolerance, in every run."""
        return all(not run.refused and run.outputs and all(one.is_equal for one in run.outputs)
                   for run in self.runs)


class Side(NamedTuple):
    """One of the two at some sizes: the file that runs, and what is known of it there."""

    ready: Ready
    report: Report


def compare(old: str | bytes | os.PathLike[str], new: str | bytes | os.PathLike[str],
            sizes: Mapping[str, Any] | None = None, *, count: int = 2, seed: int = 0,
            rtol: float | None = None, atol: float | None = None, device: Device = CPU_DEVICE,
            limits: Limits = DEFAULT) -> Equality:
    """Run ``old`` and ``new``, paths or the bytes of files, at ``count`` sizes of the old one's symbols, with
    ``sizes`` pinned, on the same random inputs. Inputs, outputs and values of the same name belong together;
    inputs and outputs of other names do in their order, if they are equally many. Raises `NotComparable`, and
    `UserError` where there is nothing to run them with."""
    ort.require_runtime()
    sources = bytes_of(old), bytes_of(new)
    graphs = graph_in(sources[0]), graph_in(sources[1])
    _require_alike(*graphs)
    pinned = sizes or {}
    report = analyze(graphs[0], opened(graphs[0], pinned))
    runs: list[Compared] = []
    made = 0, 0
    for drawn in draw(report, count, seed):
        with ExitStack() as stack:
            left = _side(stack, sources[0], graphs[0], {**pinned, **drawn}, seed)
            right = _side(stack, sources[1], graphs[1], _translated(left.report, graphs[1]), seed)
            made = left.ready.made, right.ready.made
            runs.append(_compared(left, right, drawn, Tolerance(rtol, atol), seed, device, limits))
    return Equality(said(sources[0].name), said(sources[1].name), tuple(runs), made)


def _side(stack: ExitStack, source: Source, graph: Graph, sizes: Mapping[str, Any], seed: int) -> Side:
    it = stack.enter_context(ready(source, sizes, seed))
    return Side(it, analyze(graph, sizes))


def _compared(left: Side, right: Side, sizes: Mapping[str, int], tolerance: Tolerance, seed: int,
              device: Device, limits: Limits) -> Compared:
    """Both run once."""
    _require_shapes(left, right)
    fed = feeds(left.report, {}, seed)
    tasks = (Task(left.ready.path, fed, device=device),
             Task(right.ready.path, _renamed(fed, left.report, right.report), device=device))
    outputs = _pairs(left.report.graph.outputs, right.report.graph.outputs)
    inner = [[Pair(name, name) for name in names] for names in _shared(left, right, limits)]
    found: list[Difference] = []
    first, provider, refused = None, "", ""
    try:
        for record in guard.stream(differences, tasks, outputs, inner, tolerance, limits=limits,
                                   about=f"{left.ready.name} or {right.ready.name}"):
            if isinstance(record, Started):
                provider = record.provider
            elif len(found) < len(outputs):
                found.append(record)
            else:
                first = record
    except Crashed as crash:
        refused = str(crash)
    return Compared(sizes, provider, tuple(found), first, refused)


# ------------------------------------------------------------------------------------- what belongs together
def _require_alike(old: Graph, new: Graph) -> None:
    """Raise where the new one has inputs of its own, or lacks outputs."""
    for what, ours, theirs, few, many in (("inputs", old.inputs, new.inputs, new.inputs, old.inputs),
                                          ("outputs", old.outputs, new.outputs, old.outputs, new.outputs)):
        if len(ours) != len(theirs) and not set(few) <= set(many):
            raise NotComparable(f"the networks have not the same {what}: {_listed(ours)}, and "
                                f"{_listed(theirs)}")


def _listed(names: Any) -> str:
    found = list(names)
    return ", ".join(found[:6]) + (f" and {len(found) - 6} more" if len(found) > 6 else "") or "none"


def _pairs(old: Sequence[str], new: Sequence[str]) -> list[Pair]:
    """The outputs that belong together: by name, or where a name is missing in their order."""
    return [Pair(name, other) for name, other in zip(old, old if set(old) <= set(new) else new)]


def _partners(old: Report, graph: Graph) -> Iterator[tuple[str, str]]:
    """The inputs of the old one and those of the other that belong together."""
    names, others = list(old.graph.inputs), list(graph.inputs)
    return zip(others if set(others) <= set(names) else names, others)


def _renamed(fed: Mapping[str, Any], old: Report, new: Report) -> dict[str, Any]:
    """What the old one was fed, by the other one's names and in its types."""
    return {other: _as(fed[name], new.types[other].dtype) for name, other in _partners(old, new.graph)}


def _as(value: Any, dtype: str | None) -> Any:
    is_plain = hasattr(value, "astype") and dtype is not None and "(" not in dtype and dtype != "string"
    return value.astype(numpy_type(dtype)) if is_plain and dtype else value


def _require_shapes(left: Side, right: Side) -> None:
    """Raise where an input of the new one does not take what the old one's does."""
    for name, other in _partners(left.report, right.report.graph):
        ours, theirs = left.report.types[name].shape, right.report.types[other].shape
        if ours is not None and theirs is not None and (len(ours) != len(theirs) or any(
                isinstance(size, int) and size != number for size, number in zip(theirs, ours))):
            raise NotComparable(f"{left.ready.name} takes {shown(ours)} for its input {name}, and "
                                f"{right.ready.name} {shown(theirs)} for {other}; --set binds sizes")


def _translated(old: Report, graph: Graph) -> dict[str, int]:
    """The sizes that the other network's symbols have where its inputs have the shapes of the old one's."""
    free = analyze(graph, opened(graph, {}))
    found: dict[str, int] = {}
    for name, other in _partners(old, graph):
        for size, number in zip(free.types[other].shape or (), old.types[name].shape or ()):
            atoms = list(symbols(size))
            if len(atoms) == 1 and isinstance(number, int):
                found.setdefault(atoms[0].args[0], number)
    return found


def _shared(left: Side, right: Side, limits: Limits) -> list[list[str]]:
    """The inner values that both have, in slices that fit the memory twice."""
    theirs = set(ort.inner_values(right.report))
    slices = ort.slices_at(left.report, {}, Limits(limits.timeout, limits.bytes and limits.bytes // 2))
    return [kept for names in slices if (kept := [name for name in names if name in theirs])]
