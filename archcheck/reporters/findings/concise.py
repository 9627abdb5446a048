"""One line for each finding, as compilers write them: editors jump to it."""
from __future__ import annotations

from collections.abc import Iterator

from archcheck.checked import Checked, Run
from archcheck.findings import Finding
from archcheck.reporters.findings import View
from archcheck.reporters.findings._places import Tree
from archcheck.reporters.findings._words import called, inert, said, statistics, suppression, troubles


def render(run: Run, view: View) -> str:
    """``path:line:column: CODE severity message [node]``; a line and column only where they are known."""
    tree = Tree()
    lines = [line for one in run.checked for line in _lines(one, tree, view)]
    if view.statistics:
        lines += [f"{count:>6}  {found.code}  {found.name}" for count, found in statistics(run)]
    return inert("".join(f"{line}\n" for line in lines))


def _lines(one: Checked, tree: Tree, view: View) -> Iterator[str]:
    for _, sentence in troubles(one):
        yield said(sentence if sentence.startswith(one.path) else f"{one.path}: {sentence}", view.script)
    for found in one.findings:
        if found.suppressed is None or view.suppressed:
            yield _line(one, found, tree, view)


def _line(one: Checked, found: Finding, tree: Tree, view: View) -> str:
    place, script = tree.nearby(one, found), view.script
    text = f"{script.safe(str(place))}: {found.code} {found.severity} {said(found.message, script)}"
    model = script.safe(one.path) if place.in_program else ""
    count = f"{script.times}{found.places}" if found.places > 1 else ""
    about = " ".join(filter(None, (model, called(found, script), count)))
    note = f" (suppressed: {said(suppression(found), script)})" if found.suppressed else ""
    return text + (f" [{about}]" if about else "") + note
