"""Branches: what lies between a join and the value that all its ends come from, if nothing else reads it."""
from __future__ import annotations

from collections.abc import Iterable, Sequence

from archcheck.frontends.spec.layers.elementwise import JOINS
from archcheck.writers._spec_items import Item, Ref

MAX_CLIMB = 400
"""So far back is looked for where branches part."""

MAX_NESTED = 10
"""Branches nest so deep at most; joins around them name the values that they join."""


def nested(items: Sequence[Item], inputs: Iterable[str], outputs: Iterable[str]) -> list[Item]:
    """``items`` with branches put into the joins that end them."""
    return _Nest(items, inputs, outputs).whole()


class _Nest:
    """``parents`` is a tree of the values: each with the one that its layer goes on from."""

    def __init__(self, items: Sequence[Item], inputs: Iterable[str], outputs: Iterable[str]) -> None:
        self.items = {item.index: item for item in items}
        self.made = {name: item for item in items for name in item.outputs}
        self.kept = set(outputs)
        self.parents: dict[str, tuple[str | None, int]] = dict.fromkeys(inputs, (None, 0))
        self.depths: dict[int, int] = {}
        self.readers: dict[str, dict[int, Item]] = {}
        self.reads = {item.index: list(item.reads()) for item in items}
        for item in items:
            for value in self.reads[item.index]:
                self.readers.setdefault(value, {})[item.index] = item

    def whole(self) -> list[Item]:
        for item in list(self.items.values()):
            self.joined(item)
            parent = item.source
            depth = self.parents[parent][1] + 1 if parent in self.parents else 0
            for name in item.outputs:
                self.parents[name] = parent, depth
        return list(self.items.values())

    def joined(self, item: Item) -> None:
        """Put its branches into a join, if it has such."""
        if item.kind not in (*JOINS, "concat") or item.source is None:
            return
        ends = [item.source, *(slot for arg in item.args for slot in arg.slots if isinstance(slot, Ref))]
        begin = self.parting(ends)
        if begin is None or len(ends) < 2 or all(end == begin for end in ends):
            return
        branches = [self.branch(item, end, begin) for end in ends]
        inside = [one.index for branch in branches for one in branch or ()]
        if all(branch is not None for branch in branches) and len(set(inside)) == len(inside):
            self.close(item, Ref(begin), [branch for branch in branches if branch is not None])

    def parting(self, ends: Sequence[str]) -> str | None:
        """The last value that all ``ends`` come from."""
        found: str | None = ends[0]
        for end in ends[1:]:
            other: str | None = end
            for _ in range(MAX_CLIMB):
                if found == other or found is None or other is None:
                    break
                if self.parents[found][1] >= self.parents[other][1]:
                    found = self.parents[found][0]
                else:
                    other = self.parents[other][0]
            if found != other:
                return None
        return found

    def branch(self, join: Item, end: str, begin: str) -> list[Item] | None:
        """The layers from ``begin`` to ``end``, None where others read what they make."""
        if end == begin:
            return []
        start = self.made[begin].index if begin in self.made else -1
        inside = self.inside(end, begin, start)
        for item in inside.values():
            for name in item.outputs:
                readers = self.readers.get(name, {}).keys() - inside.keys()
                if name in self.kept or readers - ({join.index} if name == end else set()):
                    return None
        if max((self.depths.get(index, 0) for index in inside), default=0) >= MAX_NESTED:
            return None
        return [inside[index] for index in sorted(inside)]

    def inside(self, end: str, begin: str, start: int) -> dict[int, Item]:
        """What ``end`` is made by that depends on ``begin``, and what only that reads."""
        back: dict[int, Item] = {}
        open_values = [end]
        while open_values:
            item = self.made.get(open_values.pop())
            if item is not None and item.index > start and item.index not in back:
                back[item.index] = item
                open_values += self.reads[item.index]
        kept: dict[int, Item] = {}
        for index in sorted(back):
            if any(value == begin or value in self.made and self.made[value].index in kept
                   for value in self.reads[index]):
                kept[index] = back[index]
        for index in sorted(back, reverse=True):
            readers = {reader for name in back[index].outputs for reader in self.readers.get(name, ())}
            if readers and readers <= kept.keys():
                kept[index] = back[index]
        return kept

    def close(self, join: Item, begin: Ref, branches: list[list[Item]]) -> None:
        """Let ``join`` be one with ``branches``."""
        join.args = tuple(arg for arg in join.args if not isinstance((arg.slots or ("",))[0], Ref))
        join.source, join.branches = begin, tuple(branches)
        gone = {item.index: item for branch in branches for item in branch}
        self.depths[join.index] = 1 + max((self.depths.get(index, 0) for index in gone), default=0)
        inner = {name for item in gone.values() for name in item.outputs}
        reads = [value for index in gone for value in self.reads[index] if value not in inner]
        self.reads[join.index] = list(dict.fromkeys([begin, *reads]))
        for index in gone:
            del self.items[index]
        for value in self.reads[join.index]:
            readers = self.readers.setdefault(value, {})
            for index in gone:
                readers.pop(index, None)
            readers[join.index] = join
