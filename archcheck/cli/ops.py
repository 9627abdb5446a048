"""``archcheck ops``."""
from __future__ import annotations

from collections.abc import Sequence

import click

from archcheck.cli import _options


@click.command()
@click.argument("name", required=False)
@click.option("--format", "form", type=click.Choice(["plain", "json"]), default="plain", show_default=True)
@_options.plugin_option
def ops(name: str | None, form: str, plugins: Sequence[str]) -> None:
    """The operators that are known; with NAME, what one of them computes."""
    from archcheck.reporters.operators import render
    _options.load_plugins(plugins)
    from shutil import get_terminal_size
    width = get_terminal_size().columns if _options.on_terminal(None) else None
    _options.write(render(name, form, width), None)
