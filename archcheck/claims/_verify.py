"""Verifying: each statement of each file judged, and what is recorded held against that."""
from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from archcheck.claims._compare import distance, equals, rounds_to
from archcheck.claims._evaluate import ExpressionError, evaluate, understood
from archcheck.claims._execute import EXECUTE, Execution, Ran, Runs, execute
from archcheck.claims._functions import FUNCTIONS
from archcheck.claims._networks import Networks
from archcheck.claims._parts import NotKnown
from archcheck.claims._read import claims, holds_claims
from archcheck.claims._tree import NEEDS_RUN, Claims, Printed, Statement
from archcheck.claims.examples import flat
from archcheck.claims.runs import near
from archcheck.collector import collector_held
from archcheck.errors import UserError
from archcheck.expressions import Tree
from archcheck.frontends import _zoo
from archcheck.frontends.spec._document import Document

SUFFIXES = (".yaml", ".yml")


class NoClaims(UserError):
    """There is nothing to verify where somebody wants it verified."""


@dataclass(frozen=True)
class Outcome:
    """What came of a statement: the verdict that was ``found``, the ``value`` that was computed (None: none),
    what is wrong with the record, empty where it is right, and what came of executing it, if it was."""

    file: str
    line: int
    source: str
    statement: Statement
    found: str
    value: Any
    problem: str = ""
    ran: Ran | None = None

    @property
    def is_right(self) -> bool:
        """Whether what is recorded is what was found."""
        return not self.problem


@dataclass(frozen=True)
class Verified:
    """The outcomes of all statements, in the order of files and lines, and what executed those that were;
    empty where nothing was."""

    outcomes: tuple[Outcome, ...]
    runtime: str = ""

    @property
    def failures(self) -> tuple[Outcome, ...]:
        """Those whose record is wrong."""
        return tuple(outcome for outcome in self.outcomes if not outcome.is_right)


@collector_held
def verify(paths: Iterable[str | os.PathLike[str]], execution: Execution | None = None) -> Verified:
    """Recompute every statement of files of claims, of specifications with claims, and of those in folders;
    with an ``execution``, also run what there is to run. Raises `archcheck.errors.UserError` for what cannot
    be read."""
    found = [_understood(claims(document)) for document in _documents(paths)]
    runs = execute(found, execution) if execution else Runs()
    return Verified(tuple(outcome for file in found for outcome in _judged(file, runs)), runs.runtime)


def _documents(paths: Iterable[str | os.PathLike[str]]) -> Iterator[Document]:
    for given in paths:
        path = Path(path_of(os.fspath(given)))
        if not path.is_dir():
            document = _document(path)
            if not holds_claims(document):
                raise NoClaims(f"{path} has no 'statements' or 'claims' in it: there is nothing to verify")
            yield document
            continue
        files = sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES)
        found = [document for document in map(_document, files) if holds_claims(document)]
        if not found:
            raise NoClaims(f"{path} has no YAML file with 'statements' or 'claims' in it")
        yield from found


def path_of(given: str) -> str:
    """The path that ``given`` means: itself, or the file of a specification that ships."""
    return _zoo.path_of(given[len(_zoo.PREFIX):]) if given.startswith(_zoo.PREFIX) else given


def _document(path: Path) -> Document:
    if path.suffix not in SUFFIXES:
        raise NoClaims(f"{path} is no file of claims; these are YAML, and name the network they are about")
    return Document(path.read_bytes(), str(path))


def _understood(file: Claims) -> Claims:
    """``file``, once all that it has to be executed is read, so that a slip there shows before anything runs,
    and also where nothing does."""
    for statement in file.statements:
        if EXECUTE in statement.fields:
            text = statement.expression(EXECUTE)
            try:
                tree = understood(text.value).tree
            except ExpressionError as error:
                raise file.document.error(text.part(error.at, error.at + 1), error.reason) from None
            if not _runs(tree):
                raise file.document.error(text, "this runs no network; it belongs under 'value', or name one "
                                                "that runs, as in run(net, [1, 2])")
    return file


def _runs(tree: Tree) -> bool:
    """Whether something in an expression runs a network."""
    found = FUNCTIONS.get(tree.value) if tree.kind == "call" else None
    return bool(found and found.runs) or any(map(_runs, tree.operands))


def _judged(found: Claims, runs: Runs) -> Iterator[Outcome]:
    judge = _Judge(found)
    for statement in found.statements:
        yield judge.outcome(statement, runs.found.get((found.path, statement.id)))


class _Judge:
    def __init__(self, found: Claims) -> None:
        self.claims, self.document, self.networks = found, found.document, Networks(found)

    def outcome(self, statement: Statement, ran: Ran | None = None) -> Outcome:
        line = self.document.place(statement.fields["verdict"].key.node).line
        value, found, problem = None, "", ""
        try:
            value = self.computed(statement, ran)
            found = self.verdict(statement, value)
            problem = self.problem(statement, value, found) or disagreement(value, ran)
        except NotKnown as why:
            found, problem = "not-known", f"{why}, so that this cannot be verified"
        return Outcome(self.document.name, line, self.claims.source, statement, found, value, problem, ran)

    def computed(self, statement: Statement, ran: Ran | None) -> Any:
        """What ``value`` comes to; without one, what came of executing the statement, None where it was
        not."""
        if "value" in statement.fields:
            return self.value(statement, "value")
        if ran and ran.problem:
            raise NotKnown(ran.problem)
        return ran and ran.value

    def value(self, statement: Statement, key: str) -> Any:
        """What the expression under ``key`` comes to."""
        text = statement.expression(key)
        try:
            return evaluate(text.value, self.networks)
        except ExpressionError as error:
            raise self.document.error(text.part(error.at, error.at + 1), error.reason) from None

    def agrees(self, statement: Statement, value: Any) -> bool:
        return equals(value, statement.printed.value) or self.rounds(statement, value)

    def rounds(self, statement: Statement, value: Any) -> bool:
        return rounds_to(value, statement.printed, statement.text("rounding") or "nearest")

    def verdict(self, statement: Statement, value: Any) -> str:
        """The verdict that the statement deserves."""
        if value is None:
            return NEEDS_RUN if EXECUTE in statement.fields else "not-checkable"
        if not self.agrees(statement, value):
            return "refuted"
        if "under" in statement.fields:
            return "convention"
        return "exact" if equals(value, statement.printed.value) else "rounds-to"

    def problem(self, statement: Statement, value: Any, found: str) -> str:
        """What is wrong with the record; empty where nothing is."""
        if found == NEEDS_RUN:
            return ""
        if found != statement.verdict:
            return f"recorded as {statement.verdict}, but {self.reason(statement, value, found)}"
        if found == "refuted":
            return self.problem_of_truth(statement, value)
        if "truth" in statement.fields:
            return "a right value is recorded, but what is printed is right"
        if found == "not-checkable" and not statement.text("why"):
            return "what it would need is not said; add a 'why'"
        if found == "convention" and "otherwise" in statement.fields:
            other = self.value(statement, "otherwise")
            if self.agrees(statement, other):
                return f"without the convention it is {shown(other)}, which is what is printed as well"
        return ""

    def problem_of_truth(self, statement: Statement, value: Any) -> str:
        if statement.truth is None:
            return f"the right value is not recorded; it is {shown(value)}: add it as 'truth'"
        if not _is(value, statement.truth):
            return f"recorded as truly {statement.truth.text}, but it is {shown(value)}"
        far = distance(statement.printed.value, value)
        if far is not None and (statement.off is None or not _is(far, statement.off)):
            return f"what is printed is off by {shown(far)}, which is not recorded: 'off' says it"
        return "" if statement.text("why") else "what is wrong is not said; add a 'why'"

    def reason(self, statement: Statement, value: Any, found: str) -> str:
        """Why a statement has the verdict that was found."""
        printed = statement.printed.text
        return {
            "exact": f"{shown(value)} is computed, exactly what is printed",
            "rounds-to": f"{shown(value)} is computed, which rounds to {printed}",
            "convention": f"{printed} is right under a convention that is named",
            "refuted": f"{shown(value)} is computed, and {printed} printed",
            "not-checkable": "there is no 'value' that could be computed"}[found]


def _is(value: Any, recorded: Printed) -> bool:
    """Whether a value is what is recorded: exactly, or if it is no whole number rounded to the digits
    recorded."""
    return equals(value, recorded.value) or not isinstance(value, int) and rounds_to(value, recorded)


def disagreement(value: Any, ran: Ran | None) -> str:
    """In what a run does not bear a value out: it gives neither that, nor says that it holds; empty where it
    does."""
    if ran is None:
        return ""
    if ran.problem:
        return f"it cannot be executed: {ran.problem}"
    bears_out = ran.value is True and not isinstance(value, bool)
    if bears_out or _near(value, ran.value):
        return ""
    note = f"; {ran.note}" if ran.note else ""
    return f"executed, it is {shown(ran.value)}, and {shown(value)} is computed{note}"


def _near(value: Any, other: Any) -> bool:
    """Whether two values are equal, numbers as far as single precision goes."""
    if equals(value, other):
        return True
    numbers = [*flat(value), *flat(other)]
    plain = all(isinstance(number, (int, float, Fraction)) and not isinstance(number, bool)
                for number in numbers)
    return plain and near(value, other)


def shown(value: Any) -> str:
    """A value as people read it."""
    from archcheck.claims._show import text_of
    return text_of(value)


