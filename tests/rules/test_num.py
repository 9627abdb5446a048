"""Rules about values, held against numpy, and against ONNX's own reference implementation."""
from __future__ import annotations

import warnings

import numpy as np
import onnx
import onnx.parser
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

import archcheck
from archcheck.rules._case import Case
from archcheck.rules._payloads import Payloads
from archcheck.rules._ranges import FIXED, KEPT, RULES, ranges
from archcheck.rules._statistics import FORMATS, STEP, Statistics, values

RANDOM = np.random.default_rng(7)
OPSET = [helper.make_opsetid("", 17)]


def model(nodes, weights, x=("N", 4), outputs=("y",)):
    """A model of one input ``x``; ``weights`` are arrays by name."""
    stored = [numpy_helper.from_array(np.asarray(array), name) for name, array in weights.items()]
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, x)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs], stored)
    return helper.make_model(graph, opset_imports=OPSET, ir_version=8)


def codes(proto, **options):
    options.setdefault("select", ("NUM10", "NUM110"))
    return [one.code for one in findings(proto, **options)]


def findings(proto, **options):
    source = proto.SerializeToString() if isinstance(proto, onnx.ModelProto) else proto
    return archcheck.check(source, archcheck.Settings(**options)).findings


def product(array, **options):
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    return codes(model([node], {"w": array}, ("N", len(array))), **options)


def normal(*shape):
    return RANDOM.standard_normal(shape).astype(np.float32)


# ---------------------------------------------------------------------------------- statistics
def as_float(dtype, bits):
    """The numbers that ``bits`` are, as numpy knows them."""
    if dtype == "bfloat16":
        return (bits.astype("u4") << 16).view("f4")
    return bits.view(dtype)


def expected(dtype, numbers):
    """What numpy says of ``numbers``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        half = numbers.astype(np.float16)
    finite, zero = np.isfinite(numbers), numbers == 0
    denormal = ~zero & (np.abs(numbers) < np.finfo(numbers.dtype).tiny)
    has_range = dtype != "float16"
    return tuple(int(found.sum()) for found in (
        np.isnan(numbers), np.isinf(numbers), zero, denormal & has_range, ~zero & (half == 0) & has_range,
        finite & np.isinf(half) & has_range))


@pytest.mark.parametrize("dtype", FORMATS)
def test_statistics_are_numpys(dtype):
    kind = np.dtype(FORMATS[dtype].unsigned)
    bits = RANDOM.integers(0, 1 << 63, STEP + 1000, np.uint64).astype(kind)
    if kind.itemsize == 2:
        bits = np.arange(1 << 16, dtype=kind)
    least = [2**-126, 2**-126 - 2**-149, 2**-1022, 2**-25 + 2**-48]
    numbers = [*least, 0, 2**-25, 2**-24, 65504, 65519.9, 65520, 65536, 1e300, np.inf, np.nan]
    edges = np.array(numbers, np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if dtype == "bfloat16":
            extra = (edges.astype("f4").view("u4") >> 16).astype("u2")
        else:
            extra = edges.astype(dtype).view(kind)
    bits = np.concatenate([bits, extra, extra ^ kind.type(1 << kind.itemsize * 8 - 1)])
    found = values(memoryview(bits.tobytes()), FORMATS[dtype])
    assert found[0] == bits.size
    assert found[1:] == expected(dtype, as_float(dtype, bits))


@pytest.mark.parametrize("numbers", [[], [0], [-0.0], [1], [0, 0], [0, 1], [0, np.nan]])
def test_what_is_zero_has_elements_that_all_are(numbers):
    array = np.array(numbers, np.float32)
    found = values(memoryview(array.tobytes()), FORMATS["float32"])
    assert found.is_zero == (array.size > 0 and not array.any())


@pytest.mark.parametrize(("array", "wanted"), [
    (np.zeros((2, 3), np.int8), None), (np.zeros((2, 0), np.float32), 0),
    (np.array([[0, 1, 0], [0, 2, -0.0]], np.float32), 2), (np.array([[0, 1], [1, 0]], np.float32), 0),
    (np.ones((2, 3), np.float32), 0)])
def test_columns_of_zeros_are_counted_in_numbers_of_a_known_format(array, wanted):
    proto = model([helper.make_node("Cast", ["w"], ["y"], to=1)], {"w": array}, (2,))
    graph = archcheck.load(proto.SerializeToString())
    found, kind = Statistics(Payloads(graph)), graph.weights["w"]
    assert (found.of(kind) is None) == (wanted is None)
    assert found.empty_slices(kind, 1) == (wanted or 0)


@pytest.mark.parametrize("kind", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
def test_one_number_that_is_none(kind, dtype):
    array = normal(8, 8).astype(dtype)
    assert product(array) == []
    array[5, 3] = kind
    assert product(array) == ["NUM101"]


# ---------------------------------------------------------------------------------- output channels
LAYERS = {
    "conv": ("Conv", {}, (5, 3, 3, 3), (2, 3, 6, 6), False),
    "grouped": ("Conv", {"group": 2}, (6, 2, 3, 3), (2, 4, 6, 6), False),
    "depthwise": ("Conv", {"group": 4}, (4, 1, 3, 3), (2, 4, 6, 6), False),
    "transposed": ("ConvTranspose", {}, (3, 5, 2, 2), (2, 3, 6, 6), False),
    "gemm": ("Gemm", {}, (4, 5), (3, 4), False),
    "gemm, rows": ("Gemm", {"transB": 1}, (5, 4), (3, 4), False),
    "right": ("MatMul", {}, (4, 5), (2, 3, 4), False),
    "left": ("MatMul", {}, (5, 3), (2, 3, 4), True),
    "stacked": ("MatMul", {}, (2, 4, 5), (3, 4), False),
    "einsum": ("Einsum", {"equation": "nc,oc->no"}, (5, 4), (3, 4), False),
}
AXES = [(name, axis) for name, layer in LAYERS.items() for axis in range(len(layer[2]))]


@pytest.mark.parametrize(("name", "axis"), AXES)
def test_a_dead_channel_is_one_whose_result_is_zero(name, axis):
    op, attrs, shape, x, is_left = LAYERS[name]
    weight = normal(*shape)
    if weight.shape[axis] == 1:
        pytest.skip("the axis has one position")
    weight[(slice(None),) * axis + (1,)] = 0
    node = helper.make_node(op, ["w", "x"] if is_left else ["x", "w"], ["y"], **attrs)
    proto = model([node], {"w": weight}, x)
    (made,) = ReferenceEvaluator(proto).run(None, {"x": normal(*x)})
    places = (1,) if op.startswith("Conv") else range(1, made.ndim)
    slices = [part for place in places for part in np.moveaxis(made, place, 0)]
    is_dead = not all(part.any() for part in slices)
    assert codes(proto) == (["NUM103"] if is_dead else [])


@pytest.mark.parametrize(("channels", "found"), [(100, ["NUM103"]), (101, [])])
def test_one_channel_in_a_hundred(channels, found):
    weight = normal(3, channels)
    weight[:, 7] = 0
    assert product(weight) == found


def test_dead_channels_of_one_layer_and_of_several():
    weight = normal(4, 4)
    weight[:, 1] = 0
    nodes = [helper.make_node("MatMul", ["x", "w"], ["a"]), helper.make_node("MatMul", ["a", "v"], ["y"])]
    for other, said in ((normal(4, 4), "1 of the 4 output channels have only zeros as weights"),
                        (weight * 2, "2 of the 8 output channels of 2 layers have only zeros as weights")):
        (one,) = findings(model(nodes, {"w": weight, "v": other}), select=("NUM103",))
        assert one.message == said


@pytest.mark.parametrize(("count", "wanted"), [(1, []), (2, ["NUM104"])])
def test_more_than_a_thousandth_is_denormal(count, wanted):
    weight = normal(10, 100)
    weight[3, :count] = 1e-40
    assert product(weight, select=("NUM104",)) == wanted


def test_denormal_numbers_of_one_weight_and_of_several():
    weight = normal(4, 4)
    weight[1, 1:3] = 1e-40
    nodes = [helper.make_node("MatMul", ["x", "w"], ["a"]), helper.make_node("MatMul", ["a", "v"], ["y"])]
    for other, said in ((normal(4, 4), "2 of the 16 numbers are denormal"),
                        (weight.T, "4 of the 32 numbers of 2 weights are denormal")):
        (one,) = findings(model(nodes, {"w": weight, "v": other}), select=("NUM104",))
        assert one.message == said


@pytest.mark.parametrize(("numbers", "said"), [
    ([1, 65520, 3, 4], "a constant is infinite in float16"),
    ([1, 65520, -1e30, 4], "2 numbers of a constant are infinite in float16")])
def test_how_many_numbers_float16_cannot_hold(numbers, said):
    proto = model([helper.make_node("Add", ["x", "c"], ["y"])], {"c": np.float32(numbers)})
    assert [one.message for one in findings(proto, select=("NUM105",), targets=("fp16",))] == [said]


def test_a_square_of_what_was_cast_may_have_an_exponent_of_any_type():
    nodes = [helper.make_node("Cast", ["x"], ["h"], to=TensorProto.FLOAT16),
             helper.make_node("Cast", ["h"], ["f"], to=TensorProto.FLOAT),
             helper.make_node("Pow", ["f", "two"], ["p"]), helper.make_node("ReduceMean", ["p"], ["y"])]
    for lifted, wanted in ((nodes, []), ([*nodes[:1], helper.make_node("Pow", ["h", "two"], ["p"]), nodes[3]],
                                         ["NUM107"])):
        assert codes(model(lifted, {"two": np.int64(2)}), select=("NUM107",), targets=("fp16",)) == wanted


@pytest.mark.parametrize(("count", "said"), [(1, "the batch normalization has"),
                                             (2, "all 2 batch normalizations have")])
def test_how_many_normalizations_are_untrained(count, said):
    nodes = [helper.make_node("BatchNormalization", [given, *"sbmv"], [made])
             for given, made in zip(["x", "a"], ["y"] if count == 1 else ["a", "y"])]
    zeros, ones = np.zeros(4, np.float32), np.ones(4, np.float32)
    proto = model(nodes, {"s": normal(4), "b": normal(4), "m": zeros, "v": ones})
    (one,) = findings(proto, select=("NUM100",))
    assert one.message == f"the weights are untrained: {said} means of 0 and variances of 1"


def test_a_weight_behind_a_transposition_and_a_cast():
    weight = normal(1300, 3).astype(np.float16)  # too many elements to be followed as values
    weight[:20] = 0
    nodes = [helper.make_node("Transpose", ["w"], ["t"], perm=[1, 0]),
             helper.make_node("Cast", ["t"], ["c"], to=TensorProto.FLOAT),
             helper.make_node("MatMul", ["x", "c"], ["y"])]
    proto = model(nodes, {"w": weight}, ("N", 3))
    (one,) = findings(proto, select=("NUM10",))
    assert (one.code, one.value, dict(one.facts)) == ("NUM103", "w", {"dead": 20, "channels": 1300})


def test_layers_are_counted_together():
    a, b = normal(4, 4), normal(4, 4)
    a[:, 0] = b[:, 1:3] = 0
    nodes = [helper.make_node("MatMul", ["x", "a"], ["h"]), helper.make_node("Relu", ["h"], ["r"]),
             helper.make_node("MatMul", ["r", "b"], ["y"])]
    (one,) = findings(model(nodes, {"a": a, "b": b}), select=("NUM10",))
    assert "3 of the 8 output channels of 2 layers" in one.message


@pytest.mark.parametrize(("count", "found"), [(10, []), (11, ["NUM104"])])
def test_one_denormal_in_a_thousand(count, found):
    weight = np.ones((100, 100), np.float32)
    weight.reshape(-1)[:count] = 1e-39
    assert product(weight) == found
    assert product(weight.astype(np.float64)) == []


# ---------------------------------------------------------------------------------- training
def test_untrained_networks_have_zeros_but_no_nan():
    weights = {"w": np.zeros((4, 4), np.float32), "b": np.zeros(4, np.float32), "v": normal(4, 4),
               "c": np.zeros(4, np.float32)}
    nodes = [helper.make_node("Gemm", ["x", "w", "b"], ["h"]),
             helper.make_node("Gemm", ["h", "v", "c"], ["y"])]
    assert codes(model(nodes, weights)) == ["NUM100"]
    weights["v"][1, 1] = np.nan
    assert codes(model(nodes, weights)) == ["NUM101", "NUM100"]
    weights["c"][3] = 1
    assert codes(model(nodes, weights)) == ["NUM101", "NUM102"]


@pytest.mark.parametrize(("at", "found"), [(None, ["NUM100"]), (3, []), (4, [])])
def test_one_statistic_tells_that_it_was_trained(at, found):
    weights = {"s": normal(4), "b": normal(4), "m": np.zeros(4, np.float32), "v": np.ones(4, np.float32)}
    if at:
        weights["sbmv"[at - 1]][2] = 0.5
    assert codes(model([helper.make_node("BatchNormalization", ["x", *"sbmv"], ["y"])], weights)) == found


def test_added_vectors_are_biases():
    weights = {"w": normal(4, 4), "v": normal(4, 4), **{name: np.zeros(4, np.float32) for name in "bc"}}
    nodes = [helper.make_node("MatMul", ["x", "w"], ["p"]), helper.make_node("Add", ["p", "b"], ["h"]),
             helper.make_node("MatMul", ["h", "v"], ["q"]), helper.make_node("Add", ["c", "q"], ["y"])]
    assert codes(model(nodes, weights)) == ["NUM100"]
    weights["b"][0] = 1
    assert codes(model(nodes, weights)) == []


# ---------------------------------------------------------------------------------- where weights are
def test_embeddings_are_weights_and_masks_are_none():
    table = normal(5, 4)
    table[2, 2] = np.inf
    nodes = [helper.make_node("Cast", ["x"], ["i"], to=TensorProto.INT64),
             helper.make_node("Gather", ["w", "i"], ["y"])]
    assert codes(model(nodes, {"w": table})) == ["NUM101"]
    for op in ("Add", "Max"):
        assert codes(model([helper.make_node(op, ["x", "w"], ["y"])], {"w": table[2]})) == []


def test_a_mask_of_attention_is_no_weight():
    mask = np.triu(np.full((4, 4), -np.inf, np.float32), 1)
    made = helper.make_node("Attention", ["x", "x", "x", "m"], ["y"], q_num_heads=2, kv_num_heads=2)
    proto = model([made], {"m": mask}, (1, 4, 8))
    proto.opset_import[0].version = 23
    assert archcheck.analyze(proto).macs == 2 * 4 * 4 * 8
    assert codes(proto) == []


def test_an_initial_state_is_no_weight():
    weights = {"w": normal(1, 3, 4), "r": normal(1, 3, 3), "h": np.zeros((1, 1, 3), np.float32)}
    made = helper.make_node("RNN", ["x", "w", "r", "", "", "h"], ["y"], hidden_size=3)
    proto = model([made], weights, (5, 1, 4))
    assert codes(proto) == []
    proto = model([helper.make_node("RNN", ["x", "w", "h2"], ["y"], hidden_size=3)],
                  {"w": weights["w"], "h2": np.zeros((1, 3, 3), np.float32)}, (5, 1, 4))
    assert codes(proto) == ["NUM102"]


def test_zeros_that_meet_no_data_are_no_layer():
    nodes = [helper.make_node("MatMul", ["h", "w"], ["p"]), helper.make_node("Add", ["x", "p"], ["y"])]
    weights = {"h": np.zeros((1, 4), np.float32), "w": normal(4, 4)}
    assert codes(model(nodes, weights)) == []


def stored_beside(folder, array, is_there):
    """A model whose weight is external."""
    tensor = numpy_helper.from_array(array, "w")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="w.bin")
    proto = model([helper.make_node("MatMul", ["x", "w"], ["y"])], {}, ("N", len(array)))
    proto.graph.initializer.append(tensor)
    (folder / "m.onnx").write_bytes(proto.SerializeToString())
    if is_there:
        (folder / "w.bin").write_bytes(array.tobytes())
    return folder / "m.onnx"


@pytest.mark.parametrize(("is_there", "found"), [(True, ["NUM102"]), (False, [])])
def test_weights_that_are_not_there_are_not_judged(is_there, found, tmp_path):
    assert codes(stored_beside(tmp_path, np.zeros((64, 64), np.float32), is_there)) == found


def test_weights_are_not_read_where_they_are_not_wanted():
    zero = np.zeros((64, 64), np.float32)
    assert product(zero, weights=False) == []
    assert product(zero, select=()) == ["NUM102"]


# ---------------------------------------------------------------------------------- float16
@pytest.mark.parametrize(("value", "found"), [(65519.0, []), (-65520.0, ["NUM105"]), (-np.inf, [])])
def test_constants_that_float16_has_no_number_for(value, found):
    for name in ("Add", "Min"):
        proto = model([helper.make_node(name, ["x", "c"], ["y"])], {"c": np.float32([value])})
        assert codes(proto, select=("NUM105",), targets=("fp16",)) == (found if name == "Add" else [])
        assert codes(proto, select=("NUM105",), targets=("int8",)) == []


@pytest.mark.parametrize(("count", "found"), [(5, []), (6, ["NUM106"])])
def test_weights_that_float16_makes_zero(count, found):
    weight = np.ones((10, 10), np.float32)
    weight.reshape(-1)[:count] = 2.0**-25
    assert product(weight, select=("NUM106",), targets=("fp16",)) == found
    weight.reshape(-1)[:count] = 2.0**-24
    assert product(weight, select=("NUM106",), targets=("fp16",)) == []


def test_a_mean_that_was_cast_first_is_fine():
    def normalized(cast):
        nodes = [helper.make_node("Cast", ["x"], ["h"], to=TensorProto.FLOAT16),
                 helper.make_node("Cast", ["h"], ["f"], to=TensorProto.FLOAT),
                 helper.make_node("ReduceMean", ["f"], ["m"], axes=[-1]),
                 helper.make_node("Sub", ["f" if cast else "x", "m"], ["d"]),
                 helper.make_node("Pow", ["d", "two"], ["s"]),
                 helper.make_node("ReduceMean", ["s"], ["y"], axes=[-1])]
        return codes(model(nodes, {"two": np.float32(2)}), select=("NUM107",), targets=("fp16",))
    assert normalized(True) == []
    assert normalized(False) == ["NUM107"]


@pytest.mark.parametrize(("power", "wanted"), [(2, ["NUM107"]), (3, [])])
def test_means_of_other_powers(power, wanted):
    nodes = [helper.make_node("Pow", ["x", "p"], ["s"]),
             helper.make_node("ReduceMean", ["s"], ["y"], axes=[-1])]
    proto = model(nodes, {"p": np.float32(power)})
    assert codes(proto, select=("NUM107",), targets=("fp16",)) == wanted


# ---------------------------------------------------------------------------------- ranges
UNARY = sorted({name for name in FIXED if not name.startswith("Reduce")} | {"Neg", "Identity"})
BINARY = sorted(name for name, (count, _) in RULES.items() if count == 2)
REDUCED = [name for name in (*FIXED, *KEPT) if name.startswith("Reduce") and name != "ReduceSum"]


def chain(random):
    """Random nodes that read each other."""
    nodes, names = [], ["x"]
    for k in range(12):
        op = str(random.choice([*UNARY, *BINARY, *REDUCED, "Sqrt", "Clip"]))
        given = [str(name) for name in random.choice(names, 2 if op in BINARY else 1)]
        if op == "Pow" or op in BINARY and random.random() < 0.3:
            given[1] = "two" if op == "Pow" else "small"
        if op == "Clip":
            given += ["small", "two"]
        attrs = {"axes": [-1]} if op.startswith("Reduce") else {}
        nodes.append(helper.make_node(op, given, [f"v{k}"], **attrs))
        names.append(f"v{k}")
    return nodes


@pytest.mark.parametrize("seed", range(25))
def test_values_lie_in_their_ranges(seed):
    random = np.random.default_rng(seed)
    nodes = chain(random)
    outputs = [name for node in nodes for name in node.output]
    proto = model(nodes, {"two": np.float32(2), "small": np.float32(0.25)}, (3, 4), outputs)
    case = Case(archcheck.analyze(proto), archcheck.Settings())
    told = {name: found for (_, name), found in ranges(case).items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        x = random.standard_normal((3, 4)).astype(np.float32)
        made = ReferenceEvaluator(proto).run(outputs, {"x": x})
    for name, array in zip(outputs, made):
        numbers = array[np.isfinite(array)]
        slack = 1e-5 * (1 + np.abs(numbers))
        assert (numbers >= told[name].low - slack).all(), name
        assert (numbers <= told[name].high + slack).all(), name


@pytest.mark.parametrize(("to", "wanted"), [(TensorProto.INT64, ["NUM109"]), (TensorProto.DOUBLE, [])])
def test_a_cast_to_integers_reaches_zero(to, wanted):
    nodes = [helper.make_node("Clip", ["x", "small"], ["c"]), helper.make_node("Cast", ["c"], ["i"], to=to),
             helper.make_node("Cast", ["i"], ["f"], to=TensorProto.FLOAT),
             helper.make_node("Reciprocal", ["f"], ["y"])]
    proto = model(nodes, {"small": np.float32(0.25)})
    assert codes(proto, select=("NUM109",), profiles=("numeric",)) == wanted


@pytest.mark.parametrize(("power", "wanted"), [(2, []), (3, ["NUM109"])])
def test_powers_below_zero(power, wanted):
    nodes = [helper.make_node("Pow", ["x", "p"], ["c"]), helper.make_node("Sqrt", ["c"], ["y"])]
    proto = model(nodes, {"p": np.float32(power)})
    assert codes(proto, select=("NUM109",), profiles=("numeric",)) == wanted


@pytest.mark.parametrize(("op", "given", "said"), [
    ("Reciprocal", "relu", "a divisor can be 0"), ("Reciprocal", "tanh", "a divisor can be 0 or negative"),
    ("Reciprocal", "below", None), ("Reciprocal", "above", None),
    ("Log", "relu", "a logarithm's argument can be 0"), ("Log", "above", None),
    ("Log", "below", "a logarithm's argument can be 0 or negative"),
    ("Sqrt", "relu", None), ("Sqrt", "below", "a radicand can be 0 or negative")])
def test_what_cannot_be_given_to_every_operator(op, given, said):
    """``above`` is x² + 1/4 and ``below`` the same with a minus."""
    nodes = [helper.make_node("Relu", ["x"], ["relu"]), helper.make_node("Tanh", ["x"], ["tanh"]),
             helper.make_node("Mul", ["x", "x"], ["square"]),
             helper.make_node("Add", ["square", "c"], ["above"]),
             helper.make_node("Neg", ["above"], ["below"]), helper.make_node(op, [given], ["y"])]
    found = findings(model(nodes, {"c": np.float32(0.25)}), select=("NUM109",), profiles=("numeric",))
    assert [one.message for one in found] == ([said] if said else [])


@pytest.mark.parametrize(("body", "wanted"), [
    # what is above 0 times what is above 0 is above 0, and 0 or more times it may be 0
    ("e = Exp(x) s = Softplus(x) v = Mul(e, s) y = Reciprocal(v)", 0),
    ("e = Exp(x) r = Relu(x) v = Mul(e, r) y = Reciprocal(v)", 1),
    ("e = Exp(x) r = Relu(x) v = Mul(r, e) y = Reciprocal(v)", 1),
    ("r = Relu(x) v = Neg(r) y = Reciprocal(v)", 1), ("e = Exp(x) v = Neg(e) y = Reciprocal(v)", 0),
    # powers: of what is above 0 any; of 0 and more none below 0; even ones of anything
    ("e = Exp(x) v = Pow(e, three) y = Reciprocal(v)", 0),
    ("r = Relu(x) v = Pow(r, two) y = Reciprocal(v)", 1),
    ("v = Pow(x, two) y = Sqrt(v)", 0), ("v = Pow(x, none) y = Sqrt(v)", 0),
    ("v = Pow(x, less) y = Sqrt(v)", 0),
    ("v = Pow(x, three) y = Sqrt(v)", 1), ("r = Relu(x) v = Pow(r, half) y = Sqrt(v)", 0),
    ("r = Relu(x) v = Pow(r, r) y = Sqrt(v)", 0), ("r = Relu(x) v = Pow(r, x) y = Sqrt(v)", 1),
    # the larger is no less than either, the smaller no more
    ("v = Max(x, half) y = Reciprocal(v)", 0), ("v = Min(x, half) y = Reciprocal(v)", 1),
    ("m = Min(x, one) v = Sub(one, m) y = Sqrt(v)", 0), ("m = Max(x, one) v = Sub(one, m) y = Sqrt(v)", 1),
    # a quotient is not negative where its divisor is above 0; 1 / -0.0 is -inf
    ("r = Relu(x) e = Exp(x) v = Div(r, e) y = Sqrt(v)", 0), ("e = Exp(x) v = Div(x, e) y = Sqrt(v)", 1),
    ("r = Relu(x) e = Exp(x) v = Div(e, r) y = Sqrt(v)", 2),
    # sums lie on the side of 0 where what is summed does, and are no means
    ("r = Relu(x) v = ReduceSum(r) y = Sqrt(v)", 0), ("r = Relu(x) v = ReduceSum(r, axes) y = Sqrt(v)", 0),
    ("r = Relu(x) n = Neg(r) s = ReduceSum(n) v = Neg(s) y = Sqrt(v)", 0),
    ("t = Tanh(x) s = ReduceSum(t) v = Sub(one, s) y = Sqrt(v)", 1),
    ("h = HardSigmoid(x) s = ReduceSum(h) v = Sub(one, s) y = Sqrt(v)", 1),
    ("h = HardSigmoid(x) s = Neg(h) t = ReduceSum(s) v = Add(one, t) y = Sqrt(v)", 1),
    ("h = HardSigmoid(x) s = ReduceMean(h) v = Sub(one, s) y = Sqrt(v)", 0),
    ("r = Relu(x) v = Gather(r, axes) y = Sqrt(v)", 0),
    # no more than its bounds, given or not; a floor is not a Clip
    ("h = HardSigmoid(x) c = Clip(h, , two) v = Sub(one, c) y = Sqrt(v)", 0),
    ("c = Clip(x, none, half) s = Sqrt(c) v = Sub(one, s) y = Sqrt(v)", 0),
    ("s = Sigmoid(x) v = Floor(s) y = Reciprocal(v)", 1), ("r = Relu(x) v = Sqrt(r) y = Reciprocal(v)", 1),
    ("c = Clip(x, none, quarter) s = Sqrt(c) v = Sub(half, s) y = Sqrt(v)", 0),
    # −∞ + ∞ is no number, and no bound either
    ("v = Add(x, infinite) y = Sqrt(v)", 1),
    # the places of a maximum begin at 0, whatever is there
    ("e = Exp(x) m, i = MaxPool<kernel_shape = [2]>(e) v = Cast<to = 1>(i) y = Reciprocal(v)", 1),
])
def test_what_operators_can_make_of_what_they_are_given(body, wanted):
    proto = onnx.parser.parse_model(f"""<ir_version: 8, opset_import: ["": 17]>
        g (float[N, 4, 4] x) => (float y)
        <float one = {{1}}, float two = {{2}}, float three = {{3}}, float half = {{0.5}},
         float quarter = {{0.25}}, float none = {{0}}, float less = {{-2}}, float infinite = {{inf}},
         int64[1] axes = {{-1}}> {{ {body} }}""")
    assert len(codes(proto, select=("NUM109",), profiles=("numeric",))) == wanted


@pytest.mark.parametrize(("op", "low", "high", "reaches"), [
    ("Relu", 0, None, True), ("Abs", 0, None, True), ("ReduceL1", 0, None, True), ("ReduceL2", 0, None, True),
    ("ReduceSumSquare", 0, None, True), ("Exp", 0, None, False), ("Softplus", 0, None, False),
    ("Sigmoid", 0, 1, False), ("Softmax", 0, 1, False), ("HardSigmoid", 0, 1, True), ("Tanh", -1, 1, True),
    ("Softsign", -1, 1, True), ("Erf", -1, 1, True), ("Sin", -1, 1, True), ("Cos", -1, 1, True)])
def test_where_functions_begin_and_end(op, low, high, reaches):
    """Of what a function makes, less its least number, a root can be taken, and of its largest number less
    that; there is none of less by a thousandth. It can be divided by where it does not reach 0."""
    def told(*nodes, **weights):
        made = [helper.make_node(op, ["x"], ["v"]), *(helper.make_node(*node) for node in nodes)]
        proto = model(made, {name: np.float32(value) for name, value in weights.items()})
        return codes(proto, select=("NUM109",), profiles=("numeric",))

    assert told(("Sub", ["v", "a"], ["w"]), ("Sqrt", ["w"], ["y"]), a=low) == []
    assert told(("Sub", ["v", "a"], ["w"]), ("Sqrt", ["w"], ["y"]), a=low + 0.001) == ["NUM109"]
    for least in () if high is None else (0.0, 0.001):
        found = told(("Sub", ["a", "v"], ["w"]), ("Sqrt", ["w"], ["y"]), a=high - least)
        assert found == (["NUM109"] if least else [])
    assert told(("Reciprocal", ["v"], ["y"])) == (["NUM109"] if reaches else [])


@pytest.mark.parametrize(("number", "wanted"), [(65519, []), (-65520, ["NUM105"])])
def test_a_fill_of_a_node_is_a_constant(number, wanted):
    value = numpy_helper.from_array(np.float32([number]), "v")
    nodes = [helper.make_node("ConstantOfShape", ["n"], ["c"], value=value),
             helper.make_node("Add", ["x", "c"], ["y"])]
    for size in (4, 4000):
        proto = model(nodes, {"n": np.int64([size])}, ("N", size))
        assert codes(proto, select=("NUM105",), targets=("fp16",)) == wanted


@pytest.mark.parametrize(("variance", "epsilon", "found"), [
    (0.0, 1e-5, []), (-1e-6, 1e-5, ["NUM110"]), (0.0, 0.0, ["NUM110"]), (1e-6, 0.0, []),
    (np.nan, 1e-5, ["NUM101"])])
def test_variances(variance, epsilon, found):
    weights = {"s": normal(4), "b": normal(4), "m": normal(4), "v": np.float32([1, 2, variance, 3])}
    node = helper.make_node("BatchNormalization", ["x", *"sbmv"], ["y"], epsilon=epsilon)
    assert codes(model([node], weights)) == found


# ---------------------------------------------------------------------------------- what was not trained
BRANCHES = """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 2] x) => (float[N, 2] y)
    <float[2, 2] v = {1, 2, 3, 4}, float[2, 2] p = {0, 0, 0, 0}, float[2, 2] q = {0, 0, 0, LAST},
     float k = {2}>
    { a = MatMul (x, v) i = Identity (p) b = MatMul (a, i) c = Mul (b, k) d = Add (x, c)
      e = MatMul (d, v) g = Relu (e) h = MatMul (g, q) y = Add (h, d) }"""


@pytest.mark.parametrize(("last", "expected"), [(0, ["NUM100"]), (1, ["NUM102", "NUM103"])])
def test_residual_branches_that_start_as_nothing(last, expected):
    """Only where each of them does; one of them alone is a layer that was lost."""
    assert codes(onnx.parser.parse_model(BRANCHES.replace("LAST", str(last)))) == expected


@pytest.mark.parametrize(("old", "new", "wanted"), [
    ("e = MatMul (d, v)", "o = Add (d, k) e = MatMul (o, v)", ["NUM100"]),   # a constant that is added
    ("e = MatMul (d, v)", "o = Add (k, d) e = MatMul (o, v)", ["NUM100"]),   # makes no branch
    ("c = Mul (b, k)", "o = MatMul (b, v) c = Mul (o, k)", []),              # nor are the zeros last here
    ("y = Add (h, d)", "o = Exp (h) y = Add (o, d)", [])])                   # or what is added 0
def test_the_zeros_are_what_is_added(old, new, wanted):
    text = BRANCHES.replace("LAST", "0")
    assert old in text
    assert codes(onnx.parser.parse_model(text.replace(old, new)), select=("NUM100",)) == wanted


def test_a_variance_that_is_not_there_is_not_judged():
    node = helper.make_node("BatchNormalization", ["x", *"sbmv"], ["y"])
    proto = model([node], {name: normal(4) for name in "sbmv"})
    variance = proto.graph.initializer[-1]
    variance.ClearField("raw_data")
    variance.data_location = TensorProto.EXTERNAL
    variance.external_data.add(key="location", value="nowhere.bin")
    assert codes(proto, select=("NUM110",), weights=True) == []
