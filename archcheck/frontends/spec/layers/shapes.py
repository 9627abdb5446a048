"""Layers that move elements and change none."""
from __future__ import annotations

from archcheck.dims import Size
from archcheck.frontends.spec._layer import At, Index, Input, Number, layer


@layer("flatten")
def flatten(at: At, x: str, *, axis: Index = 1) -> str:
    """All axes from ``axis`` on as one, and those before it as one."""
    return at.node("Flatten", x, axis=axis)


@layer("reshape")
def reshape(at: At, x: str, *sizes: Index) -> str:
    """The same elements in another shape: 0 keeps the axis at its place, -1 is what is left over."""
    return at.node("Reshape", x, at.ints(sizes))


@layer("transpose")
def transpose(at: At, x: str, *order: Index) -> str:
    """The axes in another order, counted from 0."""
    return at.node("Transpose", x, perm=order)


@layer("space_to_depth", "spd")
def space_to_depth(at: At, x: str, block: Size = 2) -> str:
    """Blocks of ``block`` × ``block`` positions as channels of one position."""
    return at.node("SpaceToDepth", x, blocksize=block)


@layer("depth_to_space", "pixelshuffle")
def depth_to_space(at: At, x: str, block: Size = 2) -> str:
    """The opposite: channels as blocks of positions."""
    return at.node("DepthToSpace", x, blocksize=block, mode="CRD")


@layer("shuffle")
def shuffle(at: At, x: str, groups: Size) -> str:
    """Channel shuffle: one channel of each group after another (Zhang et al. 2018)."""
    channels, height, width = at.size(x, 1), at.size(x, 2), at.size(x, 3)
    apart = at.node("Reshape", x, at.ints((0, groups, channels // groups, height, width), "apart"),
                    part="split")
    turned = at.node("Transpose", apart, part="turn", perm=(0, 2, 1, 3, 4))
    return at.node("Reshape", turned, at.ints((0, channels, height, width), "together"), part="merge")


@layer("pad")
def pad(at: At, x: str, *sizes: Index, value: Number = 0.0) -> str:
    """Zeros around the axes after batch and channels: one number for all sides, one for each axis, or one for
    each start and then each end."""
    count = at.spatial(x)
    both = sizes if len(sizes) == 2 * count else at.over(tuple(sizes), count, "padding") * 2
    pads = at.ints((0, 0, *both[:count], 0, 0, *both[count:]), "pads")
    return at.node("Pad", x, pads, at.number(value, "value"))


@layer("pad_channels")
def pad_channels(at: At, x: str, channels: Size) -> str:
    """Channels of zeros behind those that there are, up to ``channels``."""
    axes = len(at.shape(x) or (0, 0, 0, 0))
    more = channels - at.size(x, 1)
    after = (0, more, *(0,) * (axes - 2))
    return at.node("Pad", x, at.ints((*(0,) * axes, *after), "pads"))


@layer("parameter")
def parameter(at: At, x: str, *sizes: Size) -> str:
    """A learned tensor of this shape, which the value before has no part in."""
    return at.weight("weight", *sizes)


@layer("tensor")
def tensor(at: At, x: str, stored: Input) -> str:
    """A stored tensor, written as the inputs of operators are: ``float16(64, 64)``, ``bool:[1, 0]``. The
    value before has no part in it."""
    return at.operand(stored, "weight")
