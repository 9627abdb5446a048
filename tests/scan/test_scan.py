"""``archcheck scan``: rows held against the other commands, and runs that are ended in every way."""
from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from archcheck import analyze
from archcheck.catalog._journal import Journal
from archcheck.catalog._row import COLUMNS, LAYER_COLUMNS, Ask, Made, lost, make
from archcheck.cli import main
from archcheck.config import Settings
from archcheck.errors import UserError
from archcheck.lint._one import Task
from tests.lint.models import CLEAN, GAPS, ONNX_GAPS, ends, save

ROOT = Path(__file__).parents[2]


def scanned(capsys, *args) -> list[dict]:
    """The rows of a scan."""
    code, _, err = ends(capsys, "scan", *args, "-o", "out.jsonl", "-j1")
    assert code == 0, err
    return rows_of(Path("out.jsonl"))


def rows_of(path: Path) -> list[dict]:
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert {row.pop("schema") for row in rows} <= {"archcheck.scan/1"}
    return rows


def summary(capsys, *args) -> dict:
    code, out, err = ends(capsys, "scan", *args, "--format", "json")
    assert code == 0, err
    return json.loads(out)


@pytest.fixture
def store(here: Path) -> Path:
    """Three models and a file that is none."""
    folder = here / "store"
    folder.mkdir()
    (folder / "a.yaml").write_text(GAPS)
    (folder / "b.yaml").write_text(CLEAN)
    save(folder / "c.onnx")
    (folder / "d.onnx").write_bytes(b"no model at all")
    return folder


class TestRows:
    def test_they_say_what_the_other_commands_say(self, store: Path, capsys):
        rows = {Path(row["path"]).name: row for row in scanned(capsys, "store", "--set", "N=2")}
        assert list(rows) == ["a.yaml", "b.yaml", "c.onnx", "d.onnx"]
        assert list(rows["a.yaml"]) == list(COLUMNS)
        for name in ("a.yaml", "b.yaml", "c.onnx"):
            told, row = analyze(str(store / name), {"N": 2}), rows[name]
            assert (row["params"], row["macs"], row["flops"]) == (told.params, told.macs, told.flops)
            _, out, _ = ends(capsys, "check", store / name, "--format", "json")
            assert sum(row["findings"].values()) == len(json.loads(out)["findings"])
        assert rows["a.yaml"]["findings"] == {"GEO003": 1}
        assert rows["d.onnx"]["params"] is None
        assert "not an ONNX file" in rows["d.onnx"]["error"]

    def test_peak_memory_by_hand(self, store: Path, capsys):
        by_name = {row["path"]: row for row in scanned(capsys, "store", "--set", "N=2")}
        image, pooled = 2 * 3 * 33 * 33 * 4, 2 * 3 * 11 * 11 * 4
        assert by_name["store/c.onnx"]["peak_memory"] == image + pooled

    def test_formulas_where_sizes_are_open(self, store: Path, capsys):
        row, bound = scanned(capsys, "store/c.onnx")[0], scanned(capsys, "store/c.onnx", "--set", "N=2")[0]
        assert row["flops"] is None
        assert eval(row["flops_formula"], {"N": 2}) == bound["flops"] == 2 * 3 * 11 * 11 * 3
        assert row["inputs"] == [{"name": "x", "dtype": "float32", "shape": ["N", "3", "33", "33"]}]

    def test_a_size_that_a_model_does_not_have_does_not_matter(self, store: Path, capsys):
        assert scanned(capsys, "store/c.onnx", "--set", "T=7")[0]["error"] is None

    def test_numbers_beyond_64_bits_are_formulas(self, here: Path, capsys):
        save(here / "huge.onnx", ONNX_GAPS.replace("N,3,33,33", f"{1 << 62},3,33,33"))
        row = scanned(capsys, "huge.onnx")[0]
        assert row["flops"] is None
        assert int(row["flops_formula"]) > 1 << 63

    def test_any_number_of_processes(self, store: Path, capsys):
        one = scanned(capsys, "store", "--no-cache")
        ends(capsys, "scan", "store", "--no-cache", "-j3", "-o", "three.jsonl")
        assert rows_of(Path("three.jsonl")) == one

    def test_structure_is_free_of_names_and_weights(self, here: Path, capsys):
        text = """<ir_version: 9, opset_import: ["" : 18]>
            net (float[N,2] x) => (float[N,2] y) <float[2,2] w = {1.0, 2.0, 3.0, 4.0}> { y = MatMul(x, w) }"""
        save(here / "a.onnx", text)
        save(here / "b.onnx", text.replace("4.0", "5.0").replace(" w ", " v ").replace("x, w", "x, v"))
        save(here / "c.onnx", text.replace("MatMul(x, w)", "MatMul(w, x)"))
        a, b, c = (row["structure"] for row in scanned(capsys, "*.onnx"))
        assert a == b != c


class TestFormats:
    def test_csv(self, store: Path, capsys):
        ends(capsys, "scan", "store", "-o", "out.csv", "-j1")
        with open("out.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        assert list(rows[0]) == list(COLUMNS)
        assert json.loads(rows[0]["findings"]) == {"GEO003": 1}

    def test_parquet(self, store: Path, capsys):
        parquet = pytest.importorskip("pyarrow.parquet", reason="Parquet needs pyarrow")
        expected = scanned(capsys, "store")
        ends(capsys, "scan", "store", "-o", "out.parquet", "-j1")
        found = parquet.read_table("out.parquet").to_pylist(maps_as_pydicts="strict")
        assert found == expected

    def test_layers(self, store: Path, capsys):
        ends(capsys, "scan", "store", "--layers", "layers.jsonl", "-j1")
        rows = [json.loads(line) for line in Path("layers.jsonl").read_text().splitlines()]
        assert {row.pop("schema") for row in rows} == {"archcheck.scan-layers/1"}
        assert [row["path"] for row in rows] == ["store/a.yaml", "store/b.yaml", "store/c.onnx"]
        assert list(rows[2]) == list(LAYER_COLUMNS)
        assert (rows[2]["name"], rows[2]["shape"]) == ("gaps", ["N", "3", "11", "11"])

    @pytest.mark.parametrize("name", ["out", "out.xml", "nowhere/out.csv"])
    def test_what_cannot_be_written_is_told_before(self, store: Path, capsys, name):
        code, out, err = ends(capsys, "scan", "store", "-o", name)
        assert (code, out, err.count("\n")) == (2, "", 1)


class TestSources:
    def test_archives(self, store: Path, capsys):
        pytest.importorskip("fsspec", reason="archives need fsspec")
        with zipfile.ZipFile("all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write("store/c.onnx")
        inner, outer = scanned(capsys, "all.zip")[0], scanned(capsys, "store/c.onnx")[0]
        assert inner["path"] == "zip://store/c.onnx::all.zip"
        assert inner["structure"] == outer["structure"]

    def test_each_once(self, store: Path, capsys):
        assert len(scanned(capsys, "store", "store/a.yaml", "store/*.yaml")) == 4

    def test_nothing(self, here: Path, capsys):
        for source in ("*.onnx", "."):
            code, _, err = ends(capsys, "scan", source)
            assert (code, err.count("\n")) == (2, 1)

    def test_a_source_that_is_not_there_costs_no_other(self, here: Path, capsys):
        (here / "a.yaml").write_text(GAPS)
        (here / "empty").mkdir()
        code, _, err = ends(capsys, "scan", "none.onnx", "a.yaml", "nowhere/", "empty", "-o", "out.jsonl")
        assert (code, [row["path"] for row in rows_of(here / "out.jsonl")]) == (2, ["a.yaml"])
        assert [line.split(",")[0].split(";")[0] for line in err.splitlines()] == [
            "archcheck: there is no file none.onnx", "archcheck: there is no file nowhere/",
            "archcheck: empty leads to no model"]


class TestResuming:
    def test_only_what_has_changed_is_done_again(self, store: Path, capsys):
        first = scanned(capsys, "store")
        assert summary(capsys, "store")["known"] == 3  # what cannot be read is tried again
        (store / "b.yaml").write_text(GAPS)
        assert summary(capsys, "store")["known"] == 2
        assert summary(capsys, "store", "--set", "N=1")["known"] == 0
        assert scanned(capsys, "store")[0] == first[0]

    def test_a_file_beside_the_model_counts(self, store: Path, capsys):
        scanned(capsys, "store/c.onnx")
        (store / "c.onnx.archcheck.toml").write_text("ignore = []")
        assert summary(capsys, "store/c.onnx")["known"] in (0, 1)

    def test_half_a_line_is_none(self, store: Path, capsys):
        first = scanned(capsys, "store")
        journal = next(Path(".archcheck_cache").rglob("scan-models.jsonl"))
        content = journal.read_bytes()
        journal.write_bytes(content[:content.index(b"\n") + 100])
        assert summary(capsys, "store")["known"] == 1
        assert scanned(capsys, "store") == first

    def test_a_full_disk_keeps_what_is_done(self, here: Path, monkeypatch):
        ask = Ask(Task("a", Settings(), {}), "a", "0" * 64)
        with Journal(str(here / "cache"), "", False) as journal:
            journal.add(ask, Made(lost(ask, ""), is_stable=True))
            monkeypatch.setattr(os, "write", lambda handle, line: 10)
            with pytest.raises(UserError, match="the disk is full"):
                journal.add(ask._replace(sha256="1" * 64), Made(lost(ask, ""), is_stable=True))
        monkeypatch.undo()
        with Journal(str(here / "cache"), "", False) as journal:
            assert journal.has(ask)

    def test_an_interrupted_scan_goes_on(self, here: Path, capsys):
        for k in range(60):
            (here / f"m{k:02}.yaml").write_text(GAPS.replace("33", str(33 + 3 * k)))
        done = ended_after_some(here)
        assert "models are done and kept" in done
        assert not (here / "out.jsonl").exists()
        assert not list(here.glob(".archcheck-*"))
        told = summary(capsys, ".", "-j1", "-o", "out.jsonl")
        assert 0 < told["known"] < 60
        assert [row["path"] for row in rows_of(here / "out.jsonl")] == [f"m{k:02}.yaml" for k in range(60)]


def ended_after_some(here: Path) -> str:
    """Start a scan, end it with SIGINT once a few models are done, and give what it says."""
    command = [sys.executable, "-m", "archcheck", "scan", ".", "-o", "out.jsonl", "-j1"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path[1:]])}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=here, env=environment)
    limit = time.monotonic() + 60
    while time.monotonic() < limit and process.poll() is None:
        found = list(here.glob(".archcheck_cache/*/scan-models.jsonl"))
        if found and found[0].read_bytes().count(b"\n") > 3:
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    told = process.communicate()[1]
    assert process.returncode == 130, told
    return told


def test_a_defect_is_a_row(monkeypatch, here: Path):
    (here / "a.yaml").write_text(GAPS)
    monkeypatch.setattr("archcheck.catalog._row.structure", lambda graph: 1 / 0)
    row = make(Ask(Task("a.yaml", Settings(), {}), "a.yaml")).row
    assert row["error"].startswith("a.yaml: archcheck failed (ZeroDivisionError")


def test_help_names_every_option(capsys):
    with pytest.raises(SystemExit):
        main(["scan", "--help"])
    assert "--cluster" in capsys.readouterr().out
