"""Reading networks: one module a format, each from bytes to a `Graph`."""
from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from archcheck.collector import collector_held
from archcheck.frontends._source import LoadError, Source, find, said, unpacked
from archcheck.frontends._wire import WireError

if TYPE_CHECKING:
    from archcheck.graph import Graph

__all__ = ["LoadError", "load"]

_SPECS = (".yaml", ".yml")


@collector_held
def load(source: str | os.PathLike[str] | bytes | Any) -> Graph:
    """The network in ``source``: the path of an ONNX file, gzipped or not; ``-`` for standard input;
    ``onnx:NAME`` for a network that ships with onnx; the bytes of a file; or an ``onnx.ModelProto``. Large
    tensors are not read. Raises `LoadError`."""
    try:
        return _read(_found(source)) if isinstance(source, (str, bytes, os.PathLike)) else _converted(source)
    except (MemoryError, RecursionError):
        raise LoadError(f"{_name(source)} is too large or nests too deep to be read; simplify it") from None


def _found(source: str | bytes | os.PathLike[str]) -> Source:
    if isinstance(source, bytes):
        return Source(unpacked(source, ""), "", None)
    path = os.fspath(source)
    if path.endswith(_SPECS):
        raise LoadError(f"{path} is written in YAML, which this version does not read; name an ONNX file")
    return find(path)


def _read(source: Source) -> Graph:
    from archcheck.frontends.onnx import read
    try:
        return read(*source)
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
        return from_proto(proto)
    except WireError:
        raise LoadError("the ModelProto holds no graph; give it one") from None


def _name(source: object) -> str:
    return str(source)[:200] if isinstance(source, (str, os.PathLike)) else "the model"
