"""The same elements in another order or number: transposed, repeated, joined and split."""
from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from archcheck import values
from archcheck.dims import Size, ceildiv, same
from archcheck.graph import Element, Shape, TensorType
from archcheck.ops._op import (
    FREE,
    UNRANKED,
    Along,
    Effect,
    Packed,
    Reads,
    ShapeError,
    agreed,
    assume,
    axis_of,
    equal,
    here,
    op,
    rank,
    require,
    result,
    unknown_size,
)
from archcheck.ops._packing import check_sizes
from archcheck.ops.pointwise import broadcast_reads, broadcast_shapes
from archcheck.ops.views import NO_RANK, of_rank


# ---------------------------------------------------------------------------------- Transpose, Expand, Tile
@op("Transpose", saves=())
def transpose(data, *, perm=None):
    """Axis ``k`` of the output is axis ``perm[k]`` of ``data``: all in reverse order if none are given."""
    shape = data.shape
    if shape is UNRANKED and perm:
        return of_rank(data, len(perm), NO_RANK)
    ndim = len(shape)
    perm = perm or range(ndim)[::-1]
    require(sorted(perm) == [*range(ndim)], "perm {} is no order of {} axes", list(perm), ndim)
    return result(tuple([shape[axis] for axis in perm]), data, value=_transposed(data, perm), cost=FREE,
                  reads=lambda _: (tuple(Along(perm.index(axis)) for axis in range(ndim)),))


def _transposed(data: TensorType, perm: Sequence[int]) -> values.Value:
    if data.value is None or len(perm) < 2:
        return data.value
    found = values.counted_items(data)
    if found is None:
        return None
    offsets = values.offsets(data.shape)  # type: ignore[arg-type]
    return values.at(found, [offsets[axis] for axis in perm])


@op("Expand", since=8, saves=())
def expand(input, shape):
    """``input`` broadcast with a tensor of the given shape: a 1 there keeps the input's size."""
    target = tuple(values.sizes(shape, "the shape to expand to"))
    check_sizes(target, "the shape to expand to")
    output = broadcast_shapes(input.shape, target)
    return result(output, input, value=None if input.value is None else _expanded(input, output), cost=FREE,
                  reads=lambda _: (*broadcast_reads(output, input.shape), None))


def _expanded(kind: TensorType, shape: Shape) -> values.Items | None:
    found = values.counted_items(kind)
    if found is None or values.count(shape) is None:
        return None
    return values.broadcast(found, kind.shape, shape)  # type: ignore[arg-type]


@op("Tile", saves=())
def tile_1(input, tiles, axis):
    """``input`` repeated ``tiles`` times along one ``axis``."""
    along, = values.integers(axis, "the axis to repeat along")
    repeats = [1] * rank(input)
    repeats[axis_of(along, len(repeats))] = values.scalar(tiles)
    return _tiled(input, repeats, 3)


@op("Tile", since=6, saves=())
def tile(input, repeats):
    """``input`` repeated ``repeats[k]`` times along each axis ``k``."""
    counts = values.entries(repeats, "the numbers of repeats")
    if input.shape is UNRANKED:
        return of_rank(input, len(counts), NO_RANK)
    ndim = rank(input)
    require(len(counts) == ndim, "{} numbers of repeats are given for {} axes", len(counts), ndim)
    return _tiled(input, counts, 2)


def _tiled(input: TensorType, repeats: Sequence[Element], inputs: int) -> Effect:
    shape: Shape = input.shape  # type: ignore[assignment]
    output = tuple(map(_repeated, shape, repeats))
    return result(output, input, value=_tiled_value(input, output), cost=FREE, reads=lambda _: (
        tuple(Along(axis) if same(size, output[axis]) else Packed(((axis, 1, size, 1),))
              for axis, size in enumerate(shape)), *(None,) * (inputs - 1)))


def _repeated(size: Size, times: Element) -> Size:
    if times is None:
        return 0 if size == 0 else unknown_size("the number of repeats is not known")
    require(not isinstance(times, int) or times >= 0, "an axis cannot be repeated {} times", times)
    return size * times  # type: ignore[no-any-return]


def _tiled_value(input: TensorType, output: Shape) -> values.Items | None:
    found = values.counted_items(input)
    if found is None or values.count(output) is None:
        return None
    steps = values.offsets(input.shape)  # type: ignore[arg-type]
    return values.at(found, [[*each] * (size // max(len(each), 1))  # type: ignore[operator]
                             for each, size in zip(steps, output)])


# ---------------------------------------------------------------------------------- Concat
@op("Concat", kind="concatenation", saves=())
def concat_1(*inputs, axis=1):
    """The inputs one after the other along ``axis``."""
    return concat(*inputs, axis=axis)


@op("Concat", since=4, kind="concatenation", saves=())
def concat(*inputs, axis):
    """The inputs one after the other along ``axis``; their other sizes are equal."""
    shapes = [kind.shape for kind in inputs]
    ranked = [shape for shape in shapes if shape is not UNRANKED]
    shape = list(ranked[0] if ranked else UNRANKED)
    axis = axis_of(axis, len(shape))
    for index, other in enumerate(shapes):
        if other is not UNRANKED and other is not ranked[0]:
            _agree(shape, other, axis, index)
    if len(ranked) < len(shapes):
        shape[axis] = unknown_size(NO_RANK)
        return result(tuple(shape), inputs[0], cost=FREE)
    shape[axis] = sum([other[axis] for other in shapes])
    return result(tuple(shape), inputs[0], value=values.joined(inputs, axis), cost=FREE,
                  reads=lambda _: _joined_reads(shapes, axis))


def _agree(shape: list[Size], other: Shape, axis: int, index: int) -> None:
    """Put into ``shape`` what ``other``, the shape of input ``index``, tells of the sizes beside ``axis``."""
    if len(other) != len(shape):
        raise ShapeError(f"inputs of {len(shape)} and of {len(other)} axes cannot be joined")
    for k, size in enumerate(other):
        if k != axis and size is not shape[k]:
            shape[k] = agreed(shape[k], size, "axis {} is {}, but {} in input {}: inputs joined along axis "
                              "{} must have equal sizes along every other", k, shape[k], size, index, axis)


def _joined_reads(shapes: Sequence[Shape], axis: int) -> Reads:
    starts = [0, *accumulate(shape[axis] for shape in shapes)]
    return tuple(tuple(Along(k, start=-start) if k == axis else Along(k) for k in range(len(shape)))
                 for shape, start in zip(shapes, starts))


# ---------------------------------------------------------------------------------- Split
@op("Split", saves=())
def split_1(input, sizes=None, *, axis=0, split=None):
    """``input`` cut along ``axis`` into parts of the sizes ``split``, else into equal parts."""
    return _split(input, _lengths(sizes) if split is None else split, axis, None)


@op("Split", since=13, saves=())
def split(input, split=None, *, axis=0, num_outputs=None):
    """``input`` cut along ``axis`` into parts of the sizes ``split``, else into ``num_outputs`` parts of
    which the last may be smaller."""
    return _split(input, _lengths(split), axis, num_outputs)


def _lengths(split: TensorType | None) -> Sequence[Element] | None:
    if split is None:
        return None
    given = split.shape is not UNRANKED
    return values.entries(split, "the sizes of the parts") if given else (None,) * here.outputs


def _split(input: TensorType, lengths: Sequence[Element] | None, axis: int, count: int | None) -> Effect:
    shape: Shape = input.shape  # type: ignore[assignment]
    axis = axis_of(axis, len(shape))
    if lengths is not None:
        lengths = completed(shape[axis], lengths)
    else:
        lengths = _equal_parts(shape[axis]) if count is None else _even_parts(shape[axis], count)
    require(len(lengths) >= here.outputs, "{} outputs are listed, but {} parts are cut", here.outputs,
            len(lengths))
    return Effect(parts(input, lengths, axis), FREE, lambda k: (tuple(
        Along(i, start=sum(lengths[:k])) if i == axis else Along(i) for i in range(len(shape))), None))


def parts(input: TensorType, lengths: Sequence[Size], axis: int) -> tuple[TensorType, ...]:
    """``input`` cut along ``axis`` into parts of ``lengths``."""
    before, after = input.shape[:axis], input.shape[axis + 1:]  # type: ignore[index]
    return tuple([TensorType(input.dtype, (*before, length, *after), _slab(input, axis, start, length))
                  for start, length in zip((0, *accumulate(lengths)), lengths)])


def _slab(kind: TensorType, axis: int, start: Size, length: Size) -> values.Items | None:
    """The elements of ``length`` positions of ``axis`` from ``start`` on."""
    if kind.value is None or not isinstance(start, int) or not isinstance(length, int):
        return None
    return values.picked(kind, axis, range(start, start + length))


def _equal_parts(size: Size) -> list[Size]:
    """An equal part of ``size`` for each output of the node."""
    part = size // here.outputs
    verdict = same(part * here.outputs, size)
    require(verdict, "{} positions cannot be cut into {} equal parts", size, here.outputs)
    if verdict is None:
        assume("divides", size, here.outputs)
    return [part] * here.outputs


def _even_parts(size: Size, count: int) -> list[Size]:
    """``count`` parts, all but the last equal."""
    part = ceildiv(size, count)
    last = size - part * (count - 1)
    require(not isinstance(last, int) or last >= 0, "{} positions cannot be cut into {} parts", size, count)
    return [*[part] * (count - 1), last]


def completed(size: Size, lengths: Sequence[Element]) -> list[Size]:
    """The ``lengths`` of parts of ``size``: the one that is not known is the rest."""
    given = [length for length in lengths if length is not None]
    rest = size - sum(given)
    check_sizes(given, "a part")
    if len(given) == len(lengths):
        equal(sum(given), size, "parts of {} are {} together, but the axis has {}", given, sum(given), size)
    require(not isinstance(rest, int) or rest >= 0, "parts of {} do not fit an axis of {}", given, size)
    if len(given) < len(lengths) - 1:
        return [unknown_size("the sizes of the parts are not known") if length is None else length
                for length in lengths]
    return [rest if length is None else length for length in lengths]
