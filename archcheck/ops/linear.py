"""Matrix products and determinants."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Union

from archcheck.dims import Size, prod
from archcheck.graph import Shape, TensorType
from archcheck.ops._op import (
    ALL,
    FREE,
    UNRANKED,
    Along,
    Cost,
    Effect,
    Reads,
    agreed,
    equal,
    op,
    rank,
    require,
    result,
    unknown_size,
)
from archcheck.ops.pointwise import broadcast_readers, broadcast_shapes, broadcast_to
from archcheck.ops.quantize import REQUANTIZE, parameter

Kinds = Sequence[Union[TensorType, None]]
_INNER = "the rows of a have {} elements, but b has {} rows"


@op("MatMul", kind="product", saves={"a": "b", "b": "a"})
def matmul(a, b):
    """The matrix product over the last two axes, as numpy has it: the axes before them broadcast, a vector
    is a row on the left and a column on the right."""
    return matrix_product(a, b, a.dtype or b.dtype)


@op("MatMulInteger", dtypes=("int32",), kind="product")
def matmul_integer(a, b, a_zero_point=None, b_zero_point=None):
    """``(a - a_zero_point) · (b - b_zero_point)`` of 8-bit integers, summed in 32 bits."""
    effect = matrix_product(a, b, "int32")
    return _with_scales(effect, (), (), (a_zero_point, b_zero_point))


@op("QLinearMatMul", dtypes=(7,))
def qlinear_matmul(a, a_scale, a_zero_point, b, b_scale, b_zero_point, y_scale, y_zero_point):
    """The matrix product of two quantized tensors, quantized again."""
    effect = matrix_product(a, b, y_zero_point.dtype, REQUANTIZE)
    return _with_scales(effect, (a_scale, a_zero_point), (b_scale, b_zero_point), (y_scale, y_zero_point))


def _with_scales(effect: Effect, of_a: Kinds, of_b: Kinds, others: Kinds) -> Effect:
    """``effect`` of two factors with scales and zero points among its inputs."""
    def reads(k: int) -> Reads:
        left, right = effect.reads(k)  # type: ignore[misc]
        return (left, *map(parameter, of_a), right, *map(parameter, of_b), *map(parameter, others))
    return effect._replace(reads=reads)


def matrix_product(a: TensorType, b: TensorType, dtype: str | None, per_output: Cost = FREE) -> Effect:
    """``a · b`` as `matmul` has it, as ``dtype``; ``per_output`` is done with each sum of products."""
    left: Any = a.shape
    right: Any = b.shape
    require(len(left) > 0 < len(right), "a scalar is no matrix: a has {} axes, b {}", len(left), len(right))
    inner, depth = left[-1], right[-2] if len(right) > 1 else right[0]
    inner = agreed(inner, depth, _INNER, inner, depth)
    batch = broadcast_shapes(left[:-2], right[:-2])
    shape = batch + left[-2:-1] + right[1:][-1:]
    return result(shape, dtype, cost=lambda: per_output._replace(mac=inner).times(prod(shape)),
                  reads=lambda _: _product_reads(batch, shape, left, right))


def _product_reads(batch: Shape, shape: Shape, left: Shape, right: Shape) -> Reads:
    over_left, over_right = broadcast_readers(batch, left[:-2]), broadcast_readers(batch, right[:-2])
    row = (Along(len(batch)), ALL)[-len(left[-2:]):]
    column = (ALL, Along(len(shape) - 1))[:len(right[-2:])]
    return (*over_left, *row), (*over_right, *column)


@op("Gemm", kind="product", saves={"a": "b", "b": "a"})
def gemm(a, b, c=None, *, alpha=1.0, beta=1.0, transA=0, transB=0, broadcast=0):
    """``alpha · a · b + beta · c`` of matrices, ``a`` or ``b`` transposed if so said; ``c`` broadcasts."""
    (rows, inner), (depth, columns) = _matrix(a, transA), _matrix(b, transB)
    inner = agreed(inner, depth, _INNER, inner, depth)
    shape = rows, columns
    if c is not None:
        broadcast_to(shape, c.shape, "c")
    per_output = Cost(add=int(c is not None), mul=(alpha != 1) + (c is not None and beta != 1))
    return result(shape, a.dtype or b.dtype, reads=lambda _: _gemm_reads(shape, transA, transB, c),
                  cost=lambda: per_output._replace(mac=inner).times(rows * columns))


def _gemm_reads(shape: Shape, transposed_a: int, transposed_b: int, c: Any) -> Reads:
    left, right = (Along(0), ALL), (ALL, Along(1))
    return (left[::-1] if transposed_a else left, right[::-1] if transposed_b else right,
            c and broadcast_readers(shape, c.shape))


def _matrix(kind: TensorType, transposed: int) -> tuple[Size, ...]:
    if kind.shape is UNRANKED:
        return unknown_size("the shape of a factor"), unknown_size("the shape of a factor")
    require(rank(kind) == 2, "a factor has {} axes, and only matrices can be multiplied", rank(kind))
    return kind.shape[::-1] if transposed else kind.shape  # type: ignore[index,return-value]


@op("Det")
def det(x):
    """The determinant of each square matrix in the last two axes."""
    *batch, n, columns = x.shape
    equal(n, columns, "a determinant is of a square matrix, not of {} × {}", n, columns)
    return result(batch, x, cost=lambda: _elimination(n).times(prod(batch)),
                  reads=lambda _: ((*map(Along, range(len(batch))), ALL, ALL),))


def _elimination(n: Size) -> Cost:
    """Gaussian elimination of ``n`` columns: below pivot ``k``, ``n - k`` quotients and the square of that in
    updates."""
    updates, quotients = (n - 1) * n * (2 * n - 1) // 6, (n - 1) * n // 2
    return Cost(mul=updates + n, add=updates, div=quotients)
