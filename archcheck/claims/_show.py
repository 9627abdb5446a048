"""How values of claims read."""
from __future__ import annotations

from fractions import Fraction
from typing import Any

from archcheck.claims._parts import Part


def text_of(value: Any) -> str:
    """A value as people read it: ``1,510``, ``[1, 10, 1000]``, ``true``, ``0.4490``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(str(item) if type(item) is int else text_of(item) for item in value)}]"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Fraction):
        return text_of(value.numerator) if value.denominator == 1 else f"{float(value):.6g}"
    if isinstance(value, float):
        return f"{value:.6g}"
    return value.name if isinstance(value, Part) else str(value)
