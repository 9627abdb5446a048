"""What a model says of its own findings, what is said of that, and baselines."""
from __future__ import annotations

import json
from pathlib import Path

import pytest

import archcheck
from archcheck.frontends.spec._remarks import remarks
from archcheck.graph import Remark
from archcheck.rules import rule
from archcheck.rules._rule import RULES, Fault
from tests.lint.models import CLEAN, GAPS, codes, ends, found, save

TWO = """\
input: N x 3 x 99 x 99
layers:
- maxpool 2x2 /3{first}
- maxpool 2x2 /3{second}
"""


def active(text: str, **options) -> list[str]:
    """What counts in a specification."""
    report = archcheck.check(text.encode(), **options)
    return [found.code for found in report.findings if found.suppressed is None]


class TestComments:
    def test_where_they_stand(self):
        text = ("# archcheck: ignore[A] whole\nname: a\n# archcheck: ignore[B] next\n\n# more\nlayers:\n"
                "- relu  # archcheck: ignore[C] own\n# archcheck: ignore[D] nothing")
        assert remarks(text) == (Remark("[A] whole", 1, 2, True), Remark("[B] next", 3, 6),
                                 Remark("[C] own", 7), Remark("[D] nothing", 8, None))

    @pytest.mark.parametrize("comment", [
        "  # archcheck: ignore[GEO003] so", "  # archcheck:ignore[window-gaps]",
        " # archcheck: ignore[GEO, META001] so"])
    def test_behind_a_line(self, comment: str):
        assert "GEO003" not in active(GAPS.rstrip() + comment)

    def test_above_a_line(self):
        assert active(GAPS.replace("- max", "# archcheck: ignore[GEO003] so\n- max")) == []

    def test_above_everything(self):
        assert active("# archcheck: ignore[GEO003] so\n" + GAPS) == []

    def test_of_another_line(self):
        assert active(GAPS.replace("input", "name: a  # archcheck: ignore[GEO003] so\ninput")) == [
            "GEO003", "META001"]

    def test_one_of_two_places(self):
        """What is suppressed at one place counts at the other, and keeps its fingerprint."""
        both = archcheck.check(TWO.format(first="", second="").encode()).findings
        text = TWO.format(first="", second="  # archcheck: ignore[GEO003] so")
        one = archcheck.check(text.encode()).findings
        assert [(found.places, found.suppressed) for found in both] == [(2, None)]
        assert sorted((found.line, found.suppressed and found.suppressed.reason) for found in one) == [
            (3, None), (4, "so")]
        assert {found.fingerprint for found in one} == {found.fingerprint for found in both}

    def test_nothing_is_suppressed_without_rules(self):
        assert active(GAPS.rstrip() + "  # archcheck: ignore") == ["GEO003", "META003"]
        assert active(GAPS.rstrip() + "  # archcheck: ignore[]") == ["GEO003", "META003"]


class TestModels:
    @pytest.mark.parametrize("said", ["GEO003", "GEO003: so", "[GEO003] so", "GEO003, META: so", "GEO"])
    def test_metadata_of_the_model(self, here: Path, capsys, said: str):
        assert "GEO003" not in codes(found(capsys, save(here / "a.onnx", archcheck_ignore=said)))

    def test_metadata_of_a_node(self, here: Path, capsys):
        record = found(capsys, save(here / "a.onnx", remark="GEO003: every third row is empty"))
        assert codes(record) == []
        assert record["exit_code"] == 0
        assert record["findings"][0]["suppressed"]["reason"] == "every third row is empty"

    @pytest.mark.parametrize(("entry", "left"), [
        ("rules = ['GEO003']", []), ("rules = 'GEO'\nnode = 'stage/*'", []),
        ("rules = ['GEO']\nscope = 'stage'", []),
        ("rules = ['GEO']\nnode = 'other'", ["GEO003", "META001"]),
        ("rules = ['GEO']\nscope = 'other'", ["GEO003", "META001"])])
    def test_a_file_beside_the_model(self, here: Path, capsys, entry: str, left: list[str]):
        model = save(here / "a.onnx", node="stage/pool")
        (here / "a.archcheck.toml").write_text(f"[[ignore]]\nreason = 'so'\n{entry}")
        record = found(capsys, model)
        assert codes(record) == left
        assert {one["suppressed"]["by"] for one in record["findings"] if one["suppressed"]} <= {"sidecar"}

    @pytest.mark.parametrize("text", ["ignore = 3", "[[ignore]]\nreason = 'so'", "[[ignore]]\nrules = 3",
                                      "rules = ['GEO']", "[[ignore]\n"])
    def test_a_file_beside_the_model_that_is_none(self, here: Path, capsys, text: str):
        model = save(here / "a.onnx")
        (here / "a.archcheck.toml").write_text(text)
        code, out, _ = ends(capsys, "check", model, "--format", "json")
        assert code == 2
        assert "a.archcheck.toml" in json.loads(out)["models"][0]["error"]

    def test_a_model_does_not_vouch_for_its_own_safety(self, here: Path, capsys):
        @rule("XYZ009", "unsafe-thing", severity="error", cvss=7.5)
        def unsafe(case):
            """Always."""
            yield Fault("it is unsafe")
        try:
            model = save(here / "a.onnx", archcheck_ignore="XYZ009, GEO: trust me")
            (here / "a.archcheck.toml").write_text("[[ignore]]\nrules = ['XYZ009']\nreason = 'so'")
            assert codes(found(capsys, model, "--no-cache"))[0] == "XYZ009"
            assert codes(found(capsys, model, "--no-cache", "--ignore", "XYZ009,META")) == []
        finally:
            del RULES["XYZ009"]


class TestOfSuppressions:
    def test_unused_only_where_its_rule_was_asked(self):
        text = CLEAN.rstrip() + "  # archcheck: ignore[GEO003] so"
        assert active(text) == ["META001"]
        assert active(text, select=("META",)) == []
        assert active(text, ignore=("META001",)) == []

    def test_each_entry_by_itself(self):
        text = GAPS.rstrip() + "  # archcheck: ignore[GEO003, META002, window-gaps] so"
        report = archcheck.check(text.encode())
        said = [found.message for found in report.findings if found.code == "META001"]
        assert said == ["the suppression of window-gaps suppresses nothing"]

    def test_it_is_told_where(self, here: Path, capsys):
        (here / "a.yaml").write_text("\n" + CLEAN.rstrip() + "  # archcheck: ignore[GEO003] so")
        finding = found(capsys, "a.yaml")["findings"][0]
        assert (finding["code"], finding["file"], finding["line"]) == ("META001", "a.yaml", 4)

    def test_a_file_beside_the_model_has_no_lines(self, here: Path, capsys):
        model = save(here / "a.onnx")
        (here / "a.archcheck.toml").write_text("[[ignore]]\nrules = ['GRA']\nreason = 'so'")
        (finding,) = [one for one in found(capsys, model)["findings"] if one["code"] == "META001"]
        assert (Path(finding["file"]).name, finding["line"]) == ("a.archcheck.toml", None)

    def test_reasons_are_asked_for_by_strict(self, here: Path, capsys):
        (here / "a.yaml").write_text(GAPS.rstrip() + "  # archcheck: ignore[GEO003]")
        assert codes(found(capsys, "a.yaml")) == []
        assert codes(found(capsys, "a.yaml", "--strict")) == ["META002"]

    def test_a_typo_is_mended(self):
        report = archcheck.check((GAPS.rstrip() + "  # archcheck: ignore[GEO0O3] so").encode())
        fix = {found.code: found.fix for found in report.findings}
        assert fix["META003"] == "did you mean GEO003?"


class TestBaseline:
    def test_only_what_is_new_counts(self, here: Path, capsys):
        old = here / "old.yaml"
        old.write_text(GAPS)
        assert ends(capsys, "baseline", "write", "old.yaml")[0] == 0
        record = found(capsys, "old.yaml", "--baseline", "archcheck.baseline.json")
        assert (codes(record), record["exit_code"]) == ([], 0)
        assert record["findings"][0]["suppressed"]["by"] == "baseline"
        old.write_text(GAPS.replace("- max", "- relu\n- max") + "- maxpool 2x2 /4\n")
        record = found(capsys, "old.yaml", "--baseline", "archcheck.baseline.json")
        assert [one["facts"]["stride"] for one in record["findings"] if not one["suppressed"]] == [4]
        (here / "new.yaml").write_text(GAPS)
        assert codes(found(capsys, "new.yaml", "--baseline", "archcheck.baseline.json")) == ["GEO003"]

    def test_it_is_found_by_the_configuration_from_anywhere(self, here: Path, capsys, monkeypatch):
        (here / "archcheck.toml").write_text("baseline = 'known/base.json'")
        (here / "known").mkdir()
        (here / "deep").mkdir()
        (here / "deep" / "a.yaml").write_text(GAPS)
        ends(capsys, "baseline", "write", ".")
        assert list(json.loads((here / "known" / "base.json").read_text())["models"]) == ["../deep/a.yaml"]
        monkeypatch.chdir(here / "deep")
        assert codes(found(capsys, "a.yaml")) == []

    def test_prune_takes_out_what_is_mended(self, here: Path, capsys):
        for name in ("a.yaml", "b.yaml"):
            (here / name).write_text(GAPS)
        ends(capsys, "baseline", "write", ".")
        (here / "a.yaml").write_text(CLEAN)
        _, _, err = ends(capsys, "check", ".", "--baseline", "archcheck.baseline.json")
        assert err.startswith("archcheck: 1 entry of the baseline is gone")
        assert ends(capsys, "baseline", "prune", ".")[0] == 0
        assert list(json.loads((here / "archcheck.baseline.json").read_text())["models"]) == ["b.yaml"]

    def test_what_is_written_again_is_the_same(self, here: Path, capsys):
        (here / "a.yaml").write_text(GAPS)
        texts = []
        for _ in range(2):
            ends(capsys, "baseline", "write", ".")
            texts.append((here / "archcheck.baseline.json").read_text())
        assert texts[0] == texts[1]

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": "other/1", "models": {}}',
                                      '{"schema": "archcheck.baseline/1", "models": {"a": 3}}'])
    def test_a_file_that_is_none(self, here: Path, capsys, text: str):
        (here / "a.yaml").write_text(GAPS)
        (here / "b.json").write_text(text)
        for name in ("b.json", "missing.json"):
            code, _, err = ends(capsys, "check", "a.yaml", "--baseline", name)
            assert (code, err.count("\n")) == (2, 1)
            assert name in err
