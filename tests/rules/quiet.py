"""What the lint says of sound models: ``python -m tests.rules.quiet FOLDER [--only GLOB] [--keep FILE]
[--advice]`` checks every model in a folder (``.onnx`` and ``.onnx.gz``), the networks that ship with onnx and
the specifications that ship with archcheck, each with the rules that are on by default.

It prints each finding at warning or above (``--advice``: each one), since every one of them has to be true,
and how many there are. Where there are more than `MOST`, or errors, the exit code is 1. ``--keep`` names a
file of JSON lines, one a model; models that are in it are not checked again.
"""
from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from archcheck.config import Settings
from archcheck.frontends._source import SHIPPED
from archcheck.frontends._zoo import PREFIX, names
from archcheck.lint._one import Task, check_one

MOST = 15
"""How many findings at warning or above sound models may have together."""

SEVERE = "error", "warning"

Row = Mapping[str, Any]


def shipped() -> list[str]:
    """The short names of the networks that ship with onnx."""
    import onnx.backend.test
    folder = Path(onnx.backend.test.__file__).parent / "data" / "light"
    return sorted(SHIPPED + path.stem for path in folder.glob("*.onnx"))


def specifications() -> list[str]:
    """The short names of the specifications that ship with archcheck and say a network."""
    return [f"{PREFIX}{name}" for name in names()]


def checked(path: str) -> Row:
    """The findings in one model, and what went wrong."""
    found = check_one(Task(path, Settings(), {}))
    return {"model": path, "error": found.error, "broken": [one.message for one in found.broken],
            "findings": [{"code": one.code, "severity": one.severity, "places": one.places,
                          "where": one.node or one.value, "message": one.message, "why": one.why}
                         for one in found.active]}


def rows(paths: Iterable[str], kept: Path | None = None) -> Iterator[Row]:
    """What is found in each model; what ``kept`` has is taken from there, and the rest added to it."""
    known = {}
    if kept and kept.exists():
        known = {row["model"]: row for row in map(json.loads, kept.read_text().splitlines())}
    for path in paths:
        if path not in known and kept:
            with kept.open("a") as file:
                file.write(json.dumps(row := checked(path)) + "\n")
            yield row
        else:
            yield known.get(path) or checked(path)


def lines(row: Row, severities: Iterable[str]) -> Iterator[str]:
    """One line for each finding of these severities, and for what went wrong."""
    name = Path(row["model"]).name
    yield from (f"{name}: {message}" for message in (row["error"], *row["broken"]) if message)
    for one in row["findings"]:
        if one["severity"] in severities:
            times = f" × {one['places']}" if one["places"] > 1 else ""
            yield (f"{name}: {one['severity']}[{one['code']}] {one['where']}{times}: {one['message']}"
                   f" | {one['why']}")


def main() -> int:
    """Check the models that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m tests.rules.quiet", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="*", metavar="GLOB")
    parser.add_argument("--keep", type=Path, metavar="FILE")
    parser.add_argument("--advice", action="store_true")
    options = parser.parse_args()
    inside = sorted(str(path) for path in options.folder.rglob("*.onnx*") if ".onnx" in path.suffixes)
    paths = [path for path in (*shipped(), *specifications(), *inside) if fnmatch(path, options.only)]
    counts: Counter[str] = Counter()
    broken = 0
    for row in rows(paths, options.keep):
        counts.update(one["severity"] for one in row["findings"])
        broken += bool(row["error"] or row["broken"])
        for line in lines(row, (*SEVERE, "advice") if options.advice else SEVERE):
            print(line, flush=True)
    print(f"{len(paths)} models: {counts['error']} errors, {counts['warning']} warnings, "
          f"{counts['advice']} pieces of advice, {broken} not judged")
    return int(broken or counts["error"] or counts["warning"] > MOST)


if __name__ == "__main__":
    sys.exit(main())
