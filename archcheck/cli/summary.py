"""``archcheck summary``."""
from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archcheck.cli import _options
from archcheck.cli._options import ParamType

if TYPE_CHECKING:
    from archcheck.report import Report
    from archcheck.reporters.summary import View
    from archcheck.reporters.text import Script

COLUMNS = ("name", "op", "shape", "dtype", "params", "macs", "flops", "field", "stride", "start", "share",
           "nodes")  # reporters.table's


class Columns(ParamType):
    """A comma-separated list of column names."""

    name = "LIST"

    def convert(self, value: Any, param: click.Parameter | None,
                ctx: click.Context | None) -> tuple[str, ...]:
        """The names in ``value``."""
        if isinstance(value, tuple):
            return value
        names = tuple(part.strip() for part in value.split(",") if part.strip())
        for name in names:
            if name not in COLUMNS:
                self.fail(f"there is no column {name!r}; the columns are {', '.join(COLUMNS)}", param, ctx)
        return names


@click.command()
@_options.model_argument
@_options.sizes_option
@click.option("--depth", type=click.IntRange(1),
              help="How many levels of scopes to show. [default: what fits 40 rows]")
@click.option("--columns", type=Columns(), default="name,op,shape,params,macs,share", show_default=True,
              help=f"Which columns, of {', '.join(COLUMNS)}.")
@click.option("--sort", type=click.Choice(["name", "params", "macs", "flops"]),
              help="One flat list, in this order.")
@click.option("--top", type=click.IntRange(1), metavar="N", help="Only the N first rows of that list.")
@click.option("--all", "everything", is_flag=True, help="Also the nodes that only prepare shapes and masks.")
@click.option("--wide", is_flag=True, help="Exact numbers, nothing shortened, as wide as it needs.")
@click.option("--lint", is_flag=True, help="Also how much `archcheck check` finds.")
@_options.format_option
@_options.output_option
@_options.plugin_option
def summary(model: str, sizes: Sequence[tuple[str, int]], depth: int | None, columns: tuple[str, ...],
            sort: str | None, top: int | None, everything: bool, wide: bool, lint: bool,
            form: str | None, output: Path | None, plugins: Sequence[str]) -> None:
    """Shapes, parameters, MACs and FLOPs, layer by layer and in total."""
    from archcheck import infer
    from archcheck.reporters.summary import View
    _options.load_plugins(plugins)
    report = infer.analyze(model, dict(sizes))
    if lint:
        _judge(report)
    view = View(depth, sort, top, everything, columns, wide)
    text = _rendered(report, _options.form_for(form, output), view, _options.script_for(report, output),
                     _options.on_terminal(output))
    _options.write(text, output)


def _judge(report: Report) -> None:
    """Ask the rules as `archcheck check` does, but for those that read weights, which takes its time."""
    from dataclasses import replace

    from archcheck.config._resolve import Sources
    from archcheck.rules._judge import check
    check(report, replace(Sources().settings(report.graph.source), weights=False))


def _rendered(report: Report, form: str, view: View, script: Script, on_terminal: bool) -> str:
    if form in ("json", "csv", "markdown"):
        from archcheck.reporters import records
        if form == "json":
            return records.render_json(report)
        is_csv = form == "csv"
        return records.render_csv(report, view) if is_csv else records.render_markdown(report, view, script)
    from archcheck.reporters.table import render_plain, render_terminal
    if form == "plain":
        return render_plain(report, view, script)
    from shutil import get_terminal_size
    return render_terminal(report, view, script, get_terminal_size().columns,
                           on_terminal and not os.environ.get("NO_COLOR"))
