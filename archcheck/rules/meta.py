"""What is wrong with suppressions: those that suppress nothing, give no reason, or name no rule."""
from __future__ import annotations

from archcheck.config import STRICT
from archcheck.rules._rule import WARNING, Fault, Faults, rule
from archcheck.rules._select import silences
from archcheck.rules._suppress import Silence, Suppressions


@rule("META001", "unused-suppression", severity=WARNING, of="suppressions")
def unused_suppression(suppressions: Suppressions) -> Faults:
    """A suppression suppresses nothing.

    The fault that it was written for is mended, or it stands at another place than the fault. It would hide
    the next fault of its kind that is put there, so it should go. A comment is about its own line, alone on a
    line about the next one, and above everything else about the whole file. Rules that are about safety are
    not suppressed by a model itself; ignore them in the configuration. Rules that are not asked, and those
    about weights, do not count here.

    Bad::

        input: N x 3 x 33 x 33
        layers:
        - maxpool 3x3 /2  # archcheck: ignore[GEO003] this window has no gaps

    Good::

        input: N x 3 x 33 x 33
        layers:
        - maxpool 2x2 /3  # archcheck: ignore[GEO003] every third row is known to be empty

    Good (--select META)::

        input: N x 3 x 33 x 33
        layers:
        - maxpool 3x3 /2  # archcheck: ignore[GEO003] whether there are gaps is not asked
    """
    for silence in suppressions.silences:
        for entry in silence.rules:
            asked = [rule for rule in suppressions.asked if silences(entry, rule) and not rule.weights]
            if asked and entry not in silence.used:
                safety = all(rule.cvss is not None for rule in asked)
                why = "a model cannot suppress what is about safety" if safety else ""
                yield _fault(silence, f"the suppression of {entry} suppresses nothing", why,
                             f"take {entry} out of it")


@rule("META002", "reasonless-suppression", severity=WARNING, profiles=(STRICT,), of="suppressions")
def reasonless_suppression(suppressions: Suppressions) -> Faults:
    """A suppression does not say why.

    Whoever reads it later cannot tell whether it still holds. The reason stands behind the rules:
    ``# archcheck: ignore[GEO003] every third row is empty``.

    Bad (--profile strict)::

        input: N x 3 x 33 x 33
        layers:
        - maxpool 2x2 /3  # archcheck: ignore[GEO003]

    Good (--profile strict)::

        input: N x 3 x 33 x 33
        layers:
        - maxpool 2x2 /3  # archcheck: ignore[GEO003] every third row is empty
    """
    for silence in suppressions.silences:
        if not silence.reason:
            rules = ", ".join(silence.rules) or "nothing"
            yield _fault(silence, f"the suppression of {rules} gives no reason",
                         "whoever reads it later cannot tell whether it still holds",
                         "write the reason behind it")


@rule("META003", "unknown-suppression", severity=WARNING, of="suppressions")
def unknown_suppression(suppressions: Suppressions) -> Faults:
    """A suppression names no rule that there is.

    It has no effect. Rules are named in brackets, by their codes, the beginnings of codes, or names:
    ``# archcheck: ignore[GEO003, SHP] reason``. There is none that suppresses whatever comes.

    Bad::

        input: N x 3 x 33 x 33
        layers:
        - maxpool 3x3 /2  # archcheck: ignore[GEO3] this code is too short

    Bad::

        input: N x 3 x 33 x 33
        layers:
        - maxpool 3x3 /2  # archcheck: ignore this

    Good::

        input: N x 3 x 33 x 33
        layers:
        - maxpool 2x2 /3  # archcheck: ignore[window-gaps] every third row is empty
    """
    from archcheck.config._readers import meant
    from archcheck.rules import known
    for silence in suppressions.silences:
        if not silence.rules:
            yield _fault(silence, "a suppression names no rule", "it has no effect",
                         "write the rules in brackets: archcheck: ignore[GEO003] reason")
        for entry in silence.rules:
            if not any(silences(entry, rule) for rule in known().values()):
                yield _fault(silence, f"the suppression names {entry!r}, which is no rule",
                             "it has no effect", meant(entry))


def _fault(silence: Silence, message: str, why: str, fix: str) -> Fault:
    return Fault(message, why, fix, silence.site, silence.called, silence.place,
                 cause=(silence.called, silence.place, silence.site, message))
