"""Element types: their names, their numbers in the ONNX format, and how many bits one element takes."""
from __future__ import annotations

from typing import TypeVar

from archcheck.dims import Size, ceildiv

Count = TypeVar("Count", bound=Size)

NAMES: tuple[str | None, ...] = (
    None, "float32", "uint8", "int8", "uint16", "int16", "int32", "int64", "string", "bool", "float16",
    "float64", "uint32", "uint64", "complex64", "complex128", "bfloat16", "float8e4m3fn", "float8e4m3fnuz",
    "float8e5m2", "float8e5m2fnuz", "uint4", "int4", "float4e2m1", "float8e8m0", "uint2", "int2",
    "float6e2m3", "float6e3m2")
"""The names in the order of ``TensorProto.DataType``: ``NAMES[1]`` is ``float32``; None is not set."""

_WIDTHS = {
    2: ("uint2", "int2"),
    4: ("uint4", "int4", "float4e2m1"),
    6: ("float6e2m3", "float6e3m2"),
    8: ("uint8", "int8", "bool", "float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz",
        "float8e8m0"),
    16: ("uint16", "int16", "float16", "bfloat16"),
    32: ("float32", "int32", "uint32"),
    64: ("float64", "int64", "uint64", "complex64"),
    128: ("complex128",),
}

BITS: dict[str, int] = {name: bits for bits, names in _WIDTHS.items() for name in names}
"""Bits of one stored element. ``string`` is not in it: its elements have no fixed size."""


def dtype_name(code: int) -> str | None:
    """The name of an ONNX ``DataType``; None for one that is not set or not known."""
    return NAMES[code] if 0 <= code < len(NAMES) else None


def storage(dtype: str, count: Count) -> Count | None:
    """Bytes that ``count`` elements take when packed without gaps; None for strings."""
    return ceildiv(count * BITS[dtype], 8) if dtype in BITS else None  # type: ignore[return-value]
