"""Reading networks: one module a format, each from bytes to a `Graph`."""
from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from archcheck.collector import collector_held
from archcheck.frontends._source import LoadError, Source, find, said, unpacked
from archcheck.frontends._wire import WireError
from archcheck.frontends._zoo import PREFIX, path_of

if TYPE_CHECKING:
    from archcheck.graph import Graph

__all__ = ["LoadError", "Source", "bytes_of", "graph_in", "is_url", "load"]


def load(source: str | os.PathLike[str] | bytes | Any) -> Graph:
    """The network in ``source``: the path of an ONNX file, gzipped or not, or of a specification; ``-`` for
    standard input; ``specs:NAME`` for a specification that ships with archcheck; ``onnx:NAME`` for a network
    that ships with onnx; a URL of fsspec, ``s3://…``; the bytes of a file; or an ``onnx.ModelProto``. Large
    tensors are not read. Raises `LoadError`."""
    if isinstance(source, (str, bytes, os.PathLike)):
        return graph_in(bytes_of(source, ranges=True))
    return _converted(source)


def is_url(name: str) -> bool:
    """Whether ``name`` is a URL and no path."""
    return "://" in name


def bytes_of(source: str | bytes | os.PathLike[str], ranges: bool = False) -> Source:
    """Where the bytes of ``source`` are, which is what `load` takes. What is at a URL is fetched as a whole,
    or with ``ranges`` where it is looked at, which is enough for `graph_in`. Raises `LoadError`."""
    if isinstance(source, bytes):
        return Source(unpacked(source, ""), "", None)
    path = os.fspath(source)
    if path.startswith(PREFIX):
        return find(path_of(path[len(PREFIX):]))._replace(name=path)
    if is_url(path):
        from archcheck.frontends import _zip
        if _zip.is_zip(path):
            return _zip.fetch(path)
        from archcheck.frontends._remote import fetch
        return fetch(path, ranges)
    return find(path)


@collector_held
def graph_in(source: Source) -> Graph:
    """The network in the bytes of a file: an ONNX model, or a specification. Raises `LoadError`."""
    from archcheck.frontends import spec
    try:
        if spec.is_spec(source.data, source.name):
            return spec.read(source.data, source.name)
        from archcheck.frontends.onnx import read
        graph = read(*source)
        return graph if source.name not in ("", "-") else replace(graph, data=source.data)
    except (MemoryError, RecursionError):
        name = said(source.name)
        raise LoadError(f"{name} is too large or nests too deep to be read; simplify it") from None
    except WireError as error:
        from archcheck.frontends._sniff import not_onnx
        why = not_onnx(source.data) or f"{error}; export or download it again"
        raise LoadError(f"{said(source.name)} is not an ONNX file: {why}") from None


def _converted(proto: Any) -> Graph:
    from archcheck.frontends.onnx import from_proto
    if getattr(getattr(proto, "DESCRIPTOR", None), "full_name", None) != "onnx.ModelProto":
        kind = type(proto).__name__
        raise LoadError(f"a network cannot be read from a {kind}; give a path, bytes or a ModelProto")
    try:
        return collector_held(from_proto)(proto)
    except WireError:
        raise LoadError("the ModelProto holds no graph; give it one") from None
    except (MemoryError, RecursionError):
        raise LoadError("the ModelProto is too large or nests too deep to be read; simplify it") from None
