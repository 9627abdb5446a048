"""The fix of what is worked out anew at every run: ONNX Runtime works it out once, and the result is
stored."""
from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from archcheck.dtypes import NAMES
from archcheck.errors import UserError
from archcheck.fixing._edit import Declined, Edit, fix
from archcheck.fixing._numbers import store
from archcheck.frontends._proto import schema
from archcheck.graph import TensorType
from archcheck.rules._case import Case
from archcheck.rules._rule import Fault
from archcheck.rules.gra import foldable
from archcheck.writers._restore import segments

SMALL = 1 << 10
"""Results of so many bytes are stored however little they were made from."""

_NUMBERS = frozenset(("bool", "float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8",
                      "uint16", "uint32", "uint64"))


@fix("GRA007")
def store_result(edit: Edit, fault: Fault) -> None:
    """The results of a group of nodes among the weights."""
    edit.require_apart()
    scene, index = edit.at(fault.site)
    group = edit.case.fact(_groups)[index]
    wanted = _read_outside(edit.case, group)
    if any(name in scene.graph.outputs for name in wanted):
        raise Declined("a result is an output")
    read = _closure(edit.case, group)
    weights = [name for other in read for name in edit.case.places[0].reads[other]
               if name in scene.graph.weights]
    given = {name: scene.graph.weights[name] for name in dict.fromkeys(weights)}
    results = _run(_model(edit, read, given, wanted), wanted)
    old, new = sum(_bytes(kind) for kind in given.values()), sum(array.nbytes for array in results.values())
    if new > max(old, SMALL):
        raise Declined(f"the result takes {new:,} bytes, and what it is made from {old:,}")
    for name, array in results.items():
        store(scene, name, array)
    for other in group:
        scene.drop(other)


def _groups(case: Case) -> dict[int, list[int]]:
    return {group[-1]: group for group in case.fact(foldable)}


def _read_outside(case: Case, group: list[int]) -> list[str]:
    """The results of a group that other nodes read, or that are outputs."""
    made = dict.fromkeys(name for index in group for name in case.graph.nodes[index].outputs if name)
    inside = set(group)
    read = {name for index, names in enumerate(case.places[0].reads) if index not in inside for name in names}
    return [name for name in made if name in read or name in case.graph.outputs]


def _closure(case: Case, group: list[int]) -> list[int]:
    """A group, and the nodes that make what it reads."""
    found, pending = set(group), list(group)
    while pending:
        for name in case.places[0].reads[pending.pop()]:
            maker = case.graph.producers.get(name)
            if maker is not None and maker not in found:
                found.add(maker)
                pending.append(maker)
    return sorted(found)


def _bytes(kind: TensorType) -> int:
    return kind.bytes if isinstance(kind.bytes, int) else 0


def _model(edit: Edit, nodes: list[int], given: dict[str, TensorType], wanted: list[str]) -> Any:
    """A model of some nodes alone, with the weights that they read."""
    proto = schema().ModelProto(ir_version=edit.proto.ir_version)
    proto.opset_import.extend(edit.proto.opset_import)
    proto.functions.extend(edit.proto.functions)
    proto.graph.name = "constants"
    proto.graph.node.extend(edit.main.nodes[index] for index in nodes)
    proto.graph.output.extend(_output(name, edit.case.report.types.get(name)) for name in wanted)
    proto.graph.initializer.extend(_tensors(edit, given))
    if segments(proto.SerializeToString(), edit.draft.cut):
        raise Declined("a node holds a large tensor itself")
    return proto


def _output(name: str, kind: TensorType | None) -> Any:
    if kind is None or kind.dtype not in _NUMBERS:
        raise Declined("a result is of a type that is not stored")
    info = schema().ValueInfoProto(name=name)
    info.type.tensor_type.elem_type = NAMES.index(kind.dtype)
    return info


def _tensors(edit: Edit, given: dict[str, TensorType]) -> Iterator[Any]:
    """Weights with all their numbers."""
    for name, kind in given.items():
        view = edit.case.payloads.view(kind)
        if view is None or kind.dtype is None:
            raise Declined("a weight's numbers are not in the file")
        yield schema().TensorProto(name=name, data_type=NAMES.index(kind.dtype), dims=kind.shape,
                                   raw_data=bytes(view))


def _run(proto: Any, wanted: list[str]) -> dict[str, Any]:
    """The results of a model without inputs."""
    from archcheck.backends import ort
    try:
        with tempfile.TemporaryDirectory(prefix="archcheck-", ignore_cleanup_errors=True) as folder:
            path = Path(folder, "constants.onnx")
            path.write_bytes(proto.SerializeToString())
            found = ort.measure(ort.Task(path, {}, wanted), keep=True)
            return {one.name: one.data for one in found if isinstance(one, ort.Measured)}
    except UserError as error:
        raise Declined(str(error)) from None
