"""``archcheck run``."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archcheck.cli import _options, _running

if TYPE_CHECKING:
    from archcheck.backends.guard import Limits
    from archcheck.backends.ort import Device


class Numbers(_options.ParamType):
    """One number, or one for each channel: ``0.485,0.456,0.406``."""

    name = "X,…"

    def convert(self, value: Any, param: click.Parameter | None,
                ctx: click.Context | None) -> tuple[float, ...]:
        """The numbers in ``value``."""
        if isinstance(value, tuple):
            return value
        try:
            return tuple(float(part) for part in value.split(","))
        except ValueError:
            self.fail(f"{value!r} is not of the form X or X,Y,Z", param, ctx)


@click.command()
@_options.model_argument
@click.option("--input", "inputs", metavar="NAME=WHAT", multiple=True,
              help="What an input is given: a .npy, .npz or image file, random, zeros or ones. "
                   "[default: random]")
@click.option("--mean", type=Numbers(), default="0", show_default=True,
              help="What is subtracted from an image's channels, which are 0 to 1.")
@click.option("--std", type=Numbers(), default="1", show_default=True,
              help="What they are divided by then.")
@_options.sizes_option
@click.option("--values", "every", is_flag=True, help="Every inner value, not only the outputs.")
@click.option("--value", "chosen", metavar="NAME", multiple=True, help="Only this value. May be repeated.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path),
              help="Save the values in a .npz, .npy or .json file.")
@_options.format_option
@_running.runs
@_options.plugin_option
def run(model: str, inputs: Sequence[str], mean: tuple[float, ...], std: tuple[float, ...],
        sizes: Sequence[tuple[str, int]], every: bool, chosen: Sequence[str], output: Path | None,
        form: str | None, device: Device, limits: Limits, seed: int, plugins: Sequence[str]) -> None:
    """Run MODEL in ONNX Runtime, in a process of its own: what comes out, and what it is like."""
    from archcheck.backends import filled, ort, running
    from archcheck.backends.images import Scaling
    from archcheck.frontends import bytes_of
    from archcheck.reporters.run import sheet
    _options.load_plugins(plugins)
    ort.require_runtime()
    if every and chosen:
        raise click.UsageError("--values is every value; leave out --value")
    wanted = running.Wanted(every, tuple(chosen), output)
    source = bytes_of(model)
    known = running.prepared(source, inputs, dict(sizes), Scaling(mean, std), seed)
    with (filled.ready(source, known.sizes, seed) as ready,
          _running.progress("values", len(wanted.names(ready.report))) as tick):
        ran = running.ran(ready, known, wanted, device, limits, seed, tick)
    _options.emit(sheet(ran, _options.script_for(ran.report, None)), ran.report, form, None)
