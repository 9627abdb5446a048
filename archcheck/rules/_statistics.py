"""What the elements of stored tensors of floating-point numbers are like, found in one pass over their bytes.

The passes work on the bits of a number without its sign: as integers they have the order of the magnitudes.
A pass is over pieces of `archcheck.rules._payloads.CHUNK` bytes, and each tensor is passed over once.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcheck.graph import TensorType
from archcheck.rules._case import Case
from archcheck.rules._payloads import Payloads

if TYPE_CHECKING:
    import numpy

    Array = numpy.ndarray[Any, Any]

STEP = 1 << 18
"""So many elements are looked at together."""


class Format(NamedTuple):
    """A format by its bits: an unsigned integer as wide, and as such integers, infinity, the least normal
    number (0: numbers below it cost nothing), the largest that float16 rounds to zero, 2⁻²⁵, and the least
    that it has no finite number for, 65,520 (both None: it has no more range than float16)."""

    unsigned: str
    infinity: int
    normal: int
    flushed: int | None
    over: int | None


FORMATS = {
    "float16": Format("u2", 0x7C00, 0, None, None),
    "bfloat16": Format("u2", 0x7F80, 0x0080, 0x3300, 0x4780),
    "float32": Format("u4", 0x7F800000, 0x00800000, 0x33000000, 0x477FF000),
    "float64": Format("u8", 0x7FF << 52, 1 << 52, (1023 - 25) << 52, 0x40EFFE0000000000),
}
"""float16 numbers below its least normal one are normal in float32, which most CPUs compute them in."""


class Values(NamedTuple):
    """How many elements a tensor has, and how many of them are no numbers, infinite, zero, denormal, not zero
    but zero as float16, and finite but infinite as float16."""

    size: int = 0
    nan: int = 0
    infinite: int = 0
    zero: int = 0
    denormal: int = 0
    flushed: int = 0
    over: int = 0

    @property
    def is_zero(self) -> bool:
        """Whether all elements are zero."""
        return 0 < self.size == self.zero

    @property
    def is_finite(self) -> bool:
        """Whether all elements are numbers."""
        return not self.nan and not self.infinite


class Statistics:
    """The `Values` of tensors, each found when it is first asked for."""

    def __init__(self, payloads: Payloads) -> None:
        self.payloads = payloads
        self._found: dict[int, tuple[object, Values | None]] = {}

    def of(self, kind: TensorType) -> Values | None:
        """The values of a tensor; None where its bytes cannot be had or hold no such numbers."""
        if kind.dtype not in FORMATS or kind.value is None:
            return None
        if id(kind.value) not in self._found:
            self._found[id(kind.value)] = kind.value, self._values(kind)
        return self._found[id(kind.value)][1]

    def _values(self, kind: TensorType) -> Values | None:
        view = self.payloads.view(kind)
        return None if view is None else values(view, FORMATS[kind.dtype or ""])

    def empty_slices(self, kind: TensorType, axis: int) -> int:
        """How many slices of a tensor along ``axis`` have only zeros."""
        found, view, shape = self.of(kind), self.payloads.view(kind), kind.shape or ()
        size: Any = shape[axis]
        if found is None or view is None or found.zero * size < found.size or not found.zero:
            return 0
        return _empty(view, kind, axis, FORMATS[kind.dtype or ""])


def statistics(case: Case) -> Statistics:
    """The statistics of a case's tensors, which all rules share."""
    return Statistics(case.payloads)


def values(view: memoryview, of: Format) -> Values:
    """The values of elements in row-major order."""
    import numpy
    every = numpy.frombuffer(view, of.unsigned)
    held = numpy.empty(min(STEP, every.size), of.unsigned)
    found = Values()
    for start in range(0, every.size, STEP):
        part = every[start:start + STEP]
        size = numpy.bitwise_and(part, _magnitude(of), out=held[:part.size])
        found = Values(*map(sum, zip(found, _piece(size, of))))
    return found


def _magnitude(of: Format) -> Any:
    """All bits but the sign's."""
    import numpy
    return numpy.dtype(of.unsigned).type((1 << int(of.unsigned[1]) * 8 - 1) - 1)


def _piece(size: Array, of: Format) -> Values:
    """The values of some elements, of which ``size`` is the magnitude's bits."""
    low, high = int(size.min()), int(size.max())
    nan = int((size > of.infinity).sum()) if high > of.infinity else 0
    infinite = int((size == of.infinity).sum()) if high >= of.infinity else 0
    zero = int((size == 0).sum()) if low == 0 else 0
    denormal = int((size < of.normal).sum()) - zero if low < of.normal else 0
    flushed = int((size <= of.flushed).sum()) - zero if of.flushed is not None and low <= of.flushed else 0
    over = int((size >= of.over).sum()) - nan - infinite if of.over is not None and high >= of.over else 0
    return Values(size.size, nan, infinite, zero, denormal, flushed, over)


def _empty(view: memoryview, kind: TensorType, axis: int, of: Format) -> int:
    """How many slices along ``axis`` hold only zeros."""
    import numpy
    shape: tuple[Any, ...] = kind.shape or ()
    rows, size = int(numpy.prod(shape[:axis], dtype=int)), shape[axis]
    grid = numpy.frombuffer(view, of.unsigned).reshape(rows, size, -1)
    used = numpy.zeros(size, bool)
    step = max(1, STEP // grid.shape[2])
    for row in grid:
        for start in range(0, size, step):
            part = row[start:start + step] & _magnitude(of)
            used[start:start + step] |= part.any(axis=1)
    return int(size - used.sum())
