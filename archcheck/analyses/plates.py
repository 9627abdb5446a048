"""Plate notation: a sequence of words with its repetitions told once, ``[(CONV-RELU)*2-POOL]*2-FC``."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from archcheck.report import Report

SHORT = 100
"""A pattern of more characters does not help."""

MAX_PERIOD = 12
"""So many words or groups may a group have."""

MAX_WORDS = 2000
"""Of a longer sequence no pattern is looked for."""


class Plate(NamedTuple):
    """A word, or a group of plates ``times`` over. ``depth`` is how deep its groups nest."""

    text: str
    depth: int = 0


def pattern_of(report: Report, longest: int = SHORT) -> str | None:
    """The pattern of a network in at most ``longest`` characters; None where it takes more, or would not tell
    the whole network."""
    from archcheck.analyses.blocks import UNTOLD, sequence
    found, whole = sequence(report)
    words = [item.word for item in found if not item.silent]
    if not whole or not words or UNTOLD in words or len(words) > MAX_WORDS:
        return None
    text = plates(words)
    return text if len(text) <= longest else None


def plates(words: Iterable[str]) -> str:
    """``words`` in plate notation: the shortest repetitions are told first, then those of what comes of
    them. Where a repetition may begin at several places, it begins as early as it can or as late, whichever
    gives the shorter text."""
    found = [Plate(word) for word in words]
    return min((_joined(_told(found, late)) for late in (False, True)), key=len)


def _told(found: list[Plate], late: bool) -> list[Plate]:
    period = 1
    while period <= min(MAX_PERIOD, len(found) // 2):
        shorter = _folded(found, period, late)
        period = period + 1 if len(shorter) == len(found) else 1
        found = shorter
    return found


def _folded(found: Sequence[Plate], period: int, late: bool) -> list[Plate]:
    """``found`` with groups of ``period`` told once that stand there several times in a row, where that is
    shorter."""
    out: list[Plate] = []
    at = 0
    while at < len(found):
        times, left = divmod(_repeating(found, at, period), period)
        begin = at + left * (late and times > 1)
        body = found[begin:begin + period]
        group = _group(body, times)
        if times > 1 and len(group.text) < len(_joined(body)) * times + times - 1:
            out += [*found[at:begin], group]
            at = begin + period * times
        else:
            out.append(found[at])
            at += 1
    return out


def _repeating(found: Sequence[Plate], at: int, period: int) -> int:
    """How many of ``found`` from ``at`` on repeat what is ``period`` before them, the first ones among
    them."""
    stop = at + period
    while stop < len(found) and found[stop] == found[stop - period]:
        stop += 1
    return stop - at


def _group(body: Sequence[Plate], times: int) -> Plate:
    depth = 1 + max((plate.depth for plate in body), default=0)
    begin, end = "()" if depth % 2 else "[]"
    return Plate(f"{begin}{_joined(body)}{end}*{times}", depth)


def _joined(found: Iterable[Plate]) -> str:
    return "-".join(plate.text for plate in found)
