"""Binding the symbols of a network's inputs: to numbers, or to formulas over other symbols."""
from __future__ import annotations

from collections.abc import Mapping
from operator import index
from typing import Any

from archcheck.dims import Atom, Dim, Size, most, substitute, symbols
from archcheck.errors import UserError, closest
from archcheck.graph import Graph, TensorType


class BindingError(UserError):
    """A size was given for a symbol that no input has, or one that no axis can have."""


def instance(graph: Graph, sizes: Mapping[str, Any]) -> tuple[Graph, Mapping[str, Any]]:
    """The member of the graph's family that ``sizes`` choose, and those of them that are left to bind."""
    if graph.family is None or not sizes:
        return graph, sizes
    return graph.family.at(sizes), {}


def settable(graph: Graph) -> tuple[str, ...]:
    """The names that may be given values: a specification's parameters and sizes, or the symbols of the
    inputs."""
    return graph.family.names if graph.family else tuple(_symbols(graph))


def bind(graph: Graph, sizes: Mapping[str, Size]) -> dict[str, TensorType]:
    """The types of the graph's inputs with ``sizes`` put in for their symbols."""
    known = _symbols(graph)
    values: dict[Atom, Size] = {}
    for name, size in sizes.items():
        if name not in known:
            raise BindingError(unknown_symbol(name, sorted(known)))
        if isinstance(size, bool) or not isinstance(size, Dim) and not hasattr(size, "__index__"):
            raise BindingError(f"the size of {name} is {size}, and should be a whole number")
        values[known[name]] = size if isinstance(size, Dim) else index(size)
        if most(values[known[name]]) < 0:
            raise BindingError(f"the size of {name} is {size}, and no axis can have fewer than 0 elements")
    return {name: _bound(kind, values) for name, kind in graph.inputs.items()}


def _symbols(graph: Graph) -> dict[str, Atom]:
    """The symbols in the inputs' shapes, by name."""
    sizes = (size for kind in graph.inputs.values() for size in kind.shape or ())
    return {atom.args[0]: atom for size in sizes for atom in symbols(size)}


def _bound(kind: TensorType, values: Mapping[Atom, Size]) -> TensorType:
    if kind.shape is None or not values:
        return kind
    return kind._replace(shape=tuple(substitute(size, values) for size in kind.shape))


def unknown_symbol(name: str, known: list[str]) -> str:
    """What to say where somebody gives a size for ``name``, which is none of the ``known`` symbols."""
    close = closest(name, known)
    if close:
        cure = f"did you mean {close}?"
    else:
        cure = f"its symbols are {', '.join(known)}" if known else "all its input sizes are numbers"
    return f"no input of the network has a size called {name}; {cure}"
