"""What commands of the lint share: how models are chosen, judged and counted."""
from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from archcheck.cli import _options, _running
from archcheck.cli._options import ParamType

if TYPE_CHECKING:
    from archcheck.checked import Checked
    from archcheck.config._resolve import Sources
    from archcheck.lint._one import Task

USAGE = 2
SEVERITIES = ("error", "warning", "advice", "never")  # config._readers' FAIL_ON, not imported for help


class Names(ParamType):
    """Names with commas between them."""

    name = "LIST"

    def convert(self, value: Any, param: click.Parameter | None,
                ctx: click.Context | None) -> list[str]:
        """The names in ``value``."""
        names = value if isinstance(value, list) else value.split(",")
        return [name.strip() for name in names if name.strip()]


def _names(flag: str, help_text: str, metavar: str = "RULES") -> Any:
    return click.option(flag, type=Names(), multiple=True, metavar=metavar, help=help_text)


SELECTING = (
    _names("--select", "Ask these rules only: codes, beginnings of codes, names, or ALL, with commas."),
    _names("--extend-select", "Ask these rules too."),
    _names("--ignore", "Do not ask these rules."),
    _names("--target", "Runtimes that the models are for.", "LIST"),
    _names("--profile", "Groups of rules to ask too.", "LIST"),
    _names("--dynamic", "Symbols that must stay free.", "LIST"),
    click.option("--object-size", type=click.IntRange(1), metavar="N",
                 help="What the receptive field has to cover, in positions of the input."),
    click.option("--weights/--no-weights", default=None,
                 help="Ask rules that read weights of any size, or none. [default: up to 64 MiB]"),
    click.option("--strict", is_flag=True, default=None,
                 help="Suppressions need reasons, and advice fails the run."),
    _options.sizes_option,
    _options.plugin_option,
    click.option("--config", "given", multiple=True, metavar="FILE|KEY=VALUE",
                 help="The configuration to use, or a setting of it. May be repeated."),
)
"""The options that say how models are judged."""

AT_ONCE = (
    click.option("-j", "--jobs", type=click.IntRange(1), metavar="N",
                 help="Processes to work in. [default: the processors there are]"),
    click.option("--no-cache", is_flag=True, help="Work out everything anew."),
)
"""The options of commands that work on several models at once, and remember."""

RUNNING = (
    *AT_ONCE,
    click.option("--timeout", type=click.FloatRange(0, min_open=True), default=120.0, show_default=True,
                 metavar="SECONDS", help="Of several models, give up one that takes longer."),
    click.option("--max-memory", type=_running.Bytes(), metavar="BYTES",
                 help="Of several models, give up one that takes more, e.g. 4G. [default: 90 % of what is "
                      "free, shared]"),
)
"""The options that say how to work on many models."""


def with_options(*options: Any) -> Callable[[Any], Any]:
    """A command with these options, listed in this order."""
    def given(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command
    return given


def sources(given: Sequence[str], plugins: Sequence[str], **options: Any) -> Sources:
    """What the command line says of settings; ``options`` by their names in Python."""
    from archcheck.config._resolve import sources as resolved
    values = {name.replace("_", "-"): _flat(value) for name, value in options.items()}
    return resolved(given, {"plugins": list(plugins), **values})


def _flat(value: Any) -> Any:
    """The names of an option that was given several times, in one list."""
    return [name for names in value for name in names] if isinstance(value, tuple) else value


def tasks(models: Sequence[str], found: Sources, sizes: Sequence[tuple[str, Any]], no_cache: bool = True,
          detailed: bool = False, stdin_name: str | None = None) -> tuple[list[Task], int]:
    """A task for each model that ``models`` lead to, the current folder's where there are none; and the exit
    code of what leads to none, which is told."""
    from archcheck.lint import _paths
    led_to = _paths.models(models or ["."])
    folder, salt = (None, "") if no_cache else remembering()
    work = [_task(model, found, dict(sizes), detailed, folder, salt, stdin_name) for model in led_to.models]
    return work, missing(led_to.missing, work)


def _task(model: str, found: Sources, sizes: dict[str, Any], detailed: bool, folder: str | None, salt: str,
          stdin_name: str | None) -> Task:
    from archcheck.lint import _paths
    from archcheck.lint._one import Task
    name, content = model, None
    if model == _paths.STDIN:
        from archcheck.frontends import bytes_of
        name, content = stdin_name or model, bytes_of(model).data
    return Task(name, found.settings(name), sizes, detailed, folder, salt, content)


def missing(sentences: Sequence[str], others: Sequence[Any]) -> int:
    """Tell what leads to no model; the exit code at the end, which comes at once where there are no
    ``others``."""
    for sentence in sentences:
        click.echo(f"archcheck: {sentence}", err=True)
    if sentences and not others:
        raise click.exceptions.Exit(USAGE)
    return USAGE if sentences else 0


def remembering() -> tuple[str, str]:
    """The folder of the cache, and what stands for archcheck itself in it."""
    from archcheck import cache
    return os.path.abspath(cache.FOLDER), cache.salt()


def check_all(work: Sequence[Task], jobs: int | None, timeout: float,
              max_memory: int | None) -> tuple[Checked, ...]:
    """What is found in the models of ``work``."""
    from archcheck import many
    from archcheck.lint import _many
    place, limits = _running.shared(jobs, timeout, max_memory)
    return _many.check_many(work, place, limits, many.progress())


def complain(found: Sequence[Checked], unread: bool = True) -> None:
    """Tell on standard error which rules failed, and which models are ``unread`` where no finding says so."""
    for one in found:
        if unread and one.error is not None and not one.findings:
            click.echo(f"archcheck: {one.error}", err=True)
        for code, message in one.broken:
            what = f"the rule {code} failed" if code else "archcheck failed"
            click.echo(f"archcheck: {what} at {one.path}: {message}. This is a defect of archcheck; "
                       "ARCHCHECK_DEBUG=1 shows where", err=True)
