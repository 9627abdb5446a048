"""Models as a git repository has them."""
from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy
import pytest
from onnx import save_model

from archcheck.comparing import compare
from archcheck.frontends import LoadError
from archcheck.frontends._revisions import is_revision, loaded
from archcheck.infer import analyze
from archcheck.rules._payloads import Payloads
from tests.comparing.test_weights import WEIGHTS, model

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
ROOT = Path(__file__).parents[2]


def git(*arguments):
    person = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "core.autocrlf=false")
    subprocess.run(["git", *person, *arguments], check=True, capture_output=True)


def spec(filters):
    return (f"input: N x 3 x 64 x 64\ndefaults: {{conv: same}}\nlayers:\n- conv {filters} 3x3 -> relu\n"
            "- gap -> fc 10\n")


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """Two commits of a specification, and the second one's folder with a model beside its weights."""
    folder = tmp_path / "repository"
    folder.mkdir()
    monkeypatch.chdir(folder)
    git("init", "-q", ".")
    Path("net.yaml").write_text(spec(8))
    Path("models").mkdir()
    save_model(model(WEIGHTS), "models/net.onnx", save_as_external_data=True, size_threshold=0,
               location="net.bin")
    git("add", "-A")
    git("commit", "-qm", "one")
    Path("net.yaml").write_text(spec(16))
    changed = [WEIGHTS[0] + numpy.float32(1), *WEIGHTS[1:]]
    Path("models/net.bin").unlink()
    save_model(model(changed), "models/net.onnx", save_as_external_data=True, size_threshold=0,
               location="net.bin")
    git("commit", "-qam", "two")
    return folder


def filters(name, folder):
    graph, _ = loaded(name, str(folder))
    return analyze(graph).types["conv1"].shape[1]


@pytest.mark.parametrize(("name", "expected"), [
    ("HEAD:net.yaml", 16), ("HEAD~1:net.yaml", 8), ("HEAD~1:./net.yaml", 8), ("HEAD^:models/../net.yaml", 8)])
def test_a_file_is_that_of_its_commit(repository, tmp_path, name, expected):
    Path("net.yaml").write_text(spec(99))
    assert is_revision(name) and filters(name, tmp_path) == expected


def test_a_path_is_from_the_root_or_else_from_here(repository, tmp_path, monkeypatch):
    monkeypatch.chdir("models")
    for place, name in enumerate(("HEAD:net.yaml", "HEAD:../net.yaml", "HEAD:models/net.onnx",
                                  "HEAD:net.onnx", "HEAD:./net.onnx")):
        folder = tmp_path / str(place)
        folder.mkdir()
        assert loaded(name, str(folder))[0].nodes


def test_weights_are_those_of_the_same_commit(repository, tmp_path):
    sides = []
    for name in ("HEAD~1", "HEAD"):
        (tmp_path / name).mkdir()
        graph, source = loaded(f"{name}:models/net.onnx", str(tmp_path / name))
        sides.append((analyze(graph), Payloads(graph, source)))
    (old, before), (new, after) = sides
    found = {one.name: (one.state, one.largest) for one in compare(old, new, (before, after)).weights}
    largest = float(numpy.abs(WEIGHTS[0].astype("float64") - (WEIGHTS[0] + numpy.float32(1))).max())
    assert found == {"wa": ("changed", largest), "wb": ("equal", None), "wc": ("equal", None)}
    assert not new.graph.irregularities


@pytest.mark.parametrize("place", ["../secret.bin", "/etc/hostname", "a/../../secret.bin"])
def test_weights_outside_the_folder_are_not_fetched(repository, tmp_path, place):
    proto = model(WEIGHTS)
    proto.graph.initializer[0].ClearField("raw_data")
    proto.graph.initializer[0].data_location = 1
    for key, value in (("location", place), ("offset", "0"), ("length", str(6 * 6 * 4))):
        proto.graph.initializer[0].external_data.add(key=key, value=value)
    Path("secret.bin").write_bytes(bytes(200))
    Path("models/net.onnx").write_bytes(proto.SerializeToString())
    git("add", "-A")
    git("commit", "-qm", "three")
    (tmp_path / "fetched").mkdir()
    graph, source = loaded("HEAD:models/net.onnx", str(tmp_path / "fetched"))
    assert Payloads(graph, source).view(graph.weights["wa"]) is None
    assert not list((tmp_path / "fetched").rglob("*.bin"))


@pytest.mark.parametrize(("name", "said"), [
    ("HEAD:none.yaml", "HEAD has no file none.yaml"),
    ("HEAD:models", "HEAD has no file models"),
    ("other:net.yaml", "no commit 'other'"),
    ("--output=x:net.yaml", "no commit '--output=x'"),
    ("HEAD\0:net.yaml", "no commit"),
])
def test_what_is_not_there_is_told(repository, tmp_path, name, said):
    with pytest.raises(LoadError, match=re.escape(said)):
        loaded(name, str(tmp_path))
    assert not Path("x").exists()


def test_outside_a_repository_that_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(LoadError, match="this is no git repository"):
        loaded("HEAD:net.yaml", str(tmp_path))


def test_what_lfs_keeps_here_is_found_and_else_told(repository, tmp_path):
    content = model(WEIGHTS).SerializeToString()
    digest = hashlib.sha256(content).hexdigest()
    Path("large.onnx").write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\n"
                                  f"size {len(content)}\n")
    git("add", "-A")
    git("commit", "-qm", "a pointer")
    with pytest.raises(LoadError, match=r"Git LFS pointer.*git lfs fetch origin HEAD"):
        loaded("HEAD:large.onnx", str(tmp_path))
    kept = Path(".git/lfs/objects") / digest[:2] / digest[2:4] / digest
    kept.parent.mkdir(parents=True)
    kept.write_bytes(content)
    (tmp_path / "again").mkdir()
    assert len(loaded("HEAD:large.onnx", str(tmp_path / "again"))[0].nodes) == 4


@pytest.mark.parametrize(("name", "expected"), [
    ("HEAD:net.onnx", True), ("v1.0:a/b.yaml", True), ("onnx:light_resnet50", False), ("specs:vgg16", False),
    ("-", False), ("net.onnx", False), (":net.onnx", False), ("HEAD:", False)])
def test_which_names_are_files_of_commits(name, expected):
    assert is_revision(name) is expected


def test_a_file_that_is_there_is_meant_by_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a:b.yaml").write_text(spec(8))
    assert not is_revision("a:b.yaml")


def test_the_recipe_for_git_difftool_works(repository):
    command = f'{sys.executable} -m archcheck diff "$LOCAL" "$REMOTE"'
    git("config", "difftool.archcheck.cmd", command)
    done = subprocess.run(["git", "difftool", "--no-prompt", "--tool=archcheck", "HEAD~1", "--", "net.yaml"],
                          capture_output=True, encoding="utf-8", check=True,
                          env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"})
    assert "3 × 8" in done.stdout or "8 × 3 × 3 × 3 → 16 × 3 × 3 × 3" in done.stdout
