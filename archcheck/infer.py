"""The one walk over a graph: every node's operator is called once with the types of its inputs."""
from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from archcheck import ops
from archcheck.collector import collector_held
from archcheck.dims import Dim, Size
from archcheck.errors import closest
from archcheck.graph import AttrRef, Graph, Node, TensorType
from archcheck.ops._op import (
    UNRANKED,
    Assumption,
    Cost,
    Effect,
    Op,
    ShapeError,
    Unknown,
    cost_of,
    here,
    require,
)

if TYPE_CHECKING:
    from archcheck.report import Report

MAX_NESTING = 32
MAX_BODY_NODES = 100_000
"""Nodes walked inside bodies in one analysis: those of unrolled loops and of functions count each time."""
ENTERING = 8
"""How many nodes' work it is to begin with a body."""
NOT_KNOWN = TensorType(None, None)
SIZES = frozenset((int, bool, Dim))
RANK_UNKNOWN = "the rank of an input is not known"


class Failure(NamedTuple):
    """What is wrong at a node. ``kind`` is ``shapes`` (its inputs cannot be what they are),
    ``unknown-operator``, ``attributes``, ``undefined-input``, ``nesting`` or ``internal``; ``inputs`` are the
    types that met."""

    kind: str
    message: str
    inputs: tuple[TensorType | None, ...] = ()


class UnknownOperator(Exception):
    """No rule, local function or schema function is known for an operator."""


class Nesting(Exception):
    """Graphs nest too deep to be walked, or a function calls itself."""


class Walk:
    """What one pass over a graph finds: ``types`` by value name (None: an optional input left out);
    ``effects``, ``failures``, ``reasons`` (why outputs are not known) and ``bodies`` (the walks of subgraphs
    and of a called function, by attribute or function name) by node index."""

    def __init__(self, graph: Graph, outer: Walk | None = None,
                 attributes: Mapping[str, Any] | None = None) -> None:
        self.graph, self.outer = graph, outer
        self.root: Walk = outer.root if outer else self
        self.is_function = attributes is not None
        inherited = outer.attributes if outer and not self.is_function else {}
        self.attributes: Mapping[str, Any] = attributes or inherited
        self.types: dict[str, Any] = dict(graph.weights)
        self.effects: list[Effect] = []
        self.failures: dict[int, Failure] = {}
        self.reasons: dict[int, str] = {}
        self.bodies: dict[int, dict[str, Walk]] = {}
        self.assumptions: list[tuple[int, Assumption]] = []
        self.depth: int = outer.depth + 1 if outer else 0
        self.place = f"{here.place} > " if outer else ""
        self.ambiguous = _ambiguous(graph)
        self.body_nodes = 0
        functions = graph.functions or (outer.functions if outer else {})
        self.functions: Mapping[tuple[str, str, str], Graph] = functions
        self.operators: Operators = outer.operators if outer and not graph.opsets else Operators(graph.opsets)

    def run(self, inputs: Mapping[str, TensorType | None]) -> Walk:
        """Walk the graph with ``inputs`` bound to its inputs' names; returns itself."""
        self.types.update(inputs)
        self._capture()
        for index, node in enumerate(self.graph.nodes):
            self.take(index, node)
        return self

    def take(self, index: int, node: Node) -> None:
        """Walk the node that comes ``index``-th."""
        effect = self._step(index, node)
        self.effects.append(effect)
        found = effect.outputs
        if len(found) < len(node.outputs):
            found += (NOT_KNOWN,) * (len(node.outputs) - len(found))
        for name, kind in zip(node.outputs, found):
            if kind.shape is UNRANKED:
                kind = _public(kind)
                self.reasons.setdefault(index, RANK_UNKNOWN)
            elif kind.shape and not SIZES.issuperset(map(type, kind.shape)):
                kind = kind._replace(shape=None)
                self.failures[index] = Failure("shapes", "one of its sizes is not a whole number")
            if name:
                self.types[name] = kind

    @property
    def outputs(self) -> tuple[TensorType, ...]:
        """The types of the graph's outputs."""
        return tuple(self.types.get(name) or NOT_KNOWN for name in self.graph.outputs)

    @cached_property
    def costs(self) -> tuple[Cost | None, ...]:
        """The cost of each node; None where it is not counted."""
        return tuple(map(cost_of, self.effects))

    @cached_property
    def cost(self) -> Cost:
        """What all nodes cost together; those not counted are left out."""
        return Cost.total(cost for cost in self.costs if cost is not None)

    def uncounted(self) -> Iterator[Node]:
        """The nodes that have no cost, those with bodies of their own left out."""
        for index, (node, cost) in enumerate(zip(self.graph.nodes, self.costs)):
            if index not in self.bodies and cost is None:
                yield node

    def and_inner(self) -> Iterator[Walk]:
        """This walk and those of all bodies inside it."""
        yield self
        for bodies in self.bodies.values():
            for body in bodies.values():
                yield from body.and_inner()

    def _capture(self) -> None:
        """Bring in what a subgraph reads from the graphs around it."""
        walk = self
        missing = set() if self.is_function or self.outer is None else set(self.graph.free_names)
        while missing and not walk.is_function and walk.outer is not None:
            walk = walk.outer
            found = missing & walk.types.keys()
            self.types.update({name: walk.types[name] for name in found})
            missing -= found

    def _step(self, index: int, node: Node) -> Effect:
        """One node's effect; whatever goes wrong costs only its own outputs, and the reason is kept."""
        name = f"{node.name}#{index}" if node.name in self.ambiguous else node.name
        here.place, here.outputs, here.fresh = f"{self.place}{name}", len(node.outputs), 0
        found = self.operators.find(node.domain, node.op)
        types = self.types
        try:
            inputs = [_ranked(types[name]) if name else None for name in node.inputs]
            if found is None:
                effect = self._call(index, node, inputs)
            else:
                effect = found.function(*inputs, **self._attributes(index, node, found))
        except Unknown as unknown:
            self.reasons[index] = f"{unknown} is not known"
            effect = _unknown_effect(found, inputs, node)
        except Exception as error:  # noqa: BLE001 - a node that fails must not take the others with it
            effect = self._failed(index, node, error, found)
        if here.assumed:
            self.assumptions.extend((index, assumption) for assumption in here.assumed)
            here.assumed.clear()
        return effect

    def _attributes(self, index: int, node: Node, found: Resolved) -> Mapping[str, Any]:
        """The node's attributes as its operator takes them: references resolved, bodies bound, unknown ones
        left out."""
        attrs = node.attrs
        for name, value in attrs.items():
            if name not in found.accepted or type(value) is Graph or type(value) is AttrRef:
                break
        else:
            return attrs
        bound = {}
        for name, value in self._resolved(attrs).items():
            if name not in found.accepted:
                self.failures[index] = Failure("attributes", _unknown_attribute(node, name, found.accepted))
            else:
                bound[name] = Body(self, index, name, value) if type(value) is Graph else value
        return bound

    def _resolved(self, attrs: Mapping[str, Any]) -> dict[str, Any]:
        """``attrs`` with a function's references replaced by the attributes of its call; unset ones left
        out."""
        resolved = {}
        for name, value in attrs.items():
            value = self.attributes.get(value.name) if type(value) is AttrRef else value
            if value is not None:
                resolved[name] = value
        return resolved

    def _call(self, index: int, node: Node, inputs: Sequence[TensorType | None]) -> Effect:
        """The effect of a local function, or of one that a schema registered by the user defines."""
        local = self.functions.get((node.domain, node.op, node.overload))
        function = local or _schema_function(node, self.operators)
        if function is None:
            raise UnknownOperator
        require(len(inputs) <= len(function.inputs), "{} has {} inputs, but its body takes {}",
                node.op, len(inputs), len(function.inputs))
        defaults = {name: value for name, value in function.attributes.items() if value is not None}
        body = Body(self, index, node.op, function, {**defaults, **self._resolved(node.attrs)})
        return Effect(body(*inputs), lambda: body.cost, runs=({body.name: 1},))

    def _failed(self, index: int, node: Node, error: Exception, found: Resolved | None) -> Effect:
        """Keep what went wrong at ``node``, and give its outputs unknown types."""
        inputs = tuple(self.types.get(name) for name in node.inputs)
        missing = [name for name in node.inputs if name and name not in self.types]
        if missing:
            message = f"nothing makes the value {missing[0]!r} that {node.op} reads"
            failure = Failure("undefined-input", message, inputs)
        else:
            failure = _failure(node, error, found, inputs)
        self.failures[index] = failure
        self.reasons[index] = failure.message
        return _unknown_effect(found, inputs, node)


class Body:
    """A subgraph or function bound to where it stands: call it with its inputs' types to get its outputs'
    types."""

    def __init__(self, walk: Walk, index: int, name: str, graph: Graph,
                 attributes: Mapping[str, Any] | None = None) -> None:
        self.walk, self.index, self.name, self.graph, self.attributes = walk, index, name, graph, attributes

    def __call__(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        """Walk the body, and keep what that finds for the report until the next call. Inputs not given are
        left out."""
        walk = self.trial(*inputs)
        self.walk.bodies.setdefault(self.index, {})[self.name] = walk
        return walk.outputs

    def trial(self, *inputs: TensorType | None) -> Walk:
        """Walk the body without keeping it."""
        root = self.walk.root
        root.body_nodes += ENTERING + len(self.graph.nodes)
        if self.walk.depth >= MAX_NESTING or root.body_nodes > MAX_BODY_NODES:
            raise Nesting
        state = here.place, here.outputs, here.fresh, here.assumed
        here.place, here.assumed = f"{here.place}.{self.name}", []
        try:
            return Walk(self.graph, self.walk, self.attributes).run(self._bound(inputs))
        finally:
            here.place, here.outputs, here.fresh, here.assumed = state

    def _bound(self, inputs: Sequence[TensorType | None]) -> dict[str, TensorType | None]:
        given = dict(zip(self.graph.inputs, (kind and _public(kind) for kind in inputs)))
        return {name: given.get(name) for name in self.graph.inputs}

    @property
    def nodes_walked(self) -> int:
        """How many nodes have been walked in bodies so far, in the whole network."""
        return self.walk.root.body_nodes

    @property
    def cost(self) -> Cost:
        """What one run of the body costs, as of its last walk."""
        return self.walk.bodies[self.index][self.name].cost


class Resolved(NamedTuple):
    """An operator at the version a graph uses: its function, the attributes it takes, its outputs' usual
    dtypes, the parameters that hold state, the kind of its work, and what training saves."""

    function: Callable[..., Effect]
    accepted: frozenset[str]
    dtypes: tuple[str | int | None, ...]
    buffers: tuple[str, ...]
    kind: str
    saves: tuple[tuple[str | int, str], ...] | None


class Operators:
    """The operators of a graph's opsets, each looked up once."""

    def __init__(self, opsets: Mapping[str, int]) -> None:
        self.opsets = opsets
        self._found: dict[tuple[str, str], Resolved | None] = {}

    def find(self, domain: str, name: str) -> Resolved | None:
        """The operator ``name`` of ``domain`` at the imported version, the newest where none is imported."""
        key = domain, name
        if key not in self._found:
            known = ops.find(domain, name, self.opsets.get(domain))
            self._found[key] = known and _resolved(known)
        return self._found[key]


@collector_held
def analyze(source: Any, sizes: Mapping[str, Size] | None = None) -> Report:
    """Everything known of a network. ``source`` is a `Graph` or anything `archcheck.load` takes; ``sizes``
    binds symbols of its inputs to numbers, or to formulas: ``{"H": 32 * symbol("h")}``."""
    from archcheck.report import Report
    if not isinstance(source, Graph):
        from archcheck.frontends import load
        source = load(source)
    from archcheck.binding import bind, instance
    graph, free = instance(source, sizes or {})
    return Report(Walk(graph).run(bind(graph, free)), sizes)


@cache
def _resolved(known: Op) -> Resolved:
    return Resolved(known.function, _keywords(known.function), known.dtypes, known.buffers, known.kind,
                    known.saves)


def _keywords(function: Callable[..., Any]) -> frozenset[str]:
    code = function.__code__
    return frozenset(code.co_varnames[code.co_argcount:code.co_argcount + code.co_kwonlyargcount])


def _ambiguous(graph: Graph) -> set[str]:
    """The names that several of the graph's nodes have, and the empty one."""
    counts = Counter(node.name for node in graph.nodes)
    return {name for name, count in counts.items() if count > 1 or not name}


def _ranked(kind: TensorType | None) -> TensorType | None:
    """``kind`` as an operator sees it: an unknown shape raises `Unknown` when it is looked into."""
    return kind if kind is None or kind.shape is not None else kind._replace(shape=UNRANKED)


def _public(kind: TensorType) -> TensorType:
    return kind if kind.shape is not UNRANKED else kind._replace(shape=None)


def _unknown_effect(found: Resolved | None, inputs: Sequence[TensorType | None], node: Node) -> Effect:
    """Outputs of unknown shape, with the dtypes the operator says they have: by default that of the first
    input."""
    if found is None:
        return Effect((NOT_KNOWN,) * len(node.outputs))
    said = found.dtypes + (found.dtypes[-1:] or (0,)) * len(node.outputs)
    return Effect(tuple(TensorType(_dtype_said(said[k], inputs), None) for k in range(len(node.outputs))))


def _dtype_said(said: str | int | None, inputs: Sequence[TensorType | None]) -> str | None:
    if not isinstance(said, int):
        return said
    kind = inputs[said] if said < len(inputs) else None
    return kind.dtype if kind else None


def _failure(node: Node, error: Exception, found: Resolved | None,
             inputs: tuple[TensorType | None, ...]) -> Failure:
    if isinstance(error, ShapeError):
        return Failure("shapes", str(error), inputs)
    if isinstance(error, UnknownOperator):
        return Failure("unknown-operator", f"no rule is known for the operator {node.op} of domain "
                       f"{node.domain or 'ai.onnx'!r}", inputs)
    if isinstance(error, (Nesting, RecursionError)):
        return Failure("nesting", f"graphs nest deeper than {MAX_NESTING}, a function calls itself, or "
                       f"bodies repeat more than {MAX_BODY_NODES} nodes", inputs)
    if isinstance(error, (TypeError, AttributeError)) and found:
        from archcheck.misfits import misfit
        if message := misfit(found.function, found.accepted, node, inputs):
            return Failure("attributes", message, inputs)
    if isinstance(error, (ValueError, IndexError)):
        return Failure("shapes", f"{node.op} does not take inputs of these ranks and attributes ({error})",
                       inputs)
    return Failure("internal", f"the rule for {node.op} failed: {type(error).__name__}: {error}", inputs)


def _unknown_attribute(node: Node, name: str, accepted: frozenset[str]) -> str:
    close = closest(name, sorted(accepted))
    return f"{node.op} has no attribute {name!r}" + (f"; did you mean {close!r}?" if close else "")


def _schema_function(node: Node, operators: Operators) -> Graph | None:
    """The body that a schema registered with onnx in this process gives the operator, if there is one."""
    if "onnx" not in sys.modules or node.domain in ("", "ai.onnx.ml"):
        return None
    from archcheck.frontends.onnx import schema_function
    return schema_function(node, operators.opsets)

