"""Matrix products of com.microsoft."""
from __future__ import annotations

from functools import partial

from tests.ops._rows import row, rows_test

ms = partial(row, domain="com.microsoft")
fused = partial(ms, "FusedMatMul")
published = partial(ms, oracle="published", why="the CPU provider does not run it")
SCALE, ZERO = "float32[]", "uint8[]"

ROWS = [
    fused("float32[B,M,K]", "float32[B,K,N]", alpha=0.5, out="float32[B, M, N]"),
    fused("float32[B,K,M]", "float32[B,N,K]", transA=1, transB=1, out="float32[B, M, N]"),
    fused("float32[B,K,M]", "float32[K,N]", transA=1, out="float32[B, M, N]"),
    fused("float32[M,B,C,K]", "float32[B,C,K,N]", transBatchA=1, out="float32[B, C, M, N]"),
    fused("float32[K,B,C,M]", "float32[B,C,K,N]", transBatchA=1, transA=1, out="float32[B, C, M, N]"),
    fused("float32[B,M,K]", "float32[N,B,K]", transBatchB=1, transB=1, out="float32[B, M, N]"),
    fused("float32[K]", "float32[K,N]", transA=1, out="float32[N]"),
    fused("float32[M,K]", "float32[K]", transB=1, out="float32[M]"),
    fused("float32[1,5,M,3]", "float32[6,1,3,N]", out="float32[6, 5, M, N]"),
    fused("float32[M,3]", "float32[4,N]", fails="3 elements, but b has 4 rows"),
    ms("TransposeMatMul", "float32[K,M]", "float32[K,N]", transA=1, out="float32[M, N]"),
    published("FusedMatMulActivation", "float32[B,M,K]", "float32[B,N,K]", transB=1, activation="Relu",
              out="float32[B, M, N]"),
    published("SparseToDenseMatMul", "float32[M,K]", "float32[K,N]", out="float32[M, N]"),

    ms("FusedGemm", "float32[K,M]", "float32[N,K]", "float32[N]", transA=1, transB=1, activation="Relu",
       out="float32[M, N]"),
    ms("FusedGemm", "float32[M,K]", "float32[K,N]", activation="LeakyRelu", activation_alpha=0.1,
       out="float32[M, N]"),
    published("GemmFastGelu", "float32[B,M,K]", "float32[K,N]", "float32[N]", out="float32[B, M, N]"),
    published("GemmFloat8", "float8e4m3fn[M,K]", "float8e4m3fn[N,K]", None, SCALE, SCALE, SCALE, transB=1,
              dtype=10, activation="GELU", out="float16[M, N]"),

    ms("MatMulInteger16", "int16[B,M,K]", "int16[K,N]", out="int32[B, M, N]"),
    ms("MatMulIntegerToFloat", "uint8[B,M,K]", "int8[K,N]", SCALE, SCALE, ZERO, "int8[]", "float32[N]",
       out="float32[B, M, N]"),
    ms("MatMulIntegerToFloat", "int8[M,K]", "int8[K,N]", SCALE, "float32[N]", out="float32[M, N]"),
    ms("DynamicQuantizeMatMul", "float32[B,M,K]", "uint8[K,N]", SCALE, ZERO, "float32[N]",
       out="float32[B, M, N]"),
    ms("DynamicQuantizeMatMul", "float32[M,K]", "int8[K,N]", "float32[N]", out="float32[M, N]"),
    ms("QGemm", "uint8[M,K]", SCALE, ZERO, "int8[K,N]", SCALE, "int8[]", out="float32[M, N]"),
    ms("QGemm", "int8[M,K]", SCALE, "int8[]", "int8[N,K]", SCALE, "int8[]", "int32[N]", SCALE, "int8[]",
       transB=1, out="int8[M, N]"),
    ms("QGemm", "uint8[K,M]", SCALE, ZERO, "uint8[K,N]", SCALE, ZERO, None, SCALE, ZERO, transA=1,
       out="uint8[M, N]"),
    published("QOrderedMatMul", "int8[B,M,K]", SCALE, "int8[K,N]", "float32[N]", SCALE, "float32[N]",
              order_A=1, order_B=0, order_Y=1, out="int8[B, M, N]"),
]

test_rows = rows_test(ROWS)
