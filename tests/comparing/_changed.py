"""Networks changed in a known way."""
from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import archcheck
from archcheck.comparing import compare
from archcheck.graph import Node


def difference(old, new):
    return compare(archcheck.analyze(old), archcheck.analyze(new))


def kinds(found):
    """How many layers there are of each kind, those left out that only follow others."""
    return dict(Counter(one.kind for one in found.layers if one.kind != "reshaped"))


def with_nodes(graph, nodes):
    return replace(graph, nodes=tuple(nodes))


def with_node(graph, at, **fields):
    nodes = list(graph.nodes)
    nodes[at] = nodes[at]._replace(**fields)
    return with_nodes(graph, nodes)


def renamed(graph, seed=0):
    """The network with other names for all nodes and for all values between them, and its nodes in another
    order that they can run in."""
    rng = random.Random(seed)
    kept = {*graph.inputs, *graph.outputs, ""}
    names = {name: f"v{rng.random()}" for node in graph.nodes for name in node.outputs if name not in kept}
    names |= {name: f"w{rng.random()}" for name in graph.weights}
    nodes = [node._replace(name=f"n{rng.random()}", inputs=_named(node.inputs, names),
                           outputs=_named(node.outputs, names)) for node in graph.nodes]
    return replace(graph, nodes=tuple(shuffled(nodes, rng)), declared={},
                   weights={names[name]: kind for name, kind in graph.weights.items()})


def _named(values, names):
    return tuple(names.get(name, name) for name in values)


def shuffled(nodes, rng):
    """Nodes in a random order that they can run in."""
    made = {name for node in nodes for name in node.outputs if name}
    left, done, order = list(nodes), set(), []
    while left:
        ready = [node for node in left if not (set(node.inputs) & made) - done]
        node = rng.choice(ready)
        left.remove(node)
        done.update(node.outputs)
        order.append(node)
    return order


def inserted(graph, value, op, name="new"):
    """The network with a node ``op`` between ``value`` and all that reads it."""
    at = graph.producers[value] + 1
    moved = [node._replace(inputs=tuple("inserted" if one == value else one for one in node.inputs))
             for node in graph.nodes[at:]]
    new = Node(name, op, "", (value,), ("inserted",), {})
    return with_nodes(graph, [*graph.nodes[:at], new, *moved])
