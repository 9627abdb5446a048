"""Sizes to run a network at: they keep to what must hold for it to run, and tell its axes apart."""
from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from random import Random

from archcheck.analyses.sizesets import SizeSet
from archcheck.analyses.validity import Validity
from archcheck.dims import Size, evaluate, symbols
from archcheck.errors import UserError
from archcheck.report import Report

BATCHES = 3, 2, 1, 5, 4, 7
FEWER = 2, 1, 3, 4, 5, 6
"""What the first axis of an input is to be, one draw after the other; and where a run is expensive anyway."""
FLOORS = 29, 17, 9, 5, 1
"""From where on other axes are drawn; the next where a run would be too expensive."""
SPREAD = 12
MACS, BYTES = 8 * 10 ** 9, 2 * 10 ** 9
"""What a run may take: MACs, and bytes of activations."""
CHOICES, TRIES = 12, 200


class NoSizes(UserError):
    """No sizes are found for which the network runs."""


def draw(report: Report, count: int = 2, seed: int = 0) -> list[dict[str, int]]:
    """At most ``count`` ways to give a number to every symbol of a network, all of them valid as far as is
    known: odd numbers too, another one for each symbol and each time, and small, but so that no map
    collapses unless the network asks for it. One empty way for a network without symbols."""
    free = replace(report.valid, problems=())
    found: list[dict[str, int]] = []
    for turn in range(count if report.symbols else 1):
        sizes = _affordable(report, free, turn, Random(f"{seed} {turn}"), found)
        if sizes in found:
            break
        found.append(sizes)
    return found


def _affordable(report: Report, free: Validity, turn: int, random: Random,
                before: Collection[Mapping[str, int]]) -> dict[str, int]:
    """The largest sizes of which a run is no great matter, else the smallest."""
    sizes = None
    for floor in FLOORS:
        wanted = _wanted(report, turn, floor, random)
        found = _search(free, wanted, before, iter(range(TRIES)))
        sizes = sizes if found is None else found
        if sizes is not None and _is_cheap(report, sizes):
            break
    if sizes is None:
        why = "; ".join(f"{one.a} = {one.b}" for one in free.mixed[:2])
        raise NoSizes(f"no sizes were found for which the network runs{f' ({why})' if why else ''}; "
                      "give some with --set, as `archcheck sizes` lists them")
    return sizes


def _wanted(report: Report, turn: int, floor: int, random: Random) -> dict[str, int]:
    """About where the size of each symbol is to be."""
    batches = {atom.args[0] for name in report.graph.inputs for size in _axes(report, name)[:1]
               for atom in symbols(size) if len(_axes(report, name)) > 1}
    batch = (FEWER if floor == FLOORS[-1] else BATCHES)[turn % len(BATCHES)]
    return {name: batch if name in batches else
            floor + random.randrange(SPREAD if floor > 1 else 1) for name in report.symbols}


def _axes(report: Report, name: str) -> tuple[Size, ...]:
    return report.types[name].shape or ()


def _search(free: Validity, wanted: Mapping[str, int], before: Collection[Mapping[str, int]],
            tries: Iterator[int]) -> dict[str, int] | None:
    """Numbers for the symbols that are left, near what is ``wanted``; those drawn ``before`` last."""
    left = [name for name in wanted if name not in free.given]
    numbers = {name: size for name, size in free.given.items() if isinstance(size, int)}
    if not left:
        return None if free.violated else numbers
    name = left[0]
    taken = {*numbers.values(), *(sizes[name] for sizes in before)}
    for number in _near(free.axes[name].sizes, wanted[name], taken):
        if next(tries, None) is None:
            return None
        found = _search(free.at({name: number}), wanted, before, tries)
        if found is not None:
            return found
    return None


def _near(allowed: SizeSet, wanted: int, taken: Collection[int]) -> list[int]:
    """Some members of a set, in the order in which they are to be tried: those not ``taken`` first, of these
    odd ones if an odd one is ``wanted``, then what is close."""
    above = list(islice(_steps(allowed.above, wanted - 1), CHOICES))
    below = list(islice(_steps(allowed.below, wanted), CHOICES))
    return sorted([*above, *below], key=lambda n: (n in taken, n < 2 < wanted, (n - wanted) % 2,
                                                   n < wanted, abs(n - wanted)))


def _steps(further: Callable[[int], int | None], start: int) -> Iterator[int]:
    number = further(start)
    while number is not None and number > 0:
        yield number
        number = further(number)


def _is_cheap(report: Report, sizes: Mapping[str, int]) -> bool:
    """Whether a run at these sizes is a matter of seconds, as far as is known."""
    costs = evaluate(report.macs, sizes), evaluate(report.memory.activations, sizes)
    return all(not isinstance(cost, int) or cost <= most for cost, most in zip(costs, (MACS, BYTES)))
