"""Attention of com.microsoft: scores of queries and keys, softmax over the keys, weighted sums of values.

Scores and sums count ``B·S·T`` times the width of the queries and of the values in multiply-accumulates
(``S`` queries, ``T`` keys, widths over all heads), whatever a mask hides.
"""
from __future__ import annotations

from typing import Any

from archcheck.dims import Size, prod
from archcheck.graph import TensorType
from archcheck.ops._fusion import ROTARY, ms
from archcheck.ops._heads import (
    Heads,
    attending_reads,
    attention_cost,
    cached,
    mask_cost,
    mask_reads,
    past_reads,
    tokens,
)
from archcheck.ops._inputs import expect, part, reading, untold, whole
from archcheck.ops._op import ALL, FREE, Along, Cost, Effect, Prefix, Reads, rank, result, unknown_size
from archcheck.values import items, sizes


# ---------------------------------------------------------------------------------- with the projections
@ms("Attention")
def attention(input, weights, bias=None, mask_index=None, past=None, attention_bias=None,
              past_sequence_length=None, *, num_heads, qkv_hidden_sizes=None, unidirectional=0,
              past_present_share_buffer=0, do_rotary=0, rotary_embedding_dim=0, mask_filter_value=-10000.0,
              scale=None):
    """``softmax(Q·Kᵀ·scale + mask)·V`` in ``num_heads`` heads, where ``[Q K V] = input·weights + bias``;
    ``present`` is ``[2, batch, heads, length, head]``: the keys and values of ``past`` and of this input."""
    outputs, cost, reads = _projecting(
        input, weights, past, past_sequence_length, num_heads, qkv_hidden_sizes, past_present_share_buffer,
        unidirectional, mask_cost(mask_index, attention_bias, causal=unidirectional))
    width = num_heads * rotary_embedding_dim if rotary_embedding_dim else outputs[0].shape[2]
    turned = prod(input.shape[:2]) * 2 * width if do_rotary else 0
    return Effect(outputs, lambda: cost() + ROTARY.times(turned), lambda k: (
        reads(k)[0], whole(weights), whole(bias), mask_reads(mask_index), reads(k)[1],
        mask_reads(attention_bias), None))


@ms("DecoderMaskedSelfAttention")
def decoder_masked_self_attention(input, weights, bias, mask_index=None, past=None, attention_bias=None,
                                  past_sequence_length=None, beam_width=None, cache_indirection=None, *,
                                  num_heads, past_present_share_buffer=0, do_rotary=0,
                                  mask_filter_value=-10000.0, scale=None):
    """`Attention` of one new token a sequence."""
    return attention(input, weights, bias, mask_index, past, attention_bias, past_sequence_length,
                     num_heads=num_heads, past_present_share_buffer=past_present_share_buffer,
                     do_rotary=do_rotary)


@ms("QAttention", dtypes=(2,))
def q_attention(input, weight, bias, input_scale, weight_scale, mask_index=None, input_zero_point=None,
                weight_zero_point=None, past=None, *, num_heads, unidirectional=0,
                past_present_share_buffer=0, do_rotary=0, mask_filter_value=-10000.0, scale=None):
    """`Attention` of an 8-bit input with an 8-bit weight; the result is of the bias's dtype."""
    outputs, cost, reads = _projecting(
        input, weight, past, None, num_heads, None, past_present_share_buffer, unidirectional,
        mask_cost(mask_index, causal=unidirectional))
    return Effect(tuple(kind._replace(dtype=bias.dtype) for kind in outputs), cost, lambda k: reading(
        {0: reads(k)[0], 5: mask_reads(mask_index), 8: reads(k)[1]}, input, weight, bias, input_scale,
        weight_scale, mask_index, input_zero_point, weight_zero_point, past))


def _projecting(x: Any, weights: Any, past: Any, position: Any, heads: int, widths: Any, shared: int,
                causal: int, per_score: Cost) -> tuple[Any, Any, Any]:
    """Attention of a sequence to itself and its past: outputs, cost, and how output ``k`` reads the input and
    the past."""
    batch, length, depth = x.shape
    expect(weights, "the weight", depth, None)
    width, _, value_width = widths or (part(weights.shape[1], 3, "the width of the weight"),) * 3
    before = past.shape[3] if past is not None else 0
    keys, kept = cached(before, length, bool(shared) and past is not None, position)
    present = (2, batch, heads, kept, part(value_width, heads, "the width of the values"))
    projected = batch * length * (2 * width + value_width)

    def cost() -> Cost:
        inside = attention_cost(batch, heads, length, keys, width, value_width, per_score)
        return inside + Cost(mac=depth, add=1).times(projected)

    def reads(k: int) -> Reads:
        if k == 0:
            return tokens(x, Prefix(1) if causal else ALL), past and (ALL, Along(0), ALL, ALL, ALL)
        if width != value_width:  # keys and values fill one tensor without regard to its axes
            return (ALL,) * 3, past and (ALL,) * 5
        return (Along(1), Along(3, start=length - keys), ALL), past and tuple(map(Along, range(5)))

    return (TensorType(x.dtype, (batch, length, value_width)), TensorType(x.dtype, present)), cost, reads


@ms("QOrderedAttention")
def q_ordered_attention(input, scale_input, scale_Q_gemm, scale_K_gemm, scale_V_gemm, Q_weight, K_weight,
                        V_weight, scale_Q_weight, scale_K_weight, scale_V_weight, Q_bias, K_bias, V_bias,
                        scale_QKT_gemm=None, scale_QKT_softmax=None, scale_values_gemm=None, mask_index=None,
                        past=None, attention_bias=None, *, num_heads, order_input, order_weight, order_output,
                        qkv_hidden_sizes=None, unidirectional=0):
    """`Attention` in 8-bit integers, with a weight each for queries, keys and values."""
    batch, length, depth = input.shape
    width, value_width = Q_weight.shape[1], V_weight.shape[1]
    projected = batch * length * (2 * width + value_width)
    return result((batch, length, value_width), input,
                  cost=lambda: Cost(mac=depth, add=1).times(projected) + attention_cost(
                      batch, num_heads, length, length, width, value_width,
                      mask_cost(mask_index, attention_bias, causal=unidirectional)),
                  reads=lambda _: reading(
                      {0: tokens(input, Prefix(1) if unidirectional else ALL), 17: mask_reads(mask_index),
                       18: None, 19: mask_reads(attention_bias)},
                      input, scale_input, scale_Q_gemm, scale_K_gemm, scale_V_gemm, Q_weight, K_weight,
                      V_weight, scale_Q_weight, scale_K_weight, scale_V_weight, Q_bias, K_bias, V_bias,
                      scale_QKT_gemm, scale_QKT_softmax, scale_values_gemm, mask_index, past, attention_bias))


@ms("DecoderAttention")
def decoder_attention(query, key, q_weight, kv_weight, bias, key_padding_mask=None, key_cache=None,
                      value_cache=None, static_kv=None, use_past=None, has_layer_state=None,
                      has_key_padding_mask=None, *, num_heads, mask_filter_value=-10000.0):
    """Attention of a decoder, ``[length, batch, width]``: to itself or, with ``static_kv``, to ``key``; with
    ``use_past`` and ``has_layer_state`` to what the caches hold, too."""
    length, batch, width = query.shape
    keys, projected = _decoder_keys(query, key, key_cache, static_kv, use_past, has_layer_state)
    new = TensorType(query.dtype, (batch, num_heads, keys, part(width, num_heads, "the width of the query")))

    def reads(k: int) -> Reads:
        batched = (ALL, Along(1 if k == 0 else 0), ALL)
        cache = (Along(1), ALL, ALL, ALL) if k == 0 else tuple(map(Along, range(4)))
        return reading({0: batched, 1: batched, 5: key_padding_mask and (Along(1), ALL),
                        6: key_cache and cache, 7: value_cache and cache, 8: None, 9: None, 10: None,
                        11: None}, query, key, q_weight,
                       kv_weight, bias, key_padding_mask, key_cache, value_cache, static_kv, use_past,
                       has_layer_state, has_key_padding_mask)

    def cost() -> Cost:
        inside = attention_cost(batch, num_heads, length, keys, width, width, mask_cost(key_padding_mask))
        return inside + Cost(mac=width, add=1).times(batch * (length + 2 * projected) * width)

    return Effect((untold(query), new, new), cost, reads)


def _decoder_keys(query: Any, key: Any, cache: Any, *flags: Any) -> tuple[Size, Size]:
    """How many keys a decoder attends to, and how many of them it projects."""
    said = [items(flag) for flag in flags]
    if any(found is None for found in said):
        return unknown_size("whether the cache is used"), unknown_size("whether the cache is used")
    static, *past = (bool(found[0]) for found in said if found)
    new = key.shape[0] if static else query.shape[0]
    if not all(past):
        return new, new
    return (cache.shape[2], 0) if static else (cache.shape[2] + new, new)


# -------------------------------------------------------------------------------- of queries, keys and values
@ms("MultiHeadAttention")
def multi_head_attention(query, key=None, value=None, bias=None, key_padding_mask=None, attention_bias=None,
                         past_key=None, past_value=None, past_sequence_length=None, cache_indirection=None, *,
                         num_heads, unidirectional=0, mask_filter_value=-10000.0, scale=None):
    """``softmax(Q·Kᵀ·scale + mask)·V`` in ``num_heads`` heads; ``present_key`` and ``present_value`` are
    ``[batch, head, length, channel]``. All three may come packed as ``[batch, token, head, 3, channel]``,
    keys and values as ``[batch, token, head, 2, channel]``, or as a cache ``[batch, head, token,
    channel]``."""
    outputs, cost, reads = _attending(
        query, key, value, bias, past_key, past_value, past_sequence_length, num_heads,
        past_sequence_length is not None, unidirectional,
        mask_cost(key_padding_mask, attention_bias, causal=unidirectional))
    return Effect(outputs, cost, lambda k: (
        *reads(k)[:3], whole(bias), mask_reads(key_padding_mask), mask_reads(attention_bias), *reads(k)[3:],
        None, None))


@ms("DecoderMaskedMultiHeadAttention")
def decoder_masked_multi_head_attention(query, key=None, value=None, mask_index=None, attention_bias=None,
                                        past_key=None, past_value=None, past_sequence_length=None,
                                        beam_width=None, cache_indirection=None, bias=None, *, num_heads,
                                        output_qk=0, past_present_share_buffer=0, mask_filter_value=-10000.0,
                                        scale=None):
    """`MultiHeadAttention` of one new token a sequence; packed, its queries, keys and values are
    ``[batch, 1, 3·width]``."""
    outputs, cost, reads = _attending(
        query, key, value, bias, past_key, past_value, past_sequence_length, num_heads,
        bool(past_present_share_buffer), 0, mask_cost(mask_index, attention_bias))
    return Effect(outputs, cost, lambda k: (
        *reads(k)[:3], mask_reads(mask_index), mask_reads(attention_bias), *reads(k)[3:], None, None, None,
        whole(bias)))


def _attending(query: Any, key: Any, value: Any, bias: Any, past_key: Any, past_value: Any, position: Any,
               heads: int, buffer: bool, causal: int, per_score: Cost) -> tuple[Any, Any, Any]:
    """Attention of queries to keys and their past: outputs, cost, and how output ``k`` reads query, key,
    value and the past's keys and values."""
    batch, length, width, new, value_width = _widths(query, key, value, heads)
    split = Heads(heads, heads, part(width, heads, "the width of the query"),
                  part(value_width, heads, "the width of the value"))
    crossing = past_key is None or (key is not None and rank(key) == 4)
    before = 0 if crossing else past_key.shape[2]
    keys, kept = cached(before, new, buffer and not crossing, position)
    outputs = ((batch, length, value_width), (batch, heads, kept, split.size),
               (batch, heads, kept, split.value_size), (batch, heads, length, keys))

    def cost() -> Cost:
        inside = attention_cost(batch, heads, length, keys, width, value_width, per_score)
        biased = 0 if bias is None else length * width + new * (width + value_width)
        return inside + Cost(add=batch * biased)

    return (tuple(TensorType(query.dtype, shape) for shape in outputs), cost,
            lambda k: (*attending_reads(k, split, query, key, value, keys - new, causal),
                       *past_reads(k, split, past_key, past_value)))


def _widths(query: Any, key: Any, value: Any, heads: int) -> tuple[Size, Size, Size, Size, Size]:
    """Batch, number of queries, width of queries and keys, number of keys, width of values; from all
    packings."""
    if rank(query) == 5:
        batch, length, count, _, head = query.shape
        return batch, length, count * head, length, count * head
    batch, length, width = query.shape
    if key is None:
        width = part(width, 3, "the width of the query")
        return batch, length, width, length, width
    if rank(key) == 5:
        return batch, length, width, key.shape[1], width
    if rank(key) == 4:
        return batch, length, width, key.shape[2], value.shape[1] * value.shape[3]
    expect(key, "the key", batch, None, width)
    expect(value, "the value", batch, key.shape[1], None)
    return batch, length, width, key.shape[1], value.shape[2]


# ---------------------------------------------------------------------------------- of packed sequences
@ms("PackedAttention")
def packed_attention(input, weights, bias, token_offset, cumulative_sequence_length, attention_bias=None, *,
                     num_heads, qkv_hidden_sizes=None, scale=None):
    """`Attention` of sequences laid end to end, ``[token, width]``; how long each is only the data say."""
    width = (qkv_hidden_sizes or (part(bias.shape[0], 3, "the length of the bias"),) * 3)[2]
    return result((input.shape[0], width), input, reads=lambda _: (
        (ALL, ALL), *map(whole, (weights, bias, token_offset, cumulative_sequence_length, attention_bias))))


@ms("PackedMultiHeadAttention")
def packed_multi_head_attention(query, key=None, value=None, bias=None, token_offset=None,
                                cumulative_sequence_length=None, attention_bias=None, *, num_heads,
                                mask_filter_value=-10000.0, scale=None):
    """`MultiHeadAttention` of sequences laid end to end, ``[token, width]`` or ``[token, head, 3,
    channel]``."""
    width = query.shape[1] * query.shape[3] if rank(query) == 4 else value.shape[1]
    return result((query.shape[0], width), query, reads=lambda _: tuple(map(whole, (
        query, key, value, bias, token_offset, cumulative_sequence_length, attention_bias))))


# ---------------------------------------------------------------------------------- windows and biases
@ms("LongformerAttention")
def longformer_attention(input, weight, bias, mask, global_weight, global_bias, global_, *, num_heads,
                         window):
    """Attention of each token to ``window`` tokens on either side, and to and from those that ``global``
    marks: how many only the data say."""
    return result(input.shape, input, reads=lambda _: reading(
        {0: (Along(0), ALL, ALL), 3: (Along(0), ALL), 6: (Along(0), ALL)},
        input, weight, bias, mask, global_weight, global_bias, global_))


@ms("QOrderedLongformerAttention")
def q_ordered_longformer_attention(input, scale_input, weight, scale_weight, bias, scale_bias, scale_qkv_gemm,
                                   mask, global_weight, scale_global_weight, global_bias, scale_global_gemm,
                                   global_, scale_output, *, num_heads, window, order_input, order_weight,
                                   order_global_weight, order_output):
    """`LongformerAttention` in 8-bit integers."""
    return result(input.shape, input, reads=lambda _: reading(
        {0: (Along(0), ALL, ALL), 7: (Along(0), ALL), 12: (Along(0), ALL)},
        input, scale_input, weight, scale_weight, bias, scale_bias, scale_qkv_gemm, mask, global_weight,
        scale_global_weight, global_bias, scale_global_gemm, global_, scale_output))


@ms("RelativePositionBias")
def relative_position_bias(bias_table, query_length, key_length, *, max_distance, is_bidirectional=0):
    """``table[bucket(key - query), head]`` at ``[0, head, query, key]`` (T5)."""
    queries, = sizes(query_length, "the number of queries")
    keys, = sizes(key_length, "the number of keys")
    return result((1, bias_table.shape[1], queries, keys), bias_table, cost=FREE,
                  reads=lambda _: ((ALL, Along(1)), None, None))


@ms("GatedRelativePositionBias")
def gated_relative_position_bias(query_layer, query_bias, rel_pos, weight, bias, eco_a, token_offset=None, *,
                                 num_heads):
    """``rel_pos`` scaled by two gates that each query computes (WavLM): ``[batch, head, query, key]``."""
    batch = (query_layer if token_offset is None else token_offset).shape[0]
    (head, gates), (queries, keys) = weight.shape, rel_pos.shape[2:]
    each = Cost(mac=head * gates, add=head + 2 * gates + 2, div=2, special=2, mul=2 + keys)
    return result((batch, num_heads, queries, keys), query_layer,
                  cost=lambda: each.times(batch * num_heads * queries),
                  reads=lambda _: reading(
                      {0: (Along(0), Along(2), ALL) if token_offset is None else (ALL, ALL),
                       2: (ALL, Along(1), Along(2), Along(3)), 5: (ALL, Along(1), ALL, ALL)},
                      query_layer, query_bias, rel_pos, weight, bias, eco_a, token_offset))
