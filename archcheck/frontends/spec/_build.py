"""Building the graph: nodes, weights and constants, with the type of every value as soon as it is made."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from archcheck.dims import Size, is_known
from archcheck.frontends.spec._document import Document, Text
from archcheck.frontends.spec._remarks import remarks
from archcheck.graph import Deferred, Element, Family, Graph, Node, Shape, TensorType
from archcheck.infer import Walk
from archcheck.scopes import COLUMN, FILE, LINE

OPSET, MICROSOFT = 23, "com.microsoft"
MAX_LAYERS = 20_000
"""So many steps may be built: hostile repeats end here."""


class Clash(Exception):
    """Two values would have one name, which this is."""


class Builder:
    """A graph that grows. ``types`` are those of all values so far."""

    def __init__(self, document: Document, blocks: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
        self.document, self.blocks, self.defaults = document, blocks, defaults
        self.opsets = {"": OPSET, MICROSOFT: 1}
        self.nodes: list[Node] = []
        self.weights: dict[str, TensorType] = {}
        self.steps = 0
        self.begin({})

    def begin(self, inputs: Mapping[str, TensorType]) -> None:
        """Start anew with these inputs."""
        self.inputs = inputs
        self.walk = Walk(Graph("", inputs, (), (), {}, opsets=self.opsets)).run(inputs)
        self.types: dict[str, TensorType] = self.walk.types

    def count(self, place: Text) -> None:
        """One more step."""
        self.steps += 1
        if self.steps > MAX_LAYERS:
            raise self.document.error(place, f"this makes more than {MAX_LAYERS:,} layers; repeat less")

    def node(self, place: Text, name: str, op: str, inputs: Sequence[str], outputs: int, domain: str,
             attrs: Mapping[str, Any]) -> tuple[str, ...]:
        """A node at the end; the names of its outputs."""
        self.count(place)
        line, column, _ = self.document.place(place)
        metadata = {FILE: self.document.name, LINE: str(line), COLUMN: str(column)}
        made = (name,) if outputs == 1 else tuple(f"{name}.{k + 1}" for k in range(outputs))
        if not self.types.keys().isdisjoint(made):
            raise Clash(name)
        node = Node(name, op, domain, tuple(inputs), made, attrs, metadata)
        self.walk.take(len(self.nodes), node)
        self.nodes.append(node)
        return made

    def weight(self, name: str, shape: Shape) -> str:
        """A learned tensor, of which nothing is known where a fault hides one of its sizes."""
        return self._stored(name, TensorType("float32", shape if all(map(is_known, shape)) else None))

    def constant(self, name: str, dtype: str, shape: Shape, items: tuple[Element, ...]) -> str:
        """A tensor whose elements are known."""
        return self._stored(name, TensorType(dtype, shape, items))

    def tensor(self, name: str, kind: TensorType) -> str:
        """A tensor of this type, whose numbers are those that its dtype has."""
        if type(kind.value) is tuple and "float" in (kind.dtype or ""):
            kind = kind._replace(value=tuple(map(float, kind.value)))
        return self._stored(name, kind)

    def table(self, name: str, shape: Shape, elements: Callable[[], Iterable[int]]) -> str:
        """A constant table of whole numbers, which are worked out when they are wanted."""
        return self._stored(name, TensorType("int64", shape, Deferred(elements)))

    def _stored(self, name: str, kind: TensorType) -> str:
        if name in self.types:
            raise Clash(name)
        self.weights[name] = self.types[name] = kind
        return name

    def shown(self, value: str) -> str:
        """What a value is, for messages."""
        shape = self.types[value].shape
        sizes = "not known" if shape is None else " × ".join(map(str, shape)) or "a single number"
        return f"{value} is {sizes}"

    def graph(self, name: str, about: str, outputs: tuple[str, ...], family: Family, size: int) -> Graph:
        """What was built."""
        used = {value for node in self.nodes for value in node.inputs} | set(outputs)
        opsets = {domain: version for domain, version in self.opsets.items()
                  if not domain or any(node.domain == domain for node in self.nodes)}
        weights = {key: kind for key, kind in self.weights.items() if key in used}
        return Graph(name, self.inputs, outputs, tuple(self.nodes), weights, opsets=opsets, doc=about,
                     source=self.document.name, file_size=size, family=family,
                     remarks=remarks(self.document.text))

    def axis(self, value: str, axis: int) -> Size | None:
        """The size of an axis of a value, None where it has no such axis or none is known."""
        shape = self.types[value].shape
        return None if shape is None or not -len(shape) <= axis < len(shape) else shape[axis]
