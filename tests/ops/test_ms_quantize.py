"""Quantized operators of com.microsoft."""
from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from tests.ops._rows import row, rows_test

ms = partial(row, domain="com.microsoft")
published = partial(ms, oracle="published", why="the CPU provider does not run it")
SCALE, ZERO, SIGNED = "float32[]", "uint8[]", "int8[]"
FIXED = np.array(0.1, np.float32), np.array(3, np.uint8)
SMALL = np.array(0.1, np.float32), np.array(0, np.uint8)

ROWS = [
    ms("QuantizeLinear", "float32[N,C]", SCALE, ZERO, out="uint8[N, C]"),
    ms("QuantizeLinear", "float32[N,C]", SCALE, out="uint8[N, C]"),
    ms("QuantizeLinear", "float32[N,C]", "float32[C]", "int8[C]", axis=1, out="int8[N, C]"),
    ms("QuantizeLinear", "float32[N,C]", SCALE, "int16[]", out="int16[N, C]"),
    ms("DequantizeLinear", "uint8[N,C]", SCALE, ZERO, out="float32[N, C]"),
    ms("DequantizeLinear", "int32[N,C]", SCALE, out="float32[N, C]"),

    ms("QLinearAdd", "uint8[N,C]", SCALE, ZERO, "uint8[C]", SCALE, ZERO, SCALE, ZERO, out="uint8[N, C]"),
    ms("QLinearMul", "int8[N,1]", SCALE, SIGNED, "int8[C]", SCALE, SIGNED, SCALE, SIGNED, out="int8[N, C]"),
    published("MulInteger", "uint8[N,1]", ZERO, "uint8[C]", ZERO, out="int32[N, C]"),
    ms("QLinearWhere", "bool[N,1]", "uint8[1,C]", SCALE, ZERO, "uint8[C]", SCALE, ZERO, SCALE, ZERO,
       out="uint8[N, C]"),
    ms("QLinearSigmoid", "uint8[N,C]", *FIXED, *FIXED, out="uint8[N, C]"),
    ms("QLinearLeakyRelu", "uint8[N,C]", *FIXED, *FIXED, alpha=0.2, out="uint8[N, C]"),
    *[replace(ms("QLinearSoftmax", "uint8[N,C,D]", *FIXED, *SMALL, out="uint8[N, C, D]"),
              attrs={"axis": 1, "opset": opset}) for opset in (11, 13)],
    published("QOrderedGelu", "int8[N,C]", SCALE, SCALE, out="int8[N, C]"),

    published("QLinearReduceMean", "uint8[N,C,D]", SCALE, ZERO, SCALE, ZERO, axes=[-1], keepdims=1,
              out="uint8[N, C, 1]"),
    published("QLinearReduceMean", "int8[N,C,D]", SCALE, SIGNED, SCALE, SIGNED, axes=[1, 2], keepdims=0,
              out="int8[N]"),
    published("ReduceSumInteger", "int8[N,C]", axes=[1], keepdims=1, out="int32[N, 1]"),
    ms("QLinearConcat", SCALE, ZERO, "uint8[N,C]", SCALE, ZERO, "uint8[M,C]", SCALE, ZERO, axis=0,
       out="uint8[M + N, C]"),
    ms("QLinearConcat", SCALE, SIGNED, "int8[N,C]", SCALE, SIGNED, "int8[N,D]", SCALE, SIGNED, axis=-1,
       out="int8[N, C + D]"),

    published("QuantizeWithOrder", "float32[N,C]", SCALE, order_input=1, order_output=2, out="int8[N, C]"),
    published("DequantizeWithOrder", "int8[N,C]", SCALE, order_input=1, order_output=2, to=10,
              out="float16[N, C]"),
    published("QuantizeBFP", "float32[N,C]", bfp_type=0, out=["uint8[?]", "int64[2]", "int64[2]"]),
    published("DequantizeBFP", "uint8[N]", np.array([3, 5]), np.array([5, 1]), bfp_type=0, dtype=16,
              out="bfloat16[3, 5]"),
]

test_rows = rows_test(ROWS)
