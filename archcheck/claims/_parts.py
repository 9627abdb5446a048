"""Parts of networks that statements are about: a whole network, a layer, a scope, a value."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from archcheck.analyses.structure import data_of
from archcheck.dims import total
from archcheck.errors import closest
from archcheck.graph import Node, Shape
from archcheck.scopes import scope

if TYPE_CHECKING:
    from archcheck.dims import Size
    from archcheck.report import Report


class NotKnown(Exception):
    """A figure that the analysis does not know; the message says which, and why."""


@dataclass(frozen=True)
class Part:
    """The nodes ``indices`` of a network, and the value ``output`` that they make; ``name`` is what it is
    called in the claims. A value that no node makes, such as an input, has no nodes."""

    report: Report
    name: str
    indices: tuple[int, ...]
    output: str

    @property
    def is_whole(self) -> bool:
        """Whether it is the whole network."""
        return len(self.indices) == len(self.report.graph.nodes)

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """Its nodes, in the order they run."""
        return tuple(self.report.graph.nodes[index] for index in self.indices)

    @property
    def shape(self) -> Shape:
        """The shape of its output."""
        return shape_of(self.report, self.output)

    @cached_property
    def input(self) -> str:
        """The value that it reads first."""
        data = data_of(self.report)
        first = (name for node in self.nodes for name in node.inputs if name in data)
        return next(first, self.output)

    def sum(self, figure: Callable[[int], Size | None], what: str) -> Size:
        """The sum of a figure over its nodes. Raises `NotKnown`."""
        found = [(index, figure(index)) for index in self.indices]
        for index, size in found:
            if size is None:
                node = self.report.graph.nodes[index]
                raise NotKnown(f"{what} of {node.name} in {self.name} are not known")
        return total(size for _, size in found if size is not None)


def shape_of(report: Report, value: str) -> Shape:
    """The shape of a value. Raises `NotKnown`."""
    kind = report.types.get(value)
    if kind is None or kind.shape is None:
        raise NotKnown(f"the shape of {value or 'a value that is left out'} is not known")
    return kind.shape


def part(report: Report, network: str, member: str) -> Part:
    """The part called ``member``: a layer, a value or a scope; the whole network for an empty name. Raises
    `ValueError` for a name that is none."""
    nodes = report.graph.nodes
    name = f"{network}.{member}" if member else network
    if not member:
        return Part(report, name, tuple(range(len(nodes))), report.graph.outputs[0])
    for index, node in enumerate(nodes):
        if member == node.name:
            return Part(report, name, (index,), node.outputs[0])
    if member in report.types:
        made = report.graph.producers.get(member)
        return Part(report, name, () if made is None else (made,), member)
    path = tuple(member.split("."))
    inside = tuple(index for index, node in enumerate(nodes) if scope(node)[:len(path)] == path)
    if not inside:
        raise ValueError(_no_part(report, network, member))
    return Part(report, name, inside, nodes[inside[-1]].outputs[0])


def _no_part(report: Report, network: str, member: str) -> str:
    known = [node.name for node in report.graph.nodes]
    paths = {scope(node) for node in report.graph.nodes}
    scopes = {".".join(path[:k]) for path in paths for k in range(1, len(path) + 1)}
    close = closest(member, [*known, *scopes])
    cure = f"did you mean {close}?" if close else f"the first are {', '.join(known[:4])}"
    return f"{network} has no layer, scope or value called {member}; {cure}"


def collapsed(values: Iterable[Any]) -> Any:
    """One value for all axes where they agree, else a tuple."""
    found = tuple(values)
    return found[0] if found and all(value == found[0] for value in found) else found
