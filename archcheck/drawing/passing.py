"""What flows through nodes that are not drawn, which only compute constants and shapes: from a layer that
reads constants alone, such as the first one on learned queries, to the layers that read what it makes."""
from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from archcheck.analyses.flows import read_by
from archcheck.graph import Graph
from archcheck.report import Report

MOST = 8
"""So many nodes that a value goes to are told."""

Readers = Mapping[str, Sequence[tuple[int, str]]]


def readers(report: Report, graph: Graph, hidden: Collection[int]) -> Readers:
    """Of values that nodes read which are ``hidden``: the others that read what becomes of them, and the
    name by which they read it."""
    found: dict[str, dict[tuple[int, str], None]] = {}
    for index in sorted(hidden, reverse=True):
        read = [one for name in graph.nodes[index].outputs for one in (
            *((reader, name) for reader in graph.uses.get(name, ()) if reader not in hidden),
            *found.get(name, ()))]
        for name in read_by(report.walk, index) if read else ():
            found.setdefault(name, {}).update(dict.fromkeys(read[:MOST]))
    return {name: list(several)[:MOST] for name, several in found.items()}


def makers(graph: Graph, readers: Readers, hidden: Collection[int]) -> Mapping[str, set[int]]:
    """Of values that nodes which are ``hidden`` make for others: those that made what they come from."""
    found: dict[str, set[int]] = {}
    for name, several in readers.items():
        maker = graph.producers.get(name)
        if maker is not None and maker not in hidden:
            for _, value in several:
                found.setdefault(value, set()).add(maker)
    return found
