"""Where, NonZero, Unique, TopK."""
import numpy as np
import pytest

from archcheck.dims import bounds, is_known, symbol
from archcheck.graph import TensorType
from tests.ops._nodes import answer, ints, vector, walked
from tests.ops._rows import row, rows_test

N, M, H = map(symbol, "NMH")
GRID = np.array([[3, 0, 3], [1, 0, 1], [3, 0, 3]])
LETTERS = np.array(["b", "a", "b"], object)

ROWS = [
    row("Where", "bool[N,1]", "float32[N,3]", "float32[3]", out="float32[N, 3]"),
    row("Where", "bool[N,1,H]", "int64[]", "int64[4,1]", opset=9, out="int64[N, 4, H]"),
    row("Where", np.array([True, False]), ints(1, 2), ints(3, 4), out="int64[2]"),
    row("Where", np.array([[True], [False]]), ints(1, 2), ints(3), out="int64[2, 2]"),
    row("Where", "bool[3]", "float32[2]", "float32[2]", fails="sizes 2 and 3|sizes 3 and 2"),
    row("NonZero", "float32[N,3,H]", out="int64[3, ?]"),
    row("NonZero", GRID, out="int64[2, 6]"),
    row("NonZero", np.array([0.0, -0.5, np.nan], np.float32), opset=9, out="int64[1, 2]"),
    row("NonZero", np.zeros((2, 2), bool), out="int64[2, 0]"),
    row("NonZero", "bool[]", out="int64[?, ?]"),
    row("NonZero", "float32[0,3]", out="int64[2, 0]", at=[{}]),
    row("Unique", "float32[N,3]", out=["float32[?]", "int64[?]", "int64[3*N]", "int64[?]"]),
    row("Unique", "float32[N,3]", axis=1, out=["float32[N, ?]", "int64[?]", "int64[3]", "int64[?]"]),
    *(row("Unique", GRID, sorted=way, out=["int64[3]", "int64[3]", "int64[9]", "int64[3]"], oracle="ort") for way in (0, 1)),
    *(row("Unique", GRID, sorted=way, axis=axis, out=["int64[2, 3]" if axis == 0 else "int64[3, 2]", "int64[2]", "int64[3]", "int64[2]"], oracle="ort")
      for way in (0, 1) for axis in (0, -1)),
    row("Unique", LETTERS, out="string[2]"),
    row("TopK", "float32[N,9]", ints(3), out=["float32[N, 3]", "int64[N, 3]"]),
    row("TopK", "float32[9,N]", ints(3), axis=0, largest=0, opset=11, out=["float32[3, N]", "int64[3, N]"]),
    row("TopK", "float32[N,9]", "int64[1]", out=["float32[N, ?]", "int64[N, ?]"], data={1: ints(4)}),
    row("TopK", "float32[N,9]", ints(4), opset=10, out=["float32[N, 4]", "int64[N, 4]"]),
    row("TopK", "float32[N,9]", k=4, opset=9, out=["float32[N, 4]", "int64[N, 4]"]),
    row("TopK", "float32[9,N]", k=4, axis=0, opset=1, out=["float32[4, N]", "int64[4, N]"]),
    *(row("TopK", GRID, ints(2), axis=axis, largest=way, out=["int64[2, 3]" if axis == 0 else "int64[3, 2]"] * 2) for axis in (0, 1) for way in (0, 1)),
    row("TopK", GRID, ints(2), sorted=0, out=["int64[3, 2]"] * 2),
    row("TopK", "float32[N,3]", ints(4), out=["?", "?"], fails="4 of 3 elements are asked for"),
    row("TopK", "float32[N,9]", ints(2, 3), out=["?", "?"], fails="k holds 2 numbers, but must hold one"),
    row("TopK", "float32[N,9]", "int64[0]", out=["?", "?"], fails="k holds 0 numbers, but must hold one"),
    row("TopK", "float32[N,9]", "int64[]", out=["?", "?"], fails="k has 0 axes, but must have one"),
    row("TopK", "float32[N,9]", "int64[1,1]", opset=10, out=["?", "?"], fails="k has 2 axes, but must have one"),
]

test_rows = rows_test(ROWS)


def test_a_choice_of_sizes():
    condition = vector(False, True, None, None, dtype="bool")
    chosen = answer("Where", condition, vector(1, 1, N, 2), vector(N, M, N, 3))
    assert chosen.value == (N, 1, N, None)


@pytest.mark.parametrize(("condition", "expected"), [(True, (N, 3)), (False, None)])
def test_only_the_chosen_side_need_be_known(condition, expected):
    marks, other = vector(condition, dtype="bool"), TensorType("int64", (2,))
    assert answer("Where", marks, vector(N, 3), other).value == expected
    assert answer("Where", TensorType("bool", (1,)), vector(N, 3), other).value is None


def test_positions_of_what_is_not_zero_are_bounded():
    rows, count = answer("NonZero", TensorType("bool", (4, 5))).shape
    assert rows == 2
    assert not is_known(count)
    assert bounds(count) == (0, 20)


def test_unique_outputs_share_one_size():
    report = walked("Unique", TensorType("float32", (N,)), outputs=4)
    first, places, inverse, counts = (report.types[f"y{k}"].shape[0] for k in range(4))
    assert first is places is counts
    assert inverse is N


def test_the_largest_of_a_symbolic_number():
    report = walked("TopK", TensorType("float32", (N, 9)), vector(M), outputs=2)
    assert report.types["y0"].shape == report.types["y1"].shape == (N, M)
    assert answer("TopK", vector(N, M), vector(1), outputs=2) == TensorType("int64", (1,))
