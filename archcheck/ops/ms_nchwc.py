"""Convolution and pooling of com.microsoft.nchwc, which ONNX Runtime writes for CPUs: channels in blocks of 8
or 16.

Shapes are those of ONNX's operators, with as many channels as whole blocks have; only the order in memory
differs.
"""
from __future__ import annotations

from functools import partial
from typing import Any

from archcheck.dims import Size, ceildiv, same
from archcheck.graph import TensorType
from archcheck.ops import find
from archcheck.ops._op import FREE, Along, op, rank, require, result, unknown_size
from archcheck.ops.ms_windows import fused_conv
from archcheck.ops.windows import average_pool, global_average_pool, global_max_pool, max_pool

nchwc = partial(op, domain="com.microsoft.nchwc")

nchwc("Conv")(fused_conv)
nchwc("MaxPool")(max_pool)
nchwc("AveragePool")(average_pool)
nchwc("GlobalMaxPool")(global_max_pool)
nchwc("GlobalAveragePool")(global_average_pool)


@nchwc("ReorderInput")
def reorder_input(x, *, channels_last=0):
    """``x`` with its channels, the last axis if ``channels_last``, in blocks and before the spatial axes."""
    order = _order(x, channels_last)
    batch, channels, *spatial = (x.shape[axis] for axis in order)
    return result((batch, _blocked(channels), *spatial), x, cost=FREE,
                  reads=lambda _: (tuple(Along(order.index(axis)) for axis in range(len(order))),))


@nchwc("ReorderOutput")
def reorder_output(x, *, channels, channels_last=0):
    """The first ``channels`` of ``x`` out of their blocks, as the last axis if ``channels_last``."""
    order = _order(x, channels_last)
    shape = (x.shape[0], channels, *x.shape[2:])
    return result((shape[order.index(axis)] for axis in range(len(order))), x, cost=FREE,
                  reads=lambda _: (tuple(map(Along, order)),))


def _order(x: TensorType, last: int) -> list[int]:
    """Where batch, channels and space are when the channels are the ``last``, or the second axis."""
    axes = list(range(rank(x)))
    require(len(axes) > 1, "the input has {} axes, but needs a batch and channels", len(axes))
    return [0, axes[-1], *axes[1:-1]] if last else axes


def _blocked(channels: Size) -> Size:
    """How many channels whole blocks have, if blocks of 8 and of 16 have as many."""
    few, many = (ceildiv(channels, block) * block for block in (8, 16))
    return few if same(few, many) else unknown_size("how long blocks of channels are on the machine")


@nchwc("Upsample")
def upsample(x, *, scales, coordinate_transformation_mode="asymmetric", mode="nearest"):
    """`Resize` by whole factors."""
    resize: Any = find("", "Resize", None)
    factors = TensorType("float32", (len(scales),), tuple(map(float, scales)))
    effect = resize.function(x, None, factors, mode=mode, nearest_mode="floor",
                             coordinate_transformation_mode=coordinate_transformation_mode)
    return effect._replace(reads=lambda k: effect.reads(k)[:1])
