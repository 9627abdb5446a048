"""Reshape, Flatten, Squeeze, Unsqueeze, Identity."""
import numpy as np
import pytest

from archcheck.dims import is_known, symbol, unknown
from archcheck.graph import TensorType
from archcheck.ops._op import ALL, Along, Assumption, Packed
from archcheck.ops._packing import packing
from tests.ops._nodes import answer, ints, vector, walked
from tests.ops._rows import row, rows_test

N, M, H, W = map(symbol, "NMHW")
OLD = "no oracle runs opsets before 5: the target was an attribute then"

ROWS = [
    row("Reshape", "float32[N,6]", ints(2, -1), out="float32[2, 3*N]"),
    row("Reshape", "float32[N,6]", ints(4, -1), out="float32[4, 3*N//2]", at=[{"N": 2}, {"N": 6}]),
    row("Reshape", "float32[N,6]", ints(-1, 4), out="float32[3*N//2, 4]", at=[{"N": 2}, {"N": 6}]),
    row("Reshape", "float32[N,S,768]", ints(0, 0, 12, -1), out="float32[N, S, 12, 64]", at={"N": 2, "S": 3}),
    row("Reshape", "float32[N,S,768]", ints(0, -1), out="float32[N, 768*S]", at={"N": 2, "S": 3}),
    row("Reshape", "float32[N,C,H,W]", ints(0, 0, -1), out="float32[N, C, H*W]"),
    row("Reshape", "float32[N,8,H,W]", ints(-1, 2, 2, 2), out="float32[N*H*W, 2, 2, 2]"),
    row("Reshape", "float32[N,M]", ints(-1), out="float32[N*M]"),
    row("Reshape", "float32[N,1]", ints(1, -1, 1, 1), out="float32[1, N, 1, 1]"),
    row("Reshape", "float32[1,1]", ints(), out="float32[]"),
    row("Reshape", "float32[N,4,6]", ints(0, 6, 4), out="float32[N, 6, 4]"),
    row("Reshape", "float32[N,4,6]", ints(0, 8, 3), out="float32[N, 8, 3]"),
    row("Reshape", "float32[N,2,3,4]", ints(0, 6, 2, 2), out="float32[N, 6, 2, 2]"),
    row("Reshape", "float32[4,5]", ints(0, 3), allowzero=1, fails="20 elements cannot be reshaped to 0 × 3"),
    row("Reshape", "float32[N,0,3]", ints(3, 0, 7), allowzero=1, out="float32[3, 0, 7]"),
    row("Reshape", "float32[12]", ints(5, 2), fails="12 elements cannot be reshaped to 5 × 2"),
    row("Reshape", "float32[12]", ints(5, -1), fails="12 elements cannot be reshaped to 5 × \\?: they are no multiple of 5"),
    row("Reshape", "float32[12]", ints(-1, 2, -1), fails="leaves more than one size open"),
    row("Reshape", "float32[12]", ints(-2, 6), fails="has a size of -2"),
    row("Reshape", "float32[3,4]", ints(3, 4, 0), fails="copies axis 2, but the input has 2 axes"),
    row("Reshape", "float32[0,3]", ints(0, -1), fails="any size would do"),
    row("Reshape", "float32[N,12]", "int64[3]", out="float32[?, ?, ?]", data={1: ints(-1, 3, 4)}),
    row("Reshape", "float32[N,12]", "int64[1]", out="float32[12*N]", data={1: ints(-1)}),
    row("Reshape", ints(1, 2, 3, 4), ints(2, 2), out="int64[2, 2]"),
    row("Reshape", "int32[N,6]", ints(-1, 3), opset=5, out="int32[2*N, 3]"),
    row("Reshape", "float32[N,6]", opset=1, shape=[0, 2, -1], out="float32[N, 2, 3]", oracle="published", why=OLD),
    row("Flatten", "float32[N,3,H,W]", out="float32[N, 3*H*W]"),
    row("Flatten", "float32[N,3,H,W]", axis=0, out="float32[1, 3*N*H*W]"),
    row("Flatten", "float32[N,3,H,W]", axis=4, out="float32[3*N*H*W, 1]"),
    row("Flatten", "float32[N,3,H,W]", axis=-1, out="float32[3*N*H, W]"),
    row("Flatten", "int64[N,4]", axis=1, opset=9, out="int64[N, 4]"),
    row("Flatten", "float32[N,4]", axis=3, fails="axis 3 is outside a tensor of 2 axes"),
    row("Squeeze", "float32[1,3,1,4]", out="float32[3, 4]"),
    row("Squeeze", "float32[1,N,1,M]", ints(0, -2), out="float32[N, M]"),
    row("Squeeze", "float32[1,N,1,M]", ints(0), out="float32[N, 1, M]"),
    row("Squeeze", "float32[N,M]", ints(0), out="float32[M]", at=[{"N": 1, "M": 4}]),
    row("Squeeze", "float32[3,M]", ints(0), fails="axis 0 has 3 positions and cannot be squeezed"),
    row("Squeeze", "float32[3,1,4]", "int64[1]", out="float32[3, 4]", data={1: ints(1)}),
    row("Squeeze", "float32[1,1,4]", "int64[1]", out="float32[?, ?]", data={1: ints(1)}),
    row("Squeeze", "float32[1,3,1,4]", ints(), out="float32"),
    row("Squeeze", "float32[2,3]", ints(), out="float32[2, 3]"),
    row("Squeeze", "float32[1,N,1]", axes=[0, 2], opset=11, out="float32[N]"),
    row("Squeeze", "float32[1,3,1]", opset=1, out="float32[3]", oracle="published", why="no oracle runs opset 1: as Squeeze-11"),
    row("Squeeze", ints(7).reshape(1, 1), ints(1), out="int64[1]"),
    row("Unsqueeze", "float32[N,M]", ints(0, -1), out="float32[1, N, M, 1]"),
    row("Unsqueeze", "float32[N,M]", ints(3, 0), out="float32[1, N, M, 1]"),
    row("Unsqueeze", "float32[]", ints(0), out="float32[1]"),
    row("Unsqueeze", "float32[N]", "int64[2]", out="float32[?, ?, ?]", data={1: ints(0, 1)}),
    row("Unsqueeze", "float32[N]", ints(0, 0), fails="name one axis twice"),
    row("Unsqueeze", "float32[N]", ints(3), fails="axis 3 is outside a tensor of 2 axes"),
    row("Unsqueeze", "float32[N,M]", axes=[1], opset=11, out="float32[N, 1, M]"),
    row("Unsqueeze", "float32[N,M]", axes=[1, 3], opset=1, out="float32[N, 1, M, 1]", oracle="published", why="no oracle runs opset 1: as Unsqueeze-11"),
    row("Identity", "float32[N,3]", out="float32[N, 3]"),
    row("Identity", "seq(float32)[N,3]", out="seq(float32)[N, 3]"),
    row("Identity", "bfloat16[N]", opset=13, out="bfloat16[N]"),
    row("Identity", ints(1, 2), out="int64[2]"),
    row("MemcpyFromHost", "float32[N,3]", opset=17, out="float32[N, 3]", oracle="published", why="only graphs saved with a device beside the processor have it"),
    row("MemcpyToHost", "float32[N,3]", opset=17, out="float32[N, 3]", oracle="published", why="only graphs saved with a device beside the processor have it"),
]

test_rows = rows_test(ROWS)


TARGETS = [
    ((N, 49, 96), (N, 7, 7, 96), (N, 7, 7, 96)),
    ((N, H, W), (N, H * W), (N, H * W)),
    ((N, H, W), (N * H, None), (N * H, W)),
    ((N, 12), (None, 3), (4 * N, 3)),
    ((N, 12), (unknown("somewhere"), 3), (4 * N, 3)),
    ((N, 3 * H), (N * H, 3), (N * H, 3)),
]


@pytest.mark.parametrize(("source", "target", "expected"), TARGETS)
def test_symbolic_targets(source, target, expected):
    report = walked("Reshape", TensorType("float32", source), vector(*target))
    assert report.types["y0"].shape == expected
    assert not report.failures
    assert not report.assumptions


def test_the_number_of_elements_is_assumed_where_it_is_not_decided():
    report = walked("Reshape", TensorType("float32", (N, 12)), vector(M, 6))
    assert report.types["y0"].shape == (M, 6)
    assert [assumption for _, assumption in report.assumptions] == [Assumption("equal", 12 * N, 6 * M)]


def test_divisibility_is_assumed_where_it_is_not_decided():
    report = walked("Reshape", TensorType("float32", (N, 6)), vector(4, -1))
    assert [assumption for _, assumption in report.assumptions] == [Assumption("divides", 6 * N, 4)]


def test_a_known_target_needs_nothing_of_the_input():
    unranked = TensorType("float32", None)
    assert answer("Reshape", unranked, vector(N, 6)).shape == (N, 6)
    first, second = answer("Reshape", unranked, vector(-1, 6)).shape
    assert second == 6
    assert not is_known(first)


@pytest.mark.parametrize(("op", "ndim"), [("Squeeze", 1), ("Unsqueeze", 3)])
def test_axes_that_are_sizes_leave_the_rank(op, ndim):
    shape = answer(op, TensorType("float32", (1, 3)), vector(N)).shape
    assert len(shape) == ndim


def test_squeezing_what_may_be_one_is_not_known():
    assert answer("Squeeze", TensorType("float32", (1, N))) == TensorType("float32", None)


PACKINGS = [
    ((N, 12, H), (N, 3, 4, H), (Along(0), Packed(((2, 1, 4, 1), (1, 1, 3, 4))), Along(3))),
    ((N, 3, 4, H), (N, 12, H), (Along(0), Packed(((1, 4, 3, 1),)), Packed(((1, 1, 4, 1),)), Along(2))),
    ((4, 6), (8, 3), (Packed(((0, 2, 4, 1),)), Packed(((1, 1, 3, 1), (0, 1, 2, 3))))),
    ((N, 4, 6, H), (N, 6, 4, H), (Along(0), ALL, ALL, Along(3))),
    ((N, H, W), (N, H * W), (Along(0), Packed(((1, W, H, 1),)), Packed(((1, 1, W, 1),)))),
    ((1, N), (N, 1, 1), (Packed(()), Along(0))),
]


@pytest.mark.parametrize(("source", "target", "readers"), PACKINGS)
def test_packing(source, target, readers):
    assert packing(source, target) == readers


SHAPES = [((2, 3, 4), (4, 3, 2)), ((6, 4), (2, 3, 4)), ((2, 12), (6, 4)), ((12,), (2, 3, 2)), ((4, 9), (6, 6)),
          ((2, 2, 2, 2), (4, 4)), ((3, 8), (3, 2, 2, 2)), ((5, 1, 4), (20, 1)), ((2, 6, 5), (2, 2, 15))]


@pytest.mark.parametrize(("source", "target"), SHAPES)
def test_packing_names_the_positions_that_are_read(source, target):
    flat = np.arange(np.prod(source)).reshape(target)
    for place in np.ndindex(*target):
        read = np.unravel_index(flat[place], source)
        for reader, position in zip(packing(source, target), read, strict=True):
            assert position in positions(reader, place, source)


def positions(reader, place, source):
    if reader is ALL:
        return range(max(source))
    if isinstance(reader, Along):
        return [place[reader.axis]]
    return [sum(place[axis] // divisor % size * weight for axis, divisor, size, weight in reader.parts)]
