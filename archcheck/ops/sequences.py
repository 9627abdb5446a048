"""Sequences and optional values.

What all elements of a sequence have in common is its shape; while their number is known, its value holds
the type of each. An optional value holds one element or none in the same way.
"""
from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from archcheck import values
from archcheck.dims import Size, ceildiv, is_known, minimum
from archcheck.dtypes import dtype_name
from archcheck.graph import Element, Several, TensorType
from archcheck.ops._join import join
from archcheck.ops._op import FREE, UNRANKED, Effect, axis_of, op, require, result, unknown_size
from archcheck.ops.layout import completed, concat, parts

Elements = tuple[TensorType, ...]


def _stored(kind: TensorType) -> TensorType:
    """``kind`` as a sequence keeps it."""
    return kind._replace(shape=None) if kind.shape is UNRANKED else kind


def _taken(kind: TensorType) -> TensorType:
    """An element of a sequence as an operator's input."""
    return kind._replace(shape=UNRANKED) if kind.shape is None else kind


def _inner(kind: TensorType) -> TensorType:
    """What is known of every element of a sequence, or of what an optional value holds."""
    return _stored(TensorType(kind.dtype and kind.dtype[4:-1], kind.shape))


def _sequence(elements: Elements, common: TensorType | None = None) -> Effect:
    """A sequence of ``elements``; ``common`` is what is true of all."""
    if common is None:
        common = reduce(join, elements or (TensorType(None, None),))
    if len(elements) > values.CAP:
        return _several(len(elements), common)
    return Effect((TensorType(common.dtype and f"seq({common.dtype})", common.shape, elements),), FREE)


def _several(length: Size | None, common: TensorType) -> Effect:
    """A sequence of ``length`` elements (None: of an unknown number), of which ``common`` is true."""
    value = None if length is None else Several(length)
    return Effect((TensorType(common.dtype and f"seq({common.dtype})", common.shape, value),), FREE)


def _one_more(sequence: TensorType, number: int) -> Size | None:
    """How long ``sequence`` is with ``number`` elements more."""
    length = values.length(sequence)
    return None if length is None else length + number


def _place(position: TensorType | None, default: int) -> int | None:
    """The number in ``position``, ``default`` where it is left out, None where it is not known."""
    found: Element = default if position is None else values.scalar(position)
    return found if isinstance(found, int) else None


# ---------------------------------------------------------------------------------- sequences
@op("SequenceConstruct", since=11, dtypes=(None,))
def sequence_construct(*inputs):
    """The sequence of the inputs."""
    return _sequence(tuple(map(_stored, inputs)))


@op("SequenceEmpty", since=11, dtypes=(None,))
def sequence_empty(*, dtype=1):
    """The sequence without elements."""
    return _sequence((), TensorType(dtype_name(dtype), None))


@op("SequenceAt", since=11, dtypes=(None,))
def sequence_at(input_sequence, position):
    """The element at ``position``; negative ones count from the end."""
    elements, place = values.items(input_sequence), _place(position, 0)
    if elements is None or place is None:
        return Effect((_inner(input_sequence),), FREE)
    require(-len(elements) <= place < len(elements), _OUTSIDE, place, len(elements))
    return Effect((elements[place],), FREE)


@op("SequenceInsert", since=11)
def sequence_insert(input_sequence, tensor, position=None):
    """``tensor`` put before ``position``, by default at the end."""
    elements, new = values.items(input_sequence), _stored(tensor)
    common = new if elements == () else join(_inner(input_sequence), new)
    place = None if elements is None else _place(position, len(elements))
    if elements is None or place is None:
        return _several(_one_more(input_sequence, 1), common)
    require(-len(elements) <= place <= len(elements), _OUTSIDE, place, len(elements))
    return _sequence((*elements[:place], new, *elements[place:]), common)


@op("SequenceErase", since=11)
def sequence_erase(input_sequence, position=None):
    """The sequence without the element at ``position``, by default the last."""
    elements, place = values.items(input_sequence), _place(position, -1)
    if elements is None or place is None:
        return _several(_one_more(input_sequence, -1), _inner(input_sequence))
    require(-len(elements) <= place < len(elements), _OUTSIDE, place, len(elements))
    place %= len(elements)
    rest = (*elements[:place], *elements[place + 1:])
    return _sequence(rest, None if rest else _inner(input_sequence))


@op("SequenceLength", since=11, dtypes=("int64",))
def sequence_length(input_sequence):
    """The number of elements."""
    length = values.length(input_sequence)
    return result((), "int64", value=None if length is None else (length,), cost=FREE)


_OUTSIDE = "position {} is outside a sequence of {}"


# ------------------------------------------------------------------------------ tensors to sequences and back
@op("SplitToSequence", since=11, dtypes=(None,))
def split_to_sequence(input, split=None, *, axis=0, keepdims=1):
    """``input`` cut along ``axis``: into parts of the sizes ``split``, into parts of one size (the last may
    be smaller), or into single positions, from which the axis is dropped unless ``keepdims``."""
    shape = input.shape
    axis = axis_of(axis, len(shape))
    lengths = _lengths(split, shape[axis])
    pieces = parts(input, (_common_length(split, shape[axis]),) if lengths is None else lengths, axis)
    if split is None and not keepdims:
        pieces = tuple([_dropped(piece, axis) for piece in pieces])
    if lengths is None:
        return _several(_number(split, shape[axis]), pieces[0])
    return _sequence(pieces, None if pieces else TensorType(input.dtype, None))


def _lengths(split: TensorType | None, size: Size) -> Sequence[Size] | None:
    """The sizes of the parts, or None where their number is not known or large."""
    if split is not None and (split.shape is UNRANKED or split.shape):
        return completed(size, values.entries(split, "the sizes of the parts"))
    part = _place(split, 1)
    if part is None or not isinstance(size, int) or size > part * values.CAP:
        return None
    require(part > 0, "parts of {} positions are asked for", part)
    return [part] * (size // part) + [size % part] * (size % part > 0)


def _number(split: TensorType | None, size: Size) -> Size | None:
    """How many parts of one size there are."""
    part = _place(split, 1)
    return ceildiv(size, part) if part else None


def _common_length(split: TensorType | None, size: Size) -> Size:
    """The size of every part. Where the last one is smaller the parts have none in common, and the formula no
    value: it divides by zero there."""
    part = _place(split, 1)
    if not part:
        return unknown_size("the sizes of the parts are not known")
    return part // (1 - minimum(size % part, 1))


def _dropped(kind: TensorType, axis: int) -> TensorType:
    """``kind`` without ``axis``, which is of size 1."""
    return kind._replace(shape=(*kind.shape[:axis], *kind.shape[axis + 1:]))  # type: ignore


@op("ConcatFromSequence", since=11, dtypes=(None,))
def concat_from_sequence(input_sequence, *, axis, new_axis=0):
    """The elements one after the other along ``axis``, or stacked along a new one."""
    elements, common = values.items(input_sequence), _inner(input_sequence)
    ranks = [len(kind.shape) for kind in elements or (common,) if kind.shape is not None]
    if not ranks:
        return Effect((common,), FREE)
    axis = axis_of(axis, ranks[0] + new_axis)
    kinds = [_taken(_stacked(kind, axis) if new_axis else kind) for kind in elements or (common,)]
    joined = concat(*kinds, axis=axis)
    if elements:
        return Effect(joined.outputs, FREE)
    shape = list(joined.outputs[0].shape)
    length = values.length(input_sequence)
    known = length is not None and is_known(shape[axis])
    shape[axis] = shape[axis] * length if known else unknown_size("how many elements are joined is not known")
    return result(tuple(shape), common, cost=FREE)


def _stacked(kind: TensorType, axis: int) -> TensorType:
    """``kind`` with a new ``axis`` of size 1."""
    if kind.shape is None:
        return kind
    return kind._replace(shape=(*kind.shape[:axis], 1, *kind.shape[axis:]))


# ---------------------------------------------------------------------------------- optional values
def _is_optional(kind: TensorType) -> bool:
    return kind.dtype is not None and kind.dtype.startswith("opt(")


@op("Optional", since=15, dtypes=(None,))
def optional(input=None, *, type=None):
    """``input`` as an optional value; without it, one of ``type`` that holds nothing."""
    kind = _stored(input or type)
    held = (None, ()) if input is None else (kind.shape, (kind,))
    return Effect((TensorType(kind.dtype and f"opt({kind.dtype})", *held),), FREE)


@op("OptionalGetElement", since=15, dtypes=(None,))
def optional_get_element(input):
    """What an optional value holds; anything else itself."""
    if not _is_optional(input):
        return Effect((input,), FREE, alias=0)
    require(input.value != (), "the optional value is empty")
    return Effect(input.value or (_inner(input),), FREE)


@op("OptionalHasElement", since=15, dtypes=("bool",))
def optional_has_element(input=None):
    """Whether there is an element: an optional value that holds one, or anything else."""
    holds: bool | None = input is not None
    if input is not None and (input.dtype is None or _is_optional(input)):
        holds = None if input.value is None else bool(input.value)
    return result((), "bool", value=None if holds is None else (holds,), cost=FREE)
