"""Fixes of what is stored: copies, weights in attributes, targets that a trace froze."""
from __future__ import annotations

from typing import Any

from archcheck.dtypes import BITS
from archcheck.fixing._edit import Declined, Edit, fix
from archcheck.fixing._scene import node, set_external, set_ints
from archcheck.graph import TensorType
from archcheck.rules._layers import SCALING
from archcheck.rules._rule import Fault, Site
from archcheck.writers.onnx import SMALL


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


@fix("SIZ003")
def store_part(edit: Edit, fault: Fault) -> None:
    """The part that is there over and over, and a Tile of it; one slice where its readers broadcast."""
    scene, name = edit.stored(fault.value)
    array, dtype = _bits(edit, scene.graph.weights[name]), scene.graph.weights[name].dtype or ""
    axis, times, period = (fault.facts[fact] for fact in ("axis", "times", "period"))
    readers = _readers(edit, name) if scene is edit.main else [None]
    edit.forget(scene, name)

    def store(part: Any) -> str:
        return scene.store(edit.fresh(f"{name}_part"), dtype, part.shape, part.tobytes())
    if period == 1 and all(_broadcasts(site, name, axis) for site in readers):
        scene.renamed[name] = store(_slice(array, [
            at for at in range(array.ndim) if all(_broadcasts(site, name, at) for site in readers)]))
        return
    repeats = [times if at == axis else 1 for at in range(array.ndim)]
    counts = scene.store_ints(edit.fresh(f"{name}_repeats"), repeats)
    tile = [store(array.take(range(period), axis)), counts]
    scene.add_before(0, node("Tile", tile, [name], edit.fresh(f"{name}_tile")))


def _bits(edit: Edit, kind: TensorType) -> Any:
    """The elements of a weight as whole numbers of the same bytes."""
    import numpy
    view = edit.case.payloads.view(kind)
    if view is None:
        raise Declined("the weight's numbers are not in the file")
    return numpy.frombuffer(view, f"u{BITS[kind.dtype or ''] // 8}").reshape(kind.shape or ())


def _slice(array: Any, axes: list[int]) -> Any:
    """The first slice along each of the axes along which all are the same."""
    for axis in axes:
        first = array.take([0], axis)
        if bool((array == first).all()):
            array = first
    return array


def _readers(edit: Edit, name: str) -> list[Site | None]:
    """The nodes that read a weight of the main graph; None for one in a body, and for the caller."""
    walk, reads = edit.case.report.walk, edit.case.places[0].reads
    found = [Site(walk, index) if name in walk.graph.nodes[index].inputs else None
             for index, names in enumerate(reads) if name in names]
    return [*found, None] if name in walk.graph.outputs else found


def _broadcasts(site: Site | None, name: str, axis: int) -> bool:
    """Whether an element-wise node makes the same of one slice of a weight along an axis: another operand has
    all of its positions there."""
    made = site.outputs[0].shape if site is not None and site.op in SCALING else None
    if site is None or made is None or list(site.node.inputs).count(name) != 1:
        return False
    at = site.node.inputs.index(name)
    other, behind = site.inputs[1 - at].shape, len(site.inputs[at].shape or ()) - axis
    return other is not None and len(other) >= behind and other[-behind] == made[-behind] != 1


@fix("SIZ004")
def store_apart(edit: Edit, fault: Fault) -> None:
    """The large weights in a file beside the model."""
    draft = edit.draft
    if draft.target.with_name(draft.beside).exists():
        raise Declined(f"there is a file {draft.beside} already")
    for tensor in edit.proto.graph.initializer:
        span = tensor.segment.begin, tensor.segment.end
        if draft.cut.get(span) == "raw_data" and span[1] - span[0] > SMALL:
            set_external(tensor, draft.beside, draft.move(span), span[1] - span[0])


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
        reshape.input[1] = scene.store_ints(edit.fresh(f"{reshape.output[0]}_target"), target)
