"""Decoding the elements of small stored tensors into Python values, for every element type of ONNX.

Numbers come out exact: a float32 is the Python float of the same value. Bytes are little-endian and packed
without gaps, elements smaller than a byte from the low bits up, as the ONNX format has it.
"""
from __future__ import annotations

import math
import struct
from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

from archcheck.dtypes import BITS

Elements = tuple[Any, ...]

_STRUCT = {"float16": "e", "float32": "f", "float64": "d", "int8": "b", "uint8": "B", "int16": "h",
           "uint16": "H", "int32": "i", "uint32": "I", "int64": "q", "uint64": "Q", "bool": "?"}
_PARTS = {"complex64": "float32", "complex128": "float64"}
_AS_STORED = ("float32", "float64", "int32", "int64", "uint64")


class _Float(NamedTuple):
    """A float format of at most a byte: bits of exponent and mantissa, exponent bias, and which codes are
    special: ``ieee`` infinities and NaNs, ``fn`` all ones is NaN, ``fnuz`` minus zero is NaN, or none."""

    exponent: int
    mantissa: int
    bias: int
    special: str = ""


_FLOATS = {
    "float8e4m3fn": _Float(4, 3, 7, "fn"), "float8e4m3fnuz": _Float(4, 3, 8, "fnuz"),
    "float8e5m2": _Float(5, 2, 15, "ieee"), "float8e5m2fnuz": _Float(5, 2, 16, "fnuz"),
    "float6e2m3": _Float(2, 3, 1), "float6e3m2": _Float(3, 2, 3), "float4e2m1": _Float(2, 1, 1),
}


def from_bytes(dtype: str, data: bytes, count: int) -> Elements:
    """The ``count`` elements of ``dtype`` stored in ``data``, which has just the bytes that they take."""
    if dtype in _STRUCT:
        return struct.unpack(f"<{count}{_STRUCT[dtype]}", data)
    if dtype in _PARTS:
        return _paired(from_bytes(_PARTS[dtype], data, 2 * count))
    if dtype == "bfloat16":
        return from_bytes("float32", b"".join(b"\0\0" + data[k:k + 2] for k in range(0, 2 * count, 2)), count)
    meanings = _meanings(dtype)
    return tuple(meanings[code] for code in _codes(data, BITS[dtype]))[:count]


def from_numbers(dtype: str, numbers: Iterable[Any], count: int) -> Elements:
    """The elements of ``dtype`` stored in a typed field of a tensor: as such, as their bits, or as UTF-8."""
    if dtype == "string":
        return tuple(text.decode("utf-8", "replace") for text in numbers)
    if dtype in _AS_STORED:
        return tuple(numbers)
    if dtype in _PARTS:
        return _paired(tuple(numbers))
    if BITS[dtype] == 6:
        return tuple(_meanings(dtype)[number & 63] for number in numbers)
    width = max(BITS[dtype] // 8, 1)
    mask = (1 << 8 * width) - 1
    return from_bytes(dtype, b"".join((number & mask).to_bytes(width, "little") for number in numbers), count)


def to_bytes(dtype: str, elements: Elements) -> bytes:
    """``elements`` of ``dtype``, which is not ``string``, as `from_bytes` reads them."""
    if dtype in _STRUCT:
        return struct.pack(f"<{len(elements)}{_STRUCT[dtype]}", *elements)
    if dtype in _PARTS:
        parts = tuple(part for number in elements for part in (number.real, number.imag))
        return to_bytes(_PARTS[dtype], parts)
    if dtype == "bfloat16":
        return b"".join(struct.pack("<f", element)[2:] for element in elements)
    codes, bits = codes_of(dtype), BITS[dtype]
    packed = sum(codes[repr(element)] << bits * place for place, element in enumerate(elements))
    return packed.to_bytes(-(-bits * len(elements) // 8), "little")


@cache
def codes_of(dtype: str) -> dict[str, int]:
    """The code of each element of a type of at most a byte, by the element's text: -0.0 is not 0.0."""
    return {repr(meaning): code for code, meaning in enumerate(_meanings(dtype))}


def numbers_stored(dtype: str, count: int) -> int:
    """How many entries of a typed field ``count`` elements of ``dtype`` take."""
    if dtype in _PARTS:
        return 2 * count
    return -(-count * BITS[dtype] // 8) if dtype in BITS and BITS[dtype] < 6 else count


def _paired(parts: Elements) -> Elements:
    return tuple(map(complex, parts[::2], parts[1::2]))


def _codes(data: bytes, bits: int) -> Iterable[int]:
    """The codes of ``bits`` bits (at most 8) packed in ``data``, those of the padding at its end included."""
    if bits == 8:
        return data
    group = 3 if bits == 6 else 1
    words = (int.from_bytes(data[k:k + group], "little") for k in range(0, len(data), group))
    return (word >> shift & (1 << bits) - 1 for word in words for shift in range(0, 8 * group, bits))


@cache
def _meanings(dtype: str) -> Elements:
    """What each code of an element type of at most a byte stands for."""
    codes = range(1 << BITS[dtype])
    if dtype in _FLOATS:
        return tuple(_float(code, _FLOATS[dtype]) for code in codes)
    if dtype == "float8e8m0":
        return (*(math.ldexp(1.0, code - 127) for code in codes[:-1]), math.nan)
    signed = dtype.startswith("int")
    return tuple(code - len(codes) if signed and code >= len(codes) // 2 else code for code in codes)


def _float(code: int, form: _Float) -> float:
    sign, rest = divmod(code, 1 << form.exponent + form.mantissa)
    exponent, mantissa = divmod(rest, 1 << form.mantissa)
    if form.special == "fn" and rest == (1 << form.exponent + form.mantissa) - 1:
        return math.nan
    if form.special == "fnuz" and sign and not rest:
        return math.nan
    if form.special == "ieee" and exponent == (1 << form.exponent) - 1:
        return math.nan if mantissa else -math.inf if sign else math.inf
    whole = mantissa + (1 << form.mantissa if exponent else 0)
    return math.copysign(math.ldexp(whole, max(exponent, 1) - form.bias - form.mantissa), -sign or 1)
