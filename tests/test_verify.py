"""``archcheck verify``: the claims that ship hold, and would not if anything else were recorded in them."""
from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
import yaml
from click.testing import CliRunner

from archcheck.claims._read import claims, holds_claims
from archcheck.claims._tree import NEEDS_RUN, VERDICTS, Printed, Statement
from archcheck.claims._verify import _Judge, verify
from archcheck.cli.verify import verify as command
from archcheck.errors import UserError
from archcheck.frontends.spec._document import Document

ROOT = Path(__file__).parents[1]
FILES = [path for path in sorted((ROOT / "specs").rglob("*.yaml"))
         if holds_claims(Document(path.read_bytes(), str(path)))]
GOOD = """\
source: slides
networks:
  net: {input: 1 x 3 x 8 x 8, layers: [conv 4 3x3 as c]}
statements:
- {id: a, says: params, verdict: exact, printed: 112, value: params(net)}
- {id: b, says: rounded, verdict: rounds-to, printed: 1.1e2, value: params(net)}
- {id: c, says: weights, verdict: convention, printed: 108, value: weights(net), under: no biases,
   otherwise: params(net)}
- {id: d, says: wrong, verdict: refuted, printed: 100, value: params(net), truth: 112, off: -12,
   why: 4 biases}
- {id: e, says: better, verdict: not-checkable, why: needs data}
- {id: f, says: invariant, verdict: exact, execute: runs(net)}
"""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_claims_that_ship_hold(path: Path) -> None:
    failures = verify([path]).failures
    assert not [(outcome.statement.id, outcome.problem) for outcome in failures]


# ------------------------------------------------------------------------------------------------- mutations
def altered(printed: Printed) -> Printed:
    """Something else of the same kind: the last digit of the first number one more, the opposite, …"""
    value, unit = printed.value, printed.unit
    if isinstance(value, tuple):
        first = altered(Printed(value[0], unit[0], ""))
        return Printed((first.value, *value[1:]), unit, printed.text)
    if isinstance(value, (bool, str)):
        return printed._replace(value=not value if isinstance(value, bool) else f"{value}?")
    return printed._replace(value=Fraction(value) + unit)


def mutants(statement: Statement) -> Iterator[Statement]:
    """The statement with something else recorded."""
    yield from (statement._replace(verdict=verdict) for verdict in VERDICTS if verdict != statement.verdict)
    if statement.truth is not None:
        yield statement._replace(truth=altered(statement.truth))
        if statement.off is not None:
            yield statement._replace(printed=altered(statement.printed))
            yield statement._replace(off=altered(statement.off))
        yield statement._replace(printed=statement.truth)
        yield statement._replace(truth=None)
    elif "value" in statement.fields:
        yield statement._replace(printed=altered(statement.printed))
    if statement.verdict in ("refuted", "not-checkable"):
        fields = {key: field for key, field in statement.fields.items() if key != "why"}
        yield statement._replace(fields=fields)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_nothing_else_could_be_recorded(path: Path) -> None:
    found = claims(Document(path.read_bytes(), str(path)))
    judge = _Judge(found)
    passed = [(one.id, one.verdict, one.printed.value) for statement in found.statements
              if judge.outcome(statement).found != NEEDS_RUN
              for one in mutants(statement) if judge.outcome(one).is_right]
    assert not passed


def written(folder: Path, text: str = GOOD, name: str = "claims.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def outcomes(folder: Path, text: str) -> dict[str, Any]:
    return {outcome.statement.id: outcome for outcome in verify([written(folder, text)]).outcomes}


def test_the_verdicts_are_found(tmp_path: Path) -> None:
    found = outcomes(tmp_path, GOOD)
    assert [found[key].found for key in "abcdef"] == [*VERDICTS, NEEDS_RUN]
    assert all(outcome.is_right for outcome in found.values())


WRONG = [
    ("printed: 112", "printed: 113", "a", "recorded as exact, but 112 is computed, and 113 printed"),
    ("verdict: exact, printed: 112", "verdict: rounds-to, printed: 112", "a", "exactly what is printed"),
    ("1.1e2", "1.2e2", "b", "112 is computed, and 1.2e2 printed"),
    ("verdict: rounds-to", "verdict: exact", "b", "which rounds to 1.1e2"),
    ("otherwise: params(net)", "otherwise: 2*54", "c", "without the convention it is 108"),
    ("under: no biases,\n   otherwise: params(net)", "why: x", "c", "exactly what is printed"),
    ("printed: 100", "printed: 99", "d", "is off by -13, which is not recorded"),
    (" off: -12,", "", "d", "is off by -12, which is not recorded"),
    ("truth: 112", "truth: 110", "d", "recorded as truly 110, but it is 112"),
    (", truth: 112", "", "d", "add it as 'truth'"),
    (" off: -12,\n   why: 4 biases", " off: -12", "d", "add a 'why'"),
    ("printed: 100", "printed: 112", "d", "exactly what is printed"),
    (", why: needs data", "", "e", "add a 'why'"),
    ("verdict: exact, printed: 112, value: params(net)", "verdict: exact, printed: 112", "a", "no 'value'")]



@pytest.mark.parametrize(("old", "new", "key", "message"), WRONG)
def test_what_is_recorded_wrongly_fails(tmp_path: Path, old: str, new: str, key: str, message: str) -> None:
    assert old in GOOD
    found = outcomes(tmp_path, GOOD.replace(old, new))
    assert message in found[key].problem
    assert [name for name, outcome in found.items() if not outcome.is_right] == [key]


def test_a_figure_that_is_not_known_fails(tmp_path: Path) -> None:
    text = GOOD.replace("3x3 as c]", "3x3 as c, add input as m]").replace("params(net)", "shape(net)")
    found = outcomes(tmp_path, text)["a"]
    assert found.found == "not-known"
    assert "cannot be verified" in found.problem


MISTAKES = [
    ("value: params(net)}", "value: parms(net)}", ":5:62: there is no parms here; did you mean params?"),
    ("verdict: exact", "verdict: right", "'verdict' is one of exact"),
    ("says: params, ", "", "no entry 'says'"),
    ("id: b", "id: a", "there is a statement a already"),
    ("printed: 112", "prited: 112", "did you mean 'printed'?"),
    ("conv 4 3x3", "conw 4 3x3", ":3:40: there is no layer 'conw'; did you mean 'conv'?"),
    ("source: slides", "sorce: slides", "did you mean 'source'?"),
    ("{input: 1 x 3 x 8 x 8, layers: [conv 4 3x3 as c]}",
     "lost.onnx", "lost.onnx")]


@pytest.mark.parametrize(("old", "new", "message"), MISTAKES)
def test_mistakes_stop_with_their_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    path = written(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(UserError, match=r"claims.yaml:\d+:\d+: ") as caught:
        verify([path])
    assert message in str(caught.value)


# ------------------------------------------------------------------------------------------------ the command
def run(*arguments: str) -> Any:
    return CliRunner().invoke(command, arguments, standalone_mode=False)


def test_exit_codes(tmp_path: Path) -> None:
    assert run(str(written(tmp_path))).return_value == 0
    wrong = run(str(written(tmp_path, GOOD.replace("printed: 112", "printed: 113"))))
    assert wrong.return_value == 1
    assert "FAILED a" in wrong.output
    assert "1 of 6 are recorded wrongly" in wrong.output
    (tmp_path / "empty").mkdir()
    for name, says in (("empty", "neither a network nor a claim"), ("none.yaml", "no file")):
        lost = run(str(tmp_path / name))
        assert lost.return_value == 2 and says in lost.output


def test_slips_are_explained(tmp_path: Path) -> None:
    shown = run(str(written(tmp_path))).output
    assert "slip d" in shown
    assert "printed 100, computed 112" in shown
    assert "4 biases" in shown


def test_json_and_junit(tmp_path: Path) -> None:
    path = str(written(tmp_path, GOOD.replace("printed: 112", "printed: 113")))
    data = json.loads(run(path, "--format", "json").output)
    assert data["schema"] == "archcheck.verify/1"
    assert not data["ok"]
    others = dict.fromkeys(("rounds-to", "convention", "not-checkable", "needs-run"), 1)
    assert data["counts"] == {"refuted": 2, **others}
    assert data["statements"][0]["value"] == 112
    suite = ElementTree.fromstring(run(path, "--format", "junit").output.encode()).find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("6", "1", "2")
    for form in ("csv", "markdown", "plain", "table"):
        assert "113" in run(path, "--all", "--format", form).output


def test_a_specification_and_a_model_beside_it(tmp_path: Path) -> None:
    spec = ("name: small\ninput: 1 x 3 x 8 x 8\nlayers: conv 4 3x3 as c\nclaims:\n- paper: mine\n  says: p\n"
            "  verdict: exact\n  printed: 112\n  value: params(small) + params(model.c) - params(model)\n")
    written(tmp_path, spec, "small.yaml")
    written(tmp_path, "model: small.yaml\nstatements:\n- {says: p, verdict: exact, printed: [1, 4, 6, 6], "
                      "value: shape(model)}\n", "small.claims.yaml")
    assert [outcome.found for outcome in verify([tmp_path]).outcomes] == ["exact", "exact"]


def test_the_manual_is_true(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "claims.md").read_text(encoding="utf-8")
    examples = [part.split("```")[0] for part in page.split("```yaml\n")[1:]]
    for number, text in enumerate(examples):
        assert not verify([written(tmp_path, text, f"example{number}.yaml")]).failures


def test_specifications_with_claims_pass_the_schema() -> None:
    schema = json.loads((ROOT / "docs" / "spec.schema.json").read_text(encoding="utf-8"))
    spec = "input: 1\nlayers: relu\nclaims:\n- {says: p, verdict: exact}\n"
    jsonschema.validate(yaml.safe_load(spec), schema)
