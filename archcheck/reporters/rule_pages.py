"""The pages of ``docs/rules``: a list of all rules, and the rules of each family."""
from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module

from archcheck.reporters.rules import markdown, when
from archcheck.rules._rule import Rule

INDEX = """\
# Rules

Made from the code by `python docs/generate.py`; `archcheck rule CODE` prints the same for one rule.

An **error** will fail or is unsafe, a **warning** is almost surely not meant, **advice** might be better. Any
rule can be selected by its code, its name, or the beginning of its code. *Fix* says whether `archcheck check
--fix` mends it: `safe` keeps every output bit for bit, `unsafe` needs `--unsafe-fixes`.
"""

FAMILY = """\
# {letters}: {title}

Made from the code by `python docs/generate.py`. All rules are in [the list](index.md).
"""


def families(rules: Iterable[Rule]) -> dict[str, list[Rule]]:
    """Rules by the letters of their codes."""
    found: dict[str, list[Rule]] = {}
    for rule in rules:
        found.setdefault(rule.family, []).append(rule)
    return found


def index(rules: Iterable[Rule]) -> str:
    """The list of all rules, a table a family."""
    lines = [INDEX]
    for letters, own in families(rules).items():
        lines += [f"## {letters}: {title(own)}\n", "| rule | this model has … | severity | on | fix |",
                  "| --- | --- | --- | --- | --- |", *map(_row, own), ""]
    return "\n".join(lines)


def family(letters: str, rules: list[Rule]) -> str:
    """The page of one family."""
    return "\n".join([FAMILY.format(letters=letters, title=title(rules)), *map(markdown, rules)])


def title(rules: list[Rule]) -> str:
    """What a family is about: the first sentence of its module."""
    doc = import_module(rules[0].function.__module__).__doc__ or ""
    return " ".join(doc.partition("\n\n")[0].split()).rstrip(".")


def _row(rule: Rule) -> str:
    link = f"[{rule.code}]({rule.family.lower()}.md#{rule.code.lower()})"
    return f"| {link} | {rule.name} | {rule.severity} | {when(rule)} | {rule.fix} |"
