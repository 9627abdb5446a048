"""The judging: the rules that are selected, asked about one case; faults of one cause become one finding."""
from __future__ import annotations

import hashlib
import re
from collections.abc import Hashable, Iterable
from typing import Any

from archcheck.config import Settings
from archcheck.findings import Finding
from archcheck.report import Report
from archcheck.rules import known
from archcheck.rules._case import Case
from archcheck.rules._rule import Fault, Rule, Site
from archcheck.scopes import SourceLine, source_line

_NUMBER = re.compile(r"\d+")


def check(source: Any, settings: Settings | None = None, **options: Any) -> Report:
    """The `Report` of ``source``, anything that `archcheck.analyze` takes, with its ``findings``. Options are
    the fields of `Settings`, ``select=("GEO",)``, and ``sizes`` as in `analyze`."""
    from archcheck.infer import analyze
    sizes = options.pop("sizes", None)
    report = source if isinstance(source, Report) else analyze(source, sizes)
    report.findings = judge(Case(report, settings or Settings(**options)))
    return report


def judge(case: Case) -> tuple[Finding, ...]:
    """What the selected rules find, in the order of the nodes."""
    found = [(rule, fault) for rule in selected(case.settings) if rule.of == "case"
             for fault in rule.function(case)]
    return findings(found, case)


def selected(settings: Settings) -> tuple[Rule, ...]:
    """The rules that ``settings`` turn on."""
    return tuple(rule for rule in known().values() if is_selected(rule, settings))


def is_selected(rule: Rule, settings: Settings) -> bool:
    """Whether a rule is on: the longest of the entries that name it decides, and what is ignored wins where
    they are equally long."""
    if rule.weights and settings.weights is False:
        return False
    wanted = _longest(rule, (*settings.select, *settings.extend_select))
    unwanted = _longest(rule, settings.ignore)
    if unwanted and unwanted >= wanted:
        return False
    return wanted > 0 or not settings.select and is_default(rule, settings)


def is_default(rule: Rule, settings: Settings) -> bool:
    """Whether a rule is on unless something is selected."""
    asked = {*rule.profiles} & {*settings.profiles}
    return rule.on or bool(asked) or rule.targeted and bool(settings.targets)


def _longest(rule: Rule, entries: Iterable[str]) -> int:
    """How much of a rule's code the closest of ``entries`` says; 0 where none names it."""
    return max((_said(rule, entry) for entry in entries), default=0)


def _said(rule: Rule, entry: str) -> int:
    if entry == rule.name:
        return len(rule.code)
    return len(entry) if rule.code.startswith(entry) else entry == "ALL"


def findings(found: Iterable[tuple[Rule, Fault]], case: Case) -> tuple[Finding, ...]:
    """Faults as findings, one for each cause."""
    groups: dict[Hashable, tuple[Rule, list[Fault]]] = {}
    for rule, fault in found:
        groups.setdefault((rule.code, _cause(fault)), (rule, []))[1].append(fault)
    seen: dict[str, int] = {}
    return tuple(_finding(rule, faults, case, seen) for rule, faults in groups.values())


def _cause(fault: Fault) -> Hashable:
    if fault.cause is not None:
        return fault.cause
    return fault.site.op if fault.site else fault.value, _pattern(fault), fault.message


def _pattern(fault: Fault) -> str:
    """The scope with its numbers left open, so that ``blocks.3`` and ``blocks.11`` are alike."""
    return _NUMBER.sub("*", ".".join(fault.scope))


def _finding(rule: Rule, faults: list[Fault], case: Case, seen: dict[str, int]) -> Finding:
    first, site = faults[0], faults[0].site
    place = first.line or (source_line(site.node) if site else None) or SourceLine(case.graph.source or "", 0)
    severity = case.settings.severities.get(rule.code) or first.severity or rule.severity
    names = list(dict.fromkeys(_called(fault) for fault in faults))
    return Finding(
        rule.code, rule.name, severity, first.message, first.why, first.fix, site.path if site else None,
        site.op if site else None, first.scope, first.value or None, place.file or None, place.line or None,
        place.column, len(names), tuple(names[1:]), rule.fix if first.fixable is None else first.fixable,
        _fingerprint(rule, first, seen), first.facts)


def _called(fault: Fault) -> str:
    """The place of a fault, in words."""
    return fault.site.path if isinstance(fault.site, Site) else fault.value


def _fingerprint(rule: Rule, fault: Fault, seen: dict[str, int]) -> str:
    """What stays the same when a model is exported again: neither the names nor the order of nodes count."""
    parts = rule.code, _pattern(fault), fault.site.op if fault.site else "", fault.message
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
    seen[digest] = seen.get(digest, 0) + 1
    return digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
