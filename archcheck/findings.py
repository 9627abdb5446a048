"""Findings: what rules found, one for each cause, with all that a person or a program needs of it."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Finding(NamedTuple):
    """What one rule found for one cause.

    ``node``, ``op`` and ``scope`` are those of the first of so many ``places``, ``also`` the names of the
    others; ``file``, ``line`` and ``column`` are where a person mends it: the line of the specification or of
    the program that the model was exported from, else the model's file. ``fixable`` is ``safe``, ``unsafe``
    or "". ``fingerprint`` stays the same when the model is exported again. ``suppressed`` is the reason for
    which it does not count, None where it does.
    """

    code: str
    name: str
    severity: str
    message: str
    why: str
    fix: str
    node: str | None
    op: str | None
    scope: tuple[str, ...]
    value: str | None
    file: str | None
    line: int | None
    column: int | None
    places: int
    also: tuple[str, ...]
    fixable: str
    fingerprint: str
    facts: Mapping[str, Any]
    suppressed: str | None = None
