"""Configuration: which file counts, what it may say, what is said of mistakes, and what the command line
changes."""
from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path

import jsonschema
import pytest

from archcheck.config import _units
from archcheck.config._files import ConfigError
from archcheck.config._keys import KEYS, schema
from archcheck.config._resolve import Sources, sources
from archcheck.rules._suppress import _beside
from tests.lint.models import CLEAN, GAPS, codes, ends, found, save

EVERYTHING = """
select = ["GEO", "META"]
extend-select = ["unused-suppression"]
ignore = ["META002"]
fail-on = "error"
target = "onnxruntime"
profile = ["strict"]
strict = false
dynamic = ["N"]
object-size = 32
weights = false
baseline = "known.json"
plugins = []
[severity]
GEO003 = "advice"
[sizes]
N = 2
[per-model-ignores]
"old/*.onnx" = ["GEO"]
[[override]]
scope = "decoder.*"
model = "*.onnx"
ignore = ["GEO003"]
[budget."models/det*.onnx"]
params = "3.2 M"
macs = { max = "5.0 G", at = { batch = 1, height = 640 } }
peak-memory = "64 MiB"
file-size = "13 MB"
growth = "2 %"
"""


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


class TestUnits:
    @pytest.mark.parametrize(("said", "meant"), [
        ("3.2 M", 3_200_000), ("5.0 G", 5_000_000_000), ("1k", 1000), ("2 T", 2 * 10 ** 12), (1000, 1000),
        ("1e6", 10 ** 6), ("1,000", 1000), ("2.5e3", 2500), ("0.5 k", 500), (12.0, 12)])
    def test_counts(self, said, meant):
        assert _units.count(said) == meant

    @pytest.mark.parametrize(("said", "meant"), [
        ("64 MiB", 67_108_864), ("13 MB", 13_000_000), ("1 KiB", 1024), ("1.5GiB", 1_610_612_736), ("7 B", 7),
        (7, 7)])
    def test_bytes(self, said, meant):
        assert _units.size_in_bytes(said) == meant

    def test_shares(self):
        assert _units.share("2 %") == Fraction(1, 50)
        assert _units.share("0.5%") == Fraction(1, 200)

    @pytest.mark.parametrize("said", ["", "M", "-3", "3 MiB", "3 X", True, None, "1e", "٣"])
    def test_what_is_no_count(self, said):
        with pytest.raises(ValueError, match="a count"):
            _units.count(said)

    @pytest.mark.parametrize("said", ["3 M", "5 %", True, []])
    def test_what_is_no_size(self, said):
        with pytest.raises(ValueError, match="a size"):
            _units.size_in_bytes(said)


class TestFiles:
    def test_everything_that_can_be_said(self, here: Path):
        write(here / "archcheck.toml", EVERYTHING)
        settings = Sources().settings("models/det1.onnx")
        assert settings.select == ("GEO", "META")
        assert settings.severities == {"GEO003": "advice"}
        assert settings.budget["params"].most == 3_200_000
        assert (settings.budget["macs"].most, settings.budget["macs"].at) == (5 * 10 ** 9, {"batch": 1,
                                                                                          "height": 640})
        assert settings.budget["peak-memory"].most == 64 * 2 ** 20
        assert settings.budget["growth"].most == Fraction(2, 100)
        assert settings.baseline == str(here / "known.json")
        assert [exemption.scope for exemption in settings.exemptions] == ["decoder.*"]
        assert Sources().settings("models/other.onnx").budget == {}
        assert [one.scope for one in Sources().settings("old/a.onnx").exemptions] == ["", "decoder.*"]

    def test_the_schema_takes_what_the_reader_takes(self):
        tomllib = pytest.importorskip("tomllib")
        jsonschema.Draft202012Validator.check_schema(schema())
        jsonschema.validate(tomllib.loads(EVERYTHING), schema())
        assert {*tomllib.loads(EVERYTHING)} == {*KEYS}

    @pytest.mark.parametrize("text", ["slect = []", "fail-on = 'eror'", "weights = 1", "select = 3",
                                      "[budget.x]\nparms = 3", "[[override]]\nscope = 'a'",
                                      "object-size = 0", "[severity]\nGEO003 = 'bad'"])
    def test_schema_and_reader_refuse_the_same(self, here: Path, text: str):
        tomllib = pytest.importorskip("tomllib")
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(tomllib.loads(text), schema())
        write(here / "archcheck.toml", text)
        with pytest.raises(ConfigError):
            Sources().settings("a.onnx")

    def test_the_nearest_counts_and_only_it(self, here: Path, capsys):
        write(here / "pyproject.toml", "[tool.archcheck]\nignore = ['GEO']\nfail-on = 'error'")
        write(here / "inner" / ".archcheck.toml", "[severity]\nGEO003 = 'advice'")
        outer, inner = write(here / "a.yaml", GAPS), write(here / "inner" / "deep" / "b.yaml", GAPS)
        assert codes(found(capsys, outer)) == []
        assert [one["severity"] for one in found(capsys, inner)["findings"]] == ["advice"]

    def test_a_pyproject_of_others_is_passed_over(self, here: Path):
        write(here / "archcheck.toml", "fail-on = 'error'")
        write(here / "inner" / "pyproject.toml", "[tool.ruff]\nline-length = 3")
        assert Sources().settings("inner/a.onnx").fail_on == "error"

    def test_extend(self, here: Path):
        write(here / "base.toml", "select = ['GEO']\nignore = ['META001']\nfail-on = 'never'\n"
                                  "[sizes]\nN = 1\nM = 1")
        write(here / "archcheck.toml", "extend = 'base.toml'\nignore = ['META002']\nfail-on = 'error'\n"
                                       "[sizes]\nM = 2")
        settings = Sources().settings("a.onnx")
        assert settings.select == ("GEO",)
        assert settings.ignore == ("META001", "META002")
        assert settings.fail_on == "error"
        assert settings.sizes == {"N": 1, "M": 2}

    def test_extend_in_a_circle(self, here: Path):
        write(here / "archcheck.toml", "extend = 'b.toml'")
        write(here / "b.toml", "extend = 'archcheck.toml'")
        with pytest.raises(ConfigError, match="leads back"):
            Sources().settings("a.onnx")

    @pytest.mark.parametrize(("text", "says"), [
        ("slect = ['GEO']", "there is no key 'slect'; did you mean 'select'?"),
        ("select = ['GEO0O3']", "select names 'GEO0O3', which is no rule; did you mean GEO003?"),
        ("select = 3", "select is 3, and should be a list of texts"),
        ("fail-on = 'eror'", "fail-on is 'eror', and should be error, warning, advice or never; did"),
        ("[severity]\nGEO003 = 'warn'", "severity.GEO003 is 'warn', and should be error, warning or advice"),
        ("[budget.'*.x']\nparams = '3 MM'", "budget.'*.x'.params is '3 MM', and should be a count such as"),
        ("[budget.a]\nparms = 3", "budget.a has no entry 'parms'; did you mean 'params'?"),
        ("profile = ['strct']", "profile names the profile 'strct', which is not known; did you mean"),
        ("extend = 'no.toml'", "extend names no.toml, and there is no such file"),
        ("[sizes]\nN = 0", "sizes.N is 0, and should be a whole number from 1 up")])
    def test_mistakes_are_one_sentence(self, here: Path, capsys, text: str, says: str):
        write(here / "archcheck.toml", text)
        write(here / "a.yaml", CLEAN)
        code, out, err = ends(capsys, "check", "a.yaml")
        assert (code, out) == (2, "")
        assert err.startswith(f"archcheck: archcheck.toml: {says}")
        assert err.count("\n") == 1

    def test_a_file_that_is_no_toml(self, here: Path, capsys):
        write(here / "archcheck.toml", "a = [")
        code, _, err = ends(capsys, "check", "specs:vgg16")
        assert (code, err.count("\n")) == (2, 1)
        assert err.startswith("archcheck: archcheck.toml is not TOML: ")

    def test_plugins_of_a_folder_that_one_is_not_in_are_not_run(self, here: Path, capsys, monkeypatch):
        write(here / "theirs" / "evil.py", f"open({str(here / 'owned')!r}, 'w')")
        write(here / "theirs" / "archcheck.toml", "plugins = ['evil.py']")
        write(here / "theirs" / "a.yaml", CLEAN)
        code, _, err = ends(capsys, "check", "theirs/a.yaml")
        assert code == 2
        assert "plugins are code" in err
        assert not (here / "owned").exists()
        monkeypatch.chdir(here / "theirs")
        assert ends(capsys, "check", "a.yaml")[0] == 0
        assert (here / "owned").exists()


MANUAL = Path(__file__).parents[2] / "docs" / "configuration.md"


def test_the_manual_says_what_is_so(here: Path):
    """Its example is a configuration, and names no rule, target or profile that there is not."""
    example, sidecar = re.findall(r"```toml\n(.*?)```", MANUAL.read_text(encoding="utf-8"), re.DOTALL)
    write(here / "archcheck.toml", example)
    settings = Sources().settings("models/det1.onnx")
    assert settings.budget["file-size"].most == 13_000_000
    assert settings.severities["GEO003"] == "error"
    assert settings.severities["GEO002"] == "advice"
    write(here / "pool.archcheck.toml", sidecar)
    assert [found.reason for found in _beside("pool.onnx")] == ["every third row is empty"]


class TestSelection:
    def test_of_models(self, here: Path, capsys):
        write(here / "archcheck.toml", "[per-model-ignores]\n'old/*' = ['GEO']")
        old, new = write(here / "old" / "a.yaml", GAPS), write(here / "new" / "a.yaml", GAPS)
        assert codes(found(capsys, old)) == []
        assert codes(found(capsys, new)) == ["GEO003"]
        assert codes(found(capsys, old, "--select", "GEO003")) == [], "what is said of a model holds"

    @pytest.mark.parametrize(("scope", "left"), [("decoder", []), ("decoder.*", []), ("decoder.1", []),
                                                 ("encoder", ["GEO003"]), ("decoder.2", ["GEO003"])])
    def test_of_parts_of_models(self, here: Path, capsys, scope: str, left: list[str]):
        model = save(here / "a.onnx", node="decoder/1/pool")
        write(here / "archcheck.toml", f"[[override]]\nscope = '{scope}'\nignore = ['window-gaps']")
        assert codes(found(capsys, model)) == left

    def test_the_command_line_selects_alone(self, here: Path, capsys):
        write(here / "archcheck.toml", "ignore = ['GEO003']")
        write(here / "a.yaml", GAPS)
        assert codes(found(capsys, "a.yaml")) == []
        assert codes(found(capsys, "a.yaml", "--select", "GEO003")) == ["GEO003"]
        assert codes(found(capsys, "a.yaml", "--extend-select", "GEO003")) == []

    def test_config_on_the_command_line(self, here: Path, capsys):
        write(here / "archcheck.toml", "ignore = ['GEO003']")
        write(here / "other.toml", "[severity]\nGEO = 'error'")
        write(here / "a.yaml", GAPS)
        assert [one["severity"] for one in found(capsys, "a.yaml", "--config", "other.toml")["findings"]] == [
            "error"]
        assert ends(capsys, "check", "a.yaml", "--config", "ignore=[]", "--config", "fail-on=error")[0] == 0
        assert ends(capsys, "check", "a.yaml", "--config", "nope.toml")[0] == 2

    def test_sizes_of_a_configuration_hold_where_there_are_such(self, here: Path, capsys):
        write(here / "archcheck.toml", "[sizes]\nN = 3\nQ = 5")
        write(here / "a.yaml", GAPS)
        assert found(capsys, "a.yaml")["models"][0]["totals"]["flops"] == 3 * 3 * 11 * 11 * 3
        assert ends(capsys, "check", "a.yaml", "--set", "Q=5")[0] == 2

    def test_a_selection_that_is_no_rule(self, here: Path, capsys):
        code, _, err = ends(capsys, "check", "--ignore", "GEO003,GEO9")
        assert (code, err) == (2, "archcheck: --ignore names 'GEO9', which is no rule; did you mean GEO?\n")


class TestCommand:
    def test_where_each_setting_comes_from(self, here: Path, capsys):
        write(here / "pyproject.toml", "[tool.archcheck]\nextend = 'base.toml'\nignore = ['GEO003']")
        write(here / "base.toml", "fail-on = 'error'")
        _, out, _ = ends(capsys, "config", "--show", "a.onnx", "--select", "GEO", "--format", "json")
        rows = {row["key"]: (row["value"], row["origin"]) for row in json.loads(out)["settings"]}
        assert rows["fail-on"] == ("error", "base.toml")
        assert rows["select"] == ("GEO", "--select")
        assert rows["ignore"] == ("", "default")
        assert {*rows} == {*KEYS}

    def test_all_keys(self, capsys):
        code, out, _ = ends(capsys, "config")
        assert code == 0
        assert all(key in out for key in KEYS)

    def test_strict(self, here: Path):
        strict = sources([], {"strict": True}).settings("a.onnx")
        assert (strict.profiles, strict.fail_on) == (("strict",), "advice")
        assert sources([], {"strict": True, "fail-on": "error"}).settings("a.onnx").fail_on == "error"
