"""Every graph of a model at its place, those of branches never taken and of functions never called too."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any

from archcheck.graph import Graph, Irregularity, Node, TensorType
from archcheck.infer import Walk
from archcheck.report import Report
from archcheck.rules._rule import Fault, Site
from archcheck.scopes import source_line

PLAIN = frozenset((int, float, str, TensorType))
"""The types of attributes that hold no graph."""


class Place:
    """One graph: how nodes in it are called (``path``, as `Site.path` begins), its walk if it was walked, and
    the node ``at`` of the graph around it that it belongs to (``outer`` None: the main graph, or a
    function)."""

    def __init__(self, graph: Graph, path: str, walk: Walk | None, opsets: dict[str, int],
                 outer: Place | None = None, at: int = 0) -> None:
        self.graph, self.path, self.walk, self.outer, self.at = graph, path, walk, outer, at
        self.opsets = opsets

    def sees(self, name: str) -> bool:
        """Whether a graph around this one has made ``name`` before the node that this belongs to runs."""
        at, outer = self.at, self.outer
        while outer is not None:
            graph = outer.graph
            if name in graph.inputs or name in graph.weights or graph.producers.get(name, at) < at:
                return True
            at, outer = outer.at, outer.outer
        return False

    def fault(self, index: int, message: str, *rest: Any, **more: Any) -> Fault:
        """A fault of the node at ``index``."""
        node, fault = self.graph.nodes[index], Fault(message, *rest, **more)
        if self.walk is not None and len(self.walk.effects) > index:
            return replace(fault, site=Site(self.walk, index))
        return replace(fault, line=source_line(node), value=fault.value or f"{self.path}{node.name}")

    @cached_property
    def reads(self) -> list[tuple[str, ...]]:
        """Every value that each node reads, its bodies included."""
        return [(*node.inputs, *(name for _, body in bodies(node) for name in body.free_names))
                if not PLAIN.issuperset(map(type, node.attrs.values())) else node.inputs
                for node in self.graph.nodes]

    @cached_property
    def names(self) -> dict[str, int]:
        """The first node of each name."""
        return {node.name: index for index, node in reversed([*enumerate(self.graph.nodes)])}


def places(report: Report) -> tuple[Place, ...]:
    """Every graph of a model, the main one first."""
    graph = report.graph
    walks = {id(walk.graph): walk for walk in report.walk.and_inner()}
    opsets = dict(graph.opsets)
    functions = [Place(body, f"{name}.", walks.get(id(body)), {**opsets, **body.opsets})
                 for (_, name, _), body in graph.functions.items()]
    return tuple(place for top in (Place(graph, "", report.walk, opsets), *functions)
                 for place in _with_bodies(top, walks))


def _with_bodies(place: Place, walks: dict[int, Walk]) -> Iterator[Place]:
    yield place
    for index, node in enumerate(place.graph.nodes):
        for attribute, body in bodies(node):
            inner = Place(body, f"{place.path}{node.name}.{attribute} > ", walks.get(id(body)),
                          place.opsets, place, index)
            yield from _with_bodies(inner, walks)


def bodies(node: Node) -> Iterator[tuple[str, Graph]]:
    """The graphs in the attributes of a node."""
    if PLAIN.issuperset(map(type, node.attrs.values())):
        return
    for name, value in node.attrs.items():
        if isinstance(value, Graph):
            yield name, value
        elif type(value) is tuple:
            yield from ((name, entry) for entry in value if isinstance(entry, Graph))


def irregularities(found: tuple[Place, ...], *kinds: str) -> Iterator[tuple[Place, Irregularity]]:
    """What is irregular about a file, of these kinds, each with the graph that it is about; what is about
    the whole file comes with the main graph."""
    main, *inner = found
    counts = Counter(irregular for place in inner for irregular in place.graph.irregularities)
    own = Counter(main.graph.irregularities)
    own.subtract(counts)
    for irregular, count in own.items():
        if irregular.kind in kinds and count > 0:
            yield main, irregular
    for place in inner:
        for irregular in place.graph.irregularities:
            if irregular.kind in kinds:
                yield place, irregular
