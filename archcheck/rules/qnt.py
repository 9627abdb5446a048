"""Quantisation: pairs, scales, and what runtimes can fuse."""
from __future__ import annotations

from collections.abc import Callable, Iterator

from archcheck.dims import same
from archcheck.rules._case import Case
from archcheck.rules._operands import every, parameter
from archcheck.rules._paths import before, holds_data
from archcheck.rules._quantized import (
    DEQUANTIZE,
    QUANTIZE,
    depthwise,
    fused_after,
    is_quantized,
    misreaders,
    quantizer,
    scaling,
)
from archcheck.rules._rule import ERROR, UNSAFE, WARNING, Fault, Faults, Site, rule


@rule("QNT001", "unpaired-qdq", severity=ERROR)
def unpaired_qdq(case: Case) -> Faults:
    """Quantised numbers are dequantised with another scale than they were made with, or are computed with as
    if they were the numbers themselves.

    With another scale or zero point every result is wrong by a factor or a shift. An Add of two quantised
    tensors adds their codes, which means something only if both have the same scale and no zero point.

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y)
        <float s = {0.5}, float t = {0.25}, int8 z = {0}>
        {
            q = QuantizeLinear (x, s, z)
            y = DequantizeLinear (q, t, z)
        }

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y)
        <float s = {0.5}, uint8 z = {1}>
        {
            q = QuantizeLinear (x, s, z)
            y = DequantizeLinear (q, s)
        }

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (int8[N, 4] y)
        <float s = {0.5}, int8 z = {0}>
        {
            q = QuantizeLinear (x, s, z)
            y = Add (q, q)
        }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 2, 4, 4] x) => (float[N, 2, 2, 2] y)
        <float s = {0.5}, float t = {0.5}, int8 z = {0}>
        {
            q = QuantizeLinear (x, s, z)
            p = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (q)
            y = DequantizeLinear (p, t)
        }
    """
    for site in case.of(*DEQUANTIZE):
        made = quantizer(site)
        if made is not None and scaling(made).differs(scaling(site)):
            yield Fault(f"what was quantised with {scaling(made).said} is dequantised with "
                        f"{scaling(site).said}", "every result is off by a factor or a shift",
                        "use one scale and zero point for both", site)
    for site in case.of(*QUANTIZE):
        for reader in misreaders(site):
            yield Fault(f"{reader.op} computes with quantised numbers that nothing dequantises",
                        "it takes the codes for the numbers", "dequantise them first, or use a quantised "
                        "operator", reader)


@rule("QNT002", "residual-branch-unquantised", severity=WARNING, targeted=True)
def residual_branch_unquantised(case: Case) -> Faults:
    """Of the branches that an Add or a Concat joins, some are quantised and others are not.

    The join then runs in floating point, and the convolution before it has to write floating-point numbers:
    int8 comes out slower than float16 (TensorRT issues 3861, 993). TensorRT fuses a residual Add into the
    convolution only if both sides come from a dequantisation.

    Bad (--target int8)::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y)
        <float s = {0.5}, int8 z = {0}>
        {
            q = QuantizeLinear (x, s, z)
            d = DequantizeLinear (q, s, z)
            r = Relu (x)
            y = Add (d, r)
        }

    Good (--target int8)::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y)
        <float s = {0.5}, int8 z = {0}, float[4] bias = {1, 2, 3, 4}>
        {
            q = QuantizeLinear (x, s, z)
            d = DequantizeLinear (q, s, z)
            y = Add (d, bias)
        }
    """
    for site in case.of("Add", "Concat") if case.aims_at("int8") else ():
        sides = [_is_dequantized(site, position) for position in range(len(site.node.inputs))
                 if id(site.walk) in case.report.flows and holds_data(case, site, position)]
        if any(sides) and not all(sides):
            yield Fault(f"{sum(sides)} of {len(sides)} branches are quantised",
                        "the join and what is before it run in floating point",
                        "quantise the other branch as well", site)


def _is_dequantized(site: Site, position: int) -> bool:
    made = before(site, position)
    return made is not None and made.op in DEQUANTIZE


@rule("QNT003", "qdq-blocks-fusion", severity=WARNING, targeted=True, fix=UNSAFE)
def qdq_blocks_fusion(case: Case) -> Faults:
    """A pair that quantises and dequantises stands between a convolution and the normalization or activation
    after it.

    Without the pair a runtime does both in one pass and quantises once, behind the activation; the pair
    keeps them apart, and costs a pass over the map and precision (TensorRT issue 1144).

    Bad (--target int8)::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 2, 4, 4] x, float[2, 2, 1, 1] w) => (float[N, 2, 4, 4] y)
        <float s = {0.5}, int8 z = {0}>
        {
            c = Conv (x, w)
            q = QuantizeLinear (c, s, z)
            d = DequantizeLinear (q, s, z)
            y = Relu (d)
        }

    Good (--target int8)::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 2, 4, 4] x, float[2, 2, 1, 1] w) => (float[N, 2, 4, 4] y)
        <float s = {0.5}, int8 z = {0}>
        {
            c = Conv (x, w)
            r = Relu (c)
            q = QuantizeLinear (r, s, z)
            y = DequantizeLinear (q, s, z)
        }
    """
    for site in case.of(*DEQUANTIZE) if case.aims_at("int8") else ():
        reader = fused_after(site)
        if reader is not None:
            yield Fault(f"quantisation stands between a convolution and {reader.op}",
                        "the two cannot be done in one pass", f"move the pair behind {reader.op}", reader)


@rule("QNT004", "per-tensor-depthwise", severity=WARNING, weights=True)
def per_tensor_depthwise(case: Case) -> Faults:
    """The channels of a depthwise convolution have very different ranges, and one scale for all of them.

    Each channel of such a convolution is on its own. If the largest has weights up to 4 and another up to
    0.1, that one gets 3 of the 127 steps (Nagel et al. 2019, *Data-Free Quantization*). A scale for each
    channel costs nothing at run time. Meant are weights of which one channel in ten has less than a
    sixteenth of the steps.

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 2, 4, 4] x) => (float[N, 2, 4, 4] y)
        <int8[2, 1, 1, 2] w = {127, 5, 7, -7}, float s = {0.5}>
        {
            d = DequantizeLinear (w, s)
            y = Conv <group = 2, pads = [0, 0, 0, 1]> (x, d)
        }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 2, 4, 4] x) => (float[N, 2, 4, 4] y)
        <int8[2, 1, 1, 2] w = {127, 5, 7, -8}, float s = {0.5}>
        {
            d = DequantizeLinear (w, s)
            y = Conv <group = 2, pads = [0, 0, 0, 1]> (x, d)
        }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 2, 4, 4] x) => (float[N, 2, 4, 4] y)
        <int8[2, 1, 1, 2] w = {127, 5, 7, -7}, float[2] s = {0.5, 0.1}>
        {
            d = DequantizeLinear <axis = 0> (w, s)
            y = Conv <group = 2, pads = [0, 0, 0, 1]> (x, d)
        }
    """
    for one in depthwise(case):
        yield Fault(f"{one.narrow} of {one.channels} channels use at most {one.least} steps of the "
                    f"{one.most} that the largest uses", "all channels have one scale",
                    "quantise with a scale for each channel", one.site,
                    facts={"narrow": one.narrow, "channels": one.channels})


@rule("QNT005", "quant-params-invalid", severity=ERROR)
def quant_params_invalid(case: Case) -> Faults:
    """A scale is zero, negative or no number, or a zero point or a scale stands where there can be none.

    A scale is the width of a step. int32 numbers, the biases, are dequantised without zero point. Scales for
    each channel came with opset 13.

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (int8[N, 4] y)
        <float s = {0}, int8 z = {0}>
        { y = QuantizeLinear (x, s, z) }

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (int32[N, 4] x) => (float[N, 4] y)
        <float s = {0.5}, int32 z = {1}>
        { y = DequantizeLinear (x, s, z) }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (int8[N, 4] y)
        <float s = {1e-9}, int8 z = {1}>
        { y = QuantizeLinear (x, s, z) }
    """
    for site in _quantized(case):
        for position, name in enumerate(site.node.inputs):
            said = parameter(site, position)
            if "scale" in said and _fails(case, site, position, _is_width):
                yield Fault("a scale is zero, negative or no number", "a scale is the width of a step",
                            "quantise again", site, name, cause="scale")
            if "zero_point" in said:
                yield from _zero_point(case, site, position)
        if site.op in (*QUANTIZE, *DEQUANTIZE) and not site.node.domain and site.version < 13 \
                and any(same(size, 1) is False for size in site.inputs[1].shape or ()):
            yield Fault(f"there is a scale for each channel in opset {site.version}",
                        "QuantizeLinear and DequantizeLinear take these since opset 13",
                        "convert the model to opset 13", site)


def _quantized(case: Case) -> Iterator[Site]:
    """The nodes that take zero points."""
    for sites in case.by_op.values():
        if is_quantized(sites[0]):
            yield from sites


def _fails(case: Case, site: Site, position: int, holds: Callable[..., bool]) -> bool:
    """Whether ``holds`` is false of some of the known elements of an input."""
    return every(case, site.inputs[position], holds) is False


def _is_width(part: object) -> bool:
    import numpy
    found = numpy.asarray(part)
    return bool((numpy.isfinite(found) & (found > 0)).all())


def _zero_point(case: Case, site: Site, position: int) -> Faults:
    """What is wrong with a zero point that is not 0."""
    kind = site.inputs[position]
    if kind.dtype == "int32" and _fails(case, site, position, lambda part: not bool(part.any())):
        yield Fault("int32 numbers are dequantised with a zero point", "there is none for int32 (ONNX, "
                    "DequantizeLinear)", "leave it out", site, site.node.inputs[position])
