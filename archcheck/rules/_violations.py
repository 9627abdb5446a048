"""Where a node does not fit its operator's schema: everything, not only the first thing."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from archcheck.errors import closest
from archcheck.graph import Graph, Node, TensorType
from archcheck.rules._schemas import Parameter, Schema, dtypes, schema

MAX_SHOWN = 4
"""So many of the types that would be allowed are named."""


class Violation(NamedTuple):
    """What of a node does not fit, and what to do about it."""

    message: str
    fix: str


class _Form(NamedTuple):
    """All of a node that its schema speaks of; nodes of one form fit or fail together. Inputs by their dtypes
    (None: not known), attributes by their Python types, those of lists by that of their first element."""

    domain: str
    op: str
    opset: int | None
    inputs: tuple[str | None, ...]
    outputs: int
    attributes: tuple[str, ...]
    types: tuple[type | tuple[type, ...], ...]


LEFT_OUT = ""


def violations(node: Node, opset: int | None,
               types: Mapping[str, TensorType | None]) -> tuple[Violation, ...]:
    """What of ``node`` is against its schema at ``opset``; ``types`` are those of values as far as they are
    known. Nothing for an operator without a schema."""
    read = tuple([_dtype(types.get(name)) if name else LEFT_OUT for name in node.inputs])
    attrs = node.attrs
    kinds = tuple([(type(value[0]),) if type(value) is tuple and value else type(value)
                   for value in attrs.values()]) if attrs else ()
    return _of_form(_Form(node.domain, node.op, opset, read, len(node.outputs), tuple(attrs), kinds))


def _dtype(kind: TensorType | None) -> str | None:
    return kind.dtype if kind else None


@lru_cache(4096)
def _of_form(form: _Form) -> tuple[Violation, ...]:
    found = schema(form.domain, form.op, form.opset)
    if found is None or found.deprecated:
        return ()
    return (*_arity(form, found), *_attributes(form, found), *_types(form, found))


# --------------------------------------------------------------------------------- inputs and outputs
def _arity(form: _Form, found: Schema) -> Iterator[Violation]:
    given = len(form.inputs)
    if not found.min_inputs <= given <= found.max_inputs:
        span = _span(found.min_inputs, found.max_inputs, found.inputs)
        yield Violation(f"{form.op} has {_counted(given, 'input')}, but takes {span}", _named(found.inputs))
    for parameter, dtype in zip(found.inputs, form.inputs):
        if parameter.required and dtype == LEFT_OUT:
            yield Violation(f"{form.op} needs its input {parameter.name!r}, which is left out",
                            f"give it {parameter.name!r}")
    if not found.min_outputs <= form.outputs <= found.max_outputs:
        span = _span(found.min_outputs, found.max_outputs, found.outputs)
        yield Violation(f"{form.op} has {_counted(form.outputs, 'output')}, but makes {span}",
                        _named(found.outputs))


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _span(least: int, most: int, parameters: tuple[Parameter, ...]) -> str:
    if least == most:
        return str(least)
    endless = any(parameter.variadic for parameter in parameters)
    return f"at least {least}" if endless else f"{least} to {most}"


def _named(parameters: tuple[Parameter, ...]) -> str:
    names = (parameter.name if parameter.required else f"[{parameter.name}]" for parameter in parameters)
    return f"give it {', '.join(names)}" if parameters else "leave them out"


# ---------------------------------------------------------------------------------------- attributes
def _attributes(form: _Form, found: Schema) -> Iterator[Violation]:
    for name, stored in zip(form.attributes, form.types):
        kind = _kind(stored)
        if name not in found.attributes:
            yield _unknown(form, name, found)
        elif not _fits(kind, wanted := found.attributes[name][0]):
            yield Violation(f"the attribute {name!r} of {form.op} is {kind}, but must be {wanted}",
                            f"store {name!r} as {wanted}")
    given = set(form.attributes)
    for name, (kind, required) in found.attributes.items():
        if required and name not in given:
            yield Violation(f"{form.op} needs the attribute {name!r}, which is not there",
                            f"give it {name!r}, of type {kind}")


def _unknown(form: _Form, name: str, found: Schema) -> Violation:
    newest = schema(form.domain, form.op, None)
    close = closest(name, found.attributes)
    if newest and name in newest.attributes:
        fix = f"import opset {newest.since} or newer, or leave it out"
    elif close:
        fix = f"did you mean {close!r}?"
    else:
        fix = f"leave it out; {form.op} takes {', '.join(found.attributes) or 'no attributes'}"
    return Violation(f"{form.op} has no attribute {name!r} at opset {form.opset}", fix)


_KINDS = {int: "INT", float: "FLOAT", str: "STRING", Graph: "GRAPH", TensorType: "TENSOR"}


def _kind(stored: type | tuple[type, ...]) -> str:
    """The type of an attribute, in ONNX's words: "" where that is not told, ``S`` for an empty list."""
    if isinstance(stored, tuple):
        return f"{_KINDS.get(stored[0], '')}S"
    return "S" if stored is tuple else _KINDS.get(stored, "")


def _fits(kind: str, wanted: str) -> bool:
    if kind == "S":
        return wanted.endswith("S")
    return kind in ("", wanted) or "TYPE" in wanted or "TENSOR" in wanted and "TENSOR" in kind


# --------------------------------------------------------------------------------------------- types
def _types(form: _Form, found: Schema) -> Iterator[Violation]:
    """Inputs of a type that is not allowed, or that differ where the schema has one letter for both."""
    bound: dict[str, tuple[str, str]] = {}
    for parameter, dtype in zip(_spread(found.inputs, len(form.inputs)), form.inputs):
        if not dtype or dtype.startswith(("map(", "sparse(", "opaque")) or "None" in dtype:
            continue
        allowed = dtypes(parameter, found)
        if dtype not in allowed and f"opt({dtype})" not in allowed:
            yield Violation(f"the input {parameter.name!r} of {form.op} is {dtype}, but must be "
                            f"{_choice(allowed)} at opset {form.opset}", "cast it")
            continue
        first = bound.setdefault(parameter.type, (parameter.name, dtype))
        if parameter.alike and first[1] != dtype and parameter.type in found.types:
            yield Violation(f"the inputs {first[0]!r} and {parameter.name!r} of {form.op} must be of one "
                            f"type, but are {first[1]} and {dtype}", "cast one of them")


def _spread(parameters: tuple[Parameter, ...], count: int) -> Iterator[Parameter]:
    """A parameter for each input: the last one again where it may be there many times."""
    yield from parameters
    last = parameters[-1] if parameters else None
    if last and last.variadic:
        yield from (last for _ in range(count - len(parameters)))


def _choice(allowed: frozenset[str]) -> str:
    shown = sorted(allowed)
    more = f" or {len(shown) - MAX_SHOWN} more" if len(shown) > MAX_SHOWN else ""
    return " or ".join(shown[:MAX_SHOWN]) + more
