"""Findings and models as plain data, for JSON."""
from __future__ import annotations

import json
import math
from typing import Any

from archcheck.checked import Checked, Run
from archcheck.findings import Finding
from archcheck.reporters.sheet import raw
from archcheck.rules._rule import SEVERITIES

SCHEMA = "archcheck.check/1"


def finding(one: Checked, found: Finding) -> dict[str, Any]:
    """A finding of a model."""
    return {
        "model": one.path, "code": found.code, "name": found.name, "severity": found.severity,
        "message": found.message, "why": found.why, "fix": found.fix, "fixable": found.fixable or None,
        "node": found.node, "op": found.op, "scope": list(found.scope), "value": found.value,
        "file": found.file or one.path, "line": found.line or None, "column": found.column,
        "places": found.places, "also": list(found.also), "fingerprint": found.fingerprint,
        "facts": plain(found.facts),
        "suppressed": found.suppressed and {"by": found.suppressed.by, "reason": found.suppressed.reason}}


def model(one: Checked) -> dict[str, Any]:
    """A model: what it is, its totals, and how judging it went."""
    return {
        "path": one.path, "sha256": one.sha256, "format": one.format or None, "producer": one.producer,
        "totals": plain(one.totals), "fail_on": one.fail_on, "error": one.error,
        "broken": [{"code": broken.code or None, "message": broken.message} for broken in one.broken],
        "exit_code": one.exit_code}


def summary(run: Run) -> dict[str, Any]:
    """What a run comes to: findings that count by severity, those that do not, and models."""
    return {**{severity: run.counts[severity] for severity in SEVERITIES}, "suppressed": run.suppressed,
            "models": len(run.checked)}


def plain(value: Any) -> Any:
    """``value`` as JSON can hold it: numbers that JSON has not are words, and so is all else."""
    value = raw(value)
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [plain(entry) for entry in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)


def dumped(value: Any, indent: int | None = None) -> str:
    """``value`` as JSON in plain ASCII."""
    return json.dumps(value, indent=indent, allow_nan=False)
