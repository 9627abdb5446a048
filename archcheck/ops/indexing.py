"""Elements picked by position, and written to positions: gathers and scatters."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import mul

from archcheck import elements, values
from archcheck.dims import prod
from archcheck.graph import Element, Shape, TensorType
from archcheck.ops._op import (
    ALL,
    FREE,
    UNRANKED,
    Along,
    Cost,
    Effect,
    Picked,
    Reads,
    ShapeError,
    Unknown,
    agreed,
    axis_of,
    equal,
    op,
    rank,
    require,
    result,
)
from archcheck.ops.pointwise import same_position

ANYWHERE = Picked(None, None, single=True)


def positions(indices: TensorType) -> list[int] | None:
    """The elements of a tensor of positions, or None where one of them is not known as a number."""
    found = values.items(indices)
    return list(found) if found is not None and all(isinstance(pick, int) for pick in found) else None


def _from_start(pick: int, size: int, axis: int) -> int:
    """A position of ``axis`` counted from 0; a `ShapeError` outside."""
    if not -size <= pick < size:
        raise ShapeError(f"index {pick} is outside axis {axis}, which has {size} positions")
    return pick % size


# ---------------------------------------------------------------------------------- Gather
@op("Gather", kind="lookup", saves=("indices",))
def gather(data, indices, *, axis=0):
    """Axis ``axis`` of ``data`` replaced by the axes of ``indices``, which name positions of it."""
    shape, picks = data.shape, indices.shape
    axis = axis_of(axis, len(shape))
    output = shape[:axis] + picks + shape[axis + 1:]
    value = None if data.value is None or indices.value is None else _gathered(data, indices, axis, output)
    return result(output, data, value=value, cost=FREE, reads=lambda _: _gather_reads(shape, indices, axis))


def _gathered(data: TensorType, indices: TensorType, axis: int, output: Shape) -> values.Items | None:
    if values.count(output) is None:
        return None
    found, picks = values.counted_items(data), values.items(indices)
    if found is None or picks is None:
        return None
    size: int = data.shape[axis]  # type: ignore
    places = [_from_start(pick, size, axis) if isinstance(pick, int) else None for pick in picks]
    if rank(data) == 1:
        return values.some(tuple([None if place is None else found[place] for place in places]))
    return None if None in places else values.picked(data, axis, places)  # type: ignore[arg-type]


def _gather_reads(shape: Shape, indices: TensorType, axis: int) -> Reads:
    ndim = rank(indices)
    picks = positions(indices) if ndim < 2 else None
    named = None if picks is None else tuple([pick if pick >= 0 else shape[axis] + pick for pick in picks])
    picked = Picked(axis if ndim == 1 else None, named, single=True)
    after = [Along(k + ndim - 1) for k in range(axis + 1, len(shape))]
    return (*map(Along, range(axis)), picked, *after), tuple(Along(axis + k) for k in range(ndim))


@op("GatherElements", since=11, saves=("indices",))
def gather_elements(data, indices, *, axis=0):
    """``output[i, j] = data[indices[i, j], j]``: each index names a position of ``axis``."""
    shape = indices.shape
    if data.shape is UNRANKED:
        return result(shape, data, cost=FREE)
    axis = axis_of(axis, rank(data))
    require(len(shape) == rank(data), "the data have {} axes, but their indices {}", rank(data), len(shape))
    value = None if data.value is None else _gathered_elements(data, indices, axis)
    return result(shape, data, value=value, cost=FREE,
                  reads=lambda _: (tuple(ANYWHERE if k == axis else Along(k) for k in range(len(shape))),
                                   same_position(shape)))


def _gathered_elements(data: TensorType, indices: TensorType, axis: int) -> values.Items | None:
    places = _element_places(data.shape, indices, axis)  # type: ignore[arg-type]
    found = None if places is None else values.items(data)
    return None if found is None else values.some(tuple([found[place] for place in places or ()]))


def _element_places(shape: Shape, indices: TensorType, axis: int) -> list[int] | None:
    """Where, in a tensor of ``shape``, the elements lie that ``indices`` name along ``axis``."""
    if values.count(shape) is None or values.count(indices.shape) is None:
        return None
    picks = positions(indices)
    if picks is None:
        return None
    steps = values.strides(shape)
    size: int = shape[axis]  # type: ignore[assignment]
    grid = values.grid(indices.shape)  # type: ignore[arg-type]
    return [sum(map(mul, steps, (*index[:axis], _from_start(pick, size, axis), *index[axis + 1:])))
            for index, pick in zip(grid, picks)]


@op("GatherND", since=11, saves=("indices",))
def gather_nd(data, indices, *, batch_dims=0):
    """Each row of the last axis of ``indices`` names a position of the axes of ``data`` after the
    ``batch_dims`` first ones, which both have."""
    *outer, depth = indices.shape
    if not isinstance(depth, int):
        raise Unknown("how many axes the indices name")
    ndim, named = rank(data), batch_dims + depth
    require(named <= ndim, "the indices name {} axes after {}, but the data have {}", depth, batch_dims, ndim)
    for axis in range(batch_dims):
        a, b = outer[axis], data.shape[axis]
        outer[axis] = agreed(a, b, "axis {} is {} in the indices, but {} in the data", axis, a, b)
    value = None if data.value is None or batch_dims else _gathered_blocks(data, indices)
    return result((*outer, *data.shape[named:]), data, value=value, cost=FREE, reads=lambda _: (
        tuple(Along(k) if k < batch_dims else ANYWHERE if k < named else Along(len(outer) + k - named)
              for k in range(ndim)), (*map(Along, range(len(outer))), ALL)))


def _gathered_blocks(data: TensorType, indices: TensorType) -> values.Items | None:
    places = _block_places(data, indices)
    found = None if places is None else values.items(data)
    return None if found is None else values.some(tuple([found[place] for place in places or ()]))


def _block_places(data: TensorType, indices: TensorType) -> list[int] | None:
    """Where in ``data`` the elements lie of the blocks that the rows of ``indices`` name."""
    if values.count(data.shape) is None or values.count(indices.shape) is None:
        return None
    picks = positions(indices)
    if picks is None:
        return None
    shape: tuple[int, ...] = data.shape  # type: ignore[assignment]
    depth: int = indices.shape[-1]  # type: ignore
    require(depth <= len(shape), "the indices name {} axes, but the data have {}", depth, len(shape))
    length = values.count(shape[depth:]) or 0
    if not depth or len(picks) // depth * length > values.CAP:
        return None
    axes = [*zip(range(depth), shape, values.strides(shape))]
    rows = [picks[k:k + depth] for k in range(0, len(picks), depth)]
    starts = [sum([_from_start(pick, size, axis) * step for pick, (axis, size, step) in zip(row, axes)])
              for row in rows]
    return [start + k for start in starts for k in range(length)]


# ---------------------------------------------------------------------------------- Scatter
class _Reduction:
    """How an update meets the element it is written to, and what that costs."""

    def __init__(self, by: Callable[[Element, Element], Element], **cost: int) -> None:
        self.by, self.cost = by, Cost(**cost)


_REDUCTIONS = {"none": _Reduction(lambda _, new: new), "add": _Reduction(elements.add, add=1),
               "mul": _Reduction(elements.mul, mul=1), "max": _Reduction(elements.largest, cmp=1),
               "min": _Reduction(elements.smallest, cmp=1)}


def _scattered(data: TensorType, indices: TensorType, updates: TensorType, reduction: str,
               places: Callable[[], Iterable[int] | None]) -> Effect:
    """``data`` with the elements of ``updates`` written to ``places()``."""
    require(reduction in _REDUCTIONS, "reduction is {!r}, not one of {}", reduction, ", ".join(_REDUCTIONS))
    shape: Shape = data.shape  # type: ignore[assignment]
    if indices.shape is UNRANKED or updates.shape is UNRANKED:
        return result(shape, data)
    way = _REDUCTIONS[reduction]
    value = None if data.value is None and updates.value is None else _written(data, updates, way, places())
    count: Shape = updates.shape  # type: ignore[assignment]
    return result(shape, data, value=value, cost=lambda: way.cost.times(prod(count)), reads=lambda _: (
        same_position(shape), (ALL,) * rank(indices), (ALL,) * rank(updates)))


def _written(data: TensorType, updates: TensorType, way: _Reduction,
             places: Iterable[int] | None) -> values.Items | None:
    """The elements of ``data`` after the updates; None for each that is not known."""
    total, new = values.count(data.shape), values.count(updates.shape)
    if places is None or total is None or new is None:
        return None
    found = list(values.items(data) or (None,) * total)
    for place, element in zip(places, values.items(updates) or (None,) * new):
        found[place] = values.applied(way.by, (found[place], element), data.dtype)
    return values.some(tuple(found))


@op("Scatter", since=9)
@op("ScatterElements", since=11)
def scatter_elements(data, indices, updates, *, axis=0, reduction="none"):
    """``data`` with ``updates[i, j]`` written to ``[indices[i, j], j]``: each index names a position of
    ``axis``."""
    axis = axis_of(axis, rank(data))
    if indices.shape is not UNRANKED and updates.shape is not UNRANKED:
        require(rank(indices) == rank(data), "the data have {} axes, but their indices {}", rank(data),
                rank(indices))
        for k, (a, b) in enumerate(zip(indices.shape, updates.shape)):
            equal(a, b, "axis {} is {} in the indices, but {} in the updates", k, a, b)
    return _scattered(data, indices, updates, reduction, lambda: _element_places(data.shape, indices, axis))


@op("ScatterND", since=11)
def scatter_nd(data, indices, updates, *, reduction="none"):
    """``data`` with blocks of ``updates`` written to where the rows of the last axis of ``indices`` say."""
    return _scattered(data, indices, updates, reduction, lambda: _block_places(data, indices))


@op("TensorScatter", since=24)
def tensor_scatter(past_cache, update, write_indices=None, *, axis=-2, mode="linear"):
    """``past_cache`` with ``update`` written along ``axis`` from ``write_indices[batch]`` on."""
    readers = same_position(past_cache.shape)
    along = axis_of(axis, len(readers))
    changed = tuple(Picked(None, None) if k == along else reader for k, reader in enumerate(readers))
    return result(past_cache.shape, past_cache, cost=FREE, reads=lambda _: (
        readers, changed, None if write_indices is None else (Along(0),)))
