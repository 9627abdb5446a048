"""From the places that set something to the settings of one model, and where each of them comes from."""
from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from archcheck.config import STRICT, Settings
from archcheck.config._files import ConfigError, Layer, layer, layers_for, layers_of, parsed
from archcheck.config._keys import APPEND, ENTRIES, KEYS, REPLACE
from archcheck.rules._rule import ADVICE

SELECTION = ("select", "extend-select", "ignore")
"""What a selection on the command line puts aside in files."""

BY_MODEL = ("per-model-ignores", "override", "budget")
"""The keys whose entries are for the models that a pattern matches."""


class Chosen(NamedTuple):
    """The value of a key, and what it was set by: files and options, the last of them the one that counts
    most."""

    value: Any
    origins: tuple[str, ...]


class Sources:
    """Where settings come from: the ``file`` that stands in for those beside the models (None: none does),
    and the layers of ``options``. Each file is read once."""

    def __init__(self, file: str | None = None, options: tuple[Layer, ...] = ()) -> None:
        self.file, self.options = file, options
        self._by_folder: dict[str, tuple[Layer, ...]] = {}

    def chosen(self, model: str) -> dict[str, Chosen]:
        """The value of each key that something sets for ``model``, patterns of models not yet applied."""
        folder = self.file or _folder(model)
        if folder not in self._by_folder:
            self._by_folder[folder] = layers_of(folder, True) if self.file else layers_for(folder)
        found = self._by_folder[folder]
        if any("select" in one.values for one in self.options):
            found = tuple(_without(one, SELECTION) for one in found)
        return combined((*found, *self.options))

    def settings(self, model: str) -> Settings:
        """The settings of ``model``, as the user calls it. Raises `ConfigError`."""
        return settings(self.chosen(model), model)


def _folder(model: str) -> str:
    """Where to look for the configuration of a model: its folder, and the current one for what has none."""
    folder = os.path.dirname(model)
    return folder if os.path.isdir(folder) else "."


def _without(one: Layer, names: Sequence[str]) -> Layer:
    return one._replace(values={name: value for name, value in one.values.items() if name not in names})


def combined(layers: Iterable[Layer]) -> dict[str, Chosen]:
    """What ``layers`` say together, the last of them counting most."""
    found: dict[str, Chosen] = {}
    for origin, values in layers:
        for name, value in values.items():
            before, merge = found.get(name), KEYS[name].merge
            if before is None or merge == REPLACE:
                found[name] = Chosen(value, (origin,))
            elif merge == APPEND:
                found[name] = Chosen((*before.value, *value), (*before.origins, origin))
            elif merge == ENTRIES:
                found[name] = Chosen({**before.value, **value}, (*before.origins, origin))
    return found


def settings(chosen: Mapping[str, Chosen], model: str) -> Settings:
    """The settings that ``chosen`` come to for ``model``."""
    values = {KEYS[name].field: chosen[name].value for name in chosen if name not in (*BY_MODEL, STRICT)}
    scoped = [entry for name in BY_MODEL[:2] if name in chosen for entry in chosen[name].value]
    values["exemptions"] = tuple(exemption for glob, exemption in scoped if glob.matches(model))
    budgets = chosen["budget"].value if "budget" in chosen else ()
    values["budget"] = {name: limit for glob, limits in budgets if glob.matches(model)
                        for name, limit in limits.items()}
    if "growth" in values["budget"]:
        from archcheck.lint._lock import locked
        values["locked"] = locked(model)
    if STRICT in chosen and chosen[STRICT].value:
        values["profiles"] = (*values.get("profiles", ()), STRICT)
        values.setdefault("fail_on", ADVICE)
    return Settings(**values)


def sources(given: Sequence[str], options: Mapping[str, Any]) -> Sources:
    """What the command line says: ``given`` are files of configuration and settings ``key=value`` in TOML,
    ``options`` are values by key, as a file would hold them; empty ones say nothing. Raises `ConfigError`."""
    files = [one for one in given if "=" not in one or os.path.isfile(one)]
    if len(files) > 1:
        raise ConfigError(f"--config is given the files {' and '.join(files)}; let one extend the other")
    for missing in (one for one in files if not os.path.isfile(one)):
        raise ConfigError(f"--config names {missing}, and there is no such file; a setting is KEY=VALUE")
    here = os.getcwd()
    said = [layer(_setting(one), "--config", here) for one in given if one not in files]
    flags = [layer({name: value}, f"--{name}", here) for name, value in options.items()
             if value is not None and value != []]
    return Sources(os.path.abspath(files[0]) if files else None, (*said, *flags))


def _setting(text: str) -> dict[str, Any]:
    """``key=value`` as TOML has it; a value that TOML does not know is a text."""
    try:
        return parsed(text, "--config")
    except ConfigError:
        key, _, value = text.partition("=")
        return parsed(f"{key} = {_quoted(value.strip())}", f"--config {text!r}")


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
