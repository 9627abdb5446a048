"""``archcheck config``."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from archcheck.cli import _lint, _options


@click.command()
@click.argument("model", default=".", metavar="[MODEL]")
@click.option("--show", is_flag=True, help="The settings that hold for MODEL, and where each comes from.")
@_options.format_option
@_options.output_option
@_lint.with_options(*(option for option in _lint.SELECTING if option is not _options.sizes_option))
def config(model: str, show: bool, form: str | None, output: Path | None, **options: Any) -> None:
    """What can be configured, in archcheck.toml or under [tool.archcheck] in pyproject.toml.

    With --show, what holds for MODEL, a file or folder. Of the files beside a model and in the folders around
    it the nearest counts; `extend` lets one add to another.
    """
    from archcheck.reporters import configuration as reporter
    if show:
        found = _lint.sources(**options)
        sheet = reporter.shown(found.chosen(_in(model)), found.settings(_in(model)))
    else:
        sheet = reporter.keys()
    _options.emit(sheet, None, form, output)


def _in(model: str) -> str:
    """A model in the folder ``model``, else ``model`` itself."""
    return str(Path(model) / "model.onnx") if Path(model).is_dir() else model
