"""Bytes on their way from one file to another, a piece at a time."""
from __future__ import annotations

import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from archcheck.files import replacing
from archcheck.frontends._wire import Buffer

CHUNK = 1 << 20


@contextmanager
def written(target: Path) -> Iterator[IO[bytes]]:
    """A stream into the file ``target``, which is there in whole at the end or unchanged; gzipped if it is
    called ``….gz``."""
    with replacing(target) as out:
        if target.suffix == ".gz":
            import gzip
            with gzip.GzipFile("", "wb", fileobj=out, mtime=0) as stream:
                yield stream  # type: ignore[misc]  # it is written to only
        else:
            yield out


def pieces(data: Buffer, begin: int, end: int) -> Iterator[bytes]:
    """The bytes of ``data`` from ``begin`` to ``end``."""
    for at in range(begin, end, CHUNK):
        yield data[at:min(at + CHUNK, end)]
        if isinstance(data, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            data.madvise(mmap.MADV_DONTNEED, 0, at // CHUNK * CHUNK)  # else all of it would count as memory


def pieces_of_file(path: str, begin: int, end: int) -> Iterator[bytes]:
    """The bytes of the file ``path`` from ``begin`` to ``end``."""
    with open(path, "rb") as file:
        file.seek(begin)
        for at in range(begin, end, CHUNK):
            yield file.read(min(CHUNK, end - at))
