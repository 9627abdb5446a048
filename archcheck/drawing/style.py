"""What a drawing looks like: which texts a box has, how it is coloured, and how large things are."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from archcheck.drawing.tree import Box, Link

STYLES = ("paper", "debug", "plain")
COLOURS = ("op", "cost", "params", "memory", "field", "findings")
EDGES = ("shape", "dtype", "bytes", "none")
DIRECTIONS = ("TB", "LR")

FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif"
TITLE, SMALL = 12.0, 10.0
"""Sizes of text, in px: the first line of a box, and all else."""

LEADING = 1.25
"""A line's height, as a multiple of the size of its text."""


@dataclass(frozen=True)
class Tone:
    """The colours of a box: what it is filled with, its border, and its text."""

    fill: str
    line: str
    text: str


PLAIN = Tone("#ffffff", "#333333", "#111111")

LIGHT: Mapping[str, Tone] = {
    "convolution": Tone("#cfe3f5", "#0072b2", "#06283d"), "linear": Tone("#fbe2c0", "#b8740a", "#3d2600"),
    "recurrent": Tone("#f7d5c4", "#d55e00", "#3d1b00"), "attention": Tone("#f4d3e5", "#b0447f", "#3d0f28"),
    "norm": Tone("#e4e4e4", "#767676", "#222222"), "activation": Tone("#fbf6bf", "#9a8f00", "#333000"),
    "pool": Tone("#cdeee0", "#007a58", "#00301f"), "join": Tone("#ffffff", "#555555", "#222222"),
    "lookup": Tone("#dfd7f2", "#6a51a3", "#22164a"), "moves": Tone("#f6f6f6", "#9a9a9a", "#333333"),
    "input": Tone("#ffffff", "#111111", "#111111"), "output": Tone("#ffffff", "#111111", "#111111"),
    "other": Tone("#ececec", "#555555", "#222222"),
}
"""Families to their colours on a light ground: hues of Okabe and Ito (2008), which people who are blind to
some colours tell apart, and each of another lightness."""

DARK: Mapping[str, Tone] = {
    "convolution": Tone("#123a57", "#56b4e9", "#e3f1fb"), "linear": Tone("#4a3208", "#e69f00", "#fdf0d6"),
    "recurrent": Tone("#4d2508", "#f08a4b", "#fde7da"), "attention": Tone("#4a1a35", "#e08bb9", "#fbe4f0"),
    "norm": Tone("#3a3a3a", "#a0a0a0", "#eeeeee"), "activation": Tone("#45410a", "#e6da3c", "#fbf8d0"),
    "pool": Tone("#0c3f30", "#2fc89a", "#d8f7ec"), "join": Tone("#1e1e1e", "#bbbbbb", "#eeeeee"),
    "lookup": Tone("#2f2552", "#a48fdc", "#eae4fb"), "moves": Tone("#262626", "#808080", "#dddddd"),
    "input": Tone("#1e1e1e", "#eeeeee", "#eeeeee"), "output": Tone("#1e1e1e", "#eeeeee", "#eeeeee"),
    "other": Tone("#333333", "#bbbbbb", "#eeeeee"),
}
"""The same on a dark ground."""


HEAT = (Tone("#f7fbff", "#8aa5bd", "#111111"), Tone("#d3e4f3", "#5b88ad", "#111111"),
        Tone("#93c4de", "#3d7fa8", "#06283d"), Tone("#4a97c9", "#1d5f8f", "#001525"),
        Tone("#1661a8", "#0b3a66", "#ffffff"))
"""From little to much: one hue, darker and darker."""

WORST = (PLAIN, Tone("#d7ebf9", "#0072b2", "#06283d"), Tone("#fbe2c0", "#b8740a", "#3d2600"),
         Tone("#d55e00", "#7a3600", "#ffffff"))
"""No findings, advice, warnings, errors."""


@dataclass(frozen=True)
class Text:
    """A line of text in a box."""

    text: str
    size: float = SMALL
    bold: bool = False


@dataclass(frozen=True)
class Look:
    """How a picture is drawn: in which ``style``, its ``edges`` labelled with what, in which ``direction``.
    ``tones`` colour boxes by their ids where they are not coloured by family, and ``legend`` tells what they
    mean; ``extents`` are sizes of boxes, across and along the flow, where those are to scale."""

    style: str = "paper"
    edges: str = "shape"
    direction: str = "TB"
    tones: Mapping[str, Tone] | None = None
    legend: tuple[tuple[str, Tone], ...] | None = None
    extents: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    shape: Callable[[Link], str] = lambda link: ""
    texts: Callable[[Box], tuple[Text, ...]] = lambda box: (Text(box.label, TITLE, bold=True),)

    def tone(self, box: Box) -> Tone:
        """The colours of a box."""
        if self.tones is not None:
            return self.tones.get(box.id, PLAIN)
        return PLAIN if self.style == "plain" else LIGHT.get(box.family, LIGHT["other"])
