"""What ``archcheck check --fix`` and ``--diff`` do before models are judged."""
from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import click

from archcheck.cli import _options
from archcheck.errors import UserError

if TYPE_CHECKING:
    from archcheck.lint._one import Task

CHANGED, UNUSABLE, DEFECT = 1, 2, 3
"""Exit codes: there is something to fix; a model cannot be mended; a fix was a defect of archcheck."""

OPTIONS = (
    click.option("--fix", is_flag=True, help="Mend what can be mended without changing what comes out, as "
                 "MODEL.fixed.onnx, and judge that."),
    click.option("--unsafe-fixes", is_flag=True, help="Also mend what changes numbers or the interface."),
    click.option("--diff", is_flag=True, help="Show what --fix would change, and write nothing."),
    click.option("--in-place", is_flag=True, help="Put mended models in the place of MODELs."),
)


class How(NamedTuple):
    """What was asked for."""

    fix: bool
    unsafe: bool
    diff: bool
    in_place: bool

    def require_sense(self) -> None:
        """Raise where an option has nothing to act on."""
        if self.unsafe and not (self.fix or self.diff):
            raise click.UsageError("--unsafe-fixes goes with --fix or --diff")
        if self.in_place and not self.fix:
            raise click.UsageError("--in-place goes with --fix")


def show_diffs(work: Sequence[Task], how: How) -> int:
    """Print what would be changed; the exit code."""
    from archcheck.fixing._file import diff_file
    code = 0
    for task in work:
        try:
            _require_file(task)
            lines = diff_file(task.path, task.settings, unsafe=how.unsafe)
        except UserError as error:
            code = max(code, _complain(error))
            continue
        if lines:
            _options.write("".join(f"{line}\n" for line in lines), None)
            code = max(code, CHANGED)
    return code


def fix_all(work: Sequence[Task], how: How) -> tuple[list[Task], int]:
    """Mend the models of ``work``; the tasks that are left, about the mended ones, and the exit code so
    far."""
    from archcheck.fixing._file import fix_file, words
    left, code = [], 0
    for task in work:
        try:
            _require_file(task)
            fixed = fix_file(task.path, task.settings, unsafe=how.unsafe, in_place=how.in_place)
        except UserError as error:
            code = max(code, _complain(error))
            left.append(task)
            continue
        for line in words(fixed):
            click.echo(line, err=True)
        code = max(code, DEFECT if fixed.path is None and fixed.proof else 0)
        left.append(task if fixed.path is None else task._replace(path=str(fixed.path)))
    return left, code


def _require_file(task: Task) -> None:
    """Raise for a model that came from standard input."""
    from archcheck.fixing._draft import NotMendable
    if task.content is not None:
        raise NotMendable("standard input is no file that could be mended; save the model in one")


def _complain(error: UserError) -> int:
    """Tell why a model is not mended; the exit code."""
    from archcheck.fixing._draft import NotMendable
    is_fine = isinstance(error, NotMendable)
    click.echo(f"{'note' if is_fine else 'archcheck'}: {error}", err=True)
    return 0 if is_fine else UNUSABLE
