"""What was worked out before, by what it follows from: files of JSON, which can do no harm when they are
read."""
from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from archcheck import __version__
from archcheck.graph import Graph, Literal, Location, TensorType

FOLDER = ".archcheck_cache"
ENDS = 1 << 20
"""Of a large file so many bytes at both ends stand for its contents, beside its size and time."""


class Entry:
    """The place of one answer in the cache in ``folder``. It follows from ``parts``, texts that say what was
    asked of which contents with which archcheck (`salt`), and from the files beside ``models``."""

    def __init__(self, folder: str, parts: Sequence[str], models: Sequence[str]) -> None:
        key = hashlib.sha256("\0".join(parts).encode(errors="surrogatepass"))
        self.file = Path(folder) / __version__ / f"{key.hexdigest()}.json"
        self.models = models

    def found(self) -> Any:
        """The answer that was kept, None where none was, or a file beside a model has changed."""
        try:
            entry = json.loads(self.file.read_bytes())
            if all(beside(self.models[at], name) == stamp for at, name, stamp in entry["beside"]):
                return entry["found"]
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            pass
        return None

    def keep(self, found: Any, graphs: Sequence[Graph]) -> None:
        """Keep an answer, which is plain data, about models that hold ``graphs``."""
        stamps = [(at, name, beside(self.models[at], name)) for at, graph in enumerate(graphs)
                  for name in sorted(set(externals(graph)))]
        entry = json.dumps({"found": found, "beside": stamps})
        try:
            prepare(self.file)
            part = self.file.with_suffix(f".{os.getpid()}")
            part.write_text(entry, encoding="utf-8")
            part.replace(self.file)
        except OSError:
            pass  # a cache that cannot be written is none


def salt() -> str:
    """What stands for archcheck itself: its version, and the sizes and times of its files."""
    digest = hashlib.sha256(__version__.encode())
    package = os.path.dirname(__file__)
    for root, folders, files in os.walk(package):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(files):
            digest.update(f"{name}{stamp(os.path.join(root, name))}".encode())
    return digest.hexdigest()


def ends(path: str) -> str:
    """What stands for the contents of a large file: both its ends, its size and time."""
    with open(path, "rb") as file:
        head = file.read(ENDS)
        file.seek(-min(ENDS, os.path.getsize(path)), os.SEEK_END)
        return hashlib.sha256(head + file.read()).hexdigest() + str(stamp(path))


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
    return path and stamp(path)


def stamp(path: str) -> list[int]:
    """The size and time of a file."""
    status = os.stat(path)
    return [status.st_size, status.st_mtime_ns]


def has_foreign(graph: Graph) -> bool:
    """Whether a graph has operators that are neither its own functions nor known, so that a plugin may know
    them another time."""
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


def _location(kind: Any) -> Iterable[Location]:
    if isinstance(kind, TensorType) and isinstance(kind.value, Literal) and kind.value.location:
        yield kind.value.location
