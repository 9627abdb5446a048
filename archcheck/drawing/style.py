"""What a drawing looks like: which texts a box has, how it is coloured, and how large things are."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from archcheck.drawing import metrics
from archcheck.drawing.palette import LIGHT, PALETTES, Palette, Tone
from archcheck.drawing.tree import Box, Link

FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif"
TITLE, SMALL = 12.0, 10.0
"""Sizes of text, in px: the first line of a box, and all else."""

WIDEST = 200.0
"""Text that is wider is cut, in px."""

LEADING = 1.25
"""A line's height, as a multiple of the size of its text."""


@dataclass(frozen=True)
class Text:
    """A line of text in a box."""

    text: str
    size: float = SMALL
    bold: bool = False


@dataclass(frozen=True)
class Look:
    """How a picture is drawn: in which ``style``, its ``edges`` labelled with what, in which ``direction``,
    in the colours of which ``theme``. ``tones`` name the tones of boxes by their ids where they are not
    coloured by family, and ``legend`` tells what they mean; ``extents`` are sizes of boxes, across and along
    the flow, where those are to scale."""

    style: str = "paper"
    edges: str = "shape"
    direction: str = "TB"
    tones: Mapping[str, str] | None = None
    legend: tuple[tuple[str, str], ...] = ()
    extents: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    shape: Callable[[Link], str] = lambda link: ""
    texts: Callable[[Box], tuple[Text, ...]] = lambda box: (Text(box.label, TITLE, bold=True),)
    theme: str = "light"

    @property
    def palette(self) -> Palette:
        """The colours, in a format that has no more than one set of them."""
        return PALETTES["dark" if self.theme == "dark" else "light"]

    def lines(self, box: Box) -> tuple[Text, ...]:
        """The texts of a box, none wider than `WIDEST`."""
        return tuple(replace(line, text=metrics.cut(line.text, WIDEST, line.size, line.bold))
                     for line in self.texts(box))

    def label(self, link: Link) -> str:
        """The label of an edge, no wider either."""
        return metrics.cut(self.shape(link), WIDEST, SMALL)

    def key(self, box: Box) -> str:
        """Which of a palette's tones a box has."""
        if self.tones is not None:
            return self.tones.get(box.id, "plain")
        return "plain" if self.style == "plain" else box.family if box.family in LIGHT else "other"

    def tone(self, box: Box) -> Tone:
        """The colours of a box."""
        return self.palette.tones[self.key(box)]
