"""Known values of small tensors: n-dimensional, partial, in row-major order.

Shapes that are computed inside a network (``Shape → Gather → Mod → Concat → Reshape``) are followed
through these. What one element can be, and arithmetic on it, is in `archcheck.elements`. A value of more
than `CAP` elements stays unknown, so that the cost of a graph is linear in its nodes.
"""
from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, product
from typing import Union

from archcheck import elements
from archcheck.dims import Dim, Size
from archcheck.graph import Deferred, Element, Literal, Several, Shape, TensorType, Uniform
from archcheck.ops._op import ShapeError, Unknown, unknown_size

CAP = 1024
Items = tuple[Element, ...]
Value = Union[Items, Literal, Uniform, Deferred, Several, None]


# ---------------------------------------------------------------------------------- reading a value
def items(kind: TensorType | None) -> Items | None:
    """The elements of ``kind`` in row-major order, or None when they are not known."""
    if kind is None:
        return None
    value = kind.value
    return value if value is None or type(value) is tuple else value.items  # type: ignore[union-attr]


def is_told(kind: TensorType | None) -> bool:
    """Whether the elements of ``kind`` are told without a run, as those of shapes are; of a sequence, whose
    value are the types of its elements, those of all of them."""
    found = kind.value if kind is not None else None
    return type(found) is tuple and all(is_told(one) for one in found if isinstance(one, TensorType))


def counted_items(kind: TensorType) -> Items | None:
    """The elements of ``kind`` if they are known, as no elements always are, and few enough to follow."""
    total = count(kind.shape)
    return () if total == 0 else None if total is None else items(kind)


def length(sequence: TensorType) -> Size | None:
    """The number of elements of a sequence, or None when it is not known."""
    if sequence.dtype is None or not sequence.dtype.startswith("seq("):
        return None
    found = items(sequence)
    return len(found) if found is not None else getattr(sequence.value, "length", None)


def scalar(kind: TensorType | None) -> Element:
    """The first element of ``kind``, usually the only one; None when it is not known."""
    found = items(kind)
    return found[0] if found else None


def entries(kind: TensorType, what: str) -> Items:
    """The elements of a tensor of at most one axis, None for each that is not known. Raises `Unknown` when
    not even their number is known."""
    found = items(kind)
    if found is not None:
        return found
    shape = kind.shape
    total = None if shape is None or len(shape) > 1 else count(shape)
    if total is None:
        raise Unknown(what)
    return (None,) * total


def numbers(kind: TensorType, what: str) -> Items:
    """The elements of a tensor of at most one axis as plain ints, None for each that is symbolic or not
    known. Raises `Unknown` when not even their number is known."""
    return tuple([element if type(element) is int else None for element in entries(kind, what)])


def sizes(kind: TensorType, what: str) -> list[Size]:
    """The elements of a 1-D integer tensor as sizes, with a size of its own for each that is not known.
    Raises `Unknown` when not even their number is known."""
    found = entries(kind, what)
    if not all(element is None or isinstance(element, (int, Dim)) for element in found):
        raise ShapeError(f"{what} must be whole numbers")
    return [unknown_size(what) if element is None else element for element in found]


def integers(kind: TensorType | None, what: str) -> list[int]:
    """The elements of an integer tensor as plain ints; raises `Unknown` when one is symbolic or not known."""
    found = items(kind)
    if found is None or not all(isinstance(element, int) for element in found):
        raise Unknown(what)
    return list(found)


def count(shape: Iterable[Size] | None) -> int | None:
    """The number of elements of a shape small and concrete enough to be followed, else None."""
    if shape is None:
        return None
    total = 1
    for size in shape:
        if type(size) is not int or size > CAP:  # even beside a 0, which leaves nothing to count
            return None
        total *= size
    return total if total <= CAP else None


def some(found: Items | None) -> Items | None:
    """``found``, or None where it has elements and not one is known."""
    return None if found and found.count(None) == len(found) else found


# ---------------------------------------------------------------------------------- moving elements
def grid(shape: Sequence[Size]) -> Iterable[tuple[int, ...]]:
    """Every index of a concrete ``shape`` in row-major order."""
    return product(*map(range, shape))  # type: ignore[arg-type]


def strides(shape: Sequence[Size]) -> list[int]:
    """How many elements one step along each axis of a concrete ``shape`` skips, in row-major order."""
    steps = [1] * len(shape)
    for axis in range(len(shape) - 2, -1, -1):
        steps[axis] = steps[axis + 1] * shape[axis + 1]  # type: ignore[assignment]
    return steps


def offsets(shape: Sequence[Size]) -> list[Sequence[int]]:
    """What each position of each axis of a concrete ``shape`` adds to the place of an element."""
    return [range(0, step * size, step) if step else (0,) * size  # type: ignore
            for size, step in zip(shape, strides(shape))]


def sums(places: Sequence[Sequence[int]]) -> Sequence[int]:
    """The sum of every choice of one place per axis, in row-major order."""
    return places[0] if len(places) == 1 else [sum(choice) for choice in product(*places)]


def at(found: Items, places: Sequence[Sequence[int]]) -> Items:
    """A tensor with an axis for each of ``places``: its elements are those of ``found`` at the sums of
    places."""
    return tuple([found[place] for place in sums(places)])


def picked(kind: TensorType, axis: int, indices: Sequence[int]) -> Items | None:
    """The elements of ``kind`` at the positions ``indices`` of ``axis``; None when they are not known or too
    many."""
    found = counted_items(kind)
    if found is None:
        return None
    shape: Shape = kind.shape  # type: ignore[assignment]
    if len(shape) == 1:
        return some(tuple([found[index] for index in indices]))
    if count((*shape[:axis], len(indices), *shape[axis + 1:])) is None:
        return None
    places, step = offsets(shape), strides(shape)[axis]
    places[axis] = [index * step for index in indices]
    return some(at(found, places))


def joined(kinds: Sequence[TensorType], axis: int) -> Items | None:
    """The elements of ``kinds`` joined along ``axis``, None for those of one that is not known; None when
    none is, or they are too many."""
    if all(kind.value is None for kind in kinds):
        return None
    total, counts = 0, []
    for kind in kinds:
        counts.append(count(kind.shape))
        total += CAP + 1 if counts[-1] is None else counts[-1]
    if total > CAP:
        return None
    parts = [items(kind) or (None,) * n for kind, n in zip(kinds, counts)]  # type: ignore[operator]
    stretches = parts if axis == 0 else _interleaved(parts, count(kinds[0].shape[:axis]) or 0)  # type: ignore
    return some(tuple(chain(*stretches)))


def _interleaved(parts: list[Items], outer: int) -> Iterable[Items]:
    """For each of the ``outer`` positions before an axis, the stretch that each part has there."""
    for block in range(outer):
        for part in parts:
            length = len(part) // outer
            yield part[block * length:(block + 1) * length]


def broadcast(found: Items, shape: Sequence[Size], target: Sequence[Size]) -> Items:
    """Elements of ``shape`` broadcast to ``target``, numpy's way; both are concrete."""
    if tuple(shape) == tuple(target):
        return found
    if len(found) == 1:
        return found * (count(target) or 0)
    head = len(target) - len(shape)
    places: list[Sequence[int]] = [(0,) * size for size in target[:head]]  # type: ignore[operator]
    for steps, size in zip(offsets(shape), target[head:]):
        places.append(steps if len(steps) == size else (0,) * size)  # type: ignore[operator]
    return at(found, places)


def elementwise(function: Callable[..., Element], kinds: Sequence[TensorType], shape: Sequence[Size] | None,
                dtype: str | None) -> Items | None:
    """``function`` applied to the broadcast elements of ``kinds``, as ``dtype``; None when not known or too
    many. Of the operands of a function that some of them may decide, not all need be known."""
    lacking = [kind.value is None for kind in kinds]
    if any(lacking) and (function not in _DECIDED_BY_SOME or all(lacking)):
        return None
    total, columns = count(shape), []
    if total is None:
        return None
    for kind in kinds:
        found = items(kind)
        if found is None:
            if function not in _DECIDED_BY_SOME:
                return None
            found = (None,) * total
        columns.append(found if len(found) == total else broadcast(found, kind.shape, shape))  # type: ignore
    return some(tuple([applied(function, row, dtype) for row in zip(*columns)]))


_DECIDED_BY_SOME = frozenset((elements.both, elements.either, elements.chosen))


def applied(function: Callable[..., Element], row: Sequence[Element], dtype: str | None) -> Element:
    """``function(*row)`` as ``dtype`` holds it, None where that is not known."""
    try:
        return elements.cast(function(*row), dtype)
    except (ArithmeticError, ValueError, TypeError, AttributeError, struct.error, Unknown):
        return None
