"""A picture as a LaTeX document with TikZ, laid out as the SVG is."""
from __future__ import annotations

from collections.abc import Iterator

from archcheck.drawing.layout import Placed, Wire
from archcheck.drawing.style import Look, Text, Tone

_SCALE = 0.75
"""Points to a px."""

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%",
    "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}", "×": r"$\times$", "·": r"$\cdot$",
    "⌈": r"$\lceil$", "⌉": r"$\rceil$", "⌊": r"$\lfloor$", "⌋": r"$\rfloor$", "…": r"\dots{}",
    "≈": r"$\approx$", "≥": r"$\geq$", "≤": r"$\leq$", "∞": r"$\infty$", "–": "--",
    "⁰": "$^0$", "¹": "$^1$", "²": "$^2$", "³": "$^3$", "⁴": "$^4$", "-": "{-}", "`": "{`}", "'": "{'}",
}


def render(placed: Placed, look: Look) -> str:
    """The picture as a document of the class ``standalone``."""
    body = list(_inside(placed, look))
    return "\n".join([
        r"\documentclass[tikz,border=4pt]{standalone}", r"\usepackage[T1]{fontenc}",
        r"\usepackage{helvet,xcolor}", r"\usetikzlibrary{arrows.meta}",
        r"\renewcommand\familydefault\sfdefault", r"\begin{document}",
        rf"\begin{{tikzpicture}}[x={_SCALE}pt,y=-{_SCALE}pt,>={{Stealth[length=4pt]}}]",
        *body, r"\end{tikzpicture}", r"\end{document}", ""])


def escaped(text: str) -> str:
    """``text`` as TeX shows it; letters beyond Latin 1 by their number."""
    return "".join(_SPECIAL.get(c) or (c if c.isprintable() and ord(c) < 256 else f"U+{ord(c):04X}")
                   for c in text)


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _inside(placed: Placed, look: Look) -> Iterator[str]:
    for child in placed.children:
        yield from _box(child, look)
    for wire in placed.wires:
        yield from _wire(wire)


def _colour(value: str) -> str:
    """A colour as xcolor's mixture takes it."""
    full = value if len(value) == 7 else "#" + "".join(2 * c for c in value[1:])
    return f"{{rgb,255:red,{int(full[1:3], 16)};green,{int(full[3:5], 16)};blue,{int(full[5:7], 16)}}}"


def _box(placed: Placed, look: Look) -> Iterator[str]:
    tone, is_open = look.tone(placed.box), bool(placed.children)
    if is_open:
        tone = Tone("#f8f9fa", tone.line, "#333333")
    shifts = (6, 3, 0) if placed.box.count > 1 and not is_open else (0,)
    for shift in shifts:
        yield _rectangle(placed, tone, shift, ",dashed" * is_open)
    for line, at, middle in placed.lines():
        yield _text(line, *at, "base" if middle else "base west", tone.text)
    yield from _inside(placed, look)


def _rectangle(placed: Placed, tone: Tone, shift: float, more: str) -> str:
    corners = (f"({_n(placed.x + shift)},{_n(placed.y - shift)}) rectangle "
               f"({_n(placed.x + placed.width + shift)},{_n(placed.y + placed.height - shift)})")
    colours = f"draw={_colour(tone.line)},fill={_colour(tone.fill)}"
    return rf"\draw[rounded corners=3pt,{colours}{more}] {corners};"


def _text(line: Text, x: float, y: float, anchor: str, colour: str) -> str:
    size = _n(line.size * _SCALE)
    font = rf"\fontsize{{{size}}}{{{size}}}\selectfont" + r"\bfseries" * line.bold
    return (rf"\node[anchor={anchor},inner sep=0pt,text={_colour(colour)},font={{{font}}}] "
            rf"at ({_n(x)},{_n(y)}) {{{escaped(line.text)}}};")


def _wire(wire: Wire) -> Iterator[str]:
    (x, y), *rest = wire.points
    way = [f"({_n(x)},{_n(y)})"]
    for k, (a, b) in enumerate(rest):
        if k % 2 and a != x and b != y:
            first, second = wire.bend((x, y), (a, b))
            through = " and ".join(f"({_n(c)},{_n(d)})" for c, d in (first, second))
            way.append(f".. controls {through} .. ({_n(a)},{_n(b)})")
        elif (a, b) != (x, y):
            way.append(f"-- ({_n(a)},{_n(b)})")
        x, y = a, b
    yield rf"\draw[{'->' if wire.arrow else '-'},draw=black!65] {' '.join(way)};"
    if wire.label:
        yield _text(Text(wire.label), *wire.at, "base west", "#555555")
