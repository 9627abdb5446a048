"""What is worth telling of a network's receptive fields: along which axes, where they change, what stands
out."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from archcheck.analyses.receptive import AxisField, Fields, is_bound
from archcheck.dims import Size

if TYPE_CHECKING:
    from archcheck.analyses.reached import Reached
    from archcheck.graph import Node
    from archcheck.report import Report


class Axis(NamedTuple):
    """An axis of an input of the network."""

    source: str
    place: int
    extent: Size


class Sight(NamedTuple):
    """The fields of a value, one per axis that is looked at (None: it does not depend on that input), and the
    same without gates and along the narrowest path. ``seen`` are the sizes at given positions where those
    without sizes do not settle them."""

    node: Node
    value: str
    full: tuple[AxisField | None, ...]
    local: tuple[AxisField | None, ...]
    narrowest: tuple[AxisField | None, ...]


class Overview:
    """The fields of a report along the axes of ``source``, one of its inputs, or of the first that windows
    slide over."""

    def __init__(self, report: Report, source: str | None = None) -> None:
        self.report, self.fields = report, report.fields
        self.axes = _axes(report, source)

    @cached_property
    def sights(self) -> tuple[Sight, ...]:
        """The first output of each node that depends on the inputs looked at, in the order they run."""
        report = self.report
        rows = []
        for node in report.graph.nodes:
            value = node.outputs[0] if node.outputs else ""
            if value in self.fields and any(axis.source in self.fields[value] for axis in self.axes):
                rows.append(Sight(node, value, self._of(self.fields, value),
                                  self._of(report.local_fields, value),
                                  self._of(report.narrowest_fields, value)))
        return tuple(rows)

    def of(self, value: str) -> tuple[AxisField | None, ...]:
        """The fields of ``value`` along the axes that are looked at."""
        return self._of(self.fields, value)

    def _of(self, fields: Fields, value: str) -> tuple[AxisField | None, ...]:
        found = fields.get(value)
        return tuple(found[axis.source][axis.place] if found and axis.source in found else None
                     for axis in self.axes)

    def changes(self) -> Iterator[Sight]:
        """The rows whose fields are not those of the value that they read, and the outputs of the network."""
        known = {value: self.of(value) for value in self.report.graph.inputs}
        outputs = set(self.report.graph.outputs)
        for sight in self.sights:
            known[sight.value] = sight.full
            before = [known[name] for name in sight.node.inputs if name in known]
            if sight.value in outputs or not any(_alike(sight.full, fields) for fields in before):
                yield sight

    def first_to_see_all(self) -> Sight | None:
        """The first row whose fields are as wide as every axis, those without statistics and gates; None
        where there is none, or where that depends on the sizes."""
        return next((sight for sight in self.sights if all(
            field is not None and _spans(field, axis.extent) for field, axis in zip(sight.local, self.axes))),
            None)

    @cached_property
    def reached(self) -> Reached | None:
        """What every position reads; None unless all sizes are numbers."""
        from archcheck.analyses.reached import reach
        return reach(self.report, {}) if is_bound(self.report) else None

    def coverage(self, value: str) -> tuple[float, ...] | None:
        """Which part of every axis the middle position of ``value`` reads; None unless all sizes are
        numbers."""
        middle = middle_of(self.report, value)
        if self.reached is None or middle is None:
            return None
        found = self.reached[value]
        boxes = [found[axis.source].box(middle) if axis.source in found else None for axis in self.axes]
        return tuple(0.0 if box is None else _part(box[axis.place], axis.extent)
                     for box, axis in zip(boxes, self.axes))

    def seen(self, value: str, axis: Axis) -> tuple[int, int] | None:
        """How many positions of an axis the positions of ``value`` span that read fewest and most of it,
        those at the borders too; None unless all sizes are numbers, or where nothing is read."""
        found = self.reached and self.reached[value].get(axis.source)
        if not found:
            return None
        _, first, last = found.hull(axis.place)
        spans = (last - first + 1)[last >= first]
        return (int(spans.min()), int(spans.max())) if spans.size else None

    def is_causal(self) -> bool:
        """Whether the network's outputs can be worked out as the input arrives along one of the axes: none
        of them reads beyond its own place, and some read before it."""
        outputs = [self.of(value) for value in self.report.graph.outputs if value in self.fields]
        return any(all(field is None or field.is_causal for field in fields)
                   and any(field is not None and _looks_back(field) for field in fields)
                   for fields in zip(*outputs))


def _axes(report: Report, source: str | None) -> tuple[Axis, ...]:
    """The axes of inputs that are worth showing: over which windows slide, else those whose positions are
    told apart beyond the first layer; without a ``source``, those of the first input that has any."""
    inputs = [source] if source else list(report.graph.inputs)
    for wanted in (_is_windowed, _moves_on):
        for name in inputs:
            places = [place for place in range(len(report.types[name].shape or ()))
                      if wanted(report, name, place)]
            if places:
                return tuple(_axis(report, name, place) for place in places)
    return tuple(_axis(report, name, place) for name in inputs[:1]
                 for place in range(len(report.types[name].shape or ())))


def middle_of(report: Report, value: str) -> list[int] | None:
    """The position in the middle of ``value``; None where its sizes are no numbers."""
    shape = report.types[value].shape
    places = [size // 2 for size in shape or () if isinstance(size, int)]
    return places if shape is not None and len(places) == len(shape) else None


def _axis(report: Report, name: str, place: int) -> Axis:
    return Axis(name, place, (report.types[name].shape or ())[place])


def _is_windowed(report: Report, name: str, place: int) -> bool:
    fields = (field[name][place] for field in report.fields.values() if name in field)
    return any(field.moves and not field.upper_bound and any(size != 1 for size in field.sizes)
               for field in fields)


def _moves_on(report: Report, name: str, place: int) -> bool:
    fields = [field[name][place] for field in report.fields.values() if name in field]
    return place > 0 and sum(field.moves for field in fields) > 2


def _alike(a: Sequence[AxisField | None], b: Sequence[AxisField | None]) -> bool:
    return all(_mark(one) == _mark(other) for one, other in zip(a, b))


def _mark(field: AxisField | None) -> Any:
    return field and (field.sizes, field.stride, field.start, field.is_whole, field.upper_bound)


def _spans(field: AxisField, extent: Size) -> bool:
    sizes = field.sizes
    return not field.upper_bound and (field.is_whole or isinstance(extent, int) and all(
        isinstance(size, int) and size >= extent for size in sizes))


def _part(ends: tuple[int, int], extent: Size) -> float:
    return (ends[1] - ends[0] + 1) / extent if isinstance(extent, int) and extent else 0.0


def _looks_back(field: AxisField) -> bool:
    return any(size != 1 for size in field.sizes)
