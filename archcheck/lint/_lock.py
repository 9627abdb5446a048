"""Locks: a small file that says how large models were, to be kept beside them and held against what they
become."""
from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archcheck.config._files import relative
from archcheck.dims import Dim, Size, bcast, is_known
from archcheck.errors import UserError
from archcheck.files import write_whole

if TYPE_CHECKING:
    from archcheck.graph import TensorType
    from archcheck.report import Report

SCHEMA = "archcheck.lock/1"
NAME = "archcheck.lock"
MAX_BYTES = 1 << 26
DEEP = 2
"""So many names of a scope are kept: ``layer1.0``, not what is inside."""


def entry(report: Report, sha256: str | None) -> dict[str, Any]:
    """What a lock says of a model: the hash of its file, its interface, its totals and those of its
    scopes."""
    from archcheck.rules._figures import LOCKED, total
    graph = report.graph
    return {"sha256": sha256, "opset": graph.opsets.get(""),
            "inputs": {name: _kind(report.types.get(name)) for name in graph.inputs},
            "outputs": {name: _kind(report.types.get(name)) for name in graph.outputs},
            "totals": {name: _plain(total(report, name)) for name in LOCKED} | {"nodes": len(graph.nodes)},
            "scopes": {name: {"params": _plain(params), "macs": _plain(macs)}
                       for name, (params, macs) in scopes(report).items()}}


def scopes(report: Report) -> dict[str, tuple[Size, Size | None]]:
    """The parameters and MACs of each scope that has any, by its name; MACs are None where some are not
    counted."""
    found: dict[str, tuple[Size, Size | None]] = {}
    for layer in report.layers:
        name = ".".join(layer.scope[:DEEP])
        params, macs = found.get(name, (0, 0))
        found[name] = params + layer.params, _sum(macs, layer.macs)
    return {name: sums for name, sums in found.items() if name and sums != (0, 0)}


def _sum(one: Size | None, other: Size | None) -> Size | None:
    return None if one is None or other is None else one + other


def _kind(kind: TensorType | None) -> str:
    if kind is None:
        return "?"
    shape = "?" if kind.shape is None else ", ".join(_named(size) for size in kind.shape)
    return f"{kind.dtype or '?'}[{shape}]"


def _named(size: Size) -> str:
    return repr(size) if is_known(size) else "?"


def _plain(size: Size | None) -> int | str | None:
    """A size as a lock has it: a number, a formula as Python, or None where it is not known."""
    if isinstance(size, Dim):
        return repr(size) if is_known(size) else None
    return size


def formula(said: Any) -> Size | None:
    """The size that a lock says; None where it is none, or too long to be read again."""
    from archcheck.algebra.extremes import maximum, minimum
    from archcheck.dims import symbol
    from archcheck.expressions import ExpressionError, parse
    if not isinstance(said, str):
        return said if isinstance(said, int) and not isinstance(said, bool) else None
    calls: dict[str, Any] = {"Max": (maximum, 1, 1000), "Min": (minimum, 1, 1000), "bcast": (bcast, 2, 2),
             "Mod": (lambda a, b: a - a // b * b, 2, 2)}
    try:
        expression = parse(said, functions=calls, rich=True)
        found: Size = expression.value({name: symbol(name) for name in expression.names})
        return found
    except ExpressionError:
        return None


def read(path: str) -> dict[str, Any]:
    """The entries of the lock in the file ``path``, by the paths of models from its folder. Raises
    `UserError`."""
    try:
        with open(path, "rb") as file:
            found = json.loads(file.read(MAX_BYTES))
        if found["schema"] != SCHEMA:
            raise ValueError(f"its schema is {found['schema']!r}, and should be {SCHEMA!r}")
        return {str(name): dict(of) for name, of in found["models"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(f"{path} is no lock of archcheck ({error}); `archcheck lock` writes one") from None


def write(path: str, entries: Mapping[str, Any]) -> None:
    """Write a lock: a line for each number, models and scopes in the order of their names."""
    models = {name: entries[name] for name in sorted(entries)}
    text = json.dumps({"schema": SCHEMA, "models": models}, indent=1, ensure_ascii=False)
    write_whole(Path(path), f"{text}\n".encode())


def name_in(path: str, model: str) -> str:
    """How the lock ``path`` calls a model: by its path from the lock's folder."""
    return relative(model, os.path.dirname(os.path.abspath(path))) if os.path.exists(model) else model


def is_there(path: str, name: str) -> bool:
    """Whether there still is the model that the lock ``path`` calls ``name``; those without a file are."""
    return ":" in name or os.path.exists(os.path.join(os.path.dirname(os.path.abspath(path)), name))


def locked(model: str) -> Mapping[str, Any] | None:
    """The totals of a model in the nearest lock: in its folder, or one around it; None where there are none.
    Raises `UserError` for a file that is no lock."""
    folder = os.path.abspath(os.path.dirname(model) if os.path.exists(model) else ".")
    while not os.path.isfile(path := os.path.join(folder, NAME)):
        if os.path.dirname(folder) == folder:
            return None
        folder = os.path.dirname(folder)
    found = read(path).get(name_in(path, model), {}).get("totals")
    return found if isinstance(found, dict) else None
