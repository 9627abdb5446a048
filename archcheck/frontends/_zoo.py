"""The specifications that ship with archcheck, by name."""
from __future__ import annotations

from pathlib import Path

from archcheck.errors import closest
from archcheck.frontends._source import LoadError

PREFIX = "specs:"
"""What the short names of specifications that ship with archcheck begin with."""

SUFFIX = ".yaml"


def folder() -> Path:
    """Where they lie: in the package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    inside = package / "specs"
    return inside if inside.is_dir() else package.parent / "specs"


def names() -> list[str]:
    """All of them, in order."""
    return sorted(path.stem for path in folder().glob(f"*{SUFFIX}"))


def path_of(name: str) -> str:
    """The file of the specification ``name``. Raises `LoadError`."""
    known = names()
    if name not in known:
        close = closest(name.lower(), known)
        cure = f"did you mean {PREFIX}{close}?" if close else "`archcheck specs` lists those that there are"
        raise LoadError(f"no specification called {name!r} ships with archcheck; {cure}")
    return str(folder() / f"{name}{SUFFIX}")
