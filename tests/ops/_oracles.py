"""The outside oracles: ONNX Runtime, and ONNX's reference evaluator for what that does not run."""
from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import onnx
from onnx import helper
from onnx.reference import ReferenceEvaluator

from archcheck import dtypes
from tests.ops import _ort


class Rejected(Exception):
    """No oracle ran the model; says what each of them said."""


class Described(NamedTuple):
    """What an oracle made: the dtype's name; shape and elements of its tensor, or of all tensors of a
    sequence."""

    dtype: str | None
    tensors: list[tuple[tuple[int, ...], list[Any] | None]]


def run(model: onnx.ModelProto, feeds: Mapping[str, Any], only: str = "") -> list[Any]:
    """The model's outputs by ONNX Runtime, or by the reference evaluator if that cannot build the model;
    `Rejected` if neither runs it. ``only`` is ``ort`` or ``reference`` to ask no other."""
    refused = []
    if only != "reference":
        try:
            return _ort.run(model.SerializeToString(), feeds)
        except _ort.Refused as error:
            refused.append(f"ONNX Runtime: {error.args[0]}")
            only = "ort" if error.built else only
    if only != "ort":
        try:
            with np.errstate(all="ignore"):
                found = ReferenceEvaluator(model).run(None, dict(feeds))
            return [_unwrapped(model, output.name, value)
                    for output, value in zip(model.graph.output, found, strict=True)]
        except Exception as error:
            refused.append(f"reference evaluator: {type(error).__name__}: {error}")
    raise Rejected("; ".join(refused))


def _unwrapped(model: onnx.ModelProto, name: str, value: Any) -> Any:
    """What the reference evaluator's Optional holds, which it hands out in a list."""
    is_optional = any(node.op_type == "Optional" and name in node.output for node in model.graph.node)
    return (value[0] if value else None) if is_optional and isinstance(value, list) else value


def described(actual: Any, like: str | None) -> Described:
    """What an oracle's output is, in archcheck's words; ``like`` is what it is thought to be."""
    like = like or ""
    if like.startswith("opt("):
        inner = described(actual, like[4:-1])
        return inner if inner.dtype is None else inner._replace(dtype=f"opt({inner.dtype})")
    if actual is None or isinstance(actual, dict):
        return Described(None, [])
    if isinstance(actual, list):
        inside = [described(element, like[4:-1]) for element in actual]
        dtype = next((f"seq({one.dtype})" for one in inside if one.dtype), None)
        return Described(dtype, [tensor for one in inside for tensor in one.tensors])
    if isinstance(actual, _ort.Plain):
        return Described(actual.dtype, [(actual.shape, None)])
    array = np.asarray(actual)
    return Described(_dtype_name(array), [(array.shape, array.ravel().tolist())])


def _dtype_name(array: np.ndarray[Any, Any]) -> str | None:
    if array.dtype.kind in "OUST":
        return "string"
    return dtypes.dtype_name(helper.np_dtype_to_tensor_dtype(array.dtype))


def code(dtype: str) -> int:
    """The number of a dtype in the ONNX format."""
    return dtypes.NAMES.index(dtype)


def numpy_dtype(dtype: str) -> np.dtype[Any]:
    """numpy's, or ml_dtypes', dtype of a name; objects for strings."""
    return np.dtype(helper.tensor_dtype_to_np_dtype(code(dtype)))


@cache
def newest(domain: str, op: str) -> int:
    """The newest opset of ``domain`` that ONNX Runtime loads, or onnx's newest if ``op`` is not in that one
    yet."""
    latest = max((s.since_version for s in onnx.defs.get_all_schemas() if s.domain == domain), default=1)
    loaded = next((version for version in range(latest, 0, -1) if _loads(domain, version)), latest)
    return latest if _has(op, latest, domain) and not _has(op, loaded, domain) else loaded


def _has(op: str, version: int, domain: str) -> bool:
    try:
        onnx.defs.get_schema(op, version, domain)
    except onnx.defs.SchemaError:
        return False
    return True


@cache
def _loads(domain: str, version: int) -> bool:
    node = helper.make_node("Identity", ["x"], ["y"])
    graph = helper.make_graph([node], "probe", [helper.make_tensor_value_info("x", 1, [1])],
                              [helper.make_tensor_value_info("y", 1, [1])])
    imports = [helper.make_opsetid("", 13)] * bool(domain) + [helper.make_opsetid(domain, version)]
    try:
        _ort.run(helper.make_model(graph, opset_imports=imports, ir_version=8).SerializeToString(),
                 {"x": np.zeros(1, np.float32)})
    except _ort.Refused:
        return False
    return True
