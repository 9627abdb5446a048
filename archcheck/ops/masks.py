"""Positions marked, and what marks choose: OneHot, Trilu, Compress, reversed sequences."""
from __future__ import annotations

from collections.abc import Sequence
from operator import mul

from archcheck import elements, values
from archcheck.dims import Size, minimum, prod
from archcheck.graph import Element, Shape, TensorType
from archcheck.ops._op import (
    ALL,
    FREE,
    UNRANKED,
    Along,
    Cost,
    Effect,
    Picked,
    axis_of,
    counted_size,
    equal,
    op,
    require,
    result,
    unknown_size,
)
from archcheck.ops._packing import check_sizes
from archcheck.ops.indexing import ANYWHERE, positions
from archcheck.ops.pointwise import same_position
from archcheck.ops.views import NO_RANK


@op("OneHot", since=9, dtypes=(2,))
def one_hot(indices, depth, values_, *, axis=-1):
    """A new ``axis`` of ``depth`` positions: ``values[1]`` at the position that the index names (negative
    ones count from the end), else ``values[0]``."""
    shape = indices.shape
    along = axis_of(axis, len(shape) + 1)
    size = elements.cast(values.scalar(depth), "int64")
    size = unknown_size("the depth is not known") if size is None else size
    check_sizes((size,), "the new axis")
    output = (*shape[:along], size, *shape[along:])
    return result(output, values_, value=_one_hot(indices, values_, output, along),
                  cost=lambda: Cost(cmp=prod(output)),
                  reads=lambda _: (tuple(Along(k + (k >= along)) for k in range(len(shape))), None, (ALL,)))


def _one_hot(indices: TensorType, marks: TensorType, output: Shape, axis: int) -> values.Items | None:
    if indices.value is None or marks.value is None or values.count(output) is None:
        return None
    picks, found = positions(indices), values.items(marks)
    if picks is None or found is None:
        return None
    depth, steps = output[axis], values.strides(indices.shape)  # type: ignore[arg-type]
    named = [picks[sum(map(mul, steps, (*index[:axis], *index[axis + 1:])))] for index in values.grid(output)]
    return tuple([found[pick in (index[axis], index[axis] - depth)]
                  for index, pick in zip(values.grid(output), named)])


@op("Trilu", since=14, saves=())
def trilu(input, k=None, *, upper=1):
    """The last two axes with zeros below diagonal ``k`` (above it, if not ``upper``)."""
    shape = input.shape
    require(len(shape) >= 2, "a triangle needs two axes, but the input has {}", len(shape))
    return result(shape, input, value=None if input.value is None else _triangle(input, k, upper), cost=FREE,
                  reads=lambda _: (same_position(shape), None))


def _triangle(input: TensorType, k: TensorType | None, upper: int) -> values.Items | None:
    found, diagonal = values.counted_items(input), 0 if k is None else values.scalar(k)
    if found is None or not isinstance(diagonal, int):
        return None
    zero = elements.cast(0, input.dtype)
    sign = 1 if upper else -1
    places = values.grid(input.shape)  # type: ignore[arg-type]
    inside = [(column - row - diagonal) * sign >= 0 for *_, row, column in places]
    return values.some(tuple([element if kept else zero for element, kept in zip(found, inside)]))


@op("Compress", since=9)
def compress(input, condition, *, axis=None):
    """The positions of ``axis`` where ``condition`` holds; without an axis, of all elements in their order.
    """
    if axis is None:
        flat = unknown_size(NO_RANK) if input.shape is UNRANKED else prod(input.shape)
        effect = _compressed(input._replace(shape=(flat,)), condition, 0)
        return effect._replace(reads=None if input.shape is UNRANKED else lambda _: (
            (ALL,) * len(input.shape), (ALL,)))
    return _compressed(input, condition, axis_of(axis, len(input.shape)))


def _compressed(input: TensorType, condition: TensorType, axis: int) -> Effect:
    shape: Shape = input.shape  # type: ignore[assignment]
    marks = values.items(condition)
    picks = None if marks is None or None in marks else [k for k, mark in enumerate(marks) if mark]
    size = _number_picked(shape[axis], condition, picks)
    reader = Picked(axis, None if picks is None else tuple(picks))
    readers = tuple(reader if k == axis else Along(k) for k in range(len(shape)))
    value = None if picks is None else values.picked(input, axis, picks)
    return result((*shape[:axis], size, *shape[axis + 1:]), input, value=value, cost=FREE,
                  reads=lambda _: (readers, (ALL,)))


def _number_picked(size: Size, condition: TensorType, picks: Sequence[Element] | None) -> Size:
    if picks is None:
        marked = () if condition.shape is UNRANKED else condition.shape
        return counted_size(minimum(size, *marked))  # type: ignore[misc]
    require(not picks or not isinstance(size, int) or picks[-1] < size,
            "the condition picks position {}, but there are {}", picks and picks[-1], size)
    return len(picks)


@op("ReverseSequence", since=10)
def reverse_sequence(input, sequence_lens, *, batch_axis=1, time_axis=0):
    """``input`` with the first ``sequence_lens[batch]`` positions of ``time_axis`` in reverse order."""
    shape = input.shape
    if sequence_lens.shape is not UNRANKED:
        count, = sequence_lens.shape
        equal(shape[batch_axis], count, "{} lengths are given for a batch of {}", count, shape[batch_axis])
    return result(shape, input, cost=FREE, reads=lambda _: (
        tuple(ANYWHERE if k == time_axis else Along(k) for k in range(len(shape))), (Along(batch_axis),)))
