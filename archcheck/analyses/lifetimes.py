"""How long every value of a graph is in memory when its nodes run in a given order, and what that adds up to.

A value is there from the node that makes it to the last one that reads it, both included; an input of the
graph from the first node on, an output of the graph to the last one, and what nobody reads only while its
node runs. Weights and constants are no activations: they are always there.
"""
from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from archcheck.analyses.peaks import Peak, highest
from archcheck.collector import collector_held
from archcheck.dims import Size, is_known, maximum, total
from archcheck.graph import Graph, Node, TensorType
from archcheck.infer import Walk

Constants = frozenset[tuple[int, str]]
INPUT = -1
"""Where an input of the graph is made."""


class Tensor(NamedTuple):
    """One piece of memory: the values ``names`` in it, its ``bytes``, the index of the node that makes it
    (`INPUT` for an input), those of the nodes that read it, and whether it is an output of the graph."""

    names: tuple[str, ...]
    bytes: Size
    made: int
    readers: tuple[int, ...]
    kept: bool


@dataclass(frozen=True)
class Lifetimes:
    """The activations of one graph. ``work[i]`` is what node ``i`` takes besides its outputs while it runs:
    what its bodies do. ``unknown`` names the values whose size is not known; they count as nothing."""

    walk: Walk
    tensors: tuple[Tensor, ...]
    work: tuple[Size, ...]
    unknown: tuple[str, ...]

    @cached_property
    def total(self) -> Size:
        """The bytes of everything that nodes make, as if nothing were ever freed."""
        return total(tensor.bytes for tensor in self.tensors if tensor.made != INPUT)

    @cached_property
    def timeline(self) -> tuple[Size, ...]:
        """For each node the bytes that are in memory while it runs, its inputs and outputs among them."""
        return _timeline(self.tensors, self.work)

    @cached_property
    def peak(self) -> Peak:
        """The most that is ever in memory."""
        return highest(self.timeline)

    @cached_property
    def own_peak(self) -> Peak:
        """The most that is ever in memory, the inputs of the graph not counted."""
        own = [tensor for tensor in self.tensors if tensor.made != INPUT]
        return highest(_timeline(own, self.work))

    def at(self, index: int) -> list[Tensor]:
        """What is in memory while node ``index`` runs."""
        last = len(self.work) - 1
        return [tensor for tensor in self.tensors if first(tensor) <= index <= until(tensor, last)]

    def with_views(self) -> Lifetimes:
        """The same where a value that is only a view of another one shares its memory."""
        merged = _merged(self.walk, self.tensors)
        return Lifetimes(self.walk, merged, self.work, self.unknown)


def first(tensor: Tensor) -> int:
    """The first node that runs with ``tensor`` in memory."""
    return max(tensor.made, 0)


def until(tensor: Tensor, last: int) -> int:
    """The last node that runs with ``tensor`` in memory; ``last`` is the last of all."""
    return last if tensor.kept else max(tensor.readers, default=first(tensor))


@collector_held
def lifetimes(walk: Walk, constants: Constants) -> Lifetimes:
    """The activations of a graph, each value a tensor by itself. ``constants`` are the values, as ``id`` of
    their graph and name, that are there before the network runs."""
    graph, unknown = walk.graph, []
    readers, kept = _readers(graph), frozenset(graph.outputs)
    tensors = []
    for name, made in _values(walk, constants, readers.keys() | kept):
        size = _bytes(walk, name)
        if size is None:
            unknown.append(name)
        tensors.append(Tensor((name,), _or_nothing(size), made, tuple(readers.get(name, ())), name in kept))
    work: list[Size] = [0] * len(graph.nodes)
    for index in walk.bodies:
        work[index] = _work(walk, index, constants, unknown)
    return Lifetimes(walk, tuple(tensors), tuple(work), tuple(unknown))


def reads(node: Node) -> tuple[str, ...]:
    """The values that a node reads, its bodies included, each once."""
    captured = (name for value in node.attrs.values() if isinstance(value, Graph)
                for name in value.free_names)
    return tuple(dict.fromkeys(name for name in (*node.inputs, *captured) if name))


def _readers(graph: Graph) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for index, node in enumerate(graph.nodes):
        for name in reads(node):
            found.setdefault(name, []).append(index)
    return found


def _values(walk: Walk, constants: Constants, needed: Container[str]) -> Iterable[tuple[str, int]]:
    """Every activation, and the node that makes it. The inputs of a function are its caller's, and what
    nobody reads is not brought in."""
    graph = walk.graph
    if not walk.is_function:
        yield from ((name, INPUT) for name in graph.inputs if name in needed)
    place = id(graph)
    yield from ((name, index) for name, index in graph.producers.items() if (place, name) not in constants)


def _timeline(tensors: Sequence[Tensor], work: Sequence[Size]) -> tuple[Size, ...]:
    count = len(work)
    changes: list[Size] = [0] * (count + 1)
    for tensor in tensors if count else ():
        changes[first(tensor)] += tensor.bytes
        changes[until(tensor, count - 1) + 1] -= tensor.bytes
    return tuple(live + extra for live, extra in zip(accumulate(changes), work))


# -------------------------------------------------------------------------------------------------- bodies
def _work(walk: Walk, index: int, constants: Constants, unknown: list[str]) -> Size:
    """What the bodies of a node take at their peak, beyond the node's own outputs. The outputs of a function
    and of a branch are the node's; a loop has its own in every step, and its inputs."""
    node, found = walk.graph.nodes[index], []
    outputs = total(_or_nothing(_bytes(walk, name)) for name in node.outputs if name)
    for attribute, body in walk.bodies[index].items():
        inner = lifetimes(body, constants)
        shares_outputs = body.is_function or not body.graph.inputs
        found.append(inner.peak.bytes - outputs if shares_outputs else inner.peak.bytes)
        unknown.extend(f"{node.name}.{attribute}.{name}" for name in inner.unknown)
    extra = maximum(0, *found)
    if not is_known(extra):
        unknown.append(f"{node.name} (its bodies)")
    return extra if is_known(extra) else 0


def _bytes(walk: Walk, name: str) -> Size | None:
    """What a value takes: nothing where it is an optional input left out, None where it is not known."""
    kind: TensorType | None = walk.types.get(name)
    size = 0 if kind is None else kind.bytes
    return size if is_known(size) else None


def _or_nothing(size: Size | None) -> Size:
    return 0 if size is None else size


# -------------------------------------------------------------------------------------------------- views
def _merged(walk: Walk, tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """One tensor for each piece of memory that views share. A view of a weight takes none."""
    of = view_roots(walk)
    groups: dict[str, list[Tensor]] = {}
    for tensor in tensors:
        groups.setdefault(of.get(tensor.names[0], tensor.names[0]), []).append(tensor)
    return tuple(_together(group) for root, group in groups.items() if root == group[0].names[0])


def _together(group: Sequence[Tensor]) -> Tensor:
    names = tuple(name for tensor in group for name in tensor.names)
    readers = tuple(reader for tensor in group for reader in tensor.readers)
    return group[0]._replace(names=names, readers=readers, kept=any(tensor.kept for tensor in group))


def view_roots(walk: Walk) -> dict[str, str]:
    """The value in whose memory each view lies, by the view's name."""
    roots: dict[str, str] = {}
    for node, effect in zip(walk.graph.nodes, walk.effects):
        if effect.alias is not None and node.outputs and node.outputs[0]:
            source = node.inputs[effect.alias]
            roots[node.outputs[0]] = roots.get(source, source)
    return roots
