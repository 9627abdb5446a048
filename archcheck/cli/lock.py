"""``archcheck lock``."""
from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from archcheck.cli import _lint, _options, _running

if TYPE_CHECKING:
    from archcheck.lint._one import Task

FILE = "archcheck.lock"  # lint._lock's NAME, not imported for help


@click.command()
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option("-o", "--output", "file", metavar="FILE", default=FILE, show_default=True,
              help="The lock to write.")
@_lint.with_options(_options.sizes_option, _options.plugin_option, *_lint.RUNNING)
def lock(models: Sequence[str], file: str, sizes: Sequence[tuple[str, Any]], plugins: Sequence[str],
         jobs: int | None, no_cache: bool, timeout: float, max_memory: int | None) -> int:
    """Write down how large MODELs are: parameters, MACs, memory, by scope, and their inputs and outputs.

    A budget `growth = "2 %"` holds models against the nearest archcheck.lock. The file is small and made to
    be kept in a repository, where its changes show how models grow. Entries of other models are kept, unless
    their files are gone. Without MODELs, those in the current folder.
    """
    from archcheck.lint import _lock
    found = _lock.read(file) if os.path.exists(file) else {}
    kept = {name: one for name, one in found.items() if _lock.is_there(file, name)}
    work, code = _lint.tasks(models, _lint.sources((), plugins), sizes, no_cache, detailed=True)
    locked = _locked(work, file, jobs, timeout, max_memory)
    for task, one in zip(work, locked):
        code = max(code, _add(task, one, kept, file))
    if kept or not code:
        _lock.write(file, kept)
        click.echo(f"{file}: {len(kept):,} model{'s' * (len(kept) != 1)}")
    return code


def _locked(work: Sequence[Task], file: str, jobs: int | None, timeout: float,
            memory: int | None) -> tuple[Any, ...]:
    from archcheck import many
    from archcheck.lint._locking import lock_many
    place, limits = _running.shared(jobs, timeout, memory)
    try:
        return lock_many(work, place, limits, many.progress())
    except many.Interrupted as stop:
        click.echo(f"archcheck: interrupted; {file} is as it was, and {len(stop.done):,} of {len(work):,} "
                   "models are done", err=True)
        raise


def _add(task: Task, one: Any, entries: dict[str, Any], file: str) -> int:
    """Put what was found of a model into ``entries``; the exit code."""
    from archcheck.lint import _lock
    from archcheck.many import Failed
    if isinstance(one, Failed):
        click.echo(f"archcheck: {one.message}", err=True)
        return one.exit_code
    entries[_lock.name_in(file, task.path)] = one
    return 0
