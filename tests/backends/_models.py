"""Small models that run well, and models that do not."""
from __future__ import annotations

from pathlib import Path

import onnx
from onnx import TensorProto, helper, parser

HEAD = '<ir_version: 8, opset_import: ["" : 17]> net '

ENDLESS = HEAD + '''(float[2] x) => (float[2] y) <int64 n = {1000000000}, bool t = {1}> {
    [forever] y = Loop(n, t, x) <body = body (int64 i, bool c, float[2] a) => (bool d, float[2] b) {
        d = Identity(c)
        b = Add(a, a)
    }>
}'''
HUNGRY = HEAD + '''(int64[1] s) => (float z) {
    [greedy] y = ConstantOfShape(s)
    z = ReduceSum<keepdims=0>(y)
}'''
EXPANDING = HEAD + '''(float[1] x, int64[1] s) => (float z) {
    [greedy] y = Expand(x, s)
    z = ReduceSum<keepdims=0>(y)
}'''
NOT_A_NUMBER = HEAD + '''(float[N, 4] x) => (float[N, 4] y) {
    [half] h = Mul(x, x)
    [negated] m = Neg(h)
    [root] r = Sqrt(m)
    [last] y = Relu(r)
}'''
SMALL = HEAD + '''(float[N, C, 4] x, int64[N, S] ids) => (float[N, C, 4] y, float[N, S, 3] e)
    <float[5, 3] table = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}> {
    [act] r = Relu(x)
    [double] y = Add(r, r)
    [embed] e = Gather(table, ids)
}'''


def saved(folder: Path, text: str, name: str = "net.onnx") -> Path:
    """A file with the model in ``text``."""
    path = folder / name
    onnx.save(parser.parse_model(text), path)
    return path


def crashing(folder: Path) -> Path:
    """A model on which ONNX Runtime dies: the least int64 divided by -1 overflows, which traps on x86."""
    ends = ([helper.make_tensor_value_info(name, TensorProto.INT64, ["N"])] for name in "xz")
    nodes = [helper.make_node("Neg", ["x"], ["n"]),
             helper.make_node("Div", ["x", "m"], ["y"], name="culprit"),
             helper.make_node("Neg", ["y"], ["z"]), helper.make_node("Neg", ["n"], ["unused"])]
    graph = helper.make_graph(nodes, "net", *ends, [helper.make_tensor("m", TensorProto.INT64, [1], [-1])])
    path = folder / "crash.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path
