"""Design: layers that cancel, repeat or undo each other, and what a block lacks."""
from __future__ import annotations

from archcheck.dims import Size, evaluate, least, prod, same, total
from archcheck.graph import Uniform
from archcheck.ops._op import All
from archcheck.rules._case import Case
from archcheck.rules._failures import of_code
from archcheck.rules._grids import slides
from archcheck.rules._layers import (
    BATCH_NORM,
    Dense,
    dense,
    is_depthwise,
    linear_before,
    linear_branch,
    merged,
    mixed_later,
)
from archcheck.rules._paths import (
    after,
    alone_before,
    before,
    constant,
    holds_data,
    is_weight,
    keeps_axis,
    reads,
    written,
)
from archcheck.rules._rule import ADVICE, ERROR, SAFE, UNSAFE, WARNING, Fault, Faults, Site, rule

SHARE = 4
"""A merged layer saves at least one part in so many of the two."""
STEP = 16
"""So many numbers may become one in a step."""
SMALL = 1000
"""What saves less than one part in so many of the network is not worth telling."""


# ---------------------------------------------------------------------------------- linear after linear
@rule("ARC001", "linear-after-linear", severity=ADVICE, fix=UNSAFE)
def linear_after_linear(case: Case) -> Faults:
    """Two linear layers stand one after the other, and one layer in their place would be cheaper.

    A product of matrices is a matrix: `384 → 360 → 96` without an activation computes no more than
    `384 → 96`, with 172 800 weights where 36 864 do. A narrow middle, as in MobileNetV2's linear bottlenecks
    or low-rank adapters, is cheaper than the merged layer and not meant. It is told where a quarter of the
    two is saved, and a thousandth of the network.

    Bad::

        input: N x 256
        layers:
        - fc 256 -> fc 64 -> relu

    Bad::

        input: N x 16 x 32 x 32
        layers:
        - conv 64 3x3 bias=no -> conv 16 1x1 -> relu

    Good::

        input: N x 256
        layers:
        - fc 256 -> relu -> fc 64

    Good::

        input: N x 256
        layers:
        - fc 16 -> fc 256 -> relu
    """
    for first, second, one in _pairs(case):
        saved = first.macs + second.macs - one * (second.macs // second.weights)
        if least(SHARE * saved - first.macs - second.macs) >= 0 and _counts(case, saved):
            two = first.weights + second.weights
            yield _chain(first, second, f"{two} weights do the work of {one}",
                         "put an activation between them, or merge them into one layer")


@rule("ARC002", "low-rank-bottleneck-note", severity=ADVICE, on=False)
def low_rank_bottleneck(case: Case) -> Faults:
    """Two linear layers stand one after the other, and one layer in their place would be dearer.

    This is a factorization: deliberate in linear bottlenecks (Sandler et al. 2018) and low-rank adapters, and
    an activation forgotten elsewhere. `ARC001` tells of those that are no saving.

    Bad (--select ARC002)::

        input: N x 256
        layers:
        - fc 16 -> fc 256 -> relu

    Good (--select ARC002)::

        input: N x 256
        layers:
        - fc 16 -> relu -> fc 256
    """
    for first, second, one in _pairs(case):
        if one >= first.weights + second.weights:
            yield _chain(first, second, f"their product has rank {first.outputs} at most",
                         "put an activation between them unless this is meant")


def _chain(first: Dense, second: Dense, why: str, fix: str) -> Fault:
    sizes = f"{first.inputs} → {first.outputs} → {second.outputs}"
    return Fault(f"two linear layers, {sizes}, with no activation between", why, fix, second.site,
                 facts={"channels": [first.inputs, first.outputs, second.outputs]})


def _pairs(case: Case) -> list[tuple[Dense, Dense, int]]:
    """Dense layers one after the other, with the weights of the one that would do."""
    return case.fact(_all_pairs)


def _all_pairs(case: Case) -> list[tuple[Dense, Dense, int]]:
    found = []
    for site in case.of("Conv", "Gemm", "MatMul"):
        second = dense(case, site)
        first, moved = linear_before(case, site) if second else (None, False)
        one = merged(first, second, moved) if first and second else None
        if first and second and one is not None:
            found.append((first, second, one))
    return found


def _counts(case: Case, saved: Size) -> bool:
    """Whether it is worth telling of so many MACs, at a size of 1 for a batch and 224 for all else."""
    first = {symbol for kind in case.graph.inputs.values() for symbol in map(str, (kind.shape or ())[:1])}
    sizes = {name: 1 if name in first else 224 for name in case.report.symbols}
    few, all_of = evaluate(saved, sizes), evaluate(case.report.macs, sizes)
    return isinstance(few, int) and (not isinstance(all_of, int) or SMALL * few >= all_of)


# ---------------------------------------------------------------------------------- biases and normalizations
PER_CHANNEL = (BATCH_NORM, "InstanceNormalization")


@rule("ARC003", "bias-before-norm", severity=ADVICE, fix=UNSAFE)
def bias_before_norm(case: Case) -> Faults:
    """A layer's bias is taken off again by the normalization behind it.

    A batch or instance normalization subtracts the mean of each channel, and a bias is a part of that mean:
    whatever it is, the result is the same, and it cannot be trained. Layer normalization takes the mean over
    channels, so that biases count there.

    Bad::

        input: N x 3 x 8 x 8
        layers:
        - conv 16 3x3 same -> bn -> relu

    Good::

        input: N x 3 x 8 x 8
        layers:
        - conv 16 3x3 same bias=no -> bn -> relu

    Good::

        input: N x 8 x 16
        layers:
        - dense 16 -> layernorm
    """
    norms = [(site, found) for site in case.of(*PER_CHANNEL)
             if (found := alone_before(site))]
    biased = [(norm, layer, count) for norm, layer in norms if (count := _biases(case, layer)) is not None]
    counts = {op: total(count for norm, _, count in biased if norm.op == op) for op in PER_CHANNEL}
    for norm, layer, _ in biased:
        count = counts[norm.op]
        yield Fault(f"biases of {count} numbers are cancelled by the {norm.op} behind them",
                    "the mean that is subtracted holds the bias, whatever that is", "leave the biases out",
                    layer, cause=("bias", norm.op), facts={"params": str(count)})


def _biases(case: Case, site: Site) -> Size | None:
    """How many numbers the bias of a layer has, one for each channel; None where it has none."""
    if site.op in ("Conv", "ConvTranspose", "Gemm") and is_weight(case, site, 2):
        source = site.producer(2)
        if source is not None and source.op in ("Expand", "ConstantOfShape"):
            return None  # zeros that an exporter puts where there is no bias
        shape = site.inputs[2].shape
        return None if shape is None else prod(shape)
    if site.op == "Add" and is_weight(case, site, 1):
        layer, shape, made = site.producer(), site.inputs[1].shape or (), site.outputs[0].shape or ()
        channel = shape[1 - len(made)] if len(made) > 1 and len(shape) >= len(made) - 1 else None
        if layer and layer.op in ("Conv", "ConvTranspose", "MatMul") and channel is not None \
                and prod(shape) == channel:
            return prod(shape)
    return None


@rule("ARC010", "norm-after-norm", severity=WARNING, fix=UNSAFE)
def norm_after_norm(case: Case) -> Faults:
    """A normalization normalizes what is normalized already.

    The second finds mean 0 and deviation 1 and leaves only its scale and bias to do, which the first has as
    well; two batch normalizations at inference are one. One of the two was mostly left over when a block was
    moved. Layer normalization at the end of a stack whose layers end in one, as PyTorch's `Transformer` has
    it, is only advice. What is read by others between the two is not meant.

    Bad::

        input: N x 8 x 16 x 16
        layers:
        - conv 8 3x3 same bias=no -> bn -> bn -> relu

    Bad::

        input: N x 8 x 16
        layers:
        - layernorm -> layernorm -> dense 16

    Good::

        input: N x 8 x 16
        layers:
        - layernorm -> dense 16 -> layernorm

    Good::

        input: N x 8 x 16
        layers:
        - layernorm as x0
        - layernorm -> dense 16 -> add x0
    """
    for site in case.of(BATCH_NORM, *NORMS):
        found = alone_before(site)
        if found and found.op == site.op and _same_axes(site, found):
            yield Fault(f"{site.op} of what {found.op} made", "only its scale and bias are left to do",
                        "leave one of them out", site, severity=WARNING if site.op == BATCH_NORM else ADVICE,
                        fixable=UNSAFE if site.op == BATCH_NORM else "")


NORMS = ("LayerNormalization", "InstanceNormalization", "GroupNormalization", "RMSNormalization",
         "SimplifiedLayerNormalization")


# ---------------------------------------------------------------------------------- activations
REPEATED = ("Relu", "Sigmoid", "Tanh", "Softmax", "LogSoftmax", "HardSigmoid", "Softplus", "Softsign", "Elu",
            "Selu", "Gelu", "HardSwish", "Swish", "Mish", "LeakyRelu", "Clip", "Erf")
SQUASHED = {("Softmax", "Sigmoid"), ("Sigmoid", "Softmax"), ("Softmax", "HardSigmoid"), ("Softmax", "Tanh"),
            ("Softmax", "LogSoftmax"), ("Sigmoid", "Tanh"), ("Sigmoid", "LogSoftmax")}
"""Pairs, the first one first, of which the second is given numbers from 0 to 1."""

IDLE = {"Relu": SAFE, "Clip": SAFE, "LogSoftmax": UNSAFE}
"""Those that change nothing the second time, and how safe it is to leave that out."""


@rule("ARC004", "repeated-activation", severity=WARNING, fix=UNSAFE)
def repeated_activation(case: Case) -> Faults:
    """An activation function is applied to its own result.

    The second ReLU does nothing. The second sigmoid does harm: of numbers from 0 to 1 it makes numbers from
    0.5 to 0.73, and a second softmax over 1000 classes makes all of them nearly 1/1000. It comes from a model
    that ends in a softmax and a wrapper that adds one. Views in between change nothing.

    Bad::

        input: N x 10
        layers:
        - fc 10 -> sigmoid -> reshape -1 2 5 -> sigmoid

    Bad::

        input: N x 10
        layers:
        - fc 10 -> softmax -> softmax

    Good::

        input: N x 10
        layers:
        - fc 10 -> sigmoid -> fc 10 -> sigmoid

    Good::

        input: N x 4 x 4
        layers:
        - Softmax axis=1 -> Softmax axis=2
    """
    for site in case.of(*REPEATED):
        found = before(site)
        if found and found.op == site.op and _same_axes(site, found) and _same_bounds(site, found):
            effect = "changes nothing" if site.op in IDLE else "squashes what is squashed already"
            yield Fault(f"{site.op} of what {site.op} made", f"the second {effect}",
                        "leave one of them out", site, fixable=IDLE.get(site.op, ""))


@rule("ARC005", "softmax-then-sigmoid", severity=WARNING)
def softmax_then_sigmoid(case: Case) -> Faults:
    """A probability is squashed again by another function.

    A sigmoid of numbers from 0 to 1 lies between 0.5 and 0.73; a softmax of them differs by a factor of e at
    most, however sure the layer before was. One of the two belongs to the loss.

    Bad::

        input: N x 10
        layers:
        - fc 10 -> softmax -> sigmoid

    Good::

        input: N x 10
        layers:
        - fc 10 -> softmax
    """
    for site in case.of("Sigmoid", "HardSigmoid", "Softmax", "LogSoftmax", "Tanh"):
        found = before(site)
        if found and (found.op, site.op) in SQUASHED:
            yield Fault(f"{site.op} of what {found.op} made", "it is given numbers from 0 to 1 only",
                        "leave one of them out", site)


def _same_axes(site: Site, earlier: Site) -> bool:
    """Whether two nodes, with views in between, work over the same axes. Element-wise ones work over none."""
    axes = [axis for axis, reader in enumerate(reads(site)) if isinstance(reader, All)]
    found = site.producer()
    while found is not None and found.at != earlier.at:
        moved = [keeps_axis(found, 0, axis) for axis in axes]
        if None in moved:
            return False
        axes, found = [axis for axis in moved if axis is not None], found.producer()
    return sorted(axes) == [axis for axis, reader in enumerate(reads(earlier)) if isinstance(reader, All)]


def _same_bounds(site: Site, earlier: Site) -> bool:
    """Whether two Clips cut at the same numbers; true of other operators."""
    if site.op != "Clip":
        return True
    bounds = [[constant(one, position) for position in (1, 2)] for one in (site, earlier)]
    return bounds[0] == bounds[1] and site.node.attrs == earlier.node.attrs


@rule("ARC006", "softmax-over-singleton", severity=ERROR)
def softmax_over_singleton(case: Case) -> Faults:
    """A softmax is taken over an axis of one position, so that it is 1 whatever is in it.

    A model with one output needs a sigmoid. Before opset 13 Softmax works over all axes from `axis` on, which
    is taken into account.

    Bad::

        input: N x 16
        layers:
        - fc 1 -> softmax

    Good::

        input: N x 16
        layers:
        - fc 2 -> softmax

    Good::

        <ir_version: 7, opset_import: ["": 11]>
        g (float[N, 1, 8] x) => (float[N, 1, 8] y) { y = Softmax<axis=1>(x) }
    """
    for site in case.of("Softmax", "LogSoftmax"):
        shape = site.inputs[0].shape or ()
        over = [size for size, reader in zip(shape, reads(site)) if isinstance(reader, All)]
        if over and all(same(size, 1) for size in over):
            made = "0" if site.op == "LogSoftmax" else "1"
            yield Fault(f"{site.op} over an axis of one position is {made} for every input",
                        f"it is given {written(shape)}",
                        "use a sigmoid, or another axis", site, facts={"shape": list(map(str, shape))})


@rule("ARC007", "softmax-over-batch", severity=WARNING)
def softmax_over_batch(case: Case) -> Faults:
    """A softmax is taken over the axis of the batch.

    What a sample comes to then depends on which others it is run with, and at a batch of 1 it is always 1.
    `axis=0` is mostly left from a program for one sample without a batch.

    Bad::

        input: N x 10
        layers:
        - fc 10 -> Softmax axis=0

    Good::

        input: N x 10
        layers:
        - fc 10 -> Softmax axis=1
    """
    names = [kind.shape[0] for kind in map(case.report.types.get, case.graph.inputs) if kind and kind.shape]
    batch = names[0] if names and all(size is names[0] for size in names) else None
    for site in case.of("Softmax", "LogSoftmax") if batch is not None and not isinstance(batch, int) else ():
        axes, shape = reads(site), site.inputs[0].shape or ()
        if axes and isinstance(axes[0], All) and shape[0] is batch and _leads_all(case, batch):
            yield Fault(f"{site.op} over {batch}, the axis of the samples",
                        "each sample's result depends on the others", "take another axis", site)


def _leads_all(case: Case, batch: Size) -> bool:
    """Whether every output has the samples along its first axis, and more than that."""
    shapes = [kind.shape for kind in case.report.walk.outputs]
    return all(shape and shape[0] is batch for shape in shapes)


@rule("ARC008", "relu-on-output", severity=ADVICE, profiles=("design",))
def relu_on_output(case: Case) -> Faults:
    """The scores that a network ends in are cut off at 0.

    Classes whose score would be negative all come to 0 and have no gradient; with a softmax behind it they
    share one probability. A regression of what cannot be negative may end in a ReLU.

    Bad (--profile design)::

        input: N x 16
        layers:
        - fc 10 -> relu

    Bad (--profile design)::

        input: N x 16
        layers:
        - fc 10 -> relu -> softmax

    Good (--profile design)::

        input: N x 16
        layers:
        - fc 16 -> relu -> fc 10 -> softmax
    """
    for site in case.of("Relu"):
        shape, layer = site.outputs[0].shape or (), before(site)
        if len(shape) == 2 and shape[1] != 1 and layer and site.walk is case.report.walk \
                and dense(case, layer) and _ends(case, site):
            yield Fault(f"ReLU on {shape[1]} scores that the network ends in",
                        "scores below 0 all become 0, and have no gradient", "leave it out", site)


def _ends(case: Case, site: Site) -> bool:
    """Whether nothing but a softmax lies between a node and an output."""
    name = site.node.outputs[0]
    return name in case.graph.outputs or any(
        reader.op in ("Softmax", "LogSoftmax") and reader.node.outputs[0] in case.graph.outputs
        for reader in after(site))


# ---------------------------------------------------------------------------------- blocks
@rule("ARC009", "missing-projection", severity=ERROR)
def missing_projection(case: Case) -> Faults:
    """A residual connection adds a value to what was made of it with other channels or a stride.

    Where a block doubles the channels and halves the map, the value that skips it has to be projected, by a
    1×1 convolution with the same stride (He et al. 2016), or pooled and padded with zeros.

    Bad::

        input: N x 3 x 32 x 32
        layers:
        - conv 16 3x3 same -> relu as stem
        - conv 32 3x3 /2 pad=1 -> relu -> conv 32 3x3 same
        - add stem

    Good::

        input: N x 3 x 32 x 32
        layers:
        - conv 16 3x3 same -> relu
        - add:
          - conv 32 3x3 /2 pad=1 -> relu -> conv 32 3x3 same
          - conv 32 1x1 /2
    """
    for misfit in of_code(case, "ARC009"):
        skip, branch = misfit.facts
        changed = [f"axis {axis} from {a} to {b}" for axis, (a, b) in enumerate(zip(skip, branch))
                   if same(a, b) is not True]
        yield Fault(f"{written(skip)} is added to {written(branch)}, which was made of it",
                    f"the branch changes {', '.join(changed)}, and nothing on the way beside it does",
                    "project the value that skips the block, by a 1×1 convolution with the same channels and "
                    "stride", misfit.site, facts={"skip": written(skip), "branch": written(branch)})


@rule("ARC011", "activation-free-block", severity=WARNING)
def activation_free_block(case: Case) -> Faults:
    """A residual block has several layers and no activation among them.

    Without one, its convolutions do no more than one convolution of a larger window. A block that narrows its
    channels in the middle, as low-rank adapters do, is a factorization; one that is a depthwise and a
    pointwise convolution is a separable one.

    Bad::

        input: N x 16 x 32 x 32
        layers:
        - relu as x0
        - conv 16 3x3 same bias=no -> bn -> conv 16 3x3 same bias=no -> bn -> add x0 -> relu

    Good::

        input: N x 16 x 32 x 32
        layers:
        - relu as x0
        - conv 16 3x3 same bias=no -> bn -> relu -> conv 16 3x3 same bias=no -> bn -> add x0 -> relu

    Good::

        input: N x 16 x 32 x 32
        layers:
        - relu as x0
        - conv 4 3x3 same bias=no -> bn -> conv 16 3x3 same bias=no -> bn -> add x0 -> relu
    """
    for site in case.of("Add"):
        layers = [layer for one in linear_branch(case, site) if (layer := dense(case, one))]
        if len(layers) > 1 and max(layer.taps for layer in layers) > 1 and not _narrows(layers):
            yield Fault(f"{len(layers)} layers of a residual block have no activation among them",
                        "together they are one linear map", "put an activation between them", site,
                        facts={"layers": len(layers)})


def _narrows(layers: list[Dense]) -> bool:
    """Whether a middle, of layers the last first, has fewer channels than both ends."""
    ends = min(layers[-1].inputs, layers[0].outputs)
    return any(layer.outputs < ends for layer in layers[1:])


@rule("ARC012", "depthwise-unmixed", severity=WARNING)
def depthwise_unmixed(case: Case) -> Faults:
    """The channels of a depthwise convolution are not mixed by anything behind it.

    A depthwise convolution lets no channel see another. It is half of a layer, the other half being a
    pointwise convolution or a fully connected layer; without one the channels stay strangers up to the
    output. Fixed filters of few channels, such as a blur of an image, are not meant.

    Bad::

        input: N x 3 x 32 x 32
        layers:
        - conv 16 3x3 same -> relu -> depthwise 3x3 same -> relu

    Good::

        input: N x 3 x 32 x 32
        layers:
        - conv 16 3x3 same -> relu -> depthwise 3x3 same -> relu -> conv 16 1x1

    Good::

        input: N x 3 x 32 x 32
        layers:
        - depthwise 3x3 same
    """
    for site in case.of("Conv"):
        group = site.node.attrs.get("group")
        if isinstance(group, int) and group > FEW and is_depthwise(case, site) \
                and (id(site.walk), site.at) not in case.fact(mixed_later):
            yield Fault(f"{group} channels, each convolved by itself, are never mixed afterwards",
                        "no output depends on more than one of them", "put a 1×1 convolution behind it", site,
                        facts={"channels": group})


FEW = 4
"""Channels of an image: colours and transparency."""


@rule("ARC013", "dead-multiplication", severity=ADVICE, fix=UNSAFE)
def dead_multiplication(case: Case) -> Faults:
    """A value is multiplied by a constant 0, so that all that was computed for it is lost.

    It is what a trace leaves of a switch that was off, or of a state that is reset. All that leads there is
    run for nothing.

    Bad::

        input: N x 16
        layers:
        - fc 16 -> relu -> Mul 0.0 -> fc 4

    Good::

        input: N x 16
        layers:
        - fc 16 -> relu -> Mul 0.5 -> fc 4
    """
    for site in case.of("Mul"):
        for position in (0, 1):
            if _is_zero(site, position) and holds_data(case, site, 1 - position):
                yield Fault("a value is multiplied by 0", "nothing of it is left but its shape",
                            "leave the branch out, or its factor", site)


def _is_zero(site: Site, position: int) -> bool:
    """Whether an input is known to be 0 all over."""
    kind = site.inputs[position]
    if isinstance(kind.value, Uniform):
        return bool(kind.value.element == 0)
    found = constant(site, position)
    return bool(found) and all(element == 0 for element in found or ())


@rule("ARC014", "uneven-attention-heads", severity=ERROR)
def uneven_attention_heads(case: Case) -> Faults:
    """The heads of an attention do not share its channels evenly, or a rotary embedding has an odd number.

    66 channels make no 8 heads. Rotary embeddings turn pairs of channels, so that a head needs an even number
    of them.

    Bad::

        input: N x 8 x 66
        layers:
        - Attention input input q_num_heads=8 kv_num_heads=8

    Bad::

        inputs: {tokens: N x 4 x 8 x 15, cosines: 8 x 7, sines: 8 x 7, places: int64 N x 8}
        layers:
        - from tokens -> RotaryEmbedding cosines sines places

    Good::

        input: N x 8 x 64
        layers:
        - Attention input input q_num_heads=8 kv_num_heads=8
    """
    for misfit in of_code(case, "ARC014"):
        channels, heads = misfit.facts
        yield Fault(f"{channels} channels are not shared out evenly to {heads} heads",
                    "each head must have as many", "change the number of heads or of channels", misfit.site,
                    facts={"channels": channels, "heads": heads})
    for site in case.of("RotaryEmbedding", "com.microsoft.RotaryEmbedding"):
        size = site.node.attrs.get("rotary_embedding_dim") or _head_size(site)
        if isinstance(size, int) and size % 2:
            yield Fault(f"a rotary embedding turns pairs, but a head has {size} channels",
                        "one channel is left over", "give heads an even number of channels", site,
                        facts={"channels": size})


def _head_size(site: Site) -> object:
    shape, heads = site.inputs[0].shape or (), site.node.attrs.get("num_heads")
    if len(shape) == 4:
        return shape[-1]
    return shape[-1] // heads if len(shape) == 3 and heads else None


# ---------------------------------------------------------------------------------- proportions
@rule("ARC015", "imbalance", severity=ADVICE, profiles=("design",))
def imbalance(case: Case) -> Faults:
    """One layer holds most of the network's parameters.

    VGG-16's first fully connected layer has 103 of its 138 million. Global pooling before the classifier, as
    in GoogLeNet and all later networks, takes it away.

    Bad (--profile design)::

        input: N x 64 x 7 x 7
        layers:
        - conv 64 3x3 same -> relu -> fc 4096 -> relu -> fc 10

    Good (--profile design)::

        input: N x 64 x 7 x 7
        layers:
        - conv 64 3x3 same -> relu -> conv 64 3x3 same -> relu -> gap -> fc 10
    """
    every, by_node = case.report.params, case.report.weights.by_node
    for index, count in by_node.items() if len(by_node) > 2 else ():
        if isinstance(count, int) and isinstance(every, int) and 5 * count > 3 * every:
            yield Fault(f"{count:,} of {every:,} parameters are in one layer",
                        f"that is {100 * count // every} %", "make it narrower, or pool before it",
                        Site(case.report.walk, index), facts={"params": count, "total": every})


@rule("ARC016", "too-early-downsampling", severity=ADVICE, profiles=("design",))
def too_early_downsampling(case: Case) -> Faults:
    """A window shrinks what is known of the input more than sixteenfold in one step.

    Szegedy et al. 2016 (*Rethinking the Inception Architecture*) advise against such bottlenecks, early ones
    most of all: what is thrown away there no later layer can bring back. Global pooling at the end is no
    window of this kind.

    Bad (--profile design)::

        input: N x 3 x 64 x 64
        layers:
        - conv 8 8x8 /8 -> relu

    Good (--profile design)::

        input: N x 3 x 64 x 64
        layers:
        - conv 16 7x7 /2 pad=3 -> relu
    """
    seen = set()
    for slide in slides(case):
        given, made = (prod((kind.shape or ())[1:]) for kind in (slide.site.inputs[0], slide.site.outputs[0]))
        if slide.outputs > 1 and slide.key not in seen and not slide.is_transposed \
                and least(given - STEP * made) > 0:
            seen.add(slide.key)
            yield Fault(f"{given} numbers become {made} in one step",
                        "no later layer brings back what is lost", "use a smaller stride or more filters",
                        slide.site, facts={"from": str(given), "to": str(made)})
