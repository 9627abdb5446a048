"""Rules on design: what merging two layers saves is worked out by hand, the rest stands at its border."""
from __future__ import annotations

import numpy as np
import pytest
from onnx import numpy_helper, parser

from tests.rules._judged import found

MAP = "input: N x 16 x 32 x 32\nlayers:\n- {}\n"
ROWS = "input: N x 64\nlayers:\n- {}\n"


def codes(text, *select, **options):
    """The codes of what is found."""
    return [one.code for one in found(text, *select, **options)]


# ---------------------------------------------------------------------------------- linear after linear
@pytest.mark.parametrize(("widths", "wanted"), [
    ((64, 64, 64), True), ((64, 64, 16), True), ((64, 16, 64), False), ((64, 32, 64), False),
    ((64, 43, 64), True), ((64, 42, 64), False), ((384, 360, 96), True),
])
def test_two_matrices_are_told_where_one_saves_a_quarter(widths, wanted):
    a, b, c = widths
    assert wanted == (4 * (a * b + b * c - a * c) >= a * b + b * c)
    faults = found(f"input: N x {a}\nlayers:\n- fc {b} -> fc {c} -> relu\n", "ARC001")
    assert bool(faults) == wanted
    for one in faults:
        assert one.facts == {"channels": [a, b, c]}
        assert one.why == f"{a * b + b * c} weights do the work of {a * c}"


@pytest.mark.parametrize(("layers", "wanted"), [
    ("fc 64 -> fc 64 -> relu", 1), ("fc 64 -> relu -> fc 64", 0),
    ("fc 64 -> dropout 0.5 -> fc 64 -> relu", 1),
    ("fc 64 -> Mul 0.5 -> fc 64", 1), ("fc 64 -> softmax -> fc 64", 0), ("fc 64 -> layernorm -> fc 64", 0),
    ("fc 64 -> fc 64 -> fc 64", 2), ("fc 64 as x0 -> fc 8 as x1\n- from x0 -> fc 8 -> add x1", 0),
    ("fc 64 as a -> fc 64 as b\noutputs: [a, b]", 0),
    ("fc 64 as a\n- tensor 0.5 -> Mul a -> fc 64", 1), ("fc 64 as a\n- tensor 0.5 -> Add a -> fc 64", 1),
    ("fc 64 as a\n- tensor 0.5 -> Sub a -> fc 64", 1), ("fc 64 as a\n- tensor 0.5 -> Div a -> fc 64", 0),
    ("fc 64 -> reshape -1 64 1 1 -> conv 16 1x1", 1),
    ("reshape -1 64 1 1 -> conv 64 1x1 -> flatten -> fc 16", 1),
    ("fc 64 bias=no -> reshape -1 64 1 1 -> conv 16 3x3 same", 1),
    ("fc 64 -> reshape -1 64 1 1 -> conv 16 3x3 same", 0),
])
def test_what_stands_between_two_matrices(layers, wanted):
    assert sum(one.places for one in found(ROWS.format(layers), "ARC001")) == wanted


@pytest.mark.parametrize(("layers", "wanted"), [
    ("conv 64 3x3 bias=no -> conv 16 1x1", 1),
    ("conv 64 3x3 -> conv 16 1x1", 1),                    # a bias before a pointwise layer is a bias after it
    ("conv 64 3x3 /2 -> conv 16 1x1", 1),
    ("conv 64 3x3 -> conv 16 1x1 /2", 0),
    ("conv 64 3x3 -> conv 16 3x3", 0),                    # together a window of 5
    ("conv 64 1x1 bias=no -> conv 16 3x3 same", 1),
    ("conv 64 1x1 -> conv 16 3x3 same", 0),               # the padding is not moved by the bias
    ("conv 64 1x1 -> conv 16 3x3", 1),
    ("conv 64 1x1 bias=no -> bn -> conv 16 3x3 same", 0),
    ("conv 64 1x1 /2 bias=no -> conv 16 3x3", 0),
    ("conv 64 1x1 -> conv 16 1x1 pad=1", 0),              # the rim is 0, not the bias
    ("conv 64 1x1 bias=no -> conv 16 1x1 pad=1", 1),
    ("conv 64 3x3 bias=no -> conv 16 1x1 pad=1", 0),      # nor is it what a window over the rim sees
    ("conv 64 1x2 bias=no -> conv 16 1x1 pad=1", 0),
    ("conv 64 1x1 /2 bias=no -> conv 16 1x1", 1), ("conv 64 1x1 /2 bias=no -> conv 16 1x1 pad=1", 0),
    ("conv 64 1x1 bias=no pad=1 -> conv 16 3x3", 0), ("conv 64 1x1 bias=no pad=1 -> conv 16 1x1", 0),
    ("depthwise 3x3 same -> conv 64 1x1", 0),
    ("conv 64 3x3 -> Transpose perm=[0, 1, 3, 2] -> conv 16 1x1", 0),
    ("conv 64 1x2 -> conv 16 1x2", 0), ("conv 64 1x1 /2 bias=no -> conv 16 1x2", 0),
    ("conv 64 3x3 groups=4 -> conv 16 1x1", 0),
])
def test_which_convolutions_are_one(layers, wanted):
    assert len(found(MAP.format(layers), "ARC001")) == wanted


@pytest.mark.parametrize(("shape", "layers"), [
    ("N x 16 x 8 x 16", "conv 16 1x1 -> dense 16"), ("N x 16 x 8 x 16", "dense 16 -> conv 16 1x1"),
    ("N x 16 x 8 x 16", "conv 16 1x1 -> reshape -1 16 -> fc 16"), ("N x 16 x 16", "conv 16 1 -> dense 16"),
    ("N x 16 x 16", "dense 16 -> Transpose perm=[0, 2, 1] -> dense 16")])
def test_layers_over_two_axes_of_one_size_are_not_one(shape, layers):
    """A convolution sums over axis 1, a product over the last one."""
    assert not found(f"input: {shape}\nlayers: {layers}\n", "ARC001")


@pytest.mark.parametrize(("layers", "wanted"), [
    ("dense 64 -> dense 16", 1), ("dense 64 -> reshape -1 64 -> fc 16", 0)])
def test_a_view_that_joins_axes_stands_between_two_layers(layers, wanted):
    """It would have to be written anew for one layer, since it names the channels."""
    assert len(found(f"input: N x 4 x 64\nlayers: {layers}\n", "ARC001")) == wanted


def test_products_of_values_are_no_layers():
    assert not found("input: 64 x 64\nlayers: MatMul input as a -> MatMul a\n", "ARC001")


def test_a_product_with_what_another_input_holds_is_no_layer():
    """Nothing can be multiplied out before it runs."""
    for size, layers in (("64 x 64", "MatMul w -> fc 16"), ("64 x 16", "fc 64 -> MatMul w")):
        text = f"inputs: {{data: N x 64, w: {size}}}\nlayers:\n- from data -> {layers}\n"
        assert not found(text, "ARC001")


def test_a_sum_with_a_stored_matrix_is_no_layer():
    assert not found("input: 64 x 64\nlayers: Add float32(64, 64) -> dense 16\n", "ARC001")


@pytest.mark.parametrize("layers", ["conv 64 3 -> conv 16 1", "conv 64 1 bias=no -> conv 16 3 same"])
def test_what_two_convolutions_along_a_line_have(layers):
    """16·64·3 + 64·16·1 or 16·64·1 + 64·16·3 weights, for one of 16·16·3."""
    (one,) = found(f"input: N x 16 x 32\nlayers: {layers}\n", "ARC001")
    assert one.why == "4096 weights do the work of 768"


@pytest.mark.parametrize(("shape", "layer"), [("N x 16", "fc 64 bias=no"), ("16", "MatMul float32(16, 64)")])
def test_a_product_before_a_padded_convolution_has(shape, layer):
    """16·64 + 64·16·3·3 weights, for one of 16·16·3·3: a product without a bias makes zeros of zeros."""
    text = f"input: {shape}\nlayers: {layer} -> reshape -1 64 1 1 -> conv 16 3x3 same\n"
    (one,) = found(text, "ARC001")
    assert one.why == "10240 weights do the work of 2304"


def test_two_convolutions_in_a_plane_have():
    """16·64·3·3 + 64·16 weights, for one of 16·16·3·3."""
    (one,) = found(MAP.format("conv 64 3x3 -> conv 16 1x1"), "ARC001")
    assert one.why == "10240 weights do the work of 2304"


@pytest.mark.parametrize("code", ["ARC001", "ARC012"])
def test_filters_without_positions_are_none(code):
    """Those of a convolution have an axis at least behind their channels (ONNX, Conv)."""
    model = parser.parse_model("""<ir_version: 8, opset_import: ["": 17]>
        g (float[N, 16] x) => (float[N, 16] y) {
            a = Conv (x, w)
            y = Conv (a, w)
            b = Conv <group = 16> (x, v)
        }""")
    model.graph.initializer.extend([numpy_helper.from_array(np.ones(shape, np.float32), name)
                                    for name, shape in (("w", (16, 16)), ("v", (16, 1)))])
    assert not found(model, code)


def test_an_output_that_is_left_out_is_no_way_for_data():
    """The mask of a Dropout has no name; a Clip without a least number then reads no data by that name."""
    model = parser.parse_model("""<ir_version: 8, opset_import: ["": 17]>
        g (float[N, 64] x) => (float[N, 16] y) <float one = {1}> {
            a = Dropout(x)
            c = Clip(w, , one)
            b = MatMul(a, v)
            y = MatMul(b, c)
        }""")
    model.graph.node[0].output.append("")
    model.graph.initializer.extend([numpy_helper.from_array(np.ones(shape, np.float32), name)
                                    for name, shape in (("v", (64, 64)), ("w", (64, 16)))])
    assert len(found(model, "ARC001")) == 1


def test_what_is_small_beside_the_network_is_not_told():
    big = "fc 4096 -> relu -> fc 4096 -> relu -> fc 64 -> relu -> "
    assert not found(ROWS.format(big + "fc 8 -> fc 4"), "ARC001")
    assert found(ROWS.format("fc 8 -> fc 4"), "ARC001")


TOKENS = """input: N x T x 8
layers:
- dense 8 -> dense 4 -> relu -> ReduceMean [1] keepdims=0 -> MatMul float32(4, {})
"""


@pytest.mark.parametrize(("width", "wanted"), [(3_578_624, 1), (3_578_625, 0)])
def test_a_thousandth_is_saved_at_a_size_of_224(width, wanted):
    """8·8 + 8·4 MACs at each position, of which 64 are saved: as many as a thousandth of all at 224."""
    assert (96 * 224 + 4 * width <= 64 * 224 * 1000) == wanted
    assert len(found(TOKENS.format(width), "ARC001")) == wanted


@pytest.mark.parametrize(("width", "wanted"), [(479_280, 1), (479_281, 0)])
def test_a_thousandth_is_saved_at_all_positions_of_a_map(width, wanted):
    """8·8 + 8·4 MACs at each of 6 · 5 positions, of which 64 are saved."""
    assert (96 * 30 + 4 * width <= 64 * 30 * 1000) == wanted
    text = (f"input: N x 8 x 6 x 5\nlayers:\n- conv 8 1x1 bias=no -> conv 4 1x1 bias=no -> relu -> "
            f"ReduceMean [2, 3] keepdims=0 -> MatMul float32(4, {width})\n")
    assert len(found(text, "ARC001")) == wanted


@pytest.mark.parametrize(("width", "wanted"), [(1997, 1), (1998, 0)])
def test_a_thousandth_is_saved_at_a_batch_of_1(width, wanted):
    """What does not depend on the batch: a product of two weights, of 32 × 1 and of 1 × ``width``."""
    assert (96 + 32 * width <= 64 * 1000) == wanted
    text = (f"input: N x 8\nlayers:\n- fc 8 -> fc 4 as y\n- tensor float32(32, 1) -> "
            f"MatMul float32(1, {width}) as z\noutputs: [y, z]\n")
    assert len(found(text, "ARC001")) == wanted


def test_a_merged_layer_computes_the_same():
    """1×1 after 3×3 with a bias, and 3×3 without padding after 1×1 with one: one convolution each."""
    rng = np.random.default_rng(0)
    first, bias, second = rng.normal(size=(6, 4, 3)), rng.normal(size=6), rng.normal(size=(5, 6))
    x = rng.normal(size=(4, 20))

    def conv(x, w, b):
        return np.stack([np.einsum("oik,ik->o", w, x[:, k:k + w.shape[2]]) for k in
                         range(x.shape[1] - w.shape[2] + 1)], 1) + b[:, None]

    two = second @ conv(x, first, bias)
    assert np.allclose(two, conv(x, np.einsum("om,mik->oik", second, first), second @ bias))


@pytest.mark.parametrize(("layers", "wanted"), [("fc 16 -> fc 64", 1), ("fc 63 -> fc 64", 0),
    ("fc 32 -> fc 64", 1),
                                                ("fc 33 -> fc 64", 0)])
def test_factorizations(layers, wanted):
    assert len(found(ROWS.format(layers), "ARC002")) == wanted


# ---------------------------------------------------------------------------------- biases
@pytest.mark.parametrize(("layers", "count"), [
    ("conv 8 3x3 -> bn", 8), ("conv 8 3x3 bias=no -> bn", None), ("conv 8 3x3 -> instancenorm", 8),
    ("conv 8 3x3 -> groupnorm 4", None), ("conv 8 3x3 -> layernorm", None),
    ("conv 8 3x3 -> relu -> bn", None),
    ("conv 8 3x3 -> bn -> relu -> conv 4 1x1 -> bn", 12), ("deconv 8 2x2 /2 -> bn", 8),
    ("conv 8 1x1 bias=no -> Add float32(8, 1, 1) -> bn", 8),
    ("conv 8 1x1 bias=no -> Add float32(1, 32, 32) -> bn", None),
    ("conv 8 1x1 bias=no -> Add float32(32, 1) -> bn", None),
    ("conv 8 1x1 bias=no -> Mul float32(8, 1, 1) -> bn", None),
    ("flatten -> MatMul float32(16384, 8) -> Add float32(8) -> bn", 8),
    ("conv 8 3x3 as c -> bn as n\noutputs: [c, n]", None),
])
def test_biases_that_a_normalization_takes_off(layers, count):
    wanted = [] if count is None else [{"params": str(count)}]
    assert [one.facts for one in found(MAP.format(layers), "ARC003")] == wanted


def test_a_normalization_of_one_axis_takes_it_for_one_channel():
    """``N`` numbers of one channel have one mean, which does not hold eight biases."""
    text = ("input: 16\nlayers: MatMul float32(16, 8) -> Add float32(8) -> BatchNormalization float32(1) "
            "float32(1) float32(1) float32(1)\n")
    assert not found(text, "ARC003")


def test_zeros_for_a_bias_that_there_is_not_are_no_bias():
    text = ("input: N x 4 x 8 x 8\nlayers:\n- tensor 0.0 -> Expand [6] as zeros\n"
            "- from input -> Conv float32(6, 4, 1, 1) zeros -> bn\n")
    assert not found(text, "ARC003")


# ---------------------------------------------------------------------------------- activations
@pytest.mark.parametrize(("layers", "wanted"), [
    ("relu -> relu", ["ARC004"]), ("sigmoid -> reshape 0 4 16 -> sigmoid", ["ARC004"]),
    ("tanh -> tanh", ["ARC004"]),
    ("sigmoid -> dropout 0.5 -> sigmoid", ["ARC004"]), ("relu -> fc 8 -> relu", []), ("relu -> sigmoid", []),
    ("softmax -> softmax", ["ARC004"]), ("softmax -> sigmoid", ["ARC005"]),
    ("sigmoid -> softmax", ["ARC005"]),
    ("softmax -> LogSoftmax", ["ARC005"]), ("softmax -> Log", []), ("relu -> softmax", []),
    ("tanh -> softmax", []),
    ("reshape 0 8 8 -> Softmax axis=1 -> Softmax axis=2", []),
    ("reshape 0 8 8 -> Softmax axis=1 -> Softmax axis=1", ["ARC004"]),
    ("reshape 0 8 8 -> Softmax axis=1 -> Transpose perm=[0, 2, 1] -> Softmax axis=2", ["ARC004"]),
    ("reshape 0 8 8 -> Softmax axis=1 -> Transpose perm=[0, 2, 1] -> Softmax axis=1", []),
    ("Clip 0.0 6.0 -> Clip 0.0 6.0", ["ARC004"]), ("Clip 0.0 6.0 -> Clip 0.0 3.0", []),
    ("Clip 0.0 6.0 -> Clip 1.0 6.0", []),
])
def test_squashing_what_is_squashed(layers, wanted):
    assert codes(ROWS.format(layers), "ARC004", "ARC005") == wanted


@pytest.mark.parametrize(("layer", "why"), [
    ("relu", "the second changes nothing"), ("Clip 0.0 6.0", "the second changes nothing"),
    ("sigmoid", "the second squashes what is squashed already")])
def test_what_the_second_does(layer, why):
    assert [one.why for one in found(ROWS.format(f"{layer} -> {layer}"), "ARC004")] == [why]


SOFTMAX = """<ir_version: 7, opset_import: ["": {opset}]>
g (float[{shape}] x) => (float y) {{ y = Softmax<axis={axis}>(x) }}"""


@pytest.mark.parametrize(("opset", "shape", "axis", "wanted"), [
    (13, "N, 8, 1", 2, 1), (13, "N, 8, 1", 1, 0), (13, "N, 1, 8", 1, 1), (13, "N, T", 1, 0),
    (13, "N, 8, 2", 2, 0),
    (11, "N, 1, 8", 1, 0), (11, "N, 1, 1", 1, 1), (11, "N, 8, 1", 2, 1), (11, "N, 8, 1", 1, 0),
])
def test_softmax_of_one_position_by_version(opset, shape, axis, wanted):
    """Before opset 13 the axes from ``axis`` on are one."""
    faults = found(parser.parse_model(SOFTMAX.format(opset=opset, shape=shape, axis=axis)), "ARC006")
    assert len(faults) == wanted


@pytest.mark.parametrize(("text", "wanted"), [
    ("input: N x 10\nlayers: Softmax axis=0", 1), ("input: N x 10\nlayers: Softmax axis=1", 0),
    ("input: 8 x 10\nlayers: Softmax axis=0", 0),
    ("input: T x N x 10\nlayers: Softmax axis=0 -> Transpose perm=[1, 0, 2]", 0),
    ("input: N x 10\nlayers: Softmax axis=0 -> ReduceSum [0] keepdims=0", 0),
    ("inputs: {nodes: V x 8, edges: E x 8}\nlayers: [from nodes -> Softmax axis=0]", 0),
])
def test_softmax_over_the_samples(text, wanted):
    assert len(found(text, "ARC007")) == wanted


@pytest.mark.parametrize(("layers", "wanted"), [
    ("fc 10 -> relu", 1), ("fc 10 -> relu -> softmax", 1), ("fc 10 -> relu -> fc 10", 0), ("fc 1 -> relu", 0),
    ("fc 10 -> softmax", 0), ("relu", 0), ("fc 10 -> relu -> sigmoid", 0)])
def test_relu_on_scores(layers, wanted):
    assert len(found(ROWS.format(layers), "ARC008")) == wanted


# ---------------------------------------------------------------------------------- normalizations
@pytest.mark.parametrize(("layers", "wanted"), [
    ("bn -> bn", ["warning"]), ("layernorm -> layernorm", ["advice"]), ("bn -> relu -> bn", []),
    ("bn -> layernorm", []), ("bn as x0 -> bn -> add x0", []), ("bn -> dropout 0.5 -> bn", ["warning"])])
def test_normalization_of_what_is_normalized(layers, wanted):
    assert [one.severity for one in found(MAP.format(layers), "ARC010")] == wanted


NORMS = """<ir_version: 8, opset_import: ["": 17]>
g (float[N, 2] x) => (float[N, 2] y) <float[2] s = {{1, 2}}, float[2] b = {{0, 1}}> {{ a = {} y = {} }}"""


@pytest.mark.parametrize(("norm", "fixable"), [("BatchNormalization ({}, s, b, b, s)", "unsafe"),
                                               ("LayerNormalization ({}, s, b)", "")])
def test_batch_normalizations_can_be_made_one(norm, fixable):
    model = parser.parse_model(NORMS.format(norm.format("x"), norm.format("a")))
    assert [one.fixable for one in found(model, "ARC010")] == [fixable]


# ---------------------------------------------------------------------------------- residual blocks
BLOCK = "input: N x 16 x 32 x 32\nlayers:\n- relu as x0\n- {} -> add x0\n"


@pytest.mark.parametrize(("branch", "skip", "made", "changed"), [
    ("conv 32 3x3 same -> relu", "[N, 16, 32, 32]", "[N, 32, 32, 32]", "axis 1 from 16 to 32"),
    ("conv 16 3x3 /2 pad=1 -> relu", "[N, 16, 32, 32]", "[N, 16, 16, 16]",
     "axis 2 from 32 to 16, axis 3 from 32 to 16"),
    ("conv 16 3x3 -> relu", "[N, 16, 32, 32]", "[N, 16, 30, 30]",
     "axis 2 from 32 to 30, axis 3 from 32 to 30"),
])
def test_a_skip_without_a_projection(branch, skip, made, changed):
    one, = found(BLOCK.format(branch), "ONX009", "ARC009", "GEO008")
    assert one.why == f"the branch changes {changed}, and nothing on the way beside it does"
    assert (one.code, one.severity, one.facts) == ("ARC009", "error", {"skip": skip, "branch": made})


def test_two_branches_that_do_not_fit_are_no_skip():
    text = "input: N x 16 x 32 x 32\nlayers:\n- add: [conv 8 3x3 same, conv 16 3x3 same]\n"
    assert not found(text, "ARC009") and found(text, "ONX009")


@pytest.mark.parametrize(("branch", "wanted"), [
    ("conv 16 3x3 same -> conv 16 3x3 same", 1),
    ("conv 16 3x3 same bias=no -> bn -> conv 16 3x3 same bias=no -> bn", 1),
    ("conv 16 3x3 same -> relu -> conv 16 3x3 same", 0),
    ("conv 16 3x3 same", 0),
    ("conv 16 1x1 -> conv 16 1x1", 0),                    # no larger window than one of them has
    ("Pad [0, 0, 0, 0, 0, 0, 0, 1] -> conv 16 1x2 -> conv 16 1x1", 1),
    ("conv 8 3x3 same -> conv 16 3x3 same", 0),
    ("depthwise 3x3 same -> conv 16 1x1", 0),
    ("conv 32 3x3 same -> maxpool 3x3 /1 pad=1 -> conv 16 3x3 same", 0),
    ("conv 16 3x3 same -> PRelu float32(16, 1, 1) -> conv 16 3x3 same", 0),
])
def test_blocks_without_an_activation(branch, wanted):
    assert len(found(BLOCK.format(branch), "ARC011")) == wanted


def test_the_skip_may_come_first():
    text = ("input: N x 16 x 32 x 32\nlayers:\n- relu as x0\n- conv 16 3x3 same -> conv 16 3x3 same as x1\n"
            "- from x0 -> add x1\n")
    assert len(found(text, "ARC011")) == 1


@pytest.mark.parametrize(("layers", "wanted"), [
    ("depthwise 3x3 same", 1), ("depthwise 3x3 same -> conv 16 1x1", 0),
    ("depthwise 3x3 same -> relu -> fc 10", 0),
    ("depthwise 3x3 same -> gap", 1), ("depthwise 3x3 same -> relu -> depthwise 3x3 same", 2),
    ("depthwise 3x3 same -> shuffle 4", 1), ("depthwise 3x3 same -> softmax", 1),
    ("depthwise 3x3 same -> Softmax axis=1", 0), ("conv 16 3x3 groups=4", 0),
    ("depthwise 3x3 same -> Transpose perm=[0, 2, 3, 1] -> dense 8", 0),
    ("depthwise 3x3 same -> conv 32 3x3 groups=2", 0), ("depthwise 3x3 same bias=no", 1),
    ("depthwise 3x3 same -> gap -> flatten -> softmax", 0),
    ("maxpool 32x1 -> depthwise 1x3 same -> Transpose perm=[0, 2, 3, 1] -> ReduceMean [1]", 1),
    ("maxpool 1x16 /16 -> depthwise 1x1 -> MatMul float32(2, 3)", 0),  # two of what is not known
    ("maxpool 1x32 -> depthwise 1x1 -> MatMul float32(1, 3)", 1),
])
def test_channels_that_never_meet(layers, wanted):
    assert sum(one.places for one in found(MAP.format(layers), "ARC012")) == wanted


def test_channels_along_a_line_never_meet():
    assert len(found("input: N x 16 x 32\nlayers: depthwise 3 same\n", "ARC012")) == 1


@pytest.mark.parametrize(("channels", "wanted"), [(3, 0), (4, 0), (5, 1)])
def test_filters_of_an_image_are_meant(channels, wanted):
    assert len(found(f"input: N x {channels} x 8 x 8\nlayers: depthwise 3x3 same\n", "ARC012")) == wanted


@pytest.mark.parametrize(("factor", "wanted"), [("0.0", 1), ("float32:[0.0, 0.0]", 1),
    ("float32:[0.0, 1.0]", 0),
                                                ("float32(2)", 0)])
def test_products_with_nothing(factor, wanted):
    assert len(found(f"input: N x 2\nlayers:\n- relu -> Mul {factor}\n", "ARC013")) == wanted


@pytest.mark.parametrize(("fill", "wanted"), [("0", 1), ("1", 0)])
def test_products_with_a_fill_of_any_size(fill, wanted):
    model = parser.parse_model(f"""<ir_version: 8, opset_import: ["": 17]>
        g (float[N, 4] x) => (float[N, 4] y) {{
            s = Shape (x)
            f = ConstantOfShape <value = float[1] {{{fill}}}> (s)
            y = Mul (x, f)
        }}""")
    assert len(found(model, "ARC013")) == wanted


def test_the_constant_may_come_first():
    assert len(found("input: N x 2\nlayers:\n- relu as x0\n- tensor 0.0 -> Mul x0\n", "ARC013")) == 1


@pytest.mark.parametrize(("node", "wanted"), [
    ("RotaryEmbedding <num_heads = 2> (x, c, c, p)", [15]),
    ("RotaryEmbedding <num_heads = 3> (x, c, c, p)", []),
    ("com.microsoft.RotaryEmbedding <num_heads = 2> (x, p, c, c)", [15]),
    ("com.microsoft.RotaryEmbedding (x, p, c, c)", []),   # heads of a size that the tables of angles say
])
def test_heads_that_a_rotary_embedding_turns(node, wanted):
    """30 channels are two heads of 15, or three of 10."""
    model = parser.parse_model(f"""<ir_version: 11, opset_import: ["": 23, "com.microsoft": 1]>
        g (float[N, 8, 30] x, int64[N, 8] p, float[8, D] c) => (float[N, 8, 30] y) {{ y = {node} }}""")
    assert [one.facts["channels"] for one in found(model, "ARC014")] == wanted


# ---------------------------------------------------------------------------------- proportions
@pytest.mark.parametrize(("width", "wanted"), [(97, [60]), (96, []), (1000, [93])])
def test_one_layer_of_all(width, wanted):
    """``64·width`` weights, beside 4096 in two others: 60 % at a width of 96."""
    text = (f"input: N x 64\nlayers:\n- MatMul float32(64, 32) -> relu -> MatMul float32(32, 64) -> relu -> "
            f"MatMul float32(64, {width})\n")
    assert [one.why for one in found(text, "ARC015")] == [f"that is {share} %" for share in wanted]


@pytest.mark.parametrize(("layer", "wanted"), [
    ("conv 8 8x8 /8", 1), ("conv 16 4x4 /4", 0), ("conv 15 4x4 /4", 1), ("maxpool 32x32", 0), ("gap", 0),
    ("maxpool 4x4", 0), ("maxpool 5x5 /5", 1), ("maxpool 16x16 /16", 1)])
def test_what_shrinks_in_one_step(layer, wanted):
    assert len(found(MAP.format(layer), "ARC016")) == wanted


@pytest.mark.parametrize(("size", "wanted"), [(48, 0), (49, 1)])
def test_sixteen_become_one(size, wanted):
    assert len(found(f"input: N x 1 x {size}\nlayers: maxpool 16 /16\n", "ARC016")) == wanted
