"""The tables: what each tool counts, read in its source and held against what it prints."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from archcheck.analyses.profiles.work import Work
from archcheck.dims import Size, prod
from archcheck.ops._op import Unknown

Rule = Callable[[Work], Size]


class Profile(NamedTuple):
    """The convention of a tool: what it calls its number (``MACs`` or ``FLOPs``), what it takes one
    multiply-accumulate for, and for each kind of work how much it counts. A kind that is not in ``rules``
    counts 0; ``""`` are the operators of no kind."""

    name: str
    unit: str
    per_mac: int
    rules: Mapping[str, Rule]
    notes: str


# ------------------------------------------------------------------------------------------------ rules
def macs(work: Work) -> Size:
    """Multiply-accumulates."""
    return work.done.mac


def twice(work: Work) -> Size:
    """Two for each multiply-accumulate."""
    return 2 * work.done.mac


def macs_and_bias(work: Work) -> Size:
    """Multiply-accumulates and the addition of a bias."""
    return work.done.mac + work.bias


def twice_and_bias(work: Work) -> Size:
    """Two for each multiply-accumulate, and the addition of a bias."""
    return 2 * work.done.mac + work.bias


def each_read(count: int) -> Rule:
    """``count`` for each element that is read."""
    return lambda work: count * work.read


def each_written(count: int) -> Rule:
    """``count`` for each element that is written."""
    return lambda work: count * work.written


def all_else(work: Work) -> Size:
    """Everything but multiply-accumulates."""
    return work.done._replace(mac=0).flops


def no_product(work: Work) -> Size:
    """0 for an operator of no kind, unless it multiplies and accumulates: then it stands for layers that it
    cannot be told apart into."""
    if work.done.mac != 0:
        raise Unknown("which layers it stands for")
    return 0


def unknown(work: Work) -> Size:
    """Not known: the tool counts what such an operator is made of, and that is not to be seen."""
    raise Unknown("what it is made of")


def by_taps(counts: Mapping[int, int]) -> Rule:
    """For each element written, by how many elements it is interpolated from; 0 for a number not listed."""
    def rule(work: Work) -> Size:
        written, taken = work.written, work.done.mul
        return next((count * written for taps, count in counts.items()
                     if taken == (taps * written if taps > 1 else 0)), 0)
    return rule


def images(rule: Rule) -> Rule:
    """``rule`` for a tensor of four axes, 0 for any other."""
    return lambda work: rule(work) if len(work.shape(0)) == 4 else 0


class Recurrent(NamedTuple):
    """The sizes of a recurrent layer: how often a step is made (steps, batch, directions), the rows of its
    weights, how many numbers a row multiplies, and its state."""

    steps: Size
    rows: Size
    columns: Size
    hidden: Size
    biased: bool


def recurrent(work: Work) -> Recurrent:
    """The sizes of a recurrent layer."""
    time, batch, _ = work.shape(0)
    directions, rows, features = work.shape(1)
    hidden = work.shape(2)[-1]
    return Recurrent(time * batch * directions, rows, features + hidden, hidden, work.has(3))


def recurrence(per_mac: int, per_row: int, bias: int, per_unit: int) -> Rule:
    """A recurrent layer: for each step the products, ``per_row`` and with a bias also ``bias`` for each row
    of the weights, and ``per_unit`` for each number of the state."""
    def rule(work: Work) -> Size:
        layer = recurrent(work)
        each = per_mac * layer.columns + per_row + bias * layer.biased
        return layer.steps * (layer.rows * each + per_unit * layer.hidden)
    return rule


def thop_transposed(work: Work) -> Size:
    """As thop takes it: each output sums a tap for each channel of its group, as if it were no transposed
    one."""
    channels, columns, *kernel = work.shape(1)
    groups = work.made[1] // columns
    return work.written * (channels // groups) * prod(kernel)


def tf_transposed(work: Work) -> Size:
    """As tf.profiler takes it: two for each output, channel and tap, of which one in ``stride`` counts."""
    weight = work.shape(1)
    return 2 * work.written * prod(weight) // (weight[1] * work.stride) + work.bias


# ------------------------------------------------------------------------------------------------ the tools
CONVOLUTIONS = "convolution", "transposed convolution"
PRODUCTS = (*CONVOLUTIONS, "linear", "product", "einsum", "attention")
POOLINGS = "max pooling", "average pooling", "global max pooling", "global average pooling"
FEATURES = "layer normalization", "group normalization", "instance normalization"


def table(*rows: tuple[Iterable[str], Rule]) -> dict[str, Rule]:
    """The rule for each kind, from rows of kinds and their rule."""
    return {kind: rule for kinds, rule in rows for kind in kinds}


TORCH = table(((*PRODUCTS, "rnn", "gru", ""), twice))

FVCORE = table(
    (("convolution", "transposed convolution", "linear", "product", "einsum"), macs),
    (("batch normalization",), each_read(2)),
    (FEATURES, each_read(5)),
    (("global average pooling",), images(each_read(1))),
    (("resize",), images(by_taps({1: 1, 4: 4}))),
    (("sampling",), images(each_written(4))),
    (("",), no_product))

DEEPSPEED = table(
    (("linear", "product", "einsum", "attention"), twice),
    (CONVOLUTIONS, twice_and_bias),
    (("batch normalization",), each_read(2)),
    (FEATURES, each_read(5)),
    (("activation", "leaky relu", "prelu", "silu", "gelu", "error function", "softmax", *POOLINGS),
     each_read(1)),
    (("resize",), lambda work: prod(work.made[2:]) if work.has(3) else work.written),
    (("rnn",), recurrence(2, -2, 2, 1)),
    (("gru",), recurrence(2, -2, 2, 7)),
    (("lstm",), recurrence(2, -2, 2, 10)),
    (("",), no_product))

PTFLOPS = table(
    ((*CONVOLUTIONS, "linear"), macs_and_bias),
    (("bias",), each_written(1)),
    (("product",), macs),
    (("batch normalization", "group normalization", "instance normalization"), each_read(2)),
    (("activation", "prelu", "gelu", "error function", *POOLINGS), each_read(2)),
    (("layer normalization", "leaky relu", "clip", "silu", "softmax"), each_read(1)),
    (("resize",), each_written(2)),
    (("rnn",), recurrence(1, 0, 2, 1)),
    (("gru",), recurrence(1, 0, 2, 7)),
    (("lstm",), recurrence(1, 0, 2, 10)),
    (("deformable convolution",), unknown),
    (("",), no_product))

THOP = table(
    (("convolution", "linear"), macs),
    (("transposed convolution",), thop_transposed),
    (("batch normalization", "layer normalization", "instance normalization"), each_read(4)),
    (("prelu",), each_read(1)),
    (("softmax",), lambda work: 3 * work.read - work.rows),
    (("average pooling",), each_written(1)),
    (("global average pooling",), lambda work: work.read + work.written),
    (("resize",), by_taps({1: 1, 2: 5, 4: 11, 16: 259})),
    (("rnn",), recurrence(1, 1, 2, 0)),
    (("gru", "lstm"), recurrence(1, 1, 2, 4)),
    (("",), no_product))

TF = table(
    (("convolution", "linear"), twice_and_bias),
    (("transposed convolution",), tf_transposed),
    (("product",), twice),
    (("bias", "addition", "multiplication", "arithmetic", "average pooling"), all_else),
    (("max pooling",), lambda work: all_else(work) + work.written),
    (("global average pooling", "mean"), each_read(1)),
    (("reduction",), lambda work: work.read - work.written),
    (("batch normalization",), lambda work: 2 * work.read + 6 * work.shape(0)[1]),
    (("layer normalization",), lambda work: 9 * work.read + 4 * work.rows),
    (("softmax",), each_read(5)),
    (("silu",), each_read(2)),
    (("gelu",), each_read(4)),
    (("prelu",), lambda work: 3 * work.read + prod(work.shape(1))),
    (("group normalization", "instance normalization", "attention", "rnn", "gru", "lstm",
      "deformable convolution"), unknown),
    (("",), no_product))

PAPER = table(((*PRODUCTS, "deformable convolution", "sampling grid", "rnn", "gru", "lstm", ""), macs))

_UNSEEN = "what is folded into a convolution is not seen"

PROFILES: Mapping[str, Profile] = {profile.name: profile for profile in (
    Profile("torch", "FLOPs", 2, TORCH,
            "torch.utils.flop_counter: convolutions, matrix products and attention, nothing else; an LSTM, "
            "which a CPU runs as one operator, counts 0"),
    Profile("fvcore", "FLOPs", 1, FVCORE,
            "fvcore: no biases, activations or arithmetic; recurrent layers count 0, and so does attention "
            f"unless it is decomposed into products, as most exports have it; {_UNSEEN}"),
    Profile("deepspeed", "FLOPs", 2, DEEPSPEED,
            "DeepSpeed: biases of convolutions but not of linear layers, 1 an input for activations and "
            f"pooling, 0 for + and *; {_UNSEEN}"),
    Profile("ptflops", "MACs", 1, PTFLOPS,
            "ptflops, which takes a batch of 1: biases count; modules for ReLU, ELU, PReLU, GELU, pooling "
            f"and upsampling count twice, as modules and as the functions they call; {_UNSEEN}"),
    Profile("thop", "MACs", 1, THOP,
            "thop: modules only, so a product of two activations counts 0; a transposed convolution counts "
            f"as if it were none; {_UNSEEN}"),
    Profile("tf", "FLOPs", 2, TF,
            "tf.profiler: biases, arithmetic and pooling count, activations do not; a batch normalization is "
            f"taken apart as in Keras 3, where a fused one counts 0; {_UNSEEN}"),
    Profile("paper-mac", "FLOPs", 1, PAPER,
            "multiply-accumulates, as papers on vision networks print them under the name FLOPs"),
)}
"""Profile name to what it counts."""
