"""One graph of a model that is being edited: what is known of it, its message, and what is to change."""
from __future__ import annotations

import struct
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from archcheck.dtypes import NAMES
from archcheck.frontends._proto import schema
from archcheck.graph import Graph, Node

_EXTERNAL = 1


class Scene:
    """A ``graph`` and its ``proto``, a ``GraphProto`` or the ``FunctionProto`` of a local function. ``nodes``
    are the messages of the graph's nodes, in the graph's order. Changes are noted, and made by `apply`."""

    def __init__(self, graph: Graph, proto: Any) -> None:
        self.graph, self.proto = graph, proto
        self.nodes, self.is_sorted = _aligned(graph, proto)
        self.instead: dict[int, list[Any]] = {}
        self.before: dict[int, list[Any]] = {}
        self.renamed: dict[str, str] = {}
        self.gone: set[str] = set()
        self.resorted = False

    @property
    def is_function(self) -> bool:
        """Whether it is the body of a local function."""
        return not hasattr(self.proto, "initializer")

    def drop(self, index: int) -> None:
        """Take a node out."""
        self.instead[index] = []

    def put(self, index: int, *nodes: Any) -> None:
        """Put ``nodes`` in the place of one."""
        self.instead[index] = list(nodes)

    def bypass(self, index: int, source: str) -> None:
        """Take a node out that hands on ``source``. Where its result is an output of the graph, which keeps
        its name, the node that makes ``source`` makes that, or a copy is left."""
        result, source = self.graph.nodes[index].outputs[0], self._final(source)
        maker = self.graph.producers.get(source)
        if result not in self.graph.outputs:
            self.renamed[result] = source
        elif maker is None or source in self.graph.outputs or maker in self.instead:
            self.put(index, node("Identity", [source], [result], self.nodes[index].name, self.nodes[index]))
            return
        else:
            outputs = self.nodes[maker].output
            outputs[:] = [result if name == source else name for name in outputs]
            self.renamed[source] = result
        self.drop(index)

    def add_before(self, index: int, *nodes: Any) -> None:
        """Put ``nodes`` before one."""
        self.before.setdefault(index, []).extend(nodes)

    def store(self, name: str, dtype: str, shape: tuple[int, ...], raw: bytes) -> str:
        """Add a weight; its name."""
        self.proto.initializer.append(schema().TensorProto(
            name=name, data_type=NAMES.index(dtype), dims=shape, raw_data=raw))
        return name

    def store_ints(self, name: str, numbers: Sequence[int]) -> str:
        """Add a weight that is a list of whole numbers; its name."""
        return self.store(name, "int64", (len(numbers),), struct.pack(f"<{len(numbers)}q", *numbers))

    def apply(self) -> None:
        """Make all changes that were noted."""
        if self.instead or self.before or self.resorted:
            nodes = [node for index, old in enumerate(self.nodes)
                     for node in (*self.before.get(index, ()), *self.instead.get(index, (old,)))]
            del self.proto.node[:]
            self.proto.node.extend(nodes)
        if self.renamed:
            rename(self.proto, {name: self._final(name) for name in self.renamed})
        if self.gone:
            _forget(self.proto, self.gone)

    def _final(self, name: str) -> str:
        """What stands for a value in the end."""
        seen = {name}
        while name in self.renamed and self.renamed[name] not in seen:
            name = self.renamed[name]
            seen.add(name)
        return name


def node(op: str, inputs: list[str], outputs: list[str], name: str, like: Any = None) -> Any:
    """A new node; documentation and metadata are those of the one that it stands for."""
    made = schema().NodeProto(op_type=op, name=name, input=inputs, output=outputs)
    if like is not None:
        made.doc_string = like.doc_string
        made.metadata_props.extend(like.metadata_props)
    return made


def cast(source: str, result: str, dtype: int, name: str) -> Any:
    """A node that casts a value to the type that ONNX gives this number."""
    made = node("Cast", [source], [result], name)
    made.attribute.add(name="to", type=2, i=dtype)
    return made


def set_external(tensor: Any, location: str, offset: int, length: int) -> None:
    """Say that a tensor's payload, which was cut out, lies elsewhere."""
    tensor.ClearField("segment")
    tensor.data_location = _EXTERNAL
    for key, value in (("location", location), ("offset", offset), ("length", length)):
        tensor.external_data.add(key=key, value=str(value))


def set_ints(proto: Any, name: str, numbers: list[int]) -> None:
    """Set an attribute of a node to a list of integers."""
    clear(proto, name)
    proto.attribute.append(schema().AttributeProto(name=name, type=7, ints=numbers))


def clear(proto: Any, *names: str) -> None:
    """Take attributes away from a node."""
    keep(proto.attribute, lambda attribute: attribute.name not in names)


def keep(field: Any, is_kept: Callable[[Any], bool]) -> None:
    """Take the messages out of a repeated field that are not to be kept."""
    for index in range(len(field) - 1, -1, -1):
        if not is_kept(field[index]):
            del field[index]


def bodies(proto: Any) -> Iterator[tuple[str, int, Any]]:
    """The graphs in the attributes of a node: attribute, place in it, and message."""
    for attribute in proto.attribute:
        if attribute.HasField("g"):
            yield attribute.name, 0, attribute.g
        for index, body in enumerate(attribute.graphs):
            yield attribute.name, index, body


def _aligned(graph: Graph, proto: Any) -> tuple[list[Any], bool]:
    """The messages of a graph's nodes, which reading a file sorts; and whether they are in this order."""
    protos = list(proto.node)
    if all(_key(node) == _key_of(one) for node, one in zip(graph.nodes, protos)):
        return protos, True
    found: dict[Any, deque[Any]] = defaultdict(deque)
    for one in protos:
        found[_key_of(one)].append(one)
    return [found[_key(node)].popleft() for node in graph.nodes], False


def _key(node: Node) -> Any:
    return node.op, node.inputs, node.outputs


def _key_of(proto: Any) -> Any:
    return proto.op_type, tuple(proto.input), tuple(proto.output)


def rename(proto: Any, names: dict[str, str]) -> None:
    """Put other values in the place of those that the nodes of a graph read, bodies included, and those that
    bodies hand out."""
    for one in proto.node:
        if not names.keys().isdisjoint(one.input):
            one.input[:] = [names.get(name, name) for name in one.input]
        for _, _, body in bodies(one):
            left = {name: new for name, new in names.items() if name not in _made_in(body)}
            rename(body, left)
            for output in body.output:
                output.name = left.get(output.name, output.name)


def _made_in(body: Any) -> set[str]:
    return {*(value.name for value in body.input), *(tensor.name for tensor in body.initializer),
            *(name for one in body.node for name in one.output)}


def _forget(proto: Any, names: set[str]) -> None:
    """Take stored tensors out of a graph, and out of its list of inputs."""
    keep(proto.initializer, lambda tensor: tensor.name not in names)
    keep(proto.sparse_initializer, lambda tensor: tensor.values.name not in names)
    keep(proto.input, lambda value: value.name not in names)
