"""What a specification says, read but not yet built: steps, one after the other."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple, Union

from yaml.nodes import Node

from archcheck.frontends.spec._document import Document, Field, Text


class Items(NamedTuple):
    """A list that was written as an argument."""

    entries: tuple[Written, ...]
    at: Text | Node


Written = Union[Text, Items]


class Given(NamedTuple):
    """An argument that is worked out already, by what stands at ``at``."""

    value: Any
    at: Text | Node


Argument = Union[Text, Items, Given]


class Arg(NamedTuple):
    """An argument of a layer, by position, or by its ``key``."""

    key: str | None
    value: Argument
    at: Text | Node


class Call(NamedTuple):
    """A layer, a block or an ONNX operator with its arguments. ``names`` are those that its outputs get,
    ``sources`` the values that it reads instead of the one before."""

    kind: Text
    args: tuple[Arg, ...] = ()
    names: tuple[Text, ...] = ()
    sources: tuple[Text, ...] = ()


class Begin(NamedTuple):
    """Go on from the value ``name``."""

    name: Text


class Repeat(NamedTuple):
    """``body``, ``times`` over."""

    at: Text
    times: Text
    body: Steps
    name: Text | None = None


class Group(NamedTuple):
    """``body`` as one scope, if it has a name."""

    at: Text
    body: Steps
    name: Text | None = None


class Each(NamedTuple):
    """``body`` for each of ``rows``, whose entries are called ``variables``."""

    at: Text
    variables: tuple[Text, ...]
    rows: tuple[tuple[Argument, ...], ...]
    body: Steps
    name: Text | None = None


class Branch(NamedTuple):
    """One of the ways between two points; ``name`` is its scope."""

    name: Text | None
    body: Steps


class Join(NamedTuple):
    """Branches that begin at one value and are joined by ``call``."""

    call: Call
    branches: tuple[Branch, ...]


class Choice(NamedTuple):
    """``then`` where the condition holds, else ``other``."""

    condition: Text
    then: Steps
    other: Steps


class Optional(NamedTuple):
    """A step of a pattern that may be left out, ``POOL?``."""

    step: Call


class Either(NamedTuple):
    """One of several layers in a pattern, ``RELU|TANH``."""

    calls: tuple[Call, ...]


Step = Union[Call, Begin, Repeat, Group, Each, Join, Choice, Optional, Either]
Steps = tuple[Step, ...]


class Parameter(NamedTuple):
    """What a block is given: its name, and what stands for it where nothing is."""

    name: Text
    default: Text | None


class Block(NamedTuple):
    """A part of networks with a name and parameters."""

    name: Text
    parameters: tuple[Parameter, ...]
    body: Steps


class Input(NamedTuple):
    """An input: its name, the dtype, and the shape as it is written."""

    name: Text
    dtype: str
    shape: tuple[Text, ...]


@dataclass(frozen=True)
class Specification:
    """A whole document, read."""

    document: Document
    name: str
    about: str
    inputs: tuple[Input, ...]
    steps: Steps
    blocks: dict[str, Block] = field(default_factory=dict)
    params: dict[str, Field] = field(default_factory=dict)
    constants: dict[str, Field] = field(default_factory=dict)
    defaults: dict[Text, tuple[Arg, ...]] = field(default_factory=dict)
    outputs: tuple[Text, ...] = ()
    pattern: dict[str, Field] | None = None
