"""The judging: the rules that are selected, asked about one case; faults of one cause become one finding."""
from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection, Hashable, Iterable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from archcheck.collector import collector_held
from archcheck.config import Settings
from archcheck.errors import UserError
from archcheck.findings import Broken, Finding, Suppression
from archcheck.report import Report
from archcheck.rules._case import Case
from archcheck.rules._rule import ERROR, SEVERITIES, Fault, Rule, Site
from archcheck.rules._select import is_named, names, selected
from archcheck.rules._suppress import Suppressions, within
from archcheck.scopes import SourceLine, source_line

_NUMBER = re.compile(r"\d+")


class Judged(NamedTuple):
    """The findings, the worst first, and the rules that ended in an error of their own."""

    findings: tuple[Finding, ...]
    broken: tuple[Broken, ...]


class Found(NamedTuple):
    """A fault, the rule that found it, and why it does not count, if so."""

    rule: Rule
    fault: Fault
    suppressed: Suppression | None


def check(source: Any, settings: Settings | None = None, **options: Any) -> Report:
    """The `Report` of ``source``, anything that `archcheck.analyze` takes, with its ``findings``. Options are
    the fields of `Settings`, ``select=("GEO",)``, and ``sizes`` as in `analyze`. Raises `RuntimeError` where
    a rule fails."""
    from archcheck.infer import analyze
    sizes = options.pop("sizes", None)
    report = source if isinstance(source, Report) else analyze(source, sizes)
    report.findings, broken = judge(Case(report, settings or Settings(**options)))
    report.judged = True
    if broken:
        raise RuntimeError("; ".join(f"{code}: {message}" for code, message in broken))
    return report


@collector_held
def judge(case: Case) -> Judged:
    """What the selected rules find."""
    broken: list[Broken] = []
    suppressions = Suppressions(case.report)
    suppressions.asked = _asked(case)
    closest = _closest(list(_faults(suppressions.asked, case, broken)))
    found = [Found(rule, fault, suppressions.of(rule, fault)) for rule, fault in closest
             if not _exempt(rule, fault, case)]
    if case.graph.family:  # only its writer can mend the text of a specification
        found = [one._replace(fault=replace(one.fault, fixable="")) for one in found]
    found += _found(case.settings, "suppressions", suppressions, broken)
    return Judged(findings(found, case.settings, case.graph.source), tuple(broken))


def open_faults(case: Case, codes: Collection[str]) -> list[tuple[Rule, Fault]]:
    """What those of the selected rules find that are among ``codes``; neither what is exempt nor what is
    suppressed."""
    suppressions = Suppressions(case.report)
    asked = [rule for rule in _asked(case) if rule.code in codes]
    return [(rule, fault) for rule, fault in _faults(asked, case, [])
            if not _exempt(rule, fault, case) and suppressions.of(rule, fault) is None]


def judge_failure(error: UserError, source: str, settings: Settings,
                  broken: list[Broken] | None = None) -> tuple[Finding, ...]:
    """What the selected rules say of the ``error`` to read the model ``source``; those that fail are added to
    ``broken``."""
    return findings(_found(settings, "failure", error, [] if broken is None else broken), settings, source)


def _asked(case: Case) -> tuple[Rule, ...]:
    """The rules about networks that are asked; those about weights unasked only where there are few."""
    rules = [rule for rule in selected(case.settings) if rule.of == "case"]
    if any(rule.weights for rule in rules) and not case.reads_weights:
        rules = [rule for rule in rules if not rule.weights or is_named(rule, case.settings)]
    return tuple(rules)


def _closest(found: list[tuple[Rule, Fault]]) -> Iterator[tuple[Rule, Fault]]:
    """``found`` without what a general rule says of nodes of which a closer one finds an error."""
    explained = {_node(fault) for rule, fault in found
                 if fault.site and not rule.general and (fault.severity or rule.severity) == ERROR}
    return ((rule, fault) for rule, fault in found
            if not rule.general or fault.site is None or _node(fault) not in explained)


def _node(fault: Fault) -> tuple[int, int] | None:
    return (id(fault.site.walk), fault.site.at) if fault.site else None


def _found(settings: Settings, of: str, subject: Any, broken: list[Broken]) -> list[Found]:
    """What the selected rules find that are about something else than networks."""
    rules = [rule for rule in selected(settings) if rule.of == of]
    return [Found(rule, fault, None) for rule, fault in _faults(rules, subject, broken)]


def _faults(rules: Iterable[Rule], subject: Any, broken: list[Broken]) -> Iterator[tuple[Rule, Fault]]:
    """The faults that ``rules`` find; one that fails is kept in ``broken``, and the others go on."""
    for rule in rules:
        try:
            for fault in rule.function(subject):
                yield rule, fault
        except Exception as error:
            if os.environ.get("ARCHCHECK_DEBUG"):
                raise
            broken.append(Broken(rule.code, f"{type(error).__name__}: {error}"))


def _exempt(rule: Rule, fault: Fault, case: Case) -> bool:
    """Whether a rule does not hold in the part of the network that a fault is in."""
    return any(scope and within(scope, fault) and any(names(entry, rule) for entry in rules)
               for rules, scope in case.settings.exemptions)


def findings(found: Iterable[Found], settings: Settings, source: str) -> tuple[Finding, ...]:
    """Faults as findings, one for each cause, the worst first."""
    groups: dict[Hashable, list[Found]] = {}
    for one in found:
        groups.setdefault((one.rule.code, one.suppressed, _cause(one.fault)), []).append(one)
    seen: dict[Hashable, int] = {}
    made = [_finding(group, settings, source, seen) for group in groups.values()]
    return tuple(sorted(made, key=lambda finding: SEVERITIES.index(finding.severity)))


def _cause(fault: Fault) -> Hashable:
    if fault.cause is not None:
        return fault.cause
    return fault.site.op if fault.site else fault.value, _pattern(fault), fault.message


def _pattern(fault: Fault) -> str:
    """The scope with its numbers left open, so that ``blocks.3`` and ``blocks.11`` are alike."""
    return _NUMBER.sub("*", ".".join(fault.scope))


def _finding(group: list[Found], settings: Settings, source: str, seen: dict[Hashable, int]) -> Finding:
    rule, first, suppressed = group[0]
    site = first.site
    place = first.line or (source_line(site.node) if site else None) or SourceLine(source, 0)
    severity = settings.severities.get(rule.code) or first.severity or rule.severity
    called = list(dict.fromkeys(_called(one.fault) for one in group))
    return Finding(
        rule.code, rule.name, severity, first.message, first.why, first.fix, site.path if site else None,
        site.op if site else None, first.scope, first.value or None, place.file or None, place.line or None,
        place.column, len(called), tuple(called[1:]), rule.fix if first.fixable is None else first.fixable,
        _fingerprint(rule, first, bool(suppressed), seen), first.facts, suppressed)


def _called(fault: Fault) -> str:
    """The place of a fault, in words."""
    return fault.site.path if isinstance(fault.site, Site) else fault.value


def _fingerprint(rule: Rule, fault: Fault, suppressed: bool, seen: dict[Hashable, int]) -> str:
    """What stays the same when a model is exported again: neither the names nor the order of nodes count.
    What does not count is numbered by itself, so that a suppression changes no other fingerprint."""
    parts = rule.code, _pattern(fault), fault.site.op if fault.site else "", fault.message
    digest = hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()[:16]
    number = seen[digest, suppressed] = seen.get((digest, suppressed), 0) + 1
    return digest if number == 1 else f"{digest}-{number}"
