"""Networks with one fault each, of the kind that people report and that checkers pass over: each is made
sound, and with its fault.

A generator takes whether the fault is wanted, and gives a ``ModelProto``, the text of a specification, or a
function that writes a model into a folder and gives its path. Its `Seed` says which rule is to find the
fault, and words by which the message or its reason must name the cause.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Union

import numpy as np
import onnx
from onnx import ModelProto, TensorProto, helper, numpy_helper, parser

Made = Union[ModelProto, str, Callable[[Path], Path]]


class Seed(NamedTuple):
    """A fault: its ``name``, the ``code`` of the rule that finds it, the ``words`` that name its cause, how
    to ``make`` the network with it or without, and the ``options`` it is to be judged with."""

    name: str
    code: str
    words: str
    make: Callable[[bool], Made]
    options: Mapping[str, Any]


SEEDS: list[Seed] = []

DESIGN = {"profiles": ("design",)}


def seed(code: str, words: str, **options: Any) -> Callable[[Callable[[bool], Made]], Callable[[bool], Made]]:
    """Take a generator up into `SEEDS`."""
    def register(make: Callable[[bool], Made]) -> Callable[[bool], Made]:
        SEEDS.append(Seed(make.__name__, code, words, make, options))
        return make
    return register


def saved(made: Made, folder: Path) -> Path:
    """The file of a network, in ``folder``."""
    if callable(made):
        return made(folder)
    if isinstance(made, str):
        path = folder / "net.yaml"
        path.write_text(made)
    else:
        path = folder / "net.onnx"
        onnx.save(made, path)
    return path


# ------------------------------------------------------------------------------------------------ building
IMAGE, SCORES = "float[N, 3, 32, 32] x", "float[N, 10] y"


def random(*shape: int) -> np.ndarray:
    """Numbers as of a trained weight, always the same ones for a shape."""
    return np.random.default_rng(shape).normal(0, 0.2, shape).astype(np.float32)


def positive(*shape: int) -> np.ndarray:
    """Numbers as of variances."""
    return np.abs(random(*shape)) + np.float32(0.5)


def network(nodes: str, x: str = IMAGE, y: str = SCORES, *, opset: int = 17, ir: int = 8, functions: str = "",
            domains: str = "", **weights: Any) -> ModelProto:
    """A model of ``nodes`` in ONNX's text form; a weight is given as its shape, or as numbers."""
    head = f'<ir_version: {ir}, opset_import: ["" : {opset}{domains}]>'
    model = parser.parse_model(f"{head}\ng ({x}) => ({y}) {{ {nodes} }}\n{functions}")
    for name, given in weights.items():
        array = random(*given) if isinstance(given, tuple) else np.asarray(given)
        model.graph.initializer.append(numpy_helper.from_array(array, name))
    return model


def headed(body: str, last: str, channels: int = 16, **more: Any) -> ModelProto:
    """``body``, then the mean over the positions of ``last`` and a matrix that gives 10 scores."""
    head = f"""
        pooled = GlobalAveragePool ({last})
        flat = Flatten (pooled)
        y = Gemm (flat, fc, fcb)"""
    return network(body + head, fc=(channels, 10), fcb=(10,), **more)


STEM = "c1 = Conv <pads = [1, 1, 1, 1]> (x, w1, b1)  r1 = Relu (c1)"
STEM_WEIGHTS = {"w1": (16, 3, 3, 3), "b1": (16,)}


def stemmed(body: str, last: str, channels: int = 16, **more: Any) -> ModelProto:
    """A convolution of 16 channels with ReLU, ``r1``; then ``body`` and the head."""
    return headed(f"{STEM} {body}", last, channels, **STEM_WEIGHTS, **more)


def normalized(name: str, channels: int = 16) -> dict[str, np.ndarray]:
    """The weights of a batch normalization whose inputs are ``name`` with s, b, m and v behind."""
    return {f"{name}s": positive(channels), f"{name}b": random(channels), f"{name}m": random(channels),
            f"{name}v": positive(channels)}


# ------------------------------------------------------------------------------ design, as other tools see it
@seed("ARC003", "biases of 16 numbers")
def a_bias_before_a_batch_normalization(fault):
    bias = ", b1" if fault else ""
    weights = STEM_WEIGHTS if fault else {"w1": (16, 3, 3, 3)}
    return headed(f"c1 = Conv <pads = [1, 1, 1, 1]> (x, w1{bias})"
                  "n1 = BatchNormalization (c1, bns, bnb, bnm, bnv) r1 = Relu (n1)", "r1",
                  **weights, **normalized("bn"))


@seed("ARC001", "16 → 64 → 10")
def a_linear_layer_after_a_linear_layer(fault):
    between = "h" if fault else "r2"
    relu = "" if fault else "r2 = Relu (h)"
    return network(f"""{STEM} p = GlobalAveragePool (r1) f = Flatten (p) h = Gemm (f, u, ub) {relu}
        y = Gemm ({between}, v, vb)""", u=(16, 64), ub=(64,), v=(64, 10), vb=(10,), **STEM_WEIGHTS)


@seed("GEO003", "spans 2 positions and moves by 3")
def a_pooling_that_moves_farther_than_it_reaches(fault):
    strides = "[3, 3]" if fault else "[2, 2]"
    return stemmed(f"p = MaxPool <kernel_shape = [2, 2], strides = {strides}> (r1)", "p")


@seed("GEO002", "(224 + 0 - 11) mod 4 = 1")
def alexnet_at_224(fault):
    size = 224 if fault else 227
    return headed("c1 = Conv <strides = [4, 4]> (x, w1, b1) r1 = Relu (c1)", "r1", 96,
                  x=f"float[N, 3, {size}, {size}] x", w1=(96, 3, 11, 11), b1=(96,))


@seed("TRN003", "drops values at random")
def a_dropout_that_is_active(fault):
    mode = "half, yes" if fault else ""
    weights = {"half": np.float32(0.5), "yes": np.True_} if fault else {}
    body = f"d = Dropout (r1, {mode})" if fault else "d = Sigmoid (r1)"
    return stemmed(body, "d", **weights)


@seed("TRN001", "takes means and variances from the batch")
def a_batch_normalization_in_training_mode(fault):
    mode, more = ("<training_mode = 1>", ", m2, v2") if fault else ("", "")
    return headed(f"""c1 = Conv <pads = [1, 1, 1, 1]> (x, w1)
        n1{more} = BatchNormalization {mode} (c1, bns, bnb, bnm, bnv) r1 = Relu (n1)""", "r1",
                  w1=(16, 3, 3, 3), **normalized("bn"))


@seed("NUM108", "a Log follows a Softmax")
def the_logarithm_of_a_softmax(fault):
    end = "p = Softmax <axis = 1> (s) y = Log (p)" if fault else "y = LogSoftmax <axis = 1> (s)"
    return network(f"{STEM} p1 = GlobalAveragePool (r1) f = Flatten (p1) s = Gemm (f, u, ub) {end}",
                   u=(16, 10), ub=(10,), **STEM_WEIGHTS)


@seed("ARC004", "Sigmoid of what Sigmoid made")
def a_sigmoid_twice(fault):
    end = "q = Sigmoid (s) y = Sigmoid (q)" if fault else "y = Sigmoid (s)"
    return network(f"{STEM} p1 = GlobalAveragePool (r1) f = Flatten (p1) s = Gemm (f, u, ub) {end}",
                   u=(16, 10), ub=(10,), **STEM_WEIGHTS)


@seed("NUM101", "NaN")
def a_weight_that_is_no_number(fault):
    weight = random(16, 16, 3, 3)
    weight[3, 2, 1, 1] = np.nan if fault else 1
    return stemmed("c2 = Conv <pads = [1, 1, 1, 1]> (r1, w2, b2) r2 = Relu (c2)", "r2", w2=weight, b2=(16,))


@seed("NUM103", "8 of the 16 output channels")
def half_the_filters_are_zero(fault):
    weight = random(16, 16, 3, 3)
    weight[::2] *= 0 if fault else 1
    return stemmed("c2 = Conv <pads = [1, 1, 1, 1]> (r1, w2, b2) r2 = Relu (c2)", "r2", w2=weight, b2=(16,))


@seed("SHP101", "[1, -1]")
def a_batch_of_one_frozen_in_a_reshape(fault):
    first = 1 if fault else 0
    return network(f"{STEM} p = MaxPool <kernel_shape = [4, 4], strides = [4, 4]> (r1) f = Reshape (p, to)"
                   "y = Gemm (f, u, ub)", to=np.array([first, -1]), u=(1024, 10), ub=(10,), **STEM_WEIGHTS)


@seed("SIZ001", "1,048,576 bytes")
def a_weight_of_a_mebibyte_twice(fault):
    other = random(512, 512) if fault else random(512, 512) + np.float32(1)
    return network("a = MatMul (x, u) r = Relu (a) b = MatMul (r, v) y = Relu (b)",
                   "float[N, 512] x", "float[N, 512] y", u=random(512, 512), v=other)


@seed("ARC006", "an axis of one position is 1")
def a_softmax_of_one_score(fault):
    count = 1 if fault else 10
    return network(f"{STEM} p = GlobalAveragePool (r1) f = Flatten (p) s = Gemm (f, u, ub)"
                   "y = Softmax <axis = 1> (s)", y=f"float[N, {count}] y", u=(16, count), ub=(count,),
                   **STEM_WEIGHTS)


@seed("ARC008", "10 scores", **DESIGN)
def scores_that_a_relu_cuts(fault):
    end = "s = Gemm (f, u, ub) y = Relu (s)" if fault else "y = Gemm (f, u, ub)"
    return network(f"{STEM} p = GlobalAveragePool (r1) f = Flatten (p) {end}", u=(16, 10), ub=(10,),
                   **STEM_WEIGHTS)


@seed("GRA006", "a transposition after the one that it undoes", extend_select=("GRA006",))
def two_transposes_that_cancel(fault):
    back = "0, 3, 1, 2" if fault else "0, 2, 1, 3"
    return network(f"{STEM} t = Transpose <perm = [0, 2, 3, 1]> (r1) y = Transpose <perm = [{back}]> (t)",
                   y="float[] y", **STEM_WEIGHTS)


@seed("SHP104", "[N, 1, 32, 32] + [N, 16, 32, 32] repeats one channel 16 times")
def a_map_of_one_channel_is_added(fault):
    count = 1 if fault else 16
    return stemmed("c2 = Conv <pads = [1, 1, 1, 1]> (r1, w2, b2) s = Add (c2, r1) r2 = Relu (s)", "r2",
                   w2=(count, 16, 3, 3), b2=(count,))


@seed("GRA001", "4,096 bytes is read by no node")
def a_weight_that_no_node_reads(fault):
    return stemmed("", "r1", **({"old": (32, 32)} if fault else {}))


@seed("GRA002", "leads to no output")
def a_branch_that_leads_nowhere(fault):
    return stemmed("aux = Tanh (r1)" if fault else "", "r1")


@seed("SEC101", "../../../etc/passwd")
def external_data_outside_the_folder(fault):
    def write(folder):
        (folder / "w.bin").write_bytes(random(16, 16).tobytes())
        return beside(folder, "../../../etc/passwd" if fault else "w.bin")
    return write


@seed("ONX003", "before")
def nodes_out_of_order(fault):
    model = stemmed("", "r1")
    if fault:
        nodes = list(model.graph.node)
        del model.graph.node[:]
        model.graph.node.extend([nodes[1], nodes[0], *nodes[2:]])
    return model


@seed("DTY101", "float64 in a network of float32")
def doubles_in_the_middle(fault):
    body = "d = Cast <to = 11> (r1) e = Mul (d, two) g = Cast <to = 1> (e)" if fault else "g = Mul (r1, two)"
    return stemmed(body, "g", two=np.float64(1.7) if fault else np.float32(1.7))


@seed("ARC009", "[N, 16, 32, 32] is added to [N, 16, 16, 16]")
def a_residual_with_a_stride_and_no_projection(fault):
    stride = 2 if fault else 1
    return stemmed(f"""c2 = Conv <pads = [1, 1, 1, 1], strides = [{stride}, {stride}]> (r1, w2, b2)
        r2 = Relu (c2) c3 = Conv <pads = [1, 1, 1, 1]> (r2, w3, b3) s = Add (c3, r1) r3 = Relu (s)""", "r3",
                   w2=(16, 16, 3, 3), b2=(16,), w3=(16, 16, 3, 3), b3=(16,))


# ------------------------------------------------------------------------------------------------ sizes
@seed("SHP102", "a stored tensor of [1, 128, 64] fixes T")
def a_table_of_positions_for_one_length(fault):
    length = "T" if fault else "128"
    return network("h = MatMul (x, u) y = Add (h, table)", f"float[N, {length}, 64] x",
                   f"float[N, {length}, 64] y", u=(64, 64), table=(1, 128, 64))


@seed("SHP105", "only H = 31 or 32 can run")
def a_classifier_for_one_size(fault):
    size = "H" if fault else "32"
    return network("""c1 = Conv <pads = [1, 1, 1, 1], strides = [2, 2]> (x, w1, b1) r1 = Relu (c1)
        f = Flatten (r1) y = Gemm (f, u, ub)""", f"float[N, 3, {size}, 32] x", w1=(4, 3, 3, 3), b1=(4,),
                   u=(1024, 10), ub=(10,))


@seed("SHP108", "1000 of 900 elements")
def the_thousand_best_of_nine_hundred(fault):
    count = 1000 if fault else 100
    return network("values, places = TopK (x, k)", "float[N, 900] x",
                   f"float[N, {count}] values, int64[N, {count}] places", k=np.array([count]))


@seed("SHP103", "no input has the size N", dynamic=("N",))
def a_batch_that_was_to_be_free(fault):
    batch = 1 if fault else "N"
    return stemmed("", "r1", x=f"float[{batch}, 3, 32, 32] x", y=f"float[{batch}, 10] y")


@seed("GEO005", "a window of 7 does not fit into 4 padded positions")
def a_window_that_does_not_fit(fault):
    kernel = 7 if fault else 3
    return stemmed("""p = MaxPool <kernel_shape = [8, 8], strides = [8, 8]> (r1)
        c2 = Conv (p, w2, b2) r2 = Relu (c2)""", "r2", w2=(16, 16, kernel, kernel), b2=(16,))


@seed("GEO008", "66 is no multiple of the total stride 4")
def an_image_that_a_decoder_cannot_restore(fault):
    size = 66 if fault else 64
    return (f"input: N x 3 x {size} x {size}\nlayers:\n"
            "- conv 8 3x3 same -> relu -> conv 8 3x3 /2 pad=1 -> relu as half\n"
            "- conv 8 3x3 /2 pad=1 -> relu -> deconv 8 2x2 /2 -> concat half -> gap -> fc 10\n")


@seed("GEO009", "lie 4 input positions apart")
def a_crop_from_the_corner(fault):
    start, end = (0, 24) if fault else (4, 28)
    return stemmed("""c2 = Conv (r1, w2, b2) r2 = Relu (c2) c3 = Conv (r2, w3, b3) r3 = Relu (c3)
        cut = Slice (r1, from, to, axes) s = Add (cut, r3)""", "s", w2=(16, 16, 5, 5), b2=(16,),
                   w3=(16, 16, 5, 5), b3=(16,), axes=np.array([2, 3]),
                   **{"from": np.array([start, start]), "to": np.array([end, end])})


@seed("GEO012", "multiples of 2", **DESIGN)
def dilations_that_share_a_factor(fault):
    rates = (2, 2, 2) if fault else (1, 2, 5)
    steps = " -> ".join(f"conv 16 3x3 same dilation={rate} -> relu" for rate in rates)
    return f"input: N x 3 x 64 x 64\nlayers:\n- {steps}\n- gap -> fc 10\n"


# ------------------------------------------------------------------------------------------------ design
def scored(layers: str, stem: str = "conv 16 3x3 same -> relu as stem") -> str:
    """The specification of an image classifier that ends in ``layers``."""
    return f"input: N x 3 x 32 x 32\nlayers:\n- {stem}\n- {layers}\n"


@seed("ARC005", "Sigmoid of what Softmax made")
def a_sigmoid_of_probabilities(fault):
    return scored(f"gap -> fc 10 -> softmax{' -> sigmoid' if fault else ''}")


@seed("ARC007", "over N")
def a_softmax_over_the_samples(fault):
    return scored(f"gap -> fc 10 -> Softmax axis={0 if fault else 1}")


@seed("ARC009", "[N, 16, 32, 32] is added to [N, 32, 32, 32]")
def a_residual_with_other_channels(fault):
    return scored(f"conv {32 if fault else 16} 3x3 same -> relu -> add stem -> gap -> fc 10")


@seed("ARC010", "BatchNormalization of what BatchNormalization made")
def a_normalization_twice(fault):
    return scored("gap -> fc 10", f"conv 16 3x3 same bias=no -> bn{' -> bn' if fault else ''} -> relu")


@seed("ARC011", "2 layers of a residual block")
def a_block_without_an_activation(fault):
    conv = "conv 16 3x3 same"
    return scored(f"{conv} -> {'' if fault else 'relu -> '}{conv} -> add stem -> relu -> gap -> fc 10")


@seed("ARC012", "16 channels")
def channels_that_never_meet(fault):
    return scored(f"depthwise 3x3 same -> relu{'' if fault else ' -> conv 16 1x1'}")


@seed("ARC013", "multiplied by 0")
def a_product_with_nothing(fault):
    return scored(f"gap -> Mul {0.0 if fault else 0.5} -> fc 10")


@seed("ARC014", "66 channels are not shared out evenly to 8 heads")
def heads_that_do_not_divide_the_channels(fault):
    width = 66 if fault else 64
    return (f"input: N x 8 x {width}\nlayers:\n- Attention input input q_num_heads=8 kv_num_heads=8\n"
            f"- layernorm\n")


@seed("GRA005", "worked out before")
def a_layer_that_is_run_twice(fault):
    other = "w2" if fault else "w3"
    return stemmed(f"""a = Conv <pads = [1, 1, 1, 1]> (r1, w2, b2)
        b = Conv <pads = [1, 1, 1, 1]> (r1, {other}, b2) c = Tanh (a) d = Sigmoid (b) s = Mul (c, d)""", "s",
                   w2=(16, 16, 3, 3), b2=(16,), **({} if fault else {"w3": -random(16, 16, 3, 3)}))


@seed("GRA003", "no node reads an input")
def a_mask_that_is_not_read(fault):
    values = "h" if fault else "m"
    return network(f"h = MatMul (x, u) {'' if fault else 'm = Mul (h, mask)'} y = Relu ({values})",
                   "float[N, T, 8] x, float[N, T, 1] mask", "float[N, T, 8] y", u=(8, 8))


@seed("GRA004", "input")
def an_output_that_is_an_input(fault):
    return network(f"h = MatMul (x, u) y = Relu (h) z = {'Identity (x)' if fault else 'Tanh (h)'}",
                   "float[N, 8] x", "float[N, 8] y, float[N, 8] z", u=(8, 8))


@seed("GRA008", "always")
def a_branch_that_tracing_froze(fault):
    given = "float[N, 4] x" if fault else "float[N, 4] x, bool c"
    return network("""y = If (c) <then_branch = t () => (a) { a = Relu (x) },
        else_branch = e () => (b) { b = Neg (x) }>""", given, "float[N, 4] y",
                   **({"c": np.True_} if fault else {}))


# ------------------------------------------------------------------------------------------------ values
@seed("NUM102", "weights are zero")
def a_layer_that_was_never_loaded(fault):
    weight = random(16, 16, 3, 3) * (0 if fault else 1)
    return stemmed("c2 = Conv <pads = [1, 1, 1, 1]> (r1, w2, b2) r2 = Relu (c2)", "r2", w2=weight, b2=(16,))


@seed("NUM104", "denormal")
def weights_that_decayed_to_denormals(fault):
    weight = random(16, 16, 3, 3)
    weight[5, :, 0, 0] *= 1e-38 if fault else 1
    return stemmed("c2 = Conv <pads = [1, 1, 1, 1]> (r1, w2, b2) r2 = Relu (c2)", "r2", w2=weight, b2=(16,))


@seed("NUM105", "65,504", targets=("fp16",))
def a_mask_that_float16_cannot_hold(fault):
    return network("y = Where (mask, x, low)", "float[N, T] x, bool[N, T] mask", "float[N, T] y",
                   low=np.float32(-3.4e38 if fault else -1e4))


@seed("NUM110", "variance")
def a_variance_below_zero(fault):
    weights = normalized("bn")
    weights["bnv"][3] *= -1 if fault else 1
    return headed("""c1 = Conv <pads = [1, 1, 1, 1]> (x, w1)
        n1 = BatchNormalization (c1, bns, bnb, bnm, bnv) r1 = Relu (n1)""", "r1", w1=(16, 3, 3, 3), **weights)


@seed("TRN002", "over the batch")
def a_normalization_by_the_batch(fault):
    axes = "0, 2, 3" if fault else "2, 3"
    return stemmed(f"""m = ReduceMean <axes = [{axes}]> (r1) d = Sub (r1, m) q = Mul (d, d)
        v = ReduceMean <axes = [{axes}]> (q) e = Add (v, eps) s = Sqrt (e) n = Div (d, s)""", "n",
                   eps=np.float32(1e-5))


@seed("TRN004", "loss")
def a_loss_that_was_left_in(fault):
    more = "loss = SoftmaxCrossEntropyLoss (y, answers)" if fault else ""
    x, y = (", int64[N] answers", ", float loss") if fault else ("", "")
    return network(f"y = Gemm (x, u, ub) {more}", f"float[N, 8] x{x}", f"float[N, 4] y{y}", u=(8, 4), ub=(4,))


@seed("DTY102", "float16")
def casts_to_and_fro(fault):
    cast = "a = Cast <to = 10> (r1) b = Cast <to = 1> (a)" if fault else "b = Tanh (r1)"
    return stemmed(cast, "b")


@seed("PRF103", "Pad")
def a_padding_of_its_own(fault):
    pads, x = ("", "p") if fault else ("<pads = [1, 1, 1, 1]>", "r1")
    body = "p = Pad (r1, around)" if fault else ""
    more = {"around": np.array([0, 0, 1, 1, 0, 0, 1, 1])} if fault else {}
    return stemmed(f"{body} c2 = Conv {pads} ({x}, w2, b2) r2 = Relu (c2)", "r2", w2=(16, 16, 3, 3),
                   b2=(16,), **more)


# ------------------------------------------------------------------------------------------------ integers
@seed("QNT001", "scale")
def a_pair_with_unlike_scales(fault):
    return stemmed(f"q = QuantizeLinear (r1, s, z) d = DequantizeLinear (q, {'t' if fault else 's'}, z)", "d",
                   s=np.float32(0.5), z=np.int8(0), **({"t": np.float32(0.25)} if fault else {}))


@seed("QNT005", "a scale is zero")
def a_scale_of_zero(fault):
    return stemmed("q = QuantizeLinear (r1, s, z) d = DequantizeLinear (q, s, z)", "d",
                   s=np.float32(0 if fault else 0.5), z=np.int8(0))


@seed("QNT004", "2 of 16 channels use at most 1 steps")
def depthwise_filters_with_one_scale(fault):
    filters = np.arange(16 * 9, dtype=np.int8).reshape(16, 1, 3, 3) % 80 + 40
    filters[3:5] = 1 if fault else 70
    return stemmed("w = DequantizeLinear (q2, s) c2 = Conv <group = 16, pads = [1, 1, 1, 1]> (r1, w, b2)"
                   "r2 = Relu (c2) c3 = Conv (r2, w3, b3) r3 = Relu (c3)", "r3", q2=filters.astype(np.int8),
                   s=np.float32(0.01), b2=(16,), w3=(16, 16, 1, 1), b3=(16,))


@seed("QNT002", "1 of 2 branches", targets=("int8",))
def a_sum_of_which_one_side_is_quantized(fault):
    more, other = ("", "t") if fault else ("p = QuantizeLinear (t, s, z) e = DequantizeLinear (p, s, z)", "e")
    return stemmed(f"""q = QuantizeLinear (r1, s, z) d = DequantizeLinear (q, s, z) t = Tanh (r1) {more}
        a = Add (d, {other})""", "a", s=np.float32(0.5), z=np.int8(0))


# ------------------------------------------------------------------------------------------------ files
@seed("SIZ001", "another one with rows for columns")
def tied_embeddings_stored_twice(fault):
    table = random(400, 64)
    head = np.ascontiguousarray(table.T) if fault else random(64, 400)
    return network("e = Gather (table, ids) h = Tanh (e) y = MatMul (h, head)", "int64[N, T] ids",
                   "float[N, T, 400] y", table=table, head=head)


@seed("SIZ002", "a constant of 1,064,960 bytes is an attribute")
def a_large_constant_in_a_node(fault):
    model = network("h = Relu (x) y = Add (h, c)", "float[N, 512, 520] x", "float[N, 512, 520] y")
    table = numpy_helper.from_array(random(512, 520), "c")
    if fault:
        model.graph.node.insert(0, helper.make_node("Constant", [], ["c"], "table", value=table))
    else:
        model.graph.initializer.append(table)
    return model


@seed("SIZ003", "holds one slice 4,096 times")
def a_bias_that_was_expanded(fault):
    bias = np.tile(random(1, 64, 1), (1, 1, 4096 if fault else 1))
    return network("h = Relu (x) y = Add (h, bias)", "float[N, 64, 4096] x", "float[N, 64, 4096] y",
                   bias=bias)


@seed("SIZ003", "holds 16 slices 64 times")
def a_pattern_that_was_tiled(fault):
    table = np.tile(random(1, 64, 16), (1, 1, 64)) if fault else random(1, 64, 1024)
    return network("h = Relu (x) y = Add (h, table)", "float[N, 64, 1024] x", "float[N, 64, 1024] y",
                   table=table)


def beside(folder: Path, location: str, shape: tuple[int, ...] = (16, 16), **entries: int) -> Path:
    """A model whose one weight is in a file that is called ``location``."""
    model = network("h = MatMul (x, w) y = Relu (h)", "float[N, 16] x", "float[N, 16] y")
    tensor = TensorProto(name="w", data_type=1, dims=shape, data_location=TensorProto.EXTERNAL)
    for key, value in {"location": location, **entries}.items():
        tensor.external_data.add(key=key, value=str(value))
    model.graph.initializer.append(tensor)
    path = folder / "net.onnx"
    path.write_bytes(model.SerializeToString())
    return path


@seed("SEC102", "512")
def external_data_of_another_length(fault):
    def write(folder):
        (folder / "w.bin").write_bytes(random(16, 16).tobytes())
        return beside(folder, "w.bin", offset=0, length=512 if fault else 1024)
    return write


@seed("SEC103", "w.bin")
def external_data_that_is_too_short(fault):
    def write(folder):
        (folder / "w.bin").write_bytes(random(16, 16).tobytes()[:100 if fault else None])
        return beside(folder, "w.bin")
    return write


@seed("SEC104", "bytes")
def a_tensor_that_lies_about_its_size(fault):
    model = network("h = MatMul (x, w) y = Relu (h)", "float[N, 16] x", "float[] y", w=(16, 16))
    if fault:
        model.graph.initializer[0].dims[1] = 1 << 16
    return model


@seed("SEC107", "→")
def functions_that_call_each_other(fault):
    functions = """<domain: "own", opset_import: ["" : 17, "own" : 1]>
        twice (a) => (b) { c = own.thrice (a) b = Relu (c) }
        <domain: "own", opset_import: ["" : 17, "own" : 1]>
        thrice (a) => (b) { b = CALL (a) }""".replace("CALL", "own.twice" if fault else "Tanh")
    return network("y = own.twice (x)", "float[N, 8] x", "float[N, 8] y", domains=', "own" : 1',
                   functions=functions)


@seed("SIZ004", "2,147,483,647")
def a_file_near_two_gigabytes(fault):
    """Sparse on disk: a hole stands for the weight."""
    from archcheck.frontends._wire import encoded

    def field(number: int, size: int) -> bytes:
        return encoded(number << 3 | 2) + encoded(size)

    def write(folder):
        model = network("h = MatMul (x, w) y = Relu (h)", "float[N, 16] x", "float[N, T] y")
        columns = (1_900_000_000 if fault else 1_700_000_000) // 64
        graph = model.graph.SerializeToString()
        tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=(16, columns)).SerializeToString()
        size = columns * 64
        inner = tensor + field(9, size)
        outer = graph + field(5, len(inner) + size) + inner
        model.ClearField("graph")
        path = folder / "net.onnx"
        path.write_bytes(model.SerializeToString() + field(7, len(outer) + size) + outer)
        with path.open("r+b") as file:
            file.truncate(path.stat().st_size + size)
        return path
    return write


# ------------------------------------------------------------------------------------------------ validity
@seed("ONX002", "alhpa")
def an_attribute_that_there_is_not(fault):
    return stemmed(f"e = Elu <{'alhpa' if fault else 'alpha'} = 0.5> (r1)", "e")


@seed("ONX004", "r9")
def a_value_that_nothing_makes(fault):
    return stemmed(f"s = Add (r1, {'r9' if fault else 'c1'})", "s")


@seed("ONX005", "→")
def nodes_in_a_circle(fault):
    return network(f"a = Add (x, {'c' if fault else 'x'}) b = Relu (a) c = Tanh (b) y = Neg (c)",
                   "float[N, 4] x", "float[N, 4] y")


@seed("ONX006", "r2")
def a_value_that_is_made_twice(fault):
    return stemmed(f"r2 = Tanh (r1) {'r2' if fault else 'r3'} = Sin (r2)", "r2" if fault else "r3")


@seed("ONX007", "Sigmiod is no operator")
def an_operator_that_there_is_not(fault):
    return stemmed(f"e = {'Sigmiod' if fault else 'Sigmoid'} (r1)", "e")


@seed("ONX008", "com.microsoft")
def a_domain_that_is_not_imported(fault):
    return stemmed("e = com.microsoft.Gelu (r1)", "e", domains="" if fault else ', "com.microsoft" : 1')


@seed("ONX009", "is declared")
def a_type_that_is_not_what_comes(fault):
    return stemmed("", "r1", y=f"float[N, {11 if fault else 10}] y")


@seed("ONX013", "Scatter is deprecated")
def an_operator_that_was_taken_out(fault):
    op = "Scatter" if fault else "ScatterElements"
    return network(f"y = {op} <axis = 1> (x, i, x)", "float[N, 4] x, int64[N, 4] i", "float[N, 4] y",
                   opset=11, ir=6)


@seed("ONX014", "input")
def weights_among_the_inputs(fault):
    model = network("y = MatMul (x, w)", "float[N, 8] x", "float[N, 8] y", w=(8, 8))
    if fault:
        model.graph.input.append(helper.make_tensor_value_info("w", TensorProto.FLOAT, (8, 8)))
    return model


@seed("ONX015", "name")
def two_nodes_of_one_name(fault):
    return network(f"[a] h = Relu (x) [{'a' if fault else 'b'}] y = Tanh (h)", "float[N, 4] x",
                   "float[N, 4] y")


@seed("SPC001", "no entry 'layres'")
def a_key_that_there_is_not(fault):
    key = "layres" if fault else "layers"
    return f"input: N x 3 x 32 x 32\n{key}:\n- conv 16 3x3 same -> relu -> gap -> fc 10\n"


@seed("SPC004", "stme")
def a_layer_that_there_is_not(fault):
    return scored(f"conv 16 3x3 same -> add {'stme' if fault else 'stem'} -> relu -> gap -> fc 10")


@seed("SPC005", "nothing reads the result of this layer")
def a_layer_that_is_not_used(fault):
    return scored(("conv 8 1x1 as head\n- " if fault else "") + "from stem -> gap -> fc 10")
