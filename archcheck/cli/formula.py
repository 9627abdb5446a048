"""``archcheck formula``."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archcheck.cli import _options

if TYPE_CHECKING:
    from archcheck.analyses.formulas import Figure
    from archcheck.dims import Size
    from archcheck.expressions import Expression
    from archcheck.report import Report


@click.command()
@_options.on_model
@click.option("--of", "names", multiple=True, metavar="macs|flops|params|memory|VALUE",
              help="Which figure, or the shape of which value. [default: macs, flops, params, outputs]")
@click.option("--bind", "bindings", multiple=True, metavar="NAME=FORMULA",
              help="Put a formula in for a symbolic size, e.g. --bind H=32*h.")
@click.option("--latex", "language", flag_value="latex", help="Equations in LaTeX.")
@click.option("--python", "language", flag_value="python", help="Functions in Python.")
@click.option("--c", "language", flag_value="c", help="Functions in C99.")
def formula(model: str, sizes: Sequence[tuple[str, int]], form: str | None, output: Path | None,
            plugins: Sequence[str], names: Sequence[str], bindings: Sequence[str],
            language: str | None) -> None:
    """Figures as formulas of the input sizes: exact, how they grow, as code."""
    from archcheck import infer
    _options.load_plugins(plugins)
    if language and form:
        raise click.UsageError(f"--{language} decides the format, so --format {form} cannot")
    report = infer.analyze(model, bound(bindings, dict(sizes)))
    figures = _figures(report, names)
    script = _options.script_for(report, output)
    if language:
        from archcheck.reporters.languages import LANGUAGES
        _options.write(LANGUAGES[language](figures, script.names), output)
    else:
        from archcheck.reporters.formula import formula_sheet
        as_data = _options.form_for(form, output) in ("json", "csv")
        _options.emit(formula_sheet(report, figures, script, as_data), report, form, output)


def _figures(report: Report, names: Sequence[str]) -> list[Figure]:
    from archcheck.analyses.formulas import figure
    wanted = names or ("macs", "flops", "params", *report.graph.outputs)
    return [figure(report, name) for name in dict.fromkeys(wanted)]


def bound(bindings: Sequence[str], sizes: Mapping[str, int]) -> dict[str, Size]:
    """The sizes that ``NAME=FORMULA`` and ``NAME=NUMBER`` say together. In a formula the name of another
    binding is what that one says, any other name a symbol, or the number that is given for it."""
    formulas = _formulas(bindings, sizes)
    found: dict[str, Size] = {}

    def size_of(name: str, asked: tuple[str, ...]) -> Size:
        from archcheck.dims import symbol
        if name not in formulas or asked[-1:] == (name,):
            return sizes.get(name, symbol(name))
        if name in asked:
            raise _misbound(f"{' and '.join(asked[asked.index(name):])} are bound in a circle")
        if name not in found:
            formula = formulas[name]
            found[name] = formula.value({inner: size_of(inner, (*asked, name)) for inner in formula.names})
        return found[name]

    inside = {name for formula in formulas.values() for name in formula.names}
    numbers = {name: size for name, size in sizes.items() if name not in inside}
    return {**numbers, **{name: size_of(name, ()) for name in formulas}}


def _formulas(bindings: Sequence[str], sizes: Mapping[str, int]) -> dict[str, Expression]:
    from archcheck.expressions import parse
    formulas: dict[str, Expression] = {}
    for text in bindings:
        name, equals, formula = text.partition("=")
        name = name.strip()
        if not equals or not name:
            raise _misbound(f"{text!r} is not of the form NAME=FORMULA, such as H=32*h")
        if name in formulas or name in sizes:
            raise _misbound(f"{name} is bound twice")
        formulas[name] = parse(formula)
    return formulas


def _misbound(message: str) -> click.BadParameter:
    return click.BadParameter(message, param_hint="--bind")
