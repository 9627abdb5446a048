"""Normalization."""
from __future__ import annotations

from archcheck.dims import Size
from archcheck.frontends.spec._layer import At, Flag, Number, layer


@layer("bn", "batchnorm")
def bn(at: At, x: str, *, eps: Number = 1e-5) -> str:
    """Batch normalization with a learned scale and shift for each channel, and running statistics."""
    channels = at.size(x, 1)
    learned = [at.weight(part, channels) for part in ("scale", "shift", "mean", "variance")]
    return at.node("BatchNormalization", x, *learned, epsilon=eps)


@layer("layernorm", "ln")
def layernorm(at: At, x: str, *, eps: Number = 1e-5, bias: Flag = True) -> str:
    """Normalization over the last axis, with a learned scale and shift for each of its elements."""
    features = at.size(x, -1)
    shift = [at.weight("shift", features)] if bias else []
    return at.node("LayerNormalization", x, at.weight("scale", features), *shift, axis=-1, epsilon=eps)


@layer("rmsnorm")
def rmsnorm(at: At, x: str, *, eps: Number = 1e-5) -> str:
    """Division by the root of the mean square over the last axis, with a learned scale."""
    return at.node("RMSNormalization", x, at.weight("scale", at.size(x, -1)), axis=-1, epsilon=eps)


@layer("groupnorm")
def groupnorm(at: At, x: str, groups: Size, *, eps: Number = 1e-5) -> str:
    """Normalization of each group of channels of an example."""
    channels = at.size(x, 1)
    return at.node("GroupNormalization", x, at.weight("scale", channels), at.weight("shift", channels),
                   num_groups=groups, epsilon=eps)


@layer("instancenorm")
def instancenorm(at: At, x: str, *, eps: Number = 1e-5) -> str:
    """Normalization of each channel of an example."""
    channels = at.size(x, 1)
    return at.node("InstanceNormalization", x, at.weight("scale", channels), at.weight("shift", channels),
                   epsilon=eps)


@layer("lrn")
def lrn(at: At, x: str, size: Size = 5, *, alpha: Number = 1e-4, beta: Number = 0.75, k: Number = 1.0) -> str:
    """Local response normalization over ``size`` channels about each."""
    return at.node("LRN", x, size=size, alpha=alpha, beta=beta, bias=k)
