"""What ``archcheck diff`` shows, in each format."""
from __future__ import annotations

from typing import NamedTuple

from archcheck.comparing import Difference
from archcheck.reporters.text import Script


class View(NamedTuple):
    """What the two networks are called, and how to show what differs: the ``script``, the ``width`` of a
    terminal, whether in ``colour``, and whether ``everything`` is listed, however long."""

    old: str
    new: str
    script: Script = Script()
    width: int = 80
    colour: bool = False
    everything: bool = False


def render(found: Difference, form: str, view: View) -> str:
    """``found`` as text in the format ``form``, with a newline at its end."""
    if form == "json":
        from archcheck.reporters.diff.json import render as as_json
        return as_json(found, view)
    if form == "markdown":
        from archcheck.reporters.diff.markdown import render as as_markdown
        return as_markdown(found, view)
    from archcheck.reporters.diff.text import render as as_text
    return as_text(found, form, view)
