"""Deciding whether a size is always zero, by going through the remainders of its symbols.

Where floors divide by numbers, ``H = M·t + r`` with a suitable ``M`` makes every floor a polynomial in ``t``,
for each of the finitely many remainders ``r``. If all of them are zero, so is the size; if none can be,
neither can it.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from math import lcm, prod

from archcheck.dims import Atom, Dim, Size, atoms_of, evaluate, substitute, unknown, vanishes_at_sight

MAX_WORK = 4000  # combinations of remainders, times the length of the formula
_PROBES = (0, 1, 2, 3, 5, 8, 30, 64, 97, 224, 1023, 2520, 5041)
_SHIFTS = 3


def vanishes_by_residues(difference: Dim) -> bool | None:
    """Whether a size is zero for all values of its symbols (True) or for none (False); None: undecided."""
    if _unanimous(value == 0 for value in _probed(difference)) is None:
        return None
    moduli = moduli_of(difference)
    if not moduli or prod(moduli.values()) * difference.weight > MAX_WORK:
        return None
    return _unanimous(_verdicts(difference, moduli))


def _probed(difference: Dim) -> Iterator[Size]:
    """What ``difference`` is at some sizes, of all symbols alike and of each another."""
    names = sorted({atom.args[0] for atom in difference.symbols})
    for shift in range(min(len(names), _SHIFTS)):
        for index in range(len(_PROBES)):
            values = {name: _PROBES[(index + shift * k) % len(_PROBES)] for k, name in enumerate(names)}
            value = evaluate(difference, values)
            if value is not None:
                yield value


def moduli_of(size: Size) -> dict[Atom, int]:
    """For every symbol under floors of numbers the number whose multiples make all of them exact, one inside
    the other."""
    moduli: dict[Atom, int] = {}
    _gather(size, 1, moduli)
    return moduli


def _gather(size: Size, divisor: int, moduli: dict[Atom, int]) -> None:
    for atom in atoms_of(size):
        if atom.kind == "symbol":
            if divisor > 1:
                moduli[atom] = lcm(moduli.get(atom, 1), divisor)
        elif atom.kind == "floor" and isinstance(atom.args[1], int):
            _gather(atom.args[0], divisor * atom.args[1], moduli)
        else:
            for arg in atom.args:
                _gather(arg, divisor, moduli)


def _verdicts(difference: Dim, moduli: Mapping[Atom, int]) -> Iterator[bool | None]:
    """The verdict for every combination of remainders, each symbol being ``M·t + r``."""
    multiples = [m * unknown(f"{atom.key}//{m}", atom.origin or "a quotient") for atom, m in moduli.items()]
    for remainders in product(*map(range, moduli.values())):
        case = {atom: multiple + r for atom, multiple, r in zip(moduli, multiples, remainders, strict=True)}
        try:
            yield vanishes_at_sight(substitute(difference, case))
        except ZeroDivisionError:
            continue  # no network has such sizes


def _unanimous(verdicts: Iterator[bool | None]) -> bool | None:
    """What all verdicts say; None as soon as they differ."""
    first = next(verdicts, None)
    return first if first is None or all(verdict is first for verdict in verdicts) else None
