"""``archcheck baseline``."""
from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import click

from archcheck.cli import _lint

FILE = "archcheck.baseline.json"
file_option = click.option("-o", "--output", "file", metavar="FILE",
                           help=f"The file of the baseline. [default: as configured, else {FILE}]")
models_argument = click.argument("models", nargs=-1, metavar="[MODEL]...")


@click.group()
def baseline() -> None:
    """Findings that were there before, and do not count: `archcheck check --baseline FILE`."""


@baseline.command()
@models_argument
@file_option
@_lint.with_options(*_lint.SELECTING, *_lint.RUNNING)
def write(models: Sequence[str], file: str | None, **options: Any) -> int:
    """Write down all that is found in MODELs now, in place of what was written of them before."""
    from archcheck.lint._baseline import Baseline, read
    checked, path, code = _checked(models, file, **options)
    kept = read(path) if os.path.exists(path) else Baseline(path, {})
    count = sum(kept.take(one) for one in checked)
    kept.write()
    click.echo(f"{path}: {count:,} findings of {len(checked):,} models")
    return code


@baseline.command()
@models_argument
@file_option
@_lint.with_options(*_lint.SELECTING, *_lint.RUNNING)
def prune(models: Sequence[str], file: str | None, **options: Any) -> int:
    """Take out what is not found in MODELs any more."""
    from archcheck.lint._baseline import read
    checked, path, code = _checked(models, file, **options)
    kept = read(path)
    count = sum(kept.prune(one) for one in checked)
    kept.write()
    click.echo(f"{path}: {count:,} entries taken out")
    return code


def _checked(models: Sequence[str], file: str | None, sizes: Sequence[tuple[str, Any]], jobs: int | None,
             no_cache: bool, timeout: float, max_memory: int | None,
             **options: Any) -> tuple[list[Any], str, int]:
    """What is found in those models that can be read, the file of the baseline, and the exit code that the
    others ask for."""
    from archcheck.checked import FOUND
    work, missing = _lint.tasks(models, _lint.sources(**options), sizes, no_cache)
    checked = _lint.check_all(work, jobs, timeout, max_memory)
    _lint.complain(checked)
    code = max([missing, *(one.exit_code for one in checked if one.exit_code > FOUND)])
    configured = next((task.settings.baseline for task in work if task.settings.baseline), None)
    return [one for one in checked if one.error is None], file or configured or FILE, code
