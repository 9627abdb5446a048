"""Transpose, Expand, Tile, Concat, Split."""
import numpy as np
import pytest

from archcheck.dims import is_known, symbol
from archcheck.graph import TensorType
from archcheck.ops._op import Assumption
from tests.ops._nodes import answer, ints, vector, walked
from tests.ops._rows import row, rows_test

N, M = symbol("N"), symbol("M")
OLD = "no oracle runs opset {}"

ROWS = [
    row("Transpose", "float32[N,3,H,W]", perm=[0, 2, 3, 1], out="float32[N, H, W, 3]"),
    row("Transpose", "float32[N,3,H,W]", out="float32[W, H, 3, N]"),
    row("Transpose", "float32[]", out="float32[]"),
    row("Transpose", "int64[2,3,4]", perm=[2, 0, 1], out="int64[4, 2, 3]"),
    row("Transpose", "int64[0,3]", out="int64[3, 0]"),
    row("Transpose", "float32[N,3]", perm=[0, 2], fails="perm \\[0, 2\\] is no order of 2 axes"),
    row("Transpose", "float32[N,3]", perm=[0], fails="perm \\[0\\] is no order of 2 axes"),
    row("Transpose", "float32[N,3]", perm=[1, 0], opset=1, out="float32[3, N]", oracle="published", why=OLD.format(1)),
    row("Expand", "float32[N,1,3]", ints(1, 4, 1), out="float32[N, 4, 3]"),
    row("Expand", "float32[N,3]", ints(2, 1, 3), out="float32[2, N, 3]"),
    row("Expand", "float32[1,N]", ints(7, 1), opset=8, out="float32[7, N]"),
    row("Expand", "float32[3,1]", "int64[2]", out="float32[3, ?]", data={1: ints(3, 4)}),
    row("Expand", "float32[N]", ints(), out="float32[N]"),
    row("Expand", "int64[2,1]", ints(2, 2, 3), out="int64[2, 2, 3]"),
    row("Expand", "float32[3]", ints(4), fails="sizes 3 and 4 of one axis do not broadcast"),
    row("Expand", "float32[1]", ints(-3), fails="the shape to expand to has a size of -3"),
    row("Tile", "float32[N,3,H]", ints(2, 1, 3), out="float32[2*N, 3, 3*H]"),
    row("Tile", "int64[2,3]", ints(2, 2), out="int64[4, 6]"),
    row("Tile", "float32[N,3]", ints(0, 1), out="float32[0, 3]"),
    row("Tile", "float32[2,0]", "int64[2]", out="float32[?, 0]", data={1: ints(2, 3)}),
    row("Tile", "float32[N,3]", ints(2, 2), opset=6, out="float32[2*N, 6]"),
    row("Tile", "float32[N,3]", ints(2), fails="1 numbers of repeats are given for 2 axes"),
    row("Tile", "float32[N,3]", ints(-1, 2), fails="cannot be repeated -1 times"),
    row("Tile", "float32[N,3]", np.array(4), np.array(0), opset=1, out="float32[4*N, 3]", oracle="published", why=OLD.format(1)),
    row("Concat", "float32[N,3,H]", "float32[N,5,H]", "float32[N,C,H]", axis=1, out="float32[N, C + 8, H]"),
    row("Concat", "float32[N,3]", "float32[M,3]", axis=-2, out="float32[M + N, 3]"),
    row("Concat", "float32[N,3]", "float32[4,M]", axis=1, out="float32[4, M + 3]", at=[{"N": 4, "M": 2}]),
    row("Concat", "float32[N,3]", axis=0, opset=4, out="float32[N, 3]"),
    row("Concat", "int64[2,1]", "int64[2,2]", axis=1, out="int64[2, 3]"),
    row("Concat", ints(1, 2), "int64[2]", ints(), axis=0, out="int64[4]"),
    row("Concat", "float32[N,3]", "float32[N,4]", axis=0, fails="axis 1 is 3, but 4 in input 1"),
    row("Concat", "float32[N,3]", "float32[N]", axis=0, fails="inputs of 2 and of 1 axes cannot be joined"),
    row("Concat", "float32[N,3]", "float32[N,3]", axis=2, fails="axis 2 is outside a tensor of 2 axes"),
    row("Concat", "float32[N,3]", "float32[N,4]", opset=1, out="float32[N, 7]", oracle="published", why=OLD.format(1)),
    row("Split", "float32[N,6]", axis=1, num_outputs=3, out=["float32[N, 2]"] * 3),
    row("Split", "float32[N,7]", axis=1, num_outputs=3, out=["float32[N, 3]", "float32[N, 3]", "float32[N, 1]"]),
    row("Split", "float32[N,3]", num_outputs=2, out=["float32[(N + 1)//2, 3]", "float32[N//2, 3]"]),
    row("Split", "float32[N,7]", ints(2, 5), axis=-1, out=["float32[N, 2]", "float32[N, 5]"]),
    row("Split", "float32[N,7]", "int64[2]", axis=1, out=["float32[N, ?]", "float32[N, ?]"], data={1: ints(3, 4)}),
    row("Split", "float32[N,7]", "int64[1]", axis=1, out="float32[N, 7]", data={1: ints(7)}),
    row("Split", "int64[5]", ints(2, 0, 3), out=["int64[2]", "int64[0]", "int64[3]"]),
    row("Split", "float32[N,6]", axis=1, opset=13, out=["float32[N, 3]", "float32[N, 3]"]),
    row("Split", "float32[N,6]", split=[2, 4], axis=1, opset=2, out=["float32[N, 2]", "float32[N, 4]"]),
    row("Split", "float32[N,6]", axis=1, opset=2, out=["float32[N, 3]", "float32[N, 3]"]),
    row("Split", "float32[N,6]", opset=11, out=["float32[N//2, 6]", "float32[N//2, 6]"], at=[{"N": 4}, {"N": 10}]),
    row("Split", "float32[6,N]", ints(1, 5), opset=1, out=["float32[1, N]", "float32[5, N]"], oracle="published", why=OLD.format(1)),
    row("Split", "float32[6,N]", split=[1, 5], axis=0, opset=1, out=["float32[1, N]", "float32[5, N]"], oracle="published", why=OLD.format(1)),
    row("Split", "float32[N,7]", axis=1, opset=13, out=["float32[N, 3]", "float32[N, 3]"], fails="7 positions cannot be cut into 2 equal parts"),
    row("Split", "float32[N,7]", ints(2, 4), axis=1, out=["?", "?"], fails="parts of \\[2, 4\\] are 6 together, but the axis has 7"),
    row("Split", "float32[N,7]", ints(8, -1), axis=1, out=["?", "?"], fails="a part has a size of -1"),
    row("Split", "float32[N,2]", axis=1, num_outputs=5, out=["?"] * 5, fails="2 positions cannot be cut into 5 parts"),
]

test_rows = rows_test(ROWS)


def test_values_are_joined_in_part():
    joined = answer("Concat", vector(N, 3), TensorType("int64", (2,)), vector(M), axis=0)
    assert joined == TensorType("int64", (5,), (N, 3, None, None, M))


def test_values_of_more_axes_are_joined_and_turned():
    left = TensorType("int64", (2, 1), (1, N))
    joined = answer("Concat", left, TensorType("int64", (2, 2), (3, 4, 5, M)), axis=1)
    assert joined == TensorType("int64", (2, 3), (1, 3, 4, N, 5, M))
    assert answer("Transpose", joined) == TensorType("int64", (3, 2), (1, N, 3, 5, 4, M))


def test_a_vector_of_sizes_is_split():
    report = walked("Split", vector(N, 3, M), vector(1, 2), outputs=2)
    assert report.types["y0"].value == (N,)
    assert report.types["y1"].value == (3, M)


def test_the_one_part_that_is_not_known_is_the_rest():
    report = walked("Split", TensorType("float32", (N, 8)), vector(3, None), outputs=2, axis=1)
    assert report.types["y1"].shape == (N, 5)


def test_inputs_of_unknown_rank_leave_the_others_known():
    joined = answer("Concat", TensorType("float32", None), TensorType("float32", (N, 3)), axis=0)
    assert joined.shape[1] == 3
    assert not is_known(joined.shape[0])
    assert answer("Concat", TensorType("float32", None), axis=0) == TensorType("float32", None)


EXPANSIONS = [((N, N), (1, N), (N, N)), ((1, N), (M, 1), (M, N)), ((N, M), (3, 1, 1), (3, N, M))]


@pytest.mark.parametrize(("source", "target", "expected"), EXPANSIONS)
def test_expanding_to_symbolic_sizes(source, target, expected):
    assert answer("Expand", TensorType("float32", source), vector(*target)).shape == expected


def test_expanding_to_a_size_that_is_not_known():
    first, second, third = answer("Expand", TensorType("float32", (5, N, 1)), vector(None, None, M)).shape
    assert (first, third) == (5, M)
    assert not is_known(second)


def test_joining_assumes_equal_sizes_and_keeps_the_better_known():
    report = walked("Concat", TensorType("float32", (N, M)), TensorType("float32", (4, 3)), axis=1)
    assert report.types["y0"].shape == (4, M + 3)
    assert [assumption for _, assumption in report.assumptions] == [Assumption("equal", N, 4)]
