"""The nodes of a network as two networks are compared by: what each computes with which constants, and where
its data come from."""
from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Union

from archcheck.graph import Graph, Literal, TensorType
from archcheck.infer import NOT_KNOWN, Resolved, Walk
from archcheck.report import Report
from archcheck.rules._rule import Site
from archcheck.scopes import scope

MOST_SETTINGS = 64
"""Constants of more elements are not compared element by element unless the weights are."""

Source = Union[tuple[int, int], tuple[str, Hashable]]
"""Where data come from: a part's place in the list and which of its outputs, or an input of a graph."""


class Constant(NamedTuple):
    """An input that is stored: what the operator calls it, its name and type, the graph that holds it, and
    whether it is a weight rather than a constant of the arithmetic."""

    parameter: str
    name: str
    kind: TensorType
    graph: Graph
    is_weight: bool

    @property
    def elements(self) -> Hashable:
        """The elements of a small constant; None for a weight, and where they are not known."""
        return None if self.is_weight else elements(self.kind)


@dataclass(frozen=True, eq=False)
class Part:
    """A node at its place. ``branch`` names the body that it stands in, "" for the main graph; ``attrs``
    leaves out what is at its default; ``operands`` are the inputs that are not ``constants``."""

    site: Site
    op: str
    path: str
    scope: tuple[str, ...]
    branch: str
    attrs: Mapping[str, Hashable]
    constants: tuple[Constant, ...]
    operands: tuple[tuple[str, Source], ...]

    @property
    def outputs(self) -> tuple[TensorType, ...]:
        """The types of its outputs."""
        return self.site.outputs


def parts(report: Report) -> list[Part]:
    """A part for each node that reads data, bodies included, producers first."""
    reader = _Reader(report)
    reader.read(report.walk, "")
    return reader.parts


class _Reader:
    def __init__(self, report: Report) -> None:
        self.kinds = report.weights.kinds
        self.parts: list[Part] = []
        self.sources: dict[tuple[int, str], Source] = {}

    def read(self, walk: Walk, branch: str) -> None:
        """Add the nodes of ``walk`` and of the bodies in it."""
        for position, name in enumerate(walk.graph.inputs):
            self.sources[id(walk), name] = ("body", position) if branch else ("input", name)
        for at, node in enumerate(walk.graph.nodes):
            site = Site(walk, at)
            if not _is_constant(site):
                for slot, name in enumerate(node.outputs):
                    self.sources.setdefault((id(walk), name), (len(self.parts), slot))
                self.parts.append(self._part(site, branch))
            for name, body in walk.bodies.get(at, {}).items():
                self.read(body, name)

    def _part(self, site: Site, branch: str) -> Part:
        node, found = site.node, site.walk.operators.find(site.node.domain, site.node.op)
        constants, operands = [], []
        for position, name in enumerate(node.inputs):
            home = _home(site.walk, name) if name else None
            if home is None:
                continue
            parameter, source = _parameter(found, position), self.sources.get((id(home), name))
            if source is None and _is_stored(home, name):
                constants.append(self._constant(home, name, parameter))
            else:
                operands.append((parameter, source or ("value", name)))
        return Part(site, site.op, site.path, scope(node), branch, _attributes(site, found),
                    tuple(constants), tuple(operands))

    def _constant(self, home: Walk, name: str, parameter: str) -> Constant:
        kind = home.types.get(name) or NOT_KNOWN
        return Constant(parameter, name, kind, home.graph, (id(home.graph), name) in self.kinds)


def _is_constant(site: Site) -> bool:
    """Whether a node reads nothing and makes one tensor whose value is known: that is a stored tensor."""
    node = site.node
    return (not any(node.inputs) and len(node.outputs) == 1
            and (site.walk.types.get(node.outputs[0]) or NOT_KNOWN).value is not None)


def _is_stored(home: Walk, name: str) -> bool:
    return name in home.graph.weights or name in home.graph.producers


def _home(walk: Walk, name: str) -> Walk:
    """The walk of the graph that makes or holds the value ``name`` which ``walk`` reads."""
    home = walk
    while not (name in home.graph.inputs or _is_stored(home, name)):
        if home.outer is None or home.is_function:
            return walk
        home = home.outer
    return home


def _parameter(found: Resolved | None, position: int) -> str:
    """What an operator calls its input at ``position``."""
    code = found.function.__code__ if found else None
    if code is not None and position < code.co_argcount:
        return code.co_varnames[position]
    return str(position + 1)


def _attributes(site: Site, found: Resolved | None) -> dict[str, Hashable]:
    """Attributes that are not at their defaults; bodies have parts of their own."""
    defaults = (found.function.__kwdefaults__ or {}) if found else {}
    said = ((name, value) for name, value in site.node.attrs.items() if not isinstance(value, Graph))
    values = {name: comparable(value) for name, value in said}
    return {name: value for name, value in sorted(values.items())
            if name not in defaults or comparable(defaults[name]) != value}


def comparable(value: Any) -> Hashable:
    """An attribute's value, so that equal ones are equal."""
    if isinstance(value, TensorType):
        return ("tensor", value.dtype, value.shape, elements(value))
    if isinstance(value, (tuple, list)):
        return tuple(comparable(entry) for entry in value)
    if isinstance(value, Graph):
        return "graph"
    if isinstance(value, float) and value != value:
        return "nan"
    return value if isinstance(value, Hashable) else repr(value)


def elements(kind: TensorType) -> Hashable:
    """The elements of a tensor, None where they are not known or too many."""
    value = kind.value
    items = value.items if isinstance(value, Literal) else value
    if not isinstance(items, tuple) or len(items) > MOST_SETTINGS:
        return None
    return tuple(comparable(item) for item in items)


def readers(found: list[Part]) -> list[list[tuple[int, int, int]]]:
    """For each part who reads it: the reader's place, which output is read, and as which operand."""
    read: list[list[tuple[int, int, int]]] = [[] for _ in found]
    for index, slot, place, position in _edges(found):
        read[index].append((place, slot, position))
    return read


def _edges(found: list[Part]) -> Iterator[tuple[int, int, int, int]]:
    for place, part in enumerate(found):
        for position, (_, (source, slot)) in enumerate(part.operands):
            if isinstance(source, int) and isinstance(slot, int) and source < place:
                yield source, slot, place, position
