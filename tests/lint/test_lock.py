"""Locks, and budgets as configurations set them, by running the command line."""
from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from archcheck.config._resolve import Sources
from archcheck.lint._lock import NAME, locked
from archcheck.rules._figures import FIGURES, LOCKED
from tests.lint.models import ends, found

NET = """\
input: N x 3 x 8 x 8
layers:
- conv 4 1x1 bias=no
- conv {} 1x1 bias=no
"""


def net(path: Path, channels: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(NET.format(channels))


def budget(here: Path, text: str, pattern: str = "*.yaml") -> None:
    (here / "archcheck.toml").write_text(f"[budget.'{pattern}']\n{text}\n")


def codes(capsys: pytest.CaptureFixture[str], *args: object) -> list[tuple[str, str]]:
    findings = found(capsys, *args, "--select", "BUD")["findings"]
    return [(one["code"], one["severity"]) for one in findings]


class TestLock:
    def test_has_what_can_be_worked_out_by_hand(self, here: Path, capsys):
        net(here / "a.yaml", 2)
        assert ends(capsys, "lock", "a.yaml") == (0, "archcheck.lock: 1 model\n", "")
        lock = json.loads((here / NAME).read_text())
        assert lock["schema"] == "archcheck.lock/1"
        entry = lock["models"]["a.yaml"]
        assert entry["sha256"] == sha256((here / "a.yaml").read_bytes()).hexdigest()
        assert entry["inputs"] == {"input": "float32[N, 3, 8, 8]"}
        assert list(entry["outputs"].values()) == ["float32[N, 2, 8, 8]"]
        assert entry["totals"] == {"params": 20, "macs": "1280*N", "flops": "2560*N",
                                   "peak-memory": "1792*N + 80", "file-size": None, "nodes": 2}

    def test_is_stable_and_has_a_line_for_each_number(self, here: Path, capsys):
        for name, channels in (("b.yaml", 2), ("a.yaml", 5)):
            net(here / name, channels)
        ends(capsys, "lock")
        before = (here / NAME).read_text()
        ends(capsys, "lock", "b.yaml", "a.yaml")
        assert (here / NAME).read_text() == before
        assert list(json.loads(before)["models"]) == ["a.yaml", "b.yaml"]
        net(here / "b.yaml", 3)
        ends(capsys, "lock", "b.yaml")
        after = (here / NAME).read_text().splitlines()
        changed = [line for line in after if line not in before.splitlines()]
        assert len(changed) == 6, "the hash, the output's shape, params, macs, flops, memory"

    def test_keeps_others_unless_their_files_are_gone(self, here: Path, capsys):
        for name in ("a.yaml", "b.yaml"):
            net(here / name, 2)
        ends(capsys, "lock", "a.yaml", "specs:alexnet")
        ends(capsys, "lock", "b.yaml")
        assert list(json.loads((here / NAME).read_text())["models"]) == ["a.yaml", "b.yaml", "specs:alexnet"]
        (here / "a.yaml").unlink()
        ends(capsys, "lock", "b.yaml")
        assert list(json.loads((here / NAME).read_text())["models"]) == ["b.yaml", "specs:alexnet"]

    def test_paths_count_from_the_lock(self, here: Path, capsys):
        net(here / "nets" / "a.yaml", 2)
        ends(capsys, "lock", "nets", "-o", "nets/archcheck.lock")
        assert list(json.loads((here / "nets" / NAME).read_text())["models"]) == ["a.yaml"]
        assert locked("nets/a.yaml")["params"] == 20
        assert locked(str(here / "nets" / "a.yaml"))["params"] == 20

    def test_a_model_that_cannot_be_read_keeps_its_entry(self, here: Path, capsys):
        net(here / "a.yaml", 2)
        ends(capsys, "lock", "a.yaml")
        before = (here / NAME).read_text()
        (here / "a.yaml").write_text("input: 3\nlayers: [what 3]\n")
        code, _, err = ends(capsys, "lock", "a.yaml")
        assert code == 2 and "what" in err
        assert (here / NAME).read_text() == before

    @pytest.mark.parametrize("content", [
        "", "[]", "{}", '{"schema": "archcheck.lock/2", "models": {}}', "[" * 9999,
        '{"schema": "archcheck.lock/1", "models": {"a.yaml": 3}}'])
    def test_a_file_that_is_none(self, here: Path, capsys, content: str):
        net(here / "a.yaml", 2)
        (here / NAME).write_text(content)
        budget(here, "growth = '2 %'")
        for command in ("lock", "check"):
            code, out, err = ends(capsys, command, "a.yaml")
            assert (code, out) == (2, "")
            assert "is no lock of archcheck" in err and "Traceback" not in err


class TestGrowth:
    @pytest.mark.parametrize(("channels", "grown"), [(2, []), (1, []), (3, [("BUD010", "error")] * 3)])
    def test_counts_from_the_lock(self, here: Path, capsys, channels: int, grown: list):
        net(here / "a.yaml", 2)
        ends(capsys, "lock", "a.yaml")
        budget(here, "growth = '2 %'")
        net(here / "a.yaml", channels)
        assert codes(capsys, "a.yaml") == grown, "memory grows by 12 bytes of 1,872 or more"

    def test_of_the_cache(self, here: Path, capsys):
        """What was found against one lock does not hold against another."""
        net(here / "a.yaml", 2)
        ends(capsys, "lock", "a.yaml")
        budget(here, "growth = '2 %'")
        net(here / "a.yaml", 3)
        assert len(codes(capsys, "a.yaml")) == 3
        ends(capsys, "lock", "a.yaml")
        assert codes(capsys, "a.yaml") == []

    def test_a_new_model_is_advice(self, here: Path, capsys):
        net(here / "a.yaml", 2)
        budget(here, "growth = '2 %'")
        assert codes(capsys, "a.yaml") == [("BUD010", "advice")]

    def test_a_lock_without_a_budget_says_nothing(self, here: Path, capsys):
        net(here / "a.yaml", 2)
        ends(capsys, "lock", "a.yaml")
        net(here / "a.yaml", 9)
        assert codes(capsys, "a.yaml") == []


class TestConfiguration:
    @pytest.mark.parametrize(("text", "found_"), [
        ("params = 20", []), ("params = 19", [("BUD001", "error")]),
        ("macs = '1.28 k'", [("BUD002", "warning")]),
        ("macs = { max = '1.28 k', at = { N = 1 } }", []), ("depth = 2", []),
        ("depth = 1", [("BUD005", "error")]),
        ("macs = { max = '1.28 k', at = { N = 2 } }", [("BUD002", "error")]),
        ("latency = { max = '1 s', device = 'a100', at = { N = 1 } }", []),
        ("latency = { max = '1 ns', device = 'a100' }", None), ("latency = '1 s'", None),
        ("latency = { max = '1 s', device = 'a1000' }", None), ("depth = 'deep'", None),
        ("params = { max = 3, device = 'a100' }", None)])
    def test_budgets(self, here: Path, capsys, text: str, found_: list | None):
        net(here / "a.yaml", 2)
        budget(here, text)
        if found_ is None:
            code, _, err = ends(capsys, "check", "a.yaml")
            assert code == 2 and "budget" in err and "Traceback" not in err
        else:
            assert codes(capsys, "a.yaml") == found_

    def test_of_other_models_do_not_hold(self, here: Path, capsys):
        net(here / "a.yaml", 2)
        budget(here, "params = 1", "b*.yaml")
        assert codes(capsys, "a.yaml") == []

    def test_every_limit_has_a_rule(self):
        from archcheck.config._readers import LIMITS
        assert {*FIGURES} | {"latency", "growth"} == {*LIMITS}
        assert {*LOCKED} <= {*FIGURES}

    def test_targets_by_their_short_names(self, here: Path):
        (here / "archcheck.toml").write_text("target = ['trt==10.3', 'int8']")
        assert Sources().settings("a.yaml").targets == ("tensorrt==10.3", "int8")
