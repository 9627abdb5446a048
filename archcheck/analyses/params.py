"""Parameters: what was learned, what is kept beside it, and how many bytes it all takes.

A *weight* is a tensor that does not depend on the network's inputs and whose elements a node computes with:
an initializer, or the output of a node that reads no data at all (``Constant``, ``ConstantOfShape``) at the
start of a chain of constants. It counts with the elements it has there, once however often it is used, and
not where only its shape matters. Scalars and integers are constants of the arithmetic, no weights, unless the
integers are quantised.
"""
from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, reduce
from typing import TYPE_CHECKING, Any, NamedTuple

from archcheck.dims import Size, is_known, prod, same, total, unknown
from archcheck.dtypes import BITS, storage
from archcheck.graph import Graph, Literal, Node, TensorType
from archcheck.infer import Resolved, Walk
from archcheck.ops._op import Effect

if TYPE_CHECKING:
    from archcheck.report import Report

LEARNED, BUFFER, QUANTIZATION = "learned", "buffer", "quantization"
FLOATS = frozenset(name for name in BITS if "float" in name or "complex" in name)
NARROW = frozenset(name for name, bits in BITS.items() if "int" in name and bits <= 8)
ACCUMULATORS = frozenset(("int16", "uint16", "int32"))
"""Wider integers that are weights (biases, 16-bit weights) where a quantised operator reads them."""


class Weight(NamedTuple):
    """One stored or made tensor. ``kind`` is ``learned``, ``buffer`` (running statistics, initial states) or
    ``quantization`` (scales, zero points); ``bytes`` is None where that is not known; ``used_by`` are the
    indices of the main graph's nodes that compute with it."""

    name: str
    elements: Size
    dtype: str
    bytes: Size | None
    kind: str
    used_by: tuple[int, ...]


@dataclass(frozen=True)
class Params:
    """All weights of a network, each storage once; by dtype the bytes of every tensor stored for it or made
    into a weight; and the kind of every value that is such a tensor, by the ``id`` of its graph and its
    name. ``constants`` are those of them that nodes make, by the same, with the values of nodes that read
    nothing."""

    weights: tuple[Weight, ...]
    bytes_by_dtype: Mapping[str, Size]
    kinds: Mapping[tuple[int, str], str] = field(default_factory=dict)
    constants: frozenset[tuple[int, str]] = frozenset()

    @property
    def total(self) -> Size:
        """The number of learned elements."""
        return self._elements(LEARNED)

    @property
    def buffers(self) -> Size:
        """The number of elements in running statistics and initial states."""
        return self._elements(BUFFER)

    @property
    def quantization(self) -> Size:
        """The number of scales and zero points."""
        return self._elements(QUANTIZATION)

    @property
    def as_used(self) -> Size:
        """The number of learned elements, counted at every node that uses them."""
        learned = [weight for weight in self.weights if weight.kind == LEARNED]
        return total(len(weight.used_by) * weight.elements for weight in learned)

    @cached_property
    def by_node(self) -> Mapping[int, Size]:
        """Index of a node to the number of learned elements that it is the first to use."""
        counts: dict[int, Size] = {}
        for weight in self.weights:
            if weight.kind == LEARNED:
                first = min(weight.used_by)
                counts[first] = counts.get(first, 0) + weight.elements
        return counts

    def _elements(self, kind: str) -> Size:
        return total(weight.elements for weight in self.weights if weight.kind == kind)


def params(report: Report) -> Params:
    """The weights of a network."""
    tracer = _Tracer()
    tracer.follow(report.walk, {}, None)
    return Params(tuple(tracer.weights()), tracer.bytes_by_dtype(), tracer.kinds(), tracer.constants())


# ---------------------------------------------------------------------------------- what depends on what
class _Source(NamedTuple):
    """Where a chain of constants starts: a tensor that is ``stored``, or ``made`` by a node, or both."""

    name: str
    kind: TensorType
    made: bool
    stored: bool
    packed: Size | None = None

    @property
    def elements(self) -> Size:
        """How many numbers it holds: its elements, or what is ``packed`` into them."""
        return self.stored_elements if self.packed is None else self.packed

    @property
    def stored_elements(self) -> Size:
        """How many elements the tensor has."""
        shape = self.kind.shape
        return unknown(self.name, "the shape of a weight is not known") if shape is None else prod(shape)

    @property
    def dtype(self) -> str:
        """The dtype of one element."""
        name = self.kind.dtype or ""
        return name[len("sparse("):-1] if name.startswith("sparse(") else name

    @property
    def bytes(self) -> Size | None:
        """How many bytes it takes; None where that is not known."""
        size = storage(self.dtype, self.stored_elements)
        return size if is_known(size) else None

    def is_weight(self, quantized: bool) -> bool:
        """Whether its elements are weights for an operator that reads them as data."""
        if self.kind.shape == () or self.made and same(self.elements, 1):
            return False
        return self.dtype in FLOATS or self.dtype in NARROW or quantized and self.dtype in ACCUMULATORS


class _Origin(NamedTuple):
    """What a value that holds no data of the inputs is made of: sources by key, with the part they play once
    a node has read them. ``fixed`` tells that it does not depend on the inputs' shapes either."""

    parts: Mapping[Hashable, str | None]
    fixed: bool


Origins = dict[str, "_Origin | None"]  # None: it holds data of the inputs
_LEFT_OUT = _Origin({}, True)


class _Tracer:
    """Follows constants through a network, bodies and functions included, to the nodes that compute with
    them."""

    def __init__(self) -> None:
        self.sources: dict[Hashable, _Source] = {}
        self.uses: dict[Hashable, dict[str, dict[int, None]]] = {}
        self.places: dict[tuple[int, str], Hashable] = {}
        self.made: dict[tuple[int, str], Hashable] = {}

    def follow(self, walk: Walk, origins: Origins, at: int | None) -> Origins:
        """The origins of all values of a graph, from those of its inputs and captures. ``at`` is the node of
        the main graph it stands in."""
        for name, kind in walk.graph.weights.items():
            origins[name] = self._origin(walk.graph, _Source(name, kind, made=False, stored=True))
        for index, (node, effect) in enumerate(zip(walk.graph.nodes, walk.effects)):
            inputs = [origins.get(name) if name else _LEFT_OUT for name in node.inputs]
            place = index if at is None else at
            if index in walk.bodies:
                found = self._through_bodies(walk, index, node, inputs, origins, place)
            else:
                found = self._through(walk, node, effect, inputs, place)
            origins.update(zip(node.outputs, found))
        return origins

    def weights(self) -> Iterator[Weight]:
        """What was used, in the order in which it was found."""
        for key, source in self.sources.items():
            parts = self.uses.get(key)
            if parts:
                kind = _foremost(parts)
                places = tuple(sorted({place for places in parts.values() for place in places}))
                yield Weight(source.name, source.elements, source.dtype, source.bytes, kind, places)

    def kinds(self) -> dict[tuple[int, str], str]:
        """The kind of each value that is a used tensor, by the ``id`` of its graph and its name."""
        return {place: _foremost(self.uses[key]) for place, key in self.places.items() if key in self.uses}

    def bytes_by_dtype(self) -> dict[str, Size]:
        """The bytes of all tensors that are stored or used, by dtype."""
        totals: dict[str, Size] = {}
        for key, source in self.sources.items():
            size = source.bytes
            if size is not None and size != 0 and self._is_kept(key):
                totals[source.dtype] = totals.get(source.dtype, 0) + size
        return totals

    def constants(self) -> frozenset[tuple[int, str]]:
        """The values that nodes make without a run: graph and name."""
        return frozenset(place for place, key in self.made.items() if key is None or self._is_kept(key))

    def _is_kept(self, key: Hashable) -> bool:
        return self.sources[key].stored or key in self.uses

    def _origin(self, graph: Graph, source: _Source) -> _Origin:
        location = source.kind.value.location if isinstance(source.kind.value, Literal) else None
        key: Hashable = location[:2] if location and location.length else (id(graph), source.name)
        self.sources.setdefault(key, source)
        self.places[id(graph), source.name] = key
        return _Origin({key: None}, True)

    def _through(self, walk: Walk, node: Node, effect: Effect, inputs: Sequence[_Origin | None],
                 place: int) -> Iterable[_Origin | None]:
        """The origins of a node's outputs; constants that meet data there are used."""
        if inputs and not any(inputs):
            return (None,) * len(node.outputs)
        read = data_read(effect, len(inputs), len(node.outputs))
        parts = self._parts(walk, node, [origin if data else _LEFT_OUT for origin, data in zip(inputs, read)])
        if any(data and origin is None for origin, data in zip(inputs, read)):
            self._use(parts, place)
            return (None,) * len(node.outputs)
        fixed = all(origin is not None and origin.fixed for origin in inputs)
        if fixed and not any(read) and not node.op.startswith("Random"):
            shapes = [value.shape for value in node.attrs.values() if isinstance(value, TensorType)]
            found = [self._origin(walk.graph, _Source(name, kind, made=True, stored=kind.shape in shapes))
                     for name, kind in zip(node.outputs, effect.outputs)]
            for name, origin in zip(node.outputs, found):
                self.made[id(walk.graph), name] = next(iter(origin.parts)) if any(node.inputs) else None
            return found
        return (_Origin(parts, fixed),) * len(node.outputs)

    def _through_bodies(self, walk: Walk, index: int, node: Node, inputs: Sequence[_Origin | None],
                        origins: Origins, place: int) -> Iterable[_Origin | None]:
        """The origins of the outputs of a function's call, or of a node with bodies."""
        bodies = walk.bodies[index].values()
        if any(body.is_function for body in bodies):
            body, = bodies
            given: Origins = dict.fromkeys(body.graph.inputs, _LEFT_OUT)
            given.update(zip(body.graph.inputs, inputs))
            return _outputs(body, self.follow(body, given, place))
        self._use(self._parts(walk, node, inputs), place)
        results = [_outputs(body, self.follow(body, _captured(body, origins), place)) for body in bodies]
        if any(body.graph.inputs for body in bodies):
            return (None,) * len(node.outputs)
        return [reduce(_merged, choices) for choices in zip(*results)]

    def _parts(self, walk: Walk, node: Node, inputs: Sequence[_Origin | None]) -> dict[Hashable, str | None]:
        """The part that each source plays at ``node``; those that are no weights are left out."""
        found = walk.operators.find(node.domain, node.op)
        roles, quantized = _roles(found.function, found.buffers) if found else ((LEARNED,), False)
        parts: dict[Hashable, str | None] = {}
        for position, origin in enumerate(inputs):
            role = roles[min(position, len(roles) - 1)]
            for key, part in origin.parts.items() if origin else ():
                counts = part or role == QUANTIZATION or self.sources[key].is_weight(quantized)
                if counts and parts.get(key) != LEARNED:
                    parts[key] = part if part and role == LEARNED else role
                    self._unpack(key, role, node, found)
        return parts

    def _unpack(self, key: Hashable, role: str, node: Node, found: Resolved | None) -> None:
        """Note how many numbers of fewer bits ``node`` reads from the bytes of a source."""
        source = self.sources[key]
        if source.dtype != "uint8" or source.packed is not None or not found:
            return
        given = {**(found.function.__kwdefaults__ or {}), **node.attrs}
        if role == LEARNED and "K" in given and "N" in given:
            self.sources[key] = source._replace(packed=given["K"] * given["N"])
        elif isinstance(bits := given.get("bits"), int) and 0 < bits < 8:
            self.sources[key] = source._replace(packed=source.stored_elements * 8 // bits)

    def _use(self, parts: Mapping[Hashable, str | None], place: int) -> None:
        for key, part in parts.items():
            self.uses.setdefault(key, {}).setdefault(part or LEARNED, {})[place] = None


def _foremost(parts: Collection[str]) -> str:
    """The kind of a tensor that plays all of ``parts``."""
    return next(kind for kind in (LEARNED, BUFFER, QUANTIZATION) if kind in parts)


def _captured(body: Walk, origins: Origins) -> Origins:
    """The origins of what a body is given, which is data, and of what it reads from the graph around it."""
    given: Origins = dict.fromkeys(body.graph.inputs)
    given.update((name, origins.get(name)) for name in body.graph.free_names)
    return given


def _outputs(walk: Walk, origins: Origins) -> list[_Origin | None]:
    return [origins.get(name) for name in walk.graph.outputs]


def _merged(a: _Origin | None, b: _Origin | None) -> _Origin | None:
    """The origin of a value that is one of two."""
    return None if a is None or b is None else _Origin({**a.parts, **b.parts}, a.fixed and b.fixed)


def data_read(effect: Effect, inputs: int, outputs: int) -> list[bool]:
    """Which inputs' elements a node reads; all, where that is not stated."""
    if effect.reads is None:
        return [True] * inputs
    read = [False] * inputs
    try:
        for output in range(outputs):
            for position, readers in zip(range(inputs), effect.reads(output)):
                read[position] = read[position] or readers is not None
    except Exception:  # noqa: BLE001 - what cannot be told for one node must not take the others with it
        return [True] * inputs
    return read


@cache
def _roles(function: Callable[..., Any], buffers: tuple[str, ...]) -> tuple[tuple[str, ...], bool]:
    """The part that each input of an operator plays, and whether the operator computes with quantised
    numbers."""
    code = function.__code__
    rest = code.co_argcount + code.co_kwonlyargcount
    names = (*code.co_varnames[:code.co_argcount], *code.co_varnames[rest:rest + bool(code.co_flags & 4)])
    quantized = any("zero_point" in name or name == "absmax" for name in names)
    roles = [BUFFER if name in buffers else QUANTIZATION if quantized and _is_quantization(name) else LEARNED
             for name in names]
    return tuple(roles) or (LEARNED,), quantized


def _is_quantization(name: str) -> bool:
    return any(word in name for word in ("scale", "zero_point", "absmax"))
