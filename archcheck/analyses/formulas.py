"""The figures of a network that are formulas over its symbols: MACs, FLOPs, parameters, activations, and the
shapes of its values."""
from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from archcheck.dims import Atom, Size, symbols
from archcheck.errors import UserError, closest
from archcheck.report import Report

COUNTS = {"macs": "MACs", "flops": "FLOPs", "params": "params", "memory": "memory",
          "activations": "activations"}
"""The figures that are one size, and what they are called; every other name is a value's."""


class NoFigure(UserError):
    """A network has no figure of a name, or no such axis, or it is not known; the message says which."""


class Figure(NamedTuple):
    """A figure called ``name``: one size, or with ``is_shape`` one for each axis of a value; None where that
    is not known. ``lacks`` says what is missing from it, and why; it is empty where nothing is."""

    name: str
    label: str
    sizes: tuple[Size, ...] | None
    is_shape: bool = False
    lacks: str = ""

    @property
    def symbols(self) -> frozenset[Atom]:
        """Every symbol that it depends on."""
        return frozenset().union(*map(symbols, self.sizes or ()))


def figure(report: Report, name: str) -> Figure:
    """The figure called ``name``: one of `COUNTS`, or the shape of a value. Raises `NoFigure`."""
    if name in ("macs", "flops"):
        found = report.macs if name == "macs" else report.flops
        return Figure(name, COUNTS[name], (found,), lacks=_uncounted(report))
    if name == "params":
        return Figure(name, COUNTS[name], (report.params,))
    if name in ("memory", "activations"):
        size = report.memory.to_run if name == "memory" else report.memory.activations
        return Figure(name, COUNTS[name], (size,), lacks=_unsized(report))
    if name not in report.types:
        raise NoFigure(_no_value(name, report))
    kind = report.types[name]
    return Figure(name, name, kind.shape, True, "" if kind.shape is not None else _why(report, name))


def size_of(report: Report, name: str, axis: int | None = None) -> tuple[Size, str]:
    """The one size that a figure is, or that of an ``axis`` of a value, and what is missing from it. Raises
    `NoFigure` where there is none, and where it is not known."""
    found = figure(report, name)
    if found.is_shape and axis is None:
        raise NoFigure(f"{name} has a size for each axis: say which axis")
    if not found.is_shape and axis is not None:
        raise NoFigure(f"the {found.label} of a network have no axes")
    if found.sizes is None:
        raise NoFigure(f"the shape of {name} is not known: {found.lacks}")
    rank, axis = len(found.sizes), axis or 0
    if not -rank <= axis < rank:
        raise NoFigure(f"axis {axis} is outside {name}, which has {rank} axes")
    return found.sizes[axis], found.lacks


def sizes_of(report: Report, name: str, axis: int | None = None) -> tuple[tuple[Size, ...], str]:
    """The same as the sizes of which it is the largest: of the memory those of the layers that may be the
    fullest, also where they are too many for one formula."""
    if name == "memory" and axis is None:
        return report.memory.to_run_at_most, _unsized(report)
    size, lacks = size_of(report, name, axis)
    return (size,), lacks


def unknowns(figures: Iterable[Figure]) -> list[Atom]:
    """The symbols that ``figures`` and the limits of such symbols depend on and that are none of an input;
    ``origin`` says why each is not known."""
    found: set[Atom] = set()
    left = {atom for shown in figures for atom in shown.symbols if atom.origin}
    while left:
        found |= left
        limits = [atom.limit for atom in left if atom.limit is not None]
        left = {atom for limit in limits for atom in symbols(limit) if atom.origin} - found
    return sorted(found, key=lambda atom: atom.key)


def _unsized(report: Report) -> str:
    missing = len(report.memory.unknown)
    return f"{missing:,} value{'s' * (missing != 1)} of unknown size" if missing else ""


def _uncounted(report: Report) -> str:
    counts = sorted(report.uncounted.items())
    return ", ".join(f"{name} ×{count}" if count > 1 else name for name, count in counts)


def _why(report: Report, name: str) -> str:
    index = report.graph.producers.get(name)
    if index is None:
        return "the file does not say"
    reason = report.reasons.get(index, "the number of its axes is not known")
    return f"{report.graph.nodes[index].name}: {reason}"


def _no_value(name: str, report: Report) -> str:
    close = closest(name, [*COUNTS, *report.types])
    cure = f"did you mean {close}?" if close else f"it has {', '.join(COUNTS)} and the shapes of its values"
    return f"the network has no value called {name}; {cure}"
