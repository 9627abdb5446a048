"""What boxes are called: a block by what it is, an operator with its window."""
from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from archcheck.analyses.blocks import words_of
from archcheck.analyses.layers import Layer, layers
from archcheck.analyses.structure import main_reads
from archcheck.dims import least, same
from archcheck.drawing.fold import Block
from archcheck.report import Report

KINDS = {
    ("RES",): "residual", ("ATTENTION",): "attention", ("MLP",): "MLP", ("INCEPTION",): "inception",
    ("CONCAT",): "branches", ("DENSEBLOCK",): "dense layer", ("SKIP",): "skip", ("SE",): "squeeze-excite",
    ("GATE",): "gate", ("GELU",): "GELU", ("SILU",): "SiLU", ("NORM",): "normalization",
    ("EMBEDDING",): "embedding", ("ATTENTION", "MLP"): "transformer",
}
"""The words of a block, as `archcheck.analyses.blocks` has them, to what it is called."""

CHAINS = {"EDP": "inverted residual", "DP": "depthwise separable", "DE": "depthwise separable",
          "PEK": "fire"}
"""The convolutions of a block, as `Names.letter` has them, to what it is called."""

FEW = 400
"""A block of more layers is not called anything."""

TOLD = 3
"""So many operators of a block of which no more is known are told."""

CALLED = {"NonMaxSuppression": "NMS", "TopK": "top k", "RoiAlign": "RoI align", "GridSample": "sampling"}
"""Operators that are what a block is about, to what it is called for them."""

BOX = 4  # the coordinates of a box
ARITHMETIC = frozenset(("Add", "Sub", "Mul", "Div", "Exp"))


class Names:
    """The names of one report's blocks."""

    def __init__(self, report: Report) -> None:
        self.report = report

    @cached_property
    def found(self) -> list[Layer]:
        """The network's layers."""
        return list(layers(self.report)[0])

    @cached_property
    def place(self) -> dict[int, int]:
        """Index of a node to the place of its layer."""
        return {layer.node: k for k, layer in enumerate(self.found)}

    @cached_property
    def detects(self) -> bool:
        """Whether the network picks some of many boxes."""
        return any(node.op in ("NonMaxSuppression", "TopK") for node in self.report.graph.nodes)

    def kind(self, block: Block) -> str:
        """What kind of block it is, empty where it is a single layer or nothing known; of one that has no
        name what is in it."""
        if not block.children or block.fused:
            return ""
        return self.known(block) or ("" if block.name else self.told(block))

    def known(self, block: Block) -> str:
        """What kind of block it is, as far as that is known."""
        inside = [self.place[index] for index in block.own if index in self.place]
        if not 1 < len(inside) <= FEW:
            return ""
        if not any(self.found[place].heavy for place in inside):
            return ""
        words = tuple(dict.fromkeys(words_of(self.found, inside)))
        letters = self.convolutions(inside)
        if letters in CHAINS:
            return CHAINS[letters]
        if "ATTENTION" in words:
            words = tuple(word for word in words if word in ("ATTENTION", "MLP"))
        return KINDS.get(words, "")

    def convolutions(self, inside: Sequence[int]) -> str:
        """A letter for each convolution of a block, in their order; empty where there are other products."""
        heavy = [self.found[place] for place in inside if self.found[place].heavy]
        are_all = all(layer.kind == "convolution" for layer in heavy)
        return "".join(map(self.letter, heavy)) if are_all else ""

    def letter(self, layer: Layer) -> str:
        """``D`` for a depthwise convolution, ``K`` for one of several pixels, ``E`` for one of single pixels
        that makes more channels than it reads, else ``P``; none where it only scales channels."""
        types, inputs = self.report.types, self.report.graph.nodes[layer.node].inputs
        data, weight = (types[name].shape if name in types else None for name in inputs[:2])
        if not data or not weight or all(size == 1 for size in data[2:]):
            return ""
        if same(weight[1], 1) and same(weight[0], 1) is False:
            return "D" if same(data[1], 1) is False else "K"
        if any(size != 1 for size in weight[2:]):
            return "K"
        return "E" if least(weight[0] - weight[1]) > 0 else "P"

    def told(self, block: Block) -> str:
        """What a block is about, else the operators that are most of it."""
        nodes = [self.report.graph.nodes[index].op for index in block.own]
        about = [name for op, name in CALLED.items() if op in nodes]
        last = block.shape[-1] if block.shape else None
        if self.detects and last == BOX and sum(op in ARITHMETIC for op in nodes) >= BOX:
            about.append("boxes")
        if about:
            return ", ".join(about)
        rows = [leaf.op for _, leaf in block.walk() if not leaf.children and leaf.op]
        most = sorted(dict.fromkeys(rows), key=lambda op: -rows.count(op))[:TOLD]
        return f"{len(rows)} nodes: {', '.join(most)}"

    def detail(self, block: Block) -> str:
        """The window of a single node; of a fused one that of its first, and what follows it."""
        if block.fused:
            return self.detail(block.children[0])
        return window(self.report, block.node) if block.node >= 0 else ""


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
