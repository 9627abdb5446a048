"""A network as a file that runs: weights that are not there are made up, and specifications written out."""
from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from archcheck.frontends import Source, bytes_of, graph_in, spec
from archcheck.frontends._external import resolved
from archcheck.frontends._source import SHIPPED, shipped
from archcheck.graph import Graph, Literal, TensorType
from archcheck.infer import analyze
from archcheck.report import Report

NAME = "model.onnx"


class Ready(NamedTuple):
    """A network that runs: the ``path`` of its ONNX file; what is known of it; how many of its weights were
    made up; and what the user calls it."""

    path: Path
    report: Report
    made: int
    name: str


@contextmanager
def ready(source: str | os.PathLike[str] | Source, sizes: Mapping[str, Any] | None = None,
          seed: int = 0) -> Iterator[Ready]:
    """The network in ``source``, a `Source` or a path that `archcheck.load` takes, as a file that runs:
    itself, if it is an ONNX file with all its weights, or else a copy in a temporary folder, which is gone at
    the end. Weights that are not there are made up from ``seed`` (see `archcheck.writers._spans`).

    ``sizes`` are put in for symbols in the ``report``. A specification is built with them; in an ONNX file
    they stay open, so that it runs at other sizes as well.
    """
    found = source if isinstance(source, Source) else bytes_of(source)
    name = found.name or "the model"
    graph = graph_in(found)
    if (path := _itself(found, graph)) is not None:
        yield Ready(path, analyze(graph, sizes), 0, name)
        return
    with tempfile.TemporaryDirectory(prefix="archcheck-", ignore_cleanup_errors=True) as folder:
        from archcheck.writers.onnx import export
        path = Path(folder, NAME)
        done = export(found, path, sizes if graph.family else None, seed=seed)
        report = done.report if graph.family or not sizes else analyze(graph, sizes)
        yield Ready(path, report, done.made, name)


def _itself(found: Source, graph: Graph) -> Path | None:
    """The path of the file that a network was read from, if it runs as it is."""
    if found.folder is None or spec.is_spec(found.data, found.name):
        return None
    path = Path(shipped(found.name[len(SHIPPED):]) if found.name.startswith(SHIPPED) else found.name)
    with open(path, "rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return None if packed or any(_is_missing(kind, found.folder) for kind in _tensors(graph)) else path


def _tensors(graph: Graph) -> Iterator[TensorType]:
    """Every tensor that is stored in a graph, in its bodies and in its functions."""
    yield from graph.weights.values()
    for inner in graph.functions.values():
        yield from _tensors(inner)
    for node in graph.nodes:
        for value in node.attrs.values():
            if isinstance(value, Graph):
                yield from _tensors(value)
            elif isinstance(value, TensorType):
                yield value


def _is_missing(kind: TensorType, folder: str) -> bool:
    """Whether a tensor is stored in a file that is not there, or ends before it."""
    place = kind.value.location if isinstance(kind.value, Literal) else None
    if place is None or place.file is None:
        return False
    path, _ = resolved(place.file, folder)
    return path is None or os.path.getsize(path) < place.offset + place.length
