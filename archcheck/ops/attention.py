"""Attention in ONNX's own operators: queries against keys, softmax over the keys, sums of the values.

Tensors are [batch, heads, tokens, channels], or [batch, tokens, heads·channels]. Scores and sums count every
pair of a query and a key, whatever a mask hides.
"""
from __future__ import annotations

from typing import Any, NamedTuple

from archcheck.dims import Size, prod, same
from archcheck.dtypes import dtype_name
from archcheck.graph import TensorType
from archcheck.ops._inputs import aligned, expect, part
from archcheck.ops._op import (
    ALL,
    FREE,
    Along,
    Axes,
    Cost,
    Effect,
    Packed,
    Picked,
    Prefix,
    Product,
    Reader,
    Reads,
    equal,
    op,
    rank,
    require,
    result,
)
from archcheck.ops._slide import group_reader
from archcheck.ops.activations import SOFTMAX

RESULT, KEYS, VALUES, SCORES = range(4)


class Split(NamedTuple):
    """The sizes of a tensor in heads."""

    batch: Size
    heads: Size
    tokens: Size
    channels: Size


def _split(kind: TensorType, heads: int | None, what: str) -> Split:
    """The sizes of ``kind``; a tensor of three axes has ``heads`` packed in its channels."""
    shape = kind.shape or ()
    if len(shape) == 4:
        return Split(*shape)
    require(len(shape) == 3, "the {} have {} axes, but must have 3 or 4", what, len(shape))
    require(bool(heads), "the {} have 3 axes, so their number of heads must be said", what)
    batch, tokens, channels = shape
    count = heads or 1
    return Split(batch, count, tokens, part(channels, count, f"the number of channels of the {what}"))


class Heads(NamedTuple):
    """The sizes of one attention: ``past`` older keys stand before the new ones."""

    query: Split
    key: Split
    value: Split
    past: Size

    @property
    def group(self) -> Size:
        """How many heads of queries share one of keys and values."""
        return self.query.heads // self.key.heads

    @property
    def keys(self) -> Size:
        """How many keys there are in all."""
        return self.past + self.key.tokens

    @property
    def scores(self) -> tuple[Size, Size, Size, Size]:
        """The shape of the scores."""
        return self.query.batch, self.query.heads, self.query.tokens, self.keys

    def kept(self, values: Split) -> tuple[Size, Size, Size, Size]:
        """The shape of all keys or ``values``, old and new."""
        return values.batch, values.heads, self.keys, values.channels

    def cost(self, per_score: Cost) -> Cost:
        """Scores, their scale and softmax, weighted sums, and ``per_score`` besides."""
        batch, heads, queries, keys = self.scores
        pair = Cost(mac=self.query.channels + self.value.channels, mul=1) + SOFTMAX + per_score
        return pair.times(batch * heads * queries * keys)


    def products(self) -> tuple[Product, ...]:
        """Scores are queries times keys, old and new; results are scores times values."""
        pairs = prod(self.scores)
        scores, sums = pairs * self.query.channels, pairs * self.value.channels
        batch = self.query.batch
        return (Product(scores, scores, (0,), (1, 4), batch),
                Product(sums, sums, (0, 1, 3, 4), (2, 5), batch))


def _heads(query: Split, key: Split, value: Split, past: TensorType | None = None) -> Heads:
    for a, b, what in ((query.batch, key.batch, "batch of queries and of keys"),
                       (key.batch, value.batch, "batch of keys and of values"),
                       (query.channels, key.channels, "size of a head of queries and of keys"),
                       (key.heads, value.heads, "number of heads of keys and of values"),
                       (key.tokens, value.tokens, "number of keys and of values")):
        equal(a, b, "the {} must be the same, but they are {} and {}", what, a, b)
    part(query.heads, key.heads, "the number of heads of the queries")
    return Heads(query, key, value, 0 if past is None else past.shape[2])  # type: ignore[index]


# ---------------------------------------------------------------------------------- how outputs read inputs
def _attended(heads: Heads, query_axis: int, causal: int, left: int, right: int,
              padded: bool) -> tuple[Reader, Reader]:
    """Which older and which new keys the queries along ``query_axis`` of the output attend to. ``left`` and
    ``right`` bound how far away they may be, if they are not negative."""
    right = 0 if causal else right
    if padded or right < 0 or (left < 0 and right > 0):
        return ALL, ALL
    if left < 0:
        return ALL, Prefix(query_axis)
    taps = left + right + 1
    return Along(query_axis, 1, heads.past - left, taps), Along(query_axis, 1, -left, taps)


def _shared_head(axis: int, divisor: Size, heads: Heads) -> Reader:
    """The head of keys that belongs to the head of queries at ``o[axis] // divisor``."""
    span = divisor * heads.group
    if same(heads.key.heads, 1):
        return Picked(None, (0,))
    return Along(axis) if same(span, 1) else Packed(((axis, span, heads.key.heads, 1),))


def _axes(kind: TensorType | None, head: Reader, token: Reader, channel: Reader,
          packed: Reader) -> Axes | None:
    """How a tensor is read, of four axes or with its heads ``packed`` in the last of three."""
    if kind is None:
        return None
    return (Along(0), head, token, channel) if rank(kind) == 4 else (Along(0), token, packed)


def _kept_reads(new: TensorType, past: TensorType | None, split: Split,
                before: Size) -> tuple[Axes | None, Axes | None]:
    """How all keys or all values read the new ones and the ``past`` ones."""
    packed = Packed(((1, 1, split.heads, split.channels), (3, 1, split.channels, 1)))
    return (_axes(new, Along(1), Along(2, start=-before), Along(3), packed),
            _axes(past, Along(1), Along(2), Along(3), ALL))


def _mask_reads(heads: Heads, mask: TensorType | None, head: Reader, query: Reader,
                key: Reader) -> Axes | None:
    """How an output reads a mask that broadcasts to the scores, by the output's own head, query and key."""
    places = Along(0), head, query, key
    axes = aligned(heads.scores, mask)
    return axes and tuple(places[reader.axis] if isinstance(reader, Along) else reader for reader in axes)


def _result_reads(heads: Heads, given: tuple[Any, ...], causal: int, left: int, right: int) -> Reads:
    q, k, v, mask, past_key, past_value, padding = given
    flat = rank(q) == 3
    size, width = heads.query.channels, heads.value.channels
    old, new = _attended(heads, 1 if flat else 2, causal, left, right, padding is not None)
    packed = Packed(((2, width, heads.query.heads, 1),)), Along(1), Packed(((2, 1, width, 1),))
    head, query, channel = packed if flat else (Along(1), Along(2), Along(3))
    shared = _shared_head(2, width, heads) if flat else _shared_head(1, 1, heads)
    span = width * heads.group
    return (_axes(q, head, query, ALL, group_reader(2, width, size, heads.query.heads)),
            _axes(k, shared, new, ALL, group_reader(2, span, size, heads.key.heads)),
            _axes(v, shared, new, channel, Packed(((2, span, heads.key.heads, width), (2, 1, width, 1)))),
            _mask_reads(heads, mask, head, query, ALL), _axes(past_key, shared, old, ALL, ALL),
            _axes(past_value, shared, old, channel, ALL), padding and (Along(0),))


def _score_reads(heads: Heads, given: tuple[TensorType | None, ...], mode: int) -> Reads:
    """Scores read one key each; with ``mode`` 2 and 3 also the mask, and with 3, after the softmax, all
    keys."""
    q, k, _, mask, past_key, _, padding = given
    old, new, key = (ALL, ALL, ALL) if mode == 3 else (Along(3), Along(3, start=-heads.past), Along(3))
    shared, size = _shared_head(1, 1, heads), heads.query.channels
    block = Along(1, size, 0, size) if isinstance(size, int) else ALL
    return (_axes(q, Along(1), Along(2), ALL, block), _axes(k, shared, new, ALL, ALL), None,
            _mask_reads(heads, mask, Along(1), Along(2), key) if mode >= 2 else None,
            _axes(past_key, shared, old, ALL, ALL), None, (Along(0),) if padding and mode >= 2 else None)


# ---------------------------------------------------------------------------------- operators
@op("Attention", since=23, dtypes=(0, 1, 2, 0), kind="attention")
def attention(q, k, v, attn_mask=None, past_key=None, past_value=None, nonpad_kv_seqlen=None, *, is_causal=0,
              kv_num_heads=None, left_window_size=-1, q_num_heads=None, qk_matmul_output_mode=0,
              right_window_size=-1, scale=None, softcap=0.0, softmax_precision=None):
    """``softmax(Q·Kᵀ·scale + mask)·V``, all keys, all values, and the scores. Several heads of queries may
    share one of keys and values."""
    heads = _heads(_split(q, q_num_heads, "queries"), _split(k, kv_num_heads, "keys"),
                   _split(v, kv_num_heads, "values"), past_key)
    batch, count, queries, _ = heads.scores
    width = heads.value.channels
    expect(past_key, "past_key", batch, heads.key.heads, heads.past, heads.key.channels)
    expect(past_value, "past_value", batch, heads.key.heads, heads.past, width)
    shape = (batch, count, queries, width) if len(q.shape) == 4 else (batch, queries, count * width)
    masked, capped = bool(attn_mask or is_causal), bool(softcap)
    per_score = Cost(add=masked, mul=capped, div=capped, special=capped)
    given = q, k, v, attn_mask, past_key, past_value, nonpad_kv_seqlen

    def reads(output: int) -> Reads:
        if output == RESULT:
            return _result_reads(heads, given, is_causal, left_window_size, right_window_size)
        if output == SCORES:
            return _score_reads(heads, given, qk_matmul_output_mode)
        if output == KEYS:
            new, old = _kept_reads(k, past_key, heads.key, heads.past)
            return None, new, None, None, old, None, None
        new, old = _kept_reads(v, past_value, heads.value, heads.past)
        return None, None, new, None, None, old, None

    return Effect((TensorType(q.dtype, shape), TensorType(k.dtype, heads.kept(heads.key)),
                   TensorType(v.dtype, heads.kept(heads.value)), TensorType(q.dtype, heads.scores)),
                  lambda: heads.cost(per_score), reads, products=heads.products)


@op("FlexAttention", domain="ai.onnx.preview")
def flex_attention(q, k, v, *, prob_mod=None, scale=None, score_mod=None, softmax_precision=None):
    """``prob_mod(softmax(score_mod(Q·Kᵀ·scale)))·V`` with bodies that change scores and probabilities."""
    heads = _heads(_split(q, None, "queries"), _split(k, None, "keys"), _split(v, None, "values"))
    dtype = "float64" if q.dtype == "float64" else "float32"
    scores = TensorType(dtype_name(softmax_precision) if softmax_precision else dtype, heads.scores)
    bodies = [body for body in (score_mod, prob_mod) if body]
    for body in bodies:
        changed, = body(scores)
        if changed.shape is not None:
            expect(changed, f"the result of {body.name}", *heads.scores)
    shape = *heads.scores[:3], heads.value.channels
    effect = result(shape, q, cost=lambda: sum((body.cost for body in bodies), heads.cost(FREE)),
                    reads=lambda _: _result_reads(heads, (q, k, v, *(None,) * 4), 0, -1, -1)[:3])
    return effect._replace(products=heads.products, runs=({body.name: 1 for body in bodies},))


@op("LinearAttention", since=27, dtypes=(0, 3))
def linear_attention(query, key, value, past_state=None, decay=None, beta=None, *, chunk_size=64,
                     kv_num_heads, q_num_heads, scale=0.0, update_rule="gated_delta"):
    """``o = q·S`` with a state ``S`` [batch, heads, key channels, value channels] that every token decays,
    corrects and adds ``k⊗v`` to."""
    queries, keys, values = (_split(query, q_num_heads, "queries"), _split(key, kv_num_heads, "keys"),
                             _split(value, kv_num_heads, "values"))
    heads = _heads(queries, keys, values)
    equal(queries.tokens, keys.tokens, "there are {} queries, but {} keys", queries.tokens, keys.tokens)
    state = queries.batch, keys.heads, keys.channels, values.channels
    expect(past_state, "past_state", *state)
    span = values.channels * heads.group

    def cost() -> Cost:
        cell, steps = keys.channels * values.channels, queries.batch * queries.tokens
        products = queries.heads + keys.heads * (2 if "delta" in update_rule else 1)
        gates = Cost(mul=cell, special=1) if "gated" in update_rule else FREE
        return Cost(mac=products * cell * steps) + gates.times(keys.heads * steps)

    def reads(k: int) -> Reads:
        token: Reader = ALL if k else Prefix(1)
        head, channel = (Along(1), Along(3)) if k else (_shared_head(2, values.channels, heads), ALL)
        of_key, of_value = (ALL, ALL) if k else (group_reader(2, span, keys.channels, keys.heads),
                                                 group_reader(2, span, values.channels, keys.heads))
        of_query = group_reader(2, values.channels, keys.channels, queries.heads)
        return (None if k else (Along(0), Along(1), of_query),
                (Along(0), token, of_key), (Along(0), token, of_value),
                past_state and (Along(0), head, ALL, channel),
                decay and (Along(0), token, ALL), beta and (Along(0), token, ALL))

    output = TensorType(query.dtype, (queries.batch, queries.tokens, queries.heads * values.channels))
    return Effect((output, TensorType((past_state or query).dtype, state)), cost, reads)


@op("RotaryEmbedding", since=23, buffers=("cos_cache", "sin_cache"))
def rotary_embedding(x, cos_cache, sin_cache, position_ids=None, *, interleaved=0, num_heads=None,
                     rotary_embedding_dim=0):
    """Pairs of channels turned by an angle that grows with the token's position."""
    split = _split(x, num_heads, "embeddings")
    turned = split.batch * split.heads * split.tokens * (rotary_embedding_dim or split.channels)
    token = Along(2 if len(x.shape) == 4 else 1)
    angle = (Along(0), token, ALL) if position_ids is None else (Picked(token.axis, None), ALL)
    return result(x.shape, x, cost=lambda: Cost(mul=2, add=1).times(turned),
                  reads=lambda _: ((*map(Along, range(len(x.shape) - 1)), ALL), angle, angle,
                                   position_ids and (Along(0), token)))
