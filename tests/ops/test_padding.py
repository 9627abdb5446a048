"""Padding, against ONNX Runtime and the reference evaluator."""
from __future__ import annotations

import numpy as np

from archcheck.dims import is_known, symbol
from archcheck.graph import TensorType
from tests.ops._nodes import answer, scalar, vector
from tests.ops._rows import row, rows_test


def i64(*numbers):
    return np.array(numbers, np.int64)


SMALL = np.arange(6, dtype=np.int64).reshape(2, 3)
SIZES = i64(3, 224, 7)
ROWS = [
    row("Pad", "float32[N,H]", opset=1, paddings=[0, 1, 2, 3], out="float32[N + 2, H + 4]", oracle="published", why="no runtime has version 1; it is version 2 with another name for the pads"),
    row("Pad", "float32[N,H,W]", opset=2, pads=[0, 1, -2, 0, 2, 3], out="float32[N, H + 3, W + 1]"),
    row("Pad", "float32[N,C,H,W]", i64(0, 0, 1, 2, 0, 0, 3, -1), opset=11, out="float32[N, C, H + 4, W + 1]"),
    row("Pad", "float32[N,C,H]", i64(0, 0, 2, 0, 0, 1), np.float32(1.5), opset=13, out="float32[N, C, H + 3]"),
    row("Pad", "float32[N,C,H,W]", i64(0, 0, 3, 1, 0, 0, 2, 0), opset=18, mode="edge", out="float32[N, C, H + 5, W + 1]"),
    row("Pad", "float32[N,C,5,6]", i64(0, 0, 3, 1, 0, 0, 2, 0), mode="reflect", out="float32[N, C, 10, 7]"),
    row("Pad", "float32[N,5,6]", i64(1, 2, 3, 0), None, i64(1, -1), mode="wrap", opset=19, out="float32[N, 9, 8]"),
    row("Pad", "float32[N,C,H,W]", i64(2, 1), None, i64(-2), out="float32[N, C, H + 3, W]"),
    row("Pad", "float32[N,C,H]", i64(1, 2), None, np.array([2], np.int32), out="float32[N, C, H + 3]"),
    row("Pad", "float32[N,H]", "int64[4]", out="float32[?, ?]", data={1: i64(0, 1, 0, -2)}),
    row("Pad", "float32[N,C,H]", "int64[2]", None, i64(2), out="float32[N, C, ?]", data={1: i64(1, 2)}),
    row("Pad", "float32[N,H]", i64(1, 1), None, "int64[1]", out="float32[?, ?]", data={3: i64(1)}),
    row("Pad", "float32", i64(1, 0, 0, 2), out="float32[?, ?]", data={0: np.ones((3, 4), np.float32)}),
    row("Pad", "float32", "int64[4]", out="float32[?, ?]", data={0: np.ones((3, 4), np.float32), 1: i64(1, 0, 0, 2)}),
    row("Pad", "float32[N,H]", "int64", out="float32[?, ?]", data={1: i64(1, 0, 0, 2)}),
    row("Pad", SMALL, i64(1, 0, 0, 2), np.int64(9), out="int64[3, 5]"),
    row("Pad", SMALL, i64(0, -1, 1, 2), opset=11, out="int64[3, 4]"),
    row("Pad", SMALL, i64(1, 2, 0, 1), mode="reflect", out="int64[3, 6]"),
    row("Pad", SMALL, i64(2, 1, 1, 3), mode="edge", out="int64[5, 7]"),
    row("Pad", SMALL, i64(1, 2, 1, 2), mode="wrap", opset=19, out="int64[4, 7]"),
    row("Pad", SIZES, i64(1, 0), np.int64(1), out="int64[4]"),
    row("Pad", "float32[N,5]", i64(-1, 2), None, i64(1), mode="reflect", out="float32[N, 6]"),
    row("Pad", np.array([True, False]), i64(1, 1), out="bool[4]"),
    row("Pad", "float32[4,5]", i64(0, 0, 1), fails="3 pads are given, but 2 axes need 4"),
    row("Pad", "float32[4,5]", i64(0, -3, 0, -3), fails="an axis of 5 cannot be padded by -3 and -3"),
    row("Pad", "float32[4,5]", i64(1, 1), None, i64(2), fails="axis 2 is outside a tensor of 2 axes"),
]
test_rows = rows_test(ROWS)


def test_an_axis_that_is_a_size_leaves_all_sizes_open():
    data, pads, value = TensorType("float32", (2, 3)), vector(1, 1), scalar(0.0, "float32")
    padded = answer("Pad", data, pads, value, vector(symbol("N")))
    assert [is_known(size) for size in padded.shape] == [False, False]
