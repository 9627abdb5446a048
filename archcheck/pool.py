"""One function for many things, in processes of this machine or on a cluster, where whatever goes wrong with
one of them costs no other.

Results come as they are ready. A thing that ends the process it is worked on in, takes too long or too much
memory, gives a `Lost` in place of its result.
"""
from __future__ import annotations

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from archcheck.deadline import ENDED, Limits, Lost, guarded, limit_memory

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future, ProcessPoolExecutor

    Done = Generator[tuple[int, Future[Any]], None, None]

AHEAD = 2
"""So many things a process has at most been given, so that none waits for work."""

PATIENCE = 2.0
"""Processes that are asked to end are ended by force after so many seconds."""


class Place(NamedTuple):
    """Where to work: so many processes (``jobs``) of this machine, or the ``cluster`` at an address:
    ``dask://HOST:PORT`` or ``ray://HOST:PORT``."""

    jobs: int = 1
    cluster: str | None = None


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def work(function: Callable[[Any], Any], things: Sequence[Any], place: Place,
         limits: Limits | None = None) -> Iterator[tuple[int, Any]]:
    """The index of each of ``things``, and what ``function`` returns for it or a `Lost`, in any order. In one
    process nothing is started, unless there are ``limits``. Leaving the loop ends the processes, and removes
    the temporary files that they have made."""
    if place.cluster is not None:
        return _on_cluster(function, things, place.cluster, limits or Limits())
    jobs = min(place.jobs, len(things))
    if jobs < 2 and limits is None:
        return ((index, function(thing)) for index, thing in enumerate(things))
    return _in_processes(function, things, jobs, limits or Limits())


def _in_processes(function: Callable[[Any], Any], things: Sequence[Any], jobs: int,
                  limits: Limits) -> Iterator[tuple[int, Any]]:
    """Where one ends a process, those that were under way are worked on again, each in a process of its
    own."""
    waiting = deque(range(len(things)))
    with _folder() as folder:
        while waiting:
            suspects: list[int] = []
            yield from _pooled(function, things, jobs, limits, folder, waiting, suspects)
            for index in suspects:
                again: list[int] = []
                yield from _pooled(function, things, 1, limits, folder, deque([index]), again)
                if again:
                    yield index, Lost(ENDED)


@contextmanager
def _folder() -> Iterator[str]:
    """A folder for temporary files, those too of processes that were ended and removed none. What such a
    process has started may still write for a moment."""
    import shutil
    import tempfile
    folder = tempfile.mkdtemp(prefix="archcheck-")
    try:
        yield folder
    finally:
        limit = time.monotonic() + PATIENCE
        while os.path.exists(folder) and time.monotonic() < limit:
            shutil.rmtree(folder, ignore_errors=True)


def _pooled(function: Callable[[Any], Any], things: Sequence[Any], jobs: int, limits: Limits, folder: str,
            waiting: deque[int], suspects: list[int]) -> Iterator[tuple[int, Any]]:
    """Take things from ``waiting`` until it is empty, or a process ends: then ``suspects`` are those that
    were under way."""
    from concurrent.futures import BrokenExecutor
    with (_pool(jobs, limits, folder) as pool,
          closing(_submitted(pool, function, things, waiting, AHEAD * jobs, limits, suspects)) as done):
        for index, future in done:
            try:
                yield index, future.result()
            except BrokenExecutor:
                suspects.append(index)
                return


def _submitted(pool: Executor, function: Callable[[Any], Any], things: Sequence[Any], waiting: deque[int],
               ahead: int, limits: Limits, running: list[int]) -> Done:
    """The futures that are done. At most ``ahead`` are under way; after the last one that is taken,
    ``running`` holds the others."""
    from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, wait
    futures: dict[Future[Any], int] = {}
    try:
        while waiting or futures:
            try:
                while waiting and len(futures) < ahead:
                    futures[pool.submit(guarded, function, things[waiting[0]], limits)] = waiting[0]
                    waiting.popleft()
            except BrokenExecutor:  # an idle process was ended: those under way say what they know
                if not futures:
                    return
            for future in wait(futures, return_when=FIRST_COMPLETED).done:
                yield futures.pop(future), future
    finally:
        running += futures.values()


@contextmanager
def _pool(jobs: int, limits: Limits, folder: str) -> Iterator[ProcessPoolExecutor]:
    """Processes that leave it to this one to end on Ctrl-C, and are ended with it."""
    from concurrent.futures import ProcessPoolExecutor
    pool = ProcessPoolExecutor(jobs, initializer=_begin, initargs=(limits, folder))
    try:
        yield pool
        pool.shutdown()
    except BaseException:
        _end(list((pool._processes or {}).values()))
        pool.shutdown(wait=False, cancel_futures=True)
        raise


def _end(processes: Sequence[Any]) -> None:
    """End ``processes``, and see that they are gone."""
    for process in processes:
        process.terminate()
    limit = time.monotonic() + PATIENCE
    for process in processes:
        process.join(max(limit - time.monotonic(), 0))
        if process.is_alive():
            process.kill()
            process.join()


def _begin(limits: Limits, folder: str) -> None:
    import tempfile
    tempfile.tempdir = folder
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    limit_memory(limits.memory)


def _end_with(parent: int) -> None:
    """End this process when the one that started it has been killed and could not do so itself."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _on_cluster(function: Callable[[Any], Any], things: Sequence[Any], address: str,
                limits: Limits) -> Iterator[tuple[int, Any]]:
    """Things that end their workers are lost; the cluster's own scheduler has tried them more than once."""
    from archcheck.clusters import connected
    with connected(address) as (pool, workers):
        running: list[int] = []
        waiting = deque(range(len(things)))
        for index, future in _submitted(pool, function, things, waiting, AHEAD * workers, limits, running):
            try:
                yield index, future.result()
            except Exception as error:  # noqa: BLE001 - a cluster has many ways to say that it lost a worker
                yield index, Lost(f"the cluster gave it up ({type(error).__name__})")
