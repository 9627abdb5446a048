"""Every fix: the finding is gone, and ONNX Runtime makes of the mended model what it made of the old one."""
from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from archcheck.fixing import known
from archcheck.rules import known as rules
from archcheck.rules import siz
from tests.fixing._mending import close, found, mend, model, outputs, same

PAGE = Path(__file__).parents[2] / "docs" / "fixing.md"
X = {"x": (3, 4)}
IMAGE = {"x": (2, 2, 9, 12)}
NORM = "float[3] s = {1, 2, 3}, float[3] c = {1, -2, 3}, float[3] m = {4, 2, 3}, float[3] v = {1, 2, 0.5}"
FILTERS = "float[3, 2, 3] w = {1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, -4, 5, 6, 7, 8, 9}, float[3] b = {1, 2, 3}"

ONE = "g (float[N, 4] x) => (float[N, 4] y) "
SAFE = {
    "ONX003": (ONE + "{ y = Relu (a) a = Neg (x) }", ["Neg", "Relu"]),
    "ONX014": ("g (float[N, 4] x, float[4] w = {1, 2, 3, 4}) => (float[N, 4] y) { y = Add (x, w) }", ["Add"]),
    "ONX015": (ONE + "{ [n] a = Relu (x) [n] y = Neg (a) }", ["Relu", "Neg"]),
    "ONX016": (ONE + "{ y = Relu (x) }", ["Relu"]),
    "SEC108": ("""<ir_version: 8, opset_import: ["" : 17], metadata_props: ["a" : "/mnt/alice/7", "b" : "c"]>
        g (float[N, 4] x) => (float[N, 4] y) { y = Relu (x) }""", ["Relu"]),
    "GRA001": (ONE + "<float[4] w = {1, 2, 3, 4}, float[1] v = {1}> { y = Add (x, w) }", ["Add"]),
    "GRA002": (ONE + "{ a = Exp (x) b = Neg (a) y = Relu (x) }", ["Relu"]),
    "GRA005": ("""g (float[N, 4] x) => (float[N, 2] y, float[N, 2] b)
        <float[4, 2] w = {1, 2, 3, 4, 5, 6, 7, 8}>
        { a = MatMul (x, w) b = MatMul (x, w) c = Relu (a) y = Add (c, b) }""",
               ["MatMul", "Identity", "Relu", "Add"]),
    "GRA006": (ONE + """{ i = Identity (x) j = Cast <to = 1> (i) a = Transpose <perm = [1, 0]> (j)
        b = Transpose <perm = [1, 0]> (a) c = Relu (b) y = Add (b, c) }""", ["Transpose", "Relu", "Add"]),
    "GRA008": (ONE + """<bool c = {1}> { y = If (c) <
        then_branch = t () => (b) <float[4] w = {1, 2, 3, 4}> { a = Add (x, w) b = Relu (a) },
        else_branch = e () => (a) { a = Neg (x) }> }""", ["Add", "Relu"]),
    "ARC004": (ONE + "{ a = Relu (x) y = Relu (a) }", ["Relu"]),
    "TRN003": (ONE + "{ a = Exp (x) b = Dropout (a) y = Dropout (b) }", ["Exp"]),
}
"""By the code of a rule a model in which it finds something, and the operators that are left."""


@pytest.mark.parametrize("code", SAFE)
def test_safe_fixes_keep_every_output(code, tmp_path):
    text, ops = SAFE[code]
    pair = mend(tmp_path, text, code)
    assert found(pair.old, code) and not found(pair.new, code)
    assert pair.ops == ops
    assert pair.done.is_exact
    assert code == "ONX015" or same(pair, **X)  # ONNX Runtime refuses nodes of one name


@pytest.mark.parametrize(("exempt", "silent", "left"), [
    ("", "", 2), ("a", "", 3), ("", "b", 3), ("a", "b", 4), ("a", "a", 3)])
def test_what_need_not_hold_is_not_mended(exempt, silent, left, tmp_path):
    """Two layers of two Relus, in one of which ARC004 is not asked, or silenced by the nodes."""
    proto = model(ONE + "{ a = Relu (x) b = Relu (a) c = Neg (b) d = Relu (c) y = Relu (d) }")
    for node, name in zip(proto.graph.node, ("/a/first", "/a/second", "neg", "/b/first", "/b/second")):
        node.name = name
        if silent and name.startswith(f"/{silent}/"):
            node.metadata_props.add(key="archcheck.ignore", value="ARC004: on purpose")
    pair = mend(tmp_path, proto, "ARC004", exemptions=((("ARC004",), exempt),) if exempt else ())
    assert pair.ops.count("Relu") == left
    assert same(pair, **X)


TWO = "g (float[N, 2, 8] x) => (float[N, 3, 6] y) "
UNSAFE = {
    "NUM108": (ONE + "{ a = Softmax <axis = 0> (x) y = Log (a) }", X),
    "NUM104": ("""g (float[N, 4] x) => (float[N, 1] y) <float[4, 1] w = {1, 2, 1e-40, 4}>
        { y = MatMul (x, w) }""", X),
    "ARC003": (f"""{TWO} <{FILTERS}, {NORM}>
        {{ a = Conv (x, w, b) y = BatchNormalization (a, s, c, m, v) }}""", {"x": (2, 2, 8)}),
    "ARC010": (f"""g (float[N, 3, 8] x) => (float[N, 3, 8] y) <{NORM}>
        {{ a = BatchNormalization (x, s, c, m, v)
        y = BatchNormalization <epsilon = 0.5> (a, c, s, c, v) }}""",
               {"x": (2, 3, 8)}),
    "PRF101": (f"""{TWO} <{FILTERS}, {NORM}>
        {{ a = Conv (x, w, b) y = BatchNormalization <epsilon = 0.5> (a, s, c, m, v) }}""",
               {"x": (2, 2, 8)}),
    "PRF103": ("""g (float[N, 2, 9, 12] x) => (float[N, 1, 9, 13] y) <int64[8] p = {0, 0, 1, 1, 0, 0, 1, 2},
        float[1, 2, 3, 3] w = {1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9}>
        { a = Pad (x, p) y = Conv <pads = [0, 1, 0, 0]> (a, w) }""", IMAGE),
    "GRA007": (ONE + """<float[4] w = {1, 2, 3, 4}>
        { c = Constant <value_float = 2.0> () d = Mul (w, c) e = Exp (d) y = Add (x, e) }""", X),
    "GRA003": ("g (float[N, 4] x, float[N] mask) => (float[N, 4] y) { y = Relu (x) }", X | {"mask": (3,)}),
}


@pytest.mark.parametrize("code", UNSAFE)
def test_unsafe_fixes_keep_outputs_nearly(code, tmp_path):
    text, given = UNSAFE[code]
    assert not mend(tmp_path, text, code).done.done
    pair = mend(tmp_path, text, code, unsafe=True)
    assert found(pair.old, code) and not found(pair.new, code)
    assert not pair.done.is_exact
    assert close(pair, **given)


def test_every_rule_that_promises_a_fix_has_one_and_no_other():
    assert set(known()) == {code for code, rule in rules().items() if rule.fix}


def test_constants_are_worked_out_once(tmp_path):
    text = ONE + """<float[4] w = {1, 2, 3, 4}, int64[2] s = {500, 4}>
        { d = Sqrt (w) a = Add (x, d) e = Expand (w, s)
          f = ReduceMean <keepdims = 0, axes = [0]> (e) y = Add (a, f)}"""
    pair = mend(tmp_path, text, "GRA007", unsafe=True)
    stored = {tensor.name: numpy_helper.to_array(tensor).tolist() for tensor in pair.new.graph.initializer}
    assert (pair.ops, stored["f"]) == (["Add", "Add"], [1, 2, 3, 4])
    assert stored["d"] == [1, np.float32(2) ** 0.5, np.float32(3) ** 0.5, 2] and same(pair, **X)


def test_results_larger_than_what_makes_them_are_left(tmp_path):
    text = """g (int64[N] i) => (float[N, 4] y) <float w = {1}, int64[2] s = {500, 4}>
        { e = Expand (w, s) y = Gather (e, i) }"""
    done = mend(tmp_path, text, "GRA007", unsafe=True).done
    assert not done.done and [code for code, _ in done.declined] == ["GRA007"]


def test_a_copy_of_a_weight_may_be_why_a_kernel_was_chosen(tmp_path):
    text = ONE + "<float[4] w = {1, 2, 3, 4}> { a = Identity (w) y = Add (x, a) }"
    assert not mend(tmp_path, text, "GRA006").done.done
    assert mend(tmp_path, text, "GRA006", unsafe=True).ops == ["Add"]


def test_the_page_lists_every_fix():
    text = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([A-Z]{3}[0-9]{3}) \| ([a-z, ]+) \|", text, re.MULTILINE)
    assert [code for code, _ in rows] == sorted(known())
    assert all(rules()[code].fix in kinds for code, kinds in rows)


# ---------------------------------------------------------------------------------- files
def test_a_missing_domain_of_the_runtime_is_imported(tmp_path):
    text = """<ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y) { y = com.microsoft.Gelu (x) }"""
    pair = mend(tmp_path, text, "ONX008")
    assert [(one.domain, one.version) for one in pair.new.opset_import] == [("", 17), ("com.microsoft", 1)]


def test_which_version_of_onnx_is_meant_is_a_guess_by_the_ir_version(tmp_path):
    text = f'<ir_version: 8, opset_import: ["ai.onnx.ml" : 3]> {ONE} {{ y = Relu (x) }}'
    assert not mend(tmp_path, text, "ONX008").done.done
    pair = mend(tmp_path, text, "ONX008", unsafe=True)
    assert pair.new.opset_import[1].version == 18  # the last with IR version 8 (onnx, docs/Versioning.md)


@pytest.mark.parametrize(("dtype", "is_fixed"), [(TensorProto.FLOAT16, True), (TensorProto.INT4, False)])
def test_the_ir_version_is_lowered_where_nothing_newer_is_used(dtype, is_fixed, tmp_path):
    proto = model("<ir_version: 10, opset_import: [\"\" : 17]> g (float[N, 4] x) => (float[N, 4] y) "
                  "{ y = Relu (x) }")
    proto.graph.initializer.append(helper.make_tensor("w", dtype, [2], [1, 2]))
    pair = mend(tmp_path, proto, "ONX010", targets=("onnxruntime==1.17",))
    assert pair.new.ir_version == (9 if is_fixed else 10)


@pytest.mark.parametrize("opset", [10, 11, 13])
@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_upsample_becomes_the_same_resize(opset, mode, tmp_path):
    body = f"""g (float[N, 2, 4, 5] x) => (float[N, 2, 8, 15] y) <float[4] s = {{1, 1, 2, 3}}>
        {{ y = Upsample <mode = "{mode}"> (x, s) }}"""
    pair = mend(tmp_path, f'<ir_version: 6, opset_import: ["" : {opset}]> {body}', "ONX013", unsafe=True)
    old = model(f'<ir_version: 6, opset_import: ["" : 9]> {body}')
    assert pair.ops == ["Resize"]
    assert np.allclose(outputs(old, x=(1, 2, 4, 5))[0], outputs(pair.new, x=(1, 2, 4, 5))[0], atol=1e-6)


def test_scatter_becomes_scatter_elements(tmp_path):
    pair = mend(tmp_path, """<ir_version: 6, opset_import: ["" : 11]> g (float[N, 4] x, int64[N, 4] i) =>
        (float[N, 4] y) { y = Scatter <axis = 1> (x, i, x) }""", "ONX013", unsafe=True)
    backwards = np.array([[3, 2, 1, 0]], np.int64)
    given = np.array([[1, 2, 3, 4]], np.float32)
    assert outputs(pair.new, x=given, i=backwards)[0].tolist() == [[4, 3, 2, 1]]


# ---------------------------------------------------------------------------------- shapes and layers
def test_a_target_that_a_trace_froze_is_opened(tmp_path):
    weights = np.random.default_rng(0).standard_normal((8, 3)).astype(np.float32)
    proto = model("""g (float[N, 4, 2] x) => (float[N, 3] y) <int64[2] s = {1, -1}>
        { a = Reshape (x, s) y = MatMul (a, w) }""")
    proto.graph.initializer.append(numpy_helper.from_array(weights, "w"))
    pair = mend(tmp_path, proto, "SHP101", unsafe=True)
    given = np.arange(24, dtype=np.float32).reshape(3, 4, 2)
    assert np.allclose(outputs(pair.new, x=given)[0], given.reshape(3, 8) @ weights)
    assert same(pair, x=given[:1])


@pytest.mark.parametrize("layer", [
    "Conv <auto_pad = \"{}\", strides = [2, 3]> (x, w)", "Conv <auto_pad = \"{}\"> (x, w)",
    "MaxPool <auto_pad = \"{}\", kernel_shape = [4, 3], strides = [3, 2]> (x)",
    "AveragePool <auto_pad = \"{}\", kernel_shape = [2, 3], strides = [2, 2]> (x)"])
@pytest.mark.parametrize("mode", ["SAME_UPPER", "SAME_LOWER"])
def test_pads_are_written_out(layer, mode, tmp_path):
    proto = model("g (float[N, 2, 9, 12] x) => (float[N, C, A, B] y) { y = " + layer.format(mode) + " }")
    weights = np.random.default_rng(0).standard_normal((3, 2, 4, 3)).astype(np.float32)
    proto.graph.initializer.append(numpy_helper.from_array(weights, "w"))
    pair = mend(tmp_path, proto, "GEO007")
    assert "auto_pad" not in {one.name for one in pair.new.graph.node[0].attribute}
    assert same(pair, **IMAGE)


def test_pads_of_a_dilated_window(tmp_path):
    """ONNX Runtime has no dilation with auto_pad; the map keeps its size."""
    proto = model("g (float[N, 2, 9, 12] x, float[3, 2, 4, 3] w) => (float[N, C, A, B] y) "
                  "{ y = Conv <auto_pad = \"SAME_UPPER\", dilations = [2, 3]> (x, w) }")
    pair = mend(tmp_path, proto, "GEO007")
    assert outputs(pair.new, **IMAGE, w=(3, 2, 4, 3))[0].shape == (2, 3, 9, 12)


def test_pads_that_differ_from_size_to_size_are_left(tmp_path):
    text = """g (float[N, 2, H, W] x) => (float[N, 2, A, B] y)
        {{ y = MaxPool <auto_pad = "SAME_UPPER", kernel_shape = [3, 3], strides = [{0}, {0}]> (x) }}"""
    assert mend(tmp_path, text.format(1), "GEO007").done.done
    left = mend(tmp_path, text.format(2), "GEO007").done
    assert not left.done and [code for code, _ in left.declined] == ["GEO007"]


def test_a_norm_that_was_trained_is_evaluated(tmp_path):
    text = f"""g (float[N, 3, 8] x) => (float[N, 3, 8] y) <{NORM}>
        {{ y, a, b = BatchNormalization <training_mode = 1> (x, s, c, m, v) }}"""
    pair = mend(tmp_path, text, "TRN001", unsafe=True)
    x = np.random.default_rng(0).standard_normal((2, 3, 8)).astype(np.float32)
    scale, bias, mean, variance = (np.array(one)[:, None] for one in
                                   ([1, 2, 3], [1, -2, 3], [4, 2, 3], [1, 2, 0.5]))
    wanted = (x - mean) / np.sqrt(variance + 1e-5) * scale + bias
    assert np.allclose(outputs(pair.new, x=x)[0], wanted, atol=1e-5)


def test_what_float16_cannot_hold_is_made_its_largest(tmp_path):
    text = """g (float[N, 4] x, bool[N, 4] k) => (float[N, 4] y) <float low = {-65520}>
        { y = Where (k, x, low) }"""
    pair = mend(tmp_path, text, "NUM105", unsafe=True, targets=("fp16",))
    assert numpy_helper.to_array(pair.new.graph.initializer[0]) == -65504


def test_casts_to_a_wider_type_and_back_are_safe_to_leave_out(tmp_path):
    text = """g (float16[N, 4] x) => (float16[N, 4] y)
        {{ a = Relu (x) b = Cast <to = {}> (a) c = Cast <to = 10> (b) y = Exp (c) }}"""
    assert mend(tmp_path, text.format(1), "DTY102", "GRA").ops == ["Relu", "Exp"]
    assert not mend(tmp_path, text.format(16), "DTY102", "GRA").done.done
    assert mend(tmp_path, text.format(16), "DTY102", "GRA", unsafe=True).ops == ["Relu", "Exp"]


@pytest.mark.parametrize("op", ["Sigmoid", "Softmax"])
def test_logarithms_of_what_rounds_to_zero(op, tmp_path):
    text = "g (float[N, 2] x) => (float[N, 2] y) { a = " + op + " (x) y = Log (a) }"
    pair = mend(tmp_path, text, "NUM108", unsafe=True)
    x = np.array([[-200, 0]], np.float32)
    assert np.isneginf(outputs(pair.old, x=x)[0][0, 0])
    assert outputs(pair.new, x=x)[0][0, 0] == -200


# ---------------------------------------------------------------------------------- what is stored
def test_copies_of_a_weight_are_shared(tmp_path):
    numbers = np.random.default_rng(0).standard_normal((600, 600)).astype(np.float32)
    proto = model("g (float[N, 600] x) => (float[N, 600] y) { a = MatMul (x, v) y = MatMul (a, w) }")
    proto.graph.initializer.extend(numpy_helper.from_array(numbers, name) for name in ("v", "w"))
    pair = mend(tmp_path, proto, "SIZ001")
    assert [tensor.name for tensor in pair.new.graph.initializer] == ["v"]
    assert same(pair, x=(2, 600))


def test_a_large_constant_becomes_a_weight(tmp_path):
    numbers = np.random.default_rng(0).standard_normal((600, 600)).astype(np.float32)
    proto = model("g (float[N, 600] x) => (float[N, 600] y) { y = MatMul (x, c) }")
    constant = helper.make_node("Constant", [], ["c"], value=numpy_helper.from_array(numbers, "t"))
    proto.graph.node.insert(0, constant)
    pair = mend(tmp_path, proto, "SIZ002")
    assert (pair.ops, pair.new.graph.initializer[0].name) == (["MatMul"], "c")
    assert same(pair, x=(2, 600))


def test_weights_of_a_file_near_the_limit_go_beside_it(tmp_path, monkeypatch):
    monkeypatch.setattr(siz, "NEAR", 100_000)
    numbers = np.random.default_rng(0).standard_normal((2, 200, 200)).astype(np.float32)
    proto = model("g (float[N, 200] x) => (float[N, 200] y) { a = MatMul (x, v) y = MatMul (a, w) }")
    proto.graph.initializer.extend(numpy_helper.from_array(*one) for one in zip(numbers, ("v", "w")))
    pair = mend(tmp_path, proto, "SIZ004")
    assert (tmp_path / "m.fixed.onnx").stat().st_size < 1000
    places = [entry.value for tensor in pair.new.graph.initializer for entry in tensor.external_data
              if entry.key == "offset"]
    assert places == ["0", "163840"]  # 160,000 bytes, and the next page
    data = (tmp_path / "m.fixed.onnx.data").read_bytes()
    assert data[163840:] == numbers[1].tobytes()
    assert data[:160000] == numbers[0].tobytes() and data[160000:163840] == bytes(3840)
