"""Sequence operators of com.microsoft beside attention: recurrent states, causal convolutions, rotary
positions."""
from __future__ import annotations

from archcheck.dims import Size, prod
from archcheck.graph import TensorType
from archcheck.ops._fusion import ROTARY, activation_cost, ms
from archcheck.ops._inputs import expect, part, untold, whole
from archcheck.ops._op import (
    ALL,
    FREE,
    Along,
    Axes,
    Cost,
    Effect,
    Picked,
    Prefix,
    Reads,
    counted_size,
    rank,
    require,
    result,
)


# ---------------------------------------------------------------------------- states that every token changes
@ms("LinearAttention", dtypes=(0, 3))
def linear_attention(query, key, value, past_state=None, decay=None, beta=None, *, q_num_heads, kv_num_heads,
                     chunk_size=64, scale=0.0, state_window=0, update_rule="gated_delta"):
    """``o = q·S`` with a state ``S`` [batch, head, key channel, value channel] that every token decays,
    corrects and adds ``k⊗v`` to; the states after the last ``state_window`` tokens are kept, if it is not
    0."""
    batch, length, _ = query.shape
    size = part(query.shape[2], q_num_heads, "the width of the query")
    width = part(value.shape[2], kv_num_heads, "the width of the value")
    expect(key, "the key", batch, length, size * kv_num_heads)
    heads = max(q_num_heads, kv_num_heads)
    state = (*(state_window,) * (state_window > 0), batch, kv_num_heads, size, width)

    def reads(k: int) -> Reads:
        tokens = (Along(0), Prefix(1), ALL) if k == 0 else (Along(1 if state_window else 0), ALL, ALL)
        past = past_state and (*(ALL,) * (state_window > 0), tokens[0], ALL, ALL, ALL)
        own = None if k else (Along(0), Along(1), ALL)
        return own, tokens, tokens, past, decay and tokens, beta and tokens

    return Effect((TensorType(query.dtype, (batch, length, heads * width)),
                   TensorType((past_state or query).dtype, state)),
                  lambda: recurrence(update_rule, size * width, heads, kv_num_heads).times(batch * length),
                  reads)


def recurrence(rule: str, cell: Size, outputs: Size, states: Size) -> Cost:
    """One token of linear attention, whose ``states`` have ``cell`` elements: products for each of
    ``outputs``, an update of each state, and what ``rule`` asks for besides."""
    products = outputs + states * (2 if "delta" in rule else 1)
    gates = Cost(mul=cell, special=1).times(states) if "gated" in rule else FREE
    return Cost(mac=products * cell) + gates


@ms("GatedDeltaNet", dtypes=(0, "float32"))
def gated_delta_net(query, key=None, value=None, cu_seqlens=None, decay=None, beta=None, initial_state=None,
                    a_log=None, dt_bias=None, capture_count=None, state_update_active=None, *,
                    beta_activation="none", chunk_size=64, gate_activation="none", qk_l2_norm=0, scale=0.0,
                    state_update_capacity=0, update_rule="gated_delta"):
    """`LinearAttention` of tokens laid end to end, ``[token, head, channel]``, with states ``[sequence, head,
    value channel, key channel]``; queries, keys and values may come packed in ``query``."""
    if key is None:
        sequences, heads, width, size = initial_state.shape
        tokens, below = query.shape[:-1], part(query.shape[-1] - heads * width, 2 * size,
                                               "the width of the keys")
    else:
        *tokens, below, size = query.shape
        heads, width = value.shape[-2:]
        sequences = initial_state.shape[0] if cu_seqlens is None else cu_seqlens.shape[0] - 1
    update = state_update_capacity * (heads + below * size + heads * width)
    return Effect((TensorType(query.dtype, (*tokens, heads, width)),
                   TensorType("float32", (sequences, heads, width, size)),
                   TensorType("float32", (sequences, update))),
                  lambda: recurrence(update_rule, size * width, heads, heads).times(prod(tokens)))


@ms("CausalConvWithState", dtypes=(0, 0))
def causal_conv_with_state(input, weight, bias=None, past_state=None, *, activation="none", channels_last=0,
                           dilation=1, ndim=1, state_window=0):
    """Each channel convolved with its own taps, along the last axis (``channels_last``: axis 1) only with
    what came before; the second output is what the next call needs of it."""
    require(rank(input) > 2, "the input has {} axes, but needs one for time", rank(input))
    taps, axis = weight.shape[-1], 1 if channels_last else rank(input) - 1
    kept = (taps - 1) * dilation
    if not channels_last:
        expect(weight, "the weight", input.shape[1], 1, *(None,) * ndim)
    state = (*(state_window,) * (state_window > 0), *input.shape[:axis], kept, *input.shape[axis + 1:])
    each = Cost(mac=prod(weight.shape[2:]),
                add=int(bias is not None)) + (FREE if activation == "none" else activation_cost("Swish"))

    def reads(k: int) -> Reads:
        other, span = int(state_window > 0 and k == 1), (taps if k == 0 else 1)
        axes = [Along(place + other) if place < 2 or channels_last else ALL for place in range(rank(input))]
        new, past = list(axes), list(axes)
        start = (input.shape[axis] if k else 0) - kept
        new[axis] = Along(axis + other, start=start, taps=span, dilation=dilation)
        past[axis] = Along(axis + other, start=start + kept, taps=span, dilation=dilation)
        return (tuple(new), None if k else whole(weight), None if k else whole(bias),
                past_state and (*(ALL,) * (state_window > 0), *past))
    return Effect((untold(input), TensorType(input.dtype, state)), lambda: each.times(prod(input.shape)),
                  reads)


@ms("VarlenCausalConvWithState", dtypes=(0, 0, 0))
def varlen_causal_conv_with_state(input, weight, cumulative_sequence_length, bias=None, initial_state=None,
                                  capture_count=None, *, activation="none", dilation=1,
                                  state_update_capacity=0):
    """`CausalConvWithState` of sequences laid end to end, ``[token, channel]``."""
    (tokens, channels), taps = input.shape, weight.shape[2]
    sequences = cumulative_sequence_length.shape[0] - 1
    each = Cost(mac=taps,
                add=int(bias is not None)) + (FREE if activation == "none" else activation_cost("Swish"))
    return Effect((untold(input), TensorType(input.dtype, (sequences, channels, (taps - 1) * dilation)),
                   TensorType(input.dtype, (sequences, state_update_capacity, channels))),
                  lambda: each.times(tokens * channels))


# ---------------------------------------------------------------------------------- hashes of neighbours
@ms("NGramHashMapping")
def n_gram_hash_mapping(input_ids, multipliers, vocab_sizes, past_ids=None, head_offsets=None,
                        eos_token_id=None, segment_ids=None, *, max_ngram_size, n_head_per_ngram, pad_id,
                        reset_on_eos=0):
    """``n_head_per_ngram`` hashes of each token with up to ``max_ngram_size - 1`` before it; those are kept
    for the next call."""
    batch, length = input_ids.shape
    before = max_ngram_size - 1
    return Effect((TensorType(input_ids.dtype, (batch, length, before * n_head_per_ngram)),
                   TensorType(input_ids.dtype, (batch, before))),
                  lambda: _hashing(before, n_head_per_ngram).times(batch * length))


@ms("VarlenNGramHashMapping", dtypes=(0, 0, "int32", 0))
def varlen_n_gram_hash_mapping(input_ids, multipliers, vocab_sizes, cumulative_sequence_length, past_ids=None,
                               head_offsets=None, eos_token_id=None, segment_ids=None, past_segment_ids=None,
                               capture_count=None, *, max_ngram_size, n_head_per_ngram, pad_id,
                               reset_on_eos=0, state_update_capacity=0):
    """`NGramHashMapping` of sequences laid end to end."""
    tokens, before = input_ids.shape[0], max_ngram_size - 1
    sequences = cumulative_sequence_length.shape[0] - 1
    return Effect((TensorType(input_ids.dtype, (tokens, before * n_head_per_ngram)),
                   TensorType(input_ids.dtype, (sequences, before)), TensorType("int32", (sequences, before)),
                   TensorType(input_ids.dtype, (sequences, state_update_capacity, before))),
                  lambda: _hashing(before, n_head_per_ngram).times(tokens))


def _hashing(before: int, heads: int) -> Cost:
    """One token: a product for each neighbour and itself, exclusive ors between them, and a remainder a
    hash."""
    return Cost(mul=before + 1, add=before, div=before * heads)


# ---------------------------------------------------------------------------------- rotary positions
@ms("RotaryEmbedding", "MRotaryEmbedding")
def rotary_embedding(input, position_ids, cos_cache, sin_cache, *, interleaved=0, is_packed_batching=0,
                     mrope_layout=0, mrope_section=(), num_heads=0, rotary_embedding_dim=0, scale=1.0):
    """Pairs of channels turned by the angle that the tables name for the token's position, ``[batch, token,
    channel]`` or ``[batch, head, token, channel]``; ``MRotaryEmbedding`` has three positions a token."""
    four, width = rank(input) == 4, input.shape[-1]
    turned = 2 * cos_cache.shape[1]
    heads = 1 if four else num_heads or part(width, turned, "the width of the input")
    place = Along(2 if four else 1)
    angle = (Picked(place.axis, None), ALL)

    def reads(_: int) -> Reads:
        streams = rank(position_ids) - 2
        positions: Axes = (ALL,) if streams < 0 else (*(ALL,) * streams, Along(0), place)
        return (*map(Along, range(rank(input) - 1)), ALL), positions, angle, angle

    return result(input.shape, input, reads=reads,
                  cost=lambda: ROTARY.times(prod(input.shape[:-1]) * heads * turned))


@ms("GemmaRotaryEmbedding", dtypes=(1, 1))
def gemma_rotary_embedding(emb, q, q_rot, k, k_rot):
    """``q·cos(emb) + q_rot·sin(emb)``, and the same of ``k``, ``[batch, head, token, channel]``."""
    angles = Along(0), Along(2), Along(3)
    same = tuple(map(Along, range(4)))

    def reads(k: int) -> Reads:
        return angles, *((None, None, same, same) if k else (same, same, None, None))

    return Effect((untold(q), untold(k)), lambda: ROTARY.times(prod(q.shape) + prod(k.shape))
                  + Cost(special=2 * prod(emb.shape)), reads)


# ---------------------------------------------------------------------------------- padding
@ms("RemovePadding", dtypes=(0, "int32", "int32", "int32"))
def remove_padding(input, sequence_token_count):
    """The tokens of ``[batch, token, channel]`` that are no padding, end to end; where each of them and of
    the padding stood, where each sequence begins, and how long the longest is."""
    batch, length, width = input.shape
    shapes = (batch, length), (batch + 1,), (1,)
    return Effect((TensorType(input.dtype, (counted_size(batch * length), width)),
                   *(TensorType("int32", shape) for shape in shapes)), FREE,
                  lambda k: ((ALL, ALL, Along(1)) if k == 0 else None, (ALL,)))


@ms("RestorePadding")
def restore_padding(input, token_offset):
    """Tokens laid end to end put back into ``[batch, token, channel]``, with zeros for padding."""
    return result((*token_offset.shape, input.shape[1]), input, cost=FREE,
                  reads=lambda _: ((ALL, Along(2)), (ALL, ALL)))
