"""Expressions in specifications: exact arithmetic on sizes, fractions and truth values; and windows, ``3x3``.

``/`` is exact and ``//`` rounds down; both may be taken of formulas. Nothing is evaluated but this.
"""
from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache, reduce
from operator import add, floordiv, mod, sub
from typing import Any, NamedTuple, Union

from archcheck.dims import Dim, Size, ceildiv, is_known, least, maximum, minimum, most, same
from archcheck.expressions import Expression, Operator, parse
from archcheck.frontends.spec._document import Text

Number = Union[Size, Fraction]

LARGEST = 10 ** 12
"""No size of a specification is larger."""

_PIECES = re.compile(r"(?<!\s)\s*[,×]\s*|(?<!\s)\s+x\s+|(?:\A|(?<=\s))x\s+"
                     r"|(?<=[0-9)\]])x(?=[\w(])|(?<=\))x(?=[\w(])")


def pieces(text: Text) -> tuple[Text, ...]:
    """The sizes in ``N x 3 x 224 x 224``, ``3x3`` or ``N, T``."""
    found, begin, depth = [], 0, 0
    for match in re.finditer(r"[(\[]|[)\]]|" + _PIECES.pattern, text.value):
        if match[0] in "([":
            depth += 1
        elif match[0] in ")]":
            depth -= 1
        elif not depth and not (match[0] == "x" and _in_name(text.value[begin:match.start()])):
            found.append(text.part(begin, match.start()))
            begin = match.end()
    return (*found, text.part(begin))


def _in_name(before: str) -> bool:
    """Whether an x after this is a letter of a name: ``n1x1`` is one, ``1x1`` and ``(n)x1`` are sizes."""
    return not before.strip().isdecimal() and before[-1:] not in ")]"


@lru_cache(4096)
def expression(text: str) -> Expression:
    """What ``text`` says. Raises `archcheck.expressions.ExpressionError`."""
    return parse(text, OPERATORS, FUNCTIONS, decimal=True)


# ---------------------------------------------------------------------------------------------- arithmetic
def _whole(value: Any) -> Any:
    """A fraction that is whole as an int."""
    return value.numerator if isinstance(value, Fraction) and value.denominator == 1 else value


def _numbers(function: Callable[[Any, Any], Any], sign: str) -> Callable[[Any, Any], Any]:
    def applied(a: Any, b: Any) -> Any:
        for operand in (a, b):
            if isinstance(operand, bool) or not isinstance(operand, (int, Dim, Fraction)):
                raise ValueError(f"{sign} takes numbers, not {described(operand)}")
        return _whole(function(a, b))
    return applied


def _times(a: Any, b: Any) -> Any:
    """A product; that of a formula and a fraction must be whole."""
    if isinstance(a, Fraction) and isinstance(b, Dim):
        a, b = b, a
    return _over(a * b.numerator, b.denominator) if isinstance(a, Dim) and isinstance(b, Fraction) else a * b


def _over(a: Any, b: Any) -> Any:
    """The exact quotient; that of formulas must be whole."""
    if not isinstance(a, Dim) and not isinstance(b, Dim):
        return Fraction(a) / b
    if isinstance(b, Fraction):
        a, b = a * b.denominator, b.numerator
    quotient = a // b
    if same(quotient * b, a) is not True:
        raise ValueError(f"{a} is not known to be a multiple of {b}; // rounds down")
    return quotient


def _mixed(function: Callable[[Any, Any], Any], sign: str) -> Callable[[Any, Any], Any]:
    """Sums, which formulas and fractions do not have."""
    def applied(a: Any, b: Any) -> Any:
        if {type(a), type(b)} == {Dim, Fraction}:
            raise ValueError(f"{a} {sign} {b} is not a whole number")
        return function(a, b)
    return _numbers(applied, sign)


class Open(NamedTuple):
    """A question that sizes without a value leave open; ``hidden`` where a fault hides them."""

    question: str
    hidden: bool


def _asked(verdict: bool | None, question: str, *sizes: Any) -> bool | Open:
    """The answer, or that there is none."""
    if verdict is not None:
        return verdict
    return Open(question, not all(is_known(size) for size in sizes if isinstance(size, Dim)))


def _equals(a: Any, b: Any) -> bool | Open:
    if isinstance(a, str) or isinstance(b, str):
        return bool(a == b)
    if Fraction in (type(a), type(b)):
        return bool(a is b or not isinstance(a, Dim) and not isinstance(b, Dim) and a == b)
    return _asked(same(a, b), f"whether {a} = {b}", a, b)


def _below(a: Any, b: Any) -> bool | Open:
    if not isinstance(a, Dim) and not isinstance(b, Dim):
        return bool(a < b)
    verdict = True if most(a - b) < 0 else False if least(a - b) >= 0 else None
    return _asked(verdict, f"whether {a} < {b}", a, b)


def _not(a: bool | Open) -> bool | Open:
    return a if isinstance(a, Open) else not a


def _either(a: Any, b: Any) -> Any:
    """Whether one of two holds, which one that holds decides."""
    return True if a is True or b is True else a if isinstance(a, Open) else b


def _both(a: Any, b: Any) -> Any:
    return False if a is False or b is False else a if isinstance(a, Open) else b


def described(value: Any) -> str:
    """What a value is, for messages."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Open):
        return value.question
    return "a list" if isinstance(value, tuple) else repr(value) if isinstance(value, str) else str(value)


def _floor(a: Any) -> Size:
    found: Size = a.numerator // a.denominator if isinstance(a, Fraction) else a
    return found


def _round(a: Any) -> Size:
    """To the nearest whole number, halves up."""
    return _floor(a + Fraction(1, 2)) if isinstance(a, Fraction) else a


def _round_to(a: Any, step: Any) -> Size:
    """The multiple of ``step`` nearest to ``a``, halves up, ``step`` at least and not more than a tenth below
    ``a``: the rule of the MobileNets."""
    if isinstance(a, Dim) or isinstance(step, Dim):
        raise ValueError("round_to takes numbers, not formulas; give the size with --set, or a default")
    found = max(step, _floor(a + Fraction(step, 2)) // step * step)
    return int(found + step if found < Fraction(9, 10) * a else found)


def _several(function: Callable[[Any, Any], Any], plain: Callable[..., Any]) -> Callable[..., Any]:
    def applied(*values: Any) -> Any:
        if any(isinstance(value, Dim) for value in values):
            return reduce(function, values)
        return plain(values)
    return applied


OPERATORS = {
    "or": Operator(0, _either), "and": Operator(1, _both),
    "==": Operator(2, _equals), "!=": Operator(2, lambda a, b: _not(_equals(a, b))),
    "<": Operator(3, _below), ">": Operator(3, lambda a, b: _below(b, a)),
    "<=": Operator(3, lambda a, b: _not(_below(b, a))), ">=": Operator(3, lambda a, b: _not(_below(a, b))),
    "+": Operator(4, _mixed(add, "+")), "-": Operator(4, _mixed(sub, "-")),
    "*": Operator(5, _numbers(_times, "*")), "/": Operator(5, _numbers(_over, "/")),
    "//": Operator(5, _numbers(floordiv, "//")), "%": Operator(5, _numbers(mod, "%"))}

FUNCTIONS: dict[str, tuple[Callable[..., Any], int, int]] = {
    "min": (_several(minimum, min), 2, 8), "max": (_several(maximum, max), 2, 8),
    "floor": (_floor, 1, 1), "ceil": (lambda a: -_floor(-a), 1, 1), "round": (_round, 1, 1),
    "ceildiv": (ceildiv, 2, 2), "round_to": (_round_to, 2, 2)}
