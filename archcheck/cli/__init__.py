"""The command line: options in, exit code out; no analysis. One module a command."""
from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

import click

from archcheck import __version__

COMMANDS = ("summary", "check", "rule", "diff", "lock", "draw", "report", "plot", "field", "cost", "memory",
            "formula", "sizes", "match", "verify", "run", "bench", "scan", "sweep", "scale", "annotate",
            "export", "convert", "specs", "ops", "config", "baseline")
"""The commands, each in the module of its name, in the order in which the help lists them."""

ALIASES = {"lint": "check", "explain": "rule"}
"""Other names of commands."""

USAGE, INTERNAL, INTERRUPTED = 2, 3, 130


class Commands(click.Group):
    """A group of commands, each imported when it is needed, in which a model's name stands for ``summary`` in
    short form, and a typo gets a suggestion."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return [*COMMANDS, *self.commands]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command called ``cmd_name``, None where there is none."""
        cmd_name = ALIASES.get(cmd_name, cmd_name)
        if cmd_name not in COMMANDS:
            return self.commands.get(cmd_name)
        command: click.Command = getattr(import_module(f"archcheck.cli.{cmd_name}"), cmd_name)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """The command that ``args`` name."""
        name = args[0]
        known = [*self.list_commands(ctx), *ALIASES]
        if name not in known:
            is_source = name == "-" or name.startswith(("onnx:", "specs:"))
            if is_source or "." in name or os.sep in name or os.path.exists(name):
                return "summary", self.get_command(ctx, "summary"), ["--depth", "1", "--lint", *args]
            from archcheck.frontends._zoo import PREFIX, names
            shipped = [f"{PREFIX}{spec}" for spec in names()]
            ctx.fail(f"there is no command {name!r}{_did_you_mean(name, known, shipped)}")
        return super().resolve_command(ctx, args)


def _did_you_mean(name: str, known: Sequence[str], others: Sequence[str]) -> str:
    from archcheck.errors import closest
    close = closest(name, known) or closest(name, others)
    return f"; did you mean {close!r}?" if close else f"; the commands are {', '.join(known)}"


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="archcheck %(version)s")
def cli() -> None:
    """Every shape, parameter and MAC of a neural network, without running it.

    MODEL is an ONNX file or a YAML specification, - for standard input, specs:NAME for an architecture that
    ships with archcheck, or onnx:NAME for a network that ships with onnx.
    `archcheck MODEL` alone is a short summary.
    """


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell: `source <(archcheck completion bash)`."""
    from click.shell_completion import get_completion_class
    script = get_completion_class(shell)
    if script is None:
        _stop(f"{shell} has no completion", USAGE)
    click.echo(script(cli, {}, "archcheck", "_ARCHCHECK_COMPLETE").source())


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
        return str(error), error.exit_code
    if isinstance(error, OSError):
        return f"{error.filename or 'output'}: {error.strerror or error}", USAGE
    if os.environ.get("ARCHCHECK_DEBUG"):
        raise error
    cure = "This is a defect of archcheck; ARCHCHECK_DEBUG=1 shows where"
    return f"internal error: {type(error).__name__}: {error}. {cure}", INTERNAL
