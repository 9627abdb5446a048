"""What is not as it was in the layers of a network."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Union

from archcheck.comparing._hashes import Hasher, bare, fine, shaped
from archcheck.comparing._interface import Interface
from archcheck.comparing._matching import Keys, Matching, match
from archcheck.comparing._parts import Constant, Part, Source
from archcheck.comparing._sizes import Symbols
from archcheck.report import Report

Anchors = frozenset[Any]
Side = tuple[list[Part], Mapping[str, str], Mapping[tuple[int, int], str]]
Input = Union[Constant, Source, None]


class Change(NamedTuple):
    """One thing about a layer: ``operator``, ``attribute strides``, ``input w`` or ``output``; and its value
    in both networks, None where it was or is not there."""

    what: str
    old: Any
    new: Any


class LayerChange(NamedTuple):
    """A layer that was ``added``, ``removed`` or ``changed``; or only ``reshaped``: its outputs differ
    because others changed."""

    kind: str
    old: Part | None
    new: Part | None
    changes: tuple[Change, ...] = ()

    @property
    def part(self) -> Part:
        """The part in the new network, in the old one where it was removed."""
        part = self.new or self.old
        assert part is not None
        return part


def matched(old: tuple[Report, list[Part]], new: tuple[Report, list[Part]], seen: Interface,
            digests: tuple[Keys, Keys] | None) -> Matching:
    """Which part is which, the same from either side: the smaller network is the one to start from."""
    hasher = Hasher()
    sides: list[Side] = [(old[1], {}, _leaving(*old, {})),
                         (new[1], seen.inputs, _leaving(*new, seen.outputs))]
    order = (1, 0) if _rank(new[1]) < _rank(old[1]) else (0, 1)
    first, second = (sides[k] for k in order)
    pairs = [(hasher.hashes(label, *first), hasher.hashes(label, *second)) for label in (fine, shaped, bare)]
    found = match(first[0], second[0], pairs, digests and (digests[order[0]], digests[order[1]]))
    return found.mirrored() if order == (1, 0) else found


def _rank(parts: Sequence[Part]) -> tuple[int, list[tuple[str, str]]]:
    return len(parts), [(part.op, part.path) for part in parts]


def _leaving(report: Report, parts: Sequence[Part], names: Mapping[str, str]) -> dict[tuple[int, int], str]:
    """The outputs of parts that are the network's, and what stands for each."""
    wanted = set(report.graph.outputs)
    return {(at, slot): names.get(name, name) for at, part in enumerate(parts) if not part.branch
            for slot, name in enumerate(part.site.node.outputs) if name in wanted}


def layers(found: Matching, seen: Interface) -> Iterator[LayerChange]:
    """The layers that are not as they were, in the order of the new network; each removed one stands after
    what it followed."""
    differ = _Differences(found, seen)
    gone = _gone(found)
    for part in gone.get(-1, ()):
        yield LayerChange("removed", part, None)
    for b, part in enumerate(found.new):
        a = found.to_old[b]
        if a is None:
            yield LayerChange("added", None, part)
        else:
            changes = tuple(differ.own(a, b))
            shapes = tuple(differ.outputs(a, b))
            if changes or shapes:
                yield LayerChange("changed" if changes else "reshaped", found.old[a], part, changes + shapes)
        for old in gone.get(b, ()):
            yield LayerChange("removed", old, None)


def renamed(found: Matching) -> list[tuple[Part, Part]]:
    """Parts with another name than they had."""
    return [(found.old[a], found.new[b]) for a, b in found.pairs if found.old[a].path != found.new[b].path]


def _gone(found: Matching) -> dict[int, list[Part]]:
    """Removed parts by the place, in the new network, of what came before them."""
    gone: dict[int, list[Part]] = {}
    last = -1
    for a, part in enumerate(found.old):
        place = found.to_new[a]
        if place is None:
            gone.setdefault(last, []).append(part)
        else:
            last = place
    return gone


class _Differences:
    """What differs between two parts that are each other's."""

    def __init__(self, found: Matching, seen: Interface) -> None:
        self.found, self.seen = found, seen
        self.symbols: Symbols = seen.symbols
        self._anchors: tuple[dict[int, Anchors], dict[int, Anchors]] = ({}, {})
        for side, (parts, taken) in enumerate(((found.old, found.to_new), (found.new, found.to_old))):
            for at in (at for at, other in enumerate(taken) if other is None):
                sources = [self._anchor(source, side) for _, source in parts[at].operands]
                self._anchors[side][at] = frozenset().union(*sources)

    def own(self, a: int, b: int) -> Iterator[Change]:
        """What the layer itself does differently."""
        old, new = self.found.old[a], self.found.new[b]
        if old.op != new.op:
            yield Change("operator", old.op, new.op)
        for name in sorted({*old.attrs, *new.attrs}):
            if old.attrs.get(name) != new.attrs.get(name):
                yield Change(f"attribute {name}", old.attrs.get(name), new.attrs.get(name))
        before, after = dict(_inputs(old)), dict(_inputs(new))
        for name in dict.fromkeys((*before, *after)):
            x, y = before.get(name), after.get(name)
            if not self._is_same(x, y):
                yield Change(f"input {name}", *self._told(x, y))

    def outputs(self, a: int, b: int) -> Iterator[Change]:
        """Outputs of another type."""
        old, new = self.found.old[a].outputs, self.found.new[b].outputs
        for slot in range(max(len(old), len(new))):
            x, y = (side[slot] if slot < len(side) else None for side in (old, new))
            if x is None or y is None or not self.symbols.same_type(x, y):
                yield Change("output" if slot == 0 else f"output {slot + 1}", x, y)

    def _is_same(self, old: Input, new: Input) -> bool:
        """Whether an input is what it was: the same constant, or data from the same place; what was inserted
        or removed on the way counts by itself."""
        if isinstance(old, Constant) and isinstance(new, Constant):
            return self.symbols.same_type(old.kind, new.kind) and (
                old.is_weight or new.is_weight or old.elements == new.elements)
        if old is None or new is None or isinstance(old, Constant) or isinstance(new, Constant):
            return old is new
        mine, theirs = self._anchor(old, 0), self._anchor(new, 1)
        return mine == theirs or (self._is_new(old, 0) or self._is_new(new, 1)) and bool(mine & theirs)

    def _told(self, old: Input, new: Input) -> tuple[Any, Any]:
        """An input in both networks: where data come from, the elements of a small constant, or a type."""
        if isinstance(old, Constant) and isinstance(new, Constant):
            is_value = self.symbols.same_type(old.kind, new.kind)
            return (old.elements, new.elements) if is_value else (old.kind, new.kind)
        return _called(old, self.found.old), _called(new, self.found.new)

    def _is_new(self, source: Source, side: int) -> bool:
        """Whether a source has no part in the other network."""
        taken = (self.found.to_new, self.found.to_old)[side]
        return isinstance(source[0], int) and taken[source[0]] is None

    def _anchor(self, source: Source, side: int) -> Anchors:
        """The sources, by the old network's names, that are the first to be in both networks."""
        at, slot = source
        if not isinstance(at, int):
            name = self.seen.inputs.get(str(slot), slot) if side else slot
            return frozenset({(at, name)})
        if not self._is_new(source, side):
            return frozenset({(self.found.to_old[at] if side else at, slot)})
        return self._anchors[side].get(at, frozenset())


def _inputs(part: Part) -> Iterator[tuple[str, Input]]:
    yield from ((one.parameter, one) for one in part.constants)
    yield from part.operands


def _called(end: Input, parts: Sequence[Part]) -> Any:
    if end is None or isinstance(end, Constant):
        return end and end.kind
    at, slot = end
    if isinstance(at, int) and isinstance(slot, int):
        return parts[at].path if not slot else f"{parts[at].path}, output {slot + 1}"
    return f"the input {slot}" if at == "input" else f"the value {slot}"
