"""Windows that slide over spatial axes: forwards (convolution, pooling), backwards (transposed convolution).

Everything loops over the axes: that there are one, two or three of them makes no difference. A window of
``kernel`` taps spans ``dilation·(kernel - 1) + 1`` positions. With ``before`` positions padded in front,
output ``o`` reads the input positions ``o·stride - before + k·dilation``.
"""
from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import gcd
from operator import sub
from typing import Any, NamedTuple

from archcheck.dims import Dim, Size, ceildiv, least, maximum, minimum, most, prod, same, total
from archcheck.graph import TensorType
from archcheck.ops._op import ALL, Along, Picked, Reader, Spread, assume, ranked, require, unknown_size

Ints = tuple[int, ...]
Sizes = tuple[Size, ...]
SAME = "SAME_UPPER", "SAME_LOWER"
TABLE = 1 << 16
"""A reader is written out phase by phase up to so many entries."""


class Windows(NamedTuple):
    """Windows that slide over spatial axes, and the ``sizes`` of what they give. ``before`` is how many
    positions are padded in front of the input, or cut off the output of a transposed convolution."""

    kernel: Sizes
    strides: Sizes
    dilations: Sizes
    before: Sizes
    sizes: tuple[Size, ...]

    @property
    def taps(self) -> Size:
        """The positions that one window reads."""
        return prod(self.kernel)

    def readers(self, first: int = 2) -> tuple[Reader, ...]:
        """How the output's axes, from the axis ``first`` on, read those of the input."""
        windows = enumerate(zip(self.strides, self.before, self.kernel, self.dilations), first)
        return tuple(_along(axis, *window) for axis, window in windows)

    def written(self, size: Sizes) -> Size | None:
        """How many taps of a transposed convolution over axes of ``size`` are not cut off."""
        axes = zip(size, self.sizes, self.strides, self.before, self.kernel, self.dilations)
        counts = [taps_inside(n, out, s, -before, taps, d) for n, out, s, before, taps, d in axes]
        return None if None in counts else prod(counts)  # type: ignore[arg-type]

    def spread(self, first: int = 2) -> tuple[Reader, ...]:
        """The same for a transposed convolution."""
        windows = enumerate(zip(self.strides, self.before, self.kernel, self.dilations), first)
        return tuple(_spread(axis, *window) for axis, window in windows)


def slide(size: Sizes, kernel: Sizes, strides: Sizes | None, dilations: Sizes | None, pads: Sizes | None,
          auto_pad: str, ceil_mode: int = 0) -> Windows:
    """Windows over axes of ``size`` positions. ``pads`` are ONNX's: all starts, then all ends. ``SAME_UPPER``
    and ``SAME_LOWER`` pad for ``⌈size / stride⌉`` outputs, ``VALID`` pads nothing."""
    found = _slid(size, kernel, strides, dilations, pads, auto_pad, ceil_mode)
    for one in (*found.kernel, *found.strides):
        if isinstance(one, Dim) and least(one) < 1:
            assume("at-least", one, 1)
    return found


@lru_cache(4096)
def _slid(size: Sizes, kernel: Sizes, strides: Sizes | None, dilations: Sizes | None, pads: Sizes | None,
          auto_pad: str, ceil_mode: int) -> Windows:
    count = len(size)
    require(len(kernel) == count, "the window has {} axes, but the input {} spatial ones", len(kernel), count)
    strides, dilations = per_axis(strides, count, "strides"), per_axis(dilations, count, "dilations")
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilations)]
    if auto_pad in SAME:
        sizes = [ceildiv(n, s) for n, s in zip(size, strides)]
        reached = [(out - 1) * s + span for out, s, span in zip(sizes, strides, spans)]
        totals = [maximum(0, end - n) for end, n in zip(reached, size)]
        before: Sizes = tuple((total + (auto_pad == "SAME_LOWER")) // 2 for total in totals)
    else:
        pads = per_axis(pads if auto_pad != "VALID" else None, 2 * count, "pads", 0)
        before = pads[:count]
        sizes = [_positions(*axis, ceil_mode) for axis in zip(size, spans, strides, pads, pads[count:])]
    return Windows(kernel, strides, dilations, before, tuple(sizes))


def _positions(size: Size, span: Size, stride: Size, before: Size, after: Size, ceil_mode: int) -> Size:
    """How many positions a window takes. With ``ceil_mode`` the last may reach beyond the padding, but not
    start in the padding behind the axis."""
    padded = before + after
    reach = padded - span + stride
    count = ceildiv(size + minimum(before, reach), stride) if ceil_mode else (size + reach) // stride
    require(most(count) >= 1, "a window of {} does not fit into {} padded positions", span, size + padded)
    return count


def unslide(size: Sizes, kernel: Sizes, strides: Sizes | None, dilations: Sizes | None, pads: Sizes | None,
            auto_pad: str, output_padding: Sizes | None, output_shape: Ints | None = None) -> Windows:
    """The windows of a transposed convolution: every input position writes one, and ``pads`` are cut off.

    ``output_shape`` names the sizes instead. ``SAME_UPPER`` and ``SAME_LOWER`` make them ``size · stride``,
    or less where a window is shorter than its stride. Half is then cut off in front, the smaller half with
    ``SAME_UPPER``."""
    count = len(size)
    strides, dilations = per_axis(strides, count, "strides"), per_axis(dilations, count, "dilations")
    extra = per_axis(output_padding, count, "output_padding", 0)
    spans = [d * (k - 1) + 1 + more for k, d, more in zip(kernel, dilations, extra)]
    wholes = [(n - 1) * s + span for n, s, span in zip(size, strides, spans)]
    require(not output_shape or len(output_shape) in (count, count + 2),
            "output_shape is {}, but there are {} spatial axes", output_shape, count)
    if output_shape or auto_pad in SAME:
        wanted = output_shape[-count:] if output_shape else tuple(n * s for n, s in zip(size, strides))
        cuts = [maximum(0, whole - out) for whole, out in zip(wholes, wanted)]
        before: Sizes = tuple((cut + (auto_pad != "SAME_UPPER")) // 2 for cut in cuts)
    else:
        pads = per_axis(pads if auto_pad != "VALID" else None, 2 * count, "pads", 0)
        before, cuts = pads[:count], [a + b for a, b in zip(pads, pads[count:])]
    sizes = output_shape[-count:] if output_shape else tuple(map(sub, wholes, cuts))
    for out, whole, cut in zip(sizes, wholes, cuts):
        require(most(out) >= 1, "nothing is left of {} positions when {} are cut off", whole, cut)
    return Windows(kernel, strides, dilations, before, sizes)


def taps_inside(outputs: Size, size: Size, stride: Size, start: Size, taps: Size,
                dilation: Size) -> Size | None:
    """How many taps of ``outputs`` windows lie inside an axis: of the positions ``o·stride + start +
    k·dilation`` those from 0 to ``size - 1``. None where there are too many taps to look at each."""
    last = (outputs - 1) * stride + start + (taps - 1) * dilation
    if least(start) >= 0 and least(size - 1 - last) >= 0:
        return outputs * taps
    if not isinstance(taps, int) or taps > TABLE or not isinstance(stride, int) or stride < 1:
        return None
    return total(_windows_inside(outputs, size, stride, start + k * dilation) for k in range(taps))


def _windows_inside(outputs: Size, size: Size, stride: int, place: Size) -> Size:
    """For how many windows ``o`` the position ``o·stride + place`` is inside an axis."""
    first = maximum(0, ceildiv(-place, stride))
    return maximum(0, minimum(outputs - 1, (size - 1 - place) // stride) - first + 1)


def _along(axis: int, stride: Size, before: Size, taps: Size, dilation: Size) -> Reader:
    """Output ``o`` of a convolution reads ``o·stride - before + k·dilation``, somewhere along the axis where
    these are formulas."""
    if not isinstance(stride, int) or not isinstance(dilation, int):
        return Picked(axis, None)
    return Along(axis, stride, -before, taps, dilation)


def _spread(axis: int, stride: Size, before: Size, taps: Size, dilation: Size) -> Reader:
    """Output ``o`` of a transposed convolution reads ``(o + before - k·dilation)/stride`` if it is whole."""
    if not isinstance(stride, int) or not isinstance(dilation, int):
        return Picked(axis, None)
    if stride == 1:
        return Along(axis, 1, before - (taps - 1) * dilation, taps, dilation)
    if not (isinstance(before, int) and isinstance(taps, int) and stride * taps <= TABLE):
        return Picked(axis, None)
    ends = range(before, before + stride)
    starts = [range(end, end - taps * dilation, -dilation) for end in ends]
    inputs = [[start // stride for start in phase if start % stride == 0] or [0, 1] for phase in starts]
    return Spread(axis, 1, tuple(found[-1] for found in inputs), tuple(found[0] for found in inputs),
                  dilation // gcd(dilation, stride))


def per_axis(given: Sequence[Any] | None, count: int, name: str, default: int = 1) -> tuple[Any, ...]:
    """The attribute ``name``, which has ``count`` values, positive ones unless ``default`` is 0; all are
    ``default`` where it is left out."""
    if not given:
        return (default,) * count
    require(len(given) == count, "{} has {} values, but needs {}", name, len(given), count)
    require(default == 0 or min(map(most, given)) > 0, "{} is {}, but must be positive", name, given)
    return tuple(given)


# ---------------------------------------------------------------------------------- weights and groups
def weight_sizes(w: TensorType, ndim: int, kernel_shape: Ints | None) -> tuple[Size, Size, Sizes]:
    """The first two sizes of a weight, and its kernel over ``ndim`` spatial axes (also ``kernel_shape``)."""
    shape: Any = w.shape if ranked(w) else [unknown_size("the weight's shape") for _ in range(ndim + 2)]
    require(len(shape) == ndim + 2, "the weight has {} axes, but the input has {}", len(shape), ndim + 2)
    kernel, said = tuple(shape[2:]), tuple(kernel_shape or ())
    if said and said != kernel:
        require(len(said) == ndim, "kernel_shape has {} values, but needs {}", len(said), ndim)
        for k, taps in zip(said, kernel):
            require(same(k, taps), "kernel_shape says {}, but the weight has {}", said, kernel)
    return shape[0], shape[1], said or kernel


def group_reader(axis: int, outputs: Size, inputs: Size, group: Size) -> Reader:
    """How the channel ``axis`` is read where ``outputs`` of its positions share a group of ``inputs``."""
    if group == 1:
        return ALL
    if not (isinstance(outputs, int) and isinstance(inputs, int) and outputs <= TABLE):
        return Picked(axis, None)
    if outputs == 1:
        return Along(axis, inputs, 0, inputs)
    return Spread(axis, inputs, (0,) * outputs, (inputs - 1,) * outputs)
