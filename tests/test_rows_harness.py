"""The harness of the operator tables runs every kind of row, and catches every kind of wrong answer."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from onnx import GraphProto, TensorProto, helper

from archcheck.dims import counted, symbol, unknown
from archcheck.elements import Ratio
from archcheck.graph import TensorType
from archcheck.ops import ALL, Along, Cost, Effect, Packed, Picked, Prefix, Spread
from tests.ops import _oracles, _ort, _reach
from tests.ops._rows import Row, Spec, check, disagreement, row, rows_test


def body(op: str, *reads: str) -> GraphProto:
    """A subgraph of one node, which reads values from around it."""
    node = helper.make_node(op, list(reads), ["made"])
    made = helper.make_tensor_value_info("made", TensorProto.FLOAT, None)
    return helper.make_graph([node], "body", [], [made])


RIGHT = [
    row("Add", "float32[N,3]", "float32[3]", out="float32[N, 3]"),
    row("Add", "float32[N,C*2]", np.float32([1]), out="float32[N, 2*C]"),
    row("Add", "float32[N,H]", "float32[N,W]", at=[{"N": 2, "H": 1, "W": 5}], out="float32[N, bcast(H, W)]"),
    row("Add", "bfloat16[N,3]", "bfloat16[N,3]", out="bfloat16[N, 3]"),
    row("Add", "int64[N]", "int64[N]", opset=7, data={0: np.arange(6)}, at={"N": 6}, out="int64[N]"),
    row("Add", "float32[N,3]", "float32[4]", fails="3 and 4"),
    row("Add", "float32", "float32[3]", oracle="published", why="the rank is unknown", out="float32"),
    row("If", "bool[]", around=["float32[N,3]"], then_branch=body("Add", "x1", "x1"),
        else_branch=body("Mul", "x1", "x1"), out="float32[N, 3]"),
    row("MaxPool", "float32[N,3,9]", kernel_shape=[3], out=["float32[N, 3, 7]", "int64[N, 3, 7]"]),
    row("Clip", "float32[N]", None, np.float32(0.5), out="float32[N]"),
    row("GRU", "float32[T,2,3]", "float32[1,12,3]", "float32[1,12,4]", hidden_size=4,
        out=[None, "float32[1, 2, 4]"]),
]

test_right_rows_pass = rows_test(RIGHT)

WRONG = {
    "size": row("Add", "float32[N,3]", "float32[3]", out="float32[N, 4]"),
    "dtype": row("Add", "float32[N,3]", "float32[3]", out="float64[N, 3]"),
    "rank": row("Add", "float32[N,3]", "float32[3]", out="float32[N]"),
    "a size said not to be known": row("Add", "float32[N,3]", "float32[3]", out="float32[?, 3]"),
    "a rank said not to be known": row("Add", "float32[N,3]", "float32[3]", out="float32"),
    "no failure": row("Add", "float32[N,3]", "float32[3]", fails="do not broadcast"),
    "a failure": row("Add", "float32[N,3]", "float32[4]", out="float32[N, 3]"),
    "another failure": row("Add", "float32[N,3]", "float32[4]", fails="is not a multiple"),
}


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_wrong_rows_fail(case: Row):
    with pytest.raises(AssertionError):
        check(case)


def test_a_row_needs_an_oracle_that_runs_it():
    with pytest.raises(_oracles.Rejected, match="reference evaluator"):
        check(row("Add", "float32[N]", "float32[M]", out="float32[bcast(M, N)]"))


N = symbol("N")
ACTUAL = np.array([[1, 2, 3]] * 4)
ANSWERS = [
    (TensorType("int64", (N, 3)), ACTUAL, ""),
    (TensorType("int32", (N, 3)), ACTUAL, "dtype int32"),
    (TensorType("int64", (N, 4)), ACTUAL, "shape"),
    (TensorType("int64", (N - 1, 3)), ACTUAL, "shape"),
    (TensorType("int64", (N, 3, 1)), ACTUAL, "shape"),
    (TensorType("int64", (symbol("M"), 3)), ACTUAL, "shape"),
    (TensorType("int64", (unknown("a"), 3)), ACTUAL, ""),
    (TensorType("int64", (counted("a", N + 1), 3)), ACTUAL, ""),
    (TensorType("int64", (counted("a", N - 1), 3)), ACTUAL, "shape"),
    (TensorType(None, None), ACTUAL, ""),
    (TensorType("int64", (4, 3), (1, 2, 3) * 4), ACTUAL, ""),
    (TensorType("int64", (4, 3), (1, 2, None) * 4), ACTUAL, ""),
    (TensorType("int64", (4, 3), (1, N - 2, 3) * 4), ACTUAL, ""),
    (TensorType("int64", (4, 3), (1, N, 3) * 4), ACTUAL, "an element 4, but the oracle has 2"),
    (TensorType("float64", (1,), (Ratio(N, 8),)), np.array([0.5]), ""),
    (TensorType("float64", (1,), (Ratio(N, 4),)), np.array([0.5]), "an element 1.0"),
    (TensorType("string", (1,), ("a",)), np.array(["b"], object), "an element 'a'"),
    (TensorType("seq(int64)", (N, 3)), [ACTUAL, ACTUAL], ""),
    (TensorType("seq(int64)", (N, 3)), [ACTUAL, ACTUAL[1:]], "shape"),
    (TensorType("seq(int64)", (N, 3)), [], ""),
    (TensorType("opt(int64)", (N, 3)), None, ""),
    (TensorType("opt(int64)", (N, 3)), ACTUAL, ""),
    (TensorType("opt(seq(int64))", (N, 2)), [ACTUAL], "shape"),
    (TensorType("float8e5m2", (N,)), _ort.Plain("float8e5m2", (4,)), ""),
]


@pytest.mark.parametrize(("answer", "actual", "expected"), ANSWERS)
def test_disagreement(answer: TensorType, actual: object, expected: str):
    found = disagreement(answer, actual, {"N": 4})
    assert bool(found) == bool(expected), found
    assert found.startswith(expected)


def effect(*readers: object, cost: Cost | None = None) -> Effect:
    """An effect with one output of 6 elements that reads its one input by ``readers``."""
    return Effect((TensorType("float32", (6,)),), cost, lambda _: (readers,))


READS = [
    (ALL, np.sum),
    (Along(0), np.negative),
    (Along(0, stride=-1, start=5), np.flip),
    (Along(0, start=-1, taps=3), lambda x: np.convolve(x, np.ones(3), "same")),
    (Along(0, start=-2, taps=2, dilation=4), lambda x: np.convolve(x, [1, 0, 0, 0, 1], "same")),
    (Prefix(0), np.cumsum),
    (Prefix(0, reverse=True), lambda x: np.flip(np.cumsum(np.flip(x)))),
    (Prefix(0, gap=1), lambda x: np.cumsum(x) - x),
    (Prefix(0, reverse=True, gap=2), lambda x: [x[o + 2:].sum() for o in range(6)]),
    (Picked(0, (0, 2, 2, 4, 4, 5)), lambda x: x[[0, 2, 2, 4, 4, 5]]),
    (Picked(None, (3,)), lambda x: np.full(6, x[3])),
    (Picked(0, None), lambda x: x[[5, 0, 1, 1, 0, 5]]),
    (Spread(0, 1, (0, 0), (0, 1)), lambda x: np.repeat(x[:4], 2)[:6] + np.repeat(x[:4], 2)[1:7]),
    (Spread(0, 1, (0, 1), (2, 0), step=2),
     lambda x: (np.repeat(x, 2)[:6] + np.repeat(x, 2)[4:10]) * ((1, 0) * 3)),
    (Packed(((0, 3, 2, 3), (0, 1, 3, 1))), np.negative),
]


@pytest.mark.parametrize(("reader", "function"), READS, ids=[str(reader) for reader, _ in READS])
def test_a_reader_that_says_what_is_read_passes(reader: object, function: Callable[[np.ndarray], np.ndarray]):
    def run(arrays):
        return [np.broadcast_to(function(arrays[0]), 6)]
    array = np.linspace(1, 2, 6)
    assert not _reach.undeclared(effect(reader), [array], 1, [0], run)
    if reader not in (ALL, Picked(0, None)):
        assert _reach.undeclared(effect(Picked(None, ())), [array], 1, [0], run)


FAULTS = [
    (effect(Along(0)), ""),
    (effect(Along(0), Along(0)), "2 readers for the 1 axes"),
    (effect(Along(1)), "outside the 1 axes"),
    (effect(Packed(((0, 1, 2, 1), (1, 1, 2, 1)))), "outside the 1 axes"),
    (effect(Along(0), cost=Cost(mac=symbol("N") - 3)), "costs"),
    (Effect((TensorType("float32", (6,)),), None, lambda _: ()), "how it reads 0 inputs, but there are 1"),
]


@pytest.mark.parametrize(("told", "expected"), FAULTS)
def test_faults_of_effects(told: Effect, expected: str):
    found = _reach.faults(told, [(6,)], [0], {"N": 2})
    assert bool(found) == bool(expected)
    assert all(expected in fault for fault in found)


def test_types_are_read_as_written():
    assert Spec.parse("float32[N, 3, Max(A, 1)]").sizes == ("N", 3, "Max(A, 1)")
    assert Spec.parse("seq(int64)[]") == ("seq(int64)", ())
    assert Spec.parse("string") == ("string", None)
    assert Spec.parse("opt(seq(bool))[?]").element == "bool"


def test_a_crash_of_the_oracle_is_survived():
    _ort.run.__globals__["_worker"]().kill()
    with pytest.raises(_ort.Refused, match="crashed"):
        _ort.run(b"", {})
    with pytest.raises(_ort.Refused, match=r"(?i)protobuf"):
        _ort.run(b"no model", {})
