"""Many models judged, in as many processes as there are processors, in the order in which they were given."""
from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence

from archcheck.checked import Checked
from archcheck.deadline import Lost
from archcheck.lint._one import Task, check_one, crashed
from archcheck.pool import Place, work

Progress = Callable[[int, int], None]
PATIENCE = 0.5
"""So many seconds pass before progress is shown."""


class Interrupted(KeyboardInterrupt):
    """The user has ended the run; ``done`` is what was finished, in order."""

    def __init__(self, done: Sequence[Checked]) -> None:
        super().__init__()
        self.done = tuple(done)


def check_many(tasks: Sequence[Task], jobs: int, progress: Progress) -> tuple[Checked, ...]:
    """What is found in the models of ``tasks``, in their order. Raises `Interrupted`."""
    found: dict[int, Checked] = {}
    try:
        for index, one in _together(tasks, jobs):
            found[index] = one
            progress(len(found), len(tasks))
    except KeyboardInterrupt:
        raise Interrupted([found[index] for index in sorted(found)]) from None
    return tuple(found[index] for index in range(len(tasks)))


def _together(tasks: Sequence[Task], jobs: int) -> Iterator[tuple[int, Checked]]:
    """Each model in a process of a pool, what came from standard input in this one."""
    apart = [index for index, task in enumerate(tasks) if task.content is None]
    yield from ((index, check_one(task)) for index, task in enumerate(tasks) if task.content is not None)
    for place, found in work(check_one, [tasks[index] for index in apart], Place(jobs)):
        index = apart[place]
        yield index, crashed(tasks[index], found.reason) if isinstance(found, Lost) else found


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
