"""The symbols of a network as the page lets people set them, and what must hold for it to run."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archcheck.analyses.sizesets import SizeSet
from archcheck.analyses.validity import Validity
from archcheck.dims import Dim, symbols
from archcheck.report import Report
from archcheck.reporters.html.pool import Pool
from archcheck.reporters.text import Script

IMAGE, SEQUENCE, BATCH = 224, 128, 1
"""What sizes begin with where the network takes that: pixels, steps, and what comes first."""


def beginning(report: Report) -> dict[str, int] | None:
    """A size for each symbol at which the network runs; None where none is found."""
    found = {name: _near(report.valid, name, wanted) for name, wanted in _wanted(report).items()}
    given = {name: size for name, size in found.items() if size is not None}
    return given if len(given) == len(found) and report.valid.holds(given) else None


def _wanted(report: Report) -> dict[str, int]:
    wanted = dict.fromkeys(report.symbols, SEQUENCE)
    for kind in reversed(list(report.graph.inputs.values())):
        shape = kind.shape or ()
        for place, size in enumerate(shape):
            usual = BATCH if place == 0 else IMAGE if len(shape) > 3 and place > 1 else SEQUENCE
            if isinstance(size, Dim):
                wanted.update({atom.args[0]: usual for atom in symbols(size) if atom.args[0] in wanted})
    return wanted


def _near(validity: Validity, name: str, wanted: int) -> int | None:
    """The valid size of a symbol that is nearest above ``wanted``, or below it; one that leaves nothing over
    if there is any."""
    axis = validity.axes.get(name)
    if axis is None:
        return wanted
    sizes = axis.lossless if axis.lossless.above(0) else axis.sizes
    if wanted in sizes:
        return wanted
    above = sizes.above(wanted)
    return sizes.below(wanted) if above is None else above


def sliders(report: Report, start: Mapping[str, int] | None, script: Script) -> list[dict[str, Any]]:
    """A slider for each symbol: where it begins, the valid sizes in words and as a `SizeSet`, which is None
    where the symbol is tied to another."""
    from archcheck.reporters.conditions import described
    wanted, found = start or _wanted(report), []
    for name in report.symbols:
        axis = report.valid.axes.get(name)
        found.append({"name": name, "start": wanted[name],
                      "words": described(name, axis.sizes, script) if axis else "",
                      "sizes": _set(axis.sizes) if axis else None})
    return found


def _set(sizes: SizeSet) -> list[Any]:
    return [sizes.start, hex(sizes.head), sizes.period, hex(sizes.residues)]


def constraints(report: Report, pool: Pool, script: Script) -> list[list[Any]]:
    """What must hold, each once: kind, both sides, and the layer that needs it, with both sides in words."""
    found = {one[:3]: one for one in reversed(report.valid.constraints)
             if all(atom.args[0] in pool.symbols for atom in one.symbols)}
    return [[one.kind, pool(one.a), pool(one.b), one.layer, one.why, script.size(one.a), script.size(one.b)]
            for one in reversed(found.values())]


def valid(report: Report, script: Script) -> dict[str, Any]:
    """The valid sizes as ``archcheck sizes`` tells them: a table, and facts below it."""
    from archcheck.reporters.sizes import Answer, sheet
    shown = sheet(Answer(report, report.valid), script)
    return {"columns": [column.heading for column in shown.columns],
            "rows": [[column.cell(value, script) for column, value in zip(shown.columns, row)]
                     for row in shown.rows],
            "facts": [list(fact) for fact in shown.facts], "problems": list(report.valid.problems),
            "complete": not report.valid.unknown}
