"""How models are judged: which rules, how bad, against which targets and budgets."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Settings:
    """The settings of one run for one model.

    ``select`` holds codes, prefixes of codes, names of rules, or ``ALL``; empty: what is on by default.
    ``extend_select`` adds to that, ``ignore`` takes away; the longer prefix wins. ``severities`` maps a code
    to the severity it has here. ``targets`` and ``profiles`` turn on the rules that need one. ``dynamic`` are
    the symbols that must stay free, ``object_size`` the extent in input positions that the receptive field
    has to cover. ``weights`` is None where rules about weights run only over small payloads or if they are
    selected, False where they never run.
    """

    select: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severities: Mapping[str, str] = field(default_factory=dict)
    fail_on: str = "warning"
    targets: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    dynamic: tuple[str, ...] = ()
    object_size: int | None = None
    weights: bool | None = None
    budget: Mapping[str, Any] = field(default_factory=dict)
