"""From a ``TensorProto`` to a `TensorType`: small elements decoded when they are asked for, large ones
located."""
from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

from archcheck.dtypes import dtype_name, storage
from archcheck.frontends._elements import from_bytes, from_numbers, numbers_stored
from archcheck.frontends._external import External
from archcheck.frontends._types import MAX_RANK
from archcheck.frontends._wire import LIMIT
from archcheck.graph import Irregularity, Literal, Location, TensorType

_EXTERNAL = 1
_FIXED_WIDTH = ("raw_data", "float_data", "double_data")
_FIELDS = {
    **dict.fromkeys(("float32", "complex64"), "float_data"),
    **dict.fromkeys(("float64", "complex128"), "double_data"),
    **dict.fromkeys(("uint32", "uint64"), "uint64_data"),
    "int64": "int64_data",
    "string": "string_data",
}


class Tensors:
    """Reads the tensors of one file. ``cut`` are the payloads its bytes were skimmed of, None if they were
    not."""

    def __init__(self, cut: Mapping[tuple[int, int], str] | None, external: External) -> None:
        self.cut, self.external = cut, external
        self._irregularities: list[Irregularity] = []

    @property
    def irregularities(self) -> tuple[Irregularity, ...]:
        """What is wrong with the tensors read so far, and with the files that hold them."""
        return (*self._irregularities, *self.external.irregularities)

    def read(self, proto: Any) -> TensorType:
        """The type of a tensor. Its elements are those of a `Literal`, which holds none where they are not
        known."""
        dtype, shape = dtype_name(proto.data_type), tuple(proto.dims[:])
        if shape and min(shape) < 0 or len(shape) > MAX_RANK:
            self._irregular(proto, f"has the sizes {list(shape[:MAX_RANK])}")
            return TensorType(dtype, None, Literal(None))
        return TensorType(dtype, shape, self._literal(proto, dtype, math.prod(shape)))

    def read_sparse(self, proto: Any) -> TensorType:
        """The type of a sparse tensor: its dense shape, and where the elements that are not zero lie."""
        values = self.read(proto.values)
        location = values.value.location if isinstance(values.value, Literal) else None
        shape = tuple(proto.dims[:])
        possible = min(shape, default=0) >= 0 and len(shape) <= MAX_RANK
        literal = Literal(None, location and location._replace(field="sparse"))
        return TensorType(values.dtype, shape if possible else None, literal)

    def _literal(self, proto: Any, dtype: str | None, count: int) -> Literal:
        if self.cut and proto.HasField("segment"):
            begin, end = proto.segment.begin, proto.segment.end
            if field := self.cut.get((begin, end)):
                return self._located(proto, dtype, count, field,
                                     Location(None, begin, end - begin, field))
        if dtype is None:
            return Literal(None)
        if proto.data_location == _EXTERNAL:
            return self.external.literal(proto, dtype, count)
        return self._inline(proto, dtype, count)

    def _located(self, proto: Any, dtype: str | None, count: int, field: str, location: Location) -> Literal:
        size = storage(dtype, count) if dtype else None
        if size is not None and size != location.length and field in _FIXED_WIDTH:
            self._mismatch(proto, f"{location.length:,} bytes", size)
        return Literal(None, location)

    def _inline(self, proto: Any, dtype: str, count: int) -> Literal:
        size = storage(dtype, count)
        if self.cut is None and (count if size is None else size) > LIMIT:
            return Literal(None)
        raw = proto.raw_data
        if raw and size is not None:
            if len(raw) != size:
                return self._mismatch(proto, f"{len(raw):,} bytes", size)
            return Literal(partial(from_bytes, dtype, raw, count))
        numbers, wanted = getattr(proto, _FIELDS.get(dtype, "int32_data"))[:], numbers_stored(dtype, count)
        if len(numbers) != wanted:
            return self._mismatch(proto, f"{len(numbers):,} entries", wanted)
        return Literal(partial(from_numbers, dtype, numbers, count))

    def _mismatch(self, proto: Any, found: str, wanted: int) -> Literal:
        sizes, dtype = " × ".join(map(str, proto.dims)) or "1", dtype_name(proto.data_type)
        self._irregular(proto, f"stores {found}, but its {sizes} elements of {dtype} take {wanted:,}")
        return Literal(None)

    def _irregular(self, proto: Any, message: str) -> None:
        name = proto.name[:100]
        self._irregularities.append(Irregularity("tensor-size", name, f"the tensor {name!r} {message[:300]}"))
