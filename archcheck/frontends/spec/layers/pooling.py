"""Pooling."""
from __future__ import annotations

from typing import Any

from archcheck.dims import Size
from archcheck.frontends.spec._layer import At, Flag, Window, Word, layer
from archcheck.frontends.spec.layers._windows import slid


@layer("maxpool")
def maxpool(at: At, x: str, kernel: Window = (2,), stride: Window | None = None, *, pad: Window = (0,),
            same: Flag = False, ceil: Flag = False, dilation: Window = (1,)) -> str:
    """The largest of each window. The stride is the window's size unless given. With ``ceil`` windows that
    reach over the end count as well."""
    kernel, attrs = slid(at, x, kernel, stride or kernel, pad, dilation, same)
    return at.node("MaxPool", x, kernel_shape=kernel, ceil_mode=int(ceil), **attrs)


@layer("avgpool")
def avgpool(at: At, x: str, kernel: Window = (2,), stride: Window | None = None, *, pad: Window = (0,),
            same: Flag = False, ceil: Flag = False, count_pad: Flag = False) -> str:
    """The mean of each window; with ``count_pad`` the padding counts as zeros."""
    kernel, attrs = slid(at, x, kernel, stride or kernel, pad, (1,), same)
    return at.node("AveragePool", x, kernel_shape=kernel, ceil_mode=int(ceil),
                   count_include_pad=int(count_pad),
                   **attrs)


@layer("gap", "globalavgpool")
def gap(at: At, x: str) -> str:
    """The mean of each channel over all positions, which stay as axes of 1."""
    at.spatial(x)
    return at.node("GlobalAveragePool", x)


@layer("gmp", "globalmaxpool")
def gmp(at: At, x: str) -> str:
    """The largest of each channel over all positions."""
    at.spatial(x)
    return at.node("GlobalMaxPool", x)


@layer("upsample")
def upsample(at: At, x: str, factor: Size = 2, *, mode: Word = "nearest") -> str:
    """Every axis after batch and channels ``factor`` times as long; ``mode`` is ``nearest`` or ``linear``."""
    count = at.spatial(x)
    if not isinstance(factor, int):
        raise at.error("the factor of an upsampling is a number")
    factors = at.floats((1.0, 1.0, *(float(factor),) * count))
    attrs: dict[str, Any] = {"coordinate_transformation_mode": "half_pixel"}
    if mode == "nearest":
        attrs = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    return at.node("Resize", x, "", factors, mode=mode, **attrs)
