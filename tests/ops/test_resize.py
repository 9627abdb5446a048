"""Resizing, resampling, cropping, space and depth, against ONNX Runtime and the reference evaluator."""
from __future__ import annotations

import numpy as np

from tests.ops._rows import row, rows_test


def f32(*numbers):
    return np.array(numbers, np.float32)


def i64(*numbers):
    return np.array(numbers, np.int64)


IMAGE = np.ones((1, 2, 4, 5), np.float32)
OLD = "no runtime has this version any more; the formula is in its documentation"
ROWS = [
    # ------------------------------------------------------------------ Upsample
    row("Upsample", "float32[N,C,H,W]", opset=1, height_scale=2.0, width_scale=3.0, out="float32[N, C, 2*H, 3*W]", oracle="published", why=OLD),
    row("Upsample", "float32[N,C,H,W]", opset=7, scales=[1.0, 1.0, 2.0, 1.5], out="float32[N, C, 2*H, W*3//2]"),
    row("Upsample", "float32[N,C,H,W]", f32(1, 1, 2, 3), opset=9, mode="linear", out="float32[N, C, 2*H, 3*W]"),
    # ------------------------------------------------------------------ Resize by scales
    row("Resize", "float32[N,C,H,W]", f32(1, 1, 2, 0.5), opset=10, out="float32[N, C, 2*H, W//2]"),
    row("Resize", "float32[N,C,H,W]", f32(1, 1, 0.6, 3), opset=10, mode="linear", out="float32[N, C, H*3//5, 3*W]"),
    row("Resize", "float32[N,C,H,W]", f32(), f32(1, 1, 2, 2), opset=11, mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor", out="float32[N, C, 2*H, 2*W]"),
    row("Resize", "float32[N,C,H,W]", None, f32(1, 1, 2, 3), opset=13, mode="linear", out="float32[N, C, 2*H, 3*W]"),
    row("Resize", "float32[N,C,H,W]", None, f32(1, 1, 4, 2), mode="linear", coordinate_transformation_mode="pytorch_half_pixel", out="float32[N, C, 4*H, 2*W]"),
    row("Resize", "float32[N,C,H,W]", None, f32(1, 1, 2, 2), mode="linear", coordinate_transformation_mode="align_corners", out="float32[N, C, 2*H, 2*W]"),
    row("Resize", "float32[N,C,H,W]", None, f32(1, 1, 2, 3), mode="cubic", out="float32[N, C, 2*H, 3*W]"),
    row("Resize", "float32[N,C,H,W]", None, f32(1, 1, 2, 2), mode="cubic", coordinate_transformation_mode="asymmetric", out="float32[N, C, 2*H, 2*W]"),
    row("Resize", "float32[N,C,H,W]", None, f32(1, 1, 1 / 3, 2 / 3), mode="nearest", out="float32[N, C, H//3, W*2//3]"),
    row("Resize", "float32[N,C,H,W]", None, f32(1, 1, 0.7, 2.94), mode="linear", out="float32[N, C, H*7//10, W*147//50]"),
    row("Resize", "float32[N,C,H,W]", None, f32(1, 1, 7 / 3, 1 / 41), mode="nearest", out="float32[N, C, ?, ?]", at=[{"N": 1, "C": 1, "H": 9, "W": 82}, {"N": 1, "C": 1, "H": 12, "W": 41}]),
    row("Resize", "float32[1,1,10,100]", None, f32(1, 1, 0.7, 0.29), mode="nearest", out="float32[1, 1, 7, 29]", oracle="ort"),
    row("Resize", "float32[N,C,H,W]", None, f32(2, 1.5), mode="nearest", axes=[3, 2], opset=18, out="float32[N, C, H*3//2, 2*W]"),
    row("Resize", "float32[N,C,H,W]", None, "float32[4]", mode="linear", out="float32[?, ?, ?, ?]", data={2: f32(1, 1, 2, 2)}),
    row("Resize", "float32[N,C,H,W]", None, "float32[2]", axes=[2, 3], out="float32[N, C, ?, ?]", data={2: f32(2, 2)}),
    row("Resize", "float32[N,C,H,W]", None, f32(1, 1, 0.5, 0.5), mode="linear", antialias=1, out="float32[N, C, H//2, W//2]"),
    row("Resize", "float32[N,C,H,W]", None, f32(1, 1, 0.5, 0.25), mode="cubic", antialias=1, out="float32[N, C, H//2, W//4]"),
    row("Resize", "float32[N,C,H,W]", f32(0, 0, 0.2, 0.1, 1, 1, 0.8, 0.9), f32(1, 1, 0.5, 2), mode="linear", coordinate_transformation_mode="tf_crop_and_resize", out="float32[N, C, H//2, 2*W]"),
    row("Resize", "float32[N,C,H,W]", f32(), f32(1, 1, 2, 0.5), opset=11, coordinate_transformation_mode="tf_half_pixel_for_nn", nearest_mode="floor", out="float32[N, C, 2*H, W//2]"),
    row("Resize", "float32[N,C,H,W]", None, f32(1, 1, 2.5, 0.8), mode="linear", coordinate_transformation_mode="half_pixel_symmetric", out="float32[N, C, H*5//2, W*4//5]"),
    row("Resize", "float32[N,C,H,W]", None, f32(1, 1, 2, 3), coordinate_transformation_mode="half_pixel", nearest_mode="ceil", out="float32[N, C, 2*H, 3*W]"),
    row("Resize", "float32[N,C,H,W]", None, f32(1, 1, 2, 3), coordinate_transformation_mode="asymmetric", nearest_mode="round_prefer_ceil", out="float32[N, C, 2*H, 3*W]"),
    row("Resize", "float32[N,C,H,W]", None, f32(1, 1, 2), fails="3 sizes or scales are given for 4 axes"),
    row("Resize", "float32[N,C,H,W]", None, f32(1, 1, 0, 2), fails="a scale is 0.0, but must be positive"),
    row("Resize", "float32[N,C,H,W]", fails="neither scales nor sizes are given"),
    # ------------------------------------------------------------------ Resize to sizes
    row("Resize", "float32[N,C,H,W]", f32(), f32(), i64(2, 3, 9, 11), opset=11, mode="linear", out="float32[2, 3, 9, 11]", at=[{"N": 2, "C": 3, "H": 5, "W": 7}]),
    row("Resize", "float32[N,C,H,W]", None, None, i64(14, 9), axes=[-2, -1], mode="linear", out="float32[N, C, 14, 9]"),
    row("Resize", "float32[1,1,6,7]", None, None, i64(1, 1, 9, 13), mode="linear", coordinate_transformation_mode="align_corners", out="float32[1, 1, 9, 13]"),
    row("Resize", "float32[1,1,6,7]", None, None, i64(1, 1, 1, 1), mode="linear", coordinate_transformation_mode="pytorch_half_pixel", out="float32[1, 1, 1, 1]"),
    row("Resize", "float32[1,1,6,7]", None, None, i64(1, 1, 1, 3), mode="linear", coordinate_transformation_mode="align_corners", out="float32[1, 1, 1, 3]"),
    row("Resize", "float32[1,1,9,12]", None, None, i64(1, 1, 20, 30), mode="nearest", coordinate_transformation_mode="half_pixel", nearest_mode="round_prefer_ceil", out="float32[1, 1, 20, 30]"),
    row("Resize", "float32[1,1,9,12]", None, f32(1, 1, 3, 0.3), mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="ceil", out="float32[1, 1, 27, 3]"),
    row("Resize", "float32[1,1,9,12]", None, f32(1, 1, 1.7, 0.3), mode="linear", coordinate_transformation_mode="half_pixel_symmetric", opset=19, out="float32[1, 1, 15, 3]"),
    row("Resize", "float32[1,1,1,12]", None, None, i64(1, 1, 5, 7), mode="cubic", coordinate_transformation_mode="align_corners", out="float32[1, 1, 5, 7]"),
    row("Resize", "float32[1,1,9,12]", None, None, i64(1, 1, 4, 5), mode="nearest", coordinate_transformation_mode="align_corners", nearest_mode="floor", out="float32[1, 1, 4, 5]"),
    row("Resize", "float32[N,C,H,W]", None, None, "int64[4]", mode="nearest", out="float32[?, ?, ?, ?]", data={3: i64(2, 3, 9, 11)}, at=[{"N": 2, "C": 3, "H": 5, "W": 7}]),
    row("Resize", "float32[N,C,H,W]", None, None, i64(7, 8), axes=[2, 3], keep_aspect_ratio_policy="not_larger", out="float32[N, C, Min(7, (16*H + W)//(2*W)), Min(8, (H + 14*W)//(2*H))]"),
    row("Resize", "float32[N,C,H,W]", None, None, i64(7, 8), axes=[2, 3], keep_aspect_ratio_policy="not_smaller", out="float32[N, C, Max(7, (16*H + W)//(2*W)), Max(8, (H + 14*W)//(2*H))]"),
    row("Resize", "float32[N,C,H,H]", None, None, i64(7, 8), axes=[2, 3], keep_aspect_ratio_policy="not_larger", out="float32[N, C, 7, 7]"),
    row("Resize", "float32[1,1,4,6]", None, None, i64(9, 8), axes=[2, 3], keep_aspect_ratio_policy="not_larger", out="float32[1, 1, 5, 8]"),
    row("Resize", "float32[1,1,6,4]", None, None, i64(5, 9), axes=[2, 3], keep_aspect_ratio_policy="not_smaller", out="float32[1, 1, 14, 9]"),
    row("Resize", "float32[1,2,4,6]", None, None, i64(1, 2, 6, 6), keep_aspect_ratio_policy="not_larger", opset=18, out="float32[1, 2, 4, 6]"),
    # ------------------------------------------------------------------ inputs of unknown rank
    row("Resize", "float32", None, None, i64(1, 2, 9, 11), mode="nearest", out="float32[1, 2, 9, 11]", data={0: IMAGE}),
    row("Resize", "float32", None, f32(1, 1, 2, 2), mode="nearest", out="float32[?, ?, ?, ?]", data={0: IMAGE}),
    row("Resize", "float32", None, f32(2, 2), mode="nearest", axes=[2, 3], out="float32", data={0: IMAGE}),
    row("GridSample", "float32", "float32[1,5,6,2]", out="float32[?, ?, 5, 6]", data={0: IMAGE}),
    row("GridSample", "float32[N,C,H,W]", "float32", out="float32[N, C, ?, ?]", at=[{"N": 1, "C": 2, "H": 4, "W": 5}], data={1: np.zeros((1, 3, 4, 2), np.float32)}),
    row("AffineGrid", "float32", i64(1, 3, 5, 6), out="float32[1, 5, 6, 2]", data={0: np.ones((1, 2, 3), np.float32)}),
    row("CenterCropPad", "float32", i64(1, 2, 3, 9), out="float32[1, 2, 3, 9]", data={0: IMAGE}),
    # ------------------------------------------------------------------ sampling anywhere
    row("GridSample", "float32[N,C,H,W]", "float32[N,A,B,2]", opset=16, out="float32[N, C, A, B]"),
    row("GridSample", "float32[N,C,H,W]", "float32[N,A,B,2]", mode="cubic", padding_mode="reflection", out="float32[N, C, A, B]"),
    row("GridSample", "float32[N,C,3,4,W]", "float32[N,A,B,2,3]", mode="nearest", padding_mode="border", align_corners=1, opset=20, out="float32[N, C, A, B, 2]"),
    row("GridSample", "float32[1,1,4,4]", "float32[1,5,5,3]", fails="the grid names 3 coordinates of 2 spatial axes"),
    row("AffineGrid", "float32[N,2,3]", i64(4, 3, 5, 6), out="float32[4, 5, 6, 2]", at=[{"N": 4}]),
    row("AffineGrid", "float32[N,3,4]", "int64[5]", align_corners=1, out="float32[N, ?, ?, ?, 3]", data={1: i64(5, 3, 4, 5, 6)}, at=[{"N": 5}]),
    row("CenterCropPad", "float32[N,H,W]", i64(5, 8, 9), out="float32[5, 8, 9]"),
    row("CenterCropPad", "float32[10,7,4,5]", i64(7, 10, 3, 4), out="float32[7, 10, 3, 4]"),
    row("CenterCropPad", "float32[N,H,W,C]", i64(10, 9), axes=[-3, 2], out="float32[N, 10, 9, C]"),
    row("CenterCropPad", "float32[N,H,W]", "int64[2]", axes=[1, 2], out="float32[N, ?, ?]", data={1: i64(4, 5)}),
    # ------------------------------------------------------------------ space and depth
    row("SpaceToDepth", "float32[N,C,2*H,2*W]", blocksize=2, opset=1, out="float32[N, 4*C, H, W]"),
    row("SpaceToDepth", "float32[N,C,6,9]", blocksize=3, out="float32[N, 9*C, 2, 3]"),
    row("SpaceToDepth", "float32[1,3,4,6]", blocksize=2, mode="CRD", opset=28, out="float32[1, 12, 2, 3]"),
    row("SpaceToDepth", "float32[1,3,5,6]", blocksize=2, fails="the height is 5, which is no multiple of 2"),
    row("DepthToSpace", "float32[N,4*C,H,W]", blocksize=2, opset=1, out="float32[N, C, 2*H, 2*W]"),
    row("DepthToSpace", "float32[N,18,H,W]", blocksize=3, mode="CRD", opset=11, out="float32[N, 2, 3*H, 3*W]"),
    row("DepthToSpace", "float32[N,8,H,W]", blocksize=2, opset=13, out="float32[N, 2, 2*H, 2*W]"),
    row("DepthToSpace", "float32[1,6,4,4]", blocksize=2, fails="the number of channels is 6, which is no multiple of 4"),
]
test_rows = rows_test(ROWS)
