"""The colours of pictures, on light ground and on dark."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Tone:
    """The colours of a box: what it is filled with, its border, and its text."""

    fill: str
    line: str
    text: str


@dataclass(frozen=True)
class Palette:
    """The colours of a picture: the ``ground``, the ``panel`` of a box that is open, whose border has the
    colour of its family, and the ``edge`` with its label. ``tones`` are those of closed boxes: of the
    families of operators, ``plain``, ``heat0`` (little) to ``heat4`` (much), and ``found0`` (no findings) to
    ``found3`` (errors)."""

    ground: str
    panel: Tone
    edge: str
    tones: Mapping[str, Tone]


LIGHT: Mapping[str, Tone] = {
    "convolution": Tone("#cfe3f5", "#187aba", "#06283d"), "linear": Tone("#f8debe", "#b8740a", "#3d2600"),
    "recurrent": Tone("#e4ccc3", "#d55e00", "#3d1b00"), "attention": Tone("#f3d2e5", "#a94186", "#3d0f28"),
    "norm": Tone("#e4e4e4", "#6c6c6c", "#222222"), "activation": Tone("#fff9ba", "#9a8f00", "#333000"),
    "pool": Tone("#a9e2c8", "#0f9a70", "#00301f"), "join": Tone("#ffffff", "#4a4a4a", "#222222"),
    "lookup": Tone("#dfd7f2", "#5d4492", "#22164a"), "moves": Tone("#f6f6f6", "#909090", "#333333"),
    "input": Tone("#ffffff", "#111111", "#111111"), "output": Tone("#ffffff", "#111111", "#111111"),
    "other": Tone("#dadada", "#4a4a4a", "#222222"),
}
"""Families to their colours on a light ground: hues near those of Okabe and Ito (2008). Any two differ in
fill or border, for people who see no red or no green as well."""

DARK: Mapping[str, Tone] = {
    "convolution": Tone("#24435d", "#56b4e9", "#e3f1fb"), "linear": Tone("#4a3208", "#e69f00", "#fdf0d6"),
    "recurrent": Tone("#4d2508", "#f08a4b", "#fde7da"), "attention": Tone("#4a1b35", "#de89c0", "#fbe4f0"),
    "norm": Tone("#3e3e3e", "#999999", "#eeeeee"), "activation": Tone("#45410a", "#e6da3c", "#fbf8d0"),
    "pool": Tone("#0c3f30", "#3ac693", "#d8f7ec"), "join": Tone("#1e1e1e", "#bbbbbb", "#eeeeee"),
    "lookup": Tone("#28214f", "#a48fdc", "#eae4fb"), "moves": Tone("#222222", "#808080", "#dddddd"),
    "input": Tone("#1e1e1e", "#eeeeee", "#eeeeee"), "output": Tone("#1e1e1e", "#eeeeee", "#eeeeee"),
    "other": Tone("#3a3a3a", "#bbbbbb", "#eeeeee"),
}
"""The same on a dark ground."""


def _numbered(stem: str, tones: Sequence[Tone]) -> dict[str, Tone]:
    return {f"{stem}{step}": tone for step, tone in enumerate(tones)}


_WHITE, _BLACK = Tone("#ffffff", "#333333", "#111111"), Tone("#161b22", "#c9d1d9", "#f0f6fc")

PALETTES: Mapping[str, Palette] = {
    "light": Palette("#ffffff", Tone("#f8f9fa", "#333333", "#333333"), "#555555", {
        **LIGHT, "plain": _WHITE,
        **_numbered("heat", (
            Tone("#f7fbff", "#7b95ad", "#111111"), Tone("#d3e4f3", "#5b88ad", "#111111"),
            Tone("#93c4de", "#3d7fa8", "#06283d"), Tone("#4a97c9", "#1d5f8f", "#001525"),
            Tone("#1661a8", "#0b3a66", "#ffffff"))),
        **_numbered("found", (
            _WHITE, Tone("#d7ebf9", "#0072b2", "#06283d"), Tone("#fbe2c0", "#b8740a", "#3d2600"),
            Tone("#b84c00", "#7a3600", "#ffffff")))}),
    "dark": Palette("#0d1117", Tone("#161b22", "#c9d1d9", "#c9d1d9"), "#9da7b1", {
        **DARK, "plain": _BLACK,
        **_numbered("heat", (
            Tone("#131c26", "#5f7a94", "#e6edf3"), Tone("#1b3a56", "#6c9cc4", "#e6edf3"),
            Tone("#235f92", "#86b8e0", "#ffffff"), Tone("#5aa7dc", "#b3d9f5", "#00131f"),
            Tone("#c4e4fb", "#eaf6ff", "#00131f"))),
        **_numbered("found", (
            _BLACK, Tone("#123a57", "#56b4e9", "#e3f1fb"), Tone("#4a3208", "#e69f00", "#fdf0d6"),
            Tone("#f08a4b", "#ffc9a3", "#2b1000")))}),
}
"""Heat is one hue, farther and farther from the ground."""

THEMES = ("light", "dark", "auto")
"""The last has both, where the format can: whoever looks at it decides."""
