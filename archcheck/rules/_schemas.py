"""ONNX's own schemas of its operators, without importing the ``onnx`` package, which takes ten times as
long."""
from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from archcheck.frontends._proto import onnx_folder

STANDARD = frozenset(("", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview", "ai.onnx.preview.training"))
"""The domains whose operators ONNX defines."""

MICROSOFT = "com.microsoft"
"""What the domains of operators that ONNX Runtime brings along begin with."""

_EXTENSION = "onnx.onnx_cpp2py_export"
_NEWEST = 1 << 30
_LETTERS = {"float": "float32", "double": "float64"}


class Parameter(NamedTuple):
    """An input or output: its name, whether it must be there, whether it may be there many times and then of
    unlike types, and the letter of its type, or that type itself."""

    name: str
    required: bool
    variadic: bool
    alike: bool
    type: str


class Schema(NamedTuple):
    """What ONNX says of an operator at one version. ``types`` are the dtypes allowed for each letter, as
    `TensorType` has them; ``attributes`` maps a name to its kind and whether it must be there."""

    since: int
    deprecated: bool
    inputs: tuple[Parameter, ...]
    outputs: tuple[Parameter, ...]
    min_inputs: int
    max_inputs: int
    min_outputs: int
    max_outputs: int
    attributes: dict[str, tuple[str, bool]]
    types: dict[str, frozenset[str]]


@cache
def schema(domain: str, name: str, opset: int | None) -> Schema | None:
    """The schema of an operator at an opset (None: the newest), None where there is none."""
    defs = _defs()
    version = _NEWEST if opset is None else max(1, min(opset, _NEWEST))
    try:
        found = defs.get_schema(name, version, domain)
    except (defs.SchemaError, TypeError, UnicodeError):
        return None
    return _read(found)


@cache
def names(domain: str) -> frozenset[str]:
    """The names of a domain's operators, of all versions."""
    return frozenset(found.name for found in _defs().get_all_schemas_with_history() if found.domain == domain)


@cache
def first_version(domain: str, name: str) -> int:
    """The opset that an operator came with."""
    return min(int(found.since_version) for found in _defs().get_all_schemas_with_history()
               if (found.domain, found.name) == (domain, name))


@cache
def newest(domain: str) -> int:
    """The newest opset of a domain that the installed ONNX knows; 0 where it knows none."""
    return max(_defs().schema_version_map().get(domain, ()), default=0)


def _read(found: Any) -> Schema:
    types = {known.type_param_str: frozenset(map(_dtype, known.allowed_type_strs))
             for known in found.type_constraints}
    attributes = {name: (known.type.name, bool(known.required)) for name, known in found.attributes.items()}
    return Schema(found.since_version, found.deprecated, tuple(_parameters(found.inputs)),
                  tuple(_parameters(found.outputs)), found.min_input, found.max_input, found.min_output,
                  found.max_output, attributes, types)


def _parameters(found: Any) -> Iterator[Parameter]:
    for known in found:
        option = known.option.name
        yield Parameter(known.name, option == "Single", option == "Variadic", known.is_homogeneous,
                        known.type_str)


def _dtype(text: str) -> str:
    """``tensor(float)`` as ``float32``; other types with their brackets, ``seq(float32)``."""
    if text.startswith("tensor("):
        return _LETTERS.get(text[7:-1], text[7:-1])
    outer, bracket, inner = text.partition("(")
    outer = {"optional": "opt"}.get(outer, outer)
    return f"{outer}({_dtype(inner[:-1])})" if bracket else text


def dtypes(parameter: Parameter, found: Schema) -> frozenset[str]:
    """The dtypes that are allowed for an input or output."""
    return found.types.get(parameter.type) or frozenset((_dtype(parameter.type),))


def _defs() -> Any:
    """The part of the ``onnx`` package that holds the schemas."""
    if _EXTENSION not in sys.modules and "onnx" not in sys.modules:
        _load_extension()
    if _EXTENSION in sys.modules:
        return sys.modules[_EXTENSION].defs
    from onnx import onnx_cpp2py_export
    return onnx_cpp2py_export.defs


def _load_extension() -> None:
    """Load the extension module by its file; where the package is laid out otherwise, it is left alone."""
    folder = onnx_folder()
    file = next((name for name in os.listdir(folder) if name.startswith("onnx_cpp2py_export.")
                 and name.endswith((".so", ".pyd"))), None)
    spec = file and importlib.util.spec_from_file_location(_EXTENSION, os.path.join(folder, file))
    if not spec or not spec.loader:
        return
    module = importlib.util.module_from_spec(spec)
    sys.modules[_EXTENSION] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[_EXTENSION]
        raise
