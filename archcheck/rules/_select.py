"""Which rules are asked: what a selection names, and what is on by default."""
from __future__ import annotations

from collections.abc import Iterable

from archcheck.config import Settings
from archcheck.rules import known
from archcheck.rules._rule import Rule


def selected(settings: Settings) -> tuple[Rule, ...]:
    """The rules that ``settings`` turn on."""
    return tuple(rule for rule in known().values() if is_selected(rule, settings))


def is_selected(rule: Rule, settings: Settings) -> bool:
    """Whether a rule is on: the longest of the entries that name it decides, and what is ignored wins where
    they are equally long. A rule that is exempt everywhere is off in any case."""
    if rule.weights and settings.weights is False:
        return False
    if any(not scope and _longest(rule, rules) for rules, scope in settings.exemptions):
        return False
    wanted = _longest(rule, (*settings.select, *settings.extend_select))
    unwanted = _longest(rule, settings.ignore)
    if unwanted and unwanted >= wanted:
        return False
    return wanted > 0 or not settings.select and is_default(rule, settings)


def is_named(rule: Rule, settings: Settings) -> bool:
    """Whether a rule is on because it is asked for."""
    return _longest(rule, (*settings.select, *settings.extend_select)) > 0


def is_default(rule: Rule, settings: Settings) -> bool:
    """Whether a rule is on unless something is selected."""
    asked = {*rule.profiles} & {*settings.profiles}
    return rule.on or bool(asked) or rule.targeted and bool(settings.targets)


def names(entry: str, rule: Rule) -> bool:
    """Whether ``entry`` of a selection, a code, the beginning of one, a name or ``ALL``, is about a rule."""
    return _said(rule, entry) > 0


def silences(entry: str, rule: Rule) -> bool:
    """Whether ``entry`` of a suppression is about a rule: as `names` has it, but there is none about all."""
    return entry != "ALL" and names(entry, rule)


def _longest(rule: Rule, entries: Iterable[str]) -> int:
    """How much of a rule's code the closest of ``entries`` says; 0 where none names it."""
    return max((_said(rule, entry) for entry in entries), default=0)


def _said(rule: Rule, entry: str) -> int:
    if entry == rule.name:
        return len(rule.code)
    return len(entry) if rule.code.startswith(entry) else entry == "ALL"
