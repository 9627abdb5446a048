"""Rules on types, training, quantisation and time, where the examples in their pages do not reach."""
from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

import archcheck

FLOAT, INT64, DOUBLE = TensorProto.FLOAT, TensorProto.INT64, TensorProto.DOUBLE
node = helper.make_node


def model(nodes, weights=None, inputs=None, opset=17, outputs=("y",)):
    """The bytes of a model; ``inputs`` are types and shapes by name."""
    stored = [numpy_helper.from_array(np.asarray(array), name) for name, array in (weights or {}).items()]
    given = inputs or {"x": (FLOAT, ("N", 4))}
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info(name, *kind) for name, kind in given.items()],
        [helper.make_tensor_value_info(name, FLOAT, None) for name in outputs], stored)
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()


def findings(source, *select, **options):
    return archcheck.check(source, archcheck.Settings(select=select, **options)).findings


def codes(source, *select, **options):
    return [one.code for one in findings(source, *select, **options)]


# ---------------------------------------------------------------------------------- DTY
def test_each_part_in_double_precision_is_one_finding_with_its_origins():
    nodes = [node("Cast", ["x"], ["d"], to=DOUBLE), node("Exp", ["d"], ["e"]),
             node("Cast", ["e"], ["f"], to=FLOAT), node("Relu", ["f"], ["g"]), node("Relu", ["g"], ["h"]),
             node("Cast", ["h"], ["i"], to=DOUBLE), node("Cast", ["i"], ["y"], to=FLOAT)]
    (one,) = findings(model(nodes), "DTY101")
    assert (one.places, one.facts["nodes"]) == (2, 3)


@pytest.mark.parametrize(("ops", "said"), [
    ((), "a node makes float64 in a network of float32"),
    (("Exp",), "2 nodes compute float64 in a network of float32")])
def test_how_many_nodes_are_double(ops, said):
    names = ["x", "a", "b", "d", *"ef"[:len(ops)]]
    nodes = [node(op, [given], [name]) for op, given, name in zip(("Relu", "Relu"), names, names[1:])]
    nodes += [node("Cast", ["b"], ["d"], to=DOUBLE)]
    nodes += [node(op, [given], [name]) for op, given, name in zip(ops, names[3:], names[4:])]
    nodes += [node("Cast", [names[-1]], ["y"], to=FLOAT)]
    assert [one.message for one in findings(model(nodes), "DTY101")] == [said]


def test_a_network_that_is_mostly_double_is_meant_so():
    nodes = [node("Cast", ["x"], ["d"], to=DOUBLE), node("Exp", ["d"], ["e"]),
             node("Cast", ["e"], ["y"], to=FLOAT)]
    assert codes(model(nodes), "DTY101") == []
    assert codes(model([*nodes[:2], node("Cast", ["e"], ["f"], to=FLOAT), node("Relu", ["f"], ["y"])]),
                 "DTY101") == ["DTY101"]


def test_a_network_that_takes_doubles_means_them():
    nodes = [node("Relu", ["x"], ["a"]), node("Relu", ["a"], ["b"]), node("Cast", ["b"], ["c"], to=DOUBLE),
             node("Add", ["c", "d"], ["y"])]
    inputs = {"x": (FLOAT, ("N", 4)), "d": (DOUBLE, ("N", 4))}
    assert codes(model(nodes, inputs=inputs), "DTY101") == []


def test_a_cast_to_floats_and_back_to_integers_is_not_meant():
    nodes = [node("Cast", ["x"], ["a"], to=FLOAT), node("Cast", ["a"], ["y"], to=INT64)]
    assert codes(model(nodes, inputs={"x": (INT64, ("N", 4))}), "DTY102") == []


@pytest.mark.parametrize(("narrow", "fixable"), [(TensorProto.FLOAT16, "unsafe"), (DOUBLE, "safe")])
def test_a_cast_there_and_back(narrow, fixable):
    nodes = [node("Cast", ["x"], ["a"], to=narrow), node("Transpose", ["a"], ["b"]),
             node("Cast", ["b"], ["y"], to=FLOAT)]
    (one,) = findings(model(nodes), "DTY102")
    assert one.fixable == fixable


@pytest.mark.parametrize(("outer", "inner"), [(10, 16), (16, 10)])
def test_the_two_types_of_16_bits_do_not_hold_each_other(outer, inner):
    """bfloat16 has 8 bits of a number and float16 has 11; float16 ends at 65,504."""
    nodes = [node("Cast", ["x"], ["h"], to=outer), node("Relu", ["h"], ["r"]),
             node("Cast", ["r"], ["a"], to=inner), node("Cast", ["a"], ["b"], to=outer),
             node("Relu", ["b"], ["y"])]
    (one,) = findings(model(nodes), "DTY102")
    assert one.fixable == "unsafe"
    assert one.why.endswith("cannot hold is lost")


@pytest.mark.parametrize(("value", "wanted"), [
    (2**31 - 1, []), (2**31, ["DTY103"]), (-2**31, []), (-2**31 - 1, ["DTY103"]), (2**63 - 1, []),
    (-2**63, []), (-2**63 + 1, []), (2**63 - 2, ["DTY103"]), (-2**63 + 2, ["DTY103"])])
@pytest.mark.parametrize("size", [1, 2000])
def test_constants_beyond_int32(value, wanted, size):
    constant = np.zeros(size, np.int64)
    constant[-1] = value
    source = model([node("Less", ["x", "c"], ["y"])], {"c": constant}, {"x": (INT64, ("N", size))})
    assert codes(source, "DTY103", targets=("tensorrt==10",)) == wanted
    assert codes(source, "DTY103", targets=("onnxruntime",)) == []
    assert codes(source, "DTY103", targets=("webnn",), weights=False) == []


def test_integers_that_count_and_integers_that_name():
    nodes = [node("Mul", ["i", "i"], ["j"]), node("Add", ["j", "i"], ["k"]),
             node("Gather", ["x", "k"], ["y"], axis=1)]
    inputs = {"x": (FLOAT, ("N", 4)), "i": (INT64, (3,))}
    assert codes(model(nodes, inputs=inputs), "DTY104", targets=("webnn",)) == []
    (one, two) = findings(model(nodes, inputs=inputs, outputs=("y", "k")), "DTY104", targets=("webnn",))
    assert {one.op, two.op} == {"Mul", "Add"}


# ---------------------------------------------------------------------------------- TRN
STATISTICS = {name: np.ones(4, np.float32) for name in "sbmv"}


@pytest.mark.parametrize(("opset", "outputs", "attrs", "wanted"), [
    (17, ("y",), {}, []), (17, ("y", "p", "q"), {"training_mode": 1}, ["TRN001"]),
    (14, ("y",), {"training_mode": 0}, []), (9, ("y",), {}, []), (9, ("y", "", "", "", ""), {}, []),
    (14, ("y",), {"training_mode": 1}, ["TRN001"]), (9, ("y", "p"), {}, ["TRN001"]),
    (9, ("y", "p", "q"), {}, ["TRN001"]), (6, ("y",), {"is_test": 0}, []),
    (6, ("y", "p", "q"), {"is_test": 1}, []), (6, ("y", "p", "q"), {"is_test": 0}, ["TRN001"])])
def test_batch_normalization_at_its_version(opset, outputs, attrs, wanted):
    made = node("BatchNormalization", ["x", *"sbmv"], list(outputs), **attrs)
    assert codes(model([made], STATISTICS, opset=opset), "TRN001") == wanted


def test_statistics_are_those_of_the_first_input():
    """Of a weight they are the same at each run, whatever it is scaled by."""
    made = node("BatchNormalization", ["w", "x", *"bmv"], ["y", "p", "q"], training_mode=1)
    weights = {**STATISTICS, "w": np.ones((2, 4), np.float32)}
    assert codes(model([made], weights, {"x": (FLOAT, (4,))}), "TRN001") == []


@pytest.mark.parametrize(("shape", "axes", "wanted"), [
    (("N", 2, 5), [0, 2], ["TRN002"]), ((1, 2, 5), [0, 2], []), (("N", 5, 2), [0, 1], []),
    (("N", 5, 5, 2), [0, 1, 2], ["TRN002"]), (("N", 2, 5, 5), [0, 1, 2, 3], []), (("N", 2, 5, 5), [2, 3], []),
    (("N", 2), [0], [])])
def test_means_over_the_batch(shape, axes, wanted):
    nodes = [node("ReduceMean", ["x"], ["m"], axes=axes), node("Sub", ["x", "m"], ["y"])]
    assert codes(model(nodes, inputs={"x": (FLOAT, shape)}), "TRN002") == wanted
    nodes[1] = node("Sub", ["m", "x"], ["y"])
    assert codes(model(nodes, inputs={"x": (FLOAT, shape)}), "TRN002") == []


@pytest.mark.parametrize(("ratio", "mode", "wanted"), [
    (0.5, True, ["warning"]), (0.0, True, ["advice"]), (0.5, False, ["advice"])])
def test_dropout(ratio, mode, wanted):
    weights = {"r": np.float32(ratio), "t": np.array(mode)}
    source = model([node("Dropout", ["x", "r", "t"], ["y"])], weights)
    assert [one.severity for one in findings(source, "TRN003")] == wanted


def test_dropouts_that_do_nothing_are_one_finding_and_those_of_a_specification_are_meant():
    nodes = [node("Dropout", ["x"], ["a"], ratio=0.5), node("Relu", ["a"], ["b"]),
             node("Dropout", ["b"], ["y"], ratio=0.5)]
    (one,) = findings(model(nodes, opset=9), "TRN003")
    assert (one.severity, one.places) == ("advice", 2)
    assert (one.message, one.why, one.fix) == ("2 nodes of Dropout do nothing", "they hand on what they read",
                                               "take them out")
    (one,) = findings(model([node("Dropout", ["x"], ["y"], ratio=0.5)], opset=9), "TRN003")
    assert (one.message, one.why, one.fix) == ("a Dropout does nothing", "it hands on what it reads",
                                               "take it out")
    assert codes(b"input: N x 4\nlayers:\n- linear 4 -> dropout 0.5\n", "TRN") == []


def test_gradients_of_microsoft():
    source = model([node("ReluGrad", ["x", "x"], ["y"], domain="com.microsoft")])
    assert codes(source, "TRN004") == ["TRN004"]


# ---------------------------------------------------------------------------------- QNT
def quantized(scale, zero=0, dtype=np.int8, opset=17):
    weights = {"s": np.float32(scale), "z": np.full(np.shape(scale), zero, dtype)}
    return model([node("QuantizeLinear", ["x", "s", "z"], ["y"])], weights, opset=opset)


@pytest.mark.parametrize(("scale", "wanted"), [
    (1e-9, []), (0.0, ["QNT005"]), (-1.0, ["QNT005"]), (np.nan, ["QNT005"]), (np.inf, ["QNT005"]),
    ([1, 2, 3, 1], []), ([1, 2, 0, 1], ["QNT005"])])
def test_scales(scale, wanted):
    assert codes(quantized(scale), "QNT005") == wanted


@pytest.mark.parametrize(("scale", "opset", "wanted"), [
    ([1, 2, 3, 1], 12, ["QNT005"]), ([1, 2, 3, 1], 13, []), ([1.0], 12, []), (1.0, 12, [])])
def test_scales_for_each_channel_came_with_13(scale, opset, wanted):
    assert codes(quantized(scale, opset=opset), "QNT005") == wanted
    alone = model([node("QuantizeLinear", ["x", "s"], ["y"])], {"s": np.float32(scale)}, opset=opset)
    assert codes(alone, "QNT005") == wanted


def test_a_bias_of_integers_has_no_zero_point():
    weights = {"b": np.int32([1, 2, 3, 4]), "s": np.float32(0.5), "z": np.int32(7)}
    alone = node("DequantizeLinear", ["b", "s"], ["d"]), node("Add", ["x", "d"], ["y"])
    assert codes(model(alone, weights), "QNT005") == []
    assert codes(model([node("DequantizeLinear", ["b", "s", "z"], ["d"]), alone[1]], weights),
                 "QNT005") == ["QNT005"]


def test_a_scale_that_is_not_known_is_no_other_scale():
    nodes = [node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]),
             node("DequantizeLinear", ["q", "t", "z"], ["y"])]
    assert codes(model(nodes, {"t": np.float32(2)}), "QNT001") == []


def test_a_zero_point_that_is_not_known_is_no_other_one():
    nodes = [node("DynamicQuantizeLinear", ["x"], ["p", "s", "z"]),
             node("QuantizeLinear", ["x", "t", "z"], ["q"]), node("DequantizeLinear", ["q", "t", "o"], ["y"])]
    assert codes(model(nodes, {"t": np.float32(2), "o": np.uint8(1)}), "QNT001") == []


def test_quantised_operators_read_codes():
    weights = {"s": np.float32(1), "z": np.int8(0), "w": np.ones((4, 4), np.int8)}
    nodes = [node("QuantizeLinear", ["x", "s", "z"], ["q"]),
             node("QLinearMatMul", ["q", "s", "z", "w", "s", "z", "s", "z"], ["y"])]
    assert codes(model(nodes, weights), "QNT001") == []
    nodes[1] = node("MatMul", ["q", "w"], ["y"])
    assert codes(model(nodes, weights), "QNT001") == ["QNT001"]


@pytest.mark.parametrize("form", ["DequantizeLinear", "QLinearConv"])
@pytest.mark.parametrize(("narrow", "channels", "most", "wanted"), [
    (1, 10, 96, ["QNT004"]), (1, 11, 96, []), (1, 10, 95, []), (0, 10, 96, [])])
def test_depthwise_weights_with_one_scale(form, narrow, channels, most, wanted):
    w = np.full((channels, 1, 1, 1), most, np.int8)
    w[:narrow] = 6
    weights = {"w": w, "s": np.float32(1), "z": np.int8(0)}
    nodes = [node("DequantizeLinear", ["w", "s", "z"], ["d"]),
             node("Conv", ["x", "d"], ["y"], group=channels)]
    if form == "QLinearConv":
        nodes = [node("QuantizeLinear", ["x", "s", "z"], ["q"]),
                 node("QLinearConv", ["q", "s", "z", "w", "s", "z", "s", "z"], ["y"], group=channels)]
    source = model(nodes, weights, {"x": (FLOAT, ("N", channels, 4, 4))})
    assert codes(source, "QNT004") == wanted


def test_dead_channels_and_groups_of_several_are_not_meant():
    w = np.full((10, 1, 1, 1), 96, np.int8)
    w[:3] = 0
    weights = {"w": w, "s": np.float32(1)}
    nodes = [node("DequantizeLinear", ["w", "s"], ["d"]), node("Conv", ["x", "d"], ["y"], group=10)]
    inputs = {"x": (FLOAT, ("N", 10, 4, 4))}
    assert codes(model(nodes, weights, inputs), "QNT004") == []
    weights["w"] = np.full((10, 2, 1, 1), 96, np.int8)
    weights["w"][:3] = 1
    nodes[1] = node("Conv", ["x", "d"], ["y"], group=5)
    assert codes(model(nodes, weights, inputs), "QNT004") == []


@pytest.mark.parametrize(("shape", "attrs", "dtype", "wanted"), [
    ((2, 1, 1), {"group": 2}, np.int8, ["QNT004"]), ((2, 1, 1, 1), {"group": 2}, np.int8, ["QNT004"]),
    ((2, 1, 1, 1), {"group": 2}, np.uint8, ["QNT004"]),
    ((2, 1, 1, 1), {"group": 2}, np.int32, []),           # of which 6 in 96 are not all there is
    ((2, 1, 1, 1), {"group": 1}, np.int8, []), ((2, 1, 1, 1), {}, np.int8, []),   # filters of one channel
    ((2, 1), {"group": 2}, np.int8, []), ((0, 1, 1, 1), {"group": 2}, np.int8, [])])  # no filters at all
def test_weights_that_are_depthwise(shape, attrs, dtype, wanted):
    w = np.full(shape, 96, dtype)
    w[:1] = 6
    nodes = [node("DequantizeLinear", ["w", "s"], ["d"]), node("Conv", ["x", "d"], ["y"], **attrs)]
    channels = attrs.get("group", 1)
    inputs = {"x": (FLOAT, ("N", channels, *[4] * (len(shape) - 2)))}
    assert codes(model(nodes, {"w": w, "s": np.float32(1)}, inputs), "QNT004") == wanted


def test_a_pair_is_two_nodes_one_after_the_other():
    weights = {"s": np.float32(1), "z": np.int8(0), "w": np.ones((4, 2, 1, 1), np.int8)}
    after = [node("DequantizeLinear", ["m", "s", "z"], ["d"]), node("Relu", ["d"], ["y"])]
    pooled = [node("QuantizeLinear", ["x", "s", "z"], ["q"]),
              node("QLinearConv", ["q", "s", "z", "w", "s", "z", "s", "z"], ["c"]),
              node("MaxPool", ["c"], ["m"], kernel_shape=[2, 2]), *after]
    for nodes, inputs in ((pooled, {"x": (FLOAT, ("N", 2, 4, 4))}),
                          (after, {"m": (TensorProto.INT8, ("N", 2, 4, 4))})):
        assert codes(model(nodes, weights, inputs), "QNT003", targets=("int8",)) == []


def test_branches_of_an_add():
    weights = {"s": np.float32(1), "z": np.int8(0)}
    nodes = [node("QuantizeLinear", ["x", "s", "z"], ["q"]), node("DequantizeLinear", ["q", "s", "z"], ["d"]),
             node("Relu", ["x"], ["r"]), node("Add", ["r", "d"], ["y"])]
    assert codes(model(nodes, weights), "QNT002", targets=("int8",)) == ["QNT002"]
    assert codes(model(nodes, weights), "QNT002", targets=("fp16",)) == []
    nodes[3] = node("Concat", ["d", "r", "d"], ["y"], axis=1)
    (one,) = findings(model(nodes, weights), "QNT002", targets=("int8",))
    assert one.message == "2 of 3 branches are quantised"
    nodes[3] = node("Add", ["d", "d"], ["y"])
    assert codes(model(nodes, weights), "QNT002", targets=("int8",)) == []


# ---------------------------------------------------------------------------------- PRF
@pytest.mark.parametrize(("pads", "attrs", "wanted"), [
    ([0, 0, 1, 1, 0, 0, 2, 0], {}, ["PRF103"]), ([0, 0, 1, 1, 0, 0, -1, 0], {}, []),
    ([0, 1, 1, 1, 0, 0, 1, 1], {}, []), ([1, 0, 1, 1, 0, 0, 1, 1], {}, []),
    ([0, 0, 1, 1, 1, 0, 1, 1], {}, []), ([0, 0, 1, 1, 0, 1, 1, 1], {}, []),
    ([0, 0, 1, 1, 0, 0, 1, 1], {"auto_pad": "SAME_UPPER"}, []),
    ([0] * 8, {}, ["PRF103"])])
def test_pads_that_a_convolution_can_take(pads, attrs, wanted):
    channels = 2 + pads[1] + pads[5]
    weights = {"p": np.int64(pads), "w": np.ones((3, channels, 3, 3), np.float32)}
    nodes = [node("Pad", ["x", "p"], ["a"]), node("Conv", ["a", "w"], ["y"], **attrs)]
    assert codes(model(nodes, weights, {"x": (FLOAT, ("N", 2, 8, 8))}), "PRF103") == wanted


@pytest.mark.parametrize(("opset", "inputs", "attrs", "wanted"), [
    (18, ["p", "zero"], {}, ["PRF103"]), (18, ["p", "one"], {}, []), (18, ["p", ""], {}, ["PRF103"]),
    (18, ["p", "", "same"], {}, []), (18, ["p", "", "turned"], {}, []),
    (10, [], {"pads": [0, 0, 1, 1, 0, 0, 1, 1]}, ["PRF103"]),
    (10, [], {"pads": [0, 0, 1, 1, 0, 0, 1, 1], "value": 1.0}, [])])
def test_pads_as_each_version_writes_them(opset, inputs, attrs, wanted):
    """With its last input a Pad pads other axes than those of the same place."""
    weights = {"p": np.int64([0, 0, 1, 1, 0, 0, 1, 1]), "zero": np.float32(0), "one": np.float32(1),
               "same": np.int64([0, 1, 2, 3]), "turned": np.int64([2, 3, 0, 1]),
               "w": np.ones((3, 2, 3, 3), np.float32)}
    nodes = [node("Pad", ["x", *inputs], ["a"], **attrs), node("Conv", ["a", "w"], ["y"])]
    source = model(nodes, weights, {"x": (FLOAT, ("N", 2, 8, 8))}, opset=opset)
    assert codes(source, "PRF103") == wanted


@pytest.mark.parametrize(("opset", "outputs", "attrs", "wanted"), [
    (17, ("y",), {}, ["PRF101"]), (17, ("y", "p", "q"), {"training_mode": 1}, []),
    (17, ("y",), {"training_mode": 1}, []), (9, ("y",), {}, ["PRF101"]), (9, ("y", "p", "q"), {}, []),
    (9, ("y", "", "", "", ""), {}, ["PRF101"])])
def test_a_normalization_that_trains_is_no_part_of_a_convolution(opset, outputs, attrs, wanted):
    weights = {**STATISTICS, "w": np.ones((4, 2, 3, 3), np.float32)}
    nodes = [node("Conv", ["x", "w"], ["c"]),
             node("BatchNormalization", ["c", *"sbmv"], list(outputs), **attrs)]
    source = model(nodes, weights, {"x": (FLOAT, ("N", 2, 8, 8))}, opset=opset)
    assert codes(source, "PRF101") == wanted


@pytest.mark.parametrize(("last", "wanted"), [(40, ["PRF102"]), (48, [])])
def test_a_tenth_is_spent_on_channels_that_fill_up(last, wanted):
    """12·16 MACs take 16·16; beside 16·8 and 8·40 these 64 are a tenth of all, beside 16·8 and 8·48 less."""
    text = f"input: 1 x 12 x 1 x 1\nlayers: conv 16 1x1 bias=no -> conv 8 1x1 -> conv {last} 1x1\n"
    assert codes(text.encode(), "PRF102", targets=("tensorcore",)) == wanted


@pytest.mark.parametrize(("shape", "layers", "wanted"), [
    ("N x 12", "MatMul float32(12, 12)", ["PRF102"]), ("N x 12", "MatMul float32(12)", []),
    ("N x 0", "MatMul float32(0, 12)", []), ("N x 12 x 12", "MatMul input", []),
    ("N x C", "[Transpose -> Shape -> ConstantOfShape as w, from input -> MatMul w]", [])])
def test_products_with_other_things_than_matrices_of_weights(shape, layers, wanted):
    """Vectors, matrices without numbers, other values, and matrices of unknown sizes."""
    text = f"input: {shape}\nlayers: {layers}\n"
    assert codes(text.encode(), "PRF102", targets=("tensorcore",)) == wanted


@pytest.mark.parametrize(("channels", "wanted"), [(24, []), (23, []), (22, ["PRF102"]), (64, [])])
def test_channels_that_fill_up_tensor_cores(channels, wanted):
    """24·24 / (23·23) is 1.09, and 24·24 / (22·22) is 1.19."""
    text = f"input: N x {channels} x 16 x 16\nlayers:\n- conv {channels} 1x1 -> relu\n"
    assert codes(text.encode(), "PRF102", targets=("tensorcore",)) == wanted


def test_int8_takes_channels_by_sixteen():
    text = b"input: N x 24 x 16 x 16\nlayers:\n- conv 24 1x1 -> relu\n"
    (one,) = findings(text, "PRF102", targets=("tensorcore", "int8"))
    assert one.message.startswith("78% more MACs")  # 32·32 / (24·24) = 1.78


def test_patches_are_summed_up_whole_and_depthwise_layers_are_not_meant():
    patches = b"input: N x 3 x 64 x 64\nlayers:\n- conv 32 16x16 /16\n"  # 768 products each
    depthwise = b"input: N x 12 x 16 x 16\nlayers:\n- dwconv 3x3 same\n"
    for text in (patches, depthwise):
        assert codes(text, "PRF102", targets=("tensorcore",)) == []


@pytest.mark.parametrize(("count", "found"), [(4, 4), (5, 0)])
def test_a_fifth_of_the_bytes(count, found):
    """Each Relu of ``count`` moves one part in ``count``; a fifth is not more than a fifth."""
    nodes = [node("Relu", ["x" if k == 0 else f"r{k}"], [f"r{k + 1}"]) for k in range(count)]
    source = model(nodes, outputs=(f"r{count}",))
    assert codes(source, "PRF104", profiles=("perf",)) == ["PRF104"] * found


@pytest.mark.parametrize(("ridge", "found"), [(0.125, 0), (0.1251, 1), (None, 0)])
def test_a_node_at_the_ridge_is_not_below_it(ridge, found, monkeypatch):
    """A Relu reads and writes 4 bytes for each of its operations."""
    monkeypatch.setattr("archcheck.rules.prf._least_ridge", lambda dtype: ridge)
    source = model([node("Relu", ["x"], ["y"])], inputs={"x": (FLOAT, (2, 4))})
    assert codes(source, "PRF104", profiles=("perf",)) == ["PRF104"] * found


def test_devices_that_do_not_compute_in_a_type_do_not_count():
    source = model([node("Cast", ["x"], ["a"], to=DOUBLE), node("Relu", ["a"], ["b"]),
                    node("Cast", ["b"], ["y"], to=FLOAT)])
    assert set(codes(source, "PRF104", profiles=("perf",))) == {"PRF104"}
