"""Text of others in Markdown: nothing in it is markup, a mention or a link."""
from __future__ import annotations

import re

from archcheck.reporters.sheet import escaped
from archcheck.reporters.text import Script, shortened

TEXT = 400
"""Longer sentences are cut."""

_ACTIVE = re.compile(r"@|#(?=\d)|(?<=:)(?=//)|(?<=www)(?=\.)", re.IGNORECASE)


def prose(text: str, script: Script, most: int = TEXT) -> str:
    """A sentence in one line, in at most ``most`` characters before they are escaped."""
    return _inert(_line(text, script, most).rstrip("."))


def _inert(text: str) -> str:
    return _ACTIVE.sub(lambda found: f"{found[0]}\u200b", escaped(text.replace("&", "&amp;")))


def code(text: str, script: Script, most: int = TEXT) -> str:
    """A name in a span of code, also where there are backticks in it. One with a bar cannot be in a span in a
    table: what a backslash before it means there differs."""
    text = _line(text, script, most)
    if "|" in text:
        return f"<code>{_inert(text)}</code>".replace("\\|", "&#124;")
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence, pad = "`" * (longest + 1), " " * (text[:1] == "`" or text[-1:] == "`")
    return f"{fence}{pad}{text}{pad}{fence}"


def _line(text: str, script: Script, most: int) -> str:
    return shortened(script.safe(" ".join(text.split())), most, script.cut)
