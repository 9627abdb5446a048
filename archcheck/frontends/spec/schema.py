"""The JSON Schema of specifications, for editors: made from the layers, so that it knows them all.

A schema sees keys and forms, not what stands inside texts: it finds a misspelt option in the full form of a
layer, but not one within a line.
"""
from __future__ import annotations

import inspect
from typing import Any

from archcheck.frontends.spec import layers
from archcheck.frontends.spec._layer import LAYERS, Layer
from archcheck.frontends.spec._read import JOINS

__all__ = ["layers", "schema"]

NAME = r"^[^\W\d]\w*$"
SIGNATURE = r"^[^\W\d]\w*\s*(\(.*\))?\s*$"
OPERATOR = r"^([a-z]\w*\.)*[A-Z]\w*$"

TEXT = {"type": "string"}
SIZE = {"type": ["string", "number"]}
NAMES = {"type": ["string", "array"], "items": TEXT}
ANY = {"type": ["string", "number", "boolean", "null", "array"]}
KINDS: dict[str, dict[str, Any]] = {
    "Size": SIZE, "Index": SIZE, "Number": SIZE, "Window": {"type": ["string", "number", "array"]},
    "Flag": {"type": ["string", "boolean"]}, "Word": TEXT, "Value": TEXT, "Sizes": {"type": ["string",
                                                                                             "array"]},
    "Elements": {"type": ["string", "array"]}, "Input": ANY}
"""What may be written for each kind of parameter."""


def schema() -> dict[str, Any]:
    """The schema of a whole specification."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "archcheck specification",
        "description": "A neural-network architecture; docs/spec-format.md is the manual.",
        "type": "object",
        "properties": _properties(),
        "additionalProperties": False,
        "allOf": [_either("layers", "pattern"), {"anyOf": [{"required": ["input"]},
                                                           {"required": ["inputs"]}]}],
        "dependentRequired": {"with": ["pattern"]},
        "$defs": {"steps": _steps(), "item": _item(), **{
            found.name: _arguments(found) for found in LAYERS.values()}}}


def _properties() -> dict[str, Any]:
    steps = {"$ref": "#/$defs/steps"}
    return {
        "name": TEXT, "about": TEXT, "params": _named(ANY),
        "input": {"type": ["string", "number", "array"], "items": SIZE},
        "inputs": _named({"type": ["string", "number", "array"], "items": SIZE}),
        "constants": _named({"type": "array"}),
        "defaults": {"type": "object", "properties": _known(),
                     "additionalProperties": False},
        "blocks": {"type": "object", "patternProperties": {SIGNATURE: steps}, "additionalProperties": False},
        "layers": steps, "pattern": TEXT, "with": {"type": "object"}, "output": NAMES, "outputs": NAMES,
        "claims": {"type": "array", "items": {"type": "object", "required": ["says", "verdict"]}}}


def _known() -> dict[str, Any]:
    """What may stand under each layer's name."""
    return {name: {"$ref": f"#/$defs/{found.name}"} for name, found in LAYERS.items()}


def _either(one: str, other: str) -> dict[str, Any]:
    return {"oneOf": [{"required": [one]}, {"required": [other]}]}


def _named(kind: dict[str, Any]) -> dict[str, Any]:
    return {"type": ["object", "null"], "patternProperties": {NAME: kind}, "additionalProperties": False}


def _steps() -> dict[str, Any]:
    """A line, a layer, or a list of such."""
    item = {"$ref": "#/$defs/item"}
    return {"anyOf": [TEXT, {"type": "array", "items": {"anyOf": [TEXT, item]}}, item]}


def _item() -> dict[str, Any]:
    """A layer with its own key and what stands beside it; other keys are blocks."""
    steps = {"$ref": "#/$defs/steps"}
    beside = {"name": NAMES, "from": NAMES, "do": steps, "then": steps, "else": steps, "axis": SIZE,
              "rows": {"type": "array"}, "repeat": SIZE, "each": NAMES, "if": {"type": ["string", "boolean"]}}
    known = _known()
    joins = {name: {"anyOf": [known[name], {"type": "array", "items": steps},
                              {"type": "object", "additionalProperties": steps}]} for name in JOINS}
    own = {"type": ["string", "number", "null", "array", "object"]}
    return {"type": "object", "minProperties": 1, "properties": {**known, **joins, **beside},
            "patternProperties": {OPERATOR: own, NAME: True}, "additionalProperties": False,
            "dependentRequired": {"repeat": ["do"], "each": ["rows", "do"], "if": ["then"], "do": [],
                                  "rows": ["each"], "then": ["if"], "else": ["if"]}}


def _arguments(found: Layer) -> dict[str, Any]:
    """What may stand under the name of a layer: a line, a list, or its parameters by name."""
    options = {name: _option(parameter, found.reader(name)) for name, parameter in found.parameters.items()
               if parameter.kind is not parameter.VAR_POSITIONAL}
    return {"description": inspect.cleandoc(found.function.__doc__ or "").replace("``", "`"),
            "type": ["string", "number", "null", "array", "object"], "properties": options,
            "additionalProperties": False}


def _option(parameter: inspect.Parameter, reader: str) -> dict[str, Any]:
    kind = KINDS[reader]
    is_plain = isinstance(parameter.default, (bool, int, float, str))
    return {**kind, "default": parameter.default} if is_plain else kind
