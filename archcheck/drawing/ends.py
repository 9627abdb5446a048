"""Where edges end in formats that lay pictures out themselves: at boxes that are closed."""
from __future__ import annotations

from collections.abc import Iterator

from archcheck.drawing.tree import OUTSIDE, Box, Link, Picture


def edges(picture: Picture) -> Iterator[tuple[Box, Box, Link]]:
    """Every edge between two closed boxes, with its link: one that ends at an open box goes on to the boxes
    inside that read or make the value."""
    for box in (picture.root, *picture.shown()):
        if box.id not in picture.open:
            continue
        boxes = {child.id: child for child in box.children}
        seen = set()
        for link in box.links:
            for value in link.values if OUTSIDE not in (link.source, link.target) else ():
                for source in _ends(picture, boxes[link.source], value, inwards=False):
                    for target in _ends(picture, boxes[link.target], value, inwards=True):
                        if (source.id, target.id) not in seen:
                            seen.add((source.id, target.id))
                            yield source, target, link


def _ends(picture: Picture, box: Box, value: str, inwards: bool) -> list[Box]:
    """The closed boxes in ``box``, or itself, at which ``value`` comes in or from which it goes out."""
    if box.id not in picture.open:
        return [box]
    crossing = [link for link in box.links if (link.source if inwards else link.target) == OUTSIDE]
    exact = [link for link in crossing if value in link.values] or crossing[-1:]
    inner = {link.target if inwards else link.source: None for link in exact}
    children = {child.id: child for child in box.children}
    if not inner:
        return _ends(picture, box.children[0 if inwards else -1], value, inwards)
    return [end for name in inner for end in _ends(picture, children[name], value, inwards)]
