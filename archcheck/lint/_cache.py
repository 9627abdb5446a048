"""What was found in models before, by their contents."""
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from archcheck.cache import FOLDER, Entry, ends, has_foreign
from archcheck.checked import Broken, Checked
from archcheck.findings import Finding, Suppression
from archcheck.graph import Graph

if TYPE_CHECKING:
    from archcheck.lint._one import Task


def entry(task: Task, digest: str | None, kind: str, asked: str) -> Entry:
    """The place in the cache of an answer of one ``kind`` to what is ``asked`` about the model of ``task``;
    its ``digest`` is None where its contents are too large to be hashed."""
    parts = task.salt, kind, task.path, asked, sidecar_of(task.path), digest or ends(task.path)
    return Entry(task.cache or FOLDER, parts, [task.path])


def found_before(place: Entry) -> Checked | None:
    """What was found before, None where nothing was."""
    try:
        return checked(place.found())
    except (KeyError, TypeError):
        return None


def keep(place: Entry, task: Task, found: Checked, graph: Graph | None) -> None:
    """Keep what was ``found`` in ``graph``, unless it may be another time: where a rule failed, the model
    could not be read, or an operator is unknown that a plugin may know."""
    if graph is not None and not found.broken and is_stable(task, graph):
        place.keep(as_plain(found), [graph])


def is_stable(task: Task, graph: Graph) -> bool:
    """Whether what is known of ``graph`` follows from what an `entry` does: no plugin has a part in it, or
    might have."""
    return not task.settings.plugins and not has_foreign(graph)


def sidecar_of(model: str) -> str:
    """The text of the file beside a model that says what to suppress."""
    from archcheck.rules._suppress import sidecar
    path = sidecar(model)
    return Path(path).read_text(encoding="utf-8", errors="replace") if path else ""


def as_plain(found: Checked) -> dict[str, Any]:
    """``found`` as JSON can hold it."""
    return {**found._asdict(), "findings": [one._asdict() for one in found.findings]}


def checked(plain: dict[str, Any]) -> Checked:
    """What `as_plain` was made from."""
    broken = tuple(Broken(*one) for one in plain["broken"])
    return Checked(**{**plain, "findings": tuple(map(_finding, plain["findings"])), "broken": broken})


def _finding(plain: dict[str, Any]) -> Finding:
    suppressed = plain["suppressed"] and Suppression(*plain["suppressed"])
    return Finding(**{**plain, "scope": tuple(plain["scope"]), "also": tuple(plain["also"]),
                      "suppressed": suppressed})
