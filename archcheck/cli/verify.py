"""``archcheck verify``."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archcheck.cli import _options, _running

if TYPE_CHECKING:
    from archcheck.backends.guard import Limits
    from archcheck.backends.ort import Device

FOUND_WRONG = 1


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@_options.sizes_option
@click.option("--sizes", "count", type=click.IntRange(1), default=2, show_default=True, metavar="COUNT",
              help="At how many sizes of its symbols a network is run.")
@click.option("--execute", is_flag=True,
              help="Of claims, also run what they say can be run; and the network of a specification that has "
                   "claims.")
@click.option("--fields", is_flag=True, help="Also hold receptive fields against runs with NaN in places.")
@click.option("--equal", "other", metavar="OTHER", help="Compare the outputs of a network with those of OTHER.")
@click.option("--rtol", type=click.FloatRange(0), metavar="SHARE",
              help="How far --equal lets numbers be apart, relative to them. [default: by dtype]")
@click.option("--atol", type=click.FloatRange(0), metavar="NUMBER", help="And at all. [default: by dtype]")
@click.option("--all", "everything", is_flag=True, help="A row for every statement, or every value.")
@click.option("--format", "form", type=click.Choice([*_options.FORMATS, "junit"]),
              help="[default: table; plain when piped]")
@_options.output_option
@_options.plugin_option
@_running.runs
def verify(paths: Sequence[str], sizes: Sequence[tuple[str, Any]], count: int, execute: bool, fields: bool,
           other: str | None, rtol: float | None, atol: float | None, everything: bool, form: str | None,
           output: Path | None, plugins: Sequence[str], device: Device, limits: Limits, seed: int) -> int:
    """Hold what is said of networks against the truth: what archcheck predicts, and published figures.

    An ONNX file, a specification without claims, onnx:NAME or specs:NAME is run in ONNX Runtime with all its
    values exposed, at several sizes; each has to have the dtype, the shape and the known elements that were
    predicted. Weights that are not there are made up.

    Of a file of claims, a specification with claims or a folder of them every statement is recomputed; what
    is shown besides the counts are the slips, statements that are not so, each with the right value. Without
    a PATH these are the claims that ship with archcheck.

    The exit code is 1 where something is not as predicted, declared or recorded, or could not be run.
    """
    raise NotImplementedError
