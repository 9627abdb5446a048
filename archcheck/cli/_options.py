"""What commands share: option types, and how their text gets out."""
from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from archcheck.report import Report
    from archcheck.reporters.sheet import Sheet
    from archcheck.reporters.text import Script

    ParamType = click.ParamType[Any, Any]
else:
    ParamType = click.ParamType  # click before 8.5 knows no parameters of it

FORMATS = ("table", "plain", "json", "csv", "markdown")
SUFFIXES = {".json": "json", ".csv": "csv", ".md": "markdown", ".txt": "plain"}


class Sizes(ParamType):
    """``NAME=NUMBER``. Parameters of a specification may also be fractions, ``width=0.75``, or switches,
    ``bias=no``; and ``H=H`` leaves a size open that has a default."""

    name = "NAME=N"

    def convert(self, value: Any, param: click.Parameter | None,
                ctx: click.Context | None) -> tuple[str, Any]:
        """The pair that ``value`` says."""
        name, equals, said = str(value).rpartition("=")
        found = _value(name, said) if equals and name else None
        if found is None:
            self.fail(f"{value!r} is not of the form NAME=NUMBER, such as N=1", param, ctx)
        return name, found


def _value(name: str, said: str) -> Any:
    """What a size or parameter is set to, None where it is no number."""
    if said in ("yes", "no"):
        return said == "yes"
    if said == name:
        from archcheck.dims import symbol
        return symbol(name)
    if not re.fullmatch(r"[0-9]{1,18}(\.[0-9]{1,18})?", said):
        return None
    return Fraction(said) if "." in said else int(said)


model_argument = click.argument("model")
sizes_option = click.option("--set", "sizes", type=Sizes(), multiple=True,
                            help="Bind a symbolic size, e.g. --set N=1 --set H=224.")
format_option = click.option("--format", "form", type=click.Choice(FORMATS),
                             help="[default: table; plain when piped]")
output_option = click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path),
                             help="Write to a file; its suffix decides the format.")
plugin_option = click.option("--plugin", "plugins", multiple=True, metavar="MODULE",
                             help="Also load operators from this Python module or .py file.")


def on_model(command: Callable[..., None]) -> Callable[..., None]:
    """The options of every command that analyzes a model and shows a table."""
    for option in (plugin_option, output_option, format_option, sizes_option, model_argument):
        command = option(command)
    return command


def load_plugins(plugins: Sequence[str]) -> None:
    """Load the operators of ``plugins``: modules or files."""
    if plugins:
        from archcheck.plugins import load_plugin
        for plugin in plugins:
            load_plugin(plugin)


def on_terminal(output: Path | None) -> bool:
    """Whether what is written is seen by a person at once."""
    return output is None and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def coloured(output: Path | None) -> bool:
    """Whether what is written may have colours."""
    return on_terminal(output) and not os.environ.get("NO_COLOR")


def script_for(report: Report | None, output: Path | None) -> Script:
    """Unicode where the stream can take it, else plain ASCII."""
    from archcheck.reporters.text import Script
    names = {name: name for name in report.symbols} if report else {}
    try:
        "⌈×·█…≈≥≳²".encode("utf-8" if output else sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return Script(ascii=True, names=names)
    return Script(names=names)


def write(text: str, output: Path | None) -> None:
    """Print ``text``, or put it into a file that is there in whole or not at all."""
    encoding = "utf-8" if output else sys.stdout.encoding or "utf-8"
    content = text.encode(encoding, "backslashreplace")
    if output is None:
        click.echo(content.decode(encoding), nl=False, color=True)
    else:
        from archcheck.files import write_whole
        write_whole(output, content)


def write_picture(content: bytes, form: str, output: Path | None) -> None:
    """Write a picture to a file, or print it; what is no text is not shown to a person."""
    if output is not None:
        from archcheck.files import write_whole
        write_whole(output, content)
    elif form not in ("png", "pdf"):
        write(content.decode(), None)
    elif on_terminal(None):
        raise click.UsageError(f"a {form.upper()} is no text; give it a file with -o")
    else:
        sys.stdout.buffer.write(content)


def form_for(form: str | None, output: Path | None) -> str:
    """The format to write: as asked for, by the file's suffix, or what suits where it goes."""
    by_suffix = output and SUFFIXES.get(output.suffix.lower())
    return form or by_suffix or ("table" if on_terminal(output) else "plain")


def emit(sheet: Sheet, report: Report | None, form: str | None, output: Path | None) -> None:
    """Write a command's answer in the format that is asked for; ``report`` is None where it is about no
    single network."""
    emit_all([sheet], report, form, output)


def emit_all(sheets: Sequence[Sheet], report: Report | None, form: str | None, output: Path | None) -> None:
    """Write several tables one after the other, with an empty line between."""
    from shutil import get_terminal_size

    from archcheck.reporters.sheet import render
    form, script, width = form_for(form, output), script_for(report, output), get_terminal_size().columns
    write("\n".join(render(sheet, form, script, width, coloured(output)) for sheet in sheets), output)
