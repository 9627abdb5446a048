"""What a counting rule sees of a node: its kind of work, its cost, and the types that it reads and makes."""
from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from archcheck import values
from archcheck.dims import Size, prod
from archcheck.graph import Shape, TensorType
from archcheck.infer import Walk
from archcheck.ops._op import All, Axes, Cost, Effect, Picked, Spread, Unknown


class Work(NamedTuple):
    """One node. ``kind`` is that of its operator, told more exactly by what it reads: a ``product`` with a
    weight is ``linear``, what is added to that a ``bias``, and so on (`REFINED`). ``inputs`` pairs the name
    of each input with whether it is fixed: a weight, or made of nothing but weights."""

    kind: str
    cost: Cost | None
    effect: Effect
    types: Sequence[TensorType | None]
    inputs: tuple[tuple[str, bool], ...]

    @property
    def done(self) -> Cost:
        """The cost, which has to be known."""
        if self.cost is None:
            raise Unknown("the cost")
        return self.cost

    @property
    def made(self) -> Shape:
        """The shape of the first output."""
        return shape_of(self.effect.outputs[0])

    @property
    def written(self) -> Size:
        """Elements of the first output."""
        return prod(self.made)

    @property
    def read(self) -> Size:
        """Elements of the first input."""
        return prod(self.shape(0))

    def shape(self, position: int) -> Shape:
        """The shape of an input."""
        return shape_of(self.types[position] if position < len(self.types) else None)

    def has(self, position: int) -> bool:
        """Whether an input is given."""
        return position < len(self.inputs) and bool(self.inputs[position][0])

    @property
    def bias(self) -> Size:
        """Additions of a bias. Zeros that nodes make stand for none: an exporter filled them in."""
        return 0 if len(self.types) > 2 and _filled_with_zeros(self.types[2]) else self.done.add

    @property
    def readers(self) -> Axes:
        """How the first output reads the first input."""
        found = self.effect.reads and self.effect.reads(0)[0]
        if not found:
            raise Unknown("how the input is read")
        return found

    @property
    def rows(self) -> Size:
        """How many results the first input has along the axes that are not read as a whole."""
        return prod(size for size, reader in zip(self.shape(0), self.readers) if not isinstance(reader, All))

    @property
    def stride(self) -> int:
        """How many positions of the output a step along the input of a transposed convolution takes, over
        all axes."""
        readers = self.readers[2:]
        if any(isinstance(reader, Picked) for reader in readers):
            raise Unknown("the stride")
        return math.prod(len(reader.first) for reader in readers if isinstance(reader, Spread))

    def fixed_in(self, body: Walk) -> frozenset[str]:
        """The inputs of a called function that are weights."""
        given = zip(body.graph.inputs, self.inputs) if body.is_function else ()
        return frozenset(name for name, (_, fixed) in given if fixed)


def shape_of(kind: TensorType | None) -> Shape:
    """The shape of ``kind``, which has to be known."""
    if kind is None or kind.shape is None:
        raise Unknown("a shape")
    return kind.shape


def _filled_with_zeros(kind: TensorType | None) -> bool:
    """Whether a tensor is known to be zeros without being stored."""
    value = kind and kind.value
    return {0} == (set(value) if isinstance(value, tuple) else {getattr(value, "element", None)})


def works(walk: Walk, fixed: frozenset[str]) -> Iterator[Work]:
    """Each node of ``walk`` in turn. ``fixed`` are inputs of its graph that are weights."""
    known = {*walk.graph.weights, *fixed}
    made: dict[str, Work] = {}
    for index, (node, effect, cost) in enumerate(zip(walk.graph.nodes, walk.effects, walk.costs)):
        inputs = tuple([(name, name in known) for name in node.inputs])
        found = walk.operators.find(node.domain, node.op)
        types = [walk.types.get(name) for name in node.inputs]
        work = Work(found.kind if found else "", cost, effect, types, inputs)
        if work.kind in REFINED:
            work = work._replace(kind=REFINED[work.kind](work, made))
        if all(is_fixed for name, is_fixed in inputs if name) and index not in walk.bodies:
            known.update(node.outputs)
        made.update(dict.fromkeys(node.outputs, work))
        yield work


# ------------------------------------------------------------------------------- what only the graph shows
Made = dict[str, Work]


def _product(work: Work, made: Made) -> str:
    return "linear" if any(fixed for _, fixed in work.inputs[:2]) else "product"


def _addition(work: Work, made: Made) -> str:
    """A vector of weights that is added to the product with a weight is its bias."""
    for (name, _), (_, fixed), kind in zip(work.inputs, work.inputs[::-1], work.types[::-1]):
        if fixed and name in made and made[name].kind == "linear" and kind and len(kind.shape or ()) == 1:
            return "bias"
    return _arithmetic(work, made)


def _multiplication(work: Work, made: Made) -> str:
    """``x · sigmoid(x)``: newer exporters have an operator for it."""
    for (name, _), other in zip(work.inputs, work.inputs[::-1]):
        if name in made and made[name].kind == "sigmoid" and made[name].inputs[:1] == (other,):
            return "silu"
    return _arithmetic(work, made)


def _arithmetic(work: Work, made: Made) -> str:
    """Integers are sizes and places, which no tool counts."""
    kind = work.types[0] if work.types else None
    return "" if kind and kind.dtype in ("int64", "int32", "bool") else work.kind


def _instance(work: Work, made: Made) -> str:
    """Exporters write a group normalization as one of instances, with the groups in the channels' place."""
    sources = [made[name] for name, _ in work.inputs[:1] if name in made]
    viewed = any(source.effect.alias is not None for source in sources)
    return "group normalization" if viewed else work.kind


def _mean(work: Work, made: Made) -> str:
    """The newer exporter of PyTorch writes a global pooling as a mean over axes counted from the last."""
    axes = work.types[1] if len(work.types) > 1 else None
    return "global average pooling" if axes and values.items(axes) == (-1, -2) else work.kind


def _average(work: Work, made: Made) -> str:
    """A window of one element comes only of an adaptive pooling that has nothing to do."""
    return "global average pooling" if work.cost and work.cost.add == 0 else work.kind


REFINED: dict[str, Callable[[Work, Made], str]] = {
    "product": _product, "addition": _addition, "multiplication": _multiplication, "arithmetic": _arithmetic,
    "instance normalization": _instance, "mean": _mean, "average pooling": _average}
"""Kinds that depend on what a node reads: from a node and those that made its inputs to the kind."""
