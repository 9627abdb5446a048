"""``archcheck sizes``: which sizes of its inputs a network takes, and why."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from archcheck.analyses.budgets import BYTES, MAX_SIZE, Budget, Largest
from archcheck.analyses.constraints import Constraint
from archcheck.analyses.freeing import Freed
from archcheck.analyses.sizesets import SizeSet
from archcheck.analyses.validity import Axis, Validity
from archcheck.dims import Dim, Size, symbol
from archcheck.report import Report
from archcheck.reporters.conditions import condition, described
from archcheck.reporters.sheet import Column, Sheet
from archcheck.reporters.text import Script, compact, shortened, size_in_bytes

SCHEMA = "archcheck.sizes/1"
SHOWN = 8
"""So many constraints are listed for a symbol."""
NAMES = {"macs": "MACs", "flops": "FLOPs"}
ROOM = 64
"""Longer formulas are shortened, but for programs."""


class Answer(NamedTuple):
    """All that is shown: for which sizes the network of ``report`` is valid, what is the ``largest`` within
    ``budgets``, which sizes of the file were ``freed``, and what else fails at the given sizes."""

    report: Report
    validity: Validity
    budgets: Sequence[Budget] = ()
    largest: Largest | None = None
    freed: Sequence[Freed] = ()
    failures: Sequence[str] = ()


class _Condition(str):
    """A condition as a Python expression, which knows the axis that it is of."""

    axis: Axis

    def __new__(cls, axis: Axis) -> _Condition:
        made = super().__new__(cls, _in_python(axis, axis.sizes))
        made.axis = axis
        return made


def _in_python(axis: Axis, sizes: SizeSet) -> str:
    return condition(repr(symbol(axis.symbol)), sizes)


def sheet(answer: Answer, script: Script) -> Sheet:
    """A row for each symbol, and below why."""
    columns = (Column("symbol", "size"), Column("condition", "valid", _condition),
               Column("smallest", "smallest", right=True), Column("next", "then", _then, spared=True),
               Column("largest", "largest", right=True))
    rows = [_row(axis) for axis in answer.validity.axes.values()]
    facts = [(label, text) for label, text in _facts(answer, script) if text]
    return Sheet(SCHEMA, columns, rows, facts, _record(answer), rows_key="sizes")


def _row(axis: Axis) -> tuple[Any, ...]:
    first = list(islice(axis.sizes, 4))
    return axis.symbol, _Condition(axis), axis.sizes.first, first[1:], axis.sizes.last


def _condition(value: Any, script: Script) -> str:
    return script.safe(described(value.axis.symbol, value.axis.sizes, script))


def _then(value: Any, script: Script) -> str:
    return ", ".join(map(str, value)) + f", {script.cut}" * (len(value) == 3)


# ---------------------------------------------------------------------------------------------- facts
def _facts(answer: Answer, script: Script) -> Iterable[tuple[str, str]]:
    validity = answer.validity
    yield "never", "\n".join(script.safe(text) for text in validity.problems[:SHOWN])
    for name, size in validity.given.items():
        if isinstance(size, int):
            yield f"{script.safe(name)} = {size}", _given(validity, name, size, script)
    yield "violated", "\n".join([*_violations(validity, script), *map(script.safe, answer.failures[:SHOWN])])
    for axis in validity.axes.values():
        yield script.safe(axis.symbol), _because(axis, script)
    yield "together", "\n".join(requirement(one, script) for one in validity.mixed[:SHOWN])
    yield "left over", _left_over(validity, script)
    yield "within", _within(answer, script)
    yield "freed", "\n".join(f"{one.symbol} is axis {one.axis} of {script.safe(one.input)}, "
                             f"{one.size} in the file" for one in answer.freed)
    yield "fixed", _fixed(answer.report, script)
    yield "unknown", _unknown(answer, script)


def _given(validity: Validity, name: str, size: int, script: Script) -> str:
    axis = validity.axes[name]
    if size in axis.sizes:
        return "valid" if validity.mixed or not validity.violated else "valid by itself"
    nearest = [str(n) for n in (axis.sizes.below(size), axis.sizes.above(size)) if n is not None]
    if not nearest:
        return "not valid, and no other size is"
    kinds = "sizes are" if len(nearest) > 1 else "size is"
    return f"not valid; the nearest valid {kinds} {' and '.join(nearest)}"


def _violations(validity: Validity, script: Script) -> list[str]:
    lines = []
    for found, bound in validity.violated[:SHOWN]:
        a, b = script.size(bound.a), script.size(bound.b)
        are = f"it is {a}" if isinstance(found.b, int) else f"they are {a} and {b}"
        lines.append(f"{requirement(found, script)}, but {are}")
    return lines


def _because(axis: Axis, script: Script) -> str:
    lines = [requirement(one, script) for one, _ in axis.because[:SHOWN]]
    more = len(axis.because) - SHOWN
    return "\n".join([*lines, *([f"and {more} more"] if more > 0 else [])])


def requirement(one: Constraint, script: Script) -> str:
    """What must hold, and where: ``conv1: two sizes must be equal, H = W``."""
    why = f"{one.why}, " if one.kind == "at-least" else ""
    return f"{script.safe(one.layer)}: {why}{_equation(one, script)}"


def _equation(one: Constraint, script: Script) -> str:
    swapped = isinstance(one.a, int) and one.kind in ("equal", "broadcast")
    sides = (one.b, one.a) if swapped else (one.a, one.b)
    a, b = (shortened(script.safe(script.size(size)), ROOM, script.cut) for size in sides)
    if one.kind == "divides":
        return f"{a} is a multiple of {b}"
    if one.kind == "at-least":
        return f"{a} {'>=' if script.ascii else '≥'} {b}"
    return f"{a} = {b}" + (", or one of them is 1" if one.kind == "broadcast" else "")


def _left_over(validity: Validity, script: Script) -> str:
    """At which sizes no window leaves positions out."""
    axes = [axis for axis in validity.axes.values() if axis.lossless != axis.sizes]
    texts = [described(axis.symbol, axis.lossless, script) for axis in axes if axis.lossless.first]
    none = [axis.symbol for axis in axes if not axis.lossless.first]
    if not axes:
        return ""
    lines = [f"nothing at {script.safe(', '.join(texts))}"] if texts else []
    lines += [f"something at every {script.safe(', '.join(none))}"] if none else []
    return "\n".join(lines) + "\n(positions at the end of an axis that no window reads)"


def _within(answer: Answer, script: Script) -> str:
    found = answer.largest
    if not answer.budgets:
        return ""
    limits = " and ".join(one.text for one in answer.budgets)
    if found is None:
        return f"{limits}: no size is free, or the given ones are not valid"
    name = script.safe(found.symbol)
    assumed = ", ".join(f"{other} = {script.size(size)}" for other, size in found.assumed.items())
    head = limits + (f", with {script.safe(assumed)}" if assumed else "")
    amounts = found.figures or found.beyond
    missing = [figure for figure, amount in amounts.items() if not isinstance(amount, int)]
    if missing:
        return f"{head}: {', '.join(missing)} of this network is not known"
    if found.size is None:
        return f"{head}: no valid {name}" + _amounts(found.beyond, "; the smallest takes")
    if found.size == MAX_SIZE:
        return f"{head}: any {name}"
    doubt = "" if found.grows else "\n(if the figures grow with it, which is not known)"
    if answer.report.uncounted:
        doubt += f"\n(without {script.safe(', '.join(answer.report.uncounted))}, which are not counted)"
    return (f"{head}: {name} up to {found.size:,}" + _amounts(found.figures, ",")
            + _amounts(found.beyond, "; the next takes") + doubt)


def _amounts(figures: Mapping[str, Size | None], lead: str) -> str:
    texts = [f"{size_in_bytes(n) if name in BYTES else compact(n)} {NAMES.get(name, name)}"
             for name, n in figures.items() if isinstance(n, int)]
    return f"{lead} {', '.join(texts)}" if texts else ""


def _fixed(report: Report, script: Script) -> str:
    """The inputs whose sizes are numbers in the file, and how to free them."""
    if report.symbols:
        return ""
    lines = [f"{script.safe(name)}: {script.type(kind)}: every size is a number in the file"
             for name, kind in list(report.graph.inputs.items())[:SHOWN]]
    name, kind = next(iter(report.graph.inputs.items()), ("", None))
    rank = len(kind.shape or ()) if kind else 0
    if not rank:
        return "\n".join(lines)
    axes = ",".join(map(str, range(2, rank) if rank > 2 else range(rank)))
    return "\n".join([*lines, f"--free {script.safe(name)}:{axes} asks which others it would take"])


def _unknown(answer: Answer, script: Script) -> str:
    """What may still make a size fail that counts as valid."""
    report = answer.report
    open_nodes = [report.graph.nodes[index].name for index in report.reasons]
    parts = [f"{len(open_nodes)} nodes have outputs of unknown size, {script.safe(open_nodes[0])} the first"
             ] if open_nodes else []
    if answer.validity.unknown:
        parts.append(f"{answer.validity.unknown} equations are on sizes that are not known")
    return f"{', and '.join(parts)}: what they need is left out" if parts else ""


# ---------------------------------------------------------------------------------------------- for programs
def _record(answer: Answer) -> dict[str, Any]:
    validity, report = answer.validity, answer.report
    return {
        "model": report.graph.source or report.graph.name,
        "constraints": [_constraint(one) for one in validity.constraints],
        "because": {axis.symbol: [_constraint(one) | {"allows": _in_python(axis, allowed)}
                                  for one, allowed in axis.because] for axis in validity.axes.values()},
        "together": [_constraint(one) for one in validity.mixed],
        "lossless": {axis.symbol: _in_python(axis, axis.lossless) for axis in validity.axes.values()},
        "given": {name: _given_record(validity, name, size) for name, size in validity.given.items()},
        "violated": [_constraint(one) | {"at": [bound.a, bound.b]} for one, bound in validity.violated],
        "failures": list(answer.failures), "never": list(validity.problems), "unknown": validity.unknown,
        "within": [one.text for one in answer.budgets],
        "largest": answer.largest and answer.largest._asdict(),
        "freed": [one._asdict() for one in answer.freed],
    }


def _given_record(validity: Validity, name: str, size: Size) -> dict[str, Any]:
    if isinstance(size, Dim):
        return {"size": size}
    sizes = validity.axes[name].sizes
    return {"size": size, "valid": size in sizes, "below": sizes.below(size), "above": sizes.above(size)}


def _constraint(one: Constraint) -> dict[str, Any]:
    return {"kind": one.kind, "a": one.a, "b": one.b, "layer": one.layer, "op": one.op, "why": one.why}
