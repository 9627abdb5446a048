"""Made-up elements of every type, the same for the same key on every machine and with every version of
numpy."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from archcheck.dtypes import BITS
from archcheck.frontends._elements import codes_of

if TYPE_CHECKING:
    import numpy

PIECE = 1 << 20
"""So many elements are made at once: a multiple of 8, so that each piece ends at a byte."""

_NO_NUMBERS = "nan", "inf", "-inf"
_WHOLE = ("int", "uint", "bool")
_PARTS = {"complex64": "float32", "complex128": "float64"}


class Span(NamedTuple):
    """What made-up elements lie between: numbers from ``low`` to ``high``, whole ones with both included."""

    low: float
    high: float


ZERO = Span(0, 0)


def made_up(dtype: str, count: int, span: Span, key: Sequence[int]) -> Iterator[bytes]:
    """The bytes of ``count`` elements of ``dtype``, evenly spread over ``span``; ``key`` decides which."""
    import numpy
    source = numpy.random.PCG64(numpy.random.SeedSequence(tuple(key)))
    if dtype in _PARTS:
        dtype, count = _PARTS[dtype], 2 * count
    for begin in range(0, count, PIECE):
        size = min(PIECE, count - begin)
        words = source.random_raw((size + 1) // 2).astype("<u8").view("<u4")[:size]
        yield _elements(dtype, words, span).tobytes()


def _elements(dtype: str, words: numpy.ndarray[Any, Any], span: Span) -> numpy.ndarray[Any, Any]:
    """An element for each of ``words``, which are evenly spread over 32 bits."""
    low, high = span
    if BITS[dtype] < 8 or BITS[dtype] == 8 and not dtype.startswith(_WHOLE):
        return _packed(dtype, words, span)
    if dtype.startswith(_WHOLE):
        whole = _below(words, int(high - low) + 1).astype("<i8") + int(low)
        return whole.astype(_stored(dtype))
    numbers = ((words >> 8).astype("<f4") * ((high - low) * 2.0 ** -24) + low).astype("<f4")
    if dtype == "bfloat16":
        numbers = numbers.view("<u4") >> 16
    return numbers.astype(_stored(dtype))


def _stored(dtype: str) -> str:
    """numpy's name of the type that has the elements' bytes."""
    kind = "u" if dtype.startswith(("uint", "bfloat", "bool")) else dtype[0]
    return f"<{kind}{BITS[dtype] // 8}"


def _below(words: numpy.ndarray[Any, Any], limit: int) -> numpy.ndarray[Any, Any]:
    """Whole numbers from 0 up to ``limit``, which is not among them."""
    import numpy
    numbers: numpy.ndarray[Any, Any] = words.astype("<u8") * numpy.uint64(limit) >> numpy.uint64(32)
    return numbers


def _packed(dtype: str, words: numpy.ndarray[Any, Any], span: Span) -> numpy.ndarray[Any, Any]:
    """Codes of at most a byte, packed without gaps from the low bits up."""
    import numpy
    inside = numpy.array(_codes_within(dtype, span), "u1")
    codes = inside[_below(words, len(inside))]
    bits = numpy.unpackbits(codes[:, None], axis=1, bitorder="little")[:, :BITS[dtype]]
    return numpy.packbits(bits.reshape(-1), bitorder="little")


def _codes_within(dtype: str, span: Span) -> list[int]:
    """The codes of the elements in ``span``, or of the nearest to its middle where none is."""
    meanings = {code: float(text) for text, code in codes_of(dtype).items() if text not in _NO_NUMBERS}
    middle = (span.low + span.high) / 2
    nearest = min(meanings, key=lambda code: abs(meanings[code] - middle))
    return [code for code, number in meanings.items() if span.low <= number <= span.high] or [nearest]
