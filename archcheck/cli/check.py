"""``archcheck check``."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archcheck.cli import _fixing, _lint, _options

if TYPE_CHECKING:
    from archcheck.checked import Checked, Run

FULL, CONCISE = "full", "concise"
FORMATS = (FULL, CONCISE, "json", "json-lines", "sarif", "github", "gitlab", "junit", "markdown")
DETAILED = frozenset(("json", "json-lines", "sarif", "markdown"))
"""The formats that tell hashes of files, or totals of networks."""

Outputs = Sequence[tuple[str, Path]]


class Output(_options.ParamType):
    """``FORM=FILE``, or a file whose suffix stands for a format."""

    name = "[FORM=]FILE"

    def convert(self, value: Any, param: click.Parameter | None,
                ctx: click.Context | None) -> tuple[str, Path]:
        """The format and the file that ``value`` says."""
        from archcheck.reporters.findings import SUFFIXES
        if isinstance(value, tuple):
            return value
        form, equals, file = value.partition("=")
        if equals and form in FORMATS and file:
            return form, Path(file)
        suffix = Path(value).suffix.lower()
        if suffix not in SUFFIXES:
            self.fail(f"{value!r} does not say in which format to write; put one of {', '.join(FORMATS)} "
                      f"before it, as in sarif={value}", param, ctx)
        return SUFFIXES[suffix], Path(value)


@click.command()
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@_lint.with_options(
    click.option("--format", "--output-format", "form", type=click.Choice(FORMATS),
                 help="What to print. [default: full; concise with --quiet]"),
    click.option("-o", "--output", "--output-file", "outputs", type=Output(), multiple=True,
                 help="Also write to a file; its suffix, or FORM, decides the format. May be repeated."),
    click.option("-q", "--quiet", is_flag=True, help="Print one line for each finding, and nothing else."),
    click.option("--statistics", is_flag=True, help="Also how often each rule found something."),
    click.option("--show-suppressed", is_flag=True, help="Also what is suppressed, and why."),
    click.option("--fail-on", type=click.Choice(_lint.SEVERITIES),
                 help="The least severity with which the exit code is 1. [default: warning]"),
    *_fixing.OPTIONS,
    *_lint.SELECTING,
    click.option("--baseline", metavar="FILE", help="Findings in this file do not count."),
    click.option("--stdin-filename", metavar="NAME", help="What to call the model on standard input."),
    *_lint.RUNNING)
def check(models: Sequence[str], form: str | None, outputs: Outputs, quiet: bool, statistics: bool,
          show_suppressed: bool, sizes: Sequence[tuple[str, Any]], stdin_filename: str | None,
          jobs: int | None, no_cache: bool, timeout: float, max_memory: int | None, fix: bool,
          unsafe_fixes: bool, diff: bool, in_place: bool, **options: Any) -> int:
    """Judge models: what is wrong, where, why, and how to mend it.

    MODELs are files, folders, patterns such as 'models/**/*.onnx', - for standard input, specs:NAME or
    onnx:NAME; without any, the models in the current folder. The exit code is 1 where something is found that
    --fail-on names or worse, 2 where a model or option cannot be used, 3 after a defect of archcheck.
    `archcheck rule CODE` explains a rule.
    """
    from archcheck.many import Interrupted
    how = _fixing.How(fix, unsafe_fixes, diff, in_place)
    how.require_sense()
    form = form or (CONCISE if quiet else FULL)
    detailed = not DETAILED.isdisjoint((form, *(other for other, _ in outputs)))
    found = _lint.sources(**options)
    work, missing = _lint.tasks(models, found, sizes, no_cache, detailed, stdin_filename)
    if diff:
        return max(missing, _fixing.show_diffs(work, how))
    work, code = _fixing.fix_all(work, how) if fix else (work, 0)
    show = _Shown(form, outputs, quiet, statistics, show_suppressed)
    try:
        checked = _lint.check_all(work, jobs, timeout, max_memory)
    except Interrupted as stop:
        show(stop.done, [])
        raise
    return max(code, missing, show(checked, [task.settings.baseline for task in work]))


class _Shown:
    """How a run is shown, and where."""

    def __init__(self, form: str, outputs: Outputs, quiet: bool, statistics: bool, suppressed: bool) -> None:
        self.form, self.outputs, self.quiet = form, outputs, quiet
        self.statistics, self.suppressed = statistics, suppressed

    def __call__(self, checked: Sequence[Checked], baselines: Sequence[str | None]) -> int:
        """Write what was found, everywhere; the exit code that it asks for."""
        from archcheck.checked import Run
        checked, gone = _against(checked, baselines) if any(baselines) else (tuple(checked), 0)
        run = Run(checked)
        _lint.complain(checked, self.form not in (FULL, CONCISE))
        if gone and not self.quiet:
            entries = "1 entry of the baseline is" if gone == 1 else f"{gone:,} entries of the baseline are"
            click.echo(f"archcheck: {entries} gone; `archcheck baseline prune` cleans it", err=True)
        for form, file in (*self.outputs, (self.form, None)):
            self._write(run, form, file)
        return run.exit_code

    def _write(self, run: Run, form: str, file: Path | None) -> None:
        from archcheck.reporters.findings import View, render
        width = _width() if _options.on_terminal(file) else None
        view = View(_options.script_for(None, file), width,
                    _options.coloured(file), self.statistics, self.suppressed)
        _options.write(render(run, form, view), file)


def _against(checked: Sequence[Checked],
             baselines: Sequence[str | None]) -> tuple[tuple[Checked, ...], int]:
    """Models against their baselines, and how many entries of these are gone."""
    from archcheck.lint._baseline import applied
    return applied(zip(checked, baselines))


def _width() -> int:
    from shutil import get_terminal_size
    return get_terminal_size().columns
