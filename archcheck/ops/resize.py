"""Resizing and resampling, cropping about the centre, and moving between space and depth."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archcheck import values
from archcheck.dims import Size, is_known, maximum, prod
from archcheck.graph import Element, TensorType
from archcheck.ops._inputs import expect, part
from archcheck.ops._op import (
    ALL,
    FREE,
    Along,
    Cost,
    Effect,
    Packed,
    Picked,
    Reads,
    Spread,
    axis_of,
    equal,
    op,
    ranked,
    require,
    result,
    unknown_size,
)
from archcheck.ops._sampling import EXACT, Sampling, fitted, scaled
from archcheck.ops.windows import Axes, apart, data_shape


# ---------------------------------------------------------------------------------- Resize
def resample(x: TensorType, sampling: Sampling, targets: Sequence[Element] | None,
             scales: Sequence[Element] | None, chosen: Sequence[int] | None = None, policy: str = "stretch",
             inputs: int = 4) -> Effect:
    """The effect of resizing the axes ``chosen`` (None: all) to ``targets``, or else by ``scales``. Elements
    that are not known are None. The other ``inputs`` only say how."""
    wanted: Any = scales if targets is None else targets
    require(wanted is not None, "neither scales nor sizes are given")
    source: Any = x.shape if ranked(x) or chosen else tuple(unknown_size("the input's shape") for _ in wanted)
    axes = [axis_of(axis, len(source)) for axis in chosen] if chosen else range(len(source))
    require(len(wanted) == len(axes), "{} sizes or scales are given for {} axes", len(wanted), len(axes))
    sizes = [source[axis] for axis in axes]
    if targets is None:
        goals, factors = list(map(scaled, sizes, wanted)), wanted
    else:
        goals, factors = _goals(sizes, targets, policy), [EXACT if policy == "stretch" else None] * len(sizes)
    changed = dict(zip(axes, zip(goals, factors)))
    every = [(size, *changed.get(axis, (size, EXACT))) for axis, size in enumerate(source)]
    return _resampled(x, sampling, every, inputs)


def _goals(sizes: list[Size], targets: Sequence[Element], policy: str) -> list[Size]:
    """What ``sizes`` become: the ``targets``, or what fits them with one scale for all."""
    goals = [unknown_size("a target size") if target is None else target for target in targets]
    return goals if policy == "stretch" else fitted(sizes, goals, policy)


def _resampled(x: TensorType, sampling: Sampling, axes: list[tuple[Size, Size, Element]],
               inputs: int) -> Effect:
    """The effect of sampling ``axes``, each given as its size before and after, and its scale."""
    shape = tuple(target for _, target, _ in axes)

    def cost() -> Cost | None:
        taps = [sampling.taps(*axis) for axis in axes]
        if None in taps:
            return None
        combined = prod(taps)  # type: ignore[arg-type]
        return FREE if combined == 1 else Cost(mul=combined, add=combined - 1).times(prod(shape))

    def reads(_: int) -> Reads:
        return tuple(sampling.reader(k, *axis) for k, axis in enumerate(axes)), *(None,) * (inputs - 1)

    return result(shape, x, cost=cost, reads=reads)  # type: ignore[arg-type]


def given(kind: TensorType | None, count: int | None) -> Sequence[Element] | None:
    """The elements of an input, of which there are ``count`` if that is known; None if left out or empty."""
    if kind is None or kind.shape == (0,):
        return None
    return values.entries(kind if count is None else kind._replace(shape=(count,)), "what to resize to")


def axes_chosen(x: TensorType, axes: Sequence[int] | None) -> int | None:
    """How many ``axes`` there are, all of ``x`` where they are left out; None if that is not known."""
    return len(axes) if axes else len(x.shape) if ranked(x) else None  # type: ignore[arg-type]


@op("Upsample", kind="resize", saves=())
def upsample_1(x, *, height_scale, width_scale, mode="nearest"):
    """The last two of four axes stretched: ``⌊size · scale⌋``."""
    return resample(x, Sampling(mode), None, (1, 1, height_scale, width_scale), inputs=1)


@op("Upsample", since=7, kind="resize", saves=())
def upsample_7(x, *, scales, mode="nearest"):
    """Every axis stretched: ``⌊size · scale⌋``."""
    return resample(x, Sampling(mode), None, scales, inputs=1)


@op("Upsample", since=9, kind="resize", saves=())
@op("Resize", since=10, kind="resize", saves=())
def resize_10(x, scales, *, mode="nearest"):
    """Every axis resampled: ``⌊size · scale⌋``."""
    return resample(x, Sampling(mode), None, given(scales, axes_chosen(x, None)), inputs=2)


@op("Resize", since=11, kind="resize", saves=())
def resize(x, roi=None, scales=None, sizes=None, *, antialias=0, axes=None,
           coordinate_transformation_mode="half_pixel", cubic_coeff_a=-0.75, exclude_outside=0,
           extrapolation_value=0.0, keep_aspect_ratio_policy="stretch", mode="nearest",
           nearest_mode="round_prefer_floor"):
    """Resampled to ``sizes``, or to ``⌊size · scale⌋``, along ``axes`` or all. A policy makes all factors the
    same: as large as fits into ``sizes``, or as small as covers them."""
    count = axes_chosen(x, axes)
    sampling = Sampling(mode, coordinate_transformation_mode, nearest_mode, bool(antialias))
    return resample(x, sampling, given(sizes, count), given(scales, count), axes, keep_aspect_ratio_policy)


# ---------------------------------------------------------------------------------- sampling anywhere
def grid_sampled(x: TensorType, grid: TensorType, taps: int) -> Effect:
    """The effect of sampling ``x`` (N, C, in…), ``taps`` positions an axis, at the places that ``grid``
    (N, out…, coordinates) names: (N, C, out…)."""
    n, c, size = apart(data_shape(x, grid.shape))
    batch, coordinates, sizes = apart(data_shape(grid, x.shape), last=True)
    equal(n, batch, "the input has a batch of {}, but the grid of {}", n, batch)
    equal(coordinates, len(size), "the grid names {} coordinates of {} spatial axes", coordinates, len(size))
    shape = n, c, *sizes
    combined = taps ** len(size)
    each = FREE if combined == 1 else Cost(mul=combined, add=combined - 1)

    def reads(_: int) -> Reads:
        axes = range(2, len(shape))
        places: Axes = Along(0), *(Along(axis) for axis in axes), ALL
        return (Along(0), Along(1), *(Picked(axis, None) for axis in axes)), places

    return result(shape, x, cost=lambda: each.times(prod(shape)), reads=reads)


@op("GridSample", since=16, kind="sampling", saves=("x", "grid"))
def grid_sample(x, grid, *, align_corners=0, mode="linear", padding_mode="zeros"):
    """``x`` (N, C, in…) sampled at the places that ``grid`` (N, out…, coordinates) names: (N, C, out…)."""
    return grid_sampled(x, grid, {"nearest": 1, "cubic": 4, "bicubic": 4}.get(mode, 2))


@op("AffineGrid", kind="sampling grid", saves=())
def affine_grid(theta, size, *, align_corners=0):
    """Where the matrices ``theta`` (N, d, d + 1) send an even grid of ``size`` (N, C, …): (N, …, d)."""
    batch, _, *sizes = values.sizes(size, "the size of the grid")
    axes = len(sizes)
    expect(theta, "theta", batch, axes, axes + 1)
    shape = theta.shape[0] if ranked(theta) and not is_known(batch) else batch, *sizes, axes
    return result(shape, theta, cost=lambda: Cost(prod(shape) * (axes + 1)),
                  reads=lambda _: ((Along(0), Along(axes + 1), ALL), None))


@op("CenterCropPad", saves=())
def center_crop_pad(input_data, shape, *, axes=None):
    """Cropped or zero-padded to ``shape`` about the centre, along ``axes`` or all."""
    goals = given(shape, axes_chosen(input_data, axes)) or ()
    source = input_data.shape if ranked(input_data) or axes else [unknown_size("a size") for _ in goals]
    target: list[Size] = list(source)
    start: list[Size] = [0] * len(source)
    for axis, goal in zip(axes or range(len(source)), goals):
        axis = axis_of(axis, len(source))
        target[axis] = unknown_size("a target size") if goal is None else goal
        spare = source[axis] - target[axis]
        start[axis] = maximum(spare, 0) // 2 - maximum(-spare, 0) // 2
    return result(target, input_data, cost=FREE, reads=lambda _: (
        tuple(Along(axis, start=first) for axis, first in enumerate(start)), None))


# ---------------------------------------------------------------------------------- space and depth
@op("SpaceToDepth", kind="space to depth", saves=())
def space_to_depth(input, *, blocksize, mode="DCR"):
    """(N, C, H, W) to (N, C·b², H/b, W/b). In the new channel the block comes first (DCR), or last (CRD)."""
    n, c, height, width = input.shape
    rows, columns = part(height, blocksize, "the height"), part(width, blocksize, "the width")
    shape = n, c * blocksize**2, rows, columns
    block, outer = (1, blocksize**2) if mode == "CRD" else (c, 1)  # steps in a block, and between channels

    def reads(_: int) -> Reads:
        channel = Packed(((1, outer, c, 1),))
        down = Packed(((2, 1, rows, blocksize), (1, block * blocksize, blocksize, 1)))
        across = Packed(((3, 1, columns, blocksize), (1, block, blocksize, 1)))
        return (Along(0), channel, down, across),

    return result(shape, input, cost=FREE, reads=reads)


@op("DepthToSpace", kind="depth to space", saves=())
def depth_to_space(input, *, blocksize, mode="DCR"):
    """(N, C, H, W) to (N, C/b², H·b, W·b). In the old channel the block comes first (DCR), or last (CRD)."""
    n, c, height, width = input.shape
    kept = part(c, blocksize**2, "the number of channels")
    block, outer = (1, blocksize**2) if mode == "CRD" else (kept, 1)

    def reads(_: int) -> Reads:
        down, across = (2, 1, blocksize, block * blocksize), (3, 1, blocksize, block)
        channel = Packed(((1, 1, kept, outer), down, across))
        repeated = (0,) * blocksize
        return (Along(0), channel, *(Spread(axis, 1, repeated, repeated) for axis in (2, 3))),

    return result((n, kept, height * blocksize, width * blocksize), input, cost=FREE, reads=reads)
