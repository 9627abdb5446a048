"""What a specification says to the lint, in comments: ``# archcheck: ignore[GEO003] reason``."""
from __future__ import annotations

import re

from archcheck.graph import Remark

_REMARK = re.compile(r"(?:^|\s)#\s*archcheck:\s*ignore\b(.*)$")
_NOTHING = re.compile(r"\s*(#.*|---.*)?$")


def remarks(text: str) -> tuple[Remark, ...]:
    """The remarks in ``text``. One behind a line is about that line; one on a line of its own is about the
    next line that holds more than a comment; above all of these, it is about the whole file."""
    if "archcheck:" not in text:
        return ()
    lines = text.split("\n")
    first = next((k for k, line in enumerate(lines) if not _NOTHING.match(line)), len(lines))
    return tuple(_remark(lines, k, found, first) for k, line in enumerate(lines)
                 if (found := _REMARK.search(line)))


def _remark(lines: list[str], at: int, found: re.Match[str], first: int) -> Remark:
    if lines[at][:found.start()].strip():
        return Remark(found[1].strip(), at + 1)
    below = next((k + 1 for k in range(at + 1, len(lines)) if not _NOTHING.match(lines[k])), None)
    return Remark(found[1].strip(), at + 1, below, at < first)
