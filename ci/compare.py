"""What changed in models since a commit, as Markdown: ``python compare.py ARCHCHECK COMMIT RECORD``.

ARCHCHECK is the command, RECORD what ``archcheck check --format json`` wrote of the models.
"""
from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

MOST = 60_000
"""GitHub takes comments of fewer than 65,536 characters."""


def main(archcheck: str, commit: str, record: Path) -> None:
    """Print what changed."""
    models = [one["path"] for one in json.loads(record.read_text(encoding="utf-8"))["models"]]
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
    if git("rev-parse", "--quiet", "--verify", f"{commit}^{{commit}}"):
        print(f"### archcheck: nothing to compare with\n\nThe commit {code(commit)} is not in this checkout.")
    else:
        print("\n".join(fitting(changes(archcheck, commit, models), commit)))


def changes(archcheck: str, commit: str, models: list[str]) -> Iterator[tuple[str, str]]:
    """The models that are not as they were, and what is to be said of each."""
    for model in filter(os.path.isfile, models):
        path = Path(os.path.relpath(model)).as_posix()
        if git("cat-file", "-e", f"{commit}:./{path}"):
            yield path, "new"
        elif git("diff", "--quiet", commit, "--", path):
            yield path, difference(archcheck, f"{commit}:./{path}", path)


def git(*arguments: str) -> int:
    """The exit code of git."""
    command = ["git", "--literal-pathspecs", *arguments]
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode


def difference(archcheck: str, old: str, new: str) -> str:
    """What ``archcheck diff`` says, or why it says nothing."""
    command = [archcheck, "diff", old, new, "--format", "markdown"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace")
    if done.returncode in (0, 1):
        return done.stdout.strip()
    return f"not compared: {code((done.stderr.strip().splitlines() or ['archcheck diff failed'])[-1][:400])}"


def fitting(changed: Iterator[tuple[str, str]], commit: str) -> Iterator[str]:
    """The lines of the comment: as many models as there is room for, and the names of some others."""
    parts, others, room = [], [], MOST
    for path, text in changed:
        part = f"#### {code(path)}\n\n{text}\n"
        fits = len(part) <= room
        (parts if fits else others).append(part if fits else code(path))
        room -= len(part) if fits else 0
    count = len(parts) + len(others)
    models = f"{count or 'no'} model{'' if count == 1 else 's'}"
    yield f"### archcheck: {models} changed since {code(commit[:12])}\n"
    yield from parts
    if others:
        more = f" and {len(others) - 20:,} more" if len(others) > 20 else ""
        yield f"There is no room for {', '.join(others[:20])}{more}."


def code(text: str) -> str:
    """A name in a span of code."""
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    pad = " " if "`" in text else ""
    return f"{fence}{pad}{text}{pad}{fence}"


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
