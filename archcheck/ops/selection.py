"""What the data decide: where a condition holds, non-zero positions, unique elements, the largest ones."""
from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

from archcheck import elements, values
from archcheck.dims import Size, least, most, prod
from archcheck.graph import Element, Shape, TensorType, Uniform
from archcheck.ops._op import (
    ALL,
    STATISTIC,
    UNRANKED,
    Along,
    Cost,
    Effect,
    assume,
    axis_of,
    counted_size,
    equal,
    op,
    ranked,
    require,
    result,
    unknown_size,
)
from archcheck.ops.pointwise import broadcast_reads, broadcast_shapes
from archcheck.ops.views import NO_RANK

INDICES = "int64"


# ---------------------------------------------------------------------------------- Where, NonZero
@op("Where", since=9, dtypes=(1,), saves=("condition",))
def where(condition, x, y):
    """``x`` where ``condition`` holds, else ``y``, all three broadcast. What is known of one side is kept
    where the condition chooses it, or both agree."""
    shape = broadcast_shapes(condition.shape, x.shape, y.shape)
    return result(shape, x.dtype or y.dtype, value=_chosen(condition, x, y, shape),
                  cost=lambda: Cost(cmp=prod(shape)),
                  reads=lambda _: broadcast_reads(shape, condition.shape, x.shape, y.shape, only=STATISTIC))


def _chosen(condition: TensorType, x: TensorType, y: TensorType, shape: Shape) -> values.Items | None:
    lacking = (x.value is None) + (y.value is None)
    if lacking > (condition.value is not None):
        return None
    return values.elementwise(elements.chosen, (condition, x, y), shape, x.dtype or y.dtype)


@op("NonZero", since=9, dtypes=(INDICES,))
def non_zero(x):
    """The positions of the elements that are not zero: a row per axis, in row-major order."""
    shape = x.shape
    if shape is UNRANKED:
        return result((unknown_size(NO_RANK), counted_size()), INDICES)
    marks = _truths(x)
    rows = len(shape) or unknown_size("runtimes disagree on what it is for a scalar")
    found = None if marks is None else [index for index, mark in zip(values.grid(shape), marks) if mark]
    return result((rows, _how_many(x) if found is None else len(found)), INDICES,
                  value=None if found is None else _columns(found, len(shape)),
                  cost=lambda: Cost(cmp=prod(shape)), reads=lambda _: ((ALL,) * len(shape),))


def _how_many(x: TensorType) -> Size:
    """How many elements are not zero, which is known without them where all are the same."""
    shape: Shape = x.shape  # type: ignore[assignment]
    every = values.applied(_same, (x.value.element,), "bool") if isinstance(x.value, Uniform) else None
    return counted_size(prod(shape)) if every is None else prod(shape) if every else 0


def _columns(found: Sequence[tuple[int, ...]], rows: int) -> values.Items | None:
    """The rows of the matrix with the columns ``found``."""
    return tuple(chain(*zip(*found))) if 0 < rows * len(found) <= values.CAP or not found else None


def _truths(kind: TensorType) -> Sequence[bool] | None:
    """Which elements are not zero, if that is known of all."""
    found = values.counted_items(kind)
    marks = None if found is None else [values.applied(_same, (element,), "bool") for element in found]
    return None if marks is None or None in marks else marks


def _same(element: Element) -> Element:
    return element


def _plain(kind: TensorType) -> values.Items | None:
    """The elements, if all are known and can be put in order: numbers that are not NaN, or strings."""
    found = values.counted_items(kind)
    if found is None:
        return None
    ordered = all(isinstance(element, (int, float, str)) and element == element for element in found)
    return found if ordered else None


# ---------------------------------------------------------------------------------- Unique
class _Uniques(NamedTuple):
    """The values of the outputs of Unique after the first: where each element first stands, which one each
    position holds, and how often each occurs."""

    first: tuple[int, ...]
    inverse: tuple[int, ...]
    counts: tuple[int, ...]


@op("Unique", since=11, dtypes=(0, INDICES, INDICES, INDICES))
def unique(x, *, axis=None, sorted=1):
    """The different elements (or slices of ``axis``), where each first stands, which one each position
    holds, and how often each occurs."""
    flat = x if axis is not None else x._replace(
        shape=(unknown_size(NO_RANK) if x.shape is UNRANKED else prod(x.shape),))
    shape, along = flat.shape, 0 if axis is None else axis_of(axis, len(flat.shape))
    facts = _uniques(flat, along, sorted)
    count = counted_size(shape[along]) if facts is None else len(facts.first)
    outputs = [TensorType(x.dtype, (*shape[:along], count, *shape[along + 1:]),
                          facts and values.picked(flat, along, facts.first))]
    for size, value in zip((count, shape[along], count), facts or (None,) * 3):
        outputs.append(TensorType(INDICES, (size,), value))
    return Effect(tuple(outputs), lambda: Cost(cmp=prod(shape)),
                  None if x.shape is UNRANKED else lambda _: ((ALL,) * len(x.shape),))


def _uniques(x: TensorType, axis: int, in_order: int) -> _Uniques | None:
    found = _plain(x)
    if found is None:
        return None
    places = values.offsets(x.shape)  # type: ignore[arg-type]
    rows = [values.at(found, [*places[:axis], (place,), *places[axis + 1:]]) for place in places[axis]]
    first: dict[values.Items, int] = {}
    for position, row in enumerate(rows):
        first.setdefault(row, position)
    order = sorted(first) if in_order else list(first)
    number = {row: position for position, row in enumerate(order)}
    counts = Counter(rows)
    return _Uniques(tuple([first[row] for row in order]), tuple([number[row] for row in rows]),
                    tuple([counts[row] for row in order]))


# ---------------------------------------------------------------------------------- TopK
@op("TopK", dtypes=(0, INDICES), saves=(1,))
def top_k_1(x, *, k, axis=-1):
    """The ``k`` largest elements along ``axis``, the largest first, and where they stand."""
    return _top(x, k, axis, 1, 1)


@op("TopK", since=10, dtypes=(0, INDICES), saves=(1,))
def top_k(x, k, *, axis=-1, largest=1, sorted=1):
    """The ``k`` largest (or smallest) elements along ``axis``, and where they stand; of equal ones the
    first. ``k`` has one axis of one element."""
    if ranked(k):
        require(len(k.shape) == 1, "k has {} axes, but must have one", len(k.shape))
        equal(k.shape[0], 1, "k holds {} numbers, but must hold one", k.shape[0])
    return _top(x, values.scalar(k), axis, largest, sorted)


def _top(x: TensorType, k: Element, axis: int, largest: int, in_order: int) -> Effect:
    shape: Shape = x.shape  # type: ignore[assignment]
    axis = axis_of(axis, len(shape))
    size = shape[axis]
    if isinstance(k, int):
        require(0 <= k <= most(size), "{} of {} elements are asked for", k, size)
        if least(size) < k:
            assume("at-least", size, k)
    count: Size = unknown_size("how many elements are asked for is not known") if k is None else k
    output = (*shape[:axis], count, *shape[axis + 1:])
    sought = in_order and isinstance(k, int)
    found, places = _top_values(x, axis, k, largest) if sought else (None, None)
    return Effect((TensorType(x.dtype, output, found), TensorType(INDICES, output, places)),
                  lambda: Cost(cmp=prod(shape)),
                  lambda _: (tuple(ALL if n == axis else Along(n) for n in range(len(shape))), None))


def _top_values(x: TensorType, axis: int, k: int,
                largest: int) -> tuple[values.Items | None, values.Items | None]:
    """The elements of both outputs, in row-major order."""
    found = _plain(x)
    if found is None:
        return None, None
    offsets = values.offsets(x.shape)  # type: ignore[arg-type]
    sign = -1 if largest else 1

    def order(pair: tuple[int, int]) -> tuple[Element, int]:
        return sign * found[pair[0]], pair[1]

    chosen: list[tuple[int, int]] = []  # where in x, and which position of the axis that is
    for outer in values.sums(offsets[:axis]):
        lines = [sorted([(outer + step + inner, row) for row, step in enumerate(offsets[axis])], key=order)
                 for inner in values.sums(offsets[axis + 1:])]
        chosen += [line[row] for row in range(k) for line in lines]
    return tuple([found[place] for place, _ in chosen]), tuple([row for _, row in chosen])
