"""Classifiers built of convolutions, as torchvision defines them, up to their last feature map.

Where a paper and torchvision differ (the stride of ResNet's bottleneck, the 5x5 of GoogLeNet) both are here.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from onnx import ModelProto

from tests.fields.net import Value, image


# ------------------------------------------------------------------------------------------- ResNet
def basic(x: Value, width: int, stride: int = 1) -> Value:
    """Two 3x3 convolutions and a shortcut."""
    return x.conv(width, 3, stride).conv(width, 3) + shortcut(x, width, stride)


def bottleneck(x: Value, width: int, stride: int = 1, dilation: int = 1, *, first: bool = False) -> Value:
    """1x1, 3x3, 1x1 and a shortcut; the stride is on the 3x3 (v1.5), or on the ``first`` (v1)."""
    strides = (stride, 1) if first else (1, stride)
    inner = x.conv(width, 1, strides[0]).conv(width, 3, strides[1], dilation=dilation)
    return inner.conv(4 * width, 1) + shortcut(x, 4 * width, stride)


def shortcut(x: Value, channels: int, stride: int) -> Value:
    """The input itself, or brought to another size."""
    return x if (x.channels, stride) == (channels, 1) else x.conv(channels, 1, stride)


def resnet(block: Callable[..., Value], *depths: int) -> ModelProto:
    x = image().conv(64, 7, 2).max_pool(3, 2, 1)
    for stage, depth in enumerate(depths):
        for index in range(depth):
            x = block(x, 64 << stage, 2 if stage and not index else 1)
        x = x.named(f"layer{stage + 1}")
    return x.model()


def deeplab() -> ModelProto:
    """DeepLabv3: ResNet-50 whose last two strides became dilations, then convolutions of several rates."""
    x = image().conv(64, 7, 2).max_pool(3, 2, 1)
    for width, depth, stride, first, rest in ((64, 3, 1, 1, 1), (128, 4, 2, 1, 1), (256, 6, 1, 1, 2),
                                              (512, 3, 1, 2, 4)):
        x = bottleneck(x, width, stride, first)
        for _ in range(depth - 1):
            x = bottleneck(x, width, 1, rest)
    x = x.named("backbone")
    rates = [x.conv(256, 3, dilation=rate) for rate in (12, 24, 36)]
    return x.conv(256, 1).concat(*rates).named("aspp").model()


# ------------------------------------------------------------------------------------------- plain and dense
def vgg(*depths: int) -> ModelProto:
    x = image()
    for depth, filters in zip(depths, (64, 128, 256, 512, 512)):
        for _ in range(depth):
            x = x.conv(filters, 3)
        x = x.max_pool(2, 2)
    return x.named("features").model()


def alexnet() -> ModelProto:
    """torchvision's, which pads the first convolution."""
    x = image().conv(64, 11, 4, 2).max_pool(3, 2).conv(192, 5).max_pool(3, 2)
    return x.conv(384, 3).conv(256, 3).conv(256, 3).max_pool(3, 2).named("features").model()


def densenet(*depths: int, growth: int = 32) -> ModelProto:
    x = image().conv(2 * growth, 7, 2).max_pool(3, 2, 1)
    for index, depth in enumerate(depths):
        x = x.conv(x.channels // 2, 1).average_pool(2, 2) if index else x
        for _ in range(depth):
            x = x.concat(x.conv(4 * growth, 1).conv(growth, 3))
    return x.named("features").model()


def fire(x: Value, squeeze: int, expand: int) -> Value:
    """A squeeze to few channels, then 1x1 and 3x3 side by side."""
    x = x.conv(squeeze, 1)
    return x.conv(expand, 1).concat(x.conv(expand, 3))


def squeezenet(kernel: int, filters: int, *pooled: int) -> ModelProto:
    """A pool stands before each of the fire modules ``pooled``."""
    x = image().conv(filters, kernel, 2, 0)
    for number, squeeze in enumerate((16, 16, 32, 32, 48, 48, 64, 64), 2):
        x = x.max_pool(3, 2, ceil_mode=1) if number in pooled else x
        x = fire(x, squeeze, 4 * squeeze)
    return x.named("features").model()


INCEPTION = ((64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64), (),
             (192, 96, 208, 16, 48, 64), (160, 112, 224, 24, 64, 64), (128, 128, 256, 24, 64, 64),
             (112, 144, 288, 32, 64, 64), (256, 160, 320, 32, 128, 128), (),
             (256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128))


def googlenet(last_kernel: int, last_pool: int) -> ModelProto:
    """Inception v1: in the paper 5x5 and a pool of 3, in torchvision 3x3 and a pool of 2."""
    x = image().conv(64, 7, 2).max_pool(3, 2, ceil_mode=1).conv(64, 1).conv(192, 3)
    pools = iter((3, 3, last_pool))
    for block in ((), *INCEPTION):
        x = inception(x, last_kernel, *block) if block else x.max_pool(next(pools), 2, ceil_mode=1)
    return x.named("features").model()


def inception(x: Value, kernel: int, one: int, a: int, b: int, c: int, d: int, pool: int) -> Value:
    """1x1; 1x1 and 3x3; 1x1 and the ``kernel``; a pool and 1x1, side by side."""
    long = x.conv(c, 1).conv(d, kernel)
    return x.conv(one, 1).concat(x.conv(a, 1).conv(b, 3), long, x.max_pool(3, 1, 1).conv(pool, 1))


# ------------------------------------------------------------------------------------------- mobile
Row = tuple[int, int, int, int, int]
"""Expansion, kernel, stride, channels, repeats."""
MOBILENET_V2 = ((1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 3, 2, 32, 3), (6, 3, 2, 64, 4), (6, 3, 1, 96, 3),
                (6, 3, 2, 160, 3), (6, 3, 1, 320, 1))
MNASNET = ((1, 3, 1, 16, 1), (3, 3, 2, 24, 3), (3, 5, 2, 40, 3), (6, 5, 2, 80, 3), (6, 3, 1, 96, 2),
           (6, 5, 2, 192, 4), (6, 3, 1, 320, 1))
EFFICIENTNET_B0 = ((1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3), (6, 5, 1, 112, 3),
                   (6, 5, 2, 192, 4), (6, 3, 1, 320, 1))
MOBILENET_V3 = ((3, 16, 16, 0, 1), (3, 64, 24, 0, 2), (3, 72, 24, 0, 1), (5, 72, 40, 24, 2),
                (5, 120, 40, 32, 1), (5, 120, 40, 32, 1), (3, 240, 80, 0, 2), (3, 200, 80, 0, 1),
                (3, 184, 80, 0, 1), (3, 184, 80, 0, 1), (3, 480, 112, 120, 1), (3, 672, 112, 168, 1),
                (5, 672, 160, 168, 2), (5, 960, 160, 240, 1), (5, 960, 160, 240, 1))


def inverted(x: Value, kernel: int, width: int, filters: int, stride: int, *, gate: int = 0) -> Value:
    """An inverted residual: wide, a depthwise convolution (gated), narrow again."""
    inner = (x if width == x.channels else x.conv(width, 1)).depthwise(kernel, stride)
    inner = (inner.gated(gate) if gate else inner).conv(filters, 1)
    return inner + x if (filters, stride) == (x.channels, 1) else inner


def mobile(rows: Sequence[Row], last: int, *, gates: bool = False) -> ModelProto:
    x = image().conv(32, 3, 2)
    for expansion, kernel, first, filters, repeats in rows:
        for stride in [first, *[1] * (repeats - 1)]:
            gate = max(1, x.channels // 4) if gates else 0
            x = inverted(x, kernel, expansion * x.channels, filters, stride, gate=gate)
    return x.conv(last, 1).named("features").model()


def mobilenet_v3() -> ModelProto:
    """The large one; rows are kernel, width, filters, those of the gate, stride."""
    x = image().conv(16, 3, 2)
    for kernel, width, filters, gate, stride in MOBILENET_V3:
        x = inverted(x, kernel, width, filters, stride, gate=gate)
    return x.conv(960, 1).named("features").model()


def regnet_y_400mf() -> ModelProto:
    x = image().conv(32, 3, 2)
    for depth, width in zip((1, 3, 6, 6), (48, 104, 208, 440)):
        for stride in [2, *[1] * (depth - 1)]:
            gate = x.channels // 4
            inner = x.conv(width, 1).conv(width, 3, stride, groups=width // 8)
            x = inner.gated(gate).conv(width, 1) + shortcut(x, width, stride)
    return x.named("features").model()


def shufflenet_v2() -> ModelProto:
    """ShuffleNet v2, 1.0x: half of the channels pass by each unit, then all are shuffled."""
    x = image().conv(24, 3, 2).max_pool(3, 2, 1)
    for depth, width in zip((4, 8, 4), (116, 232, 464)):
        left, right = x.depthwise(3, 2).conv(width // 2, 1), shuffle_branch(x, width // 2, 2)
        x = left.concat(right).shuffled(2)
        half = width // 2
        for _ in range(depth - 1):
            left, right = x.slice([1], 0, half), x.slice([1], half, width)
            x = left.concat(shuffle_branch(right, half, 1)).shuffled(2)
    return x.conv(1024, 1).named("features").model()


def shuffle_branch(x: Value, width: int, stride: int) -> Value:
    """1x1, a depthwise 3x3, 1x1."""
    return x.conv(width, 1).depthwise(3, stride).conv(width, 1)


def convnext_tiny() -> ModelProto:
    """Its 1x1 convolutions and layer normalizations work on channels that come last."""
    x = image()
    for index, (depth, width) in enumerate(zip((3, 3, 9, 3), (96, 192, 384, 768))):
        x = x.conv(width, 2, 2, 0) if index else channel_norm(x.conv(width, 4, 4, 0))
        for _ in range(depth):
            inner = channel_norm(x.depthwise(7), keep_last=True).linear(4 * width).linear(width)
            x = x + inner.op("Transpose", perm=(0, 3, 1, 2))
    return x.named("features").model()


def channel_norm(x: Value, *, keep_last: bool = False) -> Value:
    """Layer normalization over the channels of each position."""
    last = x.op("Transpose", perm=(0, 2, 3, 1))
    normed = last.op("LayerNormalization", x.net.weight(x.channels), axis=-1)
    return normed if keep_last else normed.op("Transpose", perm=(0, 3, 1, 2))


NETWORKS: dict[str, Callable[[], ModelProto]] = {
    "resnet18": partial(resnet, basic, 2, 2, 2, 2),
    "resnet50": partial(resnet, bottleneck, 3, 4, 6, 3),
    "resnet50_v1": partial(resnet, partial(bottleneck, first=True), 3, 4, 6, 3),
    "resnet152": partial(resnet, bottleneck, 3, 8, 36, 3),
    "deeplabv3_resnet50": deeplab,
    "vgg16": partial(vgg, 2, 2, 3, 3, 3), "vgg19": partial(vgg, 2, 2, 4, 4, 4),
    "alexnet": alexnet, "densenet121": partial(densenet, 6, 12, 24, 16),
    "squeezenet1_0": partial(squeezenet, 7, 96, 2, 5, 9),
    "squeezenet1_1": partial(squeezenet, 3, 64, 2, 4, 6),
    "googlenet": partial(googlenet, 3, 2), "inception_v1": partial(googlenet, 5, 3),
    "mobilenet_v2": partial(mobile, MOBILENET_V2, 1280), "mobilenet_v3_large": mobilenet_v3,
    "mnasnet1_0": partial(mobile, MNASNET, 1280),
    "efficientnet_b0": partial(mobile, EFFICIENTNET_B0, 1280, gates=True),
    "regnet_y_400mf": regnet_y_400mf, "shufflenet_v2_x1_0": shufflenet_v2, "convnext_tiny": convnext_tiny}
