"""Stored tensors that are the same, or the same part over and over."""
from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

import archcheck
from archcheck.graph import TensorType
from archcheck.rules._case import Case
from archcheck.rules._copies import Repeated, Stored, equal, is_uniform, repeats, stored, transposed

RNG = np.random.default_rng(0)


def tensor(array, name="w", dtype=None):
    """An array as it is stored."""
    kind = TensorType(dtype or str(array.dtype), array.shape)
    return Stored(name, kind, memoryview(np.ascontiguousarray(array).tobytes()))


def random(*shape, dtype="float32"):
    """Numbers of which no two are alike."""
    return (RNG.permutation(np.prod(shape, dtype=int)).reshape(shape) + 1).astype(dtype)


# ---------------------------------------------------------------------------------- one tensor
PART = random(3, 5)


@pytest.mark.parametrize(("array", "wanted"), [
    (np.tile(random(1, 8), (6, 1)), Repeated(0, 6, 1)),
    (np.tile(random(6, 1), (1, 8)), Repeated(1, 8, 1)),
    (np.tile(random(1, 8), (2, 1)), Repeated(0, 2, 1)),
    (np.tile(PART, (4, 1)), Repeated(0, 4, 3)),
    (np.tile(PART, (3, 1)), None),                                # three times: not often enough
    (np.tile(random(2, 3), (5, 1)), Repeated(0, 5, 2)),
    (np.tile(PART, (1, 4)), Repeated(1, 4, 5)),
    (np.tile(random(1, 1, 7), (2, 9, 1)), Repeated(1, 9, 1)),      # the longest axis
    (np.tile(random(9), 4), Repeated(0, 4, 9)),
    (random(6, 8), None), (random(2, 8), None), (random(8), None), (random(1, 1), None)])
def test_a_part_over_and_over(array, wanted):
    assert repeats(tensor(array)) == wanted


@pytest.mark.parametrize("place", [(0, 1), (3, 2), (7, 40), (7, 63)])
def test_one_number_makes_a_difference(place):
    array = np.tile(random(1, 64), (8, 1))
    array[place] += 1
    assert repeats(tensor(array)) is None


@pytest.mark.parametrize(("dtype", "stored_as", "wanted"), [
    ("uint8", "int8", True), ("float16", "float16", True), ("float32", "float32", True),
    ("float64", "float64", True), ("uint16", "bfloat16", True), ("complex128", "complex128", False),
    ("uint8", "int4", False), ("uint8", "string", False)])
def test_elements_that_are_compared(dtype, stored_as, wanted):
    """Whole bytes, up to eight of them."""
    array = np.tile(np.arange(4).astype(dtype), (6, 1))
    assert (repeats(tensor(array, dtype=stored_as)) is not None) == wanted
    assert is_uniform(tensor(np.zeros((6, 4), dtype), dtype=stored_as)) == wanted


@pytest.mark.parametrize("place", [0, 1, 2, 5, 6, -1])
def test_one_number_all_over(place, monkeypatch):
    from archcheck.rules import _copies
    monkeypatch.setattr(_copies, "STEP", 3)
    array = np.full(11, 7, "float32")
    assert is_uniform(tensor(array)) and is_uniform(tensor(array[:1]))
    array[place] = 8
    assert not is_uniform(tensor(array))


# ---------------------------------------------------------------------------------- two tensors
@pytest.mark.parametrize(("shape", "wanted"), [
    ((2, 3), True), ((3, 2), True), ((1, 6), False), ((64, 80), True), ((4, 4), True), ((2, 3, 4), False),
    ((6,), False)])
def test_rows_for_columns(shape, wanted):
    array = random(*shape)
    pairs = list(transposed([tensor(array, "a"), tensor(array.T, "b")]))
    assert [(one.name, other.name) for one, other in pairs] == [("a", "b")] * wanted


@pytest.mark.parametrize("place", [(0, 1), (1, 0), (63, 79), (9, 11)])
def test_rows_for_columns_but_for_one_number(place):
    array = random(64, 80)
    other = array.T.copy()
    other[place[::-1]] += 1
    assert not list(transposed([tensor(array, "a"), tensor(other, "b")]))


def test_tensors_of_the_same_bytes():
    array = np.arange(1 << 14, dtype="float32")
    close = array.copy()
    close[7] = 0                                                  # between what is compared first
    tensors = [tensor(array, "a"), tensor(close, "b"), tensor(array, "c"), tensor(array.reshape(2, -1), "d")]
    digests = {id(one.kind): bytes(one.view) for one in tensors}
    payloads = SimpleNamespace(digest=lambda kind: digests[id(kind)])
    assert [[one.name for one in group] for group in equal(payloads, tensors)] == [["a", "c"]]


@pytest.mark.parametrize(("array", "wanted"), [
    (random(1 << 14), True), (random((1 << 14) - 1), False), (np.zeros(1 << 14, "float32"), False)])
def test_large_weights_are_looked_at(array, wanted):
    """64 KiB and more, unless they wait for training."""
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Add", ["x", "w"], ["y"])], "g", values[:1], values[1:],
                              [numpy_helper.from_array(array, "w")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    found = stored(Case(archcheck.analyze(model.SerializeToString()), archcheck.Settings()))
    assert [one.name for one in found] == ["w"] * wanted
