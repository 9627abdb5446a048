"""What several formats say of a run in the same words."""
from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from archcheck.checked import Checked, Run
from archcheck.findings import Finding
from archcheck.reporters.text import Script, shortened
from archcheck.rules._rule import ADVICE, ERROR, SAFE, WARNING

NAME, TEXT = 120, 1_000
"""Longer names, and longer sentences, are cut in their middle where people read them."""

PLURALS = {ERROR: "errors", WARNING: "warnings", ADVICE: "advice"}
_COMMAND = re.compile(r"^((?:\s|\x1b\[[0-9;]*m)*)::", re.MULTILINE)


def inert(text: str) -> str:
    """Lines that GitHub's runner takes for no command of its own, whatever names are in them."""
    return _COMMAND.sub(r"\1: :", text).replace("##[", "## [")


def said(text: str, script: Script, most: int = TEXT) -> str:
    """A sentence in one line, in at most ``most`` characters."""
    return shortened(script.safe(" ".join(text.split())), most, script.cut)


def called(found: Finding, script: Script, most: int = NAME) -> str:
    """What a finding is about, in at most ``most`` characters: a node, or a value, weight, input or file."""
    return shortened(script.safe(found.node or found.value or ""), most, script.cut)


def where(one: Checked, found: Finding, script: Script, in_program: bool) -> str:
    """The node of a finding with its operator, how many more there are, and its model where the finding is
    shown ``in_program``, the one that made it: ``MaxPool pool2 and 4 more places (net.onnx)``."""
    more = found.places - 1
    parts = (said(found.op or "", script, NAME), called(found, script),
             f"and {counted(more, 'more place')}" if more > 0 else "",
             f"({script.safe(one.path)})" if in_program else "")
    return " ".join(filter(None, parts))


def counted(number: int, noun: str) -> str:
    """``1 model``, ``2 models``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def joined(parts: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last


def tally(run: Run) -> str:
    """What was found, in a line: ``2 errors and 1 warning in 3 models, 1 suppressed``."""
    counts = [f"{count:,} {kind if count == 1 else PLURALS[kind]}" for kind in PLURALS
              if (count := run.counts[kind])]
    text = f"{joined(counts or ['no findings'])} in {counted(len(run.checked), 'model')}"
    unread = sum(one.error is not None for one in run.checked)
    notes = [f"{unread:,} of them unreadable"] * bool(unread) + [f"{run.suppressed:,} suppressed"]
    return ", ".join([text, *(notes if run.suppressed else notes[:-1])])


def fixable(run: Run) -> str:
    """What ``--fix`` would mend, "" where it is nothing."""
    kinds = [found.fixable for one in run.checked for found in one.active if found.fixable]
    safe = kinds.count(SAFE)
    parts = [f"{safe:,} can be fixed with --fix"] if safe else []
    if len(kinds) > safe:
        parts.append(f"{len(kinds) - safe:,}{' more' if safe else ' can be fixed'} with --fix --unsafe-fixes")
    return joined(parts) if parts else ""


def told(one: Checked, found: Finding, script: Script, in_program: bool) -> str:
    """A finding in sentences: where, what, why, and how to mend it."""
    about = where(one, found, script, in_program)
    text = "; ".join(said(part, script).rstrip(".") for part in (found.message, found.why) if part)
    fix = f" Fix: {said(found.fix, script).rstrip('.')}." if found.fix else ""
    return f"{about}: {text}.{fix}" if about else f"{text}.{fix}"


def troubles(one: Checked) -> Iterator[tuple[str, str]]:
    """What no finding tells of why a model was not judged, or not by every rule."""
    told_already = any(one.active)
    return ((code, sentence) for code, sentence in failures(one) if code or not told_already)


def failures(one: Checked) -> Iterator[tuple[str, str]]:
    """Why a model was not judged, or not by every rule: the rule's code, or "", and the sentence."""
    if one.error is not None:
        yield "", one.error
    for broken in one.broken:
        subject = f"the rule {broken.code}" if broken.code else "archcheck"
        yield broken.code, f"{subject} failed, which is a defect of archcheck: {broken.message}"


def suppression(found: Finding) -> str:
    """Why a finding does not count: ``baseline``, ``inline: vendor code``."""
    if found.suppressed is None:
        return ""
    return ": ".join(filter(None, found.suppressed))


def statistics(run: Run) -> list[tuple[int, Finding]]:
    """How often each rule found something that counts, most first, with its first finding."""
    first: dict[str, Finding] = {}
    counts: dict[str, int] = {}
    for one in run.checked:
        for found in one.active:
            first.setdefault(found.code, found)
            counts[found.code] = counts.get(found.code, 0) + 1
    return [(counts[code], first[code]) for code in sorted(counts, key=lambda code: (-counts[code], code))]
