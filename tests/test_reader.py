"""Reading ONNX files: every fact in a `Graph` is held against onnx's own view of the same file."""
from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import ml_dtypes
import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import AttributeProto, TensorProto, defs, helper, numpy_helper

from archcheck import LoadError, load
from archcheck.dims import bounds, is_known, symbol
from archcheck.dtypes import BITS, NAMES, dtype_name, storage
from archcheck.frontends import _proto, _source
from archcheck.frontends._wire import encoded
from archcheck.frontends.onnx import schema_function
from archcheck.graph import AttrRef, Graph, Location, Node, TensorType

DATA = Path(__file__).parent / "data"
LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
FILES = [*sorted(LIGHT.glob("*.onnx")), *sorted(DATA.glob("*.onnx.gz"))]
NUMBERED = [name for name in NAMES if name not in (None, "string")]


def model(nodes=(), inputs=(), outputs=(), weights=(), **more) -> onnx.ModelProto:
    """A model; inputs and outputs are (name, sizes) of float tensors or ready ``ValueInfoProto``."""
    graph = helper.make_graph(nodes, "net", [*map(value, inputs)], [*map(value, outputs)], list(weights))
    more = {"ir_version": 10, "opset_imports": [helper.make_opsetid("", 20)], **more}
    return helper.make_model(graph, **more)


def value(found):
    return helper.make_tensor_value_info(found[0], 1, found[1]) if isinstance(found, tuple) else found


def node(op: str, inputs: str = "", outputs: str = "", **attributes) -> onnx.NodeProto:
    return helper.make_node(op, inputs.split(), outputs.split(), **attributes)


def read(proto: onnx.ModelProto) -> Graph:
    return load(proto.SerializeToString())


def kinds(graph: Graph) -> list[str]:
    return [irregular.kind for irregular in graph.irregularities]


def outline(graph: Graph) -> list[tuple]:
    return [(found.name, found.op, found.inputs, found.outputs, [*found.attrs]) for found in graph.nodes]


def only_attribute(attribute: AttributeProto):
    graph = read(model([onnx.NodeProto(op_type="Op", attribute=[attribute])]))
    return graph.nodes[0].attrs[attribute.name]


# -------------------------------------------------------------------------------------- whole files
def as_onnx_has_it(path: Path) -> onnx.ModelProto:
    data = path.read_bytes()
    return onnx.ModelProto.FromString(gzip.decompress(data) if path.suffix == ".gz" else data)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_files_are_read_as_onnx_reads_them(path):
    proto, graph = as_onnx_has_it(path), load(path)
    assert [(n.op, n.inputs, n.outputs, n.domain) for n in graph.nodes] == [
        (n.op_type, tuple(n.input), tuple(n.output), n.domain) for n in proto.graph.node]
    assert graph.outputs == tuple(v.name for v in proto.graph.output)
    assert graph.opsets == {found.domain: found.version for found in proto.opset_import}
    assert (graph.ir_version, graph.name) == (proto.ir_version, proto.graph.name)
    stored = {t.name for t in proto.graph.initializer}
    assert list(graph.inputs) == [v.name for v in proto.graph.input if v.name not in stored]
    for tensor in proto.graph.initializer:
        found = graph.weights[tensor.name]
        assert (found.dtype, found.shape) == (dtype_name(tensor.data_type), tuple(tensor.dims))
        if tensor.data_location != TensorProto.EXTERNAL and found.value.items is not None:
            assert found.value.items == tuple(numpy_helper.to_array(tensor).ravel().tolist())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_attributes_are_what_onnx_says(path):
    for proto, found in zip(as_onnx_has_it(path).graph.node, load(path).nodes, strict=True):
        for attribute in proto.attribute:
            theirs, ours = helper.get_attribute_value(attribute), found.attrs[attribute.name]
            if isinstance(theirs, TensorProto):
                theirs, ours = numpy_helper.to_array(theirs).ravel().tolist(), list(ours.value.items)
            elif isinstance(theirs, onnx.GraphProto):
                theirs, ours = [n.op_type for n in theirs.node], [n.op for n in ours.nodes]
            elif isinstance(theirs, (list, bytes)):
                theirs = tuple(theirs) if isinstance(theirs, list) else theirs.decode()
            assert ours == theirs


@pytest.mark.parametrize("source", ["path", "string", "bytes", "gzip", "proto", "stdin", "pipe"])
def test_every_source_gives_the_same_network(source, tmp_path, monkeypatch):
    path = LIGHT / "light_squeezenet.onnx"
    data = path.read_bytes()
    packed, pipe = tmp_path / "net.onnx.gz", tmp_path / "pipe"
    packed.write_bytes(gzip.compress(data))
    os.mkfifo(pipe)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))
    writer = subprocess.Popen(["cp", path, pipe]) if source == "pipe" else None
    sources = {"path": path, "string": str(path), "bytes": data, "gzip": packed, "stdin": "-", "pipe": pipe,
               "proto": onnx.load_from_string(data)}
    graph = load(sources[source])
    expected = load(path)
    assert outline(graph) == outline(expected)
    assert graph.file_size == (0 if source == "proto" else len(data))
    assert writer is None or writer.wait() == 0


def test_short_names_lead_to_networks_that_ship_with_onnx():
    for path in LIGHT.glob("*.onnx"):
        assert outline(load(f"onnx:{path.stem}")) == outline(load(path))


# -------------------------------------------------------------------------------------- elements
def same(ours, theirs) -> bool:
    """Equal element by element, in value and in sign; NaN equals NaN."""
    return len(ours) == len(theirs) and all(type(a) is type(b) and repr(a).replace("-nan", "nan") ==
                                            repr(b).replace("-nan", "nan") for a, b in zip(ours, theirs))


def plain(array: np.ndarray, dtype: str) -> list:
    """The elements as Python values."""
    kinds = {"complex": complex, "float": float, "bool": bool, "int": int}
    kind = next(kind for name, kind in kinds.items() if name in dtype)
    return [kind(element) for element in array.ravel()]


@st.composite
def stored(draw):
    dtype, count = draw(st.sampled_from(NUMBERED)), draw(st.integers(0, 40))
    size = storage(dtype, count)
    data = draw(st.binary(min_size=size, max_size=size))
    return dtype, count, bytes(byte & 1 for byte in data) if dtype == "bool" else data


@settings(max_examples=300, deadline=None)
@given(stored())
def test_stored_bytes_are_decoded_as_onnx_does(case):
    dtype, count, data = case
    tensor = TensorProto(name="w", data_type=NAMES.index(dtype), dims=[count], raw_data=data)
    found = read(model(weights=[tensor])).weights["w"]
    assert same(found.value.items, plain(numpy_helper.to_array(tensor), dtype))


@settings(max_examples=300, deadline=None)
@given(stored())
def test_typed_fields_are_decoded_as_onnx_does(case):
    dtype, count, data = case
    raw = TensorProto(data_type=NAMES.index(dtype), dims=[count], raw_data=data)
    tensor = helper.make_tensor("w", raw.data_type, [count], numpy_helper.to_array(raw).ravel())
    found = read(model(weights=[tensor])).weights["w"]
    assert same(found.value.items, plain(numpy_helper.to_array(tensor), dtype))


@pytest.mark.parametrize("dtype", [name for name in NUMBERED if BITS[name] <= 8])
def test_every_code_of_a_small_type(dtype):
    codes = np.arange(1 << BITS[dtype], dtype=np.uint8)
    tensor = TensorProto(name="w", data_type=NAMES.index(dtype), dims=codes.shape)
    tensor.raw_data = codes.tobytes() if BITS[dtype] == 8 else packed(codes, BITS[dtype])
    if dtype == "bool":
        tensor.raw_data = bytes(code & 1 for code in codes)
    assert same(read(model(weights=[tensor])).weights["w"].value.items,
                plain(numpy_helper.to_array(tensor), dtype))


def packed(codes: np.ndarray, bits: int) -> bytes:
    joined = sum(int(code) << bits * place for place, code in enumerate(codes))
    return joined.to_bytes(-(-len(codes) * bits // 8), "little")


def test_names_and_widths_are_those_of_onnx():
    for name, code in TensorProto.DataType.items():
        expected = {"UNDEFINED": None, "FLOAT": "float32", "DOUBLE": "float64"}.get(name, name.lower())
        assert dtype_name(code) == expected
        if expected in BITS and BITS[expected] >= 8:
            assert BITS[expected] == 8 * helper.tensor_dtype_to_np_dtype(code).itemsize
        elif expected in BITS:
            assert BITS[expected] == getattr(ml_dtypes, "iinfo" if "int" in expected else "finfo")(
                helper.tensor_dtype_to_np_dtype(code)).bits
    assert dtype_name(99) is None
    assert dtype_name(-1) is None


def test_strings_are_text():
    tensor = TensorProto(name="w", data_type=8, dims=[2], string_data=["grün".encode(), b"\xff"])
    assert read(model(weights=[tensor])).weights["w"].value.items == ("grün", "\ufffd")


@pytest.mark.parametrize("tensor", [
    TensorProto(data_type=1, dims=[3], raw_data=b"1234"),
    TensorProto(data_type=1, dims=[3], float_data=[1, 2]),
    TensorProto(data_type=1, dims=[3]),
    TensorProto(data_type=7, dims=[1 << 62] * 50, raw_data=b"12345678"),
    TensorProto(data_type=8, dims=[2], string_data=[b"one"]),
    TensorProto(data_type=1, dims=[5], raw_data=b"x" * 8000),
    TensorProto(data_type=1, dims=[-1], raw_data=b"1234"),
    TensorProto(data_type=1, dims=[1] * 1000, raw_data=b"1234"),
], ids=lambda tensor: str(list(tensor.dims))[:20])
def test_payloads_of_the_wrong_length_are_noted(tensor):
    tensor.name = "w"
    graph = read(model(weights=[tensor]))
    assert kinds(graph) == ["tensor-size"]
    assert graph.weights["w"].value.items is None


def test_large_tensors_are_located_and_not_decoded():
    array = np.arange(3000, dtype=np.float32)
    data = model(weights=[numpy_helper.from_array(array, "w")]).SerializeToString()
    literal = load(data).weights["w"].value
    place = literal.location
    assert literal.items is None
    assert (place.file, place.length) == (None, array.nbytes)
    assert data[place.offset:place.offset + place.length] == array.tobytes()
    assert load(onnx.load_from_string(data)).weights["w"].value.items is None


# -------------------------------------------------------------------------------------- attributes
TENSOR = numpy_helper.from_array(np.array([[1, 2]], np.int64), "t")
GRAPH = helper.make_graph([node("Relu", "a", "b")], "body", [], [])
SPARSE = helper.make_sparse_tensor(numpy_helper.from_array(np.ones(2, np.float32), "s"), TENSOR, [5, 6])
TYPE = helper.make_tensor_type_proto(TensorProto.FLOAT16, ["N", 3])


@pytest.mark.parametrize(("attribute", "expected"), [
    (helper.make_attribute("a", 3), 3),
    (helper.make_attribute("a", -(1 << 62)), -(1 << 62)),
    (helper.make_attribute("a", 0.1), float(np.float32(0.1))),
    (helper.make_attribute("a", "text"), "text"),
    (AttributeProto(name="a", type=3, s=b"\xff"), "\ufffd"),
    (helper.make_attribute("a", [1, 2]), (1, 2)),
    (helper.make_attribute("a", [1.5, 2.5]), (1.5, 2.5)),
    (helper.make_attribute("a", ["x", "y"]), ("x", "y")),
    (AttributeProto(name="a", type=7), ()),
    (AttributeProto(name="a", type=13, tp=TYPE), TensorType("float16", (symbol("N"), 3))),
    (AttributeProto(name="a", type=14, type_protos=[TYPE]), (TensorType("float16", (symbol("N"), 3)),)),
    (AttributeProto(name="a", i=5), 5),
    (AttributeProto(name="a", ints=[5]), (5,)),
    (AttributeProto(name="a"), None),
    (AttributeProto(name="a", type=2, ref_attr_name="axis"), AttrRef("axis")),
])
def test_attributes_become_python_values(attribute, expected):
    assert only_attribute(attribute) == expected


def test_tensors_and_graphs_in_attributes():
    tensor = only_attribute(AttributeProto(name="a", type=4, t=TENSOR))
    assert (tensor.dtype, tensor.shape, tensor.value.items) == ("int64", (1, 2), (1, 2))
    many = only_attribute(AttributeProto(name="a", type=9, tensors=[TENSOR, TENSOR]))
    assert [found.value.items for found in many] == [(1, 2), (1, 2)]
    assert only_attribute(AttributeProto(name="a", type=5, g=GRAPH)).nodes[0].op == "Relu"
    (body,) = only_attribute(AttributeProto(name="a", type=10, graphs=[GRAPH]))
    assert body.name == "body"
    sparse = only_attribute(AttributeProto(name="a", type=11, sparse_tensor=SPARSE))
    assert (sparse.dtype, sparse.shape, sparse.value.items) == ("float32", (5, 6), None)


# -------------------------------------------------------------------------------------- types and sizes
tensor_type, sequence_type = helper.make_tensor_type_proto, helper.make_sequence_type_proto
optional_type, sparse_type = helper.make_optional_type_proto, helper.make_sparse_tensor_type_proto


def only_input(kind: onnx.TypeProto, *others) -> TensorType:
    return read(model(inputs=[helper.make_value_info("x", kind), *others])).inputs["x"]


@pytest.mark.parametrize(("kind", "expected"), [
    (tensor_type(1, None), TensorType("float32", None)),
    (tensor_type(1, []), TensorType("float32", ())),
    (tensor_type(16, [0, 2]), TensorType("bfloat16", (0, 2))),
    (tensor_type(1, ["16*h", "past + seq"]),
     TensorType("float32", (symbol("16*h"), symbol("past + seq")))),
    (tensor_type(1, [None, -1, 3]), TensorType("float32", (symbol("x_0"), symbol("x_1"), 3))),
    (tensor_type(1, ["?", "None", "-1"]),
     TensorType("float32", (symbol("x_0"), symbol("x_1"), symbol("x_2")))),
    (tensor_type(1, ["n" * 9999]), TensorType("float32", (symbol("x_0"),))),
    (tensor_type(1, [1] * 1000), TensorType("float32", None)),
    (sequence_type(tensor_type(1, [2])), TensorType("seq(float32)", (2,))),
    (optional_type(tensor_type(7, [2])), TensorType("opt(int64)", (2,))),
    (optional_type(sequence_type(tensor_type(7, None))),
     TensorType("opt(seq(int64))", None)),
    (sparse_type(1, [2, 3]), TensorType("sparse(float32)", (2, 3))),
    (helper.make_map_type_proto(7, tensor_type(1, [])), TensorType("map(int64,float32)", None)),
    (onnx.TypeProto(), TensorType(None, None)),
])
def test_types_of_inputs(kind, expected):
    assert only_input(kind) == expected


def test_unnamed_sizes_get_names_of_their_own():
    inputs = [("x", ["x_1", None]), ("a/b:0", [None]), ("a_b_0", [None]), ("9", [None])]
    graph = read(model(inputs=inputs, outputs=[("y", ["a_b_0_0"])]))
    names = [str(size) for kind in graph.inputs.values() for size in kind.shape]
    assert names == ["x_1", "x_1_2", "a_b_0_0_2", "a_b_0_0_3", "_9_0"]


def test_declared_types_are_claims():
    proto = model([node("Relu", "x", "y")], [("x", ["N"])], [("y", ["N", None])])
    proto.graph.value_info.append(helper.make_tensor_value_info("z", 1, None))
    declared = read(proto).declared
    n, unclaimed = declared["y"].shape
    assert n is symbol("N")
    assert not is_known(unclaimed)
    assert bounds(unclaimed) == (0, None)
    assert declared["z"] == TensorType("float32", None)
    assert list(declared) == ["z", "y"]
    assert len(declared) == 2


def test_weights_listed_as_inputs_are_weights():
    graph = read(model([node("Add", "x w", "y")], [("x", [2]), ("w", [2])],
                       weights=[numpy_helper.from_array(np.ones(2, np.float32), "w")], ir_version=3))
    assert list(graph.inputs) == ["x"]
    assert graph.weights["w"].shape == (2,)
    assert graph.declared["w"].shape == (2,)
    assert kinds(graph) == ["weights-as-inputs"]


def test_sparse_weights_have_their_dense_shape():
    proto = model()
    proto.graph.sparse_initializer.append(SPARSE)
    found = read(proto).weights["s"]
    assert (found.dtype, found.shape, found.value.items) == ("float32", (5, 6), None)


# -------------------------------------------------------------------------------------- what a model says
def test_what_a_model_says_of_itself():
    proto = model([node("Relu", "x", "y", name="r", doc_string="doc")], [("x", [1])], producer_name="tool",
                  producer_version="1.2", doc_string="d" * 9999,
                  opset_imports=[helper.make_opsetid("ai.onnx", 12), helper.make_opsetid("com.acme", 3)])
    helper.set_model_props(proto, {"author": "me"})
    proto.graph.metadata_props.add(key="k", value="v")
    proto.graph.node[0].metadata_props.add(key="namespace", value="a/b")
    graph = read(proto)
    assert (graph.producer, graph.opsets, graph.ir_version) == ("tool 1.2", {"": 12, "com.acme": 3}, 10)
    assert graph.metadata == {"author": "me", "k": "v"}
    assert graph.nodes[0] == Node("r", "Relu", "", ("x",), ("y",), {}, {"namespace": "a/b"}, "", "doc")
    assert len(graph.doc) < 9999


def test_the_oldest_files_import_no_opset():
    proto = model([node("Relu", "x", "y")], ir_version=2)
    del proto.opset_import[:]
    assert read(proto).opsets == {"": 1}
    proto.ir_version = 3
    assert read(proto).opsets == {}


def test_training_graphs_stand_apart():
    proto = model([node("Relu", "x", "y")])
    proto.training_info.add(algorithm=GRAPH)
    graph = read(proto)
    assert [found.name for found in graph.training] == ["", "body"]
    assert len(graph.nodes) == 1


def test_local_functions():
    body = [node("Op", "a", "b")]
    body[0].attribute.add(name="axis", type=2, ref_attr_name="ax")
    function = helper.make_function("ai.acme", "F", ["a"], ["b"], body, [helper.make_opsetid("", 18)], ["ax"],
                                    [helper.make_attribute("eps", 0.5)])
    other = onnx.FunctionProto(name="F", domain="ai.acme", overload="x")
    call = node("F", "x", "y", domain="ai.acme", overload="x")
    graph = read(model([call], [("x", [2])], functions=[function, other, function]))
    assert list(graph.functions) == [("ai.acme", "F", ""), ("ai.acme", "F", "x")]
    found = graph.functions["ai.acme", "F", ""]
    assert (found.attributes, found.opsets, found.outputs) == ({"ax": None, "eps": 0.5}, {"": 18}, ("b",))
    assert found.inputs == {"a": TensorType(None, None)}
    assert found.nodes[0].attrs == {"axis": AttrRef("ax")}
    assert graph.nodes[0].overload == "x"
    assert kinds(graph) == ["duplicate-function"]


def test_functions_of_registered_schemas():
    relu = Node("r", "HardSwish", "", ("x",), ("y",), {})
    assert [found.op for found in schema_function(relu, {"": 14}).nodes] == ["HardSigmoid", "Mul"]
    assert schema_function(relu, {"": 1 << 40}) is not None
    assert schema_function(relu, {"": 1}) is None
    assert schema_function(relu._replace(op="Conv"), {}) is None
    assert schema_function(relu._replace(domain="com.acme"), {}) is None
    defaults = schema_function(relu._replace(op="Softplus"), {"": defs.onnx_opset_version()}).attributes
    assert defaults == {}


# -------------------------------------------------------------------------------------- order and names
def order(*nodes, **more) -> tuple[list[str], list[str]]:
    graph = read(model(nodes, [("x", [2])], **more))
    return [found.op for found in graph.nodes], kinds(graph)


def test_sorted_nodes_stay_as_they_are():
    assert order(node("A", "x", "a"), node("B", "a", "b"), node("C", "", "")) == (["A", "B", "C"], [])


def test_unsorted_nodes_are_sorted():
    nodes = node("C", "b", "c"), node("B", "a", "b"), node("A", "x", "a"), node("D", "x", "d")
    assert order(*nodes) == (["A", "B", "C", "D"], ["unsorted-nodes"])


def test_what_a_body_reads_counts_as_read():
    body = helper.make_graph([node("Neg", "late", "n")], "body", [], [value(("n", [1]))])
    outer = helper.make_graph([node("If", "c", "n", then_branch=body)], "outer", [], [value(("n", [1]))])
    for graph in (body, outer):
        nodes = node("If", "x", "y", then_branch=graph), node("Late", "x", "late")
        assert order(*nodes) == (["Late", "If"], ["unsorted-nodes"])


def test_circles_come_last_and_are_named():
    p, q = node("P", "q", "p", name="p"), node("Q", "p", "q", name="q")
    graph = read(model([p, node("A", "x", "a"), q, node("R", "q", "r")], [("x", [2])]))
    assert [found.op for found in graph.nodes] == ["A", "P", "Q", "R"]
    cycle = next(found for found in graph.irregularities if found.kind == "cycle")
    assert "p → q → p" in cycle.message
    assert kinds(graph) == ["cycle"]
    assert order(node("S", "s", "s")) == (["S"], ["cycle"])


def test_a_name_made_again_is_no_circle():
    assert order(node("A", "x", "x"), node("B", "x", "y")) == (["A", "B"], ["duplicate-value"])
    assert order(node("A", "x", "a"), node("B", "a", "a")) == (["A", "B"], ["duplicate-value"])


def test_names_used_twice_are_noted():
    weights = [numpy_helper.from_array(np.ones(2, np.float32), "w")] * 2
    graph = read(model([node("A", "x", "a", name="n"), node("B", "x", "a", name="n")], [("x", [2])],
                       weights=weights))
    assert {(found.kind, found.subject) for found in graph.irregularities} == {
        ("duplicate-node-name", "n"), ("duplicate-value", "a"), ("duplicate-value", "w")}


def test_nodes_without_a_name_get_one():
    graph = read(model([node("A", "x", "a"), node("A", "x", "b", name="A_0"), node("", "x", "")]))
    assert [found.name for found in graph.nodes] == ["A_0_", "A_0", "_2"]
    assert kinds(graph) == []


def test_inputs_and_weights_without_a_name_are_noted():
    assert kinds(read(model(inputs=[("", [2])], weights=[TensorProto(data_type=1, dims=[0])]))) == [
        "weights-as-inputs", "empty-name"]


def test_names_that_are_no_text_become_text():
    proto = model([node("Relu", "XX", "YY", name="ZZ")], [("XX", ["NN", 2])], producer_name="PP")
    data = proto.SerializeToString()
    for name in (b"XX", b"YY", b"ZZ", b"PP", b"Relu", b"net"):
        graph = load(data.replace(name, b"\xc4" * len(name)))
        assert kinds(graph) == ["not-utf8"]
        assert r"\xc4" in repr(graph).replace(r"\\", "\\")
    assert load(data.replace(b"NN", b"\xc4\xc4")).inputs["XX"].shape[0] is symbol("XX_0")


# -------------------------------------------------------------------------------------- external data
def external(location: str, dims=(2,), **entries) -> TensorProto:
    tensor = TensorProto(name="w", data_type=7, dims=dims, data_location=1)
    for key, text in {"location": location, **entries}.items():
        tensor.external_data.add(key=key, value=str(text))
    return tensor


def load_in(folder: Path, *tensors: TensorProto) -> Graph:
    (folder / "model.onnx").write_bytes(model(weights=tensors).SerializeToString())
    return load(folder / "model.onnx")


def test_small_external_tensors_are_read(tmp_path):
    (tmp_path / "w.bin").write_bytes(b"pad." + np.array([3, -4], np.int64).tobytes())
    graph = load_in(tmp_path, external("w.bin", offset=4, length=16))
    assert graph.weights["w"].value.items == (3, -4)
    assert graph.weights["w"].value.location == Location("w.bin", 4, 16)
    assert graph.irregularities == ()


def test_large_external_tensors_are_only_located(tmp_path):
    (tmp_path / "w.bin").write_bytes(bytes(80000))
    literal = load_in(tmp_path, external("w.bin", dims=[10000])).weights["w"].value
    assert literal.items is None
    assert literal.location == Location("w.bin", 0, 80000)


@pytest.mark.parametrize(("location", "kind"), [
    ("nowhere.bin", "external-data-missing"),
    ("folder", "external-data-missing"),
    ("../outside.bin", "external-data-escapes"),
    ("folder/../../outside.bin", "external-data-escapes"),
    ("/etc/passwd", "external-data-escapes"),
    ("link", "external-data-escapes"),
    ("linked/outside.bin", "external-data-escapes"),
    ("short.bin", "external-data-short"),
    ("nul\0.bin", "external-data-missing"),
    ("", "external-data-invalid"),
])
def test_external_data_is_not_followed_elsewhere(location, kind, tmp_path):
    home = tmp_path / "home"
    (home / "folder").mkdir(parents=True)
    (tmp_path / "outside.bin").write_bytes(bytes(16))
    (home / "short.bin").write_bytes(bytes(8))
    (home / "link").symlink_to(tmp_path / "outside.bin")
    (home / "linked").symlink_to(tmp_path)
    graph = load_in(home, external(location))
    assert kinds(graph) == [kind]
    assert graph.weights["w"].value.items is None
    assert graph.weights["w"].shape == (2,)


@pytest.mark.parametrize("entries", [
    {"offset": "-1"}, {"offset": "1e3"}, {"length": "9" * 5000}, {"length": 15}, {"offset": "x"}])
def test_impossible_places_are_noted(entries, tmp_path):
    (tmp_path / "w.bin").write_bytes(bytes(100))
    graph = load_in(tmp_path, external("w.bin", **entries))
    assert kinds(graph) == ["external-data-invalid"]
    assert len(graph.irregularities[0].message) < 400


def test_one_note_for_a_file_that_holds_many_tensors(tmp_path):
    graph = load_in(tmp_path, *(external("weights.bin", offset=16 * k, length=16) for k in range(50)))
    assert [found.message for found in graph.irregularities if "external" in found.kind] == [
        "the file 'weights.bin' that holds 'w' and 49 more tensors is not there"]


def test_bytes_have_no_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "w.bin").write_bytes(bytes(16))
    graph = load(model(weights=[external("w.bin")]).SerializeToString())
    assert graph.weights["w"].value.items is None
    assert graph.irregularities == ()


# -------------------------------------------------------------------------------------- what is no ONNX file
GOOD = model([node("Relu", "x", "y")], [("x", [2])]).SerializeToString()
NO_FILES = {
    "empty": (b"", "empty"),
    "cut off": ((LIGHT / "light_resnet50.onnx").read_bytes()[:40000], "cut off"),
    "damaged": (GOOD[:10] + b"\xff" * 30 + GOOD[40:], "damaged|cut off"),
    "web page": (b"\n<!DOCTYPE html>\n<HTML><body>not found</body></html>", "HTML"),
    "pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n", "git lfs pull"),
    "zip": (b"PK\x03\x04" + bytes(40), "zip archive; unpack"),
    "torch zip": (b"PK\x03\x04" + bytes(26) + b"net/data.pkl" + bytes(40), "PyTorch"),
    "pickle": (b"\x80\x02}q\x00.", "pickle"),
    "safetensors": ((90).to_bytes(8, "little") + b'{"w":{"dtype":"F32"}}', "safetensors"),
    "tflite": (b"\x1c\0\0\0TFL3" + bytes(20), "TensorFlow Lite"),
    "ort": (b"\x1c\0\0\0ORTM" + bytes(20), "ONNX Runtime"),
    "hdf5": (b"\x89HDF\r\n\x1a\n" + bytes(20), "HDF5"),
    "json": (b'{"layers": []}', "JSON"),
    "text": ("Übersicht: kein Modell".encode(), "text"),
    "other protobuf": (TensorProto(dims=[2], raw_data=b"1234").SerializeToString(), "no ONNX graph"),
    "nothing in it": (b"\x3a\x00", "no ONNX graph"),
    "gzipped text": (gzip.compress(b"hello"), "text"),
    "damaged gzip": (gzip.compress(GOOD)[:-12], "unpacked"),
    "nested gzip": (gzip.compress(gzip.compress(GOOD)), "gzip"),
    "noise": (bytes(range(255, 0, -1)) * 9, "damaged|cut off"),
}


@pytest.mark.parametrize("kind", NO_FILES)
def test_what_is_no_onnx_file_is_named(kind, tmp_path):
    data, said = NO_FILES[kind]
    path = tmp_path / "model.onnx"
    path.write_bytes(data)
    for source in (path, data):
        with pytest.raises(LoadError, match=said) as caught:
            load(source)
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 300
        assert str(caught.value).startswith(str(path) if source is path else "the model")


def test_paths_that_lead_nowhere(tmp_path, monkeypatch):
    (tmp_path / "resnet.onnx").write_bytes(GOOD)
    (tmp_path / "dangling.onnx").symlink_to(tmp_path / "gone.onnx")
    (tmp_path / "empty").mkdir()
    for name, said in {
        "resnt.onnx": "no file .*did you mean .*resnet.onnx", "missing/net.onnx": "nor a folder",
        "dangling.onnx": "link to .*gone.onnx", "": "directory; name a file in it, as .*.onnx",
        "empty": "no .onnx file", "net.yaml": "no file", "n\0": "null", "x" * 500: "too long",
    }.items():
        with pytest.raises(LoadError, match=said):
            load(os.path.join(tmp_path, name))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LoadError, match=r"did you mean resnet.onnx\?"):
        load("resnt.onnx")
    with pytest.raises(LoadError, match="did you mean onnx:light_vgg19"):
        load("onnx:light_vgg18")
    with pytest.raises(LoadError, match="light_bvlc_alexnet, "):
        load("onnx:nonsense")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_files_that_may_not_be_read(tmp_path):
    path = tmp_path / "net.onnx"
    path.write_bytes(GOOD)
    path.chmod(0)
    with pytest.raises(LoadError, match="no permission"):
        load(path)


def test_no_permission_is_said(monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")
    monkeypatch.setattr(_source, "open", refuse, raising=False)
    with pytest.raises(LoadError, match=r"no permission to read net.onnx; .*chmod"):
        load("net.onnx")


def test_objects_that_are_no_network():
    for source, said in ((onnx.GraphProto(), "GraphProto"), (3, "int"), (onnx.ModelProto(), "no graph")):
        with pytest.raises(LoadError, match=said):
            load(source)


def test_streams_are_bounded(monkeypatch):
    monkeypatch.setattr(_source, "MAX_STREAM", 1 << 20)
    with pytest.raises(LoadError, match="over 1,048,576 bytes"):
        load(gzip.compress(bytes(5 << 20)))


def test_more_nodes_than_any_network_has(monkeypatch):
    monkeypatch.setattr("archcheck.frontends.onnx.MAX_NODES", 1)
    with pytest.raises(LoadError, match="2 nodes"):
        read(model([node("A"), node("B")]))


# -------------------------------------------------------------------------------------- what it costs
def run(script: str) -> str:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_reading_imports_neither_onnx_nor_numpy():
    script = "import sys, archcheck; archcheck.load({!r}); print({{'onnx', 'numpy'}} & {{*sys.modules}})"
    assert run(script.format("onnx:light_vgg19")) == "set()"


@pytest.mark.parametrize("script", [
    "import archcheck; ours = archcheck.load({0!r}); import onnx; theirs = onnx.load({0!r})",
    "import onnx; theirs = onnx.load({0!r}); import archcheck; ours = archcheck.load({0!r})",
])
def test_onnx_may_be_imported_before_or_after(script):
    script += "; onnx.checker.check_model(theirs); print(len(archcheck.load(theirs).nodes), len(ours.nodes))"
    first, second = run(script.format(str(LIGHT / "light_vgg19.onnx"))).split()
    assert first == second


def test_an_onnx_package_laid_out_otherwise_is_imported(monkeypatch):
    def missing(_):
        raise FileNotFoundError
    monkeypatch.setattr(_proto, "_module", missing)
    _proto.schema.cache_clear()
    try:
        assert _proto.schema() is onnx
    finally:
        _proto.schema.cache_clear()


@pytest.mark.parametrize("error", [MemoryError, RecursionError])
def test_exhaustion_is_one_sentence(error, monkeypatch):
    def exhausted(*_):
        raise error
    monkeypatch.setattr("archcheck.frontends.onnx.skim", exhausted)
    with pytest.raises(LoadError, match="too large or nests too deep"):
        load(GOOD)


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for the peak of memory")
def test_memory_does_not_grow_with_the_weights(tmp_path):
    size = 1 << 30
    tensor = TensorProto(name="w", data_type=1, dims=[size // 4]).SerializeToString()
    tensor += encoded(9 << 3 | 2) + encoded(size)
    graph = encoded(5 << 3 | 2) + encoded(len(tensor) + size) + tensor
    head = b"\x08\x0a" + encoded(7 << 3 | 2) + encoded(len(graph) + size) + graph
    path = tmp_path / "large.onnx"
    path.write_bytes(head)
    os.truncate(path, len(head) + size)
    peak = "next(line for line in open('/proc/self/status') if line.startswith('VmHWM'))"
    script = f"import archcheck; print(archcheck.load({str(path)!r}).weights['w'].shape); print({peak})"
    shape, peak = run(script).splitlines()
    assert shape == f"({size // 4},)"
    assert int(peak.split()[1]) < 40 << 10
