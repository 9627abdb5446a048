"""Arithmetic, and what broadcasts with what."""
import numpy as np
import pytest

import archcheck
from archcheck.dims import bcast, maximum, symbol
from archcheck.elements import Ratio
from archcheck.graph import Graph, Node, TensorType
from archcheck.ops._op import Assumption, ShapeError, alike, here
from archcheck.ops.pointwise import broadcast_shapes
from tests.ops._rows import row, rows_test

N, M, H = symbol("N"), symbol("M"), symbol("H")
OLD = "no oracle runs opsets before 7: the broadcasting that Broadcasting.md had then"

ROWS = [
    *(row(op, "float32[N,3,H,W]", "float32[N,3,H,W]", out="float32[N,3,H,W]") for op in ("Add", "Sub", "Mul", "Div")),
    *(row(op, "int64[N,3]", "int64[3]", out="int64[N,3]") for op in ("Add", "Sub", "Mul", "Div", "Mod", "Pow")),
    row("Add", "float32[N,3,H,W]", "float32[3,1,1]", out="float32[N,3,H,W]"),
    row("Add", "float32[1,3,H,1]", "float32[N,1,1,W]", out="float32[N,3,H,W]"),
    row("Add", "float32[]", "float32[N,3]", out="float32[N,3]"),
    row("Mul", "float32[N,C]", "float32[M,C]", out="float32[bcast(N,M),C]", at=[{"N": 5, "M": 5, "C": 3}, {"N": 1, "M": 4, "C": 3}, {"N": 6, "M": 1, "C": 2}]),
    row("Mul", "float32[N,C]", "float32[4,C]", out="float32[4,C]", at=[{"N": 4, "C": 3}, {"N": 1, "C": 2}]),
    row("Sub", "float32[N,C]", "float32[0,C]", out="float32[0,C]", at=[{"N": 0, "C": 3}, {"N": 1, "C": 2}]),
    row("Div", "float16[N]", "float16[1]", out="float16[N]"),
    row("Sub", "uint8[N]", "uint8[N]", out="uint8[N]"),
    row("Mod", "float32[N,3]", "float32[3]", fmod=1, out="float32[N,3]"),
    row("Mod", np.array([-7, 7, -7, 7]), np.array([3, -3, -3, 3]), out="int64[4]"),
    row("Mod", np.array([-7, 7, -7, 7]), np.array([3, -3, -3, 3]), fmod=1, out="int64[4]"),
    row("Div", np.array([-7, 7, -7, 7]), np.array([3, -3, -3, 3]), out="int64[4]"),
    row("Pow", np.array([2, 3, -2, 5]), np.array([3, 2, 3, 0]), out="int64[4]"),
    row("Pow", np.array([196, 2, 0.5], np.float32), np.array([0.5, -1, 3], np.float32), out="float32[3]"),
    row("Pow", "float32[N]", "int64[]", out="float32[N]"),
    row("Sum", "float32[N,3]", "float32[3]", "float32[N,1]", out="float32[N,3]"),
    row("Sum", "float32[N,3]", out="float32[N,3]"),
    row("Mean", "float32[N,3]", "float32[3]", "float32[1,3]", out="float32[N,3]"),
    row("Mean", np.array([1, 2], np.float32), np.array([2, 4], np.float32), out="float32[2]"),
    row("Max", "int32[N,3]", "int32[3]", out="int32[N,3]"),
    row("Min", "float64[N,3]", "float64[]", out="float64[N,3]"),
    row("Max", np.array([1, np.nan], np.float32), np.array([2, 3], np.float32), out="float32[2]"),
    row("Clip", "float32[N,H]", np.array(0, np.float32), np.array(6, np.float32), out="float32[N,H]"),
    row("Clip", "float32[N,H]", None, "float32[]", out="float32[N,H]"),
    row("Clip", "int8[N,H]", "int8[]", out="int8[N,H]"),
    row("Clip", np.array([-1, 3, 9]), np.array(5), np.array(4), out="int64[3]"),
    row("Clip", "float32[N,H]", opset=6, min=0.0, max=6.0, out="float32[N,H]", oracle="reference"),
    row("Clip", np.array([-1, 3, 9], np.float32), opset=6, max=6.0, out="float32[3]", oracle="reference"),
    row("Add", "float32[N,3,H,W]", "float32[3]", opset=6, axis=1, broadcast=1, out="float32[N,3,H,W]", oracle="published", why=OLD),
    row("Mul", "float32[2,3,4,5]", "float32[3,4]", opset=1, axis=1, broadcast=1, out="float32[2,3,4,5]", oracle="published", why=OLD),
    row("Div", "float32[N,3,4]", "float32[1]", opset=6, broadcast=1, out="float32[N,3,4]", oracle="published", why=OLD),
    row("Sub", "float32[2,3,4,5]", "float32[4,5]", opset=6, broadcast=1, out="float32[2,3,4,5]", oracle="published", why=OLD),
    row("Pow", "float32[2,3]", "float32[2]", opset=1, axis=0, broadcast=1, out="float32[2,3]", oracle="published", why=OLD),
    row("Sum", "float32[N,3]", "float32[N,3]", opset=6, out="float32[N,3]", oracle="published", why="no oracle runs opset 6: no broadcasting"),
    row("Add", "float32[2,3]", "float32[4]", fails="sizes 3 and 4 of one axis do not broadcast"),
    row("Add", "float32[N+2,3]", "float32[N+3,3]", fails="N \\+ 2 and N \\+ 3 of one axis do not broadcast"),
]

test_rows = rows_test(ROWS)


def added(a: TensorType, b: TensorType) -> archcheck.Report:
    return archcheck.analyze(Graph("g", {"a": a, "b": b}, ("y",), (Node("add", "Add", "", ("a", "b"), ("y",), {}),), {}))


def test_sizes_that_differ_only_below_zero_are_one():
    clamped = maximum((N - 8) // 3, 0)
    assert broadcast_shapes((clamped,), ((N - 8) // 3,)) == ((N - 8) // 3,)
    assert alike(clamped, (N - 8) // 3) and alike(N - 1, M) is None
    assert not here.assumed


def test_what_broadcasting_had_to_believe_is_recorded() -> None:
    report = added(TensorType("float32", (N, 3)), TensorType("float32", (M, 3)))
    assert report.types["y"].shape == (bcast(N, M), 3)
    assert [assumption for _, assumption in report.assumptions] == [Assumption("broadcast", N, M)]


def test_equal_sizes_need_no_assumption() -> None:
    report = added(TensorType("float32", (N, 3)), TensorType("float32", (N, 3)))
    assert report.types["y"].shape == (N, 3)
    assert not report.assumptions


def test_a_scalar_does_not_give_its_rank_to_an_unknown_one() -> None:
    for a, b in ((None, ()), ((), None), (None, (3,))):
        assert added(TensorType("float32", a), TensorType("float32", b)).types["y"] == TensorType("float32", None)


@pytest.mark.parametrize(("op", "expected"), [
    ("Add", N + 4), ("Sub", N - 4), ("Mul", N * 4), ("Div", N // 4), ("Mod", N % 4), ("Pow", N * N * N * N)])
def test_arithmetic_of_sizes(op: str, expected: object) -> None:
    kinds = TensorType("int64", (1,), (N,)), TensorType("int64", (1,), (4,))
    report = archcheck.analyze(Graph("g", dict(zip("ab", kinds)), ("y",), (Node("n", op, "", ("a", "b"), ("y",), {}),), {}))
    assert report.types["y"].value == (expected,)


def test_division_of_floats_keeps_the_quotient() -> None:
    kinds = TensorType("float32", (1,), (N,)), TensorType("float32", (1,), (4.0,))
    report = archcheck.analyze(Graph("g", dict(zip("ab", kinds)), ("y",), (Node("n", "Div", "", ("a", "b"), ("y",), {}),), {}))
    assert report.types["y"].value == (Ratio(N, 4),)


def test_impossible_broadcasts() -> None:
    with pytest.raises(ShapeError, match="sizes 2 and 3"):
        broadcast_shapes((2, H), (3, H))
    here.assumed.clear()
    assert broadcast_shapes((N, 1), (3,), (M, 1, 1)) == (M, N, 3)
