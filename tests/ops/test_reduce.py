"""Reductions, places of extremes, running sums."""
import numpy as np
import pytest

import archcheck
from archcheck.dims import maximum, symbol
from archcheck.elements import Ratio
from archcheck.graph import Graph, Literal, Node, TensorType
from tests.ops._rows import row, rows_test

N, M = symbol("N"), symbol("M")
OPS = ("ReduceSum", "ReduceMean", "ReduceProd", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp")
NOT_EMPTY = {}  # ONNX Runtime 1.31 leaves a negative axis of size 0 in its place
TABLE = np.array([[1, 2, 3], [6, 5, 4]])

ROWS = [
    *(row(op, "float32[N,3,H]", np.array([1]), out="float32[N,1,H]") for op in OPS),
    *(row(op, "float32[N,3,H]", np.array([-1, 0]), keepdims=0, out="float32[3]", at=NOT_EMPTY) for op in OPS),
    *(row(op, "float32[N,3,H]", axes=[1], keepdims=0, opset=11, out="float32[N,H]") for op in OPS),
    *(row(op, "float32[N,3,H]", out="float32[1,1,1]") for op in OPS),
    row("ReduceSum", "float32[N,3,H]", keepdims=0, out="float32[]"),
    row("ReduceSum", "float32[N,3,H]", noop_with_empty_axes=1, out="float32[N,3,H]"),
    row("ReduceSum", "float32[N,3,H]", np.array([], np.int64), noop_with_empty_axes=1, out="float32[N,3,H]"),
    row("ReduceSum", "float32[N,3,H]", np.array([], np.int64), out="float32[1,1,1]"),
    row("ReduceSum", "float32[]", np.array([0]), keepdims=0, fails="axis 0 is outside a tensor of 0 axes"),
    row("ReduceSum", "float32[N,3,H]", "int64[1]", keepdims=0, out="float32[?,?]", data={1: np.array([2])}),
    row("ReduceSum", "float32[N,1,H]", "int64[2]", out="float32[?,1,?]", data={1: np.array([2, 0])}),
    row("ReduceSum", "float32[N,3]", "int64[2]", out="float32[1,1]", data={1: np.array([1, 0])}),
    *(row(op, TABLE, np.array([1]), keepdims=0, out="int64[2]") for op in ("ReduceSum", "ReduceProd", "ReduceMax", "ReduceMin")),
    *(row(op, TABLE.astype(np.float32), np.array([0]), out="float32[1,3]") for op in ("ReduceSum", "ReduceProd", "ReduceMax", "ReduceMin", "ReduceMean")),
    row("ReduceMean", np.array([-3, -4]), out="int64[1]"),
    row("ReduceMax", np.array([[True, False], [False, False]]), np.array([1]), opset=20, out="bool[2,1]"),
    row("ReduceSum", np.zeros((2, 0, 3), np.float32), np.array([1]), out="float32[2,1,3]"),
    row("ReduceSum", "float32[N,3]", np.array([2]), fails="axis 2 is outside a tensor of 2 axes"),
    *(row(op, "float32[N,3,H]", axis=1, out="int64[N,1,H]") for op in ("ArgMax", "ArgMin")),
    *(row(op, "float32[N,3,H]", axis=-1, keepdims=0, out="int64[N,3]", at=NOT_EMPTY) for op in ("ArgMax", "ArgMin")),
    *(row(op, np.array([[3, 1, 3], [1, 1, 2]], np.float32), axis=1, select_last_index=last, out="int64[2,1]") for op in ("ArgMax", "ArgMin") for last in (0, 1)),
    row("ArgMax", "float32[N,3]", opset=1, out="int64[1,3]", oracle="reference"),
    row("CumSum", "float32[N,3]", np.array(0), out="float32[N,3]"),
    *(row("CumSum", TABLE, np.array(axis), exclusive=exclusive, reverse=reverse, out="int64[2,3]") for axis in (0, -1) for exclusive in (0, 1) for reverse in (0, 1)),
    row("CumSum", "int32[N,3]", "int32[]", out="int32[N,3]", data={1: np.array(1, np.int32)}),
    row("CumProd", "float32[N,3]", np.array(1), opset=26, reverse=1, out="float32[N,3]", oracle="reference"),
    *(row("CumProd", TABLE, np.array(1), opset=26, exclusive=exclusive, out="int64[2,3]", oracle="reference") for exclusive in (0, 1)),
]

test_rows = rows_test(ROWS)


def value(op: str, dtype: str, elements: tuple[object, ...], **attrs: object) -> object:
    kind = TensorType(dtype, (len(elements),), elements)
    report = archcheck.analyze(Graph("g", {"x": kind}, ("y",), (Node("n", op, "", ("x",), ("y",), attrs),), {}))
    found = report.types["y"].value
    return found and found[0]


@pytest.mark.parametrize(("op", "dtype", "elements", "expected"), [
    ("ReduceProd", "int64", (N, 3, M), 3 * N * M), ("ReduceSum", "int64", (N, 3), N + 3), ("ReduceMax", "int64", (N, M), maximum(N, M)),
    ("ReduceMin", "int64", (N, N + 1), N), ("ReduceMean", "float32", (N, N + 1), Ratio(2 * N + 1, 2)), ("ReduceSum", "int64", (N, None), None),
    ("ReduceSum", "float32", (0.1, 0.2, 0.3), None), ("ReduceSum", "float32", (0.5, 0.25, 3.0), 3.75), ("ArgMax", "int64", (N, N + 1), None)])
def test_reductions_of_sizes(op: str, dtype: str, elements: tuple[object, ...], expected: object) -> None:
    assert value(op, dtype, elements) == expected


def test_elements_that_cannot_be_read_are_not_taken_for_none() -> None:
    kind = TensorType("int64", (2,), Literal(lambda: None))
    report = archcheck.analyze(Graph("g", {"x": kind}, ("y",), (Node("n", "ReduceSum", "", ("x",), ("y",), {}),), {}))
    assert report.types["y"] == TensorType("int64", (1,))
