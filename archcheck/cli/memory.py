"""``archcheck memory``."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from archcheck.cli import _options

OPTIMIZERS = ("sgd", "momentum", "adam", "adam-mixed")  # analyses.training_memory's


@click.command()
@_options.on_model
@click.option("--optimizer", type=click.Choice(OPTIMIZERS), default="adam", show_default=True,
              help="What to train with.")
@click.option("--all", "everything", is_flag=True, help="A row for each node, however many there are.")
def memory(model: str, sizes: Sequence[tuple[str, int]], optimizer: str, everything: bool, form: str | None,
           output: Path | None, plugins: Sequence[str]) -> None:
    """What is in memory as the network runs, when it is most, and what training takes."""
    from archcheck import infer
    from archcheck.reporters.memory import sheet
    _options.load_plugins(plugins)
    report = infer.analyze(model, dict(sizes))
    everything = everything or _options.form_for(form, output) in ("json", "csv")
    _options.emit(sheet(report, _options.script_for(report, output), optimizer, everything), report, form,
                  output)
