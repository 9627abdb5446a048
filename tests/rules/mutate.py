"""Which conditions of the rules no test holds: ``python -m tests.rules.mutate MODULE… [--most N]`` changes
one comparison, number or connective of a module of ``archcheck.rules`` at a time, runs the tests of its
rules, and prints the changes after which all of them pass.

The tests of a family come first: its examples, its seeds and the file ``test_FAMILY.py``, for a module of
facts (``_ties``) those of every family that asks it; then every file of this folder that names one of its
codes. ``--most`` tries so many changes only, ``--lines 40:60`` those of some lines. Nothing is written: each
change lives in a process of its own.
"""
from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import importlib.abc
import importlib.util
import os
import random
import re
import signal
import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
RULES = ROOT / "archcheck" / "rules"
SLOW = ("test_malformed.py", "test_quiet.py")
"""Tests that draw networks at random or read whole models: no condition hangs on them alone."""
PATIENCE = 120
"""Seconds that the tests may take; a change that makes them take longer is found."""

OTHER = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
         ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
         ast.And: ast.Or, ast.Or: ast.And}


class Mutant(NamedTuple):
    """A changed module: the line, what stood there and stands there now, and the whole of it."""

    line: int
    old: str
    new: str
    tree: ast.Module


def mutants(source: str) -> Iterator[Mutant]:
    """Every change of one place of ``source``."""
    tree = ast.parse(source)
    for index, node in enumerate(ast.walk(tree)):
        for change in _changes(node):
            other = copy.deepcopy(tree)
            place = next(one for at, one in enumerate(ast.walk(other)) if at == index)
            before = ast.unparse(place)
            change(place)
            yield Mutant(node.lineno, before, ast.unparse(place), ast.fix_missing_locations(other))


def _changes(node: ast.AST) -> Iterator:
    if isinstance(node, ast.Compare):
        for at in range(len(node.ops)):
            yield lambda one, at=at: one.ops.__setitem__(at, OTHER[type(one.ops[at])]())
    elif isinstance(node, ast.BoolOp):
        yield lambda one: setattr(one, "op", OTHER[type(one.op)]())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield lambda one: setattr(one, "op", ast.UAdd()) or setattr(one, "operand", _truth(one.operand))
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield lambda one: setattr(one, "value", one.value + 1)


def _truth(operand: ast.expr) -> ast.Call:
    return ast.Call(ast.Name("bool", ast.Load()), [operand], [])


class Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives one module its changed code."""

    def __init__(self, name: str, path: Path, tree: ast.Module) -> None:
        self.name, self.path, self.tree = name, path, tree

    def find_spec(self, name: str, path: object, target: object = None) -> ModuleSpec | None:
        """The module, if it is the one."""
        return importlib.util.spec_from_loader(name, self) if name == self.name else None

    def exec_module(self, module: ModuleType) -> None:
        """Run the changed code."""
        module.__file__ = str(self.path)
        exec(compile(self.tree, str(self.path), "exec"), module.__dict__)


def survives(changed: Changed, stages: Sequence[Sequence[str]]) -> bool:
    """Whether all tests pass with a change, in a process of its own."""
    child = os.fork()
    if child == 0:
        code = 1
        with contextlib.suppress(BaseException):
            code = _run(changed, stages)
        os._exit(code)
    return os.waitpid(child, 0)[1] == 0


def _run(changed: Changed, stages: Sequence[Sequence[str]]) -> int:
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    signal.alarm(PATIENCE)
    sys.meta_path.insert(0, changed)
    return int(any(pytest.main(["-q", "-x", "-p", "no:cacheprovider", *tests]) for tests in stages))


def _stages(module: str) -> list[list[str]]:
    """What pytest is asked for: first what most likely fails."""
    families = _families(module)
    first = ["test_pages.py", "test_seeds.py", *(f"test_{family}.py" for family in families)]
    there = [f"tests/rules/{name}" for name in first if (HERE / name).exists()]
    codes = re.compile("|".join(rf"\b{family.upper()}\d" for family in families))
    others = [f"tests/rules/{path.name}" for path in sorted(HERE.glob("test_*.py"))
              if path.name not in (*first, *SLOW) and codes.search(path.read_text(encoding="utf-8"))]
    return [[*there, "-k", " or ".join(families)], *([others] if others else [])]


def _families(module: str) -> list[str]:
    """The family itself, or those that import the module of facts, directly or not."""
    if not module.startswith("_"):
        return [module]
    users = [path.stem for path in RULES.glob("*.py")
             if path.stem not in (module, "__init__") and re.search(rf"\b{module}\b", path.read_text())]
    return sorted({family for user in users for family in _families(user)})


def _preload() -> None:
    """Load what every test needs, and nothing of the rules, once."""
    import onnx.reference  # noqa: F401

    import archcheck
    archcheck.analyze(archcheck.load("onnx:light_squeezenet"))
    for name in [name for name in sys.modules if name.startswith("archcheck.rules")]:
        raise RuntimeError(f"{name} is loaded before it is changed")


def main() -> int:
    """Change the modules that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m tests.rules.mutate", description=__doc__)
    parser.add_argument("modules", nargs="+")
    parser.add_argument("--most", type=int, default=None, metavar="N")
    parser.add_argument("--lines", default="1:100000", metavar="FIRST:LAST")
    options = parser.parse_args()
    os.chdir(ROOT)
    _preload()
    first, last = map(int, options.lines.split(":"))
    left = 0
    for module in options.modules:
        path = RULES / f"{module}.py"
        found = [one for one in mutants(path.read_text(encoding="utf-8")) if first <= one.line <= last]
        random.Random(0).shuffle(found)
        stages = _stages(module)
        for mutant in found[:options.most]:
            if survives(Changed(f"archcheck.rules.{module}", path, mutant.tree), stages):
                left += 1
                print(f"{path.relative_to(ROOT)}:{mutant.line}: {mutant.old}  →  {mutant.new}", flush=True)
        print(f"{module}: {len(found[:options.most])} changes", flush=True)
    return int(left > 0)


if __name__ == "__main__":
    sys.exit(main())
