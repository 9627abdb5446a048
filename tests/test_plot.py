"""``archcheck plot``: the numbers it shows, and the files it writes."""
from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from onnx import parser

import archcheck
from archcheck.analyses.devices import device
from archcheck.plots import series
from tests.test_cli import RESNET, dynamic, ends  # noqa: F401 - a fixture

HOSTILE = '$x^</text><script>alert("1")</script>$ \u202eabc'


@pytest.fixture(scope="module")
def resnet() -> archcheck.Report:
    return archcheck.analyze(RESNET)


def tiny(name: str, title: str = "net") -> bytes:
    """y = relu(x · w), x 2 × 4, w 4 × 3."""
    from onnx import TensorProto, helper
    return helper.make_model(helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["h"], name),
         helper.make_node("Relu", ["h"], ["y"], "relu")], title,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 3])],
        [helper.make_tensor("w", TensorProto.FLOAT, [4, 3], [0.5] * 12)])).SerializeToString()


# ------------------------------------------------------------------------------------------------ numbers
@pytest.mark.parametrize(("model", "macs", "params"), [
    (RESNET, 4_089_184_256, 25_557_032), ("specs:vgg16", 15_470_264_320, 138_357_544)])
def test_bars_add_up_to_published_totals(model: str, macs: int, params: int):
    report = archcheck.analyze(model)
    for of, total in (("macs", macs), ("params", params)):
        found = series.plotted(report, of)
        assert found.total == total == sum(bar.value for bar in found.bars)
        assert len(found.bars) <= series.BARS
        assert not found.partial


def test_layers_beyond_the_most_bars_are_one(monkeypatch: pytest.MonkeyPatch, resnet: archcheck.Report):
    monkeypatch.setattr(series, "BARS", 5)
    found = series.bars(resnet, "macs")
    assert len(found.bars) == 5
    assert found.bars[-1].name.endswith(" others")
    assert sum(bar.value for bar in found.bars) == 4_089_184_256


def test_what_is_not_counted_makes_a_total_a_bound(dynamic: Path):  # noqa: F811
    report = archcheck.analyze(dynamic, {"N": 1, "H": 8, "W": 8})
    found = series.bars(report, "macs")
    assert found.partial
    assert [bar.value for bar in found.bars] == [8 * 3 * 9 * 16, 8 * 8 * 9 * 4]


def test_memory_by_hand():
    """x takes 32 bytes, h and y 24 each; x is gone when the second node runs."""
    found = series.timeline(archcheck.analyze(tiny("product")))
    assert found.live == (32 + 24, 24 + 24)
    assert (found.peak, found.weights, found.names) == (0, 48, ("product", "relu"))


def test_the_peak_is_that_of_the_command(resnet: archcheck.Report):
    found = series.timeline(resnet)
    assert found.live[found.peak] == max(found.live) == resnet.memory.peak.bytes


def test_roofline_by_hand():
    """48 operations on 32 + 48 + 24 bytes, then 6 on 48, on a device that moves a byte for 0.1 operations."""
    found = series.points(archcheck.analyze(tiny("product")), device("peak=10,bandwidth=100"))
    product, relu = found.points
    assert (product.flops, product.bytes, product.seconds) == (48, 104, pytest.approx(4.8))
    assert (relu.flops, relu.bytes, relu.seconds) == (6, 48, pytest.approx(0.6))
    assert (product.intensity, relu.intensity) == (48 / 104, 6 / 48)
    assert found.left_out == 0


def test_fields_as_published(resnet: archcheck.Report):
    """427 is the published figure before the pooling over the whole map."""
    found = series.fields(resnet)
    full = found.lines[0]
    assert full.sizes[found.names.index("n165")] == 427
    assert full.whole == (found.names.index("n173"), found.names.index("n175"))
    assert found.extents == (224,)


def test_axes_that_read_alike_are_one_line():
    """Three taps, then five, of 12 × 20: three, then seven positions of either axis; at last all of both."""
    model = archcheck.analyze(parser.parse_model('''<ir_version: 9, opset_import: ["" : 18]>
        net (float[1,1,12,20] image, float[1,1,3,3] k, float[1,1,5,5] l) => (float[1,1,1,1] z) {
            [a] g = Conv(image, k)
            [b] h = Conv(g, l)
            [all] y = GlobalAveragePool(h)
            [id] z = Identity(y)
        }'''))
    found = series.fields(model)
    assert found.names[:2] == ("a", "b")
    assert [(line.name, line.sizes[:2]) for line in found.lines] == [("field", (3, 7))]
    assert found.lines[0].whole == tuple(range(2, len(found.names)))
    assert found.extents == (12, 20)


def test_axes_that_read_differently_are_lines_of_their_own():
    found = series.fields(archcheck.analyze(parser.parse_model('''<ir_version: 9, opset_import: ["" : 18]>
        net (float[1,1,12,20] image, float[1,1,3,5] k) => (float[1,1,a,b] y) { [a] y = Conv(image, k) }''')))
    lines = [(line.name, line.sizes) for line in found.lines]
    assert lines[:2] == [("field, axis 2", (3,)), ("field, axis 3", (5,))]


# ---------------------------------------------------------------------------------------- what is asked for
@pytest.mark.parametrize("of", ["macs", "memory"])
def test_formulas_need_numbers(capsys: pytest.CaptureFixture[str], dynamic: Path, of: str):  # noqa: F811
    code, out, err = ends(capsys, "plot", str(dynamic), "--of", of)
    assert (code, out) == (2, "")
    assert "--set N=NUMBER --set H=NUMBER --set W=NUMBER" in err


@pytest.mark.parametrize(("options", "said"), [
    (["--of", "roofline"], "needs a --device"), (["--device", "a100"], "is for --of roofline"),
    (["-o", "x.jpg"], "cannot be written as .jpg"), (["--of", "roofline", "--device", "b100"], "not known")])
def test_wrong_options_get_a_sentence(capsys: pytest.CaptureFixture[str], options: list[str], said: str):
    code, out, err = ends(capsys, "plot", "specs:lenet5", *options)
    assert (code, out) == (2, "")
    assert said in err


def test_without_matplotlib_there_is_a_sentence(capsys: pytest.CaptureFixture[str],
                                                 monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    code, out, err = ends(capsys, "plot", "specs:lenet5")
    assert (code, out) == (2, "")
    assert "pip install 'archcheck[plot]'" in err


# ------------------------------------------------------------------------------------------------ files
ALL = [("macs", []), ("params", []), ("memory", []), ("field", []), ("roofline", ["--device", "a100"])]


@pytest.mark.parametrize(("of", "options"), ALL, ids=[of for of, _ in ALL])
def test_svg_is_the_same_every_time(tmp_path: Path, of: str, options: list[str],
                                    capsys: pytest.CaptureFixture[str]):
    pytest.importorskip("matplotlib")
    paths = [tmp_path / "a.svg", tmp_path / "b.svg"]
    for path in paths:
        assert ends(capsys, "plot", "specs:lenet5", "--of", of, *options, "-o", str(path)) == (0, "", "")
    first, second = (path.read_bytes() for path in paths)
    assert first == second
    assert "lenet5" in "".join(ElementTree.fromstring(first).itertext())


@pytest.mark.parametrize(("suffix", "start"), [("png", b"\x89PNG\r\n"), ("pdf", b"%PDF-")])
def test_other_formats(tmp_path: Path, suffix: str, start: bytes, capsys: pytest.CaptureFixture[str]):
    pytest.importorskip("matplotlib")
    path = tmp_path / f"x.{suffix}"
    assert ends(capsys, "plot", "specs:lenet5", "-o", str(path)) == (0, "", "")
    assert path.read_bytes().startswith(start)


def test_names_are_shown_as_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """No formula is made of dollars, no element of a tag, and no text turns around."""
    pytest.importorskip("matplotlib")
    model, path = tmp_path / "net.onnx", tmp_path / "x.svg"
    model.write_bytes(tiny(HOSTILE, HOSTILE))
    for of in ("macs", "memory", "field"):
        assert ends(capsys, "plot", str(model), "--of", of, "-o", str(path)) == (0, "", "")
        document = ElementTree.fromstring(path.read_bytes())
        assert not [node for node in document.iter() if "script" in node.tag]
        text = "".join(document.itertext())
        assert "$x^" in text and "\u202e" not in text


def test_a_person_is_not_shown_bytes(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("matplotlib")
    monkeypatch.setattr("archcheck.cli._options.on_terminal", lambda output: True)
    code, out, err = ends(capsys, "plot", "specs:lenet5", "--format", "png")
    assert (code, out) == (2, "")
    assert "give it a file with -o" in err
