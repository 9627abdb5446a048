"""Python's cyclic garbage collector, held off while a graph is built: tens of thousands of new objects, none
of them garbage, would make it run again and again over all of them (measured: a third of the time at 10,000
nodes)."""
from __future__ import annotations

import gc
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def collector_held(function: Callable[P, R]) -> Callable[P, R]:
    """``function`` with the collector held off while it runs, and in its former state after."""
    @wraps(function)
    def held(*args: P.args, **kwargs: P.kwargs) -> R:
        was_on = gc.isenabled()
        gc.disable()
        try:
            return function(*args, **kwargs)
        finally:
            if was_on:
                gc.enable()
    return held
