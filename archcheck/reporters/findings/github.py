"""Findings as commands of GitHub's workflows: annotations in the files that a pull request changes."""
from __future__ import annotations

from archcheck.checked import Checked, Run
from archcheck.findings import Finding
from archcheck.reporters.findings import View
from archcheck.reporters.findings._places import Place, Tree
from archcheck.reporters.findings._words import inert, said, troubles, where
from archcheck.rules._rule import ADVICE, ERROR, WARNING

COMMANDS = {ERROR: "error", WARNING: "warning", ADVICE: "notice"}


def render(run: Run, view: View) -> str:
    """``::error file=…,line=…,title=CODE name::message``; what is suppressed is left out."""
    tree = Tree()
    lines = []
    for one in run.checked:
        whole = Place(tree.from_root(one.path))
        lines += [_command("error", whole, code or "unreadable model", [sentence], view)
                  for code, sentence in troubles(one)]
        lines += [_finding(one, found, tree, view) for found in one.active]
    return "".join(f"{line}\n" for line in lines)


def _finding(one: Checked, found: Finding, tree: Tree, view: View) -> str:
    place = tree.place(one, found)
    about = where(one, found, view.script, place.in_program)
    parts = [f"{about}: {found.message}" if about else found.message, found.why,
             f"Fix: {found.fix}" if found.fix else ""]
    return _command(COMMANDS[found.severity], place, f"{found.code} {found.name}", parts, view)


def _command(name: str, place: Place, title: str, parts: list[str], view: View) -> str:
    properties = {"file": view.script.safe(place.path), "line": place.line or 1, "col": place.column,
                  "title": title}
    given = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items() if value)
    text = "\n".join(said(part, view.script) for part in parts if part)
    return f"::{name} {given}::{_data(text)}"


def _data(text: str) -> str:
    """The text of a command, as the runner decodes it."""
    return inert(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """A property of a command, as the runner decodes it."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
