"""The pages of rules as Markdown, made from their docstrings: for ``docs/rules``, for SARIF, and to be read
at the command line."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module

from archcheck.rules._page import Example, page
from archcheck.rules._rule import SAFE, UNSAFE, Rule

INDEX = """\
# Rules

Made from the code by `python docs/generate.py`; `archcheck rule CODE` prints the same for one rule.

An **error** will fail or is unsafe, a **warning** is almost surely not meant, **advice** might be better.
*When* says what turns a rule on; any can be selected by its code, its name, or the beginning of its code.
*Fix* says whether `archcheck check --fix` mends it: `safe` keeps every output bit for bit, `unsafe` needs
`--unsafe-fixes`.
"""

FAMILY = """\
# {letters}: {title}

Made from the code by `python docs/generate.py`. All rules are in [the list](index.md).
"""

_FIXES = {SAFE: "`--fix` mends it and keeps every output bit for bit",
          UNSAFE: "`--fix --unsafe-fixes` mends it; outputs may differ"}


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
        lines += [f"## {letters}: {title(own)}\n", "| rule | severity | when | fix | this model has … |",
                  "| --- | --- | --- | --- | --- |", *map(_row, own), ""]
    return "\n".join(lines)


def family(letters: str, rules: list[Rule]) -> str:
    """The page of one family."""
    return "\n".join([FAMILY.format(letters=letters, title=title(rules)), *map(entry, rules)])


def title(rules: list[Rule]) -> str:
    """What a family is about: the first sentence of its module."""
    doc = import_module(rules[0].function.__module__).__doc__ or ""
    return " ".join(doc.partition("\n\n")[0].split()).rstrip(".")


def entry(rule: Rule) -> str:
    """A rule's part of its family's page."""
    return f"## {rule.code} {rule.name}\n\n{facts(rule)}\n\n{markdown(rule)}"


def facts(rule: Rule) -> str:
    """Severity, when it is on, and whether it can be mended, in a line."""
    parts = [f"**{rule.severity}**", when(rule), *([_FIXES[rule.fix]] if rule.fix else []),
             *(["reads weights"] if rule.weights else [])]
    return " · ".join(parts)


def when(rule: Rule) -> str:
    """What turns a rule on."""
    if rule.on:
        return "on by default"
    ways = [f"`--profile {name}`" for name in rule.profiles] + ["`--target`"] * rule.targeted
    return f"on with {' or '.join(ways)}" if ways else f"on with `--select {rule.code}`"


def markdown(rule: Rule) -> str:
    """What a rule's docstring says: summary, explanation, examples."""
    said = page(rule)
    parts = [_text(said.summary), _text(said.text), *_examples("It fires on", said.bad),
             *_examples("It is silent on", said.good)]
    return "\n\n".join(filter(None, parts)) + "\n"


def plain(rule: Rule) -> str:
    """Summary and explanation as plain text."""
    said = page(rule)
    return "\n\n".join(filter(None, (said.summary, said.text))).replace("``", "`")


def _text(text: str) -> str:
    return text.replace("``", "`")


def _examples(lead: str, examples: Iterable[Example]) -> Iterator[str]:
    for example in examples:
        options = f" with `{' '.join(example.options)}`" if example.options else ""
        yield f"{lead}{options}:"
        yield f"```{'text' if example.is_onnx else 'yaml'}\n{example.text}```"


def _row(rule: Rule) -> str:
    link = f"[{rule.code}]({rule.family.lower()}.md#{rule.code.lower()}-{rule.name})"
    return f"| {link} | {rule.severity} | {when(rule)} | {rule.fix} | {rule.name} |"
