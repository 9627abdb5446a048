"""The ONNX reader: from a ``ModelProto`` to a `Graph`, with nothing of its large tensors read."""
from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from operator import attrgetter
from typing import Any

from archcheck.frontends._external import External
from archcheck.frontends._order import ordered
from archcheck.frontends._proto import schema
from archcheck.frontends._source import LoadError
from archcheck.frontends._tensors import Tensors
from archcheck.frontends._text import make_text, require_text, texts_of
from archcheck.frontends._types import Claims, Symbols, names_in, type_of
from archcheck.frontends._wire import Buffer, WireError, skim
from archcheck.graph import AttrRef, Graph, Irregularity, Node, TensorType

MAX_DOC = 4096
"""Documentation strings are kept up to this many characters."""

MAX_NODES = 1 << 20
"""A graph with more nodes is refused: a node takes two bytes of a file and hundreds of memory."""

_NEWEST = (1 << 31) - 1
_NOTHING: Mapping[str, Any] = {}
_VALUE_FIELDS = {"f": 1, "i": 2, "s": 3, "t": 4, "g": 5, "floats": 6, "ints": 7, "strings": 8, "tensors": 9,
                 "graphs": 10, "sparse_tensor": 11, "sparse_tensors": 12, "tp": 13, "type_protos": 14}


class NoGraph(WireError):
    """The bytes are a protobuf message, but not one with a graph in it."""


def read(data: Buffer, source: str, folder: str | None) -> Graph:
    """The network in ``data``, a serialized ``ModelProto``; ``folder`` is where its external files lie, if
    anywhere. Raises `WireError` where the bytes are no such message."""
    skimmed, message_class = skim(data), schema().ModelProto
    from google.protobuf.message import DecodeError
    try:
        proto = message_class.FromString(skimmed.message)
    except (DecodeError, UnicodeDecodeError):
        raise WireError("it is damaged: protobuf cannot read a part of it") from None
    graph = graph_of(proto, skimmed.cut, folder)
    return replace(graph, source=source, file_size=len(data))


def from_proto(proto: Any) -> Graph:
    """The network in an ``onnx.ModelProto``, which stays as it is. Raises `NoGraph` where there is none in
    it."""
    return graph_of(proto, None, None)


def schema_function(node: Node, opsets: Mapping[str, int]) -> Graph | None:
    """The body that a schema registered with onnx in this process gives an operator, or None."""
    from onnx import defs
    try:
        found = defs.get_schema(node.op, min(opsets.get(node.domain, _NEWEST), _NEWEST), node.domain)
    except defs.SchemaError:
        return None
    body = getattr(found, "function_body", None)
    reader = _Reader(None, None)
    defaults = {name: reader.value(known.default_value) for name, known in found.attributes.items()}
    return reader.function(body, defaults) if body and body.node else None


def graph_of(proto: Any, cut: Mapping[tuple[int, int], str] | None, folder: str | None) -> Graph:
    """The graph in a model, whose payloads were ``cut`` (None: they are in it). Protobuf gives text that is
    not UTF-8 as bytes; such a model is mended and read again."""
    if not proto.HasField("graph") or not (proto.ir_version or proto.graph.node):
        raise NoGraph("it is protobuf data, but holds no ONNX graph")
    try:
        return _Reader(cut, folder).model(proto)
    except (TypeError, AttributeError):
        mended = type(proto).FromString(proto.SerializeToString())
        if not make_text(mended):
            raise
        graph = _Reader(cut, folder).model(mended)
    irregular = Irregularity("not-utf8", graph.name, "some of its names and texts are not in UTF-8")
    return replace(graph, irregularities=(irregular, *graph.irregularities))


class _Reader:
    """Reads one model, and collects what is irregular about it."""

    def __init__(self, cut: Mapping[tuple[int, int], str] | None, folder: str | None) -> None:
        self.tensors = tensors = Tensors(cut, External(folder))
        self.symbols = Symbols(set)
        self.irregularities: list[Irregularity] = []
        self.values: Mapping[int, Callable[[Any], Any]] = {
            1: attrgetter("f"),
            2: attrgetter("i"),
            3: lambda proto: _text(proto.s),
            4: lambda proto: tensors.read(proto.t),
            5: lambda proto: self.graph(proto.g),
            6: lambda proto: tuple(proto.floats[:]),
            7: lambda proto: tuple(proto.ints[:]),
            8: lambda proto: tuple(map(_text, proto.strings)),
            9: lambda proto: tuple(map(tensors.read, proto.tensors)),
            10: lambda proto: tuple(map(self.graph, proto.graphs)),
            11: lambda proto: tensors.read_sparse(proto.sparse_tensor),
            12: lambda proto: tuple(map(tensors.read_sparse, proto.sparse_tensors)),
            13: lambda proto: type_of(proto.tp, self.symbols.fresh(proto.name)),
            14: lambda proto: tuple(type_of(tp, self.symbols.fresh(proto.name)) for tp in proto.type_protos),
        }

    def model(self, proto: Any) -> Graph:
        """The main graph, with all that is said of the whole model."""
        self.symbols = Symbols(lambda: _symbols_in(proto.graph))
        graph = self.graph(proto.graph)
        functions = self._functions(proto.functions)
        training = [part for info in proto.training_info for part in (info.initialization, info.algorithm)]
        opsets = _opsets(proto.opset_import) or ({"": 1} if proto.ir_version < 3 else {})
        producer, metadata = (proto.producer_name, proto.producer_version), _entries(proto.metadata_props)
        require_text(producer, opsets, metadata, metadata.values(), [proto.doc_string])
        return replace(
            graph, functions=functions, training=tuple(map(self.graph, training)), opsets=opsets,
            ir_version=proto.ir_version, producer=" ".join(filter(None, producer)),
            doc=proto.doc_string[:MAX_DOC] or graph.doc, metadata={**graph.metadata, **metadata},
            irregularities=(*self.irregularities, *self.tensors.irregularities))

    def graph(self, proto: Any) -> Graph:
        """A graph or subgraph."""
        stored = {tensor.name: self.tensors.read(tensor) for tensor in proto.initializer}
        sparse = {tensor.values.name: self.tensors.read_sparse(tensor) for tensor in proto.sparse_initializer}
        weights = stored | sparse
        inputs = {value.name: type_of(value.type, self.symbols.fresh(value.name))
                  for value in proto.input if value.name not in weights}
        filled = [value for value in proto.input if value.name in weights]
        named, unnamed = _all_named(self.nodes(proto.node))
        nodes, disorder = ordered(named, weights.keys() | inputs.keys())
        graph = Graph(proto.name, inputs, tuple(value.name for value in proto.output), tuple(nodes), weights,
                      declared=Claims(chain(filled, proto.value_info, proto.output)),
                      doc=proto.doc_string[:MAX_DOC], metadata=_entries(proto.metadata_props),
                      unnamed=unnamed)
        require_text(*texts_of(graph))
        return self._noted(graph, [*disorder, *_irregular_names(proto, graph)])

    def function(self, proto: Any, defaults: Mapping[str, Any] = _NOTHING) -> Graph:
        """The body of a function; ``defaults`` are those of its attributes that it does not state itself."""
        attributes = {**dict.fromkeys(proto.attribute), **defaults}
        attributes.update((attribute.name, self.value(attribute)) for attribute in proto.attribute_proto)
        inputs = {name: TensorType(None, None) for name in proto.input}
        named, unnamed = _all_named(self.nodes(proto.node))
        nodes, disorder = ordered(named, inputs)
        graph = Graph(proto.name, inputs, tuple(proto.output), tuple(nodes), {},
                      declared=Claims(proto.value_info), opsets=_opsets(proto.opset_import),
                      attributes=attributes, doc=proto.doc_string[:MAX_DOC],
                      metadata=_entries(proto.metadata_props), unnamed=unnamed)
        require_text(*texts_of(graph))
        return self._noted(graph, disorder)

    def nodes(self, protos: Sequence[Any]) -> list[Node]:
        """The nodes of a graph, those without a name as they are. Reading spends its time here: each field of
        protobuf is asked for once."""
        if len(protos) > MAX_NODES:
            raise LoadError(f"the model has {len(protos):,} nodes, but {MAX_NODES:,} is the limit; split it")
        value, new, nodes = self.value, tuple.__new__, []
        for proto in protos:
            domain, attributes, metadata = proto.domain, proto.attribute, proto.metadata_props
            nodes.append(new(Node, (
                proto.name, proto.op_type, "" if domain == "ai.onnx" else domain,
                tuple(proto.input[:]), tuple(proto.output[:]),
                {attribute.name: value(attribute) for attribute in attributes} if attributes else _NOTHING,
                _entries(metadata) if metadata else _NOTHING, proto.overload, proto.doc_string[:MAX_DOC])))
        return nodes

    def value(self, proto: Any) -> Any:
        """The value of an attribute, as `Node` has it; None where it has none."""
        if proto.ref_attr_name:
            return AttrRef(proto.ref_attr_name)
        return self.values.get(proto.type, self._untyped)(proto)

    def _untyped(self, proto: Any) -> Any:
        """The value of an attribute that does not say its type, as in 2017."""
        filled = [field.name for field, _ in proto.ListFields() if field.name in _VALUE_FIELDS]
        return self.values[_VALUE_FIELDS[filled[0]]](proto) if filled else None

    def _functions(self, protos: Iterable[Any]) -> dict[tuple[str, str, str], Graph]:
        functions: dict[tuple[str, str, str], Graph] = {}
        for proto in protos:
            key = _domain(proto.domain), proto.name, proto.overload
            if key in functions:
                self.irregularities.append(Irregularity(
                    "duplicate-function", proto.name, f"the function {proto.name!r} is defined twice"))
            functions.setdefault(key, self.function(proto))
        return functions

    def _noted(self, graph: Graph, irregular: list[Irregularity]) -> Graph:
        """``graph`` with what is irregular about it, which the whole model keeps too."""
        self.irregularities += irregular
        return replace(graph, irregularities=tuple(irregular)) if irregular else graph


def _irregular_names(proto: Any, graph: Graph) -> Iterator[Irregularity]:
    """Names that are missing or used twice, and weights that are listed as inputs."""
    listed, stored = [value.name for value in proto.input], [tensor.name for tensor in proto.initializer]
    given = [name for name in listed if name not in graph.weights]
    if twice := len(listed) - len(given):
        yield Irregularity("weights-as-inputs", graph.name, f"{twice:,} weights are listed as inputs too")
    if "" in listed or "" in stored:
        yield Irregularity("empty-name", graph.name, "an input or a weight has no name")
    for name in _repeated([node.name for node in graph.nodes]):
        yield Irregularity("duplicate-node-name", name, f"several nodes are called {name!r}")
    for name in _repeated([*given, *stored, *(name for node in graph.nodes for name in node.outputs)]):
        yield Irregularity("duplicate-value", name, f"several nodes, inputs or weights are called {name!r}")


def _all_named(nodes: list[Node]) -> tuple[list[Node], int]:
    """``nodes`` with a name for each that has none: its operator and its place in the file, as ``Conv_7``;
    and how many those are."""
    names = {node.name for node in nodes}
    if "" not in names:
        return nodes, 0
    named = [node._replace(name=_unused(f"{node.op}_{index}", names)) if not node.name else node
             for index, node in enumerate(nodes)]
    return named, sum(not node.name for node in nodes)


def _unused(name: str, names: set[str]) -> str:
    while name in names:
        name += "_"
    return name


def _repeated(names: list[str]) -> list[str]:
    if len(set(names)) == len(names):
        return []
    return [name for name, count in Counter(names).items() if count > 1 and name]


def _entries(protos: Iterable[Any]) -> dict[str, str]:
    return {proto.key: proto.value for proto in protos}


def _opsets(imports: Iterable[Any]) -> dict[str, int]:
    return {_domain(proto.domain): proto.version for proto in imports}


def _domain(name: str) -> str:
    return "" if name == "ai.onnx" else name


def _text(stored: bytes) -> str:
    return stored.decode("utf-8", "replace")


def _symbols_in(graph: Any) -> set[str]:
    """The names of the sizes that a graph declares anywhere."""
    values = chain(graph.input, graph.output, graph.value_info)
    return {name for value in values for name in names_in(value.type)}
