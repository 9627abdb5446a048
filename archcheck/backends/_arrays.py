"""Between numpy's arrays and the runtime's values, for every element type; and what their elements are
like."""
from __future__ import annotations

import ctypes
import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from archcheck.backends.ort import Measured, Statistics
from archcheck.dtypes import BITS, NAMES
from archcheck.errors import UserError
from archcheck.frontends._elements import _meanings, codes_of

if TYPE_CHECKING:
    import numpy

    Array = numpy.ndarray[Any, Any]

ODD = frozenset(name for name in BITS if name == "bfloat16" or BITS[name] < 8
                or name.startswith("float8"))
"""Types that numpy has none for: their elements are handed over by their bytes."""

PIECE = 1 << 20
"""So many elements are looked at at once."""

_RUNTIMES = {"float": "float32", "double": "float64"}
_WRAPPERS = {"seq": "seq", "optional": "opt", "sparse_tensor": "sparse"}


def dtype_of(said: str) -> str:
    """The dtype in the runtime's words: ``float32`` for ``tensor(float)``, ``seq(int64)`` for
    ``seq(tensor(int64))``."""
    outer, _, inner = said.partition("(")
    inner = inner.removesuffix(")")
    if outer == "tensor":
        return _RUNTIMES.get(inner, inner)
    if outer == "map":
        key, _, value = inner.partition(",")
        return f"map({key},{dtype_of(value)})"
    return f"{_WRAPPERS.get(outer, outer)}({dtype_of(inner) if '(' in inner else inner})"


# ------------------------------------------------------------------------------------------------ elements
def decoded(codes: Array, dtype: str, count: int) -> Array:
    """The ``count`` elements of an odd type, from their bytes, as ``float32`` or ``int8``."""
    import numpy
    if dtype == "bfloat16":
        numbers: Array = (codes.view("<u2").astype("<u4") << 16).view("<f4")
        return numbers
    bits = BITS[dtype]
    if bits < 8:
        places = numpy.arange(0, 8, bits, dtype=numpy.uint8)
        codes = (codes[:, None] >> places & (1 << bits) - 1).reshape(-1)[:count]
    return numpy.array(_meanings(dtype), _carrier(dtype))[codes]


def encoded(array: Array, dtype: str) -> Array:
    """The bytes of numbers as elements of an odd type: the nearest that it has, not packed."""
    import numpy
    if dtype == "bfloat16":
        words = array.astype("<f4").view("<u4").astype("<u8")
        halves: Array = (words + 0x7FFF + (words >> 16 & 1) >> 16).astype("<u2")
        return halves
    known = {float(text): code for text, code in codes_of(dtype).items()}
    numbers = numpy.array(sorted(filter(math.isfinite, known)))
    middles = (numbers[1:] + numbers[:-1]) / 2
    codes: Array = numpy.array([known[number] for number in numbers], numpy.uint8)
    return codes[numpy.searchsorted(middles, array)]


def _carrier(dtype: str) -> str:
    return "int8" if "int" in dtype else "float32"


# ------------------------------------------------------------------------------------------------ to and fro
def to_runtime(value: Any, dtype: str) -> Any:
    """An array, or a list of them, as an input of ``dtype`` takes it."""
    import numpy
    if isinstance(value, (list, tuple)):
        return [numpy.asarray(entry) for entry in value]
    inner = dtype.removeprefix("opt(").removesuffix(")") if dtype.startswith("opt(") else dtype
    if inner not in ODD:
        return numpy.asarray(value)
    if BITS[inner] < 8:
        raise UserError(f"ONNX Runtime's Python interface takes no inputs of {inner}; give the model an "
                        "input of a wider type, with a Cast behind it")
    import onnxruntime
    codes = numpy.ascontiguousarray(encoded(numpy.asarray(value), inner))
    return onnxruntime.OrtValue.ortvalue_from_numpy_with_onnx_type(codes, NAMES.index(inner))


def handle(value: Any) -> Any:
    """What `to_runtime` made as an ``OrtValue``."""
    import onnxruntime
    if isinstance(value, list):
        raise UserError("a model that takes a sequence has an output of a type that numpy has none for; ONNX "
                        "Runtime's Python interface has no way to run it")
    known = isinstance(value, onnxruntime.OrtValue)
    return value if known else onnxruntime.OrtValue.ortvalue_from_numpy(value)


def from_handle(value: Any, dtype: str) -> Array:
    """The elements of an ``OrtValue`` of an odd type."""
    import numpy
    shape = value.shape()
    count = math.prod(shape)
    length = -(-count * BITS[dtype] // 8)
    codes = numpy.frombuffer(ctypes.string_at(value.data_ptr(), length) if length else b"", numpy.uint8)
    elements: Array = decoded(codes, dtype, count).reshape(shape)
    return elements


# ------------------------------------------------------------------------------------------------ statistics
def measured(name: str, dtype: str, value: Any, *, keep: bool, statistics: bool) -> Measured:
    """What is to be said of a value that came out."""
    import numpy
    parts = _parts(value)
    inner = dtype.partition("(")[2].removesuffix(")")
    if inner in ODD and not isinstance(value, list) and value is not None:
        value = parts[0]
    shapes = [part.shape for part in parts]
    shape = None if value is None else shapes[0] if isinstance(value, numpy.ndarray) else shapes
    kept = None if not keep else value
    return Measured(name, dtype, shape, statistics_of(parts) if statistics and parts else None, kept)


def _parts(value: Any) -> list[Array]:
    """The arrays that a value is made of; those of maps are left out."""
    import numpy
    if isinstance(value, numpy.ndarray):
        return [value]
    return [part for part in value if isinstance(part, numpy.ndarray)] if isinstance(value, list) else []


def statistics_of(parts: Sequence[Array]) -> Statistics:
    """The statistics of all elements of ``parts`` together."""
    count = sum(part.size for part in parts)
    if any(part.dtype.kind not in "biuf" for part in parts):
        return Statistics(count, None, None, None, None, 0, 0, 0)
    return _merged(count, (_piece(piece) for part in parts for piece in _pieces(part)))


def _pieces(part: Array) -> Iterable[Array]:
    flat = part.reshape(-1)
    return (flat[at:at + PIECE] for at in range(0, flat.size, PIECE))


Moments = tuple[int, float, float, float, float, int, int, int]


def _piece(piece: Array) -> Moments:
    """The number of finite elements, their least, most, mean and squared deviation; NaNs, infinities and
    zeros."""
    import numpy
    numbers = piece.astype(numpy.float64)
    nan, zeros = int(numpy.isnan(numbers).sum()), int((numbers == 0).sum())
    finite = numbers[numpy.isfinite(numbers)]
    infinite = numbers.size - nan - finite.size
    if not finite.size:
        return 0, math.inf, -math.inf, 0.0, 0.0, nan, infinite, zeros
    with numpy.errstate(over="ignore"):
        mean = float(finite.mean())
        spread = float(numpy.square(finite - mean).sum())
    return finite.size, float(finite.min()), float(finite.max()), mean, spread, nan, infinite, zeros


def _merged(count: int, pieces: Iterable[Moments]) -> Statistics:
    """The statistics of pieces, their moments merged as Chan, Golub and LeVeque (1983) do it."""
    size, least, most, mean, spread, nan, infinite, zeros = 0, math.inf, -math.inf, 0.0, 0.0, 0, 0, 0
    for more, low, high, middle, wide, n, i, z in pieces:
        if more:
            step, total = middle - mean, size + more
            spread += wide + step * step * size * more / total
            mean += step * more / total
            size, least, most = total, min(least, low), max(most, high)
        nan, infinite, zeros = nan + n, infinite + i, zeros + z
    moments = (least, most, mean, math.sqrt(spread / size)) if size else (math.nan,) * 4
    a, b, c, d = (number if math.isfinite(number) else None for number in moments)  # float64 overflows
    return Statistics(count, a, b, c, d, nan, infinite, zeros)
