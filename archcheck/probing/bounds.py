"""From where to where values read an input, measured one axis at a time.

Everything before a position of the input is changed, and a value that changes reads something there; likewise
everything behind it. The first position with which an element changes is the first that it reads.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from archcheck.probing.network import Array, Marks, Network, Points

Run = Callable[[Mapping[str, Array], Points], Marks]
Cuts = tuple[Iterable[int], Iterable[int]]
"""Up to where, included, and from where on the input is changed, each in a run of its own."""


class Bounds(NamedTuple):
    """Between what the first and the last position lie that each point of a value reads along an axis of
    ``size`` positions. A point that reads nothing has ``size`` for its first position and -1 for its last."""

    first_least: Array
    first_most: Array
    last_least: Array
    last_most: Array

    @classmethod
    def unknown(cls, count: int, size: int) -> Bounds:
        """What is known of ``count`` points before the first run."""
        return cls(*(np.full(count, value) for value in (0, size, -1, size - 1)))

    def refute(self, first: Array, last: Array) -> tuple[Array, Array]:
        """Of which points it is wrong to say that they read nothing before ``first`` and nothing behind
        ``last``, and which of them read less than that."""
        missed = (first > self.first_most) | (last < self.last_least)
        spare = (first < self.first_least) | (last > self.last_most)
        return missed, spare

    def settle(self, first: Array, last: Array) -> Array:
        """Of which points it is proved that they read up to ``first`` and up to ``last``."""
        return (self.first_most <= first) & (self.last_least >= last)


def region(shape: Sequence[int], axis: int, rows: Any) -> Array:
    """A mask of the ``rows`` of an axis, which broadcasts to ``shape``."""
    mask = np.zeros([size if k == axis else 1 for k, size in enumerate(shape)], bool)
    mask[(slice(None),) * axis + (rows,)] = True
    return mask


def bounds(run: Run, network: Network, name: str, axis: int, points: Points, cuts: Cuts) -> dict[str, Bounds]:
    """What runs with the ``cuts`` say of the ``points``."""
    shape = network.inputs[name].shape
    size = shape[axis]
    found = {value: Bounds.unknown(len(where[0]) if where else 1, size) for value, where in points.items()}
    for cut in cuts[0]:
        for value, hit in run({name: region(shape, axis, slice(cut + 1))}, points).items():
            np.minimum(found[value].first_most, cut, out=found[value].first_most, where=hit)
            np.maximum(found[value].first_least, cut + 1, out=found[value].first_least, where=~hit)
    for cut in cuts[1]:
        for value, hit in run({name: region(shape, axis, slice(cut, None))}, points).items():
            np.maximum(found[value].last_least, cut, out=found[value].last_least, where=hit)
            np.minimum(found[value].last_most, cut - 1, out=found[value].last_most, where=~hit)
    return found


def sets(run: Run, network: Network, name: str, axis: int, points: Points) -> dict[str, Array]:
    """Which positions of an axis of an input each point reads: an array (size, points) for each value."""
    shape = network.inputs[name].shape
    columns = [run({name: region(shape, axis, [row])}, points) for row in range(shape[axis])]
    return {value: np.stack([np.atleast_1d(column[value]) for column in columns]) for value in points}


def everywhere(size: int) -> Cuts:
    """The cuts that settle everything along an axis of ``size`` positions."""
    return range(size), range(size)


def all_points(network: Network, most: int = 4096) -> dict[str, tuple[Array, ...]]:
    """Every position of every value, of large ones a sample."""
    return {value: sample(shape, most) for value, shape in network.values.items() if 0 not in shape}


def sample(shape: Sequence[int], most: int) -> tuple[Array, ...]:
    """All positions of a ``shape``; where they are more than ``most``, the corners, the centre and others
    drawn at random."""
    total = int(np.prod(shape))
    if total <= most:
        return np.unravel_index(np.arange(total), shape) if shape else ()
    draw = np.random.default_rng(total)
    corners = [[0] * len(shape), [size - 1 for size in shape], [size // 2 for size in shape]]
    others = [[draw.integers(size) for size in shape] for _ in range(max(most - 3, 0))]
    return tuple(np.array(corners + others).T)
