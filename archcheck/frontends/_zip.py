"""Models in zip archives, here or at a URL: of an archive its directory is read, and of a model its own
bytes."""
from __future__ import annotations

import io
import os
import posixpath
import zipfile
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from archcheck.cache import stamp
from archcheck.frontends import is_url
from archcheck.frontends._remote import Remote, errors_of, located, opened
from archcheck.frontends._source import LoadError, Source, spooled, unpacked

SCHEME = "zip://"
AHEAD, MOST = 64 << 10, 8 << 20
"""Bytes that are asked for at least, and at most, at once."""
HEADER = 1 << 10
"""So many bytes are usually more than what stands before the contents of a member."""


class Window(io.RawIOBase):
    """A file at a URL, of which one piece at a time is here: ``ahead`` are the bytes that are asked for at
    least where another one is read."""

    def __init__(self, file: Any, size: int) -> None:
        super().__init__()
        self.file, self.size = file, size
        self.at = self.begin = 0
        self.piece, self.ahead = b"", AHEAD

    def seekable(self) -> bool:
        """It is."""
        return True

    def readable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Where the next byte is read."""
        return self.at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Read on from another place."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self.at, os.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise OSError("this is before its first byte")
        self.at = base + offset
        return self.at

    def readinto(self, buffer: Any) -> int:
        """Fill ``buffer`` with what comes next; how many bytes that are."""
        if not self.begin <= self.at < self.begin + len(self.piece):
            wanted = max(min(len(buffer), MOST), self.ahead)
            self.begin = min(self.at, max(self.size - wanted, 0))  # the directory is read from its end
            self.file.seek(self.begin)
            self.piece = self.file.read(min(wanted, self.size - self.begin))
        found = self.piece[self.at - self.begin:self.at - self.begin + len(buffer)]
        buffer[:len(found)] = found
        self.at += len(found)
        return len(found)


def is_zip(name: str) -> bool:
    """Whether ``name`` is a URL of models in a zip archive: ``zip://…::ARCHIVE``."""
    return name.startswith(SCHEME) and "::" in name


def models_in(name: str, suffixes: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The URLs of the models that the URL ``name`` means, all of the archive where it names none, each with
    what stands for its contents. Raises `LoadError`."""
    inner, _, outer = name.removeprefix(SCHEME).partition("::")
    with errors_of(name):
        found = _archive(outer)[0].infolist()
    for entry in sorted(found, key=lambda entry: entry.filename):
        path = posixpath.normpath(entry.filename)
        if not entry.is_dir() and path.endswith(suffixes) and is_meant(path, inner.strip("/")):
            yield f"{SCHEME}{entry.filename}::{outer}", f"{entry.file_size} {entry.CRC}"


def is_meant(path: str, inner: str) -> bool:
    """Whether ``inner``, a path, a folder or a pattern, means the ``path`` in an archive."""
    return not inner or path == inner or path.startswith(f"{inner}/") or fnmatchcase(path, inner)


def fetch(name: str) -> Source:
    """The bytes of the model at the URL ``name``. Raises `LoadError`."""
    inner, _, outer = name.removeprefix(SCHEME).partition("::")
    with errors_of(name):
        archive, window = _archive(outer)
        if inner not in archive.NameToInfo:
            raise LoadError(f"there is nothing called {inner} in {outer}; look at its name")
        entry = archive.getinfo(inner)
        if window is not None:
            window.ahead = min(entry.compress_size + len(inner) + HEADER, MOST)
        with archive.open(entry) as file:
            return Source(unpacked(spooled(file, name), name), name, None)


def _archive(name: str) -> tuple[zipfile.ZipFile, Window | None]:
    """An archive, and what reads it where it is at a URL."""
    if not is_url(name):
        return _here(name, tuple(stamp(name)), os.getpid()), None
    found = located(name)
    return _there(found, name, found.version)


@lru_cache(maxsize=2)
def _here(name: str, _: tuple[int, ...], process: int) -> zipfile.ZipFile:
    """An archive on this machine: processes that share an open file would move each other in it."""
    return zipfile.ZipFile(name)


@lru_cache(maxsize=2)
def _there(found: Remote, name: str, _: str) -> tuple[zipfile.ZipFile, Window]:
    """An archive at a URL, read as a whole where the server gives no ranges."""
    try:
        if not found.size:
            raise ValueError("how large it is is not known")
        window = Window(opened(found, cache_type="none", size=found.size), found.size)
        return zipfile.ZipFile(window), window
    except ValueError:
        with opened(found, block_size=0) as stream:
            data = spooled(stream, name)
        window = Window(data, len(data))
        return zipfile.ZipFile(window), window
