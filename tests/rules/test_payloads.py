"""Payloads: the bytes that numpy stores, wherever they lie, and none from outside the model's folder."""
from __future__ import annotations

import gzip
import io
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import archcheck
from archcheck.dims import symbol
from archcheck.graph import TensorType
from archcheck.rules._case import Case
from archcheck.rules._payloads import CHUNK, Payloads

NUMBERS = np.random.default_rng(0).standard_normal(CHUNK // 4 + 5000).astype(np.float32)


def model(*tensors):
    graph = helper.make_graph([], "g", [], [], list(tensors))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)])


def raw(array=NUMBERS, name="w"):
    return numpy_helper.from_array(array, name)


def typed(array=NUMBERS):
    return TensorProto(name="w", data_type=1, dims=array.shape, float_data=array.tolist())


@pytest.mark.parametrize("tensor", [raw(), typed(), raw(NUMBERS[:7]), typed(NUMBERS[:7])])
@pytest.mark.parametrize("source", ["path", "gzip", "bytes", "stdin"])
def test_the_elements_are_those_that_were_stored(tensor, source, tmp_path, monkeypatch):
    data = model(tensor).SerializeToString()
    (tmp_path / "m.onnx").write_bytes(data)
    (tmp_path / "m.onnx.gz").write_bytes(gzip.compress(data, 1))
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))
    sources = {"path": tmp_path / "m.onnx", "gzip": tmp_path / "m.onnx.gz", "bytes": data, "stdin": "-"}
    graph = archcheck.load(sources[source])
    pieces = list(Payloads(graph).arrays(graph.weights["w"]))
    assert np.array_equal(np.concatenate(pieces), numpy_helper.to_array(tensor))
    assert all(piece.nbytes <= CHUNK for piece in pieces)


def external(location, length=None, offset=4096):
    tensor = TensorProto(name="w", data_type=1, dims=NUMBERS.shape, data_location=TensorProto.EXTERNAL)
    said = {"location": location, "offset": offset, "length": NUMBERS.nbytes if length is None else length}
    for key, value in said.items():
        tensor.external_data.add(key=key, value=str(value))
    return tensor


def in_folder(folder, tensor):
    (folder / "sub").mkdir(parents=True)
    onnx.save(model(tensor), folder / "sub" / "m.onnx")
    for place in (folder, folder / "sub"):
        (place / "w.bin").write_bytes(bytes(4096) + NUMBERS.tobytes())
    return archcheck.load(folder / "sub" / "m.onnx")


def test_a_file_beside_the_model_is_read(tmp_path):
    graph = in_folder(tmp_path, external("w.bin"))
    assert np.array_equal(np.concatenate(list(Payloads(graph).arrays(graph.weights["w"]))), NUMBERS)


@pytest.mark.parametrize("tensor", [external("../w.bin"), external("no.bin"), external("w.bin", offset=4100),
                                    external("w.bin", length=40)])
def test_what_is_not_there_or_not_its_own_is_not_read(tensor, tmp_path):
    graph = in_folder(tmp_path, tensor)
    payloads = Payloads(graph)
    assert payloads.view(graph.weights["w"]) is None
    assert payloads.digest(graph.weights["w"]) is None
    assert not list(payloads.arrays(graph.weights["w"]))


@pytest.mark.parametrize("later", [NUMBERS[:2000], np.concatenate([NUMBERS, NUMBERS])])
def test_a_model_that_has_changed_since_is_not_read(later, tmp_path):
    path = tmp_path / "m.onnx"
    onnx.save(model(raw()), path)
    graph = archcheck.load(path)
    onnx.save(model(raw(later)), path)
    assert Payloads(graph).view(graph.weights["w"]) is None


def test_a_model_from_elsewhere_is_not_asked_for_again(tmp_path, monkeypatch):
    onnx.save(model(raw()), tmp_path / "m.onnx")
    graph = replace(archcheck.load(tmp_path / "m.onnx"), source="http://localhost/m.onnx")
    asked = []
    monkeypatch.setattr("archcheck.rules._payloads.bytes_of", asked.append)
    assert Payloads(graph).view(graph.weights["w"]) is None
    assert asked == []


def test_bfloat16_is_widened(tmp_path):
    tensor = helper.make_tensor("w", TensorProto.BFLOAT16, [3], [1.0, -2.5, 0.5])
    onnx.save(model(tensor), tmp_path / "m.onnx")
    graph = archcheck.load(tmp_path / "m.onnx")
    (found,) = Payloads(graph).arrays(graph.weights["w"])
    assert (found.dtype, found.tolist()) == (np.float32, [1.0, -2.5, 0.5])


@pytest.mark.parametrize("kind", [
    TensorType("float32", None), TensorType(None, (2,)), TensorType("float32", (2,)),
    TensorType("string", (1,), ("a",)), TensorType("int64", (2,), (symbol("N"), 4)),
    TensorType("int64", (symbol("N"),), (1,))])
def test_what_is_not_stored_has_no_bytes(kind):
    assert Payloads(archcheck.load(model().SerializeToString())).view(kind) is None


def test_digests_tell_tensors_apart(tmp_path):
    other = NUMBERS.copy()
    other[-1] += 1
    onnx.save(model(raw(), raw(NUMBERS, "same"), raw(other, "other")), tmp_path / "m.onnx")
    graph = archcheck.load(tmp_path / "m.onnx")
    payloads = Payloads(graph)
    found = {name: payloads.digest(kind) for name, kind in graph.weights.items()}
    assert found["w"] == found["same"] != found["other"]


def test_only_small_payloads_are_read_unasked(tmp_path, monkeypatch):
    onnx.save(model(raw()), tmp_path / "m.onnx")
    report = archcheck.analyze(tmp_path / "m.onnx")
    assert Case(report, archcheck.Settings()).reads_weights
    assert not Case(report, archcheck.Settings(weights=False)).reads_weights
    for size, is_little in ((64 << 20, True), ((64 << 20) + 1, False)):
        monkeypatch.setattr("archcheck.rules._case.stored_bytes", lambda walk, size=size: size)
        assert Case(report, archcheck.Settings()).reads_weights == is_little


@pytest.mark.parametrize(("options", "wanted"), [
    ({}, []), ({"select": ("ALL",)}, ["DOC001", "NUM101"]),
    ({"extend_select": ("ALL",)}, ["DOC001", "NUM101"]), ({"select": ("N",)}, ["NUM101"]),
    ({"select": ("NUM101",)}, ["NUM101"]),
    ({"select": ("ALL",), "weights": False}, ["DOC001"])])
def test_large_payloads_are_read_for_what_is_selected(options, wanted, monkeypatch):
    """NUM101 is about weights, and DOC001 is off unless it is selected; ALL and one letter select them."""
    monkeypatch.setattr("archcheck.rules._case.stored_bytes", lambda walk: 1 << 40)
    weight = raw(np.float32([[1, 2], [np.nan, 3]]))
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])], "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ("N", 2))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], [weight])
    source = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    told = {one.code for one in archcheck.check(source, **options).findings}
    assert sorted(told & {"DOC001", "NUM101"}) == wanted
