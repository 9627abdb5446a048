"""Executing: the ``execute`` entries of files of claims evaluated in one child process, where the networks
that they speak of run in ONNX Runtime."""
from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from archcheck.backends.guard import Crashed, Limits, stream
from archcheck.backends.ort import Device, require_runtime
from archcheck.claims._evaluate import ExpressionError, evaluate
from archcheck.claims._networks import Networks
from archcheck.claims._parts import NotKnown
from archcheck.claims._read import claims
from archcheck.claims._tree import Claims, Statement
from archcheck.frontends.spec._document import Document
from archcheck.plugins import load_plugin

if TYPE_CHECKING:
    from archcheck.backends.measure import Progress

EXECUTE = "execute"


class Execution(NamedTuple):
    """How claims are executed: on which device, within which limits, with which plugins; and what shows the
    ``progress``."""

    device: Device = Device()
    limits: Limits = Limits()
    plugins: tuple[str, ...] = ()
    progress: Progress | None = None


class Ran(NamedTuple):
    """What came of an ``execute`` entry: its value, a note on what the runs showed, such as a counterexample,
    and why there is no value, if there is none."""

    value: Any
    note: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Runs:
    """All that was executed, by file and statement, and the runtime and provider that ran it."""

    found: dict[tuple[str, str], Ran] = field(default_factory=dict)
    runtime: str = ""


def execute(files: Sequence[Claims], how: Execution) -> Runs:
    """Execute all of ``files``. What ends the child process is the problem of the statement that was being
    executed; the others go on in another one. Raises `archcheck.errors.UserError` where something that is
    written cannot be executed, or ONNX Runtime is not there."""
    due = [(file.path, statement.id) for file in files for statement in file.statements
           if EXECUTE in statement.fields]
    if not due:
        return Runs()
    require_runtime()
    from archcheck.backends.measure import silent
    found: dict[tuple[str, str], Ran] = {}
    runtimes: list[str] = []
    with (how.progress or silent)("statements", len(due)) as tick:
        while due:
            try:
                for ran, runtime in _streamed(due, how):
                    found[due.pop(0)] = ran
                    runtimes.append(runtime)
                    tick()
            except Crashed as why:
                found[due.pop(0)] = Ran(None, problem=str(why))
                tick()
    return Runs(found, ", ".join(filter(None, dict.fromkeys(runtimes))))


def _streamed(due: Sequence[tuple[str, str]], how: Execution) -> Iterator[tuple[Ran, str]]:
    with tempfile.TemporaryDirectory(prefix="archcheck-", ignore_cleanup_errors=True) as folder:
        yield from stream(executed, tuple(due), folder, how.device, how.plugins, limits=how.limits,
                          about="it")


def executed(due: Sequence[tuple[str, str]], folder: str, device: Device,
             plugins: Sequence[str]) -> Iterator[tuple[Ran, str]]:
    """The job of the child process: what comes of the statements ``due``, which are given by file and name,
    and what ran them."""
    from archcheck.claims._running import Runner
    for name in plugins:
        load_plugin(name)
    for path in dict.fromkeys(path for path, _ in due):
        inside = Path(tempfile.mkdtemp(dir=folder))
        file = claims(Document(Path(path).read_bytes(), path))
        networks, runner = Networks(file), Runner(inside, device)
        statements = {statement.id: statement for statement in file.statements}
        for name in (name for other, name in due if other == path):
            yield _ran(file, statements[name], networks, runner), _runtime(runner.provider)


def _ran(file: Claims, statement: Statement, networks: Networks, runner: Any) -> Ran:
    text = statement.expression(EXECUTE)
    runner.notes.clear()
    try:
        value = evaluate(text.value, networks, runner)
    except ExpressionError as error:
        raise file.document.error(text.part(error.at, error.at + 1), error.reason) from None
    except NotKnown as why:
        return Ran(None, problem=str(why))
    return Ran(value, "; ".join(runner.notes))


def _runtime(provider: str) -> str:
    import onnxruntime
    return f"ONNX Runtime {onnxruntime.__version__}, {provider}" if provider else ""
