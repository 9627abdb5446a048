"""What ``archcheck field`` shows: the fields of layers as a table, and what one position reads."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from archcheck.analyses.overview import Overview, Sight, middle_of
from archcheck.analyses.receptive import AxisField
from archcheck.analyses.tracing import Meeting
from archcheck.report import Report
from archcheck.reporters.sheet import Column, Sheet, as_shape, as_text, cut_shape
from archcheck.reporters.spans import FEW, per_axis, size_of, start_text, stride_text, table_text
from archcheck.reporters.text import Script

if TYPE_CHECKING:
    from archcheck.analyses.reached import ValueReach

SCHEMA = "archcheck.field/1"
MAX_MEETINGS = 5
KEYS = ("value", "node", "input", "axis", "extent", "moves_along", "size", "stride", "start",
        "start_by_remainder", "end", "centre", "whole", "upper_bound", "causal", "local_size",
        "narrowest_size", "by", "reason")


# ------------------------------------------------------------------------------------------------ the table
def table(report: Report, script: Script, source: str | None = None, values: Sequence[str] = (),
          everything: bool = False, exact: bool = False) -> Sheet:
    """The fields of ``values``, or of all layers at which they change, along the axes of the input
    ``source``, by default those that windows slide over."""
    overview = Overview(report, source)
    chosen = _chosen(overview, values, everything)
    shows_local = any(_differ(sight.full, sight.local) for sight in chosen)
    shows_narrowest = any(_differ(sight.full, sight.narrowest) for sight in chosen)
    sizes = per_axis(size_of)
    columns = [Column("node", "layer", least=14), Column("op", "operator", least=9, spared=True),
               Column("shape", "output", as_shape, least=12, spared=True, cut=cut_shape),
               Column("field", "field", sizes, right=True),
               *[Column("local", "local", sizes, right=True)] * shows_local,
               *[Column("narrowest", "narrowest", sizes, right=True, spared=True)] * shows_narrowest,
               Column("stride", "stride", per_axis(stride_text), right=True),
               Column("start", "start", per_axis(start_text), right=True),
               *[Column("exact", "reads", right=True)] * exact, Column("note", "", least=16)]
    rows = []
    for sight in chosen:
        shape = report.types[sight.value].shape
        name = sight.node.name if sight.value == sight.node.outputs[0] else sight.value
        rows.append([name, sight.node.op, shape, sight.full, *[sight.local] * shows_local,
                     *[sight.narrowest] * shows_narrowest, sight.full, sight.full,
                     *([_reads(overview, sight)] if exact else ()), _note(overview, sight)])
    hidden = len(overview.sights) - len(chosen)
    facts = list(_facts(overview, script, 0 if values else hidden, exact))
    return Sheet(SCHEMA, tuple(columns), rows, facts)


def _chosen(overview: Overview, values: Sequence[str], everything: bool) -> list[Sight]:
    if values:
        return [sight for sight in overview.sights if sight.value in values or sight.node.name in values]
    return list(overview.sights) if everything else list(overview.changes())


def _differ(a: Sequence[AxisField | None], b: Sequence[AxisField | None]) -> bool:
    return any(one and other and (one.sizes, one.is_whole) != (other.sizes, other.is_whole)
               for one, other in zip(a, b))


def _note(overview: Overview, sight: Sight) -> str:
    """What made a field as wide as it is, or why it is not known better."""
    notes = [f"{span[0]} to {span[1]} at these sizes" for field, axis in zip(sight.full, overview.axes)
             if field and (field.upper_bound or None in field.sizes)
             and (span := overview.seen(sight.value, axis))]
    notes += [field.reason for field in sight.full if field and field.reason]
    notes += ["reads all" for field in sight.full
              if field and field.is_whole and field.by == sight.value and not field.upper_bound]
    return "; ".join(dict.fromkeys(notes))


def _reads(overview: Overview, sight: Sight) -> str:
    """How many positions the middle one really reads, of those that its field spans."""
    from archcheck.analyses.reached import reach
    found = reach(overview.report, {}, exact=True)[sight.value]
    middle = middle_of(overview.report, sight.value)
    if middle is None:
        return "?"
    texts = []
    for axis in overview.axes:
        box = found[axis.source].box(middle) if axis.source in found else None
        read = len(found[axis.source].positions(middle)[axis.place]) if box else 0
        span = box[axis.place][1] - box[axis.place][0] + 1 if box else 0
        texts.append(f"{read} of {span}")
    return texts[0] if len(set(texts)) == 1 else " × ".join(texts)


# ------------------------------------------------------------------------------------------------ facts
def _facts(overview: Overview, script: Script, hidden: int, exact: bool) -> Iterator[tuple[str, str]]:
    report = overview.report
    if overview.axes:
        axes = ", ".join(f"{axis.place} ({script.size(axis.extent)})" for axis in overview.axes)
        yield "input", f"{overview.axes[0].source}, axes {axes}"
    outputs = [value for value in report.graph.outputs if value in report.fields]
    for value in outputs[:FEW]:
        yield "output", _output(overview, script, value)
        yield from _starts(overview, script, value)
    first = overview.first_to_see_all()
    if first:
        yield "sees all", f"{first.node.name} is the first layer whose field is as wide as the input"
    if overview.is_causal():
        yield "causal", "no output reads beyond its own place"
    meetings = report.fields.meetings
    if meetings:
        shown = [_meeting(report, *found) for found in meetings if _is_shown(overview, found)][:MAX_MEETINGS]
        yield from [("joins", "\n".join(dict.fromkeys(shown)))] if shown else []
    if exact:
        yield from _unread(overview, outputs)
    if hidden:
        yield "left out", f"{hidden:,} layers that read what the layer before them does; --all shows them"


def _output(overview: Overview, script: Script, value: str) -> str:
    fields = overview.of(value)
    text = f"{value} reads {per_axis(size_of)(fields, script)}"
    makers = dict.fromkeys(field.by for field in fields if field and field.is_whole and field.by)
    if any(field and field.upper_bound for field in fields):
        text += " as far as is known"
    elif makers:
        text += f", from {', '.join(makers)} on"
    covered = overview.coverage(value)
    if covered is not None and not all(field and field.is_whole and not field.upper_bound
                                       for field in fields):
        parts = [f"{part:.0%}" for part in covered]
        text += f"; its middle covers {parts[0] if len(set(parts)) == 1 else ' × '.join(parts)} of the input"
    return text


def _starts(overview: Overview, script: Script, value: str) -> Iterator[tuple[str, str]]:
    """Where the field of the first position of ``value`` starts, if the sizes decide that."""
    tables = [field.start_by_remainder for field in overview.of(value) if field]
    texts = [f"{value}: {table_text(table, script)}" for table in tables if table]
    if texts:
        yield "start", "\n".join(texts)


def _is_shown(overview: Overview, found: tuple[int, str, int, Meeting]) -> bool:
    return any((axis.source, axis.place) == found[1:3] for axis in overview.axes)


def _meeting(report: Report, index: int, source: str, place: int, meeting: Meeting) -> str:
    """A join whose branches do not fit, as a sentence."""
    node = report.graph.nodes[index].name
    if meeting.moved is None:
        a, b = meeting.strides
        return f"{node}: branches of stride {a} and {b} meet (axis {place})"
    if meeting.offset is None:
        return f"{node}: the centres of its branches differ by {meeting.moved}/{meeting.parts} (axis {place})"
    pixels = _number(abs(meeting.offset))
    return f"{node}: the centres of its branches are {pixels} positions apart (axis {place})"


def _number(offset: Fraction) -> str:
    return f"{float(offset):g}"


def _unread(overview: Overview, outputs: Sequence[str]) -> Iterator[tuple[str, str]]:
    """How much of the input no output reads, and which positions read nothing."""
    from archcheck.analyses.reached import reach
    found = reach(overview.report, {}, exact=True)
    for axis in overview.axes:
        reached = [found[value][axis.source].unread(axis.place) for value in outputs
                   if axis.source in found[value]]
        unread = set.intersection(*map(set, reached)) if reached else set()
        if unread:
            yield "unread", f"{len(unread)} of {axis.extent} positions of axis {axis.place} are never read"


# ------------------------------------------------------------------------------------------- for programs
def records(report: Report, source: str | None, values: Sequence[str]) -> Sheet:
    """The fields of all values, or of ``values``, a row for each axis of each input that they depend on."""
    rows = []
    producers = report.graph.producers
    for value, found in report.fields.items():
        if values and value not in values:
            continue
        node = report.graph.nodes[producers[value]].name if value in producers else None
        for name in found if source is None else [source] if source in found else []:
            for place, field in enumerate(found[name]):
                rows.append([value, node, name, place, field.extent, *_figures(field),
                             _size(report.local_fields, value, name, place),
                             _size(report.narrowest_fields, value, name, place), field.by, field.reason])
    joins = [{"node": report.graph.nodes[index].name, "input": name, "axis": place,
              "strides": meeting.strides, "offset": meeting.offset}
             for index, name, place, meeting in report.fields.meetings]
    return Sheet(SCHEMA, tuple(Column(key, key, as_text) for key in KEYS), rows,
                 record={"model": report.graph.source, "joins": joins}, rows_key="fields")


def _figures(field: AxisField) -> list[Any]:
    return [field.axis, field.size, field.stride, field.start, _table(field), field.end, field.centre,
            field.is_whole, field.upper_bound, field.is_causal]


def _table(field: AxisField) -> Any:
    table = field.start_by_remainder
    return table and {"symbol": table.symbol, "from": table.first, "starts": list(table.numbers)}


def _size(fields: Mapping[str, Any], value: str, name: str, place: int) -> Any:
    found = fields.get(value)
    return found[name][place].size if found is not None and name in found else None


# ------------------------------------------------------------------------------------------- one position
def position(found: ValueReach, index: Sequence[int]) -> Sheet:
    """What the value at ``index`` reads: for each axis of each input the first and the last position, and how
    many of those between."""
    columns = (Column("input", "input", least=12), Column("axis", "axis", right=True),
               Column("first", "first", right=True), Column("last", "last", right=True),
               Column("span", "span", right=True), Column("extent", "of", right=True),
               Column("read", "read", right=True), Column("note", "", least=12))
    rows: list[list[Any]] = []
    for name, reached in found.items():
        box, read = reached.box(index), reached.positions(index)
        for place, extent in enumerate(reached.extents):
            note = f"may be less: {reached.reason}" if reached.hulls[place].bound else None
            first, last = box[place] if box else (None, None)
            span = last - first + 1 if first is not None and last is not None else 0
            rows.append([name, place, first, last, span, extent, len(read[place]) if box else 0, note])
    where = ", ".join(map(str, index))
    return Sheet(SCHEMA, columns, rows, [("position", f"{found.name}[{where}]")],
                 {"value": found.name, "index": list(index)}, "reads")
