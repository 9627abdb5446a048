"""The fix of an old opset: onnx's own converter writes the nodes anew."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archcheck.fixing._edit import Declined, Edit, fix
from archcheck.fixing._scene import bodies, keep, set_external
from archcheck.frontends._proto import schema
from archcheck.rules._rule import Fault
from archcheck.rules.onx import LEGACY

IR_VERSION = 7
"""The IR version that came with opset 13 (onnx, docs/Versioning.md)."""

CUT = "archcheck-cut"
"""Where large payloads are said to lie while the converter, which does not read them, is at work."""


@fix("ONX012")
def convert_version(edit: Edit, fault: Fault) -> None:
    """The main graph's nodes as the first opset that is not old has them."""
    edit.require_apart()
    graph = edit.proto.graph
    if edit.proto.functions or graph.sparse_initializer or any(_has_body(one) for one in graph.node):
        raise Declined("onnx's converter does not convert functions, bodies and sparse weights")
    new = _converted(edit.proto)
    _described(new.graph, graph)
    for field in ("node", "initializer"):
        graph.ClearField(field)
        getattr(graph, field).extend(getattr(new.graph, field))
    graph.ClearField("value_info")
    next(entry for entry in edit.proto.opset_import if entry.domain in ("", "ai.onnx")).version = LEGACY
    if edit.proto.ir_version < IR_VERSION:
        edit.proto.ir_version = IR_VERSION
        keep(graph.input, lambda value: value.name not in edit.case.graph.weights)


def _has_body(proto: Any) -> bool:
    return next(bodies(proto), None) is not None


def _converted(old: Any) -> Any:
    """A model at the newer opset, its large payloads still cut."""
    from onnx import ModelProto, version_converter
    proto: Any = schema().ModelProto()
    proto.CopyFrom(old)
    for tensor in _tensors(proto.graph):
        if tensor.HasField("segment"):
            set_external(tensor, CUT, tensor.segment.begin, tensor.segment.end)
    try:
        found = version_converter.convert_version(ModelProto.FromString(proto.SerializeToString()), LEGACY)
    except Exception as error:  # the converter raises what its C++ throws
        raise Declined(f"onnx's converter cannot: {str(error).strip().splitlines()[0]}") from error
    new = schema().ModelProto.FromString(found.SerializeToString())
    for tensor in _tensors(new.graph):
        if any(entry.value == CUT for entry in tensor.external_data):
            _take_back(tensor)
    made = [name for one in new.graph.node for name in one.output if name]
    if len(set(made)) < len(made):
        raise Declined("onnx's converter gives two values one name")
    return new


def _tensors(graph: Any) -> Iterator[Any]:
    """The stored tensors of a graph, and those in attributes of its nodes."""
    yield from graph.initializer
    for one in graph.node:
        yield from (attribute.t for attribute in one.attribute if attribute.HasField("t"))


def _take_back(tensor: Any) -> None:
    place = {entry.key: entry.value for entry in tensor.external_data}
    tensor.ClearField("external_data")
    tensor.ClearField("data_location")
    tensor.segment.begin, tensor.segment.end = int(place["offset"]), int(place["length"])


def _described(new: Any, old: Any) -> None:
    """Give nodes and tensors back what the converter drops: documentation and metadata."""
    nodes = {one.output[0]: one for one in old.node if one.output}
    for one in new.node:
        before = nodes.get(one.output[0])
        if before is not None:
            one.doc_string = before.doc_string
            one.ClearField("metadata_props")
            one.metadata_props.extend(before.metadata_props)
    tensors = {tensor.name: tensor for tensor in old.initializer}
    for tensor in new.initializer:
        if tensor.name in tensors:
            tensor.doc_string = tensors[tensor.name].doc_string
