"""``archcheck bench``, run for real on small networks; how long something takes is never what is tested."""
from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import onnx
import onnxruntime
import pytest
from click.testing import CliRunner, Result
from onnx import parser

from archcheck.backends import calibrate, clock
from archcheck.cli import _running, cli
from tests.benchmarks import device as benchmark
from tests.test_params import fill

QUICK = "--seconds", "0.4", "--runs", "20", "--warmup", "1"

NET = """(float[N,3,16,16] x) => (float[N,10] y)
    <float[16,3,3,3] u, float[16] scale, float[16] shift, float[16] mean, float[16] var,
     float[16,10] w, float[10] c>
    { [conv] a = Conv<pads = [1,1,1,1]>(x, u)
      [norm] b = BatchNormalization(a, scale, shift, mean, var)
      [relu] c1 = Relu(b)
      [gap] d = GlobalAveragePool(c1)
      [flat] e = Flatten(d)
      [dense] y = Gemm(e, w, c) }"""
CONV, DENSE = 16 * 3 * 9 * 16 * 16, 16 * 10


def stored(path: Path, text: str) -> str:
    """The path of a model in ONNX's text form."""
    opsets = '"" : 17, "com.acme" : 1'
    model = parser.parse_model(f"<ir_version: 8, opset_import: [{opsets}]> net {text}")
    fill(model.graph)
    onnx.save(model, path)
    return str(path)


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> str:
    return stored(tmp_path_factory.mktemp("bench") / "net.onnx", NET)


def ran(*args: str) -> Result:
    """What comes of the command; errors as they are."""
    return CliRunner().invoke(cli, ["bench", *args], standalone_mode=False)


@cache
def said(*args: str) -> dict[str, Any]:
    """What it says as JSON; run once."""
    found = ran(*args, "--format", "json")
    assert found.exception is None, found.exception
    return json.loads(found.stdout)


# ------------------------------------------------------------------------------------------------ one model
def test_every_node_that_ran_has_its_prediction(net, tmp_path):
    found = said(net, *QUICK)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.optimized_model_filepath = str(tmp_path / "optimized.onnx")
    onnxruntime.InferenceSession(net, options, providers=["CPUExecutionProvider"])
    ops = [node.op_type for node in onnx.load(options.optimized_model_filepath).graph.node]
    *nodes, between = found["rows"]
    assert [row["op"] for row in nodes] == ops
    assert all(None not in (row["macs"], row["bytes"], row["provider"]) for row in nodes)
    assert found["macs"] == sum(row["macs"] for row in nodes) == CONV + DENSE
    assert (between["name"], between["op"]) == ("between nodes", None)
    assert {name for row in nodes for name, _ in row["origins"]} == {"conv", "norm", "relu", "gap", "flat",
                                                                     "dense"}


def test_rows_come_to_a_run(net):
    found = said(net, *QUICK)
    seconds = [row["seconds"] for row in found["rows"]]
    assert sum(seconds) == pytest.approx(found["profiled"]["seconds"])
    assert sum(row["share"] for row in found["rows"]) == pytest.approx(1)
    assert all(second >= 0 for second in seconds)  # the clock around a run sees at least what its nodes took
    assert found["profiled"]["runs"] <= 20 and found["session"]["runs"] <= 20
    assert sum(row["seconds"] for row in found["by_operator"]) == pytest.approx(found["profiled"]["nodes"])


def test_as_written(net):
    found = said(net, *QUICK, "--no-optimize")
    assert [row["name"] for row in found["rows"]] == [
        "conv", "norm", "relu", "gap", "flat", "dense", "between nodes"]
    assert [row["macs"] for row in found["rows"][:-1]] == [CONV, 0, 0, 0, 0, DENSE]
    assert found["sizes"] == {"N": 1} and found["optimized"] is False


def test_bodies_are_in_their_node(tmp_path):
    model = stored(tmp_path / "loop.onnx", """(float[4] x, int64 n) => (float[4] y)
        <bool yes = {1}>
        { [loop] y = Loop(n, yes, x) <body = b (int64 i, bool on, float[4] h) => (bool on2, float[4] h2)
          { on2 = Identity(on)  [grow] h2 = Mul(h, h) }>  }""")
    found = said(model, *QUICK, "--no-optimize")
    assert [row["name"] for row in found["rows"]] == ["loop", "between nodes"]


def test_weights_that_are_not_there_are_made_up():
    found = said("specs:lenet5", *QUICK)
    assert found["weights_made_up"] > 0 and found["macs"] > 0


def test_a_roofline_is_what_was_said(net):
    found = said(net, *QUICK, "--no-optimize", "--roofline", "peak=1e6,bandwidth=1e12")
    conv = found["rows"][0]
    assert conv["bound_seconds"] == pytest.approx(2 * CONV / 1e6)
    assert conv["efficiency"] == pytest.approx(conv["bound_seconds"] / conv["seconds"])
    assert found["roofline"]["bound_seconds"] == pytest.approx(found["flops"] / 1e6)
    assert all(row["bound_seconds"] is None for row in said(net, *QUICK)["rows"])


def test_calibration(net, monkeypatch):
    monkeypatch.setattr(calibrate, "SIDE", 64)
    monkeypatch.setattr(calibrate, "COUNT", 1 << 16)
    monkeypatch.setattr(calibrate, "PLAN", clock.Plan(1, 3, 0.2))
    found = said(net, *QUICK, "--calibrate")["roofline"]
    assert found["peaks"].keys() == {"float32"} and found["bandwidth"] > 0


def test_nothing_is_left_behind(net, tmp_path, monkeypatch):
    scratch, here = tmp_path / "scratch", tmp_path / "here"
    scratch.mkdir(), here.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    monkeypatch.chdir(here)
    assert ran("specs:lenet5", *QUICK).exception is None
    assert not [*scratch.iterdir(), *here.iterdir()]


# ------------------------------------------------------------------------------------------------ text
def test_the_table_shows_what_took_longest(net):
    found = ran(net, *QUICK, "--no-optimize", "--top", "2", "--format", "plain").stdout
    table, facts = found.split("\n\n")
    heading, *_, others, between = table.splitlines()
    assert len(table.splitlines()) == 5
    assert heading.split()[:2] == ["node", "operator"]
    assert others.startswith("4 other nodes") and between.startswith("between nodes")
    labels = [line.split()[0] for line in facts.splitlines() if not line.startswith(" ")]
    assert labels == ["session", "profiled", "operators", "roofline", "ran", "graph", "sizes"]
    assert "CPUExecutionProvider" in facts and "6 nodes in the model, 6 that ran" in facts


def test_csv_and_markdown(net):
    rows = list(csv.DictReader(io.StringIO(ran(net, *QUICK, "--no-optimize", "--format", "csv").stdout)))
    assert [row["macs"] for row in rows] == [str(CONV), "0", "0", "0", "0", str(DENSE), ""]
    lines = ran(net, *QUICK, "--no-optimize", "--all", "--format", "markdown").stdout.splitlines()
    assert [line.split()[1] for line in lines[:9]] == [
        "node", "---", "conv", "norm", "relu", "gap", "flat", "dense", "between"]
    assert any(line.startswith("- **session**: ") for line in lines)


# ------------------------------------------------------------------------------------------------ two models
def test_two_models_side_by_side(net, tmp_path):
    wide = stored(tmp_path / "wide.onnx", NET.replace("[dense]", "[classes]").replace("Relu", "Sigmoid"))
    found = said(net, wide, *QUICK, "--no-optimize")
    names = [(row["name"], row["op"], row["first_seconds"] is None, row["second_seconds"] is None)
             for row in found["rows"]]
    assert names == [("conv", "Conv", False, False), ("norm", "BatchNormalization", False, False),
                     ("relu", "Relu / Sigmoid", False, False), ("gap", "GlobalAveragePool", False, False),
                     ("flat", "Flatten", False, False), ("dense", "Gemm", False, True),
                     ("classes", "Gemm", True, False)]
    one, other = found["first"]["session"]["seconds"], found["second"]["session"]["seconds"]
    assert found["ratio"] == pytest.approx(other / one)
    for row in found["rows"][:5]:
        assert row["gain"] == pytest.approx(row["second_seconds"] - row["first_seconds"])


# ------------------------------------------------------------------------------------------------ devices
def test_the_script_for_devices_keeps_what_it_has(tmp_path, monkeypatch):
    answers = iter([said("specs:lenet5", *QUICK), OSError("no more")])

    def answer(*_: object) -> dict[str, Any]:
        found = next(answers, OSError("no more"))
        if isinstance(found, OSError):
            raise found
        return found

    monkeypatch.setattr(benchmark, "NETWORKS", (("specs:lenet5", {"N": 1}), ("specs:none", {})))
    monkeypatch.setattr(benchmark, "command", answer)
    monkeypatch.setattr(sys, "argv", ["device", "--device", "cpu", "--output", str(tmp_path)])
    assert benchmark.main() == 1
    steps = json.loads((tmp_path / "results.json").read_text())["steps"]
    assert [step.get("error") for step in steps] == [None, None, "OSError: no more", "OSError: no more"]
    assert steps[0]["provider"] == "CPUExecutionProvider" and steps[0]["verdicts"].keys() == {"agrees"}
    assert "| specs:lenet5 N=1 | 12 of 12 |" in (tmp_path / "results.md").read_text()


# ------------------------------------------------------------------------------------------------ interrupted
@contextmanager
def interrupting(what: str, total: int) -> Iterator[Callable[[], None]]:
    """A progress at whose first move Ctrl-C is pressed."""
    presses = iter([lambda: os.kill(os.getpid(), signal.SIGINT)])
    yield lambda: next(presses, lambda: None)()


def test_ctrl_c_leaves_what_was_measured(net, monkeypatch):
    monkeypatch.setattr(_running, "progress", interrupting)
    found = CliRunner().invoke(cli, ["bench", net, "--seconds", "20", "--no-optimize", "--format", "json"])
    record = json.loads(found.stdout)
    assert found.exit_code == 130
    assert record["stopped"] is True and record["session"] is None and record["profiled"]["runs"] >= 1
    assert len(record["rows"]) == 7
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_ctrl_c_ends_it_at_once(tmp_path):
    with clock._stoppable(tmp_path / "stop") as stop:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.exists()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_the_whole_command_is_interrupted(net):
    """As at a terminal, where the child hears Ctrl-C as well."""
    arguments = [sys.executable, "-m", "archcheck", "bench", net, "--seconds", "600", "--format", "json"]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, start_new_session=True)
    time.sleep(2)
    os.killpg(process.pid, signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert not out or json.loads(out)["stopped"] is True


# ------------------------------------------------------------------------------------------------ refused
@pytest.mark.parametrize(("args", "sentence"), [
    (("--device", "cuda"), "no provider for cuda"), (("--device", "nonsense"), "no provider for nonsense"),
    (("--set", "M=2"), "no input of the network has a size called M"),
    (("--roofline", "h100", "--calibrate"), "give one of them"),
    (("--roofline", "h1000"), "did you mean 'h100'"), (("--roofline", "peak=1e9"), "has no bandwidth"),
    (("--timeout", "0.0001"), "without coming to an end")])
def test_one_sentence_says_what_is_wrong(net, args, sentence):
    if args[1] == "cuda" and "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this machine has what is asked for")
    found = ran(net, *QUICK, *args)
    assert sentence in str(found.exception)


def test_a_model_that_does_not_run(tmp_path):
    model = stored(tmp_path / "odd.onnx", "(float[4] x) => (float[4] y) { y = com.acme.Odd(x) }")
    found = ran(model, *QUICK)
    assert "ONNX Runtime cannot run" in str(found.exception) and "Odd" in str(found.exception)
    assert found.exception.exit_code == 1


def test_sizes_that_are_open_have_to_be_said(tmp_path):
    model = stored(tmp_path / "open.onnx", "(float[N,S] x) => (float[N,S] y) { y = Relu(x) }")
    assert "--set S=" in str(ran(model, *QUICK).exception)
    assert said(model, *QUICK, "--set", "S=8")["sizes"] == {"S": 8, "N": 1}
