"""Fixes of what is in a graph and does nothing for it."""
from __future__ import annotations

from typing import Any, cast

from archcheck.dtypes import BITS, NAMES
from archcheck.fixing._edit import Declined, Edit, fix, site_of
from archcheck.fixing._scene import keep, node
from archcheck.frontends._proto import schema
from archcheck.rules._case import Case
from archcheck.rules._liveness import connected, dead, repeated
from archcheck.rules._paths import is_shared
from archcheck.rules._places import Place
from archcheck.rules._rule import Fault


@fix("GRA002")
def drop_dead(edit: Edit, fault: Fault) -> None:
    """The nodes of a dead branch taken out."""
    edit.require_apart()
    scene, index = edit.at(fault.site)
    for other in edit.case.fact(_dead)[id(scene.graph)][index]:
        scene.drop(other)


def _dead(case: Case) -> dict[int, dict[int, list[int]]]:
    """For each graph its dead branches, by their last nodes."""
    return {id(place.graph): {group[-1]: group for group in connected(place, dead(place))}
            for place in case.places}


@fix("GRA001")
def drop_weight(edit: Edit, fault: Fault) -> None:
    """A weight taken out."""
    edit.forget(*edit.stored(fault.value))


@fix("GRA003")
def drop_input(edit: Edit, fault: Fault) -> None:
    """An input taken out."""
    edit.require_apart()
    keep(edit.proto.graph.input, lambda value: value.name != fault.value)


@fix("GRA005")
def compute_once(edit: Edit, fault: Fault) -> None:
    """Whatever reads a result that is worked out again reads the first one."""
    edit.require_apart()
    scene, index = edit.at(fault.site)
    twice, groups = edit.case.fact(_repeated)
    nodes = scene.graph.nodes
    group = [(again, twice[again]) for again in groups[index]]
    if any(name and not other for again, first in group
           for name, other in zip(nodes[again].outputs, nodes[first].outputs)):
        raise Declined("the first makes fewer results")
    for again, first in group:
        copies = []
        for name, other in zip(nodes[again].outputs, nodes[first].outputs):
            if name in scene.graph.outputs:
                copies.append(node("Identity", [other], [name], edit.fresh(f"{nodes[again].name}_copy")))
            elif name:
                scene.renamed[name] = other
        scene.put(again, *copies)


def _repeated(case: Case) -> tuple[dict[int, int], dict[int, list[int]]]:
    """The nodes of the main graph that work out again what another one has, and their groups."""
    twice = dict(repeated(case.graph))
    place: Place = case.places[0]
    return twice, {group[0]: group for group in connected(place, [*twice])}


@fix("ARC013")
def leave_zero(edit: Edit, fault: Fault) -> None:
    """Zeros of the same shape; where they are added to something of that shape, nothing at all."""
    edit.require_apart()
    site = site_of(fault)
    scene, index = edit.at(site)
    (kind,), readers = site.outputs, site.readers()
    for reader in readers if not is_shared(site) else ():
        other = 1 - reader.node.inputs.index(site.node.outputs[0])
        if reader.op == "Add" and reader.inputs[other].shape == reader.outputs[0].shape:
            edit.bypass(reader, reader.node.inputs[other])
            scene.drop(index)
            return
    if kind.dtype is None or not all(isinstance(size, int) for size in kind.shape or (None,)):
        raise Declined("the sizes of what is 0 are open")
    sizes = scene.store_ints(edit.fresh(f"{site.node.outputs[0]}_shape"), cast(Any, kind.shape))
    zeros = node("ConstantOfShape", [sizes], list(site.node.outputs),
                 site.node.name, scene.nodes[index])
    zeros.attribute.append(_zero(kind.dtype))
    scene.put(index, zeros)


def _zero(dtype: str) -> Any:
    """The attribute that fills with a 0 of a type."""
    attribute = schema().AttributeProto(name="value", type=4)
    attribute.t.dims.append(1)
    attribute.t.data_type = NAMES.index(dtype)
    attribute.t.raw_data = bytes(BITS[dtype] // 8)
    return attribute


@fix("GRA006")
def bypass_identity(edit: Edit, fault: Fault) -> None:
    """Whatever reads what a node hands on reads what that is given."""
    site = site_of(fault)
    before = site.producer()
    undone = site.op == "Transpose" and before is not None
    edit.bypass(site, before.node.inputs[0] if undone and before else site.node.inputs[0])


@fix("TRN003")
def bypass_dropout(edit: Edit, fault: Fault) -> None:
    """The same for a Dropout, which in evaluation mode does nothing."""
    edit.bypass(fault.site, site_of(fault).node.inputs[0])
