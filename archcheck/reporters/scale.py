"""What ``archcheck scale`` shows: the variants on both sides of a target."""
from __future__ import annotations

from collections.abc import Iterator

from archcheck.reporters.sheet import Column, Sheet
from archcheck.reporters.sweep import columns, rows_of
from archcheck.reporters.text import Script
from archcheck.sweeping.axes import Axis, shown
from archcheck.sweeping.target import Scaled, Target
from archcheck.sweeping.variants import Variants


def sheet(found: Scaled, aim: Target, by: Axis, script: Script) -> Sheet:
    """A row for the variant at or below the target, and one for that above it."""
    sides = {"within": found.within, "above": found.above}
    rows = [[side, *row] for side, one in sides.items() if one is not None for row in rows_of(one)]
    record = {"figure": aim.left, "target": aim.right, "by": by.names, "tried": len(found.tried),
              "valid": int(found.tried.valid.sum())}
    return Sheet("archcheck.scale/1", (Column("side", ""), *columns(found.tried)), rows,
                 list(_facts(found, aim, by)), record)


def _facts(found: Scaled, aim: Target, by: Axis) -> Iterator[tuple[str, str]]:
    name = ", ".join(by.names)
    yield "target", f"{aim.left} = {aim.right}"
    if found.within is None:
        yield name, f"none is small enough: even {_value(found.above, by)} is above"
    elif found.above is None:
        yield name, f"{_value(found.within, by)}; no value tried is above, so that a larger one may be closer"
    else:
        yield name, f"{_value(found.within, by)}; {_value(found.above, by)} is the first above"
    tried, valid = len(found.tried), int(found.tried.valid.sum())
    yield "tried", f"{tried:,} values from {shown(by.values[0])} to {shown(by.values[-1])}" + (
        f", of which {tried - valid:,} give no network that runs" if valid < tried else "")


def _value(one: Variants | None, by: Axis) -> str:
    return "nothing" if one is None else shown(one.parameters[by.names[0]].tolist()[0])
