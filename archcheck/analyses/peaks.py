"""The largest of many sums of sizes, such as the bytes in memory at each node: which it is, where that can be
decided, and else of which few it is the maximum."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import NamedTuple

from archcheck.algebra.intervals import at_least
from archcheck.algebra.polynomials import Monomial, terms_of
from archcheck.dims import Atom, Size, atom_size, evaluate, least, maximum, symbols, unknown

TRIALS = (1, 3, 32, 1000)
"""Numbers put in for every symbol, to find sums that are the largest somewhere."""
MOST_KEPT, MOST_COMPARED = 12, 200


class Peak(NamedTuple):
    """The largest of a row of sizes, and the indices at which it may be: the first one where that is decided,
    else one for each size that may be the largest. ``bytes`` is not known where those are too many."""

    bytes: Size
    places: tuple[int, ...]


def highest(sizes: Sequence[Size]) -> Peak:
    """The largest of ``sizes``; 0 of none."""
    first: dict[Size, int] = {}
    for index, size in enumerate(sizes):
        first.setdefault(size, index)
    if all(isinstance(size, int) for size in first):
        largest = max(first, default=0)  # type: ignore[type-var]
        return Peak(largest, (first[largest],) if first else ())
    kept = _unexceeded(list(first))
    decided = kept and len(kept) <= MOST_KEPT
    bytes_ = maximum(*kept) if decided else unknown("peak", "too many sums may be the largest")
    return Peak(bytes_, tuple(sorted(first[size] for size in kept)))


def at_trials(size: Size, memo: dict[Monomial, tuple[int, ...]]) -> tuple[int, ...]:
    """What ``size`` is where each of its symbols is one of `TRIALS`; ``memo`` keeps what its terms are."""
    totals = [0] * len(TRIALS)
    for atoms, c in terms_of(size):
        if atoms not in memo:
            memo[atoms] = tuple(prod(_tried(atom, trial) for atom in atoms) for trial in TRIALS)
        totals = [total + c * value for total, value in zip(totals, memo[atoms])]
    return tuple(totals)


def _tried(atom: Atom, trial: int) -> int:
    size = atom_size(atom)
    found = evaluate(size, {symbol.args[0]: trial for symbol in symbols(size)})
    return found if isinstance(found, int) else 0


def _unexceeded(sizes: list[Size]) -> list[Size]:
    """Those of ``sizes`` that no other one is known to reach wherever the symbols are."""
    memo: dict[Monomial, tuple[int, ...]] = {}
    values = {size: at_trials(size, memo) for size in sizes}
    champions = {max(sizes, key=lambda size: values[size][trial]) for trial in range(len(TRIALS))}
    ordered = sorted(sizes, key=lambda size: values[size][::-1], reverse=True)
    front: list[tuple[Size, Mapping[Monomial, int]]] = []
    for size in sorted(ordered, key=lambda size: size not in champions):
        terms = dict(terms_of(size))
        if not any(_covers(other, terms) for _, other in front):
            front.append((size, terms))
    kept: list[Size] = []
    for size, _ in front[:MOST_COMPARED]:
        if not any(least(other - size) >= 0 for other in kept):
            kept.append(size)
    return kept if len(front) <= MOST_COMPARED else [size for size, _ in front]


def _covers(larger: Mapping[Monomial, int], terms: Mapping[Monomial, int]) -> bool:
    """Whether every term of one sum is in another one at least as often, products that are never negative."""
    if any(terms.get(atoms, 0) > larger.get(atoms, 0) for atoms in larger.keys() | terms.keys()):
        return False
    return all(at_least(atom, 0) for atoms, c in larger.items() if c != terms.get(atoms, 0) for atom in atoms)
