"""The figures of one structure: formulas of its analysis, put on all rows that have it."""
from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, NamedTuple

from archcheck.analyses.constraints import Constraint, broken, constraints
from archcheck.analyses.formulas import COUNTS, figure, sizes_of
from archcheck.analyses.validity import FATAL
from archcheck.dims import Size, symbol
from archcheck.errors import UserError
from archcheck.functions import INT64, Function, NotComputable
from archcheck.graph import Graph
from archcheck.infer import analyze
from archcheck.report import Report
from archcheck.reporters.sizes import requirement
from archcheck.reporters.text import Script
from archcheck.sweeping.arithmetic import is_none

FIGURES = ("params", "macs", "flops", "memory", "field")
"""What is worked out unless other figures are asked for."""
NO_NUMBER = "it is not one number"
_OF_A_VALUE = re.compile(r"(field|stride)(?:\((.+)\))?")


class Formula(NamedTuple):
    """The figure in a ``column``: the largest of ``sizes`` (None: not known), and what is missing from it."""

    column: str
    sizes: tuple[Size, ...] | None
    lacks: str = ""


class Measured(NamedTuple):
    """Masked ``figures`` by column, a row each; what is wrong with a row (``errors``, None: nothing); what
    the figures lack; and how many analyses it took."""

    figures: Mapping[str, Any]
    errors: Any
    lacks: Mapping[str, str]
    analyses: int = 1


@dataclass(frozen=True)
class Rows:
    """``count`` rows of sizes: by name the ``values`` that occur, and which of them each row has."""

    values: Mapping[str, Any]
    codes: Mapping[str, Any]
    count: int

    def at(self, row: int) -> dict[str, int]:
        """The sizes of one row."""
        return {name: int(values[self.codes[name][row]]) for name, values in self.values.items()}

    def met(self, names: Sequence[str]) -> tuple[dict[str, Any], Callable[[Any], Any]]:
        """Arrays of sizes for ``names`` that broadcast, and what makes rows of a result on them: all
        combinations where these are not more than rows."""
        lengths = [len(self.values[name]) for name in names]
        if prod(lengths) > 2 * self.count:
            return {name: self.values[name][self.codes[name]] for name in names}, lambda found: found
        shapes = [[-1 if k == place else 1 for k in range(len(names))] for place in range(len(names))]
        given = {name: self.values[name].reshape(shape) for name, shape in zip(names, shapes)}
        places = tuple(self.codes[name] for name in names)
        return given, lambda found: found[places]


# ---------------------------------------------------------------------------------------------- formulas
def formulas(report: Report, wanted: Sequence[str]) -> Iterator[Formula]:
    """The figures called ``wanted``: those of `COUNTS`; ``field`` and ``stride``, of the output or of a
    value, ``field(conv1)``, the largest over the axes behind the channels; or the shape of a value, a column
    for each axis. Raises `archcheck.analyses.formulas.NoFigure`."""
    for name in wanted:
        found = _OF_A_VALUE.fullmatch(name)
        if name in COUNTS:
            yield Formula(name, *sizes_of(report, name))
        elif found and name not in report.types:
            yield _of_field(report, name, found[1], found[2] or report.graph.outputs[0])
        else:
            shape = figure(report, name)
            yield from (Formula(f"{name}[{axis}]", (size,)) for axis, size in enumerate(shape.sizes or ()))
            if shape.sizes is None:
                yield Formula(name, None, shape.lacks)


def _of_field(report: Report, column: str, what: str, value: str) -> Formula:
    if value not in report.types:
        figure(report, value)
    found = next(iter(report.fields.get(value, {}).values()), ())
    axes = list(found[2 if len(found) > 2 else 1:])
    sizes = [size for axis in axes for size in (axis.sizes if what == "field" else (axis.stride,))]
    if not axes or not all(_is_size(size) for size in sizes):
        return Formula(column, None, NO_NUMBER if axes else f"{value} reads no axis behind the channels")
    return Formula(column, tuple(dict.fromkeys(sizes)))


def _is_size(size: Any) -> bool:
    return isinstance(size, int) or hasattr(size, "symbols")


# ---------------------------------------------------------------------------------------------- measuring
class Fault(NamedTuple):
    """Why a network cannot run, as a ``sentence``; two with the same ``cause`` have the same reason."""

    sentence: str
    cause: tuple[str, str]


def analyzed(graph: Graph, values: Mapping[str, Any]) -> Report | Fault:
    """The network at these values, or why there is none that could run."""
    try:
        report = analyze(graph, values)
    except UserError as error:
        return Fault(str(error).splitlines()[0], ("", str(error)))
    for index, failure in report.failures.items():
        if failure.kind not in FATAL:
            continue
        name, said = report.graph.nodes[index].name, failure.message
        return Fault(f"{name}: {said}", (name, "shapes" if failure.kind == "shapes" else said))
    never = broken(report.walk)
    said = requirement(never, Script()) if never else ""
    return Fault(said, ("", said)) if never else report


def measured(graph: Graph, fixed: Mapping[str, Any], rows: Rows, wanted: Sequence[str]) -> Measured:
    """The figures on all ``rows`` of the network with ``fixed`` values: from formulas over the names that the
    rows have, where these say all that numbers would, else analyzed row by row."""
    if not rows.values:
        return _constant(graph, fixed, rows.count, wanted)
    samples = [{**fixed, **rows.at(k)} for k in sorted({0, rows.count // 2, rows.count - 1})]
    found = opened(graph, samples, list(rows.values), wanted)
    if isinstance(found, Report):
        return _on_rows(found, rows, wanted)
    first = analyzed(graph, samples[0]) if found else None
    if isinstance(found, Fault) and isinstance(first, Fault) and first.cause == found.cause:
        return _faulty(found.sentence, rows.count)
    return _one_by_one(graph, fixed, rows, wanted)


def opened(graph: Graph, samples: Sequence[Mapping[str, Any]], names: Sequence[str],
           wanted: Sequence[str]) -> Report | Fault | None:
    """The network with ``names`` left open, all other values those that the ``samples`` have in common; None
    where not as much is known of it as at the first of the samples that runs."""
    report = analyzed(graph, {**samples[0], **{name: symbol(name) for name in names}})
    if isinstance(report, Fault):
        return report
    unknown = _unknown(report, wanted, names)
    if not any(unknown):
        return report
    numbers = next((one for sample in samples if isinstance(one := analyzed(graph, sample), Report)), None)
    return report if numbers and _unknown(numbers, wanted, names) == unknown else None


def _unknown(report: Report, wanted: Sequence[str], names: Sequence[str]) -> tuple[Any, ...]:
    """What is not known, as something to compare."""
    found = list(formulas(report, wanted))
    return ([(one.column, one.lacks) for one in found if one.lacks],
            [one.column for one in found if not _computable(one, names)],
            sum(not one.is_known for one in constraints(report.walk)[0]), report.reasons)


def _computable(one: Formula, names: Sequence[str]) -> bool:
    try:
        return one.sizes is not None and set(Function(one.sizes, names).symbols) <= set(names)
    except NotComputable:
        return False


def _one_by_one(graph: Graph, fixed: Mapping[str, Any], rows: Rows, wanted: Sequence[str]) -> Measured:
    import numpy
    found = [_constant(graph, {**fixed, **rows.at(k)}, 1, wanted) for k in range(rows.count)]
    return joined(found, [numpy.array([k]) for k in range(rows.count)], rows.count)


def _constant(graph: Graph, values: Mapping[str, Any], count: int, wanted: Sequence[str]) -> Measured:
    """The same figures in all rows."""
    found = analyzed(graph, values)
    if isinstance(found, Fault):
        return _faulty(found.sentence, count)
    return _on_rows(found, Rows({}, {}, count), wanted)


def _faulty(sentence: str, count: int) -> Measured:
    import numpy
    return Measured({}, numpy.full(count, sentence, object), {})


def _on_rows(report: Report, rows: Rows, wanted: Sequence[str]) -> Measured:
    """The figures of a network, those of rows at which it cannot run masked."""
    import numpy
    errors = _errors(report, rows)
    invalid = ~is_none(errors)
    figures, lacks = {}, {}
    for one in formulas(report, wanted):
        found, why = _figure(one, rows)
        figures[one.column] = numpy.ma.array(found, mask=numpy.ma.getmaskarray(found) | invalid)
        if why:
            lacks[one.column] = why
    return Measured(figures, errors, lacks)


def _figure(one: Formula, rows: Rows) -> tuple[Any, str]:
    """A figure in all rows, and what it lacks."""
    import numpy
    nothing = numpy.ma.array(numpy.zeros(rows.count, numpy.int64), mask=True)
    if one.sizes is None:
        return nothing, one.lacks
    try:
        return _put(Function(one.sizes, list(rows.values)), rows), one.lacks
    except NotComputable as error:
        return nothing, one.lacks or str(error)


def _put(function: Function, rows: Rows) -> Any:
    """A function in all rows."""
    import numpy
    if not function.symbols:
        value = function()
        dtype = numpy.int64 if value is None or abs(value) < INT64 else object
        return numpy.ma.array(numpy.full(rows.count, value or 0, dtype), mask=value is None)
    given, on_rows = rows.met(function.symbols)
    return on_rows(function(**given))


def _errors(report: Report, rows: Rows) -> Any:
    """What keeps the network from running in each row: the first condition that is broken, else None."""
    import numpy
    errors = numpy.full(rows.count, None, object)
    for one in constraints(report.walk)[0]:
        if one.is_known:
            holds, on_rows = _holds(one, rows)
            if not holds.all():
                errors[~on_rows(holds) & is_none(errors)] = requirement(one, Script())
    return errors


def _holds(one: Constraint, rows: Rows) -> tuple[Any, Callable[[Any], Any]]:
    """Whether a condition holds, and what makes rows of that. It does not where it divides by zero."""
    import numpy
    names = sorted(atom.args[0] for atom in one.symbols)
    given, on_rows = rows.met(names)
    a, b = Function(one.a, names)(**given), Function(one.b, names)(**given)
    if one.kind == "divides":
        none = numpy.equal(b, 0).astype(bool)
        found = ~none & (a % numpy.where(none, 1, b) == 0)
    elif one.kind == "at-least":
        found = a >= b
    else:
        found = a == b
        if one.kind == "broadcast":
            found = found | (a == 1) | (b == 1)
    return numpy.ma.filled(numpy.ma.asarray(found).astype(bool), False), on_rows


# ---------------------------------------------------------------------------------------------- joining
def joined(parts: Sequence[Measured], places: Sequence[Any], count: int) -> Measured:
    """Several parts as one of ``count`` rows; ``places`` says which rows those of each part are."""
    import numpy
    errors = numpy.full(count, None, object)
    columns = dict.fromkeys(column for part in parts for column in part.figures)
    figures = {column: _gathered(column, parts, places, count) for column in columns}
    for part, rows in zip(parts, places):
        errors[rows] = part.errors
    lacks = {column: why for part in reversed(parts) for column, why in part.lacks.items()}
    return Measured(figures, errors, lacks, sum(part.analyses for part in parts))


def _gathered(column: str, parts: Sequence[Measured], places: Sequence[Any], count: int) -> Any:
    import numpy
    having = [(part.figures[column], rows) for part, rows in zip(parts, places) if column in part.figures]
    wide = any(found.dtype == object for found, _ in having)
    whole = numpy.ma.array(numpy.zeros(count, object if wide else numpy.int64), mask=True)
    for found, rows in having:
        whole[rows] = found
    return whole
