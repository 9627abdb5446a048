"""``archcheck sweep``."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archcheck.cli import _options

if TYPE_CHECKING:
    from archcheck.sweeping import Plan, Variants

TOP = 20

of_option = click.option("--of", "names", multiple=True, metavar="FIGURE|VALUE",
                         help="Which figures: params, macs, flops, memory, activations, field, stride, "
                              "field(VALUE), or the shape of a value. [default: params, macs, flops, memory, "
                              "field]")
bind_option = click.option("--bind", "bindings", multiple=True, metavar="NAME=FORMULA",
                           help="A value that follows from others, e.g. --bind 'width=1.1^phi'.")
jobs_option = click.option("-j", "--jobs", type=click.IntRange(1), default=1, show_default=True,
                           help="Processes, where the structure changes.")


@click.command()
@_options.on_model
@click.option("--vary", "varied", multiple=True, required=True, metavar="NAME=VALUES",
              help="What varies: width=0.25:1:0.25 (first, last, step), depth=1,2,4, bias=yes,no, or "
                   "H,W=128:224:32 for two that are equal. All combinations, unless --together.")
@click.option("--together", is_flag=True, help="Only the first values of all, the second ones, and so on.")
@bind_option
@of_option
@click.option("--where", "conditions", multiple=True, metavar="CONDITION",
              help="Only variants for which it holds, e.g. 'macs < 600e6 and width >= 0.5'.")
@click.option("--pareto", metavar="NAME,NAME",
              help="Mark those that no other is as good as in both, e.g. params,macs. Small is good; with - "
                   "in front large is.")
@click.option("--sort", metavar="NAME", help="The smallest first; with - in front the largest.")
@click.option("--top", type=click.IntRange(1), metavar="N",
              help=f"At most so many rows.  [default: {TOP} in tables, else all]")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Also a picture, png, svg or pdf: the two of --pareto, else MACs and params.")
@jobs_option
def sweep(model: str, sizes: Sequence[tuple[str, Any]], form: str | None, output: Path | None,
          plugins: Sequence[str], varied: Sequence[str], together: bool, bindings: Sequence[str],
          names: Sequence[str], conditions: Sequence[str], pareto: str | None, sort: str | None,
          top: int | None, plot: Path | None, jobs: int) -> None:
    """Figures of all variants of a network: of every width, depth and resolution."""
    from archcheck.sweeping import axis
    _options.load_plugins(plugins)
    plan = planned(model, tuple(map(axis, varied)), sizes, bindings, names, together)
    variants = swept(plan, jobs, plugins)
    total, faults = len(variants), variants.faults
    for condition in conditions:
        variants = variants.where(condition)
    objectives = [name.strip() for name in pareto.split(",")] if pareto else []
    if objectives:
        variants = variants.pareto(objectives).sorted(objectives[0]).front_first()
    variants = variants.sorted(sort) if sort else variants
    if plot:
        _plot(variants, objectives, plot)
    _emit(variants, form, output, (top, conditions, objectives, total, dict(faults)))


def planned(model: str, axes: Sequence[Any], sizes: Sequence[tuple[str, Any]], bindings: Sequence[str],
            names: Sequence[str], together: bool = False) -> Plan:
    """What options ask for."""
    from archcheck.sweeping import Plan
    from archcheck.sweeping.measures import FIGURES
    formulas = tuple(_formula(text) for text in bindings)
    return Plan(model, tuple(axes), together, formulas, dict(sizes),
                tuple(dict.fromkeys(names)) or FIGURES)


def _formula(text: str) -> tuple[str, str]:
    name, _, formula = (part.strip() for part in text.partition("="))
    if not name or not formula:
        raise click.BadParameter(f"{text!r} is not of the form NAME=FORMULA, such as width=1.1^phi",
                                 param_hint="--bind")
    return name, formula


def swept(plan: Plan, jobs: int, plugins: Sequence[str]) -> Variants:
    """The variants of a plan, with a bar on a terminal while they are worked out."""
    from archcheck.cli._running import progress
    from archcheck.sweeping import sweep
    with progress("structures", len(plan.structures)) as done:
        return sweep(plan, jobs, done, plugins)


def _plot(variants: Variants, objectives: Sequence[str], path: Path) -> None:
    from archcheck.reporters.scatter import DEFAULT, write_plot
    named = [name.removeprefix("-") for name in objectives]
    write_plot(variants, (named[0], named[1]) if len(named) > 1 else DEFAULT, path)


def _emit(variants: Variants, form: str | None, output: Path | None, asked: Any) -> None:
    from archcheck.reporters.sweep import View, sheet
    top, *others = asked
    if form is None and output is not None and output.suffix.lower() == ".parquet":
        from archcheck.writers.tables import write_parquet
        write_parquet(variants.taken(slice(top)), output)
        return
    as_data = _options.form_for(form, output) in ("json", "csv")
    view = View(top or (None if as_data else TOP), as_data, *others)
    _options.emit(sheet(variants, view, _options.script_for(None, output)), None, form, output)
