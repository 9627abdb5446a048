"""The fix of two linear layers with nothing between them that is not linear: one layer in their place."""
from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from archcheck.fixing._edit import Declined, Edit, fix, site_of
from archcheck.fixing._numbers import read, store
from archcheck.fixing._scene import Scene, node, set_ints
from archcheck.fixing.layers import affine
from archcheck.rules._layers import BATCH_NORM, SCALING, Dense, data_position, dense, linear_before
from archcheck.rules._rule import Fault, Site

Numbers = Any


class Linear(NamedTuple):
    """What a layer does to the channels at a position, in double precision: ``weights`` of outputs × inputs ×
    taps, and a ``bias`` for each output."""

    weights: Numbers
    bias: Numbers

    def then(self, other: Linear) -> Linear:
        """This and another layer behind it as one, where one of them has a single tap."""
        import numpy
        first, second = self.weights, other.weights
        taps = max(first.shape[2:], second.shape[2:], key=lambda sizes: numpy.prod(sizes, dtype=int))
        flat = [one.reshape(*one.shape[:2], -1) for one in (first, second)]
        both = numpy.einsum("mix,omy->oixy", *flat)
        return Linear(both.reshape(*both.shape[:2], *taps), flat[1].sum(2) @ self.bias + other.bias)

    def scaled(self, factor: Numbers, summand: Numbers) -> Linear:
        """This layer with each output scaled and moved."""
        wide = factor.reshape(-1, *(1,) * (self.weights.ndim - 1))
        return Linear(self.weights * wide, self.bias * factor + summand)


@fix("ARC001")
def merge_layers(edit: Edit, fault: Fault) -> None:
    """One layer with the product of the weights of both."""
    edit.require_apart()
    site = site_of(fault)
    scene, _ = edit.at(site)
    first, second = linear_before(edit.case, site)[0], dense(edit.case, site)
    if first is None or second is None or {first.site.at, site.at} & scene.instead.keys():
        raise Declined("what stands before it was mended first")
    between = list(_between(first.site, site))
    one = _linear(edit, first)
    for scaling in between:
        one = one.scaled(*_scaling(edit, scaling, first))
    _put(edit, first.site, second.site, one.then(_linear(edit, second)))
    for gone in (first.site, *between):
        scene.drop(gone.at)


def _between(first: Site, second: Site) -> Iterator[Site]:
    """The nodes from one layer to the next, in order."""
    (site,) = first.readers()
    while site != second:
        if site.op not in (BATCH_NORM, *SCALING):
            raise Declined("there are views between the two")
        yield site
        (site,) = site.readers()


def _linear(edit: Edit, layer: Dense) -> Linear:
    """What a layer does."""
    import numpy
    site, attrs = layer.site, layer.site.node.attrs
    weights = read(edit, site, 1).astype(float)
    if site.op != "Conv":
        weights = (weights if attrs.get("transB") else weights.T) * attrs.get("alpha", 1.0)
    if len(site.node.inputs) < 3 or not site.node.inputs[2]:
        return Linear(weights, numpy.zeros(layer.outputs))
    bias = read(edit, site, 2) * attrs.get("beta", 1.0)
    if bias.ndim > 1 and bias.shape[0] != 1:
        raise Declined("a bias differs from row to row")
    return Linear(weights, numpy.broadcast_to(bias.reshape(-1), layer.outputs).astype(float))


def _scaling(edit: Edit, site: Site, layer: Dense) -> tuple[Numbers, Numbers]:
    """The factor and the summand that a node behind a layer is for each of its channels."""
    import numpy
    rank = len(site.outputs[0].shape or ())
    behind = rank - 2 if layer.site.op == "Conv" else 0
    if site.op == BATCH_NORM:
        if behind != rank - 2:
            raise Declined("the normalization is along another axis")
        return affine(edit, site)
    place = data_position(edit.case, site)
    array = read(edit, site, 1 - place).astype(float)
    if array.size != (array.shape[-1 - behind] if array.ndim > behind else 1):
        raise Declined("what is added or multiplied differs from position to position")
    array = numpy.broadcast_to(array.reshape(-1), layer.outputs)
    ones, zeros = numpy.ones(layer.outputs), numpy.zeros(layer.outputs)
    if site.op == "Sub":
        return (-ones, array) if place else (ones, -array)
    return {"Add": (ones, array), "Mul": (array, zeros)}.get(site.op) or (ones / array, zeros)


def _put(edit: Edit, first: Site, second: Site, one: Linear) -> None:
    """The nodes that are both layers in the place of the second."""
    scene, index = edit.at(second)
    old, given, result = scene.nodes[index], first.node.inputs[0], second.node.outputs[0]
    dtype = read(edit, second, 1).dtype
    weights = one.weights if second.op == "Conv" else one.weights.T
    inputs = [given, store(scene, edit.fresh(f"{second.node.inputs[1]}_merged"), weights.astype(dtype))]
    bias = [store(scene, edit.fresh(f"{result}_bias"), one.bias.astype(dtype))] if one.bias.any() else []
    if second.op == "Conv":
        scene.put(index, _convolution(scene, first, second, [*inputs, *bias]))
    elif bias and "Gemm" in (first.op, second.op):
        scene.put(index, node("Gemm", [*inputs, *bias], [result], old.name, old))
    elif bias:
        product = edit.fresh(f"{result}_product")
        scene.put(index, node("MatMul", inputs, [product], old.name, old),
                  node("Add", [product, *bias], [result], edit.fresh(f"{old.name}_bias"), old))
    else:
        scene.put(index, node("MatMul", inputs, [result], old.name, old))


def _convolution(scene: Scene, first: Site, second: Site, inputs: list[str]) -> Any:
    """A convolution with the window of that of the two that has one, and the strides of both."""
    old = scene.nodes[second.at]
    wide: Any = first.inputs[1].shape or ()
    like = first if math.prod(wide[2:]) != 1 else second
    made = node("Conv", inputs, [second.node.outputs[0]], old.name, old)
    made.attribute.extend(scene.nodes[like.at].attribute)
    strides = [site.node.attrs.get("strides") or (1,) * len(wide[2:]) for site in (first, second)]
    set_ints(made, "strides", [one * other for one, other in zip(*strides)])
    return made
