"""The child process: what comes back, and every way in which it can end."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archcheck.backends import _free, guard
from archcheck.backends.guard import Crashed, Limits
from archcheck.errors import UserError
from tests.backends import _jobs

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")


@pytest.fixture(autouse=True)
def no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """Nothing is left behind, whatever happens."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield
    assert list(tmp_path.iterdir()) == []


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_records_come_in_order() -> None:
    assert list(guard.stream(_jobs.counting, 5)) == [0, 1, 2, 3, 4]


def test_large_and_small_arrays_and_texts_come_back_as_they_went() -> None:
    sent = {"large": np.arange(100_000.0).reshape(10, -1), "small": np.array([1, 2], "i1"),
            "texts": np.array(["a", None], object), "none": None, "list": [np.zeros((0, 3), "f2")]}
    got = guard.call(_jobs.echoing, sent)
    assert got.keys() == sent.keys()
    assert all(np.array_equal(got[name], sent[name]) and got[name].dtype == sent[name].dtype
               for name in ("large", "small", "texts"))
    assert got["list"][0].shape == (0, 3) and got["none"] is None


@pytest.mark.parametrize(("name", "said"), [("SIGSEGV", "a segmentation fault (SIGSEGV)"),
                                            ("SIGABRT", "an abort (SIGABRT)")])
def test_a_signal_is_a_sentence_and_what_came_before_is_kept(name: str, said: str) -> None:
    seen = []
    with pytest.raises(Crashed, match="last words") as stop:
        seen.extend(guard.stream(_jobs.dying, name, about="net.onnx"))
    assert seen == ["before"]
    assert stop.value.reason == guard.SIGNAL and stop.value.exit_code == 1
    assert str(stop.value).startswith(f"net.onnx ended ONNX Runtime with {said}, saying 'last words'; ")


def test_a_timeout_is_a_sentence() -> None:
    begin = time.monotonic()
    with pytest.raises(Crashed, match=r"ran for 1 s without coming to an end") as stop:
        list(guard.stream(_jobs.sleeping, limits=Limits(timeout=1)))
    assert stop.value.reason == guard.TIMEOUT
    assert time.monotonic() - begin < 5


@pytest.mark.parametrize("unlimited", [False, True], ids=["refused", "watched"])
def test_too_much_memory_is_a_sentence(unlimited: bool) -> None:
    with pytest.raises(Crashed, match=r"takes more than 512\.00 MiB of memory") as stop:
        list(guard.stream(_jobs.greedy, unlimited, limits=Limits(memory=512 << 20)))
    assert stop.value.reason == guard.MEMORY


def test_enough_memory_is_no_fault() -> None:
    assert guard.call(_jobs.greedy, False, 8, limits=Limits(memory=512 << 20)) == 8


def test_a_user_error_comes_back_as_one() -> None:
    with pytest.raises(UserError, match=r"^what, where, how$") as stop:
        guard.call(_jobs.wrong)
    assert stop.value.exit_code == 2


def test_a_defect_comes_back_as_one() -> None:
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        guard.call(_jobs.broken)


def test_leaving_the_loop_ends_the_child() -> None:
    records = guard.stream(_jobs.sleeping)
    process = next(records)
    assert alive(process)
    begin = time.monotonic()
    records.close()
    assert not alive(process) and time.monotonic() - begin < 20


PARENT = """
import sys, tempfile
tempfile.tempdir = {!r}
from archcheck.backends import _free, guard
from tests.backends import _jobs
for process in guard.stream(_jobs.sleeping):
    print(process, flush=True)
"""


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_no_child_outlives_its_parent(end: int, tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT.format(str(tmp_path))], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True)
    assert parent.stdout
    child = int(parent.stdout.readline())
    parent.send_signal(end)
    parent.wait(10)
    for _ in range(100):
        if not alive(child) and not list(tmp_path.iterdir()):
            break
        time.sleep(0.05)
    assert not alive(child)


@pytest.mark.parametrize(("limit", "expected"), [("1000\n", 1000 - (700 - 300)), ("max\n", None),
                                                 ("300\n", 0)])
def test_what_is_left_to_a_container(limit: str, expected: int | None, tmp_path_factory: Any) -> None:
    group = tmp_path_factory.mktemp("group")
    (group / "memory.max").write_text(limit)
    (group / "memory.current").write_text("700\n")
    (group / "memory.stat").write_text("anon 400\nactive_file 100\ninactive_file 200\nshmem 5\n")
    assert _free.container(group) == expected


def test_free_memory_is_known_here() -> None:
    limit = Limits().bytes
    assert limit is None or 1 << 20 < limit < 1 << 50
