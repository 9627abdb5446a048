"""``archcheck memory``: what it prints."""
from __future__ import annotations

import csv
import io
import json
import os
import re
from pathlib import Path

import pytest
from onnx import parser

from archcheck.analyses import training_memory
from archcheck.cli import memory
from tests.golden.cases import printed
from tests.test_params import fill

RESNET = "onnx:light_resnet50"


def stored(tmp_path: Path, text: str) -> str:
    """The path of a model in ONNX's text form."""
    model = parser.parse_model(f'<ir_version: 10, opset_import: ["" : 21]> net {text}')
    fill(model.graph)
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return str(path)


@pytest.fixture
def branches(tmp_path: Path) -> str:
    """Two branches of an input that meet again."""
    return stored(tmp_path, """(float[N,8] x) => (float[N,80] y) <float[8,80] w, float[8,40] u, float[40,1] v>
        { a = MatMul(x, u)  b = Relu(a)  c = MatMul(x, w)  d = MatMul(b, v)  y = Add(c, d) }""")


def facts(text: str) -> dict[str, str]:
    """The facts below a table, by label."""
    lines = text.split("\n\n")[-1].splitlines()
    return {line[:13].strip(): line[13:] for line in lines if line[:13].strip()}


def test_json_has_every_node():
    document = json.loads(printed("memory", RESNET, "--format", "json"))
    rows = document["timeline"]
    assert document["schema"] == "archcheck.memory/1"
    assert [row["index"] for row in rows] == [*range(415)]
    assert max(row["live"] for row in rows) == document["peak"]["bytes"] == 9_633_792
    assert [row["node"] for row in rows if row["share"] == 1][:1] == document["peak"]["nodes"] == ["n13"]
    assert document["activations"] == sum(row["makes"] for row in rows)
    assert document["to_run"] == document["peak"]["bytes"] + sum(document["weights"].values())
    assert document["order"] == {"peak": 9_633_792, "bound": 9_633_792, "order": None}
    training = document["training"]
    parts = "weights", "gradients", "states", "activations"
    assert training["total"] == sum(training[part] for part in parts)
    assert training["gradients"] == 4 * 25_557_032


def test_csv_has_every_node_and_a_table_what_fits():
    assert len(list(csv.DictReader(io.StringIO(printed("memory", RESNET, "--format", "csv"))))) == 415
    assert len(printed("memory", RESNET).split("\n\n")[0].splitlines()) == 1 + 40
    assert len(printed("memory", RESNET, "--all").split("\n\n")[0].splitlines()) == 1 + 415


def test_the_highest_node_is_always_shown():
    table = printed("memory", RESNET)
    assert " peak\n" in table and " n13 " in table


@pytest.mark.parametrize(("optimizer", "states"), [
    ("sgd", 0), ("momentum", 4), ("adam", 8), ("adam-mixed", 12)])
def test_optimizers(branches, optimizer, states):
    document = json.loads(printed("memory", branches, "--optimizer", optimizer, "--format", "json"))
    assert document["training"]["states"] == states * (8 * 80 + 8 * 40 + 40)


def test_a_better_order_is_told(tmp_path):
    """The file makes 160 and 128 bytes and then shrinks both; better shrinks one before it makes the other,
    when x (16), a (160) and its sum (4) are in memory at most."""
    path = stored(tmp_path, """(float[4] x) => (float[1] y)
        { a = Concat<axis = 0>(x, x, x, x, x, x, x, x, x, x)  b = Concat<axis = 0>(x, x, x, x, x, x, x, x)
          c = ReduceSum(a)  d = ReduceSum(b)  y = Add(c, d) }""")
    told = facts(printed("memory", path))
    assert told["peak"] == "304 B while Concat_1 runs (node 1)"
    assert told["best order"] == "180 B, 40.8% less than in the file's; no order takes less"
    document = json.loads(printed("memory", path, "--format", "json"))
    assert document["order"]["order"] in ([0, 2, 1, 3, 4], [1, 3, 0, 2, 4])


def test_symbols_are_told_as_formulas(branches):
    document = json.loads(printed("memory", branches, "--format", "json"))
    assert document["activations"] == "964*N" and document["to_run"] == "644*N + 4000"
    assert document["peak"] == {"bytes": "644*N", "nodes": ["Add_4"]}
    assert facts(printed("memory", branches))["sizes"] == "--set N=1"


def test_unknown_sizes_are_told(tmp_path):
    path = stored(tmp_path, """(float[4] x) => (float[4] y, int64[M,K] i)
        { a = Relu(x)  i = NonZero(a)  y = Neg(a) }""")
    told = facts(printed("memory", path))
    assert told["unknown"] == "the size of i" and told["peak"].startswith("≥ 32 B")
    assert json.loads(printed("memory", path, "--format", "json"))["unknown"] == ["i"]


@pytest.mark.parametrize("width", [60, 80, 140])
def test_it_fits_a_terminal(width, monkeypatch):
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((width, 50)))
    monkeypatch.setattr("archcheck.cli._options.on_terminal", lambda output: True)
    lines = re.sub("\x1b\\[[0-9;]*m", "", printed("memory", RESNET)).splitlines()
    assert max(map(len, lines)) <= width and len(lines) > 40


def test_sizes_beyond_all_memory(tmp_path):
    axes = ",".join(["9000000000000000000"] * 18)
    path = stored(tmp_path, f"(float[{axes}] x) => (float[{axes}] y) {{ y = Relu(x) }}")
    assert facts(printed("memory", path))["peak"].startswith("2^")


def test_the_option_knows_all_optimizers():
    assert tuple(training_memory.OPTIMIZERS) == memory.OPTIMIZERS
