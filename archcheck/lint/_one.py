"""One model judged: read, analysed, asked, and put into plain data."""
from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from archcheck.checked import Broken, Checked
from archcheck.config import Settings
from archcheck.deadline import ENDED, Lost
from archcheck.dims import Dim
from archcheck.errors import UserError

if TYPE_CHECKING:
    from archcheck.findings import Finding
    from archcheck.frontends import Source
    from archcheck.frontends._wire import Buffer
    from archcheck.graph import Graph
    from archcheck.report import Report

LARGE = 64 << 20
"""Of a file with more bytes the contents are hashed only if something that is written says the hash."""

CHUNK = 1 << 20


class Task(NamedTuple):
    """One model to check: its ``path``, or the ``content`` that came from standard input and is called that;
    how it is to be judged; the ``sizes`` that it must have symbols for; whether totals and hash are needed,
    however large it is, so that it is ``detailed``; the folder of the ``cache`` (None: none), and what
    besides the model and its settings the result follows from."""

    path: str
    settings: Settings
    sizes: Mapping[str, Any]
    detailed: bool = False
    cache: str | None = None
    salt: str = ""
    content: Buffer | None = None


def check_one(task: Task) -> Checked:
    """What is found in the model of ``task``; whatever goes wrong is part of that."""
    try:
        load_plugins(task.settings)
        sha256 = digest_of(task)
        is_kept = task.cache and (sha256 or os.path.isfile(task.path))
        return _remembered(task, sha256) if is_kept else _fresh(task, sha256)[0]
    except UserError as error:
        return _failed(task, error, None)
    except Exception as error:  # a model that fails must not take the others with it
        if os.environ.get("ARCHCHECK_DEBUG"):
            raise
        return crashed(task, f"{type(error).__name__}: {error}")


def crashed(task: Task, message: str) -> Checked:
    """The row of a model at which archcheck itself failed."""
    return Checked(task.path, None, "", "", (), {}, task.settings.fail_on, None, (Broken("", message),))


def given_up(task: Task, lost: Lost) -> Checked:
    """The row of a model that was not judged to the end: it went beyond a limit, or its process ended."""
    if lost.reason == ENDED:
        return crashed(task, lost.reason)
    return _failed(task, UserError(f"{task.path}: {lost.reason}"), None)


def digest_of(task: Task) -> str | None:
    """The hash of a model's file as it lies there, where it is needed, or there is a cache and it is not
    large; else None, and for one that cannot be opened."""
    if not task.detailed and not task.cache:
        return None
    if task.content is not None:
        return hashlib.sha256(task.content).hexdigest()
    return digest(task.path, task.detailed)


def digest(name: str, large: bool = False) -> str | None:
    """The hash of the file that a model is in; None where it cannot be read, or has more than `LARGE` bytes
    and no ``large`` ones are to be read."""
    path = file_of(name)
    if path is None or os.path.getsize(path) > LARGE and not large:
        return None
    found = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while chunk := file.read(CHUNK):
                found.update(chunk)
    except OSError:
        return None
    return found.hexdigest()


def file_of(name: str) -> str | None:
    """The file that a model is in, None where that is none of this machine. Raises `UserError` for a network
    that does not ship."""
    from archcheck.frontends._source import SHIPPED, shipped
    from archcheck.frontends._zoo import PREFIX, path_of
    path = name
    if name.startswith(SHIPPED):
        path = shipped(name[len(SHIPPED):])
    elif name.startswith(PREFIX):
        path = path_of(name[len(PREFIX):])
    return path if os.path.isfile(path) else None


def _remembered(task: Task, digest: str | None) -> Checked:
    """What the cache has of this very model, else what is found now, which it then has."""
    from archcheck.lint import _cache
    place = _cache.entry(task, digest, "check", repr((task.settings, dict(task.sizes), task.detailed)))
    found = _cache.found_before(place)
    if found is None:
        found, graph = _fresh(task, digest)
        _cache.keep(place, task, found, graph)
    return found


def _fresh(task: Task, digest: str | None) -> tuple[Checked, Graph | None]:
    """What is found in the model, and the model where it can be read."""
    from archcheck.rules._case import Case
    from archcheck.rules._judge import judge
    try:
        report = analyzed(task)
    except UserError as error:
        return _failed(task, error, digest), None
    judged = judge(Case(report, task.settings))
    graph = report.graph
    form = "spec" if graph.family else "onnx"
    figures = totals(report) if task.detailed else {}
    return Checked(task.path, digest, form, graph.producer, _plain(judged.findings), figures,
                   task.settings.fail_on, None, judged.broken), graph


def analyzed(task: Task) -> Report:
    """The model of ``task``, with the sizes that it and its settings bind. Raises `UserError`."""
    return analyzed_in(_source(task), task)


def analyzed_in(source: Source, task: Task) -> Report:
    """The same for the model in ``source``."""
    from archcheck.frontends import graph_in
    from archcheck.infer import analyze
    graph = graph_in(source)
    if task.content is not None and not graph.family:
        graph = replace(graph, data=source.data)
    optional = {name: size for name, size in task.settings.sizes.items() if has_size(graph, name)}
    return analyze(graph, {**optional, **task.sizes})


def _source(task: Task) -> Source:
    from archcheck.frontends import Source, bytes_of
    return bytes_of(task.path, True) if task.content is None else Source(task.content, task.path, None)


def has_size(graph: Graph, name: str) -> bool:
    """Whether a network has a size or parameter called ``name``."""
    from archcheck.binding import BindingError, bind, instance
    try:
        bind(*instance(graph, {name: 1}))
    except BindingError:
        return False
    except UserError:
        return True
    return True


def load_plugins(settings: Settings) -> None:
    """Load the operators and rules that settings name."""
    if settings.plugins:
        from archcheck.plugins import load_plugin
        for plugin in settings.plugins:
            load_plugin(plugin)


def _failed(task: Task, error: UserError, digest: str | None) -> Checked:
    """The row of a model that cannot be judged, with what rules say where it is there and cannot be read."""
    from archcheck.frontends import LoadError
    from archcheck.rules._judge import judge_failure
    is_unread = isinstance(error, LoadError) and (task.content is not None or os.path.exists(task.path))
    broken: list[Broken] = []
    found = judge_failure(error, task.path, task.settings, broken) if is_unread else ()
    return Checked(task.path, digest, "", "", _plain(found), {}, task.settings.fail_on, str(error),
                   tuple(broken))


def totals(report: Report) -> dict[str, int | str | None]:
    """The figures of a network as a whole."""
    return {"params": _figure(report.params), "macs": _figure(report.macs), "flops": _figure(report.flops),
            "nodes": len(report.graph.nodes), "file_size": report.graph.file_size}


def _figure(size: Any) -> int | str | None:
    return size if size is None or isinstance(size, int) else repr(size)


def _plain(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(found._replace(facts=plain(found.facts)) for found in findings)


def plain(value: Any) -> Any:
    """A value as JSON can hold it: sizes that are formulas as Python expressions, what JSON does not know as
    its text."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (tuple, list, set, frozenset, range)):
        return [plain(inner) for inner in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return repr(value) if isinstance(value, Dim) else str(value)
