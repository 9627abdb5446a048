"""``archcheck verify``."""
from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archcheck.cli import _lint, _options, _running

if TYPE_CHECKING:
    from archcheck.backends.fields import Probed
    from archcheck.backends.guard import Limits
    from archcheck.backends.measure import How, Verified
    from archcheck.backends.ort import Device
    from archcheck.backends.several import Ask
    from archcheck.claims import Verified as Recomputed
    from archcheck.reporters.sheet import Sheet

FOUND_WRONG = 1
DATA = "json", "csv"


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@_options.sizes_option
@click.option("--sizes", "count", type=click.IntRange(1), default=2, show_default=True, metavar="COUNT",
              help="At how many sizes of its symbols a network is run.")
@click.option("--free", "axes", multiple=True, metavar="INPUT:AXES",
              help="Also draw sizes that the file fixes, e.g. --free image:0.")
@click.option("--execute", is_flag=True,
              help="Also run what claims say can be run, and of a specification with claims the network.")
@click.option("--fields", is_flag=True, help="Also hold receptive fields against runs with NaN in places.")
@click.option("--equal", "other", metavar="OTHER",
              help="Compare what comes out of PATH, a network, with what comes out of OTHER.")
@click.option("--rtol", type=click.FloatRange(0), metavar="SHARE",
              help="How far --equal lets numbers be apart, relative to each. [default: by dtype]")
@click.option("--atol", type=click.FloatRange(0), metavar="SHARE",
              help="And relative to the largest of their tensor, or 1. [default: by dtype]")
@click.option("--all", "everything", is_flag=True, help="A row for every statement, and every value.")
@click.option("--format", "form", type=click.Choice([*_options.FORMATS, "junit"]),
              help="[default: table; plain when piped]")
@_options.output_option
@_options.plugin_option
@_lint.with_options(*_lint.AT_ONCE)
@_running.runs
def verify(paths: Sequence[str], sizes: Sequence[tuple[str, Any]], count: int, axes: Sequence[str],
           execute: bool, fields: bool, other: str | None, rtol: float | None, atol: float | None,
           everything: bool, form: str | None, output: Path | None, plugins: Sequence[str], jobs: int | None,
           no_cache: bool, device: Device, limits: Limits, seed: int) -> int:
    """Hold what is said of networks against runs, and published figures against what is computed.

    An ONNX file, a specification without claims or onnx:NAME is run in ONNX Runtime with all its values
    exposed, at several sizes; each has to have the dtype, the shape and the known elements that archcheck
    predicts and the file declares. Weights that are not there are made up. Several networks run at once, as
    far as memory allows; those that agree are remembered, and not run again as long as nothing has changed.

    Of a file of claims, a specification with claims or a folder of them every statement is recomputed; what
    is shown besides the counts are the slips, statements that are not so, each with the right value. Without
    a PATH these are the claims that ship with archcheck.

    The exit code is 1 where something is not as predicted, declared or recorded, or could not be run.
    """
    _options.load_plugins(plugins)
    given = dict(sizes)
    _require_sense(other, bool(axes or fields or execute), rtol is not None or atol is not None)
    if other is not None:
        return _equal(paths, other, given, count, seed, (rtol, atol), device, limits, form, output)
    stated, networks, code = _sorted(paths, execute)
    recomputed = _recomputed(stated, execute, plugins, device, limits) if stated else None
    asks = _asks(networks, no_cache, sizes=given, times=count, free=tuple(axes), fields=fields,
                 plugins=tuple(plugins), how=_how(seed, device, limits, len(networks)))
    (found, probed), worst = _verified(asks, jobs) if asks else (([], []), 0)
    if len(asks) == 1 and not found and recomputed is None:
        return max(code, worst)
    _show(recomputed, found, probed, everything, form, output)
    if recomputed is not None and recomputed.failures or not _are_right(found, probed):
        worst = max(worst, FOUND_WRONG)
    return max(code, worst)


def _require_sense(other: str | None, is_for_one: bool, has_tolerance: bool) -> None:
    if other is not None and is_for_one:
        raise click.UsageError("--equal only compares: leave out --free, --fields and --execute")
    if other is None and has_tolerance:
        raise click.UsageError("--rtol and --atol are for --equal")


def _sorted(paths: Sequence[str], execute: bool) -> tuple[list[str], list[str], int]:
    """The paths of claims, those of networks to be run, and the exit code of what leads to neither, which is
    told."""
    from archcheck.claims import _sorted as kinds
    from archcheck.frontends._zoo import folder
    found = kinds.sort(paths, execute)
    code = _lint.missing(found.missing, [*found.stated, *found.networks])
    if not execute and found.both and sys.stderr.isatty():
        click.echo("note: --execute also runs the network, and compares every value", err=True)
    return found.stated if paths else [str(folder())], found.networks, code


def _recomputed(paths: Sequence[str], execute: bool, plugins: Sequence[str], device: Device,
                limits: Limits) -> Recomputed:
    from archcheck import claims
    how = claims.Execution(device, limits, tuple(plugins), _running.progress) if execute else None
    return claims.verify(paths, how)


def _how(seed: int, device: Device, limits: Limits, networks: int) -> How:
    from archcheck.backends import measure
    return measure.How(seed, device, limits, _running.progress if networks == 1 else measure.silent)


def _asks(paths: Sequence[str], no_cache: bool, **asked: Any) -> list[Ask]:
    """What is asked of each network; standard input is read once, as it has no second time."""
    from archcheck.backends.several import Ask
    from archcheck.frontends import bytes_of
    folder, salt = (None, "") if no_cache else _lint.remembering()
    return [Ask(path, cache=folder, salt=salt, source=bytes_of(path) if path == "-" else None, **asked)
            for path in paths]


def _verified(asks: Sequence[Ask], jobs: int | None) -> tuple[tuple[list[Verified], list[Probed]], int]:
    """What comes of networks and of their fields, and the exit code of those that cannot be tried: a single
    one is told, one of several has a row."""
    from archcheck import many
    from archcheck.backends import several
    answers = several.verify_many(asks, jobs, many.progress())
    failed = [one for one in answers if isinstance(one, many.Failed)]
    if len(asks) == 1 and failed:
        click.echo(f"archcheck: {failed[0].message}", err=True)
        return ([], []), failed[0].exit_code
    rows = [several.refused(ask.path, one.message) if isinstance(one, many.Failed) else one
            for ask, one in zip(asks, answers)]
    probed = [fields for _, fields in rows if fields is not None]
    return ([row for row, _ in rows], probed), max((one.exit_code for one in failed), default=0)


def _are_right(found: Sequence[Verified], probed: Sequence[Probed]) -> bool:
    from archcheck.reporters.measured import are_right
    return are_right(found, probed)


def _equal(paths: Sequence[str], other: str, sizes: Mapping[str, Any], count: int, seed: int,
           tolerance: tuple[float | None, float | None], device: Device, limits: Limits, form: str | None,
           output: Path | None) -> int:
    """Two networks compared."""
    if len(paths) != 1 or form == "junit":
        raise click.UsageError("--equal compares one PATH with OTHER, and has no junit")
    from archcheck.backends.equal import compare
    from archcheck.reporters import equality
    rtol, atol = tolerance
    found = compare(paths[0], other, sizes, count=count, seed=seed, rtol=rtol, atol=atol, device=device,
                    limits=limits)
    shown = equality.records if _options.form_for(form, output) in DATA else equality.sheet
    _options.emit(shown(found), None, form, output)
    return 0 if found.is_equal else FOUND_WRONG


def _show(recomputed: Recomputed | None, found: Sequence[Verified], probed: Sequence[Probed],
          everything: bool, form: str | None, output: Path | None) -> None:
    """Write what was found of claims and of networks."""
    form = _options.form_for(form, output)
    if form == "junit":
        from archcheck.reporters.junit import junit
        _options.write(junit(recomputed, found), output)
    elif form in DATA:
        _options.emit(_data(recomputed, found, probed), None, form, output)
    else:
        _options.emit_all(list(_tables(recomputed, found, probed, everything)), None, form, output)


def _tables(recomputed: Recomputed | None, found: Sequence[Verified], probed: Sequence[Probed],
            everything: bool) -> Sequence[Sheet]:
    from archcheck.reporters import measured
    from archcheck.reporters import verify as reporter
    shown = reporter.listing if everything else reporter.table
    sheets = [shown(recomputed)] if recomputed else []
    return [*sheets, measured.sheet(found, probed, everything)] if found else sheets


def _data(recomputed: Recomputed | None, found: Sequence[Verified], probed: Sequence[Probed]) -> Sheet:
    """One record: that of the claims has the networks in it, without their values."""
    from archcheck.reporters import measured
    from archcheck.reporters import verify as reporter
    if recomputed is None:
        return measured.records(found, probed)
    sheet = reporter.records(recomputed)
    if not found:
        return sheet
    return replace(sheet, record={**sheet.record, "ok": sheet.record["ok"] and _are_right(found, probed),
                                  "networks": list(measured.summaries(found, probed))})
