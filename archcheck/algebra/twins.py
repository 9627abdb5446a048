"""Choosing between equal forms of a sum in which atoms have twins.

``⌊e/2⌋ + ⌊(e + 1)/2⌋ = e`` and ``max(a, b) + min(a, b) = a + b``: with either of two twins the same size can
be written. The shorter form is canonical, so ``H - H//2`` is ``(H + 1)//2`` and ``H - max(H - 3, 0)`` is
``min(H, 3)``.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from archcheck.algebra.polynomials import Polynomial, add, terms_of, times, without

if TYPE_CHECKING:
    from archcheck.algebra.sizes import Atom

_PATIENCE = 8


def shortest(poly: Polynomial) -> Polynomial | None:
    """``poly`` with twins exchanged until it is shortest; None if it is."""
    best = None
    for _ in range(_PATIENCE):
        shorter = _exchanged(poly if best is None else best)
        if shorter is None:
            break
        best = shorter
    return best


def _exchanged(poly: Polynomial) -> Polynomial | None:
    """``poly`` with one atom replaced by its twin where that is shorter, or where both are in it."""
    for atoms, atom in [(product, atom) for product in poly for atom in product if atom.twinned]:
        twin, total = atom.twin
        if twin is not None:
            c, others = poly[atoms], without(atoms, (atom,)) or ()
            other = add(add({**poly, atoms: 0}, terms_of(total), c, others), (((twin,), 1),), -c, others)
            other = {product: k for product, k in other.items() if k}
            both = times(others, (twin,)) in poly
            if both or (len(other), not _comes_first(twin)) < (len(poly), not _comes_first(atom)):
                return other
    return None


def _comes_first(atom: Atom) -> bool:
    """Whether the form with this atom is canonical, not one as long with its twin."""
    return atom.kind == "max" or atom.kind == "floor" and bool(atom.args[0].terms[0][0])
