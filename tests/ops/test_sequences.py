"""Sequences and optional values."""
import numpy as np
import pytest

import archcheck
from archcheck.dims import is_known, symbol
from archcheck.graph import Graph, Node, Several, TensorType
from tests.ops._nodes import ints, scalar
from tests.ops._rows import row, rows_test

N, M = symbol("N"), symbol("M")

ROWS = [
    row("SequenceConstruct", "float32[N,3]", "float32[N,3]", out="seq(float32)[N, 3]"),
    row("SequenceConstruct", "float32[N,3]", "float32[4,3]", "float32[N,3]", out="seq(float32)[?, 3]"),
    row("SequenceConstruct", "int64[N]", "int64[N,3]", out="seq(int64)"),
    row("SequenceEmpty", out="seq(float32)"),
    row("SequenceEmpty", dtype=7, out="seq(int64)"),
    row("SequenceAt", "seq(float32)[N,3]", np.array(-1), out="float32[N, 3]"),
    row("SequenceInsert", "seq(float32)[N,3]", "float32[N,3]", out="seq(float32)[N, 3]"),
    row("SequenceInsert", "seq(float32)[N,3]", "float32[N,4]", np.array(1), out="seq(float32)[N, ?]"),
    row("SequenceErase", "seq(float32)[N,3]", np.array(0), out="seq(float32)[N, 3]"),
    row("SequenceErase", "seq(float32)[N,3]", out="seq(float32)[N, 3]"),
    row("SequenceLength", "seq(float32)[N,3]", out="int64[]"),
    row("SplitToSequence", "float32[N,6]", axis=1, out="seq(float32)[N, 1]"),
    row("SplitToSequence", "float32[N,6]", axis=1, keepdims=0, out="seq(float32)[N]"),
    row("SplitToSequence", "float32[N,6]", np.array(2), axis=1, keepdims=0, out="seq(float32)[N, 2]", oracle="reference"),
    row("SplitToSequence", "float32[N,7]", np.array(2), axis=-1, out="seq(float32)[N, ?]"),
    row("SplitToSequence", "float32[N,7]", ints(3, 4), axis=1, out="seq(float32)[N, ?]"),
    row("SplitToSequence", "float32[N,8]", ints(4, 4), axis=1, out="seq(float32)[N, 4]"),
    row("SplitToSequence", "float32[N,3]", np.array(2), at=[{"N": 4}, {"N": 8}], oracle="reference",
        out="seq(float32)[2//(1 - Mod(N, 2)), 3]"),
    row("SplitToSequence", "float32[2*N,3]", np.array(2), out="seq(float32)[2, 3]"),
    row("SplitToSequence", "float32[0,3]", out="seq(float32)"),
    row("SplitToSequence", "float32[0,3]", keepdims=0, out="seq(float32)"),
    row("SplitToSequence", "float32[N,3]", "int64[]", axis=1, out="seq(float32)[N, ?]", data={1: np.array(2)}),
    row("SplitToSequence", "float32[N,7]", ints(3, 3), axis=1, fails="parts of \\[3, 3\\] are 6 together, but the axis has 7"),
    row("ConcatFromSequence", "seq(float32)[N,3]", axis=1, out="float32[N, ?]"),
    row("ConcatFromSequence", "seq(float32)[N,3]", axis=-1, new_axis=1, out="float32[N, 3, ?]"),
    row("Optional", "float32[N,3]", out="opt(float32)[N, 3]"),
    row("Optional", "seq(float32)[N,3]", out="opt(seq(float32))[N, 3]"),
    row("OptionalGetElement", "opt(float32)[N,3]", out="float32[N, 3]"),
    row("OptionalGetElement", "opt(seq(float32))[N,3]", opset=15, out="seq(float32)[N, 3]"),
    row("OptionalGetElement", "float32[N,3]", out="float32[N, 3]"),
    row("OptionalHasElement", "opt(float32)[N,3]", out="bool[]"),
    row("OptionalHasElement", "float32[N,3]", out="bool[]"),
    row("OptionalHasElement", None, out="bool[]"),
]

test_rows = rows_test(ROWS)


def chain(inputs: dict[str, TensorType], *nodes: Node) -> archcheck.Report:
    return archcheck.analyze(Graph("g", inputs, (nodes[-1].outputs[0],), nodes, {}))


def node(op: str, *names: str, **attrs) -> Node:
    *inputs, output = names
    return Node(output, op, "", tuple(inputs), (output,), attrs)


LEFT, RIGHT = TensorType("float32", (N, 3)), TensorType("float32", (M, 4), None)


def test_elements_come_out_as_they_went_in():
    report = chain({"a": LEFT, "b": RIGHT, "last": scalar(-1)},
                   node("SequenceConstruct", "a", "b", "s"), node("SequenceAt", "s", "last", "y"),
                   node("SequenceLength", "s", "n"))
    assert report.types["y"] == RIGHT
    assert report.types["n"].value == (2,)


def test_insertion_and_erasure_follow_the_elements():
    report = chain({"a": LEFT, "b": RIGHT, "zero": scalar(0)}, node("SequenceEmpty", "s0", dtype=1),
                   node("SequenceInsert", "s0", "a", "s1"), node("SequenceInsert", "s1", "b", "zero", "s2"),
                   node("SequenceErase", "s2", "s3"))
    assert report.types["s2"].value == (RIGHT, LEFT)
    assert report.types["s3"] == TensorType("seq(float32)", (M, 4), (RIGHT,))


@pytest.mark.parametrize(("size", "shared"), [(6, 2), (7, None), (1, None), (0, 2)])
def test_parts_of_one_size_share_it_only_where_none_is_left_over(size, shared):
    report = chain({"a": LEFT, "two": TensorType("int64", (), (2,))}, node("SplitToSequence", "a", "two", "s"))
    assert archcheck.evaluate(report.types["s"].shape[0], {"N": size}) == shared


def test_a_position_that_is_not_known_leaves_what_all_elements_share():
    report = chain({"a": LEFT, "b": TensorType("float32", (N, 5)), "k": TensorType("int64", ())},
                   node("SequenceConstruct", "a", "b", "s"), node("SequenceAt", "s", "k", "y"),
                   node("SequenceInsert", "s", "a", "k", "t"))
    first, second = report.types["y"].shape
    assert first == N
    assert not is_known(second)
    assert report.types["t"].value == Several(3)


@pytest.mark.parametrize(("op", "place"), [("SequenceAt", 2), ("SequenceAt", -3), ("SequenceErase", 5)])
def test_positions_outside(op, place):
    report = chain({"a": LEFT, "k": scalar(place)}, node("SequenceConstruct", "a", "a", "s"), node(op, "s", "k", "y"))
    assert report.failures[1].message == f"position {place} is outside a sequence of 2"


@pytest.mark.parametrize(("new_axis", "axis", "expected"), [(0, 0, (M + N, 3)), (1, 0, (2, N, 3)), (1, -1, (N, 3, 2))])
def test_joining_a_known_sequence(new_axis, axis, expected):
    second = LEFT if new_axis else TensorType("float32", (M, 3))
    report = chain({"a": LEFT, "b": second}, node("SequenceConstruct", "a", "b", "s"),
                   node("ConcatFromSequence", "s", "y", axis=axis, new_axis=new_axis))
    assert report.types["y"].shape == expected


def test_cutting_and_joining_give_the_same_back():
    report = chain({"a": TensorType("float32", (N, 7)), "two": scalar(2)},
                   node("SplitToSequence", "a", "two", "s", axis=1),
                   node("ConcatFromSequence", "s", "y", axis=1))
    assert [kind.shape for kind in report.types["s"].value] == [(N, 2), (N, 2), (N, 2), (N, 1)]
    assert report.types["y"].shape == (N, 7)


def test_sizes_in_sequences_keep_their_values():
    report = chain({"a": TensorType("int64", (3,), (N, 3, M))}, node("SplitToSequence", "a", "s", keepdims=0),
                   node("ConcatFromSequence", "s", "y", axis=0, new_axis=1))
    assert report.types["y"] == TensorType("int64", (3,), (N, 3, M))


def test_optional_values():
    report = chain({"a": LEFT}, node("Optional", "a", "o"), node("OptionalHasElement", "o", "has"),
                   node("OptionalGetElement", "o", "y"), node("Optional", "e", type=TensorType("float32", (2, 3))),
                   node("OptionalHasElement", "e", "none"), node("OptionalGetElement", "e", "z"))
    assert report.types["has"].value == (True,)
    assert report.types["y"] == LEFT
    assert report.types["none"].value == (False,)
    assert report.failures[5].message == "the optional value is empty"


def test_unknown_ranks():
    report = chain({"a": TensorType("float32", None)}, node("SequenceConstruct", "a", "s"),
                   node("ConcatFromSequence", "s", "y", axis=0), node("Optional", "a", "o"),
                   node("OptionalGetElement", "o", "z"))
    for name in "yz":
        assert report.types[name] == TensorType("float32", None)
