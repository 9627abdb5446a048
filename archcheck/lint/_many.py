"""Many models judged, in as many processes as there are processors, in the order in which they were given."""
from __future__ import annotations

from collections.abc import Iterator, Sequence

from archcheck.checked import Checked
from archcheck.deadline import Limits, Lost
from archcheck.lint._one import Task, check_one, given_up
from archcheck.many import Interrupted, Progress
from archcheck.pool import Place, work


def check_many(tasks: Sequence[Task], place: Place, limits: Limits,
               progress: Progress) -> tuple[Checked, ...]:
    """What is found in the models of ``tasks``, in their order. A single one is judged in this process,
    without ``limits``. Raises `Interrupted`."""
    found: dict[int, Checked] = {}
    try:
        for index, one in _together(tasks, place, limits if len(tasks) > 1 else None):
            found[index] = one
            progress(len(found), len(tasks))
    except KeyboardInterrupt:
        raise Interrupted([found[index] for index in sorted(found)]) from None
    return tuple(found[index] for index in range(len(tasks)))


def _together(tasks: Sequence[Task], place: Place, limits: Limits | None) -> Iterator[tuple[int, Checked]]:
    """Each model in a process of a pool, what came from standard input in this one."""
    apart = [index for index, task in enumerate(tasks) if task.content is None]
    yield from ((index, check_one(task)) for index, task in enumerate(tasks) if task.content is not None)
    for at, found in work(check_one, [tasks[index] for index in apart], place, limits):
        index = apart[at]
        yield index, given_up(tasks[index], found) if isinstance(found, Lost) else found
