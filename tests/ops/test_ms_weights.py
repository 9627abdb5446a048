"""Operators of com.microsoft with weights of few bits, and mixtures of experts."""
from __future__ import annotations

from functools import partial

import numpy as np

from tests.ops._rows import row, rows_test

ms = partial(row, domain="com.microsoft")
published = partial(ms, oracle="published", why="the CPU provider does not run it")
bits = partial(ms, "MatMulNBits", K=33, N=5, block_size=32)
BITS = {"K": 32, "N": 5, "block_size": 32}
LAYER = "uint8[5,1,16]", "float32[5,1]"


def table(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """A weight in bytes."""
    return np.ones(shape, np.uint8)


ROWS = [
    bits("float32[B,M,33]", "uint8[5,2,16]", "float32[5,2]", out="float32[B, M, 5]"),
    bits("float32[33]", "uint8[5,2,16]", "float32[10]", out="float32[5]"),
    bits("float32[M,33]", "uint8[5,2,32]", "float32[5,2]", "uint8[5,2]", None, "float32[5]", bits=8,
         out="float32[M, 5]"),
    bits("float32[M,30]", "uint8[5,2,16]", "float32[5,2]", fails="rows of the input have 30 elements"),
    ms("MatMulBnb4", "float32[B,M,32]", "uint8[80]", "float32[5]", **BITS, quant_type=1,
       out="float32[B, M, 5]"),
    ms("MatMulBnb4", "float32[B,M,5]", "uint8[80]", "float32[5]", **BITS, quant_type=0, transB=0,
       out="float32[B, M, 32]", oracle="published", why="the runtime makes random numbers of it"),
    published("MatMulFpQ4", "float32[M,32]", "uint8[B]", np.array([32, 5]), out="float32[M, 5]"),
    published("MatMulBlockQuantizedFp8Weight", "float16[B,M,K]", "float8e4m3fn[N,K]", "float32[N,J]", None,
              "float16[N]", out="float16[B, M, N]"),
    published("MatMulBlockQuantizedFp4Weight", "float16[B,M,32]", "uint8[N,16]", "uint8[N,2]", "float32[]",
              out="float16[B, M, N]"),
    published("MatMulNBitsMlp", "float32[B,M,32]", "float32[B,M,32]", "float32[32]", *LAYER, "float32[5]",
              *LAYER, **BITS, activation="silu", out=["float32[B, M, 5]", "float32[B, M, 32]"]),
    published("MatMulNBitsQkv", "float32[B,M,32]", None, "float32[32]", *LAYER, None, *LAYER, None, *LAYER,
              None, K=32, Nq=5, Nkv=3, block_size=32,
              out=["float32[B, M, 5]", *["float32[B, M, 3]"] * 2, "float32[B, M, 32]"]),

    ms("GatherBlockQuantized", table(99, 16), "int64[N,S]", np.ones((99, 1), np.float32), block_size=32,
       out="float32[N, S, 32]"),
    ms("GatherBlockQuantized", table(99, 16), "int32[N]", np.ones((99, 1), np.float16), bits=8, block_size=16,
       out="float16[N, 16]"),
    ms("GatherBlockQuantized", table(99, 16), np.array(3), np.ones((99, 2), np.float32), table(99, 1),
       block_size=16, quantize_axis=-1, out="float32[32]"),

    ms("MoE", "float32[B,S,8]", "float32[B*S,4]", "float32[4,16,8]", None, "float32[4,8,16]", k=2,
       out="float32[B, S, 8]"),
    ms("MoE", "float32[T,8]", "float32[T,4]", "float32[4,32,8]", "float32[4,32]", "float32[4,8,16]",
       "float32[4,8]", k=2, activation_type="swiglu", swiglu_fusion=1, out="float32[T, 8]"),
    ms("QMoE", "float32[T,32]", "float32[T,4]", "uint8[4,64,16]", "float32[4,64]", None, "uint8[4,32,16]",
       "float32[4,32]", k=2, activation_type="swiglu", swiglu_fusion=1, out="float32[T, 32]"),
    ms("QMoE", "float32[T,32]", "float32[T,4]", "uint8[4,32,32]", "float32[4,32]", None, "uint8[4,32,32]",
       "float32[4,32]", k=1, expert_weight_bits=8, out="float32[T, 32]"),
]

test_rows = rows_test(ROWS)
