"""The figures of a network that budgets limit and locks keep."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from archcheck.dims import Size
from archcheck.graph import Literal
from archcheck.report import Report


class Figure(NamedTuple):
    """A figure: the largest of ``sizes`` (none: it is not known), and what is ``missing`` from it, in words
    ("": nothing)."""

    sizes: Sequence[Size]
    missing: str = ""


def file_size(report: Report) -> Figure:
    """The bytes of the file, and of what it names of others; none for a specification."""
    graph = report.graph
    if graph.family is not None or not graph.file_size:
        return Figure(())
    places = {kind.value.location for kind in graph.weights.values()
              if isinstance(kind.value, Literal) and kind.value.location}
    return Figure([graph.file_size + sum(place.length for place in places if place.file is not None)])


def peak_memory(report: Report) -> Figure:
    """The bytes that running takes: the weights, and the most of activations that is held at once."""
    unknown = report.memory.unknown
    return Figure(report.memory.to_run_at_most, f"the sizes of {len(unknown):,} values" if unknown else "")


def depth(report: Report) -> Figure:
    """The most layers with weights that a value passes, one after the other."""
    from archcheck.analyses.structure import path, with_weights
    found = path(report, range(len(report.graph.nodes)), set(with_weights(report)), max)
    return Figure([max([0, *found.values()])])


def _counted(size: Size, report: Report) -> Figure:
    missing = sum(report.uncounted.values())
    return Figure([size], f"the work of {missing:,} node{'s' * (missing > 1)}" if missing else "")


FIGURES: Mapping[str, Callable[[Report], Figure]] = {
    "params": lambda report: Figure([report.params]),
    "macs": lambda report: _counted(report.macs, report),
    "flops": lambda report: _counted(report.flops, report),
    "peak-memory": peak_memory,
    "file-size": file_size,
    "depth": depth,
}
"""The figures by the names that budgets have for them."""

BYTES = frozenset(("peak-memory", "file-size"))
"""Those that count bytes."""

LOCKED = ("params", "macs", "flops", "peak-memory", "file-size")
"""Those that a lock keeps, and that are not to grow."""


def total(report: Report, name: str) -> Size | None:
    """A figure as one size, None where it is not known, or something is missing from it."""
    if name == "peak-memory":
        return None if report.memory.unknown else report.memory.to_run
    found = FIGURES[name](report)
    return found.sizes[0] if found.sizes and not found.missing else None
