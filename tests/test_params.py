"""Parameters: what counts, and how often; and what the networks that come with onnx are known to have."""
from __future__ import annotations

from math import prod
from pathlib import Path

import onnx
import pytest
from onnx import helper, parser

import archcheck
from archcheck.analyses.params import BUFFER, LEARNED, QUANTIZATION
from archcheck.graph import Graph, Literal, Location, Node, TensorType

LIGHT = {  # parameters and running statistics, as the papers and the frameworks of these networks have them
    "bvlc_alexnet": (60_965_224, 0),
    "vgg19": (143_667_240, 0),
    "resnet50": (25_557_032, 53_120),
    "densenet121": (8_062_504, 83_648),
    "inception_v1": (6_998_552, 0),
    "inception_v2": (11_214_888, 19_904),
    "squeezenet": (1_235_496, 0),
    "shufflenet": (1_393_320, 26_832),
    "zfnet512": (87_250_536, 0),
}


def fill(graph):
    """Store zeros for every value that is declared but not made by a node, here and in the bodies."""
    made = {tensor.name for tensor in graph.initializer}
    made.update(name for node in graph.node for name in node.output)
    for value in graph.value_info:
        if value.name not in made:
            kind = value.type.tensor_type
            dims = [dim.dim_value for dim in kind.shape.dim]
            graph.initializer.append(helper.make_tensor(value.name, kind.elem_type, dims, [0] * prod(dims)))
    for node in graph.node:
        for attribute in node.attribute:
            fill(attribute.g)


def weights(text):
    """What is found in a model in ONNX's text form, from its inputs on."""
    opsets = '["" : 21, "com.microsoft" : 1, "f" : 1]'
    model = parser.parse_model(f"<ir_version: 10, opset_import: {opsets}> net {text}")
    fill(model.graph)
    report = archcheck.analyze(model.SerializeToString())
    assert not report.failures
    return report.weights


def counts(found):
    return found.total, found.buffers, found.quantization


@pytest.mark.parametrize("name", LIGHT)
def test_known_networks(name):
    folder = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
    report = archcheck.analyze(folder / f"light_{name}.onnx")
    found = report.weights
    assert (found.total, found.buffers) == LIGHT[name] and found.as_used == found.total
    assert 0 <= found.bytes_by_dtype["float32"] - 4 * sum(LIGHT[name]) < 16  # besides scalars
    assert sum(found.by_node.values()) == found.total == sum(layer.params for layer in report.layers)


# ---------------------------------------------------------------------------------- what counts
def counted(learned, buffers, quantization, *text):
    """A model, and what must be found in it."""
    return " ".join(text), (learned, buffers, quantization)


COUNTED = {
    "an initializer that data meet": counted(
        12, 0, 0,
        "(float[N,3] x) => (float[N,4] y) <float[3,4] w> { y = MatMul(x, w) }"),
    "a constant that is no scalar": counted(
        3, 0, 0,
        "(float[N,3] x) => (float[N,3] y) { w = Constant<value = float[3] {1, 2, 3}>()  y = Mul(x, w) }"),
    "a filled constant": counted(
        12, 0, 0,
        "(float[N,3] x) => (float[N,4] y) <int64[2] s = {3, 4}>",
        "{ w = ConstantOfShape(s)  y = MatMul(x, w) }"),
    "the start of a chain of constants": counted(
        12, 0, 0,
        "(float[N,3] x) => (float[N,8] y) <float[4,3] w>",
        "{ t = Transpose(w)  u = Concat<axis = 1>(t, t)  y = MatMul(x, u) }"),
    "a token repeated for a batch that is not known": counted(
        4, 0, 0,
        "(float[N,S,4] x) => (float[N,T,4] y) <float[1,1,4] token, int64[1] ends = {1}, int64[1] zero = {0}>",
        "{ s = Shape(x)  n = Slice(s, zero, ends)  one = Concat<axis = 0>(n, ends, ends)",
        "  t = Expand(token, one)  y = Concat<axis = 1>(t, x) }"),
    "an embedding": counted(
        36, 0, 0,
        "(int64[N] i) => (float[N,4] y) <float[9,4] table> { y = Gather(table, i) }"),
    "a vector of one element": counted(
        1, 0, 0,
        "(float[N] x) => (float[N] y) <float[1] slope> { y = PRelu(x, slope) }"),
    "nothing where only the shape is read": counted(
        0, 0, 0,
        "(float[N,3] x) => (int64[2] y) <float[5,7] w> { s = Shape(w)  t = Shape(x)  y = Add(s, t) }"),
    "no sizes, axes and scales": counted(
        0, 0, 0,
        "(float[1,1,H,W] x) => (float[1,1,K,L] y)",
        "<float[4] scales = {1, 1, 2, 2}, int64[4] s = {1, 1, -1, 2}>",
        "{ r = Resize(x, , scales)  y = Reshape(r, s) }"),
    "no scalars": counted(
        0, 0, 0,
        "(float[N] x) => (float[N] y) <float half = {0.5}>",
        "{ h = Mul(x, half)  two = Constant<value = float[1] {2}>()  y = Mul(h, two) }"),
    "no integers": counted(
        0, 0, 0,
        "(int64[N,3] x) => (int64[N,3] y) <int64[3] w> { y = Add(x, w) }"),
    "no filling of a size that is not known": counted(
        0, 0, 0,
        "(float[N,3] x) => (float[N,3] y) { s = Shape(x)  z = ConstantOfShape(s)  y = Add(x, z) }"),
    "nothing that is not used": counted(
        0, 0, 0,
        "(float[N,3] x) => (float[N,3] y) <float[9] w> { v = Neg(w)  y = Relu(x) }"),
    "no noise": counted(
        0, 0, 0,
        "(float[N,3] x) => (float[N,3] y) { r = RandomNormal<shape = [3]>()  y = Add(x, r) }"),
    "running statistics apart": counted(
        6, 6, 0,
        "(float[N,3] x) => (float[N,3] y) <float[3] s, float[3] b, float[3] m, float[3] v>",
        "{ i = Identity(m)  y = BatchNormalization(x, s, b, i, v) }"),
    "weights that are normalised like data": counted(
        30, 10, 0,
        "(float[N,4] x) => (float[N,5] y) <float[4,5] w, float[5] s, float[5] b, float[5] m, float[5] v>",
        "{ t = BatchNormalization(w, s, b, m, v)  y = MatMul(x, t) }"),
    "initial states apart": counted(
        10, 2, 0,
        "(float[T,N,3] x) => (float[T,1,N,2] y) <float[1,2,3] w, float[1,2,2] r, float[1,1,2] h>",
        "{ y = RNN<hidden_size = 2>(x, w, r, , , h) }"),
    "quantised weights, and scales and zero points apart": counted(
        16, 0, 9,
        "(float[N,3] x) => (float[N,4] y) <int8[3,4] w, float[4] s, int8[4] z, int32[4] b, float t>",
        "{ v = DequantizeLinear<axis = 1>(w, s, z)  a = DequantizeLinear(b, t)",
        "  p = MatMul(x, v)  y = Add(p, a) }"),
    "integer weights": counted(
        12, 0, 1,
        "(uint8[N,3] x) => (int32[N,4] y) <int8[3,4] w, uint8 z = {0}> { y = MatMulInteger(x, w, z) }"),
    "weights packed in bytes": counted(
        128, 0, 16,
        "(float[N,32] x) => (float[N,4] y) <uint8[4,2,8] w, float[8] s, uint8[4] z>",
        "{ y = com.microsoft.MatMulNBits<K = 32, N = 4, bits = 4, block_size = 16>(x, w, s, z) }"),
    "weights in the branches of an If": counted(
        6, 0, 0,
        "(bool c, float[N,3] x) => (float[N,3] y) <float[3] w>",
        "{ y = If (c) <then_branch = a () => (float[N,3] p) <float[3] u> { v = Add(u, w)  p = Add(x, v) },",
        " else_branch = b () => (float[N,3] q) { q = Mul(x, w) }> }"),
    "weights in the body of a loop, its initial state apart": counted(
        3, 3, 0,
        "(int64 n, float[N,3] x) => (float[3] y) <float[3] w, float[3] start>",
        "{ y = Loop (n, , start) <body = b (int64 i, bool go, float[3] s) => (bool again, float[3] t)",
        " { again = Identity(go)  t = Mul(s, w) }> }"),
}


@pytest.mark.parametrize("case", COUNTED)
def test_counts(case):
    text, expected = COUNTED[case]
    assert counts(weights(text)) == expected


def test_weights_of_a_function_count_where_it_is_called():
    found = weights("""(float[N,3] x) => (float[N,3] z) <float[3] w, float[3] v>
        { y = f.F(x, w)  z = f.F(y, v) }
        <domain: "f", opset_import: ["" : 21]>
        F (a, b) => (d) { k = Constant<value = float[3] {1, 2, 3}>()  c = Add(a, b)  d = Mul(c, k) }""")
    assert {weight.name: weight.used_by for weight in found.weights} == {"w": (0,), "v": (1,), "k": (0, 1)}
    assert (found.total, found.as_used, dict(found.by_node)) == (9, 12, {0: 6, 1: 3})


def test_a_shared_weight_counts_once():
    found = weights("(float[N,3] x) => (float[N,3] z) <float[3,3] w> { y = MatMul(x, w)  z = MatMul(y, w) }")
    assert (found.total, found.as_used, dict(found.by_node)) == (9, 18, {0: 9})
    assert found.weights[0].used_by == (0, 1)


def test_two_names_of_the_same_bytes_are_one_weight():
    def stored(offset):
        return TensorType("float32", (2, 3), Literal(None, Location("weights.bin", offset, 24)))

    nodes = [Node(y, "Add", "", (x, w), (y,), {}) for x, w, y in ("xap", "pbq", "qcr")]
    given = {"a": stored(0), "b": stored(0), "c": stored(24)}
    report = archcheck.analyze(Graph("g", {"x": TensorType("float32", (2, 3))}, ("r",), tuple(nodes), given))
    assert (report.params, report.weights.as_used) == (12, 18)
    assert report.weights.bytes_by_dtype == {"float32": 48}


def test_bytes_are_packed_and_rounded_up_for_each_tensor():
    found = weights("""(float[3] x) => (float[3] y) <int4[3] w, float[3] s, float[1] unused, int64[2] shape> {
        v = DequantizeLinear<axis = 0>(w, s)  y = Mul(x, v)
    }""")
    assert found.bytes_by_dtype == {"int4": 2, "float32": 16, "int64": 16}
    assert [(weight.name, weight.dtype, weight.bytes, weight.kind) for weight in found.weights] == [
        ("w", "int4", 2, LEARNED), ("s", "float32", 12, QUANTIZATION)]


def test_a_buffer_that_is_also_computed_with_is_learned():
    found = weights("""(float[N,3] x) => (float[N,3] z) <float[3] m, float[3] v> {
        y = BatchNormalization(x, v, m, m, v)  z = Add(y, v)
    }""")
    assert {weight.name: weight.kind for weight in found.weights} == {"m": LEARNED, "v": LEARNED}
    assert BUFFER not in {weight.kind for weight in found.weights}
