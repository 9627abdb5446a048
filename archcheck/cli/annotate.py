"""``archcheck annotate``."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from archcheck.cli import _options


@click.command()
@_options.model_argument
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path),
              help="The file to write; it may be MODEL itself.")
@_options.sizes_option
@_options.plugin_option
def annotate(model: str, output: Path, sizes: Sequence[tuple[str, int]], plugins: Sequence[str]) -> None:
    """Write the inferred dtype and shape of every value into a copy of MODEL, as value_info."""
    from archcheck import infer
    from archcheck.frontends import bytes_of, graph_in
    from archcheck.writers.annotate import annotate as write
    _options.load_plugins(plugins)
    source = bytes_of(model)
    done = write(infer.analyze(graph_in(source), dict(sizes)), source, output)
    unknown = f", {done.unknown:,} not known" if done.unknown else ""
    click.echo(f"{output}: {done.known:,} values annotated{unknown}", err=True)
    for file in done.missing[:5]:
        click.echo(f"note: copy the weights in {file!r} to the folder of {output} as well", err=True)
