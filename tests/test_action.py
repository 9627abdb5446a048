"""The GitHub Action, run step by step as a runner would, with stand-ins for what is outside: pip, the upload
and GitHub's API. And the other ways into pipelines: pre-commit and GitLab."""
from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from archcheck.reporters.findings import MODULES, SUFFIXES

ROOT = Path(__file__).parents[1]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS = ACTION["runs"]["steps"]
GOOD = "input: N x 3 x 33 x 33\nlayers:\n- conv 8, 3x3\n- maxpool 3x3 /2\n"
BAD = GOOD.replace("maxpool 3x3 /2", "maxpool 2x2 /3")
KEPT = BAD.replace("/3", "/3  # archcheck: ignore[GEO003] every third row is empty")

PYTHON = """#!/bin/sh
# A python that makes environments without a network.
if [ "$1 $2" = "-m venv" ]; then
    mkdir -p "$3/bin" && cp "$0" "$3/bin/python" && cp "$STANDINS/archcheck" "$3/bin/archcheck"
elif [ "$1 $2" = "-m pip" ]; then
    echo "$@" >> "$STANDINS/pip"
else
    exec {python} "$@"
fi
"""
ARCHCHECK = """#!/bin/sh
# archcheck of this checkout; how two models differ is none of its business here.
if [ "$1" = diff ]; then
    echo "$@" >> "$STANDINS/diff"
    case "$2" in *broken*) echo "archcheck: it cannot be read" >&2; exit 2;; esac
    printf 'conv1: 8 -> 16 filters\\n'
else
    PYTHONPATH={root} exec {python} -m archcheck "$@"
fi
"""


class Api(BaseHTTPRequestHandler):
    """GitHub's comments at issues, as far as the action uses them."""

    comments: list[dict[str, Any]]
    calls: list[tuple[str, str]]
    refuses = False

    def answer(self, code: int, content: Any) -> None:
        self.send_response(code)
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    def handle_call(self) -> None:
        path, _, query = self.path.partition("?")
        self.calls.append((self.command, path))
        assert self.headers["Authorization"] == "Bearer secret"
        length = int(self.headers.get("Content-Length") or 0)
        content = json.loads(self.rfile.read(length)) if length else None
        if self.refuses and self.command != "GET":
            self.answer(403, {"message": "Resource not accessible by integration"})
        elif self.command == "GET":
            size, page = (int(part.split("=")[1]) for part in query.split("&"))
            self.answer(200, self.comments[size * (page - 1):size * page])
        elif self.command == "POST":
            self.comments.append({"id": 1000 + len(self.comments), **content})
            self.answer(201, self.comments[-1])
        else:
            one, = [one for one in self.comments if path.endswith(f"/comments/{one['id']}")]
            one.update(content)
            self.answer(200, one)

    do_GET = do_POST = do_PATCH = handle_call

    def log_message(self, *args: Any) -> None:
        """Nothing is logged."""


@pytest.fixture
def api() -> Iterator[type[Api]]:
    handler = type("Handler", (Api,), {"comments": [], "calls": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    handler.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield handler
    server.shutdown()
    thread.join()
    server.server_close()


class Runner:
    """A job of a repository: runs the action's steps and keeps what they left."""

    def __init__(self, folder: Path, api: type[Api] | None = None) -> None:
        self.folder, self.repo = folder, folder / "repo"
        self.temp, self.standins = folder / "temp dir", folder / "standins"
        for path in (self.repo, self.temp, self.standins):
            path.mkdir()
        python, root = shlex.quote(sys.executable), shlex.quote(str(ROOT))
        for name, script in (("python", PYTHON), ("archcheck", ARCHCHECK)):
            text = script.replace("{python}", python).replace("{root}", root)
            (self.standins / name).write_text(text)
            (self.standins / name).chmod(0o755)
        self.event = {"pull_request": {"number": 7}}
        (folder / "event.json").write_text(json.dumps(self.event))
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(folder), "STANDINS": str(self.standins),
            "RUNNER_TEMP": str(self.temp), "GITHUB_ACTION_PATH": str(ROOT), "GITHUB_REPOSITORY": "a/b",
            "GITHUB_EVENT_PATH": str(folder / "event.json"), "GITHUB_WORKFLOW": "ci", "GITHUB_JOB": "models",
            "GITHUB_STEP_SUMMARY": str(folder / "summary"), "GITHUB_API_URL": api.url if api else "http://[::1]:9",
            **{f"GIT_{who}_{what}": "x@example.org" for who in ("AUTHOR", "COMMITTER")
               for what in ("NAME", "EMAIL")}}
        self.uploads: list[Any] = []
        self.log = ""
        self.git("init", "--quiet")

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.repo, env=self.environment, check=True,
                              capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self, files: Mapping[str, str]) -> str:
        for name, text in files.items():
            (self.repo / name).parent.mkdir(exist_ok=True)
            (self.repo / name).write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "x")
        return self.git("rev-parse", "HEAD")

    def run(self, **inputs: str) -> int:
        """The exit code of the action."""
        given = {name.replace("-", "_"): one["default"] for name, one in ACTION["inputs"].items()}
        self.inputs = {**given, "base_ref": "", "token": "secret", **inputs}
        self.outputs: dict[str, dict[str, str]] = {}
        for step in STEPS:
            if self.holds(step.get("if", "")) and (code := self.step(step)):
                return code
        return 0

    def step(self, step: Mapping[str, Any]) -> int:
        if "uses" in step:
            return self.used(step)
        output = self.folder / "output"
        output.write_text("")
        script = self.folder / "script.sh"
        script.write_text(step["run"])
        environment = {name: self.value(text) for name, text in step["env"].items()}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)], cwd=self.repo, text=True,
            env={**self.environment, **environment, "GITHUB_OUTPUT": str(output)}, capture_output=True)
        self.log += done.stdout + done.stderr
        lines = output.read_text().splitlines()
        self.outputs[step.get("id", "")] = dict(line.split("=", 1) for line in lines)
        return done.returncode

    def used(self, step: Mapping[str, Any]) -> int:
        if step["uses"].startswith("actions/setup-python@"):
            self.outputs["python"] = {"python-path": str(self.standins / "python")}
        else:
            assert step["uses"].startswith("github/codeql-action/upload-sarif@")
            self.uploads.append(json.loads(Path(self.value(step["with"]["sarif_file"])).read_text()))
        return 0

    def value(self, text: str) -> str:
        return re.sub(r"\$\{\{ (.*?) \}\}", lambda found: self.term(found[1]), text)

    def term(self, name: str) -> str:
        if name.startswith("inputs."):
            return self.inputs[name.removeprefix("inputs.").replace("-", "_")]
        if name == "github.event.pull_request":
            return "{}" if "pull_request" in self.event else ""
        step, key = re.fullmatch(r"steps\.(\w+)\.outputs\.([\w-]+)", name).groups()
        return self.outputs.get(step, {}).get(key, "")

    def holds(self, condition: str) -> bool:
        return all(self.one_holds(part) for part in condition.split(" && ") if part)

    def one_holds(self, part: str) -> bool:
        name, sign, wanted = re.fullmatch(r"(\S+)(?: (==|!=) '(.*)')?", part).groups()
        found = self.term(name)
        return bool(found) if sign is None else (found == wanted) == (sign == "==")

    @property
    def summary(self) -> str:
        path = self.folder / "summary"
        return path.read_text(encoding="utf-8") if path.exists() else ""


@pytest.fixture
def runner(tmp_path, api) -> Runner:
    return Runner(tmp_path, api)


def script(name: str) -> Any:
    """A script that the action runs, as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "ci" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def outside(tmp_path, api, monkeypatch) -> Path:
    """The environment of a step, and a file with what it is to say."""
    for name, value in {**Runner(tmp_path, api).environment, "GITHUB_TOKEN": "secret"}.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "text.md").write_text("what changed")
    return tmp_path / "text.md"


# ------------------------------------------------------------------------------------------------ the file
def test_scripts_take_what_is_given_from_their_environment():
    """An expression in a script would run whatever stands in an input or a branch's name."""
    scripts = [step["run"] for step in STEPS if "run" in step]
    assert scripts
    assert not [script for script in scripts if "${{" in script]


def test_inputs_and_outputs_are_there():
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == ACTION["inputs"].keys()
    known = {step.get("id") for step in STEPS}
    assert {step for step, _ in re.findall(r"steps\.(\w+)\.outputs\.([\w-]+)", text)} <= known
    assert all(one["description"] for one in ACTION["inputs"].values())
    assert all(step["shell"] == "bash" for step in STEPS if "run" in step)


# ------------------------------------------------------------------------------------------------ running it
def test_clean_models_pass(runner):
    runner.commit({"nets/good.yaml": GOOD})
    assert runner.run(models="nets") == 0
    assert "no findings in 1 model" in runner.summary
    assert (runner.standins / "pip").read_text().endswith(f"{ROOT}\n")
    assert runner.uploads == []


def test_findings_are_annotated_summarised_and_fail(runner):
    runner.commit({"nets/bad.yaml": BAD, "nets/good.yaml": GOOD})
    assert runner.run(models="nets") == 1
    assert "::warning file=nets/bad.yaml,line=4,col=3,title=GEO003 window-gaps::" in runner.log
    assert "warning[GEO003] window-gaps" in runner.log
    assert "| warning | GEO003 window-gaps | `nets/bad.yaml:4:3`" in runner.summary
    assert runner.outputs["check"]["exit-code"] == "1"


def test_sarif_is_kept_and_uploaded_without_what_is_suppressed(runner):
    runner.commit({"nets/bad.yaml": BAD, "nets/kept.yaml": KEPT})
    assert runner.run(models="nets", sarif_file="out.sarif") == 1
    kept, = json.loads((runner.repo / "out.sarif").read_text())["runs"]
    upload, = runner.uploads[0]["runs"]
    assert [bool(one.get("suppressions")) for one in kept["results"]] == [False, True]
    assert [bool(one.get("suppressions")) for one in upload["results"]] == [False]
    assert kept["tool"] == upload["tool"]
    assert "::warning" not in runner.log


def test_models_are_lines_and_arguments_are_words(runner):
    runner.commit({"my nets/bad.yaml": BAD, "b.yaml": BAD, "c.yaml": BAD})
    assert runner.run(models="my nets/*.yaml\n\nb.yaml\n", args="--fail-on error\n  --ignore  META") == 0
    assert "2 warnings in 2 models" in runner.summary


def test_inputs_are_no_commands(runner):
    runner.commit({"a.yaml": GOOD})
    text = "$(touch owned)\n`touch owned`; touch owned | touch owned"
    runner.run(models=text, args=text, sarif_file=text, base_ref=text)
    assert not list(runner.repo.rglob("owned"))


def test_a_wrong_option_is_exit_code_2(runner):
    runner.commit({"a.yaml": GOOD})
    assert runner.run(args="--no-such-option") == 2
    assert "--no-such-option" in runner.log
    assert runner.uploads == []


def test_a_model_that_is_not_there_is_exit_code_2(runner, api):
    runner.commit({"a.yaml": GOOD})
    assert runner.run(models="gone.onnx", sarif_file="out.sarif", base_ref="HEAD") == 2
    assert len(runner.uploads) == 1
    assert "gone.onnx" in runner.summary


def test_what_changed_is_one_comment(runner, api):
    names = ("b.yaml", "broken.yaml", "d`.yaml", "sub dir/c.yaml")
    base = runner.commit({"a.yaml": GOOD, "[b].yaml": GOOD, **dict.fromkeys(names, GOOD)})
    runner.commit({"new.yaml": GOOD, **dict.fromkeys(names, BAD)})
    assert runner.run(base_ref=base) == 1
    assert (runner.standins / "diff").read_text().splitlines() == [
        f"diff {base}:./{name} {name} --format markdown" for name in names]
    comment, = api.comments
    assert re.match(rf"""<!-- archcheck \w{{16}} -->
### archcheck: 5 models changed since `{base[:12]}`

#### `b.yaml`

conv1: 8 -> 16 filters

#### `broken.yaml`

not compared: `archcheck: it cannot be read`

#### `` d`.yaml ``

conv1: 8 -> 16 filters

#### `new.yaml`

new

#### `sub dir/c.yaml`
""", comment["body"])
    assert comment["body"].split("\n", 1)[1].strip() in runner.summary
    runner.commit({"b.yaml": GOOD})
    runner.run(base_ref=base)
    again, = api.comments
    assert again["id"] == comment["id"]
    assert "4 models changed" in again["body"]
    assert api.calls[-1] == ("PATCH", f"/repos/a/b/issues/comments/{comment['id']}")


def test_its_comment_is_found_among_many_others(outside, api):
    api.comments += [{"id": k, "body": None if k % 2 else "<!-- archcheck 0 -->"} for k in range(250)]
    comment = script("comment")
    comment.main(outside)
    assert api.comments[250]["body"].endswith("-->\nwhat changed")
    api.comments += [{"id": 9000 + k, "body": "x"} for k in range(10)]
    comment.main(outside)
    assert len(api.comments) == 261
    os.environ["GITHUB_JOB"] = "another"
    comment.main(outside)
    assert len(api.comments) == 262


def test_a_token_that_may_not_comment_is_no_failure(outside, api, capsys):
    api.refuses = True
    script("comment").main(outside)
    assert capsys.readouterr().out.startswith(
        "::notice title=archcheck::The pull request got no comment (HTTP Error 403: Forbidden)")


def test_no_comment_where_none_is_wanted_or_there_is_no_pull_request(runner, api):
    base = runner.commit({"a.yaml": GOOD})
    assert runner.run(base_ref=base, comment="false") == 0
    runner.event.clear()
    assert runner.run(base_ref=base) == 0
    assert api.calls == []
    assert runner.summary.count("no models changed") == 2


def test_a_base_that_is_not_there_is_told(runner, api):
    runner.commit({"a.yaml": GOOD})
    assert runner.run(base_ref="0123456789abcdef") == 0
    assert "The commit `0123456789abcdef` is not in this checkout" in api.comments[0]["body"]


def test_the_base_of_a_shallow_checkout_is_fetched(tmp_path, api):
    (tmp_path / "origin").mkdir()
    origin = Runner(tmp_path / "origin")
    base = origin.commit({"a.yaml": GOOD})
    origin.git("config", "uploadpack.allowAnySHA1InWant", "true")
    origin.commit({"a.yaml": BAD})
    (tmp_path / "clone").mkdir()
    runner = Runner(tmp_path / "clone", api)
    shutil.rmtree(runner.repo)
    subprocess.run(["git", "clone", "--quiet", "--depth=1", f"file://{origin.repo}", str(runner.repo)],
                   env=runner.environment, check=True)
    assert runner.run(base_ref=base) == 1
    assert "1 model changed" in api.comments[0]["body"]


def test_a_comment_never_grows_too_long():
    changed = ((f"{k:03}.onnx", "x" * 1_000) for k in range(90))
    text = "\n".join(script("compare").fitting(changed, "0123456789abcdef"))
    assert 50_000 < len(text) < 65_000
    assert "90 models changed since `0123456789ab`" in text
    assert re.search(r"There is no room for `\d{3}\.onnx`, .* and \d+ more\.", text)


# ------------------------------------------------------------------------------------------------ others
HOOKS = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}


def test_hooks_of_pre_commit():
    assert list(HOOKS) == ["archcheck", "archcheck-budget"]
    for hook in HOOKS.values():
        assert hook["name"] and hook["entry"] and hook["language"] == "python"
        names = ("a.onnx", "b/a.onnx.gz", "a.onnx.py", "x")
        assert [name for name in names if re.search(hook["files"], name)] == ["a.onnx", "b/a.onnx.gz"]


def test_a_hook_judges_the_files_that_it_is_given(tmp_path):
    (tmp_path / "bad.yaml").write_text(BAD)
    (tmp_path / "good.yaml").write_text(GOOD)
    program, *arguments = HOOKS["archcheck"]["entry"].split()
    assert program == "archcheck"
    for files, code in ((["good.yaml"], 0), (["good.yaml", "bad.yaml"], 1)):
        done = subprocess.run([sys.executable, "-m", "archcheck", *arguments, *files], cwd=tmp_path,
                              env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True)
        assert done.returncode == code


def test_gitlab_gets_its_reports(tmp_path):
    job = yaml.safe_load((ROOT / "ci" / "gitlab.yml").read_text())
    install, command = job["archcheck"]["script"]
    assert install.startswith("pip install")
    (tmp_path / "bad.yaml").write_text(BAD)
    script = f'archcheck() {{ "{sys.executable}" -m archcheck "$@"; }}; {command}'
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True,
                          env={**os.environ, "PYTHONPATH": str(ROOT), **job["variables"]})
    assert done.returncode == 1
    reports = job["archcheck"]["artifacts"]["reports"]
    entry, = json.loads((tmp_path / reports["codequality"]).read_text())
    assert entry["check_name"] == "GEO003 window-gaps"
    assert "<failure" in (tmp_path / reports["junit"]).read_text()
    assert (tmp_path / job["archcheck"]["cache"]["paths"][0]).is_dir()


# ------------------------------------------------------------------------------------------- documentation
PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")


def test_the_page_uses_what_there_is():
    workflow, hooks = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
    step = workflow["jobs"]["archcheck"]["steps"][-1]
    assert step["with"].keys() <= ACTION["inputs"].keys()
    assert [hook["id"] for hook in hooks["repos"][0]["hooks"]] == list(HOOKS)
    names = re.findall(r"^\| `([\w-]+)` \|", PAGE.partition("## GitHub")[2], re.MULTILINE)
    assert names == list(ACTION["inputs"])


def test_the_page_lists_all_formats():
    rows = re.findall(r"^\| `([\w-]+)` \| (?:`(\.\w+)`)? *\|", PAGE.partition("## GitHub")[0], re.MULTILINE)
    assert {name for name, _ in rows} == set(MODULES)
    assert {suffix: name for name, suffix in rows if suffix} == SUFFIXES
