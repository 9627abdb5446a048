"""Connections: the arrows between the units of two layers, and how often a weight stands for one.

A unit is an element of a value; an arrow leads from one that is read to one that is computed, and bears a
weight. Units in padding do not exist, so that three taps on five units with padding make 13 connections. All
figures are those of one sample.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from archcheck.analyses.flows import Flow, read_by
from archcheck.analyses.folds import Fold, Missing, home, quotient
from archcheck.analyses.taps import NOT_COUNTED, NOT_STATED, PADDED, inputs_of, products
from archcheck.dims import Size, prod, total
from archcheck.infer import Walk
from archcheck.ops._op import Product, cost_of

if TYPE_CHECKING:
    from archcheck.report import Report

LOOPED = "it stands in a loop"


class Connected(NamedTuple):
    """The ``connections`` of a layer; the weights it would have without sharing, ``unshared``: one for each
    tap of each output; and those that it has, ``weights``."""

    connections: Size
    unshared: Size
    weights: Size

    @property
    def reuse(self) -> Size | float | None:
        """How often each weight is used in one sample; None where that is no number or formula."""
        if self.weights == 0:
            return None
        if isinstance(self.unshared, int) and isinstance(self.weights, int):
            whole, rest = divmod(self.unshared, self.weights)
            return self.unshared / self.weights if rest else whole
        return quotient(self.unshared, self.weights)


@dataclass(frozen=True)
class Connections:
    """The connections of each node, None where they are not known; of the network, a weight that several
    nodes use counted once; and the nodes, in bodies too, that are left out."""

    by_node: tuple[Connected | None, ...]
    total: Connected
    missing: tuple[Missing, ...]


def connections(report: Report) -> Connections:
    """The connections of a network, of all layers that have weights."""
    found = _Finder(report)
    fold = Fold(report.walk, 3, found.own)
    by_node = tuple(None if figures is None else Connected(*figures) for figures in fold.by_node)
    return Connections(by_node, Connected(fold.total[0], fold.total[1], total(found.weights.values())),
                       tuple(fold.missing))


class _Finder:
    """Finds the connections of nodes, and remembers the weights that they use."""

    def __init__(self, report: Report) -> None:
        self.flows = report.flows
        self.weights: dict[tuple[int, str], Size] = {}

    def own(self, walk: Walk, index: int) -> tuple[Size, ...] | str:
        """Connections, weights if none were shared, and weights."""
        cost = cost_of(walk.effects[index])
        if cost is None or cost.mac == 0:
            return (0, 0, 0) if cost else NOT_COUNTED
        flow, found = self.flows.get(id(walk)), products(walk.effects[index], inputs_of(walk, index))
        if flow is None:
            return LOOPED
        if found is None:
            has_weight = not flow.data.issuperset(read_by(walk, index))
            return NOT_STATED if has_weight else (0, 0, 0)
        figures: tuple[Size, ...] = (0, 0, 0)
        for product in found:
            one = self._product(walk, index, flow, product)
            if one is None:
                return PADDED
            figures = tuple(a + b for a, b in zip(figures, one))
        return figures

    def _product(self, walk: Walk, index: int, flow: Flow, product: Product) -> tuple[Size, ...] | None:
        """The figures of one product: nothing, unless data meet a weight in it."""
        left, right = (_names(walk, index, side) for side in (product.left, product.right))
        is_data = flow.among(left)[0], flow.among(right)[0]
        if is_data[0] == is_data[1]:
            return 0, 0, 0
        samples, weight = (product.samples, right) if is_data[0] else (1, left)
        real = product.real
        return None if real is None else (
            _each(real, samples), _each(product.mac, samples), self._elements(walk, weight))

    def _elements(self, walk: Walk, names: Sequence[str]) -> Size:
        """The elements of the weights called ``names``."""
        for name in names:
            source = home(walk, name)
            self.weights[id(source and source.graph), name] = prod(walk.types[name].shape or ())
        return total(prod(walk.types[name].shape or ()) for name in names)


def _names(walk: Walk, index: int, positions: Sequence[int]) -> list[str]:
    """The names of a node's inputs at ``positions``, those left out not among them."""
    names = walk.graph.nodes[index].inputs
    return [names[k] for k in positions if k < len(names) and names[k]]


def _each(size: Size, samples: Size) -> Size:
    """A figure of one sample, from that of all ``samples``; none has nothing."""
    return 0 if samples == 0 else size // samples
