"""``archcheck scale``."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from archcheck.cli import _options
from archcheck.cli.sweep import bind_option, jobs_option, of_option, planned, swept


@click.command()
@_options.on_model
@click.option("--to", "aim", required=True, metavar="FIGURE=NUMBER", help="The target, e.g. 'macs=400e6'.")
@click.option("--by", "name", required=True, metavar="NAME[=VALUES]",
              help="What is to be found: width, H, both H,W, or width=0.25:2:0.01 of these values.")
@bind_option
@of_option
@jobs_option
def scale(model: str, sizes: Sequence[tuple[str, Any]], form: str | None, output: Path | None,
          plugins: Sequence[str], aim: str, name: str, bindings: Sequence[str], names: Sequence[str],
          jobs: int) -> None:
    """The value of a parameter or size that brings a figure to a target."""
    from archcheck.reporters.scale import sheet
    from archcheck.sweeping.target import axis_of, scaled, target
    _options.load_plugins(plugins)
    wanted = target(aim)
    without = planned(model, (), sizes, bindings, names)
    plan = planned(model, (axis_of(name, without),), sizes, bindings, names)
    found = scaled(swept(plan, jobs, plugins), wanted)
    _options.emit(sheet(found, wanted, plan.axes[0], _options.script_for(None, output)), None, form, output)
