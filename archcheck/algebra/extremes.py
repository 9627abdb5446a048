"""Minima, maxima and broadcast sizes in canonical form.

What the arguments have in common is taken out, by addition (``max(a + c, b + c) = max(a, b) + c``) and by
multiplication, and arguments that another one always beats are left out.
"""
from __future__ import annotations

from collections.abc import Iterable, Sequence

from archcheck.algebra.intervals import at_least, bounds_of
from archcheck.algebra.memory import remembered
from archcheck.algebra.polynomials import cancelled, common, terms_of
from archcheck.algebra.sizes import EXTREMES, Size, function, key_of, outgrown, polynomial, sole_atom

MAX_ARGS = 12


def maximum(*sizes: Size) -> Size:
    """The largest of ``sizes``."""
    return _extreme("max", sizes)


def minimum(*sizes: Size) -> Size:
    """The smallest of ``sizes``."""
    return _extreme("min", sizes)


def bcast(a: Size, b: Size) -> Size:
    """The size of an axis that broadcasts ``a`` with ``b``, where that is possible: ``b`` if ``a`` is 1,
    else ``a``."""
    if a is b or b == 1:
        return a
    return b if a == 1 else _broadcast(a, b)


@remembered
def _broadcast(a: Size, b: Size) -> Size:
    for size in (a, b):
        if isinstance(size, int) or at_least(size, 2):
            return size
    kept: list[Size] = []
    for arg in dict.fromkeys((*_broadcast_sizes(a), *_broadcast_sizes(b))):
        if not any(_outdoes(other, arg) for other in kept):
            kept = [other for other in kept if not _outdoes(arg, other)] + [arg]
    return kept[0] if len(kept) == 1 else _function("bcast", kept)


def _outdoes(size: Size, other: Size) -> bool:
    """Whether ``size`` is what broadcasting it with ``other`` gives, wherever that is possible: the other
    one is never larger, and 0 only where ``size`` is, as ``min(S, 512)`` beside ``S``."""
    return at_least(size - other, 0) and at_least(other - minimum(size, 1), 0)


def _broadcast_sizes(size: Size) -> tuple[Size, ...]:
    atom = sole_atom(size)
    return atom.args if atom is not None and atom.kind == "bcast" else (size,)


def _function(kind: str, args: Iterable[Size]) -> Size:
    ordered = sorted(args, key=key_of)
    return function(kind, *ordered) if len(ordered) <= MAX_ARGS else _too_many(kind, ordered)


def _too_many(kind: str, args: Iterable[Size]) -> Size:
    return outgrown(f"{kind}({','.join(map(key_of, args))})")


# --------------------------------------------------------------------------------------------------- extremes
@remembered
def _extreme(kind: str, sizes: tuple[Size, ...]) -> Size:
    kept = _unbeaten(kind, sizes)
    choices = [choice for size in kept for choice in choices_of(kind, size)] if len(kept) > 1 else kept
    if len(choices) > len(kept):
        kept = _unbeaten(kind, choices)
    if len(kept) == 1:
        return kept[0]
    shift = _shared(kept)
    args = [terms_of(size - shift) for size in kept]
    number, atoms = common(*[arg for arg in args if arg != (((), 0),)])
    atoms = tuple(atom for atom in atoms if at_least(atom, 0))
    return shift + polynomial({atoms: number}) * _of_balanced(
        kind, tuple(polynomial(cancelled(arg, number, atoms)) for arg in args))


def _of_balanced(kind: str, args: tuple[Size, ...]) -> Size:
    """The extreme of arguments that have nothing in common."""
    if all(len(choices_of(kind, arg)) == 1 for arg in args):
        return _function(kind, set(args))
    if len(args) > 2:
        return _extreme(kind, args)
    return args[0] + args[1] - _extreme("min" if kind == "max" else "max", args)


def _unbeaten(kind: str, sizes: Sequence[Size]) -> list[Size]:
    if len(sizes) > 2 * MAX_ARGS:
        return [_too_many(kind, sizes)]
    kept: list[Size] = []
    for size in dict.fromkeys(sizes):
        ahead = [(other, *bounds_of(size - other if kind == "max" else other - size)) for other in kept]
        if not any(hi is not None and hi <= 0 for _, _, hi in ahead):
            kept = [other for other, lo, _ in ahead if lo is None or lo < 0] + [size]
    return kept


def choices_of(kind: str, size: Size) -> list[Size]:
    """The sizes of which ``size`` is an extreme of this kind: ``a + c`` and ``b + c`` for ``max(a, b) +
    c``."""
    found = [(atoms, c) for atoms, c in terms_of(size)
             if len(atoms) == 1 and atoms[0].kind in EXTREMES and (atoms[0].kind == kind) == (c > 0)]
    if len(found) != 1:
        return [size]
    (atoms, c), = found
    others = polynomial({**dict(terms_of(size)), atoms: 0})
    return [others + c * arg for arg in atoms[0].args]


def _shared(sizes: Sequence[Size]) -> Size:
    """What can be taken out of all ``sizes``: each product of atoms as often as it is in the one with the
    fewest. Of three and more, no extreme is taken out of those that have none: it would come back in all
    others, and multiply."""
    sums = [dict(terms_of(size)) for size in sizes]
    shared = {}
    for atoms in dict.fromkeys(atoms for poly in sums for atoms in poly):
        found = [poly.get(atoms, 0) for poly in sums]
        spread = len(sizes) > 2 and any(atom.kind in EXTREMES for atom in atoms)
        shared[atoms] = min(0, max(found)) if spread and min(found) < 0 else min(found)
    return polynomial(shared)
