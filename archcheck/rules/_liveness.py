"""What of a graph reaches its outputs, what depends on its inputs, and what is the same twice."""
from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator
from typing import Any

from archcheck.dims import prod, same
from archcheck.graph import Graph, Literal, Node, TensorType
from archcheck.rules._places import Place

MAX_ALIKE = 8
"""A node is compared with so many others that read the same at most."""

RANDOM = frozenset(("RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Bernoulli",
                    "Multinomial", "Dropout"))
"""Operators whose outputs differ from run to run."""


def dead(place: Place) -> list[int]:
    """The nodes that no output depends on. A node without outputs is there for what it does."""
    wanted, nodes = set(place.graph.outputs), place.graph.nodes
    found = []
    for index in reversed(range(len(nodes))):
        outputs = nodes[index].outputs
        if wanted.isdisjoint(outputs) and any(outputs):
            found.append(index)
        else:
            wanted.update(place.reads[index])
    return found[::-1]


def connected(place: Place, nodes: Collection[int]) -> list[list[int]]:
    """``nodes`` in groups, those together of which one reads what the other makes."""
    chosen, made = set(nodes), place.graph.producers
    group: dict[int, int] = {index: index for index in nodes}
    for index in nodes:
        makers = (made[name] for name in place.reads[index] if name in made)
        for maker in chosen.intersection(makers):
            group[_first(group, maker)] = _first(group, index)
    found: dict[int, list[int]] = {}
    for index in nodes:
        found.setdefault(_first(group, index), []).append(index)
    return list(found.values())


def _first(group: dict[int, int], index: int) -> int:
    """Who stands for the group of ``index``; ways there are shortened."""
    while group[index] != index:
        group[index] = group[group[index]]
        index = group[index]
    return index


def fed(place: Place) -> set[str]:
    """The values that depend on the inputs of a graph or on chance."""
    found = set(place.graph.inputs)
    for node, read in zip(place.graph.nodes, place.reads):
        if node.op in RANDOM or not found.isdisjoint(read):
            found.update(filter(None, node.outputs))
    return found


def repeated(graph: Graph) -> Iterator[tuple[int, int]]:
    """Nodes that work out again what a node before has, by its index and that of the other."""
    same: dict[str, str] = {}
    stored: dict[Hashable, str] = {}
    for name, kind in graph.weights.items():
        same[name] = stored.setdefault(_stored(name, kind), name)
    seen: dict[Hashable, list[int]] = {}
    for index, node in enumerate(graph.nodes):
        if node.op not in RANDOM:
            inputs = tuple([same.get(name, name) for name in node.inputs])
            own = () if inputs else tuple(_key(value) for value in node.attrs.values())
            alike = seen.setdefault((node.domain, node.op, node.overload, inputs, own), [])
            first = next((other for other in alike[:MAX_ALIKE] if _is_alike(node, graph.nodes[other])), None)
            if first is None:
                alike.append(index)
            else:
                made = [same.get(name, name) for name in graph.nodes[first].outputs]
                same.update(zip(node.outputs, made))
                yield index, first


def are_numbers(kinds: Iterable[TensorType]) -> bool:
    """Whether each of these tensors is known to hold a single number."""
    return all(kind.shape is not None and same(prod(kind.shape), 1) is True for kind in kinds)


def _stored(name: str, kind: TensorType) -> Hashable:
    """Equal for weights that are one tensor: at one place, or of few elements that are the same."""
    value = kind.value
    location = value.location if isinstance(value, Literal) else None
    items = getattr(value, "items", None) if not isinstance(value, tuple) else value
    if location is not None:
        return kind.dtype, kind.shape, location
    if items is None:
        return name
    return kind.dtype, kind.shape, repr(items)  # 0.0 equals -0.0


def _is_alike(node: Node, other: Node) -> bool:
    """Whether two nodes have the same attributes and as many outputs; those with bodies are told apart."""
    return (len(node.outputs) == len(other.outputs) and node.attrs.keys() == other.attrs.keys()
            and all(_is_same(value, other.attrs[name]) for name, value in node.attrs.items()))


def _is_same(value: Any, other: Any) -> bool:
    if isinstance(value, Graph):
        return False
    return _key(value) == _key(other)


def _key(value: Any) -> Hashable:
    """Equal for attributes that are the same."""
    return _stored(f"{id(value)}", value) if isinstance(value, TensorType) else repr(value)
