"""What the nodes of a network do: something, preparing data only, or neither."""
from __future__ import annotations

from itertools import accumulate

from archcheck.dims import Size
from archcheck.graph import Graph, Node
from archcheck.report import Report
from archcheck.values import is_told

SHOWN, MINOR, HIDDEN = range(3)
"""What a block does: something, preparing data only, or neither."""


def roles_of(report: Report, graph: Graph) -> tuple[list[int], set[str]]:
    """The role of every node of ``graph``, and the values that depend on the inputs' data."""
    moving, carrying = set(report.graph.inputs), set[str]()
    roles = []
    for layer, node in zip(report.layers, graph.nodes):
        counts = layer.macs is None or layer.params != 0 or layer.macs != 0
        moves = _moves(node, moving, report)
        fed = moves and not carrying.isdisjoint(node.inputs)
        if moves:
            moving.update(node.outputs)
        if counts or fed:
            carrying.update(node.outputs)
        roles.append(SHOWN if counts else HIDDEN if not moves else SHOWN if fed else MINOR)
    return _any_shown(roles), moving


def _moves(node: Node, moving: set[str], report: Report) -> bool:
    """Whether a node's outputs depend on the inputs' data, not only on their shapes."""
    if node.op in ("Shape", "Size"):
        return False
    made = node.op.startswith("Random") or any(isinstance(value, Graph) for value in node.attrs.values())
    if not made and moving.isdisjoint(node.inputs):
        return False
    kinds = [report.types.get(name) for name in node.outputs]
    return not all(map(is_told, kinds))


def _any_shown(roles: list[int]) -> list[int]:
    """``roles`` of which at least one is shown: where nothing has parameters or MACs, what moves data is what
    matters; where nothing moves data, everything is."""
    least = min(roles, default=SHOWN)
    return [SHOWN if role == least else role for role in roles]


def crossing(graph: Graph, moving: set[str]) -> list[int]:
    """For each node, how many values of the data made before it are read by it or after it."""
    change = [0] * (len(graph.nodes) + 2)
    for name, uses in graph.uses.items():
        if name in moving:
            change[graph.producers.get(name, -1) + 1] += 1
            change[uses[-1] + 1] -= 1
    return list(accumulate(change))


def params_used(report: Report) -> dict[int, Size]:
    """Index of a node to the number of learned elements it uses, shared ones included."""
    from archcheck.analyses.params import LEARNED
    used: dict[int, Size] = {}
    for weight in report.weights.weights:
        for index in weight.used_by if weight.kind == LEARNED else ():
            used[index] = used.get(index, 0) + weight.elements
    return used


