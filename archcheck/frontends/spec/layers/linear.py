"""Layers that are matrix products, and tables of vectors."""
from __future__ import annotations

from archcheck.dims import Size
from archcheck.frontends.spec._layer import At, Elements, Flag, layer


@layer("fc")
def fc(at: At, x: str, units: Size, *, bias: Flag = True, weight: Elements | None = None) -> str:
    """Fully connected: every output is a weighted sum of all elements of an example. Axes after the batch are
    flattened first."""
    shape = at.shape(x)
    if shape is not None and len(shape) != 2:
        x = at.before("flatten", "Flatten", x, axis=1)
    return _gemm(at, x, units, bias, weight)


def _gemm(at: At, x: str, units: Size, bias: bool, weight: object) -> str:
    matrix = at.given(weight, "weight", units, at.size(x, 1))
    return at.node("Gemm", x, matrix, *([at.weight("bias", units)] if bias else []), transB=1)


@layer("dense", "linear")
def dense(at: At, x: str, units: Size, *, bias: Flag = True, weight: Elements | None = None) -> str:
    """Weighted sums along the last axis, at each position of the others."""
    shape = at.shape(x)
    if shape is not None and len(shape) == 2:
        return _gemm(at, x, units, bias, weight)
    matrix = at.given(weight, "weight", at.size(x, -1), units)
    if not bias:
        return at.node("MatMul", x, matrix)
    return at.node("Add", at.node("MatMul", x, matrix, part="product"), at.weight("bias", units), part="sum")


@layer("embedding")
def embedding(at: At, x: str, words: Size, features: Size) -> str:
    """The row of a learned table of ``words`` rows that each element names."""
    return at.node("Gather", at.weight("weight", words, features), x, axis=0)


@layer("position")
def position(at: At, x: str, length: Size | None = None) -> str:
    """A learned vector for each position of a sequence, added to it; the table has ``length`` rows."""
    rows = at.size(x, 1) if length is None else length
    table = at.weight("weight", rows, at.size(x, -1))
    if length is not None:
        size = at.node("Shape", x, part="length", start=1, end=2)
        table = at.node("Slice", table, at.ints((0,), "first"), size, at.ints((0,), "axis"), part="rows")
    return at.node("Add", x, table, part="sum")
