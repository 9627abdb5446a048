"""Files of configuration: which one is a model's, and what it says."""
from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

from archcheck.config._keys import EXTEND, KEYS
from archcheck.config._readers import Wrong, text
from archcheck.errors import UserError, closest

NAMES = (".archcheck.toml", "archcheck.toml", "pyproject.toml")
"""What files of configuration are called; of several in one folder the first counts."""

MAX_BYTES = 1 << 20
MAX_EXTENDED = 16
"""So long a chain of configurations may be that extend each other."""


class ConfigError(UserError):
    """A configuration that cannot be used; the message names the file and the key."""


class Layer(NamedTuple):
    """One place that sets something: what it is called, and the values of its keys, read."""

    origin: str
    values: Mapping[str, Any]


def layers_for(folder: str) -> tuple[Layer, ...]:
    """What holds for models in ``folder``: that of the nearest file of configuration, and of what it extends
    before."""
    path = nearest(os.path.abspath(folder))
    return layers_of(path, is_near(path)) if path else ()


def nearest(folder: str) -> str | None:
    """The file of configuration in ``folder``, or in the nearest folder around it that has one."""
    found = next((path for name in NAMES if _counts(path := os.path.join(folder, name))), None)
    parent = os.path.dirname(folder)
    return found if found or parent == folder else nearest(parent)


def _counts(path: str) -> bool:
    """Whether a file is there and says something of archcheck."""
    if not os.path.isfile(path):
        return False
    return os.path.basename(path) != "pyproject.toml" or content(path) is not None


def layers_of(path: str, trusted: bool) -> tuple[Layer, ...]:
    """What the file ``path`` says, behind what the files that it extends say. Plugins are code, and loaded
    only where it is ``trusted``. Raises `ConfigError`."""
    chain: list[Layer] = []
    seen: list[str] = []
    following: str | None = path
    while following:
        if following in seen or len(seen) > MAX_EXTENDED:
            raise ConfigError(f"{said(path)}: extend leads back to {said(following)}; take one of them out")
        seen.append(following)
        values = dict(content(following) or {})
        extended = values.pop(EXTEND, None)
        chain.append(layer(values, said(following), os.path.dirname(following), trusted))
        following = _extended(extended, following)
    return tuple(reversed(chain))


def is_near(path: str) -> bool:
    """Whether a configuration is of the folder that the user stands in, or of one around it."""
    return os.pardir not in relative(os.getcwd(), os.path.dirname(path)).split("/")


def _extended(value: Any, path: str) -> str | None:
    if value is None:
        return None
    try:
        name = os.path.expanduser(text(value, ""))
    except Wrong as wrong:
        raise ConfigError(f"{said(path)}: {EXTEND} {wrong}") from None
    found = os.path.normpath(os.path.join(os.path.dirname(path), name))
    if not os.path.isfile(found):
        raise ConfigError(f"{said(path)}: {EXTEND} names {said(found)}, and there is no such file")
    return found


def layer(values: Mapping[str, Any], origin: str, folder: str, trusted: bool = True) -> Layer:
    """The layer that ``values`` say, as a TOML file holds them. Raises `ConfigError`."""
    found = {}
    for name in sorted(values, key=lambda name: name != "plugins"):
        if name not in KEYS:
            close = closest(name, [*KEYS, EXTEND])
            cure = f"did you mean {close!r}?" if close else f"there may be {', '.join([EXTEND, *KEYS])}"
            raise ConfigError(f"{origin}: there is no key {name!r}; {cure}")
        if name == "plugins" and not trusted:
            raise ConfigError(f"{origin}: plugins are code, and this file is not of the folder you are in or "
                              f"of one around it; go there, or pass --config {origin}")
        try:
            found[name] = KEYS[name].read(values[name], folder)
        except Wrong as wrong:
            raise ConfigError(_sentence(origin, name, str(wrong))) from None
        if name == "plugins":
            _load(found[name])
    return Layer(origin, found)


def _sentence(origin: str, name: str, wrong: str) -> str:
    where = origin if origin == f"--{name}" else f"{origin}: {name}"
    return f"{where}{wrong}" if wrong.startswith(".") else f"{where} {wrong}"


def _load(plugins: tuple[str, ...]) -> None:
    from archcheck.plugins import load_plugin
    for plugin in plugins:
        load_plugin(plugin)


def content(path: str) -> Mapping[str, Any] | None:
    """What a file says of archcheck; None where it is not about it. Raises `ConfigError`."""
    try:
        with open(path, "rb") as file:
            found = parsed(file.read(MAX_BYTES).decode("utf-8-sig"), said(path))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{said(path)} cannot be read ({error}); mend it or take it away") from None
    if os.path.basename(path) != "pyproject.toml":
        return found
    tool = found.get("tool")
    own = tool.get("archcheck") if isinstance(tool, dict) else None
    return own if isinstance(own, dict) else None


def parsed(content: str, origin: str) -> dict[str, Any]:
    """A text in TOML. Raises `ConfigError`."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        found: dict[str, Any] = tomllib.loads(content)
        return found
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{origin} is not TOML: {error}") from None


def said(path: str) -> str:
    """How a file is called: from the folder that the user is in, where it lies inside."""
    inner = relative(path, os.getcwd())
    return path if inner.startswith(os.pardir) else inner


def relative(path: str, folder: str) -> str:
    """``path`` as seen from ``folder``, with slashes; itself where there is no way, as between drives."""
    try:
        return os.path.relpath(os.path.abspath(path), folder).replace(os.sep, "/")
    except ValueError:
        return path

