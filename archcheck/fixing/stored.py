"""Fixes of what is stored: copies, weights in attributes, targets that a trace froze."""
from __future__ import annotations

import struct

from archcheck.fixing._edit import Declined, Edit, fix
from archcheck.fixing._scene import set_ints
from archcheck.rules._rule import Fault
from archcheck.writers.onnx import SMALL

_EXTERNAL = 1


@fix("SIZ001")
def share_weight(edit: Edit, fault: Fault) -> None:
    """Whatever reads a copy of a weight reads the first."""
    scene, name = edit.stored(fault.value)
    other, first = edit.stored(fault.facts["first"])
    if other is not scene:
        raise Declined("the two stand in different graphs")
    edit.redirect(scene, name, first)
    edit.forget(scene, name)


@fix("SIZ002")
def store_constant(edit: Edit, fault: Fault) -> None:
    """A constant's tensor among the weights, under the name of its result."""
    edit.require_apart()
    scene, index = edit.at(fault.site)
    constant = scene.nodes[index]
    if constant.output[0] in scene.graph.outputs:
        raise Declined("its result is an output")
    tensor = scene.proto.initializer.add()
    tensor.CopyFrom(constant.attribute[0].t)
    tensor.name = constant.output[0]
    scene.drop(index)


@fix("SIZ004")
def store_apart(edit: Edit, fault: Fault) -> None:
    """The large weights in a file beside the model."""
    draft = edit.draft
    if draft.target.with_name(draft.beside).exists():
        raise Declined(f"there is a file {draft.beside} already")
    for tensor in edit.proto.graph.initializer:
        span = tensor.segment.begin, tensor.segment.end
        if draft.cut.get(span) == "raw_data" and span[1] - span[0] > SMALL:
            place = {"location": draft.beside, "offset": draft.move(span), "length": span[1] - span[0]}
            tensor.ClearField("segment")
            tensor.data_location = _EXTERNAL
            for key, value in place.items():
                tensor.external_data.add(key=key, value=str(value))


@fix("SHP101")
def open_target(edit: Edit, fault: Fault) -> None:
    """A target that keeps the axis that a trace froze."""
    scene, index = edit.at(fault.site)
    reshape, target = scene.nodes[index], list(fault.facts["mended"])
    if not all(isinstance(size, int) for size in target):
        raise Declined("the target that would do is no list of numbers")
    if 0 in target and any(one.name == "allowzero" and one.i for one in reshape.attribute):
        raise Declined("allowzero makes 0 a size")
    if len(reshape.input) < 2:
        set_ints(reshape, "shape", target)
    else:
        reshape.input[1] = scene.store(edit.fresh(f"{reshape.output[0]}_target"), "int64", (len(target),),
                                       struct.pack(f"<{len(target)}q", *target))
