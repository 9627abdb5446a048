"""What flows through nodes that are not drawn, which only compute constants and shapes: from a layer that
reads constants alone, such as the first one on learned queries, to the layers that read what it makes."""
from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from archcheck.analyses.flows import read_by
from archcheck.graph import Graph
from archcheck.report import Report

MOST = 8
"""So many nodes that a value comes from, or goes to, are told."""

Makers = Mapping[str, Sequence[int]]
Readers = Mapping[str, Sequence[tuple[int, str]]]


def makers(report: Report, graph: Graph, hidden: Collection[int]) -> Makers:
    """Of values that nodes make which are ``hidden``: the others that made what they were made of."""
    found: dict[str, list[int]] = {}
    for index in sorted(hidden):
        made = dict.fromkeys(maker for name in read_by(report.walk, index) for maker in (
            found.get(name, ()) if graph.producers.get(name) in hidden else _one(graph.producers.get(name))))
        found.update(dict.fromkeys(graph.nodes[index].outputs if made else (), list(made)[:MOST]))
    return found


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


def _one(index: int | None) -> tuple[int, ...]:
    return () if index is None else (index,)
