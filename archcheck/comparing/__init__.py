"""Two networks compared: what is not the same for those who use them, in figures, and layer by layer."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from archcheck.collector import collector_held
from archcheck.comparing._interface import InterfaceChange, interface
from archcheck.comparing._layers import LayerChange, layers, matched, renamed
from archcheck.comparing._parts import Part, parts
from archcheck.comparing._totals import Total, totals
from archcheck.comparing._weights import CHANGED, WeightChange, Weights
from archcheck.findings import Finding
from archcheck.report import Report
from archcheck.rules._payloads import Payloads

__all__ = ["Difference", "InterfaceChange", "LayerChange", "Part", "Total", "WeightChange", "compare"]


@dataclass(frozen=True)
class Difference:
    """What is not the same in two networks: the ``interface``, breaking changes first; the ``totals``; the
    ``layers``, in the new network's order; those ``renamed``, old and new; how many layers ``matched``; the
    ``weights`` of matched layers, None where they were not compared; and the findings that are ``new``, those
    that are ``fixed``, and how many were there before."""

    interface: tuple[InterfaceChange, ...]
    totals: tuple[Total, ...]
    layers: tuple[LayerChange, ...]
    renamed: Sequence[tuple[Part, Part]]
    matched: int
    weights: tuple[WeightChange, ...] | None
    new: tuple[Finding, ...]
    fixed: tuple[Finding, ...]
    kept: int

    @property
    def is_breaking(self) -> bool:
        """Whether what used the old network may not be able to use the new one."""
        return any(change.breaking for change in self.interface)

    @property
    def is_empty(self) -> bool:
        """Whether nothing but names, and the bytes of the file, differs as far as it was compared."""
        changed = any(weight.state == CHANGED for weight in self.weights or ())
        return not (self.interface or self.layers or changed or self.new or self.fixed)

    def grown(self, most: Fraction) -> tuple[Total, ...]:
        """The figures that have grown by more than the part ``most``."""
        return tuple(one for one in self.totals if one.growth is not None and one.growth > most)


@collector_held
def compare(old: Report, new: Report, payloads: tuple[Payloads, Payloads] | None = None) -> Difference:
    """What is not the same in ``new`` as in ``old``. With ``payloads`` the contents of weights are compared
    too. Findings are compared where `archcheck.check` has judged both."""
    seen = interface(old, new)
    mine, theirs = parts(old), parts(new)
    weights = Weights(*payloads) if payloads else None
    found = matched((old, mine), (new, theirs), seen,
                    weights.keys(mine, theirs) if weights else None)
    (before, known), (after, still) = _active(old), _active(new)
    return Difference(
        seen.changes, tuple(totals(old, new, seen.symbols)), tuple(layers(found, seen)), renamed(found),
        sum(1 for _ in found.pairs), tuple(weights.changes(found)) if weights else None,
        tuple(one for key, one in after.items() if key not in known),
        tuple(one for key, one in before.items() if key not in still), len(before.keys() & after.keys()))


def _active(report: Report) -> tuple[dict[str, Finding], set[str]]:
    """The findings that count, by their fingerprints; and the fingerprints of all, so that what is suppressed
    is neither fixed nor new."""
    counted = {one.fingerprint: one for one in report.findings if one.suppressed is None}
    return counted, {one.fingerprint for one in report.findings}
