"""``archcheck bench``."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archcheck.cli import INTERRUPTED, _options, _running

if TYPE_CHECKING:
    from archcheck.analyses.devices import Device as Peaks
    from archcheck.backends.guard import Limits
    from archcheck.backends.ort import Device


@click.command()
@_options.on_model
@click.argument("other", required=False)
@_running.runs
@click.option("--seconds", type=click.FloatRange(0, min_open=True), default=5.0, show_default=True,
              help="Measure a model for so long, half of it with the profiler.")
@click.option("--runs", type=click.IntRange(1), metavar="N", help="At most so many runs in each half.")
@click.option("--warmup", type=click.IntRange(0), default=3, show_default=True, metavar="N",
              help="Runs before that are not measured.")
@click.option("--optimize/--no-optimize", default=True, show_default=True,
              help="Whether ONNX Runtime may change the graph, as it does when it is not asked.")
@click.option("--roofline", metavar="NAME|FIGURES",
              help="Also how near each node comes to what the machine can do: h100, a100, …, or figures such "
                   "as peak=100e9,bandwidth=20e9.")
@click.option("--calibrate", is_flag=True, help="The same, with figures that are measured first.")
@click.option("--top", type=click.IntRange(1), default=15, show_default=True, metavar="N",
              help="Only the N nodes that take longest.")
@click.option("--all", "everything", is_flag=True, help="All nodes, in the order in which they run.")
def bench(model: str, other: str | None, sizes: Sequence[tuple[str, Any]], form: str | None,
          output: Path | None, plugins: Sequence[str], device: Device, limits: Limits, seed: int,
          seconds: float, runs: int | None, warmup: int, optimize: bool, roofline: str | None,
          calibrate: bool, top: int, everything: bool) -> None:
    """How long MODEL takes in ONNX Runtime, node by node, beside what is predicted.

    With OTHER, the two side by side.
    """
    from archcheck.backends.bench import Setting, measured
    from archcheck.backends.clock import Plan
    from archcheck.reporters.bench import View, sheet
    from archcheck.reporters.bench_pair import pair_sheet
    if roofline and calibrate:
        raise click.UsageError("--roofline says what --calibrate measures; give one of them")
    _options.load_plugins(plugins)
    setting = Setting(dict(sizes), device, limits, seed, Plan(warmup, runs, seconds / 2), optimize)
    machine_form = _options.form_for(form, output) in ("json", "csv")
    found = []
    peaks = _peaks(roofline, calibrate, device, limits)
    for source in filter(None, (model, other)):
        with _running.progress(source[-40:].replace("[", "\\["), 100) as tick:
            found.append(measured(source, setting, peaks, _percent(tick)))
        if found[-1].stopped:
            break
    view = View(None if everything else top, machine_form, _options.script_for(None, output))
    answer = sheet(found[0], view) if len(found) == 1 else pair_sheet(found[0], found[1], view)
    _options.emit(answer, None, form, output)
    if found[-1].stopped:
        click.get_current_context().exit(INTERRUPTED)


def _peaks(roofline: str | None, calibrate: bool, device: Device, limits: Limits) -> Peaks | None:
    """What the machine can do: as said, as measured, or nothing."""
    from archcheck.analyses import devices
    if calibrate:
        from archcheck.backends.calibrate import calibrated
        return calibrated(device, limits)
    return devices.device(roofline) if roofline else None


def _percent(tick: Callable[[], None]) -> Callable[[float], None]:
    """What moves a bar of 100 ticks to a part of its length."""
    done = 0

    def moved(part: float) -> None:
        nonlocal done
        for _ in range(done, int(100 * part)):
            tick()
        done = max(done, int(100 * part))
    return moved
