"""Sequence operators of com.microsoft beside attention."""
from __future__ import annotations

from functools import partial

import numpy as np

from tests.ops._rows import row, rows_test

ms = partial(row, domain="com.microsoft")
published = partial(ms, oracle="published", why="the CPU provider does not run it so")
linear = partial(ms, "LinearAttention", q_num_heads=4, kv_num_heads=2)
conv = partial(ms, "CausalConvWithState", "float32[B,C,L]", "float32[C,1,4]")
PACKED = "int32[B + 1]"

ROWS = [
    linear("float32[B,T,16]", "float32[B,T,8]", "float32[B,T,12]", update_rule="linear",
           out=["float32[B, T, 24]", "float32[B, 2, 4, 6]"]),
    linear("float32[B,T,16]", "float32[B,T,8]", "float32[B,T,12]", "float32[B,2,4,6]", "float32[B,T,8]",
           "float32[B,T,2]", out=["float32[B, T, 24]", "float32[B, 2, 4, 6]"]),
    ms("LinearAttention", "float32[B,T,8]", "float32[B,T,16]", "float32[B,T,24]", q_num_heads=2,
       kv_num_heads=4, update_rule="linear", out=["float32[B, T, 24]", "float32[B, 4, 4, 6]"]),
    published("LinearAttention", "float16[B,T,16]", "float16[B,T,8]", "float16[B,T,12]", "float32[3,B,2,4,6]",
              q_num_heads=4, kv_num_heads=2, state_window=3, update_rule="linear",
              out=["float16[B, T, 24]", "float32[3, B, 2, 4, 6]"]),
    linear("float32[B,T,16]", "float32[B,T,10]", "float32[B,T,12]", fails="axis 2 of the key is 10"),
    published("GatedDeltaNet", "float16[T,2,4]", "float16[T,2,4]", "float16[T,6,5]", PACKED, "float32[T,6]",
              "float32[T,6]", state_update_capacity=3,
              out=["float16[T, 6, 5]", "float32[B, 6, 5, 4]", "float32[B, 132]"]),
    published("GatedDeltaNet", "float16[T,46]", None, None, PACKED, None, None, "float32[B,6,5,4]",
              update_rule="delta", out=["float16[T, 6, 5]", "float32[B, 6, 5, 4]", "float32[B, 0]"]),
    published("GatedDeltaNet", "float16[B,T,2,4]", "float16[B,T,2,4]", "float16[B,T,6,5]", None, None, None,
              "float32[B,6,5,4]", update_rule="linear", out=["float16[B, T, 6, 5]", "float32[B, 6, 5, 4]"]),

    conv(out=["float32[B, C, L]", "float32[B, C, 3]"]),
    conv("float32[C]", "float32[B,C,6]", dilation=2, activation="silu", out=["float32[B, C, L]",
         "float32[B, C, 6]"]),
    ms("CausalConvWithState", "float32[B,L,C]", "float32[C,1,4]", channels_last=1,
       out=["float32[B, L, C]", "float32[B, 3, C]"]),
    published("CausalConvWithState", "float32[B,L,H,C]", "float32[H*C,1,4]", channels_last=1, state_window=2,
              out=["float32[B, L, H, C]", "float32[2, B, 3, H, C]"]),
    published("CausalConvWithState", "float32[B,C,H,W]", "float32[C,1,3,4]", ndim=2,
              out=["float32[B, C, H, W]", "float32[B, C, H, 3]"]),
    published("VarlenCausalConvWithState", "float32[T,C]", "float32[C,1,4]", PACKED, "float32[C]",
              "float32[B,C,6]", dilation=2, state_update_capacity=3, out=["float32[T, C]", "float32[B, C, 6]",
              "float32[B, 3, C]"]),

    ms("NGramHashMapping", "int64[B,T]", "int64[3]", "int64[4]", max_ngram_size=3, n_head_per_ngram=2,
       pad_id=0, out=["int64[B, T, 4]", "int64[B, 2]"]),
    ms("VarlenNGramHashMapping", "int64[T]", "int64[3]", "int64[4]", np.array([0, 2, 5], np.int32), None,
       None, None, "int32[T]", None, np.array([1, 1], np.int32), at=[{"T": 5}], max_ngram_size=3,
       n_head_per_ngram=2, pad_id=0, state_update_capacity=2, out=["int64[T, 4]", "int64[2, 2]",
       "int32[2, 2]", "int64[2, 2, 2]"]),

    ms("RotaryEmbedding", "float32[B,T,8]", "int64[B,T]", "float32[9,2]", "float32[9,2]",
       out="float32[B, T, 8]"),
    ms("RotaryEmbedding", "float32[B,2,T,4]", np.zeros(1, np.int64), "float32[19,2]", "float32[19,2]",
       out="float32[B, 2, T, 4]"),
    ms("RotaryEmbedding", "float32[B,T,16]", "int64[B,T]", "float32[9,2]", "float32[9,2]", num_heads=2,
       rotary_embedding_dim=4, out="float32[B, T, 16]"),
    ms("MRotaryEmbedding", "float32[B,T,16]", "int64[3,B,T]", "float32[9,4]", "float32[9,4]", num_heads=2,
       mrope_section=[2, 1, 1], out="float32[B, T, 16]"),
    published("GemmaRotaryEmbedding", "float32[B,T,4]", *["float16[B,2,T,4]"] * 4,
              out=["float16[B, 2, T, 4]"] * 2),
    published("RemovePadding", "float32[B,T,C]", "int32[B]",
              out=["float32[?, C]", "int32[B, T]", "int32[B + 1]", "int32[1]"]),
    published("RestorePadding", "float32[K,C]", "int32[B,T]", out="float32[B, T, C]"),
]

test_rows = rows_test(ROWS)
