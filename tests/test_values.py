"""Known values against numpy: moving elements, arithmetic on sizes, rounding as the runtime does it."""
from __future__ import annotations

import math
import operator

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archcheck
from archcheck import elements, values
from archcheck.dims import Dim, is_known, symbol
from archcheck.elements import Ratio
from archcheck.graph import Literal, TensorType
from archcheck.ops._op import Unknown

N, M = symbol("N"), symbol("M")
SHAPES = st.lists(st.integers(0, 3), max_size=3).map(tuple)


def tensor(array: np.ndarray) -> TensorType:
    return TensorType("int64", array.shape, tuple(array.ravel()))


def objects(shape: tuple[int, ...]) -> np.ndarray:
    """Distinct elements, every third of them not known."""
    count = math.prod(shape)
    flat = np.array([*(None if k % 3 == 1 else k for k in range(count)), None], object)[:count]
    return flat.reshape(shape)


# ------------------------------------------------------------------------------------------- moving elements
@given(SHAPES, st.data())
def test_picking_positions_of_an_axis(shape, data):
    axis = data.draw(st.integers(0, len(shape) - 1)) if shape else 0
    if not shape:
        return
    indices = data.draw(st.lists(st.integers(0, shape[axis] - 1), max_size=4)) if shape[axis] else []
    array = objects(shape)
    found = values.picked(tensor(array), axis, indices)
    assert found == known(np.take(array, np.array(indices, int), axis).ravel())


@given(SHAPES, st.data())
def test_turning_axes(shape, data):
    order = data.draw(st.permutations(range(len(shape))))
    array, places = objects(shape), values.offsets(shape)
    turned = array.transpose(order)
    assert values.at(tuple(array.ravel()), [places[axis] for axis in order]) == tuple(turned.ravel())


@given(SHAPES, st.integers(1, 3), st.data())
def test_joining(shape, count, data):
    if not shape:
        return
    axis = data.draw(st.integers(0, len(shape) - 1))
    arrays = [objects((*shape[:axis], data.draw(st.integers(0, 3)), *shape[axis + 1:])) for _ in range(count)]
    found = values.joined([tensor(array) for array in arrays], axis)
    assert found == known(np.concatenate(arrays, axis).ravel())


@given(SHAPES, SHAPES)
def test_broadcasting(shape, other):
    try:
        target = np.broadcast_shapes(shape, other)
    except ValueError:
        return
    array = objects(shape)
    found = values.broadcast(tuple(array.ravel()), shape, target)
    assert found == tuple(np.broadcast_to(array, target).ravel())


def known(flat: np.ndarray) -> tuple | None:
    return None if len(flat) and all(element is None for element in flat) else tuple(flat)


def test_parts_that_are_not_known_are_joined_as_such():
    unread = TensorType("int64", (1,), Literal(None))
    parts = [TensorType("int64", (2,), (N, 1)), TensorType("int64", (1,)), unread]
    assert values.joined(parts, 0) == (N, 1, None, None)
    assert values.joined(parts[1:], 0) is None
    assert values.joined([*parts, TensorType("int64", (N,))], 0) is None


def test_what_is_too_large_is_not_followed():
    large = TensorType("int64", (values.CAP + 1,), tuple(range(values.CAP + 1)))
    assert values.count(large.shape) is None
    assert values.picked(large, 0, [0]) is None
    assert values.joined([large], 0) is None
    assert values.elementwise(operator.neg, [large], large.shape, "int64") is None
    half = TensorType("int64", (values.CAP, 1), tuple(range(values.CAP)))
    assert values.elementwise(operator.add, [half, half], (values.CAP, 2), "int64") is None


def test_reading_values():
    partly = TensorType("int64", (2,), (N, None))
    assert values.items(None) is None
    assert values.items(TensorType("int64", (1,), Literal(lambda: (7,)))) == (7,)
    assert values.entries(TensorType("int64", (2,)), "x") == (None, None)
    first, second = values.sizes(partly, "x")
    assert first is N
    assert not is_known(second)
    assert values.scalar(partly) is N
    with pytest.raises(Unknown):
        values.integers(partly, "x")
    for shape in (None, (N,), (1, 2), (values.CAP + 1,)):
        with pytest.raises(Unknown):
            values.entries(TensorType("int64", shape), "x")


def test_an_element_that_cannot_be_computed_is_not_known():
    pair = TensorType("int64", (3,), (N, None, 7)), TensorType("int64", (3,), (1, 2, 0))
    assert values.elementwise(elements.truncated, pair, (3,), "int64") == (N, None, None)
    assert values.elementwise(elements.mul, pair, (3,), "int64") == (N, None, 0)
    assert values.elementwise(elements.add, [pair[0], TensorType("int64", (3,))], (3,), "int64") is None


# ---------------------------------------------------------------------------------------- arithmetic on sizes
def truncated(a: int, b: int) -> int:
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


WHOLE = {elements.add: operator.add, elements.sub: operator.sub, elements.mul: operator.mul,
         elements.truncated: truncated, elements.remainder: operator.mod, elements.largest: max,
         elements.fmod: lambda a, b: int(math.fmod(a, b)), elements.smallest: min,
         elements.neg: operator.neg, elements.absolute: abs}
SYMBOLS = {"N": N, "M": M}
LEAVES = st.one_of(st.sampled_from(["N", "M"]), st.integers(-4, 9))


def trees(leaves, functions):
    """Nested tuples: a function and its operands."""
    unary = [f for f in functions if f in (elements.neg, elements.absolute, elements.floor, elements.ceil)]
    one, two = st.sampled_from(unary), st.sampled_from([f for f in functions if f not in unary])
    return st.recursive(
        leaves, lambda inner: st.one_of(st.tuples(two, inner, inner), st.tuples(one, inner)), max_leaves=6)


def told(tree, dtype):
    """``tree`` as archcheck computes it in tensors of ``dtype``, with symbols."""
    if not isinstance(tree, tuple):
        return SYMBOLS.get(tree, tree)
    function, *operands = tree
    return values.applied(function, [told(operand, dtype) for operand in operands], dtype)


def truth(tree, functions, sizes):
    """``tree`` as ``functions`` compute it in place of ours, at ``sizes``."""
    if not isinstance(tree, tuple):
        return sizes.get(tree, tree)
    function, *operands = tree
    return functions[function](*[truth(operand, functions, sizes) for operand in operands])


@settings(max_examples=300, deadline=None)
@given(trees(LEAVES, WHOLE))
def test_whole_numbers(tree):
    answer = told(tree, "int64")
    for n, m in ((0, 0), (1, 0), (0, 1), (1, 1), (2, 7), (7, 2), (5, 30), (31, 6), (64, 64)):
        at = {"N": n, "M": m}
        try:
            number = truth(tree, WHOLE, at)
        except (ZeroDivisionError, ValueError):
            continue
        found = archcheck.evaluate(answer, at) if isinstance(answer, Dim) else answer
        assert found is None or found == number or not is_known(found)


@pytest.mark.parametrize(("a", "b", "quotient"), [
    (N, 2, N // 2), (7 * N, 7, N), (-N, 2, -(N // 2)), (N, -2, -(N // 2)), (N - 1, 1, N - 1),
    (7, 2, 3), (-7, 2, -3)])
def test_truncation(a, b, quotient):
    assert elements.truncated(a, b) == quotient


@given(trees(LEAVES, WHOLE), trees(LEAVES, WHOLE))
@settings(max_examples=100, deadline=None)
def test_comparisons(left, right):
    a, b = told(left, "int64"), told(right, "int64")
    if a is None or b is None:
        return
    below, same = elements.less(a, b), elements.equals(a, b)
    for at in ({"N": 0, "M": 3}, {"N": 4, "M": 1}, {"N": 9, "M": 9}):
        x, y = (archcheck.evaluate(entry, at) if isinstance(entry, Dim) else entry for entry in (a, b))
        if isinstance(x, int) and isinstance(y, int):
            assert below in (None, x < y)
            assert same in (None, x == y)


@pytest.mark.parametrize("a", [True, False, None])
@pytest.mark.parametrize("b", [True, False, None])
def test_three_valued_logic(a, b):
    worlds = [(x, y) for x in (True, False) for y in (True, False) if a in (x, None) and b in (y, None)]
    for function, logic in ((elements.both, operator.and_), (elements.either, operator.or_)):
        outcomes = {logic(x, y) for x, y in worlds}
        assert function(a, b) is (outcomes.pop() if len(outcomes) == 1 else None)
    assert elements.chosen(a, N, N) is N
    assert elements.chosen(a, N, 3) is (None if a is None else N if a else 3)


# ------------------------------------------------------------------------------------------------ floats
FLOATS = {elements.add: np.add, elements.sub: np.subtract, elements.mul: np.multiply,
          elements.quotient: np.divide, elements.floor: np.floor, elements.ceil: np.ceil,
          elements.neg: np.negative, elements.largest: np.maximum, elements.smallest: np.minimum}
SIZES = np.array([*range(200), 224, 255, 299, 320, 383, 511, 640, 999, 1024, 1279, 2047, 4095, 8191])
CONSTANTS = [0.5, 2.0, 0.25, 1.5, 3.0, 6.0, 7.0, 41.0, 0.1, float(np.float32(1 / 3))]


@settings(max_examples=200, deadline=None)
@given(trees(st.sampled_from(["N", "N", "N", "M", *CONSTANTS]), FLOATS),
       st.sampled_from([elements.floor, elements.ceil]))
def test_symbolic_floats_are_what_float32_gives(tree, last):
    tree = (last, tree)
    answer = elements.cast(told(tree, "float32"), "int64")
    if not isinstance(answer, Dim):
        return
    numbers = {number: np.float32(number) for number in CONSTANTS}
    at = {"N": SIZES.astype(np.float32), "M": SIZES[::-1].astype(np.float32), **numbers}
    with np.errstate(all="ignore"):
        seen = np.broadcast_to(truth(tree, FLOATS, at), SIZES.shape)
    for n, m, number in zip(SIZES, SIZES[::-1], seen, strict=True):
        found = archcheck.evaluate(answer, {"N": int(n), "M": int(m)})
        assert found is None or not abs(number) < 1 << 20 or found == int(number)


IDIOMS = [
    (elements.mul(N, 2.0), 2 * N),
    (elements.floor(elements.mul(N, 0.5)), N // 2),
    (elements.ceil(elements.quotient(N, 7.0)), (N + 6) // 7),
    (elements.floor(elements.quotient(elements.mul(N, 2.0), N)), 2),
    (elements.mul(elements.quotient(N, 16.0), 16.0), N),
    (elements.mul(elements.quotient(N, 7.0), 2.0), Ratio(2 * N, 7)),
    (elements.floor(elements.add(elements.quotient(N, 7.0), 1.0)), N // 7 + 1),
]


@pytest.mark.parametrize(("answer", "expected"), IDIOMS)
def test_float_idioms(answer, expected):
    assert answer == expected


def test_products_of_sizes_outgrow_a_float32():
    assert values.applied(elements.mul, (N, M), "float32") is None
    assert values.applied(elements.mul, (N, M), "float64") == N * M


@pytest.mark.parametrize("function", [
    lambda: elements.mul(N, 0.1), lambda: elements.mul(elements.quotient(M, N), N),
    lambda: elements.mul(elements.quotient(N, 7.0), 7.0),
    lambda: elements.add(elements.quotient(N, 7.0), elements.quotient(M, 7.0))])
def test_where_rounding_decides_nothing_is_told(function):
    with pytest.raises(Unknown):
        function()


# ------------------------------------------------------------------------------------------------ conversions
INTEGERS = [f"{sign}int{bits}" for bits in (8, 16, 32, 64) for sign in ("", "u")]


@given(st.integers(-(1 << 63), (1 << 63) - 1), st.sampled_from(INTEGERS))
def test_integers_wrap(number, dtype):
    assert elements.cast(number, dtype) == int(np.array(number).astype(dtype))


@given(st.floats(width=64), st.sampled_from(["float32", "float16", "float64", "bfloat16"]))
def test_floats_are_rounded(number, dtype):
    kind = ml_dtypes.bfloat16 if dtype == "bfloat16" else np.dtype(dtype)
    with np.errstate(over="ignore"):
        single = np.float32(number) if dtype == "bfloat16" else number
        seen = float(np.array(single).astype(kind))
    found = values.applied(lambda x: x, (number,), dtype)
    assert found is None or found == seen or (math.isnan(found) and math.isnan(seen))
    assert found is not None or abs(number) > float(np.finfo(np.float16).max)


@given(st.floats(-300, 300), st.sampled_from(INTEGERS))
def test_floats_are_cut_to_integers(number, dtype):
    found, limits = elements.cast(number, dtype), np.iinfo(dtype)
    inside = limits.min <= number < limits.max + 1
    assert found == (int(number) if inside else None)


@pytest.mark.parametrize(("element", "dtype", "expected"), [
    (True, "int64", 1), (True, "float32", 1.0), (2, "bool", True), (0.0, "bool", False), (N, "bool", None),
    (N + 1, "bool", True), (N, "int64", N), (N, "float32", N), (N, "float16", None), (N, "int8", None),
    (N, "uint32", N),
    (N - 5, "uint32", None), (N - 5, "int32", N - 5),
    (Ratio(N, 2), "int64", N // 2), (Ratio(N, 2), "float32", Ratio(N, 2)), (Ratio(-N, 2), "int32", -(N // 2)),
    ("a", "string", "a"), ("a", "int64", None), (math.inf, "int64", None), (math.nan, "int64", None),
    (1.5, "float8e4m3fn", None), (None, "int64", None), (3, None, None)])
def test_conversions(element, dtype, expected):
    assert elements.cast(element, dtype) == expected


@pytest.mark.parametrize("numbers", [(1.0, 2.5), (3, 7), (math.nan, 1.0)])
def test_extremes_of_numbers(numbers):
    for function, like in ((elements.largest, np.maximum), (elements.smallest, np.minimum)):
        assert np.array_equal(function(*numbers), like(*numbers), equal_nan=True)
