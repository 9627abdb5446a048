"""Windows of com.microsoft, against ONNX Runtime."""
from __future__ import annotations

from functools import partial

import numpy as np

from tests.ops._rows import row, rows_test

row = partial(row, domain="com.microsoft")
SCALE, ZERO, ZERO8 = np.float32(0.1), np.uint8(3), np.int8(0)
OTHER_PROVIDER = "ONNX Runtime runs it on other providers only; the shape is the one its schema infers"


def i64(*numbers):
    return np.array(numbers, np.int64)


ROWS = [
    row("FusedConv", "float32[N,3,H,W]", "float32[8,3,3,3]", "float32[8]", activation="Relu", pads=[1, 1, 1, 1], strides=[2, 2], out="float32[N, 8, (H + 1)//2, (W + 1)//2]"),
    row("FusedConv", "float32[N,4,H,W]", "float32[8,2,3,3]", "float32[8]", "float32[N,8,H - 2,W - 2]", activation="Clip", activation_params=[0.0, 6.0], group=2, out="float32[N, 8, H - 2, W - 2]"),
    row("NhwcConv", "float16[N,H,W,3]", "float16[8,3,3,2]", pads=[1, 0, 1, 1], strides=[2, 1], out="float16[N, (H + 1)//2, W, 8]", oracle="published", why=OTHER_PROVIDER),
    row("NhwcFusedConv", "float16[N,H,W,4]", "float16[8,2,3,3]", "float16[8]", "float16[N,H,W,8]", activation="Relu", group=2, pads=[1, 1, 1, 1], out="float16[N, H, W, 8]", oracle="published", why=OTHER_PROVIDER),
    row("QLinearConv", "uint8[N,H,W,4]", SCALE, ZERO, "int8[8,4,3,3]", SCALE, ZERO8, SCALE, ZERO, "int32[8]", channels_last=1, strides=[2, 2], pads=[1, 1, 1, 1], out="uint8[N, (H + 1)//2, (W + 1)//2, 8]"),
    row("QLinearConv", "uint8[N,4,H,W]", SCALE, ZERO, "uint8[8,1,3,3]", SCALE, ZERO, SCALE, ZERO, group=4, out="uint8[N, 8, H - 2, W - 2]"),
    row("ConvTransposeWithDynamicPads", "float32[N,4,H,W]", "float32[4,3,3,3]", i64(1, 0, 1, 1), "float32[3]", strides=[2, 2], output_padding=[1, 1], out="float32[N, 3, 2*H, 2*W + 1]"),
    row("ConvTransposeWithDynamicPads", "float32[N,4,H,W]", "float32[4,3,3,3]", "int64[4]", out="float32[N, 3, ?, ?]", data={2: i64(1, 0, 1, 1)}),
    row("NhwcMaxPool", "uint8[N,H,W,C]", kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 0], out="uint8[N, (H + 1)//2, W//2, C]"),
    row("MaxpoolWithMask", "float32[N,C,H,W]", "int32[N,C,H,W]", kernel_shape=[2, 2], strides=[2, 2], out="float32[N, C, H//2, W//2]"),
    row("QLinearAveragePool", "uint8[N,C,H,W]", SCALE, ZERO, SCALE, ZERO, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], out="uint8[N, C, (H + 1)//2, (W + 1)//2]"),
    row("QLinearAveragePool", "int8[N,H,W,C]", SCALE, ZERO8, SCALE, ZERO8, kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1, channels_last=1, out="int8[N, (H + 1)//2, (W + 1)//2, C]"),
    row("QLinearGlobalAveragePool", "uint8[N,C,H,W]", SCALE, ZERO, SCALE, ZERO, out="uint8[N, C, 1, 1]"),
    row("QLinearGlobalAveragePool", "int8[N,H,W,C]", SCALE, ZERO8, SCALE, ZERO8, channels_last=1, out="int8[N, 1, 1, C]"),
    row("CropAndResize", "float32[N,C,H,W]", "float32[R,4]", "int32[R]", np.array([4, 5], np.int32), out="float32[R, C, 4, 5]", data={1: np.array([[0, 0, 1, 1], [0.1, 0.2, 0.7, 0.9]], np.float32), 2: np.array([0, 1], np.int32)}, at=[{"N": 2, "C": 3, "H": 6, "W": 7, "R": 2}]),
    row("GridSample", "float32[N,C,H,W]", "float32[N,A,B,2]", mode="bilinear", out="float32[N, C, A, B]"),
    row("Pad", "float32[N,H]", i64(1, 0, 2, 3), np.float32(2), out="float32[N + 3, H + 3]"),
    row("Pad", "float32[N,H]", np.array([[1, 0, 2, 3]]), mode="edge", out="float32[N + 3, H + 3]"),
    row("Rfft", "float32[N,C,L]", signal_ndim=1, onesided=1, out="float32[N, C, L//2 + 1, 2]", oracle="published", why=OTHER_PROVIDER),
    row("Irfft", "float32[N,C,L,2]", signal_ndim=1, onesided=1, out="float32[N, C, 2*L - 2]", oracle="published", why=OTHER_PROVIDER),
]
test_rows = rows_test(ROWS)
