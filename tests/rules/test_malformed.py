"""Rules keep silent or speak, but never fail, whatever the nodes are given."""
from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

import archcheck
from archcheck.rules._case import Case
from archcheck.rules._judge import judge

SETTINGS = archcheck.Settings(select=("ALL",), targets=("fp16", "int8", "tensorrt", "webnn", "tensorcore"),
                              profiles=("numeric", "perf", "design"))
OPS = ("Add", "AveragePool", "BatchNormalization", "Cast", "Clip", "Constant", "Conv", "ConvTranspose",
       "DequantizeLinear", "Div", "Dropout", "Einsum", "Gather", "Gemm", "InstanceNormalization", "LSTM",
       "LayerNormalization", "Log", "MatMul", "Mul", "Pad", "Pow", "QLinearConv", "QuantizeLinear",
       "ReduceMean", "Reciprocal", "Relu", "Sigmoid", "Softmax", "Sqrt", "Sub", "Transpose")
WEIGHTS = {"f": np.float32([[1, 2], [3, 4]]), "i": np.int8([1, 2]), "n": np.int64(2), "e": np.float32([]),
           "h": np.float16([1.0])}
TYPES = (TensorProto.FLOAT, TensorProto.INT64, TensorProto.FLOAT16)


def network(random):
    """Random nodes with too few or too many inputs and outputs, of all types."""
    names, nodes = ["x0", "x1", "x2", "", "nothing", *WEIGHTS], []
    for k in range(20):
        made = [f"v{k}_{place}" for place in range(random.integers(0, 4))]
        given = [str(random.choice(names)) for _ in range(random.integers(0, 7))]
        op = str(random.choice(OPS))
        attrs = {"group": 2, "pads": [1]} if random.random() < 0.2 else {}
        attrs |= {"to": 11, "axis": 5, "mode": "reflect"} if random.random() < 0.2 else {}
        domain = "com.microsoft" if random.random() < 0.1 else ""
        nodes.append(helper.make_node(op, given, made, domain=domain, **attrs))
        names += made + made[:1] * 3
    inputs = [helper.make_tensor_value_info(f"x{k}", kind, ("N", 2, *[4] * k))
              for k, kind in enumerate(TYPES)]
    stored = [numpy_helper.from_array(array, name) for name, array in WEIGHTS.items()]
    outputs = [helper.make_tensor_value_info(names[-1], TensorProto.FLOAT, None)]
    graph = helper.make_graph(nodes, "g", inputs, outputs, stored)
    opsets = {"": int(random.choice([6, 9, 12, 17, 21])), "com.microsoft": 1}
    imports = [helper.make_opsetid(*opset) for opset in opsets.items()]
    return helper.make_model(graph, opset_imports=imports, ir_version=8).SerializeToString()


@pytest.mark.parametrize("seed", range(100))
def test_rules_do_not_fail(seed):
    report = archcheck.analyze(network(np.random.default_rng(seed)))
    assert judge(Case(report, SETTINGS)).broken == ()
