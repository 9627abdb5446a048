"""Rules about size, over files whose tensors numpy made."""
from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import archcheck
from archcheck.graph import Literal, Location, TensorType
from archcheck.rules import known
from archcheck.rules._copies import LARGE

SIDE = 128  # 128 × 128 float32 are 64 KiB
RANDOM = np.random.default_rng(1)
W = RANDOM.standard_normal((SIDE, SIDE)).astype(np.float32)
V = RANDOM.standard_normal((SIDE, SIDE)).astype(np.float32)


def saved(folder, *arrays, nodes=()):
    """A model that adds all of ``arrays`` to its input."""
    stored = [numpy_helper.from_array(array, f"w{k}") for k, array in enumerate(arrays)]
    names = [tensor.name for tensor in stored] + [node.output[0] for node in nodes]
    graph = helper.make_graph(
        [*nodes, helper.make_node("Sum", ["x", *names], ["y"], "sum")], "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, None)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], stored)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8),
              folder / "m.onnx")
    return folder / "m.onnx"


def found(path, family="SIZ"):
    findings = archcheck.check(path, archcheck.Settings(select=(family,))).findings
    return [(one.code, one.value) for one in findings]


def test_a_tensor_stored_twice(tmp_path):
    (one,) = archcheck.check(saved(tmp_path, W, V, W)).findings
    assert (one.code, one.value, one.facts["bytes"]) == ("SIZ001", "w2", SIDE * SIDE * 4)
    assert "'w0'" in one.why


def test_a_transposed_tensor_is_the_same(tmp_path):
    wide = RANDOM.standard_normal((SIDE, 2 * SIDE)).astype(np.float32)
    assert found(saved(tmp_path, wide, np.ascontiguousarray(wide.T))) == [("SIZ001", "w1")]
    assert found(saved(tmp_path, W, np.ascontiguousarray(W.T))) == [("SIZ001", "w1")]
    for other, fixable in ((W, "safe"), (np.ascontiguousarray(W.T), "")):
        (one,) = archcheck.check(saved(tmp_path, W, other), archcheck.Settings(select=("SIZ",))).findings
        assert one.fixable == fixable


@pytest.mark.parametrize("at", [(0, 0), (SIDE - 1, SIDE - 1), (57, 3)])
def test_one_element_makes_another_tensor(at, tmp_path):
    other = W.copy()
    other[at] += 1
    assert found(saved(tmp_path, W, other)) == []
    assert found(saved(tmp_path, W, np.ascontiguousarray(other.T))) == []


def test_small_tensors_and_other_shapes_and_fills_are_not_meant(tmp_path):
    small = W[:-1]
    assert small.nbytes < LARGE == W.nbytes
    assert found(saved(tmp_path, small, small)) == []
    assert found(saved(tmp_path, W, W.reshape(2, SIDE // 2, SIDE))) == []
    assert found(saved(tmp_path, np.zeros_like(W), np.zeros_like(W))) == []
    assert found(saved(tmp_path, np.ones((300, 300), np.float32))) == []


def test_tensors_that_share_their_bytes_are_one(tmp_path):
    path = saved(tmp_path, W, W)
    proto = onnx.load(path)
    for tensor in proto.graph.initializer:
        del tensor.external_data[:]
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="w.bin")
    (tmp_path / "w.bin").write_bytes(W.tobytes())
    path.write_bytes(proto.SerializeToString())
    assert found(path) == []


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_slice_over_and_over(axis, tmp_path):
    shape = [40, 30, 20]
    shape[axis] = 1
    once = RANDOM.standard_normal(shape).astype(np.float32)
    full = np.ascontiguousarray(np.broadcast_to(once, (40, 30, 20)))
    (one,) = archcheck.check(saved(tmp_path, full), archcheck.Settings(select=("SIZ",))).findings
    assert (one.code, one.facts["axis"], one.facts["times"]) == ("SIZ003", axis, full.shape[axis])
    assert "of its 40 × 30 × 20 position k + 1 holds what position k does" in one.why
    assert "broadcast" in one.fix
    full[tuple(size - 1 for size in full.shape)] += 1
    assert found(saved(tmp_path, full)) == []


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize(("times", "expected"), [(3, []), (4, ["SIZ003"]), (8, ["SIZ003"])])
def test_a_part_over_and_over(axis, times, expected, tmp_path):
    once = RANDOM.standard_normal((30, 30, 10)).astype(np.float32)
    full = np.concatenate([once] * times, axis)
    codes = archcheck.check(saved(tmp_path, full), archcheck.Settings(select=("SIZ",))).findings
    assert [one.code for one in codes] == expected
    assert all((one.facts["axis"], one.facts["times"]) == (axis, times) for one in codes)
    assert all("Tile" in one.fix for one in codes)
    full[tuple(size - 1 for size in full.shape)] += 1
    assert found(saved(tmp_path, full)) == []


def constant(more=0):
    """A constant of so many numbers more than a mebibyte takes."""
    array = np.arange((1 << 18) + more, dtype=np.float32)
    return helper.make_node("Constant", [], [f"c{more}"], f"const{more}",
                            value=numpy_helper.from_array(array, "c"))


@pytest.mark.parametrize(("more", "said"), [
    ((0,), None), ((1,), "a constant of 1,048,580 bytes is an attribute of a node"),
    ((0, 1), "a constant of 1,048,580 bytes is an attribute of a node"),
    ((1, 2), "constants of 2,097,164 bytes are attributes of nodes")])
def test_constants_as_attributes(more, said, tmp_path):
    nodes = [constant(one) for one in more]
    path = saved(tmp_path, np.float32(0), nodes=nodes)
    findings = archcheck.check(path, archcheck.Settings(select=("SIZ",))).findings
    assert [(one.code, one.message) for one in findings] == ([("SIZ002", said)] if said else [])


def near_two(size, kinds=()):
    graph = SimpleNamespace(file_size=size, weights={str(k): kind for k, kind in enumerate(kinds)})
    return list(known()["SIZ004"].function(SimpleNamespace(graph=graph)))


def stored_in(file, length):
    return TensorType("float32", (length // 4,), Literal(None, Location(file, 0, length)))


@pytest.mark.parametrize(("size", "inside", "beside", "count"), [
    (1_800_000_000, 1_800_000_000, 0, 0), (1_800_000_001, 1_800_000_000, 0, 1),
    (1_800_000_004, 0, 1_800_000_000, 0),
    (1_800_000_008, 900_000_004, 0, 0), (1_800_000_008, 900_000_008, 0, 1)])
def test_files_near_the_limit_of_protobuf_most_of_which_is_weights(size, inside, beside, count):
    found = near_two(size, [stored_in(None, inside), stored_in("w.bin", beside), TensorType("float32", (1,))])
    assert [one.facts["limit"] for one in found] == [2 ** 31 - 1] * count
