"""Einsum: sums of products of operands whose axes are named by letters."""
from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from archcheck.dims import Size, prod
from archcheck.graph import Shape
from archcheck.ops._op import ALL, FREE, Along, Cost, Picked, Reader, equal, op, require, result
from archcheck.ops.pointwise import broadcast_size

Labels = tuple[str, ...]  # one an axis: a letter, or "...2", "...1", "...0" for what an ellipsis stands for
Sizes = dict[str, Size]


@op("Einsum", kind="einsum", saves=("inputs",))
def einsum(*inputs, equation):
    """The product of the inputs at their letters, summed over all letters that the output does not have."""
    shapes = [kind.shape for kind in inputs]
    terms, arrow, target = equation.replace(" ", "").partition("->")
    operands = _operands(terms.split(","), shapes)
    output = _labels(target, max(map(_dotted, operands))) if arrow else _classical(operands)
    sizes = _sizes(operands, shapes)
    require(sizes.keys() >= set(output), "the output of {!r} has letters that no input has", equation)
    require(len(set(output)) == len(output), "the output of {!r} has a letter twice", equation)
    return result([sizes[label] for label in output], inputs[0], cost=lambda: _cost(operands, output, sizes),
                  reads=lambda _: tuple(_readers(*pair, output, sizes) for pair in zip(operands, shapes)))


def _operands(terms: Sequence[str], shapes: Sequence[Shape]) -> list[Labels]:
    require(len(terms) == len(shapes), "the equation has {} terms for {} inputs", len(terms), len(shapes))
    return [_term(term, len(shape)) for term, shape in zip(terms, shapes)]


def _term(term: str, axes: int) -> Labels:
    letters = len(term.replace("...", ""))
    require(letters == axes or (letters < axes and "..." in term),
            "the term {!r} names {} axes, but the input has {}", term, letters, axes)
    return _labels(term, axes - letters)


def _labels(term: str, dotted: int) -> Labels:
    """A label an axis of a term, whose ellipsis stands for ``dotted`` axes, counted from the last."""
    before, dots, after = term.partition("...")
    return (*before, *(f"...{axis}" for axis in reversed(range(dotted if dots else 0))), *after)


def _dotted(labels: Labels) -> int:
    return sum(len(label) > 1 for label in labels)


def _classical(operands: Sequence[Labels]) -> Labels:
    """The output of an equation that names none: the ellipsis, then the letters that stand once, in order."""
    times = Counter(label for labels in operands for label in labels)
    once = sorted(label for label in times if times[label] == 1 and len(label) == 1)
    return (*_labels("...", max(map(_dotted, operands))), *once)


def _sizes(operands: Sequence[Labels], shapes: Sequence[Shape]) -> Sizes:
    """The size of each label. Inputs broadcast where one has a single element."""
    sizes: Sizes = {}
    for labels, shape in zip(operands, shapes):
        own: Sizes = {}
        for label, size in zip(labels, shape):
            known = own.setdefault(label, size)
            equal(known, size, "{!r} stands for {} and for {} elements of one input", label, known, size)
        for label, size in own.items():
            sizes[label] = broadcast_size(sizes[label], size) if label in sizes else size
    return sizes


def _readers(labels: Labels, shape: Shape, output: Labels, sizes: Sizes) -> tuple[Reader, ...]:
    return tuple(ALL if label not in output else Picked(None, (0,)) if size == 1 and sizes[label] != 1
                 else Along(output.index(label)) for label, size in zip(labels, shape))


def _cost(operands: Sequence[Labels], output: Labels, sizes: Sizes) -> Cost:
    """The inputs meet from the first to the last. What stands in one of two that meet and is not needed later
    is summed before; then there is one multiply-accumulate for each combination of the labels left."""
    left, wanted = frozenset(operands[0]), frozenset(output)
    if len(operands) == 1:
        return _summing(left, wanted, sizes)
    cost = FREE
    for place, labels in enumerate(operands[1:], 2):
        right, later = frozenset(labels), wanted.union(*operands[place:])
        cost += _summing(left, right | later, sizes) + _summing(right, left | later, sizes)
        met = left & (right | later) | right & (left | later)
        cost += Cost(mac=prod(sizes[label] for label in met))
        left = met & later
    return cost


def _summing(labels: frozenset[str], kept: frozenset[str], sizes: Sizes) -> Cost:
    """What it costs to sum an input over the labels that are not kept."""
    return FREE if labels <= kept else Cost(add=prod(sizes[label] for label in labels))
