"""Models in buckets, on web servers and in archives, by URLs of fsspec: read by ranges of bytes, of which a
model takes few, as its weights are never read."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from archcheck.frontends._source import LoadError, Source, spooled, unpacked

FIRST, MOST = 4 << 10, 1 << 20
"""Bytes that are asked for after a jump, and at most at once as reading goes on."""

SHARE = 256
"""After a long jump at least one part in so many of what it leaves out is asked for: a request costs as much
as some bytes."""

SMALL = 64 << 10
"""So large a file is fetched at once."""

MIDDLE, WORTH = 256 << 20, 3 << 20
"""Of a file that is not larger than the first, so many bytes are rather read than left out: they take as long
as a request that waits some 50 ms. With the weights of real networks this halves the time; fewer requests
than it makes would have to read most of the file. Of a larger file hardly any weight is read."""

UNPACKED = ".gz", "zip://", "tar://", "libarchive://"
"""What the names of things that can only be read from the front begin or end with."""


class Remote(NamedTuple):
    """A file of a file system of fsspec: its ``path`` there, its size (None: not known), and what stands for
    its contents (an ETag, a generation, a time)."""

    system: Any
    path: str
    size: int | None
    version: str


def fetch(name: str, by_ranges: bool) -> Source:
    """Where the bytes of the model at the URL ``name`` are. What can only be read from the front, as a server
    gives no ranges of it or it is packed, is always read as a whole. Raises `LoadError`."""
    with errors_of(name):
        found = located(name)
        if by_ranges and found.size and not _is_packed(name):
            ranges: Any = Ranges(opened(found, cache_type="none", size=found.size), name, found.size)
            if ranges.are_given():
                return Source(ranges, name, None)
        with opened(found, block_size=0) as file:
            return Source(unpacked(spooled(file, name), name), name, None)


def located(name: str) -> Remote:
    """What the store says of ``name``."""
    system, path = filesystem(name)
    with errors_of(name):
        said = system.info(path)
    return Remote(system, path, said.get("size"), _version(said))


def opened(found: Remote, **options: Any) -> Any:
    """The file that was `located`, with options that buffered files have; others are as they are."""
    try:
        return found.system.open(found.path, "rb", **options)
    except TypeError:
        return found.system.open(found.path, "rb")


def filesystem(name: str) -> tuple[Any, str]:
    """The file system of a URL, and the path in it. Raises `LoadError`."""
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise LoadError(f"{name} is a URL, and fsspec is not installed; "
                        "pip install 'archcheck[remote]'") from None
    with errors_of(name):
        system, path = url_to_fs(name)
        return system, path


class Ranges:
    """The bytes of a remote file, fetched when they are looked at: a buffer as `_wire.skim` reads it. Where
    reading goes on, or jumps over no more than would be asked for, it asks for more and more at once, as the
    structure of a model lies in one piece, and for little after a jump over weights; in a file of up to
    `MIDDLE` bytes for `WORTH` bytes after each jump of fewer. ``fetched`` counts the bytes that came,
    ``requests`` how often."""

    def __init__(self, file: Any, name: str, size: int) -> None:
        self.file, self.name, self.size = file, name, size
        self.pieces: list[bytes] = []
        self.begins: list[int] = []
        self.begin, self.piece = 0, b""
        self.step = SMALL
        self.fetched = self.requests = 0

    def are_given(self) -> bool:
        """Whether the server gives ranges that do not begin at the front."""
        try:
            self._look(0)
            if self.size > len(self.piece):
                self._look(len(self.piece))
        except ValueError:
            return False
        return True

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return self._slice(*at.indices(self.size)[:2])
        place = at - self.begin
        if 0 <= place < len(self.piece):
            return self.piece[place]
        if not 0 <= at < self.size:
            raise IndexError(at)
        self._look(at)
        return self.piece[at - self.begin]

    def _slice(self, start: int, end: int) -> bytes:
        if self.begin <= start and end <= self.begin + len(self.piece):
            return self.piece[start - self.begin:end - self.begin]
        found = []
        while start < end:
            self._look(start, end)
            found.append(self.piece[start - self.begin:end - self.begin])
            start += len(found[-1])
        return b"".join(found)

    def _look(self, at: int, end: int = 0) -> None:
        """Make ``piece`` one that holds the byte ``at``, and those to ``end`` if it has to be fetched."""
        from bisect import bisect_right
        place = bisect_right(self.begins, at) - 1
        if place >= 0 and at < self.begins[place] + len(self.pieces[place]):
            self.begin, self.piece = self.begins[place], self.pieces[place]
            return
        jump = at - self.begin - len(self.piece)
        if self.piece:
            self.step = self._step(jump)
        next_one = self.begins[place + 1] if place + 1 < len(self.begins) else self.size
        self._fetch(at, min(max(at + self.step, end), next_one), place + 1)

    def _step(self, jump: int) -> int:
        """How many bytes to ask for after a jump over so many."""
        if self.size <= MIDDLE:
            return WORTH if 0 <= jump <= WORTH else max(FIRST, jump // SHARE)
        goes_on = 0 <= jump <= self.step
        return min(self.step * 2 if goes_on else max(FIRST, jump // SHARE), MOST)

    def _fetch(self, start: int, end: int, place: int) -> None:
        with errors_of(self.name, ValueError):
            self.file.seek(start)
            piece = self.file.read(end - start)
        self.requests += 1
        self.fetched += len(piece)
        if len(piece) != end - start:
            raise LoadError(f"{self.name} gives {len(piece):,} bytes where {end - start:,} are asked for; it "
                            "has changed while it was read; read it again")
        self.begins.insert(place, start)
        self.pieces.insert(place, piece)
        self.begin, self.piece = start, piece


class errors_of:
    """Whatever a store raises, but for what is ``let`` through, is one sentence about ``name``."""

    def __init__(self, name: str, let: type[Exception] = LoadError) -> None:
        self.name, self.let = name, (LoadError, let)

    def __enter__(self) -> None:
        """Nothing to do."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if not isinstance(error, Exception) or isinstance(error, self.let):
            return
        if isinstance(error, FileNotFoundError):
            raise LoadError(f"there is nothing at {self.name}; look at its name") from None
        if isinstance(error, ImportError):
            raise LoadError(f"{self.name} needs a package that is not installed: {_line(error)}") from None
        raise LoadError(f"{self.name} cannot be read ({type(error).__name__}: {_line(error)}); look at its "
                        "name, the rights and the connection") from None


def models_at(name: str, suffixes: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The URLs of the models that ``name`` leads to, each with what stands for its contents: those a pattern
    matches, all below a folder, or itself. Raises `LoadError`."""
    system, path = filesystem(name)
    with errors_of(name):
        if any(sign in path for sign in "*["):
            found = system.glob(path, detail=True)
        elif path.endswith(suffixes) or not system.isdir(path):
            found = {path: system.info(path)}
        else:
            found = system.find(path, detail=True)
    inner, chained, outer = name.partition("::")
    for one, said in sorted(found.items()):
        if one.endswith(suffixes) or one == path:
            url = f"{inner.partition('://')[0]}://{one}::{outer}" if chained else system.unstrip_protocol(one)
            yield url, _version(said)


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0][:200]


def _is_packed(name: str) -> bool:
    return name.partition("::")[0].endswith(UNPACKED[:1]) or name.startswith(UNPACKED[1:])


def _version(said: dict[str, Any]) -> str:
    """What a store says that changes with a file's contents: the first that it says of these."""
    for key in ("ETag", "etag", "md5Hash", "generation", "blob_id", "CRC"):
        if said.get(key):
            return str(said[key])
    changed = said.get("LastModified") or said.get("Last-Modified") or said.get("mtime")
    return f"{said.get('size')} {changed}" if changed else ""
