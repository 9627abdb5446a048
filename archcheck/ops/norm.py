"""Normalization by means and variances, taken from the data or learned before."""
from __future__ import annotations

from collections.abc import Container
from typing import Any

from archcheck.dims import Size, prod, same
from archcheck.dtypes import dtype_name
from archcheck.graph import TensorType
from archcheck.ops._op import (
    ALL,
    STATISTIC,
    Along,
    Cost,
    Effect,
    Packed,
    Reader,
    Reads,
    Spread,
    assume,
    axis_of,
    equal,
    here,
    op,
    rank,
    ranked,
    require,
    result,
)
from archcheck.ops.pointwise import broadcast_reads, broadcast_to
from archcheck.values import CAP

NORMALIZE = Cost(add=2, mul=2)  # the usual count: 4 an element, and 1 more with a scale and a bias
NORMALIZE_AFFINE = Cost(add=3, mul=2)
NORMALIZE_ROOT = Cost(add=1, mul=3)  # square, sum, divide by the root, scale


def _over(x: TensorType, axes: Container[int]) -> tuple[Reader, ...]:
    """``x`` is read where the output stands, and its statistics over ``axes``."""
    return tuple(STATISTIC if axis in axes else Along(axis) for axis in range(rank(x)))


def _bare(kind: TensorType) -> TensorType:
    return TensorType(kind.dtype, kind.shape)


def _check_channels(x: TensorType, scale: TensorType) -> None:
    if ranked(x, scale) and rank(x) > 1 and rank(scale) == 1:
        channels, scales = x.shape[1], scale.shape[0]  # type: ignore[index]
        equal(channels, scales, "the input has {} channels, but there are {} scales", channels, scales)


# ---------------------------------------------------------------------------------- over the batch
@op("BatchNormalization", since=14, buffers=("input_mean", "input_var"), dtypes=(0, 3, 4),
    kind="batch normalization", saves=("x", 1, 2))
def batch_normalization(x, scale, b, input_mean, input_var, *, epsilon=1e-5, momentum=0.9, training_mode=0):
    """``(x - mean) / √(var + epsilon) · scale + b`` for each channel; in training with the mean and variance
    of the batch, and then also the running ones."""
    return _batch_normalized(x, scale, (input_mean, input_var), training_mode)


@op("BatchNormalization", buffers=("mean", "var"), kind="batch normalization", saves=("x", 1, 2))
def batch_normalization_before_14(x, scale, b, mean, var, *, epsilon=1e-5, momentum=0.9, spatial=1, is_test=0,
                                  consumed_inputs=None):
    """``(x - mean) / √(var + epsilon) · scale + b`` for each channel; training asks for the running and the
    saved statistics as well."""
    return _batch_normalized(x, scale, (mean, var, mean, var), here.outputs > 1)


def _batch_normalized(x: TensorType, scale: TensorType, statistics: tuple[TensorType, ...],
                      training: int) -> Effect:
    _check_channels(x, scale)
    unit = NORMALIZE_AFFINE if training else Cost(add=1, mul=1)
    shape: Any = x.shape
    return Effect((_bare(x), *map(_bare, statistics)), lambda: unit.times(prod(shape)),
                  lambda k: _statistic_reads(x) if k else _batch_reads(x, scale, training))


def _batch_reads(x: TensorType, scale: TensorType, training: int) -> Reads:
    others: Container[int] = {*range(rank(x))} - {1} if training else ()
    return (_over(x, others), *(tuple(Along(axis) for axis in range(1, 1 + rank(scale))),) * 4)


def _statistic_reads(x: TensorType) -> Reads:
    old = (Along(0),)
    return tuple(Along(0) if axis == 1 else ALL for axis in range(rank(x))), None, None, old, old


# ---------------------------------------------------------------------------------- over space
@op("InstanceNormalization", kind="instance normalization", saves=("input",))
def instance_normalization(input, scale, b, *, epsilon=1e-5, consumed_inputs=None):
    """``(x - mean) / √(var + epsilon) · scale + b``, with mean and variance of a channel of one example."""
    _check_channels(input, scale)
    effect = result(input.shape, input, cost=lambda: NORMALIZE_AFFINE.times(prod(input.shape)),
                    reads=lambda _: (_over(input, range(2, rank(input))), (Along(1),), (Along(1),)))
    return effect._replace(statistics=_moments(input, input.shape[1], 3)) if ranked(input) else effect


@op("GroupNormalization", since=21, kind="group normalization", saves=("x",))
def group_normalization(x, scale, bias, *, num_groups, epsilon=1e-5, stash_type=1):
    """``(x - mean) / √(var + epsilon) · scale + bias``, with mean and variance of a group of channels."""
    _check_channels(x, scale)
    return _grouped(x, num_groups, Along(1))


@op("GroupNormalization", kind="group normalization", saves=("x",))
def group_normalization_before_21(x, scale, bias, *, num_groups, epsilon=1e-5):
    """``(x - mean) / √(var + epsilon) · scale + bias``, with one of each for every group of channels."""
    if ranked(scale):
        equal(scale.shape[0], num_groups, "there are {} scales for {} groups", scale.shape[0], num_groups)
    return _grouped(x, num_groups, Packed(((1, x.shape[1] // num_groups, num_groups, 1),)))


def _grouped(x: TensorType, groups: int, of_scale: Reader) -> Effect:
    shape: Any = x.shape
    channels = shape[1]
    whole = same(channels % groups, 0)
    require(whole, "{} channels cannot be split into {} equal groups", channels, groups)
    if whole is None:
        assume("divides", channels, groups)
    effect = result(shape, x, cost=lambda: NORMALIZE_AFFINE.times(prod(shape)), reads=lambda _: (
        (Along(0), _group(channels, groups), *(STATISTIC,) * (len(shape) - 2)), (of_scale,), (of_scale,)))
    return effect._replace(statistics=_moments(x, groups, 2))


def _moments(x: TensorType, groups: Size, count: int) -> tuple[TensorType, ...]:
    """For each group of channels of each example a mean and a deviation, and third its scale."""
    return (TensorType("float32", (x.shape[0], groups)),) * count  # type: ignore[index]


def _group(channels: Size, groups: int) -> Reader:
    """How a channel reads the others of its group."""
    size = channels // groups
    if groups == 1 or not isinstance(size, int) or size > CAP:
        return STATISTIC
    return Spread(1, size, (0,) * size, (size - 1,) * size)


# ---------------------------------------------------------------------------------- over the last axes
@op("LayerNormalization", dtypes=(0, "float32"), kind="layer normalization", saves=("x", 1, 2))
def layer_normalization(x, scale, b=None, *, axis=-1, epsilon=1e-5, stash_type=1):
    """``(x - mean) / √(var + epsilon) · scale + b`` over the axes from ``axis`` on; also the mean, and one by
    the deviation, as the type of ``stash_type``."""
    return _last_axes(x, scale, axis, x.dtype, (dtype_name(stash_type),) * 2, NORMALIZE_AFFINE)


@op("RMSNormalization", dtypes=(1,), kind="rms normalization")
def rms_normalization(x, scale, *, axis=-1, epsilon=1e-5, stash_type=1):
    """``x / √(mean(x²) + epsilon) · scale`` over the axes from ``axis`` on, as the type of the scale."""
    return _last_axes(x, scale, axis, scale.dtype, (), NORMALIZE_ROOT)


@op("SimplifiedLayerNormalization", dtypes=(1, "float32"), kind="rms normalization", saves=("x", 1))
def simplified_layer_normalization(x, scale, *, axis=-1, epsilon=1e-5, stash_type=1):
    """``x / √(mean(x²) + epsilon) · scale`` over the axes from ``axis`` on, as ONNX Runtime writes it; also
    one by the root."""
    return _last_axes(x, scale, axis, scale.dtype, (dtype_name(stash_type),), NORMALIZE_ROOT)


def _last_axes(x: TensorType, scale: TensorType, axis: int, dtype: str | None,
               statistics: tuple[str | None, ...], unit: Cost) -> Effect:
    place, shape = axis_of(axis, rank(x)), x.shape
    assert shape is not None
    if ranked(scale):
        broadcast_to(shape, scale.shape or (), "the scale")
    small = shape[:place] + (1,) * (len(shape) - place)
    return Effect((TensorType(dtype, shape), *(TensorType(kind, small) for kind in statistics)),
                  lambda: unit.times(prod(shape)), lambda k: _last_axes_reads(x, scale, place, k))


def _last_axes_reads(x: TensorType, scale: TensorType, place: int, output: int) -> Reads:
    if output:
        return tuple(ALL if axis >= place else Along(axis) for axis in range(rank(x))), None, None
    return (_over(x, range(place, rank(x))), *broadcast_reads(x.shape or (), scale.shape or ()) * 2)


# ---------------------------------------------------------------------------------- over chosen axes
@op("LpNormalization")
def lp_normalization(input, *, axis=-1, p=2):
    """``input`` divided by its ``p``-norm along ``axis``."""
    place = axis_of(axis, rank(input))
    return result(input.shape, input, reads=lambda _: (_over(input, (place,)),),
                  cost=lambda: Cost(add=1, mul=int(p == 2), cmp=int(p == 1), div=1).times(prod(input.shape)))


@op("MeanVarianceNormalization")
def mean_variance_normalization(x, *, axes=(0, 2, 3)):
    """``(x - mean) / √var``, with the mean and variance over ``axes``."""
    places = [axis_of(axis, rank(x)) for axis in axes]
    return result(x.shape, x, cost=lambda: NORMALIZE.times(prod(x.shape)),
                  reads=lambda _: (_over(x, places),))
