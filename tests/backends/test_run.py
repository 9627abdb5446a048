"""``archcheck run`` from outside."""
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
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from archcheck.cli import main
from tests.backends._models import ENDLESS, HUNGRY, NOT_A_NUMBER, SMALL, crashing, saved


def ends(capsys: pytest.CaptureFixture[str], *args: object) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of archcheck in this process."""
    with pytest.raises(SystemExit) as stop:
        main(list(map(str, args)))
    out, err = capsys.readouterr()
    return int(stop.value.code or 0), out, err


@pytest.fixture(autouse=True)
def no_files(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Nothing is left behind, whatever happens."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert [path for path in folder.iterdir() if path.name != ".ses"] == []  # the runtime keeps that there


def npy(folder: Path, array: Any) -> Path:
    np.save(folder / "x.npy", array)
    return folder / "x.npy"


def test_values_and_what_they_are_like(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, x = saved(tmp_path, SMALL), np.random.default_rng(0).standard_normal((2, 3, 4), "f4")
    code, out, err = ends(capsys, "run", path, "--input", f"x={npy(tmp_path, x)}", "--set", "S=2", "--values",
                          "-o", tmp_path / "out.npz", "--format", "json")
    assert (code, err) == (0, "")
    said = json.loads(out)
    assert said["schema"] == "archcheck.run/1" and said["provider"] == "CPUExecutionProvider"
    assert said["sizes"] == {"N": 2, "C": 3, "S": 2} and said["first_nan"] is None
    rows = {row["value"]: row for row in said["values"]}
    assert list(rows) == ["r", "y", "e"]
    with np.load(tmp_path / "out.npz") as arrays:
        plain = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        expected, = plain.run(["y"], {"x": x, "ids": np.zeros((2, 2), "i8")})
        np.testing.assert_array_equal(arrays["y"], expected)
        for name, array in arrays.items():
            assert rows[name]["shape"] == list(array.shape) and rows[name]["dtype"] == str(array.dtype)
            measured = [rows[name][key] for key in ("min", "max", "mean", "std", "zeros")]
            exact = array.astype("float64")
            expected = [exact.min(), exact.max(), exact.mean(), exact.std(), (exact == 0).mean()]
            np.testing.assert_allclose(measured, expected, rtol=1e-6)


def test_where_nan_begins(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(tmp_path, NOT_A_NUMBER)
    x = npy(tmp_path, np.array([[1, 2, 3, 0]], "f4"))
    code, out, _ = ends(capsys, "run", path, "--input", f"x={x}")
    assert code == 0 and "y has NaN; --values finds where it begins" in out
    code, out, _ = ends(capsys, "run", path, "--input", f"x={x}", "--values")
    assert code == 0 and "the first NaN is in r, which the Sqrt root makes" in out


def test_one_value(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(tmp_path, NOT_A_NUMBER)
    code, out, _ = ends(capsys, "run", path, "--input", "x=ones", "--set", "N=3", "--value", "h",
                        "-o", tmp_path / "h.npy", "--format", "csv")
    row, = csv.DictReader(io.StringIO(out))
    assert code == 0 and (row["value"], row["op"], row["min"], row["max"]) == ("h", "Mul", "1.0", "1.0")
    np.testing.assert_array_equal(np.load(tmp_path / "h.npy"), np.ones((3, 4), "f4"))


def test_sizes_that_nothing_says_are_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = ends(capsys, "run", saved(tmp_path, NOT_A_NUMBER))
    assert code == 0 and "(N drawn from seed 0; --set gives others)" in out


@pytest.mark.parametrize(("args", "said"), [
    (["--input", "y=ones"], "no input called y"),
    (["--value", "hh"], "no node of the network makes a value called hh; did you mean h?"),
    (["--values", "--value", "h"], "--values is every value"),
    (["-o", "out.txt"], "out.txt should end in .npz, .npy or .json"),
    (["--max-memory", "lots"], "'lots' is no amount of memory"),
    (["--mean", "a"], "'a' is not of the form X or X,Y,Z"),
    (["--custom-ops", "none.so"], "none.so"),
    (["--device", "tpu"], "no provider for tpu")])
def test_usage(args: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = ends(capsys, "run", saved(tmp_path, NOT_A_NUMBER), *args)
    assert (code, out) == (2, "") and said in err


@pytest.mark.parametrize(("text", "args", "said"), [
    (ENDLESS, ["--timeout", "1"], "ran for 1 s without coming to an end and was stopped"),
    (HUNGRY, ["--input", "s=huge.npy"], "of memory at the ConstantOfShape greedy")],
    ids=["endless", "hungry"])
def test_a_runaway_is_one_sentence(text: str, args: list[str], said: str, tmp_path: Path, capsys: Any,
                                   monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path, text)
    monkeypatch.chdir(tmp_path)
    np.save("huge.npy", np.array([25 * 10 ** 9]))
    code, out, err = ends(capsys, "run", path, *args, "-o", "out.npz")
    assert (code, out) == (1, "") and said in err and err.count("\n") == 1
    assert not Path("out.npz").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_crash_of_the_runtime_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x = npy(tmp_path, np.array([-2 ** 63]))
    code, out, err = ends(capsys, "run", crashing(tmp_path), "--input", f"x={x}")
    if code == 0:
        pytest.skip("this processor or version does not trap")
    assert (code, out) == (1, "") and err.count("\n") == 1
    assert "ended ONNX Runtime with an arithmetic fault (SIGFPE) at the Div culprit" in err


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize(("end", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_end_from_outside_ends_everything(end: int, code: int, tmp_path: Path, no_files: Path) -> None:
    path = saved(tmp_path, ENDLESS)
    process = subprocess.Popen([sys.executable, "-m", "archcheck", "run", str(path)], text=True,
                               stderr=subprocess.PIPE, env={**os.environ, "TMPDIR": str(no_files)})
    for _ in range(200):
        if list(no_files.iterdir()):
            break
        time.sleep(0.05)
    time.sleep(0.5)
    children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True,
                              text=True)
    process.send_signal(end)
    _, err = process.communicate(timeout=20)
    assert process.returncode == code and "Traceback" not in err
    assert children.stdout.split()
    for child in map(int, children.stdout.split()):
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)
