"""How the pictures of one report look: the texts in the boxes, the labels of edges, colours with their
legend."""
from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise

from archcheck.dims import Size
from archcheck.drawing.families import FAMILIES
from archcheck.drawing.palette import THEMES
from archcheck.drawing.style import TITLE, Look, Text
from archcheck.drawing.tree import INPUT, OUTPUT, Box, Link, Picture
from archcheck.errors import UserError
from archcheck.report import Report
from archcheck.reporters.summary import at_value
from archcheck.reporters.text import Script, size_in_bytes

SHARES = (0.01, 0.03, 0.1, 0.3)
"""Shares of the whole at which the colour of a box changes."""

FIELDS = (8, 32, 128, 512)
"""Sizes of receptive fields at which it changes."""

CHOICES: Mapping[str, tuple[str, ...]] = {
    "style": ("paper", "debug", "plain"), "color": ("op", "cost", "params", "memory", "field", "findings"),
    "edges": ("shape", "dtype", "bytes", "none"), "direction": ("TB", "LR"), "theme": THEMES}
"""What a look may be asked for."""

_ALL = 64  # what symbols are taken to be where figures are compared
_SCREEN = 3  # kinds of operators whose nodes are named alike, so that names tell nothing
_NUMBERS = re.compile(r"\{[^}]*\}|\d+")


def look_for(report: Report, picture: Picture, style: str = "paper", colour: str = "op", edges: str = "shape",
             direction: str = "TB", script: Script | None = None, to_scale: bool = False,
             theme: str = "light") -> Look:
    """The look of a picture of a report. Raises `UserError` for what is none of the `CHOICES`."""
    for name, value in {"style": style, "color": colour, "edges": edges, "direction": direction,
                        "theme": theme}.items():
        if value not in CHOICES[name]:
            raise UserError(f"{name} cannot be {value!r}; it is one of {', '.join(CHOICES[name])}")
    words = _Words(report, picture, style, colour, script or script_of(report))
    tones, legend = _coloured(report, picture, style, colour)
    extents = extents_of(picture) if to_scale else {}
    return Look(style, edges, "LR" if to_scale else direction, tones, legend, extents, words.edge(edges),
                words.texts, theme)


def script_of(report: Report) -> Script:
    """The way in which pictures write sizes."""
    return Script(names={name: name for name in report.symbols}, tight=True, room=24)


# ------------------------------------------------------------------------------------------------------ words
class _Words:
    """The texts of one picture."""

    def __init__(self, report: Report, picture: Picture, style: str, colour: str, script: Script) -> None:
        self.report, self.picture, self.script = report, picture, script
        self.debug, self.colour = style == "debug", colour
        self.machine_made = _machine_made(picture)

    def texts(self, box: Box) -> tuple[Text, ...]:
        """The lines of a box: what it is, then what it is called, and in detail its figures."""
        times = f" {self.script.times}{box.count}" if box.count > 1 else ""
        title, *rest = self.lines(box)
        return (Text(self.script.safe(title) + times, TITLE, bold=True),
                *(Text(self.script.safe(line)) for line in rest if line))

    def lines(self, box: Box) -> list[str]:
        """The lines as plain text."""
        if box.family in (INPUT, OUTPUT):
            return [box.name]
        if box.fused:
            first, *others = box.children
            lines = [first.label, " · ".join(other.op for other in others)]
        elif box.children:
            lines = [box.name or box.kind or "…", box.kind if box.name else "", box.op]
            lines[1:1] = ["of several shapes, the first shown"] * box.varies
            lines = list(dict.fromkeys(lines))
        else:
            lines = [box.label]
        if not box.children or box.fused:
            lines += [self.own_name(box)]
        return lines + self.figures(box)

    def own_name(self, box: Box) -> str:
        """The name of a node, where it tells anything."""
        if self.debug:
            return box.name
        if box.family == "join" and "." in box.name:
            return ""
        stem = _stem(box.name)
        operators = {child.op.lower() for child in (box, *box.children)}
        says_no_more = any(len(stem) > 2 and stem in op or op in stem for op in operators if op)
        told = says_no_more or stem in self.machine_made or len(box.name) > _LONGEST
        return "" if told or not stem else box.name if "{" in box.name else box.name.rsplit(".", 1)[-1]

    def figures(self, box: Box) -> list[str]:
        """What the colours are about; all figures for debugging."""
        if self.debug:
            parts = [f"{self.script.compact(box.params)} params" if box.params != 0 else "",
                     f"{self.script.compact(box.macs)} MACs" if box.macs != 0 else "",
                     "not counted" if box.uncounted else "", box.dtype or "", box.unknown or ""]
            return [" · ".join(filter(None, parts))]
        figure = _FIGURES.get(self.colour)
        if figure is None or figure(box) == 0:
            return []
        return [_bytes(self.script, figure(box)) if self.colour == "memory" else
                f"{self.script.compact(figure(box))} {_UNITS[self.colour]}"]

    def edge(self, what: str) -> Callable[[Link], str]:
        """The label of an edge."""
        def shape(link: Link) -> str:
            return self.script.shape(link.shape)

        def dtype(link: Link) -> str:
            return f"{link.dtype or '?'} {self.script.shape(link.shape)}"

        def size(link: Link) -> str:
            return "?" if link.bytes is None else _bytes(self.script, link.bytes)
        ways: dict[str, Callable[[Link], str]] = {"shape": shape, "dtype": dtype, "bytes": size}
        return ways.get(what, lambda link: "")


_LONGEST = 28


def _bytes(script: Script, size: Size) -> str:
    return size_in_bytes(size) if isinstance(size, int) else f"{script.compact(size)} B"


_FIGURES: Mapping[str, Callable[[Box], Size]] = {
    "cost": lambda box: box.macs, "params": lambda box: box.params, "memory": lambda box: box.bytes}
_UNITS = {"cost": "MACs", "params": "params"}


def _stem(name: str) -> str:
    """A name without its path and numbers."""
    return _NUMBERS.sub("", name).rsplit(".", 1)[-1].strip("_-").lower()


def _machine_made(picture: Picture) -> set[str]:
    """The stems of names that nodes of several operators share: they tell nothing."""
    operators: dict[str, set[str]] = {}
    for _, box in picture.root.walk():
        if not box.children:
            operators.setdefault(_stem(box.name), set()).add(box.op)
    return {stem for stem, found in operators.items() if len(found) >= _SCREEN or stem.startswith("node_")}


# ---------------------------------------------------------------------------------------------------- colours
Colours = tuple[Mapping[str, str] | None, tuple[tuple[str, str], ...]]


def _coloured(report: Report, picture: Picture, style: str, colour: str) -> Colours:
    """The tones of the boxes by id, None for those of their families, and the legend."""
    shown = [box for box in picture.shown() if box.family not in (INPUT, OUTPUT)]
    if colour == "op":
        families = {box.family for box in shown if not (box.children and box.id in picture.open)}
        known = [(told, name) for name, told in FAMILIES.items() if name in families]
        return None, () if style == "plain" else tuple(known)
    if colour == "field":
        return _by_field(report, shown)
    if colour == "findings":
        return _by_finding(report, shown)
    return _by_share(report, shown, colour)


def _by_share(report: Report, shown: Iterable[Box], colour: str) -> Colours:
    """Boxes by their part of a figure of the whole network, symbols taken to be equal and large."""
    figure = _FIGURES[colour]
    whole = at_value(figure_of_all(report, colour), _ALL) or 1
    tones = {box.id: _heat(at_value(figure(box), _ALL) / whole, SHARES) for box in shown}
    marks = [f"{100 * share:g} %" for share in SHARES]
    what = {"cost": "of the MACs", "params": "of the parameters", "memory": "of the activations"}[colour]
    return tones, _scale(marks, what)


def figure_of_all(report: Report, colour: str) -> Size:
    """The figure of the whole network that boxes have parts of."""
    if colour == "memory":
        from archcheck.dims import total
        kinds = (report.types.get(name) for node in report.graph.nodes for name in node.outputs if name)
        sizes = (kind.bytes for kind in kinds if kind is not None)
        return total(size for size in sizes if size is not None)
    return report.macs if colour == "cost" else report.params


def _by_field(report: Report, shown: Iterable[Box]) -> Colours:
    """Boxes by the widest axis of their receptive field."""
    from archcheck.analyses.overview import Overview
    overview = Overview(report)
    tones = {}
    for box in shown:
        outputs = report.graph.nodes[max(box.own)].outputs if box.own else ()
        sizes = [field.size for field in (overview.of(outputs[0]) if outputs else ()) if field is not None]
        known = [size for size in sizes if isinstance(size, int)]
        tones[box.id] = _heat(max(known), FIELDS) if known else "heat4" if sizes else "plain"
    return tones, _scale([str(size) for size in FIELDS], "positions of the input")


def _by_finding(report: Report, shown: Iterable[Box]) -> Colours:
    """Boxes by the worst that the rules found in them."""
    from archcheck import check
    worst: dict[str, int] = {}
    for finding in check(report).findings:
        for name in (finding.node, *finding.also):
            if name is not None and finding.suppressed is None:
                worst[name] = max(worst.get(name, 0), _SEVERITIES.index(finding.severity) + 1)
    levels = {box.id: max((worst.get(report.graph.nodes[k].name, 0) for k in box.nodes), default=0)
              for box in shown}
    told = enumerate(("no findings", *_SEVERITIES))
    return {name: f"found{level}" for name, level in levels.items()}, tuple(
        (text, f"found{level}") for level, text in told)


_SEVERITIES = ("advice", "warning", "error")


def _heat(value: float, marks: tuple[float, ...]) -> str:
    """The tone of a value on a scale."""
    return f"heat{sum(value > mark for mark in marks)}"


def _scale(marks: list[str], what: str) -> tuple[tuple[str, str], ...]:
    """The legend of a scale."""
    texts = [f"≤ {marks[0]}", *(f"{a} – {b}" for a, b in pairwise(marks)), f"> {marks[-1]} {what}"]
    return tuple((text, f"heat{step}") for step, text in enumerate(texts))


# --------------------------------------------------------------------------------------------------- to scale
_HIGH, _WIDE = 180.0, 70.0
_THIN, _BAR = 3.0, 6.0


def extents_of(picture: Picture) -> dict[str, tuple[float, float]]:
    """Boxes to scale, as the figures of LeNet, AlexNet and VGG have them: the height of each is proportional
    to the resolution of what it makes, the width to its channels, both at least 3 px. Features without a
    resolution are bars, as high as they are many; what has no numbers for them is not to scale."""
    known = {box.id: found for box in picture.shown()
             if not (box.children and box.id in picture.open) and (found := _extent(box))}
    maps = [found for found in known.values() if found[1]]
    highest, most = max((high for _, high in maps), default=1), max((wide for wide, _ in maps), default=1)
    longest = max((wide for wide, high in known.values() if not high), default=1)
    return {name: (max(wide / most * _WIDE, _THIN), max(high / highest * _HIGH, _THIN)) if high else
            (_BAR, max(wide / longest * _HIGH, _THIN)) for name, (wide, high) in known.items()}


def _extent(box: Box) -> tuple[int, int] | None:
    """Channels and height of what a box makes; features have no height, which is 0."""
    sizes = box.shape or ()
    if not 2 <= len(sizes) <= 5 or len(sizes) == 3 or not all(isinstance(size, int) for size in sizes[1:]):
        return None
    wide, high = sizes[1], sizes[2] if len(sizes) > 2 else 0
    return (wide, high) if isinstance(high, int) and isinstance(wide, int) else None
