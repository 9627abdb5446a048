"""The one result: what is known of a network. Everything a user sees is a function of it."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from archcheck.dims import Size, symbols, total
from archcheck.graph import Graph, Shape, TensorType
from archcheck.infer import Failure, Walk
from archcheck.ops._op import Assumption, Cost

if TYPE_CHECKING:
    from archcheck.analyses.connections import Connections
    from archcheck.analyses.flows import Flow
    from archcheck.analyses.folds import Fold
    from archcheck.analyses.layers import Chain
    from archcheck.analyses.memory import Memory
    from archcheck.analyses.params import Params
    from archcheck.analyses.profiles.work import Work
    from archcheck.analyses.reached import Reached
    from archcheck.analyses.receptive import Fields
    from archcheck.analyses.traffic import Traffic
    from archcheck.analyses.training import Training
    from archcheck.analyses.validity import Validity
    from archcheck.findings import Finding
    from archcheck.functions import Function
    from archcheck.reporters.notebook import Drawing


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
    ``assumptions`` pairs an index with what must hold for the network to run; ``findings`` are what the rules
    found, once `archcheck.check` has asked them: where it is ``judged``.
    """

    findings: tuple[Finding, ...] = ()
    judged = False

    def __init__(self, walk: Walk, sizes: Mapping[str, Size] | None = None) -> None:
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

    @cached_property
    def memory(self) -> Memory:
        """What is in memory while the network runs or is trained."""
        from archcheck.analyses.memory import Memory
        return Memory(self)

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
    def exact(self) -> Fold:
        """MACs without those that meet padding, ``by_node`` and in ``total``, each a tuple of that figure
        alone; and what is ``missing``."""
        from archcheck.analyses.taps import exact
        return exact(self)

    @property
    def exact_macs(self) -> Size:
        """MACs without those that meet padding, what is missing in `exact` left out."""
        return self.exact.total[0]

    @cached_property
    def traffic(self) -> Traffic:
        """Bytes that the nodes read and write, nothing fused."""
        from archcheck.analyses.traffic import traffic
        return traffic(self)

    @cached_property
    def connections(self) -> Connections:
        """The connections of layers that have weights, and how often each weight is used."""
        from archcheck.analyses.connections import connections
        return connections(self)

    @cached_property
    def training(self) -> Training:
        """What a training step costs, forward and back."""
        from archcheck.analyses.training import training
        return training(self)

    @cached_property
    def flows(self) -> Mapping[int, Flow]:
        """Which values hold data and which need a gradient, by the ``id`` of the walk they stand in."""
        from archcheck.analyses.flows import flows
        return flows(self)

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
    def kinds(self) -> tuple[str, ...]:
        """The kind of work that each node does: ``convolution``, ``linear``, ``bias``, …; empty where there
        is no word for it."""
        from archcheck.analyses.layers import kind_of
        return tuple(kind_of(work, node) for node, work in zip(self.graph.nodes, self.works))

    @cached_property
    def works(self) -> tuple[Work, ...]:
        """The work of each node, from which profiles and words follow."""
        from archcheck.analyses.profiles.work import works
        return tuple(works(self.walk, frozenset()))

    @cached_property
    def chain(self) -> Chain:
        """The layers by the words that lectures use, in the order they run."""
        from archcheck.analyses.layers import layers
        return layers(self)

    @cached_property
    def symbols(self) -> tuple[str, ...]:
        """The names of the symbols in the inputs' shapes, in order of appearance, and of a specification's
        parameters that have no value."""
        sizes = (size for name in self.graph.inputs for size in self.types[name].shape or ())
        names = [name for size in sizes for name in sorted(_names(size))]
        return tuple(dict.fromkeys([*names, *(self.graph.family.symbols if self.graph.family else ())]))

    def function(self, of: str, axis: int | None = None) -> Function:
        """A figure as a function of the symbols, for numbers and numpy arrays: ``of`` is ``macs``, ``flops``,
        ``params``, ``memory``, ``activations``, or the name of a value, of which it gives the size of
        ``axis``."""
        from archcheck.analyses.formulas import sizes_of
        from archcheck.functions import Function
        sizes, lacks = sizes_of(self, of, axis)
        return Function(sizes, self.symbols, lacks)

    def expression(self, of: str, axis: int | None = None) -> Any:
        """The same figure as `function` as a sympy expression over non-negative integer symbols."""
        from archcheck.analyses.formulas import size_of
        from archcheck.dims import to_sympy
        return to_sympy(size_of(self, of, axis)[0])

    @cached_property
    def valid(self) -> Validity:
        """For which sizes of its symbols the network runs, and why."""
        from archcheck.analyses.validity import validity
        return validity(self)

    def draw(self, fold: str = "auto", *, focus: str | None = None, radius: int | None = None,
             start: str | None = None, end: str | None = None, limit: int = 100, style: str = "paper",
             color: str = "op", edges: str = "shape", direction: str = "TB",
             to_scale: bool = False, theme: str = "light") -> Drawing:
        """The network as a picture, which a notebook shows and ``.save(path)`` writes. What is asked for is
        that of ``archcheck draw``; ``start`` and ``end`` are its ``--from`` and ``--to``."""
        from archcheck.drawing.folding import picture
        from archcheck.drawing.look import look_for
        from archcheck.reporters.notebook import Drawing
        found = picture(self, fold, focus, radius, start, end, limit)
        return Drawing(found, look_for(self, found, style, color, edges, direction, to_scale=to_scale,
                                       theme=theme))

    def to_dataframe(self) -> Any:
        """The layers as a pandas ``DataFrame``, a row each, with integers as ``Int64``; formulas are objects.
        Raises `UserError` where pandas is not there."""
        from archcheck.reporters.notebook import dataframe
        return dataframe(self)

    def _repr_html_(self) -> str:
        """The summary, as a notebook shows it."""
        from archcheck.reporters.notebook import html
        return html(self)

    def _repr_svg_(self) -> str:
        """The picture, for what shows no HTML."""
        return self.draw()._repr_svg_()

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
