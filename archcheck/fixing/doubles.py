"""The fix of what leaked into double precision: what follows is of the type of the network."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archcheck.dtypes import NAMES
from archcheck.fixing._edit import Declined, Edit, fix
from archcheck.fixing._scene import cast, keep
from archcheck.rules._rule import Fault, Site
from archcheck.rules.dty import doubles, single

DOUBLE = NAMES.index("float64")


@fix("DTY101")
def compute_single(edit: Edit, fault: Fault) -> None:
    """Whatever computes doubles out of the network's data computes what the network is made of."""
    edit.at(fault.site)
    edit.once(_to_single)


def _to_single(edit: Edit) -> bool:
    """All of them at once. Doubles that they meet are cast; outputs that are doubles stay so."""
    edit.require_apart()
    walk, scene, dtype = edit.case.report.walk, edit.main, NAMES.index(single(edit.case))
    sites = [site for site in doubles(edit.case) if not _is_interface(site)]
    if not sites:
        raise Declined("only what the network hands out is a double")
    made = {name for site in sites for name in site.node.outputs if name}
    readers = [Site(walk, index) for index in _readers(edit, made)]
    if any(site.walk is not walk or walk.bodies.get(site.at) for site in (*sites, *readers)):
        raise Declined("the doubles reach into a body or a function")
    for site in sites:
        _retype(scene.nodes[site.at], dtype)
    for site in {site.at: site for site in (*sites, *readers)}.values():
        _cast_others(edit, site, made, dtype)
    for site in sites:
        _keep_outputs(edit, site)
    keep(edit.proto.graph.value_info, lambda info: info.name not in made)
    return True


def _is_interface(site: Site) -> bool:
    """Whether a node only casts what the network hands out."""
    return site.op == "Cast" and site.node.outputs[0] in site.graph.outputs and not site.readers()


def _readers(edit: Edit, made: set[str]) -> Iterator[int]:
    """The nodes of the main graph that read one of these values, in a body too."""
    return (index for index, names in enumerate(edit.case.places[0].reads) if not made.isdisjoint(names))


def _retype(proto: Any, dtype: int) -> None:
    """Let a node that is told to make doubles make another type."""
    for attribute in proto.attribute:
        if attribute.name in ("to", "dtype", "output_datatype") and attribute.i == DOUBLE:
            attribute.i = dtype


def _cast_others(edit: Edit, site: Site, made: set[str], dtype: int) -> None:
    """Cast the doubles that a node reads beside those that are none any more."""
    proto = edit.main.nodes[site.at]
    for position, (name, kind) in enumerate(zip(site.node.inputs, site.inputs)):
        if kind.dtype == "float64" and name not in made:
            proto.input[position] = edit.fresh(f"{name}_single")
            edit.main.add_before(site.at, cast(name, proto.input[position], dtype,
                                               edit.fresh(f"{site.node.name}_cast")))


def _keep_outputs(edit: Edit, site: Site) -> None:
    """Cast what the network hands out as doubles."""
    scene, proto = edit.main, edit.main.nodes[site.at]
    wanted = [name for name in site.node.outputs if name in scene.graph.outputs]
    casts = []
    for name in wanted:
        scene.renamed[name] = edit.fresh(f"{name}_single")
        proto.output[:] = [scene.renamed[name] if one == name else one for one in proto.output]
        casts.append(cast(scene.renamed[name], name, DOUBLE, edit.fresh(f"{proto.name}_cast")))
    if casts:
        scene.put(site.at, proto, *casts)
