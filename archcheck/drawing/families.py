"""Families of operators, by which boxes are coloured: what kind of work a node does."""
from __future__ import annotations

from collections.abc import Iterable

from archcheck.analyses.layers import ACTIVATIONS
from archcheck.ops._op import Cost, Effect
from archcheck.report import Report

FAMILIES = {
    "convolution": "convolution", "linear": "dense and products", "recurrent": "recurrent",
    "attention": "attention", "norm": "normalization", "activation": "activation", "pool": "pooling",
    "join": "sum, product, concatenation", "lookup": "embedding", "moves": "moves data",
    "input": "input and output", "other": "other",
}
"""The families, each with what a legend calls it."""

_BY_KIND = {
    **dict.fromkeys(("convolution", "transposed convolution", "deformable convolution"), "convolution"),
    **dict.fromkeys(("linear", "product", "einsum"), "linear"),
    **dict.fromkeys(("rnn", "gru", "lstm"), "recurrent"),
    **dict.fromkeys((*ACTIVATIONS, "relu6", "softmax", "log softmax"), "activation"),
    **dict.fromkeys(("addition", "multiplication", "concatenation", "arithmetic", "bias"), "join"),
    **dict.fromkeys(("resize", "depth to space", "space to depth", "dropout"), "moves"),
    "attention": "attention", "lookup": "lookup",
}


def families(report: Report) -> list[str]:
    """The family of each node."""
    return [_family(kind, effect, cost)
            for kind, effect, cost in zip(report.kinds, report.effects, report.costs)]


def _family(kind: str, effect: Effect, cost: Cost | None) -> str:
    if kind in _BY_KIND:
        return _BY_KIND[kind]
    if kind.endswith("normalization"):
        return "norm"
    if kind.endswith("pooling"):
        return "pool"
    free = effect.alias is not None or cost is not None and cost.flops == 0
    return "moves" if free else "other"


def main_family(found: Iterable[tuple[str, int]]) -> str:
    """The family that most of the work belongs to, of pairs of families and amounts of work."""
    amounts: dict[str, int] = {}
    for family, amount in found:
        amounts[family] = amounts.get(family, 0) + amount
    return max(amounts, key=lambda family: amounts[family], default="other")
