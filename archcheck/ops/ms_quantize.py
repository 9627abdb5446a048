"""Quantized operators of com.microsoft: 8-bit integers in and out, each tensor with its scale and zero
point."""
from __future__ import annotations

from typing import Any

from archcheck.dims import prod
from archcheck.dtypes import dtype_name
from archcheck.graph import TensorType
from archcheck.ops import find
from archcheck.ops._fusion import also, ms, plus, reads_of, shape_of
from archcheck.ops._inputs import reading, untold, whole
from archcheck.ops._op import STATISTIC, Cost, Effect, counted_size, rank, result
from archcheck.ops.layout import concat
from archcheck.ops.pointwise import each_as, pointwise, same_position
from archcheck.ops.quantize import REQUANTIZE, dequantize_linear, quantize_linear
from archcheck.values import sizes

DEQUANTIZE = Cost(add=1, mul=1)


def _onnx(name: str, opset: int | None = None) -> Any:
    """ONNX's operator ``name`` as it was at ``opset``."""
    found = find("", name, opset)
    return found and found.function


ms("QuantizeLinear", dtypes=(2,))(quantize_linear)
ms("DequantizeLinear", dtypes=(1,))(dequantize_linear)


# ---------------------------------------------------------------------------------- element by element
@ms("QLinearAdd", "QLinearMul")
def q_linear_arithmetic(a, a_scale, a_zero_point=None, b=None, b_scale=None, b_zero_point=None, c_scale=None,
                        c_zero_point=None):
    """Sum or product of two broadcast tensors of 8-bit integers."""
    effect = pointwise(None, (a, b), a.dtype, add=1)
    return also(effect, lambda: DEQUANTIZE.times(2) + REQUANTIZE, lambda _: reading(
        dict(zip((0, 3), reads_of(effect))), a, a_scale, a_zero_point, b, b_scale, b_zero_point, c_scale,
        c_zero_point))


@ms("MulInteger", dtypes=("int32",))
def mul_integer(a, a_zero_point, b, b_zero_point=None):
    """``(a - a_zero_point) · (b - b_zero_point)`` of 8-bit integers, as int32."""
    zeros = (a_zero_point is not None) + (b_zero_point is not None)
    effect = pointwise(None, (a, b), "int32", STATISTIC, mul=1, add=zeros)
    return effect._replace(reads=lambda _: reading(
        dict(zip((0, 2), reads_of(effect))), a, a_zero_point, b, b_zero_point))


@ms("QLinearWhere", dtypes=(1,))
def q_linear_where(condition, x, x_scale, x_zero_point, y, y_scale, y_zero_point, z_scale, z_zero_point):
    """``x`` where the condition is true, else ``y``, both scaled anew."""
    effect = pointwise(None, (condition, x, y), x.dtype, STATISTIC, cmp=1)
    kinds = condition, x, x_scale, x_zero_point, y, y_scale, y_zero_point, z_scale, z_zero_point
    return also(effect, lambda: DEQUANTIZE + REQUANTIZE, lambda _: reading(
        dict(zip((0, 1, 4), reads_of(effect))), *kinds))


@ms("QLinearSigmoid")
def q_linear_sigmoid(x, x_scale, x_zero_point=None, y_scale=None, y_zero_point=None):
    """`Sigmoid` of 8-bit integers."""
    return _requantized(_onnx("Sigmoid")(untold(x)), x, x_scale, x_zero_point, y_scale,
                        y_zero_point)


@ms("QLinearLeakyRelu")
def q_linear_leaky_relu(x, x_scale, x_zero_point=None, y_scale=None, y_zero_point=None, *, alpha=0.01):
    """`LeakyRelu` of 8-bit integers."""
    return _requantized(_onnx("LeakyRelu")(untold(x)), x, x_scale, x_zero_point, y_scale,
                        y_zero_point)


@ms("QLinearSoftmax")
def q_linear_softmax(x, x_scale, x_zero_point, y_scale, y_zero_point, *, opset, axis=-1):
    """`Softmax` of 8-bit integers, as it was at ``opset``."""
    effect = _onnx("Softmax", opset)(untold(x), axis=axis)
    return _requantized(effect, x, x_scale, x_zero_point, y_scale, y_zero_point)


@ms("QOrderedGelu")
def q_ordered_gelu(x, scale_x, scale_y, *, order_X=None, order_Y=None):
    """`Gelu` of 8-bit integers."""
    return _requantized(_onnx("Gelu")(untold(x)), x, scale_x, scale_y)


# ---------------------------------------------------------------------------------- over axes
@ms("QLinearReduceMean")
def q_linear_reduce_mean(data, data_scale, data_zero_point=None, reduced_scale=None, reduced_zero_point=None,
                         *, axes, keepdims):
    """`ReduceMean` of 8-bit integers."""
    effect = _onnx("ReduceMean", 13)(untold(data), axes=axes, keepdims=keepdims)
    return _requantized(effect, data, data_scale, data_zero_point, reduced_scale, reduced_zero_point)


@ms("ReduceSumInteger", dtypes=(None,))
def reduce_sum_integer(data, *, axes, keepdims):
    """`ReduceSum` of 8-bit integers in 32 bits."""
    effect = _onnx("ReduceSum", 11)(untold(data), axes=axes, keepdims=keepdims)
    return effect._replace(outputs=(TensorType("uint32" if data.dtype == "uint8" else "int32",
                                               shape_of(effect)),))


@ms("QLinearConcat", dtypes=(1,))
def q_linear_concat(y_scale, y_zero_point, *inputs, axis):
    """`Concat` of 8-bit integers; the inputs are tensors, each with its scale and its zero point behind
    it."""
    effect = concat(*map(untold, inputs[::3]), axis=axis)
    output = TensorType(y_zero_point.dtype, shape_of(effect))
    return also(effect._replace(outputs=(output,)), lambda: DEQUANTIZE + REQUANTIZE, lambda _: reading(
        {2 + 3 * k: axes for k, axes in enumerate(reads_of(effect))}, y_scale, y_zero_point, *inputs))


def _requantized(effect: Effect, x: TensorType, *parameters: TensorType | None) -> Effect:
    """``effect`` of ``x``, made floating-point before and 8-bit integers after it."""
    made = plus(effect, lambda: DEQUANTIZE.times(prod(x.shape or ())))
    return also(made, lambda: REQUANTIZE, lambda _: reading({0: reads_of(effect)[0]}, x, *parameters))


# -------------------------------------------------------------------------------- other forms of quantization
@ms("QuantizeWithOrder", dtypes=("int8",))
def quantize_with_order(input, scale_input, *, order_input, order_output):
    """8-bit integers in another order of memory."""
    return each_as("int8", input, None, div=1, cmp=3)._replace(reads=lambda _: reading(
        {0: same_position(input.shape)}, input, scale_input))


@ms("DequantizeWithOrder", dtypes=(None,))
def dequantize_with_order(input, scale_input, *, order_input, order_output, to):
    """8-bit integers as floating-point numbers, in another order of memory."""
    return each_as(dtype_name(to), input, None, mul=1)._replace(reads=lambda _: reading(
        {0: same_position(input.shape)}, input, scale_input))


@ms("QuantizeBFP", dtypes=("uint8", "int64", "int64"))
def quantize_bfp(x, *, bfp_type, block_dim=-1):
    """Numbers that share exponents by blocks, as bytes; also the shape of ``x``, and how many elements one
    step along each axis skips."""
    shape = tuple(x.shape)
    steps = tuple([prod(shape[axis + 1:]) for axis in range(len(shape))])
    return Effect((TensorType("uint8", (counted_size(),)), TensorType("int64", (rank(x),), shape),
                   TensorType("int64", (rank(x),), steps)), None, lambda k: (None if k else whole(x),))


@ms("DequantizeBFP", dtypes=(None,))
def dequantize_bfp(x, shape, strides, *, bfp_type, block_dim=-1, dtype=1):
    """The numbers that `QuantizeBFP` made bytes of, as ``dtype``."""
    return result(sizes(shape, "the shape"), dtype_name(dtype), reads=lambda _: (whole(x), None, None))
