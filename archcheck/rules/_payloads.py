"""The stored bytes of a network's tensors, mapped when they are first asked for, and never copied as a whole.

A rule about values asks ``case.payloads``: `Payloads.view` for the bytes, `Payloads.chunks` and
`Payloads.arrays` for pieces of them, `Payloads.digest` for what tells equal tensors. Bytes that are not there
(a graph without its weights), that are too few, or that lie at a URL or outside the model's folder, are None:
a rule says nothing of them.
"""
from __future__ import annotations

import hashlib
import mmap
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, Union

from archcheck.dims import prod
from archcheck.dtypes import BITS, storage
from archcheck.frontends import LoadError, Source, bytes_of, is_url
from archcheck.frontends._elements import to_bytes
from archcheck.frontends._external import resolved
from archcheck.graph import Graph, Literal, TensorType

if TYPE_CHECKING:
    import numpy

    from archcheck.infer import Walk

    Array = numpy.ndarray[Any, Any]

CHUNK = 1 << 20
"""Bytes in a piece, a multiple of every element's size."""

SMALL = 64 << 20
"""Rules about weights run unasked where all payloads together have so many bytes at most."""

_AS_RAW = {"raw_data": frozenset(BITS), "float_data": frozenset(("float32", "complex64")),
           "double_data": frozenset(("float64", "complex128"))}
"""The fields of a tensor message that hold elements of these types as ``raw_data`` does."""

_NUMPY = {name: name for name in BITS if name.startswith(("float", "int", "uint", "bool")) and BITS[name] >= 8
          and not name.startswith("float8")}
Mapped = Union[bytes, mmap.mmap]


class Payloads:
    """The payloads of ``graph`` and its bodies, wherever they are stored: in its file and those beside it,
    or in ``source``, where that is another place."""

    def __init__(self, graph: Graph, source: Source | None = None) -> None:
        self.graph, self._given = graph, source
        self._files: dict[str | None, Mapped] = {}

    def view(self, kind: TensorType) -> memoryview | None:
        """The elements of a tensor as ONNX's ``raw_data`` has them: in row-major order, little-endian,
        packed. None where they cannot be had."""
        size = _size(kind)
        if size is None or kind.value is None:
            return None
        items = kind.value if isinstance(kind.value, tuple) else kind.value.items
        if items is not None:
            return _encoded(kind.dtype or "", items)
        location = kind.value.location if isinstance(kind.value, Literal) else None
        if location is None or kind.dtype not in _AS_RAW.get(location.field, ()) or location.length != size:
            return None
        data = self._file(location.file)
        end = location.offset + location.length
        return memoryview(data)[location.offset:end] if end <= len(data) else None

    def chunks(self, kind: TensorType) -> Iterator[memoryview]:
        """The bytes of `view` in pieces of at most `CHUNK`; nothing where they cannot be had."""
        view = self.view(kind)
        for start in range(0, len(view or b""), CHUNK):
            yield view[start:start + CHUNK]  # type: ignore[index]

    def arrays(self, kind: TensorType) -> Iterator[Array]:
        """The elements in pieces of one axis, at most `CHUNK` bytes each, as numpy's numbers of the same
        type, those of ``bfloat16`` as ``float32``. Nothing where they cannot be had, or are no such
        numbers."""
        if kind.dtype == "bfloat16":
            yield from map(_widened, self.chunks(kind))
        elif kind.dtype in _NUMPY:
            import numpy
            for chunk in self.chunks(kind):
                yield numpy.frombuffer(chunk, _NUMPY[kind.dtype])

    def digest(self, kind: TensorType) -> bytes | None:
        """The same for tensors of the same bytes, and for no others; None where they cannot be had."""
        if self.view(kind) is None:
            return None
        digest = hashlib.sha256()
        for chunk in self.chunks(kind):
            digest.update(chunk)
        return digest.digest()

    @cached_property
    def _source(self) -> Source | None:
        """Where the model's own bytes are, None where they cannot be had again."""
        if self._given is not None:
            return self._given
        if self.graph.data is not None:
            return Source(self.graph.data, "", None)
        try:
            name = self.graph.source
            found = bytes_of(name) if name and not is_url(name) else None
        except LoadError:
            return None
        return found if found and len(found.data) == self.graph.file_size else None

    def _file(self, name: str | None) -> Mapped:
        """The bytes of the model's file or of one beside it; none where it is not there, is outside the
        model's folder, or is another one than was read."""
        if name not in self._files:
            self._files[name] = self._opened(name)
        return self._files[name]

    def _opened(self, name: str | None) -> Mapped:
        source = self._source
        if source is None or name is None:
            return source.data if source else b""
        return b"" if source.folder is None else _mapped(name, source.folder)


def stored_bytes(walk: Walk) -> int:
    """How many bytes all weights of a network take that are only located, those in bodies too; each place
    counted once."""
    graphs = {id(each.graph): each.graph for each in walk.and_inner()}
    places = {kind.value.location for graph in graphs.values() for kind in graph.weights.values()
              if isinstance(kind.value, Literal)}
    return sum(place.length for place in places if place)


def _size(kind: TensorType) -> int | None:
    """The bytes of a tensor whose sizes are numbers."""
    if kind.shape is None or kind.dtype is None:
        return None
    count = prod(kind.shape)
    return storage(kind.dtype, count) if isinstance(count, int) else None


def _encoded(dtype: str, items: tuple[Any, ...]) -> memoryview | None:
    if dtype not in BITS or not all(isinstance(item, (int, float, complex)) for item in items):
        return None
    return memoryview(to_bytes(dtype, items))


def _mapped(name: str, folder: str) -> Mapped:
    path, _ = resolved(name, folder)
    if path is None:
        return b""
    try:
        with open(path, "rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):
        return b""


def _widened(chunk: memoryview) -> Array:
    """``bfloat16`` as ``float32``: the upper half of its bits."""
    import numpy
    return (numpy.frombuffer(chunk, "uint16").astype("uint32") << 16).view("float32")
