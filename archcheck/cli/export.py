"""``archcheck export``."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archcheck.cli import _options

if TYPE_CHECKING:
    from archcheck.writers.onnx import Exported


@click.command()
@_options.model_argument
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path),
              help="The file to write; gzipped if it is called ….gz.")
@_options.sizes_option
@click.option("--weights", type=click.Choice(["random", "none"]), default="random", show_default=True,
              help="Make up those that MODEL does not have, or refer to a file that need not exist.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True,
              help="Which random weights.")
@_options.plugin_option
def export(model: str, output: Path, sizes: Sequence[tuple[str, int]], weights: str, seed: int,
           plugins: Sequence[str]) -> None:
    """Write MODEL, a specification or an ONNX file, as an ONNX file that runs."""
    from archcheck.writers.onnx import export as write
    _options.load_plugins(plugins)
    done = write(model, output, dict(sizes), weights=weights, seed=seed)
    click.echo(f"{output}: {', '.join(_facts(done, output, seed))}", err=True)
    for note in _notes(done, output):
        click.echo(f"note: {note}", err=True)


def _facts(done: Exported, output: Path, seed: int) -> Iterator[str]:
    """What was written."""
    from archcheck.reporters.text import size_in_bytes
    yield f"{len(done.report.graph.nodes):,} nodes"
    yield size_in_bytes(done.length)
    for count, what in ((done.copied, "copied"), (done.made, f"made up from seed {seed}"),
                        (done.left_out, f"left out, to be found in {output.name}.data")):
        if count:
            yield f"{count:,} weights {what}"


def _notes(done: Exported, output: Path) -> Iterator[str]:
    """What to know about it: that it is two files, or does not run."""
    from archcheck.reporters.text import size_in_bytes
    if done.beside:
        yield (f"an ONNX file holds at most 2 GiB, so that its weights are in {output}.data "
               f"({size_in_bytes(done.beside)}); keep the two together")
    failures = done.report.failures
    for index, failure in list(failures.items())[:1]:
        more = f" (and {len(failures) - 1:,} more)" if len(failures) > 1 else ""
        yield f"it may not run, because of {done.report.graph.nodes[index].name}: {failure.message}{more}"
