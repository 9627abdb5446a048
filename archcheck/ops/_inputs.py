"""What operators expect of their inputs, and how they read those that are no data."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archcheck.dims import Size, most, same
from archcheck.graph import Shape, TensorType
from archcheck.ops._op import ALL, Axes, Reads, assume, equal, ranked, require
from archcheck.ops.pointwise import broadcast_readers

_MISFIT = "axis {} of {} is {}, but the other inputs make it {}"


def untold(kind: TensorType) -> TensorType:
    """A tensor of the same dtype and shape, whose elements are not known."""
    return TensorType(kind.dtype, kind.shape)


def expect(kind: TensorType | None, what: str, *axes: Size | None) -> None:
    """The input called ``what`` must have these sizes (None: any), if it is given and its rank is known."""
    if not ranked(kind):
        return
    shape: Any = kind.shape  # type: ignore[union-attr]
    require(len(shape) == len(axes), "{} has {} axes, but must have {}", what, len(shape), len(axes))
    for axis, (size, wanted) in enumerate(zip(shape, axes)):
        if wanted is not None:
            equal(size, wanted, _MISFIT, axis, what, size, wanted)


def part(size: Size, count: Size, what: str) -> Size:
    """``size / count``: the input's axis called ``what`` holds ``count`` equal parts."""
    require(most(count) > 0, "{} cannot be shared out to {}", what, count)
    found = size // count
    verdict = same(found * count, size)
    require(verdict, "{} is {}, which is no multiple of {}", what, size, count)
    if verdict is None:
        assume("divides", size, count)
    return found


def aligned(to: Shape, kind: TensorType | None) -> Axes | None:
    """How an output of shape ``to`` reads an input that broadcasts to it."""
    return None if kind is None else broadcast_readers(to, kind.shape or ())


def whole(kind: TensorType | None) -> Axes | None:
    """How an output reads an input that each of its positions needs as a whole."""
    return None if kind is None else (ALL,) * len(kind.shape)  # type: ignore[arg-type]


def reading(own: Mapping[int, Axes | None], *kinds: TensorType | None) -> Reads:
    """How an output reads ``kinds``: those at the positions in ``own`` as it says, the others as a whole."""
    return tuple(own[index] if index in own else whole(kind) for index, kind in enumerate(kinds))
