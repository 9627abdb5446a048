"""Fixes of layers: operators that have another name now, paddings, biases, normalizations."""
from __future__ import annotations

from typing import Any

from archcheck.fixing._edit import Declined, Edit, fix, site_of
from archcheck.fixing._numbers import read, store, weight
from archcheck.fixing._scene import clear, node, set_ints
from archcheck.rules._paths import alone_before, constant, is_shared
from archcheck.rules._rule import Fault, Site

EPSILON = 1e-5
"""ONNX's own epsilon of BatchNormalization."""

ROI_OPTIONAL = 13
"""From this opset on a Resize need not be given a region."""

Numbers = Any


# ---------------------------------------------------------------------------------- other operators
@fix("ONX013")
def rename_operator(edit: Edit, fault: Fault) -> None:
    """The operator that came in place of one that was taken out."""
    site = site_of(fault)
    scene, index = edit.at(site)
    proto = scene.nodes[index]
    if proto.op_type == "Scatter":
        proto.op_type = "ScatterElements"
        return
    if proto.op_type != "Upsample" or len(proto.input) != 2:
        raise Declined("no operator does the same")
    proto.op_type = "Resize"
    if site.version > 10:
        region = "" if site.version >= ROI_OPTIONAL else scene.store(edit.fresh("roi"), "float32", (0,), b"")
        proto.input[:] = [proto.input[0], region, proto.input[1]]
        proto.attribute.add(name="coordinate_transformation_mode", type=3, s=b"asymmetric")
        proto.attribute.add(name="nearest_mode", type=3, s=b"floor")


@fix("NUM108")
def log_in_one(edit: Edit, fault: Fault) -> None:
    """LogSoftmax of what the softmax is given; of a sigmoid −Softplus(−x)."""
    site = site_of(fault)
    scene, index = edit.at(site)
    made, log = site.producer(), scene.nodes[index]
    if made is None or made.op != fault.facts["of"]:
        raise Declined("there are views between the two")
    given, result = made.node.inputs[0], log.output[0]
    if made.op == "Softmax":
        one = node("LogSoftmax", [given], [result], log.name, log)
        one.attribute.extend(scene.nodes[made.at].attribute)
        scene.put(index, one)
    else:
        minus, soft = edit.fresh(f"{result}_minus"), edit.fresh(f"{result}_softplus")
        scene.put(index, node("Neg", [given], [minus], edit.fresh(f"{log.name}_minus"), log),
                  node("Softplus", [minus], [soft], edit.fresh(f"{log.name}_softplus"), log),
                  node("Neg", [soft], [result], log.name, log))
    if not is_shared(made):
        scene.drop(made.at)


@fix("ARC004")
def activate_once(edit: Edit, fault: Fault) -> None:
    """Whatever reads the second result reads the first."""
    edit.bypass(fault.site, site_of(fault).node.inputs[0])


# ---------------------------------------------------------------------------------- paddings
@fix("GEO007")
def explicit_pads(edit: Edit, fault: Fault) -> None:
    """Pads in numbers, where they are the same at all sizes."""
    site = site_of(fault)
    scene, index = edit.at(site)
    pads = [_pad(*axis) for axis in _axes(site)]
    lower = fault.facts["auto_pad"] == "SAME_LOWER"
    halves = [(pad - pad // 2, pad // 2) if lower else (pad // 2, pad - pad // 2) for pad in pads]
    clear(scene.nodes[index], "auto_pad")
    set_ints(scene.nodes[index], "pads", [*(begin for begin, _ in halves), *(end for _, end in halves)])


def _axes(site: Site) -> list[tuple[Any, int, int]]:
    """Along each spatial axis: the size, how far the window reaches, and the stride."""
    attrs, position = site.node.attrs, {"Conv": 1, "MaxPool": 0, "AveragePool": 0}.get(site.op)
    shape = site.inputs[0].shape
    if position is None or shape is None:
        raise Declined("how it pads is not known for this operator")
    weights = site.inputs[position].shape if position else None
    kernel = attrs.get("kernel_shape") or (weights or ())[2:]
    rank = len(shape) - 2
    ones = (1,) * rank
    strides, dilations = attrs.get("strides", ones), attrs.get("dilations", ones)
    if len(kernel) != rank or not all(isinstance(size, int) for size in kernel):
        raise Declined("the size of its window is not known")
    return [(size, (taps - 1) * dilation + 1, stride)
            for size, taps, dilation, stride in zip(shape[2:], kernel, dilations, strides)]


def _pad(size: Any, reach: int, stride: int) -> int:
    """How many positions are padded so that there are ⌈size / stride⌉ outputs."""
    if stride == 1:
        return reach - 1
    if not isinstance(size, int):
        raise Declined("how much is padded depends on the size of the input, which is open")
    return max((-(-size // stride) - 1) * stride + reach - size, 0)


@fix("PRF103")
def pad_in_convolution(edit: Edit, fault: Fault) -> None:
    """The numbers of a Pad added to the pads of the convolution behind it."""
    site = site_of(fault)
    scene, index = edit.at(site)
    pad = site.producer()
    assert pad is not None
    stated = constant(pad, 1) if len(pad.node.inputs) > 1 else pad.node.attrs.get("pads")
    if not stated:
        raise Declined("the pads are not known")
    rank = len(stated) // 2
    added = [*stated[2:rank], *stated[rank + 2:]]
    old = site.node.attrs.get("pads", (0,) * len(added))
    conv = scene.nodes[index]
    clear(conv, "auto_pad")
    set_ints(conv, "pads", [int(one) + int(more) for one, more in zip(old, added)])
    conv.input[0] = pad.node.inputs[0]
    scene.drop(pad.at)


# ---------------------------------------------------------------------------------- normalizations
@fix("TRN001")
def evaluate_norm(edit: Edit, fault: Fault) -> None:
    """A normalization by what was learned."""
    site = site_of(fault)
    scene, index = edit.at(site)
    if any(name in scene.graph.uses or name in scene.graph.outputs for name in site.node.outputs[1:] if name):
        raise Declined("its statistics are read")
    clear(scene.nodes[index], "training_mode")
    del scene.nodes[index].output[1:]


@fix("ARC003")
def drop_bias(edit: Edit, fault: Fault) -> None:
    """A layer without its bias. A batch normalization subtracts it from the mean that it learned."""
    site = site_of(fault)
    scene, index = edit.at(site)
    norm = _norm_after(site)
    position = 1 if site.op == "Add" else 2
    if norm.op == "BatchNormalization":
        bias = read(edit, site, position).reshape(-1)
        mean = read(edit, norm, 3) - bias
        scene.nodes[norm.at].input[3] = store(weight(edit, norm, norm.node.inputs[3]),
                                              edit.fresh(norm.node.inputs[3]), mean)
    if site.op == "Add":
        edit.bypass(site, site.node.inputs[0])
    else:
        del scene.nodes[index].input[2:]


def _norm_after(site: Site) -> Site:
    """The normalization that takes a layer's bias off, views in between left out."""
    found = site.readers()
    while found and found[0].op not in ("BatchNormalization", "InstanceNormalization"):
        found = found[0].readers()
    if not found:
        raise Declined("the normalization is not to be found")
    return found[0]


@fix("ARC010")
def merge_norms(edit: Edit, fault: Fault) -> None:
    """One batch normalization with the scale and bias of both."""
    site = site_of(fault)
    scene, _ = edit.at(site)
    first = alone_before(site)
    if first is None or site.producer() != first or _trains(site) or _trains(first):
        raise Declined("there are views between the two, or they are trained")
    factor, summand = affine(edit, site)
    scale, bias = read(edit, first, 1), read(edit, first, 2)
    edit.bypass(site, site.node.inputs[0])
    inputs = scene.nodes[first.at].input
    inputs[1] = store(scene, edit.fresh(inputs[1]), (scale * factor).astype(scale.dtype))
    inputs[2] = store(scene, edit.fresh(inputs[2]), (bias * factor + summand).astype(bias.dtype))


@fix("PRF101")
def fuse_norm(edit: Edit, fault: Fault) -> None:
    """A convolution whose filters and bias hold the factors and summands of the normalization behind it."""
    site = site_of(fault)
    scene, _ = edit.at(site)
    conv = site.producer()
    if conv is None or conv.op != "Conv" or _trains(site) or is_shared(conv):
        raise Declined("what stands before it is no convolution that it could be part of")
    factor, summand = affine(edit, site)
    filters = read(edit, conv, 1)
    bias = summand + (factor * read(edit, conv, 2) if len(conv.node.inputs) > 2 else 0)
    proto = scene.nodes[conv.at]
    edit.bypass(site, site.node.inputs[0])
    wide = factor.reshape(-1, *(1,) * (filters.ndim - 1))
    stored = [(filters * wide).astype(filters.dtype), bias.astype(filters.dtype)]
    names = [proto.input[1], proto.input[2] if len(proto.input) > 2 else f"{proto.input[1]}_bias"]
    proto.input[1:] = [store(scene, edit.fresh(name), array) for name, array in zip(names, stored)]


def affine(edit: Edit, norm: Site) -> tuple[Numbers, Numbers]:
    """The factor and the summand that a batch normalization is for each channel, in double precision."""
    import numpy
    scale, bias, mean, variance = (read(edit, norm, position).astype(float) for position in (1, 2, 3, 4))
    factor = scale / numpy.sqrt(variance + norm.node.attrs.get("epsilon", EPSILON))
    return factor, bias - mean * factor


def _trains(norm: Site) -> bool:
    return bool(norm.node.attrs.get("training_mode")) or any(norm.node.outputs[1:])
