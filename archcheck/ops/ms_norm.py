"""Normalization of com.microsoft, mostly fused with the sum before it."""
from __future__ import annotations

from typing import Any

from archcheck.dims import Size, prod
from archcheck.graph import Shape, TensorType
from archcheck.ops._fusion import activation_cost, ms
from archcheck.ops._inputs import aligned, expect, part, reading, untold, whole
from archcheck.ops._op import (
    ALL,
    FREE,
    STATISTIC,
    Along,
    Axes,
    Cost,
    Effect,
    Packed,
    Picked,
    Reads,
    rank,
    ranked,
    require,
    result,
)
from archcheck.ops.norm import (
    NORMALIZE_AFFINE,
    NORMALIZE_ROOT,
    layer_normalization,
    simplified_layer_normalization,
)
from archcheck.ops.pointwise import broadcast_to, same_position

ms("LayerNormalization", dtypes=(0, "float32"))(layer_normalization)
ms("SimplifiedLayerNormalization", dtypes=(1, "float32"))(simplified_layer_normalization)


# ------------------------------------------------------------------------------- of a sum, over the last axis
@ms("SkipLayerNormalization", dtypes=(0, "float32", "float32", 0))
def skip_layer_normalization(input, skip, gamma, beta=None, bias=None, *, epsilon=1e-12):
    """`LayerNormalization` of ``input + skip + bias`` over the last axis; also the mean, one by the
    deviation, and the sum."""
    return _skipping(input, skip, gamma, beta, bias, unit=NORMALIZE_AFFINE)


@ms("SkipSimplifiedLayerNormalization", dtypes=(0, "float32", "float32", 0))
def skip_simplified_layer_normalization(input, skip, gamma, bias=None, *, epsilon=1e-12):
    """`SimplifiedLayerNormalization` of ``input + skip + bias`` over the last axis; also the mean, one by the
    root, and the sum."""
    return _skipping(input, skip, gamma, bias, unit=NORMALIZE_ROOT)


def _skipping(x: Any, skip: Any, *vectors: Any, unit: Cost) -> Effect:
    *outer, width = x.shape
    if ranked(skip):
        broadcast_to(x.shape, skip.shape, "the skip")
    for vector in vectors:
        expect(vector, "a vector of weights", width)
    each = unit + Cost(add=2 if vectors[-1] is not None else 1)
    statistic = TensorType("float32", (*outer, 1))
    return Effect((untold(x), statistic, statistic, untold(x)), lambda: each.times(prod(x.shape)),
                  lambda k: _skip_reads(k, x, skip, vectors))


def _skip_reads(k: int, x: TensorType, skip: TensorType, vectors: tuple[Any, ...]) -> Reads:
    """The result reads its own position and the statistics over the last axis; the sum, its own position. The
    last vector is part of the sum."""
    shape: Any = x.shape
    own = Along(len(shape) - 1)
    last: Any = {0: STATISTIC, 3: own}.get(k, ALL)
    summed: list[Axes] = [aligned(shape, kind) or () for kind in (x, skip)]
    *weights, bias = vectors
    return (*((*axes[:-1], last) for axes in summed),
            *(vector and (own,) if k == 0 else None for vector in weights), bias and (last,))


@ms("QOrderedLayerNormalization")
def q_ordered_layer_normalization(x, scale_x, scale, b=None, scale_y=None, *, axis=-1, epsilon=1e-5,
                                  order_X=1, order_Y=1):
    """`LayerNormalization` of 8-bit integers over the last axis."""
    place = Along(rank(x) - 1)
    return result(x.shape, x, cost=lambda: NORMALIZE_AFFINE.times(prod(x.shape)), reads=lambda _: reading(
        {0: (*same_position(x.shape[:-1]), STATISTIC), 2: (place,), 3: b and (place,)}, x, scale_x, scale, b,
        scale_y))


# ---------------------------------------------------------------------------------- of embeddings
@ms("EmbedLayerNormalization", dtypes=(2, "int32", 2))
def embed_layer_normalization(input_ids, segment_ids, word_embedding, position_embedding,
                              segment_embedding=None, gamma=None, beta=None, mask=None, position_ids=None, *,
                              epsilon=1e-12, mask_index_type=None):
    """`LayerNormalization` of the sum of the embeddings of words, positions and segments; also the length of
    each sequence as the mask has it, and the sum (BERT)."""
    tables = (word_embedding, position_embedding, segment_embedding)
    return _embedding(tables, word_embedding.dtype, (0, 1, 8), input_ids, segment_ids, *tables, gamma, beta,
                      mask, position_ids)


@ms("QEmbedLayerNormalization", dtypes=("float32", "int32"))
def q_embed_layer_normalization(input_ids, segment_ids, word_embedding_quant, position_embedding_quant,
                                segment_embedding, gamma_quant, beta_quant, mask, word_embedding_scale,
                                position_embedding_scale, segment_embedding_scale, gamma_scale, beta_scale,
                                word_embedding_zero_point, position_embedding_zero_point,
                                segment_embedding_zero_point, gamma_zero_point, beta_zero_point, *,
                                epsilon=1e-12):
    """`EmbedLayerNormalization` with tables of 8-bit integers."""
    tables = (word_embedding_quant, position_embedding_quant, segment_embedding)
    return _embedding(tables, "float32", (0, 1), input_ids, segment_ids, *tables, gamma_quant, beta_quant,
                      mask, word_embedding_scale, position_embedding_scale, segment_embedding_scale,
                      gamma_scale, beta_scale, word_embedding_zero_point, position_embedding_zero_point,
                      segment_embedding_zero_point, gamma_zero_point, beta_zero_point)


def _embedding(tables: tuple[Any, ...], dtype: str | None, named: tuple[int, ...], *inputs: Any) -> Effect:
    """The inputs at the positions ``named`` hold numbers of rows; the eighth is the mask."""
    ids, mask = inputs[0], inputs[7]
    (batch, length), width = ids.shape, tables[0].shape[1]
    for table in tables:
        expect(table, "a table", None, width)
    count = batch * length * width
    summed = TensorType(dtype, (batch, length, width))
    adds = sum(table is not None for table in tables) - 1

    def reads(k: int) -> Reads:
        if k == 1:
            return tuple([(Along(0), ALL) if kind is mask and kind else None for kind in inputs])
        return reading({7: None, **{place: aligned(ids.shape, inputs[place]) for place in named}}, *inputs)

    return Effect((summed, TensorType("int32", (batch,)), summed),
                  lambda: (NORMALIZE_AFFINE + Cost(add=adds)).times(count), reads)


# ---------------------------------------------------------------------------------- of groups of channels
@ms("GroupNorm")
def group_norm(x, gamma, beta, *, groups, activation, channels_last=1, epsilon=1e-5):
    """`GroupNormalization` of images with the channels last, and SiLU after it if ``activation`` is 1."""
    return Effect((untold(x),), lambda: _group_cost(x, activation),
                  lambda _: (_group_axes(x), *((Along(_channel(x, channels_last)),),) * 2))


@ms("SkipGroupNorm")
def skip_group_norm(x, gamma, beta, skip, bias=None, *, groups, activation, channels_last=1, epsilon=1e-5):
    """`GroupNorm` of ``x + skip + bias``, and that sum."""
    require(rank(x) > 2, "the input has {} axes, but needs some for space", rank(x))
    place = _channel(x, channels_last)
    adds = Cost(add=1 if bias is None else 2)

    def reads(k: int) -> Reads:
        of_x = same_position(x.shape) if k else _group_axes(x)
        of_skip = tuple(Picked(None, (0,)) if size == 1 else axis for size, axis in zip(skip.shape, of_x))
        weights = (None, None) if k else ((Along(place),), (Along(place),))
        short = (of_x[0], of_x[place])
        return of_x, *weights, of_skip if rank(skip) == rank(x) else short, bias and (Along(place),)

    return Effect((untold(x), untold(x)), lambda: _group_cost(x, activation) + adds.times(prod(x.shape)),
                  reads)


def _channel(x: TensorType, last: int) -> int:
    return rank(x) - 1 if last else 1


def _group_axes(x: TensorType) -> Axes:
    return Along(0), *(STATISTIC,) * (rank(x) - 1)


def _group_cost(x: Any, activation: int) -> Cost:
    return (NORMALIZE_AFFINE + (activation_cost("Swish") if activation else FREE)).times(prod(x.shape))


# ---------------------------------------------------------------------------------- with gates
@ms("GatedRMSNorm")
def gated_rms_norm(x, scale, gate, *, activation="silu", epsilon=1e-5):
    """``x / √(mean(x²) + epsilon) · scale · activation(gate)`` over each run of as many channels as ``scale``
    has."""
    width, = scale.shape
    part(x.shape[-1], width, "the last axis")
    place = rank(x) - 1
    each = NORMALIZE_ROOT + Cost(mul=1) + (activation_cost("Sigmoid" if activation == "sigmoid" else "Swish"))
    return result(x.shape, x, cost=lambda: each.times(prod(x.shape)), reads=lambda _: (
        (*same_position(x.shape[:-1]), STATISTIC), (Packed(((place, 1, width, 1),)),),
        same_position(x.shape)))


@ms("BranchwiseRMSNorm")
def branchwise_rms_norm(x, scale=None, *, epsilon=1e-5, num_branches=0):
    """``x / √(mean(x²) + epsilon) · scale`` over the last axis, or over each of ``num_branches`` parts of
    it."""
    if num_branches:
        part(x.shape[-1], num_branches, "the last axis")
    return result(x.shape, x, cost=lambda: NORMALIZE_ROOT.times(prod(x.shape)),
                  reads=lambda _: ((*same_position(x.shape[:-1]), STATISTIC), whole(scale)))


@ms("EngramGate")
def engram_gate(key, query, value, key_norm_scale, query_norm_scale, conv_norm_scale=None, *, epsilon=1e-5):
    """``value`` [batch, token, channel] times a gate for each stream, ``sigmoid(±√|k·q|)`` of the normalized
    keys and queries [batch, token, stream, channel]; also the normalized result."""
    batch, length, _, width = query.shape
    expect(value, "the value", batch, length, width)
    each = NORMALIZE_ROOT.times(2 if conv_norm_scale is None else 3) + Cost(mac=1, mul=1)
    gate = Cost(add=1, div=2, cmp=2, special=2)

    def reads(k: int) -> Reads:
        stream = (Along(0), Along(1), Along(2), ALL)
        own = (Along(0), Along(1), STATISTIC if k else Along(3))
        last = conv_norm_scale and (Along(2), Along(3)) if k else None
        return stream, stream, own, (Along(2), ALL), (Along(2), ALL), last

    return Effect((untold(query), untold(query)),
                  lambda: each.times(prod(query.shape)) + gate.times(prod(query.shape[:3])), reads)


@ms("LinearAttentionGate")
def linear_attention_gate(a, dt_bias, decay_scale, b=None):
    """``decay_scale · softplus(a + dt_bias)`` and ``sigmoid(b)``."""
    head, own = (Along(rank(a) - 1),), same_position(a.shape)
    each = Cost(add=2, mul=1, special=2) + (FREE if b is None else Cost(add=1, div=1, special=1))
    return Effect((untold(a), untold(a)), lambda: each.times(prod(a.shape)),
                  lambda k: (None, None, None, own) if k else (own, head, head, None))


# ---------------------------------------------------------------------------------- streams
@ms("HyperConnectionPreMix")
def hyper_connection_pre_mix(streams, pre_mix, *, num_branches=0, reduction_scale=1.0):
    """The sum over the streams ``[…, stream, channel]``, each times its gate; the streams may be side by side
    in the last axis."""
    outer, count, width = _streams(streams, num_branches)
    each = Cost(mac=count, mul=int(reduction_scale != 1))
    return result((*outer, width), streams, cost=lambda: each.times(prod(outer) * width),
                  reads=lambda _: (_stream_axes(streams, outer), _stream_axes(pre_mix, outer)))


@ms("HyperConnectionPostMix")
def hyper_connection_post_mix(streams, block_output, post_mix, stream_mix=None, *, num_branches=0):
    """Each stream ``[…, stream, channel]`` a mixture of all, plus ``block_output`` times its gate."""
    outer, count, width = _streams(streams, num_branches)
    expect(block_output, "the output of the block", *outer, width)
    each = Cost(mul=1, add=2) if stream_mix is None else Cost(mac=count, mul=1, add=1)
    kinds = streams, block_output, post_mix, stream_mix
    return result(streams.shape, streams, cost=lambda: each.times(prod(streams.shape)),
                  reads=lambda _: tuple(_stream_axes(kind, outer) for kind in kinds))


def _stream_axes(kind: TensorType | None, outer: Shape) -> Axes | None:
    """The axes before those of streams and channels are read where the output stands."""
    return kind and (*same_position(outer), *(ALL,) * (rank(kind) - len(outer)))


def _streams(kind: Any, branches: int) -> tuple[Shape, Size, Size]:
    """The leading sizes, the number of streams, and the channels of one."""
    if branches:
        return kind.shape[:-1], branches, part(kind.shape[-1], branches, "the last axis")
    *outer, count, width = kind.shape
    return tuple(outer), count, width
