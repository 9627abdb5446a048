"""Specifications written from networks: they are those networks, and read as a person would write them."""
from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import archcheck
from archcheck.cli import cli
from archcheck.dims import symbol
from archcheck.frontends import spec
from archcheck.frontends._zoo import names
from archcheck.report import Report
from archcheck.writers._spec_check import Truth
from archcheck.writers.spec import ConvertError, specification

DATA = Path(__file__).parent / "data"
LIGHT = ("bvlc_alexnet", "densenet121", "inception_v1", "inception_v2", "resnet50", "shufflenet",
         "squeezenet", "vgg19", "zfnet512")
REFUSED = {"cond_dynamo": "If (node_cond__0) has a graph inside",
           "mobilenet_blocks": "com.microsoft.nchwc.Conv (/features/features.0/features.0.2/Clip"}
MODELS = sorted(path.name.partition(".")[0] for path in DATA.glob("*.onnx.gz"))


def read(text: str) -> Report:
    return archcheck.analyze(spec.read(text.encode(), "net.yaml"))


def rows(report: Report) -> list[tuple[Any, Any, Any]]:
    """The layers that have MACs or parameters."""
    return [(layer.out_shape, layer.macs, layer.params) for layer in report.layers
            if layer.macs != 0 or layer.params != 0]


def shapes(report: Report) -> list[Any]:
    return [report.types[name].shape for name in report.graph.outputs]


def again(report: Report) -> tuple[str, Report]:
    text = specification(report)
    return text, read(text)


# --------------------------------------------------------------------------------------- the same network
@pytest.mark.parametrize("name", names())
def test_specifications_come_back(name: str) -> None:
    truth = archcheck.analyze(f"specs:{name}")
    _, found = again(truth)
    assert rows(found) == rows(truth)
    assert shapes(found) == shapes(truth)
    assert (found.params, found.macs) == (truth.params, truth.macs)
    assert rows(again(found)[1]) == rows(truth)


@pytest.mark.parametrize("name", LIGHT)
def test_networks_of_the_onnx_package_come_back(name: str) -> None:
    truth = archcheck.analyze(f"onnx:light_{name}")
    text, found = again(truth)
    assert Counter(rows(found)) == Counter(rows(truth))  # a file's branches may take turns
    assert shapes(found) == shapes(truth)
    assert (found.params, found.macs) == (truth.params, truth.macs)
    assert text.count("\n") <= 40


@pytest.mark.parametrize("name", [name for name in MODELS if name not in REFUSED])
def test_exported_models_come_back(name: str) -> None:
    truth = archcheck.analyze(gzip.decompress((DATA / f"{name}.onnx.gz").read_bytes()))
    _, found = again(truth)
    assert Counter(row[:2] for row in rows(found) if row[1] != 0) == Counter(
        row[:2] for row in rows(truth) if row[1] != 0)
    assert shapes(found) == shapes(truth)
    assert (found.params, found.macs) == (truth.params, truth.macs)


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_words_is_refused_by_its_name(name: str) -> None:
    truth = archcheck.analyze(gzip.decompress((DATA / f"{name}.onnx.gz").read_bytes()))
    with pytest.raises(ConvertError) as error:
        specification(truth)
    assert str(error.value).startswith(REFUSED[name])


# ------------------------------------------------------------------------------------ as a person writes
def test_vgg_reads_as_its_table() -> None:
    text, found = again(archcheck.analyze("specs:vgg16"))
    assert text == """\
name: vgg16
input: 1 x 3 x 224 x 224
defaults:
  conv: same
layers:
- (conv 64 3x3 -> relu)*2 -> maxpool 2x2 /2
- (conv 128 3x3 -> relu)*2 -> maxpool 2x2 /2
- (conv 256 3x3 -> relu)*3 -> maxpool 2x2 /2
- ((conv 512 3x3 -> relu)*3 -> maxpool 2x2 /2)*2 -> (fc 4096 -> relu -> dropout 0.5)*2
- fc 1000 -> softmax
"""
    assert found.params == 138_357_544  # Simonyan and Zisserman 2015, Table 2: 138 million


def test_a_resnet_is_stages_of_blocks() -> None:
    text, found = again(archcheck.analyze("onnx:light_resnet50"))
    assert "stage(filters, stride, times):" in text
    assert "- stage 64 1 2 -> stage 128 2 3 -> stage 256 2 5 -> stage 512 2 2" in text
    assert text.count("\n") < 40
    assert found.params == 25_557_032  # as torchvision has it


def test_the_example_of_the_manual_is_what_is_written() -> None:
    manual = (DATA.parents[1] / "docs" / "spec-format.md").read_text(encoding="utf-8")
    assert specification(archcheck.analyze("specs:resnet50")) in manual


def test_what_others_read_is_named() -> None:
    text, _ = again(read("input: N x 8 x 16\nlayers:\n- conv 8 3 same as a -> relu as b\n"
                         "- from a -> tanh -> add b as c -> exp as d\noutputs: [c, d]"))
    assert text == """\
name: network
input: N x 8 x 16
layers:
- conv 8 3 same
- add:
    residual: tanh
    shortcut: relu
  name: c
- exp as d
outputs: [c, d]
"""


def test_repetitions_may_read_what_stands_before_them() -> None:
    text, _ = again(read("inputs:\n  q: N x T x 8\n  m: N x T x 8\nlayers:\n"
                         "- (dense 8 -> mul m -> relu -> layernorm)*4"))
    assert "(dense 8 -> mul m -> relu -> layernorm)*4" in text


def test_blocks_take_values_and_sizes() -> None:
    part = "dense {} -> relu -> dense 4 -> layernorm -> dense 8 -> mul {}"
    text, _ = again(read("inputs:\n  a: N x T x 8\n  b: N x T x 8\n  c: N x T x 8\nlayers:\n"
                         f"- {part.format(8, 'b')} -> sigmoid -> {part.format(16, 'c')} -> tanh -> "
                         f"{part.format(24, 'b')}"))
    assert f"  unit(units, value):\n  - {part.format('units', 'value')}\n" in text
    assert "- unit 8 b -> sigmoid -> unit 16 c -> tanh -> unit 24 b" in text


def test_symbols_keep_their_names_and_formulas() -> None:
    text, found = again(read("input: N x 2*K x W\nparams: {K: }\nlayers:\n- conv 4 3 /2 -> reshape 0 -1"))
    assert "params: {K: }\ninput: N x 2*K x W" in text
    assert found.types[found.graph.outputs[0]].shape[0] is symbol("N")  # type: ignore[index]


def test_names_that_the_language_lacks_are_changed() -> None:
    from onnx import TensorProto, helper
    x = helper.make_tensor_value_info("in", TensorProto.FLOAT, ["batch size", 3, "x"])
    y = helper.make_tensor_value_info("y:0", TensorProto.FLOAT, None)
    nodes = [helper.make_node("Relu", ["in"], ["y:0"])]
    model = helper.make_model(helper.make_graph(nodes, "a graph", [x], [y]))
    assert specification(archcheck.analyze(model)) == (
        "name: a_graph\ninput: batch_size x 3 x x_2\nlayers:\n- relu\n")


def test_attributes_may_become_inputs() -> None:
    from onnx import TensorProto, helper
    x = helper.make_tensor_value_info("a", TensorProto.FLOAT, [2, 8, 4])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    nodes = [helper.make_node("Slice", ["a"], ["b"], starts=[1], ends=[9], axes=[1]),
             helper.make_node("Unsqueeze", ["b"], ["c"], axes=[0]),
             helper.make_node("Clip", ["c"], ["y"], min=0.5)]
    model = helper.make_model(helper.make_graph(nodes, "g", [x], [y]),
                              opset_imports=[helper.make_opsetid("", 9)])
    text, found = again(archcheck.analyze(model))
    assert "- Slice [1] [9] [1] -> Unsqueeze [0] -> Clip 0.5" in text
    assert shapes(found) == [(1, 2, 7, 4)]


def test_what_means_something_else_now_is_refused() -> None:
    from onnx import TensorProto, helper
    x = helper.make_tensor_value_info("a", TensorProto.FLOAT, [2, 8, 4])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    nodes = [helper.make_node("Softmax", ["a"], ["y"], name="s")]
    model = helper.make_model(helper.make_graph(nodes, "g", [x], [y]),
                              opset_imports=[helper.make_opsetid("", 9)])
    with pytest.raises(ConvertError, match=r"Softmax \(s\) means something else in opset 23"):
        specification(archcheck.analyze(model))


def test_equations_are_written_in_quotes() -> None:
    text, found = again(read("inputs:\n  a: B x I x J\n  b: B x J x K\nlayers:\n"
                             '- Einsum b equation="bij,bjk->bik"'))
    assert 'Einsum b equation="bij,bjk->bik"' in text
    assert found.macs == symbol("B") * symbol("I") * symbol("J") * symbol("K")


# ----------------------------------------------------------------------------------------------- the check
NET = """\
input: 1 x 4 x 8 x 8
layers:
- conv 4 3x3 same as a -> conv 4 3x3 same as b
- conv 4 3x3 same -> add a
"""


@pytest.mark.parametrize(("wrong", "what"), [
    ("add a", "another way"), ("conv 5", "shape and MACs of Conv"), ("bias=no", "the number of parameters"),
    ("relu6 ->", "no faithful specification"), ("extra", "the number of layers")])
def test_a_wrong_text_is_found_out(wrong: str, what: str) -> None:
    report = read(NET)
    from archcheck.writers._spec_items import Formulas
    from archcheck.writers._spec_read import Reading
    truth = Truth(report, Reading(report, Formulas({})).items(), {})
    truth.order = range(len(report.layers))
    truth.check(NET)
    text = {"add a": NET.replace("add a", "add b"), "conv 5": NET.replace("conv 4", "conv 5"),
            "bias=no": NET.replace("same as b", "same bias=no as b"),
            "relu6 ->": NET.replace("add a", "add nothing"),
            "extra": NET + "- conv 4 1x1 bias=no"}[wrong]
    with pytest.raises(ConvertError, match=what):
        truth.check(text)


# --------------------------------------------------------------------------------------------- any network
LAYERS = st.sampled_from(["conv 4 3x3 same", "relu", "bn", "conv 8 1x1 -> relu -> conv 4 1x1",
                          "maxpool 3x3 /1 same",
                          "Sqrt as s1 -> Exp -> mul s1", "scale 0.5", "depthwise 3x3 same bias=no",
                          "dropout 0.5", "Add float32(4, 1, 1)"])
CHAINS = st.lists(LAYERS, min_size=1, max_size=5, unique=True).map(
    lambda found: "(" + " -> ".join(found) + ") as part")


@st.composite
def networks(draw: Any) -> str:
    """Chains, repetitions of them, and branches."""
    lines = []
    for number in range(draw(st.integers(1, 6))):
        chain = draw(CHAINS)
        match draw(st.integers(0, 3)):
            case 0:
                lines.append(f"- {chain}{number}")
            case 1:
                lines.append(f"- ({chain})*{draw(st.integers(2, 4))}")
            case 2:
                lines.append(f"- {draw(st.sampled_from(['add', 'mul', 'max']))}: [pass, '{chain}']")
            case 3:
                lines.append(f"- repeat: 3\n  do:\n  - add: ['{draw(CHAINS)}', '{chain}']\n  - relu")
    return "input: N x 4 x H x W\nlayers:\n" + "\n".join(lines)


@settings(max_examples=40, deadline=None)
@given(networks())
def test_any_network_of_chains_and_branches_comes_back(text: str) -> None:
    truth = read(text)
    _, found = again(truth)
    assert rows(found) == rows(truth)
    assert Counter(node.op for node in found.graph.nodes) == Counter(node.op for node in truth.graph.nodes)
    assert found.fields[found.graph.outputs[0]] is not None


# --------------------------------------------------------------------------------------------- the command
def test_the_command_writes_to_where_it_is_told(tmp_path: Path) -> None:
    shown = CliRunner().invoke(cli, ["convert", "specs:vgg16"])
    assert shown.exit_code == 0
    assert shown.output == CliRunner().invoke(cli, ["convert", "specs:vgg16", "-o", "-"]).output
    path = tmp_path / "vgg.yaml"
    assert CliRunner().invoke(cli, ["convert", "specs:vgg16", "-o", str(path)]).exit_code == 0
    assert path.read_text() == shown.output
    assert archcheck.analyze(path).params == 138_357_544


def test_sizes_may_be_set() -> None:
    shown = CliRunner().invoke(cli, ["convert", "specs:vgg16", "--set", "N=N"])
    assert "input: N x 3 x 224 x 224" in shown.output
