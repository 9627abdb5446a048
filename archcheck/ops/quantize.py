"""Quantization and back: one scale for all, one for each position of an axis, or one for each block of it."""
from __future__ import annotations

from typing import Any

from archcheck.dims import ceildiv, prod, same
from archcheck.dtypes import dtype_name
from archcheck.graph import TensorType
from archcheck.ops._op import (
    ALL,
    All,
    Along,
    Cost,
    Effect,
    Packed,
    Reader,
    assume,
    axis_of,
    equal,
    op,
    rank,
    ranked,
    require,
    result,
)
from archcheck.ops.pointwise import same_position

REQUANTIZE = Cost(add=1, mul=1, cmp=3)
"""A sum of products made an integer of few bits: scaled, rounded, moved by the zero point, kept in range."""


def parameter(kind: TensorType | None) -> tuple[Reader, ...] | None:
    """How a scale or a zero point is read: as a whole."""
    return kind and (ALL,) * rank(kind)


@op("QuantizeLinear", dtypes=(2,), kind="quantization")
def quantize_linear(x, y_scale, y_zero_point=None, *, axis=1, block_size=0, output_dtype=0, precision=0,
                    saturate=1):
    """``saturate(round(x / y_scale) + y_zero_point)``, as the zero point's type or as ``output_dtype``."""
    dtype = y_zero_point.dtype if y_zero_point else dtype_name(output_dtype) or "uint8"
    unit = Cost(add=int(y_zero_point is not None), div=1, cmp=3)
    return _scaled(x, y_scale, y_zero_point, dtype, axis, block_size, unit)


@op("DequantizeLinear", dtypes=(1,), kind="quantization")
def dequantize_linear(x, x_scale, x_zero_point=None, *, axis=1, block_size=0, output_dtype=0):
    """``(x - x_zero_point) · x_scale``, as ``output_dtype`` or else as the type of the scale."""
    dtype = dtype_name(output_dtype) or x_scale.dtype
    unit = Cost(add=int(x_zero_point is not None), mul=1)
    return _scaled(x, x_scale, x_zero_point, dtype, axis, block_size, unit)


def _scaled(x: TensorType, scale: TensorType, zero: TensorType | None, dtype: str | None, axis: int,
            block: int, unit: Cost) -> Effect:
    if ranked(x, scale):
        _check_scale(x, scale, axis, block)
    shape: Any = x.shape
    return result(shape, dtype, cost=lambda: unit.times(prod(shape)), reads=lambda _: (
        same_position(shape), *(kind and _scale_readers(x, kind, axis, block) for kind in (scale, zero))))


def _check_scale(x: TensorType, scale: TensorType, axis: int, block: int) -> None:
    shape, scales = x.shape or (), scale.shape or ()
    if scales in ((), (1,)):
        return
    place = axis_of(axis, len(shape))
    needed = tuple(ceildiv(size, block) if block and k == place else size for k, size in enumerate(shape))
    needed = needed if block else needed[place:place + 1]
    require(len(scales) == len(needed), "the scale has {} axes, but {} are needed", len(scales), len(needed))
    for count, wanted in zip(scales, needed):
        if not block and same(count, wanted) is None:  # a single scale is for all
            assume("broadcast", count, wanted)
        else:
            equal(count, wanted, "there are {} scales along an axis, but {} are needed", count, wanted)


def _scale_readers(x: TensorType, scale: TensorType, axis: int, block: int) -> tuple[Reader, ...]:
    shape = scale.shape or ()
    if shape in ((), (1,)) and not block:
        return (ALL,) * len(shape)
    place = axis_of(axis, rank(x))
    if len(shape) < 2 and not block:
        return (Along(place),)
    return tuple(Packed(((k, block, size, 1),)) if k == place else Along(k) for k, size in enumerate(shape))


@op("DynamicQuantizeLinear", dtypes=("uint8", "float32", "uint8"), kind="quantization")
def dynamic_quantize_linear(x):
    """``x`` as 8-bit integers, with the scale and the zero point that its own extremes ask for."""
    return Effect((TensorType("uint8", x.shape), TensorType("float32", ()), TensorType("uint8", ())),
                  lambda: Cost(add=1, div=1, cmp=5).times(prod(x.shape)),
                  lambda k: ((ALL if k else All(statistic=True),) * rank(x),))
