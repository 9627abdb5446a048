"""Gathers and scatters."""
import numpy as np
import pytest

from archcheck.dims import symbol
from archcheck.graph import TensorType
from tests.ops._nodes import answer, ints, vector
from tests.ops._rows import row, rows_test

N, M, H, W = map(symbol, "NMHW")


CUBE = np.arange(24).reshape(2, 3, 4)

ROWS = [
    row("Gather", "float32[30,H]", "int64[N,S]", out="float32[N, S, H]"),
    row("Gather", "float32[N,30,H]", "int64[S]", axis=1, out="float32[N, S, H]"),
    row("Gather", "float32[N,30,H]", np.array(-1), axis=1, out="float32[N, H]"),
    row("Gather", "float32[N,30]", ints(3, -3, 0), axis=-1, out="float32[N, 3]"),
    row("Gather", "float32[N,30]", "int32[2,0]", axis=1, opset=1, out="float32[N, 2, 0]", oracle="published", why="no oracle runs opset 1: as Gather-11"),
    row("Gather", CUBE, ints(1, -1), axis=2, out="int64[2, 3, 2]"),
    row("Gather", CUBE, np.array([[0, 1], [1, 0]]), axis=0, out="int64[2, 2, 3, 4]"),
    row("Gather", ints(1, 2, 3), np.array(3), fails="index 3 is outside axis 0, which has 3 positions"),
    row("Gather", "float32[N,3]", np.array(0), axis=2, fails="axis 2 is outside a tensor of 2 axes"),
    row("GatherElements", "float32[4,H]", "int64[N,H]", axis=0, out="float32[N, H]"),
    row("GatherElements", CUBE, np.array([[[0, -1], [3, 1]]]), axis=2, out="int64[1, 2, 2]"),
    row("GatherElements", CUBE, np.full((2, 3, 1), 4), axis=2, fails="index 4 is outside axis 2, which has 4 positions"),
    row("GatherElements", "float32[4,3]", "int64[4]", fails="the data have 2 axes, but their indices 1"),
    row("GatherND", "float32[5,6,H]", "int64[N,2]", out="float32[N, H]"),
    row("GatherND", "float32[5,6,H]", "int64[N,3,1]", out="float32[N, 3, 6, H]"),
    row("GatherND", "float32[N,6,H]", "int64[N,3,1]", batch_dims=1, out="float32[N, 3, H]"),
    row("GatherND", CUBE, np.array([[0, 1], [-1, 2]]), out="int64[2, 4]"),
    row("GatherND", CUBE, np.array([[1]]), batch_dims=0, opset=11, out="int64[1, 3, 4]"),
    row("GatherND", CUBE, np.array([[0, -4]]), fails="index -4 is outside axis 1, which has 3 positions"),
    row("GatherND", "float32[5,6]", "int64[N,3]", fails="the indices name 3 axes after 0, but the data have 2"),
    row("ScatterElements", "float32[5,H]", "int64[3,H]", "float32[3,H]", axis=0, out="float32[5, H]"),
    row("ScatterElements", ints(1, 2, 3, 4), ints(1, -1), ints(7, 8), out="int64[4]"),
    *(row("ScatterElements", CUBE, np.array([[[1, 0]]]), np.array([[[7, 8]]]), axis=2, reduction=how, out="int64[2, 3, 4]")
      for how in ("none", "add", "mul", "max", "min")),
    row("ScatterElements", "float32[5,6]", "int64[3,2]", "float32[3,4]", fails="axis 1 is 2 in the indices, but 4 in the updates"),
    row("Scatter", "float32[5,H]", "int64[3,H]", "float32[3,H]", axis=0, opset=9, out="float32[5, H]"),
    row("ScatterND", "float32[5,6,H]", "int64[N,2]", "float32[N,H]", out="float32[5, 6, H]"),
    row("ScatterND", ints(1, 1, 1, 1), np.array([[0], [3]]), ints(5, 6), out="int64[4]"),
    *(row("ScatterND", CUBE, np.array([[1, 0], [0, -1]]), 10 * CUBE[0, :2], reduction=how, out="int64[2, 3, 4]")
      for how in ("none", "add", "mul", "max", "min")),
    row("ScatterND", ints(1, 2), np.array([[0, 1]]), ints(5), fails="the indices name 2 axes, but the data have 1"),
    row("ScatterND", ints(1, 2), np.array([[2]]), ints(5), fails="index 2 is outside axis 0, which has 2 positions"),
    row("ScatterND", "float32[5]", np.array([[0]]), "float32[1]", reduction="median", fails="reduction is 'median', not one of none, add", oracle="published", why="ONNX Runtime takes it for none"),
    row("TensorScatter", "float32[N,3,20,8]", "float32[N,3,4,8]", "int64[N]", opset=24, out="float32[N, 3, 20, 8]", oracle="reference"),
    row("TensorScatter", "float32[N,20,8]", "float32[N,4,8]", axis=1, opset=24, out="float32[N, 20, 8]", oracle="reference"),
]

test_rows = rows_test(ROWS)


def test_sizes_are_gathered_in_part():
    shape = vector(N, None, M)
    assert answer("Gather", shape, TensorType("int64", (), (0,))) == TensorType("int64", (), (N,))
    assert answer("Gather", shape, TensorType("int64", (), (1,))) == TensorType("int64", ())
    assert answer("Gather", shape, vector(-1, None, 0)).value == (M, None, N)


def test_sizes_are_written_into_a_shape():
    written = answer("ScatterND", vector(N, 3, H), TensorType("int64", (1, 1), (2,)), vector(W))
    assert written.value == (N, 3, W)
    assert answer("ScatterElements", vector(N, 3), vector(0), vector(None)).value == (None, 3)
    assert answer("ScatterElements", vector(N, 3), TensorType("int64", (1,)), vector(4)).value is None


def test_what_is_written_over_need_not_be_known():
    data = TensorType("int64", (3,))
    assert answer("ScatterElements", data, vector(1, 2), vector(N, 5)).value == (None, N, 5)


@pytest.mark.parametrize("op", ["ScatterND", "ScatterElements"])
def test_scatters_keep_the_shape_whatever_the_others_are(op):
    data, rest = TensorType("float32", (N, 3)), TensorType("int64", None)
    assert answer(op, data, rest, rest).shape == (N, 3)
