"""What a file of claims says: its networks, and its statements with what they print."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from archcheck.frontends.spec._document import Document, Field, Text

VERDICTS = ("exact", "rounds-to", "convention", "refuted", "not-checkable")
"""What may be found of a statement: its figure is what is computed; what is computed, rounded; true under a
convention that it leaves open; not so; or it needs more than the architecture."""

NEEDS_RUN = "needs-run"
"""What is said of a statement that only a run decides, where nothing was run."""


class Printed(NamedTuple):
    """What a source prints: a ``value`` (a number, truth value, text, or list of such); for numbers the
    ``unit`` of the last digit that is written; and the ``text`` as it stands there."""

    value: Any
    unit: Any
    text: str


class Statement(NamedTuple):
    """One statement of a source. ``verdict`` is the recorded one, ``truth`` the right value of a refuted one
    and ``off`` how far from it the printed one lies; ``fields`` has all entries with their places,
    expressions among them."""

    id: str
    where: str
    says: str
    verdict: str
    printed: Printed
    truth: Printed | None
    off: Printed | None
    fields: Mapping[str, Field]

    def text(self, key: str) -> str:
        """The text of an entry; empty where there is none."""
        return self.fields[key].node.value if key in self.fields else ""

    def expression(self, key: str) -> Text:
        """The text of an entry with its place."""
        return Text(self.text(key), self.fields[key].node)  # type: ignore[arg-type]


class Claims(NamedTuple):
    """A file: its ``source`` in words, the networks by name, the symbols that formulas may use, and its
    statements."""

    document: Document
    path: str
    source: str
    networks: Mapping[str, Field]
    symbols: tuple[Text, ...]
    statements: tuple[Statement, ...]
