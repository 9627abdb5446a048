"""Arithmetic on polynomials with integer coefficients, as plain dictionaries from products of atoms to
coefficients.

A product of atoms is a tuple sorted by their keys. Terms are ordered by degree, then by keys: an order that
multiplication keeps, so that the last term leads in a division. Of an atom nothing is known here but its key.
"""
from __future__ import annotations

from collections import Counter
from functools import reduce
from math import gcd
from operator import and_, attrgetter
from typing import Any

Monomial = tuple[Any, ...]
Polynomial = dict[Monomial, int]
Terms = tuple[tuple[Monomial, int], ...]
_key = attrgetter("key")


def order(term: tuple[Monomial, int]) -> tuple[int, list[str]]:
    """What terms are sorted by: degree, then the keys of the atoms."""
    return len(term[0]), [atom.key for atom in term[0]]


def terms_of(size: Any) -> Terms:
    """The terms of a size, be it a number or not."""
    return (((), size),) if isinstance(size, int) else size.terms


def constant_of(size: Any) -> int:
    """The number that is added to a size's other terms."""
    atoms, c = terms_of(size)[0]
    return 0 if atoms else c


def divisor_of(size: Any) -> int:
    """The largest number that divides all coefficients of a size, and so the size, whatever its symbols
    are."""
    return gcd(*[c for _, c in terms_of(size)])


def times(left: Monomial, right: Monomial) -> Monomial:
    """The product of two products of atoms."""
    return tuple(sorted(left + right, key=_key)) if left and right else left or right


def without(atoms: Monomial, divisor: Monomial) -> Monomial | None:
    """``atoms`` divided by ``divisor``; None where it does not divide them."""
    left = list(atoms)
    for atom in divisor:
        if atom not in left:
            return None
        left.remove(atom)
    return tuple(left)


def add(poly: Polynomial, terms: Terms, c: int = 1, factor: Monomial = ()) -> Polynomial:
    """``poly`` itself, after ``c·factor·terms`` has been added to it; coefficients may have become zero."""
    for atoms, k in terms:
        product = times(atoms, factor)
        poly[product] = poly.get(product, 0) + c * k
    return poly


def common(*sums: Terms) -> tuple[int, Monomial]:
    """The largest number and the largest product of atoms that divide every term of every sum."""
    number = gcd(*[c for terms in sums for _, c in terms])
    if any(not terms[0][0] for terms in sums):
        return number, ()
    shared = reduce(and_, [Counter(atoms) for terms in sums for atoms, _ in terms])
    return number, tuple(sorted(shared.elements(), key=_key))


def cancelled(terms: Terms, number: int, atoms: Monomial) -> Polynomial:
    """``terms`` divided by a number and a product of atoms that divide every one of them."""
    return {without(product, atoms) or (): c // number for product, c in terms}


def divided(a: Polynomial, b: Terms, steps: int, whole: bool = False) -> tuple[Polynomial, Polynomial]:
    """``quotient, rest`` with ``a = quotient·b + rest``, by long division of at most ``steps`` steps. The
    rest is empty where ``b`` divides ``a`` and the steps suffice. With ``whole`` the quotient is a number."""
    lead, c = b[-1]
    quotient: Polynomial = {}
    rest = dict(a)
    for _ in range(steps):
        hits = [(atoms, k) for atoms, k in rest.items()
                if k % c == 0 and (atoms == lead if whole else without(atoms, lead) is not None)]
        if not hits:
            break
        atoms, k = max(hits, key=order)
        step = without(atoms, lead) or ()
        add(quotient, (((), k // c),), 1, step)
        rest = {product: k for product, k in add(rest, b, -k // c, step).items() if k}
    return quotient, rest
