"""``archcheck diff``."""
from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archcheck.cli import _options

if TYPE_CHECKING:
    from archcheck.comparing import Difference
    from archcheck.report import Report
    from archcheck.rules._payloads import Payloads

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
@click.option("--all", "everything", is_flag=True, help="Every layer, however many there are.")
@click.option("--exit-code", "exits", is_flag=True, help="Exit with 1 where anything but names differs.")
@click.option("--fail-on", "limits", type=Limit(), multiple=True,
              help="Exit with 1 where the interface breaks, or a total grows by more. May be repeated.")
@_options.format_option
@_options.output_option
@_options.plugin_option
def diff(old: str, new: str, sizes: Sequence[tuple[str, Any]], weights: bool, everything: bool, exits: bool,
         limits: Sequence[Any], form: str | None, output: Path | None, plugins: Sequence[str]) -> int:
    """What differs between two networks: interface, totals, layers, findings.

    OLD and NEW are models as for other commands, or files as git has them: HEAD~1:model.onnx.
    """
    from archcheck.comparing import compare
    _options.load_plugins(plugins)
    with ExitStack() as stack:
        a, b = (_judged(name, dict(sizes), stack) for name in (old, new))
        _refuse_unused(dict(sizes), a[0], b[0])
        found = compare(a[0], b[0], (a[1], b[1]) if weights else None)
        _show(found, old, new, b[0], form, output, everything)
    return 1 if exits and not found.is_empty or _exceeds(found, limits) else 0


def _judged(name: str, sizes: dict[str, Any], stack: ExitStack) -> tuple[Report, Payloads]:
    """What is known of a network, with what the rules find in it, and its weights."""
    from archcheck.config._resolve import sources
    from archcheck.frontends import load
    from archcheck.frontends._revisions import is_revision, loaded
    from archcheck.infer import analyze
    from archcheck.lint._one import has_size
    from archcheck.rules._case import Case
    from archcheck.rules._judge import judge
    from archcheck.rules._payloads import Payloads
    graph, source = loaded(name, _folder(stack)) if is_revision(name) else (load(name), None)
    report = analyze(graph, {size: number for size, number in sizes.items() if has_size(graph, size)})
    settings = sources([], {}).settings(name.partition(":")[2] if source else name)
    report.findings, broken = judge(Case(report, settings))
    for code, message in broken:
        click.echo(f"archcheck: the rule {code} failed at {name}: {message}. This is a defect of archcheck; "
                   "ARCHCHECK_DEBUG=1 shows where", err=True)
    return report, Payloads(graph, source)


def _refuse_unused(sizes: dict[str, Any], old: Report, new: Report) -> None:
    """A size that neither network has is a mistake."""
    from archcheck.binding import BindingError
    for name in sizes:
        if name not in old.sizes and name not in new.sizes:
            raise BindingError(f"neither network has a size called {name!r}; see the shapes of their inputs")


def _folder(stack: ExitStack) -> str:
    from tempfile import TemporaryDirectory
    return stack.enter_context(TemporaryDirectory(prefix="archcheck-", ignore_cleanup_errors=True))


def _show(found: Difference, old: str, new: str, report: Report, form: str | None, output: Path | None,
          everything: bool) -> None:
    from shutil import get_terminal_size

    from archcheck.reporters.diff import View, render
    view = View(old, new, _options.script_for(report, output), get_terminal_size().columns,
                _options.coloured(output), everything)
    _options.write(render(found, _options.form_for(form, output), view), output)


def _exceeds(found: Difference, limits: Sequence[Any]) -> bool:
    """Whether anything is over the limits, which is told."""
    broken = INTERFACE in limits and found.is_breaking
    if broken:
        click.echo("archcheck: the interface breaks", err=True)
    most = min((limit for limit in limits if isinstance(limit, Fraction)), default=None)
    grown = found.grown(most) if most is not None else ()
    for one in grown:
        click.echo(f"archcheck: {one.name} grew by {float(one.growth or 0):.2%}", err=True)
    for one in found.totals if most is not None else ():
        if one.growth is None and not one.is_same:
            click.echo(f"archcheck: how much {one.name} grew depends on sizes, or is not known; "
                       "bind them with --set", err=True)
    return broken or bool(grown)
