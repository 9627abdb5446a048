"""Getting at the bytes of a model: a path, standard input, a gzipped file, or a network that ships with
onnx."""
from __future__ import annotations

import io
import mmap
import os
import stat
import sys
from typing import IO, TYPE_CHECKING, NamedTuple

from archcheck.errors import UserError, closest
from archcheck.frontends._wire import Buffer
from archcheck.scopes import SourceLine

if TYPE_CHECKING:
    from gzip import GzipFile

MAX_STREAM = 4 << 30
"""So many bytes may come out of a gzipped file, a pipe or a device."""

MAX_SUGGESTED = 1000
"""Of so many names at most is the nearest looked for."""

SHIPPED = "onnx:"
"""What the short names of networks that ship with onnx begin with."""

_CHUNK = 1 << 20
_UNNAMED = {"-": "standard input", "": "the model"}


class LoadError(UserError):
    """A source that cannot be read; the message is one sentence: what it is, why not, and how to mend it.

    For a specification ``reason`` is that sentence without the place, ``place`` where it stands, and ``kind``
    a slug: ``unknown-key``, ``duplicate-key``, ``arity``, ``unknown-reference``, ``shadowed-anchor``, or
    ``specification`` for all else. Other sources have none of them."""

    kind = ""
    reason = ""
    place: SourceLine | None = None


class Source(NamedTuple):
    """The bytes of a model, what the user calls it, and the folder of its external files (None: it has
    none)."""

    data: Buffer
    name: str
    folder: str | None


def find(name: str) -> Source:
    """The bytes that ``name`` leads to: a path, ``-`` for standard input, or ``onnx:NAME``. Files are mapped,
    not read. Raises `LoadError`."""
    path = shipped(name[len(SHIPPED):]) if name.startswith(SHIPPED) else name
    try:
        if name == "-":
            return Source(unpacked(_contents(sys.stdin.buffer, name), name), name, None)
        with open(path, "rb") as file:
            return Source(unpacked(_contents(file, name), name), name, os.path.dirname(path) or ".")
    except (OSError, ValueError) as error:
        raise LoadError(_why_not(error, path)) from None


def said(name: str) -> str:
    """How messages call the source ``name``."""
    return _UNNAMED.get(name, name)


def shipped(name: str) -> str:
    """The path of one of the real networks that the onnx package ships for its own tests."""
    from archcheck.frontends._proto import onnx_folder
    folder = os.path.join(onnx_folder(), "backend", "test", "data", "light")
    names = [file.removesuffix(".onnx") for file in _models_in(folder)]
    if name not in names:
        hint = _did_you_mean(name, names, SHIPPED) or f"; it has {', '.join(names) or 'none'}"
        raise LoadError(f"the onnx package ships no network called {name!r}{hint}")
    return os.path.join(folder, f"{name}.onnx")


def unpacked(data: Buffer, name: str) -> Buffer:
    """``data``, or what it holds if it is gzipped."""
    if data[:2] != b"\x1f\x8b":
        return data
    import gzip
    import zlib
    with gzip.GzipFile(fileobj=io.BytesIO(data) if isinstance(data, bytes) else data) as packed:
        try:
            return spooled(packed, name)
        except (OSError, EOFError, zlib.error) as error:
            raise LoadError(f"{said(name)} cannot be unpacked ({error}); pack it again") from None


def _contents(file: IO[bytes], name: str) -> Buffer:
    """What is in a file: mapped if it is one on a disk, all that comes out of it if it is a pipe or a
    device."""
    try:
        status = os.fstat(file.fileno())
    except io.UnsupportedOperation:
        return spooled(file, name)
    if not stat.S_ISREG(status.st_mode):
        return spooled(file, name)
    return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if status.st_size else b""


def spooled(stream: IO[bytes] | GzipFile, name: str) -> Buffer:
    """All that comes out of ``stream``, kept in a temporary file, so that it takes no memory."""
    import tempfile
    with tempfile.TemporaryFile() as file:
        while chunk := stream.read(_CHUNK):
            file.write(chunk)
            if file.tell() > MAX_STREAM:
                raise LoadError(f"{said(name)} holds over {MAX_STREAM:,} bytes; store it unpacked in a file")
        file.flush()
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if file.tell() else b""


def _why_not(error: OSError | ValueError, path: str) -> str:
    if isinstance(error, IsADirectoryError):
        names = _models_in(path)
        hint = f"it, as {os.path.join(path, names[0])}" if names else "another one, as this has no .onnx file"
        return f"{path} is a directory; name a file in {hint}"
    if isinstance(error, FileNotFoundError) and os.path.islink(path):
        return f"{path} is a link to {os.readlink(path)}, which does not exist; mend the link"
    if isinstance(error, FileNotFoundError):
        return f"there is no file {path or repr(path)}{_similar(path) or _shipped_spec(path)}"
    if isinstance(error, PermissionError):
        return f"there is no permission to read {path}; change it with chmod, or ask its owner"
    reason = error.strerror if isinstance(error, OSError) else error
    return f"{said(path)[:100]!r} cannot be read ({reason}); name another file"


def _models_in(folder: str) -> list[str]:
    return sorted(name for name in _listed(folder) if name.endswith(".onnx"))


def _similar(path: str) -> str:
    folder, name = os.path.split(path)
    if not os.path.isdir(folder or "."):
        return f", nor a folder {folder}"
    return _did_you_mean(name, _listed(folder or "."), os.path.join(folder, ""))


def _shipped_spec(name: str) -> str:
    """The specification that ships with archcheck and may be meant."""
    from archcheck.frontends._zoo import PREFIX, names
    return f"; did you mean {PREFIX}{name}?" if name in names() else ""


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _did_you_mean(name: str, known: list[str], prefix: str) -> str:
    close = closest(name, known[:MAX_SUGGESTED])
    return f"; did you mean {prefix}{close}?" if close else ""
