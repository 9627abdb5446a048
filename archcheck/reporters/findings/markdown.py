"""Findings as GitHub's Markdown, for the summary of a job or a comment: short enough for either."""
from __future__ import annotations

from collections.abc import Iterable, Iterator

from archcheck.checked import Checked, Run
from archcheck.findings import Finding
from archcheck.reporters.findings import View
from archcheck.reporters.findings._places import Tree
from archcheck.reporters.findings._words import called, counted, fixable, tally, troubles
from archcheck.reporters.markup import code, prose
from archcheck.reporters.text import compact, size_in_bytes

MOST = 60_000
"""GitHub takes comments of fewer than 65,536 characters; what a job adds to one has to fit as well."""
HEAD = ("| severity | rule | where | what |", "| --- | --- | --- | --- |")
MODELS = ("| model | params | MACs | file |", "| --- | ---: | ---: | ---: |")


def render(run: Run, view: View) -> str:
    """A table of findings, folded explanations, and a table of models, as much as there is room for."""
    page = _Page(run, view)
    parts = [f"### archcheck: {tally(run)}\n"]
    parts += _fitting(HEAD, page.rows(), "finding", _room(parts))
    parts += [f"\n{fixable(run)}.\n"] if fixable(run) else []
    models = _fitting(MODELS, page.models(), "model", min(_room(parts), MOST // 4))
    folded = page.folded(_room(parts) - sum(map(len, models)) - 200)
    return "\n".join([*parts, *folded, *([""] if models else []), *models]) + "\n"


def _room(parts: Iterable[str]) -> int:
    return MOST - sum(len(part) + 1 for part in parts)


def _fitting(head: tuple[str, ...], rows: Iterable[str], noun: str, room: int) -> list[str]:
    """A table of so many rows as there is room for, and how many are left out."""
    rows = list(rows)
    kept: list[str] = []
    for row in rows:
        room -= len(row) + 1
        if room < 400:
            break
        kept.append(row)
    left = len(rows) - len(kept)
    return [*head, *kept, *([f"\n… and {counted(left, f'more {noun}')}.\n"] if left else [])] if rows else []


class _Page:
    """The rows of a run."""

    def __init__(self, run: Run, view: View) -> None:
        self.run, self.view, self.tree = run, view, Tree()

    def rows(self) -> Iterator[str]:
        """A row for each model that could not be judged and each finding that counts."""
        for one in self.run.checked:
            for rule, sentence in troubles(one):
                cells = "error", rule or "unreadable model", self.code(self.tree.from_root(one.path))
                yield _row(*cells, self.text(sentence))
            for found in one.active:
                yield _row(found.severity, f"{found.code} {found.name}", self.where(one, found),
                           self.text(found.message))

    def folded(self, room: int) -> list[str]:
        """Why, and how to mend it, once for each rule and text."""
        seen: dict[str, None] = {}
        for one in self.run.checked:
            for found in one.active:
                seen.setdefault(self.explained(found))
        kept = _first(filter(None, seen), room)
        return ["", "<details><summary>Why, and what to do</summary>\n", *kept, "</details>"] if kept else []

    def explained(self, found: Finding) -> str:
        """A paragraph on a finding."""
        fix = f" **Fix:** {self.text(found.fix)}." if found.fix else ""
        said = "; ".join(self.text(part) for part in (found.message, found.why) if part)
        return f"- **{found.code}**: {said}.{fix}" if found.fix or found.why else ""

    def models(self) -> Iterator[str]:
        """A row for each model that was read."""
        for one in self.run.checked:
            if one.error is None:
                total = one.totals.get
                yield _row(self.code(self.tree.from_root(one.path)), self.number(total("params")),
                           self.number(total("macs")), self.bytes(total("file_size")))

    def where(self, one: Checked, found: Finding) -> str:
        """The place and the node of a finding."""
        about = called(found, self.view.script)
        count = f" {self.view.script.times} {found.places}" if found.places > 1 else ""
        place = self.tree.place(one, found)
        model = [self.code(self.tree.from_root(one.path))] if place.in_program else []
        return " ".join([self.code(str(place)), *model, *([self.code(about)] if about else [])]) + count

    def number(self, value: int | str | None) -> str:
        """A total: a count at a glance, a formula, or ``?``."""
        if value is None:
            return "?"
        return compact(value) if isinstance(value, int) else self.code(value)

    def bytes(self, value: int | str | None) -> str:
        """A file's size."""
        return size_in_bytes(value) if isinstance(value, int) and value else "?"

    def text(self, text: str) -> str:
        """A sentence in which nothing is markup, a mention or a link."""
        return prose(text, self.view.script)

    def code(self, text: str) -> str:
        """A name in a span of code, also where there are backticks in it."""
        return code(text, self.view.script)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _first(texts: Iterable[str], room: int) -> list[str]:
    """The first of ``texts``, as many as there is room for."""
    kept: list[str] = []
    for text in texts:
        room -= len(text) + 1
        if room < 0:
            break
        kept.append(text)
    return kept
