"""What lies between: for each weight of a network the numbers that a made-up one may hold.

A factor of a matrix product has the variance 1/n (LeCun et al. 1998), n being the multiply-accumulates that
an output takes, so that nothing grows from layer to layer. Other weights lie about 1: a divisor, a variance
or what a root is taken of may be such a number, and a scale changes little. Whole numbers are 0, or, where
they name positions, any position that there is.
"""
from __future__ import annotations

from math import sqrt
from typing import Any

from archcheck.analyses.params import FLOATS, LEARNED, QUANTIZATION
from archcheck.dims import Size, evaluate, prod, symbols
from archcheck.dtypes import BITS
from archcheck.graph import Shape, TensorType
from archcheck.ops._op import Effect, Picked, Reads
from archcheck.report import Report
from archcheck.writers._numbers import ZERO, Span

TYPICAL = 64
"""What symbols are taken to be where a number of products depends on them."""

STEP = 1 / 128
"""The largest scale of quantized weights, times the largest of them, is what the weights would be."""


class Spans:
    """The spans of the weights of a network's main graph, by name."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self._used_by = {weight.name: weight.used_by for weight in report.weights.weights}

    def of(self, name: str, kind: TensorType) -> Span:
        """What the made-up elements of the weight ``name`` lie between."""
        dtype, part = kind.dtype or "", self.report.weights.kinds.get((id(self.report.graph), name))
        uses = self._used_by.get(name) or self.report.graph.uses.get(name, ())
        if dtype not in FLOATS:
            return _quantized(dtype) if part == LEARNED else self._positions(name)
        bound = self._bound(uses)
        if part == QUANTIZATION:
            step = STEP * (bound or 1)
            return Span(0.5 * step, step)
        return Span(-bound, bound) if bound else Span(0.5, 1.5)

    def _bound(self, uses: tuple[int, ...]) -> float | None:
        """How far from 0 factors of products go at most; None for what is in no product."""
        terms = [count for index in uses if (count := self._products(index))]
        return sqrt(3 / max(terms)) if terms else None

    def _products(self, index: int) -> int | None:
        """How many products are summed up for an output of a node; None where it makes none."""
        cost, made = self.report.costs[index], self._made(index)
        if cost is None or made is None:
            return None
        macs, outputs = _typical(cost.mac), _typical(prod(made))
        return max(macs // max(outputs, 1), 1) if macs else None

    def _made(self, index: int) -> Shape | None:
        """The shape of the first output of a node that has a name."""
        names = filter(None, self.report.graph.nodes[index].outputs)
        return self._shape(next(names, ""))

    def _shape(self, name: str) -> Shape | None:
        kind = self.report.types.get(name)
        return kind and kind.shape

    def _positions(self, name: str) -> Span:
        """From 0 to the last position that each node which reads ``name`` as indices can pick."""
        sizes = [size for index in self.report.graph.uses.get(name, ()) for size in self._picked(index, name)]
        return Span(0, max(min(sizes) - 1, 0)) if sizes else ZERO

    def _picked(self, index: int, indices: str) -> list[int]:
        """The sizes of the axes along which a node reads positions that only ``indices`` name."""
        node, effect = self.report.graph.nodes[index], self.report.effects[index]
        shapes = [self._shape(name) if name != indices else None for name in node.inputs]
        return [_typical(size) for shape, axes in zip(shapes, _reads(effect)) if shape and axes
                for size, reader in zip(shape, axes) if isinstance(reader, Picked) and reader.indices is None]


def _reads(effect: Effect) -> Reads:
    """How the first output reads the inputs; nothing where that is not stated."""
    try:
        return effect.reads(0) if effect.reads else ()
    except Exception:  # noqa: BLE001 - as of a node that fails
        return ()


def _quantized(dtype: str) -> Span:
    """Weights of a byte or less take any value; wider ones are biases, and as small."""
    bits = min(BITS.get(dtype, 1), 8)
    return Span(0, 2 ** bits - 1) if dtype.startswith("uint") else Span(-2 ** (bits - 1), 2 ** (bits - 1) - 1)


def _typical(size: Size) -> int:
    """``size`` at usual values of its symbols."""
    values: dict[Any, int] = {atom.args[0]: TYPICAL for atom in symbols(size)}
    found = evaluate(size, values)
    return found if isinstance(found, int) else 1
