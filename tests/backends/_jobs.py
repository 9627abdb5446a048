"""Jobs for a child process that end in every way there is."""
from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from archcheck.backends import _child
from archcheck.errors import UserError


def counting(stop: int) -> Iterator[int]:
    yield from range(stop)


def echoing(value: Any) -> Iterator[Any]:
    print("noise on standard output")
    os.write(1, b"and from C\n")
    yield value


def dying(name: str) -> Iterator[str]:
    yield "before"
    sys.stderr.write("\x1b[1;31m2026-01-01 00:00:00.1 [E:onnxruntime:, file.cc:1 F] last words\x1b[m\n")
    sys.stderr.flush()
    os.kill(os.getpid(), getattr(signal, name))
    time.sleep(60)


def sleeping() -> Iterator[int]:
    yield os.getpid()
    time.sleep(60)


def greedy(unlimited: bool, pieces: int = 64) -> Iterator[int]:
    """Takes 16 MiB again and again; ``unlimited`` asks the system not to refuse it."""
    if unlimited:
        _child.unlimit()
    kept = []
    for _ in range(pieces):
        kept.append(np.ones(1 << 21))
        time.sleep(0.005)
    yield len(kept)


def wrong() -> Iterator[int]:
    raise UserError("what, where, how")
    yield 0


def broken() -> Iterator[int]:
    yield 1 // 0
