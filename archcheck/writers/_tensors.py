"""Where the bytes of each tensor that is written come from: known, copied from where they lie, made up, or
left out."""
from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

from archcheck.dims import prod
from archcheck.dtypes import NAMES, storage
from archcheck.frontends import Source
from archcheck.frontends._elements import to_bytes
from archcheck.frontends._external import resolved
from archcheck.frontends._proto import schema
from archcheck.frontends._wire import encoded
from archcheck.graph import Deferred, Literal, Location, TensorType
from archcheck.writers._formulas import NotWritable
from archcheck.writers._numbers import PIECE, Span, made_up
from archcheck.writers._stream import pieces, pieces_of_file

RAW = "raw_data"
FIXED = (RAW, "float_data", "double_data")
"""The fields whose contents are the elements' bytes."""

ALIGNED = 4096
"""Where a tensor in a file of its own may begin: at a page, so that it can be mapped."""

_FIELDS = {"float_data": 4, "int32_data": 5, "string_data": 6, "int64_data": 7, RAW: 9, "double_data": 10,
           "uint64_data": 11}
_EXTERNAL, _BYTES = 1, 2


class Tensor(NamedTuple):
    """A ``TensorProto`` and the ``length`` bytes that come behind what it has: the contents of its
    ``field``."""

    proto: Any
    length: int = 0
    chunks: Callable[[], Iterator[bytes]] = partial(iter, ())
    field: str = RAW

    @property
    def head(self) -> bytes:
        """All of the message that stands before its contents."""
        message: bytes = self.proto.SerializeToString()
        if not self.length or self.field not in _FIELDS:
            return message
        return message + encoded(_FIELDS[self.field] << 3 | _BYTES) + encoded(self.length)

    @property
    def whole(self) -> Any:
        """The ``TensorProto`` with its contents."""
        return schema().TensorProto.FromString(b"".join((self.head, *self.chunks())))


class Outside:
    """A file with tensors that stands beside the model: its name, and its length so far."""

    def __init__(self, name: str) -> None:
        self.name, self.length = name, 0

    def reference(self, proto: Any, length: int) -> Tensor:
        """``proto`` with its ``length`` bytes at the end of this file."""
        offset = -(-self.length // ALIGNED) * ALIGNED
        proto.data_location = _EXTERNAL
        for key, value in (("location", self.name), ("offset", offset), ("length", length)):
            proto.external_data.add(key=key, value=str(value))
        self.length = offset + length
        return Tensor(proto)


class Tensors:
    """The tensors of one network. ``source`` is where it was read from, if anywhere; what it does not have is
    made up from ``seed``, or refers to ``outside``."""

    def __init__(self, source: Source | None, seed: int, outside: Outside | None) -> None:
        self.source, self.seed, self.outside = source, seed, outside
        self.copied = self.made = self.left_out = 0

    def tensor(self, name: str, kind: TensorType, span: Span) -> Tensor:
        """The tensor ``name``; elements that are made up lie in ``span``."""
        shape, dtype = kind.shape, kind.dtype
        if shape is None or dtype not in NAMES or dtype is None:
            raise NotWritable(f"the tensor {name!r} cannot be written: its type is not known")
        proto = schema().TensorProto(name=name, data_type=NAMES.index(dtype), dims=shape)
        value: Any = kind.value
        location = value.location if isinstance(value, Literal) else None
        count: int = prod(shape)  # type: ignore[assignment]  # formulas were refused before
        length = storage(dtype, count)
        if isinstance(value, Deferred) and length is not None:
            return Tensor(proto, length, partial(_worked_out, dtype, value))
        items = value.items if isinstance(value, Literal) else value
        if isinstance(items, tuple):
            return _known(proto, dtype, items)
        if self.outside and length is not None:
            self.left_out += 1
            return self.outside.reference(proto, length)
        stored = location and self._stored(location, length)
        if location and stored:
            self.copied += 1
            return Tensor(proto, location.length, stored, RAW if location.field in FIXED else location.field)
        if length is None:
            raise NotWritable(f"the tensor {name!r} cannot be written: its texts are not known")
        self.made += 1
        key = self.seed, zlib.crc32(name.encode("utf-8", "surrogatepass"))
        return Tensor(proto, length, partial(made_up, dtype, count, span, key))

    def _stored(self, location: Location, length: Any) -> Callable[[], Iterator[bytes]] | None:
        """The bytes at ``location``; None where they are not there."""
        begin, end = location.offset, location.offset + location.length
        if location.field == "sparse" or location.field in FIXED and location.length != length:
            return None
        if location.file is None:
            return partial(pieces, self.source.data, begin, end) if self.source else None
        folder = self.source.folder if self.source else None
        path = folder and resolved(location.file, folder)[0]
        return partial(pieces_of_file, path, begin, end) if path and os.path.getsize(path) >= end else None


def _worked_out(dtype: str, table: Deferred) -> Iterator[bytes]:
    elements = iter(table.elements())
    while piece := tuple(islice(elements, PIECE)):
        yield to_bytes(dtype, piece)


def _known(proto: Any, dtype: str, items: tuple[Any, ...]) -> Tensor:
    """A tensor whose elements are known."""
    if dtype == "string":
        proto.string_data.extend(str(item).encode("utf-8", "replace") for item in items)
    else:
        proto.raw_data = to_bytes(dtype, items)
    return Tensor(proto)
