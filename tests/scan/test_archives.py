"""Models in archives, here and at URLs: what is read of them, held against what a server has sent."""
from __future__ import annotations

import os
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from archcheck import analyze
from archcheck.catalog._sources import items
from archcheck.frontends import LoadError, _tar, load
from archcheck.frontends._remote import MIDDLE, WORTH, Ranges
from archcheck.frontends._wire import skim
from tests.lint.models import GAPS, ends, save
from tests.scan.big import save_big
from tests.scan.server import serving
from tests.scan.test_remote import Counted
from tests.scan.test_scan import rows_of, scanned, summary

BY_PLACE = "path", "sha256", "version", "bytes_read"
"""What rows of the same model may differ in."""


@pytest.fixture
def store(here: Path) -> Path:
    """Five models, and an archive of each kind of them."""
    (here / "nets" / "deep").mkdir(parents=True)
    for k in range(5):
        save(here / "nets" / ("deep" if k == 2 else "") / f"m{k}.onnx", note=os.urandom(50_000 * k).hex())
    (here / "nets" / "readme.txt").write_text("no model")
    (here / "www").mkdir()
    for name, mode in (("all.tar.gz", "w:gz"), ("all.tar", "w"), ("all.tgz", "w:gz")):
        with tarfile.open(here / "www" / name, mode) as archive:
            archive.add("nets")
    with zipfile.ZipFile(here / "www" / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted((here / "nets").rglob("*.*")):
            archive.write(file, file.relative_to(here).as_posix())
    return here / "www"


def plain(rows: list[dict]) -> list[dict]:
    """Rows without what they may differ in, by the paths inside the archive."""
    named = sorted(rows, key=lambda row: row["path"].partition("://")[2].partition("::")[0] or row["path"])
    return [{key: value for key, value in row.items() if key not in BY_PLACE} for row in named]


@pytest.mark.parametrize("name", ["all.zip", "all.tar", "all.tar.gz", "all.tgz"])
def test_rows_are_those_of_the_files(store: Path, capsys, name: str):
    expected = scanned(capsys, "nets")
    found = scanned(capsys, f"www/{name}")
    assert plain(found) == plain(expected)
    assert {row["bytes_read"] for row in found} == {None}, "nothing came over a network"
    if "tar" in name or "tgz" in name:
        assert {row["sha256"] for row in found} == {row["sha256"] for row in expected}


@pytest.mark.parametrize("has_ranges", [True, False])
@pytest.mark.parametrize(("name", "requests"), [("zip://::{}/all.zip", 18), ("tar://::{}/all.tar.gz", 4)])
def test_over_the_network_an_archive_is_sent_once(store: Path, capsys, has_ranges, name: str, requests: int):
    pytest.importorskip("aiohttp", reason="https:// needs fsspec and aiohttp")
    expected = scanned(capsys, "nets")
    with serving(store, has_ranges) as server:
        found = scanned(capsys, name.format(server.url))
        size = (store / name.rpartition("/")[2]).stat().st_size
        if has_ranges or "tar" in name:
            assert server.sent < 1.6 * size
            assert server.requests <= requests
    assert plain(found) == plain(expected)


@pytest.mark.parametrize(("inner", "count"), [
    ("", 5), ("nets/m1.onnx", 1), ("nets/deep", 1), ("nets/m*.onnx", 4), ("nets", 5), ("none", 0)])
@pytest.mark.parametrize("kind", ["zip://{}::www/all.zip", "tar://{}::www/all.tar.gz"])
def test_a_part_of_an_archive(store: Path, tmp_path: Path, kind: str, inner: str, count: int):
    found = items([kind.format(inner)], str(tmp_path))
    assert (len(found.items), len(found.missing)) == (count, not count)


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_what_is_no_archive_is_one_sentence(here: Path, capsys, kind: str):
    (here / f"all.{kind}").write_text(GAPS)
    (here / "a.yaml").write_text(GAPS)
    code, _, err = ends(capsys, "scan", f"all.{kind}", "a.yaml", f"{kind}://::none.{kind}", "-o", "out.jsonl")
    assert (code, err.count("\n"), len(rows_of(here / "out.jsonl"))) == (2, 2, 1)


def test_a_member_that_is_not_there(store: Path):
    with pytest.raises(LoadError, match="nothing called none"):
        load("zip://none.onnx::www/all.zip")


def test_scanned_again_nothing_is_new(store: Path, capsys):
    for name in ("all.tar.gz", "all.zip"):
        assert [summary(capsys, f"www/{name}")["known"] for _ in range(2)] == [0, 5]


def test_an_archive_that_is_written_anew_is_read_anew(here: Path):
    for note in ("one", "two and more"):
        path = save(here / "a.onnx", note=note)
        with zipfile.ZipFile("a.zip", "w") as archive:
            archive.write("a.onnx")
        assert load("zip://a.onnx::a.zip").file_size == path.stat().st_size


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="files have holes on some systems only")
def test_of_large_weights_nothing_is_kept(tmp_path: Path):
    path = tmp_path / "big.onnx"
    params = save_big(path, layers=4)
    with tarfile.open(tmp_path / "big.tar.gz", "w:gz", compresslevel=1) as archive:
        archive.add(path, "big.onnx")
    (tmp_path / "held").mkdir()
    [member] = _tar.members(f"tar://::{tmp_path}/big.tar.gz", (".onnx",), str(tmp_path / "held"))
    status = os.stat(member.path)
    assert status.st_size == path.stat().st_size and status.st_blocks * 512 < 1 << 20
    assert analyze(member.path).params == params
    assert os.listdir(tmp_path / "held") == [os.path.basename(member.path)]


def test_a_model_of_middle_size_costs_few_requests(tmp_path: Path):
    """Weights that are not worth a request are read."""
    path = tmp_path / "middle.onnx"
    save_big(path, layers=400, width=256)
    size = path.stat().st_size
    assert size < MIDDLE
    file = Counted(path)
    assert skim(Ranges(file, "middle", size)) == skim(path.read_bytes())
    assert file.reads <= size // WORTH + 4
    assert file.bytes <= size
