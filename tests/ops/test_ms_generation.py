"""Text generation of com.microsoft, with a decoder that looks up the scores of the next word in a table."""
from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.ops._rows import row, rows_test

WORDS, HEADS, SIZE = 11, 2, 3
CACHED = 2 * HEADS * SIZE  # a key and a value a head, for each word


def decoder() -> onnx.GraphProto:
    """A decoder as ONNX Runtime wants it: words, positions, a mask and a cache in; scores and a cache out."""
    draw = np.random.default_rng(0)
    tables = {"scores": draw.normal(size=(WORDS, WORDS)), "caches": draw.normal(size=(WORDS, CACHED))}
    nodes = [
        helper.make_node("Gather", ["scores", "input_ids"], ["logits"]),
        helper.make_node("Gather", ["caches", "input_ids"], ["flat"]),
        helper.make_node("Reshape", ["flat", "target"], ["split"]),
        helper.make_node("Transpose", ["split"], ["new"], perm=[2, 0, 3, 1, 4]),
        helper.make_node("Concat", ["past_0", "new"], ["present_0"], axis=3),
    ]
    cache = [2, "batch", HEADS, "past", SIZE]
    inputs = [
        *(helper.make_tensor_value_info(name, TensorProto.INT32, ["batch", "tokens"])
          for name in ("input_ids", "position_ids")),
        helper.make_tensor_value_info("attention_mask", TensorProto.INT32, ["batch", "all"]),
        helper.make_tensor_value_info("past_0", TensorProto.FLOAT, cache),
    ]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", "tokens", WORDS]),
               helper.make_tensor_value_info("present_0", TensorProto.FLOAT, [*cache[:3], "all", SIZE])]
    weights = [numpy_helper.from_array(table.astype(np.float32), name) for name, table in tables.items()]
    target = numpy_helper.from_array(np.array([0, 0, 2, HEADS, SIZE]), "target")
    return helper.make_graph(nodes, "decoder", inputs, outputs, [*weights, target])


def i32(*values: Any) -> Any:
    """An int32 initializer."""
    return np.array(values, np.int32)


ms = partial(row, domain="com.microsoft", decoder=decoder(), eos_token_id=0, pad_token_id=0)
published = partial(ms, oracle="published", why="no small model of this kind is at hand")
PROMPT, ONE = "int32[B,S]", np.ones(1, np.float32)

ROWS = [
    ms("GreedySearch", PROMPT, i32(17), at={"B": 2}, out="int32[B, 17]"),
    ms("GreedySearch", PROMPT, "int32[1]", at=[{"B": 2, "S": 3}], data={1: i32(9)}, out="int32[B, ?]"),
    ms("Sampling", PROMPT, i32(17), at={"B": 2}, out="int32[B, 17]"),
    published("Sampling", PROMPT, i32(17), out=["int32[B, 17]", "float32[B, 11]"]),
    ms("BeamSearch", PROMPT, i32(17), i32(1), i32(4), i32(3), ONE, ONE, at={"B": 2},
       out=["int32[B, 3, 17]", "float32[B, 3]", "float32[17 - S, B, 4, 11]"]),
    ms("BeamSearch", PROMPT, i32(17), i32(1), i32(4), i32(2), ONE, ONE, at={"B": 2}, vocab_size=WORDS,
       out="int32[B, 2, 17]"),
    published("BeamSearch", PROMPT, i32(17), None, i32(4), i32(2), model_type=1, encoder=decoder(),
              out=["int32[B, 2, 17]", "float32[B, 2]", "float32[?, B, 4, 11]"]),
    published("WhisperBeamSearch", "float32[B,80,T]", i32(17), None, i32(4), i32(2), *[None] * 7,
              "int32[K,2]", decoder_output_cross_qk=1, no_speech_token_id=3, vocab_size=51865,
              out=["int32[B, 2, 17]", "float32[B, 2]", "float32[?, B, 4, 51865]", "float32[B, 2, K, ?, ?]",
                   "float32[B]"]),
    *[row(op, "float32[N]", domain="com.microsoft", out="?", oracle="published",
          why="what is compiled into it is closed") for op in ("EPContext", "Snpe")],
]

test_rows = rows_test(ROWS)
