"""SARIF, held against the OASIS schema and what GitHub's code scanning asks for besides."""
from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
import onnx
import pytest
from onnx import parser

import archcheck
from archcheck.checked import Run
from archcheck.reporters.findings import View, render, sarif
from archcheck.rules import RULES, known, rule
from tests.findings import runs

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads(gzip.decompress((ROOT / "tests/data/schemas/sarif-2.1.0.json.gz").read_bytes()))
VALIDATOR = jsonschema.Draft4Validator(SCHEMA)
RUNS = {"ordinary": runs.ordinary, "clean": runs.clean, "hostile": runs.hostile, "large": runs.large,
        "empty": lambda: Run(())}


def written(run: Run) -> dict[str, Any]:
    return json.loads(render(run, "sarif", View()), parse_constant=pytest.fail)


def taken(log: dict[str, Any]) -> list[str]:
    """Why GitHub would refuse a log, or lose part of it: docs.github.com, "SARIF support for code
    scanning"."""
    return [problem for run in log["runs"] for problem in problems(run)]


def problems(run: dict[str, Any]):
    rules = run["tool"]["driver"]["rules"]
    if len(run["results"]) > 25_000 or len(rules) > 25_000:
        yield "too many"
    if not run["automationDetails"]["id"].endswith("/"):
        yield "the category is what stands before the last slash"
    for described in rules:
        keys = {"shortDescription", "fullDescription"} & described.keys()
        long = [key for key in keys if len(described[key]["text"]) > 1024]
        if len(described.get("properties", {}).get("tags", ())) > 10 or long:
            yield f"rule {described['id']}"
    for result in run["results"]:
        yield from faults(result, rules)


def faults(result: dict[str, Any], rules: list[dict[str, Any]]):
    if not result["message"]["text"] or len(result["locations"]) > 100:
        yield "message or locations"
    if rules[result["ruleIndex"]]["id"] != result["ruleId"]:
        yield "rule"
    for location in result["locations"]:
        place = location.get("physicalLocation", {})
        uri = place.get("artifactLocation", {}).get("uri")
        if not uri or uri.startswith(("/", "./", "../")) or place.get("region", {}).get("startLine", 0) < 1:
            yield "no place in a file"
    if not result["partialFingerprints"].get("primaryLocationLineHash"):
        yield "no fingerprint"


@pytest.mark.parametrize("which", RUNS)
def test_it_is_as_the_schema_says_and_as_github_takes_it(which):
    log = written(RUNS[which]())
    VALIDATOR.validate(log)
    assert taken(log) == []


def spoilt(spoil) -> dict[str, Any]:
    log = written(runs.ordinary())
    spoil(log["runs"][0])
    return log


@pytest.mark.parametrize("spoil", [
    lambda run: run.pop("tool"), lambda run: run["results"][0].pop("message"),
    lambda run: run["results"][0].update(level="advice"), lambda run: run["results"][0].update(extra=1),
    lambda run: run["results"][0]["locations"][0]["physicalLocation"]["region"].update(startLine=0)])
def test_the_schema_refuses_what_is_wrong(spoil):
    assert not VALIDATOR.is_valid(spoilt(spoil))


@pytest.mark.parametrize("spoil", [
    lambda run: run["results"][0]["locations"][0].pop("physicalLocation"),
    lambda run: run["results"][0].update(ruleIndex=1),
    lambda run: run["results"][0]["partialFingerprints"].clear(),
    lambda run: run["tool"]["driver"]["rules"][0]["shortDescription"].update(text="x" * 1025)])
def test_so_does_our_own_check(spoil):
    assert taken(spoilt(spoil))


# ------------------------------------------------------------------------------------------------ contents
def results(run: Run) -> list[dict[str, Any]]:
    return written(run)["runs"][0]["results"]


def test_a_result_says_what_where_why_and_how():
    baked, many, hidden, kept, hint = results(runs.ordinary())
    assert [one["level"] for one in (baked, many, hint)] == ["error", "warning", "note"]
    assert many["message"]["text"] == (
        "MaxPool blocks.0.pool and 11 more places: the window spans 2 positions and moves by 3; of every 3 "
        "positions, 1 is never read. Fix: use a stride of at most 2, or a larger window.")
    assert many["partialFingerprints"]["archcheck/v1"] == "4b38df47b5a9b0aa"
    place = many["locations"][0]
    assert place["physicalLocation"] == {
        "artifactLocation": {"uri": "models/net.onnx", "uriBaseId": "%SRCROOT%", "index": 0},
        "region": {"startLine": 1}}
    assert place["logicalLocations"][:2] == [
        {"name": name, "fullyQualifiedName": name, "kind": "member"} for name in ("blocks.0.pool",
                                                                                  "blocks.1.pool")]
    assert len(place["logicalLocations"]) == 12
    assert many["properties"]["facts"] == {"span": 2, "stride": 3}
    assert "suppressions" not in many
    assert hidden["suppressions"] == [{"kind": "inSource", "status": "accepted",
                                       "justification": "taken from the vendor"}]
    assert kept["suppressions"] == [{"kind": "external", "status": "accepted", "justification": "baseline"}]


def test_models_are_artifacts_with_their_hashes():
    first, *_, gone, _ = written(runs.ordinary())["runs"][0]["artifacts"]
    assert first == {"location": {"uri": "models/net.onnx", "uriBaseId": "%SRCROOT%"}, "length": 1024,
                     "roles": ["analysisTarget"], "hashes": {"sha-256": "0" * 64}}
    assert "hashes" not in gone
    assert "length" not in gone


def test_what_went_wrong_is_told_to_whoever_runs_it():
    invocation, = written(runs.ordinary())["runs"][0]["invocations"]
    gone, odd = invocation["toolExecutionNotifications"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, 3)
    assert gone["message"]["text"] == "models/gone.onnx does not exist"
    assert gone["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "models/gone.onnx"
    assert odd["associatedRule"] == {"id": "GEO009"}
    for run, code in ((runs.clean(), 0), (Run((runs.checked("a.onnx", runs.finding()),)), 1)):
        invocation, = written(run)["runs"][0]["invocations"]
        assert (invocation["executionSuccessful"], invocation["exitCode"]) == (True, code)


def test_a_model_that_a_rule_found_unreadable_is_told_too():
    one = runs.checked("a.onnx", runs.finding(code="ONX001"), error="a.onnx is cut off")
    invocation, = written(Run((one,)))["runs"][0]["invocations"]
    assert invocation["toolExecutionNotifications"][0]["message"]["text"] == "a.onnx is cut off"


def test_a_rule_is_described_by_its_page():
    described = {one["id"]: one for one in written(runs.ordinary())["runs"][0]["tool"]["driver"]["rules"]}
    window = described["GEO003"]
    assert window["name"] == "window-gaps"
    assert window["defaultConfiguration"] == {"level": "warning", "enabled": True}
    assert window["shortDescription"]["text"] == (
        "A window moves farther than it reaches, so some positions of its input are never read.")
    assert "```yaml\ninput: N x 3 x 33 x 33" in window["help"]["markdown"]
    assert window["help"]["text"].startswith(window["shortDescription"]["text"])


@pytest.fixture
def unsafe():
    """A rule about safety, with a page that is too long for a description."""
    known()

    def escapes(case):
        """Data stand outside the model's folder."""
    escapes.__doc__ += "\n\n" + "They are not followed. " * 100
    rule("SEC999", "escaping-data", severity="error", cvss=7.5, cwe=22)(escapes)
    yield
    del RULES["SEC999"]


def test_rules_about_safety_say_how_severe_they_are(unsafe):
    run = Run((runs.checked("a.onnx", runs.finding(code="SEC999", name="escaping-data")),))
    log = written(run)
    described, = log["runs"][0]["tool"]["driver"]["rules"]
    assert described["properties"] == {
        "tags": ["SEC", "security", "external/cwe/cwe-022"], "precision": "high", "problem.severity": "error",
        "security-severity": "7.5"}
    assert len(described["fullDescription"]["text"]) == 1024
    assert len(described["help"]["text"]) > 2000
    VALIDATOR.validate(log)
    assert taken(log) == []


def test_every_rule_can_be_described():
    found = [runs.finding(code=code, name=one.name) for code, one in known().items()]
    log = written(Run((runs.checked("a.onnx", *found),)))
    VALIDATOR.validate(log)
    assert taken(log) == []
    described = log["runs"][0]["tool"]["driver"]["rules"]
    assert [one["id"] for one in described] == sorted(known())
    assert all(one["help"]["markdown"] for one in described)


def test_no_more_results_than_github_takes(monkeypatch):
    monkeypatch.setattr(sarif, "MOST_RESULTS", 10)
    run = runs.large(60)
    log, = written(run)["runs"]
    assert len(log["results"]) == 10
    assert {one["level"] for one in log["results"]} == {"error"}
    note, = log["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"].startswith("50 of the least severe findings are left out")


@pytest.mark.parametrize("path", ["a b.onnx", "ü/é.onnx", "a#b?c%20.onnx", "a:b.onnx", "specs:vgg16", "-"])
def test_addresses_are_quoted(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    place = results(Run((runs.checked(path, runs.finding()),)))[0]["locations"][0]["physicalLocation"]
    uri = place["artifactLocation"]["uri"]
    assert unquote(uri) == path
    assert uri.isascii()
    assert not set(uri) & set(" :#?")


def test_a_model_that_was_named_twice_is_one_artifact():
    a = runs.checked("a.onnx", runs.finding())
    log = written(Run((a, runs.checked("b.onnx"), a)))
    VALIDATOR.validate(log)
    assert [one["location"]["uri"] for one in log["runs"][0]["artifacts"]] == ["a.onnx", "b.onnx"]


def test_no_text_is_a_link():
    text = results(Run((runs.checked("a.onnx", runs.finding(message="[here](http://evil.example/)")),)))
    assert "](" not in text[0]["message"]["text"]


def test_what_is_found_in_a_specification_is_at_its_line(tmp_path):
    """From the file to the log, as a user runs it."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "net.yaml").write_text(
        "input: N x 3 x 33 x 33\nlayers:\n- conv 8, 3x3\n- maxpool 2x2 /3\n")
    script = ("import sys, archcheck; from archcheck.checked import Checked, Run\n"
              "from archcheck.reporters.findings import View, render\n"
              "found = archcheck.check('net.yaml').findings\n"
              "one = Checked('net.yaml', None, 'spec', '', found, {})\n"
              "print(render(Run((one,)), 'sarif', View()))")
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path / "nets", capture_output=True,
                          env={"PYTHONPATH": str(ROOT), "PATH": ""}, check=True)
    result, = json.loads(done.stdout)["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "nets/net.yaml", "uriBaseId": "%SRCROOT%", "index": 0},
        "region": {"startLine": 4, "startColumn": 3}}


def test_what_is_found_in_an_export_is_at_the_line_of_the_program(tmp_path, monkeypatch):
    """A model that was exported on another machine, checked in the repository that has the program."""
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "model.py").write_text("x = 1\n" * 20)
    trace = ('  File "/build/repo/nets/model.py", line 13, in forward\n    y = max_pool2d(y, 2, 3)\n'
             '  File "/venv/site-packages/torch/nn/functional.py", line 831, in max_pool2d\n')
    model = parser.parse_model("""
        <ir_version: 10, opset_import: ["" : 18]>
        net (float[N,3,33,33] x) => (float[N,3,p,q] y) {
            y = MaxPool<kernel_shape=[2,2], strides=[3,3]>(x)
        }""")
    model.graph.node[0].metadata_props.add(key="pkg.torch.onnx.stack_trace", value=trace)
    onnx.save(model, tmp_path / "net.onnx")
    monkeypatch.chdir(tmp_path)
    found = archcheck.check("net.onnx", select=("GEO003",)).findings
    run = Run((runs.checked("net.onnx", *found),))
    place = results(run)[0]["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "nets/model.py", "uriBaseId": "%SRCROOT%"},
                     "region": {"startLine": 13}}
    (tmp_path / "nets" / "model.py").unlink()
    place = results(run)[0]["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "net.onnx", "uriBaseId": "%SRCROOT%", "index": 0},
                     "region": {"startLine": 1}}
    assert "(/build/repo/nets/model.py:13)" in render(run, "full", View())


def test_the_version_is_ours():
    assert written(runs.clean())["runs"][0]["tool"]["driver"]["version"] == archcheck.__version__
