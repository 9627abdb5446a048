"""A function of archcheck run in a child process under limits, so that a crash, an endless loop or a greedy
allocation there is a sentence here.

    for record in guard.stream(jobs.outputs, task, limits=Limits(timeout=60)):
        …

A job is a generator function of a module of archcheck. Its arguments, and the records that it yields, are
anything that pickles; arrays travel as files. It may import heavy libraries: only the child does. Leaving the
loop, also by Ctrl-C, ends the child and removes its files; the records that came before are there.
"""
from __future__ import annotations

import pickle
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from archcheck.backends import _child, _free, _wire
from archcheck.errors import UserError

PERIOD = 0.02
"""Seconds between two looks at what the child takes."""

SIGNAL, TIMEOUT, MEMORY, FAILED = "signal", "timeout", "memory", "failed"

_SIGNALS = {"SIGSEGV": "a segmentation fault", "SIGABRT": "an abort", "SIGFPE": "an arithmetic fault",
            "SIGILL": "an illegal instruction", "SIGBUS": "a bus error", "SIGKILL": "a kill from outside"}


class Crashed(UserError):
    """A job that did not come to its end, in one sentence: ``what`` happened, and the ``cure``. ``reason`` is
    ``signal``, ``timeout``, ``memory`` or ``failed`` (the runtime refused); the exit code is 1."""

    exit_code = 1

    def __init__(self, reason: str, what: str, cure: str = "") -> None:
        super().__init__(f"{what}; {cure}" if cure else what)
        self.reason, self.what, self.cure = reason, what, cure

    def at(self, node: str) -> Crashed:
        """The same, with the node that it happened at, if that is known."""
        return Crashed(self.reason, f"{self.what} at {node}", self.cure) if node else self


@dataclass(frozen=True)
class Limits:
    """What a child may take: seconds, all in all (None: any time), and bytes of memory (None: 90 % of what is
    free when it starts)."""

    timeout: float | None = 600.0
    memory: int | None = None

    @property
    def bytes(self) -> int | None:
        """The memory as a number; None where the system does not say what is free."""
        free = _free.memory() if self.memory is None else None
        return self.memory if free is None else free * 9 // 10


def stream(job: Callable[..., Iterator[Any]], *arguments: Any, limits: Limits = Limits(),
           about: str = "the model") -> Iterator[Any]:
    """What ``job(*arguments)`` yields in a child process. ``about`` is what messages call that which runs.
    Raises `Crashed`, and any `UserError` that the job raises."""
    with (tempfile.TemporaryDirectory(prefix="archcheck-", ignore_cleanup_errors=True) as folder,
          _Child(folder, limits) as child):
        yield from child.records(job, arguments, about)


def call(job: Callable[..., Iterator[Any]], *arguments: Any, limits: Limits = Limits(),
         about: str = "the model") -> Any:
    """The last record of a job; None where it yields nothing."""
    last = None
    for record in stream(job, *arguments, limits=limits, about=about):
        last = record
    return last


class _Child:
    """The process, and the thread that watches it."""

    def __init__(self, folder: str, limits: Limits) -> None:
        self.folder, self.timeout, self.memory = folder, limits.timeout, limits.bytes
        self.stopped_for, self.ended = "", threading.Event()

    def __enter__(self) -> _Child:
        start = (f"import sys; sys.path[:] = {sys.path!r}; from archcheck.backends._child import main; "
                 f"main({self.folder!r}, {self.memory!r})")
        with open(self._errors, "wb") as errors:
            self.process = subprocess.Popen([sys.executable, "-c", start], stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, stderr=errors)
        self.watcher = threading.Thread(target=self._watch, daemon=True)
        self.watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.process.kill()
        self.process.wait()
        self.watcher.join()
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(OSError):
                pipe and pipe.close()

    @property
    def _errors(self) -> Path:
        return Path(self.folder, "stderr")

    @property
    def _said(self) -> str:
        """What the runtime printed."""
        return self._errors.read_text("utf-8", "replace")

    def records(self, job: Any, arguments: Any, about: str) -> Iterator[Any]:
        """Send the job, and receive until its end."""
        assert self.process.stdin and self.process.stdout
        with suppress(BrokenPipeError):
            _wire.send(self.process.stdin, self.folder, (job, arguments))
        kind = _child.RECORD
        while kind == _child.RECORD:
            try:
                kind, content = _wire.receive(self.process.stdout)
            except (EOFError, pickle.UnpicklingError):
                self._explain(about)
            if kind == _child.RECORD:
                yield content
        if kind == _child.WRONG:
            raise UserError(f"{content}{_last_words(self._said)}")
        if kind == _child.FAILED:
            self._refused(content, about)
        if kind == _child.INTERNAL:
            raise RuntimeError(f"in the child process: {content}")

    def _watch(self) -> None:
        """Kill the child when it goes over a limit."""
        deadline = None if self.timeout is None else time.monotonic() + self.timeout
        while not self.ended.wait(PERIOD):
            if deadline is not None and time.monotonic() > deadline:
                self.stopped_for = TIMEOUT
            elif self.memory is not None and (_free.taken(self.process.pid) or 0) > self.memory:
                self.stopped_for = MEMORY
            if self.stopped_for:
                self.process.kill()
                return

    def _explain(self, about: str) -> NoReturn:
        """Say why the child is gone."""
        code = self.process.wait()
        said = self._said
        if self.stopped_for == TIMEOUT:
            raise Crashed(TIMEOUT, f"{about} ran for {self.timeout:g} s without coming to an end and was "
                          "stopped", "--timeout gives it more")
        if self.stopped_for == MEMORY or _is_memory(said):
            self._too_much(about)
        raise Crashed(SIGNAL, f"{about} ended ONNX Runtime with {_death(code)}{_last_words(said)}",
                      "this is a defect of the runtime or of a custom operator: try another version of it, "
                      "or another --device")

    def _refused(self, why: str, about: str) -> NoReturn:
        """Say what the runtime said when it gave up."""
        if _is_memory(why) and "CUDA" in why:
            crash = Crashed(MEMORY, f"{about} takes more memory than the device has",
                            "bind smaller sizes with --set, or use --device cpu")
            raise crash.at(node_in(why))
        if _is_memory(why):
            self._too_much(about, node_in(why))
        cure = "name the library that has it with --custom-ops" if "not a registered" in why else ""
        raise Crashed(FAILED, f"ONNX Runtime cannot run {about}: {tidy(why)}", cure)

    def _too_much(self, about: str, node: str = "") -> NoReturn:
        from archcheck.reporters.text import size_in_bytes
        limit = f"more than {size_in_bytes(self.memory)} of memory" if self.memory else "too much memory"
        crash = Crashed(MEMORY, f"{about} takes {limit}", "bind smaller sizes with --set, or give it more "
                        "with --max-memory")
        raise crash.at(node)


def _death(code: int) -> str:
    """What a process died of, by its exit code."""
    if code >= 0:
        return f"exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
    return f"{_SIGNALS.get(name, 'a signal')} ({name})"


def _last_words(said: str) -> str:
    """The last line that the runtime printed, if any, without its colours, time and place."""
    import re
    plain = re.sub(r"\x1b\[[0-9;]*m", "", said)
    lines = [line for line in map(str.strip, plain.splitlines()) if line]
    last = re.sub(r"^[0-9-]+ [0-9:.]+ \[\w:onnxruntime[^\]]*\] ", "", lines[-1]) if lines else ""
    return f", saying {last[:300]!r}" if last else ""


def _is_memory(said: str) -> bool:
    """Whether a message is about memory that was not to be had."""
    return any(sign in said for sign in ("bad_alloc", "Failed to allocate memory", "MemoryError",
                                         "Memory allocation", "Cannot allocate memory", "out of memory"))


def node_in(message: str) -> str:
    """The node that a message of ONNX Runtime is about, ``the Conv /a/Conv``; empty where it names none."""
    import re
    found = re.search(r"while running (\w+) node\. Name:'([^']*)'", message)
    return f"the {found[1]} {found[2]}".rstrip() if found else ""


def tidy(message: str, most: int = 400) -> str:
    """A message of ONNX Runtime as one line, without its codes and its source's paths."""
    import re
    text = re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", " ".join(message.split()))
    text = re.sub(r"/\S+/onnxruntime\S*:\d+ \S.*?(?=[A-Z])", "", text)
    return text if len(text) <= most else text[:most] + "…"
