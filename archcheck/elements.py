"""Arithmetic on single elements of known values, as the runtime does it: exact, or None where it is not
known.

An element is an int, a `Dim`, a `Ratio`, a float, a bool, a str, or None where that one element is not
known. Floats are rounded to the dtype that holds them by `cast`; a symbolic number in a float tensor is
kept as the exact quotient and raises `Unknown` as soon as rounding could decide what the runtime computes.
Sizes are taken to be below 2^20, which every float32 holds exactly.
"""
from __future__ import annotations

import math
import struct
from collections.abc import Callable
from functools import reduce
from typing import Any, NamedTuple

from archcheck.algebra.extremes import choices_of
from archcheck.algebra.polynomials import terms_of
from archcheck.dims import Dim, Size, bounds, ceildiv, least, maximum, minimum, most, same
from archcheck.graph import Element
from archcheck.ops._op import Unknown


class Ratio(NamedTuple):
    """A symbolic number held in a float tensor: ``num / den``, exactly; ``den`` is at least 1."""

    num: Size
    den: Size


_SYMBOLIC = frozenset((Dim, Ratio))
_FRACTIONAL = frozenset((float, Ratio))


# ---------------------------------------------------------------------------------------- as a dtype holds it
_RANGES = {f"int{bits}": (-1 << bits - 1, 1 << bits - 1) for bits in (2, 4, 8, 16, 32, 64)}
_RANGES |= {f"uint{bits}": (0, 1 << bits) for bits in (2, 4, 8, 16, 32, 64)}
_FORMATS = {"float32": "f", "float16": "e", "float64": "d"}
_PRECISION = {"float64": 53, "float32": 24, "float16": 11, "bfloat16": 8}
_SIZE_BITS = 20  # any size is taken to be below 2^20: 53 bits hold a product of two exactly, 24 bits just one


def is_integer(dtype: str | None) -> bool:
    """Whether ``dtype`` holds whole numbers (bool is not one of them)."""
    return dtype in _RANGES


def cast(element: Element, dtype: str | None) -> Element:
    """``element`` as ``dtype`` holds it: rounded to its precision, wrapped into its range; None when not
    known."""
    if element is None or isinstance(element, str):
        return element if dtype == "string" else None
    if dtype in _RANGES:
        return _whole(element, *_RANGES[dtype])
    if dtype == "bool":
        return _truth(element)
    if dtype not in _PRECISION:
        return None
    if type(element) in _SYMBOLIC:
        return element if _fits(element, _PRECISION[dtype]) else None
    return _rounded(element, dtype)


def _rounded(element: Element, dtype: str) -> float:
    """The nearest number that ``dtype`` holds."""
    if dtype != "bfloat16":
        rounded, = struct.unpack(_FORMATS[dtype], struct.pack(_FORMATS[dtype], element))
    else:
        bits, = struct.unpack("I", struct.pack("f", element))
        if math.isfinite(element):
            bits += 0x7FFF + (bits >> 16 & 1)
        rounded, = struct.unpack("f", struct.pack("I", bits & 0xFFFF0000))
    return rounded  # type: ignore[no-any-return]


def _truth(element: Element) -> bool | None:
    if type(element) in _SYMBOLIC:
        verdict = same(element.num if type(element) is Ratio else element, 0)
        return None if verdict is None else not verdict
    return bool(element)


def _whole(element: Element, low: int, high: int) -> Size | None:
    """``element`` rounded toward zero and wrapped to ``low <= … < high``; sizes are taken to fit 32 bits
    and more."""
    if type(element) is int and low <= element < high:
        return element
    if type(element) is Ratio:
        element = truncated(element.num, element.den)
    if isinstance(element, Dim):
        above, below = low < -1 << 30 or least(element) >= low, high > 1 << 30 or most(element) < high
        return element if above and below else None
    if element is None or isinstance(element, float) and not low <= element < high:
        return None
    return (int(element) - low) % (high - low) + low


def _fits(element: Element, bits: int) -> bool:
    """Whether a float with ``bits`` of precision holds a symbolic number, or its numerator, exactly."""
    num = element.num if type(element) is Ratio else element
    if max(abs(least(num)), abs(most(num))) <= 1 << bits:
        return True
    return all(len(atoms) * _SIZE_BITS <= bits for atoms, _ in terms_of(num))


# ------------------------------------------------------------------------------------------------ ratios
def ratio(element: Element) -> Ratio:
    """A number as an exact ratio. A float that is no small dyadic fraction has none: rounding would then
    decide what the runtime computes, so `Unknown` is raised."""
    if type(element) is Ratio:
        return element
    if isinstance(element, float):
        num, den = element.as_integer_ratio()
        if den > 4096 or abs(num) > 1 << 24:
            raise Unknown("how the runtime rounds")
        return Ratio(num, den)
    return Ratio(element, 1)


def simplest(num: Size, den: Size) -> Element:
    """``num / den`` as a whole size where that is exact, as a float where it is a number, else as a
    `Ratio`."""
    if isinstance(num, int) and isinstance(den, int):
        return num / den
    if isinstance(den, int):
        num, den = _reduced(num, den)
    whole = num // den
    return whole if same(whole * den, num) else Ratio(num, den)


def _reduced(num: Size, den: int) -> tuple[Size, int]:
    """``num / den`` without what is common to ``den`` and all coefficients, and with a positive ``den``."""
    common = math.gcd(den, *(c for _, c in terms_of(num))) * (-1 if den < 0 else 1)
    return num // common, den // common


def _mixed(a: Element, b: Element) -> bool:
    """Whether two operands are of a float tensor and one of them is symbolic."""
    a, b = type(a), type(b)
    return (a in _FRACTIONAL or b in _FRACTIONAL) and (a in _SYMBOLIC or b in _SYMBOLIC)


def _is_dyadic(den: Size) -> bool:
    """Whether a quotient by ``den`` is held exactly; any other has been rounded once."""
    return isinstance(den, int) and den & den - 1 == 0


def _require_one_exact(d: Size, e: Size) -> None:
    if not (_is_dyadic(d) or _is_dyadic(e)):
        raise Unknown("how the runtime rounds")


def _require_exact_product(factor: Size, den: Size) -> None:
    """A quotient by ``den`` was rounded unless it is dyadic. Times ``factor`` it may become whole only if
    it was."""
    if not _is_dyadic(den):
        shared = math.gcd(factor, den) if isinstance(factor, int) and isinstance(den, int) else factor
        if not (isinstance(shared, int) and shared and _is_dyadic(abs(shared))):
            raise Unknown("how the runtime rounds")


# ------------------------------------------------------------------------------------------------ arithmetic
def add(a: Element, b: Element) -> Element:
    """``a + b``."""
    if not _mixed(a, b):
        return a + b
    (n, d), (m, e) = ratio(a), ratio(b)
    _require_one_exact(d, e)
    return simplest(n * e + m * d, d * e)


def sub(a: Element, b: Element) -> Element:
    """``a - b``."""
    return add(a, neg(b))


def mul(a: Element, b: Element) -> Element:
    """``a · b``; 0 where one factor is the integer 0, even if the other is not known."""
    if a is None or b is None:
        known = b if a is None else a
        return 0 if type(known) is int and known == 0 else None
    if not _mixed(a, b):
        return a * b
    (n, d), (m, e) = ratio(a), ratio(b)
    _require_exact_product(m, d)
    _require_exact_product(n, e)
    return simplest(n * m, d * e)


def quotient(a: Element, b: Element) -> Element:
    """``a / b`` of floats."""
    if type(a) not in _SYMBOLIC and type(b) not in _SYMBOLIC:
        return a / b
    (n, d), (m, e) = ratio(a), ratio(b)
    _require_one_exact(e, e)
    return simplest(n * e, d * m) if isinstance(m, int) or least(m) >= 0 else None


def truncated(a: Element, b: Element) -> Element:
    """``a / b`` of integers, rounded toward zero."""
    if isinstance(b, int) and b < 0:
        a, b = -a, -b
    return None if least(b) < 0 else _truncated(a, b)


def _truncated(a: Size, b: Size) -> Size:
    """``a / b`` for positive ``b``: of an extreme the extreme of the quotients, as it never falls."""
    if least(a) >= 0:
        return a // b
    if most(a) <= 0:
        return ceildiv(a, b)
    for kind, extreme in (("max", maximum), ("min", minimum)):
        choices = choices_of(kind, a)
        if len(choices) > 1:
            return extreme(*[_truncated(choice, b) for choice in choices])
    return maximum(a // b, minimum(ceildiv(a, b), 0))


def remainder(a: Element, b: Element) -> Element:
    """``a mod b`` with the sign of ``b`` (ONNX's Mod with fmod = 0)."""
    if _mixed(a, b):
        (n, d), (m, e) = ratio(a), ratio(b)
        exact = _is_dyadic(d) and _is_dyadic(e)
        return simplest(n * e % (m * d), d * e) if exact and least(m) >= 0 else None
    return a % b if not isinstance(b, Dim) or least(b) >= 0 else None


def fmod(a: Element, b: Element) -> Element:
    """The remainder with the sign of ``a`` (C's fmod)."""
    if type(a) in _SYMBOLIC or type(b) in _SYMBOLIC:
        return remainder(a, b) if less(a, 0) is False and less(b, 0) is False else None
    found = math.fmod(a, b)
    return found if isinstance(a, float) else int(found)


def neg(a: Element) -> Element:
    """``-a``."""
    return Ratio(-a.num, a.den) if type(a) is Ratio else -a


def absolute(a: Element) -> Element:
    """``|a|``."""
    if type(a) not in _SYMBOLIC:
        return abs(a)
    num, _ = ratio(a)
    return a if least(num) >= 0 else neg(a) if most(num) <= 0 else largest(a, neg(a))


def floor(a: Element) -> Element:
    """``⌊a⌋``."""
    return a.num // a.den if type(a) is Ratio else a if isinstance(a, Dim) else math.floor(a)


def ceil(a: Element) -> Element:
    """``⌈a⌉``."""
    return ceildiv(a.num, a.den) if type(a) is Ratio else a if isinstance(a, Dim) else math.ceil(a)


def largest(*elements: Element) -> Element:
    """The largest of sizes, or of numbers."""
    return _extreme(max, maximum, elements)


def smallest(*elements: Element) -> Element:
    """The smallest of sizes, or of numbers."""
    return _extreme(min, minimum, elements)


def _extreme(of_numbers: Callable[..., Any], of_sizes: Callable[..., Size],
             elements: tuple[Element, ...]) -> Element:
    kinds = {type(element) for element in elements}
    if not kinds & _SYMBOLIC:
        return of_numbers(elements) if all(element == element for element in elements) else math.nan
    if not kinds & _FRACTIONAL:
        return of_sizes(*elements)
    pairs = [ratio(element) for element in elements]
    den = pairs[0].den if all(pair.den == pairs[0].den for pair in pairs) else _common(*(e for _, e in pairs))
    return simplest(of_sizes(*(n * (den // d) for n, d in pairs)), den)


def _common(*dens: Size) -> int:
    if not all(isinstance(den, int) for den in dens):
        raise Unknown("which of two quotients is larger")
    return math.lcm(*dens)  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------ comparison, logic
def equals(a: Element, b: Element) -> bool | None:
    """Whether ``a = b``; None where that is not decided."""
    if a is None or b is None:
        return None
    if type(a) not in _SYMBOLIC and type(b) not in _SYMBOLIC:
        return bool(a == b)
    return same(*_common_scale(a, b))


def less(a: Element, b: Element) -> bool | None:
    """Whether ``a < b``; None where that is not decided."""
    if type(a) not in _SYMBOLIC and type(b) not in _SYMBOLIC:
        return bool(a < b)
    a, b = _common_scale(a, b)
    lo, hi = bounds(a - b)
    return True if hi is not None and hi < 0 else False if lo is not None and lo >= 0 else None


def _common_scale(a: Element, b: Element) -> tuple[Size, Size]:
    """Two numbers as sizes that compare as they do."""
    if not _mixed(a, b):
        return a, b
    (n, d), (m, e) = ratio(a), ratio(b)
    return n * e, m * d


def negated(a: bool | None) -> bool | None:
    """``not a``, three-valued."""
    return None if a is None else not a


def both(a: bool | None, b: bool | None) -> bool | None:
    """``a and b``, three-valued."""
    return False if a is False or b is False else None if a is None or b is None else True


def either(a: bool | None, b: bool | None) -> bool | None:
    """``a or b``, three-valued."""
    return negated(both(negated(a), negated(b)))


def chosen(condition: bool | None, a: Element, b: Element) -> Element:
    """``a`` if ``condition`` else ``b``; what both agree on where the condition is not known."""
    if condition is None:
        return a if equals(a, b) else None
    return a if condition else b


# ------------------------------------------------------------------------------------- sums, products, powers
def total(*elements: Element) -> Element:
    """The sum; raises `Unknown` for floats whose sum could depend on the order in which they are added."""
    floats = [element for element in elements if isinstance(element, float)]
    dens: list[Any] = [ratio(element).den for element in floats]
    if floats and max(dens) * sum(map(abs, floats)) > 1 << 24:
        raise Unknown("how the runtime rounds")
    return reduce(add, elements, 0)


def mean(*elements: Element) -> Element:
    """The arithmetic mean."""
    return quotient(total(*elements), len(elements))


def whole_mean(*elements: Element) -> Element:
    """The arithmetic mean of integers, rounded toward zero."""
    return truncated(total(*elements), len(elements))


def product(*elements: Element) -> Element:
    """The product; raises `Unknown` for floats whose product could depend on the order of multiplication."""
    found = reduce(mul, elements, 1)
    for element in (*elements, found):
        if isinstance(element, float):
            ratio(element)
    return found


def power(a: Element, b: Element) -> Element:
    """``a`` to the power ``b`` where the result is exact: whole powers, and square roots of squares."""
    if b == 0.5:
        root = math.sqrt(a)
        return root if root * root == a else None
    if type(b) in _SYMBOLIC or b != int(b) or not 0 <= b <= 64:
        return None
    return product(*[a] * int(b))


def sign(a: Element) -> Element:
    """-1, 0 or 1."""
    above, below = less(0, a), less(a, 0)
    return None if above is None or below is None or a != a else above - below
