"""Quantization and back."""
import numpy as np
from onnx import TensorProto

from archcheck.dims import symbol
from archcheck.graph import TensorType
from archcheck.ops import find
from archcheck.ops._op import Along, Assumption, Cost, Packed, cost_of
from tests.ops._nodes import walked
from tests.ops._rows import row, rows_test

N = symbol("N")
SCALE = np.array(0.5, np.float32)
SCALES = np.array([0.5, 1, 2], np.float32)

ROWS = [
    row("QuantizeLinear", "float32[N,3,H]", SCALE, out="uint8[N,3,H]"),
    row("QuantizeLinear", "float32[N,3,H]", SCALE, np.array(3, np.int8), out="int8[N,3,H]"),
    row("QuantizeLinear", "float32[N,3,H]", SCALES, np.zeros(3, np.uint8), out="uint8[N,3,H]"),
    row("QuantizeLinear", "float32[N,H,3]", SCALES, np.zeros(3, np.int16), axis=-1, opset=21, out="int16[N,H,3]"),
    row("QuantizeLinear", "float32[N,3]", SCALE, opset=21, output_dtype=TensorProto.INT16, out="int16[N,3]"),
    row("QuantizeLinear", "float16[N,3]", np.array(0.5, np.float16), np.array(3, np.uint8), opset=19, out="uint8[N,3]"),
    row("QuantizeLinear", "float32[3,8]", "float32[3,2]", "uint8[3,2]", axis=1, block_size=4, opset=21, out="uint8[3,8]"),
    row("QuantizeLinear", "float32[3,7]", "float32[3,2]", "uint8[3,2]", axis=1, block_size=4, opset=21, out="uint8[3,7]", oracle="ort"),
    row("QuantizeLinear", "float32[N,3]", SCALE, np.array(3, np.int8), opset=10, out="int8[N,3]"),
    row("QuantizeLinear", "float32[N,4]", SCALES, fails="there are 3 scales along an axis, but 4 are needed"),
    row("DequantizeLinear", "uint8[N,3,H]", SCALE, out="float32[N,3,H]"),
    row("DequantizeLinear", "int8[N,3,H]", SCALES, np.zeros(3, np.int8), out="float32[N,3,H]"),
    row("DequantizeLinear", "int32[N,3]", SCALE, out="float32[N,3]"),
    row("DequantizeLinear", "uint8[N,3]", np.array(0.5, np.float16), np.array(3, np.uint8), opset=19, out="float16[N,3]"),
    row("DequantizeLinear", "uint8[3,8]", "float32[3,2]", "uint8[3,2]", axis=1, block_size=4, opset=21, out="float32[3,8]"),
    row("DequantizeLinear", "uint8[N,3]", SCALE, opset=23, output_dtype=TensorProto.FLOAT16, out="float16[N,3]", oracle="reference"),
    row("DequantizeLinear", "uint8[3,8]", "float32[3,3]", "uint8[3,3]", axis=1, block_size=4, opset=21, fails="there are 3 scales along an axis, but 2 are needed"),
    row("DynamicQuantizeLinear", "float32[N,3]", out=["uint8[N,3]", "float32[]", "uint8[]"]),
]

test_rows = rows_test(ROWS)


def test_a_single_scale_is_for_all_positions() -> None:
    report = walked("QuantizeLinear", TensorType("float32", (2, 3)), TensorType("float32", (N,)))
    assert [assumption for _, assumption in report.assumptions] == [Assumption("broadcast", N, 3)]


def test_a_block_of_positions_reads_one_scale() -> None:
    kinds = TensorType("float32", (N, 8)), TensorType("float32", (N, 2)), TensorType("int8", (N, 2))
    effect = find("", "QuantizeLinear", 21).function(*kinds, block_size=4)
    assert effect.reads(0)[1] == (Along(0), Packed(((1, 4, 2, 1),)))
    assert cost_of(effect) == Cost(add=8 * N, div=8 * N, cmp=24 * N)
