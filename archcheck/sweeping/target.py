"""The values of one name that bring a figure closest to a target."""
from __future__ import annotations

from typing import NamedTuple

from archcheck.binding import settable
from archcheck.sweeping.axes import Axis, SweepError, Value, axis
from archcheck.sweeping.space import Plan
from archcheck.sweeping.variants import Variants

MOST_SIZES = 1 << 16
FACTORS = "0.05:4:0.05"


class Target(NamedTuple):
    """``left`` is to be as close to ``right`` as can be: two expressions over a variant's columns."""

    left: str
    right: str


class Scaled(NamedTuple):
    """The variant with the largest value not above the target, and the one with the smallest above it; None
    where there is none. ``tried`` are all of them."""

    within: Variants | None
    above: Variants | None
    tried: Variants


def target(text: str) -> Target:
    """What ``text`` says: ``macs=400e6``. Raises `SweepError`."""
    left, equals, right = text.partition("=")
    if not equals or not left.strip() or not right.strip() or right.startswith("="):
        raise SweepError(f"{text!r} is no target; write one such as 'macs=400e6'")
    return Target(left.strip(), right.strip())


def axis_of(text: str, plan: Plan) -> Axis:
    """What is to be found: ``width=0.25:2:0.05``, or a name alone. A size is then any whole number up to
    65,536, a parameter a multiple of 0.05 up to 4."""
    if "=" in text:
        return axis(text)
    names = tuple(name.strip() for name in text.split(","))
    unknown = [name for name in names if name not in settable(plan.graph)]
    if unknown:
        raise SweepError(f"which values {unknown[0]} may have is not known; say so, as in --by "
                         f"{unknown[0]}=0:8:0.1")
    return Axis(names, _sizes() if set(names) <= plan.sizes else axis(f"{text}={FACTORS}").values)


def _sizes() -> tuple[Value, ...]:
    return tuple(range(1, MOST_SIZES + 1))


def scaled(variants: Variants, aim: Target) -> Scaled:
    """Which of ``variants`` come closest to a target from both sides. Raises `SweepError` and
    `archcheck.expressions.ExpressionError`."""
    rows, over = variants.computed(f"({aim.left}) - ({aim.right})")
    if not len(rows):
        raise SweepError(_nothing(variants, aim))
    signed = over.tolist()
    within = max((k for k in range(len(rows)) if signed[k] <= 0), key=lambda k: (signed[k], k), default=None)
    above = min((k for k in range(len(rows)) if signed[k] > 0), key=lambda k: (signed[k], k), default=None)

    def row(k: int | None) -> Variants | None:
        return None if k is None else variants.taken(rows[k:k + 1])
    return Scaled(row(within), row(above), variants)


def _nothing(variants: Variants, aim: Target) -> str:
    cause = next(iter(variants.faults), "; ".join(variants.lacks.values()) or "it is not known")
    return f"none of the {len(variants):,} values tried gives a network with {aim.left}; {cause}"
