"""Comparison, logic and bits, element by element. What is not decided for symbolic sizes stays unknown."""
from __future__ import annotations

import math
import operator
from typing import Any

from archcheck import elements
from archcheck.ops._op import op, require
from archcheck.ops.pointwise import binary, each, each_as, pointwise


def _at_most(a: Any, b: Any) -> bool | None:
    return elements.negated(elements.less(b, a)) if a == a and b == b else False  # a NaN is at most nothing


def _differ(a: bool | None, b: bool | None) -> bool | None:
    return None if a is None or b is None else a != b


binary("Equal", "a = b", elements.equals, "bool", cmp=1)
binary("Less", "a < b", elements.less, "bool", cmp=1)
binary("Greater", "a > b", lambda a, b: elements.less(b, a), "bool", cmp=1)
binary("LessOrEqual", "a ≤ b", _at_most, "bool", old=False, cmp=1)
binary("GreaterOrEqual", "a ≥ b", lambda a, b: _at_most(b, a), "bool", old=False, cmp=1)
binary("And", "a and b", elements.both, "bool", kind="", cmp=1)
binary("Or", "a or b", elements.either, "bool", kind="", cmp=1)
binary("Xor", "either a or b", _differ, "bool", kind="", cmp=1)
binary("BitwiseAnd", "a & b", operator.and_, old=False, kind="", cmp=1)
binary("BitwiseOr", "a | b", operator.or_, old=False, kind="", cmp=1)
binary("BitwiseXor", "a ^ b", operator.xor, old=False, kind="", cmp=1)


@op("Not")
def not_(x):
    """``not x``, element by element."""
    return each(x, elements.negated, cmp=1)


@op("BitwiseNot")
def bitwise_not(x):
    """Every bit of ``x`` flipped."""
    return each(x, operator.inv, cmp=1)


@op("BitShift")
def bit_shift(x, y, *, direction):
    """``x`` with its bits moved by ``y``: times, or divided by, ``2 ^ y``."""
    require(direction in ("LEFT", "RIGHT"), "direction is {!r}, not LEFT or RIGHT", direction)
    return pointwise(_shifted_left if direction == "LEFT" else _shifted_right, (x, y), x.dtype, cmp=1)


def _shifted_left(x: Any, y: int) -> Any:
    return x * (1 << y) if 0 <= y < 64 else 0


def _shifted_right(x: Any, y: int) -> Any:
    return x // (1 << y) if 0 <= y < 64 else -1 if x < 0 else 0


@op("IsNaN", dtypes=("bool",))
def is_nan(x):
    """Whether an element is not a number."""
    return each_as("bool", x, lambda a: None if a is None else a != a, cmp=1)


@op("IsInf", dtypes=("bool",))
def is_inf(x, *, detect_negative=1, detect_positive=1):
    """Whether an element is infinite, of the signs asked for."""
    asked = [limit for limit, wanted in ((math.inf, detect_positive), (-math.inf, detect_negative)) if wanted]
    return each_as("bool", x, lambda a: None if a is None else a in asked, cmp=1)
