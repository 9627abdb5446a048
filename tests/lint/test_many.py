"""Locks of many models: in several processes, remembered, and whatever goes wrong with one."""
from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from archcheck import many
from archcheck.deadline import Limits
from archcheck.lint import _locking
from archcheck.lint._lock import NAME
from archcheck.many import Failed
from archcheck.pool import Place
from tests.lint.models import GAPS, ends
from tests.scan.workers import Thing, act_on

ROOT = Path(__file__).parents[2]
forked = pytest.mark.skipif(multiprocessing.get_start_method() != "fork",
                            reason="a stand-in is there in processes that are forked only")


def silent(done: int, of: int) -> None:
    """No progress."""


class TestInOrder:
    def outcome(self, *things: object, jobs: int = 2, **limits: float) -> list:
        named = [Thing(f"m{k}", thing) for k, thing in enumerate(things)]
        return list(many.in_order(act_on, named, Place(jobs), Limits(**limits), silent))

    def test_whatever_finishes_first(self):
        begun = time.monotonic()
        assert self.outcome(("sleep", 0.4), ("sleep", 0.0), ("sleep", 0.1)) == [0.4, 0.0, 0.1]
        assert time.monotonic() - begun < 10

    def test_each_way_to_fail_costs_its_own(self):
        found = self.outcome(1, "user error", "defect", "die", "loop", 2, seconds=1)
        assert [one if isinstance(one, int) else one.exit_code for one in found] == [2, 2, 3, 2, 2, 4]
        assert all(one.message.startswith(f"m{k}") for k, one in enumerate(found) if isinstance(one, Failed))

    def test_a_single_one_starts_no_process(self):
        assert self.outcome("pid") == [os.getpid()]
        assert os.getpid() not in self.outcome("pid", "pid")

    def test_temporary_files_are_removed_even_of_what_was_killed(self, tmp_path: Path, monkeypatch):
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        found = self.outcome("litter and die", "litter", 1)
        assert isinstance(found[0], Failed) and Path(found[1]).name
        assert list(tmp_path.iterdir()) == []


class TestLock:
    @pytest.fixture
    def store(self, here: Path) -> list[str]:
        for k in range(5):
            (here / f"m{k}.yaml").write_text(GAPS.replace("33", str(33 + 3 * k)))
        return sorted(path.name for path in here.iterdir())

    @pytest.fixture
    def asked(self, here: Path, monkeypatch) -> Path:
        """A file with the name of each model that was analyzed."""
        asked, analyzed = here / "asked", _locking.analyzed

        def counted(task):
            with open(asked, "a") as file:
                file.write(f"{task.path}\n")
            return analyzed(task)
        monkeypatch.setattr(_locking, "analyzed", counted)
        asked.write_text("")
        return asked

    @forked
    def test_a_second_time_nothing_is_analyzed(self, here: Path, capsys, store, asked: Path):
        assert ends(capsys, "lock", "-j2") == (0, "archcheck.lock: 5 models\n", "")
        first = (here / NAME).read_bytes()
        assert sorted(asked.read_text().split()) == store
        asked.write_text("")
        assert ends(capsys, "lock", "-j2")[0] == 0
        assert (asked.read_text(), (here / NAME).read_bytes()) == ("", first)
        (here / "m2.yaml").write_text(GAPS)
        ends(capsys, "lock")
        ends(capsys, "lock", "m1.yaml", "--set", "N=2")
        ends(capsys, "lock", "m3.yaml", "--no-cache")
        assert asked.read_text().split() == ["m2.yaml", "m1.yaml", "m3.yaml"]

    def test_together_as_one_by_one(self, here: Path, capsys, store):
        ends(capsys, "lock", "--no-cache", "-j2")
        together = (here / NAME).read_bytes()
        (here / NAME).unlink()
        for name in store:
            ends(capsys, "lock", name, "--no-cache")
        assert (here / NAME).read_bytes() == together

    def test_what_goes_wrong_costs_its_own_entry(self, here: Path, capsys, store):
        assert ends(capsys, "lock", "none.onnx")[0] == 2 and not (here / NAME).exists()
        (here / "m1.yaml").write_text("input: 3\nlayers: [what 3]\n")
        (here / "m3.onnx").write_bytes(b"no model at all")
        code, out, err = ends(capsys, "lock", "none.onnx", ".", "empty*", "-j2")
        assert (code, out) == (2, "archcheck.lock: 4 models\n")
        told = [line.split()[1].split(":")[0] for line in err.splitlines() if line.startswith("archcheck: ")]
        assert told == ["nothing", "there", "m1.yaml", "m3.onnx"]
        assert list(json.loads((here / NAME).read_text())["models"]) == [
            "m0.yaml", "m2.yaml", "m3.yaml", "m4.yaml"]


@forked
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ended_from_outside_nothing_is_left(here: Path, number: int):
    """Neither a process, nor a lock, nor a temporary file."""
    (here / "stuck.py").write_text(
        "import sys, time\nfrom archcheck.lint import _locking\n"
        "def stuck(task):\n    open(task.path + '.asleep', 'w').close()\n    time.sleep(60)\n"
        "_locking.analyzed = stuck\nfrom archcheck.cli import main\nmain(sys.argv[1:])\n")
    for name in "abc":
        (here / f"{name}.yaml").write_text(GAPS)
    (here / "tmp").mkdir()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(here / "tmp")}
    process = subprocess.Popen([sys.executable, "stuck.py", "lock", ".", "-j2"], stderr=subprocess.PIPE,
                               env=environment, text=True, start_new_session=True)
    while len(list(here.glob("*.asleep"))) < 2:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(number)
    told = process.communicate(timeout=30)[1]
    assert process.returncode == (130 if number == signal.SIGINT else 143), told
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    assert not (here / NAME).exists() and not list((here / "tmp").iterdir())
