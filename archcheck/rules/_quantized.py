"""Quantised parts of a network: who quantises, with which scale and zero point, and what reads the result."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from archcheck.graph import Element, TensorType
from archcheck.ops._op import Cost, cost_of
from archcheck.rules._case import Case
from archcheck.rules._operands import kind_of, parameters
from archcheck.rules._paths import after, before, constant, is_view
from archcheck.rules._rule import Site

QUANTIZE = ("QuantizeLinear", "com.microsoft.QuantizeLinear")
DEQUANTIZE = ("DequantizeLinear", "com.microsoft.DequantizeLinear")
KEEPING = ("MaxPool", "Gather", "Slice", "Expand", "Tile", "GlobalMaxPool", "ReduceMax", "ReduceMin")
"""Operators that hand on some of the elements they read, so that a scale still holds."""
FUSED = ("activation", "clip", "batch normalization", "sigmoid", "silu", "gelu", "prelu")
"""The kinds of work that runtimes do in the same pass as the convolution before it."""
WIDE, STEPS = 16, 10
"""A channel is narrow if it uses less than one part in `WIDE` of the range; so many are worth a word as are
one in `STEPS`."""


class Scaling(NamedTuple):
    """A scale and a zero point, as far as they are known."""

    scale: tuple[Element, ...] | None
    zero: tuple[Element, ...] | None

    def differs(self, other: Scaling) -> bool:
        """Whether two scalings are known, of one number each, and not the same."""
        pairs = ((self.scale, other.scale), (self.zero, other.zero))
        sides = [(set(a), set(b)) for a, b in pairs if a is not None and b is not None]
        return len(sides) == 2 and all(len(a) == len(b) == 1 for a, b in sides) and \
            any(a != b for a, b in sides)

    @property
    def said(self) -> str:
        """The two, which are known, in words."""
        (scale, *_), (zero, *_) = self.scale or (), self.zero or ()
        return f"scale {scale:g}, zero point {zero}"


def scaling(site: Site) -> Scaling:
    """What a node that quantises or dequantises does so with."""
    has_zero = len(site.node.inputs) > 2 and bool(site.node.inputs[2])
    return Scaling(constant(site, 1), constant(site, 2) if has_zero else (0,))


def quantizer(site: Site) -> Site | None:
    """The node that quantised what a node reads; None where that is not one alone, or not in this graph."""
    found = before(site)
    while found is not None and found.op in KEEPING:
        found = before(found)
    return found if found is not None and found.op in QUANTIZE else None


def misreaders(site: Site) -> Iterator[Site]:
    """The nodes that compute with what a node has quantised as if it were the numbers themselves."""
    for reader in after(site):
        if reader.op not in DEQUANTIZE and not is_view(reader) and not is_quantized(reader) \
                and _is_arithmetic(reader):
            yield reader


def is_quantized(site: Site) -> bool:
    """Whether an operator computes with quantised numbers: one that takes a zero point."""
    return any("zero_point" in name for name in parameters(site))


def _is_arithmetic(site: Site) -> bool:
    """Whether a node adds or multiplies what it reads, as numbers of 8 bits or fewer."""
    cost = cost_of(site.effect)
    is_integer = "int" in (site.inputs[0].dtype or "")
    return cost is not None and cost._replace(cmp=0) != Cost() and is_integer


def fused_after(site: Site) -> Site | None:
    """A node after a dequantisation that a runtime would do in one pass with the convolution before the
    quantisation; None where there is none such."""
    quantize = before(site)
    made = before(quantize) if quantize is not None and quantize.op in QUANTIZE else None
    if made is None or kind_of(made) != "convolution":
        return None
    return next((reader for reader in after(site) if kind_of(reader) in FUSED), None)


# ---------------------------------------------------------------------------------- weights
class Narrow(NamedTuple):
    """A depthwise weight with one scale: the node, how many channels it has and how many are narrow, and the
    largest number of steps that one of these and that any has."""

    site: Site
    channels: int
    narrow: int
    least: int
    most: int


def depthwise(case: Case) -> Iterator[Narrow]:
    """Depthwise convolutions whose integers have one scale for channels of very different ranges."""
    for site in case.sites:
        group = site.node.attrs.get("group", 1)
        found = _integers(site) if isinstance(group, int) and group > 1 else None
        if found and case.settings.weights is not False:
            narrow = _narrow(case, site, *found)
            if narrow and narrow.narrow * STEPS >= narrow.channels:
                yield narrow


def _integers(site: Site) -> tuple[TensorType, int] | None:
    """The stored integers of a convolution's weight that have one scale, and their zero point."""
    maker = site if site.op == "QLinearConv" else before(site, 1)
    if maker is None or maker.op not in (*DEQUANTIZE, "QLinearConv"):
        return None
    first = 4 if maker is site else 1
    kind, place = maker.inputs[first - 1], first + 1
    shape, zero = kind.shape or (), constant(maker, place) if any(maker.node.inputs[place:]) else (0,)
    is_depthwise = len(shape) > 2 and shape[1] == 1 and kind.dtype in ("int8", "uint8")
    is_single = maker.inputs[first].shape in ((), (1,))
    first_zero = zero[0] if zero else None
    return (kind, first_zero) if is_depthwise and is_single and isinstance(first_zero, int) else None


def _narrow(case: Case, site: Site, kind: TensorType, zero: int) -> Narrow | None:
    view = case.payloads.view(kind)
    if not view:
        return None
    import numpy
    shape: tuple[Any, ...] = kind.shape or ()
    rows = numpy.frombuffer(view, kind.dtype or "").reshape(shape[0], -1)
    steps = numpy.abs(rows.astype(numpy.int32) - zero).max(axis=1)
    most = int(steps.max())
    narrow = steps[(steps > 0) & (steps * WIDE <= most)]
    return Narrow(site, shape[0], len(narrow), int(narrow.max()), most) if len(narrow) else None
