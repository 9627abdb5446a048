"""Element-wise operators of com.microsoft."""
from __future__ import annotations

from functools import partial

import numpy as np

from tests.ops._rows import row, rows_test

ms = partial(row, domain="com.microsoft")
published = partial(ms, oracle="published", why="the CPU provider does not run it")
X, V, Y = "float32[N,S,6]", "float32[6]", "float32[N, S, 6]"

ROWS = [
    *[ms(op, X, out=Y) for op in ("Gelu", "QuickGelu", "FastGelu", "ScaledSiLU", "SampleOp")],
    ms("QuickGelu", X, alpha=1.0, out=Y),
    ms("ScaledSiLU", X, "float32[]", out=Y),
    ms("FastGelu", X, V, out=Y),
    ms("BiasGelu", X, V, out=Y),
    ms("BiasGelu", X, "float32[5]", fails="axis 0 of the bias is 5"),
    ms("GatedAdd", X, X, "float32[N,S,1]", out=Y),

    published("BiasAdd", X, V, X, out=Y),
    published("BiasSplitGelu", X, V, out="float32[N, S, 3]"),
    published("BiasSoftmax", X, "float32[N,1,6]", axis=2, is_inner_broadcast=1, out=Y),
    published("ComplexMul", X, X, out=Y),
    published("ComplexMulConj", X, "float32[1,S,6]", out=Y),
    published("IsAllFinite", X, V, out="bool[]"),
    published("BiasDropout", X, V, X, out=[Y, "bool[N, S, 6]"]),
    published("BiasDropout", X, V, None, np.array(0.5, np.float32), np.array(True), out=[Y, "bool[N, S, 6]"]),
    published("BitmaskDropout", X, out=[Y, "uint32[(3*N*S + 15)//16]"]),
    published("BitmaskBiasDropout", X, V, out=[Y, "uint32[(3*N*S + 15)//16]"]),
]

test_rows = rows_test(ROWS)
