"""Making a model fit for probing: weights that are missing are drawn, operators that swallow NaN are replaced
by ones that read the same and pass it on, and every value becomes an output."""
from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper

FLOATS = "tensor(float)", "tensor(double)", "tensor(float16)", "tensor(bfloat16)"


BLOCK = 4093
"""How many numbers are drawn for a weight; a larger one repeats them."""


class Unprobed(Exception):
    """A model cannot be probed; says why."""


def graphs(graph: GraphProto) -> Iterator[GraphProto]:
    """A graph and the bodies inside it."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for body in (attribute.g, *attribute.graphs):
                if body.node or body.output:
                    yield from graphs(body)


def tensors(model: ModelProto) -> Iterator[TensorProto]:
    """Every tensor stored in a model."""
    for graph in (*graphs(model.graph), *(body for f in model.functions for body in graphs(_body(f)))):
        yield from graph.initializer
        for node in graph.node:
            for attribute in node.attribute:
                yield from (attribute.t, *attribute.tensors)


def _body(function: onnx.FunctionProto) -> GraphProto:
    """The nodes of a function as a graph of their own; tensors in it are copies."""
    if any(attribute.t.external_data for node in function.node for attribute in node.attribute):
        raise Unprobed("a function has a weight that is not in the file")
    return helper.make_graph(function.node, function.name, [], [])


# ---------------------------------------------------------------------------------------------------- weights
def fill(model: ModelProto) -> None:
    """Draw every tensor of ``model`` that is stored outside of it, always the same way."""
    for tensor in tensors(model):
        if tensor.data_location == TensorProto.EXTERNAL:
            tensor.raw_data = _drawn(tensor).tobytes()
            tensor.data_location = TensorProto.DEFAULT
            del tensor.external_data[:]


def _drawn(tensor: TensorProto) -> np.ndarray[Any, Any]:
    """Positive numbers for vectors, which are scales and variances; for matrices and kernels mostly positive
    ones, which open rectifiers, divided by how many are summed, so that activations stay near 1."""
    shape, dtype = tuple(tensor.dims), helper.tensor_dtype_to_np_dtype(tensor.data_type)
    draw = np.random.default_rng(zlib.crc32(tensor.name.encode()))
    block: np.ndarray[Any, Any]
    if "float" not in dtype.name:
        block = draw.integers(0, 4, BLOCK)
    elif len(shape) < 2:
        block = draw.uniform(0.5, 1.5, BLOCK)
    else:
        block = draw.uniform(-1, 2, BLOCK) / (np.prod(shape[1:]) if len(shape) > 2 else max(shape))
    return np.resize(block.astype(dtype), shape)


# -------------------------------------------------------------------------------------------------- rewriting
def passing(model: ModelProto, kinds: Mapping[str, str]) -> bool:
    """Replace the operators of ``model`` that swallow NaN; says whether there were any. ``kinds`` are the
    types of its values, as ONNX Runtime names them."""
    opset = next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 1)
    replaced = False
    for graph in graphs(model.graph):
        replaced |= _unquantize(graph)
        used = {name for node in graph.node for name in node.input} | {out.name for out in graph.output}
        for node in graph.node:
            if node.domain in ("", "ai.onnx") and node.op_type in REPLACED:
                REPLACED[node.op_type](node, opset, kinds, used)
                replaced = True
    return replaced


def _pool(node: NodeProto, opset: int, kinds: Mapping[str, str], used: set[str]) -> None:
    """MaxPool as AveragePool; padding counts, so that a window of nothing else is not 0/0."""
    if len(node.output) > 1 and node.output[1] in used:
        raise Unprobed("MaxPool's indices are used")
    del node.output[1:]
    dilated = set(ints(node, "dilations")) - {1}
    if dilated and opset < 19:
        raise Unprobed("a MaxPool has dilations, which AveragePool has from opset 19 on")
    dropped = {"storage_order"} | (set() if dilated else {"dilations"})
    kept = [attribute for attribute in node.attribute if attribute.name not in dropped]
    counted = [helper.make_attribute("count_include_pad", 1)] if opset > 6 else []
    _become(node, "AveragePool", kept + counted)


def _reduce(node: NodeProto, opset: int, kinds: Mapping[str, str], used: set[str]) -> None:
    """The largest or smallest as the mean, unless they are integers, which may be sizes."""
    if kinds.get(node.output[0], FLOATS[0]) in FLOATS:
        _become(node, "ReduceMean", node.attribute)


def _global(node: NodeProto, opset: int, kinds: Mapping[str, str], used: set[str]) -> None:
    _become(node, "GlobalAveragePool", [])


REPLACED: dict[str, Callable[[NodeProto, int, Mapping[str, str], set[str]], None]] = {
    "MaxPool": _pool, "GlobalMaxPool": _global, "ReduceMax": _reduce, "ReduceMin": _reduce}


def _become(node: NodeProto, op: str, attributes: Sequence[onnx.AttributeProto]) -> None:
    kept = list(attributes)
    node.op_type = op
    del node.attribute[:]
    node.attribute.extend(kept)


def ints(node: NodeProto, name: str) -> Sequence[int]:
    """The integers of an attribute; none where the node has no such."""
    return next((attribute.ints for attribute in node.attribute if attribute.name == name), ())


def _unquantize(graph: GraphProto) -> bool:
    """Let what is quantized and dequantized again through as it is; says whether there is any."""
    stored = {tensor.name for tensor in graph.initializer}
    narrow: set[str] = set()
    for node in graph.node:
        if node.op_type == "QuantizeLinear" and node.input[0] not in stored:
            narrow.update(node.output)
        elif node.op_type == "DequantizeLinear" and node.input[0] in narrow:
            pass
        elif narrow.intersection(node.input):
            narrow.update(node.output)
            continue
        else:
            continue
        del node.input[1:]
        _become(node, "Identity", [])
    return bool(narrow)


# ---------------------------------------------------------------------------------------------------- outputs
def expose(model: ModelProto) -> None:
    """Make every value of the main graph an output."""
    known = {output.name for output in model.graph.output}
    names = dict.fromkeys(name for node in model.graph.node for name in node.output if name)
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names if name not in known)
    del model.graph.value_info[:]
