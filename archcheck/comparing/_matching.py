"""Which part of one network is which of another: names where the surroundings agree, then structure, then
what stands between parts that are matched."""
from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import Union

from archcheck.comparing._hashes import Hashes
from archcheck.comparing._parts import Part, readers

LONGEST_GAP = 250_000
"""Stretches whose lengths have a larger product are not aligned."""
WIDEST_GAP = 2_000
"""Nor are those in a wider stretch of the new network."""

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

    @property
    def pairs(self) -> Iterator[tuple[int, int]]:
        """The places of parts that are each other's, in the order of the new network."""
        return ((a, b) for b, a in enumerate(self.to_old) if a is not None)

    def by(self, old: Keys, new: Keys) -> None:
        """Pair those left that have the same key, in order, where it is as frequent in both; None is no
        key."""
        groups: dict[Hashable, tuple[list[int], list[int]]] = {}
        for side, (keys, taken) in enumerate(((old, self.to_new), (new, self.to_old))):
            for at, key in enumerate(keys):
                if key is not None and taken[at] is None:
                    groups.setdefault(key, ([], []))[side].append(at)
        for mine, theirs in groups.values():
            if len(mine) == len(theirs):
                for a, b in zip(mine, theirs):
                    self.pair(a, b)

    def said(self, key: Callable[[Part], Hashable | None]) -> None:
        """Pair by what ``key`` says of each part."""
        self.by([key(part) for part in self.old], [key(part) for part in self.new])


def match(old: Sequence[Part], new: Sequence[Part], hashes: Sequence[tuple[Hashes, Hashes]],
          digests: tuple[Keys, Keys] | None = None) -> Matching:
    """The best matching found. ``hashes`` are those of both, the finest labels first; ``digests`` stand for
    the contents of weights."""
    found = Matching(old, new)
    _by_names(found, *hashes[0])
    found.said(_plain_path)
    if digests is not None:
        found.by(*digests)
    for mine, theirs in hashes:
        _by_names(found, mine, theirs)
        found.said(_weight_names)
        _by_structure(found, mine, theirs)
    for mine, theirs in hashes:
        _along_edges(found, mine, theirs)
        _in_gaps(found, mine, theirs)
    for key in (_path_and_op, _scope_and_op, _path):
        found.said(key)
    return found


def _by_names(found: Matching, mine: Hashes, theirs: Hashes) -> None:
    """Parts of the same name in the same surroundings: numbers in names shift as layers are inserted."""
    for a, b in list(zip(mine, theirs))[1:]:
        found.by([(part.path, key) for part, key in zip(found.old, a)],
                 [(part.path, key) for part, key in zip(found.new, b)])


def _by_structure(found: Matching, mine: Hashes, theirs: Hashes) -> None:
    found.by(list(zip(mine.up, mine.down)), list(zip(theirs.up, theirs.down)))
    for a, b in ((mine.up, theirs.up), (mine.down, theirs.down)):
        found.by(a, b)
    scopes = ([(part.scope, key) if part.scope else None for part, key in zip(side, keys)]
              for side, keys in ((found.old, mine.near), (found.new, theirs.near)))
    found.by(*scopes)
    found.by(mine.near, theirs.near)


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
def _along_edges(found: Matching, mine: Hashes, theirs: Hashes) -> None:
    """From pairs to what they read and what reads them, where only one part on each side can be meant."""
    read = readers(list(found.old)), readers(list(found.new))
    waiting = deque(found.pairs)
    while waiting:
        a, b = waiting.popleft()
        for pair in (*_read(found, a, b), *_reading(found, read[0][a], read[1][b], mine, theirs)):
            if mine.own[pair[0]] == theirs.own[pair[1]] and _are_free(found, *pair):
                found.pair(*pair)
                waiting.append(pair)


def _are_free(found: Matching, a: int, b: int) -> bool:
    return found.to_new[a] is None and found.to_old[b] is None


def _read(found: Matching, a: int, b: int) -> Iterator[tuple[int, int]]:
    """The parts that two others read at the same place."""
    for (_, mine), (_, theirs) in zip(found.old[a].operands, found.new[b].operands):
        if isinstance(mine[0], int) and isinstance(theirs[0], int) and mine[1] == theirs[1]:
            yield mine[0], theirs[0]


def _reading(found: Matching, mine: list[tuple[int, int, int]], theirs: list[tuple[int, int, int]],
             old: Hashes, new: Hashes) -> Iterator[tuple[int, int]]:
    """The parts that read two others in the same way, where there is one each."""
    groups: dict[Hashable, tuple[list[int], list[int]]] = {}
    for side, (edges, own, taken) in enumerate(((mine, old.own, found.to_new),
                                                (theirs, new.own, found.to_old))):
        for reader, slot, position in edges:
            if taken[reader] is None:
                groups.setdefault((own[reader], slot, position), ([], []))[side].append(reader)
    return ((a[0], b[0]) for a, b in groups.values() if len(a) == 1 == len(b))


# ------------------------------------------------------------------------------------------------------ gaps
def _in_gaps(found: Matching, mine: Hashes, theirs: Hashes) -> None:
    """The longest common sequences of what stands between neighbours that are matched."""
    for a, c in list(_gaps(found)):
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
