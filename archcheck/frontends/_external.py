"""Tensors stored beside the model: located, never followed outside the model's folder, read only where
small."""
from __future__ import annotations

import os
from functools import partial
from typing import Any

from archcheck.dtypes import storage
from archcheck.frontends._elements import Elements, from_bytes
from archcheck.frontends._wire import LIMIT
from archcheck.graph import Irregularity, Literal, Location

MISSING, ESCAPES, SHORT = "external-data-missing", "external-data-escapes", "external-data-short"
INVALID = "external-data-invalid"

_WHY = {MISSING: "is not there", ESCAPES: "is outside the model's folder, so it is not read"}


class External:
    """The external files of a model in ``folder``; None when it has no folder (bytes, standard input)."""

    def __init__(self, folder: str | None) -> None:
        self.folder = folder
        self._files: dict[str, _File] = {}
        self._invalid: list[Irregularity] = []

    def literal(self, proto: Any, dtype: str, count: int) -> Literal:
        """The elements of a tensor that is stored outside the model's file."""
        entries = {entry.key: entry.value for entry in proto.external_data}
        name, size = entries.get("location", ""), storage(dtype, count)
        offset, length = _number(entries.get("offset", "")), _number(entries.get("length", ""))
        length = size if length is None else length
        if not name or size is None or length != size or min(offset or 0, length) < 0:
            place = ", ".join(f"{key} {value!r}" for key, value in entries.items())[:200] or "no place"
            tensor = f"the tensor {proto.name!r} of {count:,} {dtype} elements"
            self._invalid.append(Irregularity(INVALID, proto.name, f"{tensor} cannot be stored at {place}"))
            return Literal(None)
        path = self._file(name).path_for(proto.name, (offset or 0) + length)
        decode = partial(_read, path, offset or 0, dtype, count) if path and length <= LIMIT else None
        return Literal(decode, Location(name, offset or 0, length))

    @property
    def irregularities(self) -> list[Irregularity]:
        """What is wrong with the tensors and files met so far, one entry a file."""
        return [*self._invalid, *(found for file in self._files.values() for found in file.irregularities)]

    def _file(self, name: str) -> _File:
        if name not in self._files:
            self._files[name] = _File(name, self.folder)
        return self._files[name]


class _File:
    """One external file, and the tensors in it."""

    def __init__(self, name: str, folder: str | None) -> None:
        self.name = name
        self.tensors: list[str] = []
        self.needed = 0
        self.path, self.wrong = (None, "") if folder is None else resolved(name, folder)

    def path_for(self, tensor: str, end: int) -> str | None:
        """The file to read ``tensor`` from, which ends at the byte ``end``; None where it may not be read."""
        self.tensors.append(tensor)
        self.needed = max(self.needed, end)
        return self.path

    @property
    def irregularities(self) -> list[Irregularity]:
        """What is wrong with the file, if anything."""
        more = f" and {len(self.tensors) - 1:,} more tensors" if len(self.tensors) > 1 else ""
        file, held = f"the file {self.name!r}", f"{self.tensors[0]!r}{more}"
        if self.wrong:
            return [Irregularity(self.wrong, self.name, f"{file} that holds {held} {_WHY[self.wrong]}")]
        if self.path and (size := os.path.getsize(self.path)) < self.needed:
            why = f"{file} has {size:,} bytes, and {held} need {self.needed:,}"
            return [Irregularity(SHORT, self.name, why)]
        return []


def _number(text: str) -> int | None:
    """``text`` as a number; None where there is none, -1 where it is something else."""
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else -1


def resolved(name: str, folder: str) -> tuple[str | None, str]:
    """The real path of ``name`` in ``folder``, or None and what is wrong with it."""
    try:
        root, path = os.path.realpath(folder), os.path.realpath(os.path.join(folder, name))
        if os.path.isabs(name) or os.path.commonpath([root, path]) != root:
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
