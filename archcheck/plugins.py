"""Operators of others: a plugin is a module that registers functions with `archcheck.ops.op` when it is
imported.

An installed package announces one as an entry point of the group ``archcheck.plugins``; ``--plugin`` names a
module or a file. Installed plugins are imported when a network holds an operator that is not known without
them.
"""
from __future__ import annotations

import importlib.util
import sys
from importlib import import_module
from pathlib import Path

from archcheck.errors import UserError

GROUP = "archcheck.plugins"


class PluginError(UserError):
    """A plugin cannot be imported."""


def load_plugin(name: str) -> None:
    """Import the plugin ``name``: a module's dotted name, or the path of a ``.py`` file."""
    try:
        if name.endswith(".py"):
            _load_file(Path(name))
        else:
            import_module(name)
    except Exception as error:
        raise PluginError(f"the plugin {name} cannot be loaded: {type(error).__name__}: {error}") from error


def load_installed() -> None:
    """Import every plugin that an installed package announces."""
    from importlib.metadata import entry_points
    for entry in entry_points(group=GROUP):
        try:
            entry.load()
        except Exception as error:
            raise PluginError(f"the installed plugin {entry.name} ({entry.value}) cannot be loaded: "
                              f"{type(error).__name__}: {error}") from error


LOADED: set[tuple[str, int, int]] = set()
"""The files that are loaded: path, size and time. What a file registers it registers once."""


def _load_file(path: Path) -> None:
    status = path.stat() if path.is_file() else None
    key = (str(path.absolute()), status.st_size, status.st_mtime_ns) if status else None
    if key in LOADED:
        return
    spec = importlib.util.spec_from_file_location(f"archcheck_plugin_{path.stem}", path)
    if spec is None or spec.loader is None or key is None:
        raise FileNotFoundError(f"no such file: {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    LOADED.add(key)
