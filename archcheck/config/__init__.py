"""How models are judged: which rules, how bad, against which targets and budgets."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

STRICT = "strict"
"""The profile that ``--strict`` turns on."""


class Exemption(NamedTuple):
    """Rules, as `Settings` select them, that do not hold in the modules that ``scope`` matches: a pattern
    with ``*`` over dotted paths, which covers what is inside too. Without one they do not hold anywhere."""

    rules: tuple[str, ...]
    scope: str = ""


class Limit(NamedTuple):
    """The ``most`` that a figure may be: a count, bytes, for growth a fraction of what it was, for latency
    seconds on a ``device``; ``at`` these sizes of symbols. ``said`` is how it was written."""

    most: int | Fraction
    said: str
    at: Mapping[str, int] = {}
    device: str = ""


@dataclass(frozen=True)
class Settings:
    """The settings of one run for one model.

    ``select`` holds codes, prefixes of codes, names of rules, or ``ALL``; empty: what is on by default.
    ``extend_select`` adds to that, ``ignore`` takes away; the longer prefix wins. ``exemptions`` are rules
    that do not hold for this model, or parts of it. ``severities`` maps a code to the severity it has here,
    ``fail_on`` is the least one that fails a run. ``targets`` and ``profiles`` turn on the rules that need
    one. ``dynamic`` are the symbols that must stay free, ``object_size`` the extent in input positions that
    the receptive field has to cover. ``weights`` is None where rules about weights run only over small
    payloads or if they are selected, False where they never run. ``budget`` holds limits by ``params``,
    ``macs``, ``flops``, ``peak-memory``, ``file-size``, ``depth``, ``latency`` and ``growth``; ``locked`` are
    the totals that growth counts from (None: none are kept). ``sizes`` binds symbols of those
    models that have them. ``plugins`` are modules with more operators and rules, ``baseline`` is the file of
    what was found before.
    """

    select: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    exemptions: tuple[Exemption, ...] = ()
    severities: Mapping[str, str] = field(default_factory=dict)
    fail_on: str = "warning"
    targets: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    dynamic: tuple[str, ...] = ()
    object_size: int | None = None
    weights: bool | None = None
    budget: Mapping[str, Limit] = field(default_factory=dict)
    locked: Mapping[str, int | str | None] | None = None
    sizes: Mapping[str, int] = field(default_factory=dict)
    plugins: tuple[str, ...] = ()
    baseline: str | None = None
