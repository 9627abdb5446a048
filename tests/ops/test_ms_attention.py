"""Attention of com.microsoft."""
from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from tests.ops._rows import row, rows_test

ms = partial(row, domain="com.microsoft")
NOT_EMPTY = {"B": 3}  # empty batches crash the runtime
NO_CPU = "only the CUDA provider runs it; its kernel's source says the shapes"


def i32(*values: Any) -> Any:
    """An int32 initializer."""
    return np.array(values, np.int32)


ROWS = [
    ms("Attention", "float32[B,S,6]", "float32[6,24]", "float32[24]", num_heads=2, out="float32[B, S, 8]"),
    ms("Attention", "float32[B,S,6]", "float32[6,28]", "float32[28]", num_heads=2,
       qkv_hidden_sizes=[8, 8, 12], out=["float32[B, S, 12]", "float32[2, B, 2, S, 6]"]),
    ms("Attention", "float32[B,S,6]", "float32[6,24]", "float32[24]", None, "float32[2,B,2,P,4]", num_heads=2,
       unidirectional=1, out=["float32[B, S, 8]", "float32[2, B, 2, P + S, 4]"]),
    ms("Attention", "float32[B,S,6]", "float32[6,24]", "float32[24]", "int32[B,S]", None, "float32[1,2,S,S]",
       num_heads=2, out="float32[B, S, 8]"),
    ms("Attention", "float32[B,S,6]", "float32[6,24]", "float32[24]", "int32[B,P + S]", "float32[2,B,2,P,4]",
       num_heads=2, out=["float32[B, S, 8]", "float32[2, B, 2, P + S, 4]"]),
    ms("Attention", "float32[B,S,6]", "float32[5,24]", "float32[24]", num_heads=2,
       fails="axis 0 of the weight is 5"),
    ms("Attention", "float32[B,S,6]", "float32[6,24]", "float32[24]", None, "float32[2,B,2,M,4]", None,
       i32(3), num_heads=2, past_present_share_buffer=1, out=["float32[B, S, 8]", "float32[2, B, 2, M, 4]"],
       oracle="published", why=NO_CPU),
    ms("DecoderMaskedSelfAttention", "float32[B,1,6]", "float32[6,24]", "float32[24]", None,
       "float32[2,B,2,M,4]", None, i32(3), num_heads=2, past_present_share_buffer=1, oracle="published",
       why=NO_CPU, out=["float32[B, 1, 8]", "float32[2, B, 2, M, 4]"]),
    ms("QAttention", "uint8[B,S,6]", "uint8[6,24]", "float32[24]", "float32[]", "float32[]", None, "uint8[]",
       "uint8[]", "float32[2,B,2,P,4]", num_heads=2, at=NOT_EMPTY,
       out=["float32[B, S, 8]", "float32[2, B, 2, P + S, 4]"]),
    ms("QAttention", "uint8[B,S,6]", "int8[6,24]", "float32[24]", "float32[]", "float32[24]", "int32[B]",
       "uint8[]", "int8[24]", num_heads=2, at=NOT_EMPTY, out="float32[B, S, 8]"),
    ms("QOrderedAttention", "int8[B,S,6]", *["float32[]"] * 4, *["int8[6,8]"] * 3, *["float32[]"] * 3,
       *["float32[8]"] * 3, *["float32[]"] * 3, num_heads=2, order_input=1, order_weight=0, order_output=1,
       out="int8[B, S, 8]", oracle="published", why=NO_CPU),

    ms("MultiHeadAttention", "float32[B,S,8]", "float32[B,T,8]", "float32[B,T,12]", num_heads=2,
       out=["float32[B, S, 12]", "float32[B, 2, T, 4]", "float32[B, 2, T, 6]"]),
    ms("MultiHeadAttention", "float32[B,S,8]", "float32[B,2,T,4]", "float32[B,2,T,4]", num_heads=2,
       out="float32[B, S, 8]"),
    ms("MultiHeadAttention", "float32[B,S,8]", "float32[B,T,8]", "float32[B,T,8]", "float32[24]", None, None,
       "float32[B,2,P,4]", "float32[B,2,P,4]", num_heads=2,
       out=["float32[B, S, 8]", "float32[B, 2, P + T, 4]", "float32[B, 2, P + T, 4]"]),
    ms("MultiHeadAttention", "float32[B,1,8]", "float32[B,1,8]", "float32[B,1,8]", None, None, None,
       "float32[B,2,M,4]", "float32[B,2,M,4]", i32(3), num_heads=2,
       out=["float32[B, 1, 8]", "float32[B, 2, M, 4]", "float32[B, 2, M, 4]"]),
    ms("MultiHeadAttention", "float32[B,S,2,3,4]", num_heads=2, out="float32[B, S, 8]", oracle="published",
       why="the CPU provider takes nothing packed"),
    ms("MultiHeadAttention", "float32[B,S,8]", "float32[B,T,2,2,4]", num_heads=2, out="float32[B, S, 8]",
       oracle="published", why="the CPU provider takes nothing packed"),
    ms("MultiHeadAttention", "float32[B,S,8]", "float32[B,T,8]", "float32[B,T,8]", None, None, None,
       "float32[B,2,P,4]", "float32[B,2,P,4]", num_heads=2,
       out=["float32[B, S, 8]", "float32[B, 2, P + T, 4]", "float32[B, 2, P + T, 4]",
            "float32[B, 2, S, P + T]"],
       oracle="published",
       why="the runtime cannot infer the dtype of the scores if the file does not say it"),
    ms("MultiHeadAttention", "float32[B,S,8]", "float32[B,T,6]", "float32[B,T,8]", num_heads=2,
       fails="axis 2 of the key is 6"),
    ms("DecoderMaskedMultiHeadAttention", *["float32[B,1,8]"] * 3, None, None, *["float32[B,2,M,4]"] * 2,
       i32(3), num_heads=2, past_present_share_buffer=1,
       out=["float32[B, 1, 8]", *["float32[B, 2, M, 4]"] * 2]),
    ms("DecoderMaskedMultiHeadAttention", "float32[B,1,8]", *["float32[B,2,T,4]"] * 2, num_heads=2,
       out="float32[B, 1, 8]"),
    ms("DecoderMaskedMultiHeadAttention", "float32[B,1,24]", None, None, None, None,
       *["float32[B,2,M,4]"] * 2, i32(3), num_heads=2, past_present_share_buffer=1,
       out=["float32[B, 1, 8]", *["float32[B, 2, M, 4]"] * 2],
       oracle="published", why="the CPU provider takes nothing packed"),

    *[ms("DecoderAttention", "float32[S,B,8]", "float32[T,B,8]", "float32[8,8]", "float32[8,16]",
         "float32[24]", None, *["float32[B,2,P,4]"] * 2,
         *[np.array(flag) for flag in (static, past, past, False)], num_heads=2, oracle="published",
         out=["float32[S, B, 8]", *[f"float32[B, 2, {length}, 4]"] * 2], why=NO_CPU)
      for static, past, length in [(False, False, "S"), (True, False, "T"), (False, True, "P + S"),
                                   (True, True, "P")]],
    ms("DecoderAttention", "float32[S,B,8]", "float32[T,B,8]", "float32[8,8]", "float32[8,16]",
       "float32[24]", None, *["float32[B,2,P,4]"] * 2, *["bool[1]"] * 4, num_heads=2,
       out=["float32[S, B, 8]", *["float32[B, 2, ?, 4]"] * 2], oracle="published", why=NO_CPU),
    ms("PackedAttention", "float32[T,6]", "float32[6,24]", "float32[24]", "int32[B,S]", "int32[B + 1]",
       num_heads=2, out="float32[T, 8]", oracle="published", why=NO_CPU),
    ms("PackedMultiHeadAttention", "float32[T,2,3,4]", None, None, None, "int32[B,S]", "int32[B + 1]",
       num_heads=2, out="float32[T, 8]", oracle="published", why=NO_CPU),
    ms("PackedMultiHeadAttention", "float32[T,8]", "float32[T,8]", "float32[T,6]", None, "int32[B,S]",
       "int32[B + 1]", num_heads=2, out="float32[T, 6]", oracle="published", why=NO_CPU),
    ms("LongformerAttention", "float32[B,S,8]", "float32[8,24]", "float32[24]", "float32[B,S]",
       "float32[8,24]", "float32[24]", "int32[B,S]", num_heads=2, window=2, out="float32[B, S, 8]",
       oracle="published", why=NO_CPU),
    ms("QOrderedLongformerAttention", "int8[B,S,8]", "float32[]", "int8[8,24]", "float32[]", "float32[24]",
       "float32[]", "float32[]", "float16[B,S]", "int8[8,24]", "float32[]", "float32[24]", "float32[]",
       "int32[B,S]", "float32[]", num_heads=2, window=2, order_input=1, order_weight=0,
       order_global_weight=0, order_output=1, out="int8[B, S, 8]", oracle="published", why=NO_CPU),
    ms("RelativePositionBias", "float32[32,2]", np.array(5), np.array(7), max_distance=9,
       out="float32[1, 2, 5, 7]", oracle="published", why=NO_CPU),
    ms("RelativePositionBias", "float32[32,2]", "int64[1]", "int64[1]", max_distance=9,
       out="float32[1, 2, ?, ?]", oracle="published", why=NO_CPU),
    ms("GatedRelativePositionBias", "float32[B,S,8]", "float32[8]", "float32[1,2,S,S]", "float32[4,6]",
       "float32[6]", "float32[1,2,1,1]", num_heads=2, out="float32[B, 2, S, S]", oracle="published",
       why=NO_CPU),
    ms("GatedRelativePositionBias", "float32[T,8]", "float32[8]", "float32[1,2,S,S]", "float32[4,6]",
       "float32[6]", "float32[1,2,1,1]", "int32[B,S]", num_heads=2, out="float32[B, 2, S, S]",
       oracle="published", why=NO_CPU),
]

test_rows = rows_test(ROWS)
