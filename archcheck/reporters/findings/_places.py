"""Where a finding is shown: a line of a specification, of the program that a model was exported from, or the
model's file."""
from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

from archcheck.checked import Checked
from archcheck.findings import Finding

MOST_PARTS = 12
"""Of longer paths of programs only so many last parts are looked for."""
MOST_BYTES = 4 << 20
"""Longer programs are not looked into."""

_SCHEME = re.compile(r"(onnx|specs):")


class Place(NamedTuple):
    """A file, and the line and column in it, counted from 1; None where it is a whole file or not known. The
    file is the model, or the program that the model was exported from."""

    path: str
    line: int | None = None
    column: int | None = None
    in_program: bool = False

    def __str__(self) -> str:
        return ":".join(str(part) for part in self[:3] if part is not None)


class Tree:
    """The files of the repository around the ``folder`` that the run was started in: places in them are what
    code review shows. The root is the nearest folder above that git knows, else ``folder`` itself."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = Path(os.path.realpath(folder or os.getcwd()))
        above = (self.folder, *self.folder.parents)
        self.root = next((path for path in above if (path / ".git").exists()), self.folder)
        self._frames: dict[tuple[str, int], Path | None] = {}

    def place(self, one: Checked, found: Finding) -> Place:
        """Where code review shows a finding: paths have slashes and begin at the root; those outside are
        absolute."""
        return self._place(one, found, self.from_root(one.path), self.root)

    def nearby(self, one: Checked, found: Finding) -> Place:
        """Where a person in the folder opens it: models as they were named, programs from the folder."""
        return self._place(one, found, one.path, self.folder)

    def from_root(self, path: str) -> str:
        """A model's path from the root; absolute where it lies outside, unchanged where it is no file."""
        if path == "-" or _SCHEME.match(path):
            return path
        whole = Path(os.path.abspath(self.folder / path))
        return (whole.relative_to(self.root) if whole.is_relative_to(self.root) else whole).as_posix()

    def _place(self, one: Checked, found: Finding, model: str, start: Path) -> Place:
        if not found.line:
            return Place(model)
        if one.format == "spec":
            return Place(model, found.line, found.column)
        program = self.program(found.file or "", found.line)
        if program is None:
            return Place(model)
        return Place(Path(os.path.relpath(program, start)).as_posix(), found.line, found.column, True)

    def program(self, file: str, line: int) -> Path | None:
        """The Python file of the repository that an exporter called ``file``, None where there is none with
        so many lines. It may have been exported elsewhere: then the folder and the name have to agree."""
        key = file, line
        if key not in self._frames:
            found = self._look_for(file)
            self._frames[key] = found if found and line <= _lines(found) else None
        return self._frames[key]

    def _look_for(self, file: str) -> Path | None:
        parts = re.split(r"[/\\]+", file)[-MOST_PARTS:]
        if not file.endswith(".py") or ".." in parts or "\0" in file:
            return None
        names = [file, *(os.path.join(*parts[start:]) for start in range(len(parts) - 1))]
        candidates = (os.path.realpath(base / name) for name in names for base in (self.folder, self.root))
        return next((Path(path) for path in candidates if self._holds(path)), None)

    def _holds(self, path: str) -> bool:
        return os.path.isfile(path) and Path(path).is_relative_to(self.root)


def _lines(path: Path) -> int:
    """How many lines a file has; 0 where it is too long to be looked into."""
    if path.stat().st_size > MOST_BYTES:
        return 0
    return len(path.read_bytes().splitlines())
