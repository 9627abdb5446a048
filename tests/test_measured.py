"""``archcheck verify MODEL``: what is right is found right, and lies are found: of a file, of an operator's
rule, of a field, and of a network that is said to be equal to another."""
from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from onnx import ModelProto, TensorProto, helper, numpy_helper, parser

from archcheck.backends._differences import Pair, Tolerance, difference
from archcheck.backends.equal import NotComparable, compare
from archcheck.backends.fields import probe
from archcheck.backends.measure import verify
from archcheck.backends.ort import Measured
from archcheck.backends.verdicts import compared
from archcheck.cli.verify import verify as command
from archcheck.graph import TensorType
from archcheck.infer import analyze
from archcheck.ops._op import OPS

HEAD = '<ir_version: 9, opset_import: ["" : 18, "com.acme" : 1]>'
NET = HEAD + """net (float[N,3,H,W] x) => (float[N,4,a,b] y)
    <float[4,3,3,3] k = {KERNEL}, int64[1] one = {1}, int64[1] two = {2}, int64[1] three = {3}> {
    c = Conv<strides=[2,2], pads=[1,1,1,1]>(x, k)
    r = Relu(c)
    s = Shape(r)
    h = Slice(s, two, three)
    y = Mul(r, r)
    }""".replace("KERNEL", ", ".join(["0.5", "-0.25", "0.125"] * 36))
TWIST = HEAD + """net (float[N,C,L] x) => (float[N,C,m] y) {
    t = com.acme.Twist(x)
    y = Relu(t) }
    <opset_import: ["" : 18], domain: "com.acme"> Twist (a) => (b) {
    three = Constant<value = int64[1] {3}>()
    zero = Constant<value = int64[1] {0}>()
    two = Constant<value = int64[1] {2}>()
    many = Constant<value = int64[1] {1000000}>()
    behind = Slice(a, two, many, two)
    b = Tanh(a) }"""
PLUGIN = '''
from archcheck.graph import TensorType
from archcheck.ops._op import Along, All, Effect, op

@op("Twist", domain="com.acme")
def twist(x):
    n, c, size = x.shape
    return Effect((TensorType(x.dtype, (n, c, {size}), {value}),), reads=lambda k: (
        (Along(0), Along(1), {reader}),))
'''


def saved(tmp_path: Path, model: ModelProto | str, name: str = "net.onnx") -> str:
    path = tmp_path / name
    onnx.save(parser.parse_model(model) if isinstance(model, str) else model, path)
    return str(path)


def run(*arguments: str) -> Any:
    return CliRunner().invoke(command, arguments, standalone_mode=False)


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Writes a rule for the operator Twist; what it registers is gone after the test."""
    def write(size: str = "size", value: str = "None", reader: str = "Along(2)") -> str:
        monkeypatch.setitem(OPS, ("com.acme", "Twist"), [])
        path = tmp_path / "twist.py"
        path.write_text(PLUGIN.format(size=size, value=value, reader=reader), encoding="utf-8")
        return str(path)
    return write


# ------------------------------------------------------------------------------------------- what is right
def test_all_values_at_two_sizes(tmp_path: Path) -> None:
    found = verify(saved(tmp_path, NET))
    assert {name: verdict.kind for name, (verdict, _) in found.values.items()} == dict.fromkeys(
        "crshy", "agrees")
    assert [len(run.verdicts) for run in found.runs] == [5, 5]
    assert {run.provider for run in found.runs} == {"CPUExecutionProvider"}
    assert found.is_right


def test_a_size_that_is_pinned_stays(tmp_path: Path) -> None:
    found = verify(saved(tmp_path, NET), {"N": 5}, count=1)
    assert found.runs[0].sizes["N"] == 5
    assert found.is_right


def test_a_specification_is_run_at_other_sizes_than_its_own(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text("input: N=1 x 3 x H=64 x W=64\n"
                    "layers: conv 4 3x3 /2 same -> maxpool 2x2 -> flatten -> fc 5\n")
    found = verify(str(path))
    assert found.is_right
    assert found.made == 4
    assert len(found.runs) == 2
    assert not any(run.sizes["H"] == 64 for run in found.runs)


def test_what_a_file_fixes_can_be_freed(tmp_path: Path) -> None:
    model = parser.parse_model(HEAD + "net (float[2,6] x) => (float[2,6] y) { y = Relu(x) }")
    path = saved(tmp_path, model)
    assert [dict(run.sizes) for run in verify(path).runs] == [{}]
    freed = verify(path, free=["x:0"])
    assert [set(run.sizes) for run in freed.runs] == [{"N"}, {"N"}]
    assert freed.is_right


def test_counts_of_the_data_keep_to_their_bound(tmp_path: Path) -> None:
    """Of N positions some are not zero; what is gathered with them has as many."""
    path = saved(tmp_path, HEAD + """net (float[N,4] x) => (float[k,4] y)
        <int64[1] one = {1}, int64[1] none = {0}, float[1] zero = {0.0}> {
        first = ReduceSum<keepdims=0>(x, one) low = Greater(first, zero) where = NonZero(low)
        rows = Squeeze(where, none) y = Gather(x, rows) }""")
    found = verify(path, count=1)
    kinds = {name: verdict.kind for name, (verdict, _) in found.values.items()}
    assert kinds == {"first": "agrees", "low": "agrees", "where": "data", "rows": "data", "y": "data"}
    assert found.is_right


# ------------------------------------------------------------------------------------------- lies
def test_a_wrong_declared_shape_is_a_lie_of_the_file(tmp_path: Path) -> None:
    model = parser.parse_model(NET)
    model.graph.value_info.append(helper.make_tensor_value_info("r", TensorProto.FLOAT, ["N", 5, "a", "b"]))
    done = run(saved(tmp_path, model))
    assert done.return_value == 1
    assert "misdeclared" in done.output
    assert "3 x 5 x a x b" in done.output
    assert "the file is wrong" in done.output
    assert "4 as predicted, 1 not as the file declares" in done.output


def test_a_wrong_rule_is_a_defect_of_archcheck(tmp_path: Path, plugin: Any) -> None:
    done = run(saved(tmp_path, TWIST), "--plugin", plugin(size="size + 1"), "--sizes", "1")
    assert done.return_value == 1
    assert "mispredicted" in done.output
    assert "a defect of archcheck" in done.output


def test_a_rule_that_is_wrong_at_odd_sizes_only_is_found(tmp_path: Path, plugin: Any) -> None:
    done = run(saved(tmp_path, TWIST), "--plugin", plugin(size="size // 2 * 2"), "--format", "json")
    assert done.return_value == 1
    wrong = {row["value"]: row["why"] for row in json.loads(done.output)["values"]}
    assert "was to be" in wrong["t"]


def test_a_wrong_known_element_is_found(tmp_path: Path, plugin: Any) -> None:
    text = TWIST.replace("float[N,C,L] x", "float[1,1,2] x").replace("float[N,C,m] y", "float[1,1,2] y")
    done = run(saved(tmp_path, text), "--plugin", plugin(value="(7.0, None)"))
    assert done.return_value == 1
    assert "7.0 in its element 0" in done.output


def test_what_was_not_known_has_a_value_now(tmp_path: Path, plugin: Any) -> None:
    path = plugin().replace("twist.py", "odd.py")
    Path(path).write_text(
        "from archcheck.ops._op import Effect, Unknown, op\n"
        "@op('Twist', domain='com.acme')\ndef twist(x):\n    raise Unknown('how it twists')\n")
    done = run(saved(tmp_path, TWIST), "--plugin", path, "--set", "N=2", "--set", "C=3", "--set", "L=4")
    assert done.return_value == 0
    assert "not known  of unknown rank  2 x 3 x 4" in done.output


def test_a_node_that_was_said_not_to_run() -> None:
    report = analyze(parser.parse_model(HEAD + """net (float[2,3] x, float[4] z) => (float[a] y) {
        y = Add(x, z) }"""))
    verdict, = compared(report, {}, [Measured("y", "float32", (2, 3))])
    assert verdict.kind == "disagrees"
    assert verdict.said.startswith("impossible (")


@pytest.mark.parametrize(("dtype", "shape", "why"), [
    ("float16", (2, 3), "it was to be float32, and is float16"),
    ("float32", (3, 2), "it was to be 2 x 3, and is 3 x 2"),
    ("float32", (6,), "it was to be 2 x 3, and is 6")])
def test_each_part_of_a_type_is_compared(dtype: str, shape: tuple[int, ...], why: str) -> None:
    report = analyze(parser.parse_model(HEAD + "net (float[2,3] x) => (float[2,3] y) { y = Relu(x) }"))
    verdict, = compared(report, {}, [Measured("y", dtype, shape)])
    assert (verdict.kind, verdict.why) == ("disagrees", why)


def test_a_count_above_its_bound_and_two_counts_that_should_be_one() -> None:
    report = analyze(parser.parse_model(HEAD + """net (float[N] x) => (int64[1,k] w, float[k] y)
        <int64[1] zero = {0}> { w = NonZero(x) i = Squeeze(w, zero) y = Gather(x, i) }"""))
    def kinds(*values: Measured) -> list[str]:
        return [verdict.kind for verdict in compared(report, {"N": 4}, values)]
    within = Measured("w", "int64", (1, 3))
    assert kinds(within, Measured("y", "float32", (3,))) == ["data", "data"]
    assert kinds(within, Measured("y", "float32", (2,))) == ["data", "disagrees"]
    assert kinds(Measured("w", "int64", (1, 5))) == ["disagrees"]


def test_what_the_runtime_refuses_is_said(tmp_path: Path) -> None:
    done = run(saved(tmp_path, HEAD + "net (float[2] x) => (float[2] y) { y = com.acme.Nothing(x) }"))
    assert done.return_value == 1
    assert "FAILED" in done.output
    assert "Nothing" in done.output
    assert "no value was measured" in done.output


# ------------------------------------------------------------------------------------------- fields
def test_fields_that_are_right(tmp_path: Path) -> None:
    found = probe(saved(tmp_path, NET))
    assert found.is_right
    assert found.proved
    assert not found.loose


def test_a_field_that_is_too_small_is_a_defect(tmp_path: Path, plugin: Any) -> None:
    text = TWIST.replace("b = Tanh(a)", "t = Tanh(a) b = CumSum(t, two)").replace("net (float[N,C,L] x)",
                                                                                 "net (float[2,2,9] x)")
    done = run(saved(tmp_path, text), "--fields", "--plugin", plugin(), "--sizes", "1")
    assert done.return_value == 1
    assert "reading 8 of x's axis 2  from 0 to 8" in done.output


def test_a_field_that_may_be_too_large_is_told(tmp_path: Path, plugin: Any) -> None:
    """An operator that is not ONNX's might have read what it has dropped the NaN of."""
    done = run(saved(tmp_path, TWIST), "--fields", "--plugin", plugin(reader="All()"), "--sizes", "1")
    assert done.return_value == 0
    assert "undecided (Twist may drop NaN)" in done.output


# ------------------------------------------------------------------------------------------- two networks
def test_one_weight_off_is_found_where_it_begins(tmp_path: Path) -> None:
    model = parser.parse_model(NET)
    kernel = numpy_helper.to_array(model.graph.initializer[0]).copy()
    kernel[0, 0, 0, 0] += 1
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(kernel, "k"))
    old, new = saved(tmp_path, NET), saved(tmp_path, model, "new.onnx")
    assert compare(old, old, count=1).is_equal
    found = compare(old, new)
    assert not found.is_equal
    assert all(run.first and run.first.old == "c" for run in found.runs)
    done = run(old, "--equal", new, "--sizes", "1")
    assert done.return_value == 1
    assert "the first value that differs is c" in done.output
    assert run(old, "--equal", new, "--atol", "100", "--sizes", "1").return_value == 0


def test_the_same_under_other_names(tmp_path: Path) -> None:
    """Inputs, outputs and symbols of other names belong together in their order."""
    other = NET.replace("N,", "B,").replace("x)", "image)").replace("(x,", "(image,").replace("y", "z")
    found = compare(saved(tmp_path, NET), saved(tmp_path, other, "other.onnx"), count=1)
    assert found.is_equal
    assert [one.new for one in found.runs[0].outputs] == ["z"]


def test_half_precision_is_held_to_what_it_can_hold(tmp_path: Path) -> None:
    wide = "net (float[N,4] x) => (float[N,4] y) { e = Exp(x) y = Div(e, e2) }".replace("e2", "x")
    narrow = wide.replace("float[", "float16[")
    done = run(saved(tmp_path, HEAD + wide), "--equal", saved(tmp_path, HEAD + narrow, "half.onnx"),
               "--format", "json", "--sizes", "1")
    data = json.loads(done.output)
    assert data["outputs"][0]["dtypes"] == ["float32", "float16"]
    assert data["outputs"][0]["largest"] > 0


def test_networks_that_cannot_be_compared(tmp_path: Path) -> None:
    other = HEAD + "net (float[2] x, float[2] z) => (float[2] y) { y = Add(x, z) }"
    with pytest.raises(NotComparable, match="inputs: x, and x, z"):
        compare(saved(tmp_path, NET), saved(tmp_path, other, "other.onnx"))
    other = NET.replace("float[N,3,H", "float[N,4,H")
    with pytest.raises(NotComparable, match=r"takes 3 x 3 x .* for its input x, and .* 3 x 4 x .* for x"):
        compare(saved(tmp_path, NET), saved(tmp_path, other, "other.onnx"))


PAIR = Pair("a", "b")


@pytest.mark.parametrize(("old", "new", "is_equal"), [
    ([1.0, 2.0], [1.0, 2.0001], True), ([1.0, 2.0], [1.0, 2.001], False),
    ([np.nan, 1.0], [np.nan, 1.0], True), ([np.nan, 1.0], [1.0, 1.0], False),
    ([np.inf, 1.0], [np.inf, 1.0], True), ([np.inf, 1.0], [-np.inf, 1.0], False),
    ([np.inf, 1.0], [1.0, 1.0], False), ([1e6, 0.0], [1e6, 1.0], True), ([[1.0]], [1.0], False),
    ([], [], True)])
def test_how_far_floats_may_be_apart(old: list[float], new: list[float], is_equal: bool) -> None:
    found = difference(PAIR, ("float32", np.float32(old)), ("float32", np.float32(new)), Tolerance())
    assert found.is_equal == is_equal
    assert found.is_equal == (found.differing == 0 and found.shapes[0] == found.shapes[1])


def test_whole_numbers_and_texts_have_to_be_the_same() -> None:
    big = 2 ** 62
    for first, second in ((big, big + 1), ("a", "b"), (True, False)):
        dtype = object if isinstance(first, str) else None
        one, other = np.array([first], dtype), np.array([second], dtype)
        kind = str(one.dtype)
        assert not difference(PAIR, (kind, one), (kind, other), Tolerance(1.0, 1.0)).is_equal
        assert difference(PAIR, (kind, one), (kind, one.copy()), Tolerance()).is_equal


# ------------------------------------------------------------------------------------------- what is shown
def test_several_networks_in_every_format(tmp_path: Path) -> None:
    first, second = saved(tmp_path, NET), saved(tmp_path, TWIST, "twist.onnx")
    plain = run(first, second).output
    assert f"{first}  " in plain
    assert plain.count("values are as predicted") == 2
    data = json.loads(run(first, second, "--format", "json", "--sizes", "1").output)
    assert data["schema"] == "archcheck.verify/1"
    assert data["ok"]
    assert [network["counts"] for network in data["networks"]] == [{"agrees": 5}, {"agrees": 2}]
    assert len(data["values"]) == 7
    rows = list(csv.DictReader(io.StringIO(run(first, "--format", "csv", "--sizes", "1").output)))
    assert [row["value"] for row in rows] == list("crshy")
    root = ElementTree.fromstring(run(first, "--format", "junit", "--sizes", "1").output)
    suites = root.findall("testsuite")
    assert [(suite.get("tests"), suite.get("failures")) for suite in suites] == [("1", "0")]
    assert "Mul" in run(first, "--all", "--sizes", "1").output


def test_claims_and_the_network_they_are_about(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text("input: N=1 x 3 x 8 x 8\nlayers: conv 4 3x3 as c\nclaims:\n"
                    "- {says: params, verdict: exact, printed: 112, value: params(model)}\n")
    assert "provider" not in run(str(path), "--format", "json").output
    data = json.loads(run(str(path), "--execute", "--format", "json", "--sizes", "1").output)
    assert data["ok"]
    assert len(data["statements"]) == 1
    assert data["networks"][0]["counts"] == {"agrees": 1}


def test_types_of_sequences_are_compared() -> None:
    report = analyze(parser.parse_model(HEAD + """net (float[4,N] x) => (seq(float[2,N]) y)
        <int64 two = {2}> { y = SplitToSequence(x, two) }"""))
    def kinds(*shapes: tuple[int, ...]) -> str:
        return compared(report, {"N": 3}, [Measured("y", "seq(float32)", list(shapes))])[0].kind
    assert kinds((2, 3), (2, 3)) == "agrees"
    assert kinds((2, 3)) == "disagrees"
    assert kinds((2, 3), (2, 4)) == "disagrees"
    assert report.types["y"] == TensorType("seq(float32)", report.types["y"].shape, report.types["y"].value)
