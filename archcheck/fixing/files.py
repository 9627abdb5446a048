"""Fixes of what a file says of itself: order, imports, version, inputs, traces of its making."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archcheck.fixing._edit import Declined, Edit, fix
from archcheck.fixing._scene import bodies, keep
from archcheck.graph import Graph
from archcheck.rules._rule import Fault
from archcheck.rules._schemas import STANDARD
from archcheck.rules.sec import PATH
from archcheck.scopes import FILE

OWN_VERSION = 1
"""The version that domains have whose operators are not ONNX's: functions', and ONNX Runtime's."""

_FUNCTIONS, _METADATA = 8, 10
_TYPES = {"float8e4m3fn": 9, "float8e4m3fnuz": 9, "float8e5m2": 9, "float8e5m2fnuz": 9, "int4": 10,
          "uint4": 10, "float4e2m1": 11, "float8e8m0": 12, "int2": 13, "uint2": 13}
"""The IR version that each dtype came with (onnx.proto, enum Version)."""


@fix("ONX003")
def sort_nodes(edit: Edit, fault: Fault) -> None:
    """The nodes in the order in which they were read."""
    for scene in edit.scenes.values():
        scene.resorted = not scene.is_sorted


@fix("ONX008")
def import_domain(edit: Edit, fault: Fault) -> None:
    """The domain imported: at the newest version that the file's IR version has, if ONNX defines it."""
    domain = "" if fault.cause == "ai.onnx" else str(fault.cause)
    if all(entry.domain != domain for entry in edit.proto.opset_import):
        edit.proto.opset_import.add(domain=domain, version=_newest(domain, edit.proto.ir_version))


def _newest(domain: str, ir: int) -> int:
    if domain not in STANDARD:
        return OWN_VERSION
    from onnx.helper import OP_SET_ID_VERSION_MAP as FIRST
    versions = [version for (of, version), first in FIRST.items() if of == (domain or "ai.onnx")
                and first <= ir]
    if not versions:
        raise Declined(f"IR version {ir} has no version of that domain")
    return max(versions)


@fix("ONX010")
def lower_ir_version(edit: Edit, fault: Fault) -> None:
    """The IR version that the target reads, where the model has nothing that came later."""
    limit, needed = fault.facts["limit"], max(_needed(edit))
    if needed > limit:
        raise Declined(f"the model uses what came with IR version {needed}")
    edit.proto.ir_version = min(edit.proto.ir_version, limit)


def _needed(edit: Edit) -> Iterator[int]:
    """The IR versions with which what the model uses came."""
    listed = {value.name for value in edit.proto.graph.input}
    yield 3 if all(name in listed for name in edit.case.graph.weights) else 4
    for graph in (scene.graph for scene in edit.scenes.values()):
        yield _METADATA if any(node.overload for node in graph.nodes) else 3
        yield from (_TYPES.get(kind.dtype or "", 3) for kind in graph.weights.values())
    for walk in edit.case.report.walk.and_inner():
        yield from (_TYPES.get(kind.dtype or "", 3) for kind in walk.types.values())
    yield _FUNCTIONS if edit.case.graph.functions else 3


@fix("ONX014")
def unlist_weights(edit: Edit, fault: Fault) -> None:
    """Weights that are no inputs."""
    edit.require_apart()
    for scene in edit.scenes.values():
        if not scene.is_function:
            _unlist(scene.proto, scene.graph)


def _unlist(proto: Any, graph: Graph) -> None:
    keep(proto.input, lambda value: value.name not in graph.weights)


@fix("SEC108")
def strip_paths(edit: Edit, fault: Fault) -> None:
    """No text with a path in it. The line of the program that a node is from stays."""
    _strip(edit.proto)
    for graph in (edit.proto.graph, *edit.proto.functions):
        _strip_graph(graph)


def _strip_graph(graph: Any) -> None:
    _strip(graph)
    for node in graph.node:
        _strip(node)
        for _, _, body in bodies(node):
            _strip_graph(body)


def _strip(proto: Any) -> None:
    if PATH.search(proto.doc_string):
        proto.ClearField("doc_string")
    keep(proto.metadata_props, lambda entry: entry.key == FILE or not PATH.search(entry.value))
