"""A picture for Graphviz, which lays it out itself."""
from __future__ import annotations

from collections.abc import Iterator, Mapping

from archcheck.drawing.ends import edges
from archcheck.drawing.style import SMALL, Look, Text
from archcheck.drawing.tree import INPUT, OUTPUT, Box, Picture

ENTRIES = 4
"""Of the legend in a row."""


def render(picture: Picture, look: Look) -> str:
    """The picture in the DOT language; nodes are called ``n0``, ``n1``, …, in the order they are drawn."""
    numbers = {box.id: f"n{k}" for k, box in enumerate(picture.shown())}
    palette = look.palette
    lines = [
        f"digraph {quoted(picture.title or 'network')} {{",
        f"  graph [rankdir={look.direction}, fontname=Helvetica, fontsize=12, nodesep=0.25, ranksep=0.35];",
        f'  graph [bgcolor="{palette.ground}", fontcolor="{palette.panel.text}"];',
        '  node [shape=box, style="rounded,filled", fontname=Helvetica, fontsize=12, margin="0.12,0.06"];',
        f"  edge [fontname=Helvetica, fontsize={SMALL:g}, arrowsize=0.6];",
        f'  edge [color="{palette.edge}", fontcolor="{palette.edge}"];',
    ]
    for child in picture.root.children:
        lines += (f"  {line}" for line in _box(picture, look, child, numbers))
    labelled: set[str] = set()
    for source, target, link in edges(picture):
        label = look.label(link) if source.id not in labelled else ""
        labelled.add(source.id)
        tail = f" [label={quoted(label)}]" if label else ""
        lines.append(f"  {numbers[source.id]} -> {numbers[target.id]}{tail};")
    return "\n".join([*lines, *_legend(look), "}", ""])


def quoted(text: str) -> str:
    """``text`` as a string of the DOT language."""
    safe = "".join(c if c.isprintable() else "�" for c in text)
    return '"' + safe.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _box(picture: Picture, look: Look, box: Box, numbers: Mapping[str, str]) -> Iterator[str]:
    tone, texts = look.tone(box), look.lines(box)
    if box.id not in picture.open:
        shape = ", shape=ellipse" if box.family in (INPUT, OUTPUT) else ""
        sheets = ", peripheries=2" if box.count > 1 else ""
        yield (f'{numbers[box.id]} [label=<{_html(texts)}>, fillcolor="{tone.fill}", color="{tone.line}", '
               f'fontcolor="{tone.text}", tooltip={quoted(box.id)}{shape}{sheets}];')
        return
    yield f"subgraph cluster_{numbers[box.id]} {{"
    yield (f'  label=<{_html(texts[:2], left=True)}>; labeljust=l; style="rounded,dashed,filled"; '
           f'fillcolor="{look.palette.panel.fill}"; color="{tone.line}";')
    for child in box.children:
        yield from (f"  {line}" for line in _box(picture, look, child, numbers))
    yield "}"


def _legend(look: Look) -> Iterator[str]:
    """What the colours mean, as the label of the graph: some entries in a row."""
    from archcheck.drawing.svg import text
    cells = []
    for told, key in look.legend:
        tone = look.palette.tones[key]
        cells.append(f'<TD BORDER="1" WIDTH="16" COLOR="{tone.line}" BGCOLOR="{tone.fill}"></TD>'
                     f'<TD ALIGN="LEFT"><FONT POINT-SIZE="{SMALL:g}">{text(told)}</FONT></TD>')
    rows = ("".join(cells[k:k + ENTRIES]) for k in range(0, len(cells), ENTRIES))
    table = "".join(f"<TR>{row}</TR>" for row in rows)
    if table:
        yield f'  graph [labelloc=b, labeljust=l, label=<<TABLE BORDER="0">{table}</TABLE>>];'


def _html(texts: tuple[Text, ...], left: bool = False) -> str:
    """Lines of text as a label of HTML."""
    from archcheck.drawing.svg import text
    marks = [("<B>", "</B>") if line.bold else ("", "") for line in texts]
    shown = [text(line.text) or " " for line in texts]
    shown = [f"{line}&#8203;" if set(line) == {"]"} else line for line in shown]  # a syntax error in 2.42
    lines = [f'<FONT POINT-SIZE="{line.size:g}">{begin}{told}{end}</FONT>'
             for line, told, (begin, end) in zip(texts, shown, marks)]
    return "".join(f'{line}<BR ALIGN="LEFT"/>' for line in lines) if left else "<BR/>".join(lines)


