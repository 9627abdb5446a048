"""``archcheck lock``."""
from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import click

from archcheck.cli import _lint, _options

FILE = "archcheck.lock"  # lint._lock's NAME, not imported for help


@click.command()
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option("-o", "--output", "file", metavar="FILE", default=FILE, show_default=True,
              help="The lock to write.")
@_options.sizes_option
@_options.plugin_option
def lock(models: Sequence[str], file: str, sizes: Sequence[tuple[str, Any]], plugins: Sequence[str]) -> int:
    """Write down how large MODELs are: parameters, MACs, memory, by scope, and their inputs and outputs.

    A budget `growth = "2 %"` holds models against the nearest archcheck.lock. The file is small and made to
    be kept in a repository, where its changes show how models grow. Entries of other models are kept, unless
    their files are gone. Without MODELs, those in the current folder.
    """
    from archcheck.lint import _lock
    _options.load_plugins(plugins)
    found = _lock.read(file) if os.path.exists(file) else {}
    kept = {name: one for name, one in found.items() if _lock.is_there(file, name)}
    work = list(_lint.tasks(models, _lint.sources((), ()), sizes, detailed=True))
    code = 0
    for task in work:
        code = max(code, _add(task, kept, file))
    _lock.write(file, kept)
    click.echo(f"{file}: {len(kept):,} model{'s' * (len(kept) != 1)}")
    return code


def _add(task: Any, entries: dict[str, Any], file: str) -> int:
    """Put a model into ``entries``; 2 where it cannot be read."""
    from archcheck.errors import UserError
    from archcheck.lint import _lock, _one
    try:
        report = _one.analyzed(task)
        entries[_lock.name_in(file, task.path)] = _lock.entry(report, _one.digest_of(task))
    except UserError as error:
        click.echo(f"archcheck: {error}", err=True)
        return 2
    return 0
