"""Normalization of com.microsoft."""
from __future__ import annotations

from functools import partial

from tests.ops._rows import row, rows_test

ms = partial(row, domain="com.microsoft")
published = partial(ms, oracle="published", why="the CPU provider does not run it")
X, V = "float32[B,S,6]", "float32[6]"
Y, STATISTIC = "float32[B, S, 6]", "float32[B, S, 1]"
WIDE = "float32[B,S,C,6]"

ROWS = [
    ms("SkipLayerNormalization", X, X, V, V, V, out=[Y, STATISTIC, STATISTIC, Y]),
    ms("SkipLayerNormalization", X, X, V, out=[Y, None, None, Y]),
    ms("SkipLayerNormalization", X, "float32[S,6]", V, V, out=Y),
    ms("SkipLayerNormalization", X, "float32[1,S,6]", V, V, out=Y),
    ms("SkipLayerNormalization", "float16[T,6]", "float16[T,6]", "float16[6]",
       out=["float16[T, 6]", None, None, "float16[T, 6]"]),
    ms("SkipLayerNormalization", X, X, "float32[5]", fails="a vector of weights is 5"),
    ms("SkipSimplifiedLayerNormalization", X, X, V, V, out=[Y, STATISTIC, STATISTIC, Y]),
    ms("SkipSimplifiedLayerNormalization", X, "float32[S,6]", V, out=[Y, None, None, Y]),
    published("LayerNormalization", X, V, V, out=[Y, STATISTIC, STATISTIC]),
    published("SimplifiedLayerNormalization", X, V, out=[Y, STATISTIC]),
    published("QOrderedLayerNormalization", "int8[B,S,6]", "float32[]", V, V, "float32[]",
              out="int8[B, S, 6]"),

    ms("EmbedLayerNormalization", *["int32[B,S]"] * 2, "float32[9,6]", "float32[19,6]", "float32[5,6]", V, V,
       out=[Y, "int32[B]"]),
    ms("EmbedLayerNormalization", "int32[B,S]", None, "float32[9,6]", "float32[19,6]", None, V, V,
       "int32[B,S]", "int32[1,S]", out=[Y, "int32[B]", Y]),
    ms("EmbedLayerNormalization", "int32[B,S]", None, "float32[9,6]", "float32[19,6]", None, V, V,
       out=[Y, None, Y]),
    ms("EmbedLayerNormalization", "int32[B,S]", None, "float32[9,6]", "float32[19,5]", None, V, V,
       fails="axis 1 of a table is 5"),
    ms("QEmbedLayerNormalization", *["int32[B,S]"] * 2, "uint8[9,6]", "uint8[19,6]", "uint8[5,6]", "uint8[6]",
       "uint8[6]", "int32[B,S]", *["float32[]"] * 5, *["uint8[]"] * 5, out=[Y, "int32[B]"]),

    published("GroupNorm", "float16[N,H,W,8]", "float32[8]", "float32[8]", groups=2, activation=1,
              out="float16[N, H, W, 8]"),
    published("SkipGroupNorm", "float16[N,H,W,8]", "float32[8]", "float32[8]", "float16[N,8]", "float16[8]",
              groups=2, activation=1, out=["float16[N, H, W, 8]"] * 2),
    published("SkipGroupNorm", "float16[N,8,H,W]", "float32[8]", "float32[8]", "float16[N,8,H,W]", groups=2,
              channels_last=0, activation=0, out=["float16[N, 8, H, W]"] * 2),

    ms("GatedRMSNorm", "float32[B,S,12]", V, "float32[B,S,12]", out="float32[B, S, 12]"),
    ms("GatedRMSNorm", "float32[B,S,12]", "float32[5]", "float32[B,S,12]",
       fails="12, which is no multiple of 5"),
    ms("BranchwiseRMSNorm", "float32[B,S,12]", V, num_branches=2, out="float32[B, S, 12]"),
    ms("BranchwiseRMSNorm", WIDE, "float32[C,6]", out="float32[B, S, C, 6]"),
    ms("EngramGate", WIDE, WIDE, X, *["float32[C,6]"] * 3, out=["float32[B, S, C, 6]"] * 2),
    ms("EngramGate", WIDE, WIDE, X, *["float32[C,6]"] * 2, out="float32[B, S, C, 6]"),
    ms("LinearAttentionGate", X, V, V, X, out=[Y, Y]),
    ms("LinearAttentionGate", X, V, V, out=Y),
    ms("HyperConnectionPreMix", WIDE, "float32[B,S,C]", out=Y),
    ms("HyperConnectionPreMix", "float32[B,S,12]", "float32[B,S,12]", num_branches=2, out=Y),
    ms("HyperConnectionPostMix", WIDE, X, "float32[B,S,C]", "float32[B,S,C,C]", out="float32[B, S, C, 6]"),
    ms("HyperConnectionPostMix", "float32[B,S,12]", X, "float32[B,S,2]", num_branches=2,
       out="float32[B, S, 12]"),
]

test_rows = rows_test(ROWS)
