"""Elementary functions of one operand: rounding, roots, exponentials, trigonometry.

Libraries round transcendental functions differently, so known values are followed only where they are exact.
"""
from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from archcheck import elements
from archcheck.dims import Dim
from archcheck.ops._op import op
from archcheck.ops.pointwise import each

INPUT, OUTPUT, NOTHING = ("x",), (0,), ()
"""What the derivative is worked out from."""


def _unary(name: str, formula: str, by: Callable[[Any], Any], saves: Sequence[str | int], kind: str = "",
           **per_element: int) -> None:
    def function(x, *, consumed_inputs=None):
        return each(x, by, **per_element)
    function.__doc__ = f"``{formula}``, element by element."
    op(name, kind=kind, saves=saves)(function)


def _transcendental(name: str, formula: str, exact: Mapping[int, int],
                    saves: Sequence[str | int] = INPUT, kind: str = "") -> None:
    _unary(name, formula, exact.get, saves, kind, special=1)


def _rounded(x: Any) -> Any:
    return x if isinstance(x, Dim) else round(x)


_unary("Abs", "|x|", elements.absolute, INPUT, cmp=1)
_unary("Neg", "-x", elements.neg, NOTHING, "arithmetic", add=1)
_unary("Sign", "sign(x)", elements.sign, NOTHING, cmp=1)
_unary("Floor", "⌊x⌋", elements.floor, NOTHING, cmp=1)
_unary("Ceil", "⌈x⌉", elements.ceil, NOTHING, cmp=1)
_unary("Round", "x rounded to the nearest integer, halves to the even one", _rounded, NOTHING, cmp=1)
_unary("Reciprocal", "1 / x", lambda x: elements.quotient(1, x), OUTPUT, "arithmetic", div=1)
_unary("Sqrt", "√x", math.sqrt, OUTPUT, special=1)

_transcendental("Exp", "eˣ", {0: 1}, OUTPUT)
_transcendental("Log", "ln(x)", {1: 0}, kind="arithmetic")
_transcendental("Erf", "erf(x) = 2/√π · ∫₀ˣ exp(-t²) dt", {0: 0}, kind="error function")
_transcendental("Tan", "tan(x)", {0: 0}, OUTPUT)
_transcendental("Tanh", "tanh(x)", {0: 0}, OUTPUT, kind="other activation")
for _name in ("Sin", "Asin", "Atan", "Sinh", "Asinh", "Atanh"):
    _transcendental(_name, f"{_name.lower()}(x)", {0: 0})
for _name in ("Cos", "Cosh"):
    _transcendental(_name, f"{_name.lower()}(x)", {0: 1})
for _name in ("Acos", "Acosh"):
    _transcendental(_name, f"{_name.lower()}(x)", {1: 0})
