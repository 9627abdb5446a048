"""The fix of what is worked out anew at every run: ONNX Runtime works it out once, and the result is
stored."""
from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from archcheck.dtypes import NAMES
from archcheck.errors import UserError
from archcheck.fixing._edit import Declined, Edit, fix
from archcheck.fixing._numbers import store
from archcheck.frontends._proto import schema
from archcheck.graph import TensorType
from archcheck.infer import NOT_KNOWN
from archcheck.rules._case import Case
from archcheck.rules._rule import Fault
from archcheck.rules.gra import foldable
from archcheck.writers._restore import segments

SMALL = 1 << 10
"""Results of so many bytes are stored however little they were made from."""

_NUMBERS = frozenset(("bool", "float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8",
                      "uint16", "uint32", "uint64"))


class Plan(NamedTuple):
    """A group of nodes: the results that others read, the nodes that it takes to make them, and why it is
    left alone, if so."""

    group: list[int]
    wanted: list[str]
    nodes: list[int]
    why_not: str


@fix("GRA007")
def store_result(edit: Edit, fault: Fault) -> None:
    """The results of a group of nodes among the weights."""
    edit.require_apart()
    scene, index = edit.at(fault.site)
    plan = edit.case.fact(_plans)[index]
    if plan.why_not:
        raise Declined(plan.why_not)
    results = edit.once(_results)
    if isinstance(results, str):
        raise Declined(results)
    for name in plan.wanted:
        store(scene, name, results[name])
    for other in plan.group:
        scene.drop(other)


def _plans(case: Case) -> dict[int, Plan]:
    """What to do about each group of nodes that are the same for all inputs, by its last node."""
    found = {}
    for group in case.fact(foldable):
        wanted, nodes = _read_outside(case, group), _closure(case, group)
        found[group[-1]] = Plan(group, wanted, nodes, _why_not(case, wanted, nodes))
    return found


def _why_not(case: Case, wanted: list[str], nodes: list[int]) -> str:
    """Why results are not stored, "" where they can be."""
    kinds = [case.report.types.get(name) or NOT_KNOWN for name in wanted]
    if any(name in case.graph.outputs for name in wanted):
        return "a result is an output"
    if not all(kind.dtype in _NUMBERS and isinstance(kind.bytes, int) for kind in kinds):
        return "the size of a result is not known, or it is not made of numbers"
    old = sum(_bytes(case.graph.weights[name]) for name in _weights(case, nodes))
    new = sum(map(_bytes, kinds))
    return "the result takes more bytes than what it is made from" if new > max(old, SMALL) else ""


def _weights(case: Case, nodes: list[int]) -> list[str]:
    """The weights that nodes read."""
    read = dict.fromkeys(name for index in nodes for name in case.places[0].reads[index])
    return [name for name in read if name in case.graph.weights]


def _results(edit: Edit) -> dict[str, Any] | str:
    """The results of all groups that are stored, or why there are none."""
    plans = [plan for plan in edit.case.fact(_plans).values() if not plan.why_not]
    nodes = sorted({index for plan in plans for index in plan.nodes})
    wanted = [name for plan in plans for name in plan.wanted]
    given = {name: edit.case.graph.weights[name] for name in _weights(edit.case, nodes)}
    try:
        return _run(_model(edit, nodes, given, wanted), wanted)
    except (Declined, UserError) as error:
        return str(error)


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
    proto.graph.output.extend(_output(name, edit.case.report.types[name].dtype) for name in wanted)
    proto.graph.initializer.extend(_tensors(edit, given))
    if segments(proto.SerializeToString(), edit.draft.cut):
        raise Declined("a node holds a large tensor itself")
    return proto


def _output(name: str, dtype: str | None) -> Any:
    info = schema().ValueInfoProto(name=name)
    info.type.tensor_type.elem_type = NAMES.index(dtype)
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
    with tempfile.TemporaryDirectory(prefix="archcheck-", ignore_cleanup_errors=True) as folder:
        path = Path(folder, "constants.onnx")
        path.write_bytes(proto.SerializeToString())
        found = ort.measure(ort.Task(path, {}, wanted), keep=True)
        return {one.name: one.data for one in found if isinstance(one, ort.Measured)}
