"""``archcheck plot``."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from archcheck.cli import _options

FIGURES = ("macs", "params", "memory", "roofline", "field")
FORMATS = ("svg", "png", "pdf")  # plots.figures'


@click.command()
@_options.model_argument
@click.option("--of", type=click.Choice(FIGURES), default="macs", show_default=True,
              help="MACs or parameters of each layer, memory while it runs, nodes under a device's roofline, "
                   "or receptive fields.")
@_options.sizes_option
@click.option("--device", metavar="NAME|FIGURES",
              help="For a roofline: h100, a100, t4, … (see archcheck cost), or peak=10e12,bandwidth=500e9.")
@click.option("--format", "form", type=click.Choice(FORMATS), help="[default: by the suffix of -o, else svg]")
@_options.output_option
@_options.plugin_option
def plot(model: str, of: str, sizes: Sequence[tuple[str, int]], device: str | None, form: str | None,
         output: Path | None, plugins: Sequence[str]) -> None:
    """A chart as SVG, PNG or PDF; needs matplotlib."""
    from archcheck import infer
    from archcheck.plots.figures import drawn
    from archcheck.plots.series import plotted
    _options.load_plugins(plugins)
    if (of == "roofline") != (device is not None):
        raise click.UsageError("--of roofline needs a --device, such as --device a100" if device is None else
                               f"--device is for --of roofline, not for --of {of}")
    report = infer.analyze(model, dict(sizes))
    suffix = output.suffix.lower().removeprefix(".") if output else ""
    form = form or suffix or "svg"
    content = drawn(plotted(report, of, device), of, report.graph.name or model, form)
    _options.write_picture(content, form, output)
