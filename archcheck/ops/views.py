"""The same elements in the same order, in another shape: Reshape, Flatten, Squeeze, Unsqueeze, Identity."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from archcheck import values
from archcheck.dims import Size, prod, same
from archcheck.graph import Element, Shape, TensorType
from archcheck.ops._op import (
    FREE,
    UNRANKED,
    Along,
    Effect,
    Picked,
    Reader,
    Reads,
    ShapeError,
    Unknown,
    axis_of,
    equal,
    op,
    rank,
    require,
    result,
    unknown_size,
)
from archcheck.ops._packing import check_sizes, completed, matched, packing, written
from archcheck.ops.pointwise import same_position

NO_RANK = "the rank of the input is not known"
TWO_OPEN = "more than one size of the target shape is not known"
Readers = Callable[[], tuple[Reader, ...]]


def view(data: TensorType, shape: Shape, readers: Readers | None = None) -> Effect:
    """All elements of ``data`` in their order, as ``shape``. ``readers()`` says how the axes of ``data``
    are read, by default as Reshape does; the input that a second one is, a shape or axes, is not read."""
    value = data.value if data.value is None or values.count(shape) is not None else None
    return Effect((TensorType(data.dtype, shape, value),), FREE, _reads(data.shape, shape, readers), 0)


def _reads(source: Shape | None, target: Shape, readers: Readers | None) -> Callable[[int], Reads] | None:
    if source is None or source is UNRANKED:
        return None
    return lambda _: (packing(source, target) if readers is None else readers(), None)


def of_rank(like: TensorType, ndim: int, reason: str) -> Effect:
    """A tensor of which no more than the rank is known."""
    return result([unknown_size(reason) for _ in range(ndim)], like, cost=FREE)


# ---------------------------------------------------------------------------------- Reshape, Flatten
@op("Reshape", saves=())
def reshape_1(data, *, shape=(), consumed_inputs=None):
    """As Reshape, with the target as an attribute."""
    return _reshaped(data, shape, 0)


@op("Reshape", since=5, saves=())
def reshape(data, shape, *, allowzero=0):
    """The target shape's -1 is what completes the number of elements, its 0 the size of the same axis of
    ``data`` (with ``allowzero``: zero)."""
    return _reshaped(data, values.entries(shape, "the target shape"), allowzero)


def _reshaped(data: TensorType, target: Sequence[Element], allowzero: int) -> Effect:
    """One target element that is not known is worked out as -1 is, whichever it stands for."""
    sizes: list[Size] = []
    missing = []
    for axis, element in enumerate(target):
        if element is None or element == -1:
            missing.append(axis)
            sizes.append(1)
        elif element == 0 and not allowzero:
            sizes.append(_copied(data, axis))
        else:
            sizes.append(element)
    _check_target(target, sizes, missing)
    if data.shape is UNRANKED or len(missing) > 1:
        for axis in missing:
            sizes[axis] = unknown_size(NO_RANK if len(missing) == 1 else TWO_OPEN)
    elif missing:
        sizes = _completed(data.shape, sizes, target, missing[0])  # type: ignore[arg-type]
    else:
        sizes = matched(data.shape, sizes)  # type: ignore[arg-type]
    return view(data, tuple(sizes))


def _copied(data: TensorType, axis: int) -> Size:
    if data.shape is UNRANKED:
        return unknown_size(NO_RANK)
    shape: Shape = data.shape  # type: ignore[assignment]
    require(axis < len(shape), "the target shape copies axis {}, but the input has {} axes", axis, len(shape))
    return shape[axis]


def _check_target(target: Sequence[Element], sizes: Sequence[Size], missing: Sequence[int]) -> None:
    check_sizes(sizes, "the target shape")
    if len(missing) > 1 and target.count(-1) > 1:
        raise ShapeError(f"the target shape {written(target)} leaves more than one size open")


def _completed(source: Shape, sizes: list[Size], target: Sequence[Element], axis: int) -> list[Size]:
    if target[axis] is None and any(size == 0 for size in sizes):
        sizes[axis] = unknown_size("any size fits a tensor without elements")
        return sizes
    return completed(source, sizes, axis)


@op("Flatten", saves=())
def flatten(input, *, axis=1):
    """Two axes: those before ``axis`` packed into the first, the others into the second."""
    shape = input.shape
    if shape is UNRANKED:
        return view(input, (unknown_size(NO_RANK), unknown_size(NO_RANK)))
    ndim = len(shape)
    require(-ndim <= axis <= ndim, "axis {} is outside a tensor of {} axes", axis, ndim)
    axis = axis + ndim if axis < 0 else axis
    return view(input, (prod(shape[:axis]), prod(shape[axis:])))


# ------------------------------------------------------------------------------- Squeeze, Unsqueeze, Identity
@op("Squeeze", saves=())
def squeeze_1(data, *, axes=None):
    """``data`` without the ``axes`` of size 1: all such axes if none are named."""
    return _squeezed(data, _ones(data.shape) if axes is None else axes)


@op("Squeeze", since=13, saves=())
def squeeze(data, axes=None):
    """``data`` without the ``axes`` of size 1: all such axes if none are named."""
    if axes is None:
        return _squeezed(data, _ones(data.shape))
    named = values.numbers(axes, "the axes to squeeze")
    if None in named or not named:
        possible = [axis for axis, size in enumerate(data.shape) if same(size, 1) is not False]
        if possible and not named:
            raise Unknown("whether an empty list of axes stands for none or, as ONNX Runtime has it, for all")
        if len(possible) != len(named):
            return of_rank(data, rank(data) - len(named), "the axes to squeeze are not known")
        named = tuple(possible)
    return _squeezed(data, named)


def _ones(shape: Iterable[Size]) -> list[int]:
    """The axes of size 1; `Unknown` where that is not decided of one."""
    found = []
    for axis, size in enumerate(shape):
        verdict = same(size, 1)
        if verdict is None:
            raise Unknown(f"whether the size {size} is 1")
        if verdict:
            found.append(axis)
    return found


def _squeezed(data: TensorType, axes: Sequence[int]) -> Effect:
    shape: Shape = data.shape  # type: ignore[assignment]
    ndim = len(shape)
    gone = {axis_of(axis, ndim) for axis in axes}
    for axis in gone:
        if shape[axis] != 1:
            equal(shape[axis], 1, "axis {} has {} positions and cannot be squeezed: only one of size 1 can",
                  axis, shape[axis])
    kept = [axis for axis in range(ndim) if axis not in gone]
    return view(data, tuple([shape[axis] for axis in kept]), lambda: tuple(
        Along(kept.index(axis)) if axis in kept else Picked(None, (0,)) for axis in range(ndim)))


@op("Unsqueeze", saves=())
def unsqueeze_1(data, *, axes):
    """``data`` with a new axis of size 1 at each of ``axes``, which count axes of the output."""
    return _unsqueezed(data, axes)


@op("Unsqueeze", since=13, saves=())
def unsqueeze(data, axes):
    """``data`` with a new axis of size 1 at each of ``axes``, which count axes of the output."""
    named = values.numbers(axes, "the axes to insert")
    if None in named:
        return of_rank(data, rank(data) + len(named), "the axes to insert are not known")
    return _unsqueezed(data, named)


def _unsqueezed(data: TensorType, axes: Sequence[int]) -> Effect:
    shape: Shape = data.shape  # type: ignore[assignment]
    ndim = len(shape) + len(axes)
    new = sorted([axis_of(axis, ndim) for axis in axes])
    require(len(set(new)) == len(new), "the axes {} to insert name one axis twice", list(axes))
    sizes = list(shape)
    for axis in new:
        sizes.insert(axis, 1)
    return view(data, tuple(sizes), lambda: tuple(Along(axis) for axis in range(ndim) if axis not in new))


@op("Identity", "MemcpyFromHost", "MemcpyToHost", saves=())
def identity(input):
    """``input`` itself: a tensor, a sequence or an optional value. In graphs that ONNX Runtime saved, copies
    between devices are nodes."""
    shape = input.shape
    return Effect((input,), FREE, None if shape is UNRANKED else lambda _: (same_position(shape),), 0)
