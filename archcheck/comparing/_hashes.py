"""What parts are like, as small numbers that are equal for parts that are alike: by themselves, with all that
leads to them, with all that follows, and with what is near (Weisfeiler and Leman 1968)."""
from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import NamedTuple

from archcheck.comparing._parts import Part, readers

NEAR = 3
"""So many steps in every direction are near."""

Label = Callable[[Part], Hashable]


def fine(part: Part) -> Hashable:
    """Operator, attributes and constants."""
    return shaped(part), tuple(part.attrs.items()), tuple(one.elements for one in part.constants)


def shaped(part: Part) -> Hashable:
    """Operator and the types of its constants."""
    return bare(part), tuple((one.parameter, one.kind.dtype, one.kind.shape) for one in part.constants)


def bare(part: Part) -> Hashable:
    """Operator and branch alone."""
    return part.op, part.branch


class Hashes(NamedTuple):
    """For each part: ``own``; ``up``, all that leads to it, and ``down``, all that follows; and what is
    within `NEAR` steps ``before`` it, ``after`` it, and ``near`` it on both sides."""

    own: list[int]
    up: list[int]
    down: list[int]
    before: list[int]
    after: list[int]
    near: list[int]


class Hasher:
    """Numbers for what is alike; those of one hasher can be compared."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}

    def _number(self, key: Hashable) -> int:
        return self._numbers.setdefault(key, len(self._numbers))

    def hashes(self, label: Label, parts: Sequence[Part], inputs: Mapping[str, str],
               outputs: Mapping[tuple[int, int], Hashable]) -> Hashes:
        """The numbers of ``parts``. ``inputs`` says what stands for each input of the network, ``outputs``
        for each part's output that is one of the network's."""
        own = [self._number(label(part)) for part in parts]
        ends = _Ends(parts, inputs, outputs)
        up, down = list(own), list(own)
        for at in range(len(parts)):
            up[at] = self._number((own[at], ends.before(at, up)))
        for at in reversed(range(len(parts))):
            down[at] = self._number((own[at], ends.after(at, down)))
        before, after, near = list(own), list(own), list(own)
        for _ in range(NEAR):
            before = [self._number((key, ends.before(at, before))) for at, key in enumerate(before)]
            after = [self._number((key, ends.after(at, after))) for at, key in enumerate(after)]
            near = [self._number((key, ends.before(at, near), ends.after(at, near)))
                    for at, key in enumerate(near)]
        return Hashes(own, up, down, before, after, near)


class _Ends:
    """The two ends of what parts exchange: where their operands come from, and where their outputs go."""

    def __init__(self, parts: Sequence[Part], inputs: Mapping[str, str],
                 outputs: Mapping[tuple[int, int], Hashable]) -> None:
        self.parts, self.inputs, self.read = parts, inputs, readers(list(parts))
        self.leaving: dict[int, list[tuple[str, int, Hashable]]] = {}
        for (at, slot), name in outputs.items():
            self.leaving.setdefault(at, []).append(("output", slot, name))

    def before(self, at: int, known: list[int]) -> Hashable:
        """The operands of a part, each as what is known of its source."""
        return tuple(self._operand(source, slot, known, at) for _, (source, slot) in self.parts[at].operands)

    def after(self, at: int, known: list[int]) -> Hashable:
        """The readers of a part, each as what is known of it, and the outputs of the network."""
        reading = sorted((known[reader], slot, position) for reader, slot, position in self.read[at])
        return tuple(reading), tuple(self.leaving.get(at, ()))

    def _operand(self, source: int | str, slot: Hashable, known: list[int], at: int) -> Hashable:
        if isinstance(source, int):
            return (known[source], slot) if source < at else "later"
        return (source, self.inputs.get(str(slot), slot)) if source == "input" else source
