"""``archcheck cost``."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from archcheck.cli import _options

EXACT = "exact"
SORTS = ("name", "macs", "flops", "bytes", "intensity", "seconds")


@click.command()
@_options.on_model
@click.option("--profile", "profiles", metavar="NAME", multiple=True,
              help="Also the count of another tool: torch, fvcore, deepspeed, ptflops, thop, tf or "
                   "paper-mac; exact is --exact. May be repeated.")
@click.option("--exact", is_flag=True, help="Also MACs without those that meet padding.")
@click.option("--connections", is_flag=True, help="Also connections, and how often weights are used.")
@click.option("--training", is_flag=True, help="Also what a training step costs.")
@click.option("--device", metavar="NAME|FIGURES",
              help="Also the least time on a device: h100, a100, l4, t4, rtx4090, orin, mi300x, m2, "
                   "xeon8480, pi5, or figures such as peak=10e12,bandwidth=500e9.")
@click.option("--sort", type=click.Choice(SORTS), help="In this order, the largest first.")
@click.option("--top", type=click.IntRange(1), metavar="N", help="Only the N first rows in that order.")
@click.option("--all", "everything", is_flag=True,
              help="Also nodes that move nothing, or only compute shapes and constants.")
def cost(model: str, sizes: Sequence[tuple[str, int]], form: str | None, output: Path | None,
         plugins: Sequence[str], profiles: Sequence[str], exact: bool, connections: bool, training: bool,
         device: str | None, sort: str | None, top: int | None, everything: bool) -> None:
    """MACs, FLOPs, bytes and arithmetic intensity, node by node and in total."""
    from archcheck import infer
    from archcheck.analyses import devices
    from archcheck.reporters.cost import View, sheet
    _options.load_plugins(plugins)
    chosen = None if device is None else devices.device(device)
    if sort == "seconds" and chosen is None:
        raise click.UsageError("--sort seconds needs a --device")
    report = infer.analyze(model, dict(sizes))
    everything = everything or _options.form_for(form, output) in ("json", "csv")
    others = tuple(dict.fromkeys(name for name in profiles if name != EXACT))
    view = View(exact or EXACT in profiles, connections, training, chosen, sort, top, everything,
                _options.script_for(report, output), others)
    _options.emit(sheet(report, view), report, form, output)
