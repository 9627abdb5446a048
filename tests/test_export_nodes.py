"""Every kind of node comes out of ``archcheck export`` as it went in."""
from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import AttributeProto, helper, numpy_helper, parser

import archcheck
from archcheck.writers._formulas import NotWritable
from tests._running import session
from tests.ops._rows import Row, Spec, _value_info
from tests.test_layout import operator_rows


def plain(value: Any) -> Any:
    """A message as Python values in which equal networks are equal, however their tensors are stored."""
    if isinstance(value, onnx.TensorProto):
        array = numpy_helper.to_array(value)
        content = array.tolist() if array.dtype == object else array.tobytes()
        return value.data_type, tuple(value.dims), content
    if isinstance(value, onnx.GraphProto):
        return ([plain(node) for node in value.node], [info.name for info in value.input],
                [(info.name, info.type.SerializeToString()) for info in value.output],
                [(tensor.name, plain(tensor)) for tensor in value.initializer])
    if isinstance(value, onnx.NodeProto):
        attributes = {attribute.name: plain(attribute) for attribute in value.attribute}
        return (value.op_type, value.domain, value.overload, list(value.input), list(value.output),
                attributes)
    if isinstance(value, AttributeProto):
        inner = value.ref_attr_name or helper.get_attribute_value(value)
        return value.type, plain(inner)
    if hasattr(value, "SerializeToString"):
        return value.SerializeToString()
    return [plain(entry) for entry in value] if isinstance(value, list) else value


def exported(model: onnx.ModelProto, path: Any) -> onnx.ModelProto:
    archcheck.export(model.SerializeToString(), path)
    return onnx.load(path)


def model_of(case: Row) -> onnx.ModelProto:
    weights = {f"x{k}": entry for k, entry in enumerate(case.inputs) if isinstance(entry, np.ndarray)}
    return case.model(weights, [_value_info(f"x{k}", entry) for k, entry in enumerate(case.inputs)
                                if isinstance(entry, Spec)])


def test_the_node_of_every_row_is_written_as_it_was(tmp_path):
    rows = [case for case in operator_rows() if not any("sparse" in name for name in case.attrs)]
    assert len(rows) > 1000
    for case in rows:
        before = model_of(case)
        after = exported(before, tmp_path / "model.onnx")
        named = before.graph.node[0]
        assert repr(plain(after.graph.node[0])) == repr(plain(named)), case.label
        assert {tensor.name: plain(tensor) for tensor in after.graph.initializer} == {
            tensor.name: plain(tensor) for tensor in before.graph.initializer}, case.label
        assert [info.name for info in after.graph.input] == [info.name for info in before.graph.input]
        assert list(after.opset_import) == list(before.opset_import)


FUNCTIONS = """<ir_version: 10, opset_import: ["" : 20, "acme" : 1]>
net (float[2,3,4] x) => (float[2,3,4] y, float[2,3,4] z) {
    [one] y = acme.Scaled <axis = 2> (x)
    [two] z = acme.Scaled <axis = 1, factor = 3.0> (x)
}
<domain: "acme", opset_import: ["" : 20]>
Scaled <axis, factor: float = 2.0> (x) => (y) {
    s = Softmax <axis: int = @axis> (x)
    f = Constant <value_float: float = @factor> ()
    y = Mul (s, f)
}"""


def test_functions_run_as_before(tmp_path):
    before = parser.parse_model(FUNCTIONS)
    onnx.save(before, tmp_path / "before.onnx")
    after = exported(before, tmp_path / "after.onnx")
    onnx.checker.check_model(after, full_check=True)
    x = np.random.default_rng(0).random((2, 3, 4)).astype("f4")
    values = [session(tmp_path / name).run(None, {"x": x}) for name in ("before.onnx", "after.onnx")]
    assert np.array_equal(*values)
    for one, other in zip(before.functions, after.functions):
        assert list(map(plain, one.node)) == list(map(plain, other.node))
        assert one.attribute == other.attribute and one.attribute_proto == other.attribute_proto


BODIES = """<ir_version: 10, opset_import: ["" : 20]>
net (float[N,3] x, bool c, int64 n) => (float[N,3] y) {
    a = If (c) <
        then_branch = t () => (float[N,3] u) <float[3] w = {1.0, 2.0, 3.0}> { u = Add(x, w) },
        else_branch = e () => (float[N,3] v) { v = Neg(x) }
    >
    y = Loop (n, , a) <
        body = b (int64 i, bool k, float[N,3] s) => (bool o, float[N,3] r) { o = Identity(k)  r = Add(s, x) }
    >
}"""


@pytest.mark.parametrize("condition", [True, False])
def test_bodies_run_as_before(condition: bool, tmp_path):
    onnx.save(parser.parse_model(BODIES), tmp_path / "before.onnx")
    archcheck.export(tmp_path / "before.onnx", tmp_path / "after.onnx")
    onnx.checker.check_model(tmp_path / "after.onnx", full_check=True)
    given = {"x": np.arange(6, dtype="f4").reshape(2, 3), "c": np.array(condition), "n": np.array(4)}
    (a,), (b,) = (session(tmp_path / name).run(None, given) for name in ("before.onnx", "after.onnx"))
    assert (a == b).all()


def test_sparse_attributes_are_refused(tmp_path):
    values = helper.make_tensor("v", 1, [1], [1.0])
    sparse = helper.make_sparse_tensor(values, helper.make_tensor("i", 7, [1], [2]), [4])
    node = helper.make_node("Constant", [], ["y"], "c", sparse_value=sparse)
    graph = helper.make_graph([node], "g", [], [helper.make_tensor_value_info("y", 1, [4])])
    with pytest.raises(NotWritable, match="the Constant 'c' cannot be written: its sparse_value is a sparse"):
        archcheck.export(helper.make_model(graph), tmp_path / "model.onnx")


def test_sequences_maps_and_optionals_keep_their_types(tmp_path):
    tensor = helper.make_tensor_type_proto(1, ["N", 2])
    table = helper.make_map_type_proto(8, helper.make_tensor_type_proto(1, []))
    kinds = [helper.make_sequence_type_proto(tensor), helper.make_optional_type_proto(tensor),
             helper.make_sequence_type_proto(table)]
    values = [helper.make_value_info(f"x{k}", kind) for k, kind in enumerate(kinds)]
    nodes = [helper.make_node("Identity", [f"x{k}"], [f"y{k}"]) for k in range(3)]
    outputs = [helper.make_value_info(f"y{k}", kind) for k, kind in enumerate(kinds)]
    before = helper.make_model(helper.make_graph(nodes, "g", values, outputs))
    after = exported(before, tmp_path / "model.onnx")
    assert list(after.graph.input) == values
