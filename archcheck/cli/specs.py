"""``archcheck specs``."""
from __future__ import annotations

from pathlib import Path

import click

from archcheck.cli import _options


@click.command()
@_options.format_option
@_options.output_option
def specs(form: str | None, output: Path | None) -> None:
    """The architectures that ship with archcheck; specs:NAME is one of them."""
    from archcheck.reporters.specs import sheet
    _options.emit(sheet(), None, form, output)
