"""``archcheck rule``."""
from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from archcheck.cli import _options

FORMATS = ("text", "json", "markdown")
SUFFIXES = {".json": "json", ".md": "markdown"}


@click.command()
@click.argument("codes", nargs=-1, metavar="[RULE]...")
@click.option("--all", "everything", is_flag=True, help="The pages of all rules.")
@click.option("--format", "--output-format", "form", type=click.Choice(FORMATS), help="[default: text]")
@_options.output_option
@_options.plugin_option
def rule(codes: Sequence[str], everything: bool, form: str | None, output: Path | None,
         plugins: Sequence[str]) -> None:
    """The page of a rule: what it finds, why that matters, and how to mend it.

    RULE is a code, the beginning of one, or a name; without any, a list of all rules.
    """
    from archcheck.config._readers import Wrong, known_rule
    from archcheck.reporters import rules as reporter
    from archcheck.rules import known
    from archcheck.rules._select import names
    _options.load_plugins(plugins)
    for code in codes:
        try:
            known_rule(code)
        except Wrong as wrong:
            raise click.UsageError(f"archcheck rule {wrong}") from None
    found = [one for one in known().values() if everything or any(names(code, one) for code in codes)]
    form = form or (SUFFIXES.get(output.suffix.lower()) if output else None) or "text"
    listed = found or list(known().values())
    script, width, colour = _options.script_for(None, output), _width(output), _options.coloured(output)
    _options.write(reporter.render(listed, form, bool(found), reporter.View(script, width, colour)), output)


def _width(output: Path | None) -> int:
    from shutil import get_terminal_size
    return min(get_terminal_size().columns, 100) if output is None and sys.stdout.isatty() else 100
