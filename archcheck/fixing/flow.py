"""Fixes of what is in a graph and does nothing for it."""
from __future__ import annotations

from archcheck.fixing._edit import Declined, Edit, fix
from archcheck.fixing._scene import keep, node
from archcheck.rules._case import Case
from archcheck.rules._liveness import connected, dead, repeated
from archcheck.rules._places import Place
from archcheck.rules._rule import Fault, Site


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


@fix("GRA006")
def bypass_identity(edit: Edit, fault: Fault) -> None:
    """Whatever reads what a node hands on reads what that is given."""
    site = _site(fault)
    before = site.producer()
    undone = site.op == "Transpose" and before is not None
    edit.bypass(site, before.node.inputs[0] if undone and before else site.node.inputs[0])


@fix("TRN003")
def bypass_dropout(edit: Edit, fault: Fault) -> None:
    """The same for a Dropout, which in evaluation mode does nothing."""
    edit.bypass(fault.site, _site(fault).node.inputs[0])


def _site(fault: Fault) -> Site:
    assert fault.site is not None
    return fault.site
