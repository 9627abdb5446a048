"""Tensors stored beside the model: located, never followed outside the model's folder, read only where
small."""
from __future__ import annotations

import ntpath
import os
import re
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import pairwise
from operator import itemgetter
from typing import Any

from archcheck.dtypes import storage
from archcheck.frontends._elements import Elements, from_bytes
from archcheck.frontends._wire import LIMIT
from archcheck.graph import Irregularity, Literal, Location

MISSING, ESCAPES, SHORT = "external-data-missing", "external-data-escapes", "external-data-short"
INVALID, BEYOND, OVERLAPS = "external-data-invalid", "external-data-beyond", "external-data-overlaps"
KEYS = "external-data-keys"

KNOWN_KEYS = frozenset(("location", "offset", "length", "checksum"))
MAX_SAID = 200
"""So many characters of what a file claims are shown."""

_WHY = {MISSING: "is not there", ESCAPES: "is outside the model's folder, so it is not read"}
_ROOTED = re.compile(r"[A-Za-z]:|[\\/]|\*[\\/]")  # a drive, a root, a share, or an address in memory


class External:
    """The external files of a model in ``folder``; None when it has no folder (bytes, standard input)."""

    def __init__(self, folder: str | None) -> None:
        self.folder = folder
        self._files: dict[str, _File] = {}
        self._invalid: list[Irregularity] = []

    def literal(self, proto: Any, dtype: str, count: int) -> Literal:
        """The elements of a tensor that is stored outside the model's file."""
        entries = {entry.key: entry.value for entry in proto.external_data}
        self._check_keys(proto, entries)
        name, size = entries.get("location", ""), storage(dtype, count)
        offset, length = _number(entries.get("offset", "")), _number(entries.get("length", ""))
        length = size if length is None else length
        if not name or size is None or length != size or min(offset or 0, length) < 0:
            place = ", ".join(f"{key} {value!r}" for key, value in entries.items())[:MAX_SAID] or "no place"
            tensor = f"the tensor {proto.name!r} of {count:,} {dtype} elements"
            self._invalid.append(Irregularity(INVALID, proto.name, f"{tensor} cannot be stored at {place}"))
            return Literal(None)
        path = self._file(name).path_for(proto.name, offset or 0, length)
        decode = partial(_read, path, offset or 0, dtype, count) if path and length <= LIMIT else None
        return Literal(decode, Location(name, offset or 0, length))

    @property
    def irregularities(self) -> list[Irregularity]:
        """What is wrong with the tensors and files met so far, one entry a file and sort of fault."""
        return [*self._invalid, *(found for file in self._files.values() for found in file.irregularities)]

    def _check_keys(self, proto: Any, entries: Mapping[str, str]) -> None:
        odd = [key for key in entries if key not in KNOWN_KEYS]
        if odd or len(entries) < len(proto.external_data):
            said = f"has the entry {odd[0][:MAX_SAID]!r}" if odd else "says one entry twice"
            self._invalid.append(Irregularity(KEYS, proto.name, f"the place of {proto.name!r} {said}"))

    def _file(self, name: str) -> _File:
        if name not in self._files:
            self._files[name] = _File(name, self.folder)
        return self._files[name]


class _File:
    """One external file, and the tensors in it: name, first byte and end."""

    def __init__(self, name: str, folder: str | None) -> None:
        self.name = name
        self.tensors: list[tuple[str, int, int]] = []
        self.path, self.wrong = resolved(name, folder)

    def path_for(self, tensor: str, offset: int, length: int) -> str | None:
        """The file to read ``tensor`` from; None where it may not be read."""
        self.tensors.append((tensor, offset, offset + length))
        return self.path

    @property
    def irregularities(self) -> list[Irregularity]:
        """What is wrong with the file, if anything."""
        more = f" and {len(self.tensors) - 1:,} more tensors" if len(self.tensors) > 1 else ""
        file, held = f"the file {self.name!r}", f"{self.tensors[0][0]!r}{more}"
        if self.wrong:
            return [Irregularity(self.wrong, self.name, f"{file} that holds {held} {_WHY[self.wrong]}")]
        return [*self._outside(file, held), *self._overlapping(file)]

    def _outside(self, file: str, held: str) -> Iterator[Irregularity]:
        """Tensors that end behind the file: it is cut off, or where another one ends with it, they lie."""
        size = os.path.getsize(self.path) if self.path else None
        outside = [(name, end) for name, _, end in self.tensors if size is not None and end > size]
        if not outside:
            return
        name, needed = max(outside, key=itemgetter(1))
        if any(end == size for _, _, end in self.tensors):
            yield Irregularity(BEYOND, self.name, f"{name!r} ends at byte {needed:,} of {file}, which has "
                                                  f"{size:,}")
        else:
            yield Irregularity(SHORT, self.name, f"{file} has {size:,} bytes, and {held} need {needed:,}")

    def _overlapping(self, file: str) -> Iterator[Irregularity]:
        """Two tensors that share a part of their bytes, where they are not the same ones."""
        places = sorted({(begin, end): name for name, begin, end in self.tensors if begin < end}.items())
        for ((_, before), name), ((begin, _), other) in pairwise(places):
            if begin < before:
                yield Irregularity(OVERLAPS, self.name, f"{name!r} ends at byte {before:,} of {file}, and "
                                                        f"{other!r} begins at {begin:,}")
                return


def _number(text: str) -> int | None:
    """``text`` as a number; None where there is none, -1 where it is something else."""
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else -1


def resolved(name: str, folder: str | None) -> tuple[str | None, str]:
    """The real path of ``name`` in ``folder``, or None and what is wrong with it. What leads out of the
    folder on any system is not looked for on this one either."""
    if _ROOTED.match(name) or ntpath.normpath(name).split("\\")[0] == "..":
        return None, ESCAPES
    if folder is None:
        return None, ""
    try:
        root, path = os.path.realpath(folder), os.path.realpath(os.path.join(folder, name))
        if os.path.commonpath([root, path]) != root:
            return None, ESCAPES
        return (path, "") if os.path.isfile(path) else (None, MISSING)
    except (OSError, ValueError):
        return None, MISSING


def _read(path: str, offset: int, dtype: str, count: int) -> Elements | None:
    size = storage(dtype, count) or 0
    try:
        with open(path, "rb") as file:
            file.seek(offset)
            data = file.read(size)
    except OSError:
        return None
    return from_bytes(dtype, data, count) if len(data) == size else None
