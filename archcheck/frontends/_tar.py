"""Models in tar archives, which can only be read from the front: an archive is read once, and what is needed
of each model is kept in a file, where its weights are holes."""
from __future__ import annotations

import hashlib
import mmap
import os
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import IO, Any, NamedTuple

from archcheck.frontends import is_url
from archcheck.frontends._remote import errors_of, located, opened
from archcheck.frontends._source import MAX_STREAM, LoadError, Source, find
from archcheck.frontends._wire import WireError, skim
from archcheck.frontends._zip import is_meant

SCHEME = "tar://"
KEPT = 1 << 20
"""A model of so few bytes is kept as it is."""
CHUNK = 1 << 20


class Member(NamedTuple):
    """A model in an archive: its URL, the hash of its bytes, and the file that has them."""

    url: str
    sha256: str
    path: str


def is_tar(name: str) -> bool:
    """Whether ``name`` is a URL of models in a tar archive: ``tar://…::ARCHIVE``."""
    return name.startswith(SCHEME) and "::" in name


def members(name: str, suffixes: tuple[str, ...], folder: str) -> Iterator[Member]:
    """The models that the URL ``name`` means, all of the archive where it names none, each put into a file
    in ``folder``. Raises `LoadError`."""
    inner, _, outer = name.removeprefix(SCHEME).partition("::")
    with (errors_of(name), closing(_stream(outer)) as stream,
          tarfile.open(fileobj=stream, mode="r|*") as archive):
        for entry in archive:
            path = os.path.normpath(entry.name).replace(os.sep, "/")
            if entry.isreg() and path.endswith(suffixes) and is_meant(path, inner.strip("/")):
                content = archive.extractfile(entry)
                assert content
                handle, target = tempfile.mkstemp(dir=folder)
                os.close(handle)
                url = f"{SCHEME}{path}::{outer}"
                yield Member(url, _kept(content, entry.size, url, target), target)


def held(path: str, name: str) -> Source:
    """The bytes in the file of a `Member`, whose URL is ``name``."""
    return Source(find(path).data, name, None)


def _stream(name: str) -> Any:
    """The bytes of an archive, from the front."""
    return opened(located(name), block_size=0) if is_url(name) else open(name, "rb")


def _kept(content: IO[bytes], size: int, name: str, target: str) -> str:
    """Put a model into the file ``target``; the hash of its bytes."""
    if size > MAX_STREAM:
        raise LoadError(f"{name} holds over {MAX_STREAM:,} bytes; store it unpacked in a file")
    whole, digest = f"{target}.whole", hashlib.sha256()
    with open(whole, "wb") as file:
        while chunk := content.read(CHUNK):
            digest.update(chunk)
            file.write(chunk)
    cut = _weights(whole) if size > KEPT else {}
    if cut:
        _copy(whole, target, cut)
        os.unlink(whole)
    else:
        os.replace(whole, target)
    return digest.hexdigest()


def _weights(path: str) -> Mapping[tuple[int, int], str]:
    """Where the large weights of a model are, which nothing reads; none of a file that is no model."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            return skim(data).cut
        except WireError:
            return {}


def _copy(source: str, target: str, cut: Mapping[tuple[int, int], str]) -> None:
    """Copy a file, with holes in place of what is ``cut``."""
    with open(source, "rb") as read, open(target, "wb") as written:
        size = os.path.getsize(source)
        start = 0
        for begin, end in [*sorted(cut), (size, size)]:
            read.seek(start)
            written.seek(start)
            written.write(read.read(begin - start))
            start = end
        written.truncate(size)
