"""Comparison, logic and bits."""
import numpy as np
import pytest

import archcheck
from archcheck.dims import symbol
from archcheck.graph import Graph, Node, TensorType
from tests.ops._rows import row, rows_test

N, M = symbol("N"), symbol("M")
FLAGS = np.array([True, True, False, False])
OTHERS = np.array([True, False, True, False])
NUMBERS, LIMITS = np.array([1, 2, 3, np.nan], np.float32), np.array([2, 2, 2, 2], np.float32)
SPECIAL = np.array([1, np.nan, np.inf, -np.inf], np.float32)
OLD = "no oracle runs opsets before 7: the broadcasting that Broadcasting.md had then"

ROWS = [
    *(row(op, "float32[N,3,H]", "float32[3,1]", out="bool[N,3,H]") for op in ("Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual")),
    *(row(op, NUMBERS, LIMITS, out="bool[4]") for op in ("Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual")),
    *(row(op, "bool[N,3]", "bool[N,1]", out="bool[N,3]") for op in ("And", "Or", "Xor")),
    *(row(op, FLAGS, OTHERS, out="bool[4]") for op in ("And", "Or", "Xor")),
    *(row(op, "int32[N,3]", "int32[3]", out="int32[N,3]") for op in ("BitwiseAnd", "BitwiseOr", "BitwiseXor")),
    *(row(op, np.array([12, -7]), np.array([10, 5]), out="int64[2]") for op in ("BitwiseAnd", "BitwiseOr", "BitwiseXor")),
    row("Not", "bool[N,3]", out="bool[N,3]"),
    row("Not", FLAGS, out="bool[4]"),
    row("BitwiseNot", "uint8[N,3]", out="uint8[N,3]"),
    row("BitwiseNot", np.array([1, 255], np.uint8), out="uint8[2]"),
    *(row("BitShift", "uint32[N,3]", "uint32[3]", direction=side, out="uint32[N,3]") for side in ("LEFT", "RIGHT")),
    *(row("BitShift", np.array([16, 200, 3], np.uint8), np.array([1, 2, 3], np.uint8), direction=side, out="uint8[3]") for side in ("LEFT", "RIGHT")),
    row("BitShift", np.array([16, -16, -1]), np.array([2, 3, 70]), direction="RIGHT", opset=28, out="int64[3]", oracle="reference"),
    row("IsNaN", "float32[N,3]", out="bool[N,3]"),
    row("IsNaN", SPECIAL, out="bool[4]"),
    row("IsInf", "float64[N,3]", out="bool[N,3]"),
    row("IsInf", SPECIAL, out="bool[4]"),
    row("IsInf", SPECIAL, detect_negative=0, out="bool[4]"),
    row("Equal", np.array(["a", "b"], object), np.array(["a", "c"], object), out="bool[2]"),
    row("Less", "float32[N,3,4]", "float32[3]", opset=1, axis=1, broadcast=1, out="bool[N,3,4]", oracle="published", why=OLD),
    *(row(op, "int64[N,3,4]", "int64[3,4]", opset=1, broadcast=1, out="bool[N,3,4]", oracle="published", why=OLD)
      for op in ("Equal", "Greater")),
    *(row(op, "bool[N,3,4]", "bool[3]", opset=1, axis=1, broadcast=1, out="bool[N,3,4]", oracle="published", why=OLD)
      for op in ("Or", "Xor")),
    row("And", "bool[N,3,4]", "bool[N]", opset=1, axis=0, broadcast=1, out="bool[N,3,4]", oracle="published", why=OLD),
    row("BitShift", "uint8[N]", "uint8[N]", direction="UP", fails="direction is 'UP'"),
]

test_rows = rows_test(ROWS)


@pytest.mark.parametrize(("op", "a", "b", "expected"), [
    ("Equal", N, -1, False), ("Equal", N, N, True), ("Equal", N, M, None), ("Equal", N, 3, None),
    ("Less", N, N + 1, True), ("Less", N, 0, False), ("Less", N, 5, None), ("Greater", N + 1, 0, True),
    ("LessOrEqual", 0, N, True), ("LessOrEqual", N, N, True), ("GreaterOrEqual", N, 0, True), ("GreaterOrEqual", N, 2, None)])
def test_comparison_of_sizes(op: str, a: object, b: object, expected: bool | None) -> None:
    kinds = [TensorType("int64", (2,), (element, 1)) for element in (a, b)]
    report = archcheck.analyze(Graph("g", dict(zip("ab", kinds)), ("y",), (Node("n", op, "", ("a", "b"), ("y",), {}),), {}))
    assert report.types["y"].value[0] is expected


@pytest.mark.parametrize(("op", "expected"), [("And", (False, None)), ("Or", (None, True)), ("Xor", (None, None))])
def test_logic_with_an_unknown_operand(op: str, expected: tuple[bool | None, ...]) -> None:
    kinds = [TensorType("bool", (2,), value) for value in ((False, True), (None, None))]
    report = archcheck.analyze(Graph("g", dict(zip("ab", kinds)), ("y",), (Node("n", op, "", ("a", "b"), ("y",), {}),), {}))
    value = report.types["y"].value
    assert (value or (None, None)) == expected
