"""``archcheck check``."""
from __future__ import annotations

from collections.abc import Sequence

import click


@click.command()
@click.argument("models", nargs=-1, metavar="MODEL...")
@click.option("--format", "--output-format", "form", metavar="FORM",
              help="What to write to standard output. [default: full; concise with --quiet]")
@click.option("-o", "--output", "outputs", multiple=True, metavar="[FORM=]FILE",
              help="Also write to a file, in FORM or what its suffix stands for. May be repeated.")
@click.option("-q", "--quiet", is_flag=True, help="One line for each finding, and nothing else.")
@click.option("--statistics", is_flag=True, help="Also how often each rule found something.")
def check(models: Sequence[str], form: str | None, outputs: Sequence[str], quiet: bool,
          statistics: bool) -> int:
    """Judge models: what is wrong, where, why, and how to mend it."""
    raise NotImplementedError
