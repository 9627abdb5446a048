"""The command line: options in, exit code out; no analysis."""
from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from archcheck import __version__

if TYPE_CHECKING:
    from archcheck.report import Report
    from archcheck.reporters.summary import View
    from archcheck.reporters.text import Script

    ParamType = click.ParamType[Any, Any]
else:
    ParamType = click.ParamType  # click before 8.5 knows no parameters of it

FORMATS = ("table", "plain", "json", "csv", "markdown")
SUFFIXES = {".json": "json", ".csv": "csv", ".md": "markdown", ".txt": "plain"}
COLUMNS = ("name", "op", "shape", "dtype", "params", "macs", "flops", "share", "nodes")  # reporters.table's
USAGE, INTERNAL, INTERRUPTED = 2, 3, 130


class Commands(click.Group):
    """A group in which a model's name stands for ``summary`` in short form, and a typo gets a suggestion."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """The command that ``args`` name."""
        name = args[0]
        if name not in self.commands:
            is_source = name == "-" or name.startswith("onnx:")
            if is_source or "." in name or os.sep in name or os.path.exists(name):
                return "summary", self.commands["summary"], ["--depth", "1", *args]
            ctx.fail(f"there is no command {name!r}{_did_you_mean(name, list(self.commands))}")
        return super().resolve_command(ctx, args)


def _did_you_mean(name: str, known: Sequence[str]) -> str:
    from archcheck.errors import closest
    close = closest(name, known)
    return f"; did you mean {close!r}?" if close else f"; the commands are {', '.join(known)}"


class Sizes(ParamType):
    """``NAME=NUMBER``."""

    name = "NAME=N"

    def convert(self, value: Any, param: click.Parameter | None,
                ctx: click.Context | None) -> tuple[str, int]:
        """The pair that ``value`` says."""
        name, equals, number = str(value).rpartition("=")
        if not equals or not name or not number.isascii() or not number.isdigit() or len(number) > 18:
            self.fail(f"{value!r} is not of the form NAME=NUMBER, such as N=1", param, ctx)
        return name, int(number)


class Columns(ParamType):
    """A comma-separated list of column names."""

    name = "LIST"

    def convert(self, value: Any, param: click.Parameter | None,
                ctx: click.Context | None) -> tuple[str, ...]:
        """The names in ``value``."""
        if isinstance(value, tuple):
            return value
        names = tuple(part.strip() for part in value.split(",") if part.strip())
        for name in names:
            if name not in COLUMNS:
                self.fail(f"there is no column {name!r}; the columns are {', '.join(COLUMNS)}", param, ctx)
        return names


plugin_option = click.option("--plugin", "plugins", multiple=True, metavar="MODULE",
                             help="Also load operators from this Python module or .py file.")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="archcheck %(version)s")
def cli() -> None:
    """Every shape, parameter and MAC of a neural network, without running it.

    MODEL is an ONNX file, - for standard input, or onnx:NAME for a network that ships with onnx.
    `archcheck MODEL` alone is a short summary.
    """


@cli.command()
@click.argument("model")
@click.option("--set", "sizes", type=Sizes(), multiple=True,
              help="Bind a symbolic size, e.g. --set N=1 --set H=224.")
@click.option("--depth", type=click.IntRange(1),
              help="How many levels of scopes to show. [default: what fits 40 rows]")
@click.option("--columns", type=Columns(), default="name,op,shape,params,macs,share", show_default=True,
              help=f"Which columns, of {', '.join(COLUMNS)}.")
@click.option("--sort", type=click.Choice(["name", "params", "macs", "flops"]),
              help="One flat list, in this order.")
@click.option("--top", type=click.IntRange(1), metavar="N", help="Only the N first rows of that list.")
@click.option("--all", "everything", is_flag=True, help="Also the nodes that only prepare shapes and masks.")
@click.option("--wide", is_flag=True, help="Exact numbers, nothing shortened, as wide as it needs.")
@click.option("--format", "form", type=click.Choice(FORMATS), help="[default: table; plain when piped]")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file; "
              "its suffix decides the format.")
@plugin_option
def summary(model: str, sizes: Sequence[tuple[str, int]], depth: int | None, columns: tuple[str, ...],
            sort: str | None, top: int | None, everything: bool, wide: bool, form: str | None,
            output: Path | None, plugins: Sequence[str]) -> None:
    """Shapes, parameters, MACs and FLOPs, layer by layer and in total."""
    from archcheck import infer
    from archcheck.reporters.summary import View
    _load_plugins(plugins)
    report = infer.analyze(model, dict(sizes))
    on_terminal = _on_terminal(output)
    by_suffix = output and SUFFIXES.get(output.suffix.lower())
    form = form or by_suffix or ("table" if on_terminal else "plain")
    view = View(depth, sort, top, everything, columns, wide)
    _write(_rendered(report, form, view, _script(report, output), on_terminal), output)


def _rendered(report: Report, form: str, view: View, script: Script, on_terminal: bool) -> str:
    if form in ("json", "csv", "markdown"):
        from archcheck.reporters import records
        if form == "json":
            return records.render_json(report)
        is_csv = form == "csv"
        return records.render_csv(report, view) if is_csv else records.render_markdown(report, view, script)
    from archcheck.reporters.table import render_plain, render_terminal
    if form == "plain":
        return render_plain(report, view, script)
    from shutil import get_terminal_size
    return render_terminal(report, view, script, get_terminal_size().columns,
                           on_terminal and not os.environ.get("NO_COLOR"))


@cli.command()
@click.argument("model")
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path),
              help="The file to write; it may be MODEL itself.")
@click.option("--set", "sizes", type=Sizes(), multiple=True, help="Bind a symbolic size, e.g. --set N=1.")
@plugin_option
def annotate(model: str, output: Path, sizes: Sequence[tuple[str, int]], plugins: Sequence[str]) -> None:
    """Write the inferred dtype and shape of every value into a copy of MODEL, as value_info."""
    from archcheck import infer
    from archcheck.frontends import bytes_of, graph_in
    from archcheck.frontends.annotate import annotate as write
    _load_plugins(plugins)
    source = bytes_of(model)
    done = write(infer.analyze(graph_in(source), dict(sizes)), source, output)
    unknown = f", {done.unknown:,} not known" if done.unknown else ""
    click.echo(f"{output}: {done.known:,} values annotated{unknown}", err=True)
    for file in done.missing[:5]:
        click.echo(f"note: copy the weights in {file!r} to the folder of {output} as well", err=True)


@cli.command()
@click.argument("name", required=False)
@click.option("--format", "form", type=click.Choice(["plain", "json"]), default="plain", show_default=True)
@plugin_option
def ops(name: str | None, form: str, plugins: Sequence[str]) -> None:
    """The operators that are known; with NAME, what one of them computes."""
    from archcheck.reporters.operators import render
    _load_plugins(plugins)
    from shutil import get_terminal_size
    _write(render(name, form, get_terminal_size().columns if _on_terminal(None) else None), None)


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell: `source <(archcheck completion bash)`."""
    from click.shell_completion import get_completion_class
    script = get_completion_class(shell)
    if script is None:
        _stop(f"{shell} has no completion", USAGE)
    click.echo(script(cli, {}, "archcheck", "_ARCHCHECK_COMPLETE").source())


# ------------------------------------------------------------------------------------------------ inside
def _load_plugins(plugins: Sequence[str]) -> None:
    if plugins:
        from archcheck.plugins import load_plugin
        for plugin in plugins:
            load_plugin(plugin)


def _on_terminal(output: Path | None) -> bool:
    return output is None and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def _script(report: Report, output: Path | None) -> Script:
    """Unicode where the stream can take it, else plain ASCII."""
    from archcheck.reporters.text import Script
    names = {name: name for name in report.symbols}
    try:
        "⌈×·█…≈≥≳²".encode("utf-8" if output else sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return Script(ascii=True, names=names)
    return Script(names=names)


def _write(text: str, output: Path | None) -> None:
    """Print ``text``, or put it into a file that is there in whole or not at all."""
    encoding = "utf-8" if output else sys.stdout.encoding or "utf-8"
    content = text.encode(encoding, "backslashreplace")
    if output is None:
        click.echo(content.decode(encoding), nl=False, color=True)
    else:
        from archcheck.files import write_whole
        write_whole(output, content)


def _stop(message: str, code: int) -> NoReturn:
    click.echo(f"archcheck: {message}", err=True)
    raise SystemExit(code)


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Run the command line; every way it can end is an exit code and at most one sentence."""
    sys.stdin = sys.stdin or open(os.devnull)  # noqa: SIM115 - a stream that was closed stays for good
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    try:
        code = cli.main(args=None if args is None else list(args), standalone_mode=False)
        sys.stdout.flush()
        sys.exit(code if isinstance(code, int) else 0)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(USAGE)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:  # noqa: BLE001 - the last resort: one sentence, never a traceback
        _stop(*_explained(error))


def _explained(error: Exception) -> tuple[str, int]:
    """The sentence and the exit code for what went wrong."""
    from archcheck.errors import UserError
    if isinstance(error, UserError):
        return str(error), USAGE
    if isinstance(error, OSError):
        return f"{error.filename or 'output'}: {error.strerror or error}", USAGE
    if os.environ.get("ARCHCHECK_DEBUG"):
        raise error
    cure = "This is a defect of archcheck; ARCHCHECK_DEBUG=1 shows where"
    return f"internal error: {type(error).__name__}: {error}. {cure}", INTERNAL
