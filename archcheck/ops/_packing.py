"""Row-major packing: what Reshape does to sizes, and how the new axes read the old ones."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from archcheck.dims import Size, is_known, prod, same
from archcheck.graph import Element, Shape
from archcheck.ops._op import ALL, Along, Packed, Reader, ShapeError, assume, equal


def matched(source: Shape, target: list[Size]) -> list[Size]:
    """``target``, which must have as many elements as ``source``; the one size of it that is not known is
    worked out."""
    above, below = _without_common(source, target)
    if not above and not below:
        return target
    total, wanted = prod(above), prod(below)
    if same(total, wanted) is None:
        unknown = [axis for axis, size in enumerate(target) if not is_known(size)]
        if len(unknown) == 1 and is_known(total):
            return completed(source, target, unknown[0])
    equal(total, wanted, "{} elements cannot be reshaped to {}", prod(source), written(target))
    return target


def completed(source: Shape, target: Sequence[Size], axis: int) -> list[Size]:
    """``target`` with the size of ``axis`` that makes up the number of elements of ``source``."""
    others = [*target[:axis], *target[axis + 1:]]
    above, below = _without_common(source, others)
    total, rest = prod(above), prod(below)
    size = total if rest == 1 or rest == 0 else total // rest
    verdict = rest != 0 and same(size * rest, total)
    if verdict is False:
        told = written([*target[:axis], "?", *target[axis + 1:]])
        why = "any size would do" if rest == 0 else f"they are no multiple of {prod(others)}"
        raise ShapeError(f"{prod(source)} elements cannot be reshaped to {told}: {why}")
    if verdict is None:
        assume("divides", total, rest)
    return [*target[:axis], size, *target[axis + 1:]]


def check_sizes(sizes: Iterable[Element], what: str) -> None:
    """None of ``sizes``, which ``what`` names, may be negative."""
    for size in sizes:
        if type(size) is int and size < 0:
            raise ShapeError(f"{what} has a size of {size}")


def written(sizes: Iterable[object]) -> str:
    """Sizes as messages show them."""
    return " × ".join(map(str, sizes)) or "a scalar"


def _without_common(source: Sequence[Size], target: Sequence[Size]) -> tuple[list[Size], list[Size]]:
    """The sizes of each that the other has not; ones are left out, zeros kept."""
    above, below = [size for size in source if size != 1], []
    for size in target:
        if size in above and size != 0:
            above.remove(size)
        elif size != 1:
            below.append(size)
    return above, below


# ------------------------------------------------------------------------------ how a reshaped tensor is read
class _Rest(NamedTuple):
    """What is left of an axis once its ``divisor`` innermost positions are spoken for: ``size`` groups of
    them."""

    axis: int
    divisor: Size
    size: Size

    def outside(self, digit: Size) -> list[_Rest]:
        """What is left once ``digit`` more are."""
        rest = _Rest(self.axis, self.divisor * digit, self.size // digit)
        return [] if same(self.size, digit) else [rest]


def packing(source: Shape, target: Shape) -> tuple[Reader, ...]:
    """How a tensor reshaped from ``source`` to ``target`` reads it: a reader per axis of ``source``. Axes
    that cannot be told apart, because their sizes do not divide each other, are read as a whole."""
    kept = _equal_ahead(source, target)
    parts: list[list[tuple[int, Size, Size, Size]]] = [[] for _ in source]
    old, new = _open_axes(source, kept), _open_axes(target, kept)
    while old and new:
        digit = _digit(old[-1].size, new[-1].size)
        if digit is None:
            break
        a, b = old.pop(), new.pop()
        parts[a.axis].append((b.axis, b.divisor, digit, a.divisor))
        old += a.outside(digit)
        new += b.outside(digit)
    lost = {rest.axis for rest in old}
    return tuple(Along(axis) if axis < kept else ALL if axis in lost else _reader(parts[axis], target)
                 for axis in range(len(source)))


def _equal_ahead(source: Shape, target: Shape) -> int:
    """How many axes are the same from the first on."""
    differ = [axis for axis, pair in enumerate(zip(source, target)) if not same(*pair)]
    return differ[0] if differ else min(len(source), len(target))


def _open_axes(shape: Shape, first: int) -> list[_Rest]:
    return [_Rest(axis, 1, size) for axis, size in enumerate(shape) if axis >= first and size != 1]


def _digit(a: Size, b: Size) -> Size | None:
    """The smaller of two sizes if it divides the other, else None."""
    return a if _divides(a, b) else b if _divides(b, a) else None


def _divides(part: Size, whole: Size) -> bool:
    return part != 0 and bool(same(whole // part * part, whole))


def _reader(parts: list[tuple[int, Size, Size, Size]], target: Shape) -> Reader:
    if len(parts) == 1:
        axis, divisor, size, weight = parts[0]
        if divisor == weight == 1 and same(size, target[axis]):
            return Along(axis)
    return Packed(tuple(parts))
