"""Convolution and pooling: windows slide over the spatial axes, which follow those of batch and channels."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from archcheck import values
from archcheck.dims import Size, most, prod, same
from archcheck.graph import Shape, TensorType
from archcheck.ops._inputs import expect, part
from archcheck.ops._op import (
    ALL,
    FREE,
    Along,
    Cost,
    Effect,
    Packed,
    Picked,
    Product,
    Reader,
    Reads,
    equal,
    op,
    ranked,
    require,
    result,
    unknown_size,
)
from archcheck.ops._slide import Ints, Sizes, Windows, group_reader, slide, unslide, weight_sizes

Axes = tuple[Reader, ...]
REQUANTIZE = Cost(mul=1, add=1, cmp=1)
"""Per output of a quantized operator: scaled, rounded about the zero point, clamped."""
SILU = Cost(add=1, mul=1, div=1, special=1)


class Convolution(NamedTuple):
    """What all convolutions have in common: the output's ``shape``, which of its axes is ``channel``, the
    windows, and the weight's sizes: ``filters`` in ``group`` groups, each of ``depth`` channels."""

    shape: Shape
    channel: int
    windows: Windows
    filters: Size
    depth: Size
    group: int

    @property
    def channel_reader(self) -> Reader:
        """How an output reads the channels of the data."""
        return group_reader(self.channel, self.filters // self.group, self.depth, self.group)

    def data(self) -> Axes:
        """How an output reads the data."""
        last = self.channel != 1
        return arranged(Along(0), self.channel_reader, self.windows.readers(1 if last else 2), last)

    def weight(self) -> Axes:
        """How an output reads the weight."""
        return (Along(self.channel), *(ALL,) * (len(self.windows.sizes) + 1))

    def factor(self, kind: TensorType | None) -> Axes | None:
        """How an output reads a bias, scale or zero point: one for each channel, or one for all."""
        if kind is None or not ranked(kind):
            return None
        shape = kind.shape or ()
        return tuple(ALL if size == 1 else Along(self.channel) for size in shape)

    def cost(self, b: TensorType | None, per_output: Cost = FREE) -> Cost:
        """The multiply-accumulates, an addition for the bias, and what else is done to each output."""
        outputs = prod(self.shape)
        own = Cost(outputs * self.depth * self.windows.taps, 0 if b is None else outputs)
        return own if per_output is FREE else own + per_output.times(outputs)


def arranged(batch: Any, channel: Any, spatial: Any, last: bool | int) -> tuple[Any, ...]:
    """What belongs to each axis, with the channels' in the second place, or in the last."""
    return (batch, *spatial, channel) if last else (batch, channel, *spatial)


def apart(shape: Any, last: bool | int = 0) -> tuple[Size, Size, Sizes]:
    """The batch, the channels and the spatial sizes of ``shape``."""
    return (shape[0], shape[-1], shape[1:-1]) if last else (shape[0], shape[1], shape[2:])


def data_shape(x: TensorType, like: Sequence[Size] | None) -> Any:
    """The shape of ``x``, which has as many axes as ``like``."""
    return x.shape if ranked(x) else tuple(unknown_size("the input's shape") for _ in like or ())


def weight_like(w: TensorType, kernel_shape: Ints | None) -> Sequence[Size] | None:
    """What has as many axes as the weight ``w``: its shape, or one that ``kernel_shape`` tells of."""
    return (0, 0, *kernel_shape) if kernel_shape and not ranked(w) else w.shape


def convolution(x: TensorType, w: TensorType, b: TensorType | None, auto_pad: str, dilations: Ints | None,
                group: int, kernel_shape: Ints | None, pads: Ints | None, strides: Ints | None,
                last: int = 0) -> Convolution:
    """``x[n, c, o·stride + k·dilation - pad] · w[m, c, k]``, summed over ``k`` and ``m``'s channels ``c``.

    The weight's axes are (M, C/group, k…). With ``last`` the channels of data and output come last."""
    n, channels, size = apart(data_shape(x, weight_like(w, kernel_shape)), last)
    filters, depth, kernel = weight_sizes(w, len(size), kernel_shape)
    equal(channels, depth * group, "the input has {} channels, but the weight takes {} ({} × {} groups)",
          channels, depth * group, depth, group)
    divisible = most(group) > 0 and same(filters % group, 0)
    require(divisible, "{} filters cannot be shared out to {} groups", filters, group)
    expect(b, "the bias", filters)
    windows = slide(size, kernel, strides, dilations, pads, auto_pad)
    channel = len(size) + 1 if last else 1
    return Convolution(arranged(n, filters, windows.sizes, last), channel, windows, filters, depth, group)


@op("Conv", kind="convolution", saves={"x": "w", "w": "x"})
def conv(x, w, b=None, *, auto_pad="NOTSET", dilations=None, group=1, kernel_shape=None, pads=None,
         strides=None):
    """``y[n, m, o] = Σ x[n, c, o·stride + k·dilation - pad] · w[m, c, k] + b[m]``, summed over a group."""
    found = convolution(x, w, b, auto_pad, dilations, group, kernel_shape, pads, strides)
    return result(found.shape, x, cost=lambda: found.cost(b),
                  reads=lambda _: (found.data(), found.weight(), found.factor(b)))


@op("ConvInteger", dtypes=("int32",), kind="convolution")
def conv_integer(x, w, x_zero_point=None, w_zero_point=None, *, auto_pad="NOTSET", dilations=None, group=1,
                 kernel_shape=None, pads=None, strides=None):
    """`Conv` of integers less their zero points, exact in int32."""
    found = convolution(x, w, None, auto_pad, dilations, group, kernel_shape, pads, strides)
    zeros = x_zero_point, w_zero_point
    return result(found.shape, "int32", cost=lambda: found.cost(None),
                  reads=lambda _: (found.data(), found.weight(), *map(found.factor, zeros)))


def quantized(found: Convolution, *scales: TensorType | None) -> Effect:
    """The effect of a convolution of quantized numbers. ``scales`` are its other inputs: scale and zero point
    of the data, of the weight and of the output, and the bias."""
    def reads(_: int) -> Reads:
        x_scale, x_zero, *others = map(found.factor, scales)
        return found.data(), x_scale, x_zero, found.weight(), *others

    return result(found.shape, scales[5], cost=lambda: found.cost(scales[6], REQUANTIZE), reads=reads)


@op("QLinearConv", dtypes=(7,))
def qlinear_conv(x, x_scale, x_zero_point, w, w_scale, w_zero_point, y_scale, y_zero_point, b=None, *,
                 auto_pad="NOTSET", dilations=None, group=1, kernel_shape=None, pads=None, strides=None):
    """`Conv` of quantized data and weights, its sums quantized by ``y_scale`` and ``y_zero_point``."""
    found = convolution(x, w, b, auto_pad, dilations, group, kernel_shape, pads, strides)
    return quantized(found, x_scale, x_zero_point, w_scale, w_zero_point, y_scale, y_zero_point, b)


# ---------------------------------------------------------------------------------- transposed
def transposed(x: TensorType, w: TensorType, b: TensorType | None, group: int, kernel_shape: Ints | None,
               *window: Any) -> Effect:
    """The effect of a convolution run backwards. ``window`` are the arguments of `unslide` after the kernel.
    The weight's axes are (C, M/group, k…)."""
    n, channels, size = apart(data_shape(x, weight_like(w, kernel_shape)))
    rows, columns, kernel = weight_sizes(w, len(size), kernel_shape)
    equal(channels, rows, "the input has {} channels, but the weight takes {}", channels, rows)
    expect(b, "the bias", columns * group)
    windows = unslide(size, kernel, *window)
    shape = n, columns * group, *windows.sizes

    def cost() -> Cost:
        mac = n * channels * columns * windows.taps * prod(size)
        return Cost(mac, add=0 if b is None else prod(shape))

    def reads(_: int) -> Reads:
        contracted = group_reader(1, columns, channels // group, group)
        column = Along(1) if group == 1 else Packed(((1, 1, columns, 1),))
        kept = (contracted, column, *(ALL,) * len(size))
        return (Along(0), contracted, *windows.spread()), kept, None if b is None else (Along(1),)

    def products() -> tuple[Product, ...]:
        inside = windows.written(size)
        real = None if inside is None else n * channels * columns * inside
        return Product(n * channels * columns * windows.taps * prod(size), real, (0,), (1,), n),

    return result(shape, x, cost=cost, reads=reads)._replace(products=products)


@op("ConvTranspose", kind="transposed convolution", saves={"x": "w", "w": "x"})
def conv_transpose(x, w, b=None, *, auto_pad="NOTSET", dilations=None, group=1, kernel_shape=None,
                   output_padding=None, output_shape=None, pads=None, strides=None):
    """``y[n, m, i·stride + k·dilation - pad] += x[n, c, i] · w[c, m, k]``; ``output_padding`` comes last."""
    return transposed(x, w, b, group, kernel_shape, strides, dilations, pads, auto_pad, output_padding,
                      output_shape)


# ---------------------------------------------------------------------------------- others
@op("DeformConv", kind="deformable convolution", saves=("x", "w", "offset", "mask"))
def deform_conv(x, w, offset, b=None, mask=None, *, dilations=None, group=1, kernel_shape=None,
                offset_group=1, pads=None, strides=None):
    """`Conv` whose taps are each moved by an ``offset`` (then interpolated) and scaled by a ``mask``."""
    found = convolution(x, w, b, "NOTSET", dilations, group, kernel_shape, pads, strides)
    n, _, *sizes = found.shape
    taps, spatial = found.windows.taps, len(sizes)
    expect(offset, "the offset", n, offset_group * taps * spatial, *sizes)
    expect(mask, "the mask", n, None, *sizes)

    def cost() -> Cost:
        samples = n * found.depth * group * taps * prod(sizes)
        corners = Cost(mul=2**spatial + (mask is not None), add=2**spatial - 1)
        return found.cost(b) + corners.times(samples)

    def reads(_: int) -> Reads:
        moved: Axes = (Along(0), ALL, *(Along(2 + axis) for axis in range(spatial)))
        data = Along(0), found.channel_reader, *(Picked(2 + axis, None) for axis in range(spatial))
        return data, found.weight(), moved, found.factor(b), None if mask is None else moved

    def products() -> tuple[Product, ...]:
        return Product(found.cost(None).mac, None, (0, 2, 4), (1,), n),

    return result(found.shape, x, cost=cost, reads=reads)._replace(products=products)


@op("CausalConvWithState", dtypes=(0, 0))
def causal_conv_with_state(input, weight, bias=None, past_state=None, *, activation="none"):
    """Each channel convolved with its own ``k`` taps, over the ``k - 1`` positions of ``past_state`` and the
    input. The second output is the last ``k - 1`` of them, the state to go on with."""
    n, channels, length = input.shape
    filters, _, taps = weight.shape
    equal(channels, filters, "the input has {} channels, but the weight takes {}", channels, filters)
    expect(bias, "the bias", channels)
    expect(past_state, "the past state", n, channels, taps - 1)
    each = Cost(taps, 0 if bias is None else 1) + (SILU if activation in ("silu", "swish") else FREE)

    def reads(k: int) -> Reads:
        first, span = ((0, taps), (length, 1))[k]  # of the past state and the input, end to end
        data: Axes = Along(0), Along(1), Along(2, 1, first - (taps - 1), span)
        past = None if past_state is None else (Along(0), Along(1), Along(2, 1, first, span))
        if k == 1:
            return data, None, None, past
        return data, (Along(1), ALL, ALL), None if bias is None else (Along(1),), past

    kinds = (TensorType(input.dtype, input.shape), TensorType(input.dtype, (n, channels, taps - 1)))
    return Effect(kinds, lambda: each.times(n * channels * length), reads)


# ---------------------------------------------------------------------------------- pooling
def pool(x: TensorType, per_output: Callable[[Size], Cost], outputs: Sequence[str | None], kernel_shape: Ints,
         *window: Any, last: int = 0) -> Effect:
    """One output for each position of a window, each channel by itself. ``per_output`` is its cost by the
    taps of a window, ``outputs`` are the dtypes, and ``window`` the arguments of `slide` after the kernel."""
    n, c, size = apart(data_shape(x, (0, 0, *kernel_shape)), last)
    windows = slide(size, kernel_shape, *window)
    shape = arranged(n, c, windows.sizes, last)
    channel, first = (len(size) + 1, 1) if last else (1, 2)
    return Effect(tuple(TensorType(dtype, shape) for dtype in outputs),
                  lambda: per_output(windows.taps).times(prod(shape)),
                  lambda _: (arranged(Along(0), Along(channel), windows.readers(first), last),))


def largest(taps: Size) -> Cost:
    """The maximum of a window."""
    return Cost(cmp=taps - 1)


def mean(taps: Size) -> Cost:
    """The mean of a window."""
    return Cost(add=taps - 1, div=1)


def norm(taps: Size) -> Cost:
    """The norm of a window: powers, their sum, its root."""
    return Cost(mul=taps, add=taps - 1, special=1)


@op("MaxPool", dtypes=(0, "int64"), kind="max pooling", saves=("x", 1))
def max_pool(x, *, kernel_shape, auto_pad="NOTSET", ceil_mode=0, dilations=None, pads=None, storage_order=0,
             strides=None):
    """The largest of each window; the second output says where in the input it was."""
    return pool(x, largest, (x.dtype, "int64"), kernel_shape, strides, dilations, pads, auto_pad, ceil_mode)


@op("AveragePool", kind="average pooling", saves=("x",))
def average_pool(x, *, kernel_shape, auto_pad="NOTSET", ceil_mode=0, count_include_pad=0, dilations=None,
                 pads=None, strides=None):
    """The mean of each window, of what is not padding unless ``count_include_pad``."""
    return pool(x, mean, (x.dtype,), kernel_shape, strides, dilations, pads, auto_pad, ceil_mode)


@op("LpPool")
def lp_pool(x, *, kernel_shape, auto_pad="NOTSET", ceil_mode=0, dilations=None, p=2, pads=None, strides=None):
    """``(Σ |x|^p)^(1/p)`` of each window."""
    return pool(x, norm, (x.dtype,), kernel_shape, strides, dilations, pads, auto_pad, ceil_mode)


def global_pool(x: TensorType, per_output: Callable[[Size], Cost], last: int = 0) -> Effect:
    """One output for each channel, from all its positions."""
    n, c, size = apart(x.shape, last)
    ones, every = (1,) * len(size), (ALL,) * len(size)
    channel = len(size) + 1 if last else 1
    return result(arranged(n, c, ones, last), x, cost=lambda: per_output(prod(size)).times(n * c),
                  reads=lambda _: (arranged(Along(0), Along(channel), every, last),))


@op("GlobalMaxPool", kind="global max pooling")
def global_max_pool(x):
    """The largest of each channel."""
    return global_pool(x, largest)


@op("GlobalAveragePool", kind="global average pooling", saves=())
def global_average_pool(x):
    """The mean of each channel."""
    return global_pool(x, mean)


@op("GlobalLpPool")
def global_lp_pool(x, *, p=2):
    """``(Σ |x|^p)^(1/p)`` of each channel."""
    return global_pool(x, norm)


@op("MaxUnpool", saves=("i",))
def max_unpool(x, i, output_shape=None, *, kernel_shape, pads=None, strides=None):
    """Each value back to the place ``i`` in the whole tensor that `MaxPool` found it at, zeros elsewhere."""
    n, c, size = apart(data_shape(x, (0, 0, *kernel_shape)))
    shape = n, c, *unslide(size, kernel_shape, strides, None, pads, "NOTSET", None).sizes
    if output_shape is not None:
        shape = tuple(values.sizes(output_shape._replace(shape=(len(shape),)), "the output's shape"))
    anywhere = tuple(Picked(axis, None) for axis in range(len(shape)))
    return result(shape, x, cost=FREE, reads=lambda _: (anywhere, anywhere, None))


@op("Col2Im", saves=())
def col2im(input, image_shape, block_shape, *, dilations=None, pads=None, strides=None):
    """The sum of blocks at the places they were cut from: ``input`` is (N, C·block, number of blocks)."""
    n, packed, blocks = input.shape
    size = tuple(values.sizes(image_shape, "the image's shape"))
    block = tuple(values.sizes(block_shape, "the block's shape"))
    windows = slide(size, block, strides, dilations, pads, "NOTSET")
    fitting, taps = prod(windows.sizes), windows.taps
    equal(blocks, fitting, "{} blocks are given, but {} fit into the image", blocks, fitting)
    rows = Along(1, taps, 0, taps) if isinstance(taps, int) else Picked(1, None)
    return result((n, part(packed, taps, "the number of rows"), *size), input,
                  cost=lambda: Cost(add=n * packed * blocks),
                  reads=lambda _: ((Along(0), rows, Picked(2, None)), None, None))


@op("LRN", kind="local response normalization")
def lrn(x, *, size, alpha=1e-4, beta=0.75, bias=1.0):
    """``x / (bias + alpha/size · Σ x²)^beta``, summed over ``size`` channels about each."""
    def reads(_: int) -> Reads:
        batch, _channel, *others = (Along(axis) for axis in range(len(x.shape)))
        return (batch, Along(1, 1, -((size - 1) // 2), size), *others),

    each = Cost(mul=size + 1, add=size, div=1, special=1)
    return result(x.shape, x, cost=lambda: each.times(prod(x.shape)), reads=reads)
