"""Element-wise operators of com.microsoft: activation functions, mostly fused with the sum before them."""
from __future__ import annotations

from typing import Any

from archcheck.dims import Size, ceildiv, prod
from archcheck.graph import TensorType
from archcheck.ops._fusion import activation_cost, also, ms, reads_of
from archcheck.ops._inputs import aligned, expect, part, untold, whole
from archcheck.ops._op import ALL, Along, Axes, Cost, Effect, axis_of, rank, ranked, result
from archcheck.ops.activations import dropout, gelu, swish
from archcheck.ops.pointwise import broadcast_to, each, pointwise, same_position
from archcheck.ops.views import identity

ms("SampleOp")(identity)


# ---------------------------------------------------------------------------------- activations
@ms("Gelu")
def gelu_of(x):
    """``x · Φ(x) = x/2 · (1 + erf(x/√2))``."""
    return gelu(x)


@ms("QuickGelu")
def quick_gelu(x, *, alpha=1.702):
    """``x · sigmoid(alpha · x)``."""
    return swish(x, alpha=alpha)


@ms("ScaledSiLU")
def scaled_silu(x, scale=None, *, alpha=1.0):
    """``s·x · sigmoid(s·x)``, where ``s`` is ``scale`` or else ``alpha``."""
    effect = each(x, add=1, mul=2, div=1, special=1)
    return effect._replace(reads=lambda k: (*reads_of(effect), whole(scale)))


@ms("FastGelu")
def fast_gelu(x, bias=None):
    """``gelu(x + bias)`` with its approximation by ``tanh``."""
    return _biased(x, bias, gelu(x, approximate="tanh"))


@ms("BiasGelu")
def bias_gelu(a, b):
    """``gelu(a + b)``, with one bias for each position of the last axis."""
    return _biased(a, b, gelu(a))


def _biased(x: Any, bias: Any, effect: Effect) -> Effect:
    """``effect`` of ``x`` after a bias is added to its last axis."""
    expect(bias, "the bias", x.shape[-1])
    adds = Cost(add=int(bias is not None))
    return also(effect, lambda: adds, lambda _: (*reads_of(effect), aligned(x.shape, bias)))


@ms("BiasAdd")
def bias_add(x, bias, skip):
    """``x + bias + skip``."""
    expect(bias, "the bias", x.shape[-1])
    return pointwise(None, (x, bias, skip), x.dtype, add=2)


@ms("BiasSplitGelu")
def bias_split_gelu(x, bias):
    """The first half of the last axis of ``x + bias``, times the gelu of the second half."""
    *outer, width = x.shape
    expect(bias, "the bias", width)
    half, last = part(width, 2, "the last axis"), len(outer)
    both = Along(last, taps=2, dilation=half) if isinstance(half, int) else ALL
    return result((*outer, half), x, cost=lambda: (activation_cost("Gelu") + Cost(add=2, mul=1)).times(
        prod(outer) * half), reads=lambda _: ((*same_position(x.shape[:-1]), both), (both,)))


@ms("BiasSoftmax")
def bias_softmax(data, bias, *, is_inner_broadcast, axis=1):
    """Softmax of ``data + bias`` over all axes from ``axis`` on."""
    if ranked(bias):
        broadcast_to(data.shape, bias.shape, "the bias")
    first = axis_of(axis, rank(data))
    return result(data.shape, data,
                  cost=lambda: (activation_cost("Softmax") + Cost(add=1)).times(prod(data.shape)),
                  reads=lambda _: (_whole_from(first, aligned(data.shape, data)),
                                   _whole_from(first, aligned(data.shape, bias))))


def _whole_from(first: int, axes: Axes | None) -> Axes | None:
    return axes and tuple(ALL if isinstance(axis, Along) and axis.axis >= first else axis for axis in axes)


# ---------------------------------------------------------------------------------- arithmetic
@ms("GatedAdd")
def gated_add(x, y, gate):
    """``x + y · gate``."""
    return pointwise(None, (x, y, gate), x.dtype, add=1, mul=1)


@ms("ComplexMul", "ComplexMulConj")
def complex_mul(a, b):
    """Complex numbers, real and imaginary parts in turns along the last axis, times others or their
    conjugates."""
    effect = pointwise(None, (a, b), a.dtype, add=1, mul=2)
    return effect._replace(reads=lambda _: tuple((*axes[:-1], ALL) for axes in reads_of(effect)))


@ms("IsAllFinite", dtypes=("bool",))
def is_all_finite(*inputs, isinf_only=0, isnan_only=0):
    """Whether no element of any input is infinite or not a number."""
    return result((), "bool", cost=lambda: Cost(cmp=2).times(sum((prod(kind.shape) for kind in inputs), 0)),
                  reads=lambda _: tuple(map(whole, inputs)))


# ---------------------------------------------------------------------------------- dropout
@ms("BitmaskDropout", dtypes=(0, "uint32"))
def bitmask_dropout(data, ratio=None, training_mode=None, *, seed=None):
    """`Dropout` whose mask has a bit an element."""
    effect = dropout(data, ratio, training_mode)
    return effect._replace(outputs=(effect.outputs[0], TensorType("uint32", (_words(data),))))


@ms("BiasDropout", dtypes=(0, "bool"))
def bias_dropout(data, bias, residual=None, ratio=None, training_mode=None, *, seed=None):
    """`Dropout` of ``data + bias``, plus ``residual``."""
    for kind, what in ((bias, "the bias"), (residual, "the residual")):
        if ranked(kind):
            broadcast_to(data.shape, kind.shape, what)
    effect, adds = dropout(data, ratio, training_mode), Cost(add=1 if residual is None else 2)
    summed = effect._replace(outputs=(untold(data), effect.outputs[1]), alias=None)
    return also(summed, lambda: adds, lambda k: (None,) * 5 if k else (
        same_position(data.shape), aligned(data.shape, bias), aligned(data.shape, residual), None, None))


@ms("BitmaskBiasDropout", dtypes=(0, "uint32"))
def bitmask_bias_dropout(data, bias, residual=None, ratio=None, training_mode=None, *, seed=None):
    """`BiasDropout` whose mask has a bit an element."""
    effect = bias_dropout(data, bias, residual, ratio, training_mode)
    return effect._replace(outputs=(effect.outputs[0], TensorType("uint32", (_words(data),))))


def _words(data: Any) -> Size:
    """How many words of 32 bits hold a bit for each element."""
    return ceildiv(prod(data.shape), 32)
