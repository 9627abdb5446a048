"""What it costs to train a network: one step forward, back, and the update of the weights.

Of a product ``C = A·B``, the gradients of ``A`` and of ``B`` each take as many multiply-accumulates as ``C``
did, and are only computed where they are needed: not for a factor that depends on inputs and constants only,
nor where no gradient comes back. With all weights trained that makes three times the forward MACs, less those
of the layers that read the input.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from archcheck.analyses.connections import LOOPED
from archcheck.analyses.flows import Flow, is_differentiable, read_by
from archcheck.analyses.folds import Fold, Missing
from archcheck.analyses.params import FLOATS, LEARNED
from archcheck.analyses.taps import NOT_COUNTED, NOT_STATED, inputs_of, products
from archcheck.dims import Size, total
from archcheck.infer import Walk
from archcheck.ops._op import Product, cost_of

if TYPE_CHECKING:
    from archcheck.report import Report

UPDATE: Mapping[str, int] = {"SGD": 2, "momentum": 4, "Adam": 13}
"""Scalar operations that an update takes for each parameter. SGD: ``w - η·g``. Momentum: ``v = μ·v + g``,
then ``w - η·v``. Adam as ``torch.optim.Adam`` works it out for one tensor, bias corrections being the same
for all of it: 3 for ``m + (g - m)·(1 - β₁)``, 4 for ``β₂·v + (1 - β₂)·g·g``, 3 for ``d = √v/c + ε``, 3 for
``w - s·m/d``. No weight decay."""


class Step(NamedTuple):
    """Of one training step: MACs ``forward`` and ``backward``, and ``others``, scalar operations besides, of
    both ways."""

    forward: Size
    backward: Size
    others: Size

    @property
    def macs(self) -> Size:
        """MACs of both ways."""
        return self.forward + self.backward

    @property
    def flops(self) -> Size:
        """2·MACs plus every other operation, without the update."""
        return 2 * self.macs + self.others


@dataclass(frozen=True)
class Training:
    """A training step of each node, None where its cost is not known; of the network; the nodes, in bodies
    too, that are left out; and how many ``parameters`` an update changes."""

    by_node: tuple[Step | None, ...]
    total: Step
    missing: tuple[Missing, ...]
    parameters: Size

    def update(self, optimizer: str) -> Size:
        """The operations of an update by one of `UPDATE`."""
        return UPDATE[optimizer] * self.parameters


def training(report: Report) -> Training:
    """What a training step costs with all learned weights of floating-point numbers trained."""
    found = report.flows
    fold = Fold(report.walk, 3, lambda walk, index: _own(walk, index, found.get(id(walk))))
    trained = [weight.elements for weight in report.weights.weights
               if weight.kind == LEARNED and weight.dtype in FLOATS]
    return Training(tuple(None if figures is None else Step(*figures) for figures in fold.by_node),
                    Step(*fold.total), tuple(fold.missing), total(trained))


def _own(walk: Walk, index: int, flow: Flow | None) -> tuple[Size, ...] | str:
    """MACs forward and backward and other operations of one node. Backward it does as many others as forward,
    if a gradient goes through it at all."""
    cost = cost_of(walk.effects[index])
    if cost is None:
        return NOT_COUNTED
    others = cost.flops - 2 * cost.mac
    if flow is None:
        return LOOPED if cost.flops != 0 else (0, 0, 0)
    if not _is_passed(walk, index, flow):
        return cost.mac, 0, others
    found = products(walk.effects[index], inputs_of(walk, index))
    if found is not None:
        backward = total(product.mac * _gradients(walk, index, flow, product) for product in found)
    elif _all_trained(walk, index, flow):
        backward = 2 * cost.mac
    else:
        return NOT_STATED
    return cost.mac, backward, 2 * others


def _is_passed(walk: Walk, index: int, flow: Flow) -> bool:
    """Whether a gradient comes to a node and is needed for something that it reads."""
    comes = any(flow.needs_gradient(name) for name in walk.graph.nodes[index].outputs)
    return comes and flow.among(read_by(walk, index))[1]


def _gradients(walk: Walk, index: int, flow: Flow, product: Product) -> int:
    """Of how many of the two factors a gradient is needed."""
    names = walk.graph.nodes[index].inputs
    sides = product.left, product.right
    return sum(flow.among(names[k] for k in side if k < len(names))[1] for side in sides)


def _all_trained(walk: Walk, index: int, flow: Flow) -> bool:
    """Whether everything differentiable that a node reads needs a gradient, and so every factor does."""
    return all(name in flow.trained for name in read_by(walk, index)
               if is_differentiable(walk.types.get(name)))
