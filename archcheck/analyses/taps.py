"""The products that multiply-accumulates belong to, and how many of those do not meet padding.

An operator's MACs are nominal: a 3 × 3 window costs nine an output, at the border too. An output and an
element of an input that it reads make a *pair*; a factor is an input that has as many nominal pairs as the
node has MACs. The pairs of a windowed factor whose element is inside the input are the real MACs. Along an
axis of ``n`` positions, with ``o`` outputs, stride ``s``, ``k`` taps ``d`` apart and ``p`` padded in front::

    Σ_j max(0, min(o - 1, ⌊(n - 1 + p - j·d)/s⌋) - max(0, ⌈(p - j·d)/s⌉) + 1)
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from archcheck.analyses.folds import Fold
from archcheck.dims import Size, prod, same, total
from archcheck.graph import Shape, TensorType
from archcheck.infer import Walk
from archcheck.ops._op import (
    All,
    Along,
    Axes,
    Effect,
    Packed,
    Picked,
    Product,
    Reader,
    Spread,
    cost_of,
)
from archcheck.ops._slide import taps_inside

if TYPE_CHECKING:
    from archcheck.report import Report

NOT_COUNTED = "its MACs are not known"
NOT_STATED = "which of its inputs are multiplied with which is not stated"
PADDED = "which of its taps meet padding does not follow from how it reads its inputs"


def exact(report: Report) -> Fold:
    """The MACs of each node, those that meet padding left out."""
    return Fold(report.walk, 1, _exact)


def _exact(walk: Walk, index: int) -> tuple[Size] | str:
    effect, inputs = walk.effects[index], inputs_of(walk, index)
    cost = cost_of(effect)
    if cost is None:
        return NOT_COUNTED
    found = products(effect, inputs)
    if found is None:
        return PADDED if _may_pad(effect, inputs) else (cost.mac,)
    real = [product.real for product in found]
    return PADDED if None in real else (total(real),)  # type: ignore[arg-type]


def inputs_of(walk: Walk, index: int) -> list[TensorType | None]:
    """The types of a node's inputs, None for one that is left out."""
    return [walk.types.get(name) if name else None for name in walk.graph.nodes[index].inputs]


def products(effect: Effect, inputs: Sequence[TensorType | None]) -> tuple[Product, ...] | None:
    """The products that a node's MACs belong to; None where that is not known."""
    cost = cost_of(effect)
    if cost is None or cost.mac == 0:
        return None if cost is None else ()
    try:
        return effect.products() if effect.products else _product(effect, cost.mac, inputs)
    except Exception:  # noqa: BLE001 - what cannot be told for one node must not take the others with it
        return None


# ---------------------------------------------------------------------------------- what follows from readers
class Pairs(NamedTuple):
    """The pairs of an output and an element of an input: ``nominal``, and ``real``, without those in padding
    (None: not known)."""

    nominal: Size
    real: Size | None


def _product(effect: Effect, mac: Size, inputs: Sequence[TensorType | None]) -> tuple[Product, ...] | None:
    """The product of two inputs that a node's ``mac`` MACs belong to."""
    output = effect.outputs[0].shape
    if output is None or effect.reads is None:
        return None
    read = {k: (axes, kind.shape) for k, (axes, kind) in enumerate(zip(effect.reads(0), inputs))
            if axes is not None and kind is not None and kind.shape is not None}
    pairs = {k: pairs_of(axes, shape, output) for k, (axes, shape) in read.items()}
    factors = [k for k, found in pairs.items() if found is not None and same(found.nominal, mac)]
    factors.sort(key=lambda k: prod(read[k][1]) == 1)
    if len(factors) < 2:
        return None
    real = _real([pairs[k] for k in factors])  # type: ignore[misc]
    left, right = sorted(sorted(factors[:2]), key=lambda k: Along(0) not in read[k][0])
    alone = Along(0) in read[left][0] and not any(getattr(by, "axis", None) == 0 for by in read[right][0])
    return Product(mac, real, (left,), (right,), output[0] if alone else 1),


def _real(pairs: Sequence[Pairs]) -> Size | None:
    """The real pairs of the one factor that has any in padding."""
    windowed = [found.real for found in pairs if found.real != found.nominal]
    return pairs[0].nominal if not windowed else windowed[0] if len(windowed) == 1 else None


def pairs_of(axes: Axes, shape: Shape, output: Shape) -> Pairs | None:
    """The pairs of an output and an element of an input of ``shape`` that is read through ``axes``; None
    where the readers do not tell how many there are."""
    counts = [_count(reader, size, output) for reader, size in zip(axes, shape)]
    if None in counts:
        return None
    inside = {reader.axis: (reader, size) for reader, size in zip(axes, shape)
              if isinstance(reader, Along) and _leads_outside(reader, size, output)}
    nominal = prod(output) * prod(counts)  # type: ignore[arg-type]
    if not inside:
        return Pairs(nominal, nominal)
    others = [count for reader, count in zip(axes, counts) if getattr(reader, "axis", None) not in inside]
    windows = [taps_along(reader, size, output) for reader, size in inside.values()]
    if None in windows or len(others) + len(windows) < len(axes):
        return Pairs(nominal, None)
    return Pairs(nominal, prod([*others, *windows,  # type: ignore[list-item]
                                *(size for axis, size in enumerate(output) if axis not in inside)]))


def taps_along(reader: Along, size: Size, output: Shape) -> Size | None:
    """How many of the positions that ``reader`` reads, for all places along its axis, are inside."""
    outputs = output[reader.axis]
    if reader.border:
        return outputs * reader.taps
    return taps_inside(outputs, size, reader.stride, reader.start, reader.taps, reader.dilation)


def _leads_outside(reader: Along, size: Size, output: Shape) -> bool:
    """Whether some of what ``reader`` reads may be outside the axis."""
    outputs = output[reader.axis]
    return reader != Along(reader.axis) and taps_along(reader, size, output) != outputs * reader.taps


def _count(reader: Reader, size: Size, output: Shape) -> Size | None:
    """How many positions of an axis each output reads; None where that differs or is not known."""
    if isinstance(reader, Along):
        return reader.taps
    if isinstance(reader, All):
        return size
    if isinstance(reader, Packed):
        return 1
    if isinstance(reader, Picked):
        return len(reader.indices) if reader.axis is None and reader.indices is not None else None
    if isinstance(reader, Spread):
        lengths = {last - first + 1 for first, last in zip(reader.first, reader.last)}
        return lengths.pop() if len(lengths) == 1 else None
    return None


def _may_pad(effect: Effect, inputs: Sequence[TensorType | None]) -> bool:
    """Whether an output may read positions outside an input."""
    output = effect.outputs[0].shape
    if effect.reads is None or output is None:
        return True
    return any(isinstance(reader, Along) and _leads_outside(reader, size, output)
               for axes, kind in zip(effect.reads(0), inputs) if axes is not None and kind is not None
               for reader, size in zip(axes, kind.shape or ()))
