"""What people can mend: errors whose message is one sentence that says what, where, why and how."""
from __future__ import annotations

from collections.abc import Iterable


class UserError(Exception):
    """Something the user gave cannot be used; the message is shown as it is, and ``exit_code`` is that of the
    command."""

    exit_code = 2


def closest(name: str, known: Iterable[str]) -> str | None:
    """The one of ``known`` names that ``name`` is most likely meant to be, None where none is like it."""
    from difflib import get_close_matches
    return next(iter(get_close_matches(name, list(known), 1)), None)
