"""What ``archcheck rule`` shows: the pages of rules, or a list of them."""
from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from textwrap import indent, wrap
from typing import Any, NamedTuple

from archcheck.reporters.sheet import Column, Sheet, as_text
from archcheck.reporters.sheet import render as render_sheet
from archcheck.reporters.text import Script
from archcheck.rules._page import Example, page
from archcheck.rules._rule import SAFE, Rule

SCHEMA = "archcheck.rule/1"
COLOURS = {"error": "31", "warning": "33", "advice": "36"}


class View(NamedTuple):
    """How to show pages: the ``script``, the ``width`` of lines, and whether in ``colour``."""

    script: Script = Script()
    width: int = 100
    colour: bool = False


def render(rules: Sequence[Rule], form: str, pages: bool, view: View) -> str:
    """``rules`` in the format ``form``; as text their whole ``pages``, or a list."""
    if form == "json":
        return json.dumps({"schema": SCHEMA, "rules": list(map(record, rules))}, indent=1) + "\n"
    if form == "markdown":
        return "\n".join(markdown(rule) for rule in rules)
    if pages:
        return "\n".join(_text(rule, view) for rule in rules)
    return render_sheet(_list(rules), "table", view.script, view.width, view.colour)


def _list(rules: Sequence[Rule]) -> Sheet:
    columns = (Column("code", "code"), Column("name", "name"), Column("severity", "severity"),
               Column("on", "on"), Column("summary", "finds", as_text, least=40, spared=True))
    rows = [(rule.code, rule.name, rule.severity, when(rule), page(rule).summary) for rule in rules]
    return Sheet(SCHEMA, columns, rows, [("pages", "archcheck rule CODE")])


def when(rule: Rule) -> str:
    """When a rule is on without being selected."""
    if rule.on:
        return "by default"
    asked = [f"with --profile {name}" for name in rule.profiles]
    asked += ["with a --target"] if rule.targeted else []
    return " or ".join(asked) or "if selected"


def notes(rule: Rule) -> Iterator[str]:
    """What is to be known of a rule besides its page: how bad, when it is on, what it takes."""
    yield f"{rule.severity}, on {when(rule)}"
    if rule.weights:
        yield "reads weights: asked where there are at most 64 MiB of them, with --weights, or if selected"
    if rule.fix:
        yield "fix: archcheck check --fix" + ("" if rule.fix == SAFE else " --unsafe-fixes")
    if rule.cwe:
        yield f"weakness: CWE-{rule.cwe}"
    if rule.cvss is not None:
        yield f"CVSS {rule.cvss}; a model cannot suppress it"


def silencing(rule: Rule) -> list[str]:
    """The ways to keep a rule quiet."""
    ways = [f"--ignore {rule.code}, or ignore = [\"{rule.code}\"] in the configuration"]
    if rule.cvss is None and rule.of == "case":
        ways.append(f"# archcheck: ignore[{rule.code}] reason, in a specification")
    return ways


def record(rule: Rule) -> dict[str, Any]:
    """A rule for programs."""
    found = page(rule)
    return {"code": rule.code, "name": rule.name, "family": rule.family, "severity": rule.severity,
            "default": rule.on, "profiles": list(rule.profiles), "targeted": rule.targeted,
            "weights": rule.weights, "fix": rule.fix, "cvss": rule.cvss, "cwe": rule.cwe,
            "summary": found.summary, "text": found.text, "bad": list(map(_example, found.bad)),
            "good": list(map(_example, found.good))}


def _example(example: Example) -> dict[str, Any]:
    return {"text": example.text, "options": list(example.options)}


def _text(rule: Rule, view: View) -> str:
    found, script = page(rule), view.script
    code = _styled(rule.code, COLOURS[rule.severity], view)
    lines = [f"{code} {_styled(rule.name, '1', view)}", f"  {'; '.join(notes(rule))}", "",
             *wrap(_inline(found.summary), view.width), ""]
    for paragraph in re.split(r"\n\s*\n", found.text):
        lines += [*wrap(_inline(paragraph), view.width), ""]
    for title, examples in (("Bad", found.bad), ("Good", found.good)):
        for example in examples:
            lines += [_styled(_titled(title, example), "1", view), indent(example.text, "    ")]
    lines += ["To silence it:", *(f"  {way}" for way in silencing(rule))]
    return "".join(f"{_safe(line, script)}\n" for line in lines)


def _titled(title: str, example: Example) -> str:
    return f"{title}, with {' '.join(example.options)}:" if example.options else f"{title}:"


def _inline(text: str) -> str:
    return " ".join(text.replace("``", "`").split())


def _safe(text: str, script: Script) -> str:
    """Text that a stream without Unicode can take."""
    return text.encode("ascii", "backslashreplace").decode() if script.ascii else text


def _styled(text: str, style: str, view: View) -> str:
    return f"\x1b[{style}m{text}\x1b[0m" if view.colour else text


def markdown(rule: Rule) -> str:
    """The page of a rule as Markdown, under a heading that links lead to."""
    return f"## {rule.code}\n\n{body(rule)}"


def body(rule: Rule) -> str:
    """The page of a rule as Markdown, without a heading."""
    found = page(rule)
    lines = [f"**{rule.name}** · {'; '.join(notes(rule))}\n",
             _marked(found.summary) + "\n", _marked(found.text) + "\n"]
    for title, examples in (("Bad", found.bad), ("Good", found.good)):
        for example in examples:
            language = "text" if example.is_onnx else "yaml"
            lines += [_titled(title, example) + "\n", f"```{language}\n{example.text}```\n"]
    return "\n".join(lines)


def _marked(text: str) -> str:
    return text.replace("``", "`")
