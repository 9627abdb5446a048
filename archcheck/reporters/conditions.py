"""Sets of sizes as conditions: ``H ≥ 188 and H ≡ 12 mod 16``; for programs ``H >= 188 and H % 16 == 12``."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice, takewhile

from archcheck.analyses.sizesets import EVERY, SizeSet
from archcheck.reporters.text import Script

MAX_RUNS = 6
"""So many stretches of sizes or remainders are written out."""
MIN_SPACED = 4
"""So many stretches must be evenly spaced to be put as a remainder."""
MAX_MEMBERS = 1 << 16
"""Of longer finite sets only these are looked at."""

Run = tuple[int, int]  # the first and the last of consecutive numbers


def condition(name: str, sizes: SizeSet) -> str:
    """The condition as a Python expression over the symbol ``name``."""
    parts = [_between(name, *run, "<=", "==") for run in runs(_irregular(sizes))]
    if sizes.residues:
        limits = [f"{name} >= {_begin(sizes)}"]
        if sizes.period > 1:
            limits.append(_remainders_in_python(name, sizes))
        parts.append(" and ".join(limits))
    return " or ".join(parts) or "False"


def _remainders_in_python(name: str, sizes: SizeSet) -> str:
    found = remainders(sizes)
    return f"{name} % {sizes.period} " + (f"== {found[0]}" if len(found) == 1 else f"in {tuple(found)}")


def described(name: str, sizes: SizeSet, script: Script) -> str:
    """The condition for people; ``any`` where there is none, ``no size`` where nothing meets it."""
    if sizes == EVERY:
        return "any"
    shown = _spaced(name, sizes, script) if not sizes.residues else ""
    if shown:
        return shown
    parts = _listed(name, runs(_irregular(sizes)), script)
    if sizes.residues:
        parts.append(_endless(name, sizes, script))
    return ", or ".join(parts) or "no size"


def remainders(sizes: SizeSet) -> list[int]:
    """The remainders by the period that large sizes may leave."""
    return [r for r in range(sizes.period) if sizes.residues >> r & 1]


def runs(numbers: Iterable[int]) -> list[Run]:
    """Rising numbers as stretches of consecutive ones."""
    found: list[Run] = []
    for n in numbers:
        found[-1:] = [(found[-1][0], n)] if found and found[-1][1] == n - 1 else [*found[-1:], (n, n)]
    return found


# ---------------------------------------------------------------------------------------------- parts
def _begin(sizes: SizeSet) -> int:
    """From where on all sizes with the right remainders are in the set."""
    return sizes.above(sizes.start - 1) or 1


def _irregular(sizes: SizeSet) -> Iterable[int]:
    """The members before the set is regular."""
    return islice(takewhile(lambda n: n < sizes.start, sizes), MAX_MEMBERS)


def _endless(name: str, sizes: SizeSet, script: Script) -> str:
    begin = _begin(sizes)
    mod = _modulo(name, remainders(sizes), sizes.period, script) if sizes.period > 1 else ""
    smallest = next(n for n in range(1, sizes.period + 1) if sizes.residues >> n % sizes.period & 1)
    if mod and begin == smallest:
        return mod
    start = f"{name} {'>=' if script.ascii else '≥'} {begin}"
    return f"{start} and {mod}" if mod else start


def _modulo(name: str, found: Sequence[int], period: int, script: Script) -> str:
    stretches = [part for a, b in runs(found) for part in ([(a, a), (b, b)] if b == a + 1 else [(a, b)])]
    texts = [str(a) if a == b else f"{a}{script.cut}{b}" for a, b in stretches[:MAX_RUNS]]
    texts += [script.cut] if len(stretches) > MAX_RUNS else []
    if script.ascii:
        return f"{name} mod {period} = {_alternatives(texts)}"
    return f"{name} ≡ {_alternatives(texts)} mod {period}"


def _listed(name: str, stretches: Sequence[Run], script: Script) -> list[str]:
    singles = [str(a) for a, b in stretches if a == b]
    if len(singles) == len(stretches) and singles:
        shown = singles[:MAX_RUNS] + [script.cut] * (len(singles) > MAX_RUNS)
        return [f"{name} = {_alternatives(shown)}"]
    at_most = "<=" if script.ascii else "≤"
    shown = [_between(name, *run, at_most, "=") for run in stretches[:MAX_RUNS]]
    return shown + [script.cut] * (len(stretches) > MAX_RUNS)


def _between(name: str, first: int, last: int, at_most: str, equals: str) -> str:
    return f"{name} {equals} {first}" if first == last else f"{first} {at_most} {name} {at_most} {last}"


def _spaced(name: str, sizes: SizeSet, script: Script) -> str:
    """A finite set that goes by remainders from its first to its last member, empty where it does not."""
    members = list(islice(sizes, MAX_MEMBERS))
    stretches = runs(members)
    if len(stretches) < MIN_SPACED:
        return ""
    first, last, period = members[0], members[-1], stretches[1][0] - stretches[0][0]
    left = {n % period for n in members}
    if members != [n for n in range(first, last + 1) if n % period in left]:
        return ""
    at_most = "<=" if script.ascii else "≤"
    return f"{_between(name, first, last, at_most, '=')} and {_modulo(name, sorted(left), period, script)}"


def _alternatives(texts: Sequence[str]) -> str:
    return " or ".join(filter(None, [", ".join(texts[:-1]), *texts[-1:]]))
