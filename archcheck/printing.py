"""Sizes as text: a Python expression, a formula for people, a sympy expression.

The canonical form is for computing; what is printed is put back together from it: ``H - 7*(H//7)`` is
``Mod(H, 7)``, ``Max(H, 3) - 3`` is ``Max(H - 3, 0)``, ``(H + 1)//4 - 1`` is ``(H - 3)//4``, ``N*S + N`` is
``N*(S + 1)``.
"""
from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from keyword import iskeyword
from typing import Any, NamedTuple, Union

from archcheck.algebra.polynomials import (
    Monomial,
    Polynomial,
    Terms,
    cancelled,
    common,
    constant_of,
    divided,
    terms_of,
    times,
    without,
)
from archcheck.algebra.sizes import EXTREMES, Atom, Dim, Size, atom_size, key_of, polynomial, sole_atom
from archcheck.dims import COUNTED

SUM, QUOTIENT, PRODUCT, ATOM = range(4)  # how tightly the parts of a text hold together
_GROUPED = 1000  # from here on people want their digits in groups of three
_LARGEST_READ = 9  # the largest number in a fraction that is read at a glance
_MOST_FACTORED = 200  # the terms of a sum that is searched for factors
_NO_NAMES: Mapping[str, str] = {}
CALLS = ("Max", "Min", "Mod", "bcast", "symbol")
_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def python(size: Size) -> str:
    """A Python expression over the symbols that evaluates to ``size``: it uses ``//`` and calls ``Max``,
    ``Min``, ``Mod(a, m)`` and ``bcast(a, b)``, and ``symbol('16*h')`` for a name that is no identifier."""
    return Writer().text(size)


def human(size: Size, ascii: bool = False, names: Mapping[str, str] = _NO_NAMES) -> str:  # noqa: A002
    """``size`` as a formula for people, ``N·⌈H/32⌉`` or in ASCII ``N*ceil(H/32)``; the unknown is ``?``.
    ``names`` says what to call symbols, and in which order they stand in products."""
    return (_Ascii if ascii else Formula)(names).text(size)


def sympify_size(size: Size) -> Any:
    """``size`` as a sympy expression over non-negative integer symbols; broadcasting is a ``Piecewise``."""
    import sympy
    if isinstance(size, int):
        return sympy.Integer(size)
    return sympy.Add(*(sympy.Mul(c, *map(_sympify_atom, atoms)) for atoms, c in size.terms))


def _sympify_atom(atom: Atom) -> Any:
    import sympy
    if atom.kind == "symbol":
        return sympy.Symbol(atom.args[0], integer=True, nonnegative=True)
    first, *others = map(sympify_size, atom.args)
    if atom.kind == "floor":
        return sympy.floor(first / others[0])
    if atom.kind in EXTREMES:
        return (sympy.Max if atom.kind == "max" else sympy.Min)(first, *others)
    for other in others:
        first = sympy.Piecewise((other, sympy.Eq(first, 1)), (first, True))
    return first


# ------------------------------------------------------------------------------------------- putting together
class _Call(NamedTuple):
    """A function as it is printed: the kinds of `Atom`, and ``mod``."""

    kind: str
    args: tuple[Size, ...]

    @property
    def key(self) -> str:
        """What pieces of the same degree are sorted by."""
        return f"{self.kind}({','.join(map(key_of, self.args))})"

    @property
    def symbols(self) -> frozenset[Atom]:
        """Every symbol it depends on."""
        return frozenset().union(*(arg.symbols for arg in self.args if isinstance(arg, Dim)))


Factor = Union[Atom, _Call]
Piece = tuple[int, tuple[Factor, ...]]


def _pieces(size: Dim) -> list[Piece]:
    """The terms of ``size`` as they are printed: higher degrees first, but a positive one to begin with."""
    left = dict(size.terms)
    pieces: list[Piece] = []
    for atoms, _ in size.terms:
        found = _recovered(atoms, left) if atoms in left else None
        if found is not None:
            del left[atoms]
            pieces.append(found)
    pieces = sorted([*pieces, *((c, atoms) for atoms, c in left.items())], key=_rank)
    first = next((index for index, (c, _) in enumerate(pieces) if c > 0), 0)
    return [pieces[first], *pieces[:first], *pieces[first + 1:]]


def _rank(piece: Piece) -> tuple[int, bool, list[str]]:
    return -len(piece[1]), piece[0] < 0, [factor.key for factor in piece[1]]


def _recovered(atoms: Monomial, left: Polynomial) -> Piece | None:
    """The function that one of ``atoms`` and other terms stand for, which are taken from what is ``left``."""
    for index, atom in enumerate(atoms):
        find = _floor if atom.kind == "floor" else _extreme if atom.kind in EXTREMES else None
        before, after = atoms[:index], atoms[index + 1:]
        found = find(atom, left[atoms], before + after, left) if find else None
        if found is not None:
            return found[0], (*before, found[1], *after)
    return None


def _extreme(atom: Atom, c: int, others: Monomial, left: Polynomial) -> tuple[int, _Call] | None:
    """``max(a, b) - b`` is ``max(a - b, 0)``; ``b - max(a, b)`` is ``min(b - a, 0)``."""
    sign = 1 if c > 0 else -1
    kind = atom.kind if c > 0 else "min" if atom.kind == "max" else "max"
    for arg in atom.args:
        if _take(left, terms_of(arg), -c, others):
            return c * sign, _Call(kind, tuple((other - arg) * sign for other in atom.args))
    return None


def _floor(atom: Atom, c: int, others: Monomial, left: Polynomial) -> tuple[int, _Call]:
    """A remainder; or ``H + H//2`` as ``(3*H)//2``; and a number beside a floor moved into it where that
    leaves less to read: ``(H + 1)//4 - 1`` is ``(H - 3)//4``, but ``H//4 + 1`` is not ``(H + 4)//4``."""
    e, d = atom.args
    if isinstance(d, int):
        remainder = _remainder(e, d, c, others, left)
        if remainder is not None:
            return remainder
        e, c = _fraction(e, d, c, others, left)
    constant, moved = constant_of(e), left.get(others, 0) // c
    shorter = moved < 0 or constant not in (0, d - 1) if isinstance(d, int) else (moved, constant) == (1, -1)
    if moved and shorter and _take(left, (((), 1),), moved * c, others):
        e = e + d * moved
    return c, _Call("floor", (e, d))


def _remainder(e: Dim, d: int, c: int, others: Monomial, left: Polynomial) -> tuple[int, _Call] | None:
    """``e - d*(e//d)`` is ``e mod d``, and ``d*((e + d - 1)//d) - e`` is ``-e mod d``."""
    for k, numerator in ((-c // d, e), (c // d, d - 1 - e)):
        if c % d == 0 and _take(left, terms_of(numerator), k, others):
            return k, _Call("mod", (numerator, d))
    return None


def _fraction(e: Dim, d: int, c: int, others: Monomial, left: Polynomial) -> tuple[Size, int]:
    """Numerator and coefficient of a floor together with a whole multiple of what is under it."""
    *constant, (atoms, k) = e.terms
    whole = left.get(times(atoms, others), 0) // c
    is_read = whole and abs(k + d * whole) <= _LARGEST_READ and all(not product for product, _ in constant)
    if not is_read or not _take(left, ((atoms, 1),), whole * c, others):
        return e, c
    numerator = e + polynomial({atoms: d * whole})
    return (numerator, c) if k + d * whole > 0 else (d - 1 - numerator, -c)


def _take(left: Polynomial, terms: Terms, c: int, others: Monomial) -> bool:
    """Take ``c·others·terms`` away from what is ``left``, if that holds exactly so much of each product."""
    products = [(times(atoms, others), c * k) for atoms, k in terms]
    if any(left.get(atoms, 0) != k for atoms, k in products):
        return False
    for atoms, _ in products:
        left.pop(atoms, None)
    return True


def monomial_of(size: Dim) -> tuple[int, Monomial, Size]:
    """A number, a product of atoms and a sum whose product is ``size``; of a sum that only falls, the number
    is negative."""
    number, atoms = common(size.terms)
    number = -number if all(c < 0 for _, c in size.terms) else number
    return number, atoms, polynomial(cancelled(size.terms, number, atoms))


def _binomials(size: Size) -> list[Dim]:
    """``(a + b)·(c + d)`` as ``[a + b, c + d]``, and 1 as no factor."""
    if isinstance(size, int):
        return []
    if len(size.terms) > _MOST_FACTORED:
        return [size]
    for atom in dict.fromkeys(atom for atoms, _ in size.terms if len(atoms) > 1 for atom in atoms):
        high = polynomial({without(atoms, (atom,)) or (): c for atoms, c in size.terms if atom in atoms})
        low = {atoms: c for atoms, c in size.terms if atom not in atoms}
        quotient, rest = divided(low, terms_of(high), len(low))
        if not rest and isinstance(high, Dim):
            return _binomials(atom_size(atom) + polynomial(quotient)) + _binomials(high)
    return [size]


# ---------------------------------------------------------------------------------------------------- writing
class Writer:
    """Writes Python; those below write for people. A text comes with how tightly its parts hold together."""

    times, minus = "*", "-"

    def __init__(self, names: Mapping[str, str] = _NO_NAMES) -> None:
        self.names = names
        self.places = {name: place for place, name in enumerate(names)}

    def text(self, size: Size, least: int = SUM) -> str:
        """``size``, in parentheses if its parts hold together less tightly than ``least``."""
        return self.held(*self._size(size), least)

    def held(self, text: str, tightness: int, least: int) -> str:
        """``text``, in parentheses if its parts hold together less tightly than ``least``."""
        return text if tightness >= least else f"({text})"

    def _size(self, size: Size) -> tuple[str, int]:
        if isinstance(size, int):
            return (str(size), ATOM) if size >= 0 else (f"{self.minus}{-size}", SUM)
        number, factors = self.factors(size)
        if len(factors) == 1:
            return self._sum(_pieces(size))
        factors.sort(key=self._place)
        return self._signed(number, *self._product(abs(number), list(map(self._factor, factors))))

    def factors(self, size: Dim) -> tuple[int, list[Dim]]:
        """A number and sizes whose product is ``size``, as it is to be written."""
        number, atoms, rest = monomial_of(size)
        return number, [*map(atom_size, atoms), *_binomials(rest)]

    def _place(self, factor: Dim | Factor) -> tuple[bool, int]:
        """What factors are sorted by: the first of their symbols, sums behind."""
        if not self.places:
            return False, 0
        places = [self.places.get(atom.args[0], len(self.places)) for atom in factor.symbols]
        return isinstance(factor, Dim) and sole_atom(factor) is None, min(places, default=0)

    def _factor(self, size: Dim) -> tuple[str, int]:
        atom = sole_atom(size)
        return self._size(size) if atom is None else self._call(atom)

    def _sum(self, pieces: list[Piece]) -> tuple[str, int]:
        (c, text, tightness), *others = [
            (c, *self._product(abs(c), list(map(self._call, sorted(factors, key=self._place)))))
            for c, factors in pieces]
        if not others:
            return self._signed(c, text, tightness)
        total = self.held(text, tightness, QUOTIENT) if c > 0 else self._signed(c, text, tightness)[0]
        for c, text, tightness in others:
            total += f" {'+' if c > 0 else self.minus} {self.held(text, tightness, QUOTIENT)}"
        return total, SUM

    def _signed(self, number: int, text: str, tightness: int) -> tuple[str, int]:
        return (text, tightness) if number > 0 else (self.minus + self.held(text, tightness, PRODUCT), SUM)

    def _product(self, number: int, factors: list[tuple[str, int]]) -> tuple[str, int]:
        if len(factors) == 1 and number == 1:
            return factors[0]
        texts = [self.held(text, tightness, ATOM) for text, tightness in factors]
        powers = [(text, len(list(same))) for text, same in groupby(texts)]
        parts = [text + (self._power(count) if count > 1 else "") for text, count in powers]
        return self.times.join([self._number(number)] * (number != 1 or not parts) + parts), PRODUCT

    def _number(self, number: int) -> str:
        return str(number)

    def _power(self, count: int) -> str:
        return f"**{count}"

    def _call(self, factor: Factor) -> tuple[str, int]:
        if factor.kind == "symbol":
            return self._symbol(factor), ATOM  # type: ignore[arg-type]
        if factor.kind == "floor":
            return self._floor(*factor.args)
        if factor.kind == "mod":
            return self._mod(*factor.args)
        return self._function(factor.kind, sorted(factor.args, key=_is_number)), ATOM

    def _symbol(self, atom: Atom) -> str:
        name = atom.args[0]
        plain = name.isascii() and name not in CALLS and all(map(_is_identifier, name.split(".")))
        return name if plain else f"symbol({name!r})"

    def _floor(self, numerator: Size, d: Size) -> tuple[str, int]:
        return f"{self.text(numerator, ATOM)}//{self.text(d, ATOM)}", QUOTIENT

    def _mod(self, numerator: Size, d: Size) -> tuple[str, int]:
        return f"Mod({self.text(numerator)}, {self.text(d)})", ATOM

    def _function(self, kind: str, args: list[Size]) -> str:
        *others, last = map(self.text, args)
        if kind == "bcast":
            return "".join(f"bcast({other}, " for other in others) + last + ")" * len(others)
        return f"{kind.title()}({', '.join([*others, last])})"


class Formula(Writer):
    """Writes formulas for people."""

    times, minus = "·", "−"
    floor, ceiling = "⌊{}/{}⌋", "⌈{}/{}⌉"

    def _number(self, number: int) -> str:
        return f"{number:,}" if number >= _GROUPED else str(number)

    def _power(self, count: int) -> str:
        return str(count).translate(_SUPERSCRIPT)

    def _symbol(self, atom: Atom) -> str:
        if atom.origin and atom.origin != COUNTED:
            return "?"
        name: str = self.names.get(atom.args[0], atom.args[0])
        return name if name.isprintable() else name.encode("unicode_escape").decode()

    def _floor(self, numerator: Size, d: Size) -> tuple[str, int]:
        above = numerator - d + 1
        if len(terms_of(above)) < len(terms_of(numerator)) or isinstance(above, int):
            numerator, form = above, self.ceiling
        else:
            form = self.floor
        return form.format(self.text(numerator, PRODUCT), self.text(d, ATOM)), ATOM

    def _mod(self, numerator: Size, d: Size) -> tuple[str, int]:
        return f"{self.text(numerator, PRODUCT)} mod {self.text(d, ATOM)}", SUM

    def _function(self, kind: str, args: list[Size]) -> str:
        return f"{kind}({', '.join(map(self.text, args))})"


class _Ascii(Formula):
    """Writes formulas for people whose terminal knows no other letters."""

    times, minus = "*", "-"
    floor, ceiling = "floor({}/{})", "ceil({}/{})"

    def _power(self, count: int) -> str:
        return f"^{count}"

    def _symbol(self, atom: Atom) -> str:
        return super()._symbol(atom).encode("ascii", "backslashreplace").decode()


def _is_number(size: Size) -> bool:
    return isinstance(size, int)


def _is_identifier(name: str) -> bool:
    return name.isidentifier() and not iskeyword(name)
