"""Attention of com.microsoft with caches."""
from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from tests.ops._rows import row, rows_test

ms = partial(row, domain="com.microsoft")
gqa = partial(ms, "GroupQueryAttention", num_heads=4, kv_num_heads=2)
published = partial(ms, oracle="published", why="only the CUDA provider runs it")
CACHE = "float32[B,2,P,16]"
NEW = "float32[B,S,64]", "float32[B,S,32]", "float32[B,S,32]"


def i32(*values: Any) -> Any:
    """An int32 initializer."""
    return np.array(values, np.int32)


def lengths(batch: int, total: int) -> dict[int, Any]:
    """What says that there are ``total`` keys."""
    return {5: i32(*[total - 1] * batch), 6: i32(total)}


ROWS = [
    gqa(*NEW, None, None, "int32[B]", "int32[1]", at=[{"B": 2, "S": 3}], data=lengths(2, 3),
        out=["float32[B, S, 64]", *["float32[B, 2, S, 16]"] * 2]),
    gqa("float32[B,S,128]", None, None, None, None, "int32[B]", "int32[1]", at=[{"B": 2, "S": 3}],
        data=lengths(2, 3), out=["float32[B, S, 64]", *["float32[B, 2, S, 16]"] * 2]),
    gqa(*NEW, CACHE, CACHE, "int32[B]", "int32[1]", at=[{"B": 1, "S": 3, "P": 2}], data=lengths(1, 5),
        out=["float32[B, S, 64]", *["float32[B, 2, ?, 16]"] * 2]),
    gqa(*NEW, CACHE, CACHE, "int32[B]", i32(8), at=[{"B": 1, "S": 3, "P": 5}, {"B": 2, "S": 1, "P": 9}],
        data={5: i32(7)}, out=["float32[B, S, 64]", *["float32[B, 2, Max(P, 8), 16]"] * 2],
        oracle="published", why="the lengths must fit the batch; the rows around it run with each"),
    gqa(*NEW, CACHE, CACHE, "int32[B]", i32(8), at=[{"B": 1, "S": 3, "P": 5}], data={5: i32(7)},
        out=["float32[B, S, 64]", *["float32[B, 2, Max(P, 8), 16]"] * 2]),
    gqa(*NEW, CACHE, CACHE, "int32[B]", i32(8), at=[{"B": 2, "S": 1, "P": 9}], data={5: i32(7, 7)},
        out=["float32[B, S, 64]", *["float32[B, 2, Max(P, 8), 16]"] * 2]),
    gqa(*NEW, CACHE, CACHE, "int32[B]", i32(8), at=[{"B": 1, "S": 3, "P": 5}], data={5: i32(7)}, qk_output=1,
        out=["float32[B, S, 64]", *["float32[B, 2, Max(P, 8), 16]"] * 2, "float32[B, 4, S, 8]"]),
    gqa(*NEW, CACHE, CACHE, "int32[B]", i32(8), at=[{"B": 1, "S": 1, "P": 6}], data={5: i32(7)},
        local_window_size=4, sliding_window_cache=1, out=["float32[B, S, 64]",
        *["float32[B, 2, P, 16]"] * 2]),
    gqa(*NEW, *["uint8[B,2,P,8]"] * 2, "int32[B]", i32(8), None, None, None, None, None, "float32[1]",
        "float32[1]", at=[{"B": 1, "S": 3, "P": 5}], data={5: i32(7)}, k_quant_type="PER_TENSOR",
        v_quant_type="PER_TENSOR", kv_cache_bit_width=4,
        out=["float32[B, S, 64]", *["uint8[B, 2, Max(P, 8), 8]"] * 2]),
    gqa(*NEW, None, None, "int32[B]", "int32[1]", "float32[9,8]", "float32[9,8]", at=[{"B": 2, "S": 3}],
        data=lengths(2, 3), do_rotary=1, out="float32[B, S, 64]"),
    gqa("float32[B,S,64]", "float32[B,S,24]", "float32[B,S,24]", None, None, "int32[B]", "int32[1]",
        at=[{"B": 2, "S": 3}], data=lengths(2, 3), fails="axis 2 of the key is 24"),

    ms("SparseAttention", *NEW, *["float32[B,2,32,16]"] * 2, i32([0, 1, 3]), i32([0, 0, 1]),
       np.array(16, np.int32), "int32[B]", at=[{"B": 1, "S": 16}], data={8: i32(16)}, num_heads=4,
       kv_num_heads=2, sparse_block_size=16, out=["float32[B, S, 64]", *["float32[B, 2, 32, 16]"] * 2],
       oracle="published", why="the caches must be the same buffers on both sides"),
    published("DynamicSparseAttention", "float32[B,S,128]", None, None, CACHE, CACHE, None, None,
              "int32[B*S,K]", "int32[B*S]", "int32[B]", i32(8), num_heads=4, kv_num_heads=2,
              out=["float32[B, S, 64]", *["float32[B, 2, Max(P, 8), 16]"] * 2]),
    published("PagedAttention", "float16[T,64]", "float16[T,32]", "float16[T,32]", *["float16[K,8,2,16]"] * 2,
              "int32[B + 1]", "int32[B]", "int32[B,M]", num_heads=4, kv_num_heads=2,
              out=["float16[T, 64]", *["float16[K, 8, 2, 16]"] * 2]),
    published("PagedAttention", "float16[T,64]", "float16[T,16]", None, "int8[K,8,1,16]", None,
              "int32[B + 1]", "int32[B]", "int32[B,M]", num_heads=4, kv_num_heads=1,
              kv_cache_layout="LATENT", v_head_size=8, out=["float16[T, 32]", "int8[K, 8, 1, 16]"]),
    published("SparsePagedAttention", "float16[T,128]", None, None, *["float16[K,8,2,16]"] * 2,
              "int32[B + 1]", "int32[B]", "int32[B,M]", None, "int32[T,7]", "int32[T]", num_heads=4,
              kv_num_heads=2, out=["float16[T, 64]", *["float16[K, 8, 2, 16]"] * 2]),
    published("SparseAttentionIndexer", "float32[B,S,32]", "float32[B,S,8]", *["float32[8]"] * 2,
              *["float32[99,4]"] * 2, None, "float32[B,P,8]", policy_mode="qsa", compress_ratio=4,
              token_budget=12, out=["int32[B, S, 15]", "float32[B, P + S, 8]"]),
    published("SparseAttentionIndexer", "float32[B,S,32]", "float32[B,S,16]", *["float32[8]"] * 2,
              *["float32[99,4]"] * 2, None, "float32[B,P,8]", "float32[B,S,16]", "float32[4,16]",
              "float32[B,S,4]", "int64[B,S]", None, "float32[2,B,5,16]", policy_mode="csa", compress_ratio=4,
              index_topk=6, out=["int32[B, S, 6]", "float32[B, P + (S + 5)//4 - 1, 8]",
                   "float32[2, B, Mod(S + 5, 4) + Min(4, (S + 5)//4*4), 16]"]),
    published("PackedSparseAttentionIndexer", "float32[T,32]", "float32[T,8]", *["float32[8]"] * 2,
              *["float32[99,4]"] * 2, "int32[B + 1]", "int32[B]", None, None, None, None, "float32[B,64,8]",
              "float32[B,7,8]", None, "int32[B,2]", "int32[B]", policy_mode="qsa", compress_ratio=4,
              state_capacity=64, token_budget=12, state_update_capacity=3,
              out=["int32[T, 15]", "int32[T]", "float32[B, 64, 8]", "float32[B, 7, 8]", None, "int32[B, 2]",
                   "float32[B, 3, 8]"]),
]

test_rows = rows_test(ROWS)
