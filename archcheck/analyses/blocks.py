"""A network as one sequence: its layers one after the other, what branches between two of them as a block.

A block is what lies between a layer that all data pass through and the next such layer, which joins its
branches. Its word says how: RES is added to what went in, DENSEBLOCK is put beside it, INCEPTION puts three
branches or more side by side, SE scales what went in.
"""
from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from archcheck.analyses.layers import (
    ACTIVATIONS,
    ARITHMETIC,
    CONVOLUTIONS,
    GLOBAL,
    INPUT,
    Layer,
)

if TYPE_CHECKING:
    from archcheck.report import Report

ENLARGES = frozenset(("resize", "transposed convolution", "depth to space"))
"""Kinds that bring a resolution back: a block with such layers goes down and up, and what went in skips
that."""

WRITTEN_OUT = ACTIVATIONS | ARITHMETIC | {"", "mean", "error function", "relu6"}
"""Of what activations and normalizations are made where they are written out in arithmetic."""

NO_MLP = CONVOLUTIONS | {"rnn", "gru", "lstm", "product", "einsum"}

UNTOLD = "BRANCHES"
"""The word for a block that is not told more exactly."""

LARGEST, SIMPLE = 64, 10
"""So many layers may a block have that repeats within a network, and one that only its last layer names."""

MANY = 3  # so many branches make an inception module
PROJECTION = 2  # so many layers with weights may a projection have, which may be depthwise separable


class Item(NamedTuple):
    """One of a sequence: a layer or block with its ``word`` and all that it answers to. ``first`` and
    ``last`` are the indices of the nodes that it begins and ends with, ``layers`` how many it has that
    patterns name; ``silent`` tells what they usually leave out."""

    word: str
    names: frozenset[str]
    silent: bool
    first: int
    last: int
    layers: int = 1


def sequence(report: Report) -> tuple[list[Item], bool]:
    """The sequence from the first input to the first output, and whether that is the whole network."""
    return _told(_items(report.chain.layers)), report.chain.whole


def _told(found: Iterable[Item]) -> list[Item]:
    """Items with those that are the end of another one in it."""
    items: list[Item] = []
    for item in found:
        before = items[-1] if items else None
        if before and _goes_with(before, item):
            items[-1] = before._replace(last=item.last, layers=before.layers + item.layers)
        else:
            items.append(item)
    return items


def _goes_with(before: Item, item: Item) -> bool:
    """Whether an item is the end of the one before: the activation behind a residual sum, the second half of
    a normalization that is written out."""
    if before.word == item.word == "NORM" and min(before.layers, item.layers) > 1:
        return True
    return "RES" in before.names and before.layers > 1 and "ACT" in item.names


def _items(found: Sequence[Layer]) -> Iterator[Item]:
    """Each layer that all data pass through, with what branches before it."""
    last_use = {one: place for place, layer in enumerate(found) for one in layer.before}
    reach, fork = last_use.get(INPUT, 0), INPUT
    for place, layer in enumerate(found):
        if reach <= place:
            inside = [one for one in found[fork + 1:place] if not one.silent]
            yield _Block(found, fork, place, inside).item() if inside else _single(layer)
            fork = place
        reach = max(reach, last_use.get(place, 0))


def _single(layer: Layer) -> Item:
    return Item(layer.word, layer.names, layer.silent, layer.node, layer.node)


class _Block:
    """The layers after ``fork`` up to ``join``, which all data pass through; ``inside`` are those between
    that patterns name."""

    def __init__(self, found: Sequence[Layer], fork: int, join: int, inside: Sequence[Layer]) -> None:
        self.found, self.fork, self.place, self.join = found, fork, join, found[join]
        self.inside = inside
        self.kinds = {layer.kind for layer in (*inside, self.join)}
        self.fewest, self.most = self._heavy()

    def item(self) -> Item:
        """The block as one of the sequence."""
        is_told = len(self.inside) <= LARGEST or self._spans()
        names = tuple(dict.fromkeys(self._names())) if is_told else (UNTOLD,)
        first = min(layer.node for layer in self.found[self.fork + 1:self.place + 1])
        return Item(names[0], frozenset(names), False, first, self.join.node, len(self.inside) + 1)

    def _heavy(self) -> tuple[int, int]:
        """How many layers with products there are on the shortest and on the longest way around; a way past
        all layers that patterns name has -1."""
        ways = {self.fork: (-1, -1)}
        for place in range(self.fork + 1, self.place + 1):
            layer = self.found[place]
            before = [ways[one] for one in layer.before]
            low, high = min(one for one, _ in before), max(one for _, one in before)
            if not layer.silent and place != self.place:
                low, high = max(low, 0) + layer.heavy, max(high, 0) + layer.heavy
            ways[place] = low, high
        return ways[self.place]

    @property
    def passes(self) -> bool:
        """Whether what goes in also reaches the join as it is."""
        return self.fewest < 0

    def _names(self) -> Iterator[str]:
        """What the block answers to, its word first."""
        if self.kinds <= WRITTEN_OUT and not self.most > 0:
            yield from self._written_out()
        elif "attention" in self.kinds or {"product", "softmax"} <= self.kinds:
            yield "ATTENTION" if self._attends() == 1 else UNTOLD
            yield from ["RES"] * self._is_residual()
        elif self._is_residual():
            yield from self._residual()
        else:
            yield self._joined()

    def _written_out(self) -> Iterator[str]:
        if "mean" in self.kinds:
            yield from ("NORM", "LN", "LAYERNORM")
        elif "error function" in self.kinds:
            yield from ("GELU", "ACT")
        elif "silu" in self.kinds:
            yield from ("SILU", "SWISH", "ACT")
        elif self.join.kind == "multiplication" and self.passes:
            yield "ACT"
        else:
            yield self.join.word

    def _is_residual(self) -> bool:
        """Whether what went in is added, as it is or projected, to what more layers made of it."""
        added = self.join.kind == "addition" or self.join.word == "SUM"
        return added and self.most > 0 and (self.passes or self.fewest < min(self.most, PROJECTION + 1))

    def _residual(self) -> Iterator[str]:
        if self.kinds & ENLARGES:
            yield "SKIP"
        elif not self.kinds & NO_MLP and "linear" in self.kinds:
            yield "MLP"
        yield "RES"

    def _joined(self) -> str:
        """The word for branches that are joined by something else than a residual sum."""
        if self.join.kind == "concatenation":
            return self._side_by_side()
        if self.join.kind == "multiplication" and self.passes:
            return "SE" if self.kinds & GLOBAL else "GATE"
        if self.kinds <= {"lookup", "addition"}:
            return "EMBEDDING"
        return self._simple(self.join.word)

    def _simple(self, word: str) -> str:
        """A word that only says how a block is joined, unless there is more to it."""
        return word if len(self.inside) <= SIMPLE else UNTOLD

    def _side_by_side(self) -> str:
        """The word for branches that are put beside each other."""
        if self.kinds & ENLARGES and (self.passes or self.fewest + 1 < self.most):
            return "SKIP"
        if self.passes:
            return "DENSEBLOCK"
        if self.most == 1 and self.kinds == {"convolution", "concatenation"}:
            return "CONV"
        return "INCEPTION" if len(self.join.before) >= MANY else self._simple("CONCAT")

    def _spans(self) -> bool:
        """Whether a block is of a kind that may be large: a dense block, or the two sides of an hourglass."""
        return self.join.kind == "concatenation" and self.passes or bool(self.kinds & ENLARGES)

    def _attends(self) -> int:
        """How often there is attention."""
        return sum(layer.kind in ("attention", "softmax") for layer in (*self.inside, self.join))


def words_of(found: Sequence[Layer], inside: Collection[int]) -> list[str]:
    """The words of a part of a network, as it reads by itself: of those of ``found`` that stand at the
    positions ``inside``; silent ones are left out."""
    places = sorted(inside)
    number = {place: k for k, place in enumerate(places)}
    part = [found[place]._replace(before=tuple({number.get(one, INPUT): None for one in found[place].before}))
            for place in places]
    return [item.word for item in _told(_items(part)) if not item.silent]
