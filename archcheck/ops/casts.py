"""Conversions between element types: the same elements, as another type holds them."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from archcheck import elements
from archcheck.dtypes import BITS, NAMES, dtype_name
from archcheck.graph import TensorType
from archcheck.ops._op import Effect, op, require
from archcheck.ops.pointwise import each_as, same_position

_ENUM = {"FLOAT": "float32", "DOUBLE": "float64"}


@op("Cast", dtypes=(None,), saves=())
def cast(input, *, to, saturate=1, round_mode="up"):
    """The elements as the type ``to``: floats cut toward zero, integers wrapped, texts read as numbers."""
    return _converted(input, dtype_name(to) if isinstance(to, int) else _named(to))


@op("CastLike", dtypes=(1,), saves=())
def cast_like(input, target_type, *, saturate=1, round_mode="up"):
    """The elements as the type of ``target_type``."""
    return _converted(input, target_type.dtype)._replace(reads=lambda _: (same_position(input.shape), None))


@op("BitCast", dtypes=(None,))
def bit_cast(input, *, to):
    """The same bits read as the type ``to``, which must be of the same width."""
    dtype = dtype_name(to)
    before, after = BITS.get(input.dtype), BITS.get(dtype or "")
    require(before == after or None in (before, after),
            "elements of {} have {} bits, but those of {} have {}", input.dtype, before, dtype, after)
    whole = elements.is_integer(input.dtype) and elements.is_integer(dtype)
    return each_as(dtype, input, _same if whole else None)


def _named(to: str) -> str | None:
    """The dtype of a name of ``TensorProto.DataType``, which opset 1 wrote out."""
    name = _ENUM.get(to, to.lower())
    return name if name in NAMES else None


def _converted(kind: TensorType, dtype: str | None) -> Effect:
    return each_as(dtype, kind, _converter(kind.dtype, dtype))


def _converter(source: str | None, target: str | None) -> Callable[[Any], Any]:
    """What makes an element of ``source`` ready to be held as ``target``."""
    if source == "string":
        return _same if target == "string" else int if elements.is_integer(target) else float
    return _written if target == "string" else _same


def _same(element: Any) -> Any:
    return element


def _written(element: Any) -> str | None:
    return str(element) if type(element) is int else None
