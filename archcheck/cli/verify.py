"""``archcheck verify``."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from archcheck.cli import _options

FOUND_WRONG = 1


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--execute", is_flag=True, help="Also run what claims say can be run, in ONNX Runtime.")
@click.option("--all", "everything", is_flag=True, help="A row for every statement.")
@click.option("--format", "form", type=click.Choice([*_options.FORMATS, "junit"]),
              help="[default: table; plain when piped]")
@_options.output_option
@_options.plugin_option
def verify(paths: Sequence[str], execute: bool, everything: bool, form: str | None, output: Path | None,
           plugins: Sequence[str]) -> int:
    """Recompute published figures: every statement of PATHs, files of claims or folders of them.

    What is shown besides the counts are the slips, statements that are not so, each with the right value.
    Without a PATH these are the claims that ship with archcheck. The exit code is 1 where a verdict that is
    recorded is not the one that is found.
    """
    from archcheck import claims
    from archcheck.frontends._zoo import folder
    _options.load_plugins(plugins)
    execution = claims.Execution(plugins=tuple(plugins)) if execute else None
    verified = claims.verify(paths or [folder()], execution)
    form = _options.form_for(form, output)
    if form == "junit":
        from archcheck.reporters.junit import junit
        _options.write(junit(verified), output)
    else:
        from archcheck.reporters import verify as reporter
        shown = reporter.listing if everything else reporter.table
        sheet = (reporter.records if form in ("json", "csv") else shown)(verified)
        _options.emit(sheet, None, form, output)
    return FOUND_WRONG if verified.failures else 0
