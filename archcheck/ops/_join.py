"""What is known of a value that may be one of several: what their types have in common."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from archcheck import values
from archcheck.dims import Size, maximum, same
from archcheck.graph import Element, Several, Shape, TensorType
from archcheck.ops._op import counted_size

Differing = Callable[[Size, Size], Size]


def _either(a: Size, b: Size) -> Size:
    return counted_size(maximum(a, b))


def join(a: TensorType, b: TensorType, differing: Differing = _either) -> TensorType:
    """What is known of a value whose type is ``a`` or ``b``, or of both as elements of one sequence. Sizes
    that are not known to be equal become ``differing(a, b)``: by default one that the data decide. Of an
    empty sequence's elements everything is true, and of what an empty optional value would hold."""
    if a is b:
        return a
    dtype = a.dtype if a.dtype == b.dtype else None
    shape = b.shape if _is_empty(a) else a.shape if _is_empty(b) else _shape(a.shape, b.shape, differing)
    return TensorType(dtype, shape, _value(a, b, differing))


def _is_empty(kind: TensorType) -> bool:
    return kind.value == () and kind.dtype is not None and kind.dtype.startswith(("seq(", "opt("))


def _shape(a: Shape | None, b: Shape | None, differing: Differing) -> Shape | None:
    if a is None or b is None or len(a) != len(b):
        return None
    return tuple(x if same(x, y) else differing(x, y) for x, y in zip(a, b))


def _value(a: TensorType, b: TensorType, differing: Differing) -> Any:
    left, right = values.items(a), values.items(b)
    if left is None or right is None or len(left) != len(right):
        return _several(values.length(a), values.length(b), differing)
    return values.some(tuple(_element(x, y, differing) for x, y in zip(left, right)))


def _several(a: Size | None, b: Size | None, differing: Differing) -> Several | None:
    if a is None or b is None:
        return None
    return Several(a if same(a, b) else differing(a, b))


def _element(a: Element, b: Element, differing: Differing) -> Element:
    if isinstance(a, TensorType) and isinstance(b, TensorType):
        return join(a, b, differing)
    return a if a == b else None
