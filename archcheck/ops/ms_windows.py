"""Windows, resampling and transforms of com.microsoft: fused, quantized, or with the channels last."""
from __future__ import annotations

from archcheck import values
from archcheck.dims import Size, prod
from archcheck.graph import TensorType
from archcheck.ops._fusion import activation_cost, ms, reads_of
from archcheck.ops._inputs import aligned, expect, whole
from archcheck.ops._op import ALL, FREE, Along, Axes, Cost, Effect, result
from archcheck.ops.padding import pad
from archcheck.ops.resize import grid_sampled
from archcheck.ops.signal import transform
from archcheck.ops.vision import regions
from archcheck.ops.windows import (
    REQUANTIZE,
    Convolution,
    convolution,
    global_pool,
    largest,
    mean,
    pool,
    quantized,
    transposed,
)


# ---------------------------------------------------------------------------------- convolution
def fused(found: Convolution, x: TensorType, b: TensorType | None, z: TensorType | None = None,
          activation: str = "") -> Effect:
    """The effect of a convolution that ``z`` is added to and an ``activation`` applied to."""
    expect(z, "the sum's other side", *found.shape)

    def cost() -> Cost:
        added = FREE if z is None else Cost(add=1)
        return found.cost(b, added + activation_cost(activation))

    return result(found.shape, x, cost=cost, reads=lambda _: (
        found.data(), found.weight(), found.factor(b), aligned(found.shape, z)))


@ms("FusedConv")
def fused_conv(x, w, b=None, z=None, *, activation="", activation_params=None, auto_pad="NOTSET",
               dilations=None, group=1, kernel_shape=None, pads=None, strides=None):
    """``activation(Conv(x, w, b) + z)``."""
    found = convolution(x, w, b, auto_pad, dilations, group, kernel_shape, pads, strides)
    return fused(found, x, b, z, activation)


@ms("NhwcFusedConv")
def nhwc_fused_conv(x, w, b=None, z=None, *, activation="", activation_params=None, auto_pad="NOTSET",
                    dilations=None, group=1, kernel_shape=None, pads=None, strides=None):
    """`FusedConv` of data whose channels come last; the weight's axes are (M, C/group, k…) all the same."""
    found = convolution(x, w, b, auto_pad, dilations, group, kernel_shape, pads, strides, last=True)
    return fused(found, x, b, z, activation)


@ms("NhwcConv")
def nhwc_conv(x, w, b=None, *, auto_pad="NOTSET", dilations=None, group=1, kernel_shape=None, pads=None,
              strides=None):
    """`Conv` of data whose channels come last; the weight's axes are (M, C/group, k…) all the same."""
    found = convolution(x, w, b, auto_pad, dilations, group, kernel_shape, pads, strides, last=True)
    return fused(found, x, b)


@ms("QLinearConv", dtypes=(7,))
def qlinear_conv(x, x_scale, x_zero_point, w, w_scale, w_zero_point, y_scale, y_zero_point, b=None, *,
                 auto_pad="NOTSET", channels_last=0, dilations=None, group=1, kernel_shape=None, pads=None,
                 strides=None):
    """ONNX's QLinearConv, of data whose channels may come last."""
    found = convolution(x, w, b, auto_pad, dilations, group, kernel_shape, pads, strides, channels_last)
    return quantized(found, x_scale, x_zero_point, w_scale, w_zero_point, y_scale, y_zero_point, b)


@ms("ConvTransposeWithDynamicPads")
def conv_transpose_with_dynamic_pads(x, w, pads=None, b=None, *, auto_pad="NOTSET", dilations=None,
                                     group=1, kernel_shape=None, output_padding=None, strides=None):
    """ONNX's ConvTranspose with the pads as an input."""
    cut = pads and values.sizes(pads._replace(shape=(2 * len(w.shape) - 4,)), "a pad")
    effect = transposed(x, w, b, group, kernel_shape, strides, dilations, cut, auto_pad, output_padding)

    def reads(_: int):
        data, weight, bias = reads_of(effect)
        return data, weight, None, bias

    return effect._replace(reads=reads)


# ---------------------------------------------------------------------------------- pooling
@ms("NhwcMaxPool")
def nhwc_max_pool(x, *, kernel_shape, auto_pad="NOTSET", ceil_mode=0, dilations=None, pads=None,
                  strides=None):
    """ONNX's MaxPool of data whose channels come last."""
    window = kernel_shape, strides, dilations, pads, auto_pad, ceil_mode
    return pool(x, largest, (x.dtype,), *window, last=True)


@ms("MaxpoolWithMask")
def maxpool_with_mask(x, m, *, kernel_shape, auto_pad="NOTSET", pads=None, storage_order=0, strides=None):
    """ONNX's MaxPool of the positions that the mask ``m`` marks."""
    effect = pool(x, largest, (x.dtype,), kernel_shape, strides, None, pads, auto_pad)
    return effect._replace(reads=lambda _: (*reads_of(effect), whole(m)))


def _requantized_mean(taps: Size) -> Cost:
    return mean(taps) + REQUANTIZE


@ms("QLinearAveragePool")
def qlinear_average_pool(x, x_scale, x_zero_point=None, y_scale=None, y_zero_point=None, *, kernel_shape,
                         auto_pad="NOTSET", ceil_mode=0, channels_last=0, count_include_pad=0, pads=None,
                         strides=None):
    """The mean of each window, dequantized before and quantized after."""
    window = kernel_shape, strides, None, pads, auto_pad, ceil_mode
    effect = pool(x, _requantized_mean, (x.dtype,), *window, last=channels_last)
    scales = x_scale, x_zero_point, y_scale, y_zero_point
    return effect._replace(reads=lambda _: (*reads_of(effect), *map(whole, scales)))


@ms("QLinearGlobalAveragePool")
def qlinear_global_average_pool(x, x_scale, x_zero_point, y_scale, y_zero_point, *, channels_last=0):
    """The mean of each channel, dequantized before and quantized after."""
    effect = global_pool(x, _requantized_mean, last=channels_last)
    scales = x_scale, x_zero_point, y_scale, y_zero_point
    return effect._replace(reads=lambda _: (*reads_of(effect), *map(whole, scales)))


# ---------------------------------------------------------------------------------- others
@ms("CropAndResize")
def crop_and_resize(x, rois, batch_indices, crop_size, *, extrapolation_value=0.0, mode="bilinear"):
    """Regions of ``x`` (N, C, H, W) resampled to ``crop_size``: (regions, C, *crop_size)."""
    size = values.sizes(crop_size._replace(shape=(2,)), "the size of the crops")
    effect = regions(x, rois, batch_indices, size, FREE if mode == "nearest" else Cost(mul=4, add=3))
    return effect._replace(reads=lambda _: (*reads_of(effect), None))


@ms("GridSample")
def grid_sample(x, grid, *, align_corners=0, mode="bilinear", padding_mode="zeros"):
    """ONNX's GridSample: ``x`` (N, C, in…) sampled where ``grid`` (N, out…, coordinates) says."""
    return grid_sampled(x, grid, {"nearest": 1, "bicubic": 4}.get(mode, 2))


@ms("Pad")
def padded(data, pads, value=None, *, mode="constant"):
    """ONNX's Pad; the pads may also be (1, 2·rank)."""
    return pad(data, pads, value, mode=mode)


@ms("Rfft")
def rfft(x, *, normalized=0, onesided=1, signal_ndim=1):
    """The Fourier transform of real signals (…, n): (…, n // 2 + 1, 2), real and imaginary parts."""
    *others, length = x.shape
    readers: Axes = *map(Along, range(len(others))), ALL
    return result((*others, length // 2 + 1, 2), x, cost=transform(prod(others), length),
                  reads=lambda _: (readers,))


@ms("Irfft")
def irfft(x, *, signal_ndim, normalized=0, onesided=1):
    """The inverse of `Rfft`: (…, n // 2 + 1, 2) to (…, n)."""
    *others, frequencies, _ = x.shape
    length = 2 * (frequencies - 1)
    readers: Axes = *map(Along, range(len(others))), ALL, ALL
    cost = transform(prod(others), length)
    return result((*others, length), x, cost=cost, reads=lambda _: (readers,))
