"""Every member of a family of networks: what varies, which of it changes the structure, the figures of all.

`sweep` gives a `Variants`: a table with a row for each combination of values. Values that may stay symbols
are put into closed forms, all rows at once; for each combination of the others the network is analyzed once.
"""
from __future__ import annotations

from archcheck.sweeping.axes import Axis, SweepError, axis
from archcheck.sweeping.space import Plan, sweep
from archcheck.sweeping.variants import Variants

__all__ = ["Axis", "Plan", "SweepError", "Variants", "axis", "sweep"]
