"""``archcheck verify`` on many networks: at once, in their order, remembered, and whatever goes wrong with
one."""
from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper, parser

from archcheck.backends import measure
from archcheck.backends.guard import MEMORY, Crashed
from archcheck.backends.measure import How
from archcheck.backends.ort import Measured
from archcheck.backends.several import Ask, verify_many
from archcheck.backends.verdicts import AGREES, DECLARED, Verdict
from archcheck.reporters.measured import FEW
from tests.lint.conftest import here
from tests.lint.models import ends, record

__all__ = ["here"]
pytest.importorskip("onnxruntime", reason="running needs onnxruntime")
forked = pytest.mark.skipif(multiprocessing.get_start_method() != "fork",
                            reason="a stand-in is there in processes that are forked only")
ROOT = Path(__file__).parents[2]
NET = """<ir_version: 9, opset_import: ["" : 18]>
    net (float[N,{}] x) => (float[N,{}] y) {{ a = Relu(x) y = Neg(a) }}"""


def net(path: str, channels: int) -> str:
    """A network of two values."""
    onnx.save(parser.parse_model(NET.format(channels, channels)), path)
    return path


@pytest.fixture
def store(here: Path) -> list[str]:
    (here / "nets").mkdir()
    return [net(f"nets/m{k}.onnx", 3 + k) for k in range(3)]


@pytest.fixture
def ran(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with the name of each network that was run, by a stand-in that finds lies and nothing else."""
    file = here / "ran"

    def counted(models: Any, report: Any, sizes: Any, how: How) -> measure.Run:
        with open(file, "a") as said:
            said.write(f"{models.name}\n")
        kind = DECLARED if "lie" in models.name else AGREES
        found = Measured("a", "float32", (2, 3))
        return measure.Run(sizes, "CPU", (Verdict("a", kind, report.types["a"], found, "this", "that"),))
    monkeypatch.setattr(measure, "_run", counted)
    file.write_text("")
    return file



@forked
def test_what_agrees_is_not_run_again(store, ran: Path, capsys):
    net("nets/lie.onnx", 4)
    first = record(capsys, "verify", "nets", "--sizes", "1", code=1)
    assert sorted(ran.read_text().split()) == ["nets/lie.onnx", *store]
    ran.write_text("")
    second = record(capsys, "verify", "nets", "--sizes", "1", code=1)
    assert ran.read_text().split() == ["nets/lie.onnx"], "what is wrong is run again"
    assert [one.pop("remembered") for one in first["networks"]] == [False] * 4
    assert [one.pop("remembered") for one in second["networks"]] == [False, True, True, True]
    assert first == second
    ran.write_text("")
    net("nets/m1.onnx", 7)
    for more in (["--sizes", "1"], ["--sizes", "1", "--seed", "1"], ["--sizes", "1", "--no-cache"]):
        record(capsys, "verify", "nets/m0.onnx", "nets/m1.onnx", *more)
    assert sorted(ran.read_text().split()) == sorted(["nets/m1.onnx", *store[:2] * 2])


@forked
def test_another_runtime_is_asked_again(store, ran: Path, capsys, monkeypatch):
    for runtime in ("1.31", "1.31", "1.32"):
        monkeypatch.setattr("archcheck.backends.several._runtime", lambda runtime=runtime: runtime)
        record(capsys, "verify", *store, "--sizes", "1")
    assert sorted(ran.read_text().split()) == sorted(store * 2)


def test_together_as_one_by_one_in_the_order_given(store, capsys):
    names = [store[2], store[0]]
    together = record(capsys, "verify", *names, "--no-cache", "-j2", "--sizes", "1")
    alone = [record(capsys, "verify", name, "--no-cache", "--sizes", "1") for name in names]
    assert together["networks"] == [one["networks"][0] for one in alone]
    assert together["values"] == [row for one in alone for row in one["values"]]


@forked
def test_what_cannot_be_run_costs_its_own_row(store, ran: Path, capsys):
    Path("nets/bad.onnx").write_bytes(b"no model")
    found = record(capsys, "verify", "none.onnx", "nets", "no*.onnx", "nets/empty?", code=2)
    assert [(one["network"], one["ok"]) for one in found["networks"]] == [
        ("none.onnx", False), ("nets/bad.onnx", False), *((name, True) for name in store)]
    assert "no model" not in found["networks"][1]["runs"][0]["refused"]
    code, out, err = ends(capsys, "verify", "none.onnx")
    assert (code, out, err.count("\n")) == (2, "", 1)
    for empty in ("no*.onnx", "."):
        os.chdir("nets") if empty == "." else None
        for file in Path().glob("*.onnx"):
            file.unlink()
        assert ends(capsys, "verify", empty)[0] == 2


@forked
def test_those_short_of_memory_are_run_alone_with_all_of_it(store, capsys, monkeypatch):
    shares: list[int] = []

    def short(models: Any, report: Any, sizes: Any, how: How) -> measure.Run:
        with open("shares", "a") as file:
            file.write(f"{models.name} {how.limits.memory}\n")
        lines = Path("shares").read_text().splitlines()
        is_first = sum(line.startswith(models.name) for line in lines) == 1
        return measure.Run({}, "CPU", (), "too much" if is_first else "", MEMORY if is_first else "")
    monkeypatch.setattr(measure, "_run", short)
    found = verify_many([Ask(name, {}, 1) for name in store[:2]], 2, lambda done, of: None)
    assert [verified.is_right for verified, _ in found] == [True, True]
    shares += [int(line.split()[1]) for line in Path("shares").read_text().splitlines()]
    assert len(shares) == 4 and min(shares[2:]) > 1.5 * max(shares[:2])


@forked
def test_many_that_are_right_are_told_in_one_line(here: Path, ran: Path, capsys):
    for k in range(FEW + 1):
        net(f"m{k:02}.onnx", 3 + k)
    code, out, _ = ends(capsys, "verify", ".", "--sizes", "1")
    assert code == 0 and "m00" not in out
    assert f"{FEW + 1} with {FEW + 1} values, none of them wrong" in out
    code, out, _ = ends(capsys, "verify", ".", "--sizes", "1", "--all")
    assert "m00.onnx" in out and f"{FEW + 1} from runs before" in out


def test_fields_are_remembered_too(store, capsys):
    first, second = (record(capsys, "verify", store[0], "--fields", "--sizes", "1") for _ in range(2))
    assert second["networks"][0].pop("remembered") and not first["networks"][0].pop("remembered")
    assert first == second and first["networks"][0]["fields"]["exact"] > 0


def test_too_large_weights_are_told(here: Path, capsys):
    net("a.onnx", 3)
    with pytest.raises(Crashed, match="may be taken; give it more"):
        measure._require_room("a.onnx", _heavy(), How().limits.__class__(memory=1 << 20))


def _heavy() -> Any:
    from archcheck import analyze
    model = parser.parse_model(NET.format(3, 3))
    weight = helper.make_tensor("w", TensorProto.FLOAT, [1 << 19], bytes(4 << 19), raw=True)
    model.graph.initializer.append(weight)
    return analyze(model)


@forked
def test_ended_by_ctrl_c_nothing_is_left(here: Path):
    (here / "stuck.py").write_text(
        "import sys, time\nfrom archcheck.backends import measure\n"
        "def stuck(task, slices):\n"
        "    open(str(task.path) + '.asleep', 'w').close()\n    time.sleep(60)\n    yield\n"
        "def main():\n"
        "    from archcheck.cli import main\n    measure.small = stuck\n    main(sys.argv[1:])\n")
    for k in range(3):
        net(f"m{k}.onnx", 3)
    (here / "tmp").mkdir()
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{here}", "TMPDIR": str(here / "tmp")}
    command = [sys.executable, "-c", "from stuck import main; main()", "verify", ".", "-j2"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, env=environment, text=True,
                               start_new_session=True)
    limit = time.monotonic() + 60
    while len(list(here.glob("*.asleep"))) < 2:
        assert process.poll() is None and time.monotonic() < limit, process.communicate()[1]
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    told = process.communicate(timeout=30)[1]
    assert process.returncode == 130, told
    limit = time.monotonic() + 10
    while time.monotonic() < limit:  # a job sees that the one that started it is gone
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            break
        time.sleep(0.02)
    else:
        pytest.fail("a process is left")
    assert not list((here / "tmp").iterdir())
