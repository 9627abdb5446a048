"""What the specification language means."""
from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archcheck
from archcheck.dims import evaluate, symbol
from archcheck.frontends.spec._layer import LAYERS
from archcheck.report import Report
from archcheck.scopes import scope, source_line
from tests._running import ran
from tests.test_cli import ends

EVERY = Path(__file__).parent / "data" / "every_layer.yaml"


def report(text: str, **sizes: Any) -> Report:
    return archcheck.analyze(text.encode(), sizes)


def net(layers: str, **sizes: Any) -> Report:
    return report(f"input: N=1 x 3 x 32 x 32\nlayers:\n{layers}", **sizes)


def shapes(found: Report) -> dict[str, Any]:
    return {layer.name: layer.out_shape for layer in found.layers}


def ops(found: Report) -> list[str]:
    return [node.op for node in found.graph.nodes]


# ------------------------------------------------------------------------------------- truth from outside
def test_every_layer_runs_and_gives_the_shapes_that_are_said(tmp_path: Path) -> None:
    graph = archcheck.load(EVERY)
    made = tuple(name for node in graph.nodes for name in node.outputs)
    found = archcheck.export(replace(graph, outputs=made, family=None), tmp_path / "every.onnx").report
    for name, value in ran(tmp_path / "every.onnx", found).items():
        assert found.types[name].shape == value.shape, name
        assert found.types[name].dtype == value.dtype, name


def test_every_layer_stands_in_that_network() -> None:
    words = set(EVERY.read_text().replace("(", " ").replace("{", " ").replace(":", " ").split())
    assert {layer.name for layer in LAYERS.values()} - {"pass", "identity"} - words == {
        "abs", "add", "div", "gmp", "min", "neg", "sqrt", "tanh", "relu", "sigmoid"} - words


FORMULA = "params: {F: , S: , P: , K: }\ninput: 1 x 3 x W\nlayers: conv K F /S pad=P as c"


def test_a_convolution_by_symbols_is_the_formula() -> None:
    found = report(FORMULA)
    W, F, S, P, K = map(symbol, "WFSPK")
    assert shapes(found)["c"] == (1, K, (W - F + 2 * P) // S + 1)
    assert repr(shapes(found)["c"][2]) == "(2*P + W - F)//S + 1"
    assert found.params == K * (3 * F + 1)
    assert not found.failures


def test_tensors_may_say_their_type() -> None:
    found = report("input: float16 N x 4\nlayers:\n- MatMul float16(4, 2*4) -> Mul float16:0.5 as a\n"
                   "- Gather int32:[1, 0] axis=1 as b\n- tensor bool:[[1, 0]] -> Where b float16() as c\n"
                   "- from b -> Slice [0] [9223372036854775807] [0] as d")
    assert not found.failures
    assert [shapes(found)[name][1] for name in "abcd"] == [8, 2, 2, 2]
    assert [kind.dtype for kind in found.graph.weights.values()] == [
        "float16", "float16", "int32", "bool", "float16", "int64", "int64", "int64"]
    assert found.params == 4 * 8  # the others are constants of the arithmetic


SYMBOLIC = """
params: {F: , S: , P: , K: }
input: 1 x 4 x W
layers:
- conv 2*K F /S pad=P groups=2 as a -> relu
- maxpool F /S as b -> depthwise F pad=P as c
- deconv K F /S pad=P as d -> avgpool F /S ceil as e
"""


@settings(max_examples=60, deadline=None)
@given(st.integers(30, 90), st.integers(1, 5), st.integers(1, 3), st.integers(0, 2), st.integers(1, 4))
def test_formulas_agree_with_numbers(w: int, f: int, s: int, p: int, k: int) -> None:
    sizes = {"W": w, "F": f, "S": s, "P": p, "K": k}
    free, fixed = report(SYMBOLIC), report(SYMBOLIC, **sizes)
    if fixed.failures:
        return
    for name, shape in shapes(fixed).items():
        assert tuple(evaluate(size, sizes) for size in shapes(free)[name]) == shape, name
    assert evaluate(free.params, sizes) == fixed.params
    assert evaluate(free.macs, sizes) == fixed.macs


# ------------------------------------------------------------------------------------------------ meaning
def test_short_and_full_forms_are_the_same() -> None:
    forms = ("- conv 8 3x5 /2 pad=1x2 bias=no as c", "- conv: 8, 3x5, /2, pad=1x2, bias=no\n  name: c",
             "- conv(8, 3x5, /2, pad=1x2, bias=no) as c",
             "- conv: {filters: 8, kernel: 3x5, stride: 2, pad: [1, 2], bias: no}\n  name: c",
             "- conv: [8, 3x5, 2]\n  name: c")
    first, *others = (net(form).graph.nodes[0] for form in forms[:4])
    for other in others:
        assert other._replace(metadata={}) == first._replace(metadata={})
    assert net(forms[4]).params == 8 * 3 * 15 + 8


def test_defaults_hold_unless_a_layer_says_otherwise() -> None:
    text = ("defaults: {conv: same bias=no, linear: bias=no}\ninput: 1 x 3 x 9\n"
            "layers: conv 4 3 -> conv 4 3 bias=yes")
    found = report(text + " -> dense 5")
    assert found.params == 36 + 52 + 45 and shapes(found)["conv2"] == (1, 4, 9)


def test_a_number_holds_for_all_axes() -> None:
    assert shapes(net("- conv 8 3"))["conv1"] == (1, 8, 30, 30)
    assert shapes(report("input: 1 x 3 x 9\nlayers: conv 8 3"))["conv1"] == (1, 8, 7)
    assert shapes(report("input: 1 x 3 x 9 x 9 x 9\nlayers: conv 8 3 /2"))["conv1"] == (1, 8, 4, 4, 4)


def test_windows_may_be_made_of_names() -> None:
    text = "params: {n: 7}\ninput: 1 x 3 x 20 x 20\nlayers: conv 4 1xn -> conv 4 nx1 -> conv 4 n x n"
    assert list(shapes(report(text)).values()) == [(1, 4, 20, 14), (1, 4, 14, 14), (1, 4, 8, 8)]


def test_an_x_may_stand_in_a_name() -> None:
    text = "input: 1 x 3 x 9 x 9\nblocks: {'b(n1x1, k)': conv n1x1 k}\nlayers: b 4 3x1 -> b n1x1=5 k=(1+1)x2"
    assert list(shapes(report(text)).values()) == [(1, 4, 7, 9), (1, 5, 6, 8)]


def test_repeats_and_blocks_are_scopes() -> None:
    found = report("""
input: 1 x 4 x 8 x 8
blocks:
  unit(c): conv c 1 -> relu
layers:
- (conv 4 3x3 same -> relu)*2 as stage
- unit 4 as first -> unit 4
- (unit 4)*2
- add: {left: unit 4, right: pass}
""")
    assert [node.name for node in found.graph.nodes] == [
        "stage.1.conv1", "stage.1.relu1", "stage.2.conv1", "stage.2.relu1", "first.conv1", "first.relu1",
        "unit1.conv1", "unit1.relu1", "unit2.1.conv1", "unit2.1.relu1", "unit2.2.conv1", "unit2.2.relu1",
        "add1.left.unit1.conv1", "add1.left.unit1.relu1", "add1.join"]
    assert scope(found.graph.nodes[2]) == ("stage", "2")
    assert scope(found.graph.nodes[8]) == ("unit2", "1")


def test_layers_know_their_place() -> None:
    found = net("- relu\n- (conv 8 3x3 ->\n   bn)*2 ->  'relu' as a\n".replace("'", ""))
    places = [source_line(node)[1:] for node in found.graph.nodes]
    assert places == [(3, 3), (4, 4), (5, 4), (4, 4), (5, 4), (5, 14)]


def test_branches_begin_at_the_value_before_and_join() -> None:
    found = net("- relu as a\n- concat: [pass, conv 5 1, conv 4 1 -> relu]\n- concat a -> concat a axis=2")
    assert shapes(found)["concat1.join"] == (1, 12, 32, 32)
    assert shapes(found)["concat2"] == (1, 15, 32, 32)
    assert found.failures  # 15 and 3 channels do not fit along another axis


def test_a_block_sees_its_parameters_and_those_of_the_network_only() -> None:
    text = ("params: {wide: 6}\nblocks: {b(c): conv c 1 -> conv wide 1 -> add in}\ninput: 1 x 6 x 4 x 4\n"
            "layers: b 2")
    assert shapes(report(text))["b1.add1"] == (1, 6, 4, 4)
    hidden = "blocks: {b: add a}\ninput: 1 x 6 x 4 x 4\nlayers:\n- relu as a -> b"
    with pytest.raises(archcheck.LoadError, match="there is no value 'a' here"):
        report(hidden)


def test_blocks_take_values_windows_and_names_of_layers() -> None:
    text = """
input: 1 x 3 x 9 x 9
blocks:
  b(skip, k, act=relu, then=none): conv 3 k same -> act -> add skip -> then
layers: b input 3x5 -> b(input, 1, act=tanh, then=bn)
"""
    assert ops(report(text)) == ["Conv", "Relu", "Add", "Conv", "Tanh", "Add", "BatchNormalization"]


def test_defaults_of_parameters_see_those_before() -> None:
    text = "input: 1 x 3 x 9\nblocks: {'b(c, d=2*c)': conv d 1 -> conv c 1}\nlayers: b 4"
    assert [shape[1] for shape in shapes(report(text)).values()] == [8, 4]


def test_rows_are_read_one_after_the_other() -> None:
    text = "- each: k c\n  rows:\n  - 3 8\n  - [1x5, 2*8]\n  do: conv c k\n"
    assert list(shapes(net(text)).values()) == [(1, 8, 30, 30), (1, 16, 30, 26)]


def test_conditions_choose() -> None:
    text = ("- each: c\n  rows: [3, 4]\n  do:\n  - if: c != channels and c > 3 or c == 9\n"
            "    then: conv c 1\n    else: relu")
    assert ops(net(text)) == ["Relu", "Conv"]


def test_a_condition_may_be_decided_by_one_half() -> None:
    text = ("params: {c: , s: 2}\ninput: 1 x c x 8\nlayers:\n"
            "- if: s > 1 or channels != 4\n  then: maxpool 1 /s\n")
    assert ops(report(text)) == ["MaxPool"]
    assert ops(report(text, c=4, s=1)) == []
    with pytest.raises(archcheck.LoadError, match="whether c = 4 depends on sizes that are not given"):
        report(text, s=1)


def test_a_fault_does_not_make_conditions_faults() -> None:
    found = net("- relu as a -> conv 5 1 -> add a\n- if: channels == 5\n  then: relu\n- from a -> conv 4 1 "
                "as b")
    assert len(found.failures) == 1 and shapes(found)["b"] == (1, 4, 32, 32)


def test_layers_may_share_a_weight() -> None:
    found = net("- conv 3 3x3 same weight=w bias=no -> conv 3 3x3 same weight=w bias=no")
    assert found.params == 81 and found.weights.as_used == 162


def test_constants_carry_their_values() -> None:
    found = report("""
constants: {a: [[1, 2], [3, 4]], b: [[1.5, 0], [0, -1]]}
input: 1
layers: from a -> add b -> scale 2 as c
""")
    assert found.types["c"].value == (5.0, 4.0, 6.0, 6.0) and found.types["c"].shape == (2, 2)


def test_any_operator_by_its_name() -> None:
    found = net("- Slice [0, 8] [16, 24] [2, 3] -> Transpose perm=[0, 2, 3, 1] -> ReduceMean [1, 2] "
                "keepdims=0\n"
                "- TopK [2] axis=1 as v, i")
    assert [found.types[name].shape for name in ("slice1", "transpose1", "reducemean1")] == [
        (1, 3, 16, 16), (1, 16, 16, 3), (1, 3)]
    assert [found.types[name].dtype for name in found.graph.nodes[-1].outputs] == ["float32", "int64"]


def test_one_fault_costs_only_what_depends_on_it() -> None:
    found = net("- relu as a -> conv 5 1x1 -> add a -> conv 7 3x3 as b\n- from a -> conv 2 1x1 as "
                "c\noutputs: [b, c]")
    assert len(found.failures) == 1
    assert shapes(found)["b"] is None and shapes(found)["c"] == (1, 2, 32, 32)
    index = next(iter(found.failures))
    assert source_line(found.graph.nodes[index])[1:] == (3, 30)


# ------------------------------------------------------------------------------------ parameters and sizes
def test_parameters_are_set_anew() -> None:
    text = b"params: {c: 4, d: 2*c, n: 2}\ninput: N x d x H=9\nlayers: (conv c/2 3)*n"
    graph = archcheck.load(text)
    assert archcheck.analyze(graph).params == (2 * 8 * 3 + 2) + (2 * 2 * 3 + 2)
    found = archcheck.analyze(graph, {"c": 6, "n": 1, "H": symbol("H")})
    assert found.params == 3 * 12 * 3 + 3
    assert found.types[found.graph.outputs[0]].shape == (symbol("N"), 3, symbol("H") - 2)
    with pytest.raises(archcheck.BindingError, match="no size or parameter called m; it has c, d, n, N, H"):
        archcheck.analyze(graph, {"m": 3})
    with pytest.raises(archcheck.LoadError, match=r"c/2 is 7/2, which is not a whole number"):
        archcheck.analyze(graph, {"c": 7})


def test_fractions_are_exact_and_formulas_stay() -> None:
    text = "params: {w: 0.1}\ninput: 1 x 10*3 x 4\nlayers: conv 30*w 1 -> conv round_to(w*100, 8) 1 -> "
    text += "conv ceil(35*w) 1"
    assert [shape[1] for shape in shapes(report(text)).values()] == [3, 16, 4]
    assert shapes(report(text, w=Fraction(1, 3)))["conv1"][1] == 10
    W = symbol("W")
    free = report("params: {W: }\ninput: 1 x 3 x 4\nlayers: conv 6*W/3 1 -> conv min(W, 4) 1 -> conv "
                  "ceildiv(W, 2) 1")
    assert shapes(free)["conv1"][1] == 2 * W
    assert [evaluate(shape[1], {"W": 7}) for shape in shapes(free).values()] == [14, 4, 4]


@pytest.mark.parametrize("given", [True, 1])
def test_one_switches_on(given: int) -> None:
    text = "params: {wide: no}\ninput: 1 x 8\nlayers:\n- if: wide\n  then: fc 20\n  else: fc 10"
    assert report(text).params == 90
    assert report(text, wide=given).params == 180


def test_the_command_line_sets_parameters(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text("params: {w: 1, b: yes}\ninput: 1 x 4 x H=8\nlayers: conv 8*w 3 bias=b\n")
    code, out, _ = ends(capsys, "summary", str(path), "--set", "w=0.5", "--set", "b=no", "--set", "H=H",
                        "--format", "json")
    assert code == 0 and json.loads(out)["params"] == 48
    code, _, err = ends(capsys, "summary", str(path), "--set", "v=2")
    assert code == 2 and "called v; did you mean w?" in err or "it has w, b, H" in err
    code, out, _ = ends(capsys, "summary", "specs:lenet5")
    assert code == 0 and "61,706" in out
    code, _, err = ends(capsys, "summary", "specs:lenet55")
    assert code == 2 and "did you mean specs:lenet5?" in err


def test_specifications_may_come_as_bytes_and_without_a_suffix(tmp_path: Path) -> None:
    text = "# a comment\n---\nname: n\ninput: 1 x 3 x 4\nlayers: relu\n"
    path = tmp_path / "net"
    path.write_text(text)
    assert len(archcheck.load(text.encode()).nodes) == len(archcheck.load(path).nodes) == 1


# ----------------------------------------------------------------------------------------------- patterns
def test_the_pattern_of_the_lectures() -> None:
    found = report("input: 1 x 3 x 32 x 32\npattern: INPUT -> [[CONV -> RELU]*2 -> POOL]*3 -> [FC -> "
                   "RELU]*1 -> FC")
    assert ops(found) == ["Conv", "Relu", "Conv", "Relu", "MaxPool"] * 3 + ["Flatten", "Gemm", "Relu", "Gemm"]
    assert [layer.out_shape for layer in found.layers if layer.op in ("MaxPool", "Gemm")] == [
        (1, 64, 16, 16), (1, 128, 8, 8), (1, 256, 4, 4), (1, 4096), (1, 1000)]
    assert found.params == sum((
        64 * 28, 64 * 577, 128 * 577, 128 * 1153, 256 * 1153, 256 * 2305, 4096 * 4097, 1000 * 4097))


def test_the_pattern_with_letters_and_what_may_be_left_out() -> None:
    text = """
input: 1 x 1 x 28 x 28
pattern: "[(CONV-RELU)*N-POOL?]*M-(FC-RELU)*K,SOFTMAX"
with: {N: [1, 2], M: 2, K: 2, filters: [6, 16], conv: 5x5, units: [120, 84], classes: 10, optional: [yes, no]}
"""
    found = report(text)
    assert ops(found) == ["Conv", "Relu", "MaxPool", "Conv", "Relu", "Conv", "Relu", "Flatten", "Gemm",
                          "Relu",
                          "Gemm", "Relu", "Softmax"]
    assert [layer.out_shape for layer in found.layers if layer.op in ("Conv", "MaxPool", "Gemm")] == [
        (1, 6, 24, 24), (1, 6, 12, 12), (1, 16, 8, 8), (1, 16, 4, 4), (1, 120), (1, 10)]
    assert ops(report(text, K=0))[-1] == "Softmax"


def test_yaml_is_imported_for_specifications_only() -> None:
    code = ("import sys, archcheck; archcheck.analyze('onnx:light_squeezenet'); print('yaml' in sys.modules);"
            "archcheck.load('specs:lenet5'); print('yaml' in sys.modules)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


# ------------------------------------------------------------------------------------------- the manual
MANUAL = Path(__file__).parents[1] / "docs" / "spec-format.md"
BLOCKS = re.findall(r"```yaml\n(.*?)```", MANUAL.read_text(encoding="utf-8"), re.DOTALL)


def completed(block: str) -> str:
    """What the manual shows of a file, with what a whole file must have."""
    if block.startswith("-"):
        block = f"layers:\n{block}"
    if not re.search("^inputs?:", block, re.MULTILINE):
        block = f"input: 1 x 1 x 64 x 64\n{block}"
    if not re.search("^(layers|pattern):", block, re.MULTILINE):
        block = f"{block}\nlayers: relu"
    return block if "blocks:" in block else f"blocks: {{'basic(c, s)': conv c 3x3 /s same}}\n{block}"


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.split("\n")[0])
def test_what_the_manual_shows_can_be_read(block: str) -> None:
    assert archcheck.load(completed(block).encode()).nodes


def test_what_the_manual_says_of_formulas_and_mistakes() -> None:
    text = MANUAL.read_text(encoding="utf-8")
    assert "`1 × K × ⌊(2·P + W − F)/S⌋ + 1`, with `K·(3·F + 1)` parameters" in text
    (shown,) = re.findall(r"```text\nnet.yaml(.*?)```", text, re.DOTALL)
    with pytest.raises(archcheck.LoadError) as caught:
        archcheck.load(b"input: 1 x 3 x 9 x 9\n\n\n\n\nlayers:\n- conv 8 3x3 -> rellu\n")
    assert str(caught.value) == f"the model{shown.rstrip()}"


def test_commands_know_specifications(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, err = ends(capsys, "annotate", "specs:lenet5", "-o", str(tmp_path / "out.onnx"))
    assert code == 2 and "is a specification, which has no value_info" in err
    for args in (("vgg16",), ("summary", "vgg16")):
        code, _, err = ends(capsys, *args)
        assert code == 2 and "did you mean" in err and "specs:vgg16" in err
    code, out, _ = ends(capsys, "specs", "--format", "json")
    assert code == 0
    rows = {row["name"]: row for row in json.loads(out)["specs"]}
    assert rows["vgg16"]["params"] == 138_357_544 and rows["vgg16"]["macs"] == 15_470_264_320
