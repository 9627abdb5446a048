"""The tables: what each tool counts, read in its source and held against what it prints."""
from __future__ import annotations

from collections.abc import Callable, Mapping
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
        return next((count * written for taps, count in counts.items() if taken == (taps > 1) * taps * written), 0)
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


# ------------------------------------------------------------------------------------------------ the tools
PRODUCTS = ("convolution", "transposed convolution", "linear", "product", "einsum", "attention")
POOLINGS = ("max pooling", "average pooling", "global max pooling", "global average pooling")
FEATURES = ("layer normalization", "group normalization", "instance normalization")

TORCH = {**dict.fromkeys((*PRODUCTS, "rnn", "gru", ""), twice)}

FVCORE = {
    **dict.fromkeys(PRODUCTS, macs), "attention": lambda work: 0, "": no_product,
    "batch normalization": each_read(2), **dict.fromkeys(FEATURES, each_read(5)),
    "global average pooling": images(each_read(1)), "resize": images(by_taps({1: 1, 4: 4})),
    "sampling": images(each_written(4))}

DEEPSPEED = {
    **dict.fromkeys(PRODUCTS, twice), "": no_product,
    **dict.fromkeys(("convolution", "transposed convolution"), twice_and_bias),
    "batch normalization": each_read(2), **dict.fromkeys(FEATURES, each_read(5)),
    **dict.fromkeys(("activation", "leaky relu", "prelu", "silu", "gelu", "error function", "softmax"),
                    each_read(1)),
    **dict.fromkeys(POOLINGS, each_read(1)),
    "resize": lambda work: prod(_output(work)[2:]) if work.has(3) else work.written,
    "rnn": recurrence(2, -2, 2, 1), "gru": recurrence(2, -2, 2, 7), "lstm": recurrence(2, -2, 2, 10)}

PTFLOPS = {
    **dict.fromkeys(("convolution", "transposed convolution", "linear"), macs_and_bias), "": no_product,
    "product": macs, "bias": each_written(1),
    **dict.fromkeys(("batch normalization", "group normalization", "instance normalization"), each_read(2)),
    "layer normalization": each_read(1),
    **dict.fromkeys(("activation", "prelu", "gelu", "error function", *POOLINGS), each_read(2)),
    **dict.fromkeys(("leaky relu", "clip", "silu", "softmax"), each_read(1)),
    "resize": each_written(2),
    "rnn": recurrence(1, 0, 2, 1), "gru": recurrence(1, 0, 2, 7), "lstm": recurrence(1, 0, 2, 10)}

THOP = {
    **dict.fromkeys(("convolution", "linear"), macs), "": no_product,
    "transposed convolution": lambda work: work.written * _thop_taps(work),
    **dict.fromkeys(("batch normalization", "layer normalization", "instance normalization"), each_read(4)),
    "prelu": each_read(1), "softmax": lambda work: 3 * work.read - work.rows,
    "average pooling": each_written(1), "global average pooling": lambda work: work.read + work.written,
    "resize": by_taps({1: 1, 2: 5, 4: 11, 16: 259}),
    "rnn": recurrence(1, 1, 2, 0), "gru": recurrence(1, 1, 2, 4), "lstm": recurrence(1, 1, 2, 4)}

TF = {
    **dict.fromkeys(("convolution", "linear"), twice_and_bias), "product": twice, "": no_product,
    "transposed convolution": lambda work: _tf_transposed(work) + work.bias,
    "batch normalization": lambda work: 2 * work.read + 6 * work.shape(0)[1],
    **dict.fromkeys(("bias", "addition", "multiplication", "arithmetic"), all_else),
    **dict.fromkeys(("max pooling", "average pooling"), lambda work: all_else(work) + _if_largest(work)),
    "global average pooling": each_read(1), "mean": each_read(1),
    "reduction": lambda work: work.read - work.written, "softmax": each_read(5), "silu": each_read(2), "gelu": each_read(4),
    **dict.fromkeys((*FEATURES, "attention", "prelu", "rnn", "gru", "lstm"), unknown)}

PAPER = {**dict.fromkeys((*PRODUCTS, "rnn", "gru", "lstm", ""), macs)}


def _output(work: Work) -> tuple[Size, ...]:
    shape = work.effect.outputs[0].shape
    if shape is None:
        raise Unknown("a shape")
    return shape


def _thop_taps(work: Work) -> Size:
    """What thop takes an output of a transposed convolution to sum: a tap for each channel of its group."""
    channels, columns, *kernel = work.shape(1)
    groups = _output(work)[1] // columns
    return channels // groups * prod(kernel)


def _tf_transposed(work: Work) -> Size:
    """Two for each product, of which an output has one for each tap of the kernel that meets an input."""
    weight = work.shape(1)
    return 2 * work.written * prod(weight) // (weight[1] * work.stride)


def _if_largest(work: Work) -> Size:
    """A window's maximum takes one comparison less than it has elements, and tf.profiler counts those."""
    return work.written if work.done.cmp != 0 else 0


PROFILES: Mapping[str, Profile] = {profile.name: profile for profile in (
    Profile("torch", "FLOPs", 2, TORCH, "matrix products, convolutions and attention only; an LSTM counts 0"),
    Profile("fvcore", "FLOPs", 1, FVCORE,
            "no biases, activations or element-wise operators; it skips scaled_dot_product_attention and "
            "recurrent layers, but a decomposed attention counts here; a folded batch normalization is not seen"),
    Profile("deepspeed", "FLOPs", 2, DEEPSPEED,
            "biases of convolutions but not of linear layers; activations and pooling 1 an input; + and * are "
            "not counted; a folded batch normalization is not seen"),
    Profile("ptflops", "MACs", 1, PTFLOPS,
            "for a batch of 1; with biases; ReLU, ELU, PReLU, GELU, pooling and upsampling modules count "
            "twice, as module and as function; a folded batch normalization is not seen"),
    Profile("thop", "MACs", 1, THOP,
            "modules only, so products of two activations count 0; a transposed convolution counts its outputs "
            "instead of its inputs; a folded batch normalization is not seen"),
    Profile("tf", "FLOPs", 2, TF,
            "with biases and arithmetic, but activations other than softmax count 0; batch normalization as "
            "Keras 3 decomposes it, where the fused operator counts 0"),
    Profile("paper-mac", "FLOPs", 1, PAPER,
            "multiply-accumulates, which papers on vision networks print as FLOPs"),
)}
"""Profile name to what it counts."""
