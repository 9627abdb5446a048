"""Bytes that the nodes of a network read and write when they run one by one, nothing fused: each distinct
input once, as far as its data are read, and every output. Views of an input move nothing."""
from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import gcd
from typing import TYPE_CHECKING, NamedTuple

from archcheck.analyses.folds import Fold, Missing, home
from archcheck.analyses.params import data_read
from archcheck.analyses.taps import inputs_of
from archcheck.dims import Size, minimum, prod, total
from archcheck.dtypes import storage
from archcheck.graph import Shape, TensorType
from archcheck.infer import Walk
from archcheck.ops._op import FREE, Along, Axes, Effect, Picked, Reader, cost_of
from archcheck.ops._slide import taps_inside

if TYPE_CHECKING:
    from archcheck.report import Report


class Moved(NamedTuple):
    """Bytes that are read and written; ``weights`` is the part of ``read`` that is stored in the file."""

    read: Size
    written: Size
    weights: Size

    @property
    def total(self) -> Size:
        """All of them."""
        return self.read + self.written


@dataclass(frozen=True)
class Traffic:
    """What each node moves, None where that is not known; ``missing`` are those nodes, in bodies too."""

    by_node: tuple[Moved | None, ...]
    total: Moved
    missing: tuple[Missing, ...]

    @cached_property
    def bytes(self) -> Size:
        """All bytes that are read and written."""
        return self.total.total


def traffic(report: Report) -> Traffic:
    """What the nodes of a network move."""
    kinds = report.weights.kinds
    found = Fold(report.walk, 3, lambda walk, index: _Node(walk, index, kinds).moved())
    return Traffic(tuple(None if figures is None else Moved(*figures) for figures in found.by_node),
                   Moved(*found.total), tuple(found.missing))


class _Node:
    """One node and what it moves."""

    def __init__(self, walk: Walk, index: int, kinds: Container[tuple[int, str]]) -> None:
        self.walk, self.node, self.effect = walk, walk.graph.nodes[index], walk.effects[index]
        self.inputs, self.kinds = inputs_of(walk, index), kinds

    def moved(self) -> tuple[Size, ...] | str:
        """Bytes read, written, and read from weights; or why they are not known."""
        if all(self._is_stored(name) for name in self.node.outputs):
            return 0, 0, 0
        read = dict(self.read())
        written = [self.walk.types[name].bytes for k, name in enumerate(self.node.outputs)
                   if name and not (k == 0 and self.effect.alias is not None)]
        if None in read.values() or None in written:
            return "the shape or the dtype of what it reads or writes is not known, or has no fixed size"
        return (sum(read.values()), sum(written),  # type: ignore[arg-type]
                sum(count for name, count in read.items() if self._is_stored(name)))  # type: ignore[misc]

    def read(self) -> Iterator[tuple[str, Size | None]]:
        """The names of the inputs whose data are read, and the bytes of each that are."""
        node, effect = self.node, self.effect
        if effect.reads is None and effect.alias is not None:
            return  # a view of something of which not even the rank is known
        is_read = data_read(effect, len(node.inputs), len(node.outputs))
        for k, (name, kind) in enumerate(zip(node.inputs, self.inputs)):
            if kind is not None and is_read[k] and k != effect.alias:
                yield name, _bytes_read(effect, k, kind, node.outputs)

    def _is_stored(self, name: str) -> bool:
        """Whether a value is stored, and read where it is used: an initializer, a constant, a weight that a
        node makes from nothing."""
        walk = home(self.walk, name)
        if walk is None or name in walk.graph.weights or (id(walk.graph), name) in self.kinds:
            return walk is not None
        producer = walk.graph.producers.get(name)
        return (producer is not None and not any(walk.graph.nodes[producer].inputs)
                and cost_of(walk.effects[producer]) == FREE)


def _bytes_read(effect: Effect, k: int, kind: TensorType, names: Sequence[str]) -> Size | None:
    """How many bytes of input ``k`` are read for the outputs that have ``names``."""
    if kind.shape is None or kind.dtype is None or effect.reads is None:
        return kind.bytes
    found: list[Size] = []
    for axes, output in ((effect.reads(k_out)[k], effect.outputs[k_out].shape)
                         for k_out, name in enumerate(names) if name):
        if axes is not None:
            found.append(_elements(axes, kind.shape, output))
    count = found[0] if len(found) == 1 else minimum(prod(kind.shape), total(found))
    return storage(kind.dtype, count)


def _elements(axes: Axes, shape: Shape, output: Shape | None) -> Size:
    """How many elements of an input of ``shape`` an output reads."""
    if output is None:
        return prod(shape)
    if any(isinstance(reader, Picked) and reader.single for reader in axes):
        return prod(output)
    return prod(_positions(reader, size, output) for reader, size in zip(axes, shape))


def _positions(reader: Reader, size: Size, output: Shape) -> Size:
    """How many positions of an axis are read, at most."""
    if isinstance(reader, Picked) and reader.indices is not None:
        return len(set(reader.indices))
    if not isinstance(reader, Along) or not isinstance(reader.taps, int):
        return size
    outputs, (_, stride, start, _, dilation, _), taps = output[reader.axis], reader, reader.taps
    if reader == Along(reader.axis) or stride < 1 or reader.border:
        return minimum(size, outputs)
    step = gcd(stride, dilation) if taps > 1 and stride < (taps - 1) * dilation + 1 else 0
    if not step:  # no position is read twice
        inside = taps_inside(outputs, size, stride, start, taps, dilation)
    else:
        steps = ((outputs - 1) * stride + (taps - 1) * dilation) // step + 1
        inside = taps_inside(steps, size, step, start, 1, 1)
    return size if inside is None else inside
