"""Where findings are shown: lines of specifications, of exporting programs, or the model's file."""
from __future__ import annotations

from pathlib import Path

import pytest

from archcheck.reporters.findings._places import Place, Tree
from tests.findings.runs import checked, finding


@pytest.fixture
def folder(tmp_path) -> Path:
    """A repository with a program of ten lines, and a folder in it."""
    (tmp_path / "repo" / ".git").mkdir(parents=True)
    (tmp_path / "repo" / "src" / "nets").mkdir(parents=True)
    (tmp_path / "repo" / "src" / "nets" / "blocks.py").write_text("x = 1\n" * 10)
    (tmp_path / "repo" / "export.py").write_text("x = 1\n" * 10)
    (tmp_path / "repo" / "notes.txt").write_text("x = 1\n" * 10)
    (tmp_path / "secret.py").write_text("x = 1\n" * 10)
    (tmp_path / "repo" / "models").mkdir()
    return tmp_path / "repo"


def place(folder: Path, file: str | None, line: int | None, start: str = ".", **fields) -> Place:
    one = checked("models/a.onnx", **fields)
    return Tree(folder / start).place(one, finding(file=file, line=line, column=2))


WHOLE = Place("models/a.onnx")


@pytest.mark.parametrize("file", [
    "src/nets/blocks.py", "{folder}/src/nets/blocks.py", "/elsewhere/src/nets/blocks.py",
    "C:\\elsewhere\\src\\nets\\blocks.py"])
def test_a_program_of_the_repository(folder, file):
    assert place(folder, file.format(folder=folder), 10) == Place("src/nets/blocks.py", 10, 2, True)


@pytest.mark.parametrize(("file", "line"), [
    ("src/nets/blocks.py", 11),             # it has changed since
    ("/elsewhere/blocks.py", 3),            # only the name agrees
    ("/elsewhere/export.py", 3),
    ("{folder}/../secret.py", 3), ("../secret.py", 3), ("src/../../secret.py", 3), ("src/../export.py", 3),
    ("notes.txt", 3), ("{folder}/notes.txt", 3), ("src/nets", 1), ("src/nets/none.py", 1),
    ("a\0b.py", 1), ("a/" * 5000 + "b.py", 1), ("x" * 5000 + ".py", 1), ("", 1), (".py", 1), ("/", 1),
    (None, None), ("models/a.onnx", None), ("src/nets/blocks.py", None)])
def test_what_is_no_line_of_it(folder, file, line):
    file = file and file.format(folder=folder)
    assert place(folder, file, line) == WHOLE


def test_its_own_path_needs_no_folder(folder):
    assert place(folder, "export.py", 3).path == "export.py"
    assert place(folder, f"{folder}/export.py", 3).path == "export.py"


def test_a_link_out_of_the_repository_is_not_followed(folder):
    (folder / "src" / "link.py").symlink_to(folder.parent / "secret.py")
    (folder / "src" / "inner.py").symlink_to(folder / "export.py")
    assert place(folder, "src/link.py", 3) == WHOLE
    assert place(folder, "src/inner.py", 3).path == "export.py"


def test_a_program_that_is_too_long_is_not_read(folder):
    with open(folder / "src" / "huge.py", "wb") as stream:
        stream.truncate(5 << 20)
    assert place(folder, "src/huge.py", 1) == WHOLE


def test_paths_begin_at_the_root(folder):
    tree = Tree(folder / "models")
    assert tree.from_root("a.onnx") == "models/a.onnx"
    assert tree.from_root("../export.py") == "export.py"
    assert tree.from_root("../../other/a.onnx") == (folder.parent / "other" / "a.onnx").as_posix()
    assert tree.from_root(f"{folder}/a.onnx") == "a.onnx"
    assert [tree.from_root(name) for name in ("-", "onnx:light_resnet50", "specs:vgg16")] == [
        "-", "onnx:light_resnet50", "specs:vgg16"]
    found = finding(file="export.py", line=3)
    assert tree.place(checked("a.onnx"), found) == Place("export.py", 3, None, True)


def test_people_see_paths_from_where_they_are(folder):
    tree, one = Tree(folder / "models"), checked("../models/a.onnx")
    assert str(tree.nearby(one, finding(file="src/nets/blocks.py", line=3))) == "../src/nets/blocks.py:3"
    assert str(tree.nearby(one, finding())) == "../models/a.onnx"


def test_without_git_the_folder_is_the_root(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    monkeypatch.setattr(Path, "exists", lambda path: False)
    assert Tree(tmp_path / "a").from_root("x.onnx") == "x.onnx"


def test_a_specification_is_its_own_source(folder):
    one = checked("specs:vgg16", format="spec")
    found = finding(file="/somewhere/vgg16.yaml", line=7, column=3)
    assert Tree(folder).place(one, found) == Place("specs:vgg16", 7, 3)
    assert str(Tree(folder).nearby(one, found)) == "specs:vgg16:7:3"
