"""Regions, boxes and pictures, against ONNX Runtime and the reference evaluator."""
from __future__ import annotations

import numpy as np

from tests.ops._rows import row, rows_test

BOXES = np.array([[0, 0, 4, 4], [1, 1, 5, 6], [0, 2, 3, 7]], np.float32)
OF = np.array([0, 0, 1], np.int64)
SPREAD = np.array([[[k, k, k + 0.5, k + 0.5] for k in range(6)]] * 2, np.float32)
NAMED = {"R": 3, "N": 2, "C": 3, "H": 8, "W": 9}


def i64(number):
    return np.array(number, np.int64)


ROWS = [
    row("RoiAlign", "float32[N,C,H,W]", "float32[R,4]", "int64[R]", opset=10, out="float32[R, C, 1, 1]", data={1: BOXES, 2: OF}, at=[NAMED]),
    row("RoiAlign", "float32[N,C,H,W]", "float32[R,4]", OF, output_height=2, output_width=3, sampling_ratio=2, opset=16, out="float32[3, C, 2, 3]", data={1: BOXES}, at=[NAMED]),
    row("RoiAlign", "float32[N,C,H,W]", BOXES, "int64[R]", output_height=5, output_width=5, mode="max", out="float32[R, C, 5, 5]", data={2: OF}, at=[NAMED]),
    row("RoiAlign", "float32", "float32[R,4]", "int64[R]", out="float32[R, ?, 1, 1]", data={0: np.ones((2, 3, 8, 9), np.float32), 1: BOXES, 2: OF}, at=[{"R": 3}]),
    row("RoiAlign", "float32[1,1,8,8]", "float32[3,4]", "int64[2]", fails="axis 0 of rois is 3, but the other inputs make it 2"),
    row("MaxRoiPool", "float32[N,C,H,W]", "float32[R,5]", pooled_shape=[2, 3], opset=11, out="float32[R, C, 2, 3]", data={1: np.hstack([OF[:, None], BOXES]).astype(np.float32)}, at=[NAMED]),
    row("NonMaxSuppression", "float32[N,S,4]", "float32[N,C,S]", opset=10, out="int64[0, 3]"),
    row("NonMaxSuppression", "float32[2,6,4]", "float32[2,C,6]", i64(2), np.array(0.5, np.float32), out="int64[?, 3]", data={0: SPREAD}),
    row("NonMaxSuppression", SPREAD, "float32[2,1,6]", "int64[]", np.array(0.5, np.float32), np.array(-2, np.float32), center_point_box=1, out="int64[?, 3]", data={2: i64(100)}),
    row("NonMaxSuppression", "float32[1,6,4]", "float32[1,2,5]", i64(2), fails="6 boxes are given, but scores of 5"),
    row("ImageDecoder", "uint8[N]", out="uint8[?, ?, 3]", oracle="published", why="the data are a file, and no runtime here decodes one"),
    row("ImageDecoder", "uint8[N]", pixel_format="Grayscale", out="uint8[?, ?, 1]", oracle="published", why="the data are a file, and no runtime here decodes one"),
]
test_rows = rows_test(ROWS)
