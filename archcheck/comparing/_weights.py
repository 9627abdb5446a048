"""The contents of weights that two networks have in common, read in pieces."""
from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import NamedTuple

from archcheck.comparing._matching import Keys, Matching
from archcheck.comparing._parts import Constant, Part
from archcheck.graph import TensorType
from archcheck.rules._payloads import Payloads

EQUAL, CHANGED, UNREADABLE = "equal", "changed", "unreadable"


class WeightChange(NamedTuple):
    """A weight of two matched layers that has the same dtype and sizes in both: the ``name`` it has in the
    new network, the path of the ``layer``; ``equal``, ``changed`` or ``unreadable``; and the ``largest``
    absolute difference of any element, None where it is not a number."""

    name: str
    layer: str
    state: str
    largest: float | None = None


class Weights:
    """The weights of two networks; each is read once for its digest, and those that differ once more."""

    def __init__(self, old: Payloads, new: Payloads) -> None:
        self.old, self.new = old, new
        self._digests: dict[tuple[int, str], bytes | None] = {}

    def keys(self, old: list[Part], new: list[Part]) -> tuple[Keys, Keys]:
        """What stands for the contents of the weights of each part; None where there are none, or they cannot
        be read."""
        return [self._key(part, self.old) for part in old], [self._key(part, self.new) for part in new]

    def changes(self, found: Matching) -> Iterator[WeightChange]:
        """Each pair of weights once."""
        seen = set()
        for a, b in found.pairs:
            before = {one.parameter: one for one in found.old[a].constants if one.is_weight}
            for one in found.new[b].constants:
                other = before.get(one.parameter)
                if other is not None and one.is_weight and _is_comparable(other.kind, one.kind):
                    key = id(other.graph), other.name, id(one.graph), one.name
                    if key not in seen:
                        seen.add(key)
                        yield self._change(other, one, found.new[b].path)

    def _key(self, part: Part, payloads: Payloads) -> tuple[str, tuple[bytes | None, ...]] | None:
        digests = tuple(self._digest(one, payloads) for one in part.constants if one.is_weight)
        return (part.op, digests) if digests and None not in digests else None

    def _digest(self, one: Constant, payloads: Payloads) -> bytes | None:
        key = id(one.graph), one.name
        if key not in self._digests:
            self._digests[key] = payloads.digest(one.kind)
        return self._digests[key]

    def _change(self, old: Constant, new: Constant, layer: str) -> WeightChange:
        before, after = self._digest(old, self.old), self._digest(new, self.new)
        if before is None or after is None:
            return WeightChange(new.name, layer, UNREADABLE)
        if before == after:
            return WeightChange(new.name, layer, EQUAL)
        return WeightChange(new.name, layer, CHANGED, self._largest(old.kind, new.kind))

    def _largest(self, old: TensorType, new: TensorType) -> float | None:
        """The largest absolute difference; None where there is none that is a number."""
        import numpy
        largest = 0.0
        with numpy.errstate(all="ignore"):
            for a, b in zip(self.old.arrays(old), self.new.arrays(new)):
                wide = "complex128" if numpy.iscomplexobj(a) else "float64"
                difference = float(numpy.abs(a.astype(wide) - b.astype(wide)).max())
                if not isfinite(difference):
                    return None
                largest = max(largest, difference)
        return largest or None


def _is_comparable(old: TensorType, new: TensorType) -> bool:
    return old.dtype == new.dtype and old.shape == new.shape
