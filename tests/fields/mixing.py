"""Networks that look at everything, or at windows of tokens: gates, norms over space, attention."""
from __future__ import annotations

from collections.abc import Callable

from onnx import ModelProto

from tests.fields.net import Value, image

WINDOW = 7


# ------------------------------------------------------------------------------------------- statistics
def squeezed() -> ModelProto:
    """Squeeze and excitation between two 3x3 convolutions."""
    return image(8).conv(8, 3).gated(2).conv(8, 3).named("features").model()


def instance_norm() -> ModelProto:
    x = image(8).conv(8, 3)
    scales = [x.net.weight(8) for _ in range(2)]
    return x.op("InstanceNormalization", *scales).conv(8, 3).named("features").model()


def group_norm() -> ModelProto:
    """As torch writes it: a normalization of the groups, each as one long channel."""
    x = image(8).conv(8, 3)
    ones = [x.net.weight(2) for _ in range(2)]
    flat = x.reshaped(0, 2, -1).op("InstanceNormalization", *ones)
    size, = x.net.node("Shape", x)
    return flat.op("Reshape", size, channels=8).conv(8, 3).named("features").model()


# ------------------------------------------------------------------------------------------- tokens
def tokens(side: int, patch: int, width: int) -> tuple[Value, int]:
    """Patches of a square image as tokens (1, tokens, width), and how many there are along a side."""
    x = image(3, size=(side, side)).conv(width, patch, patch, 0)
    return x.reshaped(1, width, -1).op("Transpose", perm=(0, 2, 1)), side // patch


def map_of(x: Value, side: int) -> Value:
    """Tokens as a map again."""
    return x.op("Transpose", perm=(0, 2, 1)).op("Reshape", x.net.constant([1, x.channels, side, side]))


def attention(x: Value, *, mask: tuple[int, ...] = ()) -> Value:
    """Each token of (…, tokens, width) is a mean of all, weighted by how alike they are."""
    query, key, value = (x.linear(x.channels) for _ in range(3))
    scores = query.op("MatMul", key.op("Transpose", perm=(0, 2, 1)))
    scores = scores.op("Add", x.net.weight(*mask)) if mask else scores
    return x + scores.op("Softmax", axis=-1).op("MatMul", value).linear(x.channels)


def vit() -> ModelProto:
    x, side = tokens(224, 16, 8)
    x = attention(x)
    return map_of(x + x.linear(32).linear(8), side).named("features").model()


def mixer() -> ModelProto:
    """One token-mixing layer."""
    x, side = tokens(224, 16, 8)
    turned = x.op("Transpose", perm=(0, 2, 1))
    hidden = turned.op("MatMul", x.net.weight(side**2, 16)).op("MatMul", x.net.weight(16, side**2))
    return map_of(x + hidden.op("Transpose", perm=(0, 2, 1)), side).named("features").model()


# ------------------------------------------------------------------------------------------- shifted windows
def windowed(x: Value, side: int, *, masked: bool = False) -> Value:
    """Attention inside windows of a map (1, side, side, width)."""
    count, width = side // WINDOW, x.channels
    shapes = [[1, count, WINDOW, count, WINDOW, width], [count**2, WINDOW**2, width],
              [1, count, count, WINDOW, WINDOW, width], [1, side, side, width]]
    split, packed, unpacked, joined = map(x.net.constant, shapes)
    swap = (0, 1, 3, 2, 4, 5)
    inside = x.op("Reshape", split).op("Transpose", perm=swap).op("Reshape", packed)
    inside = attention(inside, mask=(count**2, WINDOW**2, WINDOW**2) if masked else ())
    return inside.op("Reshape", unpacked).op("Transpose", perm=swap).op("Reshape", joined)


def rolled(x: Value, shift: int) -> Value:
    """Each of the two axes of the map starts at position ``shift`` and goes round."""
    for axis in 1, 2:
        ends = (shift, 2**62), (0, shift)
        head, tail = (x.op("Slice", *map(x.net.constant, ([a], [b], [axis]))) for a, b in ends)
        x = head.op("Concat", tail, axis=axis)
    return x


def shifted(x: Value, side: int) -> Value:
    """Windows that are moved by half; those that go round the edge are kept apart by a mask."""
    half = WINDOW // 2
    return rolled(windowed(rolled(x, half), side, masked=True), -half)


def merged(x: Value) -> Value:
    """Four neighbouring tokens as one."""
    parts = [x.op("Slice", *map(x.net.constant, ([row, column], [2**62] * 2, [1, 2], [2, 2])))
             for column in (0, 1) for row in (0, 1)]
    joined = parts[0].op("Concat", *parts[1:], channels=4 * x.channels, axis=-1)
    return joined.linear(2 * x.channels)


def swin() -> ModelProto:
    """The first stage of Swin-T and the first block of the second; maps are (1, side, side, width)."""
    x = image(3, size=(448, 448)).conv(4, 4, 4, 0).op("Transpose", perm=(0, 2, 3, 1))
    first = windowed(x, 112)
    first = (first + first.linear(8).linear(4)).named("block1")
    second = shifted(first, 112)
    second = (second + second.linear(8).linear(4)).named("block2")
    third = windowed(merged(second), 56)
    return (third + third.linear(8).linear(8)).named("block3").model()


NETWORKS: dict[str, Callable[[], ModelProto]] = {
    "squeezed": squeezed, "instance_norm": instance_norm, "group_norm": group_norm, "vit": vit,
    "mixer": mixer, "swin": swin}
