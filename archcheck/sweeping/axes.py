"""What varies: names, and the values that they take."""
from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import prod
from typing import Any, NamedTuple, Union

from archcheck.errors import UserError

Value = Union[int, Fraction, bool]

MAX_VARIANTS = 10_000_000
"""More rows are not made."""
_NUMBER = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,18})?")
_SWITCH = {"yes": True, "no": False}
FORM = "NAME=FIRST:LAST:STEP or NAME=VALUE,VALUE, such as width=0.25:1:0.25"


class SweepError(UserError):
    """What is to be varied cannot be, or a figure that is asked for is none."""


class Axis(NamedTuple):
    """``names`` that take the same of the ``values`` together."""

    names: tuple[str, ...]
    values: tuple[Value, ...]


def axis(text: str) -> Axis:
    """What ``text`` says: ``width=0.25:1:0.25`` (the last one included), ``H,W=128:224:32``,
    ``depth=1,2,4``, ``bias=yes,no``. Raises `SweepError`."""
    left, equals, right = text.rpartition("=")
    names = tuple(name.strip() for name in left.split(","))
    if not equals or not all(names) or not right.strip():
        raise SweepError(f"{text!r} does not say what varies; write {FORM}")
    values = tuple(value for part in right.split(",") for value in _values(part.strip(), text))
    return Axis(names, values)


def checked(axes: Sequence[Axis], together: bool) -> int:
    """How many variants there are; ``together`` the first values of all axes go together, then the second
    ones. Raises `SweepError` where that cannot be, or is too many."""
    names = [name for one in axes for name in one.names]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise SweepError(f"{twice[0]} varies twice; give all its values at once")
    again = [one.names[0] for one in axes if len(set(map(_typed, one.values))) < len(one.values)]
    if again and not together:
        raise SweepError(f"{again[0]} has the same value twice")
    counts = [len(one.values) for one in axes]
    if together and len(set(counts)) > 1:
        said = ", ".join(f"{count} of {one.names[0]}" for count, one in zip(counts, axes))
        raise SweepError(f"values go together only where there are equally many of each, not {said}")
    count = max(counts, default=1) if together else prod(counts)
    if count > MAX_VARIANTS:
        raise SweepError(f"{count:,} variants are too many; take larger steps, so that there are at most "
                         f"{MAX_VARIANTS:,}")
    return count


def shown(value: Any) -> str:
    """A value as it is written: ``0.75``, ``1/3``, ``yes``."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Fraction) and value.denominator > 1:
        digits = value.denominator
        while not digits % 2:
            digits //= 2
        while not digits % 5:
            digits //= 5
        return repr(float(value)) if digits == 1 else str(value)
    return str(value)


def _typed(value: Value) -> tuple[bool, Value]:
    return isinstance(value, bool), value


def _values(part: str, text: str) -> Iterator[Value]:
    if part in _SWITCH:
        yield _SWITCH[part]
        return
    said = part.split(":")
    if len(said) > 3 or not all(map(_NUMBER.fullmatch, said)):
        raise SweepError(f"{part!r} in {text!r} is no number and no range; write {FORM}")
    first, *others = map(_number, said)
    last, step = (others[0] if others else first), (others[1] if len(others) > 1 else 1)
    if step == 0 or last < first:
        raise SweepError(f"{part!r} in {text!r} is no range: it goes up from the first to the last by a step "
                         "above 0")
    count = (last - first) // step + 1
    if count > MAX_VARIANTS:
        raise SweepError(f"{part!r} in {text!r} is {count:,} values; at most {MAX_VARIANTS:,} are taken")
    if isinstance(first, int) and isinstance(step, int):
        yield from range(first, first + count * step, step)
    else:
        yield from (whole(first + k * step) for k in range(count))


def _number(text: str) -> int | Fraction:
    found: int | Fraction = whole(Fraction(text))
    return found


def whole(value: Any) -> Any:
    """A fraction that is whole as an int."""
    return value.numerator if isinstance(value, Fraction) and value.denominator == 1 else value
