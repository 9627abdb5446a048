"""Matrix products of com.microsoft: fused with what stands around them, or of quantized matrices."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archcheck.dtypes import dtype_name
from archcheck.graph import TensorType
from archcheck.ops._fusion import activation_cost, also, ms, plus, reads_of, shape_of
from archcheck.ops._inputs import aligned, expect, reading, whole
from archcheck.ops._op import ALL, STATISTIC, Axes, Cost, Effect, Reader, rank, ranked, require
from archcheck.ops.linear import gemm, matrix_product
from archcheck.ops.pointwise import broadcast_to
from archcheck.ops.quantize import REQUANTIZE, dynamic_quantize_linear


# ---------------------------------------------------------------------------------- with transposed factors
@ms("FusedMatMul")
def fused_mat_mul(a, b, *, alpha=1.0, transA=0, transB=0, transBatchA=0, transBatchB=0):
    """``alpha · a · b`` over the last two axes; a factor may come with these two swapped, and with its first
    axis in the place of the last but one."""
    left, right = _turned(a, transA, transBatchA), _turned(b, transB, transBatchB)
    effect = matrix_product(_permuted(a, left), _permuted(b, right), a.dtype)
    return also(effect, lambda: Cost(mul=int(alpha != 1)), lambda k: tuple(
        _in_order(axes, readers) for axes, readers in zip((left, right), reads_of(effect, k))))


def _turned(kind: TensorType, swap: int, first_last: int) -> list[int]:
    """The axes of a factor, in the order of the product."""
    axes = list(range(rank(kind)))
    require(not first_last or len(axes) > 2, "a factor of {} axes has none but rows and columns", len(axes))
    if first_last:
        axes[:-1] = [*axes[1:-1], 0]
    if swap:
        axes[-2:] = axes[:-3:-1]
    return axes


def _permuted(kind: Any, axes: Sequence[int]) -> TensorType:
    return TensorType(kind.dtype, tuple([kind.shape[axis] for axis in axes]))


def _in_order(axes: Sequence[int], readers: Sequence[Reader]) -> Axes:
    """``readers`` of the permuted ``axes``, as the tensor has these."""
    return tuple([readers[axes.index(axis)] for axis in range(len(axes))])


@ms("TransposeMatMul")
def transpose_mat_mul(a, b, *, alpha=1.0, transA=0, transB=0):
    """``alpha · a · b`` over the last two axes, which may come swapped."""
    return fused_mat_mul(a, b, alpha=alpha, transA=transA, transB=transB)


@ms("FusedMatMulActivation")
def fused_mat_mul_activation(a, b, *, activation, activation_alpha=None, activation_beta=None,
                             activation_gamma=None, activation_axis=None, alpha=1.0, transA=0, transB=0,
                             transBatchA=0, transBatchB=0):
    """`FusedMatMul` and an activation function."""
    effect = fused_mat_mul(a, b, alpha=alpha, transA=transA, transB=transB, transBatchA=transBatchA,
                           transBatchB=transBatchB)
    return also(effect, lambda: activation_cost(activation))


@ms("SparseToDenseMatMul", dtypes=(1,))
def sparse_to_dense_mat_mul(a, b, *, alpha=1.0, transA=0, transB=0):
    """``alpha · a · b`` of a sparse and a dense matrix; how much there is to multiply only the data say."""
    effect = fused_mat_mul(a, b, alpha=alpha, transA=transA, transB=transB)
    return as_dtype(effect, b.dtype)._replace(cost=None)


# -------------------------------------------------------------------------------- with biases and activations
@ms("FusedGemm")
def fused_gemm(a, b, c=None, *, activation="", activation_alpha=None, activation_beta=None,
               activation_gamma=None, alpha=1.0, beta=1.0, transA=0, transB=0):
    """`Gemm` and an activation function."""
    return also(gemm(a, b, c, alpha=alpha, beta=beta, transA=transA, transB=transB),
                lambda: activation_cost(activation))


@ms("GemmFastGelu")
def gemm_fast_gelu(x, w, bias=None):
    """`FastGelu` of a matrix product and a bias."""
    effect = matrix_product(x, w, x.dtype)
    expect(bias, "the bias", *shape_of(effect)[-1:])
    return also(effect, lambda: activation_cost("FastGelu") + Cost(add=int(bias is not None)),
                lambda k: (*reads_of(effect), bias and reads_of(effect)[1][-1:]))


@ms("GemmFloat8", dtypes=("float32",))
def gemm_float8(a, b, c=None, scale_a=None, scale_b=None, scale_y=None, *, activation="", alpha=1.0,
                beta=0.0, dtype=1, transA=0, transB=0):
    """`Gemm` of 8-bit floating-point matrices, as ``dtype``."""
    effect = gemm(a, b, c, alpha=alpha, beta=beta, transA=transA, transB=transB)
    names = {"RELU": "Relu", "GELU": "Gelu"}
    return also(as_dtype(effect, dtype_name(dtype)), lambda: activation_cost(names.get(activation)),
                lambda k: (*reads_of(effect), *map(whole, (scale_a, scale_b, scale_y))))


# ---------------------------------------------------------------------------------- of integers
@ms("MatMulInteger16", dtypes=("int32",))
def mat_mul_integer16(a, b):
    """``a · b`` of 16-bit integers, summed in 32 bits."""
    return matrix_product(a, b, "int32")


@ms("MatMulIntegerToFloat", dtypes=(2,))
def mat_mul_integer_to_float(a, b, a_scale, b_scale, a_zero_point=None, b_zero_point=None, bias=None):
    """``(a - a_zero_point) · (b - b_zero_point) · a_scale · b_scale + bias`` of 8-bit integers."""
    return _rescaled(matrix_product(a, b, a_scale.dtype), bias, a_scale, b_scale, a_zero_point, b_zero_point)


@ms("DynamicQuantizeMatMul", dtypes=(0,))
def dynamic_quantize_mat_mul(a, b, b_scale, b_zero_point=None, bias=None):
    """``a · (b - b_zero_point) · b_scale + bias``, for which ``a`` is made 8-bit integers on the way."""
    effect = _rescaled(matrix_product(a, b, a.dtype), bias, b_scale, b_zero_point)
    more = plus(effect, dynamic_quantize_linear(a).cost)
    return more._replace(reads=lambda k: ((STATISTIC,) * (rank(a) - 1) + (ALL,), *reads_of(effect)[1:]))


def as_dtype(effect: Effect, dtype: str | None) -> Effect:
    """``effect`` with its first output as ``dtype``."""
    first, *others = effect.outputs
    return effect._replace(outputs=(first._replace(dtype=dtype), *others))


def _rescaled(effect: Effect, bias: Any, *scales: Any) -> Effect:
    """An integer product that is scaled, with a bias."""
    expect(bias, "the bias", *shape_of(effect)[-1:])
    return also(effect, lambda: Cost(mul=1, add=int(bias is not None)), lambda k: (
        *reads_of(effect), *map(whole, scales), bias and reads_of(effect)[1][-1:]))


@ms("QGemm", dtypes=(None,))
def q_gemm(a, a_scale, a_zero_point, b, b_scale, b_zero_point, c=None, y_scale=None, y_zero_point=None, *,
           alpha=1.0, transA=0, transB=0):
    """`Gemm` of 8-bit matrices; 8-bit as well where the zero point of the result is given, else float32."""
    effect = gemm(a, b, c, alpha=alpha, transA=transA, transB=transB)
    dtype, unit = ("float32", Cost(mul=1)) if y_zero_point is None else (y_zero_point.dtype, REQUANTIZE)
    kinds = a, a_scale, a_zero_point, b, b_scale, b_zero_point, c, y_scale, y_zero_point
    return also(as_dtype(effect, dtype), lambda: unit,
                lambda k: reading(dict(zip((0, 3, 6), reads_of(effect))), *kinds))


@ms("QOrderedMatMul")
def q_ordered_mat_mul(a, scale_a, b, scale_b, scale_y, bias=None, c=None, scale_c=None, *, order_A, order_B,
                      order_Y):
    """``a · b + bias + c`` of 8-bit matrices, quantized again."""
    effect = matrix_product(a, b, a.dtype)
    adds = Cost(add=(bias is not None) + (c is not None))
    shape = shape_of(effect)
    expect(bias, "the bias", *shape[-1:])
    if ranked(c):
        broadcast_to(shape, c.shape, "c")
    return also(effect, lambda: REQUANTIZE + adds, lambda k: reading(
        {**dict(zip((0, 2), reads_of(effect))), 5: aligned(shape, bias), 6: aligned(shape, c)},
        a, scale_a, b, scale_b, scale_y, bias, c, scale_c))
