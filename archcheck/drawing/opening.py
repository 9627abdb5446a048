"""Which boxes of a picture are open: as many as a person can look at."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

from archcheck.drawing.tree import OUTSIDE, Box

ABOVE = 40
"""So many boxes above each other still make a picture that can be looked at: some 3,000 px."""


def opened(root: Box, forms: Mapping[str, int], limit: int) -> frozenset[str]:
    """The ids of the boxes to open, level by level: of those that are of one form, as ``forms`` has them, all
    or the first, as long as there are at most ``limit`` boxes, and not too many above each other."""
    room = _Room(root, limit)
    level = [root]
    while level:
        following = [child for box in level for child in box.children]
        level = []
        for alike in _by_form(following, forms):
            level += next((some for some in (alike, alike[:1]) if room.opens(some)), [])
    return frozenset(room.lengths)


def down_to(root: Box, depth: int) -> frozenset[str]:
    """The ids of the boxes that are open if those of ``depth`` levels are seen."""
    return frozenset(box.id for level, box in root.walk() if level < depth and may_open(box) or not level)


def may_open(box: Box) -> bool:
    """Whether there is something to be seen in a box."""
    return bool(box.children) and not box.fused


def _by_form(boxes: Sequence[Box], forms: Mapping[str, int]) -> list[list[Box]]:
    """The boxes that may be opened, those of the same form together, small ones first."""
    found: dict[int, list[Box]] = {}
    for box in boxes:
        if may_open(box):
            found.setdefault(forms[box.id], []).append(box)
    return sorted(found.values(), key=lambda alike: len(alike[0].children))


class _Room:
    """The room that is left while boxes are opened: ``lengths`` has, of each that is open, how many boxes are
    above each other in it."""

    def __init__(self, root: Box, limit: int) -> None:
        self.limit, self.longest = limit, max(ABOVE, limit * 2 // 5)
        self.root, self.shown = root, len(root.children)
        self.around = {child.id: box for _, box in root.walk() for child in box.children}
        self.lengths = {root.id: _length(root, {})}

    def opens(self, boxes: Sequence[Box]) -> bool:
        """Open some boxes, if there is room for all of them."""
        shown = self.shown + sum(len(box.children) for box in boxes)
        if shown > self.limit:
            return False
        lengths = dict(self.lengths)
        for box in boxes:
            self._open(box, lengths)
        if lengths[self.root.id] > self.longest:
            return False
        self.lengths, self.shown = lengths, shown
        return True

    def _open(self, box: Box, lengths: dict[str, int]) -> None:
        """Work out the lengths again of a box and those around it."""
        while True:
            lengths[box.id] = _length(box, lengths)
            if box.id not in self.around:
                break
            box = self.around[box.id]


def _length(box: Box, lengths: Mapping[str, int]) -> int:
    """How many boxes are above each other in an open box, its own head being one: those that stand side by
    side begin and end together."""
    before: dict[str, list[str]] = {}
    for link in box.links:
        if link.source != OUTSIDE:
            before.setdefault(link.target, []).append(link.source)
    rank: dict[str, int] = {}
    longest: dict[int, int] = {}
    for child in box.children:
        place = rank[child.id] = max((rank.get(name, 0) for name in before.get(child.id, ())), default=0) + 1
        longest[place] = max(longest.get(place, 0), lengths.get(child.id, 1))
    return 1 + sum(longest.values())
