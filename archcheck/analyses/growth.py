"""How sizes grow: ``N·⌈H/32⌉·⌈W/32⌉`` is about ``N·H·W/1024``, grows as ``N·H·W``, and is the polynomial
``N·h·w`` where ``H = 32·h`` and ``W = 32·w``.

Roundings are replaced by quotients and the error is kept: ``⌊e/m⌋`` lies between ``(e - m + 1)/m`` and
``e/m``, so every size lies between two polynomials. Minima, maxima and broadcasts count as the argument that
wins from some sizes on. Where that, or a symbol under a fraction bar, leaves no polynomial, `NoPolynomial`
says so.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import comb, lcm, prod
from typing import NamedTuple

from archcheck.dims import (
    COUNTED,
    Atom,
    Dim,
    Size,
    atom_size,
    atoms_of,
    least,
    substitute,
    symbol,
    symbols,
    total,
)
from archcheck.dims import prod as product_of
from archcheck.residues import moduli_of

FAR = 1 << 40
"""From here on a size is large beyond every constant of a network."""

MAX_PRODUCTS, MAX_MODULUS = 200, 4096
Product = tuple[str, ...]  # sorted names of symbols, powers repeated
Polynomial = dict[Product, Fraction]


class NoPolynomial(Exception):
    """A size is close to no polynomial; the message says why."""


class Growth(NamedTuple):
    """What is known of a size where every symbol is at least ``start``: it is ``smooth + e`` with ``low ≤ e ≤
    high``, polynomials all. ``leading`` are the products of ``smooth`` that no other outgrows."""

    smooth: Polynomial
    low: Polynomial
    high: Polynomial
    leading: Polynomial
    start: Mapping[str, int]

    @property
    def exact(self) -> bool:
        """Whether the size is ``smooth`` itself from ``start`` on."""
        return not self.low and not self.high

    def within(self) -> tuple[float, float] | None:
        """How far the size may be from ``smooth``, as fractions of it: the least and the largest relative
        error of all sizes from ``start`` on; None where no such bound was found."""
        if any(c < 0 for c in self.smooth.values()):
            return None
        below = self._relative({product: -c for product, c in self.low.items()})
        above = self._relative(self.high)
        return None if below is None or above is None else (0.0 - below, above)

    def _relative(self, error: Polynomial) -> float | None:
        """The largest that ``error / smooth`` can be. A product divided by one that it divides only falls as
        sizes grow, so what it is at ``start`` bounds it."""
        bound = 0.0
        for product, c in error.items():
            above = {other: k for other, k in self.smooth.items() if _divides(product, other)}
            if c > 0 and not above:
                return None
            if c > 0:
                bound += float(at({product: c}, self.start) / at(above, self.start))
        return bound


def growth(size: Size, start: Mapping[str, int] | None = None) -> Growth:
    """How ``size`` grows where its symbols are at least ``start``, 1 if not in it; by default `FAR`. Raises
    `NoPolynomial`."""
    names = [atom.args[0] for atom in _symbols(size)]
    region = {name: FAR if start is None else max(1, start.get(name, 1)) for name in names}
    try:
        span = _span_of(_settled(size, region), region)
    except ZeroDivisionError:
        raise NoPolynomial("it divides by zero at large sizes") from None
    if len(span.smooth) > MAX_PRODUCTS:
        raise NoPolynomial("it has too many terms")
    low, high = _plus(span.low, span.smooth, -1), _plus(span.high, span.smooth, -1)
    top = {product: c for product, c in span.smooth.items()
           if not any(product != other and _divides(product, other) for other in span.smooth)}
    if any(not any(product != other and _divides(product, other) for other in top)
           for product in {**low, **high} if product):
        raise NoPolynomial("rounding decides how it grows")
    return Growth(span.smooth, low, high, top, region)


def at(polynomial: Polynomial, sizes: Mapping[str, int]) -> Fraction:
    """What ``polynomial`` is at ``sizes``."""
    return sum((c * prod(sizes[name] for name in product) for product, c in polynomial.items()), Fraction())


def unrounded(sizes: Sequence[Size], names: Sequence[str] = ()) -> tuple[dict[str, Dim], list[Size]]:
    """Multiples for symbols that leave no rounding in ``sizes``, ``{"H": 32·h}``, and the sizes with them;
    nothing of either where there is none to leave, or no such multiples. ``names`` is the order of symbols,
    and no new one has a name of theirs."""
    moduli: dict[Atom, int] = {}
    for size in sizes:
        for atom, m in moduli_of(size).items():
            moduli[atom] = lcm(m, moduli.get(atom, 1))
    if not moduli or max(moduli.values()) > MAX_MODULUS or any(atom.origin for atom in moduli):
        return {}, []
    used = {*names, *(atom.args[0] for size in sizes for atom in symbols(size))}
    places = {name: place for place, name in enumerate(names)}
    multiples: dict[Atom, Size] = {}
    for atom in sorted(moduli, key=lambda atom: (places.get(atom.args[0], len(places)), atom.key)):
        name = _fresh(atom.args[0], used)
        used.add(name)
        multiples[atom] = moduli[atom] * symbol(name)
    try:
        found = [substitute(size, multiples) for size in sizes]
    except ZeroDivisionError:  # it divides by a remainder, say
        return {}, []
    if any(_is_rounded(size) for size in found):
        return {}, []
    return {atom.args[0]: size for atom, size in multiples.items() if isinstance(size, Dim)}, found


def _is_rounded(size: Size) -> bool:
    return any(atom.kind == "floor" or atom.kind != "symbol" and any(map(_is_rounded, atom.args))
               for atom in atoms_of(size))


def _fresh(name: str, used: set[str]) -> str:
    """A name for the multiples of a symbol: ``h`` for ``H``, ``w`` for ``width``."""
    choices = (name.lower(), name[:1].lower(), f"{name}_")
    return next((choice for choice in choices if choice.isidentifier() and choice not in used),
                f"multiple_{len(used)}")


# ----------------------------------------------------------------------------------- deciding what wins
def _symbols(size: Size) -> list[Atom]:
    found = [] if isinstance(size, int) else sorted(size.symbols, key=lambda atom: atom.key)
    for atom in found:
        if atom.origin:
            raise NoPolynomial("it depends on " + (
                "the data" if atom.origin == COUNTED else "a size that is not known"))
    return found


def _settled(size: Size, region: Mapping[str, int]) -> Size:
    """``size`` without minima, maxima and broadcasts, as it is in ``region``."""
    if isinstance(size, int):
        return size
    return total(product_of([c, *(_settled_atom(atom, region) for atom in atoms)]) for atoms, c in size.terms)


def _settled_atom(atom: Atom, region: Mapping[str, int]) -> Size:
    if atom.kind == "symbol":
        return atom_size(atom)
    args = [_settled(arg, region) for arg in atom.args]
    if atom.kind == "floor":
        return args[0] // args[1]
    shift: dict[Atom, Size] = {a: atom_size(a) + region[a.args[0]] for arg in args for a in _symbols(arg)}
    inside = [substitute(arg, shift) for arg in args]
    for arg, here in zip(args, inside):
        if atom.kind == "bcast":
            wins = least(here) >= 2
        else:
            sign = 1 if atom.kind == "max" else -1
            wins = all(least(sign * (here - other)) >= 0 for other in inside)
        if wins:
            return arg
    raise NoPolynomial(f"it depends on which of {' and '.join(map(str, atom.args))} is larger")


# ----------------------------------------------------------------------------------- between polynomials
class _Span(NamedTuple):
    smooth: Polynomial
    low: Polynomial
    high: Polynomial


def _exactly(polynomial: Polynomial) -> _Span:
    return _Span(polynomial, polynomial, polynomial)


def _span_of(size: Size, region: Mapping[str, int]) -> _Span:
    if isinstance(size, int):
        return _exactly({(): Fraction(size)} if size else {})
    sums = _Span({}, {}, {})
    for atoms, c in size.terms:
        span = _exactly({(): Fraction(1)})
        for atom in atoms:
            span = _multiplied(span, _span_of_atom(atom, region), region)
        smooth, low, high = span if c > 0 else (span.smooth, span.high, span.low)
        for one, other in zip(sums, (smooth, low, high)):
            _add(one, other, c)
    return _Span(*map(_without_zeros, sums))


def _span_of_atom(atom: Atom, region: Mapping[str, int]) -> _Span:
    if atom.kind == "symbol":
        return _exactly({(atom.args[0],): Fraction(1)})
    numerator, d = atom.args
    if not isinstance(d, int):
        raise NoPolynomial(f"it is divided by {d}")
    smooth, low, high = _span_of(numerator, region)
    rising = {product: c for product, c in smooth.items() if product}
    return _Span(*(_plus({}, poly, Fraction(1, d))
                   for poly in (rising, _plus(low, {(): Fraction(d - 1)}, -1), high)))


def _multiplied(a: _Span, b: _Span, region: Mapping[str, int]) -> _Span:
    if not _never_negative(a.low, region) or not _never_negative(b.low, region):
        raise NoPolynomial("a factor may be negative")
    return _Span(*(_times(one, other) for one, other in zip(a, b)))


def _never_negative(polynomial: Polynomial, region: Mapping[str, int]) -> bool:
    """Whether ``polynomial`` is at least 0 throughout ``region``: all its coefficients are once it is written
    in how far each symbol is beyond its start."""
    return all(c >= 0 for c in polynomial.values()) or all(
        c >= 0 for c in _shifted(polynomial, region).values())


def _shifted(polynomial: Polynomial, region: Mapping[str, int]) -> Polynomial:
    out: Polynomial = {}
    for product, c in polynomial.items():
        power: Polynomial = {(): c}
        for name, n in Counter(product).items():
            power = _times(power, {(name,) * k: Fraction(comb(n, k) * region[name] ** (n - k))
                                   for k in range(n + 1)})
        out = _plus(out, power)
    return out


def _plus(a: Polynomial, b: Polynomial, times: int | Fraction = 1) -> Polynomial:
    out = dict(a)
    _add(out, b, times)
    return _without_zeros(out)


def _add(a: Polynomial, b: Polynomial, times: int | Fraction) -> None:
    """Add ``times·b`` to ``a`` itself."""
    for product, c in b.items():
        a[product] = a.get(product, Fraction()) + c * times


def _without_zeros(polynomial: Polynomial) -> Polynomial:
    return {product: c for product, c in polynomial.items() if c}


def _times(a: Polynomial, b: Polynomial) -> Polynomial:
    out: Polynomial = {}
    for left, x in a.items():
        for right, y in b.items():
            product = tuple(sorted(left + right))
            out[product] = out.get(product, Fraction()) + x * y
    if len(out) > MAX_PRODUCTS:
        raise NoPolynomial("it has too many terms")
    return _without_zeros(out)


def _divides(product: Product, other: Product) -> bool:
    return not Counter(product) - Counter(other)
