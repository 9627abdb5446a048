"""Writing files so that they are there in whole or not at all."""
from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from archcheck.errors import UserError


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A stream to write to. What is written takes the place of the file ``path`` at the end; after an error
    nothing has changed. A link is followed, a device or a pipe is written to as it is. Raises `UserError`
    where that is impossible."""
    try:
        target = os.path.realpath(path)
        mode = os.stat(target).st_mode if os.path.exists(target) else None
        with open(target, "wb") if mode and not stat.S_ISREG(mode) else _beside(target, mode) as stream:
            yield stream
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror or error}); name another file") from None


def write_whole(path: Path, content: bytes) -> None:
    """Put ``content`` into the file ``path``."""
    with replacing(path) as stream:
        stream.write(content)


@contextmanager
def _beside(target: str, mode: int | None) -> Iterator[IO[bytes]]:
    """A new file in the folder of ``target``, which it takes the place and the permissions of."""
    handle, name = tempfile.mkstemp(prefix=".archcheck-", suffix=".part", dir=os.path.dirname(target))
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
        os.chmod(name, stat.S_IMODE(mode) if mode else 0o666 & ~_umask())
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
