"""Fourier transforms, windows and mel filters, against ONNX Runtime and the reference evaluator."""
from __future__ import annotations

import numpy as np

from archcheck.dims import is_known, symbol
from archcheck.graph import TensorType
from tests.ops._nodes import answer, scalar
from tests.ops._rows import row, rows_test


def i64(number):
    return np.array(number, np.int64)


ROWS = [
    row("DFT", "float32[N,L,M,1]", opset=17, out="float32[N, L, M, 2]"),
    row("DFT", "float32[N,L,M,2]", opset=17, axis=2, inverse=1, out="float32[N, L, M, 2]"),
    row("DFT", "float32[N,L,1]", opset=17, onesided=1, out="float32[N, L//2 + 1, 2]"),
    row("DFT", "float32[N,L,M,1]", i64(8), opset=17, axis=-2, onesided=1, out="float32[N, L, 5, 2]"),
    row("DFT", "float32[N,L,1]", i64(12), opset=17, out="float32[N, 12, 2]"),
    row("DFT", "float32[N,L,2]", opset=17, inverse=1, onesided=1, out="float32[N, 2*L - 2, 1]", at=[{"N": 5, "L": 7}, {"N": 2, "L": 6}]),
    row("DFT", "float32[N,L,M,1]", out="float32[N, L, M, 2]", opset=20),
    row("DFT", "float32[N,L,M,1]", None, i64(1), onesided=1, opset=20, out="float32[N, L//2 + 1, M, 2]"),
    row("DFT", "float32[N,L,2]", i64(7), i64(-2), inverse=1, onesided=1, opset=20, out="float32[N, 7, 1]"),
    row("DFT", "float32[N,L,M,1]", None, "int64[]", out="float32[N, L, M, 2]", opset=20, data={2: i64(1)}),
    row("DFT", "float32[N,L,M,1]", None, "int64[]", onesided=1, out="float32[?, ?, ?, 2]", opset=20, data={2: i64(1)}),
    row("DFT", "float32[N,L,1]", "int64[]", out="float32[N, ?, 2]", opset=20, data={1: i64(6)}),
    row("DFT", "float32[2,8,1]", None, i64(2), opset=20, fails="axis 2 holds the real and imaginary parts"),
    row("STFT", "float32[N,L,1]", i64(3), "float32[8]", out="float32[N, L//3 - 2 + (Mod(L, 3) + 1)//3, 5, 2]", at=[{"N": 2, "L": 20}, {"N": 1, "L": 21}, {"N": 1, "L": 22}]),
    row("STFT", "float32[N,L,1]", i64(2), None, i64(6), onesided=0, out="float32[N, L//2 - 2, 6, 2]", at=[{"N": 2, "L": 20}, {"N": 1, "L": 21}]),
    row("STFT", "float32[N,L,2]", i64(2), "float32[6]", i64(6), onesided=0, out="float32[N, L//2 - 2, 6, 2]", at=[{"N": 2, "L": 20}, {"N": 1, "L": 21}]),
    row("STFT", "float32[N,L]", i64(2), "float32[6]", i64(6), out="float32[N, L//2 - 2, 4, 2]", at=[{"N": 2, "L": 20}, {"N": 1, "L": 21}]),
    row("STFT", "float32[N,L,1]", "int64[]", "float32[8]", out="float32[N, ?, 5, 2]", data={1: i64(3)}, at=[{"N": 2, "L": 20}]),
    row("STFT", "float32[1,20,1]", i64(2), "float32[6]", i64(8), fails="axis 0 of the window is 6, but the other inputs make it 8", oracle="ort"),
    row("STFT", "float32[1,5,1]", i64(2), "float32[8]", fails="a frame of 8 does not fit into a signal of 5"),
    row("HannWindow", i64(10), out="float32[10]"),
    row("HannWindow", np.array(7, np.int32), periodic=0, output_datatype=11, out="float64[7]"),
    row("HammingWindow", "int64[]", output_datatype=1, out="float32[?]", data={0: i64(9)}),
    row("BlackmanWindow", i64(8), periodic=0, out="float32[8]"),
    row("MelWeightMatrix", i64(8), i64(16), i64(8192), np.float32(0), np.float32(4096), out="float32[9, 8]"),
    row("MelWeightMatrix", i64(6), i64(15), i64(8192), np.float32(0), np.float32(3000), output_datatype=11, out="float64[8, 6]"),
]
test_rows = rows_test(ROWS)


def test_an_axis_that_is_a_size_leaves_all_sizes_open():
    shape = answer("DFT", TensorType("float32", (2, 8, 1)), scalar(6), scalar(symbol("N"))).shape
    assert [is_known(size) for size in shape] == [False, False, True]
