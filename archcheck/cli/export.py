"""``archcheck export``."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archcheck.cli import _options

if TYPE_CHECKING:
    from archcheck.report import Report


@click.command()
@_options.model_argument
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path),
              help="The file to write; gzipped if it is called ….gz.")
@_options.sizes_option
@click.option("--weights", type=click.Choice(["random", "none"]), default="random", show_default=True,
              help="What MODEL does not have: made up, or references to a file that need not exist.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True,
              help="Which random weights.")
@_options.plugin_option
def export(model: str, output: Path, sizes: Sequence[tuple[str, int]], weights: str, seed: int,
           plugins: Sequence[str]) -> None:
    """Write MODEL, a specification or an ONNX file, as an ONNX file that runs."""
    from archcheck.reporters.text import size_in_bytes
    from archcheck.writers.onnx import export as write
    _options.load_plugins(plugins)
    done = write(model, output, dict(sizes), weights=weights, seed=seed)
    parts = [f"{len(done.report.graph.nodes):,} nodes", size_in_bytes(done.length)]
    counts = (done.copied, "copied"), (done.made, f"made up from seed {seed}"), (done.left_out, "left out")
    parts += [f"{count:,} weights {what}" for count, what in counts if count]
    click.echo(f"{output}: {', '.join(parts)}", err=True)
    if done.beside:
        click.echo(f"note: an ONNX file holds at most 2 GiB, so that its weights are in {output}.data "
                   f"({size_in_bytes(done.beside)}); keep the two together", err=True)
    _warn(done.report)


def _warn(report: Report) -> None:
    """Say that what was written does not run."""
    for index, failure in list(report.failures.items())[:1]:
        more = f" (and {len(report.failures) - 1:,} more)" if len(report.failures) > 1 else ""
        name = report.graph.nodes[index].name
        click.echo(f"note: it may not run, because of {name}: {failure.message}{more}", err=True)
