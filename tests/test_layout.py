"""The rules of the house, measured: sizes, documentation, imports, and what may stand in the project's
files."""
from __future__ import annotations

import ast
import io
import re
import statistics
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from archcheck.ops import FAMILIES, MICROSOFT, find
from archcheck.ops._op import OPS
from tests.ops._rows import Row

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "archcheck"
MODULES = sorted(PACKAGE.rglob("*.py"))
TEXT = {".py", ".md", ".toml", ".yml", ".yaml", ".json", ""}

MODULE_LINES, FUNCTION_LINES, P90_LINES, MEDIAN_LINES, COLUMNS = 300, 40, 20, 6, 110
LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
          tokenize.ENDMARKER}
HEAVY = "sympy", "networkx", "onnxruntime", "torch", "numpy", "onnx"
FORBIDDEN = re.compile("|".join((
    r"(?<![\w.])/(?:[w]ork|home|root|Users|tmp)/",  # paths of one machine
    r"\b(?:T[O]DO|FIX[M]E|X[X]X)\b",
    r"https?://(?:pypi|files\.pythonhosted)",
)))


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# ------------------------------------------------------------------------------------------------ measuring
def code_lines(source: str) -> set[int]:
    """The numbers of the lines that hold code: not blank, not a comment, not a docstring."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    spans = [range(token.start[0], token.end[0] + 1) for token in tokens if token.type not in LAYOUT]
    lines = {number for span in spans for number in span}
    return lines - {n for node in ast.walk(ast.parse(source)) for n in docstring_lines(node)}


def docstring_lines(node: ast.AST) -> range:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    if not isinstance(node, documented) or ast.get_docstring(node) is None:
        return range(0)
    return range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1)


def functions(source: str) -> Iterator[tuple[str, int]]:
    """Name and number of code lines of every function, inner ones too."""
    lines = code_lines(source)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, sum(node.lineno <= n <= (node.end_lineno or 0) for n in lines)


def public(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Every function and class that can be reached by public names, methods included."""
    for node in getattr(tree, "body", []):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public(node, f"{prefix}{node.name}.")


# ------------------------------------------------------------------------------------------------ sizes
@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_modules_are_small(path):
    source = path.read_text(encoding="utf-8")
    wide = [n for n, line in enumerate(source.splitlines(), 1) if len(line) > COLUMNS]
    long = [f"{name}: {count}" for name, count in functions(source) if count > FUNCTION_LINES]
    assert len(code_lines(source)) <= MODULE_LINES, "split it by meaning"
    assert not long, f"functions of more than {FUNCTION_LINES} lines of code"
    assert not wide, f"lines of more than {COLUMNS} columns"


def test_functions_are_short():
    lengths = sorted(count for path in MODULES for _, count in functions(path.read_text(encoding="utf-8")))
    assert statistics.median(lengths) <= MEDIAN_LINES
    assert lengths[int(0.9 * (len(lengths) - 1))] <= P90_LINES


# ---------------------------------------------------------------------------------------------- documentation
@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_everything_public_is_documented(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), "the module has no docstring"
    assert not [name for name, node in public(tree) if not ast.get_docstring(node)]


# ------------------------------------------------------------------------------------------------ structure
def test_every_operator_module_is_a_family():
    modules = [path.stem for path in (PACKAGE / "ops").glob("*.py") if not path.stem.startswith("_")]
    assert sorted(FAMILIES + MICROSOFT) == sorted(modules)


def operator_rows() -> list[Row]:
    """The rows of all operator tables."""
    tables = sorted((ROOT / "tests" / "ops").glob("test_*.py"))
    modules = [import_module(f"tests.ops.{path.stem}") for path in tables]
    return [case for module in modules for case in getattr(module, "ROWS", ())]


def test_every_operator_has_rows():
    """Each version of each operator is in at least one row; a row without an oracle says why."""
    rows = operator_rows()
    tested = {find(case.domain, case.op, case.opset) for case in rows}
    known = [version for versions in OPS.values() for version in versions if version.domain != "com.acme"]
    missing = [f"{version.domain or 'ai.onnx'}.{version.name}-{version.since}" for version in known
               if version not in tested]
    assert not missing


@pytest.mark.parametrize("module", ["archcheck", "archcheck.cli", "archcheck.infer", "archcheck.ops"])
def test_imports_are_lazy(module):
    script = f"import sys, {module}; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_the_package_is_typed():
    assert (PACKAGE / "py.typed").exists()


def project_files() -> list[Path]:
    """Every text file that belongs to the project."""
    folders = ("archcheck", "docs", "specs", "tests", ".ci", "ci")
    inner = (path for folder in folders for path in (ROOT / folder).rglob("*"))
    found = [*(path for path in ROOT.iterdir() if path.name != ".git"), *inner]
    return [path for path in found if path.is_file() and path.suffix in TEXT]


def test_no_file_says_what_it_should_not():
    for path in project_files():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            found = FORBIDDEN.search(line)
            assert not found, f"{relative(path)}:{number} says {found[0]!r}"
