"""Nodes whose shapes do not fit, by what makes them misfit: each is explained by one rule."""
from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

from archcheck.dims import most, same
from archcheck.graph import Shape
from archcheck.rules._case import Case
from archcheck.rules._paths import constant, upstream
from archcheck.rules._rule import Site

FAR = 2000
"""So many nodes before a misfit are looked at."""
JOINS = ("Add", "Sub", "Mul", "Div", "Sum", "Concat")


class Misfit(NamedTuple):
    """A node whose inputs do not fit, the ``code`` of the rule that explains it, and what that needs."""

    code: str
    site: Site
    facts: tuple[Any, ...] = ()


def misfits(case: Case) -> tuple[Misfit, ...]:
    """The nodes with shapes that do not fit for a cause that a rule of its own explains."""
    found = (_explained(case, Site(walk, index)) for walk in case.report.walk.and_inner()
             for index, failure in walk.failures.items() if failure.kind == "shapes")
    return tuple(misfit for misfit in found if misfit)


def of_code(case: Case, code: str) -> Iterator[Misfit]:
    """The misfits that the rule ``code`` explains."""
    return (misfit for misfit in case.fact(misfits) if misfit.code == code)


def _explained(case: Case, site: Site) -> Misfit | None:
    if site.op == "TopK":
        return _of_top(site)
    if site.op in JOINS:
        return _of_skip(site) or _of_stride(case, site)
    message = site.walk.failures[site.at].message
    if message.startswith("a window of"):
        return Misfit("GEO005", site, (message,))
    return _of_heads(site)


def _of_top(site: Site) -> Misfit | None:
    given = constant(site, 1) if len(site.node.inputs) > 1 else (site.node.attrs.get("k"),)
    shape, axis = site.inputs[0].shape, site.node.attrs.get("axis", -1)
    k = given[0] if given else None
    if not isinstance(k, int) or not shape or not -len(shape) <= axis < len(shape) or most(shape[axis]) >= k:
        return None
    return Misfit("SHP108", site, (k, shape[axis]))


# ------------------------------------------------------------------------------------------ joins
def _of_skip(site: Site) -> Misfit | None:
    """One side is what the other was computed from, and the two differ in shape."""
    sides = [(name, kind.shape) for name, kind in zip(site.node.inputs, site.inputs)]
    if len(sides) != 2 or any(shape is None or len(shape) < 2 for _, shape in sides) or site.op == "Concat":
        return None
    for skip, branch in (sides, sides[::-1]):
        if _comes_from(site, branch[0], skip[0]) and len(skip[1] or ()) == len(branch[1] or ()):
            return Misfit("ARC009", site, (skip[1], branch[1]))
    return None


def _comes_from(site: Site, name: str, source: str) -> bool:
    """Whether the value ``name`` is computed from ``source``."""
    index = site.graph.producers.get(name)
    nodes = upstream(Site(site.walk, index)) if index is not None else iter(())
    return any(source in node.node.inputs for node in islice(nodes, FAR))


def _of_stride(case: Case, site: Site) -> Misfit | None:
    """Two sides of the same stride, of an input whose size the network's total stride does not divide."""
    if site.walk is not case.report.walk:
        return None
    shapes = [kind.shape or () for kind in site.inputs]
    rank, *others = {len(shape) for shape in shapes}
    for axis in range(2, rank) if not others else ():
        sizes = [shape[axis] for shape in shapes]
        first, *rest = sizes
        if any(same(size, first) is False for size in rest):
            found = _indivisible(case, site, axis)
            return Misfit("GEO008", site, (sizes, *found)) if found else None
    return None


def _indivisible(case: Case, site: Site, axis: int) -> tuple[int, int] | None:
    """The size of the network's input along the axis that ``axis`` reads, and the total stride, where this
    does not divide that and all sides have one stride."""
    fields, sides = case.report.fields, list(site.node.inputs)
    if any(name not in fields for name in sides):
        return None
    one, *_ = sides
    for source, axes in fields[one].items():
        for place, field in enumerate(axes):
            theirs = [fields[name][source][place] for name in sides if source in fields[name]]
            strides = {other.stride for other in theirs if other.axis == axis}
            if field.axis != axis or len(strides) != 1 or len(theirs) != len(sides):
                continue
            total = _total_stride(case, site, source, place)
            if isinstance(field.extent, int) and field.extent % total:
                return field.extent, total
    return None


def _total_stride(case: Case, site: Site, source: str, place: int) -> int:
    """The largest stride of a value before a node, along an axis of an input."""
    fields, largest = case.report.fields, 1
    for before in islice(upstream(site), FAR):
        for name in before.node.outputs:
            field = fields[name].get(source) if name in fields else None
            stride = field[place].stride if field is not None else None
            largest = max(largest, stride) if isinstance(stride, int) else largest
    return largest


# ------------------------------------------------------------------------------------------ heads
def _of_heads(site: Site) -> Misfit | None:
    """Attention whose channels its heads do not divide."""
    attrs = site.node.attrs
    heads = attrs.get("num_heads") or attrs.get("q_num_heads")
    for kind in site.inputs[:3] if isinstance(heads, int) else ():
        channels = _channels(kind.shape)
        if isinstance(channels, int) and channels % heads:  # type: ignore[operator]
            return Misfit("ARC014", site, (channels, heads))
    return None


def _channels(shape: Shape | None) -> object:
    return shape[-1] if shape and len(shape) == 3 else None


