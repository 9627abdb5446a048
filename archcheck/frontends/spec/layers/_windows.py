"""What layers that slide windows have in common: their attributes in ONNX's form."""
from __future__ import annotations

from typing import Any

from archcheck.dims import Size
from archcheck.frontends.spec._layer import At, Window


def slid(at: At, x: str, kernel: Window, stride: Window, pad: Window, dilation: Window, same: bool) -> tuple[
        Window, dict[str, Any]]:
    """The kernel over all axes, and the attributes. ``pad`` has a number for all axes, one for each, or one
    for each start and then each end; with ``same`` it is ⌊(span - 1)/2⌋ on both sides."""
    count = at.spatial(x, kernel, stride)
    kernel, stride = at.over(kernel, count, "window"), at.over(stride, count, "stride")
    dilation = at.over(dilation, count, "dilation")
    attrs = {"strides": stride, "pads": _pads(at, kernel, pad, dilation, same, count)}
    return kernel, attrs if set(dilation) == {1} else {**attrs, "dilations": dilation}


def _pads(at: At, kernel: Window, pad: Window, dilation: Window, same: bool, count: int) -> Window:
    if not same:
        return pad if len(pad) == 2 * count else at.over(pad, count, "pad") * 2
    if pad != (0,):
        raise at.error("'same' and 'pad' are both given; keep one")
    return tuple(_half(at, d * (k - 1)) for k, d in zip(kernel, dilation)) * 2


def _half(at: At, reach: Size) -> Size:
    """Half of what a window reaches beyond its centre tap."""
    if isinstance(reach, int) and reach % 2:
        raise at.error(f"'same' pads both sides alike, which a window that spans {reach + 1} positions "
                       "cannot have; give 'pad'")
    return reach // 2
