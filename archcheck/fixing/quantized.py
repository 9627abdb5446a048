"""The fix of a pair that quantises and dequantises in the middle of what is done in one pass."""
from __future__ import annotations

from archcheck.fixing._edit import Declined, Edit, fix
from archcheck.rules._paths import is_shared
from archcheck.rules._quantized import QUANTIZE
from archcheck.rules._rule import Fault, Site

WITHIN = ("Relu", "Clip")
"""Activations whose results lie within the range of what they are given: its scale serves them too."""


@fix("QNT003")
def quantize_behind(edit: Edit, fault: Fault) -> None:
    """The pair behind the activation; none at all where another one stands there."""
    edit.require_apart()
    site, (quantize, dequantize) = _pair(fault)
    scene, index = edit.at(site)
    if {quantize.at, dequantize.at, index} & scene.instead.keys():
        raise Declined("what stands before it was mended first")
    activation = scene.nodes[index]
    result, pair = site.node.outputs[0], [scene.nodes[one.at] for one in (quantize, dequantize)]
    activation.input[0] = quantize.node.inputs[0]
    readers = site.readers()
    if readers and all(reader.op in QUANTIZE for reader in readers) and result not in scene.graph.outputs:
        pair = []
    else:
        activation.output[0] = pair[0].input[0] = edit.fresh(f"{result}_wide")
        pair[1].output[0] = result
    scene.put(index, activation, *pair)
    scene.drop(quantize.at)
    scene.drop(dequantize.at)


def _pair(fault: Fault) -> tuple[Site, tuple[Site, Site]]:
    """The activation, and the pair before it."""
    site = fault.site
    dequantize = site.producer() if site else None
    quantize = dequantize.producer() if dequantize else None
    if site is None or dequantize is None or quantize is None or quantize.op not in QUANTIZE:
        raise Declined("there are views between the pair and what follows")
    if site.op not in WITHIN:
        raise Declined(f"the scale was measured before {site.op}, and does not serve behind it")
    if is_shared(quantize) or is_shared(dequantize):
        raise Declined("another node reads the pair too")
    return site, (quantize, dequantize)
