"""How wide text is: the advance widths of Helvetica, which Arial and Liberation Sans share, so that a box can
be made to fit its text without a font at hand."""
from __future__ import annotations

import unicodedata

_ASCII = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584)
"""Widths of the characters from the space to ``~``, in thousandths of the font's size."""

_BOLD = 1.1
"""Bold text is at most so much wider."""

_OTHER, _WIDE = 660, 1020
"""Widths of characters beyond ASCII, and of those of East Asian width or pictures."""


def width(text: str, size: float, bold: bool = False) -> float:
    """How wide ``text`` is in a font of ``size``, in the same unit; never less than it is."""
    units = sum(map(_advance, text))
    return units * size / 1000 * (_BOLD if bold else 1)


def _advance(character: str) -> int:
    code = ord(character)
    if 32 <= code < 127:
        return _ASCII[code - 32]
    if unicodedata.combining(character):
        return 0
    return _WIDE if unicodedata.east_asian_width(character) in "WF" or code > 0x2FFF else _OTHER


def cut(text: str, room: float, size: float, bold: bool = False) -> str:
    """``text``, with its middle left out if it is wider than ``room``."""
    if len(text) * size <= room or width(text, size, bold) <= room:
        return text
    keep = min(len(text) - 1, int(2 * room / size * 3))
    while keep > 1 and width(_without_middle(text, keep), size, bold) > room:
        keep -= 1
    return _without_middle(text, keep)


def _without_middle(text: str, keep: int) -> str:
    """The beginning and the end of ``text``, ``keep`` characters together."""
    return f"{text[:(keep + 1) // 2]}…{text[len(text) - keep // 2:]}"
