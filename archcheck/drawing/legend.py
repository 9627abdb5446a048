"""What the colours of a picture mean: a row of entries below it, or several."""
from __future__ import annotations

from typing import NamedTuple

from archcheck.drawing import metrics
from archcheck.drawing.layout import MARGIN, Placed
from archcheck.drawing.style import SMALL, Look

ROW = 22.0
"""The height of a row."""

SWATCH = (16.0, 12.0)
"""The patch of an entry's colour, at its place; the text begins at `TEXT` from there."""

TEXT = (22.0, 10.0)


class Entry(NamedTuple):
    """An entry at its place, with the tone that it tells of."""

    x: float
    y: float
    text: str
    tone: str


class Legend(NamedTuple):
    """The entries, and the size of the picture with them."""

    entries: tuple[Entry, ...]
    width: float
    height: float


def legend(placed: Placed, look: Look) -> Legend:
    """The legend below a picture, which is as wide as its widest entry at least."""
    width = max(placed.width, *(_width(text) + 2 * MARGIN for text, _ in look.legend), 0.0)
    entries, x, y = [], MARGIN, placed.height
    for text, tone in look.legend:
        if x > MARGIN and x + _width(text) > width - MARGIN:
            x, y = MARGIN, y + ROW
        entries.append(Entry(x, y, text, tone))
        x += _width(text)
    return Legend(tuple(entries), width, y + ROW if entries else placed.height)


def _width(text: str) -> float:
    return metrics.width(text, SMALL) + 34
