"""``archcheck diff``."""
from __future__ import annotations

import os
import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from archcheck.cli import _lint, _options, _running

if TYPE_CHECKING:
    from archcheck.comparing.many import Ask, Compared

INTERFACE = "interface"


class Limit(_options.ParamType):
    """``interface``, or ``growth=2%``."""

    name = "interface|growth=N%"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """`INTERFACE`, or the largest growth as a fraction."""
        found = re.fullmatch(r"growth=([0-9]{1,9}(?:\.[0-9]{1,9})?)%", str(value))
        if found:
            return Fraction(found[1]) / 100
        if value != INTERFACE and not isinstance(value, Fraction):
            self.fail(f"{value!r} is neither interface nor of the form growth=2%", param, ctx)
        return value


@click.command()
@click.argument("old")
@click.argument("new")
@_options.sizes_option
@click.option("--weights", is_flag=True, help="Compare the contents of weights too, which reads them all.")
@click.option("--all", "everything", is_flag=True, help="Every layer and model, however many there are.")
@click.option("--exit-code", "exits", is_flag=True, help="Exit with 1 where anything but names differs.")
@click.option("--fail-on", "limits", type=Limit(), multiple=True,
              help="Exit with 1 where the interface breaks, or a total grows by more. May be repeated.")
@_options.format_option
@_options.output_option
@_options.plugin_option
@_lint.with_options(*_lint.RUNNING)
def diff(old: str, new: str, sizes: Sequence[tuple[str, Any]], exits: bool, limits: Sequence[Any],
         output: Path | None, jobs: int | None, no_cache: bool, timeout: float, max_memory: int | None,
         **options: Any) -> int:
    """What differs between two networks: interface, totals, layers, findings.

    OLD and NEW are models as for other commands, or files as git has them: HEAD~1:model.onnx. Or both are
    folders, or patterns such as 'models/*.onnx', also of a commit: HEAD~1:models. Then models are matched by
    their paths inside, those that have moved by their contents, and each is compared with what it was.
    """
    from archcheck.comparing._folders import is_folder
    _options.load_plugins(options["plugins"])
    are_folders = is_folder(old)
    if are_folders != is_folder(new):
        _refuse(*((old, new) if are_folders else (new, old)))
    ask = _ask(old, new, dict(sizes), output, **options)
    if are_folders:
        folder, salt = (None, "") if no_cache else _lint.remembering()
        rows = _many(ask._replace(cache=folder, salt=salt), jobs, timeout, max_memory)
        _show_many(rows, ask, output)
    else:
        rows = [_one(ask, output)]
    return max(_code(row, are_folders, exits, limits) for row in rows)


def _refuse(folder: str, other: str) -> NoReturn:
    """Say why a folder or pattern cannot be compared with what is neither."""
    from archcheck.errors import UserError
    from archcheck.frontends._revisions import is_revision, require_file
    if is_revision(other):
        require_file(other)
    elif not os.path.exists(other):
        raise UserError(f"{folder} is a folder or a pattern, and there is no {other}; correct its name")
    raise click.UsageError(f"{folder} is a folder or a pattern, and {other} is not; compare two of a kind")


def _ask(old: str, new: str, sizes: dict[str, Any], output: Path | None, weights: bool, everything: bool,
         form: str | None, plugins: Sequence[str]) -> Ask:
    """What is asked of one pair, and how to tell it."""
    from shutil import get_terminal_size

    from archcheck.comparing.many import Ask
    from archcheck.reporters.diff import View
    view = View(old, new, _options.script_for(None, output), get_terminal_size().columns,
                _options.coloured(output), everything)
    return Ask("", old, new, sizes, weights, _options.form_for(form, output), view, tuple(plugins))


def _one(ask: Ask, output: Path | None) -> Compared:
    """Two networks compared, which is shown."""
    from archcheck.comparing.many import fresh
    found = fresh(ask)
    _require_sizes([found], ask)
    _options.write(found.text, output)
    return found


def _many(ask: Ask, jobs: int | None, timeout: float, max_memory: int | None) -> list[Compared]:
    """What has become of each model of two folders."""
    from archcheck import many
    from archcheck.comparing.many import compare_many
    place, limits = _running.shared(jobs, timeout, max_memory)
    rows = compare_many(ask, place, limits, many.progress())
    _require_sizes(rows, ask)
    return rows


def _require_sizes(rows: Sequence[Compared], ask: Ask) -> None:
    """A size that no network has is a mistake."""
    from archcheck.binding import BindingError
    from archcheck.comparing.many import CHANGED, SAME
    analyzed = [row for row in rows if row.state in (CHANGED, SAME)]
    for name in ask.sizes if analyzed else ():
        if not any(name in row.sizes for row in analyzed):
            which = "neither network" if len(analyzed) == 1 else "none of the networks"
            raise BindingError(f"{which} has a size called {name!r}; see the shapes of their inputs")


def _show_many(rows: Sequence[Compared], ask: Ask, output: Path | None) -> None:
    from archcheck.reporters.diff.many import render
    _options.write(render(rows, ask.form, ask.view), output)


def _code(row: Compared, is_named: bool, exits: bool, limits: Sequence[Any]) -> int:
    """The exit code that a pair asks for; why is told."""
    from archcheck.comparing.many import over, unknown
    most = min((limit for limit in limits if isinstance(limit, Fraction)), default=None)
    broken = list(over(row, INTERFACE in limits, most))
    where = f"{row.path}: " if is_named else ""
    for what in (*broken, *(unknown(row) if most is not None else ())):
        click.echo(f"archcheck: {where}{what}", err=True)
    for what in row.complaints:
        click.echo(f"archcheck: {what}", err=True)
    return max(row.exit_code, 1 if broken or exits and row.is_other else 0)
