"""A network as a graph of layers, each called by the word that lectures use: CONV, RELU, POOL, FC.

A layer's word follows from the kind of its work, and is the name of its operator where that is of no kind
with a word. Layers that a pattern of words usually leaves out (views, moved and cast data, dropout, batch
normalization, arithmetic with constants) are ``silent``.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from archcheck import values
from archcheck.analyses.flows import is_differentiable, read_by
from archcheck.analyses.params import NARROW
from archcheck.analyses.profiles.work import Work
from archcheck.ops._op import All, Unknown, ranked

if TYPE_CHECKING:
    from archcheck.graph import Node, TensorType
    from archcheck.report import Report

ACTIVATIONS = frozenset(("activation", "other activation", "leaky relu", "prelu", "gelu", "silu", "sigmoid",
                         "clip"))
GLOBAL = frozenset(("global max pooling", "global average pooling"))
CONVOLUTIONS = frozenset(("convolution", "transposed convolution", "deformable convolution"))
ARITHMETIC = frozenset(("addition", "multiplication", "arithmetic"))

WORDS: Mapping[str, tuple[str, ...]] = {
    "convolution": ("CONV",), "transposed convolution": ("DECONV",),
    "deformable convolution": ("DEFORMABLE", "CONV"), "linear": ("FC", "DENSE", "LINEAR"),
    "max pooling": ("POOL", "MAXPOOL"), "average pooling": ("POOL", "AVGPOOL"),
    "global max pooling": ("GMP", "POOL", "MAXPOOL"), "global average pooling": ("GAP", "POOL", "AVGPOOL"),
    "batch normalization": ("BN", "BATCHNORM", "NORM"), "layer normalization": ("LN", "LAYERNORM", "NORM"),
    "group normalization": ("GN", "GROUPNORM", "NORM"), "instance normalization": ("INSTANCENORM", "NORM"),
    "rms normalization": ("RMSNORM", "NORM"), "local response normalization": ("NORM", "LRN"),
    "silu": ("SILU", "SWISH"), "softmax": ("SOFTMAX",), "log softmax": ("LOGSOFTMAX", "SOFTMAX"),
    "dropout": ("DROPOUT",), "bias": ("BIAS",), "lookup": ("EMBEDDING",), "resize": ("UPSAMPLE",),
    "concatenation": ("CONCAT",), "addition": ("ADD",), "multiplication": ("MUL",), "mean": ("MEAN",),
    "attention": ("ATTENTION",), "relu6": ("RELU6", "CLIP"), "lstm": ("LSTM",), "gru": ("GRU",),
    "rnn": ("RNN",)}
"""Kind of work to the word for it, and to others that it answers to."""

SILENT = frozenset(("dropout", "batch normalization", "quantization", "bias"))
"""Kinds that patterns leave out: they do nothing when the network runs, or can be put into the layer
before."""

HEARD = frozenset(("concatenation", "lookup", "resize", "depth to space", "space to depth"))
"""Kinds that are layers though they compute nothing."""

FLAT = 2  # the axes of what FLATTEN makes
IMAGE = 4  # the axes of images: the mean of a sequence may be that of its features


class Layer(NamedTuple):
    """A node that data pass through. ``word`` is what it is called, ``names`` all that it answers to;
    ``before`` are the layers that it reads, by position, `INPUT` for the network's input; ``heavy`` tells
    that it multiplies and accumulates; ``node`` is the index of its node. Arithmetic with constants, and a
    pooling that does nothing, have no word."""

    word: str
    names: frozenset[str]
    kind: str
    silent: bool
    heavy: bool
    before: tuple[int, ...]
    node: int


INPUT = -1
"""The place of the network's input among the layers."""

ASIDE = -2
"""The place of what only prepares data beside it: masks, sizes, other inputs."""


class Chain(NamedTuple):
    """The ``layers`` on the way from a network's first input to its first output, in the order they run, and
    whether that is the ``whole`` network; ``every`` has those on other ways too."""

    layers: tuple[Layer, ...]
    whole: bool
    every: tuple[Layer, ...]


def layers(report: Report) -> Chain:
    """The layers of a network."""
    found = _Reader(report)
    last = found.place.get(report.graph.outputs[0], ASIDE) if report.graph.outputs else ASIDE
    kept = _leading_to(found.layers, last)
    whole = all(layer.silent or place in kept for place, layer in enumerate(found.layers))
    places = {INPUT: INPUT, **{place: number for number, place in enumerate(sorted(kept))}}
    way = tuple(found.layers[place]._replace(before=tuple(places[one] for one in found.layers[place].before))
                for place in sorted(kept))
    return Chain(way, whole, tuple(found.layers))


def _leading_to(found: list[Layer], last: int) -> set[int]:
    """The places of the layers that ``last`` depends on, and its own."""
    kept, todo = set[int](), [last] if last >= 0 else []
    while todo:
        place = todo.pop()
        if place >= 0 and place not in kept:
            kept.add(place)
            todo += found[place].before
    return kept


class _Reader:
    """Makes the layers of a report; ``place`` says of each value which layer made it."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.layers: list[Layer] = []
        inputs = list(report.graph.inputs)
        self.place: dict[str, int] = {**dict.fromkeys(inputs, ASIDE), **dict.fromkeys(inputs[:1], INPUT)}
        self.prepared: set[str] = set()
        data = report.flows[id(report.walk)].data
        for index, work in enumerate(report.works):
            node = report.graph.nodes[index]
            if any(name in data for name in node.outputs):
                self.take(index, node, work)

    def take(self, index: int, node: Node, work: Work) -> None:
        """Make the layer of a node that data pass through, or let it pass as a preparation."""
        read = self.read(index, node)
        before = self.before(read)
        kind = kind_of(work, node)
        alone = len(set(before)) < 2
        silent = self.is_silent(kind, work, alone, alone and len(set(read)) > len(before))
        place = max(before, default=ASIDE)
        if place >= 0 or not silent and _is_layer(kind, work):
            place = len(self.layers)
            sources = tuple(dict.fromkeys(one for one in before if one != ASIDE)) or (INPUT,)
            nameless = silent and (kind in ARITHMETIC or kind in GLOBAL)
            names = () if nameless else _names(kind, node.op.upper(), work)
            self.layers.append(Layer(names[0] if names else "", frozenset(names), kind, silent,
                                     _is_heavy(work), sources, index))
        elif work.effect.alias is None:
            self.prepared.update(node.outputs)
        self.place.update(dict.fromkeys(node.outputs[1:], ASIDE if kind == "quantization" else place))
        self.place.update(dict.fromkeys(node.outputs[:1], place))

    def read(self, index: int, node: Node) -> list[str]:
        """The values with data that a node reads the elements of."""
        given = [name for name in node.inputs if name in self.place]
        if len(given) < 2 and index not in self.report.walk.bodies:
            return given
        return [name for name in read_by(self.report.walk, index) if name in self.place]

    def before(self, read: Iterable[str]) -> list[int]:
        """The layers that made the values ``read``; what is only prepared counts where there is nothing
        else."""
        places = [(self.place[name], name in self.prepared) for name in read]
        made = [place for place, prepared in places if place != ASIDE and not prepared]
        return made or [place for place, _ in places]

    def is_silent(self, kind: str, work: Work, alone: bool, beside: bool) -> bool:
        """Whether patterns leave a node out that reads one layer ``alone``, or one and something ``beside``
        it that was only prepared."""
        output = work.effect.outputs[0] if work.effect.outputs else None
        if kind in SILENT or work.effect.alias is not None or _is_aside(output) and not _is_heavy(work):
            return True
        if kind in GLOBAL and output and any(given and given.shape and given.shape == output.shape
                                             for given in work.types):
            return True
        fixed = [is_fixed for name, is_fixed in work.inputs if name]
        if kind in ARITHMETIC and alone:
            return beside or any(fixed) or len(fixed) < 2
        if kind == "lookup":
            return fixed[:1] != [True]
        if kind == "concatenation":
            return alone
        return work.cost is not None and work.cost.flops == 0 and kind not in HEARD


def _is_heavy(work: Work) -> bool:
    return work.cost is not None and work.cost.mac != 0


def _is_aside(kind: TensorType | None) -> bool:
    """Whether a value is of a type that holds places, sizes and masks: numbers neither real nor quantized."""
    if kind is None or kind.dtype is None:
        return False
    return not is_differentiable(kind) and kind.dtype not in NARROW


def _is_layer(kind: str, work: Work) -> bool:
    """Whether a node is more than arithmetic, so that the network begins with it."""
    return (kind in WORDS and kind not in (*ARITHMETIC, "mean") or kind in ACTIVATIONS or work.cost is None
            or _is_heavy(work))


def kind_of(work: Work, node: Node) -> str:
    """The kind of a node's work, told more exactly where it pools everything or clips to [0, 6]."""
    try:
        if work.kind in ("mean", "average pooling", "max pooling") and _pools_all(work):
            return "global max pooling" if work.kind == "max pooling" else "global average pooling"
        if work.kind == "clip" and _limits(work, node) == (0, 6):
            return "relu6"
    except (Unknown, ArithmeticError, LookupError, TypeError, ValueError):  # inputs that it does not take
        pass
    return work.kind


def _pools_all(work: Work) -> bool:
    """Whether one number is left of each channel, of an image or signal that had several."""
    before = work.shape(0)
    if len(before) < 3 or all(size == 1 for size in before[2:]):
        return False
    if work.kind == "mean":
        if len(before) < IMAGE:
            return False
        readers = work.readers
        return [isinstance(reader, All) for reader in readers] == [False] * 2 + [True] * (len(before) - 2)
    return all(size == 1 for size in work.made[2:])


def _limits(work: Work, node: Node) -> tuple[object, ...]:
    """The limits of a clip: attributes, or inputs with known values."""
    given = [kind and values.scalar(kind) for kind in work.types[1:3]]
    return tuple(given) or tuple(node.attrs.get(name) for name in ("min", "max"))


def _names(kind: str, op: str, work: Work) -> tuple[str, ...]:
    """The word for a layer, then what else it answers to."""
    return tuple(dict.fromkeys(_spoken(kind, op, work)))


def _spoken(kind: str, op: str, work: Work) -> Iterator[str]:
    if kind in WORDS and (kind != "lookup" or work.inputs[0][1]):
        yield from WORDS[kind]
    if kind != "bias":
        yield op
    if kind in ACTIVATIONS or kind == "relu6":
        yield "ACT"
    made = work.effect.outputs[0] if work.effect.outputs else None
    if work.effect.alias is not None and made and ranked(made) and len(made.shape or ()) == FLAT:
        yield "FLATTEN"
