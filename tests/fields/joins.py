"""The graphs of the unit tests of Google's receptive-field library: paths that join, aligned and not.

``left_padded`` stands for the library's ``tf.pad`` of one position before each axis.
"""
from __future__ import annotations

from collections.abc import Callable
from functools import partial

from onnx import ModelProto

from tests.fields.net import Value, image


def left_padded(x: Value) -> Value:
    return x.padded((1, 1, 0, 0))


def fork(x: Value) -> Value:
    """A 1x1 of stride 4; a padded 3x3 and a 1x1 of stride 2 each."""
    return x.conv(1, 1, 4) + left_padded(x).conv(1, 3, 2, 0).conv(1, 1, 2)


def pooled_fork() -> ModelProto:
    """The same with maxima in place of the right path's convolutions."""
    x = image(1)
    right = left_padded(x).max_pool(3, 2).max_pool(1, 2)
    return (x.conv(1, 1, 4) + right).named("output").model()


def unaligned() -> ModelProto:
    """A path of stride 2 and one of stride 1, at a size at which they fit."""
    x = image(1, size=(8, 8))
    slow, fast = x.padded((2, 2, 1, 1)).conv(1, 5, 2, 0), x.conv(1, 3, 1, 0).conv(1, 3, 1, 0)
    return (slow + fast).named("output").model()


def same_fork(x: Value) -> Value:
    """The fork with SAME padding, which is known only where the size is."""
    return x.conv(1, 1, 4, "same") + x.conv(1, 3, 2, "same").conv(1, 1, 2, "valid")


def rectangles() -> ModelProto:
    return image(1).conv(1, (3, 5), 2, 0).conv(1, (3, 1), 2, 0).named("output").model()


def dropped_out() -> ModelProto:
    """Dropout by hand: what is random takes only its shape from the map."""
    x = fork(image(1))
    noise = x.op("RandomUniformLike", low=0.5, high=1.5).op("Floor")
    return (x * noise).named("output").model()


def forks(join: Callable[[Value], Value]) -> ModelProto:
    return join(image(1)).named("output").model()


def two_forks() -> ModelProto:
    x = fork(image(1))
    return (x.conv(1, 1, 2) + left_padded(x).conv(1, 3, 2, 0)).named("output").model()


def two_same_forks() -> ModelProto:
    x = same_fork(image(1))
    return (x.conv(1, 1, 2, "valid") + x.conv(1, 3, 2, "same")).named("output").model()


NETWORKS: dict[str, Callable[[], ModelProto]] = {
    "net1": partial(forks, fork), "net2": pooled_fork, "net3": unaligned, "net4": partial(forks, same_fork),
    "net5": rectangles, "net6": dropped_out, "net8": two_forks, "net9": two_same_forks}
