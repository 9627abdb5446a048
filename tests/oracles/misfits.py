"""Exact sets of what is read, held against one run for every position of the inputs."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from archcheck.probing.bounds import sets
from archcheck.probing.judge import positions, stands_still
from archcheck.probing.network import Array, Network, Points


class Misfit(NamedTuple):
    """A point of a value for which what is said of an axis of an input is not what was measured: the
    positions said, those that must be among them, and those that may."""

    kind: str
    value: str
    position: tuple[int, ...]
    input: str
    axis: int
    said: tuple[int, ...]
    least: tuple[int, ...]
    most: tuple[int, ...]


def misfits(network: Network, said: Any, points: Points) -> Iterator[Misfit]:
    """Hold boxes and exact sets of the ``points`` against one run for every position of the inputs.

    What changes when a position is changed is read; what turns NaN with it may be. What is said has to lie
    between, and hulls have to be those of such a set; where operators on the way cannot leak NaN it has to
    hold what turns NaN."""
    for name, given in network.inputs.items():
        for axis in range(len(given.shape)):
            poisoned = sets(network.poisoned, network, name, axis, points)
            disturbed = sets(network.disturbed, network, name, axis, points)
            for value, where in points.items():
                nan, changed = poisoned[value], disturbed[value]
                least = changed if network.leaking.get(value) else nan | changed
                reach = said(value).get(name)
                yield from _compared(network, reach, (value, name, axis), where, least, nan | changed)


def _compared(network: Network, reach: Any, what: tuple[str, str, int], where: tuple[Array, ...],
              least: Array, most: Array) -> Iterator[Misfit]:
    value, name, axis = what
    drops = bool(network.through.get(value))
    size = len(least)
    for k, position in enumerate(positions(where)):
        must, may = _places(least[:, k]), _places(most[:, k])
        box = reach and reach.box(position)
        found = reach.positions(position) if box is not None else None
        exact = () if found is None or not all(found) else tuple(found[axis])
        hull = () if box is None else tuple(range(box[axis][0], box[axis][1] + 1))
        here = value, position, name, axis
        if hull and not may and stands_still(reach, position, network.values[value]):
            yield Misfit("nothing", *here, exact, must, may)
            continue
        tight = not (reach and reach.upper_bound) and not drops
        if not set(must) <= set(exact):
            yield Misfit("unsound set", *here, exact, must, may)
        if must and (not hull or hull[0] > must[0] or hull[-1] < must[-1]):
            yield Misfit("unsound hull", *here, hull, must, may)
        if tight and not set(exact) <= set(may):
            yield Misfit("loose set", *here, exact, must, may)
        if tight and hull and (not may or hull[0] < may[0] or hull[-1] > may[-1]):
            yield Misfit("loose hull", *here, hull, must, may)
        if any(not 0 <= place < size for place in (*exact, *hull)):
            yield Misfit("outside", *here, exact, must, may)


def _places(column: Array) -> tuple[int, ...]:
    return tuple(int(place) for place in np.flatnonzero(column))
