"""Attributes of nodes as messages. Their type is that of the operator's schema where the value leaves it
open."""
from __future__ import annotations

from functools import cache
from typing import Any

from archcheck.frontends._proto import schema
from archcheck.graph import AttrRef, Graph, Node, TensorType
from archcheck.writers._formulas import NotWritable

FLOAT, INT, STRING, TENSOR, GRAPH, TYPE = 1, 2, 3, 4, 5, 13
LISTS = {FLOAT: 6, INT: 7, STRING: 8, TENSOR: 9, GRAPH: 10, TYPE: 14}
"""The type of a list of each."""

FIELDS = {FLOAT: "f", INT: "i", STRING: "s", TENSOR: "t", GRAPH: "g", TYPE: "tp", 6: "floats", 7: "ints",
          8: "strings", 9: "tensors", 10: "graphs", 14: "type_protos"}
_NEWEST = (1 << 31) - 1


def empty(node: Node, name: str, version: int | None, default: Any = None) -> Any:
    """The message of a value that says no type: a reference to the attribute of a function, whose default is
    ``default``, or a list of nothing."""
    value = node.attrs[name]
    if not isinstance(value, AttrRef):
        return schema().AttributeProto(name=name, type=declared(node, name, version) or LISTS[INT])
    kind = declared(node, name, version) or (kind_of(default) if default not in (None, ()) else 0)
    return schema().AttributeProto(name=name, type=kind, ref_attr_name=value.name)


def kind_of(value: Any) -> int:
    """The number of the type that ``value`` has in ``AttributeProto``."""
    if isinstance(value, tuple) and not isinstance(value, TensorType):
        kinds = set(map(kind_of, value))
        return LISTS[FLOAT if kinds == {FLOAT, INT} else min(kinds)]
    if isinstance(value, TensorType):
        return TYPE if value.value is None else TENSOR
    found = {float: FLOAT, int: INT, bool: INT, str: STRING, Graph: GRAPH}.get(type(value))
    if found is None:
        raise NotWritable(f"an attribute is a {type(value).__name__}, which no file holds; make it a number")
    return found


def wanted(node: Node, name: str, version: int | None) -> int:
    """The type that the attribute is written with: that of its value, but a number with a point where the
    operator wants one."""
    kind = kind_of(node.attrs[name])
    said = declared(node, name, version) if kind in (INT, LISTS[INT]) else None
    return said if said in (FLOAT, LISTS[FLOAT]) and (said == FLOAT) == (kind == INT) else kind


def declared(node: Node, name: str, version: int | None) -> int | None:
    """The type of an attribute in the schema of a node's operator; None where onnx knows none."""
    return _types(node.op, node.domain, version or _NEWEST).get(name)


@cache
def _types(op: str, domain: str, version: int) -> dict[str, int]:
    from onnx import defs
    try:
        found = defs.get_schema(op, min(version, _NEWEST), domain)
    except defs.SchemaError:
        return {}
    return {name: _number(attribute.type) for name, attribute in found.attributes.items()}


def _number(kind: Any) -> int:
    """The number of a type of attributes, which is an enumeration of one kind or another."""
    return int(getattr(kind, "value", kind))
