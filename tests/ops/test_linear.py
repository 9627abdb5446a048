"""Matrix products and determinants."""
import numpy as np
import pytest

import archcheck
from archcheck.dims import symbol
from archcheck.graph import Graph, Node, TensorType
from archcheck.ops import find
from archcheck.ops._op import Cost, cost_of
from tests.ops._rows import row, rows_test

N, T = symbol("N"), symbol("T")
SCALE, ZERO = np.array(0.5, np.float32), np.array(3, np.uint8)
NOT_RUN = "no oracle runs an opset this old"

ROWS = [
    row("MatMul", "float32[N,T,3]", "float32[3,4]", out="float32[N,T,4]"),
    row("MatMul", "float32[N,8,T,3]", "float32[N,8,3,S]", out="float32[N,8,T,S]"),
    row("MatMul", "float32[N,1,T,3]", "float32[8,3,2]", out="float32[N,8,T,2]"),
    row("MatMul", "float32[N,3]", "float32[M,3,2]", out="float32[M,N,2]"),
    row("MatMul", "float32[3]", "float32[3,M]", out="float32[M]"),
    row("MatMul", "float32[N,M,3]", "float32[3]", out="float32[N,M]"),
    row("MatMul", "float32[K]", "float32[K]", out="float32[]"),
    row("MatMul", "float32[3]", "float32[N,M,3,2]", out="float32[N,M,2]"),
    row("MatMul", "float32[N,K]", "float32[5,M]", out="float32[N,M]", at={"K": 5}),
    row("MatMul", "int32[N,3]", "int32[3,M]", out="int32[N,M]"),
    row("MatMul", "float32[N,3]", "float32[4,M]", fails="the rows of a have 3 elements, but b has 4 rows"),
    row("MatMul", "float32[]", "float32[4,M]", fails="a scalar is no matrix"),
    row("MatMulInteger", "uint8[N,T,3]", "int8[3,4]", out="int32[N,T,4]"),
    row("MatMulInteger", "uint8[N,3]", "uint8[3,M]", ZERO, np.array(2, np.uint8), out="int32[N,M]"),
    row("QLinearMatMul", "uint8[N,T,3]", SCALE, ZERO, "uint8[3,4]", SCALE, ZERO, SCALE, ZERO, out="uint8[N,T,4]"),
    row("QLinearMatMul", "int8[N,3]", SCALE, np.array(0, np.int8), "int8[3,M]", SCALE, np.array(0, np.int8), SCALE, np.array(0, np.int8), out="int8[N,M]"),
    row("Gemm", "float32[N,3]", "float32[3,M]", out="float32[N,M]"),
    row("Gemm", "float32[N,3]", "float32[4,3]", "float32[4]", transB=1, out="float32[N,4]"),
    row("Gemm", "float32[3,N]", "float32[M,3]", "float32[N,M]", transA=1, transB=1, alpha=0.5, beta=2.0, out="float32[N,M]"),
    row("Gemm", "float32[N,3]", "float32[3,4]", "float32[]", out="float32[N,4]"),
    row("Gemm", "float32[N,3]", "float32[3,4]", "float32[N,1]", out="float32[N,4]"),
    row("Gemm", "float32[N,3]", "float32[3,4]", "float32[4]", opset=6, broadcast=1, out="float32[N,4]", oracle="reference"),
    row("Gemm", "float32[N,3]", "float32[3,4]", "float32[N,4]", opset=1, out="float32[N,4]", oracle="published", why=NOT_RUN),
    row("Gemm", "float32[N,3]", "float32[3,4]", "float32[5]", fails="sizes 4 and 5"),
    row("Gemm", "float32[N,1,3]", "float32[3,4]", fails="a factor has 3 axes"),
    row("Gemm", "float32[N,3]", "float32[5,4]", fails="the rows of a have 3 elements, but b has 5 rows"),
    row("Det", "float32[N,3,3]", out="float32[N]"),
    row("Det", "float32[K,K]", out="float32[]"),
    row("Det", "float32[3,4]", fails="not of 3 × 4"),
]

test_rows = rows_test(ROWS)


@pytest.mark.parametrize(("op", "shapes", "attrs", "expected"), [
    ("MatMul", [(N, T, 3), (3, 4)], {}, Cost(mac=12 * N * T)), ("MatMul", [(N, 8, T, 16), (N, 8, 16, T)], {}, Cost(mac=128 * N * T * T)),
    ("MatMul", [(3,), (3,)], {}, Cost(mac=3)), ("Gemm", [(N, 3), (3, 4)], {}, Cost(mac=12 * N)),
    ("Gemm", [(N, 3), (3, 4), (4,)], {}, Cost(mac=12 * N, add=4 * N)), ("Gemm", [(N, 3), (3, 4), (4,)], {"alpha": 0.5}, Cost(mac=12 * N, add=4 * N, mul=4 * N)),
    ("Det", [(3, 3)], {}, Cost(mul=8, add=5, div=3))])
def test_cost(op: str, shapes: list[tuple[object, ...]], attrs: dict[str, float], expected: Cost) -> None:
    assert cost_of(find("", op, 13).function(*(TensorType("float32", shape) for shape in shapes), **attrs)) == expected


def test_gemm_gives_a_matrix_whatever_goes_in() -> None:
    kinds = {"a": TensorType("float32", None), "b": TensorType("float32", (3, 4))}
    report = archcheck.analyze(Graph("g", kinds, ("y",), (Node("n", "Gemm", "", ("a", "b"), ("y",), {}),), {}))
    rows, columns = report.types["y"].shape
    assert columns == 4
    assert archcheck.evaluate(rows, {}) is rows
