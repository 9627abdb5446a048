"""Conversions between element types."""
import numpy as np
import pytest
from onnx import TensorProto

import archcheck
from archcheck.dims import symbol
from archcheck.elements import Ratio
from archcheck.graph import Graph, Node, TensorType
from tests.ops._rows import row, rows_test

N = symbol("N")
FLOATS = np.array([-2.7, -0.5, 0.0, 1.5, 300.0], np.float32)

ROWS = [
    *(row("Cast", "float32[N,3]", to=TensorProto.DataType.Value(name), out=f"{dtype}[N,3]") for name, dtype in (
        ("INT64", "int64"), ("DOUBLE", "float64"), ("FLOAT16", "float16"), ("BOOL", "bool"), ("UINT8", "uint8"), ("STRING", "string"), ("BFLOAT16", "bfloat16"), ("FLOAT8E4M3FN", "float8e4m3fn"))),
    row("Cast", FLOATS, to=TensorProto.INT64, out="int64[5]"),
    row("Cast", FLOATS, to=TensorProto.BOOL, out="bool[5]"),
    row("Cast", FLOATS, to=TensorProto.DOUBLE, out="float64[5]"),
    row("Cast", np.array([-1, 0, 300]), to=TensorProto.UINT8, out="uint8[3]"),
    row("Cast", np.array([-1, 0, 300]), to=TensorProto.STRING, out="string[3]"),
    row("Cast", np.array([True, False]), to=TensorProto.FLOAT, out="float32[2]"),
    row("Cast", np.array(["3.5", "-1e2", "INF"], object), to=TensorProto.FLOAT, out="float32[3]"),
    row("Cast", np.array(["3", "-17"], object), to=TensorProto.INT64, out="int64[2]"),
    row("Cast", "float32[N,3]", opset=6, to=TensorProto.INT32, out="int32[N,3]", oracle="reference"),
    row("Cast", "float32[N,3]", opset=1, to="INT32", out="int32[N,3]", oracle="published", why="no oracle runs opset 1, where the type was named"),
    row("CastLike", "float32[N,3]", "int32[M]", out="int32[N,3]"),
    row("CastLike", np.array([1.5, 2.5], np.float32), np.array([0]), out="int64[2]"),
    row("BitCast", "float32[N,3]", to=TensorProto.INT32, opset=26, out="int32[N,3]", oracle="reference"),
    row("BitCast", np.array([-1, 5], np.int32), to=TensorProto.UINT32, opset=26, out="uint32[2]", oracle="reference"),
    row("BitCast", "float32[N]", to=TensorProto.INT64, opset=26, fails="elements of float32 have 32 bits, but those of int64 have 64", oracle="reference"),
]

test_rows = rows_test(ROWS)


@pytest.mark.parametrize(("source", "to", "element", "expected"), [
    ("int64", "FLOAT", N, N), ("float32", "INT64", Ratio(N, 2), N // 2), ("int64", "BOOL", N + 1, True), ("int64", "BOOL", N, None),
    ("int64", "INT8", N, None), ("int64", "FLOAT16", N, None), ("float32", "INT32", 1e20, None), ("int64", "STRING", N, None)])
def test_elements_as_another_type(source: str, to: str, element: object, expected: object) -> None:
    kind, attrs = TensorType(source, (), (element,)), {"to": TensorProto.DataType.Value(to)}
    report = archcheck.analyze(Graph("g", {"x": kind}, ("y",), (Node("n", "Cast", "", ("x",), ("y",), attrs),), {}))
    assert (report.types["y"].value or (None,)) == (expected,)


def test_the_type_is_known_without_the_shape() -> None:
    kind, attrs = TensorType(None, None), {"to": TensorProto.INT64}
    report = archcheck.analyze(Graph("g", {"x": kind}, ("y",), (Node("n", "Cast", "", ("x",), ("y",), attrs),), {}))
    assert report.types["y"] == TensorType("int64", None)
