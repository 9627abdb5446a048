"""A picture as SVG: text that can be edited, no script, the same bytes every time."""
from __future__ import annotations

from collections.abc import Iterator

from archcheck.drawing.layout import STACK, Placed, Wire, trunks
from archcheck.drawing.legend import SWATCH, TEXT, Entry, legend
from archcheck.drawing.palette import PALETTES
from archcheck.drawing.style import FONT, SMALL, Look

_FONT = f' font-family="{FONT}" font-size="{SMALL:g}"'

_MARKER = ('<marker id="arrow" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="7" markerHeight="7" '
           'orient="auto">')

_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}


def render(placed: Placed, look: Look, title: str = "") -> str:
    """The picture as an SVG document."""
    return _Writer(look).document(placed, title)


def text(value: str) -> str:
    """``value`` as it may stand in XML: escaped, without characters that XML does not allow."""
    return "".join(_ESCAPES.get(c) or (c if c.isprintable() else "�") for c in value)


def _n(value: float) -> str:
    """A number without needless digits."""
    return f"{value:.1f}".removesuffix(".0")


class _Writer:
    """Writes one picture. Colours are attributes; with the theme ``auto`` they have classes besides, which
    a rule gives the colours of the dark theme where whoever looks at the picture wants that."""

    def __init__(self, look: Look) -> None:
        self.look, self.palette, self.tones = look, look.palette, dict[str, None]()

    def document(self, placed: Placed, title: str) -> str:
        """All of it."""
        below = legend(placed, self.look)
        body = [*self.inside(placed), *(line for entry in below.entries for line in self.entry(entry))]
        size = f'width="{_n(below.width)}" height="{_n(below.height)}"'
        view = f'viewBox="0 0 {_n(below.width)} {_n(below.height)}"'
        arrow = f'<path d="M0,0.8 L8,4 L0,7.2 z"{self.fill("note", self.palette.edge)}/>'
        return "\n".join([
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} {view}{_FONT}>',
            f"<title>{text(title)}</title>", *self.night(), f"<defs>{_MARKER}{arrow}</marker></defs>",
            f'<rect {size}{self.fill("ground", self.palette.ground)}/>', *body, "</svg>", ""])

    # ------------------------------------------------------------------------------------------------ colours
    def named(self, *names: str) -> str:
        """The attribute that names parts of the theme."""
        return f' class="{" ".join(names)}"' if self.look.theme == "auto" else ""

    def fill(self, name: str, colour: str) -> str:
        """The attributes of what is filled."""
        return f'{self.named(name)} fill="{colour}"'

    def tone(self, key: str, is_open: bool = False) -> str:
        """The attributes of a box."""
        self.tones[key] = None
        tone = self.palette.tones[key]
        fill = self.palette.panel.fill if is_open else tone.fill
        return f'{self.named(key, *["panel"] * is_open)} fill="{fill}" stroke="{tone.line}"'

    def ink(self, placed: Placed) -> str:
        """The attributes of a box's text: what stands on the ground has the colour for that."""
        key = self.look.key(placed.box)
        if placed.children or placed.glyph:
            return self.fill("panel-text", self.palette.panel.text)
        return self.fill(f"{key}-text", self.palette.tones[key].text)

    def night(self) -> Iterator[str]:
        """The rule for dark ground, of all that was written."""
        if self.look.theme != "auto":
            return
        dark = PALETTES["dark"]
        rules = [f".{key}{{fill:{dark.tones[key].fill};stroke:{dark.tones[key].line}}}"
                 f".{key}-text{{fill:{dark.tones[key].text}}}" for key in sorted(self.tones)]
        yield (f"<style>@media (prefers-color-scheme:dark){{.ground{{fill:{dark.ground}}}{''.join(rules)}"
               f".panel{{fill:{dark.panel.fill}}}.panel-text{{fill:{dark.panel.text}}}"
               f".edge{{stroke:{dark.edge}}}.note{{fill:{dark.edge}}}}}</style>")

    # -------------------------------------------------------------------------------------------------- parts
    def inside(self, placed: Placed) -> Iterator[str]:
        """What is inside of a box."""
        for child in placed.children:
            yield from self.box(child)
        for wire, first in zip(placed.wires, trunks(placed.wires)):
            yield from self.wire(wire, first)

    def box(self, placed: Placed) -> Iterator[str]:
        """A box with all that is in it."""
        yield f'<g id="{text(placed.box.id)}">'
        yield f"<title>{text(' · '.join(filter(None, (placed.box.id, placed.box.op))))}</title>"
        if placed.box.count > 1 and not placed.glyph:
            yield from (self.rect(placed, STACK * k) for k in (2, 1))
        yield self.slab(placed, *placed.glyph) if placed.glyph else self.rect(placed)
        for line, (x, y), middle in placed.lines():
            bold = ' font-weight="bold"' if line.bold else ""
            yield (f'<text x="{_n(x)}" y="{_n(y)}" text-anchor="{"middle" if middle else "start"}" '
                   f'font-size="{_n(line.size)}"{bold}{self.ink(placed)}>{text(line.text)}</text>')
        yield from self.inside(placed)
        yield "</g>"

    def rect(self, placed: Placed, shift: float = 0.0) -> str:
        """A frame, or the sheet behind it that far away."""
        radius = 10 if placed.box.family in ("input", "output") else 4
        is_open = bool(placed.children)
        dashes = ' stroke-dasharray="4 2"' if is_open and not shift else ""
        return (f'<rect x="{_n(placed.x + shift)}" y="{_n(placed.y - shift)}" width="{_n(placed.width)}" '
                f'height="{_n(placed.height)}" rx="{radius}"'
                f'{self.tone(self.look.key(placed.box), is_open)}{dashes}/>')

    def slab(self, placed: Placed, wide: float, high: float) -> str:
        """A block of feature maps, in the middle of the box: as wide as it has channels, as high as they
        are."""
        x, y = placed.x + (placed.width - wide) / 2, placed.y + (placed.height - high) / 2
        return (f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(wide)}" height="{_n(high)}"'
                f"{self.tone(self.look.key(placed.box))}/>")

    def wire(self, wire: Wire, first: int) -> Iterator[str]:
        """An edge with its label."""
        arrow = ' marker-end="url(#arrow)"' if wire.arrow else ""
        yield (f'<path d="{_path(wire, first)}"{self.named("edge")} fill="none" '
               f'stroke="{self.palette.edge}"{arrow}/>')
        if wire.label:
            yield (f'<text x="{_n(wire.at[0])}" y="{_n(wire.at[1])}"{self.fill("note", self.palette.edge)}>'
                   f"{text(wire.label)}</text>")

    def entry(self, entry: Entry) -> Iterator[str]:
        """An entry of the legend."""
        yield (f'<rect x="{_n(entry.x)}" y="{_n(entry.y)}" width="{_n(SWATCH[0])}" height="{_n(SWATCH[1])}" '
               f'rx="3"{self.tone(entry.tone)}/>')
        yield (f'<text x="{_n(entry.x + TEXT[0])}" y="{_n(entry.y + TEXT[1])}"'
               f'{self.fill("panel-text", self.palette.panel.text)}>{text(entry.text)}</text>')


def _path(wire: Wire, first: int) -> str:
    """Straight through the ranks, and in curves between them."""
    x, y = wire.points[first]
    out = [f"M{_n(x)},{_n(y)}"]
    for k, (a, b) in enumerate(wire.points[first + 1:], first):
        if k % 2 and a != x and b != y:
            points = (*wire.bend((x, y), (a, b)), (a, b))
            out.append("C" + " ".join(f"{_n(c)},{_n(d)}" for c, d in points))
        elif (a, b) != (x, y):
            out.append(f"L{_n(a)},{_n(b)}")
        x, y = a, b
    return " ".join(out)
