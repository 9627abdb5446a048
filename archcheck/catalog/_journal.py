"""What a scan has done so far: a file of a line for each model, to which each is added as it is done. An
interrupted scan goes on after the last of them, and one that is repeated finds everything in it."""
from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from archcheck import __version__
from archcheck.catalog._row import Ask, Made, Row
from archcheck.errors import UserError


class Journal:
    """The rows that are done, by what they follow from. Rows stay in the file; in memory there is where they
    stand."""

    def __init__(self, folder: str | None, salt: str, layers: bool) -> None:
        self.salt = f"{salt}{layers}"
        self.places: dict[str, int] = {}
        self.is_kept = folder is not None
        self.path = _path(folder, layers) if folder is not None else _temporary()
        self.written = open(self.path, "ab", buffering=0)  # noqa: SIM115
        self.file = open(self.path, "rb")  # noqa: SIM115
        self._read()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.written.close()
        self.file.close()
        if not self.is_kept:
            self.path.unlink()

    def key(self, ask: Ask) -> str | None:
        """What the row of a model follows from: its name, contents and settings, and archcheck itself; None
        where nothing says what its contents are."""
        contents = ask.sha256 or ask.version
        if not contents:
            return None
        from archcheck.lint._cache import sidecar_of
        task = ask.task
        asked = repr((task.settings, dict(task.sizes)))
        parts = self.salt, ask.path, task.path, contents, asked, sidecar_of(task.path)
        return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()

    def has(self, ask: Ask) -> bool:
        """Whether the row of a model is there, and the files beside the model are as they were."""
        from archcheck.cache import beside
        place = self.places.get(self.key(ask) or "")
        if place is None:
            return False
        try:
            stamps = self._entry(place)["beside"]
        except (ValueError, KeyError):
            return False
        return all(beside(ask.task.path, name) == stamp for name, stamp in stamps)

    def add(self, ask: Ask, made: Made) -> int:
        """Put a row at the end, and give its place. Raises `UserError` where the disk is full."""
        from archcheck.cache import beside
        key = self.key(ask) if made.is_stable else None
        stamps = [(name, beside(ask.task.path, name)) for name in made.beside]
        entry = {"key": key, "beside": stamps, "row": made.row, "layers": made.layers}
        line = json.dumps(entry, separators=(",", ":")).encode() + b"\n"
        try:
            written = os.write(self.written.fileno(), line)
        except OSError as error:
            raise _full(error.strerror) from None
        if written < len(line):
            raise _full("the disk is full")
        place = os.lseek(self.written.fileno(), 0, os.SEEK_CUR) - len(line)
        if key is not None:
            self.places[key] = place
        return place

    def place(self, ask: Ask) -> int:
        """Where the row of a model stands, which it `has`."""
        return self.places[self.key(ask) or ""]

    def row(self, place: int) -> Row:
        """The row at a place."""
        found: Row = self._entry(place)["row"]
        return found

    def layers(self, place: int) -> Iterator[Row]:
        """The rows of the layers of the model at a place."""
        yield from self._entry(place)["layers"]

    def _entry(self, place: int) -> Any:
        self.file.seek(place)
        return json.loads(self.file.readline())

    def _read(self) -> None:
        """Find the rows; half a line, left by a machine that stopped, is none, and gets an end."""
        place, line = 0, b"\n"
        self.file.seek(0)
        for line in self.file:
            key = _key_of(line)
            if key:
                self.places[key] = place
            place += len(line)
        if not line.endswith(b"\n"):
            os.write(self.written.fileno(), b"\n")


def _key_of(line: bytes) -> str | None:
    """The key of a line, None where it is no whole line."""
    begin, end = b'{"key":"', b"}\n"
    is_whole = line.startswith(begin) and line.endswith(end)
    return line[len(begin):len(begin) + 64].decode("ascii", "replace") if is_whole else None


def _path(folder: str, layers: bool) -> Path:
    """The file in the cache to add to. Raises `UserError`."""
    from archcheck.cache import prepare
    path = Path(folder) / __version__ / ("scan-layers.jsonl" if layers else "scan-models.jsonl")
    try:
        prepare(path)
        path.touch()
    except OSError as error:
        raise UserError(f"the journal {path} cannot be written ({error.strerror}); --no-cache does without "
                        "one") from None
    return path


def _temporary() -> Path:
    handle, name = tempfile.mkstemp(prefix="archcheck-", suffix=".jsonl")
    os.close(handle)
    return Path(name)


def _full(reason: str | None) -> UserError:
    return UserError(f"the journal of the scan cannot be written ({reason}); what is done is kept: make "
                     "room, and the same command goes on from there")
