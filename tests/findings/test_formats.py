"""Every format, of ordinary, empty, hostile and large runs, held against schemas and parsers of others."""
from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
from markdown_it import MarkdownIt

from archcheck.checked import Run
from archcheck.reporters.findings import MODULES, View, render
from archcheck.reporters.text import Script
from tests.findings import runs

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs" / "check.schema.json").read_text(encoding="utf-8"))
RUNS = {"ordinary": runs.ordinary, "clean": runs.clean, "hostile": runs.hostile, "large": runs.large,
        "empty": lambda: Run(())}
SGR = re.compile(r"\x1b\[[0-9;]*m")


def shown(form: str, run: Run, **view) -> str:
    return render(run, form, View(**view))


# ------------------------------------------------------------------------------------------------ all formats
@pytest.mark.parametrize("which", RUNS)
@pytest.mark.parametrize("form", runs.FORMATS)
def test_every_format_is_plain_text(form, which):
    """No character that a terminal obeys, every line ended, and the same text again."""
    text = shown(form, RUNS[which]())
    assert text == shown(form, RUNS[which]())
    assert not text or text.endswith("\n")
    assert not [c for c in text if not c.isprintable() and c not in "\n\u200b"]
    text.encode()


def test_every_format_is_tested():
    assert set(runs.FORMATS) == set(MODULES)


@pytest.mark.parametrize("form", runs.FORMATS)
def test_plain_ascii_where_the_terminal_can_do_no_more(form):
    text = shown(form, runs.hostile(), script=Script(ascii=True), width=80)
    assert text.replace("\u200b", "").isascii()


@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("form", ["full", "concise"])
def test_no_line_is_a_command_of_a_workflow(form, colour):
    """GitHub's runner obeys ``::`` at the beginning of a line after blanks, and ``##[`` anywhere."""
    for width in (None, 40, 80, 81, 82, 97):
        text = SGR.sub("", shown(form, runs.hostile(), width=width, colour=colour, suppressed=True))
        assert not [line for line in text.splitlines() if line.strip().startswith("::")]
        assert "##[" not in text


# ------------------------------------------------------------------------------------------------ for people
def test_full():
    text = shown("full", runs.ordinary())
    assert """\
warning[GEO003] window-gaps: the window spans 2 positions and moves by 3
  --> models/net.onnx  MaxPool  blocks.0.pool
   = why: of every 3 positions, 1 is never read
   = fix: use a stride of at most 2, or a larger window (--fix)
   = also: blocks.1.pool, blocks.2.pool, blocks.3.pool, blocks.4.pool and 7 more places
   = help: archcheck rule GEO003
""" in text
    assert text.endswith("""\
1 error, 1 warning and 1 advice in 5 models, 1 of them unreadable, 2 suppressed
1 can be fixed with --fix and 1 more with --fix --unsafe-fixes
""")
    assert "\n\nerror: models/gone.onnx does not exist\n\n" in text
    assert "taken from the vendor" not in text
    assert "suppressed: inline: taken from the vendor" in shown("full", runs.ordinary(), suppressed=True)


def test_full_points_to_a_page_once():
    run = Run((runs.checked("a.onnx", runs.finding(), runs.finding(message="another")),))
    assert shown("full", run).count("archcheck rule GEO003") == 1


def test_full_when_nothing_is_found():
    assert shown("full", runs.clean()) == "no findings in 1 model\n"


def test_full_keeps_to_the_terminal_and_colours_nothing_but_words():
    for width in (60, 80, 120):
        text = shown("full", runs.ordinary(), width=width, colour=True)
        lines = SGR.sub("", text).splitlines()
        assert max(map(len, lines)) <= width
        assert " ".join(SGR.sub("", text).split()) == " ".join(shown("full", runs.ordinary()).split())
    assert "\x1b[1;31merror[SHP101]\x1b[0m" in text


def test_full_shows_the_line_of_a_specification(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text("layers:\n- maxpool 2x2 /3  # \x1b[31m\n")
    found = runs.finding(file="net.yaml", line=2, column=3)
    text = shown("full", Run((runs.checked("net.yaml", found, format="spec"),)), width=80)
    assert text.splitlines()[:5] == [
        "warning[GEO003] window-gaps: the window spans 2 positions and moves by 3",
        "  --> net.yaml:2:3  MaxPool  pool1", "   |", " 2 | - maxpool 2x2 /3  # \\x1b[31m",
        "   = why: of every 3 positions, 1 is never read"]
    Path("net.yaml").write_text("layers:\n- maxpool 2x2 /3\n")
    text = shown("full", Run((runs.checked("net.yaml", found, format="spec"),)), width=80)
    assert " 2 | - maxpool 2x2 /3\n   |   ^\n" in text
    Path("net.yaml").write_text("layers:\n")
    assert "-->" in shown("full", Run((runs.checked("net.yaml", found, format="spec"),)))


def test_concise():
    assert shown("concise", runs.ordinary()).splitlines() == [
        "models/net.onnx: SHP101 error the target [1, -1] fixes the batch [/f/Reshape]",
        "models/net.onnx: GEO003 warning the window spans 2 positions and moves by 3 [blocks.0.pool ×12]",
        "models/other.onnx: ONX016 advice 3 nodes have no name [graph]",
        "models/gone.onnx does not exist",
        "models/odd.onnx: the rule GEO009 failed, which is a defect of archcheck: KeyError: 'x'"]
    assert shown("concise", runs.clean()) == ""


@pytest.mark.parametrize("form", ["full", "concise"])
def test_statistics_count_what_counts(form):
    text = shown(form, runs.ordinary(), statistics=True)
    assert re.findall(r"^ +(\d+) +(\w+) ", text, re.MULTILINE) == [
        ("1", "GEO003"), ("1", "ONX016"), ("1", "SHP101")]


@pytest.mark.parametrize("form", [form for form in runs.FORMATS if form != "sarif"])
def test_what_a_finding_tells_is_not_told_again(form):
    """A rule may find that a file cannot be read; its fault of archcheck's is another matter."""
    found = runs.finding(code="ONX001", name="unparsable-model", message="it is cut off", why="", fix="")
    run = Run((runs.checked("a.onnx", found, error="a.onnx is cut off"),))
    if not form.startswith("json"):
        assert "a.onnx is cut off" not in shown(form, run)
    broken = Run((runs.checked("a.onnx", found, broken=(runs.Broken("GEO009", "KeyError"),)),))
    assert "KeyError" in shown(form, broken)


@pytest.mark.parametrize("form", [form for form in runs.FORMATS if form != "junit"])
def test_the_model_is_told_where_the_program_is_shown(form, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("export.py").write_text("x = 1\n" * 9)
    found = runs.finding(file="export.py", line=7)
    text = shown(form, Run((runs.checked("models/net.onnx", found),)))
    line = next(line for line in text.splitlines() if "export.py" in line) if form != "sarif" else text
    assert "net.onnx" in (line if form in ("concise", "full", "github", "markdown") else text)


# ------------------------------------------------------------------------------------------------ JSON
@pytest.mark.parametrize("which", RUNS)
def test_json_is_as_its_schema_says(which):
    run = RUNS[which]()
    found = json.loads(shown("json", run), parse_constant=pytest.fail)
    jsonschema.Draft202012Validator(SCHEMA).validate(found)
    assert len(found["findings"]) == sum(len(one.findings) for one in run.checked)
    assert found["exit_code"] == run.exit_code


def test_json_says_all_there_is():
    found = json.loads(shown("json", runs.ordinary()))
    baked = found["findings"][0]
    assert baked["facts"] == {"batch": "batch", "bound": "inf", "part": "nan"}
    assert (baked["file"], baked["line"], baked["fixable"]) == ("models/net.onnx", None, "unsafe")
    assert found["findings"][2]["suppressed"] == {"by": "inline", "reason": "taken from the vendor"}
    assert found["summary"] == {"error": 1, "warning": 1, "advice": 1, "suppressed": 2, "models": 5}
    assert [one["exit_code"] for one in found["models"]] == [1, 0, 0, 2, 3]


def test_json_keeps_hostile_names_as_they_are():
    found = json.loads(shown("json", runs.hostile()))
    assert found["findings"][0]["node"] == runs.NASTY


@pytest.mark.parametrize("which", RUNS)
def test_json_lines_are_the_same_records(which):
    whole = json.loads(shown("json", RUNS[which]()))
    lines = [json.loads(line) for line in shown("json-lines", RUNS[which]()).splitlines()]
    by_kind = {kind: [{key: value for key, value in line.items() if key != "kind"} for line in lines
                      if line["kind"] == kind] for kind in ("finding", "model", "run")}
    assert by_kind["finding"] == whole["findings"]
    assert by_kind["model"] == whole["models"]
    assert by_kind["run"] == [{key: whole[key] for key in ("schema", "summary", "exit_code")}]
    assert lines[-1]["kind"] == "run"


# ------------------------------------------------------------------------------------------------ GitHub
COMMAND = re.compile(r"::(?P<name>[a-z]+) (?P<properties>.*?)::(?P<text>.*)")


def decoded(line: str) -> tuple[str, dict[str, str], str]:
    """A workflow command as GitHub's runner reads it."""
    found = COMMAND.fullmatch(line)
    properties = dict(part.split("=", 1) for part in found["properties"].split(","))
    for coded, plain in {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ",", "%25": "%"}.items():
        properties = {key: value.replace(coded, plain) for key, value in properties.items()}
    text = found["text"].replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
    return found["name"], properties, text


def test_github_commands():
    name, properties, text = decoded(shown("github", runs.ordinary()).splitlines()[1])
    assert (name, properties) == ("warning", {"file": "models/net.onnx", "line": "1",
                                              "title": "GEO003 window-gaps"})
    assert text.splitlines() == [
        "MaxPool blocks.0.pool and 11 more places: the window spans 2 positions and moves by 3",
        "of every 3 positions, 1 is never read", "Fix: use a stride of at most 2, or a larger window"]


@pytest.mark.parametrize("which", RUNS)
def test_github_has_a_command_for_each_finding_and_trouble(which):
    run = RUNS[which]()
    lines = [decoded(line) for line in shown("github", run).splitlines()]
    troubles = sum((one.error is not None) + len(one.broken) for one in run.checked)
    assert len(lines) == troubles + run.counts.total()
    assert {name for name, _, _ in lines} <= {"error", "warning", "notice"}
    assert all(properties.keys() <= {"file", "line", "col", "title"} for _, properties, _ in lines)


def test_github_decodes_to_what_was_meant():
    run = Run((runs.checked("a,b::c%0A.onnx", runs.finding(message="50% of 2, here: x%0Ay")),))
    _, properties, text = decoded(shown("github", run).rstrip("\n"))
    assert properties["file"] == "a,b::c%0A.onnx"
    assert text.startswith("MaxPool pool1: 50% of 2, here: x%0Ay\n")


# ------------------------------------------------------------------------------------------------ GitLab
GITLAB = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1}, "check_name": {"type": "string"},
            "fingerprint": {"type": "string", "minLength": 1},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object", "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": r"^(?!\./)"},
                    "lines": {"type": "object", "required": ["begin"],
                              "properties": {"begin": {"type": "integer", "minimum": 1}}}}}}}}
"""What GitLab's documentation of code quality reports asks for."""


@pytest.mark.parametrize("which", RUNS)
def test_gitlab_has_what_it_asks_for(which):
    found = json.loads(shown("gitlab", RUNS[which]()))
    jsonschema.Draft202012Validator(GITLAB).validate(found)
    assert len({entry["fingerprint"] for entry in found}) == len(found)
    run = RUNS[which]()
    troubles = sum((one.error is not None) + len(one.broken) for one in run.checked)
    assert len(found) == troubles + run.counts.total()


def test_gitlab_tells_equal_findings_of_two_models_apart():
    run = Run((runs.checked("a.onnx", runs.finding()), runs.checked("b.onnx", runs.finding())))
    a, b = json.loads(shown("gitlab", run))
    assert a["fingerprint"] != b["fingerprint"]
    assert json.loads(shown("gitlab", run))[0] == a


# ------------------------------------------------------------------------------------------------ JUnit
@pytest.mark.parametrize("which", RUNS)
def test_junit_is_as_its_schema_says(which):
    xmlschema = pytest.importorskip("xmlschema")
    schema = xmlschema.XMLSchema(str(ROOT / "tests" / "data" / "schemas" / "junit-10.xsd"))
    schema.validate(ElementTree.fromstring(shown("junit", RUNS[which]())))


@pytest.mark.parametrize("which", RUNS)
def test_junit_counts_its_cases(which):
    root = ElementTree.fromstring(shown("junit", RUNS[which]()))
    assert len(root) == len(RUNS[which]().checked)
    for suite in root:
        for attribute, path in (("tests", "testcase"), ("failures", "testcase/failure"),
                                ("errors", "testcase/error"), ("skipped", "testcase/skipped")):
            assert int(suite.get(attribute)) == len(suite.findall(path))
        assert suite.findall("testcase")
        names = [case.get("name") for case in suite]
        assert len(set(names)) == len(names)


def test_junit_fails_what_fails_the_run():
    net, other, clean, gone, odd = ElementTree.fromstring(shown("junit", runs.ordinary()))
    assert [[child.tag for child in case] for case in net] == [["failure"]] * 2 + [["skipped"]] * 2
    assert [child.tag for child in other[0]] == ["system-out"]
    assert [child.tag for case in clean for child in case] == []
    assert [child.tag for child in (*gone[0], *odd[0])] == ["error", "error"]
    strict = Run((runs.checked("a.onnx", runs.finding(severity="advice"), fail_on="advice"),))
    assert ElementTree.fromstring(shown("junit", strict)).find("*/*/failure") is not None
    never = Run((runs.checked("a.onnx", runs.finding(severity="error"), fail_on="never"),))
    assert ElementTree.fromstring(shown("junit", never)).find("*/*/failure") is None


# ------------------------------------------------------------------------------------------------ Markdown
def rendered(text: str) -> str:
    """HTML as GitHub's Markdown makes it, with links for whatever looks like one."""
    parser = MarkdownIt("commonmark").enable("table")
    return parser.render(text)


@pytest.mark.parametrize("which", RUNS)
def test_markdown_fits_a_comment(which):
    assert len(shown("markdown", RUNS[which]())) < 65_000


def test_markdown_says_what_it_leaves_out():
    text = shown("markdown", runs.large())
    rows = len(re.findall(r"^\| (?:error|warning|advice) \|", text, re.MULTILINE))
    left = re.search(r"… and ([\d,]+) more findings", text)
    assert 100 < rows < 900
    assert rows + int(left[1].replace(",", "")) == 900
    assert text.count("<details>") == text.count("</details>")


def test_markdown_tables_have_a_row_for_each():
    html = rendered(shown("markdown", runs.ordinary()))
    assert html.count("<tr>") == 1 + 5 + 1 + 4
    assert "<td><code>models/net.onnx</code> <code>blocks.0.pool</code> × 12</td>" in html
    assert "<td>the target [1, -1] fixes the batch</td>" in html


def test_markdown_is_no_markup_of_others():
    text = shown("markdown", runs.hostile())
    html = rendered(text)
    cells = re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)
    assert [row.count("<td") for row in cells if "<td" in row] == [4, 4, 4, 4]
    assert not re.search(r"<(script|a|img|em|strong(?!>GEO003|>Fix:))\b", html)


@pytest.mark.parametrize("text", ["@team", "see #1", "http://evil.example/", "www.evil.org", "WWW.evil.org"])
def test_markdown_mentions_and_links_nothing(text):
    """GitHub makes links of these, outside code, and tells those who are mentioned."""
    found = runs.finding(message=text, why=text, fix=text)
    html = rendered(shown("markdown", Run((runs.checked("m.onnx", found),))))
    assert text not in re.sub(r"<code>.*?</code>", "", html, flags=re.DOTALL)
    assert html.replace("\u200b", "").count(text) == 4


@pytest.mark.parametrize("text", ["<b>", "&lt;", "a & b", "*a*", "_a_", "[a](b)", "a | b", "`a`", "a\\|b"])
def test_markdown_shows_sentences_as_they_are(text):
    html = rendered(shown("markdown", Run((runs.checked("m.onnx", runs.finding(message=text)),))))
    cell = re.findall(r"<td>(.*?)</td>", html)[3]
    assert unescape(cell) == text


@pytest.mark.parametrize("name", ["`", "``", "a`b", "`a`", "a|b", "*a*", "<b>", "[a](b)", " a"])
def test_markdown_shows_names_as_they_are(name):
    html = rendered(shown("markdown", Run((runs.checked("m.onnx", runs.finding(node=name)),))))
    cell = re.search(r"<td><code>m.onnx</code> <code>(.*?)</code></td>", html)
    escaped = name.strip().replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert cell[1] == escaped
