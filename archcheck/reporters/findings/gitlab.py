"""Findings as GitLab's code quality report."""
from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from archcheck.checked import Checked, Run
from archcheck.reporters.findings import View
from archcheck.reporters.findings._places import Place, Tree
from archcheck.reporters.findings._records import dumped
from archcheck.reporters.findings._words import told, troubles
from archcheck.rules._rule import ADVICE, ERROR, WARNING

SEVERITIES = {ERROR: "critical", WARNING: "major", ADVICE: "minor"}
UNREADABLE = "unreadable-model"


def render(run: Run, view: View) -> str:
    """A list of what GitLab shows in a merge request; what is suppressed is left out."""
    tree = Tree()
    return dumped([entry for one in run.checked for entry in _entries(one, tree, view)], 1) + "\n"


def _entries(one: Checked, tree: Tree, view: View) -> Iterator[dict[str, Any]]:
    whole = Place(tree.from_root(one.path))
    for code, sentence in troubles(one):
        yield _entry(view.script.safe(sentence), code or UNREADABLE, "blocker", whole, one, code)
    for found in one.active:
        place = tree.place(one, found)
        yield _entry(told(one, found, view.script, place.in_program), f"{found.code} {found.name}",
                     SEVERITIES[found.severity], place, one, found.fingerprint)


def _entry(said: str, check: str, severity: str, place: Place, one: Checked,
           fingerprint: str) -> dict[str, Any]:
    """One entry. GitLab takes equal fingerprints for one finding, so the model is part of it."""
    own = hashlib.sha256(f"{one.path}\0{check}\0{fingerprint}".encode(errors="backslashreplace")).hexdigest()
    return {"description": said, "check_name": check, "fingerprint": own[:32], "severity": severity,
            "location": {"path": place.path, "lines": {"begin": place.line or 1}}}
