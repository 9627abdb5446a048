"""Between which numbers the values of a network lie, whatever its inputs are: intervals, node by node."""
from __future__ import annotations

from collections.abc import Callable
from math import inf, isnan, sqrt
from typing import NamedTuple

from archcheck import values
from archcheck.graph import TensorType
from archcheck.rules._case import Case
from archcheck.rules._operands import made
from archcheck.rules._paths import is_view
from archcheck.rules._rule import Site

TINY = 5e-324
"""Stands for a bound of zero that is not reached."""


class Range(NamedTuple):
    """All numbers from ``low`` to ``high``, both included."""

    low: float = -inf
    high: float = inf

    @property
    def has_zero(self) -> bool:
        """Whether 0 is in it."""
        return self.low <= 0 <= self.high


ANY, NOT_NEGATIVE, POSITIVE, SHARE = Range(), Range(0, inf), Range(TINY, inf), Range(0, 1)
FIXED = {"Relu": NOT_NEGATIVE, "Abs": NOT_NEGATIVE, "ReduceL1": NOT_NEGATIVE,
         "ReduceL2": NOT_NEGATIVE, "ReduceSumSquare": NOT_NEGATIVE, "Exp": POSITIVE, "Softplus": POSITIVE,
         "Sigmoid": Range(TINY, 1), "Softmax": Range(TINY, 1), "HardSigmoid": SHARE, "Tanh": Range(-1, 1),
         "Softsign": Range(-1, 1), "Erf": Range(-1, 1), "Sin": Range(-1, 1), "Cos": Range(-1, 1)}
"""Ranges that do not depend on what a node reads."""
KEPT = ("ReduceMean", "ReduceMax", "ReduceMin", "MaxPool", "GlobalAveragePool", "GlobalMaxPool", "Identity",
        "Gather", "Slice", "Expand", "Tile", "ReduceSum")
"""Operators whose results lie where their first input does, a sum's on its side of 0."""


def ranges(case: Case) -> dict[tuple[int, str], Range]:
    """The ranges of values that nodes make, by the ``id`` of their walk and their name."""
    found: dict[tuple[int, str], Range] = {}
    for site in case.sites:
        found[id(site.walk), site.node.outputs[0]] = _between(site, found)
    return found


def range_of(case: Case, site: Site, position: int) -> Range:
    """The range of what a node reads at ``position``."""
    return _read(site, position, case.fact(ranges))


def _read(site: Site, position: int, found: dict[tuple[int, str], Range]) -> Range:
    known = _constant(site.inputs[position])
    return known or found.get((id(site.walk), site.node.inputs[position]), ANY)


def _constant(kind: TensorType) -> Range | None:
    """The range of elements that are known; None where they are not."""
    items = values.items(kind)
    numbers = [item for item in items or () if isinstance(item, (int, float))]
    if not items or len(numbers) < len(items) or any(map(isnan, numbers)):
        return None
    return Range(min(numbers), max(numbers))


def _between(site: Site, found: dict[tuple[int, str], Range]) -> Range:
    """The range of a node's first output."""
    if site.op in FIXED:
        return FIXED[site.op]
    rule = RULES.get(site.op)
    inputs = [_read(site, position, found) for position, name in enumerate(site.node.inputs) if name]
    if rule is not None and len(inputs) == rule[0]:
        between = rule[1](site, *inputs)
        return ANY if isnan(between.low) or isnan(between.high) else between
    if site.op == "Cast" and "float" not in made(site):
        return ANY
    if inputs and (site.op in KEPT or is_view(site)):
        return _sum(inputs[0]) if site.op == "ReduceSum" else inputs[0]
    return _clipped(site, found) if site.op == "Clip" and inputs else ANY


def _sum(a: Range) -> Range:
    """The range of sums of at least one number of ``a``."""
    return Range(a.low if a.low >= 0 else -inf, a.high if a.high <= 0 else inf)


def _clipped(site: Site, found: dict[tuple[int, str], Range]) -> Range:
    """The range of a Clip, whose bounds are inputs, or were attributes before opset 11."""
    attrs, given = site.node.attrs, _read(site, 0, found)
    bounds = [attrs.get("min", -inf), attrs.get("max", inf)]
    low, high = (_read(site, k, found) if any(site.node.inputs[k:k + 1]) else Range(bound, bound)
                 for k, bound in enumerate(bounds, 1))
    return Range(min(high.low, max(low.low, given.low)), min(high.high, max(low.high, given.high)))


def _product(site: Site, a: Range, b: Range) -> Range:
    if len(set(site.node.inputs)) == 1:
        return NOT_NEGATIVE
    corners = [0.0 if 0 in (x, y) else x * y for x in a for y in b]
    low = max(min(corners), TINY) if a.low > 0 and b.low > 0 else min(corners)
    return Range(low, max(corners))


def _power(site: Site, a: Range, b: Range) -> Range:
    """An even power is not negative, and one of what is positive is positive."""
    if a.low > 0:
        return POSITIVE
    even = b.low == b.high and b.low % 2 == 0
    return NOT_NEGATIVE if even or a.low == 0 and b.low >= 0 else ANY


def _quotient(site: Site, a: Range, b: Range) -> Range:
    return NOT_NEGATIVE if a.low >= 0 and b.low > 0 else ANY


RULES: dict[str, tuple[int, Callable[..., Range]]] = {
    "Add": (2, lambda _, a, b: Range(a.low + b.low, a.high + b.high)),
    "Sub": (2, lambda _, a, b: Range(a.low - b.high, a.high - b.low)),
    "Mul": (2, _product),
    "Div": (2, _quotient),
    "Pow": (2, _power),
    "Sqrt": (1, lambda _, a: Range(sqrt(max(a.low, 0)), sqrt(max(a.high, 0)))),
    "Neg": (1, lambda _, a: Range(-a.high, -a.low)),
    "Max": (2, lambda _, a, b: Range(max(a.low, b.low), max(a.high, b.high))),
    "Min": (2, lambda _, a, b: Range(min(a.low, b.low), min(a.high, b.high))),
}
"""Ranges made of those of a node's inputs: how many these are, and the range."""

