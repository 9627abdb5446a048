"""Which conditions of the rules no test holds: ``python -m tests.rules.mutate FAMILY… [--with FILE]
[--most N]`` changes one comparison, number or connective of a module of ``archcheck.rules`` at a time, runs
the tests of that family, and prints the changes after which all of them pass.

Tests of a family are its examples, its seeds and the file ``test_FAMILY.py``; ``--with`` adds another file of
this folder. ``--most`` tries so many changes only. Nothing is written: each lives in a process of its own.
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
import signal
import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
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


def survives(changed: Changed, tests: Sequence[str]) -> bool:
    """Whether all ``tests`` pass with a change, in a process of its own."""
    child = os.fork()
    if child == 0:
        code = 1
        with contextlib.suppress(BaseException):
            code = _run(changed, tests)
        os._exit(code)
    return os.waitpid(child, 0)[1] == 0


def _run(changed: Changed, tests: Sequence[str]) -> int:
    import pytest
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    signal.alarm(PATIENCE)
    sys.meta_path.insert(0, changed)
    return int(pytest.main(["-q", "-x", "-p", "no:cacheprovider", *tests]))


def _tests(family: str, also: Sequence[str]) -> Iterator[str]:
    """What pytest is asked for."""
    files = ["test_pages.py", "test_seeds.py", f"test_{family}.py", *also]
    yield from (f"tests/rules/{name}" for name in files if (ROOT / "tests" / "rules" / name).exists())
    yield from ("-k", " or ".join([family, *(Path(name).stem for name in also)]))


def main() -> int:
    """Change the families that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m tests.rules.mutate", description=__doc__)
    parser.add_argument("families", nargs="+")
    parser.add_argument("--with", dest="also", action="append", default=[], metavar="FILE")
    parser.add_argument("--most", type=int, default=None, metavar="N")
    options = parser.parse_args()
    import numpy  # noqa: F401 - what every test needs is loaded once
    import onnx.reference  # noqa: F401
    os.chdir(ROOT)
    left = 0
    for family in options.families:
        path = ROOT / "archcheck" / "rules" / f"{family}.py"
        found = list(mutants(path.read_text(encoding="utf-8")))
        random.Random(0).shuffle(found)
        tests = list(_tests(family, options.also))
        for mutant in found[:options.most]:
            if survives(Changed(f"archcheck.rules.{family}", path, mutant.tree), tests):
                left += 1
                print(f"{path.relative_to(ROOT)}:{mutant.line}: {mutant.old}  →  {mutant.new}", flush=True)
        print(f"{family}: {len(found[:options.most])} changes", flush=True)
    return int(left > 0)


if __name__ == "__main__":
    sys.exit(main())
