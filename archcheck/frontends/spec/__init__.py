"""The specification language: an architecture as people write it in papers, as YAML, to a `Graph`.

``docs/spec-format.md`` is its manual. A specification is read once, and built for the values that are given
to its parameters: building is cheap, so that ``--set`` builds it anew.
"""
from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from archcheck.graph import Family, Graph

HEAD = 4096
"""So many bytes of a file without a telling name are looked at."""

_BEGINS = re.compile(rb"\A(?:\xef\xbb\xbf)?(?:\s*#[^\n]*\n|\s*\n|---[^\n]*\n)*"
                     rb"(?:name|about|params|inputs?|constants|defaults|blocks|layers|pattern|outputs?)"
                     rb"[ \t]*:")


def is_spec(data: Any, name: str) -> bool:
    """Whether a file is a specification: by its suffix, or where it has none that tells, by its first key."""
    return name.lower().endswith((".yaml", ".yml")) or bool(_BEGINS.match(bytes(data[:HEAD])))


def read(data: Any, name: str) -> Graph:
    """The network that the text ``data``, in bytes, specifies, with all its parameters at their defaults.
    Raises `archcheck.frontends.LoadError` with the line and column of what is wrong."""
    from archcheck.frontends.spec._document import Document
    return of_document(Document(bytes(data), name), len(data))


def of_document(document: Any, size: int = 0) -> Graph:
    """The network that a `Document` of ``size`` bytes specifies, or the part of one that is its root. Raises
    `SpecError`."""
    from archcheck.frontends.spec._read import specification
    return _built(specification(document), size, {})


def _built(found: Any, size: int, values: Mapping[str, Any]) -> Graph:
    from archcheck.frontends.spec._network import network
    family = Family(partial(_built, found, size))
    return network(found, values, family, size)
