"""Many models judged, in as many processes as there are processors, in the order in which they were given."""
from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from archcheck.checked import Checked
from archcheck.lint._one import Task, check_one, crashed

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor

Progress = Callable[[int, int], None]
AHEAD = 2
"""So many models a process has at most been given, so that none waits for work."""

PATIENCE = 0.5
"""So many seconds pass before progress is shown."""


ENDED = "the process that checked it was ended, or ran out of memory"


class Interrupted(KeyboardInterrupt):
    """The user has ended the run; ``done`` is what was finished, in order."""

    def __init__(self, done: Sequence[Checked]) -> None:
        super().__init__()
        self.done = tuple(done)


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def check_many(tasks: Sequence[Task], jobs: int, progress: Progress) -> tuple[Checked, ...]:
    """What is found in the models of ``tasks``, in their order. Raises `Interrupted`."""
    found: dict[int, Checked] = {}
    jobs = min(jobs, len(tasks))
    steps = _alone(tasks) if jobs < 2 else _together(tasks, jobs)
    try:
        for index, one in steps:
            found[index] = one
            progress(len(found), len(tasks))
    except KeyboardInterrupt:
        raise Interrupted([found[index] for index in sorted(found)]) from None
    return tuple(found[index] for index in range(len(tasks)))


def _alone(tasks: Sequence[Task]) -> Iterator[tuple[int, Checked]]:
    for index, task in enumerate(tasks):
        yield index, check_one(task)


def _together(tasks: Sequence[Task], jobs: int) -> Iterator[tuple[int, Checked]]:
    """Each model in a process of a pool, what came from standard input in this one. Where one ends a process,
    those that were under way are checked again, each in a process of its own, so that it costs no other."""
    here = [index for index, task in enumerate(tasks) if task.content is not None]
    yield from ((index, check_one(tasks[index])) for index in here)
    waiting = [index for index in range(len(tasks)) if index not in here]
    while waiting:
        suspects: list[int] = []
        yield from _pooled(tasks, jobs, waiting, suspects)
        for index in suspects:
            again: list[int] = []
            yield from _pooled(tasks, 1, [index], again)
            if again:
                yield index, crashed(tasks[index], ENDED)


def _pooled(tasks: Sequence[Task], jobs: int, waiting: list[int],
            suspects: list[int]) -> Iterator[tuple[int, Checked]]:
    """Take models from ``waiting`` until it is empty, or a process ends: then ``suspects`` are those that
    were under way."""
    from concurrent.futures import FIRST_COMPLETED, wait
    from concurrent.futures.process import BrokenProcessPool
    with _pool(jobs) as pool:
        running: dict[Future[Checked], int] = {}
        while waiting or running:
            while waiting and len(running) < AHEAD * jobs:
                index = waiting.pop(0)
                running[pool.submit(check_one, tasks[index])] = index
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                index = running.pop(future)
                try:
                    yield index, future.result()
                except BrokenProcessPool:
                    suspects += [index, *running.values()]
                    return


@contextmanager
def _pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that leave it to this one to end on Ctrl-C, and are ended with it."""
    from concurrent.futures import ProcessPoolExecutor
    pool = ProcessPoolExecutor(jobs, initializer=_ignore_interrupts)
    try:
        yield pool
        pool.shutdown()
    except BaseException:
        for process in list((pool._processes or {}).values()):
            process.terminate()
        pool.shutdown(wait=False, cancel_futures=True)
        raise


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


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
