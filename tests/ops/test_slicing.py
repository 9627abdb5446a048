"""Slice, with numbers and with symbols, against numpy at every small size."""
from itertools import product

import pytest

import archcheck
from archcheck.dims import bounds, is_known, symbol
from archcheck.graph import TensorType
from archcheck.ops.slicing import FAR, _cut
from tests.ops._nodes import answer, ints, vector
from tests.ops._rows import row, rows_test

N, M, S = map(symbol, "NMS")
END, BEGIN = (1 << 63) - 1, -(1 << 63) + 1

ROWS = [
    row("Slice", "float32[N,3]", ints(0), ints(-1), out="float32[Max(N - 1, 0), 3]"),
    row("Slice", "float32[N,3]", ints(1), ints(END), out="float32[Max(N - 1, 0), 3]"),
    row("Slice", "float32[N,3]", ints(-3), ints(END), out="float32[Min(N, 3), 3]"),
    row("Slice", "float32[N,3]", ints(0), ints(1000), out="float32[Min(N, 1000), 3]"),
    row("Slice", "float32[N,3]", ints(-3), ints(-1), out="float32[Max(Min(N - 1, 2), 0), 3]"),
    row("Slice", "float32[N,H]", ints(0), ints(END), ints(1), ints(2), out="float32[N, (H + 1)//2]"),
    row("Slice", "float32[N,H]", ints(1), ints(END), ints(-1), ints(2), out="float32[N, H//2]"),
    row("Slice", "float32[N,H]", ints(-1), ints(BEGIN), ints(1), ints(-1), out="float32[N, H]"),
    row("Slice", "float32[N,H]", ints(-1), ints(BEGIN), ints(1), ints(-2), out="float32[N, (H + 1)//2]"),
    row("Slice", "float32[N,H]", ints(END), ints(0), ints(1), ints(-1), out="float32[N, Max(H - 1, 0)]"),
    row("Slice", "float32[N,H]", ints(1, -2), ints(3, END), ints(1, 0), out="float32[Min(N, 2), Max(Min(H, 3) - 1, 0)]"),
    row("Slice", "float32[8,H]", ints(2, 1), ints(7, 1), out="float32[5, 0]"),
    row("Slice", "float32[8,9]", ints(6, -2), ints(-20, 1), ints(0, 1), ints(-2, -3), out="float32[4, 2]"),
    row("Slice", "float32[8,9]", ints(7), ints(2), ints(0), ints(1), out="float32[0, 9]"),
    row("Slice", "float32[N,9]", "int64[1]", ints(3), ints(1), out="float32[N, ?]", data={1: ints(1)}),
    row("Slice", "float32[N,9]", ints(1), ints(3), "int64[1]", out="float32[?, ?]", data={3: ints(1)}),
    row("Slice", "float32[0,9]", "int64[1]", ints(3), ints(0), out="float32[0, 9]", data={1: ints(1)}),
    row("Slice", ints(1, 2, 3, 4), ints(-1), ints(BEGIN), ints(0), ints(-1), out="int64[4]"),
    row("Slice", "int64[3,4]", ints(0, 3), ints(2, 0), ints(0, 1), ints(1, -2), out="int64[2, 2]"),
    row("Slice", "float32[N,H]", starts=[1, 0], ends=[-1, 3], opset=1, axes=[0, 1], out="float32[Max(N - 2, 0), Min(H, 3)]", oracle="ort"),
    row("Slice", "float32[N,H]", starts=[1], ends=[END], opset=9, out="float32[Max(N - 1, 0), H]"),
    row("Slice", "float32[N,H]", ints(1), ints(3), opset=10, out="float32[Max(Min(N, 3) - 1, 0), H]"),
    row("Slice", "float32[N,9]", ints(1), ints(3), ints(1), ints(0), fails="the step of a slice is 0"),
    row("Slice", "float32[N,9]", ints(1, 2), ints(3), fails="2 starts, 1 ends"),
    row("Slice", "float32[N,9]", ints(1), ints(3), ints(2), fails="axis 2 is outside a tensor of 2 axes"),
]

test_rows = rows_test(ROWS)

BOUNDS = (0, 1, 2, 3, 7, -1, -2, -3, -7, END, BEGIN, FAR)


@pytest.mark.parametrize("step", [1, 2, 3, -1, -2, -3])
def test_lengths_are_those_of_numpy_at_every_size(step):
    for start, end in product(BOUNDS, BOUNDS):
        for n in (N, N + 1, 2 * N):
            cut = _cut(n, start, end, step)
            for number in range(7):
                size = archcheck.evaluate(n, {"N": number})
                told = archcheck.evaluate(cut.length, {"N": number})
                assert told == length(size, start, end, step) or not is_known(cut.length), (n, start, end, number)


@pytest.mark.parametrize("n", [N, N + 1, 2 * N, 7 * N, 7 * N + 7])
def test_bounds_short_of_the_end_are_those_of_numpy_at_every_size(n):
    for short in range(9):
        for start, end in ((0, n - short), (n - short, END)):
            cut = _cut(n, start, end, 1)
            for number in range(7):
                size, *ends = (archcheck.evaluate(value, {"N": number}) for value in (n, start, end))
                told = archcheck.evaluate(cut.length, {"N": number})
                assert told == length(size, *ends, 1) or not is_known(cut.length), (start, end, number)
    assert is_known(_cut(7 * N, 0, 7 * N - 3, 1).length)


def length(size: int, start: int, end: int, step: int) -> int:
    """As the specification has it: numpy's, but with negative steps the start is moved inside the axis."""
    start = 0 if step < 0 and start < -size else start
    return len(range(size)[start:end:step]) if size else 0


SYMBOLIC = [
    (N, 0, N, 1, N),
    (N, 0, N - 1, 1, "Max(N - 1, 0)"),
    (N, N - 1, END, 1, "Min(N, 1)"),
    (N, 1, N, 1, "Max(N - 1, 0)"),
    (N, N // 2, END, 1, "(N + 1)//2"),
    (N, 0, N // 2, 1, "N//2"),
    (N + M, M, N + M, 1, N),
    (N + 2, N, N + 2, 1, 2),
    (7 * ((N + 6) // 7), 0, N, 1, N),
    (512, 0, N, 1, "Min(N, 512)"),
    (N, -N, END, 1, N),
    (N + 1, -3 % (N + 1), END, 1, N + 1 - -3 % (N + 1)),
    (N + 1, 0, -3 % (N + 1), 1, -3 % (N + 1)),
    (N, -M, END, 1, "from either end"),
    (N, M - 3, END, 2, "from either end"),
    (6, 6 - N, END, 1, "from either end"),
    (6, 0, N - M, 1, "from either end"),
    (N + 3, N - M, 2 - M, 1, "from either end"),
]


@pytest.mark.parametrize(("n", "start", "end", "step", "expected"), SYMBOLIC)
def test_symbolic_bounds(n, start, end, step, expected):
    cut = _cut(n, start, end, step)
    for numbers in product(range(9), range(9)):
        at = dict(zip("NM", numbers, strict=True))
        size, first, last = (archcheck.evaluate(entry, at) for entry in (n, start, end))
        assert archcheck.evaluate(cut.length, at) == len(range(size)[first:last:step])
    if not isinstance(expected, str):
        assert cut.length == expected


@pytest.mark.parametrize(("n", "start", "end"), [(N, None, 3), (N, 0, None)])
def test_bounds_that_are_not_known_leave_the_size_open(n, start, end):
    cut = _cut(n, start, end, 1)
    assert not is_known(cut.length)
    assert bounds(cut.length)[0] == 0


def test_an_axis_that_is_a_size_leaves_all_sizes_open():
    cut = answer("Slice", TensorType("float32", (N, 3)), vector(0), vector(2), vector(M))
    assert [is_known(size) for size in cut.shape] == [False, False]


def test_a_vector_of_sizes_is_cut():
    cut = answer("Slice", vector(N, 3, M, None), vector(1), vector(END), vector(0), vector(2))
    assert cut == TensorType("int64", (2,), (3, None))
