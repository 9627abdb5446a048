"""For which input sizes a network is valid: for each symbol the set of its sizes, and what makes it so."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

from archcheck.analyses.constraints import Constraint, constraints
from archcheck.analyses.products import separated
from archcheck.analyses.quasipolynomials import Unsolvable
from archcheck.analyses.sizesets import EVERY, NONE, SizeSet
from archcheck.dims import Atom, Dim, Size, atom_size, least, substitute, symbol, symbols
from archcheck.report import Report

Cause = tuple[Constraint, SizeSet]
FATAL = frozenset(("shapes", "attributes", "undefined-input"))
"""The kinds of failures with which a network runs at no size."""


class Axis(NamedTuple):
    """The valid sizes of one symbol, all else free or as given. ``because`` are the constraints that make
    them so, with what each allows by itself, and none that follows from the others. At the sizes ``lossless``
    no window leaves positions out at the end."""

    symbol: str
    sizes: SizeSet
    because: tuple[Cause, ...]
    lossless: SizeSet


@dataclass(frozen=True)
class Validity:
    """What must hold for a network to run, and no window to be empty. ``given`` are sizes put in for symbols:
    numbers, or other symbols that are the same. ``unknown`` counts constraints on sizes that could not be
    followed; ``problems`` are nodes that run at no size."""

    symbols: tuple[str, ...]
    constraints: tuple[Constraint, ...]
    advice: tuple[Constraint, ...] = ()
    unknown: int = 0
    problems: tuple[str, ...] = ()
    given: Mapping[str, Size] = field(default_factory=dict)

    def at(self, sizes: Mapping[str, Size]) -> Validity:
        """The same network with ``sizes`` given."""
        return Validity(self.symbols, self.constraints, self.advice, self.unknown, self.problems,
                        {**self.given, **sizes})

    @cached_property
    def axes(self) -> Mapping[str, Axis]:
        """The valid sizes of every symbol that is not tied to another: if it is given itself, those that it
        could have instead."""
        return {name: self._axis(name) for name in self.symbols if not isinstance(self.given.get(name), Dim)}

    @cached_property
    def mixed(self) -> tuple[Constraint, ...]:
        """Constraints that say nothing of one symbol alone: on several, or of no form that can be solved."""
        left = separated(bound for bound in _bound(self.constraints, self.given) if bound.symbols)
        found = {one[:3]: one for one in left if _is_open(one) and not self._follows(one)}
        return tuple(one for (kind, a, b), one in found.items()
                     if kind != "broadcast" or ("equal", a, b) not in found)

    @cached_property
    def violated(self) -> tuple[tuple[Constraint, Constraint], ...]:
        """The constraints that the given sizes break, as they are and with the numbers put in: of those on
        the same symbols only the first, because what comes after it presumes that it holds."""
        first: dict[frozenset[Atom], tuple[Constraint, Constraint]] = {}
        for found, bound in zip(self.constraints, _bound(self.constraints, self.given)):
            if not bound.symbols and not bound.holds:
                first.setdefault(found.symbols, (found, bound))
        return tuple(first.values())

    def holds(self, sizes: Mapping[str, int]) -> bool:
        """Whether the network is valid at ``sizes``, which name all symbols."""
        return not self.problems and not self.at(sizes).violated

    def _axis(self, name: str) -> Axis:
        atom, = symbols(symbol(name))
        others = {other: size for other, size in self.given.items() if other != name}
        found = _solved(separated(_bound(self.constraints, others)), atom)
        total = NONE if self.problems else _all(allowed for _, allowed in found)
        lossless = _all(allowed for _, allowed in _solved(_bound(self.advice, others), atom))
        return Axis(name, total, tuple(() if self.problems else _decisive(found, total)), total & lossless)

    def _follows(self, found: Constraint) -> bool:
        """Whether a constraint on several symbols holds wherever each one's own do."""
        if found.kind != "at-least":
            return False
        shifted: dict[Atom, Size] = {
            atom: atom_size(atom) + (self.axes[atom.args[0]].sizes.first or 0)
            for atom in found.symbols if atom.args[0] in self.axes}
        return least(substitute(found.a - found.b, shifted)) >= 0


def validity(report: Report) -> Validity:
    """For which sizes of its symbols the network of ``report`` is valid."""
    found, advice = constraints(report.walk)
    known = [one for one in found if one.is_known]
    advised = tuple(one for one in advice if one.is_known)
    problems = [f"{report.graph.nodes[index].name}: {failure.message}"
                for index, failure in report.failures.items()
                if failure.kind in FATAL]
    unknown = len(found) - len(known)
    return Validity(report.symbols, tuple(separated(known)), advised, unknown, tuple(problems))


# ---------------------------------------------------------------------------------------------- one symbol
def _bound(found: Iterable[Constraint], given: Mapping[str, Size]) -> list[Constraint]:
    values: dict[Atom, Size] = {atom: size for name, size in given.items() for atom in symbols(symbol(name))}
    return [one.bound(values) for one in found] if values else list(found)


def _solved(found: Iterable[Constraint], atom: Atom) -> list[Cause]:
    """What each constraint on this symbol alone allows, the first of those that allow the same. Those that no
    formula solves are left out."""
    solved: dict[SizeSet, Constraint] = {}
    for one in found:
        if one.symbols == {atom} and (allowed := _allowed(one, atom)) is not None:
            solved.setdefault(EVERY & allowed, one)
    return [(one, allowed) for allowed, one in solved.items()]


def _allowed(one: Constraint, atom: Atom) -> SizeSet | None:
    try:
        return one.solutions(atom)
    except Unsolvable:
        return None


def _is_open(one: Constraint) -> bool:
    return len(one.symbols) > 1 or any(_allowed(one, atom) is None for atom in one.symbols)


def _all(sets: Iterable[SizeSet]) -> SizeSet:
    total = EVERY
    for allowed in sets:
        total = total & allowed
    return total


def _decisive(found: Sequence[Cause], total: SizeSet) -> Iterator[Cause]:
    """As few of the constraints as together allow no more than all do, the strictest first."""
    so_far = EVERY
    while so_far != total:
        best = min(found, key=lambda pair: _room(so_far & pair[1]))
        so_far = so_far & best[1]
        yield best


def _room(allowed: SizeSet) -> tuple[Fraction, int, int]:
    """How much a set allows: the share of large sizes, then how many small ones."""
    share = Fraction(bin(allowed.residues).count("1"), allowed.period)
    first = allowed.first
    return share, bin(allowed.head).count("1") if not share else -(first or 0), -(first or 0)
