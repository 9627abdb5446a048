"""From a `Graph` to ONNX's messages, all but the weights of the main graph."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from archcheck.frontends._proto import schema
from archcheck.frontends._wire import MAX_MESSAGE
from archcheck.graph import AttrRef, Graph, Node, TensorType
from archcheck.report import Report
from archcheck.scopes import namespaced
from archcheck.writers._attributes import FIELDS, GRAPH, LISTS, STRING, TENSOR, TYPE, empty, wanted
from archcheck.writers._formulas import NotWritable
from archcheck.writers._numbers import Span
from archcheck.writers._tensors import Tensors
from archcheck.writers._types import fill, value_info

IR = 11
"""The version of the format that came with opset 23, for networks that were not read from a file."""

OLDEST_IR = 4
"""Before, weights had to be listed as inputs."""

_AROUND_ONE = Span(0.5, 1.5)


def model_of(report: Report) -> Any:
    """A ``ModelProto`` with all but its graph and functions."""
    from archcheck import __version__
    graph, proto = report.graph, schema().ModelProto()
    proto.ir_version = max(graph.ir_version or IR, OLDEST_IR)
    proto.producer_name, proto.producer_version = _producer(graph.producer or f"archcheck {__version__}")
    proto.doc_string = graph.doc
    proto.opset_import.extend(_opsets(graph.opsets))
    proto.metadata_props.extend(_entries(graph.metadata))
    return proto


class Messages:
    """Writes graphs as messages; ``tensors`` has what is stored in them."""

    def __init__(self, report: Report, tensors: Tensors) -> None:
        self.report, self.tensors = report, tensors
        self.opsets, self.defaults = report.graph.opsets, dict[str, Any]()

    def main(self) -> Any:
        """The main graph as a ``GraphProto``, without its weights."""
        graph, types = self.report.graph, self.report.types
        proto = schema().GraphProto(name=graph.name or "network")
        proto.input.extend(value_info(name, types.get(name)) for name in graph.inputs)
        proto.output.extend(value_info(name, self._output(name)) for name in graph.outputs)
        proto.node.extend(map(self.node, graph.nodes))
        return proto

    def functions(self) -> Iterable[Any]:
        """The local functions."""
        return [self._function(key, graph) for key, graph in self.report.graph.functions.items()]

    def node(self, node: Node) -> Any:
        """A node as a ``NodeProto``."""
        proto = schema().NodeProto(name=node.name, op_type=node.op, domain=node.domain, input=node.inputs,
                                   output=node.outputs, overload=node.overload, doc_string=node.doc)
        proto.attribute.extend(self._attribute(node, name) for name, value in node.attrs.items()
                               if value is not None)
        proto.metadata_props.extend(_entries({**node.metadata, **namespaced(node)}))
        return proto

    def _output(self, name: str) -> TensorType | None:
        found = self.report.types.get(name)
        is_known = found is not None and found.shape is not None
        return found if is_known else self.report.graph.declared.get(name, found)

    def _body(self, graph: Graph) -> Any:
        """A graph inside a node, with its weights."""
        proto = schema().GraphProto(name=graph.name, doc_string=graph.doc)
        proto.input.extend(value_info(name, kind) for name, kind in graph.inputs.items())
        proto.output.extend(value_info(name, graph.declared.get(name)) for name in graph.outputs)
        proto.initializer.extend(self._tensor(name, kind) for name, kind in graph.weights.items())
        proto.node.extend(map(self.node, graph.nodes))
        proto.metadata_props.extend(_entries(graph.metadata))
        return proto

    def _function(self, key: tuple[str, str, str], graph: Graph) -> Any:
        domain, name, overload = key
        proto = schema().FunctionProto(name=name, domain=domain, overload=overload, input=graph.inputs,
                                       output=graph.outputs, doc_string=graph.doc)
        self.opsets, self.defaults = graph.opsets, dict(graph.attributes)
        called = Node(name, name, domain, (), (), graph.attributes)
        proto.attribute.extend(key for key, value in graph.attributes.items() if value is None)
        proto.attribute_proto.extend(self._attribute(called, key) for key, value in graph.attributes.items()
                                     if value is not None)
        proto.opset_import.extend(_opsets(graph.opsets))
        proto.node.extend(map(self.node, graph.nodes))
        proto.metadata_props.extend(_entries(graph.metadata))
        return proto

    def _attribute(self, node: Node, name: str) -> Any:
        value, version = node.attrs[name], self.opsets.get(node.domain)
        if value == () and not isinstance(value, TensorType) or isinstance(value, AttrRef):
            default = self.defaults.get(value.name) if isinstance(value, AttrRef) else None
            return empty(node, name, version, default)
        if name.startswith("sparse_"):
            raise NotWritable(f"the {node.op} {node.name!r} cannot be written: its {name} is a sparse "
                              "tensor; store it as a dense one")
        kind = wanted(node, name, version)
        proto = schema().AttributeProto(name=name, type=kind)
        self._set(proto, kind, value)
        return proto

    def _set(self, proto: Any, kind: int, value: Any) -> None:
        """Put ``value`` into the field of its type."""
        field = FIELDS[kind]
        if kind in LISTS.values():
            single = next(one for one, several in LISTS.items() if several == kind)
            getattr(proto, field).extend(self._single(single, entry) for entry in value)
        elif kind in (TENSOR, GRAPH, TYPE):
            getattr(proto, field).CopyFrom(self._single(kind, value))
        else:
            setattr(proto, field, self._single(kind, value))

    def _single(self, kind: int, value: Any) -> Any:
        if kind == TENSOR:
            return self._tensor("", value)
        if kind == GRAPH:
            return self._body(value)
        if kind == TYPE:
            proto = schema().TypeProto()
            fill(proto, value.dtype or "", value.shape)
            return proto
        return value.encode("utf-8", "surrogatepass") if kind == STRING else value

    def _tensor(self, name: str, kind: TensorType) -> Any:
        found = self.tensors.tensor(name, kind, _AROUND_ONE)
        if found.length > MAX_MESSAGE:
            raise NotWritable(f"a tensor of {found.length:,} bytes inside a node cannot be written: an ONNX "
                              "file holds at most 2 GiB; --weights none leaves it out")
        return found.whole


def _producer(text: str) -> tuple[str, str]:
    """The name and the version in ``pytorch 2.13``."""
    name, _, version = text.rpartition(" ")
    return (name, version) if name and version[:1].isdigit() else (text, "")


def _opsets(opsets: Mapping[str, int]) -> list[Any]:
    return [schema().OperatorSetIdProto(domain=domain, version=version) for domain, version in opsets.items()]


def _entries(entries: Mapping[str, str]) -> list[Any]:
    return [schema().StringStringEntryProto(key=key, value=value) for key, value in entries.items()]
