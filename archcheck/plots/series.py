"""What charts show: numbers with the names that stand beside them, all taken from a report."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from archcheck.analyses.devices import Device
from archcheck.analyses.lifetimes import INPUT
from archcheck.dims import Size, is_known, symbols
from archcheck.drawing.tree import Box, Picture
from archcheck.errors import UserError
from archcheck.report import Report
from archcheck.reporters.text import Script, shortened

if TYPE_CHECKING:
    from archcheck.analyses.receptive import AxisField

BARS = 40
"""At most so many bars stand in a chart."""

HUGE = 1 << 200
"""Numbers from here on have no place on an axis."""

_BOXES = 60  # of which some have none of a figure

NAME = 44
"""Longer names are cut."""


class PlotError(UserError):
    """What is asked for cannot be plotted."""


class Bar(NamedTuple):
    """A layer, ``value`` being the figure of all its repetitions, coloured by its ``family``."""

    name: str
    family: str
    value: int


@dataclass(frozen=True)
class Bars:
    """A figure of each layer, in the order in which they run, and of the whole network. It is at least that
    if ``partial``: something is not counted."""

    bars: tuple[Bar, ...]
    total: int
    partial: bool


@dataclass(frozen=True)
class Timeline:
    """Bytes of activations in memory while each node runs. ``peak`` is the place at which they are most, and
    ``weights`` the bytes that are there all the time. Something is left out if ``partial``."""

    live: tuple[int, ...]
    names: tuple[str, ...]
    peak: int
    weights: int
    partial: bool


class Point(NamedTuple):
    """A node: its FLOPs for each byte, FLOPs, bytes, and the least time it takes."""

    name: str
    family: str
    intensity: float
    flops: int
    bytes: int
    seconds: float


@dataclass(frozen=True)
class Points:
    """Nodes under the roofs of a ``device``: those of ``dtypes``. ``idle`` is the least time of nodes that
    move bytes without computing, and ``left_out`` counts the nodes whose time is not known."""

    points: tuple[Point, ...]
    device: Device
    dtypes: tuple[str, ...]
    idle: float
    left_out: int


class Line(NamedTuple):
    """The sizes of the fields of the values along one axis, None where a size is not one number; and the
    places at which they are the whole axis."""

    name: str
    sizes: tuple[int | None, ...]
    whole: tuple[int, ...] = ()


@dataclass(frozen=True)
class Fields:
    """Receptive fields along the axes of the input ``source``, layer by layer, and the ``extents`` of these
    axes, where they are numbers. ``bounded`` are the places in which fields may be smaller than they are
    shown."""

    source: str
    names: tuple[str, ...]
    lines: tuple[Line, ...]
    extents: tuple[int, ...]
    bounded: tuple[int, ...]


Series = Bars | Timeline | Points | Fields


def plotted(report: Report, of: str, device: str | None = None) -> Series:
    """What the chart of a figure shows: ``macs`` or ``params``, ``memory``, ``field``, or the ``roofline`` on
    a ``device``, given as `devices.device` takes it. Raises `PlotError` where sizes are formulas."""
    if of == "roofline":
        from archcheck.analyses import devices
        return points(report, devices.device(device or ""))
    return timeline(report) if of == "memory" else fields(report) if of == "field" else bars(report, of)


# ------------------------------------------------------------------------------------------------ bars
def bars(report: Report, of: str) -> Bars:
    """The figure ``of``, ``macs`` or ``params``, of the layers that have any; those beyond `BARS` in one."""
    from archcheck.drawing.folding import picture
    whole = number(report, getattr(report, of))
    layers = _leaves(report, picture(report, limit=_BOXES), of)
    found = [Bar(name, family, value) for name, family, size in layers if (value := number(report, size))]
    return Bars(tuple(_largest(found)), whole, of == "macs" and bool(report.uncounted))


def _leaves(report: Report, shown: Picture, of: str) -> Iterator[tuple[str, str, Size]]:
    """The names, families and figures of the boxes that are not open."""
    todo = [(box, "") for box in reversed(shown.root.children)]
    while todo:
        box, path = todo.pop()
        times = f" ×{box.count}" if box.count > 1 else ""
        if box.id in shown.open:
            inner = f"{path}{_group(box)}{times} / " if _group(box) or times else path
            todo += [(child, inner) for child in reversed(box.children)]
        else:
            yield _name(f"{path}{_title(report, box)}{times}"), box.family, getattr(box, of)


def _group(box: Box) -> str:
    """What a box with others in it is called: by its own name without the numbers of its repetitions."""
    return box.name.partition("{")[0].rstrip(".") or box.kind


def _title(report: Report, box: Box) -> str:
    """What a layer is called, without the path to it, and what it is; a block without a name by its nodes."""
    label = _fused(box) if box.fused else box.label
    if not box.name and box.own:
        first, last = (report.graph.nodes[k].name for k in (min(box.own), max(box.own)))
        return f"{label} {first} – {last}"
    own = box.name if "{" in box.name else box.name.rsplit(".", 1)[-1]
    return " ".join(dict.fromkeys(filter(None, (own, label))))


def _fused(box: Box) -> str:
    """A layer without what belongs to it; a join, which does little by itself, with it."""
    first, *others = box.children
    return ", ".join([first.label, *(other.op for other in others if first.family == "join")])


def _largest(found: list[Bar]) -> list[Bar]:
    """The largest bars in their order, all others as the last."""
    if len(found) <= BARS:
        return found
    ranked = sorted(range(len(found)), key=lambda k: (-found[k].value, k))
    kept, others = sorted(ranked[:BARS - 1]), ranked[BARS - 1:]
    rest = sum(found[k].value for k in others)
    return [*(found[k] for k in kept), Bar(f"{len(others):,} others", "other", rest)]


# ------------------------------------------------------------------------------------------------ memory
def timeline(report: Report) -> Timeline:
    """What is in memory as the nodes run, in the order of the file; nodes that make nothing, such as
    constants, left out: no more is in memory while they run than before."""
    memory = report.memory
    live = [number(report, size) for size in memory.timeline]
    if not live:
        raise PlotError("the network has no nodes, so there is no memory to plot")
    peak = live.index(max(live))
    shown = sorted({peak, *(tensor.made for tensor in memory.plain.tensors if tensor.bytes != 0)} - {INPUT})
    nodes = report.graph.nodes
    return Timeline(tuple(live[k] for k in shown), tuple(_name(nodes[k].name) for k in shown),
                    shown.index(peak), number(report, memory.weights), bool(memory.unknown))


# ------------------------------------------------------------------------------------------------ roofline
def points(report: Report, device: Device) -> Points:
    """The nodes that compute, with the least time they take on ``device``."""
    from archcheck.analyses.roofline import roofline
    from archcheck.drawing.families import families
    found, kinds = roofline(report, device), families(report)
    known, idle = [], 0.0
    for index, (bound, cost, moved) in enumerate(zip(found.by_node, report.costs, report.traffic.by_node)):
        flops, count = cost.flops if cost else 0, moved.total if moved else 0
        if bound is None:
            _no_formula(report, flops)
            _no_formula(report, count)
        elif flops and count:
            name, rate = _name(report.graph.nodes[index].name), number(report, flops) / number(report, count)
            known.append(Point(name, kinds[index], rate, number(report, flops), number(report, count),
                               bound.seconds))
        else:
            idle += bound.seconds
    return Points(tuple(known), device, found.dtypes, idle, sum(bound is None for bound in found.by_node))


# ------------------------------------------------------------------------------------------------ fields
def fields(report: Report) -> Fields:
    """The receptive fields where they change: the full ones, and the local and the narrowest, axes with the
    same sizes in one line. Where a whole axis is read, the field is as wide as it; of phases the widest
    counts."""
    from archcheck.analyses.overview import Overview
    overview = Overview(report)
    sights = list(overview.changes())
    if not sights:
        raise PlotError("no value depends on positions of an input, so there are no receptive fields to plot")
    kinds = {"field": [sight.full for sight in sights], "local": [sight.local for sight in sights],
             "narrowest": [sight.narrowest for sight in sights]}
    lines = _lines(report, kinds, [axis.place for axis in overview.axes])
    extents = tuple(dict.fromkeys(axis.extent for axis in overview.axes if isinstance(axis.extent, int)))
    bounded = tuple(k for k, sight in enumerate(sights) if any(one and one.upper_bound for one in sight.full))
    return Fields(overview.axes[0].source, tuple(_name(sight.node.name) for sight in sights), tuple(lines),
                  extents, bounded)


def _lines(report: Report, kinds: Mapping[str, Sequence[Sequence[AxisField | None]]],
           places: Sequence[int]) -> Iterator[Line]:
    """The lines, of several that are the same but for the sizes of whole axes the first."""
    seen = set[tuple[object, ...]]()
    for kind, rows in kinds.items():
        lines = [_line(report, kind, [row[k] for row in rows]) for k in range(len(places))]
        alike = len({_mark(line) for line in lines}) == 1
        for place, line in zip(places, lines):
            if _mark(line) not in seen:
                seen.add(_mark(line))
                yield line if alike else line._replace(name=f"{kind}, axis {place}")


def _line(report: Report, kind: str, column: Sequence[AxisField | None]) -> Line:
    """The fields along one axis."""
    whole = tuple(at for at, field in enumerate(column) if field and field.is_whole)
    return Line(kind, tuple(_width(report, field) for field in column), whole)


def _mark(line: Line) -> tuple[object, ...]:
    """What two lines have in common that read the same of axes of different sizes."""
    return tuple("all" if at in line.whole else size for at, size in enumerate(line.sizes))


def _width(report: Report, field: AxisField | None) -> int | None:
    """The size of a field, the widest of its phases; None where it has none."""
    sizes = field.sizes if field is not None else ()
    known = [number(report, size) for size in sizes if size is not None]
    return max(known) if known and len(known) == len(sizes) else None


# ------------------------------------------------------------------------------------------------ numbers
def number(report: Report, size: Size) -> int:
    """A size that is a number. Raises `PlotError`, which says what to set, where it is a formula."""
    if isinstance(size, int):
        return _checked(size)
    _no_formula(report, size)
    raise PlotError("a size that is plotted depends on the data, or could not be followed; "
                    "archcheck summary names it")


def _no_formula(report: Report, size: Size) -> None:
    """Raise `PlotError` where a size is a formula over symbols that may be set."""
    if isinstance(size, int) or not is_known(size):
        return
    there = {atom.args[0] for atom in symbols(size)}
    names = [Script().safe(name) for name in report.symbols if name in there]
    if names:
        raise PlotError(f"a plot needs numbers, but sizes are formulas over {', '.join(names)}: "
                        f"add {' '.join(f'--set {name}=NUMBER' for name in names)}")


def _checked(size: int) -> int:
    if size >= HUGE:
        raise PlotError(f"a size that is plotted is 2^{size.bit_length() - 1} or more, which no chart can "
                        "show; set smaller sizes")
    return size


def _name(name: str) -> str:
    return shortened(Script().safe(name), NAME, "…")
