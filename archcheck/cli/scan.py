"""``archcheck scan``."""
from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from archcheck.cli import _lint, _options, _running

if TYPE_CHECKING:
    from archcheck.catalog._row import Ask
    from archcheck.catalog._scan import Scan
    from archcheck.catalog._sources import Item
    from archcheck.config._resolve import Sources

Output = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@_lint.with_options(
    click.option("-o", "--output", type=Output, metavar="FILE",
                 help="Write a row for each model; FILE ends in .parquet, .jsonl or .csv."),
    click.option("--layers", type=Output, metavar="FILE", help="Also a row for each layer, likewise."),
    click.option("--format", "form", type=click.Choice(_options.FORMATS),
                 help="How to print the summary. [default: table; plain when piped]"),
    click.option("--cluster", metavar="ADDRESS",
                 help="Work on the cluster at dask://HOST:PORT or ray://HOST:PORT."),
    *_lint.SELECTING,
    *_lint.RUNNING)
def scan(sources: Sequence[str], output: Path | None, layers: Path | None, form: str | None,
         cluster: str | None, timeout: float, max_memory: int | None, sizes: Sequence[tuple[str, Any]],
         jobs: int | None, no_cache: bool, weights: bool | None, **options: Any) -> int:
    """Make a catalogue of many models: a row each.

    SOURCEs are files, folders, patterns such as 'models/**/*.onnx', archives (.zip, .tar, .tar.gz) and URLs
    (s3://, gs://, hf://, https://, zip://…::…), of which only the needed bytes are read. A model that cannot
    be read, crashes, hangs or takes too much memory has a row that says so. What is done is kept: after an
    interruption, or when models change, the same command does only what is missing. --set is for the models
    that have such a size. Rules that read weights are asked only with --weights.
    """
    from archcheck.catalog import _write
    from archcheck.catalog._sources import items
    for file in (output, layers):
        if file is not None:
            _write.require(file)
    found = _lint.sources(**options, weights=bool(weights))
    _running.clean_up_when_ended()
    with TemporaryDirectory(prefix="archcheck-", ignore_cleanup_errors=True) as folder:
        led_to = items(sources, None if cluster else folder)
        code = _lint.missing(led_to.missing, led_to.items)
        asks = _asks(led_to.items, found, dict(sizes), layers is not None)
        with _scanned(asks, no_cache, layers is not None) as work:
            _run(work, jobs, cluster, timeout, max_memory)
            _written(work, output, layers)
            _show(work, form)
    return code


def _asks(items: Sequence[Item], found: Sources, sizes: dict[str, Any], layers: bool) -> list[Ask]:
    from archcheck.catalog._row import Ask
    from archcheck.frontends import is_url
    from archcheck.lint._one import Task
    asks = []
    for item in items:
        settings = found.settings(item.name)
        settings = replace(settings, sizes={**settings.sizes, **sizes})
        path = item.name if is_url(item.name) or ":" in item.name else os.path.abspath(item.name)
        asks.append(Ask(Task(path, settings, {}), item.name, item.sha256, item.version, layers, item.held))
    return asks


@contextmanager
def _scanned(asks: Sequence[Ask], no_cache: bool, layers: bool) -> Iterator[Scan]:
    from archcheck import cache
    from archcheck.catalog._journal import Journal
    from archcheck.catalog._scan import Scan
    folder = None if no_cache else os.path.abspath(cache.FOLDER)
    with Journal(folder, cache.salt(), layers) as journal:
        yield Scan(asks, journal)


def _run(work: Scan, jobs: int | None, cluster: str | None, timeout: float, memory: int | None) -> None:
    (place, limits), todo = _running.shared(jobs, timeout, memory), work.look()
    try:
        with _progress(len(todo)) as progress:
            work.run(todo, place._replace(cluster=cluster), limits, progress)
    except (KeyboardInterrupt, SystemExit):
        click.echo(f"archcheck: interrupted; {work.done:,} of {len(work.asks):,} models are done and kept: "
                   "the same command goes on from there", err=True)
        raise


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal's standard error, with the rate and the time left."""
    if not total or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda steps: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    columns = (TextColumn("models"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"),
               TimeRemainingColumn(elapsed_when_finished=True), TextColumn("left"))
    with Progress(*columns, console=Console(stderr=True), transient=True, speed_estimate_period=60) as bar:
        task = bar.add_task("", total=total, rate="")

        def advance(steps: int) -> None:
            speed = bar.tasks[0].speed
            bar.update(task, advance=steps, rate=f"{speed:.1f} a second" if speed else "")
        yield advance


def _written(work: Scan, output: Path | None, layers: Path | None) -> None:
    from archcheck.catalog import _row, _write
    if output is not None:
        _write.write(output, work.rows(), _row.COLUMNS, "archcheck.scan/1")
    if layers is not None:
        _write.write(layers, work.layers(), _row.LAYER_COLUMNS, "archcheck.scan-layers/1")


def _show(work: Scan, form: str | None) -> None:
    from archcheck.reporters.scan import sheet
    _options.emit(sheet(work.counted()), None, form, None)
