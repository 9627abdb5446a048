"""The largest sizes at which figures of a network stay within limits."""
from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from archcheck.analyses.quasipolynomials import Unsolvable, difference, quasipolynomial
from archcheck.analyses.sizesets import EVERY, SizeSet, not_negative
from archcheck.analyses.validity import Validity
from archcheck.dims import Dim, Size, evaluate, substitute, symbol, symbols
from archcheck.errors import UserError, closest
from archcheck.report import Report

MAX_SIZE = 1 << 40
"""No larger size is tried."""
_SHAPE = re.compile(r"\s*([a-z]+)\s*(<=|<|≤)\s*([0-9][0-9_,]*(?:\.[0-9]+)?(?:e[0-9]{1,2})?)\s*([A-Za-z]*)\s*")
_UNITS = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12,
          "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40}


class BudgetError(UserError):
    """A limit that is not of the form that limits have, or on a figure that is not known."""


# ---------------------------------------------------------------------------------------------- figures
def _if_known(report: Report, sizes: Sequence[Size]) -> Sequence[Size]:
    return () if report.memory.unknown else sizes


FIGURES: Mapping[str, Callable[[Report], Sequence[Size]]] = {
    "macs": lambda report: [report.macs], "flops": lambda report: [report.flops],
    "params": lambda report: [report.params],
    "memory": lambda report: _if_known(report, report.memory.to_run_at_most),
    "activations": lambda report: _if_known(report, [report.memory.activations])}
"""What a limit can be set on: the name, and the formulas of which the figure is the largest (none: not
known)."""
BYTES = frozenset(("memory", "activations"))
"""The figures that are counted in bytes."""


class Budget(NamedTuple):
    """A limit on a figure, as it was written: ``figure < limit``, or ``≤`` where it is ``inclusive``."""

    figure: str
    limit: Fraction
    inclusive: bool
    text: str

    def allows(self, amount: Size | None) -> bool:
        """Whether an amount is within it; one that is not known is not."""
        return isinstance(amount, int) and (amount <= self.limit if self.inclusive else amount < self.limit)


def budget(text: str) -> Budget:
    """The limit that ``text`` says: ``macs < 1e9``, ``activations <= 1.5 GiB``."""
    found = _SHAPE.fullmatch(text)
    if found is None:
        raise BudgetError(f"{text!r} is not a limit such as 'macs < 1e9' or 'activations <= 1.5 GiB'")
    figure, sign, number, unit = found.groups()
    if figure not in FIGURES:
        close = closest(figure, FIGURES)
        cure = f"did you mean {close}?" if close else f"the figures are {', '.join(FIGURES)}"
        raise BudgetError(f"no limit can be set on {figure!r}; {cure}")
    scale = _UNITS.get(unit.removesuffix("B") if figure in BYTES else unit)
    if scale is None:
        known = "B, kB, MB, GB, KiB, MiB, GiB" if figure in BYTES else "k, M, G, T"
        raise BudgetError(f"{figure} cannot be given in {unit!r}; the units are {known}")
    return Budget(figure, Fraction(re.sub("[_,]", "", number)) * scale, sign != "<", text.strip())


# ---------------------------------------------------------------------------------------------- searching
class Largest(NamedTuple):
    """The largest valid size of ``symbol`` within all limits (None: not even the smallest; `MAX_SIZE` where
    none is too large), the figures there and at the next valid size, what ``assumed`` says of the other
    symbols, and whether the figures are known to grow with the symbol."""

    symbol: str
    size: int | None
    figures: Mapping[str, Size | None]
    beyond: Mapping[str, Size | None]
    assumed: Mapping[str, Size]
    grows: bool


def largest(report: Report, validity: Validity, budgets: Sequence[Budget]) -> Largest | None:
    """The largest size within ``budgets`` of the one free symbol; None where there is none, or the network is
    not valid at the sizes given. Of several symbols, batch sizes are taken to be as small as can be, and the
    others all the same."""
    name, assumed = _assumed(report, validity)
    if name is None or validity.violated or validity.problems:
        return None
    at = validity.at(assumed)
    formulas = {one.figure: FIGURES[one.figure](report) for one in budgets}

    def figures(n: int | None) -> dict[str, Size | None]:
        if n is None:
            return {}
        values = {name: n} | {other: n if isinstance(size, Dim) else size for other, size in at.given.items()}
        return {key: _largest_of(sizes, values) for key, sizes in formulas.items()}

    def fits(n: int) -> bool:
        found = figures(n)
        return all(one.allows(found[one.figure]) for one in budgets)

    allowed = at.axes[name].sizes
    size = _search(allowed, fits)
    after = None if size == MAX_SIZE else allowed.first if size is None else allowed.above(size)
    grown = all(_grows(size, at.given, name, allowed.first or 1)
                for sizes in formulas.values() for size in sizes or (None,))
    return Largest(name, size, figures(size), figures(after), assumed, grown)


def _largest_of(sizes: Sequence[Size], values: Mapping[str, int]) -> int | None:
    """The largest of ``sizes`` with ``values`` put in; None where one is no number then, or there is none."""
    found = [evaluate(size, values) for size in sizes]
    numbers = [size for size in found if isinstance(size, int)]
    return max(numbers) if numbers and len(numbers) == len(found) else None


def _assumed(report: Report, validity: Validity) -> tuple[str | None, dict[str, Size]]:
    """The symbol to look for, and what the others are taken to be."""
    free = [name for name in validity.axes if name not in validity.given]
    batches = _batches(report) if len(free) > 1 else set()
    chosen = [name for name in free if name not in batches] or free
    assumed: dict[str, Size] = {name: validity.axes[name].sizes.first or 1
                                for name in free if name not in chosen}
    assumed.update({name: symbol(chosen[0]) for name in chosen[1:]})
    return (chosen[0] if chosen else None), assumed


def _batches(report: Report) -> set[str]:
    """The symbols that are the first axis of an input of several axes, and no other axis of any."""
    shapes = [kind.shape or () for kind in report.graph.inputs.values()]
    first = {atom for shape in shapes if len(shape) > 1 for atom in symbols(shape[0])}
    others = {atom for shape in shapes for size in shape[1:] for atom in symbols(size)}
    return {atom.args[0] for atom in first - others}


def _search(allowed: SizeSet, fits: Callable[[int], bool]) -> int | None:
    """The largest member that fits, where all smaller ones do: by doubling, then by halving."""
    good = allowed.first
    if good is None or not fits(good):
        return None
    bad = None
    while bad is None:
        ahead = allowed.above(max(2 * good - 1, good))
        ahead = allowed.last if ahead is None else ahead
        if ahead is None or ahead == good or ahead > MAX_SIZE:
            return good if ahead == good else MAX_SIZE
        good, bad = (ahead, None) if fits(ahead) else (good, ahead)
    while (middle := _between(allowed, good, bad)) is not None:
        good, bad = (middle, bad) if fits(middle) else (good, middle)
    return good


def _between(allowed: SizeSet, low: int, high: int) -> int | None:
    """A member about half way between two others, None where there is none."""
    middle = (low + high) // 2
    found = allowed.above(max(middle - 1, low))
    if found is None or found >= high:
        found = allowed.below(middle + 1)
    return found if found is not None and low < found < high else None


# ---------------------------------------------------------------------------------------------- growing
def _grows(size: Size | None, given: Mapping[str, Size], name: str, first: int) -> bool:
    """Whether a figure is known not to fall anywhere from ``first`` on as the symbol ``name`` rises."""
    if size is None:
        return False
    atom, = symbols(symbol(name))
    values = {found: given[found.args[0]] for found in symbols(size) if found.args[0] in given}
    try:
        alone = substitute(size, values)
        rise = difference(quasipolynomial(substitute(alone, {atom: symbol(name) + 1}), atom),
                          quasipolynomial(alone, atom))
        rising = EVERY & not_negative(rise)
        return rising.period == rising.residues == 1 and rising.start <= first
    except (Unsolvable, ZeroDivisionError):
        return False
