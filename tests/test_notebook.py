"""A report in a notebook: what it shows of itself."""
from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

import archcheck
from archcheck.errors import UserError
from archcheck.reporters import notebook
from tests.test_cli import dynamic  # noqa: F401 - a fixture
from tests.test_plot import HOSTILE, tiny


class Read(HTMLParser):
    """The cells of a page row by row, and its tags; anything that is not closed fails."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()
        self.open: list[str] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        if tag != "br":
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


@pytest.fixture(scope="module")
def lenet() -> archcheck.Report:
    return archcheck.analyze("specs:lenet5")


def test_the_summary(lenet: archcheck.Report):
    found = Read(lenet._repr_html_()).rows
    assert found[0][:5] == ["layer", "operator", "output", "params", "MACs"]
    facts = {row[0]: row[1] for row in found if len(row) == 2}
    assert facts["params"].startswith(f"{lenet.params:,}") and facts["MACs"] == f"{lenet.macs:,}"


def test_formulas_and_what_is_not_known(dynamic: Path):  # noqa: F811
    found = Read(archcheck.analyze(str(dynamic))._repr_html_()).rows
    assert next(row for row in found if row[0] == "stem")[2] == "N × 8 × ⌈H/2⌉ × ⌈W/2⌉"
    assert next(row for row in found if row[0] == "odd")[2] == "?"


def test_long_tables_are_cut(monkeypatch: pytest.MonkeyPatch, lenet: archcheck.Report):
    whole = [row for row in Read(notebook.html(lenet)).rows if len(row) > 2]
    monkeypatch.setattr(notebook, "ROWS", 3)
    found = [row for row in Read(notebook.html(lenet)).rows if len(row) > 2]
    assert found[:4] == whole[:4] and found[4][0] == f"… {len(whole) - 4} more rows" and len(found) == 5


def test_names_are_text():
    name = HOSTILE.replace("/", "")  # a slash would part it into scopes
    report = archcheck.analyze(tiny(name, name))
    found = Read(report._repr_html_())
    assert found.tags <= {"div", "table", "thead", "tbody", "tr", "th", "td", "br"}
    assert any('<script>alert("1")<script>' in row[0] for row in found.rows)
    assert not any("\u202e" in text for row in found.rows for text in row)
    assert not [node for node in ElementTree.fromstring(report._repr_svg_()).iter() if "script" in node.tag]


def test_drawings_are_those_of_the_command(tmp_path: Path, lenet: archcheck.Report):
    from click.testing import CliRunner

    from archcheck.cli import cli
    ours, others = tmp_path / "a.svg", tmp_path / "b.svg"
    found = lenet.draw(style="debug", direction="LR")
    found.save(ours)
    asked = ["draw", "specs:lenet5", "--style", "debug", "--rankdir", "LR", "-o", str(others)]
    assert CliRunner().invoke(cli, asked).exit_code == 0
    assert ours.read_text() == others.read_text() == found._repr_svg_()
    found.save(tmp_path / "x.dot")
    assert (tmp_path / "x.dot").read_text().lstrip().startswith(("digraph", "strict digraph"))
    with pytest.raises(UserError, match="cannot be written as"):
        found.save(tmp_path / "x.jpg")


def test_a_part_is_drawn(lenet: archcheck.Report):
    name = lenet.layers[2].name
    near, whole = lenet.draw(focus=name, radius=1), lenet.draw(fold="none")
    assert 0 < len(list(near.picture.shown())) < len(list(whole.picture.shown()))
    with pytest.raises(UserError):
        lenet.draw(focus="no such node")


def test_a_data_frame(dynamic: Path, lenet: archcheck.Report):  # noqa: F811
    pytest.importorskip("pandas")
    frame = lenet.to_dataframe()
    assert len(frame) == len(lenet.graph.nodes)
    assert str(frame["macs"].dtype) == "Int64"
    assert (int(frame["macs"].sum()), int(frame["params"].sum())) == (lenet.macs, lenet.params)
    free = archcheck.analyze(str(dynamic))
    frame = free.to_dataframe()
    assert frame["macs"].iloc[0] == free.layers[0].macs and frame["macs"].iloc[2] is None
    assert frame["out_shape"].iloc[0] == free.layers[0].out_shape


def test_counts_that_are_missing_are_not_zero(dynamic: Path):  # noqa: F811
    pytest.importorskip("pandas")
    frame = archcheck.analyze(str(dynamic), {"N": 1, "H": 8, "W": 8}).to_dataframe()
    assert str(frame["macs"].dtype) == "Int64"
    assert frame["macs"].isna().tolist() == [False, False, True]


def test_without_pandas_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch, lenet: archcheck.Report):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UserError, match="pip install pandas"):
        lenet.to_dataframe()
