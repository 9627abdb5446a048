"""The networks of Google's table of receptive fields, as TF-slim defines them, up to their last feature map.

A. Araujo, W. Norris, J. Sim, "Computing Receptive Fields of Convolutional Neural Networks", Distill 2019.
Values are named after the end points of the table. Where windows of stride 2 pad ``SAME``, their padding
depends on the size of the input.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from onnx import ModelProto

from tests.fields.net import Pad, PerAxis, Value, image

Layer = tuple[int, PerAxis] | tuple[int, PerAxis, int]
"""Filters, kernel, and stride."""


# ------------------------------------------------------------------------------------------- plain chains
def alexnet_v2() -> ModelProto:
    x = image().conv(64, 11, 4, "valid").named("conv1").max_pool(3, 2).named("pool1")
    x = x.conv(192, 5, 1, "same").named("conv2").max_pool(3, 2).named("pool2")
    for number, filters in zip((3, 4, 5), (384, 384, 256)):
        x = x.conv(filters, 3, 1, "same").named(f"conv{number}")
    return x.max_pool(3, 2).named("pool5").model()


def vgg(*depths: int, pad: Pad = "same") -> ModelProto:
    x = image()
    for block, (depth, filters) in enumerate(zip(depths, (64, 128, 256, 512, 512)), 1):
        for number in range(1, depth + 1):
            x = x.conv(filters, 3, 1, pad).named(f"conv{block}_{number}")
        x = x.max_pool(2, 2).named(f"pool{block}")
    return x.model()


MOBILE = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1))


def mobilenet_v1(width: float = 1) -> ModelProto:
    x = image().conv(int(32 * width), 3, 2, "same").named("Conv2d_0")
    for number, (filters, stride) in enumerate(MOBILE, 1):
        x = x.depthwise(3, stride, "same").conv(int(filters * width), 1).named(f"Conv2d_{number}_pointwise")
    return x.model()


# ------------------------------------------------------------------------------------------- residual
Units = Sequence[int]


def same_conv(x: Value, filters: int, kernel: int, stride: int) -> Value:
    """``conv2d_same``: padded by (kernel - 1)/2 whatever the size and stride."""
    return x.conv(filters, kernel, stride, "half" if stride > 1 else "same", bias=False)


def bottleneck(x: Value, width: int, stride: int, *, bias: bool) -> Value:
    """A residual unit with its stride on the 3x3 convolution; a unit that keeps its depth subsamples the
    shortcut."""
    if x.channels == 4 * width:
        shortcut = x if stride == 1 else x.max_pool(1, stride)
    else:
        shortcut = x.conv(4 * width, 1, stride, bias=bias)
    inner = same_conv(x.conv(width, 1, bias=False), width, 3, stride)
    return inner.conv(4 * width, 1, bias=bias) + shortcut


def resnet(units: Units, *, bias: bool) -> ModelProto:
    """ResNet with the stride in the last unit of each block but the last. The second version has biases where
    no normalization follows."""
    x = image().conv(64, 7, 2, "half", bias=bias).max_pool(3, 2, "same")
    for block, (count, width) in enumerate(zip(units, (64, 128, 256, 512)), 1):
        last = 2 if block < 4 else 1
        for stride in [*[1] * (count - 1), last]:
            x = bottleneck(x, width, stride, bias=bias)
        x = x.named(f"block{block}")
    return x.model()


# ------------------------------------------------------------------------------------------- inception
def chain(x: Value, *layers: Layer, pad: Pad = "same") -> Value:
    """Convolutions one after another; a stride is padded by ``pad``."""
    for filters, kernel, *stride in layers:
        x = x.conv(filters, kernel, stride[0], pad) if stride else x.conv(filters, kernel, 1, "same")
    return x


def mixed(x: Value, *branches: Sequence[Layer], pool: int = 0, maximum: bool = False) -> Value:
    """Branches of convolutions, and one of a 3x3 pooling and ``pool`` projections, side by side."""
    pooled = x.max_pool(3, 1, "same") if maximum else x.average_pool(3, 1, "same")
    first, *rest = (chain(x, *branch) for branch in branches)
    return first.concat(*rest, pooled.conv(pool, 1))


def reduction(x: Value, *branches: Sequence[Layer], pad: Pad = "valid") -> Value:
    """Branches that end in a convolution of stride 2, and a 3x3 pooling, side by side."""
    first, *rest = (chain(x, *branch, pad=pad) for branch in branches)
    return first.concat(*rest, x.max_pool(3, 2, pad))


ROW, COLUMN = (1, 7), (7, 1)
# filters of the 1x1 (0: a block of stride 2 without one), of 1x1 and 3x3, of 1x1 and two 3x3, after the pool
INCEPTION_V2 = {
    "Mixed_3b": (64, (64, 64), (64, 96, 96), 32), "Mixed_3c": (64, (64, 96), (64, 96, 96), 64),
    "Mixed_4a": (0, (128, 160), (64, 96, 96), 0), "Mixed_4b": (224, (64, 96), (96, 128, 128), 128),
    "Mixed_4c": (192, (96, 128), (96, 128, 128), 128), "Mixed_4d": (160, (128, 160), (128, 160, 160), 96),
    "Mixed_4e": (96, (128, 192), (160, 192, 192), 96), "Mixed_5a": (0, (128, 192), (192, 256, 256), 0),
    "Mixed_5b": (352, (192, 320), (160, 224, 224), 128), "Mixed_5c": (352, (192, 320), (192, 224, 224), 128)}


def inception_v2(*, separable: bool = True) -> ModelProto:
    x = image()
    stem = x.depthwise(7, 2, "same", 8, bias=False).conv(64, 1) if separable else x.conv(64, 7, 2, "same")
    x = stem.named("Conv2d_1a_7x7").max_pool(3, 2, "same").named("MaxPool_2a_3x3")
    x = x.conv(64, 1).named("Conv2d_2b_1x1").conv(192, 3, 1, "same").named("Conv2d_2c_3x3")
    x = x.max_pool(3, 2, "same").named("MaxPool_3a_3x3")
    for name, (one, (a, b), (c, d, e), pool) in INCEPTION_V2.items():
        if one:
            x = mixed(x, [(one, 1)], [(a, 1), (b, 3)], [(c, 1), (d, 3), (e, 3)], pool=pool,
                      maximum=name == "Mixed_5c")
        else:
            x = reduction(x, [(a, 1), (b, 3, 2)], [(c, 1), (d, 3), (e, 3, 2)], pad="same")
        x = x.named(name)
    return x.model()


def stem(pad: Pad = "valid") -> Value:
    """The layers with which inception v3 and later begin."""
    x = image().conv(32, 3, 2, pad).named("Conv2d_1a_3x3").conv(32, 3, 1, pad).named("Conv2d_2a_3x3")
    return x.conv(64, 3, 1, "same").named("Conv2d_2b_3x3")


def long_stem(pad: Pad = "valid") -> Value:
    """The stem of inception v3 and inception-resnet v2."""
    x = stem(pad).max_pool(3, 2, pad).named("MaxPool_3a_3x3").conv(80, 1).named("Conv2d_3b_1x1")
    return x.conv(192, 3, 1, pad).named("Conv2d_4a_3x3").max_pool(3, 2, pad).named("MaxPool_5a_3x3")


def fan(x: Value, *before: Layer, filters: int) -> list[Value]:
    """A row and a column of three, side by side at the end of a chain."""
    end = chain(x, *before)
    return [chain(end, (filters, (1, 3))), chain(end, (filters, (3, 1)))]


def wide(x: Value, one: int, middle: int, long: Sequence[Layer], filters: int, pool: int) -> Value:
    """The block of the 8x8 grid of inception v3 and v4."""
    branches = *fan(x, (middle, 1), filters=filters), *fan(x, *long, filters=filters)
    return chain(x, (one, 1)).concat(*branches, x.average_pool(3, 1, "same").conv(pool, 1))


def sevens(x: Value, width: int) -> Value:
    """The block of the 17x17 grid of inception v3."""
    w = width
    return mixed(x, [(192, 1)], [(w, 1), (w, ROW), (192, COLUMN)],
                 [(w, 1), (w, COLUMN), (w, ROW), (w, COLUMN), (192, ROW)], pool=192)


def inception_v3() -> ModelProto:
    x = long_stem()
    for name, pool in ("Mixed_5b", 32), ("Mixed_5c", 64), ("Mixed_5d", 64):
        x = mixed(x, [(64, 1)], [(48, 1), (64, 5)], [(64, 1), (96, 3), (96, 3)], pool=pool).named(name)
    x = reduction(x, [(384, 3, 2)], [(64, 1), (96, 3), (96, 3, 2)]).named("Mixed_6a")
    for name, width in ("Mixed_6b", 128), ("Mixed_6c", 160), ("Mixed_6d", 160), ("Mixed_6e", 192):
        x = sevens(x, width).named(name)
    x = reduction(x, [(192, 1), (320, 3, 2)], [(192, 1), (192, ROW), (192, COLUMN), (192, 3, 2)])
    x = x.named("Mixed_7a")
    for name in "Mixed_7b", "Mixed_7c":
        x = wide(x, 320, 384, [(448, 1), (384, 3)], 384, 192).named(name)
    return x.model()


def inception_v4() -> ModelProto:
    x = v4_stem()
    for letter in "bcde":
        x = mixed(x, [(96, 1)], [(64, 1), (96, 3)], [(64, 1), (96, 3), (96, 3)], pool=96)
        x = x.named(f"Mixed_5{letter}")
    x = reduction(x, [(384, 3, 2)], [(192, 1), (224, 3), (256, 3, 2)]).named("Mixed_6a")
    for letter in "bcdefgh":
        x = mixed(x, [(384, 1)], [(192, 1), (224, ROW), (256, COLUMN)],
                  [(192, 1), (192, COLUMN), (224, ROW), (224, COLUMN), (256, ROW)], pool=128)
        x = x.named(f"Mixed_6{letter}")
    x = reduction(x, [(192, 1), (192, 3, 2)], [(256, 1), (256, ROW), (320, COLUMN), (320, 3, 2)])
    x = x.named("Mixed_7a")
    for letter in "bcd":
        x = wide(x, 256, 384, [(384, 1), (448, (3, 1)), (512, (1, 3))], 256, 256).named(f"Mixed_7{letter}")
    return x.model()


def v4_stem() -> Value:
    x = stem()
    x = x.max_pool(3, 2).concat(x.conv(96, 3, 2, "valid")).named("Mixed_3a")
    long = chain(x, (64, 1), (64, ROW), (64, COLUMN)).conv(96, 3, 1, "valid")
    x = x.conv(64, 1).conv(96, 3, 1, "valid").concat(long).named("Mixed_4a")
    return x.conv(192, 3, 2, "valid").concat(x.max_pool(3, 2)).named("Mixed_5a")


def residual(x: Value, scale: float, *branches: Sequence[Layer]) -> Value:
    """Branches side by side, brought to the depth of the input, scaled and added to it."""
    first, *rest = (chain(x, *branch) for branch in branches)
    return x + first.concat(*rest).conv(x.channels, 1).scaled(scale)


def inception_resnet_v2(pad: Pad = "valid") -> ModelProto:
    x = long_stem(pad)
    x = mixed(x, [(96, 1)], [(48, 1), (64, 5)], [(64, 1), (96, 3), (96, 3)], pool=64).named("Mixed_5b")
    for _ in range(10):
        x = residual(x, 0.17, [(32, 1)], [(32, 1), (32, 3)], [(32, 1), (48, 3), (64, 3)])
    x = reduction(x, [(384, 3, 2)], [(256, 1), (256, 3), (384, 3, 2)], pad=pad).named("Mixed_6a")
    for _ in range(20):
        x = residual(x, 0.1, [(192, 1)], [(128, 1), (160, ROW), (192, COLUMN)])
    x = x.named("PreAuxLogits")
    x = reduction(x, [(256, 1), (384, 3, 2)], [(256, 1), (288, 3, 2)], [(256, 1), (288, 3), (320, 3, 2)],
                  pad=pad).named("Mixed_7a")
    for _ in range(10):
        x = residual(x, 0.2, [(192, 1)], [(192, 1), (224, (1, 3)), (256, (3, 1))])
    return x.conv(1536, 1).named("Conv2d_7b_1x1").model()


UNITS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3), 200: (3, 24, 36, 3)}
NETWORKS: dict[str, Callable[[], ModelProto]] = {
    "alexnet_v2": alexnet_v2, "vgg_a": partial(vgg, 1, 1, 2, 2, 2), "vgg_16": partial(vgg, 2, 2, 3, 3, 3),
    "inception_v2": inception_v2, "inception_v2-no-separable-conv": partial(inception_v2, separable=False),
    "inception_v3": inception_v3, "inception_v4": inception_v4,
    "inception_resnet_v2": inception_resnet_v2,
    "inception_resnet_v2-same": partial(inception_resnet_v2, "same"),
    "mobilenet_v1": mobilenet_v1, "mobilenet_v1_075": partial(mobilenet_v1, 0.75),
    **{f"resnet_v{version}_{depth}": partial(resnet, units, bias=version == 2)
       for version in (1, 2) for depth, units in UNITS.items()}}
