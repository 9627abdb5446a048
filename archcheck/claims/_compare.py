"""Whether what is computed is what a source prints: equal, or rounded to the digits that are written."""
from __future__ import annotations

from fractions import Fraction
from math import floor, isfinite
from typing import Any

from archcheck.claims._parts import NotKnown
from archcheck.claims._tree import Printed
from archcheck.dims import Dim, Size, evaluate, same, symbols

HALF = Fraction(1, 2)
TRIED = (7, 3, 64, 5, 11, 2, 32)


def equals(a: Any, b: Any) -> bool:
    """Whether two values are the same: numbers, truth values, texts, lists of such. Raises `NotKnown` where
    formulas leave it open."""
    if isinstance(a, tuple) or isinstance(b, tuple):
        alike = isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b)
        return alike and all(equals(x, y) for x, y in zip(a, b))
    if isinstance(a, (bool, str)) or isinstance(b, (bool, str)):
        return type(a) is type(b) and bool(a == b)
    if isinstance(a, Dim) or isinstance(b, Dim):
        return _same_sizes(a, b)
    return bool(_fraction(a) == _fraction(b))


def _same_sizes(a: Any, b: Any) -> bool:
    """Whether two formulas are equal for all values of their symbols."""
    if any(isinstance(x, Fraction) and x.denominator != 1 or isinstance(x, float) for x in (a, b)):
        return False
    a, b = (x if isinstance(x, Dim) else int(x) for x in (a, b))
    verdict = same(a, b)
    if verdict is None and _counterexample(a, b):
        return False
    if verdict is None:
        raise NotKnown(f"whether {a} = {b} depends on the symbols")
    return verdict


def _counterexample(a: Size, b: Size) -> bool:
    """Whether two formulas differ for some of the `TRIED` values of their symbols."""
    names = sorted({atom.args[0] for atom in symbols(a) | symbols(b) if not atom.origin})
    points = ({name: TRIED[(k + shift) % len(TRIED)] for k, name in enumerate(names)}
              for shift in range(len(TRIED)))
    values = ((evaluate(a, point), evaluate(b, point)) for point in points)
    return any(isinstance(x, int) and isinstance(y, int) and x != y for x, y in values)


def _fraction(x: Any) -> Any:
    """A number as it is written: 0.1 is one tenth."""
    if isinstance(x, float):
        return Fraction(repr(x)) if isfinite(x) else x
    return x


def distance(printed: Any, value: Any) -> Any:
    """How far what is printed lies from a value: the difference of numbers, of lists element by element; None
    where there is none."""
    if isinstance(printed, tuple) and isinstance(value, tuple) and len(printed) == len(value):
        parts = tuple(map(distance, printed, value))
        return None if None in parts else parts
    numbers = [_fraction(x) for x in (printed, value)]
    if not all(isinstance(x, (int, Fraction)) and not isinstance(x, bool) for x in numbers):
        return None
    return Fraction(numbers[0]) - Fraction(numbers[1])


def rounds_to(value: Any, printed: Printed, rounding: str = "nearest") -> bool:
    """Whether ``value`` is what is printed once it is rounded to the last digit printed: to the ``nearest``
    (halves up or to even), ``down`` or ``up``. Lists do element by element."""
    if isinstance(value, tuple) and isinstance(printed.value, tuple):
        parts = (Printed(*part, "") for part in zip(printed.value, printed.unit))
        return len(value) == len(printed.value) and all(
            equals(x, part.value) or rounds_to(x, part, rounding) for x, part in zip(value, parts))
    number = _fraction(value)
    if printed.unit is None or isinstance(number, bool) or not isinstance(number, (int, Fraction)):
        return False
    steps = Fraction(number) / printed.unit
    return printed.value / printed.unit in _whole(steps, rounding)


def _whole(steps: Fraction, rounding: str) -> tuple[int, ...]:
    if rounding == "down":
        return (floor(abs(steps)) * (1 if steps >= 0 else -1),)
    if rounding == "up":
        return (-floor(-steps),)
    return floor(steps + HALF), round(steps)
