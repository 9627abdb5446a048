"""One line for each finding."""
from __future__ import annotations

from archcheck.checked import Run
from archcheck.reporters.findings import View


def render(run: Run, view: View) -> str:
    """A line for each finding that counts: ``path: node: severity[CODE] message``."""
    lines = [f"{one.path}: {found.node or found.value or ''}: {found.severity}[{found.code}] {found.message}"
             for one in run.checked for found in one.active]
    return "".join(f"{view.script.safe(line)}\n" for line in lines)
