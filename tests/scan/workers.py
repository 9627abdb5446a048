"""Functions that go wrong in every way, by what they are told."""
from __future__ import annotations

import os
import signal
import time
from typing import Any


def act(thing: Any) -> Any:
    """Do as ``thing`` says."""
    if thing == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if thing == "loop":
        while True:
            pass
    if thing == "stuck":
        time.sleep(1000)
    if thing == "greedy":
        return len(bytearray(4 << 30))
    return thing * 2
