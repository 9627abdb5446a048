"""Sizes that a file fixes, made symbols: to ask which others the network would take."""
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from archcheck.dims import Size, symbol, symbols
from archcheck.errors import UserError, closest
from archcheck.graph import Graph, TensorType

_AXES = re.compile(r"-?[0-9]{1,3}(,-?[0-9]{1,3})*", re.ASCII)


class FreeError(UserError):
    """An input or an axis that the network has not, or one whose size is free already."""


class Freed(NamedTuple):
    """A symbol for an axis of an input, whose size in the file was ``size``."""

    symbol: str
    input: str
    axis: int
    size: int


def free(graph: Graph, axes: Sequence[str]) -> tuple[Graph, tuple[Freed, ...]]:
    """``graph`` with symbols for the sizes of ``axes``, each ``INPUT:AXIS,AXIS…`` (without ``INPUT:`` the
    first input); and what the symbols stand for. Axes of one role and size get one symbol."""
    sizes = [size for kind in graph.inputs.values() for size in kind.shape or ()]
    taken = {atom.args[0] for size in sizes for atom in symbols(size)}
    names: dict[tuple[str, int], str] = {}
    freed: list[Freed] = []
    inputs = dict(graph.inputs)
    for text in axes:
        name, chosen = _parsed(text, graph.inputs)
        for axis in chosen:
            size = _fixed(inputs[name], name, axis)
            role = _role(axis, len(inputs[name].shape or ()))
            if (role, size) not in names:
                names[role, size] = _unused(role, taken)
            freed.append(Freed(names[role, size], name, axis, size))
            inputs[name] = _with(inputs[name], axis, symbol(names[role, size]))
    return replace(graph, inputs=inputs, family=None), tuple(freed)


def _parsed(text: str, inputs: Mapping[str, TensorType]) -> tuple[str, list[int]]:
    name, colon, listed = text.rpartition(":")
    name = name if colon else next(iter(inputs), "")
    if not _AXES.fullmatch(listed):
        raise FreeError(f"{text!r} is not of the form INPUT:AXIS,AXIS such as image:2,3")
    if name not in inputs:
        close = closest(name, inputs)
        cure = f"did you mean {close!r}?" if close else f"its inputs are {', '.join(list(inputs)[:8])}"
        raise FreeError(f"the network has no input {name!r}; {cure}")
    rank = len(inputs[name].shape or ())
    found = [int(axis) for axis in listed.split(",")]
    for axis in found:
        if not -rank <= axis < rank:
            raise FreeError(f"the input {name!r} has no axis {axis}: it has {rank}, the first is 0")
    return name, [axis % rank for axis in found]


def _fixed(kind: TensorType, name: str, axis: int) -> int:
    size = (kind.shape or ())[axis]
    if not isinstance(size, int):
        raise FreeError(f"axis {axis} of the input {name!r} is free already: its size is {size}")
    return size


def _role(axis: int, rank: int) -> str:
    """What the axis of a tensor is usually called: N first, then channels, the last ones D, H and W."""
    if axis == 0:
        return "N"
    if rank < 4:
        return "L" if axis == rank - 1 or rank == 2 else "C"
    return "C" if axis == 1 else "DHW"[axis - rank] if axis - rank >= -3 else "T"


def _unused(role: str, taken: set[str]) -> str:
    name, count = role, 1
    while name in taken:
        count += 1
        name = f"{role}{count}"
    taken.add(name)
    return name


def _with(kind: TensorType, axis: int, size: Size) -> TensorType:
    shape = kind.shape or ()
    return kind._replace(shape=(*shape[:axis], size, *shape[axis + 1:]))
