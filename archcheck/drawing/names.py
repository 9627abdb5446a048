"""What boxes are called: a block by what it is, an operator with its window."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from archcheck.analyses.blocks import UNTOLD, words_of
from archcheck.analyses.layers import Layer
from archcheck.analyses.structure import main_reads
from archcheck.dims import least, same
from archcheck.drawing.fold import GATHERED, Block
from archcheck.graph import Graph, Node
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

SHORT = {"convolution": "conv", "batch normalization": "bn", "activation": "relu", "relu6": "relu6",
         "silu": "silu", "gelu": "gelu"}
"""Kinds of layers to what they are called in a row of them."""

FEW = 400
"""A block of more layers is not called anything."""

TOLD = 3
"""So many operators of a block of which no more is known are told."""

CALLED = {"NonMaxSuppression": "NMS", "TopK": "top k", "RoiAlign": "RoI align"}
"""Operators that are what a block is about, to what it is called for them."""

BOX = 4  # the coordinates of a box
ARITHMETIC = frozenset(("Add", "Sub", "Mul", "Div", "Exp"))


class Names:
    """The names of one report's blocks."""

    def __init__(self, report: Report) -> None:
        self.report = report

    @property
    def found(self) -> Sequence[Layer]:
        """The network's layers."""
        return self.report.chain.every

    @cached_property
    def place(self) -> dict[int, int]:
        """Index of a node to the place of its layer."""
        return {layer.node: k for k, layer in enumerate(self.found)}

    @cached_property
    def detects(self) -> bool:
        """Whether the network picks some of many boxes."""
        return any(_about(_nodes(node)) for node in self.report.graph.nodes)

    def kind(self, block: Block) -> str:
        """What kind of block it is, empty where it is a single layer or nothing known; of one that has no
        name what is in it."""
        if block.name == GATHERED:
            return self.told(block)
        if not block.children or block.fused:
            return ""
        return self.called(block) or ("" if block.label else self.told(block))

    def called(self, block: Block) -> str:
        """What kind of block it is, or what it is about where the exporter gave it no name; else empty."""
        return self.known(block) or ("" if block.name else self.about(block))

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
        if words == (UNTOLD,) and self.found[inside[-1]].kind == "concatenation":
            return "branches"
        return KINDS.get(words) or self.plain([self.found[place] for place in inside])

    def plain(self, inside: Sequence[Layer]) -> str:
        """What a block without branches is called: an MLP; a convolution with what follows it."""
        heavy = [layer.kind for layer in inside if layer.heavy]
        if len(heavy) > 1 and set(heavy) == {"linear"}:
            return "MLP"
        short = [SHORT.get(layer.kind, "") for layer in inside]
        return "-".join(short) if len(heavy) == 1 and inside[0].heavy and all(short) else ""

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

    def about(self, block: Block) -> str:
        """What a block is about, if that is to pick boxes or parts of images."""
        nodes = [node for index in block.own for node in _nodes(self.report.graph.nodes[index])]
        found = _about(nodes)
        last = block.shape[-1] if block.shape else None
        if self.detects and last == BOX and sum(node.op in ARITHMETIC for node in nodes) >= BOX:
            found.append("boxes")
        return ", ".join(found)

    def told(self, block: Block) -> str:
        """The operators that are most of a block."""
        rows = [leaf.op for _, leaf in block.walk() if not leaf.children and leaf.op] \
            or [self.report.graph.nodes[index].op for index in block.own]
        most = sorted(dict.fromkeys(rows), key=lambda op: -rows.count(op))[:TOLD]
        return f"{len(rows)} nodes: {', '.join(most)}"

    def detail(self, block: Block) -> str:
        """The window of a single node, or what its bodies are about; of a fused one that of its first."""
        if block.fused:
            return self.detail(block.children[0])
        if block.node < 0:
            return ""
        about = _about(list(_nodes(self.report.graph.nodes[block.node]))[1:])
        return ", ".join(about) or window(self.report, block.node)


def _nodes(node: Node) -> Iterator[Node]:
    """A node and those in its bodies."""
    yield node
    for body in node.attrs.values():
        for inner in body.nodes if isinstance(body, Graph) else ():
            yield from _nodes(inner)


def _about(nodes: Iterable[Node]) -> list[str]:
    """What nodes are about, where one of them tells."""
    found = {node.op for node in nodes}
    return [name for op, name in CALLED.items() if op in found]


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
