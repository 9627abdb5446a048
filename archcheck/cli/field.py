"""``archcheck field``."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archcheck.cli import _options
from archcheck.cli._options import ParamType
from archcheck.errors import UserError, closest

if TYPE_CHECKING:
    from archcheck.report import Report
    from archcheck.reporters.sheet import Sheet


class Index(ParamType):
    """Whole numbers with commas between them."""

    name = "I,J,…"

    def convert(self, value: Any, param: click.Parameter | None,
                ctx: click.Context | None) -> tuple[int, ...]:
        """The numbers in ``value``."""
        if isinstance(value, tuple):
            return value
        parts = [part.strip() for part in str(value).split(",")]
        if not all(part.isascii() and part.isdigit() for part in parts):
            self.fail(f"{value!r} is not of the form I,J: whole numbers from 0 up, such as 3,5", param, ctx)
        return tuple(map(int, parts))


class NoSuchValue(UserError):
    """A value or input was asked for that the network does not have, or that reads no input."""


@click.command()
@_options.on_model
@click.argument("values", nargs=-1, metavar="[VALUE]...")
@click.option("--input", "source", metavar="NAME",
              help="The input to look at. [default: the first that windows slide over]")
@click.option("--all", "everything", is_flag=True, help="Also the layers that change nothing of the field.")
@click.option("--exact", is_flag=True, help="Which positions are really read: holes, and what is never read.")
@click.option("--from", "origin", metavar="VALUE", help="What one position of VALUE reads; needs --index.")
@click.option("--index", type=Index(),
              help="The position: a number per axis of VALUE, or per axis along which its field moves.")
def field(model: str, values: tuple[str, ...], sizes: Sequence[tuple[str, int]], source: str | None,
          everything: bool, exact: bool, origin: str | None, index: tuple[int, ...] | None, form: str | None,
          output: Path | None, plugins: Sequence[str]) -> None:
    """Receptive fields: what a position of each layer reads of the input.

    The field is how many input positions it spans along each axis, the stride by how many it moves from one
    position to the next, and the start where that of the first position begins, below 0 in the padding.
    """
    from archcheck import infer
    _options.load_plugins(plugins)
    if (origin is None) != (index is None):
        raise click.UsageError("--from VALUE and --index I,J go together: which position of which value?")
    report = infer.analyze(model, dict(sizes))
    _check(report, [*values, *([origin] if origin else [])], source)
    if origin is not None and index is not None:
        sheet = _position(report, _named(report, [origin])[0], index)
    elif _options.form_for(form, output) in ("json", "csv"):
        from archcheck.reporters.field import records
        sheet = records(report, source, _named(report, values))
    else:
        from archcheck.reporters.field import table
        sheet = table(report, _options.script_for(report, output), source, values, everything, exact)
    _options.emit(sheet, report, form, output)


def _position(report: Report, name: str, index: tuple[int, ...]) -> Sheet:
    from archcheck.reporters.field import position
    return position(report.fields[name].at(exact=True), _padded(report, name, index))


def _named(report: Report, names: Sequence[str]) -> list[str]:
    """Values by their names, or by those of the nodes that make them."""
    made = {node.name: node.outputs[0] for node in report.graph.nodes if node.outputs}
    return [name if name in report.types else made[name] for name in names]


def _padded(report: Report, name: str, index: tuple[int, ...]) -> tuple[int, ...]:
    """An index for every axis: where fewer are given, they are those along which the field moves, and 0 the
    others."""
    shape = report.types[name].shape or ()
    moving = sorted({field.axis for found in report.fields[name].values() for field in found
                     if field.axis is not None and any(size != 1 for size in field.sizes)})
    if len(index) == len(shape) or len(index) != len(moving):
        return index
    given = dict(zip(moving, index))
    return tuple(given.get(axis, 0) for axis in range(len(shape)))


def _check(report: Report, names: Sequence[str], source: str | None) -> None:
    """Every name must be that of a value, or of a node, that reads an input of the network."""
    if source is not None and source not in report.graph.inputs:
        raise NoSuchValue(_missing("input", source, list(report.graph.inputs)))
    nodes = {node.name for node in report.graph.nodes}
    for name in names:
        if name not in report.types and name not in nodes:
            raise NoSuchValue(_missing("value", name, [*report.types, *nodes]))
        if _named(report, [name])[0] not in report.fields:
            raise NoSuchValue(f"{name} does not depend on any input of the network, so that it has no field")


def _missing(what: str, name: str, known: Sequence[str]) -> str:
    close = closest(name, known)
    cure = f"did you mean {close!r}?" if close else f"the first are {', '.join(known[:5])}"
    return f"the network has no {what} called {name!r}; {cure}"
