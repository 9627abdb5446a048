"""The documentation is true: generated pages are current, examples run, shown output is what comes out."""
from __future__ import annotations

import importlib.util
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.ops._rows import check

ROOT = Path(__file__).parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md"))]
CUT = "[…]"


def blocks(page: Path, language: str) -> list[str]:
    """The code blocks of a page that are in ``language``."""
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    """``docs/generate.py``."""
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def test_generated_pages_are_current(generate: ModuleType):
    pages = generate.pages()
    for path, text in pages.items():
        current = path.exists() and path.read_text(encoding="utf-8") == text
        assert current, f"{path.name} is old: run python docs/generate.py"
    rules = {path for path in pages if path.parent.name == "rules"}
    assert rules == {*(ROOT / "docs" / "rules").iterdir()}, "a page of rules that are gone is left"
    pictures = {shown.name for shown in (*generate.PICTURES, *generate.PLOTS)}
    assert pictures == {path.stem for path in (ROOT / "docs" / "pictures").iterdir()}


def test_charts_say_what_is_current(generate: ModuleType):
    pytest.importorskip("matplotlib")
    for path, text in generate.plots().items():
        current = generate.texts(path.read_text(encoding="utf-8")) == generate.texts(text)
        assert current, f"{path.name} is old: run python docs/generate.py"


def test_the_page_on_operators_works():
    names: dict[str, object] = {}
    for block in blocks(ROOT / "docs" / "adding-an-operator.md", "python"):
        exec(block, names)
    for case in names["ROWS"]:
        check(case)


def test_readme_has_two_set_up_commands():
    summary, tests = [line for line in blocks(ROOT / "README.md", "sh") if line.startswith("python3 -m venv")]
    assert "archcheck summary onnx:" in summary
    assert "pip install -e '.[test]'" in tests
    assert "pytest" in tests


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path):
    for target in re.findall(r"\]\((?!https?:)([^)#\s]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


SAMPLES = [pytest.param(block, id=f"{page.name}: {block.splitlines()[0]}") for page in PAGES
           for block in blocks(page, "console") if len(block.splitlines()) > 1]


@pytest.mark.parametrize("sample", SAMPLES)
def test_shown_output_is_what_comes_out(sample: str):
    """A block begins with ``$ archcheck …``; what it leaves out is marked by a line ``[…]``."""
    command, shown = sample.split("\n", 1)
    arguments = shlex.split(command.removeprefix("$ archcheck "))
    done = subprocess.run([sys.executable, "-m", "archcheck", *arguments], capture_output=True, cwd=ROOT)
    printed = done.stdout.decode("utf-8")
    for part in shown.split(f"{CUT}\n"):
        assert part in printed
        printed = printed.split(part, 1)[1]
