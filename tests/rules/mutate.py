"""Which conditions of the rules no test holds: ``python -m tests.rules.mutate MODULE… [--most N]`` changes
one comparison, number or connective of a module of ``archcheck.rules`` at a time, runs the tests of this
folder, and prints the changes after which all of them pass.

Tests are collected once and run once, to see which of them reach a statement; a change is tried on those
alone, each in a process of its own, where it is put into the functions that are loaded. What is worked out
while modules are loaded, such as a constant, is tried by loading everything anew. ``--most`` tries so many
changes only, ``--lines 40:60`` those of some lines, and ``--tests`` adds tests of other folders. Nothing is
written; sources and tests are not to be changed before it ends.
"""
from __future__ import annotations

import argparse
import ast
import contextlib
import gc
import importlib.abc
import importlib.util
import inspect
import os
import pickle
import random
import re
import signal
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import _lru_cache_wrapper, partial
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any, NamedTuple, TypeVar

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

Reached = tuple[dict[str, set[int]], float]
"""The lines of modules, by their paths, that a test runs, and the seconds it takes."""
T = TypeVar("T")


class Mutant(NamedTuple):
    """A changed module: where it is, the line, what stood there and stands there now, the lines of the
    statement around it, and the whole of it, compiled."""

    path: Path
    line: int
    old: str
    new: str
    within: range
    code: CodeType

    @property
    def name(self) -> str:
        """The module, as it is imported."""
        return f"archcheck.rules.{self.path.stem}"

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}: {self.old}  →  {self.new}"


def mutants(path: Path) -> Iterator[Mutant]:
    """Every change of one place of the module at ``path``."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node, within in _nodes(tree, range(0)):
        for change in _changes(node):
            kept = {name: list(value) if isinstance(value, list) else value
                    for name, value in vars(node).items()}
            before = ast.unparse(node)
            change(node)
            code = compile(ast.fix_missing_locations(tree), str(path), "exec")
            mutant = Mutant(path, node.lineno, before, ast.unparse(node), within, code)
            vars(node).update(kept)
            yield mutant


def _nodes(node: ast.AST, within: range) -> Iterator[tuple[Any, range]]:
    """Every node below ``node``, with the lines of the statement that it stands in, without those inside."""
    for child in ast.iter_child_nodes(node):
        inner = within
        if isinstance(child, ast.stmt):
            body = getattr(child, "body", None)
            inner = range(child.lineno, (body[0].lineno if body else (child.end_lineno or 0) + 1))
        yield child, inner
        yield from _nodes(child, inner)


def _changes(node: ast.AST) -> Iterator[Callable[[Any], object]]:
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


def differing(old: CodeType, new: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """The functions and classes of two versions of a module that differ, the outer ones first; with those
    that differ in what is inside only."""
    for one, other in zip(_inner(old), _inner(new)):
        if one != other:
            yield one, other
            yield from differing(one, other)


def _inner(code: CodeType) -> list[CodeType]:
    return [one for one in code.co_consts if isinstance(one, CodeType)]


def at_loading(old: CodeType, new: CodeType) -> bool:
    """Whether two versions of a module differ in what is run when it is loaded: its own statements, and
    those of its classes."""
    own = [(code.co_code, code.co_names, [repr(one) for one in code.co_consts if not inspect.iscode(one)])
           for code in (old, new)]
    inner = zip(_inner(old), _inner(new))
    return own[0] != own[1] or any(at_loading(one, other) for one, other in inner
                                   if not one.co_flags & inspect.CO_OPTIMIZED)


class Tries:
    """A plugin of pytest that tries changes on the tests that were collected, instead of running those.
    ``left`` are the changes that it cannot try, ``alive`` says after how many all tests passed."""

    def __init__(self, found: Sequence[Mutant], original: Mapping[str, CodeType]) -> None:
        self.found, self.original = found, original
        self.left, self.alive, self.failed = list[int](), 0, False
        self.loading: set[CodeType] = set()
        sys.setprofile(lambda frame, event, _: event == "call" and self.loading.add(frame.f_code))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note that a test failed."""
        self.failed = self.failed or report.failed

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Try all changes."""
        paths, original = self.original.keys(), self.original
        run = partial(self._reached, session.items, paths)
        told, modules = _in_child(run, patience=0, quiet=False) or ([], [])
        for name in modules:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
        sys.setprofile(None)
        functions = _functions(paths)
        gc.freeze()
        print(f"{len(told)} tests of {sum(seconds for _, seconds in told):.0f} s", flush=True)
        reached = sorted(zip(session.items, told, strict=True), key=lambda one: one[1][1])
        for index, mutant in enumerate(self.found):
            path = str(mutant.path)
            pairs = [pair for pair in differing(original[path], mutant.code)
                     if pair[0].co_flags & inspect.CO_OPTIMIZED]
            places = [(one, new) for old, new in pairs for one in functions.get(old, ())]
            if at_loading(original[path], mutant.code) or not places \
                    or not self.loading.isdisjoint(old for old, _ in pairs):
                self.left.append(index)
                continue
            items = [item for item, (lines, _) in reached if not lines[path].isdisjoint(mutant.within)]
            items.sort(key=lambda item: mutant.path.stem.upper() not in item.nodeid)
            if _in_child(partial(self._passes, items, places)):
                self.alive += 1
                print(f"{mutant}  ({len(items)} tests)", flush=True)
        return True

    def _reached(self, items: list[pytest.Item], paths: Collection[str]) -> tuple[list[Reached], list[str]]:
        """The lines of the modules at ``paths`` that each test runs, and all modules that are loaded then."""
        reached: list[Reached] = []
        caches = [one for one in gc.get_objects() if isinstance(one, _lru_cache_wrapper)
                  and str(one.__module__).startswith("archcheck.")]

        def line(frame: FrameType, event: str, _: object) -> Any:
            reached[-1][0][frame.f_code.co_filename].add(frame.f_lineno)
            return line

        def call(frame: FrameType, event: str, _: object) -> Any:
            return line if frame.f_code.co_filename in paths else None
        for item in items:
            reached.append(({path: set() for path in paths}, -time.perf_counter()))
            for cache in caches:
                cache.cache_clear()
            sys.settrace(call)
            self._run([item])
            sys.settrace(None)
            reached[-1] = (reached[-1][0], reached[-1][1] + time.perf_counter())
            if self.failed:
                print(f"{item.nodeid} fails without any change", file=sys.stderr, flush=True)
                reached[-1], self.failed = ({path: set() for path in paths}, 0.0), False
        return reached, list(sys.modules)

    def _passes(self, items: Sequence[pytest.Item], places: Iterable[tuple[FunctionType, CodeType]]) -> bool:
        for function, code in places:
            function.__code__ = code
        self._run(items)
        return not self.failed

    def _run(self, items: Sequence[pytest.Item]) -> None:
        """Run tests up to the first that fails."""
        for item, later in zip(items, [*items[1:], None]):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=later)
            if self.failed:
                break


def _functions(paths: Collection[str]) -> dict[CodeType, list[FunctionType]]:
    """The functions of the modules at ``paths``, wherever they are held, by their code."""
    found: dict[CodeType, list[FunctionType]] = {}
    for one in gc.get_objects():
        if isinstance(one, FunctionType) and one.__code__.co_filename in paths:
            found.setdefault(one.__code__, []).append(one)
    return found


def _in_child(function: Callable[[], T], *, patience: int = PATIENCE, quiet: bool = True) -> T | None:
    """What a function gives in a process of its own; None where that fails, or a quiet one takes too long."""
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException), open(writes, "wb") as pipe:
            if quiet:
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, 1)
                os.dup2(nowhere, 2)
            signal.alarm(patience)
            pickle.dump(function(), pipe)
        os._exit(0)
    os.close(writes)
    with open(reads, "rb") as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    return pickle.loads(told) if told else None


class Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives one module its changed code."""

    def __init__(self, mutant: Mutant, tests: Sequence[str]) -> None:
        self.mutant, self.tests = mutant, tests

    def find_spec(self, name: str, path: object, target: object = None) -> ModuleSpec | None:
        """The module, if it is the one."""
        return importlib.util.spec_from_loader(name, self) if name == self.mutant.name else None

    def exec_module(self, module: ModuleType) -> None:
        """Run the changed code."""
        module.__file__ = str(self.mutant.path)
        exec(self.mutant.code, module.__dict__)

    def passes(self) -> bool:
        """Whether all tests pass with it, loaded anew."""
        sys.meta_path.insert(0, self)
        return not any(pytest.main(["-q", "-x", "-p", "no:cacheprovider", *tests])
                       for tests in [*_stages(self.mutant.path.stem), *([self.tests] if self.tests else [])])


def _stages(module: str) -> list[list[str]]:
    """What pytest is asked for where all is loaded anew: the tests of the families of ``module`` first, then
    every file that names one of their codes or the module itself."""
    families = _families(module)
    first = ["test_pages.py", "test_seeds.py", *(f"test_{family}.py" for family in families)]
    there = [f"tests/rules/{name}" for name in first if (HERE / name).exists()]
    codes = re.compile("|".join([rf"\b{module}\b", *(rf"\b{family.upper()}\d" for family in families)]))
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


def _tried(found: Sequence[Mutant], original: Mapping[str, CodeType],
           tests: Sequence[str]) -> tuple[int, list[int]]:
    """How many changes are alive after the tests that reach them, and which could not be tried so."""
    tries = Tries(found, original)
    if pytest.main(["-s", "-p", "no:cacheprovider", "-p", "no:terminal", str(HERE), *tests,
                    *(f"--ignore={HERE / name}" for name in SLOW)], plugins=[tries]):
        raise RuntimeError("the tests cannot be collected")
    return tries.alive, tries.left


def main() -> int:
    """Change the modules that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m tests.rules.mutate", description=__doc__)
    parser.add_argument("modules", nargs="+")
    parser.add_argument("--most", type=int, default=None, metavar="N")
    parser.add_argument("--lines", default="1:100000", metavar="FIRST:LAST")
    parser.add_argument("--tests", nargs="+", default=[], metavar="PATH")
    options = parser.parse_args()
    os.chdir(ROOT)
    _preload()
    first, last = map(int, options.lines.split(":"))
    paths = [RULES / f"{module}.py" for module in options.modules]
    original = {str(path): compile(path.read_text(encoding="utf-8"), str(path), "exec") for path in paths}
    found = [one for path in paths for one in mutants(path) if first <= one.line <= last]
    found = sorted(random.Random(0).sample(found, min(options.most or len(found), len(found))),
                   key=lambda one: options.modules.index(one.path.stem))
    told = _in_child(lambda: _tried(found, original, options.tests), patience=0, quiet=False)
    alive, slow = told or (0, range(len(found)))
    for mutant in (found[index] for index in slow):
        if _in_child(Changed(mutant, options.tests).passes):
            alive += 1
            print(mutant, flush=True)
    print(f"{len(found)} changes, {len(slow)} of them at loading, {alive} alive", flush=True)
    return int(alive > 0)


if __name__ == "__main__":
    sys.exit(main())
