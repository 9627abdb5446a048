"""What a file cannot hold: it has numbers where a specification may have formulas."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archcheck.dims import Dim, is_known, symbols, unknown
from archcheck.errors import UserError
from archcheck.graph import Graph, Node, TensorType
from archcheck.report import Report


class NotWritable(UserError):
    """The network cannot be written as a file; the message says what of it, and how to mend that."""


def require_numbers(report: Report) -> None:
    """Raise `NotWritable` where an attribute, the shape of a weight or an element of a constant is no
    number."""
    graph = report.graph
    found = [(place, size) for place, value in _numbers(graph) for size in _formulas(value)]
    if not found:
        return
    place, size = found[0]
    if not all(is_known(size) for _, size in found):
        why = next(iter(report.failures.values()), None)
        cause = f": {why.message}" if why else ""
        raise NotWritable(f"{_source(graph)} cannot be written: {place} is not known{cause}")
    names = sorted({atom.args[0] for _, size in found for atom in symbols(size)})
    cure = " ".join(f"--set {name}=NUMBER" for name in names)
    raise NotWritable(f"{_source(graph)} cannot be written as it is: {place} is {size}, where a file holds a "
                      f"number; give {cure}")


def _source(graph: Graph) -> str:
    return graph.source or graph.name or "the network"


def _numbers(graph: Graph) -> Iterator[tuple[str, Any]]:
    """All that must be numbers, with what it is."""
    for name, kind in graph.weights.items():
        yield f"a size of the weight {name!r}", (unknown(name),) if kind.shape is None else kind.shape
        yield f"an element of the constant {name!r}", kind.value
    for node in graph.nodes:
        yield from _attributes(node)


def _attributes(node: Node) -> Iterator[tuple[str, Any]]:
    for name, value in node.attrs.items():
        if isinstance(value, TensorType):
            yield f"an element of {name} of the {node.op} {node.name!r}", value.value
        elif isinstance(value, Graph):
            yield from _numbers(value)
        else:
            yield f"{name} of the {node.op} {node.name!r}", value


def _formulas(value: Any) -> Iterator[Dim]:
    if isinstance(value, tuple):
        for entry in value:
            yield from _formulas(entry)
    elif isinstance(value, Dim):
        yield value
