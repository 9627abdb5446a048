"""What costs time and could be had for less."""
from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from archcheck.dims import evaluate, prod
from archcheck.ops._op import All
from archcheck.rules._case import Case
from archcheck.rules._operands import kind_of, of_kind, output_axis, read_at
from archcheck.rules._paths import alone_before, constant, is_shared, is_weight
from archcheck.rules._rule import ADVICE, UNSAFE, Fault, Faults, Site, rule
from archcheck.rules._training import trains
from archcheck.scopes import specified

WASTE = 10
"""Padding is worth a word from one part in so many of the network's MACs on."""

MATRICES = ("convolution", "product")
"""The kinds of work that matrix units do."""

LARGEST = 5
"""A node is a hotspot from one part in so many of the network's traffic on."""


@rule("PRF101", "unfused-batchnorm", severity=ADVICE, on=False, fix=UNSAFE)
def unfused_batchnorm(case: Case) -> Faults:
    """A convolution is followed by a batch normalization that could be part of it.

    With fixed statistics the normalization is a factor and a summand for each channel: the filters and the
    bias can hold them, and a pass over the map is saved. Most runtimes do so when they load a model; a
    network that is to be trained on keeps it.

    Bad (--select PRF101)::

        input: N x 3 x 8 x 8
        layers:
        - conv 4 3x3 -> batchnorm

    Good (--select PRF101)::

        input: N x 3 x 8 x 8
        layers:
        - conv 4 3x3 -> relu -> batchnorm
    """
    for site in of_kind(case, "batch normalization"):
        made = None if trains(site) else alone_before(site)
        if made is not None and kind_of(made) == "convolution":
            yield Fault(f"a {made.op} is followed by a batch normalization of its own",
                        "its factors fit into the filters and the bias", "fuse the two", site)


# ---------------------------------------------------------------------------------- tensor cores
class _Product(NamedTuple):
    """A sum of products: its MACs, those that units of ``unit`` channels spend on it, how many products each
    sum has, and the channels that it makes."""

    site: Site
    macs: int
    spent: float
    given: int
    made: int


@rule("PRF102", "misaligned-channels", severity=ADVICE, targeted=True)
def misaligned_channels(case: Case) -> Faults:
    """Channels that are no multiple of 8 make matrix units work for nothing, 10 % of the network or more.

    Tensor cores take 8 channels of float16 at a time, 16 of int8, and fill the rest with zeros (NVIDIA, *Deep
    Learning Performance Guide*): 100 channels cost as much as 104 or 112. What counts is the share of all
    MACs; the 3 channels of a first layer rarely matter. A 3×3 convolution of 3 channels sums 27 products, and
    at best 27 are filled up to 32; some kernels fill each position's 3 up to 8.

    Bad (--target tensorcore)::

        input: N x 20 x 32 x 32
        layers:
        - conv 20 3x3 same -> relu -> conv 20 3x3 same

    Good (--target tensorcore)::

        input: N x 24 x 32 x 32
        layers:
        - conv 24 3x3 same -> relu -> conv 24 3x3 same
    """
    if not case.aims_at("tensorcore", "tensorrt"):
        return
    unit = 16 if "int8" in case.settings.targets else 8
    found = list(_products(case, unit))
    macs, spent = sum(one.macs for one in found), sum(one.spent for one in found)
    if macs and (spent - macs) * WASTE >= macs:
        worst = max(found, key=lambda one: one.spent - one.macs)
        yield Fault(f"{(spent - macs) / macs:.0%} more MACs are spent on channels that fill up multiples of "
                    f"{unit}", f"most at {worst.made} channels, of {worst.given} products each",
                    f"use multiples of {unit}, here {-(-worst.made // unit) * unit} channels", worst.site,
                    facts={"unit": unit, "macs": macs})


def _products(case: Case, unit: int) -> Iterator[_Product]:
    """The sums of products with a weight, at sizes that one would try first; those of one channel each, as in
    depthwise convolutions, run on other units."""
    from archcheck.reporters.facts import example_sizes
    sizes = example_sizes(case.report)
    for site in case.sites:
        cost = site.walk.costs[site.at]
        macs = evaluate(cost.mac, sizes) if cost is not None else None
        channels = _channels(case, site) if isinstance(macs, int) else None
        if channels and isinstance(macs, int):
            given, made = channels
            filled = -(-given // unit) * unit * (-(-made // unit) * unit) / (given * made)
            yield _Product(site, macs, macs * filled, given, made)


def _channels(case: Case, site: Site) -> tuple[int, int] | None:
    """How many products a node sums up, and the channels that it makes, as its weight has them."""
    one = read_at(site, 1) if kind_of(site) in MATRICES and is_weight(case, site, 1) else None
    axis = output_axis(one) if one else None
    if one is None or axis is None:
        return None
    shape = one.kind.shape or ()
    summed = [shape[place] for place, reader in enumerate(one.readers) if isinstance(reader, All)]
    given, made = prod(summed), shape[axis]
    if not isinstance(given, int) or not isinstance(made, int) or given * made == 0 or summed[0] == 1:
        return None
    return given, made


# ---------------------------------------------------------------------------------- memory
@rule("PRF103", "pad-then-conv", severity=ADVICE, fix=UNSAFE)
def pad_then_conv(case: Case) -> Faults:
    """Zeros are padded by a node of its own before a convolution that can pad by itself.

    The Pad writes the whole map once more, and the convolution reads that. `pads` takes the same numbers,
    unequal ones too.

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 2, 8, 8] x, float[3, 2, 3, 3] w) => (float[N, 3, 8, 8] y)
        <int64[8] pads = {0, 0, 1, 1, 0, 0, 1, 1}>
        {
            a = Pad (x, pads)
            y = Conv (a, w)
        }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 2, 8, 8] x, float[3, 2, 3, 3] w) => (float[N, 3, 8, 8] y)
        <int64[8] pads = {0, 0, 1, 1, 0, 0, 1, 1}>
        {
            a = Pad <mode = "reflect"> (x, pads)
            y = Conv (a, w)
        }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 2, 8, 8] x, float[3, 2, 3, 3] w) => (float[N, 3, 8, 8] y)
        <int64[8] pads = {0, 0, 1, 1, 0, 0, 1, 1}, float one = {1}>
        {
            a = Pad (x, pads, one)
            y = Conv (a, w)
        }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 2, 8, 8] x, float[3, 2, 3, 3] w) => (float[N, 3, 8, 8] y, float[N, 2, 10, 10] a)
        <int64[8] pads = {0, 0, 1, 1, 0, 0, 1, 1}>
        {
            a = Pad (x, pads)
            y = Conv (a, w)
        }
    """
    for site in case.of("Conv"):
        pad = site.producer()
        if pad is not None and pad.op == "Pad" and not is_shared(pad) and not specified(pad.node) \
                and site.node.attrs.get("auto_pad", "NOTSET") in ("NOTSET", "VALID") and _pads_zeros(pad):
            yield Fault("a Pad of zeros stands before a convolution", "the map is written and read once more",
                        "add its numbers to the convolution's pads", site, cause="pad")


def _pads_zeros(pad: Site) -> bool:
    """Whether a Pad puts zeros, known in number, around positions only."""
    attrs, rank = pad.node.attrs, len(pad.inputs[0].shape or ())
    pads = constant(pad, 1) if len(pad.node.inputs) > 1 else attrs.get("pads", attrs.get("paddings"))
    filled = constant(pad, 2) if len(pad.node.inputs) > 2 and pad.node.inputs[2] else (attrs.get("value", 0),)
    if attrs.get("mode", "constant") != "constant" or filled != (0,) or not pads or len(pads) != 2 * rank or \
            any(pad.node.inputs[3:]):
        return False
    numbers = [size for size in pads if isinstance(size, int) and size >= 0]
    return len(numbers) == len(pads) and not any(numbers[axis] for axis in (0, 1, rank, rank + 1))


@rule("PRF104", "memory-bound-hotspot", severity=ADVICE, profiles=("perf",))
def memory_bound_hotspot(case: Case) -> Faults:
    """One node moves more than a fifth of the network's bytes, and waits for them on every known device.

    A node that does few operations for each byte takes as long as its bytes do, however fast the device
    computes (Williams, Waterman, Patterson 2009). Below the least ridge of the devices that archcheck knows,
    it is so on all of them. Fuse it with its neighbour, or make the map smaller before it.

    Bad (--profile perf)::

        input: N x 64 x 56 x 56
        layers:
        - relu

    Good (--profile perf)::

        input: N x 64 x 56 x 56
        layers:
        - conv 64 3x3 same
    """
    from archcheck.reporters.facts import example_sizes
    traffic, sizes = case.report.traffic, example_sizes(case.report)
    whole = evaluate(traffic.bytes, sizes)
    for index, (cost, moved) in enumerate(zip(case.report.costs, traffic.by_node)):
        site = Site(case.report.walk, index)
        part = evaluate(moved.total, sizes) if moved is not None else None
        flops = evaluate(cost.flops, sizes) if cost is not None else None
        ridge = _least_ridge(site.outputs[0].dtype if site.outputs else None)
        if isinstance(whole, int) and isinstance(part, int) and isinstance(flops, int) and ridge is not None \
                and part * LARGEST > whole and flops < ridge * part:
            yield Fault(f"{part / whole:.0%} of all bytes are moved by one node",
                        f"it does {flops / part:.2g} operations for each; no device needs fewer than "
                        f"{ridge:.2g} to be busy",
                        "fuse it with its neighbour, or make the map smaller before it", site,
                        cause=index, facts={"bytes": part, "flops": flops})


@cache
def _least_ridge(dtype: str | None) -> float | None:
    """The fewest operations a byte at which a known device is held up by computing in ``dtype``."""
    from archcheck.analyses.devices import DEVICES
    return min((peak / device.bandwidth for device in DEVICES.values() if (peak := device.peak(dtype))),
               default=None)
