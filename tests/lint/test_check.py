"""``archcheck check``: exit codes, many models, processes, standard input, the cache, and what goes wrong."""
from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import pytest

import archcheck
from archcheck import cache, many
from archcheck.config import Settings
from archcheck.deadline import Limits
from archcheck.lint import _many, _one
from archcheck.lint._paths import models
from archcheck.pool import Place
from archcheck.rules import known
from tests.lint.models import CLEAN, GAPS, codes, ends, found, save

DYING = '''
import os
from archcheck.rules import rule
from archcheck.rules._rule import Fault

@rule("XYZ001", "process-that-dies", severity="error")
def dies(case):
    """A model called dying ends its process."""
    if "dying" in case.graph.source:
        os._exit(9)
    yield from ()

@rule("XYZ002", "rule-that-fails", severity="error")
def fails(case):
    """A rule with a defect."""
    if "failing" in case.graph.source:
        yield Fault("the first of two")
        raise KeyError("lost")
'''


SLEEPS = "open(f'{case.graph.source}.asleep', 'w').close(); import time; time.sleep(60)"


def interrupted_at_b(task: _one.Task):
    if task.path == "b":
        raise KeyboardInterrupt
    return _one.crashed(task, "")


@pytest.fixture(autouse=True)
def no_foreign_rules():
    """Rules that a test registers are gone after it."""
    from archcheck.rules._rule import RULES
    known()
    before = dict(RULES)
    yield
    RULES.clear()
    RULES.update(before)


@pytest.fixture
def gaps(here: Path) -> Path:
    """A specification with one warning, in the current folder."""
    path = here / "gaps.yaml"
    path.write_text(GAPS)
    return path


class TestExitCode:
    @pytest.mark.parametrize(("fail_on", "code"), [("error", 0), ("warning", 1), ("advice", 1), ("never", 0)])
    def test_of_a_warning(self, gaps: Path, capsys, fail_on: str, code: int):
        assert ends(capsys, "check", gaps, "--fail-on", fail_on)[0] == code

    @pytest.mark.parametrize(("severity", "code"), [("error", 1), ("warning", 1), ("advice", 0)])
    def test_of_a_severity(self, gaps: Path, capsys, severity: str, code: int):
        assert ends(capsys, "check", gaps, "--config", f"severity.GEO003={severity}")[0] == code

    def test_clean(self, here: Path, capsys):
        (here / "clean.yaml").write_text(CLEAN)
        assert ends(capsys, "check", "clean.yaml")[0] == 0

    def test_unreadable_and_missing(self, gaps: Path, capsys):
        (gaps.parent / "torn.onnx").write_bytes(b"\x08\x07garbage")
        for name in ("torn.onnx", "nope.onnx"):
            code, out, _ = ends(capsys, "check", gaps, name)
            assert code == 2
            assert "GEO003" in out, "the other model is judged all the same"
            assert name in out

    def test_a_rule_that_fails_loses_nothing_else(self, here: Path, capsys):
        (here / "failing.yaml").write_text(GAPS)
        (here / "plugin.py").write_text(DYING)
        code, out, err = ends(capsys, "check", "failing.yaml", "--plugin", "plugin.py", "--format", "json")
        assert code == 3
        assert codes(json.loads(out)) == ["XYZ002", "GEO003"]
        assert err.startswith("archcheck: the rule XYZ002 failed at failing.yaml: KeyError: 'lost'")
        assert err.count("\n") == 1

    def test_usage(self, gaps: Path, capsys):
        for wrong in (["--sellect", "GEO"], ["--format", "xml"], ["-o", "out.bin"], ["--fail-on", "bad"]):
            assert ends(capsys, "check", gaps, *wrong)[0] == 2


class TestModels:
    def test_files_patterns_and_folders(self, here: Path, monkeypatch):
        for name in ("b.onnx", "a.onnx", "deep/c.onnx.gz", "deep/spec.yaml", "deep/ci.yaml", ".hid/d.onnx",
                     "e.txt"):
            path = here / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(GAPS if name == "deep/spec.yaml" else "name: CI\nlayers: 3\n")
        everything = ["a.onnx", "b.onnx", "deep/c.onnx.gz", "deep/spec.yaml"]
        assert models(["."]).models == everything
        assert models(["deep"]).models == everything[2:]
        assert models(["*.onnx"]).models == everything[:2]
        assert models(["**/*.onnx"]).models == everything[:2]
        assert models(["b.onnx", "a.onnx", "b.onnx", "e.txt"]).models == ["b.onnx", "a.onnx", "e.txt"]
        others = ["onnx:light_resnet50", "-", "specs:vgg16"]
        assert models(others).models == others

    def test_nothing_there(self, here: Path, capsys):
        for name in (".", "*.onnx"):
            code, _, err = ends(capsys, "check", name)
            assert code == 2
            assert err.count("\n") == 1

    def test_what_leads_to_nothing_costs_no_other(self, gaps: Path, capsys):
        (gaps.parent / "empty").mkdir()
        code, out, err = ends(capsys, "check", "empty", gaps, "no*.onnx", "--format", "json")
        assert (code, [model["path"] for model in json.loads(out)["models"]]) == (2, [str(gaps)])
        assert [line.split(";")[0] for line in err.splitlines()] == [
            "archcheck: there is no model in the folder empty", "archcheck: nothing matches no*.onnx"]

    def test_a_model_that_takes_too_long_costs_its_own_row(self, here: Path, capsys):
        (here / "plugin.py").write_text(DYING.replace("os._exit(9)", "import time; time.sleep(60)"))
        for name in ("a.yaml", "dying.yaml", "b.yaml"):
            (here / name).write_text(GAPS)
        begun = time.monotonic()
        code, out, _ = ends(capsys, "check", ".", "--plugin", "plugin.py", "-j1", "--timeout", "0.5",
                              "--format", "json")
        assert time.monotonic() - begun < 30
        assert code in (2, 3), "the sleep ends with the time, or the process does"
        rows = json.loads(out)["models"]
        assert [row["path"] for row in rows] == ["a.yaml", "b.yaml", "dying.yaml"]
        assert len(json.loads(out)["findings"]) == 2

    def test_order_is_that_of_the_input_in_any_number_of_processes(self, here: Path, capsys):
        names = [f"m{k}.yaml" for k in (3, 1, 2, 0, 5)]
        for name in names:
            (here / name).write_text(GAPS if name != "m2.yaml" else CLEAN)
        runs = [found(capsys, *names, "--no-cache", "--jobs", jobs) for jobs in (1, 3)]
        assert [model["path"] for model in runs[0]["models"]] == names
        assert runs[0] == runs[1]

    def test_a_process_that_dies_costs_its_own_model(self, here: Path, capsys):
        names = ["a.yaml", "dying.yaml", "b.yaml", "c.yaml"]
        for name in names:
            (here / name).write_text(GAPS)
        (here / "plugin.py").write_text(DYING)
        code, out, err = ends(capsys, "check", *names, "--plugin", "plugin.py", "-j2", "--format", "json")
        record = json.loads(out)
        assert code == 3
        assert [one["path"] for one in record["models"]] == names
        assert codes(record) == ["GEO003"] * 3
        assert "dying.yaml: the process that checked it was ended" in err

    def test_a_plugin_with_an_operator_serves_all_models(self, here: Path, capsys):
        from archcheck.ops._op import OPS
        (here / "plugin.py").write_text("from archcheck.ops._op import Effect, op\n"
                                        "@op('Halve', domain='com.acme')\n"
                                        "def halve(x):\n    return Effect((x,))\n")
        text = """<ir_version: 9, opset_import: ["" : 18, "com.acme" : 1]>
            net (float[N,2] x) => (float[N,2] y) { y = com.acme.Halve(x) }"""
        names = [save(here / f"{name}.onnx", text).name for name in "abc"]
        found_ = found(capsys, *names, "--plugin", "plugin.py", "-j1")
        OPS.pop(("com.acme", "Halve"), None)
        assert [model["error"] for model in found_["models"]] == [None] * 3

    def test_standard_input(self, here: Path, capsys, monkeypatch):
        (here / "archcheck.toml").write_text("[per-model-ignores]\n'old.yaml' = ['GEO']")
        for name, left in (("new.yaml", ["GEO003"]), ("old.yaml", [])):
            monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(GAPS.encode())))
            record = found(capsys, "-", "--stdin-filename", name)
            assert codes(record) == left
            assert record["models"][0]["path"] == name

    def test_hash_is_that_of_the_file(self, here: Path, capsys):
        plain = save(here / "a.onnx")
        (here / "b.onnx.gz").write_bytes(gzip.compress(plain.read_bytes()))
        for model in found(capsys, "a.onnx", "b.onnx.gz")["models"]:
            assert model["sha256"] == hashlib.sha256((here / model["path"]).read_bytes()).hexdigest()


def test_facts_are_numbers_or_expressions():
    """What formats for programs hold of a finding: sizes as Python can read them."""
    size = (archcheck.symbol("H") + 31) // 32
    facts = {"size": size, "ratio": Fraction(1, 3), "shape": (size, 2), "inner": {3: None}, "kind": Path("a")}
    assert _one.plain(facts) == {"size": "(H + 31)//32", "ratio": "1/3", "shape": ["(H + 31)//32", 2],
                                 "inner": {"3": None}, "kind": "a"}


class TestOutputs:
    def test_several_in_one_run(self, gaps: Path, capsys):
        code, out, _ = ends(capsys, "check", gaps, "-o", "out.sarif", "-o", "json=other.txt", "--quiet")
        assert code == 1
        assert out.count("\n") == 1
        assert "GEO003" in out
        assert json.loads(Path("out.sarif").read_text())["version"] == "2.1.0"
        assert json.loads(Path("other.txt").read_text())["schema"].startswith("archcheck.check/")

    def test_statistics(self, gaps: Path, capsys):
        (gaps.parent / "two.yaml").write_text(GAPS)
        assert "2  GEO003  window-gaps" in ends(capsys, "check", ".", "--statistics")[1]

    def test_the_short_summary_counts(self, gaps: Path, capsys):
        assert "1 warning: archcheck check gaps.yaml" in ends(capsys, "gaps.yaml")[1]
        assert "lint" not in ends(capsys, "summary", "gaps.yaml")[1]
        (gaps.parent / "archcheck.toml").write_text("ignore = ['GEO']")
        assert "nothing found" in ends(capsys, "gaps.yaml")[1]


class TestCache:
    @pytest.fixture
    def asked(self, monkeypatch) -> list[str]:
        """The models that were judged, and not remembered."""
        asked: list[str] = []
        fresh = _one._fresh
        monkeypatch.setattr(_one, "_fresh",
                            lambda task, digest: asked.append(task.path) or fresh(task, digest))
        return asked

    def test_what_is_remembered_is_what_is_found(self, gaps: Path, capsys, asked: list[str]):
        save(gaps.parent / "a.onnx", archcheck_ignore="META001: never")
        first = [found(capsys, name) for name in ("gaps.yaml", "a.onnx")]
        assert [found(capsys, name) for name in ("gaps.yaml", "a.onnx")] == first
        assert found(capsys, "gaps.yaml", "a.onnx", "-j2")["models"] == [
            model for one in first for model in one["models"]]
        assert asked == ["gaps.yaml", "a.onnx"]
        assert (gaps.parent / cache.FOLDER / ".gitignore").read_text() == "*\n"

    def test_whatever_counts_changes_it(self, here: Path, capsys, asked: list[str], monkeypatch):
        path = save(here / "a.onnx")

        def is_judged(*options: str) -> bool:
            asked.clear()
            found(capsys, "a.onnx", *options)
            return bool(asked)
        assert is_judged()
        assert not is_judged()
        assert is_judged("--ignore", "GEO003")
        assert is_judged("--set", "N=2")
        assert is_judged("--no-cache")
        (here / "a.archcheck.toml").write_text("[[ignore]]\nrules = ['GEO003']\nreason = 'so'")
        assert is_judged()
        (here / "a.archcheck.toml").unlink()
        assert not is_judged()
        monkeypatch.setattr(cache, "salt", lambda: "another version")
        assert is_judged()
        path.write_bytes(path.read_bytes() + b"\x32\x00")
        assert is_judged()

    def test_a_format_that_says_more_has_it(self, gaps: Path, capsys):
        ends(capsys, "check", gaps, "--quiet")
        model = found(capsys, gaps)["models"][0]
        assert (model["totals"]["params"], model["totals"]["nodes"]) == (0, 1)
        assert model["sha256"] == hashlib.sha256(GAPS.encode()).hexdigest()

    def test_a_damaged_entry_is_none(self, gaps: Path, capsys, asked: list[str]):
        first = found(capsys, gaps)
        for entry in (gaps.parent / cache.FOLDER).rglob("*.json"):
            entry.write_text(entry.read_text()[:-9])
        assert found(capsys, gaps) == first
        assert len(asked) == 2

    def test_a_file_beside_the_model_changes_it(self, here: Path, capsys, asked: list[str]):
        import onnx
        model = onnx.parser.parse_model('''<ir_version: 9, opset_import: ["" : 18]>
            net (float[2] x) => (float[2] y) { y = Add(x, w) }''')
        weight = onnx.numpy_helper.from_array(__import__("numpy").zeros(2, "float32"), "w")
        model.graph.initializer.append(weight)
        onnx.external_data_helper.set_external_data(model.graph.initializer[0], "w.bin")
        (here / "w.bin").write_bytes(bytes(8))
        (here / "a.onnx").write_bytes(model.SerializeToString())
        for change in (lambda: None, lambda: os.utime("w.bin", (1, 1)), lambda: os.unlink("w.bin")):
            change()
            asked.clear()
            for _ in range(2):
                found(capsys, "a.onnx")
            assert asked == ["a.onnx"]

    def test_large_files_go_by_their_ends_and_time(self, gaps: Path, capsys, asked: list[str], monkeypatch):
        monkeypatch.setattr(_one, "LARGE", 10)
        for _ in range(2):
            ends(capsys, "check", gaps)
        assert len(asked) == 1
        os.utime(gaps, (1, 1))
        ends(capsys, "check", gaps)
        assert len(asked) == 2
        assert found(capsys, gaps)["models"][0]["sha256"], "what says the hash has it"

    def test_where_it_cannot_be_written(self, gaps: Path, capsys):
        (gaps.parent / cache.FOLDER).write_text("a file")
        assert ends(capsys, "check", gaps)[0] == 1


class TestInterrupt:
    def test_what_is_done_is_kept(self, gaps: Path, monkeypatch):
        tasks = [_one.Task(name, Settings(), {}) for name in ("gaps.yaml", "b", "c")]
        monkeypatch.setattr(_many, "check_one", interrupted_at_b)
        with pytest.raises(many.Interrupted) as stop:
            _many.check_many(tasks, Place(1), Limits(), lambda done, of: None)
        done = [one.path for one in stop.value.done]
        assert "gaps.yaml" in done and "b" not in done

    @pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")
    def test_ctrl_c_ends_all_processes(self, here: Path):
        (here / "plugin.py").write_text(DYING.replace("os._exit(9)", SLEEPS))
        (here / "a.yaml").write_text(GAPS)
        sleepers = [f"dying{k}.yaml" for k in range(4)]
        for name in sleepers:
            (here / name).write_text(GAPS)
        command = [sys.executable, "-m", "archcheck", "check", "a.yaml", *sleepers, "--plugin", "plugin.py",
                   "-j2", "-q"]
        env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env=env, start_new_session=True)
        while not all((here / f"{name}.asleep").exists() for name in sleepers[:2]):
            assert process.poll() is None
            time.sleep(0.05)
        begun = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=30)
        assert process.returncode == 130
        assert time.monotonic() - begun < 10
        assert "GEO003" in out
        assert "Traceback" not in err
