"""What a model says of its own findings: comments in specifications, metadata of ONNX files and of their
nodes, and a file beside the model."""
from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import accumulate
from typing import Any

from archcheck.errors import UserError
from archcheck.findings import Suppression
from archcheck.report import Report
from archcheck.rules._rule import Fault, Rule, Site
from archcheck.rules._select import silences
from archcheck.scopes import SourceLine, source_line

METADATA = "archcheck.ignore"
"""The entry of a model's or node's metadata that holds a suppression: ``GEO003, SHP: reason``."""

SIDECAR = ".archcheck.toml"
"""How the name of the file beside a model ends, behind the model's name without its suffix."""

INLINE, BESIDE = "inline", "sidecar"
_TEXT = re.compile(r"\s*(?:\[([^\]]*)\]|([\w-]+(?:\s*,\s*[\w-]+)*)(?::|$))\s*(.*)", re.DOTALL)
_KEYS = ("rules", "reason", "node", "scope")


@dataclass
class Silence:
    """One suppression: the ``rules`` that it names and the ``reason`` that it gives; ``by`` as `Suppression`
    has it. It is about the ``lines`` of a specification, a ``site``, or what the patterns ``node`` and
    ``scope`` match, and where it has none of these about the whole model. ``place`` is where a person mends
    it, ``called`` what it is called where it has no line. ``used`` are the entries of ``rules`` that
    something was suppressed by."""

    rules: tuple[str, ...]
    reason: str
    by: str = INLINE
    lines: frozenset[int] = frozenset()
    site: Site | None = None
    node: str = ""
    scope: str = ""
    place: SourceLine | None = None
    called: str = ""
    used: set[str] = field(default_factory=set)

    def takes(self, rule: Rule, fault: Fault) -> bool:
        """Whether a fault is suppressed by this, which is then used. What is about safety never is: a model
        does not vouch for itself."""
        entry = next((entry for entry in self.rules if silences(entry, rule)), None)
        if entry is None or rule.cvss is not None or not self._covers(fault):
            return False
        self.used.add(entry)
        return True

    def _covers(self, fault: Fault) -> bool:
        if self.lines:
            line = fault.line or (source_line(fault.site.node) if fault.site else None)
            return line is not None and line.line in self.lines
        if self.site:
            return fault.site == self.site
        return (not self.node or fault.site is not None and fnmatchcase(fault.site.path, self.node)) and (
            not self.scope or within(self.scope, fault))


class Suppressions:
    """All that a model says of its findings. ``asked`` are the rules that were asked."""

    def __init__(self, report: Report) -> None:
        self.silences = [*_inline(report), *_beside(report.graph.source)]
        self.asked: tuple[Rule, ...] = ()

    def of(self, rule: Rule, fault: Fault) -> Suppression | None:
        """Why ``fault`` does not count, None where it does."""
        found = next((silence for silence in self.silences if silence.takes(rule, fault)), None)
        return Suppression(found.by, found.reason) if found else None


def within(pattern: str, fault: Fault) -> bool:
    """Whether ``pattern`` matches the scope of a fault, or one around it."""
    return any(fnmatchcase(scope, pattern) for scope in accumulate(fault.scope, "{}.{}".format))


def _inline(report: Report) -> Iterator[Silence]:
    source = report.graph.source
    for remark in report.graph.remarks:
        lines = frozenset(line for line in (remark.line, remark.other) if line and not remark.whole)
        yield Silence(*_parsed(remark.text), lines=lines, place=SourceLine(source, remark.line))
    if METADATA in report.graph.metadata:
        yield Silence(*_parsed(report.graph.metadata[METADATA]), called=METADATA)
    for walk in report.walk.and_inner():
        for index, node in enumerate(walk.graph.nodes):
            if METADATA in node.metadata:
                yield Silence(*_parsed(node.metadata[METADATA]), site=Site(walk, index), called=METADATA)


def _parsed(text: str) -> tuple[tuple[str, ...], str]:
    """The rules and the reason in ``[GEO003, SHP] reason`` or ``GEO003, SHP: reason``; no rules where it is
    neither."""
    found = _TEXT.match(text)
    if not found:
        return (), text
    return tuple(filter(None, re.split(r"[\s,]+", found[1] or found[2] or ""))), found[3].strip()


def sidecar(source: str) -> str | None:
    """The file beside a model that suppresses findings, where there is one."""
    stem = source.removesuffix(".gz")
    path = os.path.splitext(stem)[0] + SIDECAR if stem else ""
    return path if path and os.path.isfile(path) else None


def _beside(source: str) -> Iterator[Silence]:
    path = sidecar(source)
    if path:
        from archcheck.config._files import content
        found = content(path) or {}
        entries = found.get("ignore", [])
        if not isinstance(entries, list) or found.keys() - {"ignore"}:
            raise UserError(f"{path} holds tables under [[ignore]], and nothing else; mend it")
        yield from (_entry(entry, path) for entry in entries)


def _entry(entry: Any, path: str) -> Silence:
    """One table of a file beside a model."""
    if not isinstance(entry, dict) or entry.keys() - set(_KEYS) or "rules" not in entry:
        raise UserError(f"{path}: each [[ignore]] has rules, and may have reason, node and scope; mend it")
    from archcheck.config._readers import Wrong, text, texts
    try:
        rules = texts(entry["rules"], "")
        reason, node, scope = (text(entry.get(key, ""), "") for key in _KEYS[1:])
    except Wrong as wrong:
        raise UserError(f"{path}: an entry of [[ignore]] {wrong}") from None
    return Silence(rules, reason, BESIDE, node=node, scope=scope, place=SourceLine(path, 0), called=path)
