"""How a network is put together: which nodes have weights, how long its paths are, whether it is a chain."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from archcheck.analyses.flows import read_by
from archcheck.ops._op import Along, Unknown

if TYPE_CHECKING:
    from archcheck.report import Report


def with_weights(report: Report) -> frozenset[int]:
    """The nodes that multiply data with something stored, or computed from what is stored alone: a transposed
    or dequantized weight. Of nodes that are not counted, those that read so."""
    data = data_of(report)
    return frozenset(index for index, cost in enumerate(report.costs)
                     if (cost is None or cost.mac != 0) and _mixes(report, index, data))


def _mixes(report: Report, index: int, data: set[str]) -> bool:
    """Whether a node reads data and what is none."""
    return len({name in data for name in read_by(report.walk, index)}) > 1


def data_of(report: Report) -> set[str]:
    """The values that hold data of the network's inputs."""
    return report.flows[id(report.walk)].data


def path(report: Report, nodes: Iterable[int], counted: set[int],
         pick: Callable[[Iterable[int]], int]) -> dict[str, int]:
    """How many of the ``counted`` nodes are on the longest way (``pick`` is `max`) or the shortest (`min`) to
    each value that ``nodes`` make, of which only these are gone through."""
    at: dict[str, int] = {}
    data = data_of(report)
    for index in sorted(nodes):
        node = report.graph.nodes[index]
        before = [at.get(name, 0) for name in node.inputs if name in data]
        at.update(dict.fromkeys(node.outputs, (pick(before) if before else 0) + (index in counted)))
    return at


def is_chain(report: Report, nodes: Iterable[int]) -> bool:
    """Whether every one of the nodes reads one value that depends on an input, and no two the same."""
    data = data_of(report)
    seen: set[str] = set()
    for index in nodes:
        read = {name for name in report.graph.nodes[index].inputs if name in data}
        if len(read) > 1 or read & seen:
            return False
        seen |= read
    return True


def main_reads(report: Report, index: int) -> list[Along]:
    """The windows with which a node slides over the spatial axes of its first input; empty where it does
    not, or the rank of that is not known."""
    reads = report.effects[index].reads
    try:
        readers = reads(0) if reads else ()
    except Unknown:
        return []
    first = readers[0] if readers else None
    found = [reader for reader in (first or ())[2:] if isinstance(reader, Along)]
    return found if first and len(found) == len(first) - 2 else []


def outline(report: Report, nodes: Iterable[int]) -> tuple[object, ...]:
    """What two parts of networks have in common that are built alike: each node's operator, attributes and
    output shapes, the shapes of its weights, and which of the nodes before it reads."""
    place = {name: (k, j) for k, index in enumerate(nodes)
             for j, name in enumerate(report.graph.nodes[index].outputs)}
    rows: list[object] = []
    for index in nodes:
        node = report.graph.nodes[index]
        reads = tuple(place.get(name) or (name in report.types and report.types[name].shape)
                      for name in node.inputs)
        shapes = tuple(report.types[name].shape for name in node.outputs if name)
        rows.append((node.op, tuple(sorted(node.attrs.items(), key=lambda pair: pair[0])), reads, shapes))
    return tuple(rows)
