"""``archcheck diff`` on two folders, patterns, or folders of a commit."""
from __future__ import annotations

import csv
import io
import json
import multiprocessing
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy
import pytest
from onnx import save_model

from archcheck.comparing import many
from archcheck.comparing._folders import files, match
from archcheck.reporters.diff.markdown import MOST
from tests.comparing.test_weights import WEIGHTS, model
from tests.lint.conftest import here
from tests.lint.models import ends

__all__ = ["here"]
forked = pytest.mark.skipif(multiprocessing.get_start_method() != "fork",
                            reason="a stand-in is there in processes that are forked only")
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


def net(path: str, filters: int) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text("input: N x 3 x 64 x 64\ndefaults: {conv: same}\nlayers:\n"
                          f"- conv {filters} 3x3 -> relu\n- gap -> fc 10\n")


def git(*arguments: str) -> None:
    person = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "core.autocrlf=false")
    subprocess.run(["git", *person, *arguments], check=True, capture_output=True)


def old_store(folder: str) -> None:
    for name, filters in (("same", 8), ("more", 8), ("gone", 4), ("deep/moved", 6)):
        net(f"{folder}/{name}.yaml", filters)
    Path(folder, "ci.yaml").write_text("name: CI\n")
    net(f"{folder}/.hidden/net.yaml", 1)


def new_store(folder: str) -> None:
    for name, filters in (("same", 8), ("more", 9), ("fresh", 5), ("other/place", 6)):
        net(f"{folder}/{name}.yaml", filters)


STATES = {"fresh.yaml": "added", "gone.yaml": "removed", "more.yaml": "changed",
          "other/place.yaml": "renamed", "same.yaml": "identical"}


@pytest.fixture
def stores(here: Path) -> Path:
    old_store("old")
    new_store("new")
    return here


@pytest.fixture
def repository(here: Path) -> Path:
    """A commit with the old store, in a folder two deep, and the new one in its place."""
    git("init", "-q", ".")
    old_store("some/models")
    git("add", "-Af")
    git("commit", "-qm", "one")
    shutil.rmtree("some/models")
    new_store("some/models")
    return here


def record(capsys: pytest.CaptureFixture[str], *args: str, code: int = 0) -> dict[str, Any]:
    found, out, err = ends(capsys, "diff", *args, "--format", "json")
    assert found == code, err
    answer: dict[str, Any] = json.loads(out)
    return answer


def states(answer: dict[str, Any]) -> dict[str, str]:
    return {one["model"]: one["state"] for one in answer["models"]}


# ------------------------------------------------------------------------------------------- matching
def test_folders(stores: Path, capsys):
    found = record(capsys, "old", "new/", "-j2")
    assert states(found) == STATES
    assert list(states(found)) == sorted(STATES)
    assert (found["same"], found["breaking"]) == (False, True), "a model that is gone is one that users miss"
    moved = found["models"][3]
    assert (moved["was"], moved["difference"]) == ("deep/moved.yaml", None)


@needs_git
@pytest.mark.parametrize(("old", "new", "folder"), [
    ("HEAD:some/models", "some/models", "."), ("HEAD:./models/", "models", "some"),
    ("HEAD:models", "models", "some"), ("HEAD:.", ".", "some/models")])
def test_folders_of_a_commit(repository: Path, capsys, monkeypatch, old: str, new: str, folder: str):
    monkeypatch.chdir(folder)
    assert states(record(capsys, old, new)) == STATES


@needs_git
@pytest.mark.parametrize(("pattern", "names"), [
    ("some/models/*.yaml", ["gone.yaml", "more.yaml", "same.yaml"]),
    ("some/**/m*.yaml", ["models/deep/moved.yaml", "models/more.yaml"]),
    ("some/models/d*", ["deep/moved.yaml"]), ("some/models/[!m]*e.yaml", ["gone.yaml", "same.yaml"]),
    ("*/models/same.yaml", ["some/models/same.yaml"])])
def test_patterns_mean_the_same_of_a_commit_and_of_files(repository: Path, pattern: str, names: list[str]):
    shutil.rmtree("some/models")
    git("checkout", "-q", "--", ".")
    assert sorted(files(pattern)) == names
    assert sorted(files(f"HEAD:{pattern}")) == names


def test_equal_files_that_have_moved_are_each_matched_once(here: Path):
    for name in ("old/a", "old/b", "new/c", "new/d", "new/e"):
        net(f"{name}.yaml", 3)
    found = match("old", "new")
    assert list(found.moved) == [("a.yaml", "c.yaml"), ("b.yaml", "d.yaml")]
    assert (list(found.added), list(found.removed)) == (["e.yaml"], [])


@pytest.mark.parametrize(("old", "new", "says"), [
    ("old", "new/same.yaml", "old is a folder"), ("old/same.yaml", "new/*", "new/* is a folder or a pattern"),
    ("old", "nowhere", "there is no nowhere"), ("old/x*", "new/x*", "there is no model in old/x*")])
def test_what_cannot_be_compared(stores: Path, capsys, old: str, new: str, says: str):
    code, out, err = ends(capsys, "diff", old, new)
    assert (code, out) == (2, "") and says in err


# ------------------------------------------------------------------------------------------- what comes of it
def test_a_pair_is_as_if_compared_alone(stores: Path, capsys):
    together = record(capsys, "old", "new")["models"][2]["difference"]
    assert together == record(capsys, "old/more.yaml", "new/more.yaml")
    text = ends(capsys, "diff", "old", "new")[1]
    assert ends(capsys, "diff", "old/more.yaml", "new/more.yaml")[1] in text
    rows = list(csv.reader(io.StringIO(ends(capsys, "diff", "old", "new", "--format", "csv")[1])))
    alone = ends(capsys, "diff", "old/more.yaml", "new/more.yaml", "--format", "csv")[1]
    expected = list(csv.reader(io.StringIO(alone)))
    assert [row[2:] for row in rows if row[0] in ("model", "more.yaml")] == expected
    assert ["gone.yaml", "removed", *[""] * 7] in rows


@forked
def test_a_second_time_nothing_is_compared(stores: Path, capsys, monkeypatch):
    fresh = many._fresh

    def counted(ask: Any, *others: Any) -> Any:
        with open("asked", "a") as file:
            file.write(f"{ask.path}\n")
        return fresh(ask, *others)
    monkeypatch.setattr(many, "_fresh", counted)
    first = record(capsys, "old", "new")
    assert sorted(Path("asked").read_text().split()) == ["more.yaml", "same.yaml"]
    assert record(capsys, "old", "new") == first
    assert len(Path("asked").read_text().split()) == 2
    for more in (["--no-cache"], ["--set", "N=2"], ["--weights"]):
        record(capsys, "old", "new", *more)
    assert len(Path("asked").read_text().split()) == 8
    net("new/same.yaml", 7)
    assert states(record(capsys, "old", "new"))["same.yaml"] == "changed"
    Path("archcheck.toml").write_text("ignore = ['GEO']")
    record(capsys, "old", "new")
    assert Path("asked").read_text().split()[8:] in (["same.yaml", *pair] for pair in (
        ["more.yaml", "same.yaml"], ["same.yaml", "more.yaml"]))


def test_the_same_file_beside_other_weights_is_not_identical(here: Path, capsys):
    for folder, shift in (("old", 0), ("new", 1)):
        Path(folder).mkdir()
        save_model(model([WEIGHTS[0] + numpy.float32(shift), *WEIGHTS[1:]]), f"{folder}/net.onnx",
                   save_as_external_data=True, size_threshold=0, location="net.bin")
    assert Path("old/net.onnx").read_bytes() == Path("new/net.onnx").read_bytes()
    assert states(record(capsys, "old", "new")) == {"net.onnx": "same"}
    for _ in range(2):
        assert states(record(capsys, "old", "new", "--weights")) == {"net.onnx": "changed"}
    shutil.copy("old/net.bin", "new/net.bin")
    assert states(record(capsys, "old", "new", "--weights")) == {"net.onnx": "same"}


def test_a_model_that_cannot_be_read_costs_its_own_row(stores: Path, capsys):
    Path("old/more.yaml").write_text("input: 3\nlayers: [what 3]\n")
    code, out, err = ends(capsys, "diff", "old", "new", "--format", "json", "-j2")
    assert code == 2 and "what" in err
    found = json.loads(out)
    assert states(found) == {**STATES, "more.yaml": "failed"}
    assert "what" in found["models"][2]["error"]


@pytest.mark.parametrize(("options", "code", "says"), [
    ([], 0, ""), (["--exit-code"], 1, ""), (["--fail-on", "interface"], 1, "gone.yaml: the model is gone"),
    (["--fail-on", "growth=5%"], 1, "more.yaml: params grew by"), (["--fail-on", "growth=50%"], 0, ""),
    (["--set", "M=3"], 2, "has a size called 'M'")])
def test_exit_codes(stores: Path, capsys, options: list[str], code: int, says: str):
    found, _, err = ends(capsys, "diff", "old", "new", *options)
    assert found == code and says in err and (says != "" or err == "")


def test_names_and_bytes_are_no_difference(here: Path, capsys):
    for folder, comment in (("old", ""), ("new", "# the same\n")):
        net(f"{folder}/a.yaml", 3)
        with open(f"{folder}/a.yaml", "a") as file:
            file.write(comment)
    assert states(record(capsys, "old", "new", "--exit-code")) == {"a.yaml": "same"}


def test_a_comment_has_room_for_any_number(here: Path, capsys):
    for k in range(60):
        net(f"old/{'long' * 20}{k:03}.yaml", 3)
        net(f"new/{'long' * 20}{k:03}.yaml", 4)
    code, out, _ = ends(capsys, "diff", "old", "new", "--format", "markdown")
    assert code == 0 and len(out) < MOST
    assert "60: 60 changed" in out and " more models" in out
