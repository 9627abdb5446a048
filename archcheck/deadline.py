"""Limits of time and memory for a function in this process: what goes beyond them is lost, and the process
goes on if it can."""
from __future__ import annotations

import ctypes
import faulthandler
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

GRACE = 5.0
"""A process that does not come back so many seconds after its time is up is ended."""


ENDED = "the process that checked it was ended, or ran out of memory"
"""Why something is lost whose process is gone."""
TOO_MUCH = "it took more memory than it may; --max-memory gives it more"
"""Why something is lost that went beyond its memory."""


class Limits(NamedTuple):
    """What one thing may take: ``seconds``, and bytes of ``memory`` of its process; None: any."""

    seconds: float | None = None
    memory: int | None = None


class Lost(NamedTuple):
    """Stands for the result of a thing that has none; ``reason`` says why."""

    reason: str


class OutOfTime(BaseException):
    """The time is up. No `Exception`: what goes on after errors must not go on after this one."""


def guarded(function: Callable[[Any], Any], thing: Any, limits: Limits) -> Any:
    """``function(thing)`` within ``limits``, or a `Lost`."""
    try:
        with _within(limits.seconds):
            return function(thing)
    except OutOfTime:
        return Lost(f"it took longer than {limits.seconds:g} s; --timeout gives it more")
    except MemoryError:
        return Lost(TOO_MUCH)


def limit_memory(size: int | None) -> None:
    """Let this process have at most ``size`` bytes for its own data; files that are mapped do not count."""
    if size is None or os.name != "posix":
        return
    import resource
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = size if hard == resource.RLIM_INFINITY else min(size, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


@contextmanager
def _within(seconds: float | None) -> Iterator[None]:
    """Raise `OutOfTime` in this thread when its time is up. Code that does not come back to Python by then is
    ended with its process."""
    if seconds is None:
        yield
        return
    timer = _Timer(threading.get_ident(), seconds)
    if os.environ.get("ARCHCHECK_DEBUG") is None:
        faulthandler.dump_traceback_later(seconds + GRACE, exit=True, file=_nowhere())
    try:
        yield
    finally:
        timer.cancel()
        faulthandler.cancel_dump_traceback_later()


class _Timer:
    """Raises `OutOfTime` in the thread ``ident`` after so many seconds, unless it is cancelled before."""

    def __init__(self, ident: int, seconds: float) -> None:
        self.ident, self.lock, self.is_over = ident, threading.Lock(), False
        self.timer = threading.Timer(seconds, self._fire)
        self.timer.daemon = True
        self.timer.start()

    def cancel(self) -> None:
        """Nothing is raised from now on."""
        with self.lock:
            self.is_over = True
        self.timer.cancel()

    def _fire(self) -> None:
        with self.lock:
            if not self.is_over:
                self.is_over = True
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.ident),
                                                           ctypes.py_object(OutOfTime))


_NOWHERE: list[Any] = []


def _nowhere() -> Any:
    """A file for the traceback that nobody reads; it stays open, as the handler of faults asks for."""
    if not _NOWHERE:
        _NOWHERE.append(open(os.devnull, "w"))  # noqa: SIM115
    return _NOWHERE[0]
