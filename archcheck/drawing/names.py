"""What boxes are called: a block by what it is, an operator with its window."""
from __future__ import annotations

from functools import cached_property

from archcheck.analyses.blocks import words_of
from archcheck.analyses.layers import layers
from archcheck.analyses.structure import main_reads
from archcheck.drawing.fold import Block
from archcheck.report import Report

KINDS = {
    ("RES",): "residual", ("ATTENTION",): "attention", ("MLP",): "MLP", ("INCEPTION",): "inception",
    ("CONCAT",): "branches", ("DENSEBLOCK",): "dense block", ("SKIP",): "skip", ("SE",): "squeeze-excite",
    ("GATE",): "gate", ("GELU",): "GELU", ("SILU",): "SiLU", ("NORM",): "normalization",
    ("EMBEDDING",): "embedding", ("ATTENTION", "MLP"): "transformer",
}
"""The words of a block, as `archcheck.analyses.blocks` has them, to what it is called."""

FEW = 400
"""A block of more layers is not called anything."""


class Names:
    """The names of one report's blocks."""

    def __init__(self, report: Report) -> None:
        self.report = report

    @cached_property
    def found(self) -> list[object]:
        """The network's layers."""
        return list(layers(self.report)[0])

    @cached_property
    def place(self) -> dict[int, int]:
        """Index of a node to the place of its layer."""
        return {layer.node: k for k, layer in enumerate(self.found)}  # type: ignore[attr-defined]

    def kind(self, block: Block) -> str:
        """What kind of block it is, empty where it is a single layer or nothing known."""
        if not block.children or block.fused:
            return ""
        inside = [self.place[index] for index in block.own if index in self.place]
        if not 1 < len(inside) <= FEW:
            return ""
        words = tuple(dict.fromkeys(words_of(self.found, inside)))  # type: ignore[arg-type]
        if "ATTENTION" in words:
            words = tuple(word for word in words if word in ("ATTENTION", "MLP"))
        return KINDS.get(words, "")

    def detail(self, block: Block) -> str:
        """The window of a single node; of a fused one that of its first, and what follows it."""
        if block.fused:
            return self.detail(block.children[0])
        return "" if block.children or len(block.own) != 1 else window(self.report, block.own[0])


def window(report: Report, index: int) -> str:
    """The window that a node slides over its input, as ``3×3/2``; empty where it slides none."""
    found = main_reads(report, index)
    cost = report.costs[index]
    slides = any(along.taps != 1 or along.stride != 1 for along in found)
    if not found or not slides and not (cost and cost.mac != 0):
        return ""
    strides = list(dict.fromkeys(along.stride for along in found))
    step = "" if strides == [1] else "/" + "×".join(map(str, strides))
    return "×".join(str(along.taps) if isinstance(along.taps, int) else "?" for along in found) + step
