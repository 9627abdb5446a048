"""Rounding, roots, exponentials, trigonometry."""
import numpy as np
import pytest

import archcheck
from archcheck.dims import symbol
from archcheck.elements import Ratio
from archcheck.graph import Graph, Node, TensorType
from tests.ops._rows import row, rows_test

N = symbol("N")
ROUNDED = np.array([-1.5, -0.5, 0.5, 1.5, 2.5, 2.7], np.float32)

ROWS = [
    *(row(op, "float32[N,3,H]", out="float32[N,3,H]") for op in (
        "Abs", "Neg", "Sign", "Floor", "Ceil", "Round", "Reciprocal", "Sqrt", "Exp", "Log", "Erf", "Sin", "Cos", "Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Asinh", "Acosh", "Atanh", "Tanh")),
    *(row(op, ROUNDED, out="float32[6]") for op in ("Abs", "Neg", "Sign", "Floor", "Ceil", "Round", "Reciprocal")),
    *(row(op, np.array([0, 1], np.float32), out="float32[2]") for op in ("Sqrt", "Exp", "Log", "Erf", "Sin", "Cos", "Acos", "Acosh", "Atanh", "Tanh")),
    row("Sqrt", np.array([2, 196, 0.25], np.float32), out="float32[3]"),
    row("Abs", np.array([-3, 4]), out="int64[2]"),
    row("Neg", "int8[N]", out="int8[N]"),
    row("Sign", np.array([-3, 0, 4]), out="int64[3]"),
    row("Floor", "float16[N]", out="float16[N]"),
    row("Exp", "float32[N,3]", opset=6, out="float32[N,3]", oracle="reference"),
    row("Sqrt", "float64[N,3]", opset=1, out="float64[N,3]", oracle="published", why="no oracle runs opset 1: element by element"),
]

test_rows = rows_test(ROWS)


@pytest.mark.parametrize(("op", "element", "expected"), [
    ("Floor", Ratio(N, 4), N // 4), ("Ceil", Ratio(N, 4), (N + 3) // 4), ("Round", N, N), ("Round", Ratio(N, 2), None), ("Neg", N, -N),
    ("Abs", N, N), ("Abs", -N, N), ("Sign", N + 1, 1), ("Sign", N, None), ("Reciprocal", N, Ratio(1, N)), ("Sqrt", N, None), ("Exp", 2.0, None)])
def test_sizes_held_in_floats(op: str, element: object, expected: object) -> None:
    kind = TensorType("float32", (), (element,))
    report = archcheck.analyze(Graph("g", {"x": kind}, ("y",), (Node("n", op, "", ("x",), ("y",), {}),), {}))
    assert (report.types["y"].value or (None,)) == (expected,)
