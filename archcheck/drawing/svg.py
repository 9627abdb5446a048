"""A picture as SVG: text that can be edited, no script, the same bytes every time."""
from __future__ import annotations

from collections.abc import Iterator, Sequence

from archcheck.drawing import metrics
from archcheck.drawing.layout import MARGIN, STACK, Placed, Wire
from archcheck.drawing.style import FONT, SMALL, Look, Text, Tone

_FONT = f' font-family="{FONT}" font-size="{SMALL:g}"'

_ARROW = ('<defs><marker id="arrow" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="7" markerHeight="7" '
          'orient="auto"><path d="M0,0.8 L8,4 L0,7.2 z" fill="#555"/></marker></defs>')

_ENTRY = 22.0
"""The height of a row of the legend."""


def render(placed: Placed, look: Look, title: str = "") -> str:
    """The picture as an SVG document."""
    entries = look.legend or ()
    width = max(placed.width, _legend_width(entries))
    rows = list(_legend(entries, width, placed.height))
    height = placed.height + (rows[-1][1] + _ENTRY - placed.height if rows else 0)
    body = [*_inside(placed, look), *(line for row in rows for line in _entry(*row))]
    size = f'width="{_n(width)}" height="{_n(height)}"'
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {_n(width)} {_n(height)}"{_FONT}>',
        f"<title>{text(title)}</title>", _ARROW, f'<rect {size} fill="#fff"/>', *body, "</svg>", ""])


_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}


def text(value: str) -> str:
    """``value`` as it may stand in XML: escaped, without characters that XML does not allow."""
    return "".join(_ESCAPES.get(c) or (c if c.isprintable() else "�") for c in value)


def _n(value: float) -> str:
    """A number without needless digits."""
    return f"{value:.1f}".removesuffix(".0")


def _inside(placed: Placed, look: Look) -> Iterator[str]:
    for child in placed.children:
        yield from _box(child, look)
    for wire in placed.wires:
        yield from _wire(wire)


def _box(placed: Placed, look: Look) -> Iterator[str]:
    tone = look.tone(placed.box)
    yield f'<g id="{text(placed.box.id)}">'
    yield f"<title>{text(_title(placed))}</title>"
    if placed.box.count > 1 and not placed.children and not placed.glyph:
        yield from (_rect(placed, tone, STACK * k) for k in (2, 1))
    if placed.children:
        tone = Tone("#f8f9fa", tone.line, "#333333")
    if placed.glyph:
        yield from _slab(placed, tone, placed.glyph)
    else:
        yield _rect(placed, tone, 0, dashed=bool(placed.children))
    for line, at, middle in placed.lines():
        yield _text(line, at, "middle" if middle else "start", tone.text)
    yield from _inside(placed, look)
    yield "</g>"


def _title(placed: Placed) -> str:
    return " · ".join(filter(None, (placed.box.id, placed.box.op)))


def _rect(placed: Placed, tone: Tone, shift: float, dashed: bool = False) -> str:
    radius = 10 if placed.box.family in ("input", "output") else 4
    dashes = ' stroke-dasharray="4 2"' if dashed else ""
    return (f'<rect x="{_n(placed.x + shift)}" y="{_n(placed.y - shift)}" width="{_n(placed.width)}" '
            f'height="{_n(placed.height)}" rx="{radius}" fill="{tone.fill}" stroke="{tone.line}"{dashes}/>')


def _slab(placed: Placed, tone: Tone, glyph: tuple[float, float]) -> Iterator[str]:
    """A block of feature maps, in the middle of the box: as wide as it has channels, as high as they are."""
    wide, high = glyph
    x, y = placed.x + (placed.width - wide) / 2, placed.y + (placed.height - high) / 2
    yield (f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(wide)}" height="{_n(high)}" fill="{tone.fill}" '
           f'stroke="{tone.line}"/>')


def _text(line: Text, at: tuple[float, float], anchor: str, colour: str) -> str:
    bold = ' font-weight="bold"' if line.bold else ""
    return (f'<text x="{_n(at[0])}" y="{_n(at[1])}" text-anchor="{anchor}" font-size="{_n(line.size)}"{bold} '
            f'fill="{colour}">{text(line.text)}</text>')


def _wire(wire: Wire) -> Iterator[str]:
    arrow = ' marker-end="url(#arrow)"' if wire.arrow else ""
    yield f'<path d="{_path(wire)}" fill="none" stroke="#555"{arrow}/>'
    if wire.label:
        yield (f'<text x="{_n(wire.at[0])}" y="{_n(wire.at[1])}" fill="#555">{text(wire.label)}</text>')


def _path(wire: Wire) -> str:
    """Straight through the ranks, and in curves between them."""
    (x, y), *rest = wire.points
    out = [f"M{_n(x)},{_n(y)}"]
    for k, (a, b) in enumerate(rest):
        if k % 2 and a != x and b != y:
            points = (*wire.bend((x, y), (a, b)), (a, b))
            out.append("C" + " ".join(f"{_n(c)},{_n(d)}" for c, d in points))
        elif (a, b) != (x, y):
            out.append(f"L{_n(a)},{_n(b)}")
        x, y = a, b
    return " ".join(out)


# ----------------------------------------------------------------------------------------------------- legend
def _legend_width(entries: Sequence[tuple[str, Tone]]) -> float:
    return max((_entry_width(name) for name, _ in entries), default=0.0) + 2 * MARGIN


def _entry_width(name: str) -> float:
    return metrics.width(name, SMALL) + 34


def _legend(entries: Sequence[tuple[str, Tone]], width: float,
            top: float) -> Iterator[tuple[float, float, str, Tone]]:
    """Each entry with its place."""
    x, y = MARGIN, top
    for name, tone in entries:
        if x > MARGIN and x + _entry_width(name) > width - MARGIN:
            x, y = MARGIN, y + _ENTRY
        yield x, y, name, tone
        x += _entry_width(name)


def _entry(x: float, y: float, name: str, tone: Tone) -> Iterator[str]:
    yield (f'<rect x="{_n(x)}" y="{_n(y)}" width="16" height="12" rx="3" fill="{tone.fill}" '
           f'stroke="{tone.line}"/>')
    yield f'<text x="{_n(x + 22)}" y="{_n(y + 10)}" fill="#333">{text(name)}</text>'
