"""Which nodes of a network each node of its optimized form stands for.

An optimizer folds nodes into others, and says nothing of it but what it leaves: a fused node has the name of
one of them, or makes a value of theirs. From there on, two things follow. What only a fused node reads was
folded into it: a convolution and its normalization into the activation behind them. What is left was appended
to what it reads: the sum of a residual block to the convolution before it.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from archcheck.graph import Graph, Node

BLOCKED, FUSED = "_nchwc", "fused "
"""How ONNX Runtime calls a node that works on channels in blocks, after the value that it makes, and one that
has an activation in it, after the node before that."""


class Origin(NamedTuple):
    """A node that another one stands for: its name and its operator."""

    name: str
    op: str


def origins(original: Graph, optimized: Graph) -> tuple[tuple[Origin, ...], ...]:
    """For each node of ``optimized`` those of ``original`` that it stands for, in the order in which they
    run, constants left out; none where its name and its outputs tell nothing."""
    owners = _anchors(original, optimized)
    anchored = dict(owners)
    live = _live(original)
    _folded(original, optimized, anchored, owners)
    for index in _joins(original, optimized, live, owners) - set(anchored):
        del owners[index]
    _appended(original, owners)
    found: list[list[Origin]] = [[] for _ in optimized.nodes]
    for index, owner in sorted(owners.items()):
        node = original.nodes[index]
        if not live.isdisjoint(node.outputs):
            found[owner].append(Origin(node.name, node.op))
    return tuple(map(tuple, found))


def _live(graph: Graph) -> set[str]:
    """The values that depend on an input, or are made by a node that runs others, which may."""
    known = set(graph.inputs)
    for node in graph.nodes:
        runs_others = any(isinstance(value, Graph) for value in node.attrs.values())
        if runs_others or not known.isdisjoint(node.inputs):
            known.update(filter(None, node.outputs))
    return known


def _anchors(original: Graph, optimized: Graph) -> dict[int, int]:
    """The nodes of the original that one of the optimized network is known by, each by the first that is."""
    names = {node.name: index for index, node in enumerate(original.nodes)}
    found: dict[int, int] = {}
    for index, node in enumerate(optimized.nodes):
        for anchor in _known_by(node, names, original.producers):
            found.setdefault(anchor, index)
    return found


def _known_by(node: Node, names: Mapping[str, int], producers: Mapping[str, int]) -> list[int]:
    """The original nodes that a name is made from (that of a value, with a mark behind it), that make what
    the node makes, or that have its name."""
    value, blocked, _ = node.name.rpartition(BLOCKED)
    if blocked and value in producers:
        return [producers[value]]
    makers = [producers[name] for name in node.outputs if name in producers]
    name = node.name.removeprefix(FUSED)
    return makers or ([names[name]] if name in names else [])


def _folded(original: Graph, optimized: Graph, anchored: Mapping[int, int], owners: dict[int, int]) -> None:
    """Give each node that only one node of the optimized network reads, directly or not, to that one, if that
    one is not just what its anchor was."""
    fused = {owner for anchor, owner in anchored.items()
             if not _is_kept(original.nodes[anchor], optimized.nodes[owner])}
    outputs = set(original.outputs)
    for index in range(len(original.nodes) - 1, -1, -1):
        node = original.nodes[index]
        if index in owners or not outputs.isdisjoint(node.outputs):
            continue
        readers = {owners.get(reader) for name in node.outputs for reader in original.uses.get(name, ())}
        reader = readers.pop() if len(readers) == 1 else None
        if reader is not None and reader in fused:
            owners[index] = reader


def _joins(original: Graph, optimized: Graph, live: set[str], owners: Mapping[int, int]) -> set[int]:
    """Nodes that cannot have been folded into their owner: with them it would read more than it does. That
    is the sum before a convolution, which was appended to the one before."""
    groups: dict[int, list[int]] = {}
    for index, owner in sorted(owners.items(), reverse=True):
        groups.setdefault(owner, []).append(index)
    found: set[int] = set()
    for owner, group in groups.items():
        room = len({name for name in optimized.nodes[owner].inputs if name and name not in optimized.weights})
        read: set[str] = set()
        fitting = 0
        for count, index in enumerate(group, 1):
            node = original.nodes[index]
            read.difference_update(node.outputs)
            read.update(live.intersection(node.inputs))
            fitting = count if len(read) <= room else fitting
        found.update(group[fitting:] if fitting else ())
    return found


def _is_kept(before: Node, after: Node) -> bool:
    """Whether a node is still what it was: it has the operator and as many inputs, at least one of them with
    the same name or no weights to fold anything into."""
    return before.op == after.op and len(before.inputs) == len(after.inputs) and (
        len(before.inputs) == 1 or before.inputs == after.inputs)


def _appended(original: Graph, owners: dict[int, int]) -> None:
    """Give each node that is left to the last of those that make what it reads."""
    for index, node in enumerate(original.nodes):
        if index not in owners:
            makers = _owners_of(node.inputs, original, owners)
            if makers:
                owners[index] = max(makers)


def _owners_of(names: Sequence[str], graph: Graph, owners: Mapping[int, int]) -> list[int]:
    makers = (graph.producers[name] for name in names if name in graph.producers)
    return [owners[maker] for maker in makers if maker in owners]
