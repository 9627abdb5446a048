"""Why a node does not fit its operator: asked only once a rule has failed, so it may take the time to import
onnx."""
from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from archcheck.graph import Graph, Node, TensorType

_ATTRIBUTES: Mapping[str, type] = {
    "FLOAT": float, "INT": int, "STRING": str, "TENSOR": TensorType, "GRAPH": Graph}
_ONNX_NAMES = {"float32": "float", "float64": "double"}


def misfit(function: Callable[..., Any], accepted: Collection[str], node: Node,
           inputs: Sequence[TensorType | None]) -> str | None:
    """What about the node's inputs and attributes does not fit the operator, or None if they do. ``accepted``
    are the names of its attributes."""
    signature = inspect.signature(function)
    try:
        signature.bind(*node.inputs, **{name: node.attrs[name] for name in node.attrs if name in accepted})
    except TypeError as error:
        return f"{node.op} with {len(node.inputs)} inputs: {error}"
    for name, parameter in zip(node.inputs, signature.parameters.values()):
        if not name and parameter.default is parameter.empty:
            return f"{node.op} needs its input {parameter.name!r}, which is left out"
    return _mistyped(node, inputs)


def _mistyped(node: Node, inputs: Sequence[TensorType | None]) -> str | None:
    """Which attribute or input is of another type than onnx's schema of the operator says, if any is.
    Operators of other domains share the types of their namesakes."""
    from onnx import defs
    try:
        domain = node.domain if node.domain.startswith("ai.onnx") else ""
        schema = defs.get_schema(node.op.removeprefix("QLinear" if node.domain else ""), domain=domain)
    except defs.SchemaError:
        return None
    for name, value in node.attrs.items():
        known: Any = schema.attributes.get(name)
        if known and not _is_a(known.type.name, value):
            return f"the attribute {name!r} of {node.op} must be of type {known.type.name}"
    return None if node.domain else _wrong_input(schema, node.op, inputs)


def _is_a(wanted: str, value: Any) -> bool:
    several = isinstance(value, tuple) and not isinstance(value, TensorType)
    kind = _ATTRIBUTES.get(wanted.removesuffix("S"), object)
    values = value if several else (value,)
    return several == wanted.endswith("S") and all(isinstance(one, kind) for one in values)


def _wrong_input(schema: Any, op: str, inputs: Sequence[TensorType | None]) -> str | None:
    allowed = {known.type_param_str: known.allowed_type_strs for known in schema.type_constraints}
    for known, kind in zip(schema.inputs, inputs):
        types = allowed.get(known.type_str, [known.type_str])
        dtype = kind and kind.dtype
        if dtype and f"tensor({_ONNX_NAMES.get(dtype, dtype)})" not in types and "(" not in dtype:
            return f"the input {known.name!r} of {op} is {dtype}, but must be {' or '.join(types[:4])}"
    return None
