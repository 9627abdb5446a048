"""``archcheck draw``."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from archcheck.cli import _options
from archcheck.collector import collector_held

STYLES = ("paper", "debug", "plain")  # these are drawing.look.CHOICES, which is not loaded for --help
COLOURS = ("op", "cost", "params", "memory", "field", "findings")
THEMES = ("light", "dark", "auto")
EDGES = ("shape", "dtype", "bytes", "none")
FORMATS = ("svg", "png", "pdf", "dot", "mmd", "tex", "html")


@click.command()
@_options.model_argument
@_options.sizes_option
@click.option("--format", "form", type=click.Choice(FORMATS), help="[default: by the suffix of -o, else svg]")
@_options.output_option
@click.option("--fold", default="auto", show_default=True, metavar="auto|scope|depth=N|none",
              help="Open what has room; the same without folding repetitions; N levels; or show every node.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True,
              help="How many boxes `--fold auto` and `scope` show at most.")
@click.option("--focus", metavar="NODE", help="Only what is near this node or value.")
@click.option("--radius", type=click.IntRange(0), metavar="N", help="How near. [default: 2]")
@click.option("--from", "start", metavar="NODE", help="Only what depends on this node or value.")
@click.option("--to", "end", metavar="NODE", help="Only what this node or value depends on.")
@click.option("--style", type=click.Choice(STYLES), default="paper", show_default=True,
              help="Few words; names and figures; or black and white.")
@click.option("--color", "colour", type=click.Choice(COLOURS), default="op", show_default=True,
              help="What colours stand for.")
@click.option("--theme", type=click.Choice(THEMES), default="light", show_default=True,
              help="On light or dark ground; `auto` has both in one svg or html, and the viewer decides.")
@click.option("--edges", type=click.Choice(EDGES), default="shape", show_default=True,
              help="What edges are labelled with.")
@click.option("--rankdir", type=click.Choice(["TB", "LR"]), default="TB", show_default=True,
              help="Which way data flow: to the bottom or to the right.")
@click.option("--to-scale", is_flag=True, help="Boxes as high as the resolution and as wide as the channels.")
@click.option("--engine", type=click.Choice(["auto", "builtin", "dot"]), default="auto", show_default=True,
              help="Who lays out svg, png and pdf: archcheck itself, or Graphviz.")
@_options.plugin_option
@collector_held
def draw(model: str, sizes: Sequence[tuple[str, int]], form: str | None, output: Path | None, fold: str,
         limit: int, focus: str | None, radius: int | None, start: str | None, end: str | None, style: str,
         colour: str, theme: str, edges: str, rankdir: str, to_scale: bool, engine: str,
         plugins: Sequence[str]) -> None:
    """A diagram that folds repetitions and modules until a person can read it."""
    from archcheck import infer
    from archcheck.drawing.draw import drawn, form_of
    from archcheck.drawing.folding import picture
    from archcheck.drawing.look import look_for
    _options.load_plugins(plugins)
    report = infer.analyze(model, dict(sizes))
    found = picture(report, fold, focus, radius, start, end, limit)
    look = look_for(report, found, style, colour, edges, rankdir, to_scale=to_scale, theme=theme)
    form = form or form_of(output)
    _options.write_picture(drawn(found, look, form, engine), form, output)
