"""Convolution and pooling with channels in blocks.

The runtime's arrays are in the order of the blocks, so that their elements cannot be told apart by position:
the rows themselves are asked no oracle, and `test_runtime` holds the shapes alone against ONNX Runtime.
"""
from __future__ import annotations

from functools import partial

import pytest

import archcheck
from tests.ops._oracles import Rejected
from tests.ops._rows import Row, row, rows_test

nchwc = partial(row, domain="com.microsoft.nchwc", oracle="published", why="its arrays are in another order")
X = "float32[N,32,H,W]"

ROWS = [
    nchwc("Conv", X, "float32[16,32,3,3]", "float32[16]", pads=[1, 1, 1, 1], strides=[2, 2], kernel_shape=[3,
          3], activation="Relu", out="float32[N, 16, (H + 1)//2, (W + 1)//2]"),
    nchwc("Conv", "float32[N,3,H,W]", "float32[16,3,3,3]", kernel_shape=[3, 3], pads=[1, 1, 1, 1],
          out="float32[N, 16, H, W]"),
    nchwc("Conv", X, "float32[32,1,3,3]", None, X, group=32, kernel_shape=[3, 3], pads=[1, 1, 1, 1],
          out="float32[N, 32, H, W]"),
    nchwc("MaxPool", X, kernel_shape=[3, 3], strides=[2, 2], out="float32[N, 32, (H - 1)//2, (W - 1)//2]"),
    nchwc("AveragePool", X, kernel_shape=[2, 2], count_include_pad=1, out="float32[N, 32, H - 1, W - 1]"),
    nchwc("GlobalMaxPool", X, out="float32[N, 32, 1, 1]"),
    nchwc("GlobalAveragePool", X, out="float32[N, 32, 1, 1]"),
    nchwc("ReorderInput", X, out="float32[N, 32, H, W]"),
    nchwc("ReorderInput", "float32[N,H,W,12]", channels_last=1, out="float32[N, 16, H, W]"),
    nchwc("ReorderInput", "float32[N,20,H,W]", out="float32[N, ?, H, W]"),
    nchwc("ReorderOutput", X, channels=28, out="float32[N, 28, H, W]"),
    nchwc("ReorderOutput", X, channels=28, channels_last=1, out="float32[N, H, W, 28]"),
    nchwc("Upsample", X, scales=[1, 1, 2, 3], out="float32[N, 32, 2*H, 3*W]"),
    nchwc("Upsample", X, scales=[1, 1, 2, 2], mode="linear", coordinate_transformation_mode="half_pixel",
          out="float32[N, 32, 2*H, 2*W]"),
]

test_rows = rows_test(ROWS)


@pytest.mark.parametrize("case", [pytest.param(one, id=one.label) for one in ROWS])
def test_runtime(case: Row) -> None:
    """The shapes are those that ONNX Runtime makes, on a machine where it works in blocks."""
    shape = archcheck.analyze(case.graph).types["y0"].shape
    for sizes in case.sizes:
        try:
            actual, = case.run(case.arrays(sizes), "ort")
        except Rejected:
            pytest.skip("the runtime knows no blocks for this processor")
        told = [archcheck.evaluate(size, sizes) for size in shape or ()]
        pairs = list(zip(told, actual.shape, strict=True))
        assert all(size == number for size, number in pairs if isinstance(size, int))
