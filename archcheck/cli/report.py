"""``archcheck report``."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archcheck.cli import _options
from archcheck.collector import collector_held

if TYPE_CHECKING:
    from archcheck.claims import Outcome


@click.command()
@_options.model_argument
@_options.sizes_option
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path),
              help="The file to write. [default: standard output, unless that is a terminal]")
@_options.plugin_option
@collector_held
def report(model: str, sizes: Sequence[tuple[str, Any]], output: Path | None, plugins: Sequence[str]) -> None:
    """Write all that is known of a network as one HTML page.

    The page holds the graph, folded, to be opened box by box; a table of the nodes; what they cost and keep
    in memory; what each position reads of the input; findings, valid sizes, and claims with verdicts. Its
    symbols can be set, and all figures follow. It needs no other file, and nothing from a network.
    """
    from archcheck.infer import analyze
    from archcheck.reporters.html import render
    from archcheck.rules._judge import check
    if _options.on_terminal(output):
        raise click.UsageError("a page is not for a terminal: say where to write it, such as -o report.html")
    _options.load_plugins(plugins)
    found = check(analyze(model, dict(sizes)))
    _options.write(render(found, _outcomes(model)), output)


def _outcomes(model: str) -> Sequence[Outcome]:
    """What came of the claims that a specification makes of itself."""
    from archcheck import claims
    from archcheck.claims import _sorted as kinds
    return claims.verify([model]).outcomes if kinds.kind_of(model) == kinds.BOTH else ()
