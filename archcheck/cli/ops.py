"""``archcheck ops``."""
from __future__ import annotations

from collections.abc import Sequence

import click

from archcheck.cli import _options


@click.command()
@click.argument("name", required=False)
@click.option("--runtime", metavar="NAME[==VERSION]",
              help="What a runtime takes: formats, operators, types, attributes.")
@click.option("--format", "form", type=click.Choice(["plain", "json"]), default="plain", show_default=True)
@_options.plugin_option
def ops(name: str | None, runtime: str | None, form: str, plugins: Sequence[str]) -> None:
    """The operators that are known; with NAME, what one of them computes."""
    from shutil import get_terminal_size
    _options.load_plugins(plugins)
    width = get_terminal_size().columns if _options.on_terminal(None) else None
    if runtime is None:
        from archcheck.reporters.operators import render
        text = render(name, form, width)
    else:
        from archcheck.reporters.runtimes import render as render_runtime
        text = render_runtime(runtime, form, width)
    _options.write(text, None)
