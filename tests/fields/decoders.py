"""Networks that upsample, dilate, or run over time; and small ones that show one thing each."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial

from onnx import ModelProto

from tests.fields.net import Pad, Value, image


# ------------------------------------------------------------------------------------------- image to image
def patchgan(layers: int = 3) -> ModelProto:
    x = image().conv(64, 4, 2, 1)
    for index in range(1, layers + 1):
        x = x.conv(64 << min(index, 3), 4, 1 if index == layers else 2, 1)
    return x.conv(1, 4, 1, 1).named("patches").model()


def twice(x: Value, filters: int, pad: Pad) -> Value:
    return x.conv(filters, 3, 1, pad).conv(filters, 3, 1, pad)


def unet(upsampled: Callable[[Value, int], Value], pad: Pad = "half", width: int = 4) -> ModelProto:
    """U-Net of depth 4; without padding (``pad`` 0) the skipped maps are cropped to fit."""
    crops = (4, 16, 40, 88) if pad == 0 else (0, 0, 0, 0)
    x, skipped = twice(image(1), width, pad), []
    for depth in range(1, 5):
        skipped.append(x)
        x = twice(x.max_pool(2, 2), width << depth, pad)
    for crop in crops:
        skip = skipped.pop()
        up = upsampled(x, skip.channels)
        x = twice((skip.crop(crop) if crop else skip).concat(up), skip.channels, pad)
    return x.conv(2, 1).named("map").model()


def up_convolved(x: Value, filters: int) -> Value:
    """Twice the size by a transposed convolution that does not overlap."""
    return x.transposed(filters, 2, 2)


def interpolated(x: Value, filters: int) -> Value:
    """Twice the size by linear interpolation, then a 1x1 convolution."""
    return x.resized(2, "linear").conv(filters, 1)


# ------------------------------------------------------------------------------------------- time
def delayed(x: Value, kernel: int, dilation: int) -> Value:
    """A convolution of what has been so far."""
    past = (kernel - 1) * dilation
    return x.conv(x.channels, kernel, 1, (past, 0), dilation)


def wavenet(blocks: int = 1) -> ModelProto:
    """Ten layers a block, each gated, added to its input and to the sum of all that is skipped to the end."""
    x = image(8, size=("T",))
    skipped = []
    for dilation in [2**layer for layer in range(10)] * blocks:
        gated = delayed(x, 2, dilation).op("Tanh") * delayed(x, 2, dilation).op("Sigmoid")
        skipped.append(gated.conv(8, 1))
        x = x + gated.conv(8, 1)
    ended = skipped[0]
    for each in skipped[1:]:
        ended = ended + each
    return ended.conv(8, 1).named("logits").model()


def tcn() -> ModelProto:
    x = image(8, size=("T",))
    for dilation in 1, 2, 4, 8:
        x = delayed(delayed(x, 3, dilation), 3, dilation) + x
    return x.named("features").model()


def video_stem() -> ModelProto:
    x = image(3, size=("T", "H", "W")).conv(16, (3, 7, 7), (1, 2, 2))
    x = x.max_pool((1, 3, 3), (1, 2, 2), (0, 1, 1))
    return x.conv(16, (3, 1, 1), (2, 1, 1)).named("features").model()


# ------------------------------------------------------------------------------------------- one thing each
def dilated(*rates: int) -> ModelProto:
    x = image(1)
    for rate in rates:
        x = x.conv(1, 3, dilation=rate)
    return x.named("features").model()


def skipping() -> ModelProto:
    """Windows that are narrower than their strides."""
    return image(1).conv(1, 1, 2).conv(1, 3).conv(1, 2, 3, 0).named("features").model()


def holes_filled() -> ModelProto:
    """A transposed convolution with a kernel of 1 and a stride of 2: every second output reads nothing."""
    return image(1).conv(1, 3).transposed(1, 1, 2).conv(1, 2, 1, 0).named("features").model()


def twice_transposed() -> ModelProto:
    return image(1).transposed(1, 4, 2, 1).transposed(1, 4, 2, 1).conv(1, 3).named("features").model()


def superresolution() -> ModelProto:
    return image(1).conv(4, 3).pixel_shuffle(2).conv(1, 3).named("features").model()


def focus() -> ModelProto:
    """YOLOv5's first layer."""
    return image().space_to_depth(2).conv(32, 3).named("features").model()


def reflected() -> ModelProto:
    x = image(1).padded(3, "reflect").conv(1, 7, 1, 0)
    return x.padded(1, "reflect").conv(1, 3, 1, 0).named("features").model()


def cropped() -> ModelProto:
    """Positions that are never read, then padding of what is left."""
    return image(1).crop(10, 0).conv(1, 3).conv(1, 3, 2, 0).conv(1, 3).named("features").model()


def mirrored() -> ModelProto:
    """A map and its mirror image, added."""
    x = image(1).conv(1, 3)
    return (x + x.slice([2], -1, -2**62, -1)).named("features").model()


NETWORKS: dict[str, Callable[[], ModelProto]] = {
    "patchgan": patchgan,
    "unet_valid": partial(unet, up_convolved, 0), "unet": partial(unet, up_convolved),
    "unet_bilinear": partial(unet, interpolated),
    "wavenet": wavenet, "wavenet_3_blocks": partial(wavenet, 3), "tcn": tcn,
    "gridding": partial(dilated, 2, 2, 2), "hybrid_dilation": partial(dilated, 1, 2, 5),
    "skipping": skipping, "holes_filled": holes_filled, "twice_transposed": twice_transposed,
    "superresolution": superresolution, "focus": focus, "video_stem": video_stem, "reflected": reflected,
    "cropped": cropped, "mirrored": mirrored}
