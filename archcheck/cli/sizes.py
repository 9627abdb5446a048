"""``archcheck sizes``."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archcheck.cli import _options

if TYPE_CHECKING:
    from archcheck.graph import Graph
    from archcheck.report import Report


@click.command()
@_options.on_model
@click.option("--within", "limits", multiple=True, metavar="LIMIT",
              help="Also find the largest size within a limit, e.g. --within 'macs < 1e9'.")
@click.option("--free", "axes", multiple=True, metavar="INPUT:AXES",
              help="Make sizes that the file fixes symbols, e.g. --free image:2,3.")
def sizes(model: str, sizes: Sequence[tuple[str, int]], form: str | None, output: Path | None,
          plugins: Sequence[str], limits: Sequence[str], axes: Sequence[str]) -> None:
    """For which input sizes the network runs, and which layers make it so."""
    from archcheck.analyses import budgets, freeing
    from archcheck.binding import bind, instance
    from archcheck.frontends import load
    from archcheck.infer import analyze
    from archcheck.reporters.sizes import Answer, sheet
    _options.load_plugins(plugins)
    wanted = list(map(budgets.budget, limits))
    chosen, given = instance(load(model), dict(sizes))
    graph, freed = freeing.free(chosen, axes)
    bind(graph, given)
    report = analyze(graph)
    validity = report.valid.at(given)
    found = budgets.largest(report, validity, wanted) if wanted else None
    answer = Answer(report, validity, wanted, found, freed, _failures(graph, report, given))
    _options.emit(sheet(answer, _options.script_for(report, output)), report, form, output)


def _failures(graph: Graph, report: Report, given: Mapping[str, int]) -> list[str]:
    """What goes wrong at the given sizes, and is known only there."""
    from archcheck.infer import analyze
    failures = analyze(graph, given).failures if given and not report.valid.at(given).violated else {}
    return [f"{graph.nodes[index].name}: {failure.message}" for index, failure in failures.items()
            if index not in report.failures]
