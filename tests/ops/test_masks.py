"""OneHot, Trilu, Compress, ReverseSequence."""
import numpy as np

from archcheck.dims import bounds, is_known, symbol
from archcheck.graph import TensorType
from tests.ops._nodes import answer, ints
from tests.ops._rows import row, rows_test

N = symbol("N")
SQUARE = np.arange(1, 17).reshape(4, 4)
OFF_ON = np.array([0, 1], np.float32)

ROWS = [
    row("OneHot", "int64[N,3]", np.array(10), "float32[2]", out="float32[N, 3, 10]"),
    row("OneHot", "int64[N,3]", ints(10), OFF_ON, axis=1, opset=9, out="float32[N, 10, 3]"),
    row("OneHot", "float32[N]", np.array(4.0, np.float32), "int64[2]", axis=0, out="int64[4, N]"),
    row("OneHot", "int64[N]", "int64[1]", OFF_ON, out="float32[N, ?]", data={1: ints(5)}),
    row("OneHot", ints(0, 2, -1, 7), np.array(3), OFF_ON, out="float32[4, 3]"),
    row("OneHot", ints(0, 2, -1, 7), np.array(3), OFF_ON, axis=0, out="float32[3, 4]"),
    row("OneHot", "int64[N]", np.array(-3), OFF_ON, fails="the new axis has a size of -3"),
    row("OneHot", "int64[N]", np.array(3), OFF_ON, axis=2, fails="axis 2 is outside a tensor of 2 axes"),
    row("Trilu", "float32[N,H,W]", out="float32[N, H, W]"),
    *(row("Trilu", SQUARE, np.array(k), upper=upper, out="int64[4, 4]") for k in (-1, 0, 2) for upper in (0, 1)),
    row("Trilu", SQUARE[:2].astype(np.float32), upper=0, out="float32[2, 4]"),
    row("Trilu", "float32[N]", fails="a triangle needs two axes, but the input has 1"),
    row("Compress", "float32[N,5]", np.array([True, False, True, False, True]), axis=1, out="float32[N, 3]"),
    row("Compress", "float32[N,5]", np.array([True, False]), axis=-1, out="float32[N, 1]"),
    row("Compress", "float32[N,5]", np.array([True, False, True]), out="float32[2]", at={"N": 3}),
    row("Compress", "float32[N,5]", "bool[4]", axis=1, out="float32[N, ?]"),
    row("Compress", "float32[N,5]", "bool[6]", opset=9, out="float32[?]", at={"N": 3}),
    row("Compress", SQUARE, np.array([False, True, True]), axis=1, out="int64[4, 2]"),
    row("Compress", SQUARE, np.array([False, True, True]), out="int64[2]"),
    row("Compress", SQUARE, np.array([False, False]), axis=0, out="int64[0, 4]"),
    row("Compress", "float32[2]", np.array([False, False, True]), axis=0, fails="picks position 2, but there are 2", oracle="published", why="ONNX Runtime ignores it"),
    row("ReverseSequence", "float32[T,N,3]", "int64[N]", out="float32[T, N, 3]", at={"T": 4}),
    row("ReverseSequence", "float32[N,T]", "int64[N]", time_axis=1, batch_axis=0, out="float32[N, T]", at={"T": 4}),
    row("ReverseSequence", "float32[4,3]", "int64[2]", fails="2 lengths are given for a batch of 3"),
]

test_rows = rows_test(ROWS)


def test_what_a_mask_leaves_is_at_most_as_much_as_there_is():
    size, = answer("Compress", TensorType("float32", (N, 7)), TensorType("bool", (12,))).shape
    assert not is_known(size)
    assert bounds(size) == (0, 12)


def test_one_hot_of_a_symbolic_depth():
    depth, marks = TensorType("int64", (), (N,)), TensorType("float32", (2,))
    assert answer("OneHot", TensorType("int64", (3,)), depth, marks).shape == (3, N)
