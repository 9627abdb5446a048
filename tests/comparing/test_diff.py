"""``archcheck diff``: exit codes, formats, findings, and names that mean harm."""
from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from archcheck.cli import cli
from archcheck.comparing import compare
from archcheck.errors import UserError
from archcheck.graph import Graph, Node, TensorType
from archcheck.infer import analyze
from archcheck.reporters.diff import View, render

OLD = ("input: 1 x 3 x 64 x 64\ndefaults: {conv: same}\nlayers:\n"
       "- conv 8 3x3 -> relu\n- maxpool 2x2 /2\n- fc 10\n")
POOL = OLD.replace("maxpool 2x2 /2", "maxpool 2x2 /3")
"""A pooling that leaves positions out, which GEO003 finds."""
WIDE = OLD.replace("conv 8", "conv 9")
FED = OLD.replace("1 x 3", "2 x 3")


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(old, new, *options):
        for name, text in (("old.yaml", old), ("new.yaml", new)):
            Path(name).write_text(text)
        return CliRunner().invoke(cli, ["diff", "old.yaml", "new.yaml", *options], standalone_mode=False)
    return run


@pytest.mark.parametrize(("new", "options", "code"), [
    (OLD, ["--exit-code"], 0),
    (OLD, ["--exit-code", "--fail-on", "interface", "--fail-on", "growth=0%"], 0),
    (WIDE, [], 0),
    (WIDE, ["--exit-code"], 1),
    (WIDE, ["--fail-on", "interface"], 0),
    (WIDE, ["--fail-on", "growth=2%"], 1),
    (WIDE, ["--fail-on", "growth=12.5%"], 0),
    (WIDE, ["--fail-on", "growth=12.4%"], 1),
    (FED, ["--fail-on", "interface"], 1),
    (POOL, ["--exit-code"], 1),
])
def test_exit_codes(run, new, options, code):
    """One filter more of 8 is 12.5 % more MACs at most: the linear layer's grow as the filters do."""
    result = run(OLD, new, *options)
    assert result.exception is None and result.return_value == code


def test_findings_are_compared(run):
    there = json.loads(run(OLD, POOL, "--format", "json").stdout)
    back = json.loads(run(POOL, OLD, "--format", "json").stdout)
    assert "GEO003" in [one["code"] for one in there["findings"]["new"]] and not there["findings"]["fixed"]
    assert there["findings"]["new"] == back["findings"]["fixed"] and not back["findings"]["new"]
    assert run(POOL, POOL, "--format", "json").stdout.count("GEO003") == 0


def test_json_says_all_of_it(run):
    found = json.loads(run(OLD, WIDE, "--format", "json").stdout)
    assert found["schema"] == "archcheck.diff/1" and not found["same"] and not found["breaking"]
    assert {one["name"]: (one["old"], one["new"]) for one in found["totals"]}["params"] == (
        8 * 28 + 8 * 32 * 32 * 10 + 10, 9 * 28 + 9 * 32 * 32 * 10 + 10)
    conv = found["layers"][0]
    assert (conv["kind"], conv["op"], conv["name"]) == ("changed", "Conv", "conv1")
    assert conv["changes"][0] == {"what": "input w", "old": {"dtype": "float32", "shape": [8, 3, 3, 3]},
                                  "new": {"dtype": "float32", "shape": [9, 3, 3, 3]}}


def test_text_fits_a_terminal_and_csv_has_a_row_for_each_change(run):
    rows = list(csv.DictReader(io.StringIO(run(OLD, WIDE, "--format", "csv").stdout)))
    assert {row["kind"] for row in rows} == {"changed", "reshaped"}
    assert [row["what"] for row in rows if row["layer"] == "conv1"] == ["input w", "input b", "output"]
    text = run(OLD, FED, "--format", "table").stdout
    assert max(map(len, text.splitlines())) <= 80
    assert re.search(r"^break +input +input +shape", text, re.MULTILINE)
    assert "no differences" in run(OLD, OLD).stdout


def test_sizes_are_bound_in_whichever_has_them(run):
    free = OLD.replace("1 x 3", "N x 3")
    found = json.loads(run(free, OLD, "--set", "N=1", "--format", "json").stdout)
    assert found["same"]
    assert isinstance(run(OLD, OLD, "--set", "K=1").exception, UserError)


@pytest.mark.parametrize("limit", ["growth", "growth=2", "growth=-1%", "params=2%", "growth=1e9%"])
def test_limits_that_are_none_are_refused(run, limit):
    assert "growth=2%" in str(run(OLD, OLD, "--fail-on", limit).exception.format_message())


# -------------------------------------------------------------------------------------------- names of others
HARMFUL = ["a|b", "`rm`", "<img src=x>", "@team", "[a](https://b)", "::set-output", "\x1b[31m", "a\nb",
           "</details>", "#1", "\\|", "``", "x" * 5000, "\u202eabc"]


def net(names):
    nodes, value = [], "x"
    for k, name in enumerate(names):
        nodes.append(Node(name, "Relu", "", (value,), (f"v{k}",), {"note": name}))
        value = f"v{k}"
    return Graph("net", {"x": TensorType("float32", (4,))}, (value,), tuple(nodes), {}, opsets={"": 18})


def prose(page):
    """The page without its spans of code."""
    return re.sub(r"(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)", "", page)


NAMES = st.lists(st.sampled_from(HARMFUL), max_size=8)


@settings(max_examples=15, deadline=None)
@given(NAMES.filter(len), NAMES)
def test_names_are_never_markup(old, new):
    found = compare(analyze(net(old)), analyze(net([*new, "end"])))
    page = render(found, "markdown", View("old|`x`", "<b>new", everything=True))
    text = prose(page)
    assert not re.search(r"<(?!/?(details|summary|br|code)>)", text)
    assert "@team" not in text and not re.search(r"(?<!\\)\]\(|://b", text) and "\x1b" not in page
    assert text.count("<details>") == text.count("</details>")
    for table in re.findall(r"(?:^\| .*\n)+", page, re.MULTILINE):
        assert len({re.sub(r"\\[\\|]", "", row).count("|") for row in table.splitlines()}) == 1
    assert all("\x1b" not in render(found, form, View("a", "b")) for form in ("plain", "table", "json"))


def test_a_comment_is_never_too_long():
    found = compare(analyze(net(["a"])), analyze(net([f"layer {k} " + "y" * 300 for k in range(2000)])))
    page = render(found, "markdown", View("old", "new"))
    assert 20_000 < len(page) < 60_000 and len(page.encode()) < 65_536 and "more" in page
    assert page.count("<details>") == page.count("</details>")
