"""A model's messages as lines of text, and the lines in which two of them differ."""
from __future__ import annotations

import struct
from collections.abc import Iterator
from difflib import unified_diff
from typing import Any

from archcheck.dtypes import dtype_name

SHOWN = 60
"""So many characters of an attribute's or a text's value are shown."""

FEW = 8
"""So many whole numbers of a tensor are shown."""

_CONTEXT = 1


def difference(old: list[str], new: list[str], name: str, target: str) -> list[str]:
    """The lines that are no more, and those that are new, as ``diff -u`` shows them."""
    return list(unified_diff(old, new, name, target, n=_CONTEXT, lineterm=""))


def listing(proto: Any) -> list[str]:
    """A model, a line for each thing in it; large payloads by their size only."""
    return [*_head(proto), *_graph(proto.graph, ""),
            *(line for body in proto.functions for line in _function(body))]


def _head(proto: Any) -> Iterator[str]:
    yield f"ir_version {proto.ir_version}"
    yield from (f"import {entry.domain or 'ai.onnx'} {entry.version}" for entry in proto.opset_import)
    yield from _texts(proto, "")


def _texts(proto: Any, indent: str) -> Iterator[str]:
    """Documentation and metadata."""
    if proto.doc_string:
        yield f"{indent}doc {_short(proto.doc_string)}"
    yield from (f"{indent}{entry.key} = {_short(entry.value)}" for entry in proto.metadata_props)


def _graph(graph: Any, indent: str) -> Iterator[str]:
    yield from _texts(graph, indent)
    yield from (f"{indent}input {value.name}: {_type(value.type)}" for value in graph.input)
    yield from (f"{indent}weight {tensor.name}: {_tensor(tensor)}" for tensor in graph.initializer)
    yield from (f"{indent}weight {tensor.values.name}: sparse" for tensor in graph.sparse_initializer)
    yield from (line for node in graph.node for line in _node(node, indent))
    yield from (f"{indent}output {value.name}: {_type(value.type)}" for value in graph.output)


def _function(proto: Any) -> Iterator[str]:
    yield f"function {proto.domain}.{proto.name} ({', '.join(proto.input)})"
    yield from _texts(proto, "  ")
    yield from (line for node in proto.node for line in _node(node, "  "))


def _node(node: Any, indent: str) -> Iterator[str]:
    """A node as ``name: y = Relu(x)``, and below it what it is said to be and the bodies in it."""
    attributes = ", ".join(f"{one.name}={_value(one)}" for one in node.attribute if not _bodies(one))
    kind = f"{node.domain}.{node.op_type}" if node.domain else node.op_type
    yield (f"{indent}{node.name or '-'}: {', '.join(node.output)} = {kind}({', '.join(node.input)})"
           f"{f' {{{attributes}}}' if attributes else ''}")
    yield from _texts(node, f"{indent}    ")
    for one in node.attribute:
        for body in _bodies(one):
            yield f"{indent}  {one.name}"
            yield from _graph(body, f"{indent}    ")


def _bodies(attribute: Any) -> list[Any]:
    return [*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs]


def _value(attribute: Any) -> str:
    """The value of an attribute, in short."""
    if attribute.ref_attr_name:
        return f"@{attribute.ref_attr_name}"
    if attribute.HasField("t"):
        return _tensor(attribute.t)
    found = [value for field, value in attribute.ListFields() if field.name not in ("name", "type")]
    value = found[0] if found else ""
    if isinstance(value, bytes):
        return _short(value.decode("utf-8", "replace"))
    return _short(str(list(value) if hasattr(value, "extend") else value))


def _tensor(tensor: Any) -> str:
    """Dtype and sizes, where it is stored if that is elsewhere, and a few whole numbers."""
    place = next((f" in {entry.value}" for entry in tensor.external_data if entry.key == "location"), "")
    return f"{dtype_name(tensor.data_type)}[{', '.join(map(str, tensor.dims))}]{place}{_numbers(tensor)}"


def _numbers(tensor: Any) -> str:
    """Sizes and targets, which are few and of int64."""
    if dtype_name(tensor.data_type) != "int64" or len(tensor.raw_data) > 8 * FEW:
        return ""
    stored = [*struct.unpack(f"<{len(tensor.raw_data) // 8}q", tensor.raw_data), *tensor.int64_data[:FEW]]
    return f" = {stored}" if stored else ""


def _type(proto: Any) -> str:
    tensor = proto.tensor_type
    if not proto.HasField("tensor_type"):
        return proto.WhichOneof("value") or "?"
    sizes = [dim.dim_param or str(dim.dim_value) for dim in tensor.shape.dim]
    return f"{dtype_name(tensor.elem_type)}[{', '.join(sizes)}]"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else f"{line[:SHOWN]}…"
