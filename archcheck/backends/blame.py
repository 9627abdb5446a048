"""Which node it is that a run crashes at."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from archcheck.backends import guard, jobs
from archcheck.backends.guard import SIGNAL, Crashed, Limits
from archcheck.backends.ort import Task


@contextmanager
def blamed(task: Task, count: int, limits: Limits) -> Iterator[None]:
    """Let the `Crashed` of a process that a signal ended name the node, of the first ``count`` of the model's
    graph, at which it happens."""
    try:
        yield
    except Crashed as crash:
        raise crash.at(culprit(task, count, limits) if crash.reason == SIGNAL else "") from None


def culprit(task: Task, count: int, limits: Limits) -> str:
    """The first node with which the model crashes, found by halving: ``the Div /a/Div``. Empty where it
    cannot be found."""
    runs, crashes, found = 0, count + 1, ""
    while crashes - runs > 1:
        middle = (runs + crashes) // 2
        node = _crashing(task, middle, limits)
        if node is None:
            return ""
        runs, crashes, found = (runs, middle, node) if node else (middle, crashes, found)
    return found


def _crashing(task: Task, count: int, limits: Limits) -> str | None:
    """The last of the first ``count`` nodes of a model, if they crash; empty where they run; None where
    something else comes in the way."""
    node = ""
    try:
        for last in guard.stream(jobs.beginning, task, count, limits=limits):
            node = last
    except Crashed as crash:
        return node if crash.reason == SIGNAL and node else None
    return ""
