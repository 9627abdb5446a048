"""How the pictures of one report look: the texts in the boxes, the labels of edges, boxes to scale."""
from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from archcheck.drawing.colouring import coloured, in_bytes
from archcheck.drawing.palette import THEMES
from archcheck.drawing.style import TITLE, Look, Text
from archcheck.drawing.tree import INPUT, OUTPUT, Box, Link, Picture
from archcheck.errors import UserError
from archcheck.report import Report
from archcheck.reporters.text import Script

CHOICES: Mapping[str, tuple[str, ...]] = {
    "style": ("paper", "debug", "plain"), "color": ("op", "cost", "params", "memory", "field", "findings"),
    "edges": ("shape", "dtype", "bytes", "none"), "direction": ("TB", "LR"), "theme": THEMES}
"""What a look may be asked for."""

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
    script = script or script_of(report)
    colours = coloured(report, picture, style, colour, script)
    words = _Words(picture, style, colours.told, script)
    extents = extents_of(picture) if to_scale else {}
    return Look(style, edges, "LR" if to_scale else direction, colours.tones, colours.legend, extents,
                words.edge(edges), words.texts, theme)


def script_of(report: Report) -> Script:
    """The way in which pictures write sizes."""
    return Script(names={name: name for name in report.symbols}, tight=True, room=24)


# ------------------------------------------------------------------------------------------------------ words
class _Words:
    """The texts of one picture."""

    def __init__(self, picture: Picture, style: str, told: Mapping[str, str], script: Script) -> None:
        self.debug, self.told, self.script = style == "debug", told, script
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
        if (not box.children or box.fused) and self.own_name(box) not in lines:
            lines.append(self.own_name(box))
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
        """What the colour of the box is about; all figures for debugging."""
        parts = [f"{self.script.compact(box.params)} params" if box.params != 0 else "",
                 f"{self.script.compact(box.macs)} MACs" if box.macs != 0 else "",
                 "not counted" if box.uncounted else "", box.dtype or "", box.unknown or ""] * self.debug
        told = self.told.get(box.id, "")
        return [" · ".join(filter(None, parts)), *[told] * (told not in parts)]

    def edge(self, what: str) -> Callable[[Link], str]:
        """The label of an edge."""
        def shape(link: Link) -> str:
            return self.script.shape(link.shape)

        def dtype(link: Link) -> str:
            return f"{link.dtype or '?'} {self.script.shape(link.shape)}"

        def size(link: Link) -> str:
            return "?" if link.bytes is None else in_bytes(self.script, link.bytes)
        ways: dict[str, Callable[[Link], str]] = {"shape": shape, "dtype": dtype, "bytes": size}
        return ways.get(what, lambda link: "")


_LONGEST = 28


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
