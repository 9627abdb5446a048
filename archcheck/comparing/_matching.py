"""Which part of one network is which of another: names where the surroundings agree, then structure, then
what stands between parts that are matched."""
from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import Union

from archcheck.comparing._hashes import Hashes
from archcheck.comparing._parts import Part, readers

LONGEST_GAP = 250_000
"""Stretches whose lengths have a larger product are not aligned."""
WIDEST_GAP = 2_000
"""Nor are those in a wider stretch of the new network."""

ANY = 1 << 62
Keys = Sequence[Union[Hashable, None]]
_DIGIT = re.compile(r"\d")


class Matching:
    """``to_new`` maps the places of parts of the old network to those of the new one, ``to_old`` back; None
    where a part has no other."""

    def __init__(self, old: Sequence[Part], new: Sequence[Part]) -> None:
        self.old, self.new = old, new
        self.to_new: list[int | None] = [None] * len(old)
        self.to_old: list[int | None] = [None] * len(new)

    def pair(self, a: int, b: int) -> None:
        """The old part ``a`` is the new part ``b``."""
        self.to_new[a], self.to_old[b] = b, a

    def mirrored(self) -> Matching:
        """The same seen from the other side."""
        found = Matching(self.new, self.old)
        found.to_new, found.to_old = self.to_old, self.to_new
        return found

    @property
    def pairs(self) -> Iterator[tuple[int, int]]:
        """The places of parts that are each other's, in the order of the new network."""
        return ((a, b) for b, a in enumerate(self.to_old) if a is not None)

    def groups(self, old: Keys, new: Keys) -> Iterator[tuple[list[int], list[int]]]:
        """Those left that have the same key, where it is as frequent in both; None is no key."""
        groups: dict[Hashable, tuple[list[int], list[int]]] = {}
        for side, (keys, taken) in enumerate(((old, self.to_new), (new, self.to_old))):
            for at, key in enumerate(keys):
                if key is not None and taken[at] is None:
                    groups.setdefault(key, ([], []))[side].append(at)
        return (group for group in groups.values() if len(group[0]) == len(group[1]))

    def by(self, old: Keys, new: Keys, most: int = 1) -> None:
        """Pair those left that have the same key, in order, where so many have it at ``most``."""
        for mine, theirs in self.groups(old, new):
            if len(mine) <= most:
                for a, b in zip(mine, theirs):
                    self.pair(a, b)

    def said(self, key: Callable[[Part], Hashable | None]) -> None:
        """Pair by what ``key`` says of each part."""
        self.by([key(part) for part in self.old], [key(part) for part in self.new], ANY)


def match(old: Sequence[Part], new: Sequence[Part], hashes: Sequence[tuple[Hashes, Hashes]],
          digests: tuple[Keys, Keys] | None = None) -> Matching:
    """The best matching found. ``hashes`` are those of both, the finest labels first; ``digests`` stand for
    the contents of weights."""
    found = Matching(old, new)
    edges = _Edges(found)
    found.said(_plain_path)
    if digests is not None:
        found.by(*digests)
    for mine, theirs in hashes:
        _by_names(found, mine, theirs)
        found.said(_weight_names)
        for keys in _structure(found, mine, theirs):
            found.by(*keys)
        edges.follow(found.pairs, mine, theirs)
    for mine, theirs in hashes:
        for keys in _structure(found, mine, theirs):
            _one_by_one(found, edges, keys, mine, theirs)
        _in_gaps(found, mine, theirs)
        edges.follow(found.pairs, mine, theirs)
    for key in (_path_and_op, _scope_and_op, _path):
        found.said(key)
    return found


def _by_names(found: Matching, mine: Hashes, theirs: Hashes) -> None:
    """Parts of the same name in the same surroundings: numbers in names shift as layers are inserted."""
    for a, b in list(zip(mine, theirs))[1:]:
        found.by([(part.path, key) for part, key in zip(found.old, a)],
                 [(part.path, key) for part, key in zip(found.new, b)], ANY)


def _structure(found: Matching, mine: Hashes, theirs: Hashes) -> Iterator[tuple[Keys, Keys]]:
    """What tells parts apart without their names, the most telling first."""
    yield list(zip(mine.up, mine.down)), list(zip(theirs.up, theirs.down))
    yield mine.up, theirs.up
    yield mine.down, theirs.down
    yield _scoped(found.old, mine), _scoped(found.new, theirs)
    yield mine.near, theirs.near


def _scoped(parts: Sequence[Part], hashes: Hashes) -> Keys:
    return [(part.scope, key) if part.scope else None for part, key in zip(parts, hashes.near)]


def _one_by_one(found: Matching, edges: _Edges, keys: tuple[Keys, Keys], mine: Hashes,
                theirs: Hashes) -> None:
    """Pair parts that are alike in order, each with its neighbours at once, so that branches that are alike
    are not crossed."""
    for old, new in found.groups(*keys):
        free = deque(new)
        for a in old:
            while free and found.to_old[free[0]] is not None:
                free.popleft()
            if free and found.to_new[a] is None:
                found.pair(a, free[0])
                edges.follow([(a, free[0])], mine, theirs)


# ---------------------------------------------------------------------------------------------- names as keys
def _plain_path(part: Part) -> Hashable | None:
    """The path and the operator where there is no number in it: nothing that counts can shift it."""
    return None if _DIGIT.search(part.path) else (part.path, part.op)


def _weight_names(part: Part) -> Hashable | None:
    names = tuple((one.name, one.kind.shape) for one in part.constants if one.is_weight)
    return (part.op, names) if names else None


def _path_and_op(part: Part) -> Hashable:
    return part.path, part.op


def _scope_and_op(part: Part) -> Hashable | None:
    return (part.scope, part.op, part.branch) if part.scope else None


def _path(part: Part) -> Hashable:
    return part.path


# ------------------------------------------------------------------------------------------------ neighbours
class _Edges:
    """What parts exchange, to be followed from parts that are each other's."""

    def __init__(self, found: Matching) -> None:
        self.found, self.read = found, (readers(list(found.old)), readers(list(found.new)))

    def follow(self, pairs: Iterable[tuple[int, int]], mine: Hashes, theirs: Hashes) -> None:
        """Pair what ``pairs`` read and what reads them, where only one part on each side can be meant."""
        waiting = deque(pairs)
        while waiting:
            a, b = waiting.popleft()
            for c, d in (*self._sources(a, b), *self._readers(a, b, mine, theirs)):
                is_free = self.found.to_new[c] is None and self.found.to_old[d] is None
                if is_free and mine.own[c] == theirs.own[d]:
                    self.found.pair(c, d)
                    waiting.append((c, d))

    def _sources(self, a: int, b: int) -> Iterator[tuple[int, int]]:
        """The parts that two others read at the same place."""
        for (_, mine), (_, theirs) in zip(self.found.old[a].operands, self.found.new[b].operands):
            if isinstance(mine[0], int) and isinstance(theirs[0], int) and mine[1] == theirs[1]:
                yield mine[0], theirs[0]

    def _readers(self, a: int, b: int, mine: Hashes, theirs: Hashes) -> Iterator[tuple[int, int]]:
        """The parts that read two others in the same way, where there is one each."""
        groups: dict[Hashable, tuple[list[int], list[int]]] = {}
        sides = ((self.read[0][a], mine.own, self.found.to_new),
                 (self.read[1][b], theirs.own, self.found.to_old))
        for side, (edges, own, taken) in enumerate(sides):
            for reader, slot, position in edges:
                if taken[reader] is None:
                    groups.setdefault((own[reader], slot, position), ([], []))[side].append(reader)
        return ((old[0], new[0]) for old, new in groups.values() if len(old) == 1 == len(new))


# ------------------------------------------------------------------------------------------------------ gaps
def _in_gaps(found: Matching, mine: Hashes, theirs: Hashes) -> None:
    """The longest common sequences of what stands between neighbours that are matched."""
    for a, c in _gaps(found):
        if len(a) * len(c) <= LONGEST_GAP:
            own = [mine.own[k] for k in a], [theirs.own[k] for k in c]
            for i, j, size in SequenceMatcher(None, *own, autojunk=False).get_matching_blocks():
                for k in range(size):
                    found.pair(a[i + k], c[j + k])


def _gaps(found: Matching) -> Iterator[tuple[Sequence[int], Sequence[int]]]:
    """Stretches without a match in the old network, each with what is left in the new one between the same
    neighbours."""
    start = 0
    for at in range(len(found.old) + 1):
        if at < len(found.old) and found.to_new[at] is None:
            continue
        before = found.to_new[start - 1] if start else -1
        after = found.to_new[at] if at < len(found.old) else len(found.new)
        if at > start and before is not None and after is not None and after - before <= WIDEST_GAP:
            free = [k for k in range(before + 1, after) if found.to_old[k] is None]
            if free:
                yield range(start, at), free
        start = at + 1
