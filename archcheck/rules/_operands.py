"""Stored tensors at the nodes that compute with them, and how these read them."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from archcheck.graph import Literal, TensorType
from archcheck.ops._op import All, Along, Reader
from archcheck.rules._case import Case
from archcheck.rules._paths import is_view, reads
from archcheck.rules._rule import Site
from archcheck.rules._statistics import Values, statistics

FAR = 16
"""So many views and casts between a tensor and the node that computes with it are followed."""


class Operand(NamedTuple):
    """What a node reads at ``position``: the tensor ``kind``, called ``name``. ``axes`` are the axes of
    the operand by those of the stored tensor, None where views have mixed them."""

    site: Site
    position: int
    name: str
    kind: TensorType
    axes: tuple[int | None, ...]

    @property
    def readers(self) -> tuple[Reader | None, ...]:
        """How the node reads each axis of the stored tensor."""
        found: dict[int | None, Reader | None] = dict(enumerate(reads(self.site, self.position)))
        return tuple(map(found.get, self.axes))


def operand(site: Site, position: int) -> Operand | None:
    """The stored tensor that a node reads at ``position``, through views and casts; None where what it reads
    is no such tensor."""
    name, kind = site.node.inputs[position], site.inputs[position]
    axes: tuple[int | None, ...] = tuple(range(len(kind.shape or ())))
    maker = site.producer(position)
    for _ in range(FAR + 1):
        if isinstance(kind.value, Literal) or maker is not None and maker.op == "Constant":
            return Operand(site, position, name, kind, axes)
        if maker is None or not maker.node.inputs or not (is_view(maker) or maker.op == "Cast"):
            return None
        found: dict[int | None, int | None] = dict(enumerate(axes))
        axes = tuple(map(found.get, _places(maker)))
        name, kind, maker = maker.node.inputs[0], maker.inputs[0], maker.producer()
    return None


def read_at(site: Site, position: int) -> Operand:
    """What a node reads at ``position``, stored or not, nothing followed."""
    kind = site.inputs[position]
    return Operand(site, position, site.node.inputs[position], kind, tuple(range(len(kind.shape or ()))))


def _places(maker: Site) -> Iterator[int | None]:
    """For each axis of what a node reads the axis of its result that has the same positions."""
    return map(same_axis, reads(maker))


def same_axis(reader: Reader | None) -> int | None:
    """The axis of the result whose positions are those of an axis that is read so; None where there is
    none."""
    return reader.axis if isinstance(reader, Along) and reader == Along(reader.axis) else None


def cast_before(site: Site) -> Site | None:
    """The Cast whose result the first input of a node is, other views in between left out."""
    found = site.producer()
    while found is not None and found.op != "Cast" and is_view(found):
        found = found.producer()
    return found if found is not None and found.op == "Cast" and found.node.inputs else None


def multiplies(site: Site) -> bool:
    """Whether a node is a sum of products: a convolution, a matrix product."""
    cost = site.walk.costs[site.at]
    return cost is not None and cost.mac != 0


def made(site: Site) -> str:
    """The dtype of a node's first output, "" where that is not known."""
    return (site.outputs[0].dtype if site.outputs else None) or ""


def kind_of(site: Site) -> str:
    """The kind of a node's work, as `archcheck.ops._op.Op` says it."""
    found = site.walk.operators.find(site.node.domain, site.node.op)
    return found.kind if found else ""


def of_kind(case: Case, kind: str) -> Iterator[Site]:
    """The nodes whose work is of a kind."""
    for sites in case.by_op.values():
        if kind_of(sites[0]) == kind:
            yield from sites


def parameter(site: Site, position: int) -> str:
    """What the operator calls its input at ``position``."""
    said = parameters(site)
    return said[position] if position < len(said) else ""


def parameters(site: Site) -> tuple[str, ...]:
    """What the operator calls its inputs; none for one that takes any number of them."""
    found = site.walk.operators.find(site.node.domain, site.node.op)
    code = found.function.__code__ if found else None
    return code.co_varnames[:code.co_argcount] if code else ()


def is_state(site: Site, position: int) -> bool:
    """Whether an input is running statistics or an initial state."""
    found = site.walk.operators.find(site.node.domain, site.node.op)
    return found is not None and parameter(site, position) in found.buffers


def computed_with(case: Case) -> tuple[Operand, ...]:
    """The stored tensors that convolutions, matrix products, normalizations and lookups read, at each."""
    return tuple(found for sites in case.by_op.values() for site, positions in _computing(sites)
                 for position in positions if position < len(site.node.inputs) and site.node.inputs[position]
                 and (found := operand(site, position)))


def _computing(sites: Sequence[Site]) -> Iterator[tuple[Site, Sequence[int]]]:
    """Those of the nodes of one operator that compute with weights, and the inputs where these are."""
    kind = kind_of(sites[0])
    most = max(len(site.node.inputs) for site in sites)
    is_norm, every_input = kind.endswith("normalization"), _no_masks(sites[0], most)
    for site in sites:
        if kind == "lookup" and _is_embedding(site):
            yield site, (0,)
        elif is_norm or multiplies(site):
            yield site, every_input


def _no_masks(site: Site, count: int) -> tuple[int, ...]:
    """The first ``count`` inputs of an operator without those that are added as masks."""
    said = [parameter(site, position) for position in range(count)]
    return tuple(position for position, name in enumerate(said)
                 if "mask" not in name and "attention_bias" not in name)


def _is_embedding(site: Site) -> bool:
    """Whether a lookup takes rows of a matrix, one for each of several indices."""
    if len(site.inputs) < 2:
        return False
    table, wanted = site.inputs[0].shape, site.inputs[1]
    return table is not None and len(table) > 1 and wanted.value is None and wanted.shape != ()


def judged(case: Case) -> tuple[tuple[Operand, Values], ...]:
    """The tensors of floating-point numbers among those, each once, with what is known of their elements."""
    found: dict[int, tuple[Operand, Values]] = {}
    for one in case.fact(computed_with):
        values = case.fact(statistics).of(one.kind)
        if values is not None and values.size:
            found.setdefault(id(one.kind.value), (one, values))
    return tuple(found.values())


def kernels(case: Case) -> Iterator[tuple[Operand, Values]]:
    """The matrices and filters: those that are summed over and multiply something that is not stored itself.
    Of two stored factors either may be the state that a loop begins with."""
    return ((one, found) for one, found in case.fact(judged) if multiplies(one.site) and len(one.axes) > 1
            and not is_state(one.site, one.position)
            and any(isinstance(reader, All) for reader in one.readers) and _meets_data(one))


def _meets_data(one: Operand) -> bool:
    """Whether another input of the node is no stored tensor."""
    return any(name and position != one.position and operand(one.site, position) is None
               for position, name in enumerate(one.site.node.inputs))


def meets_data(case: Case, one: Operand) -> bool:
    """Whether the node that reads a stored tensor reads data of the network too."""
    flow = case.report.flows.get(id(one.site.walk))
    return flow is None or not flow.data.isdisjoint(one.site.node.inputs)


def output_axis(one: Operand) -> int | None:
    """The axis of a stored tensor that makes the output's channels: the last one that the output has too, if
    possible one that no other tensor of several axes has."""
    site = one.site
    others = [position for position, kind in enumerate(site.inputs)
              if position != one.position and len(kind.shape or ()) > 1]
    own = {same_axis(reader) for position in others for reader in reads(site, position)}
    plain = [(axis, place) for axis, reader in enumerate(one.readers)
             if (place := same_axis(reader)) is not None]
    fresh = [axis for axis, place in plain if place not in own] or [axis for axis, _ in plain]
    return fresh[-1] if fresh else None


def uniform(case: Case, one: Operand | None, value: float) -> bool | None:
    """Whether all elements of a stored vector are ``value``; None where they cannot be read."""
    return None if one is None else every(case, one.kind, lambda part: bool((part == value).all()))


def every(case: Case, kind: TensorType, holds: Callable[..., bool]) -> bool | None:
    """Whether ``holds`` is true of all pieces of a tensor as numpy's numbers; None where they cannot be
    had."""
    if case.settings.weights is False or case.payloads.view(kind) is None:
        return None
    return all(holds(part) for part in case.payloads.arrays(kind))


def least(case: Case, kind: TensorType) -> float | None:
    """The least element of a tensor; None where it cannot be had."""
    found = [part.min() for part in case.payloads.arrays(kind)]
    return float(min(found)) if found else None
