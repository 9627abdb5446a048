"""The one result: what is known of a network. Everything a user sees is a function of it."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from archcheck.dims import Size, symbols, total
from archcheck.graph import Graph, Shape, TensorType
from archcheck.infer import Failure, Walk
from archcheck.ops._op import Assumption, Cost

if TYPE_CHECKING:
    from archcheck.analyses.params import Params
    from archcheck.analyses.reached import Reached
    from archcheck.analyses.receptive import Fields


@dataclass(frozen=True)
class Layer:
    """One node as a row. ``out_shape`` and ``dtype`` are those of its first output; ``params`` counts the
    parameters it is the first to use; ``macs`` and ``flops`` are None where they are not counted, and
    ``unknown`` says why the shape is not known."""

    name: str
    op: str
    scope: tuple[str, ...]
    out_shape: Shape | None
    dtype: str | None
    params: Size
    macs: Size | None
    flops: Size | None
    index: int
    unknown: str | None


class Report:
    """The result of `analyze`.

    ``types`` maps the name of every value of the main graph, weights included, to its `TensorType`;
    ``failures`` the index of a node to what is wrong there; ``reasons`` to why its outputs are not known;
    ``assumptions`` pairs an index with what must hold for the network to run.
    """

    def __init__(self, walk: Walk, sizes: Mapping[str, int] | None = None) -> None:
        self.walk, self.sizes = walk, dict(sizes or {})
        self.graph: Graph = walk.graph
        self.types: dict[str, TensorType] = walk.types
        self.effects = walk.effects
        self.failures: dict[int, Failure] = walk.failures
        self.reasons = walk.reasons
        self.assumptions: list[tuple[int, Assumption]] = walk.assumptions

    @cached_property
    def weights(self) -> Params:
        """Every parameter, buffer and other stored tensor: how large, by whom it is used."""
        from archcheck.analyses.params import params
        return params(self)

    @property
    def params(self) -> Size:
        """The number of parameters: learned elements, each counted once however often it is used."""
        return self.weights.total

    @property
    def costs(self) -> tuple[Cost | None, ...]:
        """The cost of each node; None where it is not counted."""
        return self.walk.costs

    @property
    def cost(self) -> Cost:
        """The cost of the network; nodes that are not counted (see `uncounted`) are left out."""
        return self.walk.cost

    @property
    def macs(self) -> Size:
        """Multiply-accumulates of convolutions, matrix products and their like; padding counted, no bias."""
        return self.cost.mac

    @property
    def flops(self) -> Size:
        """2·MACs plus every other scalar operation."""
        return total(cost.flops for cost in self.costs if cost is not None)

    @cached_property
    def fields(self) -> Fields:
        """The receptive field of every value that depends on an input, by name: per input and axis its size,
        stride and start, free of sizes; ``.at(sizes)`` for what each position reads."""
        from archcheck.analyses.receptive import Fields
        return Fields(self)

    @cached_property
    def local_fields(self) -> Fields:
        """The same without what only scales: statistics of normalizations, and gates that are one factor for
        all positions."""
        from archcheck.analyses.receptive import Fields
        return Fields(self, local=True)

    @cached_property
    def narrowest_fields(self) -> Fields:
        """The same along the path that keeps the field smallest at every join."""
        from archcheck.analyses.receptive import Fields
        return Fields(self, narrowest=True)

    @cached_property
    def reached(self) -> dict[object, Reached]:
        """What was asked of positions so far, by sizes."""
        return {}

    @cached_property
    def uncounted(self) -> dict[str, int]:
        """Operator names to how many of their nodes have no cost, in bodies too: operators that are not
        known, unknown shapes, and work that the data decide."""
        return dict(Counter(f"{node.domain}.{node.op}" if node.domain else node.op
                            for walk in self.walk.and_inner() for node in walk.uncounted()))

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """A row for each node, in the order they run."""
        from archcheck.scopes import scope
        first_use = self.weights.by_node
        rows = []
        for index, (node, cost) in enumerate(zip(self.graph.nodes, self.costs)):
            kind = self.types.get(node.outputs[0]) if node.outputs else None
            rows.append(Layer(node.name, node.op, scope(node), kind and kind.shape, kind and kind.dtype,
                              first_use.get(index, 0), cost.mac if cost else None,
                              cost.flops if cost else None, index,
                              self.reasons.get(index)))
        return tuple(rows)

    @cached_property
    def symbols(self) -> tuple[str, ...]:
        """The names of the symbols in the inputs' shapes, in order of appearance, and of a specification's
        parameters that have no value."""
        sizes = (size for name in self.graph.inputs for size in self.types[name].shape or ())
        names = [name for size in sizes for name in sorted(_names(size))]
        return tuple(dict.fromkeys([*names, *(self.graph.family.symbols if self.graph.family else ())]))

    def contradictions(self) -> Iterator[tuple[str, TensorType, TensorType]]:
        """Values whose declared type cannot be what was inferred: (name, declared, inferred)."""
        for name, declared in self.graph.declared.items():
            inferred = self.types.get(name)
            if inferred is not None and _contradict(declared, inferred):
                yield name, declared, inferred


def _names(size: Size) -> list[str]:
    return [atom.args[0] for atom in symbols(size)]


def _contradict(declared: TensorType, inferred: TensorType) -> bool:
    """Whether a declared type differs from the inferred one in dtype, rank, or in sizes that are numbers in
    both."""
    if declared.dtype and inferred.dtype and declared.dtype != inferred.dtype:
        return True
    if declared.shape is None or inferred.shape is None:
        return False
    return len(declared.shape) != len(inferred.shape) or any(
        isinstance(a, int) and isinstance(b, int) and a != b for a, b in zip(declared.shape, inferred.shape))
