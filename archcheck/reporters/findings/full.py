"""Findings for people: what, where, why and how to mend it."""
from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from textwrap import wrap

from archcheck.checked import Checked, Run
from archcheck.findings import Finding
from archcheck.reporters.findings import View
from archcheck.reporters.findings._places import MOST_BYTES, Place, Tree
from archcheck.reporters.findings._words import (
    called,
    counted,
    fixable,
    inert,
    joined,
    said,
    statistics,
    suppression,
    tally,
    troubles,
)
from archcheck.reporters.text import shortened
from archcheck.rules._rule import ADVICE, ERROR, SAFE, WARNING

COLOURS = {ERROR: "1;31", WARNING: "1;33", ADVICE: "1;36"}
BOLD, FRAME, FAINT = "1", "1;34", "2"
NAMES_SHOWN = 4
"""So many of the other places of a finding are named."""
NARROWEST = 40


def render(run: Run, view: View) -> str:
    """Each finding in a block of its own, and what they come to."""
    page = _Page(view)
    blocks = ["\n".join(block) for one in run.checked for block in page.blocks(one)]
    return inert("\n\n".join([*blocks, "\n".join(page.end(run))]) + "\n")


@dataclass
class _Page:
    """The lines of one run; each rule's page is pointed to once."""

    view: View
    tree: Tree = field(default_factory=Tree)
    helped: set[str] = field(default_factory=set)

    def blocks(self, one: Checked) -> Iterator[list[str]]:
        """What there is to say of a model."""
        for code, sentence in troubles(one):
            head = self.head(ERROR, code, "", sentence)
            yield head if sentence.startswith(one.path) else [*head, self.arrow(Place(one.path), "")]
        for found in one.findings:
            if found.suppressed is None or self.view.suppressed:
                yield list(self.finding(one, found))

    def finding(self, one: Checked, found: Finding) -> Iterator[str]:
        """A finding's lines."""
        place = self.tree.nearby(one, found)
        yield from self.head(found.severity, found.code, found.name, found.message)
        yield self.arrow(place, self.about(one, found, place))
        yield from self.excerpt(one, found)
        for label, text in self.notes(found):
            yield from self.note(label, text)

    def head(self, severity: str, code: str, name: str, message: str) -> list[str]:
        """``severity[CODE] name: message``, wrapped."""
        label = f"{severity}[{code}]" if code else severity
        title = f"{label} {name}".rstrip()
        lines = self.wrapped(f"{title}: {message}", "", "      ")
        if not lines[0].startswith(title):
            return [self.painted(line, BOLD) for line in lines]
        first = self.painted(label, COLOURS[severity]) + self.painted(lines[0][len(label):], BOLD)
        return [first, *(self.painted(line, BOLD) for line in lines[1:])]

    def arrow(self, place: Place, about: str) -> str:
        """The line that says where."""
        text = self.view.script.safe(f"{place}")
        if about:
            room = (self.view.width or 10_000) - len(text) - 8
            text += "  " + shortened(about, max(room, 16), self.view.script.cut)
        return f"  {self.painted('-->', FRAME)} {text}"

    def about(self, one: Checked, found: Finding, place: Place) -> str:
        """What a finding is about, in the words of the model: its operator, node, and line of the program."""
        script = self.view.script
        model = one.path if place.in_program else ""
        line = f"({found.file}:{found.line})" if found.line and place.line is None else ""
        return "  ".join(filter(None, (script.safe(model), script.safe(found.op or ""), called(found, script),
                                       script.safe(line))))

    def excerpt(self, one: Checked, found: Finding) -> Iterator[str]:
        """The line of a specification, and a mark at the column."""
        text = _line_of(found) if one.format == "spec" else None
        if text is None:
            return
        bar, number = self.painted("|", FRAME), str(found.line)
        margin = " " * len(number)
        shown = self.view.script.safe(text)[:(self.view.width or 10_000) - len(number) - 4]
        yield f" {margin} {bar}"
        yield f" {self.painted(number, FRAME)} {bar} {shown}"
        if found.column and found.column <= len(shown) and shown == text[:len(shown)]:
            mark = self.painted("^", COLOURS[found.severity])
            yield f" {margin} {bar} {' ' * (found.column - 1)}{mark}"

    def notes(self, found: Finding) -> Iterator[tuple[str, str]]:
        """What stands below: labels and texts."""
        yield "why", found.why
        yield "fix", found.fix + _by_us(found)
        yield "also", self.others(found)
        yield "suppressed", suppression(found)
        if found.code not in self.helped:
            self.helped.add(found.code)
            yield "help", f"archcheck rule {found.code}"

    def others(self, found: Finding) -> str:
        """The other places of the same cause."""
        script = self.view.script
        names = [shortened(name, 60, script.cut) for name in found.also[:NAMES_SHOWN]]
        more = found.places - 1 - len(names)
        return joined([*names, *([f"{counted(more, 'more place')}"] if more > 0 else [])]) if names else ""

    def note(self, label: str, text: str) -> Iterator[str]:
        """One of them, wrapped; none where there is nothing to say."""
        lead = f"   = {label}: "
        for line in self.wrapped(text, lead, " " * len(lead)) if text.strip() else ():
            marked = line.startswith(lead)
            yield self.painted(lead, FRAME) + line[len(lead):] if marked else line

    def end(self, run: Run) -> Iterator[str]:
        """What it all comes to."""
        if self.view.statistics:
            for count, found in statistics(run):
                yield f"{count:>6}  {self.painted(found.code, COLOURS[found.severity])}  {found.name}"
        yield from (self.painted(line, BOLD) for line in self.wrapped(tally(run), "", ""))
        if fixable(run):
            yield from self.wrapped(fixable(run), "", "")

    def wrapped(self, text: str, lead: str, indent: str) -> list[str]:
        """Lines of at most the terminal's width; one line where there is none."""
        text = said(text, self.view.script)
        if self.view.width is None:
            return [lead + text]
        return wrap(text, max(self.view.width, NARROWEST), initial_indent=lead, subsequent_indent=indent,
                    break_on_hyphens=False)

    def painted(self, text: str, style: str) -> str:
        """``text`` in colour, if there is to be any."""
        return f"\x1b[{style}m{text}\x1b[0m" if self.view.colour and text.strip() else text


def _by_us(found: Finding) -> str:
    if not found.fixable:
        return ""
    return f" ({'--fix' if found.fixable == SAFE else '--fix --unsafe-fixes'})"


def _line_of(found: Finding) -> str | None:
    """The line of a specification that a finding is in, None where it cannot be read again."""
    file, line = found.file or "", found.line or 0
    if not line or not os.path.isfile(file) or os.path.getsize(file) > MOST_BYTES:
        return None
    with open(file, encoding="utf-8", errors="replace") as stream:
        lines = stream.read().splitlines()
    return lines[line - 1] if line <= len(lines) else None
