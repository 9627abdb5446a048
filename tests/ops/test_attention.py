"""Attention as ONNX defines it: packed or in heads, shared heads, caches, masks, windows, bodies."""
import numpy as np
from onnx import TensorProto, helper

from tests.ops._rows import row, rows_test

Q, K, V = "float32[B,4,S,8]", "float32[B,4,T,8]", "float32[B,4,T,6]"
PACKED = "float32[B,S,32]", "float32[B,T,16]", "float32[B,T,12]"
PAST = "float32[B,2,P,8]", "float32[B,2,P,6]"
HEADS = {"q_num_heads": 4, "kv_num_heads": 2}
AT = [{"B": 2, "S": 5, "T": 7}, {"B": 3, "S": 4, "T": 4}]
TOKENS = [{"B": 2, "S": 5}, {"B": 1, "S": 1}]
LINEAR = "float32[B,S,32]", "float32[B,S,16]", "float32[B,S,12]"


def _tanh_body() -> object:
    """A body that squashes the scores."""
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, None)
    squashed = helper.make_tensor_value_info("squashed", TensorProto.FLOAT, None)
    return helper.make_graph([helper.make_node("Tanh", ["scores"], ["squashed"])], "body", [scores], [squashed])


ROWS = [
    row("Attention", Q, K, V, out="float32[B, 4, S, 6]", at=AT),
    row("Attention", "float32[B,6,S,8]", "float32[B,2,T,8]", "float32[B,2,T,6]", out="float32[B, 6, S, 6]", at=AT,
        is_causal=1),
    row("Attention", *PACKED, **HEADS, out="float32[B, S, 24]", at=AT),
    row("Attention", *PACKED, "float32[S,T]", **HEADS, softcap=2.0, out="float32[B, S, 24]", at=AT),
    row("Attention", Q, K, V, "bool[B,1,S,T]", scale=0.5, out="float32[B, 4, S, 6]", at=AT, opset=23),
    row("Attention", "float32[B,4,S,8]", "float32[B,2,T,8]", "float32[B,2,T,6]", None, *PAST,
        at=[{"B": 2, "S": 5, "T": 5, "P": 3}],
        out=["float32[B, 4, S, 6]", "float32[B, 2, P + T, 8]", "float32[B, 2, P + T, 6]", "float32[B, 4, S, P + T]"]),
    row("Attention", *PACKED, "float32[1,1,S,P + T]", *PAST, **HEADS, is_causal=1, qk_matmul_output_mode=2,
        at=[{"B": 2, "S": 5, "T": 5, "P": 3}],
        out=["float32[B, S, 24]", "float32[B, 2, P + T, 8]", "float32[B, 2, P + T, 6]", "float32[B, 4, S, P + T]"]),
    row("Attention", Q, K, V, None, None, None, "int64[B]", at=[{"B": 2, "S": 5, "T": 7}],
        data={6: np.array([7, 6])}, out="float32[B, 4, S, 6]"),
    row("Attention", "float16[B,4,S,8]", "float16[B,4,T,8]", "float16[B,4,T,6]", out="float16[B, 4, S, 6]", at=AT),
    row("Attention", Q, K, V, left_window_size=2, right_window_size=1, out="float32[B, 4, S, 6]", oracle="published",
        why="no oracle knows the windows yet; they change no size"),
    row("Attention", Q, "float32[B,4,T,9]", V, fails="size of a head of queries and of keys must be the same, .* 8 and 9",
        at=AT),
    row("Attention", "float32[B,5,S,8]", "float32[B,2,T,8]", "float32[B,2,T,6]", at=AT,
        fails="heads of the queries is 5, which is no multiple of 2"),
    row("FlexAttention", Q, K, V, domain="ai.onnx.preview", out="float32[B, 4, S, 6]", at=AT),
    row("FlexAttention", "float32[B,4,S,8]", "float32[B,2,T,8]", "float32[B,2,T,6]", domain="ai.onnx.preview", at=AT,
        score_mod=_tanh_body(), prob_mod=_tanh_body(), out="float32[B, 4, S, 6]"),
    row("LinearAttention", *LINEAR, "float32[B,2,8,6]", "float32[B,S,16]", "float32[B,S,2]", **HEADS,
        out=["float32[B, S, 24]", "float32[B, 2, 8, 6]"], at=TOKENS),
    row("LinearAttention", *LINEAR, **HEADS, update_rule="linear", out=["float32[B, S, 24]", "float32[B, 2, 8, 6]"],
        at=TOKENS),
    row("LinearAttention", *LINEAR, None, "float32[B,S,2]", **HEADS, update_rule="gated", at=TOKENS,
        out=["float32[B, S, 24]", "float32[B, 2, 8, 6]"]),
    row("RotaryEmbedding", "float32[B,4,S,8]", "float32[50,4]", "float32[50,4]", "int64[B,S]",
        out="float32[B, 4, S, 8]", at=TOKENS),
    row("RotaryEmbedding", "float32[B,S,32]", "float32[B,S,2]", "float32[B,S,2]", num_heads=4, interleaved=1,
        rotary_embedding_dim=4, out="float32[B, S, 32]", at=TOKENS),
    row("RotaryEmbedding", "float32[B,S,32]", "float32[B,S,4]", "float32[B,S,4]", at=TOKENS,
        fails="3 axes, so their number of heads must be said"),
]
test_rows = rows_test(ROWS)
