"""Which stored tensors hold the same elements, and which are a small one over and over."""
from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from archcheck.dtypes import BITS
from archcheck.graph import Location, TensorType
from archcheck.rules._case import Case
from archcheck.rules._payloads import Payloads

if TYPE_CHECKING:
    import numpy

    Array = numpy.ndarray[Any, Any]

LARGE = 64 << 10
"""Tensors of fewer bytes are not looked at."""

STEP = 1 << 20
"""So many elements are compared at once."""

OFTEN = 4
"""A part of several positions counts as repeated from so many times on: tables of angles hold each twice."""

PROBES = 64
"""So many elements are compared before all are."""


class Stored(NamedTuple):
    """A weight: how it is called, its type, and its bytes as they lie in the file."""

    name: str
    kind: TensorType
    view: memoryview


def stored(case: Case) -> list[Stored]:
    """The large weights that can be read, one for each place in a file; without those of one number all over,
    which wait for training."""
    found: dict[Hashable, Stored] = {}
    for place in case.places:
        for name, kind in place.graph.weights.items():
            size, location = kind.bytes, getattr(kind.value, "location", None)
            view = case.payloads.view(kind) if isinstance(size, int) and size >= LARGE else None
            if view is not None:
                key: Hashable = location if isinstance(location, Location) else (id(place), name)
                found.setdefault(key, Stored(f"{place.path}{name}", kind, view))
    return [one for one in found.values() if not is_uniform(one)]


def equal(payloads: Payloads, tensors: Iterable[Stored]) -> Iterator[list[Stored]]:
    """Groups of tensors of one dtype and shape that are the same bytes."""
    for alike in _groups(tensors, lambda one: (one.kind.dtype, one.kind.shape, _probe(one.view))):
        yield from _groups(alike, lambda one: payloads.digest(one.kind))


def _groups(tensors: Iterable[Stored], key: Callable[[Stored], Hashable]) -> Iterator[list[Stored]]:
    """The tensors of one key, where there are several."""
    found: dict[Hashable, list[Stored]] = {}
    for one in tensors:
        found.setdefault(key(one), []).append(one)
    return (group for group in found.values() if len(group) > 1)


def _probe(view: memoryview) -> bytes:
    """A few bytes from all over a tensor."""
    return bytes(view[::len(view) // PROBES])


def transposed(tensors: Iterable[Stored]) -> Iterator[tuple[Stored, Stored]]:
    """Pairs of matrices of which one is the other, rows for columns."""
    seen: dict[Hashable, list[tuple[Stored, Array]]] = {}
    for one in tensors:
        matrix = _matrix(one)
        if matrix is None or min(matrix.shape) < 2:
            continue
        for other, theirs in seen.get((one.kind.dtype, matrix.shape), ()):
            if _is_same(theirs.T, matrix):
                yield other, one
                break
        seen.setdefault((one.kind.dtype, matrix.shape[::-1]), []).append((one, matrix))


def _matrix(one: Stored) -> Array | None:
    """A matrix of numbers of 1, 2, 4 or 8 bytes, as such numbers; None for another tensor."""
    return _array(one) if len(one.kind.shape or ()) == 2 else None


def _array(one: Stored) -> Array | None:
    """A tensor of elements of 1, 2, 4 or 8 bytes, as whole numbers of the same bytes; None for others."""
    width = BITS[one.kind.dtype or ""] // 8 if one.kind.dtype in BITS else 0
    if width not in (1, 2, 4, 8):
        return None
    import numpy
    return numpy.frombuffer(one.view, f"u{width}").reshape(one.kind.shape or ())


def _is_same(a: Array, b: Array) -> bool:
    """Whether two matrices are equal, row by row: those of no kin differ in the first."""
    return all(bool((one == other).all()) for one, other in zip(a, b))


class Repeated(NamedTuple):
    """A tensor that is a part of it ``times`` over, along ``axis``: its first ``period`` positions there."""

    axis: int
    times: int
    period: int


def repeats(one: Stored) -> Repeated | None:
    """How a tensor is one slice over and over, along the longest such axis, or a longer part at least `OFTEN`
    times; None where it is neither."""
    array = _array(one)
    if array is None:
        return None
    sizes = array.shape
    axes = sorted((axis for axis, size in enumerate(sizes) if size > 1), key=lambda axis: -sizes[axis])
    parts = ((axis, period) for axis in axes for period in range(2, sizes[axis] // OFTEN + 1)
             if sizes[axis] % period == 0)
    for axis, period in (*((axis, 1) for axis in axes), *parts):
        times = sizes[axis] // period
        if _is_constant(array.reshape(*sizes[:axis], times, period, *sizes[axis + 1:]), axis):
            return Repeated(axis, times, period)
    return None


def is_uniform(one: Stored) -> bool:
    """Whether all elements of a tensor are one: zeros that wait for training, or a fill."""
    array = _array(one)
    if array is None:
        return False
    row = array.ravel()
    return all(bool((row[k:k + STEP] == row[:1]).all()) for k in range(row.size)[::STEP])


def _is_constant(array: Array, axis: int) -> bool:
    """Whether all slices of an array along an axis are the first one; a few elements are compared first."""
    import numpy
    slices = numpy.moveaxis(array, axis, 0)
    spread = tuple(slice(None, None, max(1, size // 4)) for size in slices.shape[1:])
    every = (slice(None), *spread)
    few = slices[every]
    return bool((few == few[:1]).all()) and bool((slices == slices[:1]).all())
