"""The keys of a configuration: one table, from which files are read, explained, and given a JSON Schema."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from archcheck.config import _readers as read
from archcheck.rules._rule import SEVERITIES

REPLACE, APPEND, ENTRIES = "replace", "append", "entries"
"""What the nearer of two places does to the farther one: takes its place, comes behind it, or replaces the
entries that both have."""


class Key(NamedTuple):
    """A key: the ``field`` of `Settings` that it sets; how it is read; the schema of what may be written;
    what it does to the same key in a configuration that is extended; and what it means."""

    field: str
    read: Callable[[Any, str], Any]
    schema: dict[str, Any]
    merge: str
    means: str


TEXT: dict[str, Any] = {"type": "string"}
TEXTS: dict[str, Any] = {"anyOf": [TEXT, {"type": "array", "items": TEXT}]}
RULES: dict[str, Any] = {"$ref": "#/$defs/rules"}
SIZES: dict[str, Any] = {"type": "object", "additionalProperties": {"type": "integer", "minimum": 1}}


def _table(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": of}


def _choice(of: tuple[str, ...]) -> dict[str, Any]:
    return {"enum": list(of)}


def _closed(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False,
            "required": list(required)}


NUMBER: dict[str, Any] = {"type": ["string", "number"]}
LIMIT = {"anyOf": [NUMBER, _closed({"max": NUMBER, "at": SIZES}, "max")]}
LIMITS = {**dict.fromkeys(read.LIMITS, LIMIT),
          "latency": _closed({"max": NUMBER, "device": TEXT, "at": SIZES}, "max", "device")}

KEYS = {
    "select": Key("select", read.rules, RULES, REPLACE,
                  "rules to ask, by code, prefix of a code or name; default: those that are on by default"),
    "extend-select": Key("extend_select", read.rules, RULES, APPEND, "rules to ask besides"),
    "ignore": Key("ignore", read.rules, RULES, APPEND, "rules not to ask"),
    "severity": Key("severities", read.severities, _table(_choice(SEVERITIES)), ENTRIES,
                    "how bad a rule's findings are: error, warning or advice"),
    "fail-on": Key("fail_on", read.one_of(read.FAIL_ON), _choice(read.FAIL_ON), REPLACE,
                   "the least severity with which the exit code is 1, or never"),
    "target": Key("targets", read.targets, TEXTS, REPLACE, "runtimes that the models are for"),
    "profile": Key("profiles", read.profiles, TEXTS, REPLACE, "groups of rules to ask besides"),
    "strict": Key("strict", read.switch, {"type": "boolean"}, REPLACE,
                  "suppressions need reasons, and advice fails a run unless fail-on says otherwise"),
    "dynamic": Key("dynamic", read.texts, TEXTS, REPLACE, "symbols that must stay free in every model"),
    "object-size": Key("object_size", read.positive, {"type": "integer", "minimum": 1}, REPLACE,
                       "extent in input positions that the receptive field has to cover"),
    "weights": Key("weights", read.switch, {"type": "boolean"}, REPLACE,
                   "whether rules read weights: true: all, false: none; default: where there are few"),
    "sizes": Key("sizes", read.sizes, SIZES, ENTRIES, "sizes of symbols, for the models that have them"),
    "per-model-ignores": Key("exemptions", read.ignores, _table(RULES), APPEND,
                             "rules not to ask about the models that a pattern matches"),
    "override": Key("exemptions", read.overrides, {"type": "array", "items": _closed(
        {"scope": TEXT, "model": TEXT, "ignore": RULES}, "ignore")}, APPEND,
                    "rules that do not hold in a part of a network, given by a pattern of its scope"),
    "budget": Key("budget", read.budgets, _table({"type": "object", "properties": LIMITS,
                                                      "additionalProperties": False}), APPEND,
                  "limits of figures, by patterns of models"),
    "baseline": Key("baseline", read.path, TEXT, REPLACE, "the file of findings that do not count"),
    "plugins": Key("plugins", read.paths, TEXTS, APPEND,
                   "modules and .py files with more operators and rules"),
}
"""Every key but ``extend``, in the order in which they are listed."""

EXTEND = "extend"
"""The key that names another configuration, to which this one adds."""


def schema() -> dict[str, Any]:
    """The JSON Schema of ``archcheck.toml``, and of ``[tool.archcheck]`` in ``pyproject.toml``."""
    properties = {name: {"description": key.means, **key.schema} for name, key in KEYS.items()}
    extend = {"description": "the configuration that this one adds to", **TEXT}
    rules = {**TEXTS, "description": "codes, prefixes of codes, names of rules, or ALL"}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "archcheck configuration",
            "type": "object", "properties": {EXTEND: extend, **properties}, "additionalProperties": False,
            "$defs": {"rules": rules}}
