"""A graph as an ONNX model with made-up weights, so that ONNX's own programs can be asked about it."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from archcheck.graph import Graph, TensorType

TYPES = {"float32": TensorProto.FLOAT, "int64": TensorProto.INT64}


def model_of(graph: Graph, types: Mapping[str, TensorType]) -> onnx.ModelProto:
    """The model; sizes must be numbers. ``types`` are those of its values."""
    nodes = [helper.make_node(node.op, list(node.inputs), list(node.outputs), node.name, domain=node.domain,
                              **{name: listed(value) for name, value in node.attrs.items()})
             for node in graph.nodes]
    inputs = [helper.make_tensor_value_info(name, TYPES[kind.dtype], kind.shape)
              for name, kind in graph.inputs.items()]
    outputs = [helper.make_tensor_value_info(name, TYPES[types[name].dtype], None)
               for name in graph.outputs]
    weights = [numpy_helper.from_array(elements(kind), name) for name, kind in graph.weights.items()]
    opsets = [helper.make_opsetid(domain, version) for domain, version in graph.opsets.items()]
    made = helper.make_graph(nodes, graph.name or "net", inputs, outputs, weights)
    return helper.make_model(made, opset_imports=opsets, ir_version=10)


def listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def elements(kind: TensorType) -> np.ndarray[Any, Any]:
    """The elements that are known, or small ones that are not all the same."""
    count = int(np.prod(kind.shape))
    if kind.value is not None:
        return np.array(kind.value, kind.dtype).reshape(kind.shape)
    return (np.arange(count) % 7 / 70 + 0.01).astype(kind.dtype).reshape(kind.shape)


def fed(graph: Graph) -> dict[str, np.ndarray[Any, Any]]:
    """Values for the inputs."""
    return {name: elements(kind) for name, kind in graph.inputs.items()}
