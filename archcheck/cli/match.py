"""``archcheck match``."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from archcheck.cli import _options

MISMATCH = 1
"""The exit code where the network does not fit."""


@click.command()
@_options.on_model
@click.argument("pattern")
@click.pass_context
def match(context: click.Context, model: str, pattern: str, sizes: Sequence[tuple[str, int]],
          form: str | None, output: Path | None, plugins: Sequence[str]) -> None:
    """Whether the layers come as PATTERN says, such as '[(CONV-RELU)*N-POOL?]*M-(FC-RELU)*K-FC'.

    The exit code is 0 where they do, and 1 where they do not.
    """
    from archcheck import infer
    from archcheck.analyses import matching
    from archcheck.reporters.match import sheet
    _options.load_plugins(plugins)
    report = infer.analyze(model, dict(sizes))
    found = matching.match(report, pattern)
    as_data = _options.form_for(form, output) in ("json", "csv")
    _options.emit(sheet(report, pattern, found, as_data), report, form, output)
    if found.binding is None:
        context.exit(MISMATCH)
