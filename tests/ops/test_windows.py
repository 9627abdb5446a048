"""Convolution and pooling, against ONNX Runtime and the reference evaluator."""
from __future__ import annotations

import numpy as np
import pytest

import archcheck
from archcheck.dims import symbol
from archcheck.ops._op import cost_of
from tests.ops._rows import row, rows_test


def indices(*shape):
    """Indices of distinct places, as MaxPool gives them, in a map of twice the size."""
    n, c, h, w = shape
    places = (2 * np.arange(h)[:, None] * 2 * w + 2 * np.arange(w)).astype(np.int64)
    return np.stack([places + 4 * h * w * plane for plane in range(n * c)]).reshape(shape)


IMAGE, FILTERS = np.ones((2, 3, 7, 9), np.float32), np.ones((8, 3, 3, 3), np.float32)
SCALE, ZERO, ZERO8 = np.float32(0.1), np.uint8(3), np.int8(0)
ROWS = [
    # ------------------------------------------------------------------ Conv
    row("Conv", "float32[N,3,H,W]", "float32[8,3,3,3]", strides=[2, 2], pads=[1, 1, 1, 1], opset=22, out="float32[N, 8, (H + 1)//2, (W + 1)//2]"),
    row("Conv", "float32[N,3,H,W]", "float32[8,3,3,3]", "float32[8]", out="float32[N, 8, H - 2, W - 2]"),
    row("Conv", "float32[N,C,H]", "float32[M,C,5]", opset=1, kernel_shape=[5], out="float32[N, M, H - 4]"),
    row("Conv", "float32[N,2,D,H,W]", "float32[4,2,1,2,3]", opset=11, pads=[0, 1, 2, 1, 0, 0], out="float32[N, 4, D + 1, H, W]"),
    row("Conv", "float32[N,2,H,W]", "float32[4,2,3,3]", dilations=[2, 3], pads=[2, 3, 2, 3], out="float32[N, 4, H, W]"),
    row("Conv", "float32[N,6,H,W]", "float32[4,3,3,3]", group=2, strides=[1, 3], out="float32[N, 4, H - 2, W//3]"),
    row("Conv", "float32[N,6,H,W]", "float32[12,1,3,3]", group=6, strides=[3, 2], pads=[0, 1, 2, 0], out="float32[N, 12, (H + 2)//3, W//2]"),
    row("Conv", "float32[N,2,H,W]", "float32[4,2,3,2]", strides=[2, 3], auto_pad="SAME_UPPER", out="float32[N, 4, (H + 1)//2, (W + 2)//3]"),
    row("Conv", "float32[N,2,H,W]", "float32[4,2,3,2]", strides=[2, 3], auto_pad="SAME_LOWER", out="float32[N, 4, (H + 1)//2, (W + 2)//3]"),
    row("Conv", "float32[N,2,H,W]", "float32[4,2,1,1]", strides=[2, 3], auto_pad="SAME_UPPER", out="float32[N, 4, (H + 1)//2, (W + 2)//3]"),
    row("Conv", "float32[N,2,H,W]", "float32[4,2,3,2]", strides=[2, 3], pads=[0, 0, 0, 0], auto_pad="VALID", out="float32[N, 4, (H - 1)//2, (W + 1)//3]"),
    row("Conv", "float32[N,2,H,W]", "float32[4,2,K,3]", out="float32[N, 4, H - K + 1, W - 2]", at={"H": 9, "W": 8, "K": 4}),
    row("Conv", "float32[1,2,5,9]", "float32[4,2,7,7]", fails="a window of 7 does not fit into 5 padded positions"),
    row("Conv", "float32[1,4,9,9]", "float32[4,3,1,1]", fails=r"the input has 4 channels, but the weight takes 3 \(3 × 1 groups\)"),
    row("Conv", "float32[1,6,9,9]", "float32[4,2,1,1]", group=3, fails="4 filters cannot be shared out to 3 groups"),
    row("Conv", "float32[1,3,9,9]", "float32[4,3,3]", fails="the weight has 3 axes, but the input has 4"),
    row("Conv", "float32[1,3,9,9]", "float32[4,3,3,3]", kernel_shape=[3, 1], fails=r"kernel_shape says \(3, 1\), but the weight has \(3, 3\)"),
    row("Conv", "float32[1,3,9,9]", "float32[4,3,3,3]", strides=[2], fails="strides has 1 values, but needs 2"),
    # ------------------------------------------------------------------ inputs of unknown rank
    row("Conv", "float32", "float32[8,3,3,3]", strides=[2, 2], out="float32[?, 8, ?, ?]", data={0: IMAGE}),
    row("Conv", "float32", "float32", kernel_shape=[3, 3], out="float32[?, ?, ?, ?]", data={0: IMAGE, 1: FILTERS}),
    row("Conv", "float32[N,3,H,W]", "float32", kernel_shape=[3, 3], strides=[2, 1], out="float32[N, ?, (H - 1)//2, W - 2]", data={1: FILTERS}),
    row("Conv", "float32[N,3,H,W]", "float32", auto_pad="SAME_UPPER", strides=[2, 1], out="float32[N, ?, (H + 1)//2, W]", data={1: FILTERS}),
    row("Conv", "float32", "float32", out="float32", data={0: IMAGE, 1: FILTERS}),
    row("ConvTranspose", "float32", "float32[3,8,2,2]", strides=[2, 2], out="float32[?, 8, ?, ?]", data={0: IMAGE}),
    row("ConvTranspose", "float32[N,3,H,W]", "float32", kernel_shape=[3, 3], out="float32[N, ?, H + 2, W + 2]", data={1: FILTERS[:3]}),
    row("MaxPool", "float32", kernel_shape=[3, 3], out=["float32[?, ?, ?, ?]", "int64[?, ?, ?, ?]"], data={0: IMAGE}),
    row("GlobalAveragePool", "float32", out="float32", data={0: IMAGE}),
    # ------------------------------------------------------------------ quantized
    row("ConvInteger", "uint8[N,3,H,W]", "uint8[4,3,3,3]", "uint8[]", pads=[1, 1, 1, 1], out="int32[N, 4, H, W]"),
    row("ConvInteger", "uint8[N,3,H,W]", "uint8[4,3,3,3]", strides=[2, 2], out="int32[N, 4, (H - 1)//2, (W - 1)//2]"),
    row("QLinearConv", "uint8[N,3,H,W]", SCALE, ZERO, "int8[4,3,3,3]", SCALE, ZERO8, SCALE, ZERO, "int32[4]", out="uint8[N, 4, H - 2, W - 2]"),
    row("QLinearConv", "uint8[N,4,H,W]", SCALE, ZERO, "int8[4,2,3,3]", "float32[4]", np.zeros(4, np.int8), SCALE, ZERO, group=2, pads=[1, 1, 1, 1], strides=[2, 1], out="uint8[N, 4, (H + 1)//2, W]", data={4: np.full(4, 0.1, np.float32)}),
    # ------------------------------------------------------------------ ConvTranspose
    row("ConvTranspose", "float32[N,4,H,W]", "float32[4,3,3,3]", out="float32[N, 3, H + 2, W + 2]"),
    row("ConvTranspose", "float32[N,4,H,W]", "float32[4,3,2,2]", "float32[3]", strides=[2, 2], opset=1, out="float32[N, 3, 2*H, 2*W]"),
    row("ConvTranspose", "float32[N,4,H,W]", "float32[4,3,4,4]", strides=[2, 3], pads=[1, 0, 1, 1], opset=11, out="float32[N, 3, 2*H, 3*W]"),
    row("ConvTranspose", "float32[N,4,H,W]", "float32[4,3,3,3]", strides=[3, 2], output_padding=[2, 1], out="float32[N, 3, 3*H + 2, 2*W + 2]"),
    row("ConvTranspose", "float32[N,4,H]", "float32[4,3,3]", group=2, dilations=[2], out="float32[N, 6, H + 4]"),
    row("ConvTranspose", "float32[N,4,H]", "float32[4,3,4]", strides=[3], dilations=[2], out="float32[N, 3, 3*H + 4]"),
    row("ConvTranspose", "float32[1,1,2,3]", "float32[1,1,4,3]", strides=[2, 4], dilations=[3, 2], out="float32[1, 1, 12, 13]"),
    row("ConvTranspose", "float32[N,2,D,H,W]", "float32[2,3,2,3,1]", strides=[1, 2, 3], out="float32[N, 3, D + 1, 2*H + 1, 3*W - 2]"),
    row("ConvTranspose", "float32[N,4,H,W]", "float32[4,3,3,3]", strides=[2, 3], auto_pad="SAME_UPPER", out="float32[N, 3, 2*H, 3*W]"),
    row("ConvTranspose", "float32[N,4,H,W]", "float32[4,3,3,4]", strides=[2, 3], auto_pad="SAME_LOWER", out="float32[N, 3, 2*H, 3*W]"),
    row("ConvTranspose", "float32[N,4,H]", "float32[4,3,2]", strides=[3], auto_pad="SAME_UPPER", out="float32[N, 3, 3*H - 1]"),
    row("ConvTranspose", "float32[N,4,H]", "float32[4,3,3]", strides=[2], pads=[0, 0], auto_pad="VALID", out="float32[N, 3, 2*H + 1]"),
    row("ConvTranspose", "float32[N,4,6,H]", "float32[4,3,3,3]", strides=[2, 2], output_shape=[12, 14], out="float32[N, 3, 12, 14]", at=[{"N": 2, "H": 7}]),
    row("ConvTranspose", "float32[1,4,6]", "float32[4,3,3]", output_shape=[8, 8], fails=r"output_shape is \(8, 8\), but there are 1 spatial axes"),
    row("ConvTranspose", "float32[1,4,6]", "float32[3,4,3]", fails="the input has 4 channels, but the weight takes 3"),
    row("ConvTranspose", "float32[1,4,1]", "float32[4,3,2]", pads=[1, 1], fails="nothing is left of 2 positions when 2 are cut off"),
    # ------------------------------------------------------------------ other convolutions
    row("DeformConv", "float32[N,4,H,W]", "float32[6,4,3,3]", "float32[N,18,H - 2,W - 2]", out="float32[N, 6, H - 2, W - 2]"),
    row("DeformConv", "float32[N,4,H,W]", "float32[6,2,2,2]", "float32[N,16,H + 1,W + 1]", "float32[6]", "float32[N,8,H + 1,W + 1]", group=2, offset_group=2, pads=[1, 1, 1, 1], opset=19, out="float32[N, 6, H + 1, W + 1]"),
    row("DeformConv", "float32[1,4,9,9]", "float32[6,4,3,3]", "float32[1,9,7,7]", fails="axis 1 of the offset is 9, but the other inputs make it 18"),
    row("CausalConvWithState", "float32[N,C,L]", "float32[C,1,4]", out=["float32[N, C, L]", "float32[N, C, 3]"]),
    row("CausalConvWithState", "float32[N,C,L]", "float32[C,1,K]", "float32[C]", "float32[N,C,K - 1]", activation="silu", out=["float32[N, C, L]", "float32[N, C, K - 1]"], at={"N": 2, "C": 3}),
    # ------------------------------------------------------------------ pooling
    row("MaxPool", "float32[N,C,H,W]", kernel_shape=[2, 3], out="float32[N, C, H - 1, W - 2]"),
    row("MaxPool", "float32[N,C,H,W]", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], opset=8, out=["float32[N, C, (H + 1)//2, (W + 1)//2]", "int64[N, C, (H + 1)//2, (W + 1)//2]"]),
    row("MaxPool", "float32[N,C,H]", kernel_shape=[3], dilations=[2], strides=[2], opset=10, out="float32[N, C, (H - 3)//2]"),
    row("MaxPool", "float32[N,C,H,W]", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1, out="float32[N, C, (H + 1)//2, (W + 1)//2]"),
    row("MaxPool", "float32[N,C,H,W]", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1, opset=10, out="float32[N, C, H//2, W//2]"),
    row("MaxPool", "float32[N,C,H,W]", kernel_shape=[3, 2], strides=[2, 3], pads=[1, 0, 1, 1], ceil_mode=1, opset=12, out="float32[N, C, H//2 + 1, (W + 2)//3]"),
    row("MaxPool", "float32[N,C,H]", kernel_shape=[1], strides=[2], ceil_mode=1, out="float32[N, C, (H + 1)//2]"),
    row("MaxPool", "float32[N,C,H]", kernel_shape=[3], strides=[3], pads=[1, 1], ceil_mode=1, out="float32[N, C, (H + 3)//3]"),
    row("MaxPool", "float32[N,C,H]", kernel_shape=[2], strides=[3], pads=[1, 1], ceil_mode=1, out="float32[N, C, (H + 3)//3]"),
    row("MaxPool", "float32[N,C,H]", kernel_shape=[3], strides=[4], pads=[2, 2], ceil_mode=1, opset=11, out="float32[N, C, (H + 5)//4]"),
    row("MaxPool", "float32[N,C,H,W]", kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER", out="float32[N, C, (H + 1)//2, (W + 1)//2]"),
    row("MaxPool", "float32[N,C,H,W]", kernel_shape=[4, 3], strides=[3, 2], auto_pad="SAME_LOWER", opset=1, out="float32[N, C, (H + 2)//3, (W + 1)//2]"),
    row("MaxPool", "float32[N,C,H,W]", kernel_shape=[2, 3], strides=[3, 2], auto_pad="VALID", opset=11, out="float32[N, C, (H + 1)//3, (W - 1)//2]"),
    row("MaxPool", "uint8[N,C,H,W]", kernel_shape=[2, 2], storage_order=1, opset=12, out=["uint8[N, C, H - 1, W - 1]", "int64[N, C, H - 1, W - 1]"]),
    row("MaxPool", "float32[1,1,4,4]", kernel_shape=[7, 7], fails="a window of 7 does not fit into 4 padded positions"),
    row("MaxPool", "float32[1,1,4,4]", kernel_shape=[2], fails="the window has 1 axes, but the input 2 spatial ones"),
    row("AveragePool", "float32[N,C,H,W]", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], opset=7, count_include_pad=1, out="float32[N, C, (H + 1)//2, (W + 1)//2]"),
    row("AveragePool", "float32[N,C,H]", kernel_shape=[3], opset=1, out="float32[N, C, H - 2]"),
    row("AveragePool", "float32[N,C,D,H,W]", kernel_shape=[2, 2, 2], strides=[2, 2, 2], ceil_mode=1, opset=11, out="float32[N, C, (D + 1)//2, (H + 1)//2, (W + 1)//2]"),
    row("AveragePool", "float32[N,C,H]", kernel_shape=[2], strides=[3], pads=[1, 1], ceil_mode=1, out="float32[N, C, (H + 3)//3]"),
    row("AveragePool", "float32[N,C,H]", kernel_shape=[3], dilations=[2], strides=[2], opset=19, out="float32[N, C, (H - 3)//2]"),
    row("AveragePool", "float32[N,C,H,W]", kernel_shape=[3, 2], strides=[2, 2], auto_pad="SAME_UPPER", opset=10, out="float32[N, C, (H + 1)//2, (W + 1)//2]"),
    row("LpPool", "float32[N,C,H,W]", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], p=3, opset=2, out="float32[N, C, (H + 1)//2, (W + 1)//2]"),
    row("LpPool", "float32[N,C,H]", kernel_shape=[3], strides=[2], dilations=[2], ceil_mode=1, opset=18, out="float32[N, C, H//2 - 1]"),
    row("LpPool", "float32[N,C,H]", kernel_shape=[2], opset=1, p=2.0, out="float32[N, C, H - 1]", oracle="published", why="no runtime has version 1; the formula is that of MaxPool"),
    row("LpPool", "float32[N,C,H,W]", kernel_shape=[3, 2], strides=[2, 2], auto_pad="SAME_LOWER", opset=11, out="float32[N, C, (H + 1)//2, (W + 1)//2]"),
    row("GlobalMaxPool", "float32[N,C,H,W]", out="float32[N, C, 1, 1]"),
    row("GlobalAveragePool", "float32[N,C,H]", opset=1, out="float32[N, C, 1]"),
    row("GlobalAveragePool", "float32[N,C,D,H,W]", out="float32[N, C, 1, 1, 1]"),
    row("GlobalLpPool", "float32[N,C,H,W]", p=3, opset=2, out="float32[N, C, 1, 1]"),
    row("MaxUnpool", "float32[2,3,4,5]", indices(2, 3, 4, 5), kernel_shape=[2, 2], strides=[2, 2], out="float32[2, 3, 8, 10]"),
    row("MaxUnpool", "float32[N,3,H,W]", "int64[N,3,H,W]", kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 0, 0], opset=9, out="float32[N, 3, 2*H, 2*W]", at=[{"N": 2, "H": 4, "W": 5}], data={1: indices(2, 3, 4, 5)}),
    row("MaxUnpool", "float32[2,3,4,5]", indices(2, 3, 4, 5), np.array([2, 3, 9, 10]), kernel_shape=[2, 2], strides=[2, 2], out="float32[2, 3, 9, 10]"),
    row("Col2Im", "float32[N,C*6,(H - 1)*(W - 2)]", "int64[2]", np.array([2, 3]), out="float32[N, C, ?, ?]", at=[{"N": 2, "C": 3, "H": 5, "W": 6}], data={1: np.array([5, 6])}),
    row("Col2Im", "float32[N,30,12]", np.array([7, 9]), np.array([2, 3]), strides=[2, 3], pads=[0, 0, 1, 0], out="float32[N, 5, 7, 9]"),
    row("Col2Im", "float32[1,6,10]", np.array([5, 6]), np.array([2, 3]), fails="10 blocks are given, but 16 fit into the image"),
    row("LRN", "float32[N,C,H,W]", size=3, out="float32[N, C, H, W]"),
    row("LRN", "float32[N,C,H,W]", size=5, opset=1, alpha=2e-4, beta=0.5, bias=2.0, out="float32[N, C, H, W]"),
]
test_rows = rows_test(ROWS)


COSTS = [
    (row("Conv", "float32[N,6,H,W]", "float32[9,2,3,5]", "float32[9]", group=3, strides=[2, 1]), "N*9*2*15*((H - 1)//2)*(W - 4)", "N*9*((H - 1)//2)*(W - 4)"),
    (row("Conv", "float32[N,6,H,W]", "float32[6,1,3,3]", group=6, pads=[1, 1, 1, 1]), "N*6*9*H*W", "0"),
    (row("ConvTranspose", "float32[N,6,H,W]", "float32[6,4,2,2]", "float32[8]", group=2, strides=[2, 2]), "N*6*4*4*H*W", "N*8*4*H*W"),
    (row("AveragePool", "float32[N,C,H,W]", kernel_shape=[2, 3]), "0", "5*N*C*(H - 1)*(W - 2)"),
    (row("GlobalAveragePool", "float32[N,C,H,W]"), "0", "N*C*(H*W - 1)"),
]


@pytest.mark.parametrize(("case", "macs", "additions"), COSTS, ids=lambda value: getattr(value, "label", None))
def test_costs(case, macs, additions):
    cost = cost_of(archcheck.analyze(case.graph).effects[0])
    sizes = {"N": symbol("N"), "C": symbol("C"), "H": symbol("H"), "W": symbol("W")}
    assert (cost.mac, cost.add) == (eval(macs, {}, sizes), eval(additions, {}, sizes))
