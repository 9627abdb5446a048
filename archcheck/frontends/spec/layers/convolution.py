"""Convolutions of all kinds."""
from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

from archcheck.dims import Size, prod
from archcheck.dims import same as equal
from archcheck.frontends.spec._layer import At, Elements, Flag, Sizes, Window, layer
from archcheck.frontends.spec.layers._windows import slid
from archcheck.ops._slide import slide


@layer("conv")
def conv(at: At, x: str, filters: Size, kernel: Window = (1,), stride: Window = (1,), *, pad: Window = (0,),
         same: Flag = False, dilation: Window = (1,), groups: Size = 1, bias: Flag = True,
         weight: Elements | None = None) -> str:
    """Convolution with ``filters`` windows over all axes after batch and channels. A number for ``kernel``
    holds for all axes. ``same`` pads (span - 1)/2 on both sides. ``weight`` names a constant, or a weight
    that several layers share."""
    kernel, attrs = slid(at, x, kernel, stride, pad, dilation, same)
    depth = _share(at, at.size(x, 1), groups)
    if groups != 1:
        attrs["group"] = groups
    inputs = [at.given(weight, "weight", filters, depth, *kernel)]
    return at.node("Conv", x, *inputs, *_bias(at, bias, filters), **attrs)


def _share(at: At, channels: Size, groups: Size) -> Size:
    """The channels of one of ``groups``."""
    if equal(channels % groups, 0) is False:
        raise at.error(f"{channels} channels cannot be shared out to {groups} groups")
    return channels // groups


def _bias(at: At, bias: bool, filters: Size, part: str = "bias") -> list[str]:
    return [at.weight(part, filters)] if bias else []


@layer("depthwise", "dwconv")
def depthwise(at: At, x: str, kernel: Window = (3,), stride: Window = (1,), *, multiplier: Size = 1,
              pad: Window = (0,), same: Flag = False, dilation: Window = (1,), bias: Flag = True) -> str:
    """Convolution of each channel by itself, with ``multiplier`` filters."""
    channels = at.size(x, 1)
    kernel, attrs = slid(at, x, kernel, stride, pad, dilation, same)
    weight = at.weight("weight", channels * multiplier, 1, *kernel)
    return at.node("Conv", x, weight, *_bias(at, bias, channels * multiplier), group=channels, **attrs)


@layer("separable", "sepconv")
def separable(at: At, x: str, filters: Size, kernel: Window = (3,), stride: Window = (1,), *,
              pad: Window = (0,),
              same: Flag = False, dilation: Window = (1,), bias: Flag = True) -> str:
    """Convolution of each channel by itself, then one of 1 × 1 over the channels, with nothing in between."""
    channels = at.size(x, 1)
    kernel, attrs = slid(at, x, kernel, stride, pad, dilation, same)
    each = at.node("Conv", x, at.weight("depthwise.weight", channels, 1, *kernel), part="depthwise",
                   group=channels, **attrs)
    ones = (1,) * len(kernel)
    return at.node("Conv", each, at.weight("pointwise.weight", filters, channels, *ones),
                   *_bias(at, bias, filters, "pointwise.bias"), part="pointwise")


@layer("deconv", "transposed")
def deconv(at: At, x: str, filters: Size, kernel: Window = (2,), stride: Window = (1,), *, pad: Window = (0,),
           dilation: Window = (1,), outpad: Window = (0,), groups: Size = 1, bias: Flag = True) -> str:
    """Transposed convolution: every input position writes a window, ``stride`` positions apart; ``pad`` is
    cut off on both sides, and ``outpad`` positions are added at the end."""
    kernel, attrs = slid(at, x, kernel, stride, pad, dilation, same=False)
    channels = at.size(x, 1)
    if groups != 1:
        attrs["group"] = groups
    if set(outpad) != {0}:
        attrs["output_padding"] = at.over(outpad, len(kernel), "outpad")
    weight = at.weight("weight", channels, _share(at, filters, groups), *kernel)
    return at.node("ConvTranspose", x, weight, *_bias(at, bias, filters), **attrs)


@layer("deformable", "deformconv")
def deformable(at: At, x: str, filters: Size, kernel: Window = (3,), stride: Window = (1,), *,
               pad: Window = (0,),
               same: Flag = False, dilation: Window = (1,), groups: Size = 1, offset_groups: Size = 1,
               modulated: Flag = False, bias: Flag = True) -> str:
    """Convolution whose taps are moved by offsets that another convolution of the same form computes; with
    ``modulated`` also scaled by a mask (Dai et al. 2017, Zhu et al. 2019)."""
    kernel, attrs = slid(at, x, kernel, stride, pad, dilation, same)
    channels, taps = at.size(x, 1), prod(kernel) * offset_groups
    moved = _offsets(at, x, channels, len(kernel) * taps, kernel, attrs, "offsets")
    mask = []
    if modulated:
        scores = _offsets(at, x, channels, taps, kernel, attrs, "scores")
        mask = [at.node("Sigmoid", scores, part="mask")]
    weight = at.weight("weight", filters, _share(at, channels, groups), *kernel)
    biases = _bias(at, bias, filters) or ([""] if mask else [])
    return at.node("DeformConv", x, weight, moved, *biases, *mask, part="conv", group=groups,
                   offset_group=offset_groups, **attrs)


def _offsets(at: At, x: str, channels: Size, count: Size, kernel: Window, attrs: dict[str, Any],
             part: str) -> str:
    """The convolution that computes ``count`` numbers for each position."""
    return at.node("Conv", x, at.weight(f"{part}.weight", count, channels, *kernel),
                   at.weight(f"{part}.bias", count), part=part, **attrs)


@layer("local", "locally_connected")
def local(at: At, x: str, filters: Size, kernel: Window = (3,), stride: Window = (1,), *,
          bias: Flag = True) -> str:
    """Locally connected: like a convolution, but every position has weights of its own."""
    kernel, attrs = slid(at, x, kernel, stride, (0,), (1,), same=False)
    shape = at.shape(x)
    if shape is None:
        return at.node("Identity", x)
    sizes = slide(shape[2:], kernel, attrs["strides"], None, None, "NOTSET").sizes
    places, taps = prod(sizes), prod(kernel)
    flat = at.node("Reshape", x, at.ints((0, 0, -1), "flat_sizes"), part="flat")
    picks = functools.partial(_positions, shape[2:], sizes, kernel, attrs["strides"])
    picked = at.node("Gather", flat, at.table("positions", picks, places, taps), part="windows", axis=2)
    weights = at.weight("weight", places, shape[1], taps, filters)
    made = at.node("Einsum", picked, weights, part="product", equation="ncpt,pctk->nkp")
    if bias:
        made = at.node("Add", made, at.weight("bias", filters, places), part="sum")
    return at.node("Reshape", made, at.ints((0, 0, *sizes), "map_sizes"), part="map")


def _positions(axes: Any, sizes: Any, kernel: Any, strides: Any) -> Iterator[int]:
    """For each place of the result, the positions that its window covers, in the input with its ``axes``
    flattened."""
    steps: list[Any] = [prod(axes[axis + 1:]) for axis in range(len(axes))]
    places = _places(sizes, [stride * step for stride, step in zip(strides, steps)])
    taps = tuple(_places(kernel, steps))
    return (place + tap for place in places for tap in taps)


def _places(sizes: Sequence[int], steps: Sequence[int]) -> Iterator[int]:
    """All places of a grid in row-major order, its neighbours along each axis a step apart."""
    return map(sum, product(*(range(0, size * step, step) for size, step in zip(sizes, steps))))


@layer("partial")
def partial(at: At, x: str, table: Sizes, kernel: Window = (3,), stride: Window = (1,), *, pad: Window = (0,),
            same: Flag = False, bias: Flag = True) -> str:
    """Convolution in which a filter sees only some channels: ``table`` has a list of channels, counted from
    0, for each filter (LeCun et al. 1998, Table I)."""
    kernel, attrs = slid(at, x, kernel, stride, pad, (1,), same)
    maps = []
    for number, channels in enumerate(table, 1):
        seen = channels if isinstance(channels, tuple) else (channels,)
        picked = at.node("Gather", x, at.ints(seen, f"map{number}.channels"), part=f"map{number}.pick",
                         axis=1)
        weight = at.weight(f"map{number}.weight", 1, len(seen), *kernel)
        maps.append(at.node("Conv", picked, weight, *_bias(at, bias, 1, f"map{number}.bias"),
                            part=f"map{number}.conv", **attrs))
    return at.node("Concat", *maps, part="maps", axis=1)
