"""Reading models over the network: only what is needed, held against what a server has sent."""
from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from archcheck import analyze
from archcheck.catalog._row import Ask, make
from archcheck.catalog._scan import Tally
from archcheck.config import Settings
from archcheck.frontends import LoadError, bytes_of, load
from archcheck.frontends._remote import Ranges
from archcheck.lint._one import Task
from tests.lint.models import ends, save
from tests.scan.big import save_big
from tests.scan.server import serving

pytest.importorskip("fsspec", reason="URLs need fsspec")

ROW = ", ".join(f"{k}.5" for k in range(2048))
WEIGHTED = f"""<ir_version: 9, opset_import: ["" : 18]>
net (float[N,2048] x) => (float[N,2048] y) <float[2048] w = {{{ROW}}}> {{ [sum] y = Add(x, w) }}"""
"""A weight of 8 KiB, more than is read with the structure."""


class Counted:
    """A file that counts the bytes and the reads."""

    def __init__(self, path: Path) -> None:
        self.file, self.bytes, self.reads = open(path, "rb"), 0, 0  # noqa: SIM115

    def seek(self, place: int) -> None:
        self.file.seek(place)

    def read(self, size: int) -> bytes:
        found = self.file.read(size)
        self.bytes += len(found)
        self.reads += 1
        return found


@pytest.fixture(scope="module")
def big(tmp_path_factory) -> SimpleNamespace:
    path = tmp_path_factory.mktemp("big") / "big.onnx"
    return SimpleNamespace(path=path, params=save_big(path), size=path.stat().st_size)


def test_a_large_model_costs_few_bytes(big):
    from archcheck.frontends.onnx import read
    assert big.size > 500_000_000
    file = Counted(big.path)
    graph = read(Ranges(file, "big", big.size), "big", None)
    assert analyze(graph).params == big.params
    assert file.bytes < big.size / 200
    assert file.reads < 50
    assert graph.nodes == load(big.path).nodes


def test_bytes_are_those_of_the_file(tmp_path):
    content = bytes(range(256)) * 5000
    (tmp_path / "data").write_bytes(content)
    ranges = Ranges(Counted(tmp_path / "data"), "data", len(content))
    for start, end in ((0, 2), (1_000_000, 1_000_500), (999_000, 1_001_000), (0, 1_279_000), (5, 5),
                       (1_279_999, 1_280_009)):
        assert ranges[start:end] == content[start:end]
        assert start >= len(content) or ranges[start] == content[start]
    with pytest.raises(IndexError):
        ranges[len(content)]
    assert ranges.fetched <= len(content)


def test_a_file_that_changes_is_told(tmp_path):
    (tmp_path / "data").write_bytes(b"x" * 10)
    with pytest.raises(LoadError, match="has changed"):
        Ranges(Counted(tmp_path / "data"), "data", 1000)[500]


class TestHttp:
    @pytest.fixture(autouse=True)
    def _needs_aiohttp(self):
        pytest.importorskip("aiohttp", reason="https:// needs aiohttp")

    def test_one_hundredth_of_the_bytes_at_most(self, big):
        with serving(big.path.parent) as server:
            report = analyze(f"{server.url}/big.onnx")
            assert report.params == big.params
            assert server.sent < big.size / 100
            assert server.requests < 60

    def test_without_ranges_it_is_read_as_a_whole(self, tmp_path):
        size = save(tmp_path / "gaps.onnx", note="x" * 300_000).stat().st_size
        with serving(tmp_path, has_ranges=False) as server:
            assert analyze(f"{server.url}/gaps.onnx").graph.nodes[0].op == "MaxPool"
            made = make(Ask(Task(f"{server.url}/gaps.onnx", Settings(), {}), "gaps"))
        assert made.row["bytes_read"] == made.row["size"] == size
        tally = Tally()
        tally.count(made.row)
        assert tally.whole == 1

    def test_other_commands_take_urls(self, tmp_path, capsys):
        save(tmp_path / "net.onnx", WEIGHTED)
        with serving(tmp_path) as server:
            for command in ("check", "summary", "memory"):
                told = ends(capsys, command, f"{server.url}/net.onnx", "--format", "json")
                assert told == (0, told[1], "")
            assert bytes(bytes_of(f"{server.url}/net.onnx").data) == (tmp_path / "net.onnx").read_bytes()

    def test_nothing_there(self, tmp_path):
        with serving(tmp_path) as server, pytest.raises(LoadError, match="nothing at"):
            load(f"{server.url}/none.onnx")

    def test_no_server(self):
        with pytest.raises(LoadError) as told:
            load("http://127.0.0.1:9/none.onnx")
        assert "\n" not in str(told.value)


def test_unknown_scheme():
    with pytest.raises(LoadError, match="cannot be read"):
        load("nosuchscheme://bucket/a.onnx")
