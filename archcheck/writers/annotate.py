"""A copy of an ONNX file with the inferred type of every value written into it, its payloads streamed, never
loaded."""
from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

from archcheck.errors import UserError
from archcheck.frontends import LoadError, Source, spec
from archcheck.frontends._proto import schema
from archcheck.frontends._source import said
from archcheck.frontends._wire import Buffer, encoded, fields
from archcheck.graph import Graph, Literal, TensorType
from archcheck.report import Report
from archcheck.writers._stream import pieces, written
from archcheck.writers._types import value_info

GRAPH, VALUE_INFO = 7, 13  # fields of ModelProto and of GraphProto


class Annotated(NamedTuple):
    """What was written: how many values have a type now, how many are not known, and the files with weights
    that the copy needs beside it, but does not have there."""

    known: int
    unknown: int
    missing: tuple[str, ...]


def annotate(report: Report, source: Source, target: Path) -> Annotated:
    """Write to ``target`` the model in ``source`` with a ``value_info`` for every inner value whose dtype and
    rank are known, in place of those it had; gzipped if it is called ``….gz``. ``report`` is about the graph
    in ``source``. Raises `LoadError` for a specification."""
    if spec.is_spec(source.data, source.name):
        raise LoadError(f"{said(source.name)} is a specification, which has no value_info; name an ONNX file")
    inner = dict.fromkeys(name for node in report.graph.nodes for name in node.outputs if name)
    names = [name for name in inner if name not in report.graph.outputs]
    known = [info for name in names if (info := _known(name, report.types.get(name)))]
    with written(target) as stream:
        _rewritten(source.data, known, stream)
    folder = os.path.dirname(os.path.realpath(target))
    missing = [file for file in _files(report.graph) if not os.path.exists(os.path.join(folder, file))]
    return Annotated(len(known), len(names) - len(known), tuple(missing))


def _known(name: str, kind: TensorType | None) -> Any:
    """A ``ValueInfoProto``; None where there is too little to say."""
    if kind is None or kind.shape is None:
        return None
    info = value_info(name, kind)
    return info if info.HasField("type") else None


def _files(graph: Graph) -> list[str]:
    """The external files that hold weights of a graph, or of the graphs in it."""
    values = [*graph.weights.values(), *(value for node in graph.nodes for value in node.attrs.values())]
    found: dict[str, None] = {}
    for value in values:
        if isinstance(value, Graph):
            found.update(dict.fromkeys(_files(value)))
        elif isinstance(value, TensorType) and isinstance(value.value, Literal) and value.value.location:
            found[value.value.location.file or ""] = None
    return [file for file in found if file]


# ------------------------------------------------------------------------------------------------ bytes
def _rewritten(data: Buffer, known: list[Any], out: IO[bytes]) -> None:
    """Stream the model ``data`` to ``out`` with ``known`` in the value_info of its graph."""
    graphs = [found[1:] for found in fields(data, 0, len(data)) if found[0] == GRAPH]
    if len(graphs) != 1:
        raise UserError(f"the file stores its graph in {len(graphs)} pieces; save it with onnx.save first")
    start, body, end = graphs[0]
    annotations = schema().GraphProto(value_info=known).SerializeToString()
    kept = list(_without(data, body, end, {info.name for info in known}))
    length = sum(stop - begin for begin, stop in kept) + len(annotations)
    _copy(data, 0, start, out)
    out.write(encoded(GRAPH << 3 | 2) + encoded(length))
    for begin, stop in kept:
        _copy(data, begin, stop, out)
    out.write(annotations)
    _copy(data, end, len(data), out)


def _without(data: Buffer, body: int, end: int, names: set[str]) -> Iterator[tuple[int, int]]:
    """The ranges of a graph's bytes that hold anything but the value_info of ``names``."""
    begin = body
    for number, start, inner, after in fields(data, body, end):
        if number == VALUE_INFO and schema().ValueInfoProto.FromString(data[inner:after]).name in names:
            yield begin, start
            begin = after
    yield begin, end


def _copy(data: Buffer, begin: int, end: int, out: IO[bytes]) -> None:
    for piece in pieces(data, begin, end):
        out.write(piece)
