"""Scopes, classes and source lines, as the exporters leave them."""
from __future__ import annotations

from pathlib import Path

import pytest

from archcheck import load
from archcheck.graph import Node
from archcheck.scopes import SourceLine, classes, scope, source_line

DATA = Path(__file__).parent / "data"
NAMESPACE = "/".join((": timm.models.ghostnet.GhostNet", "blocks: torch.nn.Sequential",
                      "blocks.4: torch.nn.Sequential", "blocks.4.se: timm.SqueezeExcite",
                      "conv2d_36: aten.conv2d.default"))
SCOPES = "pkg.torch.onnx.name_scopes"
CLASSES = "pkg.torch.onnx.class_hierarchy"
TRACE = "pkg.torch.onnx.stack_trace"


def node(name: str = "", output: str = "y", doc: str = "", **metadata: str) -> Node:
    return Node(name, "Op", "", ("x",), (output,), {}, metadata, "", doc)


@pytest.mark.parametrize(("name", "expected"), [
    # TorchScript: a child of a container repeats the container's name
    ("/layer1/layer1.0/conv1/Conv", "layer1 0 conv1"),
    ("/layer1/layer1.0/layer1.0.conv1/Conv", "layer1 0 conv1"),
    ("/blocks/blocks.3/blocks.3.0/conv_dw/Conv", "blocks 3 0 conv_dw"),
    ("/f/f.0/f.0.1_1/BatchNormalization", "f 0 1_1"),
    ("/model/bert/encoder/layer.1/attention/self/Unsqueeze", "model bert encoder layer 1 attention self"),
    ("/blocks.1.1/mlp/fc1/Add", "blocks 1 1 mlp fc1"),
    ("/trunk_output/block3/block3-1/f/a/a.1/BatchNormalization", "trunk_output block3 block3-1 f a 1"),
    ("/Flatten", ""),
    # what optimizers and quantizers make of it
    ("/blocks/blocks.3/mlp/fc2/MatMul/MatMulAddFusion", "blocks 3 mlp fc2"),
    ("/blocks/blocks.3/attn/MatMul/MatMulScaleFusion/", "blocks 3 attn"),
    ("/f/f.0/Conv_output_0_DequantizeLinear", "f 0"),
    ("classifier.1.weight_DequantizeLinear", "classifier 1"),
    # TensorFlow, Keras, JAX
    ("block1/conv/Conv2D", "block1 conv"),
    ("StatefulPartitionedCall/model/dense_5/MatMul", "model dense_5"),
    ("StatefulPartitionedCall_1/PartitionedCall/model/dense/MatMul", "model dense"),
    ("model_1/tf.expand_dims_1/ExpandDims", "model_1 tf.expand_dims_1"),
    ("model_1/conv2d_5/Sigmoid;model_1/conv2d_5/Sigmoid", "model_1 conv2d_5"),
    # no scope in it
    ("Conv_12", ""),
    ("n42", ""),
    ("add.45", ""),
    ("Reshape@2", ""),
    ("onnx::Conv_616_DequantizeLinear", ""),
    ("node_scaled_dot_product_attention", ""),
    ("", ""),
    ("/", ""),
    ("//", ""),
    (".", ""),
    (";", ""),
])
def test_scopes_in_names(name, expected):
    assert scope(node(name)) == tuple(expected.split())


@pytest.mark.parametrize(("metadata", "expected"), [
    ({"namespace": NAMESPACE}, ("blocks", "4", "se")),
    ({SCOPES: "['', 'model', 'model.layer', 'model.layer.0', 'add']"}, ("model", "layer", "0")),
    ({SCOPES: "['', 'sum_1']"}, ()),
    ({SCOPES: "[]"}, ()),
    ({SCOPES: "__import__('os').abort()"}, ()),
    ({SCOPES: "[" * 5000}, ()),
    ({SCOPES: "'" + "x" * 99999 + "'"}, ()),
    ({SCOPES: "7"}, ()),
    ({"namespace": "_empty_nn_module_stack_from_metadata_hook: x/sym_size: aten.sym_size.int"}, ()),
    ({"namespace": ""}, ()),
    ({"namespace": "/" * 99999}, ()),
])
def test_scopes_in_metadata(metadata, expected):
    assert scope(node("node_Conv_12", "/other/Conv_output_0", **metadata)) == expected


def test_a_value_keeps_the_scope_that_its_node_lost():
    assert scope(node("gemm_output_reshape", "/blocks/blocks.3/attn/proj/Add_output_0")) == (
        "blocks", "3", "attn", "proj")
    assert scope(node("n12", "gpu_0/res2_0_branch2a")) == ()
    assert scope(Node("n", "Op", "", (), (), {})) == ()


def test_classes():
    expected = ("timm.models.ghostnet.GhostNet", "torch.nn.Sequential", "torch.nn.Sequential",
                "timm.SqueezeExcite")
    assert classes(node(namespace=NAMESPACE)) == expected
    assert classes(node(**{CLASSES: repr([*expected, "aten.conv2d.default"])})) == expected
    assert classes(node()) == ()
    assert classes(node(**{CLASSES: "not a list"})) == ()


NEWER = '''File "/app/train.py", line 7, in <module>
    model(x)
File "/app/model.py", line 41, in forward
    return self.conv(x)
File "/env/lib/python3.11/site-packages/torch/nn/modules/conv.py", line 554, in forward
    return self._conv_forward(input, self.weight, self.bias)'''
OLDER = """/env/lib/python3.8/site-packages/torch/nn/modules/conv.py(439): _conv_forward
/env/lib/python3.8/site-packages/torch/nn/modules/module.py(1090): _slow_forward
/app/model.py(41): forward
/app/train.py(7): <module>
"""


@pytest.mark.parametrize(("found", "expected"), [
    (node(**{TRACE: NEWER}), SourceLine("/app/model.py", 41)),
    (node(doc=OLDER), SourceLine("/app/model.py", 41)),
    (node(**{TRACE: NEWER.splitlines()[4]}),
     SourceLine("/env/lib/python3.11/site-packages/torch/nn/modules/conv.py", 554)),
    (node(doc="rectifies its input (see above): well known"), None),
    (node(doc="(" * 99999), None),
    (node(), None),
])
def test_source_lines(found, expected):
    assert source_line(found) == expected


def test_a_real_network():
    graph = load(DATA / "t5_dynamo.onnx.gz")
    found = {scope(node) for node in graph.nodes}
    assert ("model", "encoder", "block", "2", "layer", "0", "SelfAttention", "v") in found
    deepest = max(graph.nodes, key=lambda node: len(scope(node)))
    assert len(classes(deepest)) > 5
    assert classes(deepest)[1:3] == ("transformers.models.t5.modeling_t5.T5EncoderModel",
                                     "transformers.models.t5.modeling_t5.T5Stack")
