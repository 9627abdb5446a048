"""Many models worked on at once: what comes of each, in the order in which they were given, whatever goes
wrong with one."""
from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from archcheck.deadline import Limits, Lost
from archcheck.errors import UserError
from archcheck.pool import Place, work

Progress = Callable[[int, int], None]
"""Called with how many are done, and of how many."""
PATIENCE = 0.5
"""So many seconds pass before progress is shown."""
UNUSABLE, INTERNAL = 2, 3
"""Exit codes: a model cannot be used; a defect of archcheck."""


class Failed(NamedTuple):
    """Stands for what came of a model of which nothing did: why, in a sentence, and the exit code that this
    asks for; for one that was lost the ``reason`` alone (`archcheck.deadline.Lost`)."""

    message: str
    exit_code: int = UNUSABLE
    reason: str = ""


class Interrupted(KeyboardInterrupt):
    """The user has ended the run; ``done`` is what was finished, in order."""

    def __init__(self, done: Sequence[Any]) -> None:
        super().__init__()
        self.done = tuple(done)


def in_order(function: Callable[[Any], Any], things: Sequence[Any], place: Place, limits: Limits,
             progress: Progress) -> tuple[Any, ...]:
    """What ``function`` returns for each of ``things``, or a `Failed`, in their order. What messages call a
    thing is its ``path``. A single one is worked on in this process, without ``limits``. Raises
    `Interrupted`."""
    found: dict[int, Any] = {}
    within = limits if len(things) > 1 else None
    try:
        for index, one in work(partial(attempted, function), things, place, within):
            path = things[index].path
            is_lost = isinstance(one, Lost)
            found[index] = Failed(f"{path}: {one.reason}", reason=one.reason) if is_lost else one
            progress(len(found), len(things))
    except KeyboardInterrupt:
        raise Interrupted([found[index] for index in sorted(found)]) from None
    return tuple(found[index] for index in range(len(things)))


def attempted(function: Callable[[Any], Any], thing: Any) -> Any:
    """``function(thing)``, or a `Failed` with what was raised."""
    try:
        return function(thing)
    except UserError as error:
        return Failed(str(error), error.exit_code)
    except MemoryError:
        raise
    except Exception as error:
        if os.environ.get("ARCHCHECK_DEBUG"):
            raise
        return Failed(f"{thing.path}: archcheck failed ({type(error).__name__}: {error}), which is a defect "
                      "of it; ARCHCHECK_DEBUG=1 shows where", INTERNAL)


def progress() -> Progress:
    """A line on standard error that counts models, where that is a terminal, once it takes longer."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        return lambda done, of: None
    begun = time.monotonic()

    def show(done: int, of: int) -> None:
        if done == of:
            sys.stderr.write("\r\x1b[K")
        elif time.monotonic() - begun > PATIENCE:
            sys.stderr.write(f"\r{done:,} of {of:,} models\x1b[K")
        sys.stderr.flush()
    return show
