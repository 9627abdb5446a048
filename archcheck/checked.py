"""What a run of the lint comes to: for each model what was found and what it holds, plain data that worker
processes and a cache can hand over."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from archcheck.findings import Broken, Finding
from archcheck.rules._rule import SEVERITIES

__all__ = ["Broken", "Checked", "Run", "fails"]

CLEAN, FOUND, UNUSABLE, INTERNAL = range(4)
"""Exit codes: nothing at or above what fails a run, something, a model or option that cannot be used, a
defect of archcheck."""

NEVER = "never"
"""The severity to fail on with which findings fail no run."""


class Checked(NamedTuple):
    """What was found in one model.

    ``path`` is what the user calls it; ``sha256`` that of its file as it lies there (None: it could not be
    read, or nothing that is written says it); ``format`` is ``onnx``, ``spec`` or "". ``findings`` hold those
    that are suppressed too, the worst first. ``totals`` are ``params``, ``macs``, ``flops``, ``nodes`` and
    ``file_size``: an int, the Python expression of a formula, or None where it is not known; there are none
    where nothing that is written says them. ``fail_on`` is the least severity that fails the run, or
    ``never``. ``error`` is the sentence that says why it could not be read or judged, ``broken`` lists the
    rules that failed.
    """

    path: str
    sha256: str | None
    format: str
    producer: str
    findings: tuple[Finding, ...]
    totals: Mapping[str, int | str | None]
    fail_on: str = "warning"
    error: str | None = None
    broken: tuple[Broken, ...] = ()

    @property
    def active(self) -> Iterator[Finding]:
        """The findings that count: those not suppressed."""
        return (found for found in self.findings if found.suppressed is None)

    @property
    def exit_code(self) -> int:
        """The exit code that this model asks for."""
        if self.broken:
            return INTERNAL
        if self.error is not None:
            return UNUSABLE
        return FOUND if any(fails(found, self.fail_on) for found in self.active) else CLEAN


class Run(NamedTuple):
    """One run over many models, in the order in which they were given."""

    checked: tuple[Checked, ...]

    @property
    def exit_code(self) -> int:
        """The worst of what its models ask for."""
        return max((one.exit_code for one in self.checked), default=CLEAN)

    @property
    def counts(self) -> Counter[str]:
        """How many findings that count there are of each severity."""
        return Counter(found.severity for one in self.checked for found in one.active)

    @property
    def suppressed(self) -> int:
        """How many findings do not count."""
        return sum(found.suppressed is not None for one in self.checked for found in one.findings)


def fails(finding: Finding, fail_on: str) -> bool:
    """Whether a finding is at least as bad as ``fail_on``."""
    return fail_on != NEVER and SEVERITIES.index(finding.severity) <= SEVERITIES.index(fail_on)
