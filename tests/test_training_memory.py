"""What training keeps of the forward pass, held against what PyTorch kept.

PyTorch's figures are the bytes of the distinct storages, without those of parameters and buffers, that
``torch.autograd.graph.saved_tensors_hooks`` saw in one forward pass in training mode (torch 2.13, on a CPU).
"""
from __future__ import annotations

import pytest
from onnx import parser

import archcheck
from archcheck.dims import evaluate
from archcheck.report import Report
from tests.benchmarks import graphs
from tests.test_params import fill

NORM = "float[{c}] s{k}, float[{c}] o{k}, float[{c}] m{k}, float[{c}] v{k}"


def analyzed(text: str) -> Report:
    """A network in ONNX's text form, from its inputs on; values that no node makes are weights."""
    opsets = '["" : 21, "f" : 1]'
    model = parser.parse_model(f"<ir_version: 10, opset_import: {opsets}> net {text}")
    fill(model.graph)
    report = archcheck.analyze(model.SerializeToString())
    assert not report.failures
    return report


NETWORKS = {  # name: what PyTorch keeps, and the same network in ONNX
    "two linear layers": (480, """
        (float[N,8] x) => (float[N,4] y) <float[16,8] w, float[16] b, float[4,16] u, float[4] c>
        { h = Gemm<transB = 1>(x, w, b)  r = Relu(h)  y = Gemm<transB = 1>(r, u, c) }"""),
    "LeNet": (18448, """
        (float[N,3,16,16] x) => (float[N,10] y)
        <float[6,3,5,5] w, float[6] b, float[16,6,3,3] u, float[16] c, float[10,64] f, float[10] d>
        { a = Conv(x, w, b)  t = Tanh(a)  p = AveragePool<kernel_shape = [2,2], strides = [2,2]>(t)
          e = Conv(p, u, c)  s = Sigmoid(e)  m = MaxPool<kernel_shape = [2,2], strides = [2,2]>(s)
          g = Flatten(m)  h = Gemm<transB = 1>(g, f, d)  y = LogSoftmax(h) }"""),
    "a residual block": (71808, f"""
        (float[N,3,16,16] x) => (float[N,8,16,16] y)
        <float[8,3,1,1] w0, float[8] b0, float[8,3,3,3] w1, float[8] b1, float[8,8,3,3] w2, float[8] b2,
         {NORM.format(c=8, k=1)}, {NORM.format(c=8, k=2)}>
        {{ a = Conv<pads = [1,1,1,1]>(x, w1, b1)  n = BatchNormalization(a, s1, o1, m1, v1)  r = Relu(n)
          b = Conv<pads = [1,1,1,1]>(r, w2, b2)  k = BatchNormalization(b, s2, o2, m2, v2)
          c = Conv(x, w0, b0)  z = Add(k, c)  y = Relu(z) }}"""),
    "a depthwise block with limits": (153792, f"""
        (float[N,3,16,16] x) => (float[N,4] y)
        <float[12,3,1,1] w0, float[12,1,3,3] w1, float[4,12,1,1] w2, float[4] b, float low = {{0}},
         float six = {{6}}, {NORM.format(c=12, k=1)}, {NORM.format(c=12, k=2)}, int64[2] axes = {{2, 3}}>
        {{ a = Conv(x, w0)  n = BatchNormalization(a, s1, o1, m1, v1)  r = Clip(n, low, six)
          c = Conv<pads = [1,1,1,1], group = 12>(r, w1)  k = BatchNormalization(c, s2, o2, m2, v2)
          t = Clip(k, low, six)  d = Conv(t, w2, b)  y = ReduceMean<keepdims = 0>(d, axes) }}"""),
    "joined branches": (49152, """
        (float[N,3,16,16] x) => (float[N,2,16,16] y)
        <float[4,3,3,3] w0, float[4] b0, float[5,3,1,1] w1, float[5] b1, float[2,12,1,1] w2, float[2] b2>
        { a = Conv<pads = [1,1,1,1]>(x, w0, b0)  r = Relu(a)  c = Conv(x, w1, b1)  t = Relu(c)
          j = Concat<axis = 1>(x, r, t)  y = Conv(j, w2, b2) }"""),
    "squeeze and excitation": (39056, """
        (float[N,3,16,16] x) => (float[N,8,16,16] y)
        <float[8,3,3,3] w0, float[8] b0, float[2,8,1,1] w1, float[2] b1, float[8,2,1,1] w2, float[8] b2,
         float[8,8,1,1] w3, float[8] b3>
        { a = Conv<pads = [1,1,1,1]>(x, w0, b0)  p = GlobalAveragePool(a)  h = Conv(p, w1, b1)  r = Relu(h)
          g = Conv(r, w2, b2)  s = Sigmoid(g)  m = Mul(a, s)  y = Conv(m, w3, b3) }"""),
    "a transformer's block": (11368, """
        (float[N,7,16] x) => (float[N,7,16] y)
        <float[16] s1, float[16] o1, float[16] s2, float[16] o2, float[16,16] wq, float[16] bq,
         float[16,16] wk, float[16] bk, float[16,16] wv, float[16] bv, float[16,16] wo, float[16] bo,
         float[16,32] w1, float[32] b1, float[32,16] w2, float[16] b2, float scale = {0.25}>
        { h = LayerNormalization(x, s1, o1)  qm = MatMul(h, wq)  q = Add(qm, bq)  km = MatMul(h, wk)
          k = Add(km, bk)  vm = MatMul(h, wv)  v = Add(vm, bv)  t = Transpose<perm = [0,2,1]>(k)
          l = MatMul(q, t)  c = Mul(l, scale)  p = Softmax(c)  w = MatMul(p, v)  om = MatMul(w, wo)
          o = Add(om, bo)  z = Add(x, o)  e = LayerNormalization(z, s2, o2)  fm = MatMul(e, w1)
          f = Add(fm, b1)  g = Gelu(f)  dm = MatMul(g, w2)  d = Add(dm, b2)  y = Add(z, d) }"""),
    "an embedding": (320, """
        (int64[N,6] i) => (float[N,3] y) <float[20,8] table, float[3,8] w, float[3] b, int64[1] axes = {1}>
        { e = Gather(table, i)  m = ReduceMean<keepdims = 0>(e, axes)  y = Gemm<transB = 1>(m, w, b) }"""),
    "norms of groups and channels": (55360, """
        (float[N,3,16,16] x) => (float[N,2,16,16] y)
        <float[8,3,3,3] w0, float[8] b0, float[8] s, float[8] o, float[2,8,1,1] w1, float[2] b1>
        { a = Conv<pads = [1,1,1,1]>(x, w0, b0)  n = GroupNormalization<num_groups = 4>(a, s, o)
          g = Swish(n)  y = Conv(g, w1, b1) }"""),
    "upsampling": (30912, """
        (float[N,3,16,16] x) => (float[N,2,16,16] y)
        <float[8,3,3,3] w0, float[8] b0, float[8] s, float[8] o, float[2,8,3,3] w1, float[2] b1,
         float[4] scales = {1, 1, 2, 2}>
        { a = Conv<pads = [1,1,1,1], strides = [2,2]>(x, w0, b0)  n = InstanceNormalization(a, s, o)
          l = LeakyRelu<alpha = 0.1>(n)  u = Resize(l, , scales)  y = Conv<pads = [1,1,1,1]>(u, w1, b1) }"""),
    "a transposed convolution": (20480, """
        (float[N,3,16,16] x) => (float[N,3,16,16] y)
        <float[8,3,3,3] w0, float[8] b0, float[8,3,2,2] w1, float[3] b1>
        { a = Conv<pads = [1,1,1,1], strides = [2,2]>(x, w0, b0)  e = Elu(a)
          t = ConvTranspose<strides = [2,2]>(e, w1, b1)  y = Tanh(t) }"""),
    "a gated unit": (1120, """
        (float[N,8] x) => (float[N,8] y)
        <float[12,8] w0, float[12] b0, float[12,8] w1, float[12] b1, float[8,12] w2, float[8] b2>
        { g = Gemm<transB = 1>(x, w0, b0)  u = Gemm<transB = 1>(x, w1, b1)  s = Softplus(u)  m = Mul(g, s)
          y = Gemm<transB = 1>(m, w2, b2) }"""),
    "division by a root": (660, """
        (float[N,8] x) => (float[N,8] y)
        <float[8,8] w0, float[8] b0, float[8,8] w1, float[8] b1, float[8,8] w2, float[8] b2, float two = {2},
         float small = {0.000001}, int64[1] axes = {1}>
        { l = Gemm<transB = 1>(x, w0, b0)  u = Gemm<transB = 1>(x, w1, b1)  q = Pow(u, two)
          m = ReduceMean(q, axes)  e = Add(m, small)  r = Sqrt(e)  d = Div(l, r)
          y = Gemm<transB = 1>(d, w2, b2) }"""),
}
BATCH = {"two linear layers": 5, "an embedding": 4, "a gated unit": 5, "division by a root": 5}


@pytest.mark.parametrize("name", NETWORKS)
def test_kept_as_pytorch_does(name):
    expected, text = NETWORKS[name]
    kept = analyzed(text).memory.saved
    assert evaluate(kept.total, {"N": BATCH.get(name, 2)}) == expected
    assert not kept.unknown


# ---------------------------------------------------------------------------------- whose gradient needs what
def kept(text, *values):
    """Whether exactly ``values``, which must all be activations, are kept in a network."""
    places = analyzed(text).memory.saved.bytes_by_place
    return sorted(name for _, name in places) == sorted(values)


def test_a_value_is_kept_once():
    """The output of a rectifier is what the next layers read."""
    assert kept("""(float[4,8] x) => (float[4,8] y) <float[8,8] w>
        { h = MatMul(x, w)  r = Relu(h)  a = MatMul(r, w)  b = MatMul(r, w)  y = Add(a, b) }""", "x", "r")


def test_views_are_what_they_look_at():
    report = analyzed("""(float[4,2,3] x) => (float[4,5] y) <float[6,6] v, float[6,5] w, int64[2] s = {4, 6}>
        { f = Flatten(x)  h = MatMul(f, v)  r = Relu(h)  q = Reshape(r, s)  y = MatMul(q, w) }""")
    assert sorted(name for _, name in report.memory.saved.bytes_by_place) == ["r", "x"]
    assert report.memory.saved.total == 2 * 4 * 6 * 4


def test_nothing_is_kept_where_no_gradient_goes():
    """Neither before the first parameter, nor for integers, nor where all weights are quantized."""
    assert kept("(float[4,8] x) => (float[4,3] y) <float[8,3] w> { r = Sigmoid(x)  y = MatMul(r, w) }", "r")
    assert kept("(float[4,8] x) => (float[4,8] y) { y = Sigmoid(x) }")
    assert kept("(uint8[4,3] x) => (int32[4,5] y) <int8[3,5] w> { y = MatMulInteger(x, w) }")
    assert kept("""(float[4,3] x) => (float[4,5] y) <int8[3,5] w, float s, int8 z>
        { v = DequantizeLinear(w, s, z)  y = MatMul(x, v) }""")


def test_weights_are_kept_anyway():
    """As they are, transposed, or multiplied with each other."""
    assert kept("""(float[4,8] x) => (float[4,6] y) <float[6,8] w, float[6,6] v>
        { t = Transpose(w)  u = MatMul(t, v)  h = MatMul(x, u)  y = MatMul(h, v) }""", "x", "h")


def test_a_product_keeps_a_factor_for_the_other():
    assert kept("""(float[4,8] x) => (float[4,8] y) <float[8,8] w>
        { h = MatMul(x, w)  y = Mul(h, x) }""", "x")
    assert kept("""(float[4,8] x) => (float[4,8] y) <float[8,8] w, float half = {0.5}>
        { h = MatMul(x, w)  y = Mul(h, half) }""", "x")
    assert kept("""(float[4,8] x) => (float[4,8] y) <float[8] s> { y = Mul(x, s) }""", "x")


def test_dropout_keeps_a_byte_an_element():
    saved = analyzed("""(float[4,8] x) => (float[4,8] y) <float[8,8] w>
        { h = MatMul(x, w)  d = Dropout(h)  y = MatMul(d, w) }""").memory.saved
    assert saved.total == 4 * 4 * 8 + 4 * 8 + 4 * 4 * 8


def test_functions_are_looked_into():
    assert kept("""(float[4,8] x) => (float[4,8] y) <float[8,8] w> { h = f.F(x, w)  y = MatMul(h, w) }
        <domain: "f", opset_import: ["" : 21]> F (a, b) => (d) { c = MatMul(a, b)  d = Tanh(c) }""", "x", "d")


def test_what_is_not_known_is_named():
    saved = analyzed("""(bool c, float[4,8] x) => (float[4,8] y) <float[8,8] w>
        { h = MatMul(x, w)  y = If (c) <then_branch = a () => (float[4,8] p) { p = Sigmoid(h) },
          else_branch = b () => (float[4,8] q) { q = Relu(h) }> }""").memory.saved
    assert (dict(saved.unknown), saved.total) == ({"If": 1}, 4 * 4 * 8)
    saved = analyzed("""(float[2,3,8,8] x) => (float[2,3,8,8] y) <float[3,3,1,1] w>
        { h = Conv(x, w)  y = LRN<size = 3>(h) }""").memory.saved
    assert dict(saved.unknown) == {"LRN": 1}


# ---------------------------------------------------------------------------------- by what it is for
MODEL = """(float[4,8] x) => (float[4,6] y) <float[8,6] w, float[6] s, float[6] o, float[6] m, float[6] v>
    { h = MatMul(x, w)  y = BatchNormalization(h, s, o, m, v) }"""
LEARNED, BUFFERS = 8 * 6 + 6 + 6, 6 + 6
ACTIVATIONS = 4 * (4 * 8 + 4 * 6 + 6 + 6)  # x; h and its statistics


@pytest.mark.parametrize(("optimizer", "weights", "gradients", "states"), [
    ("sgd", 4 * (LEARNED + BUFFERS), 4 * LEARNED, 0),
    ("momentum", 4 * (LEARNED + BUFFERS), 4 * LEARNED, 4 * LEARNED),
    ("adam", 4 * (LEARNED + BUFFERS), 4 * LEARNED, 8 * LEARNED),
    ("adam-mixed", 2 * LEARNED + 4 * BUFFERS, 2 * LEARNED, 12 * LEARNED)])
def test_training(optimizer, weights, gradients, states):
    found = analyzed(MODEL).memory.training(optimizer)
    assert found == (weights, gradients, states, ACTIVATIONS)
    assert found.total == weights + gradients + states + ACTIVATIONS


def test_shared_weights_have_one_gradient():
    report = analyzed("""(float[4,8] x) => (float[4,8] y) <float[8,8] w>
        { h = MatMul(x, w)  y = MatMul(h, w) }""")
    assert report.memory.training("adam")[:3] == (256, 256, 512)


def test_half_precision_is_kept_in_half_the_bytes():
    report = analyzed("(float16[4,8] x) => (float16[4,8] y) <float16[8,8] w> { y = MatMul(x, w) }")
    assert report.memory.training("adam") == (128, 128, 256, 64)
    assert report.memory.training("adam-mixed") == (128, 128, 12 * 64, 64)


# ---------------------------------------------------------------------------------- whole networks
def test_vgg16(tmp_path):
    """torchvision's, without its average pooling of 7 × 7 to 7 × 7 and with dropout rates of 0."""
    graphs.vgg16(tmp_path / "vgg16.onnx")
    saved = archcheck.analyze(tmp_path / "vgg16.onnx").memory.saved
    assert evaluate(saved.total, {"N": 1}) == 73189376


def test_resnet50(tmp_path):
    """torchvision's, its normalizations left out, and the convolutions with biases."""
    graphs.resnet50(tmp_path / "resnet50.onnx")
    saved = archcheck.analyze(tmp_path / "resnet50.onnx").memory.saved
    assert evaluate(saved.total, {"N": 2, "H": 96, "W": 64}) == 10_166_272
    assert evaluate(saved.total, {"N": 1, "H": 224, "W": 224}) == 41_453_568


def test_an_operator_nobody_knows_is_named():
    model = parser.parse_model("""<ir_version: 10, opset_import: ["" : 21, "com.acme" : 1]>
        net (float[4,8] x) => (float[4,8] y) <float[8,8] w> { h = MatMul(x, w)  y = com.acme.Mystery(h) }""")
    fill(model.graph)
    saved = archcheck.analyze(model.SerializeToString()).memory.saved
    assert dict(saved.unknown) == {"com.acme.Mystery": 1}
