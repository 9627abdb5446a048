"""Operators of com.microsoft on tensors in general."""
from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from tests.ops._rows import row, rows_test

ms = partial(row, domain="com.microsoft")


def i64(*values: Any) -> Any:
    """An int64 initializer."""
    return np.array(values, np.int64)


TEXTS = np.array(["a bc d", "ef g"], object)

ROWS = [
    ms("ExpandDims", "float32[N,S]", np.array(-1, np.int32), out="float32[N, S, 1]"),
    ms("ExpandDims", "float32[N,S]", np.array([1], np.int32), out="float32[N, 1, S]"),
    ms("ExpandDims", i64(3, 5), np.array(0, np.int32), out="int64[1, 2]"),
    ms("UnfoldTensor", "float32[N,H]", size=3, step=2, at=[{"N": 2, "H": 9}, {"N": 3, "H": 4}],
       out="float32[N, (H - 1)//2, 3]"),
    ms("UnfoldTensor", "float32[9,C]", size=3, step=2, dim=0, out="float32[4, C, 3]"),
    ms("UnfoldTensor", "float32[9,C]", size=12, dim=0, fails="a window of 12 does not fit into 9"),
    ms("GatherND", "float32[N,3,C]", i64([0, 1], [1, 2]), out="float32[2, C]"),
    ms("TorchEmbedding", "float32[9,C]", "int64[N,S]", out="float32[N, S, C]", oracle="published",
       why="the CPU provider does not run it"),
    ms("Range", np.array(2), np.array(7), out="int64[5]"),
    ms("Range", i64(2), i64(9), i64(3), out="int64[3]"),
    ms("Range", "int64[]", np.array(9), data={0: np.array(4)}, out="int64[?]"),
    ms("Trilu", "float32[N,H,W]", np.array(1), upper=0, out="float32[N, H, W]"),
    ms("Unique", "float32[N]", out=["float32[?]", "int64[N]", "int64[?]"]),
    ms("Unique", np.array([2, 1, 1, 3, 4, 3], np.float32), out=["float32[4]", "int64[6]", "int64[4]"]),

    ms("Inverse", "float32[N,4,4]", out="float32[N, 4, 4]"),
    ms("Inverse", "float32[N,4,5]", fails="not of 4 × 5"),
    ms("CDist", "float32[M,6]", "float32[K,6]", metric="euclidean", out="float32[M, K]"),
    ms("DynamicTimeWarping", "float32[M,N]", at=[{"M": 4, "N": 5}, {"M": 7, "N": 2}], out="int32[2, ?]"),
    ms("DynamicTimeWarping", "float32[1,M,N]", at=[{"M": 4, "N": 5}], out="int32[2, ?]"),

    ms("MurmurHash3", "int32[N,S]", out="uint32[N, S]"),
    ms("MurmurHash3", "int64[N]", positive=0, seed=3, out="int32[N]"),
    ms("NGramRepeatBlock", "int64[N,S]", "float32[N,9]", ngram_size=3, at=[{"N": 2, "S": 5}],
       out="float32[N, 9]"),
    ms("BifurcationDetector", "int64[S]", "int64[C]", np.array(0), at=[{"S": 7, "C": 2}],
       out=["int64[C]", "int64[]"]),
    ms("BifurcationDetector", "int64[S]", "int64[C]", np.array(0), "int64[P]", at=[{"S": 7, "C": 1, "P": 8}],
       data={0: i64(1, 5, 3, 4, 2, 5, 4), 1: i64(2), 3: i64(1, 5, 3, 4, 2, 5, 4, 4)}, out=["int64[?]",
       "int64[]"]),
    ms("Tokenizer", "string[2]", data={0: TEXTS}, mark=0, mincharnum=1, pad_value="#", separators=[" "],
       out="string[2, ?]"),
    ms("Tokenizer", "string[1,2]", data={0: TEXTS[None]}, mark=1, mincharnum=1, pad_value="#",
       tokenexp="[a-c]", out="string[1, 2, ?]"),
    ms("Tokenizer", "string[3,0]", mark=1, mincharnum=1, pad_value="#", separators=[" "], out="string[3, 0]"),
    ms("WordConvEmbedding", "int32[N,S,9]", "float32[7,1,2,4]", "float32[7]", "float32[9,4]",
       out="float32[N, 7]", at={"N": 2}),
]

test_rows = rows_test(ROWS)
