"""What may stand behind each key of a configuration: readers that turn what was written into what is meant.

A reader takes what a TOML file holds and the folder that its paths count from, and raises `Wrong` with what
should stand there.
"""
from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from archcheck.config import Exemption, Limit, _units
from archcheck.errors import UserError, closest
from archcheck.rules._rule import SEVERITIES

NEVER = "never"
FAIL_ON = (*SEVERITIES, NEVER)
LIMITS: dict[str, Callable[[Any], Any]] = {
    "params": _units.count, "macs": _units.count, "flops": _units.count,
    "peak-memory": _units.size_in_bytes, "file-size": _units.size_in_bytes, "depth": _units.count,
    "latency": _units.duration, "growth": _units.share}
"""What a budget may limit, and how a limit is written."""


class Wrong(Exception):
    """What was written is not what should stand there: the rest of the sentence that begins with the key."""


class Glob(NamedTuple):
    """A pattern for the paths of models, which count from ``folder``; one without ``/`` is for names of
    files."""

    pattern: str
    folder: str

    def matches(self, model: str) -> bool:
        """Whether ``model``, as the user calls it, is meant."""
        from archcheck.config._files import relative
        path = relative(model, self.folder)
        names = {model, path} if "/" in self.pattern else {model, os.path.basename(model)}
        pattern = self.pattern.removeprefix("./")
        return any(fnmatchcase(name, pattern) or fnmatchcase(f"/{name}", pattern) for name in names)


def text(value: Any, folder: str) -> str:
    """One text."""
    if not isinstance(value, str):
        raise Wrong(f"is {_said(value)}, and should be a text")
    return value


def texts(value: Any, folder: str) -> tuple[str, ...]:
    """One text or a list of them."""
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        raise Wrong(f"is {_said(value)}, and should be a list of texts")
    return tuple(values)


def path(value: Any, folder: str) -> str:
    """The path of a file, from the folder of the configuration."""
    return os.path.normpath(os.path.join(folder, text(value, folder)))


def paths(value: Any, folder: str) -> tuple[str, ...]:
    """Names of modules, and paths of ``.py`` files."""
    return tuple(path(one, folder) if one.endswith(".py") else one for one in texts(value, folder))


def switch(value: Any, folder: str) -> bool:
    """Yes or no."""
    if not isinstance(value, bool):
        raise Wrong(f"is {_said(value)}, and should be true or false")
    return value


def positive(value: Any, folder: str) -> int:
    """A whole number from 1 up."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise Wrong(f"is {_said(value)}, and should be a whole number from 1 up")
    return value


def one_of(choices: Iterable[str]) -> Callable[[Any, str], str]:
    """A reader of one of ``choices``."""
    known = tuple(choices)

    def read(value: Any, folder: str) -> str:
        if value not in known:
            close = closest(value, known) if isinstance(value, str) else None
            cure = f"; did you mean {close!r}?" if close else ""
            raise Wrong(f"is {_said(value)}, and should be {', '.join(known[:-1])} or {known[-1]}{cure}")
        return str(value)
    return read


def rules(value: Any, folder: str) -> tuple[str, ...]:
    """Codes, prefixes of codes or names of rules."""
    found = texts(value, folder)
    for entry in found:
        known_rule(entry)
    return found


def known_rule(entry: str) -> None:
    """Raises `Wrong` where no rule is meant by ``entry``."""
    from archcheck.rules import known
    from archcheck.rules._select import names
    if not any(names(entry, rule) for rule in known().values()):
        raise Wrong(f"names {entry!r}, which is no rule; {meant(entry)}")


def meant(entry: str) -> str:
    """What to do about ``entry``, which should name a rule."""
    from archcheck.rules import known
    codes = known()
    names = [*codes, *(rule.name for rule in codes.values()), *(rule.family for rule in codes.values())]
    close = closest(entry.upper(), names) or closest(entry.lower(), names)
    return f"did you mean {close}?" if close else "`archcheck rule --all` lists all rules"


def targets(value: Any, folder: str) -> tuple[str, ...]:
    """Runtimes, ``NAME`` or ``NAME==VERSION``, and precisions; their names in full."""
    from archcheck.rules.targets import canonical
    found = []
    for name in texts(value, folder):
        try:
            found.append(canonical(name))
        except UserError as error:
            raise Wrong(f"names {name!r}: {error}") from None
    return tuple(found)


def profiles(value: Any, folder: str) -> tuple[str, ...]:
    """Names of profiles that any rule knows."""
    from archcheck.rules import known
    choices = sorted({profile for rule in known().values() for profile in rule.profiles})
    return tuple(_known(name, choices, "profile") for name in texts(value, folder))


def _known(name: str, choices: list[str], what: str) -> str:
    if name not in choices:
        close = closest(name, choices)
        cure = f"did you mean {close}?" if close else f"there are {', '.join(choices) or 'none'}"
        raise Wrong(f"names the {what} {name!r}, which is not known; {cure}")
    return name


def severities(value: Any, folder: str) -> dict[str, str]:
    """The severity of each rule, by its code: what names one rule counts before what names several."""
    from archcheck.rules import known
    from archcheck.rules._select import names
    found: dict[str, str] = {}
    read = one_of(SEVERITIES)
    for entry in sorted(table(value), key=len):
        known_rule(entry)
        severity = _within(entry, read, value[entry], folder)
        found.update((code, severity) for code, rule in known().items() if names(entry, rule))
    return found


def sizes(value: Any, folder: str) -> dict[str, int]:
    """Numbers for symbols."""
    return {name: _within(name, positive, size, folder) for name, size in table(value).items()}


def ignores(value: Any, folder: str) -> tuple[tuple[Glob, Exemption], ...]:
    """Which rules do not hold for which models."""
    return tuple((Glob(pattern, folder), Exemption(_within(pattern, rules, codes, folder)))
                 for pattern, codes in table(value).items())


def overrides(value: Any, folder: str) -> tuple[tuple[Glob, Exemption], ...]:
    """Which rules do not hold in which parts of which models."""
    if not isinstance(value, list):
        raise Wrong("should be tables, each under [[tool.archcheck.override]]")
    return tuple(_override(table(one), folder) for one in value)


def _override(value: Mapping[str, Any], folder: str) -> tuple[Glob, Exemption]:
    for key in value:
        if key not in ("scope", "model", "ignore"):
            raise Wrong(f"has no entry {key!r}; there may be scope, model and ignore")
    if "ignore" not in value:
        raise Wrong("lacks an entry 'ignore', such as ignore = ['GEO003']")
    exemption = Exemption(rules(value["ignore"], folder), text(value.get("scope", ""), folder))
    return Glob(text(value.get("model", "*"), folder), folder), exemption


def budgets(value: Any, folder: str) -> tuple[tuple[Glob, dict[str, Limit]], ...]:
    """Limits by patterns of models."""
    return tuple((Glob(pattern, folder), _within(pattern, _limits, limits, folder))
                 for pattern, limits in table(value).items())


def _limits(value: Any, folder: str) -> dict[str, Limit]:
    found = {}
    for name, limit in table(value).items():
        if name not in LIMITS:
            close = closest(name, LIMITS)
            cure = f"did you mean {close!r}?" if close else f"there may be {', '.join(LIMITS)}"
            raise Wrong(f"has no entry {name!r}; {cure}")
        found[name] = _within(name, _limit, limit, name)
    return found


def _limit(value: Any, name: str) -> Limit:
    """A limit of the figure ``name``: by itself, or as ``{max = …, at = {…}}``."""
    whole = value if isinstance(value, dict) else {"max": value}
    allowed = ("max", "at", "device") if name == "latency" else ("max", "at")
    if "max" not in whole or not whole.keys() <= {*allowed}:
        raise Wrong(f"should be a number, or have the entries {' and '.join(allowed)}")
    try:
        most = LIMITS[name](whole["max"])
    except ValueError as error:
        raise Wrong(f"is {_said(whole['max'])}, and should be {error}") from None
    device = _within("device", _device, whole.get("device"), "") if name == "latency" else ""
    return Limit(most, str(whole["max"]), _within("at", sizes, whole.get("at", {}), ""), device)


def _device(value: Any, folder: str) -> str:
    """A device, by its name or its figures."""
    from archcheck.analyses.devices import device
    try:
        return text(value, folder) and device(value).name
    except UserError as error:
        raise Wrong(f"is no device: {error}") from None


def table(value: Any) -> dict[str, Any]:
    """A table."""
    if not isinstance(value, dict):
        raise Wrong(f"is {_said(value)}, and should be a table of names and values")
    return value


def _within(key: str, read: Callable[[Any, str], Any], value: Any, folder: str) -> Any:
    """What ``read`` makes of an entry, whose key stands before what is wrong with it."""
    try:
        return read(value, folder)
    except Wrong as wrong:
        where = f".{key if key.isidentifier() else repr(key)}"
        raise Wrong(where + (str(wrong) if str(wrong).startswith(".") else f" {wrong}")) from None


def _said(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
