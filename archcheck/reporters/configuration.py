"""What ``archcheck config`` shows: the keys that there are, or the settings of one model with where they come
from."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archcheck.config import STRICT, Settings
from archcheck.config._keys import EXTEND, KEYS
from archcheck.config._resolve import BY_MODEL, Chosen
from archcheck.reporters.sheet import Column, Sheet, as_text, raw

SCHEMA = "archcheck.config/1"
DEFAULT = "default"


def keys() -> Sheet:
    """A row for each key."""
    rows = [(EXTEND, "the configuration that this one adds to"),
            *((name, key.means) for name, key in KEYS.items())]
    columns = Column("key", "key"), Column("means", "means", as_text, least=20)
    return Sheet(SCHEMA, columns, rows, (), {}, "keys")


def shown(chosen: Mapping[str, Chosen], settings: Settings) -> Sheet:
    """A row for each key: its value for one model, and what it was set by."""
    columns = (Column("key", "key"), Column("value", "value", as_text, least=16),
               Column("origin", "from", as_text, least=10))
    rows = [(name, _value(name, settings), ", ".join(dict.fromkeys(chosen[name].origins)) if name in chosen
             else DEFAULT) for name in KEYS]
    return Sheet(SCHEMA, columns, rows, (), {}, "settings")


def _value(name: str, settings: Settings) -> str:
    """The value of a key as it reads: of those that are by model, what holds for this one."""
    value: Any = STRICT in settings.profiles if name == STRICT else getattr(settings, KEYS[name].field)
    if name in BY_MODEL[:2]:
        value = [entry for entry in value if bool(entry.scope) == (name == BY_MODEL[1])]
        return "; ".join(" ".join(filter(None, (", ".join(rules), scope and f"in {scope}")))
                         for rules, scope in value)
    if name == BY_MODEL[2]:
        return ", ".join(f"{key} {limit.said}" for key, limit in value.items())
    if isinstance(value, Mapping):
        return ", ".join(f"{key} = {raw(inner)}" for key, inner in value.items())
    if isinstance(value, tuple):
        return ", ".join(value)
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
