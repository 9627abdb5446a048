"""A difference as JSON."""
from __future__ import annotations

import json
from typing import Any

from archcheck.comparing import Difference, LayerChange
from archcheck.dims import Dim
from archcheck.findings import Finding
from archcheck.graph import TensorType
from archcheck.reporters.diff import View
from archcheck.reporters.sheet import raw

SCHEMA = "archcheck.diff/1"


def render(found: Difference, view: View) -> str:
    """All that is known of the difference, as one object in plain ASCII."""
    return json.dumps({
        "schema": SCHEMA, "old": view.old, "new": view.new, "same": found.is_empty,
        "breaking": found.is_breaking,
        "interface": [_plain(one._asdict()) for one in found.interface],
        "totals": [{"name": one.name, "old": raw(one.old), "new": raw(one.new),
                    "at_least": list(one.least), "same": one.is_same,
                    "growth": None if one.growth is None else float(one.growth)} for one in found.totals],
        "layers": [_layer(one) for one in found.layers], "matched": found.matched,
        "renamed": [{"old": old.path, "new": new.path} for old, new in found.renamed],
        "weights": None if found.weights is None else [one._asdict() for one in found.weights],
        "findings": {"new": list(map(_finding, found.new)), "fixed": list(map(_finding, found.fixed)),
                     "kept": found.kept}}, indent=1, allow_nan=False) + "\n"


def _layer(one: LayerChange) -> dict[str, Any]:
    return {"kind": one.kind, "op": one.part.op, "name": one.new and one.new.path,
            "old_name": one.old and one.old.path, "scope": list(one.part.scope),
            "changes": [_plain(change._asdict()) for change in one.changes]}


def _finding(one: Finding) -> dict[str, Any]:
    return {"code": one.code, "name": one.name, "severity": one.severity, "message": one.message,
            "node": one.node, "value": one.value, "places": one.places, "fingerprint": one.fingerprint}


def _plain(value: Any) -> Any:
    """Any value as JSON has it: types as objects, formulas as Python expressions, numbers that JSON has not
    as words."""
    if isinstance(value, TensorType):
        return {"dtype": value.dtype, "shape": raw(value.shape)}
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(entry) for entry in value]
    if isinstance(value, Dim) or isinstance(value, float) and value - value != 0:
        return repr(value)
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
