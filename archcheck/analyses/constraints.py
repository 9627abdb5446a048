"""What must hold for a network to run, as equations between sizes, each with the layer it comes from.

Two sources: what operators had to assume (`Assumption`), and what follows from how outputs read inputs. A
network is taken to be valid where it runs, no output of it is empty, and no window, sum or mean is taken over
nothing.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from archcheck.algebra.polynomials import cancelled, common, constant_of, terms_of
from archcheck.algebra.sizes import polynomial
from archcheck.analyses.products import factored
from archcheck.analyses.quasipolynomials import difference, quasipolynomial
from archcheck.analyses.sizesets import NONE, SizeSet, not_negative, zeros
from archcheck.dims import Atom, Dim, Size, atom_size, is_known, least, maximum, substitute, symbols
from archcheck.graph import Node, TensorType
from archcheck.infer import Walk
from archcheck.ops._op import FREE, All, Along, Effect, Picked, Reader, Reads, Spread, Unknown, cost_of

MAX_INDICES = 64


class Constraint(NamedTuple):
    """``a = b`` (kind ``equal``), ``a = b`` or one of them is 1 (``broadcast``), ``a`` is a multiple of ``b``
    (``divides``), or ``a ≥ b`` (``at-least``). ``layer`` is the node's name, ``why`` says what for."""

    kind: str
    a: Size
    b: Size
    layer: str
    op: str
    why: str

    @property
    def is_known(self) -> bool:
        """Whether all it is about are symbols of the inputs."""
        return is_known(self.a) and is_known(self.b)

    @property
    def symbols(self) -> frozenset[Atom]:
        """The symbols it is about."""
        return symbols(self.a) | symbols(self.b)

    def bound(self, values: Mapping[Atom, Size]) -> Constraint:
        """The same with ``values`` put in for symbols; where that divides by zero, one that never holds."""
        try:
            return self._replace(a=substitute(self.a, values), b=substitute(self.b, values))
        except ZeroDivisionError:
            return self._replace(kind="equal", a=0, b=1)

    @property
    def holds(self) -> bool:
        """Whether it does, once both sides are numbers."""
        a, b = self.a, self.b
        if self.kind == "divides":
            return b != 0 and a % b == 0
        if self.kind == "at-least":
            return least(a) >= least(b)
        return a == b or self.kind == "broadcast" and 1 in (a, b)

    def solutions(self, symbol: Atom) -> SizeSet:
        """Where it holds, ``symbol`` being its only one; `Unsolvable` where that cannot be said."""
        if self.kind == "divides":
            return NONE if self.b == 0 else zeros(quasipolynomial(self.a % self.b, symbol))
        a, b = quasipolynomial(self.a, symbol), quasipolynomial(self.b, symbol)
        if self.kind == "at-least":
            return not_negative(difference(a, b))
        found = zeros(difference(a, b))
        if self.kind == "broadcast":
            one = quasipolynomial(1, symbol)
            found = found | zeros(difference(a, one)) | zeros(difference(b, one))
        return found


class Need(NamedTuple):
    """``a ≥ b``, and what for; those that are ``advice`` only keep positions from being left out."""

    a: Size
    b: Size
    why: str
    advice: bool = False


# ---------------------------------------------------------------------------------- all of a network
def constraints(walk: Walk) -> tuple[list[Constraint], list[Constraint]]:
    """Everything that must hold and does not for all sizes, in the order of the nodes, only the first with
    the same equation; and what must for windows to leave no positions out at the end of an axis."""
    musts: dict[tuple[str, Size, Size], Constraint] = {}
    advice: dict[tuple[str, Size, Size], Constraint] = {}
    for found, is_advice in _all(walk):
        if found.symbols:
            (advice if is_advice else musts).setdefault(found[:3], found)
    return list(musts.values()), list(advice.values())


def broken(walk: Walk) -> Constraint | None:
    """The first thing that must hold and does at no size."""
    return next((found for found, is_advice in _all(walk)
                 if not (is_advice or found.symbols or found.holds)), None)


def _all(walk: Walk) -> Iterator[tuple[Constraint, bool]]:
    seen: set[Need] = set()
    for part in certain(walk):
        assumed = {index: list(group) for index, group in groupby(part.assumptions, itemgetter(0))}
        for index, (node, effect) in enumerate(zip(part.graph.nodes, part.effects)):
            for _, (kind, a, b) in assumed.get(index, ()):
                yield _constraint(node, Need(a, b, _WHY[kind]), kind), False
            for need in _needs_of(effect, _types(part, node.inputs), _types(part, node.outputs)):
                if need not in seen:
                    seen.add(need)
                    yield from ((_constraint(node, one), one.advice) for one in _factors(need))
    for node, need in _of_outputs(walk):
        yield _constraint(node, need), False


_WHY = {"equal": "two sizes must be equal", "broadcast": "two sizes must be equal, or one of them 1",
        "divides": "one size must be a multiple of the other", "at-least": "it takes so many"}


def _constraint(node: Node, need: Need, kind: str = "at-least") -> Constraint:
    a, b = need.a, need.b
    if kind in ("equal", "broadcast") and isinstance(a, int):
        a, b = b, a
    if kind in ("equal", "divides"):
        a, b = reduced(a, b, kind)
    return Constraint(kind, a, b, node.name, node.op, need.why)


def reduced(a: Size, b: Size, kind: str) -> tuple[Size, Size]:
    """Both sides without what they share: factors, which are not 0, and numbers that are added."""
    if kind == "equal" and isinstance(b, int):
        a, b = a - constant_of(a), b - constant_of(a)
    number, atoms = common(terms_of(a), terms_of(b))
    atoms = tuple(atom for atom in atoms if atom.kind == "symbol" and not atom.origin)
    if not atoms and number < 2:
        return a, b
    return tuple(polynomial(cancelled(terms_of(size), number, atoms)) for size in (a, b))  # type: ignore


def certain(walk: Walk) -> Iterator[Walk]:
    """This walk and those of the bodies in it, but for bodies of which only one of several runs."""
    yield walk
    for bodies in walk.bodies.values():
        if len(bodies) == 1:
            yield from certain(*bodies.values())


# ---------------------------------------------------------------------------------- what reading takes
def _of_outputs(walk: Walk) -> Iterator[tuple[Node, Need]]:
    """No output of the network may be empty."""
    for name, kind in zip(walk.graph.outputs, walk.outputs):
        index = walk.graph.producers.get(name)
        for size in kind.shape or () if index is not None else ():
            for need in _factors(Need(size, 1, "an output of the network must not be empty")):
                yield walk.graph.nodes[index], need  # type: ignore[index]


def _types(walk: Walk, names: Sequence[str]) -> list[TensorType | None]:
    return [walk.types.get(name) if name else None for name in names]


def _needs_of(effect: Effect, inputs: Sequence[TensorType | None],
              outputs: Sequence[TensorType | None]) -> Iterator[Need]:
    for k, output in enumerate(outputs):
        shape = output and output.shape or ()
        for size in shape:
            yield Need(size, 0, "a size cannot be negative")
        if shape and (_is_open(output) or any(map(_is_open, inputs))):
            for readers, kind in zip(_reads(effect, k), inputs):
                for reader, size in zip(readers or (), kind and kind.shape or ()):
                    yield from _needs_to_read(reader, size, shape, effect)


def _reads(effect: Effect, k: int) -> Reads:
    """How output ``k`` reads the inputs; nothing where that is not stated, or depends on a rank that is not
    known."""
    try:
        return effect.reads(k) if effect.reads else ()
    except Unknown:
        return ()


def _is_open(kind: TensorType | None) -> bool:
    return kind is not None and Dim in map(type, kind.shape or ())


def _needs_to_read(reader: Reader, size: Size, output: Sequence[Size], effect: Effect) -> Iterator[Need]:
    """What it takes to read an axis of ``size`` by ``reader``. Operators that only move data may be given
    nothing."""
    if isinstance(reader, Along) and reader.border:
        yield from _of_border(reader, size, output[reader.axis])
    elif isinstance(reader, Along) and (reader.taps != 1 or reader.stride != 1):
        yield from _of_window(reader, size, output[reader.axis])
    elif isinstance(reader, Spread):
        yield Need(output[reader.axis], 1, "something must come out")
    elif isinstance(reader, Picked) and reader.indices:
        yield from _of_indices(reader.indices, size)
    elif isinstance(reader, All) and isinstance(size, Dim) and cost_of(effect) not in (None, FREE):
        yield Need(size, 1, "it must not be taken over nothing")


def _of_border(reader: Along, size: Size, grown: Size) -> Iterator[Need]:
    before = -reader.start
    pad = maximum(before, grown - size - before)
    reflects = reader.border == "reflect"
    yield Need(size, pad + 1 if reflects else 1, "reflection needs more positions than it adds" if reflects
               else "there must be a border to repeat")


def _of_window(reader: Along, size: Size, count: Size) -> Iterator[Need]:
    yield Need(size, 1, "a window needs something to read")
    yield Need(count, 1, "a window must fit")
    if reader.stride > 0:
        span = maximum((reader.taps - 1) * reader.dilation + 1, reader.stride)
        end = (count - 1) * reader.stride + reader.start + span
        yield Need(end, size, "the last window ends early", advice=True)


def _of_indices(indices: Sequence[Size], size: Size) -> Iterator[Need]:
    numbers = [index for index in indices if isinstance(index, int)]
    if numbers and isinstance(size, Dim):
        yield Need(size, max(numbers) + 1, "the positions it picks must exist")
    for index in [index for index in indices if isinstance(index, Dim)][:MAX_INDICES]:
        yield Need(size, index + 1, "the positions it picks must exist")
        yield Need(index, 0, "the positions it picks must exist")


def _factors(need: Need) -> Iterator[Need]:
    """The needs that are not met by all sizes: of a product that must not be 0, those of its factors."""
    if least(need.a - need.b) >= 0:
        return
    product = factored(need.a) if need.b == 1 else None
    if product is None or product.number < 1:
        yield need
    else:
        yield from (need._replace(a=factor) for atom, factor in product.factors.items()
                    if factor is not atom_size(atom))
