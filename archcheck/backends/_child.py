"""The child process of `archcheck.backends.guard`: it takes one job, runs it and sends what it yields."""
from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
from typing import IO, Any, NoReturn

from archcheck.backends import _wire
from archcheck.errors import UserError

RECORD, DONE, WRONG, FAILED, INTERNAL = "record", "done", "wrong", "failed", "internal"
"""What a message is: something the job yields; its end; what the user can mend; what the runtime did not do;
a defect of archcheck."""


def main(folder: str, memory: int | None) -> NoReturn:
    """Run the job that standard input brings, and send to standard output; ``folder`` is for large arrays.
    What the runtime prints goes to standard error."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears Ctrl-C as well, and ends this process
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _limit(memory)
    job, arguments = _wire.receive(sys.stdin.buffer)
    threading.Thread(target=_leave_with_parent, args=(folder,), daemon=True).start()
    _wire.send(out, folder, _run(out, folder, job, arguments))
    os._exit(0)  # what the runtime does at an orderly exit can take long, or crash


def _run(out: IO[bytes], folder: str, job: Any, arguments: Any) -> tuple[str, Any]:
    """Send all that the job yields; the last message."""
    try:
        for record in job(*arguments):
            _wire.send(out, folder, (RECORD, record))
    except UserError as error:
        return WRONG, str(error)
    except MemoryError:
        return FAILED, "std::bad_alloc"
    except Exception as error:  # noqa: BLE001 - whatever it was, the parent says it
        said = f"{type(error).__name__}: {error}"
        return (FAILED, str(error)) if _is_runtimes(error) else (INTERNAL, said)
    return DONE, None


def _is_runtimes(error: Exception) -> bool:
    """Whether an error was raised inside ONNX Runtime: it has types of its own, and raises bare ones."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    inside = trace.tb_frame.f_globals.get("__name__", "") if trace else ""
    return "onnxruntime" in type(error).__module__ or inside.startswith("onnxruntime")


def _limit(memory: int | None) -> None:
    """Refuse the process more than ``memory`` bytes of its own, where the system can: an allocation then
    fails in the node that asks for it."""
    if memory is None or not sys.platform.startswith("linux"):
        return
    import resource
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    limit = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def unlimit() -> None:
    """Lift that limit: a driver of a device reserves more than it takes. The parent keeps watching."""
    if sys.platform.startswith("linux"):
        import resource
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))


def _leave_with_parent(folder: str) -> None:
    """End when the parent has: nothing else comes through standard input than its end."""
    sys.stdin.buffer.read()
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)
