"""Fixes that write other nodes: merged layers, dead products, doubles, quantisation, repeated weights, old
opsets. ONNX Runtime runs what was and what is."""
from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper, shape_inference

from tests.fixing._mending import close, found, mend, model, outputs, same

RANDOM = np.random.default_rng(0)


def filled(text, **shapes):
    """A model with random weights of these shapes."""
    proto = model(text)
    for name, shape in shapes.items():
        array = RANDOM.uniform(0.5, 1.5, shape).astype(np.float32)
        proto.graph.initializer.append(numpy_helper.from_array(array, name))
    return proto


# ---------------------------------------------------------------------------------- layers merged
FLAT = "g (float[N, 16] x) => (float[N, 8] y) "
DEEP = "g (float[N, 5, 16] x) => (float[N, 5, 8] y) "
MAPS = "g (float[N, 6, 12, 12] x) => (float[N, 4, H, W] y) "
LINEAR = [
    (FLAT + "{ a = Gemm <transB = 1> (x, v, b) y = Gemm <alpha = 0.5, beta = 2.0> (a, w, c) }",
     {"v": (12, 16), "b": (12,), "w": (12, 8), "c": (1, 8)}, ["Gemm"]),
    (DEEP + "{ a = MatMul (x, v) d = Add (b, a) y = MatMul (d, w) }",
     {"v": (16, 12), "b": (12,), "w": (12, 8)}, ["MatMul", "Add"]),
    (DEEP + "{ a = MatMul (x, v) d = Sub (b, a) y = MatMul (d, w) }",
     {"v": (16, 12), "b": (12,), "w": (12, 8)}, ["MatMul", "Add"]),
    (DEEP + "{ a = MatMul (x, v) y = MatMul (a, w) }", {"v": (16, 12), "w": (12, 8)}, ["MatMul"]),
    (DEEP + "{ a = MatMul (x, v) d = Div (a, b) e = Sub (d, c) f = Mul (e, b) y = MatMul (f, w) }",
     {"v": (16, 12), "b": (12,), "c": (1, 1, 1), "w": (12, 8)}, ["MatMul", "Add"]),
    (MAPS + "{ a = Conv <pads = [1, 1, 1, 1], strides = [2, 2]> (x, v, b) y = Conv (a, w, c) }",
     {"v": (16, 6, 3, 3), "b": (16,), "w": (4, 16, 1, 1), "c": (4,)}, ["Conv"]),
    (MAPS + "{ a = Conv (x, v, b) y = Conv <dilations = [2, 2]> (a, w) }",
     {"v": (12, 6, 1, 1), "b": (12,), "w": (4, 12, 3, 3)}, ["Conv"]),
    (MAPS + "{ a = Conv <strides = [2, 1]> (x, v) y = Conv <strides = [1, 3]> (a, w) }",
     {"v": (12, 6, 1, 1), "w": (4, 12, 1, 1)}, ["Conv"]),
    (MAPS + "{ a = Conv (x, v) y = Conv <pads = [1, 1, 1, 1]> (a, w, c) }",
     {"v": (12, 6, 1, 1), "w": (4, 12, 1, 1), "c": (4,)}, ["Conv"]),
    (MAPS + "{ a = Conv (x, v, b) d = BatchNormalization (a, s, b, c, s) e = Mul (d, f) y = Conv (e, w) }",
     {"v": (16, 6, 3, 3), "b": (16,), "s": (16,), "c": (16,), "f": (16, 1, 1), "w": (4, 16, 1, 1)}, ["Conv"]),
]
"""Two linear layers, their weights, and the operators that are left."""


@pytest.mark.parametrize(("text", "shapes", "ops"), LINEAR)
def test_two_linear_layers_become_one(text, shapes, ops, tmp_path):
    proto = filled(text, **shapes)
    assert not mend(tmp_path, proto, "ARC001").done.done
    pair = mend(tmp_path, proto, "ARC001", unsafe=True)
    given = {"x": tuple(dim.dim_value or 3 for dim in proto.graph.input[0].type.tensor_type.shape.dim)}
    assert pair.ops == ops
    assert close(pair, **given)
    assert not found(pair.new, "ARC001")


def test_three_linear_layers_become_one(tmp_path):
    text = "g (float[N, 8] x) => (float[N, 8] y) { a = MatMul (x, u) b = MatMul (a, v) y = MatMul (b, w) }"
    proto = filled(text, u=(8, 16), v=(16, 16), w=(16, 8))
    pair = mend(tmp_path, proto, "ARC001", "GRA001", unsafe=True)
    assert (pair.ops, len(pair.new.graph.initializer)) == (["MatMul"], 1)
    assert close(pair, x=(3, 8))


@pytest.mark.parametrize(("text", "shapes"), [
    ("g (float[3, 16] x) => (float[3, 8] y) { a = Gemm (x, v, b) y = Gemm (a, w) }",
     {"v": (16, 12), "b": (3, 1), "w": (12, 8)}),
    ("g (float[N, 5, 16] x) => (float[N, 5, 8] y) { a = MatMul (x, v) d = Add (a, b) y = MatMul (d, w) }",
     {"v": (16, 12), "b": (5, 12), "w": (12, 8)}),
    ("""g (float[N, 5, 16] x) => (float[N, 5, 8] y) { a = MatMul (x, v)
     d = BatchNormalization (a, b, b, b, b) y = MatMul (d, w) }""",
     {"v": (16, 12), "b": (5,), "w": (12, 8)})])
def test_layers_with_other_things_between_them_are_left(text, shapes, tmp_path):
    done = mend(tmp_path, filled(text, **shapes), "ARC001", unsafe=True).done
    assert not done.done and [code for code, _ in done.declined] == ["ARC001"]


@pytest.mark.parametrize(("first", "second", "kernel"), [
    ("pads = [1, 1, 1, 1]", "strides = [1, 1]", 1), ("strides = [2, 2]", "pads = [1, 1, 1, 1]", 1),
    ("strides = [1, 1]", "pads = [1, 1, 1, 1]", 3)])
def test_padding_of_a_single_tap_keeps_layers_apart(first, second, kernel):
    """What is padded is 0 in one, and the bias or another position in the other."""
    text = MAPS + f"{{ a = Conv <{first}> (x, v) y = Conv <{second}> (a, w) }}"
    shapes = {"v": (16, 6, kernel, kernel), "w": (4, 16, 1, 1)}
    assert not found(filled(text, **shapes), "ARC001")
    assert found(filled(text.replace("pads = [1, 1, 1, 1]", "group = 1"), **shapes), "ARC001")


# ---------------------------------------------------------------------------------- dead products
def test_zeros_that_are_added_are_left_out(tmp_path):
    text = """g (float[N, 4] x) => (float[N, 4] y) <float z = {0}>
        { a = Exp (x) b = Mul (z, a) c = Relu (x) y = Add (c, b) }"""
    pair = mend(tmp_path, text, "ARC013", "GRA002", unsafe=True)
    assert pair.ops == ["Relu"]
    assert same(pair, x=(3, 4))


@pytest.mark.parametrize("dtype", ["float", "int64"])
def test_a_branch_that_is_zero_is_left_out(dtype, tmp_path):
    text = f"""g ({dtype}[3, 4] x) => ({dtype}[3, 4] y) <{dtype} z = {{0}}>
        {{ a = Abs (x) b = Mul (a, z) y = Neg (b) }}"""
    pair = mend(tmp_path, text, "ARC013", "GRA002", unsafe=True)
    assert pair.ops == ["ConstantOfShape", "Neg"]
    old, new = (outputs(one, x=np.ones((3, 4), "float32" if dtype == "float" else dtype))[0]
                for one in (pair.old, pair.new))
    assert np.array_equal(old, new) and old.dtype == new.dtype


def test_zeros_of_an_open_size_are_left(tmp_path):
    text = """g (float[N, 4] x) => (float[N, 4] y) <float z = {0}>
        { a = Exp (x) b = Mul (a, z) y = Neg (b) }"""
    assert not mend(tmp_path, text, "ARC013", unsafe=True).done.done


# ---------------------------------------------------------------------------------- doubles
SINGLES = "l = Relu (x) q = Exp (x) r = Exp (x) v = Neg (q) "
DOUBLES = [
    ("<double k = {0.5}> { d = Cast <to = 11> (x) m = Mul (k, d) e = Exp (m) y = Cast <to = 1> (e) ", "dme"),
    ("""<double k = {0.5}> { d = CastLike (x, k) b = Greater (d, k) e = Where (b, d, k)
     y = Cast <to = 1> (e) """, "de"),
    ("""{ s = Shape (x) t = Cast <to = 11> (s) p = ReduceProd <keepdims = 0> (t) d = Cast <to = 11> (x)
     e = Div (d, p) y = Cast <to = 1> (e) """, "de"),
]
"""What computes doubles, and the values that are to be single."""


@pytest.mark.parametrize(("text", "values"), DOUBLES)
def test_doubles_become_single(text, values, tmp_path):
    pair = mend(tmp_path, f"g (float[N, 4] x) => (float[N, 4] y) {text} {SINGLES} }}", "DTY101", unsafe=True)
    assert found(pair.old, "DTY101") and not found(pair.new, "DTY101")
    assert close(pair, x=(3, 4))
    types = {one.name: one.type.tensor_type.elem_type
             for one in shape_inference.infer_shapes(pair.new, strict_mode=True).graph.value_info}
    assert [types[name] for name in values] == [1] * len(values)
    assert types.get("t", 11) == 11  # sizes stay as they are


def test_outputs_stay_doubles(tmp_path):
    text = f"""g (float[N, 4] x) => (double[N, 4] y, float[N, 4] z) {{ d = Cast <to = 11> (x) y = Exp (d)
        e = Relu (y) z = Cast <to = 1> (e) {SINGLES} }}"""
    pair = mend(tmp_path, text, "DTY101", unsafe=True)
    types = {one.name: one.type.tensor_type.elem_type
             for one in shape_inference.infer_shapes(pair.new, strict_mode=True).graph.value_info}
    assert types["e"] == 1
    assert pair.done.done["DTY101"] == 1
    assert close(pair, x=(3, 4)) and outputs(pair.new, x=(3, 4))[0].dtype == np.float64


def test_doubles_that_a_body_reads_are_left(tmp_path):
    text = """g (float[N, 4] x, bool c) => (float[N, 4] y) { a = Exp (x) b = Relu (x) d = Cast <to = 11> (x)
        y = If (c) <then_branch = t () => (p) { p = Cast <to = 1> (d) },
                    else_branch = e () => (q) { q = Neg (x) }> }"""
    done = mend(tmp_path, text, "DTY101", unsafe=True).done
    assert not done.done and [code for code, _ in done.declined] == ["DTY101"]


# ---------------------------------------------------------------------------------- quantisation
PAIR = "float s = {0.05}, uint8 z = {128}"


@pytest.mark.parametrize("activation", ["Relu (d)", "Clip (d, lo, hi)"])
@pytest.mark.parametrize("again", [False, True])
def test_a_pair_goes_behind_the_activation(activation, again, tmp_path):
    tail = f"r = {activation} e = QuantizeLinear (r, s, z) y = DequantizeLinear (e, s, z)" if again else \
        f"y = {activation}"
    text = f"""g (float[N, 2, 4, 4] x) => (float[N, 2, 4, 4] y) <{PAIR}, float lo = {{0}}, float hi = {{2}},
        float[2, 2, 1, 1] w = {{1, 0.5, -1, 2}}>
        {{ c = Conv (x, w) q = QuantizeLinear (c, s, z) d = DequantizeLinear (q, s, z) {tail} }}"""
    pair = mend(tmp_path, text, "QNT003", unsafe=True, targets=("int8",))
    assert pair.ops == ["Conv", activation.split()[0], "QuantizeLinear", "DequantizeLinear"]
    old, new = outputs(pair.old, x=(3, 2, 4, 4))[0], outputs(pair.new, x=(3, 2, 4, 4))[0]
    assert np.abs(old - new).max() <= 0.05 * 1.001  # one step of the scale


def test_a_scale_of_what_comes_before_a_normalization_is_left(tmp_path):
    text = f"""g (float[N, 2, 4, 4] x, float[2, 2, 1, 1] w, float[2] k) => (float[N, 2, 4, 4] y) <{PAIR}>
        {{ c = Conv (x, w) q = QuantizeLinear (c, s, z) d = DequantizeLinear (q, s, z)
        y = BatchNormalization (d, k, k, k, k) }}"""
    done = mend(tmp_path, text, "QNT003", unsafe=True, targets=("int8",)).done
    assert not done.done and [code for code, _ in done.declined] == ["QNT003"]


# ---------------------------------------------------------------------------------- repeated weights
def test_a_bias_that_was_expanded_is_stored_once(tmp_path):
    proto = model("g (float[N, 4, 160, 160] x) => (float[N, 4, 160, 160] y) { y = Add (x, b) }")
    bias = np.ascontiguousarray(np.broadcast_to(RANDOM.standard_normal((4, 1, 1)), (4, 160, 160)), np.float32)
    proto.graph.initializer.append(numpy_helper.from_array(bias, "b"))
    pair = mend(tmp_path, proto, "SIZ003", unsafe=True)
    assert (pair.ops, [tuple(one.dims) for one in pair.new.graph.initializer]) == (["Add"], [(4, 1, 1)])
    assert same(pair, x=(2, 4, 160, 160))


@pytest.mark.parametrize(("part", "times"), [((1, 64), (512, 1)), ((64, 4), (1, 128)), ((3, 32), (200, 1))])
def test_a_weight_that_was_tiled_is_tiled_at_run_time(part, times, tmp_path):
    table = np.tile(RANDOM.standard_normal(part).astype(np.float32), times)
    proto = model(f"g (int64[N] i) => (float[N, {table.shape[1]}] y) {{ y = Gather (t, i) }}")
    proto.graph.initializer.append(numpy_helper.from_array(table, "t"))
    pair = mend(tmp_path, proto, "SIZ003", unsafe=True)
    assert pair.ops == ["Tile", "Gather"]
    assert len(pair.new.SerializeToString()) < 2000
    assert same(pair, i=np.arange(8, dtype=np.int64))


# ---------------------------------------------------------------------------------- old opsets
OLD = """<ir_version: {ir}, opset_import: ["" : {opset}], metadata_props: ["k" : "v"]>
    g (float[N, 3, 4] x) => (float[N, 12] y) {{
        [first] a = Softmax <axis = 1> (x) u = Unsqueeze <axes = [0]> (a) s = Squeeze <axes = [0]> (u)
        r = ReduceSum <axes = [1], keepdims = 1> (s) m = Mul (r, s) n = Add (m, k) y = Flatten (n) }}"""


@pytest.mark.parametrize(("ir", "opset"), [(3, 7), (4, 9), (6, 11), (7, 12)])
def test_old_opsets_are_converted(ir, opset, tmp_path):
    proto = model(OLD.format(ir=ir, opset=opset))
    proto.graph.node[0].doc_string = "said"
    weights = RANDOM.standard_normal((3, 4)).astype(np.float32)
    proto.graph.initializer.append(numpy_helper.from_array(weights, "k"))
    if ir == 3:
        proto.graph.input.append(helper.make_tensor_value_info("k", 1, (3, 4)))
    assert not mend(tmp_path, proto, "ONX012").done.done
    pair = mend(tmp_path, proto, "ONX012", unsafe=True)
    assert pair.new.opset_import[0].version == 13
    assert [one.doc_string for one in pair.new.graph.node if one.name == "first"] == ["said"]
    assert [(one.key, one.value) for one in pair.new.metadata_props] == [("k", "v")]
    onnx.checker.check_model(pair.new, full_check=True)
    assert close(pair, x=(2, 3, 4))


def test_large_weights_come_through_the_conversion(tmp_path):
    proto = filled(OLD.format(ir=7, opset=12).replace("y = Flatten (n)", "f = Flatten (n) y = MatMul (f, w)")
                   .replace("float[N, 12] y", "float[N, 4000] y"), k=(3, 4), w=(12, 4000))
    pair = mend(tmp_path, proto, "ONX012", unsafe=True)
    assert numpy_helper.to_array(pair.new.graph.initializer[1]).tobytes() == \
        numpy_helper.to_array(proto.graph.initializer[1]).tobytes()
    assert close(pair, x=(2, 3, 4))


def test_bodies_are_not_converted(tmp_path):
    text = """<ir_version: 7, opset_import: ["" : 12]> g (float[N, 4] x, bool c) => (float[N, 4] y) {
        y = If (c) <then_branch = t () => (p) { p = Softmax (x) },
                    else_branch = e () => (q) { q = Neg (x) }> }"""
    assert not mend(tmp_path, text, "ONX012", unsafe=True).done.done
