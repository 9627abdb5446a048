"""What the colours of a picture stand for: a tone for each box, what it tells in words, and the legend."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from archcheck.dims import Size
from archcheck.drawing.families import FAMILIES
from archcheck.drawing.tree import INPUT, OUTPUT, Box, Picture
from archcheck.report import Report
from archcheck.reporters.summary import at_value
from archcheck.reporters.text import Script, size_in_bytes

if TYPE_CHECKING:
    from archcheck.analyses.receptive import AxisField

SHARES = (0.01, 0.03, 0.1, 0.3)
"""Shares of the whole at which the colour of a box changes."""

FIELDS = (8, 32, 128, 512)
"""Sizes of receptive fields at which it changes."""

_ALL = 64  # what symbols are taken to be where figures are compared


class Colouring(NamedTuple):
    """The ``tones`` of boxes by id, None for those of their families; the ``legend``, texts with tones; and
    by id what is ``told`` in a box besides."""

    tones: Mapping[str, str] | None
    legend: tuple[tuple[str, str], ...]
    told: Mapping[str, str]


def coloured(report: Report, picture: Picture, style: str, colour: str, script: Script) -> Colouring:
    """How ``colour``, one of those that a look may be asked for, colours a picture."""
    shown = [box for box in picture.shown() if box.family not in (INPUT, OUTPUT)]
    if colour == "op":
        families = {box.family for box in shown if not (box.children and box.id in picture.open)}
        known = [(told, name) for name, told in FAMILIES.items() if name in families]
        return Colouring(None, () if style == "plain" else tuple(known), {})
    if colour == "field":
        return _by_field(report, shown, script)
    if colour == "findings":
        return _by_finding(report, shown)
    return _by_share(report, shown, colour, script)


def in_bytes(script: Script, size: Size) -> str:
    """A number of bytes, for people."""
    return size_in_bytes(size) if isinstance(size, int) else f"{script.compact(size)} B"


# ----------------------------------------------------------------------------------------------------- shares
class _Figure(NamedTuple):
    """A figure of boxes: what it is ``of`` the whole, and how it is written."""

    of: str
    value: Callable[[Box], Size]
    text: Callable[[Script, Size], str]


_FIGURES = {
    "cost": _Figure("of the MACs", lambda box: box.macs, lambda script, size: f"{script.compact(size)} MACs"),
    "params": _Figure("of the parameters", lambda box: box.params,
                      lambda script, size: f"{script.compact(size)} params"),
    "memory": _Figure("of the activations", lambda box: box.bytes, in_bytes)}


def _by_share(report: Report, shown: Iterable[Box], colour: str, script: Script) -> Colouring:
    """Boxes by their part of a figure of the whole network, symbols taken to be equal and large."""
    figure = _FIGURES[colour]
    whole = at_value(figure_of_all(report, colour), _ALL) or 1
    values = {box.id: figure.value(box) for box in shown}
    tones = {name: _heat(at_value(value, _ALL) / whole, SHARES) for name, value in values.items()}
    told = {name: figure.text(script, value) for name, value in values.items() if value != 0}
    return Colouring(tones, _scale([f"{100 * share:g} %" for share in SHARES], figure.of), told)


def figure_of_all(report: Report, colour: str) -> Size:
    """The figure of the whole network that boxes have parts of."""
    if colour == "memory":
        from archcheck.dims import total
        kinds = (report.types.get(name) for node in report.graph.nodes for name in node.outputs if name)
        sizes = (kind.bytes for kind in kinds if kind is not None)
        return total(size for size in sizes if size is not None)
    return report.macs if colour == "cost" else report.params


# ----------------------------------------------------------------------------------------------------- fields
def _by_field(report: Report, shown: Sequence[Box], script: Script) -> Colouring:
    """Boxes by the widest axis of their receptive field."""
    from archcheck.analyses.overview import Overview
    from archcheck.reporters.spans import per_axis, size_of
    overview = Overview(report)
    tones, told = {}, {}
    for box in shown:
        outputs = report.graph.nodes[max(box.own)].outputs if box.own else ()
        fields = overview.of(outputs[0]) if outputs else ()
        widest = _widest(fields)
        tones[box.id] = "plain" if widest is None else _heat(widest, FIELDS)
        if any(fields):
            told[box.id] = f"field {per_axis(size_of)(fields, script)}"
    legend = _scale([str(size) for size in FIELDS], "positions of the input")
    missing = (("no field, or none that is known", "plain"),) * ("plain" in tones.values())
    return Colouring(tones, (*legend, *missing), told)


def _widest(fields: Sequence[AxisField | None]) -> float | None:
    """How wide fields are along the axis where they are widest; None where that is not known."""
    found = [_wide(field) for field in fields if field is not None]
    return None if not found or None in found else max(size for size in found if size is not None)


def _wide(field: AxisField) -> float | None:
    if field.is_whole:
        return None if field.upper_bound else inf
    known = [at_value(size, _ALL) for size in field.sizes if size is not None]
    return max(known) if known and len(known) == len(field.sizes) else None


# --------------------------------------------------------------------------------------------------- findings
_SEVERITIES = ("advice", "warning", "error")


def _by_finding(report: Report, shown: Iterable[Box]) -> Colouring:
    """Boxes by the worst that the rules found in them, with the codes of all."""
    from archcheck import check
    worst: dict[str, int] = {}
    codes: dict[str, dict[str, None]] = {}
    for finding in check(report).findings:
        for name in (finding.node, *finding.also):
            if name is not None and finding.suppressed is None:
                worst[name] = max(worst.get(name, 0), _SEVERITIES.index(finding.severity) + 1)
                codes.setdefault(name, {})[finding.code] = None
    tones, told = {}, {}
    for box in shown:
        names = [report.graph.nodes[k].name for k in box.nodes]
        tones[box.id] = f"found{max((worst.get(name, 0) for name in names), default=0)}"
        told[box.id] = ", ".join(sorted({code for name in names for code in codes.get(name, ())}))
    legend = enumerate(("no findings", *_SEVERITIES))
    return Colouring(tones, tuple((text, f"found{level}") for level, text in legend), told)


def _heat(value: float, marks: tuple[float, ...]) -> str:
    """The tone of a value on a scale."""
    return f"heat{sum(value > mark for mark in marks)}"


def _scale(marks: list[str], what: str) -> tuple[tuple[str, str], ...]:
    """The legend of a scale."""
    texts = [f"≤ {marks[0]}", *(f"{a} – {b}" for a, b in pairwise(marks)), f"> {marks[-1]} {what}"]
    return tuple((text, f"heat{step}") for step, text in enumerate(texts))
