"""``archcheck convert``."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from archcheck.cli import _options


@click.command()
@_options.model_argument
@click.option("-o", "--output", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
              help="The file to write; - is standard output.  [default: -]")
@_options.sizes_option
@_options.plugin_option
def convert(model: str, output: Path | None, sizes: Sequence[tuple[str, int]],
            plugins: Sequence[str]) -> None:
    """Write MODEL as a specification: the same layers, as a person would write them."""
    from archcheck import infer
    from archcheck.frontends import load
    from archcheck.writers.spec import specification
    _options.load_plugins(plugins)
    text = specification(infer.analyze(load(model), dict(sizes)))
    _options.write(text, None if output is None or str(output) == "-" else output)
