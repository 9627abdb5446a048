"""What flows through a network: which values hold data of its inputs, which need a gradient when it is
trained, and which a gradient comes back to."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from archcheck.analyses.params import LEARNED, data_read
from archcheck.graph import Node, TensorType
from archcheck.infer import Walk

if TYPE_CHECKING:
    from archcheck.report import Report


@dataclass(frozen=True)
class Flow:
    """The names of a graph's values that hold ``data`` of the network's inputs, that depend on a trained
    weight through floating-point numbers (``trained``), and that the outputs so depend on (``reached``, which
    is worked out ``back`` from these when it is asked for)."""

    data: set[str]
    trained: set[str]
    back: Callable[[], set[str]]

    @cached_property
    def reached(self) -> set[str]:
        """The values that the outputs depend on through floating-point numbers."""
        return self.back()

    def needs_gradient(self, name: str) -> bool:
        """Whether a loss on the outputs has a gradient for this value that training needs."""
        return name in self.trained and name in self.reached

    def among(self, names: Iterable[str]) -> tuple[bool, bool]:
        """Whether any of ``names`` holds data, and whether any is trained."""
        found = set(names)
        return not found.isdisjoint(self.data), not found.isdisjoint(self.trained)


def flows(report: Report) -> Mapping[int, Flow]:
    """The flow of the main graph and of those inside it, by the ``id`` of their walks. Bodies that are given
    values (of loops, which carry them from trip to trip) are not followed, and have none."""
    tracer = _Tracer(report)
    tracer.forward(report.walk, set(report.graph.inputs), set())
    return tracer.flows


def is_differentiable(kind: TensorType | None) -> bool:
    """Whether gradients flow through values of this type: floating-point numbers only."""
    return kind is not None and kind.dtype is not None and ("float" in kind.dtype or "complex" in kind.dtype)


def _differentiable(walk: Walk, names: Iterable[str]) -> Iterator[str]:
    return (name for name in names if is_differentiable(walk.types.get(name)))


class _Tracer:
    """Follows data and weights forwards."""

    def __init__(self, report: Report) -> None:
        self.walk, self.kinds = report.walk, report.weights.kinds
        self.flows: dict[int, Flow] = {}

    @cached_property
    def reached(self) -> Mapping[int, set[str]]:
        """The values of each walk that the network's outputs depend on through floating-point numbers."""
        gradients = _Gradients(self.flows)
        gradients.backward(self.walk, set(_differentiable(self.walk, self.walk.graph.outputs)))
        return gradients.reached

    def forward(self, walk: Walk, data: set[str], trained: set[str]) -> Flow:
        """The flow of ``walk``, of whose inputs and captures ``data`` and ``trained`` are told."""
        flow = self.flows[id(walk)] = Flow(data, trained, lambda: self.reached[id(walk)])
        trained.update(self._learned(walk, walk.graph.weights))
        for index, node in enumerate(walk.graph.nodes):
            inner = list(self._inside(walk, index, flow)) if index in walk.bodies else []
            for name, (holds, learns) in zip(node.outputs, self._given(walk, index, flow, inner)):
                if holds:
                    data.add(name)
                if learns and is_differentiable(walk.types.get(name)):
                    trained.add(name)
            trained.update(self._learned(walk, node.outputs))
        return flow

    def _learned(self, walk: Walk, names: Iterable[str]) -> Iterator[str]:
        """Those of ``names`` that are trained weights."""
        graph = id(walk.graph)
        return _differentiable(walk, (name for name in names if self.kinds.get((graph, name)) == LEARNED))

    def _given(self, walk: Walk, index: int, flow: Flow, inner: Sequence[Walk]) -> list[tuple[bool, bool]]:
        """What is told of each output of a node: whether it holds data, and whether it is trained."""
        node = walk.graph.nodes[index]
        outside = flow.among(read_by(walk, index))
        if not inner:
            return [outside] * len(node.outputs)
        told = [[self.flows[id(body)].among((body.graph.outputs[k],)) for body in inner
                 if k < len(body.graph.outputs)] for k in range(len(node.outputs))]
        chosen = outside[0] and not any(body.is_function for body in inner)
        return [(chosen or any(data for data, _ in each), any(learns for _, learns in each)) for each in told]

    def _inside(self, walk: Walk, index: int, flow: Flow) -> Iterator[Walk]:
        """The bodies of a node that can be followed, each followed."""
        node = walk.graph.nodes[index]
        for body in walk.bodies[index].values():
            if body.is_function or not body.graph.inputs:
                pairs = _handed(body, node)
                self.forward(body, {name for name, source in pairs if source in flow.data},
                             {name for name, source in pairs if source in flow.trained})
                yield body


class _Gradients:
    """Follows gradients backwards; ``reached`` are the values of each walk that they come to."""

    def __init__(self, walks: Iterable[int]) -> None:
        self.reached: dict[int, set[str]] = {walk: set() for walk in walks}

    def backward(self, walk: Walk, reached: set[str]) -> None:
        """Follow the gradients of ``walk``, whose outputs ``reached`` they come to."""
        found = self.reached[id(walk)]
        found.update(reached)
        for index in range(len(walk.graph.nodes) - 1, -1, -1):
            outputs = walk.graph.nodes[index].outputs
            if any(name in found for name in outputs if name):
                found.update(_differentiable(walk, self._sources(walk, index, found)))

    def _sources(self, walk: Walk, index: int, reached: set[str]) -> Iterator[str]:
        """The values that the outputs of a node which are ``reached`` are differentiable functions of."""
        node = walk.graph.nodes[index]
        bodies = [body for body in walk.bodies.get(index, {}).values() if id(body) in self.reached]
        for body in bodies:
            wanted = {inner for inner, name in zip(body.graph.outputs, node.outputs) if name in reached}
            self.backward(body, set(_differentiable(body, wanted)))
            found = self.reached[id(body)]
            yield from (name for inner, name in _handed(body, node) if inner in found)
        if not bodies:
            yield from read_by(walk, index)


def _handed(body: Walk, node: Node) -> list[tuple[str, str]]:
    """The names in ``body`` of what it is given or captures, each with that of the value outside."""
    names = body.graph.free_names
    return list(zip(body.graph.inputs, node.inputs)) if body.is_function else list(zip(names, names))


def read_by(walk: Walk, index: int) -> Iterator[str]:
    """The values whose elements a node reads; of one with bodies also those that they do."""
    node = walk.graph.nodes[index]
    read = data_read(walk.effects[index], len(node.inputs), len(node.outputs))
    yield from (name for name, data in zip(node.inputs, read) if data and name)
    for body in walk.bodies.get(index, {}).values():
        if not body.is_function:
            yield from body.graph.free_names
