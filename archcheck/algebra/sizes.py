"""Symbolic sizes: atoms, sums of products of them, and their one canonical form.

``⌊e/d⌋`` is canonical once whole multiples of ``d`` are pulled out, what ``e`` and ``d`` share is cancelled,
and a floor inside is merged: ``⌊(⌊y/m⌋ + c)/d⌋ = ⌊(y + c·m)/(m·d)⌋``. A formula that would outgrow every use
becomes an unknown size, named by a digest of what it was.
"""
from __future__ import annotations

from functools import wraps
from math import gcd
from typing import Any, NoReturn, Union

from archcheck.algebra.intervals import OUTGROWN, Bounds, at_least, bounds_of, bounds_of_atom, bounds_of_terms
from archcheck.algebra.memory import Function, keep, recall, remembered
from archcheck.algebra.polynomials import (
    Polynomial,
    Terms,
    add,
    cancelled,
    common,
    constant_of,
    divided,
    divisor_of,
    order,
    terms_of,
)
from archcheck.algebra.twins import shortest

Size = Union[int, "Dim"]

MAX_TERMS, MAX_WEIGHT, MAX_DEPTH = 120, 1500, 40
EXTREMES = ("max", "min")


class Atom:
    """An indivisible factor: a symbol, or a function of other sizes.

    ``kind`` is ``symbol``, ``floor``, ``min``, ``max`` or ``bcast``; ``args`` are the symbol's name or the
    function's arguments; ``origin`` tells why a symbol is not known and ``limit`` what it cannot exceed.
    ``weight`` is about the length of the formula, ``depth`` how deeply functions are nested in it.
    """

    __slots__ = ("kind", "args", "origin", "limit", "weight", "depth", "twinned", "_key", "_bounds", "_twin",
                 "__weakref__")

    def __init__(self, kind: str, args: tuple[Any, ...], origin: str | None, limit: Size | None) -> None:
        self.kind, self.args, self.origin, self.limit = kind, args, origin, limit
        self.weight, self.depth, self.twinned = 1, 0, _may_have_twin(kind, args)
        for arg in args if kind != "symbol" else ():
            if isinstance(arg, int):
                self.weight += arg.bit_length() >> 3
            else:
                self.weight += arg.weight
                self.depth = max(self.depth, arg.depth + 1)
        self._key: str | None = None
        self._bounds: Bounds | None = None
        self._twin: tuple[Atom | None, Size] | None = None

    @property
    def key(self) -> str:
        """A text that no other atom has, the same in every process."""
        if self._key is None:
            self._key = _key_of_atom(self)
        return self._key

    @property
    def bounds(self) -> Bounds:
        """The smallest and the largest number it can be, both included; None where there is no bound."""
        if self._bounds is None:
            self._bounds = bounds_of_atom(self)
        return self._bounds

    @property
    def symbols(self) -> frozenset[Atom]:
        """Every symbol it depends on, itself included."""
        if self.kind == "symbol":
            return frozenset((self,))
        return frozenset().union(*(arg.symbols for arg in self.args if isinstance(arg, Dim)))

    @property
    def twin(self) -> tuple[Atom | None, Size]:
        """The atom that adds up with this one to something simpler, and that sum; (None, 0) without one."""
        if self._twin is None:
            self._twin = _twin(self) if self.twinned else (None, 0)
        return self._twin

    def __repr__(self) -> str:
        return repr(atom_size(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return atom_of, (self.kind, self.args, self.origin, self.limit)


def _operator(function: Function) -> Function:
    """A method of `Dim`, with its results remembered. A whole ``float`` counts as the ``int`` it equals."""
    @remembered
    @wraps(function)
    def method(self: Dim, other: Any) -> Any:
        if not isinstance(other, (int, Dim)):
            other = _whole(other)
        return NotImplemented if other is None else function(self, other)
    return method  # type: ignore[return-value]


def _whole(value: Any) -> int | None:
    try:
        whole = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return whole if whole == value else None


class Dim:
    """A symbolic size: a sum of products of atoms.

    ``terms`` pairs the products, tuples of atoms, with their coefficients, sorted by degree and key, the
    constant first. At least one term is not constant: a size that is constant is an ``int``. ``weight`` and
    ``depth`` are as for `Atom`.
    """

    __slots__ = ("terms", "weight", "depth", "twinned", "_key", "_bounds", "_symbols", "_repr", "_str",
                 "__weakref__")

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.weight, self.depth, self.twinned = len(terms), 0, False
        for atoms, c in terms:
            self.weight += c.bit_length() >> 3
            for atom in atoms:
                self.weight += atom.weight
                self.depth = max(self.depth, atom.depth)
                self.twinned = self.twinned or atom.twinned
        self._key: str | None = None
        self._bounds: Bounds | None = None
        self._symbols: frozenset[Atom] | None = None
        self._repr: str | None = None
        self._str: str | None = None

    @property
    def key(self) -> str:
        """A text that no other size has, the same in every process."""
        if self._key is None:
            self._key = _key_of_terms(self.terms)
        return self._key

    @property
    def bounds(self) -> Bounds:
        """The smallest and the largest number it can be, both included; None where there is no bound."""
        if self._bounds is None:
            self._bounds = bounds_of_terms(self.terms)
        return self._bounds

    @property
    def symbols(self) -> frozenset[Atom]:
        """Every symbol it depends on, nested ones included."""
        if self._symbols is None:
            self._symbols = frozenset().union(*(atom.symbols for atoms, _ in self.terms for atom in atoms))
        return self._symbols

    @_operator
    def __add__(self, other: Size) -> Size:
        if isinstance(other, int):
            return _plus(self.terms, other)
        return polynomial(add(dict(self.terms), other.terms))

    @_operator
    def __sub__(self, other: Size) -> Size:
        if isinstance(other, int):
            return _plus(self.terms, -other)
        return polynomial(add(dict(self.terms), other.terms, -1))

    @_operator
    def __mul__(self, other: Size) -> Size:
        return _scaled(self.terms, other) if isinstance(other, int) else _product(self, other)

    @_operator
    def __floordiv__(self, other: Size) -> Size:
        return _divide_by_int(self, other) if isinstance(other, int) else _divide_by_dim(self, other)

    @_operator
    def __mod__(self, other: Size) -> Size:
        return self - other * (self // other)

    __radd__ = __add__
    __rmul__ = __mul__

    def __rsub__(self, other: int) -> Size:
        return -self + other

    def __rfloordiv__(self, other: int) -> Size:
        return _divide_by_dim(other, self)

    def __rmod__(self, other: int) -> Size:
        return other - self * (other // self)

    def __neg__(self) -> Size:
        return self * -1

    def __bool__(self) -> NoReturn:
        raise TypeError("a symbolic size has no truth value: use same(a, b) or bounds(size)")

    def __repr__(self) -> str:
        if self._repr is None:
            from archcheck.printing import python
            self._repr = python(self)
        return self._repr

    def __str__(self) -> str:
        if self._str is None:
            from archcheck.printing import human
            self._str = human(self)
        return self._str

    def __reduce__(self) -> tuple[Any, ...]:
        return size_of, (self.terms,)


# ------------------------------------------------------------------------------------------------ making them
def key_of(size: Size) -> str:
    """A text that no other size has, the same in every process; in the order of texts small numbers come
    first."""
    return f"{size:04x}" if isinstance(size, int) else size.key


def _key_of_terms(terms: Terms) -> str:
    return "+".join([f"{c:04x}*{'*'.join([atom.key for atom in atoms])}" for atoms, c in terms])


def _key_of_atom(atom: Atom) -> str:
    if atom.kind != "symbol":
        return f"{atom.kind}({','.join(map(key_of, atom.args))})"
    source = f"?{atom.origin!r}" if atom.origin else ""
    return f"{atom.args[0]!r}{source}{'' if atom.limit is None else '<=' + key_of(atom.limit)}"


def atom_of(kind: str, args: tuple[Any, ...], origin: str | None = None, limit: Size | None = None) -> Atom:
    """The one atom of this kind with these arguments."""
    key = (kind, args, origin, limit)
    found: Atom | None = recall(key)
    return keep(key, Atom(kind, args, origin, limit)) if found is None else found


def atom_size(atom: Atom) -> Dim:
    """The size that is this atom alone."""
    return size_of((((atom,), 1),))  # type: ignore[return-value]


def sole_atom(size: Size) -> Atom | None:
    """The atom that ``size`` consists of, if it is nothing but one atom."""
    (atoms, c), *others = terms_of(size)
    return atoms[0] if not others and c == len(atoms) == 1 else None


def function(kind: str, *args: Size) -> Dim:
    """The size that is a function of others, which are as its canonical form wants them."""
    atom = atom_of(kind, args)
    return outgrown(atom.key) if atom.depth > MAX_DEPTH else atom_size(atom)


def outgrown(formula: str) -> Dim:
    """The unknown size, positive or negative, that stands for a formula too large to be of use."""
    from hashlib import blake2b
    digest = blake2b(formula.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return atom_size(atom_of("symbol", (f"outgrown.h{digest}",), OUTGROWN))


def polynomial(poly: Polynomial, canonical: bool = False, most: int = MAX_TERMS) -> Size:
    """The size with these terms; ``canonical`` where its atoms are known to be preferred to their twins. One
    of more than ``most`` terms has outgrown every use."""
    terms = [term for term in poly.items() if term[1]]
    if len(terms) > 1:
        terms.sort(key=order)
    elif not terms:
        return 0
    elif not terms[0][0]:
        return terms[0][1]
    return size_of(tuple(terms), canonical, most)


def size_of(terms: Terms, canonical: bool = False, most: int = MAX_TERMS) -> Size:
    """The one size with these terms, which are sorted, not constant, and have no coefficient of zero."""
    found: Dim | None = recall(terms)
    if found is not None:
        return found
    made = Dim(terms)
    if made.weight > MAX_WEIGHT * most // MAX_TERMS or len(terms) > most:
        return outgrown(_key_of_terms(terms))
    shorter = shortest(dict(terms)) if made.twinned and len(terms) > 1 and not canonical else None
    return keep(terms, made) if shorter is None else polynomial(shorter, True)


def _may_have_twin(kind: str, args: tuple[Any, ...]) -> bool:
    if kind == "floor":
        return isinstance(args[1], int) and args[1] == 2
    return kind in EXTREMES and len(args) == 2 and not any(
        atom.kind in EXTREMES for arg in args for atoms, _ in terms_of(arg) for atom in atoms)


def _twin(atom: Atom) -> tuple[Atom | None, Size]:
    if atom.kind != "floor":
        return atom_of("min" if atom.kind == "max" else "max", atom.args), atom.args[0] + atom.args[1]
    numerator = atom.args[0]
    even = numerator - constant_of(numerator)
    return sole_atom((even + 1 if even is numerator else even) // 2), even


# ------------------------------------------------------------------------------------------ sums and products
def _plus(terms: Terms, number: int) -> Size:
    if not terms[0][0]:
        number, terms = number + terms[0][1], terms[1:]
    return size_of((((), number), *terms) if number else terms)


def _scaled(terms: Terms, number: int) -> Size:
    return size_of(tuple([(atoms, c * number) for atoms, c in terms])) if number else 0


def _product(a: Dim, b: Dim) -> Size:
    poly: Polynomial = {}
    for atoms, c in a.terms:
        add(poly, b.terms, c, atoms)
        if len(poly) > 2 * MAX_TERMS:
            return outgrown("*".join(sorted((a.key, b.key))))
    return polynomial(poly)


# --------------------------------------------------------------------------------------------------- division
def _divide_by_int(a: Dim, d: int) -> Size:
    """``⌊a/d⌋``, whole multiples of ``d`` pulled out: the coefficients left are between ``-d/2`` and
    ``d/2``, and the first is positive, which makes ``-⌊-a/d⌋`` and ``⌊(a + d - 1)/d⌋`` the same."""
    if d == 0:
        raise ZeroDivisionError("a size is divided by zero")
    if d < 2:
        return a if d == 1 else -a // -d
    sign, half = _direction(a.terms, d), (d - 1) // 2
    whole: Polynomial = {}
    rest: Polynomial = {}
    for atoms, c in a.terms:
        quotient, remainder = divmod(sign * c + half, d)
        if atoms and quotient:
            whole[atoms] = quotient
        if atoms and remainder != half:
            rest[atoms] = remainder - half
    constant = sign * constant_of(a) + (d - 1 if sign < 0 else 0)
    floor = _floor_of(rest, constant, d) if rest else constant // d
    total = polynomial(whole) + floor if whole else floor
    return total if sign > 0 else -total


def _direction(terms: Terms, d: int) -> int:
    for atoms, c in terms:
        if atoms and c % d:
            return -1 if 2 * (c % d) > d or 2 * (c % d) == d and c < 0 else 1
    return 1


def _floor_of(rest: Polynomial, constant: int, d: int) -> Size:
    factor = gcd(d, *rest.values())
    shift, constant = divmod(constant // factor, d // factor)
    terms = tuple([(atoms, c // factor) for atoms, c in rest.items()])
    floor = _floor(size_of((((), constant), *terms) if constant else terms), d // factor)
    return floor + shift if shift else floor


def _divide_by_dim(a: Size, b: Dim) -> Size:
    """``⌊a/b⌋`` where ``b`` is not zero: what both share is cancelled, whole multiples are pulled out."""
    if b.terms[-1][1] < 0:
        return -a // -b
    number, atoms = common(terms_of(a), b.terms)
    if number > 1 or atoms:
        a, shorter = (polynomial(cancelled(terms_of(size), number, atoms)) for size in (a, b))
        return a // shorter
    if len(b.terms) > 1:
        number, atoms = common(b.terms)
        primitive = polynomial(cancelled(b.terms, number, atoms))
        quotient, rest = divided(dict(terms_of(a)), terms_of(primitive), MAX_TERMS)
        if not rest:
            return polynomial(quotient) // polynomial({atoms: number})
    quotient, rest = divided(dict(terms_of(a)), b.terms, MAX_TERMS, whole=len(b.terms) > 1)
    return polynomial(quotient) + _floor_over(polynomial(rest), b)


def _floor_over(rest: Size, b: Dim) -> Size:
    if rest == 0:
        return 0
    if not at_least(b, 0):
        return function("floor", rest, b)
    other = -1 - rest  # ⌊e/b⌋ = -1 - ⌊(-1 - e)/b⌋
    if _falls(other) < _falls(rest):
        return -1 - _floor_over_positive(other, b)
    return _floor_over_positive(rest, b)


def _falls(size: Size) -> tuple[bool, str]:
    return terms_of(size)[-1][1] < 0, key_of(size)


def _floor_over_positive(rest: Size, b: Dim) -> Size:
    if rest == 0 or at_least(rest, 0) and (at_least(b - rest, 1) or _is_below(rest, b)):
        return 0
    return _floor(rest, b)


def _is_below(number: Size, b: Dim) -> bool:
    """Whether ``number`` is below what divides ``b``: neither zero nor negative, ``b`` is that at least."""
    return isinstance(number, int) and number < divisor_of(b)


def _floor(numerator: Size, d: Size) -> Size:
    """``⌊numerator/d⌋`` for positive ``d``, with nothing left to cancel; a floor inside is merged."""
    floors = [(atoms, c) for atoms, c in terms_of(numerator)
              if len(atoms) == 1 and c in (1, -1) and atoms[0].kind == "floor"]
    if len(floors) == 1:
        (atoms, c), = floors
        inner, m = atoms[0].args
        others = m * polynomial({product: k for product, k in terms_of(numerator) if product != atoms})
        if c == 1 or at_least(m, 0):
            merged: Size = (inner + others if c == 1 else others + (m - 1) - inner) // (m * d)
            return merged
    lo, hi = bounds_of(numerator)
    if isinstance(d, int) and lo is not None and hi is not None and lo // d == hi // d:
        return lo // d
    return function("floor", numerator, d)
