"""What ``archcheck check`` writes, one module a format, each with ``render(run, view)``."""
from __future__ import annotations

from importlib import import_module
from typing import NamedTuple

from archcheck.checked import Run
from archcheck.reporters.text import Script

MODULES = {"full": "full", "concise": "concise", "json": "json", "json-lines": "jsonlines", "sarif": "sarif",
           "github": "github", "gitlab": "gitlab", "junit": "junit", "markdown": "markdown"}
"""The formats, and the modules that write them."""

SUFFIXES = {".sarif": "sarif", ".json": "json", ".jsonl": "json-lines", ".xml": "junit", ".md": "markdown",
            ".txt": "full"}
"""The format that a file's suffix stands for."""


class View(NamedTuple):
    """How to show a run: the ``script``; the ``width`` of the terminal, None where nothing is to be wrapped
    or cut; whether in ``colour``; whether with a count for each rule (``statistics``); and whether what is
    suppressed is told in words too (formats for programs always have it)."""

    script: Script = Script()
    width: int | None = None
    colour: bool = False
    statistics: bool = False
    suppressed: bool = False


def render(run: Run, form: str, view: View) -> str:
    """``run`` as text in the format ``form``, with a newline at its end, or "" where there is nothing to
    say."""
    module = import_module(f"archcheck.reporters.findings.{MODULES[form]}")
    text: str = module.render(run, view)
    return text
