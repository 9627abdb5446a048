"""Layers by their kind: how many there are of one, and patterns such as ``[CONV -> RELU]*2 -> POOL``."""
from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from archcheck.analyses.structure import data_of
from archcheck.claims._functions import figure
from archcheck.claims._parts import Part, shape_of
from archcheck.claims.figures import chain, weighted
from archcheck.dims import same
from archcheck.errors import closest
from archcheck.graph import Node
from archcheck.ops import find

ACTIVATIONS = ("Relu", "LeakyRelu", "PRelu", "ThresholdedRelu", "Elu", "Selu", "Celu", "Sigmoid", "Tanh",
               "HardSigmoid", "Swish", "HardSwish", "Mish", "Gelu", "Softplus", "Softsign", "Clip")
KINDS: dict[str, tuple[str, ...]] = {
    "conv": ("convolution", "deformable convolution"), "deconv": ("transposed convolution",),
    "deformable": ("deformable convolution",), "fc": ("product",), "dense": ("product",),
    "maxpool": ("max pooling",), "avgpool": ("average pooling",), "gap": ("global average pooling",),
    "gmp": ("global max pooling",), "activation": ACTIVATIONS, "act": ACTIVATIONS,
    "pool": ("max pooling", "average pooling", "global max pooling", "global average pooling"),
    "bn": ("batch normalization",), "add": ("Add", "Sum"), "mul": ("Mul",), "upsample": ("resize",),
    "depthwise": ("convolution",), "relu6": ("Clip",), "silu": ("Swish",), "embedding": ("Gather",),
    "layernorm": ("layer normalization",), "groupnorm": ("group normalization",), "attention": ("attention",)}
"""Words for layers, and the kinds or names of operators that they stand for. Other words are names."""
MAX_BRACKETS = 40


def is_a(node: Node, word: str) -> bool:
    """Whether ``node`` is what the word says, in capitals or not."""
    word = word.lower()
    if word not in KINDS:
        return node.op.lower() == word
    known = find(node.domain, node.op, None)
    return node.op in KINDS[word] or known is not None and known.kind in KINDS[word]


def _of_kind(x: Part, word: str) -> list[int]:
    """The nodes of a part that are what a word says; products only those with weights, additions only those
    of data."""
    found = [index for index, node in zip(x.indices, x.nodes) if is_a(node, word)]
    means = _MEANS.get(word.lower())
    return found if means is None else [index for index in found if means(x, index)]


def _has_weight(x: Part, index: int) -> bool:
    return bool(weighted(Part(x.report, x.name, (index,), "")))


def _is_depthwise(x: Part, index: int) -> bool:
    node = x.report.graph.nodes[index]
    groups, channels = node.attrs.get("group", 1), shape_of(x.report, node.inputs[0])[1]
    return bool(groups != 1 and same(groups, channels))


def _reads_data_only(x: Part, index: int) -> bool:
    data = data_of(x.report)
    return all(name in data for name in x.report.graph.nodes[index].inputs if name)


_MEANS = {"fc": _has_weight, "dense": _has_weight, "depthwise": _is_depthwise, "add": _reads_data_only,
          "mul": _reads_data_only}


@figure
def count(x: Part, kind: str) -> int:
    """The number of layers of a kind: ``"conv"``, ``"fc"``, ``"maxpool"``, ``"pool"``, ``"relu"``, ``"bn"``,
    ``"add"``, …, or an operator's name."""
    _checked(kind)
    return len(_of_kind(x, kind))


@figure
def has(x: Part, kind: str) -> bool:
    """Whether there is a layer of a kind."""
    return count(x, kind) > 0


@figure
def sum_of(x: Part, what: str, kind: str) -> object:
    """The ``"params"``, ``"macs"``, … of all layers of a kind."""
    from archcheck.claims._functions import FUNCTIONS
    _checked(kind)
    if what not in ("params", "weights", "biases", "macs", "flops", "connections", "unshared", "activations"):
        raise ValueError(f"{what!r} is no figure that can be added up")
    return FUNCTIONS[what].apply(Part(x.report, x.name, tuple(_of_kind(x, kind)), x.output))


@figure
def kernels(x: Part, kind: str) -> object:
    """The windows of all layers of a kind, each once, as a list in order: ``[1, 3, 5]``."""
    from archcheck.claims.figures import kernel
    _checked(kind)
    nodes = x.report.graph.nodes
    found = {kernel(Part(x.report, x.name, (index,), nodes[index].outputs[0])) for index in _of_kind(x, kind)}
    return tuple(sorted(found, key=lambda one: (isinstance(one, tuple), one)))


def _checked(kind: str) -> None:
    if not isinstance(kind, str):
        raise ValueError('a kind of layer is text, such as "conv"')
    from archcheck.ops import load_families
    from archcheck.ops._op import OPS
    load_families()
    operators = {name.lower() for _, name in OPS}
    if kind.lower() not in KINDS and kind.lower() not in operators:
        close = closest(kind.lower(), [*KINDS, *operators])
        raise ValueError(f"there is no kind of layer {kind!r}; did you mean {close or 'conv'!r}?")


# --------------------------------------------------------------------------------------------------- patterns
@figure
def stages(x: Part) -> tuple[int, ...]:
    """How many convolutions of a chain stand before each pooling, and after the last one if there are any."""
    if not chain(x):
        raise ValueError(f"{x.name} branches, so that it has no stages")
    found, now = [], 0
    for node in x.nodes:
        now += is_a(node, "conv")
        if is_a(node, "pool"):
            found.append(now)
            now = 0
    return (*found, now) if now else tuple(found)


@figure
def matches(x: Part, pattern: str) -> bool:
    """Whether a network is a chain that a pattern describes, such as ``"[[CONV -> RELU]*1..3 -> POOL?]*5 ->
    [FC -> RELU]*2 -> FC"``. ``*`` is any number of times, ``*2`` twice, ``*1..3`` one to three times. Layers
    of kinds that the pattern does not name may stand anywhere."""
    read = _Pattern(pattern)
    if not chain(x):
        return False
    fully = set(weighted(x))
    words = [word for index, node in zip(x.indices, x.nodes) if (word := read.word(node, index in fully))]
    return len(words) in read.match(words, frozenset((0,)))


Ends = Callable[[list[str], "frozenset[int]"], "frozenset[int]"]


class _Token(NamedTuple):
    kind: str
    text: str


class _Pattern:
    """A pattern as a function from places where it may begin to those where it may end."""

    def __init__(self, text: str) -> None:
        pattern = re.compile(r"\s*(?:(->|,|-)|([\[(])|([\])])|(\*(?:\d+(?:\.\.\d+)?)?)|(\?)|([A-Za-z]\w*))")
        self.tokens: list[_Token] = []
        at = 0
        while at < len(text.rstrip()):
            found = pattern.match(text, at)
            if not found:
                raise ValueError(f"{text[at:].strip()[:1]!r} has no meaning in a pattern")
            kind = ("then", "open", "close", "times", "maybe", "word")[(found.lastindex or 1) - 1]
            self.tokens.append(_Token(kind, found[0].strip()))
            at = found.end()
        self.words = [token.text for token in self.tokens if token.kind == "word"]
        self.at = self.brackets = 0
        self.match = self.sequence()
        if self.at < len(self.tokens):
            raise ValueError(f"{self.tokens[self.at].text!r} belongs to nothing in this pattern")

    def word(self, node: Node, has_weight: bool) -> str | None:
        """The pattern's word for a node, None where it has none."""
        for word in self.words:
            if is_a(node, word) and (has_weight or word.lower() not in ("fc", "dense")):
                return word
        return None

    def sequence(self) -> Ends:
        parts = []
        while self.at < len(self.tokens) and self.tokens[self.at].kind != "close":
            token = self.tokens[self.at]
            self.at += 1
            if token.kind in ("word", "open"):
                parts.append(self.repeated(token))
            elif token.kind != "then":
                raise ValueError(f"{token.text!r} has nothing before it in this pattern")
        return _after_another(parts)

    def repeated(self, token: _Token) -> Ends:
        one = _word(token.text) if token.kind == "word" else self.group()
        while self.at < len(self.tokens) and self.tokens[self.at].kind in ("times", "maybe"):
            text = self.tokens[self.at].text
            self.at += 1
            low, _, high = text[1:].partition("..")
            one = _times(one, 0, 1) if text == "?" else _times(
                one, int(low or 0), int(high or low) if low else None)
        return one

    def group(self) -> Ends:
        self.brackets += 1
        if self.brackets > MAX_BRACKETS:
            raise ValueError(f"a pattern has at most {MAX_BRACKETS} brackets")
        inner = self.sequence()
        if self.at == len(self.tokens):
            raise ValueError("a bracket of this pattern is not closed")
        self.at += 1
        return inner


def _word(word: str) -> Ends:
    if word.upper() == "INPUT":
        return lambda words, places: places
    return lambda words, places: frozenset(
        place + 1 for place in places if place < len(words) and words[place] == word)


def _after_another(parts: list[Ends]) -> Ends:
    def match(words: list[str], places: frozenset[int]) -> frozenset[int]:
        for one in parts:
            places = one(words, places)
        return places
    return match


def _times(one: Ends, low: int, high: int | None) -> Ends:
    """``one`` at least ``low`` and at most ``high`` times, or any number of times."""
    def match(words: list[str], places: frozenset[int]) -> frozenset[int]:
        found, turn = (places if low == 0 else frozenset()), 0
        while places and (high is None or turn < high):
            before, places, turn = places, one(words, places), turn + 1
            found = found | places if turn >= low else found
            if places == before:
                return found | places
        return found
    return match
