"""What the commands that run models share: the options that say where and within which limits."""
from __future__ import annotations

import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archcheck.cli._options import ParamType

if TYPE_CHECKING:
    from archcheck.deadline import Limits
    from archcheck.pool import Place

_UNITS = {"": 0, "k": 10, "m": 20, "g": 30, "t": 40}


class Bytes(ParamType):
    """``512M``, ``4G``, ``4GiB`` or a number of bytes; a unit is a power of 1024."""

    name = "BYTES"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number of bytes that ``value`` says."""
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"([0-9]{1,15}(?:\.[0-9]{1,9})?) ?([kmgt]?)(?:i?b)?", value.strip().lower())
        size = int(float(found[1]) * (1 << _UNITS[found[2]])) if found else 0
        if not size:
            self.fail(f"{value!r} is no amount of memory, such as 4G or 512M", param, ctx)
        return size


OPTIONS = (
    click.option("--device", default="cpu", show_default=True, metavar="NAME",
                 help="Where to run: cpu, cuda, cuda:1, … Never another one instead."),
    click.option("--threads", type=click.IntRange(1), metavar="N",
                 help="Threads that work on one node. [default: the runtime decides]"),
    click.option("--timeout", type=click.FloatRange(0, min_open=True), default=600.0, show_default=True,
                 metavar="SECONDS", help="Stop it after so long."),
    click.option("--max-memory", type=Bytes(), metavar="BYTES",
                 help="Stop it where it takes more, e.g. 4G. [default: 90 % of what is free]"),
    click.option("--custom-ops", "libraries", multiple=True, metavar="LIBRARY",
                 type=click.Path(exists=True, dir_okay=False, path_type=Path),
                 help="Load custom operators from this library, whose code then runs. May be repeated."),
    click.option("--seed", type=click.IntRange(0), default=0, show_default=True,
                 help="Which random weights and inputs."),
)


def runs(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of every command that runs a model; it is given a ``device``
    (`archcheck.backends.ort.Device`), ``limits`` (`archcheck.backends.guard.Limits`) and a ``seed``."""
    @wraps(command)
    def called(*args: Any, device: str, threads: int | None, timeout: float, max_memory: int | None,
               libraries: tuple[Path, ...], **others: Any) -> Any:
        from archcheck.backends.guard import Limits
        from archcheck.backends.ort import Device
        clean_up_when_ended()
        others.update(device=Device(device, threads, libraries), limits=Limits(timeout, max_memory))
        return command(*args, **others)
    for option in reversed(OPTIONS):
        called = option(called)
    return called


def shared(jobs: int | None, timeout: float, memory: int | None) -> tuple[Place, Limits]:
    """Where to work on many models, and what one of them may take: its share of the memory that is free,
    unless something else is said."""
    from archcheck.backends import _free
    from archcheck.deadline import Limits
    from archcheck.pool import Place, processors
    clean_up_when_ended()
    jobs = jobs or processors()
    free = _free.memory() if memory is None else None
    return Place(jobs), Limits(timeout, memory if free is None else free * 9 // 10 // jobs)


def clean_up_when_ended() -> None:
    """Let a polite end from outside (SIGTERM) remove temporary files and end the child, as Ctrl-C does."""
    def leave(number: int, frame: object) -> None:
        raise SystemExit(128 + number)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, leave)


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[], None]]:
    """A bar on a terminal's standard error that is gone at the end; what is given is to be called ``total``
    times."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)
