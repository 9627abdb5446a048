"""Attention in heads: what it costs, and how it reads queries, keys, values and what is kept of the past.

The outputs are, in this order: the result ``[batch, query, channel]``, the keys and the values that are kept
``[batch, head, key, channel]``, and the scores ``[batch, head, query, key]``.
"""
from __future__ import annotations

from typing import NamedTuple

from archcheck.dims import Size
from archcheck.graph import TensorType
from archcheck.ops._op import ALL, FREE, Along, Axes, Cost, Packed, Prefix, Reader, Reads, counted_size, rank
from archcheck.ops._slide import group_reader
from archcheck.ops.activations import SOFTMAX
from archcheck.values import items

RESULT, KEYS, VALUES, SCORES = range(4)


class Heads(NamedTuple):
    """``number`` heads of queries, of which ``number / shared`` each use the same of ``shared`` heads of keys
    and values; ``size`` channels a head of queries and keys, ``value_size`` of values. What is kept may be
    ``mixed`` from channels of one head: turned by positions, or two to a byte."""

    number: int
    shared: int
    size: Size
    value_size: Size
    mixed: bool = False

    @property
    def span(self) -> Size:
        """How many channels of the result use one head of keys and values."""
        return self.number // self.shared * self.value_size

    def of_query(self, k: int) -> Reader:
        """How the result and the scores read the channels of queries ``[batch, token, channel]``."""
        if k == RESULT:
            return group_reader(2, self.value_size, self.size, self.number)
        return Along(1, self.size, 0, self.size) if isinstance(self.size, int) else ALL

    def of_key(self, k: int) -> Reader:
        """How output ``k`` reads the channels of keys ``[batch, token, channel]``."""
        if k == RESULT:
            return group_reader(2, self.span, self.size, self.shared)
        if k == KEYS and not self.mixed:
            return Packed(((1, 1, self.shared, self.size), (3, 1, self.size, 1)))
        alone = self.number == self.shared or k == KEYS
        return Along(1, self.size, 0, self.size) if alone and isinstance(self.size, int) else ALL

    def of_value(self, k: int) -> Reader:
        """How output ``k`` reads the channels of values ``[batch, token, channel]``."""
        if k == VALUES and self.mixed:
            return self.of_key(KEYS)
        axis, divisor = (2, self.span) if k == RESULT else (1, 1)
        inner = 2 if k == RESULT else 3
        return Packed(((axis, divisor, self.shared, self.value_size), (inner, 1, self.value_size, 1)))

    def of_head(self, k: int) -> Reader:
        """How output ``k`` reads the heads of a cache ``[batch, head, token, channel]``."""
        if k == RESULT:
            return Packed(((2, self.span, self.shared, 1),))
        return Packed(((1, self.number // self.shared, self.shared, 1),)) if k == SCORES else Along(1)


def attention_cost(batch: Size, heads: Size, queries: Size, keys: Size, width: Size, value_width: Size,
                   per_score: Cost = FREE) -> Cost:
    """Scores, their scale, softmax, weighted sums, and ``per_score`` besides; widths are those of all heads
    of queries together."""
    pairs = batch * queries * keys
    each = SOFTMAX + Cost(mul=1) + per_score
    return Cost(mac=pairs * (width + value_width)) + each.times(pairs * heads)


def mask_cost(*masks: TensorType | None, causal: int = 0) -> Cost:
    """What masks and biases add to each score."""
    return Cost(add=sum(mask is not None for mask in masks) + int(causal > 0))


def cached(past: Size, new: Size, buffer: bool, position: TensorType | None) -> tuple[Size, Size]:
    """How many keys are attended to, and how many are kept: those of the past with the new ones; or, in a
    buffer of fixed length, those before ``position`` with the new ones, and the whole buffer."""
    if not buffer:
        return past + new, past + new
    found = items(position)
    return counted_size(past) if found is None or found[0] is None else found[0] + new, past


def mask_reads(kind: TensorType | None) -> Axes | None:
    """How an output ``[batch, query, …]`` reads a mask: lengths, or a number per key, by query or not."""
    forms = {2: (Along(0), ALL), 3: (Along(0), Along(1), ALL), 4: (ALL, ALL, Along(1), ALL)}
    return None if kind is None else forms.get(rank(kind), (ALL,))


def tokens(kind: TensorType | None, position: Reader, channel: Reader = ALL) -> Axes | None:
    """How an output reads ``[batch, token, channel]``, ``[batch, token, head, part, channel]`` or ``[batch,
    head, token, channel]`` by ``position`` of the token."""
    if kind is None:
        return None
    if rank(kind) == 4:
        return Along(0), ALL, position, ALL
    return Along(0), position, *((channel,) if rank(kind) == 3 else (ALL,) * 3)


def attending_reads(k: int, heads: Heads, query: TensorType, key: TensorType | None, value: TensorType | None,
                    before: Size, causal: int) -> Reads:
    """How output ``k`` reads the queries and the new keys and values, which follow ``before`` older ones."""
    attended = Prefix(1) if causal else ALL
    place: Reader = attended if k == RESULT else Along(3 if k == SCORES else 2, start=-before)
    if key is None:
        return tokens(query, place), None, None
    to_query = tokens(query, Along(1 if k == RESULT else 2), heads.of_query(k))
    return (to_query if k in (RESULT, SCORES) else None,
            tokens(key, place, heads.of_key(k)) if k != VALUES or value is None else None,
            tokens(value, place, heads.of_value(k)) if k in (RESULT, VALUES) else None)


def past_reads(k: int, heads: Heads, keys: TensorType | None, values: TensorType | None) -> Reads:
    """How output ``k`` reads the caches of older keys and values, ``[batch, head, token, channel]``."""
    place: Reader = (ALL, Along(2), Along(2), Along(3))[k]
    of_key: Reader = Along(3) if k == KEYS else ALL
    of_value: Reader = Along(3)
    if k == RESULT:
        of_value = ALL if heads.mixed else Packed(((2, 1, heads.value_size, 1),))
    cache = Along(0), heads.of_head(k), place
    return ((*cache, of_key) if keys and k != VALUES else None,
            (*cache, of_value) if values and k in (RESULT, VALUES) else None)
