"""Sizes at a glance: ``32·(H//2)·((W + 1)//2) + 9·H`` is about ``8·H·W``.

Roundings and what is added to a numerator are left out, and so is what only matters for sizes below `SMALL`.
The result is a polynomial over the symbols, close to the size where they are large.
"""
from __future__ import annotations

from collections.abc import Mapping

from archcheck.dims import Dim, Size

SMALL = 8
MAX_PRODUCTS = 64
"""A polynomial of more products is not read at a glance."""

Products = dict[tuple[str, ...], float]  # sorted names of symbols, with powers repeated, to the coefficient


class NotRough(Exception):
    """The size is not close to any polynomial."""


def polynomial(size: Size) -> Products:
    """``size`` as a polynomial over its symbols. Raises `NotRough`."""
    if isinstance(size, int):
        return {(): float(size)}
    total: Products = {}
    for atoms, c in size.terms:
        product: Products = {(): float(c)}
        for atom in atoms:
            product = _times(product, _of_atom(atom))
        for names, value in product.items():
            total[names] = total.get(names, 0.0) + value
    return {names: value for names, value in total.items() if value}


def is_exact(size: Dim) -> bool:
    """Whether ``size`` is a polynomial as it is, without any rounding."""
    return all(atom.kind == "symbol" for atoms, _ in size.terms for atom in atoms)


def _of_atom(atom: object) -> Products:
    kind, args, origin = atom.kind, atom.args, atom.origin  # type: ignore[attr-defined]
    if kind == "symbol" and not origin:
        return {args: 1.0}
    if kind in ("max", "min") and len(args) == 2:
        return _of_extreme(kind, *sorted(args, key=lambda arg: isinstance(arg, int)))
    if kind != "floor" or not isinstance(args[1], int):
        raise NotRough
    products = polynomial(args[0])
    return {names: value / args[1] for names, value in products.items() if names}


def _of_extreme(kind: str, a: Size, b: Size) -> Products:
    if not isinstance(b, int) or abs(b) > SMALL:
        raise NotRough
    return polynomial(a if kind == "max" else b)


def _times(a: Products, b: Products) -> Products:
    out: Products = {}
    for left, x in a.items():
        for right, y in b.items():
            names = tuple(sorted(left + right))
            out[names] = out.get(names, 0.0) + x * y
    if len(out) > MAX_PRODUCTS:
        raise NotRough
    return out


def factored(products: Mapping[tuple[str, ...], float],
             order: Mapping[str, int]) -> tuple[list[str], list[tuple[list[str], float]]]:
    """The symbols that all products share, and the products without them, higher powers first; symbols in
    ``order``."""
    shared = list(next(iter(products)))
    for names in products:
        shared = _common(shared, list(names))
    rest = [(_without(names, shared), value) for names, value in products.items()]

    def ordered(names: list[str]) -> list[str]:
        return sorted(names, key=lambda name: (order.get(name, len(order)), name))
    found = [(ordered(names), value) for names, value in rest]
    return ordered(shared), sorted(found, key=lambda product: (-len(product[0]), product[1] < 0, product[0]))


def _common(a: list[str], b: list[str]) -> list[str]:
    out = []
    for name in a:
        if name in b:
            b.remove(name)
            out.append(name)
    return out


def _without(names: tuple[str, ...], shared: list[str]) -> list[str]:
    left = list(names)
    for name in shared:
        left.remove(name)
    return left
