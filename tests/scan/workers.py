"""Functions that go wrong in every way, by what they are told."""
from __future__ import annotations

import os
import signal
import tempfile
import time
from typing import Any, NamedTuple

from archcheck.errors import UserError


class Thing(NamedTuple):
    """What is to be done, and what it is called."""

    path: str
    what: Any


def act_on(thing: Thing) -> Any:
    """Do as ``thing`` says."""
    return act(thing.what)


def act(thing: Any) -> Any:
    """Do as ``thing`` says."""
    if isinstance(thing, tuple):
        time.sleep(thing[1])
        return thing[1]
    if isinstance(thing, str) and "litter" in thing:
        with open(os.path.join(tempfile.mkdtemp(), "file"), "w") as file:
            file.write(thing)
        if "die" not in thing:
            return file.name
    if isinstance(thing, str) and "die" in thing:
        os.kill(os.getpid(), signal.SIGKILL)
    return _or_else(thing)


def _or_else(thing: Any) -> Any:
    if thing == "pid":
        return os.getpid()
    if thing == "user error":
        raise UserError("m1 cannot be read; mend it")
    if thing == "defect":
        return 1 // 0
    if thing == "loop":
        while True:
            pass
    if thing == "stuck":
        time.sleep(1000)
    if thing == "greedy":
        return len(bytearray(4 << 30))
    return thing * 2
