"""What a rule is: a generator of faults, whose docstring is its manual page and its test."""
from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from archcheck.graph import Graph, Node, TensorType
from archcheck.infer import NOT_KNOWN, Walk
from archcheck.ops._op import Effect
from archcheck.scopes import SourceLine, scope

if TYPE_CHECKING:
    from archcheck.rules._case import Case

ERROR, WARNING, ADVICE = "error", "warning", "advice"
SEVERITIES = (ERROR, WARNING, ADVICE)
"""Will fail or is unsafe; almost surely not meant; might be better."""

SAFE, UNSAFE = "safe", "unsafe"
"""Whether a fix keeps every output bit for bit."""

_CODE = re.compile(r"([A-Z]{3,4})([0-9]{3})")


class Site(NamedTuple):
    """A node at its place: the walk that took it, and where in that graph. Nodes of bodies are sites too."""

    walk: Walk
    at: int

    @property
    def node(self) -> Node:
        """The node."""
        return self.walk.graph.nodes[self.at]

    @property
    def op(self) -> str:
        """The operator's name, with its domain where that is not ONNX's own."""
        node = self.node
        return f"{node.domain}.{node.op}" if node.domain else node.op

    @property
    def graph(self) -> Graph:
        """The graph or body that the node stands in."""
        return self.walk.graph

    @property
    def effect(self) -> Effect:
        """What the node does."""
        return self.walk.effects[self.at]

    @property
    def inputs(self) -> tuple[TensorType, ...]:
        """The types of its inputs; those left out, or not known, are of no known type."""
        return tuple(self.walk.types.get(name) or NOT_KNOWN for name in self.node.inputs)

    @property
    def outputs(self) -> tuple[TensorType, ...]:
        """The types of its outputs."""
        return tuple(self.walk.types.get(name) or NOT_KNOWN for name in self.node.outputs)

    @property
    def version(self) -> int:
        """The opset that its operator's meaning counts from: that of the nearest graph that names one."""
        walk: Walk | None = self.walk
        while walk is not None and not walk.graph.opsets:
            walk = walk.outer
        return walk.graph.opsets.get(self.node.domain, 0) if walk else 0

    @property
    def path(self) -> str:
        """Where the node stands, bodies included, as ``If_3 > Conv_2``."""
        return f"{self.walk.place}{self.node.name}"

    def producer(self, position: int = 0) -> Site | None:
        """The node that makes the input at ``position``, None where none in the same graph does."""
        if position >= len(self.node.inputs):
            return None
        index = self.graph.producers.get(self.node.inputs[position])
        return None if index is None or is_malformed(self.walk, index) else Site(self.walk, index)

    def readers(self, position: int = 0) -> list[Site]:
        """The nodes of the same graph that read the output at ``position``."""
        name = self.node.outputs[position] if position < len(self.node.outputs) else ""
        uses = self.graph.uses.get(name, ()) if name else ()
        return [Site(self.walk, index) for index in dict.fromkeys(uses) if not is_malformed(self.walk, index)]


_LACKING = frozenset(("attributes", "undefined-input", "internal"))


def is_malformed(walk: Walk, index: int) -> bool:
    """Whether a node lacks what its operator needs, so that there is no telling what it does. Rules on valid
    models say so; others pass it over."""
    failure = walk.failures.get(index)
    return not walk.graph.nodes[index].outputs or failure is not None and failure.kind in _LACKING


@dataclass(frozen=True)
class Fault:
    """What a rule found at one place.

    ``message`` says what, with both numbers, and names no node: where is added by whoever reports it. ``why``
    is the arithmetic or the consequence, ``fix`` an imperative. ``site`` is the node that it is about,
    ``value`` the value, weight, input or file, ``line`` a place in a text. ``severity`` and ``fixable``
    (`SAFE`, `UNSAFE` or "") are given where they are not the rule's own. Faults of one ``cause`` are one
    finding; the default is the operator, the scope with its numbers left open, and the message. ``facts`` are
    the numbers of the message by name, for programs.
    """

    message: str
    why: str = ""
    fix: str = ""
    site: Site | None = None
    value: str = ""
    line: SourceLine | None = None
    severity: str = ""
    fixable: str | None = None
    cause: Hashable = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def scope(self) -> tuple[str, ...]:
        """The path of the module that it is in."""
        return scope(self.site.node) if self.site else ()


Faults = Iterator[Fault]


class Rule(NamedTuple):
    """A registered rule: its ``code`` and ``name``, which completes "this model has …"; how bad what it finds
    is; whether it is ``on`` unless asked for; the ``profiles`` that turn it on, and ``targeted`` for one that
    is on with a target only; whether it reads ``weights``; the kind of ``fix`` there is ("": none); ``cvss``,
    the severity of what is unsafe on that scale (None: not about safety), and the weakness of that sort, 22
    for CWE-22; and the generator itself. ``of`` is what it is asked about: a ``case``, or the ``failure`` to
    read a file, which is the `UserError`. A ``general`` one says nothing of a node of which another rule
    finds an error."""

    code: str
    name: str
    severity: str
    function: Callable[[Any], Faults]
    on: bool
    profiles: tuple[str, ...]
    targeted: bool
    weights: bool
    fix: str
    cvss: float | None
    cwe: int | None
    of: str
    general: bool = False

    @property
    def family(self) -> str:
        """The letters of its code."""
        return self.code[:-3]


RULES: dict[str, Rule] = {}


def rule(code: str, name: str, *, severity: str, on: bool = True, profiles: Sequence[str] = (),
         targeted: bool = False, weights: bool = False, fix: str = "", cvss: float | None = None,
         cwe: int | None = None, of: str = "case", general: bool = False) -> Callable[[Any], Any]:
    """Register a generator of faults as the rule ``code``; see `Rule`. One with ``profiles`` or that is
    ``targeted`` is off otherwise."""
    if not _CODE.fullmatch(code):
        raise ValueError(f"{code!r} is no code of a rule, such as GEO003")

    def register(function: Callable[[Case], Faults]) -> Callable[[Case], Faults]:
        taken = RULES.get(code)
        if taken and taken.function.__module__ != function.__module__:
            raise ValueError(f"the code {code} is taken by {taken.name}")
        always = on and not profiles and not targeted
        RULES[code] = Rule(code, name, severity, function, always, tuple(profiles), targeted, weights, fix,
                           cvss, cwe, of, general)
        return function
    return register
