"""Many models written down in a lock: what it says of each, in several processes, and remembered."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archcheck import many
from archcheck.deadline import Limits
from archcheck.lint._one import Task, analyzed, digest_of, load_plugins
from archcheck.pool import Place


def lock_many(tasks: Sequence[Task], place: Place, limits: Limits,
              progress: many.Progress) -> tuple[Any, ...]:
    """What a lock says of the model of each of ``tasks``, or an `archcheck.many.Failed`, in their order."""
    return many.in_order(lock_one, tasks, place, limits, progress)


def lock_one(task: Task) -> dict[str, Any]:
    """What a lock says of the model of ``task``. Raises `UserError`."""
    from archcheck.lint import _cache
    load_plugins(task.settings)
    sha256 = digest_of(task)
    if task.cache is None or sha256 is None:
        return _entry(task, sha256)[0]
    place = _cache.entry(task, sha256, "lock", repr((task.settings.sizes, dict(task.sizes))))
    known = place.found()
    if isinstance(known, dict):
        return known
    found, graph = _entry(task, sha256)
    if _cache.is_stable(task, graph):
        place.keep(found, [graph])
    return found


def _entry(task: Task, sha256: str | None) -> tuple[dict[str, Any], Any]:
    from archcheck.lint._lock import entry
    report = analyzed(task)
    return entry(report, sha256), report.graph
