"""``archcheck cost`` from outside."""
from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import jsonschema
import pytest

from tests.test_cli import DOCS, RESNET, dynamic, ends  # noqa: F401 - a fixture

EVERYTHING = ("--exact", "--connections", "--training", "--device", "a100")


def document(capsys: pytest.CaptureFixture[str], *args: str) -> dict[str, object]:
    code, out, err = ends(capsys, "cost", *args, "--format", "json")
    assert (code, err) == (0, "")
    return json.loads(out)


def test_json_follows_its_schema(capsys, dynamic: Path):  # noqa: F811
    schema = json.loads((DOCS / "cost.schema.json").read_text())
    for model in (RESNET, str(dynamic)):
        for options in ((), EVERYTHING, ("--profile", "torch", "--profile", "paper-mac")):
            jsonschema.validate(document(capsys, model, *options), schema)


def test_figures_of_a_known_network(capsys):
    found = document(capsys, RESNET, *EVERYTHING)
    assert found["macs"] == 4_089_184_256 and found["exact_macs"] == 3_948_251_904
    assert found["training"]["macs"] == 12_149_538_816
    assert found["flops"] == 2 * found["macs"] + sum(
        count for kind, count in found["operations"].items() if kind != "mac")


def test_other_tools_counts(capsys):
    """Published for SqueezeNet 1.1 as one MAC each, and twice that by torch's counter; exact: no padding."""
    found = document(capsys, "onnx:light_squeezenet", "--profile", "torch", "--profile", "exact")
    assert found["torch"]["total"] == 2 * 349_151_936 == 2 * found["macs"]
    assert found["torch"]["per_mac"] == 2
    assert found["exact_macs"] == 337_404_608
    assert sum(row["torch"] for row in found["layers"]) == found["torch"]["total"]


def test_rows_add_up(capsys):
    found = document(capsys, RESNET, *EVERYTHING)
    for key, total in (("macs", found["macs"]), ("flops", found["flops"]), ("bytes", found["bytes"]["total"]),
                       ("exact_macs", found["exact_macs"]), ("training_macs", found["training"]["macs"]),
                       ("connections", found["connections"]["connections"])):
        assert sum(row[key] for row in found["layers"]) == total, key
    assert sum(row["seconds"] for row in found["layers"]) == pytest.approx(found["roofline"]["seconds"])


def test_nodes_without_cost_are_hidden_and_said(capsys):
    _, short, _ = ends(capsys, "cost", RESNET)
    _, long, _ = ends(capsys, "cost", RESNET, "--all")
    hidden = int(short.split("not listed")[1].split()[0])
    assert len(long.splitlines()) - 1 == len(short.splitlines()) - 2 + hidden
    assert "not listed" not in long and "ConstantOfShape" in long and "ConstantOfShape" not in short


def test_parts_of_a_sequence_are_not_idle(capsys, tmp_path: Path):
    """Only the types of its elements are known, not their numbers."""
    from onnx import parser, save_model
    save_model(parser.parse_model("""<ir_version: 10, opset_import: ["" : 17]>
        g (float[N, 8] x) => (float[N, 4] y) <int64 four = {4}, int64 one = {1}> {
            parts = SplitToSequence <axis = 1> (x, four)
            y = SequenceAt (parts, one)
        }"""), tmp_path / "split.onnx")
    found = ends(capsys, "cost", str(tmp_path / "split.onnx"))[1]
    assert "SplitToSequence_0" in found and "SequenceAt_1" in found


def test_sorted_and_cut(capsys):
    _, out, _ = ends(capsys, "cost", RESNET, "--sort", "bytes", "--top", "4", "--format", "csv")
    figures = [int(row["bytes"]) for row in csv.DictReader(io.StringIO(out))]
    assert len(figures) == 4 and figures == sorted(figures, reverse=True)
    _, out, _ = ends(capsys, "cost", RESNET, "--sort", "seconds", "--top", "3", "--device", "t4",
                     "--format", "csv")
    assert len(out.splitlines()) == 4


def test_symbolic(capsys, dynamic: Path):  # noqa: F811
    _, out, _ = ends(capsys, "cost", str(dynamic), *EVERYTHING)
    lines = [line.split("  ", maxsplit=1) for line in out.splitlines()]
    facts = {line[0]: line[1].strip() for line in lines if len(line) == 2}
    assert "⌈H/2⌉" in facts["MACs"] and facts["MACs"].startswith("≥ ")  # one operator is not known
    assert facts["bytes"].startswith("≥ ") and "--set N=NUMBER" in facts["sizes"]
    found = document(capsys, str(dynamic), "--set", "N=1", "--set", "H=8", "--set", "W=8", "--exact")
    assert found["macs"] == 27 * 8 * 16 + 72 * 8 * 4
    assert found["exact_macs"] == 24 * (3 * 4 - 1) ** 2 + 64 * (3 * 2 - 1) ** 2
    assert found["bytes"]["missing"] == {"Mystery": 1} and found["not_counted"] == {"com.acme.Mystery": 1}


@pytest.mark.parametrize(("args", "says"), [
    (("--device", "h10"), "did you mean 'h100'?"), (("--device", "peak=1"), "no bandwidth"),
    (("--sort", "seconds"), "needs a --device"), (("--profile", "torc"), "did you mean 'torch'?")])
def test_usage(capsys, args, says):
    code, out, err = ends(capsys, "cost", RESNET, *args)
    assert (code, out) == (2, "") and says in err and "Traceback" not in err


def test_a_terminal_is_kept_to(capsys):
    from archcheck import analyze
    from archcheck.analyses.devices import DEVICES
    from archcheck.reporters.cost import View, sheet
    from archcheck.reporters.sheet import render
    from archcheck.reporters.text import Script
    report = analyze(RESNET)
    for script in (Script(), Script(ascii=True)):
        view = View(True, True, True, DEVICES["h100"], top=9, script=script)
        text = render(sheet(report, view), "table", script, 80, False)
        assert max(map(len, text.splitlines())) <= 80
        assert text.isascii() == script.ascii
