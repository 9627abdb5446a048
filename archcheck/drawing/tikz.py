"""A picture as a LaTeX document with TikZ, laid out as the SVG is."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from archcheck.drawing.layout import STACK, Placed, Wire, place, trunks
from archcheck.drawing.legend import SWATCH, TEXT, Entry, legend
from archcheck.drawing.style import Look, Text
from archcheck.drawing.tex import escaped, spelled
from archcheck.drawing.tree import Box, Link, Picture

_SCALE = 0.75
"""Points to a px."""

_HEAD = r"""\documentclass[tikz,border=4pt]{standalone}
% For pdflatex, xelatex and lualatex. Needs TikZ, this class and the font Helvetica; on Debian these are in
% texlive-pictures, texlive-latex-extra and texlive-fonts-recommended.
\usepackage[T1]{fontenc}
\usepackage{textcomp,helvet,xcolor}
\usetikzlibrary{arrows.meta}
\renewcommand\familydefault\sfdefault"""


def render(picture: Picture, look: Look) -> str:
    """The picture as a document of the class ``standalone``."""
    look = _spelled(look)
    return _Writer(look).document(place(picture, look))


def _spelled(look: Look) -> Look:
    """The look with all that it says in characters that TeX has, so that boxes have room for those."""
    def texts(box: Box) -> tuple[Text, ...]:
        return tuple(replace(line, text=spelled(line.text)) for line in look.texts(box))

    def shape(link: Link) -> str:
        return spelled(look.shape(link))
    return replace(look, texts=texts, shape=shape)


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _at(x: float, y: float) -> str:
    return f"({_n(x)},{_n(y)})"


class _Writer:
    """Writes one picture. Colours are defined by name, so that they can be changed at one place."""

    def __init__(self, look: Look) -> None:
        self.look, self.palette, self.colours = look, look.palette, dict[str, str]()

    def document(self, placed: Placed) -> str:
        """All of it."""
        below = legend(placed, self.look)
        body = [*self.inside(placed), *(line for entry in below.entries for line in self.entry(entry))]
        ground = [rf"\pagecolor{{{self.colour('ground', self.palette.ground)}}}"]
        named = [rf"\definecolor{{{name}}}{{HTML}}{{{value[1:].upper()}}}"
                 for name, value in sorted(self.colours.items())]
        return "\n".join([
            _HEAD, *named, r"\begin{document}", *ground * (self.look.theme == "dark"),
            rf"\begin{{tikzpicture}}[x={_SCALE}pt,y=-{_SCALE}pt,>={{Stealth[length=4pt]}}]",
            *body, r"\end{tikzpicture}", r"\end{document}", ""])

    def colour(self, name: str, value: str) -> str:
        """The name of a colour of the picture."""
        self.colours[name] = value
        return name

    def tone(self, key: str, is_open: bool = False) -> str:
        """The options of a box."""
        tone, panel = self.palette.tones[key], self.palette.panel.fill
        fill = self.colour("panel", panel) if is_open else self.colour(f"{key}-fill", tone.fill)
        return f"draw={self.colour(f'{key}-line', tone.line)},fill={fill}"

    def ink(self, placed: Placed) -> str:
        """The colour of a box's text."""
        key = self.look.key(placed.box)
        if placed.children or placed.glyph:
            return self.colour("panel-text", self.palette.panel.text)
        return self.colour(f"{key}-text", self.palette.tones[key].text)

    # -------------------------------------------------------------------------------------------------- parts
    def inside(self, placed: Placed) -> Iterator[str]:
        """What is inside of a box."""
        for child in placed.children:
            yield from self.box(child)
        for wire, first in zip(placed.wires, trunks(placed.wires)):
            yield from self.wire(wire, first)

    def box(self, placed: Placed) -> Iterator[str]:
        """A box with all that is in it."""
        key, is_open = self.look.key(placed.box), bool(placed.children)
        options = f"rounded corners={'7.5' if placed.box.family in ('input', 'output') else '3'}pt,"
        options += self.tone(key, is_open)
        if placed.glyph:
            wide, high = placed.glyph
            x, y = placed.x + (placed.width - wide) / 2, placed.y + (placed.height - high) / 2
            yield _rectangle(x, y, wide, high, self.tone(key))
        else:
            for shift in (2 * STACK, STACK, 0) if placed.box.count > 1 else (0,):
                yield _rectangle(placed.x + shift, placed.y - shift, placed.width, placed.height,
                                 options + ",dashed" * (is_open and not shift))
        for line, at, middle in placed.lines():
            yield _text(line, *at, "base" if middle else "base west", self.ink(placed))
        yield from self.inside(placed)

    def wire(self, wire: Wire, first: int) -> Iterator[str]:
        """An edge with its label."""
        colour = self.colour("edge", self.palette.edge)
        yield rf"\draw[{'->' if wire.arrow else '-'},draw={colour}] {_way(wire, first)};"
        if wire.label:
            yield _text(Text(wire.label), *wire.at, "base west", colour)

    def entry(self, entry: Entry) -> Iterator[str]:
        """An entry of the legend."""
        yield _rectangle(entry.x, entry.y, *SWATCH, f"rounded corners=2pt,{self.tone(entry.tone)}")
        yield _text(Text(entry.text), entry.x + TEXT[0], entry.y + TEXT[1], "base west",
                    self.colour("panel-text", self.palette.panel.text))


def _rectangle(x: float, y: float, wide: float, high: float, options: str) -> str:
    return rf"\draw[{options}] {_at(x, y)} rectangle {_at(x + wide, y + high)};"


def _text(line: Text, x: float, y: float, anchor: str, colour: str) -> str:
    size = _n(line.size * _SCALE)
    font = rf"\fontsize{{{size}}}{{{size}}}\selectfont" + r"\bfseries" * line.bold
    return (rf"\node[anchor={anchor},inner sep=0pt,text={colour},font={{{font}}}] "
            rf"at {_at(x, y)} {{{escaped(line.text)}}};")


def _way(wire: Wire, first: int) -> str:
    """Straight through the ranks, and in curves between them."""
    x, y = wire.points[first]
    way = [_at(x, y)]
    for k, (a, b) in enumerate(wire.points[first + 1:], first):
        if k % 2 and a != x and b != y:
            through = " and ".join(_at(*point) for point in wire.bend((x, y), (a, b)))
            way.append(f".. controls {through} .. {_at(a, b)}")
        elif (a, b) != (x, y):
            way.append(f"-- {_at(a, b)}")
        x, y = a, b
    return " ".join(way)
