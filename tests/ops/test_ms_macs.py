"""Multiply-accumulates of com.microsoft, held against the plain networks that its operators are fused
from."""
from __future__ import annotations

from functools import partial

import numpy as np
import pytest

import archcheck
from archcheck.dims import symbol
from tests.ops._rows import Row, row

ms = partial(row, domain="com.microsoft")
NAMES = {name: symbol(name) for name in "BKMNPSTHW"}
SCALE = "float32[]"

COUNTS = [
    (ms("FusedMatMul", "float32[B,K,M]", "float32[N,K]", transA=1, transB=1, out=""), "B*M*N*K"),
    (ms("FusedGemm", "float32[M,K]", "float32[K,N]", activation="Relu", out=""), "M*N*K"),
    (ms("QGemm", "uint8[M,K]", SCALE, "uint8[]", "int8[K,N]", SCALE, "int8[]", out=""), "M*N*K"),
    (ms("MatMulNBits", "float32[B,M,64]", "uint8[48,2,16]", "float32[48,2]", K=64, N=48, block_size=32,
        out=""),
     "B*M*64*48"),
    (ms("Attention", "float32[B,S,6]", "float32[6,24]", "float32[24]", num_heads=2, out=""),
     "B*S*6*24 + 2*B*S*S*8"),
    (ms("Attention", "float32[B,S,6]", "float32[6,24]", "float32[24]", None, "float32[2,B,2,P,4]",
        num_heads=2, out=""), "B*S*6*24 + 2*B*S*(P + S)*8"),
    (ms("MultiHeadAttention", "float32[B,S,8]", "float32[B,T,8]", "float32[B,T,12]", num_heads=2, out=""),
     "B*S*T*(8 + 12)"),
    (ms("GroupQueryAttention", "float32[B,S,64]", "float32[B,S,32]", "float32[B,S,32]", None, None,
        "int32[B]", np.array([7], np.int32), num_heads=4, kv_num_heads=2, out=""), "2*B*S*7*64"),
    (ms("LinearAttention", "float32[B,T,16]", "float32[B,T,8]", "float32[B,T,12]", q_num_heads=4,
        kv_num_heads=2, update_rule="linear", out=""), "B*T*(4 + 2)*4*6"),
    (ms("CausalConvWithState", "float32[B,5,T]", "float32[5,1,4]", out=""), "B*5*T*4"),
    (ms("MoE", "float32[T,8]", "float32[T,4]", "float32[4,16,8]", None, "float32[4,8,16]", k=2, out=""),
     "2*T*2*8*16"),
    (ms("QMoE", "float32[T,32]", "float32[T,4]", "uint8[4,64,16]", "float32[4,64]", None, "uint8[4,32,16]",
        "float32[4,32]", k=1, activation_type="swiglu", swiglu_fusion=1, out=""), "T*(64*32 + 32*32)"),
    (ms("SkipLayerNormalization", "float32[B,S,6]", "float32[B,S,6]", "float32[6]", out=""), "0"),
    (row("Conv", "float32[N,16,H,W]", "float32[16,16,3,3]", domain="com.microsoft.nchwc", pads=[1, 1, 1, 1],
         out=""),
     "N*H*W*16*16*9"),
]


@pytest.mark.parametrize(("case", "expected"), [pytest.param(*count, id=count[0].label) for count in COUNTS])
def test_macs(case: Row, expected: str) -> None:
    """A fused operator counts as the products inside it."""
    assert archcheck.analyze(case.graph).macs == eval(expected, {}, NAMES)
