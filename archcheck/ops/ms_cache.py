"""Attention of com.microsoft with caches of keys and values: grouped heads, pages, sparse selections."""
from __future__ import annotations

from typing import Any

from archcheck.dims import Size, maximum, minimum
from archcheck.graph import TensorType
from archcheck.ops._fusion import ROTARY, ms
from archcheck.ops._heads import Heads, attending_reads, attention_cost, mask_cost, mask_reads, past_reads
from archcheck.ops._inputs import expect, part, untold, whole
from archcheck.ops._op import FREE, Cost, Effect, require, unknown_size
from archcheck.values import items


@ms("GroupQueryAttention", dtypes=(0, 3, 3, 0))
def group_query_attention(query, key=None, value=None, past_key=None, past_value=None, seqlens_k=None,
                          total_sequence_length=None, cos_cache=None, sin_cache=None, position_ids=None,
                          attention_bias=None, head_sink=None, k_scale=None, v_scale=None, q_norm_weight=None,
                          k_norm_weight=None, *, num_heads, kv_num_heads, causal=1, do_rotary=0,
                          k_quant_type="NONE", kv_cache_bit_width=0, local_window_size=-1,
                          qk_norm_epsilon=1e-6, qk_output=0, rotary_interleaved=0, scale=None,
                          sliding_window_cache=0, smooth_softmax=-1, softcap=0.0, v_quant_type="NONE"):
    """Attention in which ``num_heads / kv_num_heads`` heads of queries share a head of keys and values. The
    caches ``[batch, head, token, channel]`` grow to ``total_sequence_length`` tokens, if they are not that
    long already; queries, keys and values may come packed in ``query``."""
    heads = _grouped(query, key, num_heads, kv_num_heads, do_rotary or kv_cache_bit_width)
    batch, length, _ = query.shape
    new = length if key is None else key.shape[1]
    total = _total(total_sequence_length, past_key, new)
    kept = past_key.shape[2] if sliding_window_cache else _kept(total, past_key)
    width = num_heads * heads.size
    caches = [_cache(past, query, (batch, kv_num_heads, kept, heads.size)) for past in (past_key, past_value)]
    turned = batch * (length * num_heads + new * kv_num_heads) * (2 * cos_cache.shape[1] if do_rotary else 0)
    outputs = (TensorType(query.dtype, (batch, length, width)), *caches,
               TensorType(query.dtype, (batch, num_heads, length, total)))
    capped = Cost(mul=1, div=1, special=1) if softcap else FREE
    per_score = mask_cost(attention_bias, causal=causal) + capped

    def cost() -> Cost:
        inside = attention_cost(batch, num_heads, length, total, width, width, per_score)
        return inside + ROTARY.times(turned)

    return Effect(
        outputs, cost,
        None if sliding_window_cache else lambda k: (
            *attending_reads(k, heads, query, key, value, total - new, causal),
            *past_reads(k, heads, past_key, past_value), *map(mask_reads, (seqlens_k, total_sequence_length)),
            whole(cos_cache), whole(sin_cache), *map(mask_reads, (position_ids, attention_bias)),
            *map(whole, (head_sink, k_scale, v_scale, q_norm_weight, k_norm_weight))))


def _grouped(query: Any, key: Any, heads: int, shared: int, mixed: int = 0) -> Heads:
    """The heads of queries ``[batch, token, channel]``, which hold keys and values as well if ``key`` is
    None."""
    fits = shared > 0 and heads % shared == 0
    require(fits, "{} heads of queries cannot share {} of keys and values", heads, shared)
    size = part(query.shape[2], heads if key is not None else heads + 2 * shared, "the width of the query")
    expect(key, "the key", query.shape[0], None, size * shared)
    return Heads(heads, shared, size, size, bool(mixed))


def _total(said: TensorType | None, past: Any, new: Size) -> Size:
    """How many keys are attended to, those of the past and ``new`` ones."""
    found = items(said)
    if found is not None and found[0] is not None:
        return found[0]  # type: ignore[no-any-return]
    return new if past is None or past.shape[2] == 0 else unknown_size("the total sequence length")


def _kept(total: Size, past: Any) -> Size:
    """How long a cache becomes: ``total`` keys, unless the ``past`` is a longer buffer."""
    return total if past is None else maximum(past.shape[2], total)


def _cache(past: Any, query: Any, shape: tuple[Size, ...]) -> TensorType:
    """A cache after attention: of the ``past``'s dtype and width, where two numbers may share a byte."""
    if past is None:
        return TensorType(query.dtype, shape)
    return TensorType(past.dtype, (*shape[:3], past.shape[3]))


@ms("SparseAttention")
def sparse_attention(query, key, value, past_key, past_value, block_row_indices, block_col_indices,
                     total_sequence_length, key_total_sequence_lengths, cos_cache=None, sin_cache=None, *,
                     num_heads, kv_num_heads, sparse_block_size, do_rotary=0, rotary_interleaved=0,
                     scale=None):
    """`GroupQueryAttention` to those blocks of keys that a sparse matrix names (Phi-3); the caches are
    buffers."""
    heads = _grouped(query, key, num_heads, kv_num_heads)
    return Effect((TensorType(query.dtype, (*query.shape[:2], num_heads * heads.size)),
                   untold(past_key), untold(past_value)))


@ms("DynamicSparseAttention")
def dynamic_sparse_attention(query, key=None, value=None, past_key=None, past_value=None, auxiliary_key=None,
                             auxiliary_value=None, selected_indices=None, selected_counts=None,
                             seqlens_k=None, total_sequence_length=None, cos_cache=None, sin_cache=None,
                             position_ids=None, q_norm_weight=None, k_norm_weight=None, head_sink=None, *,
                             num_heads, kv_num_heads, attention_mode="selected_only", auxiliary_kv_shared=0,
                             do_rotary=0, is_causal=1, local_window_size=-1, qk_norm_epsilon=1e-6,
                             rotary_interleaved=0, rotary_offset=0, scale=None, selected_kv_source="main",
                             smooth_softmax=0):
    """`GroupQueryAttention` to the keys that ``selected_indices`` names for each query."""
    heads = _grouped(query, key, num_heads, kv_num_heads)
    kept = _kept(_total(total_sequence_length, past_key, query.shape[1]), past_key)
    shape = (query.shape[0], kv_num_heads, kept, heads.size)
    caches = [_cache(past, query, shape) for past in (past_key, past_value)]
    return Effect((TensorType(query.dtype, (*query.shape[:2], num_heads * heads.size)), *caches))


# ---------------------------------------------------------------------------------- pages
@ms("PagedAttention", dtypes=(0, 3, 4))
def paged_attention(query, key=None, value=None, key_cache=None, value_cache=None,
                    cumulative_sequence_length=None, past_seqlens=None, block_table=None, cos_cache=None,
                    sin_cache=None, slot_mapping=None, head_sink=None, q_norm_weight=None,
                    k_norm_weight=None, k_scale=None, v_scale=None, attention_metadata=None, *, num_heads,
                    kv_num_heads, do_rotary=0, is_causal=1, k_cache_dtype="", k_quant_type="NONE",
                    kv_cache_layout="SEPARATE", local_window_size=-1, qk_norm_epsilon=1e-6,
                    rotary_interleaved=0, rotary_offset=0, scale=None, softcap=0.0, v_cache_dtype="",
                    v_head_size=0, v_quant_type="NONE"):
    """Attention of sequences laid end to end, ``[token, width]``, whose keys and values lie in pages ``[page,
    slot, head, channel]`` that are written in place; how long each sequence is only the data say."""
    return _paged(query, key, key_cache, value_cache, num_heads, kv_num_heads, v_head_size)


@ms("SparsePagedAttention", dtypes=(0, 3, 4))
def sparse_paged_attention(query, key=None, value=None, key_cache=None, value_cache=None,
                           cumulative_sequence_length=None, past_seqlens=None, block_table=None,
                           slot_mapping=None, selected_indices=None, selected_counts=None,
                           auxiliary_key=None, auxiliary_value=None, auxiliary_lengths=None, cos_cache=None,
                           sin_cache=None, head_sink=None, q_norm_weight=None, k_norm_weight=None,
                           k_scale=None, v_scale=None, attention_metadata=None, *, num_heads, kv_num_heads,
                           attention_mode="selected_only", auxiliary_cache_layout="contiguous",
                           auxiliary_kv_shared=0, do_rotary=0, is_causal=1, k_quant_type="NONE",
                           local_window_size=-1, qk_norm_epsilon=1e-6, rotary_interleaved=0, rotary_offset=0,
                           scale=None, selected_kv_source="main", softcap=0.0, v_quant_type="NONE"):
    """`PagedAttention` to the keys that ``selected_indices`` names for each query."""
    return _paged(query, key, key_cache, value_cache, num_heads, kv_num_heads, 0)


def _paged(query: Any, key: Any, key_cache: Any, value_cache: Any, heads: int, shared: int,
           value_size: int) -> Effect:
    tokens, width = query.shape
    size = value_size or part(width, heads if key is not None else heads + 2 * shared,
                              "the width of the query")
    return Effect((TensorType(query.dtype, (tokens, heads * size)), untold(key_cache),
                   untold(value_cache or key_cache)))


# ---------------------------------------------------------------------------------- which keys to attend to
@ms("SparseAttentionIndexer", dtypes=("int32", 7, 7))
def sparse_attention_indexer(query, key=None, query_norm_weight=None, key_norm_weight=None, cos_cache=None,
                             sin_cache=None, mask=None, past_key=None, gate=None, position_bias=None,
                             head_weights=None, position_ids=None, past_sequence_length=None,
                             past_proj_buffer=None, *, policy_mode, compress_ratio, epsilon=1e-6,
                             head_weight_scale=None, index_topk=0, scale=None, token_budget=0):
    """The keys that each query attends to, ``[batch, query, chosen]``, and the states that grow with the
    tokens: ``qsa`` keeps a key each, ``csa`` one for every ``compress_ratio`` tokens, and the tokens left
    over."""
    batch, length, _ = query.shape
    _, before, size = past_key.shape
    buffered = past_proj_buffer.shape[2] if past_proj_buffer is not None else 0
    added, left = _compressed(buffered, length, compress_ratio) if policy_mode == "csa" else (length, 0)
    after = before if past_sequence_length is not None else before + added
    chosen = _chosen(policy_mode, index_topk, token_budget, compress_ratio)
    return Effect((TensorType("int32", (batch, length, chosen)),
                   TensorType(past_key.dtype, (batch, after, size)),
                   TensorType(past_key.dtype, (2, batch, left, 2 * size))))


def _compressed(buffered: Size, new: Size, ratio: int) -> tuple[Size, Size]:
    """How many windows of ``ratio`` tokens fill up, and how many tokens stay in the buffer: those of the last
    full window and of the one begun."""
    total = buffered + new
    return total // ratio - buffered // ratio, total % ratio + minimum(ratio, total // ratio * ratio)


def _chosen(mode: str, top: int, budget: int, ratio: int) -> int:
    return top if mode == "csa" else budget + ratio - 1


@ms("PackedSparseAttentionIndexer", dtypes=("int32", "int32", 12, 13, 14, 15, 12))
def packed_sparse_attention_indexer(query, key=None, query_norm_weight=None, key_norm_weight=None,
                                    cos_cache=None, sin_cache=None, cumulative_sequence_lengths=None,
                                    past_sequence_lengths=None, gate=None, position_bias=None,
                                    head_weights=None, position_ids=None, past_key_state=None,
                                    past_kv_buffer=None, past_gate_buffer=None, past_state_lengths=None,
                                    state_update_capture_count=None, state_update_active=None, *,
                                    policy_mode, compress_ratio, state_capacity, epsilon=1e-6,
                                    head_weight_scale=None, index_topk=0, scale=None,
                                    state_update_capacity=0, token_budget=0):
    """`SparseAttentionIndexer` of sequences laid end to end, with states of fixed length."""
    tokens = query.shape[0]
    batch, _, size = past_key_state.shape
    chosen = _chosen(policy_mode, index_topk, token_budget, compress_ratio)
    states = past_key_state, past_kv_buffer, past_gate_buffer or past_kv_buffer, past_state_lengths
    return Effect((TensorType("int32", (tokens, chosen)), TensorType("int32", (tokens,)),
                   *map(untold, states),
                   TensorType(past_key_state.dtype, (batch, state_update_capacity, size))))
