"""Rules as SARIF describes them."""
from __future__ import annotations

from typing import Any

from archcheck.findings import Finding
from archcheck.reporters.rules import body
from archcheck.rules import known
from archcheck.rules._page import page
from archcheck.rules._rule import ADVICE, ERROR, WARNING, Rule

LEVELS = {ERROR: "error", WARNING: "warning", ADVICE: "note"}
PROBLEMS = {ERROR: "error", WARNING: "warning", ADVICE: "recommendation"}
MOST = 1_024
"""GitHub takes descriptions of at most so many characters."""


def descriptor(found: Finding) -> dict[str, Any]:
    """The rule of a finding; little is said of one that is not loaded here."""
    rule = known().get(found.code)
    if rule is None:
        return {"id": found.code, "name": found.name, "shortDescription": {"text": found.name}}
    return _descriptor(rule)


def _descriptor(rule: Rule) -> dict[str, Any]:
    said = page(rule)
    summary, text = (part.replace("``", "`") for part in (said.summary, f"{said.summary}\n\n{said.text}"))
    return {
        "id": rule.code, "name": rule.name, "shortDescription": {"text": _cut(summary)},
        "fullDescription": {"text": _cut(" ".join(text.split()))},
        "help": {"text": text, "markdown": body(rule)},
        "defaultConfiguration": {"level": LEVELS[rule.severity], "enabled": rule.on},
        "properties": _properties(rule)}


def _properties(rule: Rule) -> dict[str, Any]:
    """Tags, and how severe it is in the words of code scanning."""
    found: dict[str, Any] = {"tags": [rule.family], "precision": "high",
                             "problem.severity": PROBLEMS[rule.severity]}
    if rule.cvss is not None:
        found["tags"].append("security")
        found["security-severity"] = f"{rule.cvss:.1f}"
    if rule.cwe is not None:
        found["tags"].append(f"external/cwe/cwe-{rule.cwe:03}")
    return found


def _cut(text: str) -> str:
    return text if len(text) <= MOST else text[:MOST - 1] + "…"
