"""Numbers with units, as people write them in budgets: ``3.2 M``, ``64 MiB``, ``2 %``."""
from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

COUNTS = {"": 1, "k": 10 ** 3, "m": 10 ** 6, "g": 10 ** 9, "b": 10 ** 9, "t": 10 ** 12, "p": 10 ** 15}
BYTES = {"b": 1, "kb": 10 ** 3, "mb": 10 ** 6, "gb": 10 ** 9, "tb": 10 ** 12,
         "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40}
TIMES = {"s": Fraction(1), "ms": Fraction(1, 10 ** 3), "us": Fraction(1, 10 ** 6)}

_NUMBER = re.compile(r"([0-9][0-9_,]{0,30}(?:\.[0-9]{1,12})?)(?:e([0-9]{1,2}))?\s*([a-z%]*)", re.IGNORECASE)


def count(value: Any) -> int:
    """A count: ``3.2 M``, ``5e9``, ``1,000``, or a number. Raises `ValueError`."""
    return _whole(value, COUNTS, "a count such as 3200000, '3.2 M' or '5 G'")


def size_in_bytes(value: Any) -> int:
    """A size of memory or of a file: ``64 MiB``, ``13 MB``, or a number of bytes. Raises `ValueError`."""
    return _whole(value, {**BYTES, "": 1}, "a size such as '64 MiB', '13 MB' or a number of bytes")


def duration(value: Any) -> Fraction:
    """A time in seconds: ``5 ms``, ``250 us``, ``0.1 s``. Raises `ValueError`."""
    found = _NUMBER.fullmatch(str(value).strip())
    if isinstance(value, bool) or not found or found[3].lower() not in TIMES:
        raise ValueError("a time such as '5 ms' or '0.1 s'")
    return _number(found) * TIMES[found[3].lower()]


def share(value: Any) -> Fraction:
    """A share: ``2 %`` as 1/50. Raises `ValueError`."""
    found = _NUMBER.fullmatch(str(value).strip())
    if isinstance(value, bool) or not found or found[3] != "%":
        raise ValueError("a percentage such as '2 %'")
    return _number(found) / 100


def _whole(value: Any, units: dict[str, int], wanted: str) -> int:
    found = _NUMBER.fullmatch(str(value).strip()) if isinstance(value, (int, float, str)) else None
    if isinstance(value, bool) or not found or found[3].lower() not in units:
        raise ValueError(wanted)
    return int(_number(found) * units[found[3].lower()])


def _number(found: re.Match[str]) -> Fraction:
    digits = found[1].replace("_", "").replace(",", "")
    return Fraction(f"{digits}e{found[2] or 0}")
