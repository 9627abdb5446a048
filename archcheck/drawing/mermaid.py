"""A picture as a Mermaid flowchart, as GitHub shows it in Markdown."""
from __future__ import annotations

from collections.abc import Iterator, Mapping

from archcheck.drawing.ends import edges
from archcheck.drawing.style import Look
from archcheck.drawing.tree import INPUT, OUTPUT, Box, Picture

_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .,:·×+-/_=")


def render(picture: Picture, look: Look) -> str:
    """The picture in Mermaid's language. All text is quoted, with what is no plain letter as a number."""
    numbers = {box.id: f"n{k}" for k, box in enumerate(picture.shown())}
    lines = [f"flowchart {look.direction}"]
    for child in picture.root.children:
        lines += (f"  {line}" for line in _box(picture, look, child, numbers))
    labelled: set[str] = set()
    for source, target, link in edges(picture):
        label = look.label(link) if source.id not in labelled else ""
        labelled.add(source.id)
        arrow = f'-->|"{_safe(label)}"|' if label else "-->"
        lines.append(f"  {numbers[source.id]} {arrow} {numbers[target.id]}")
    return "\n".join([*lines, *_legend(look), *_classes(picture, look, numbers), ""])


def _legend(look: Look) -> Iterator[str]:
    """What the colours mean: a box for each, in one without a name."""
    if look.legend:
        yield '  subgraph legend [" "]'
        yield f"    direction {look.direction}"
        yield from (f'    k{k}["{_safe(told)}"]' for k, (told, _) in enumerate(look.legend))
        yield "  end"
        yield "  style legend fill:none,stroke:none"


def _classes(picture: Picture, look: Look, numbers: Mapping[str, str]) -> Iterator[str]:
    """The colours, each with the boxes that have it, those of the legend among them."""
    members: dict[tuple[str, bool], list[str]] = {}
    for box in picture.shown():
        members.setdefault((look.key(box), box.id in picture.open), []).append(numbers[box.id])
    for k, (_, key) in enumerate(look.legend):
        members.setdefault((key, False), []).append(f"k{k}")
    for (key, is_open), names in members.items():
        name, tone = key + "Open" * is_open, look.palette.tones[key]
        inside = look.palette.panel if is_open else tone
        yield f"  classDef {name} fill:{inside.fill},stroke:{tone.line},color:{inside.text}"
        yield f"  class {','.join(names)} {name}"


def _safe(text: str) -> str:
    """``text`` for a quoted label: what could end it or be taken for markup is written as its number."""
    return "".join(c if c in _PLAIN else f"#{ord(c)};" if c.isprintable() else "#65533;" for c in text)


def _box(picture: Picture, look: Look, box: Box, numbers: Mapping[str, str]) -> Iterator[str]:
    texts = [_safe(line.text) for line in look.lines(box)]
    if box.id not in picture.open:
        left, right = ("([", "])") if box.family in (INPUT, OUTPUT) else ("[[", "]]") if box.count > 1 else (
            "[", "]")
        yield f'{numbers[box.id]}{left}"{"<br/>".join(texts)}"{right}'
        return
    yield f'subgraph {numbers[box.id]} ["{" · ".join(texts[:2])}"]'  # there is room for one line
    for child in box.children:
        yield from (f"  {line}" for line in _box(picture, look, child, numbers))
    yield "end"
