"""What was found in models before, by their contents: files of JSON, which can do no harm when they are
read."""
from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archcheck import __version__
from archcheck.checked import Broken, Checked
from archcheck.findings import Finding, Suppression
from archcheck.graph import Graph, Literal, Location, TensorType

if TYPE_CHECKING:
    from archcheck.lint._one import Task

FOLDER = ".archcheck_cache"
ENDS = 1 << 20
"""Of a large file so many bytes at both ends stand for its contents, beside its size and time."""


def salt() -> str:
    """What stands for archcheck itself: its version, and the sizes and times of its files."""
    digest = hashlib.sha256(__version__.encode())
    package = os.path.dirname(os.path.dirname(__file__))
    for root, folders, files in os.walk(package):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(files):
            digest.update(f"{name}{_stamp(os.path.join(root, name))}".encode())
    return digest.hexdigest()


class Cache:
    """The place of one model in the cache; its ``digest`` is None where its contents are too large to be
    hashed."""

    def __init__(self, task: Task, digest: str | None) -> None:
        self.task, self.digest = task, digest
        self.folder = Path(task.cache or FOLDER)
        asked = repr((task.settings, dict(task.sizes), task.detailed))
        parts = task.salt, task.path, asked, sidecar_of(task.path), digest or ends(task.path)
        key = hashlib.sha256("\0".join(parts).encode(errors="surrogatepass"))
        self.file = self.folder / __version__ / f"{key.hexdigest()}.json"

    def found(self) -> Checked | None:
        """What was found before, None where nothing was or a file beside the model has changed."""
        try:
            entry = json.loads(self.file.read_bytes())
            if any(beside(self.task.path, name) != stamp for name, stamp in entry["beside"]):
                return None
            return checked(entry["checked"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, found: Checked, graph: Graph | None) -> None:
        """Keep what was ``found`` in ``graph``, unless it may be another time: where a rule failed, the model
        could not be read, or an operator is unknown that a plugin may know."""
        if graph is None or found.broken or self.task.settings.plugins or has_foreign(graph):
            return
        stamps = [(name, beside(self.task.path, name)) for name in sorted(set(externals(graph)))]
        entry = json.dumps({"checked": as_plain(found), "beside": stamps})
        try:
            prepare(self.file)
            part = self.file.with_suffix(f".{os.getpid()}")
            part.write_text(entry, encoding="utf-8")
            part.replace(self.file)
        except OSError:
            pass  # a cache that cannot be written is none


def sidecar_of(model: str) -> str:
    """The text of the file beside a model that says what to suppress."""
    from archcheck.rules._suppress import sidecar
    path = sidecar(model)
    return Path(path).read_text(encoding="utf-8", errors="replace") if path else ""


def ends(path: str) -> str:
    """What stands for the contents of a large file: both its ends, its size and time."""
    with open(path, "rb") as file:
        head = file.read(ENDS)
        file.seek(-min(ENDS, os.path.getsize(path)), os.SEEK_END)
        return hashlib.sha256(head + file.read()).hexdigest() + str(_stamp(path))


def prepare(file: Path) -> None:
    """Make the folder of a ``file`` of the cache, which tells version control to leave it alone."""
    if not file.parent.is_dir():
        file.parent.mkdir(parents=True, exist_ok=True)
        (file.parents[1] / ".gitignore").write_text("*\n", encoding="utf-8")


def beside(model: str, name: str) -> Any:
    """The size and time of the file ``name`` of a model's folder, None where there is none or it is
    outside."""
    from archcheck.frontends._external import resolved
    path, _ = resolved(name, os.path.dirname(model) or ".")
    return path and _stamp(path)


def _stamp(path: str) -> list[int]:
    status = os.stat(path)
    return [status.st_size, status.st_mtime_ns]


def has_foreign(graph: Graph) -> bool:
    """Whether a graph has operators that are neither its own functions nor known."""
    from archcheck import ops
    used = {(node.domain, node.op) for node in graph.nodes}
    own = {(domain, name) for domain, name, _ in graph.functions}
    return any(ops.find(domain, name, graph.opsets.get(domain)) is None for domain, name in used - own)


def externals(graph: Graph) -> Iterator[str]:
    """The files beside a model that it names."""
    yield from (found.subject for found in graph.irregularities if found.kind.startswith("external-data"))
    yield from (place.file for place in _locations(graph) if place.file is not None)


def _locations(graph: Graph) -> Iterator[Location]:
    for kind in graph.weights.values():
        yield from _location(kind)
    for node in graph.nodes:
        for value in node.attrs.values():
            if isinstance(value, Graph):
                yield from _locations(value)
            else:
                yield from _location(value)


def _location(kind: Any) -> Iterator[Location]:
    if isinstance(kind, TensorType) and isinstance(kind.value, Literal) and kind.value.location:
        yield kind.value.location


def as_plain(found: Checked) -> dict[str, Any]:
    """``found`` as JSON can hold it."""
    return {**found._asdict(), "findings": [one._asdict() for one in found.findings]}


def checked(plain: dict[str, Any]) -> Checked:
    """What `as_plain` was made from."""
    broken = tuple(Broken(*one) for one in plain["broken"])
    return Checked(**{**plain, "findings": tuple(map(_finding, plain["findings"])), "broken": broken})


def _finding(plain: dict[str, Any]) -> Finding:
    suppressed = plain["suppressed"] and Suppression(*plain["suppressed"])
    return Finding(**{**plain, "scope": tuple(plain["scope"]), "also": tuple(plain["also"]),
                      "suppressed": suppressed})
