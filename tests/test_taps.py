"""MACs that do not meet padding: counted one by one, by running ones through ones, and as known networks have
them."""
from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import pairwise
from math import prod

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper, parser

import archcheck
from archcheck import evaluate
from archcheck.dims import symbol
from archcheck.ops._slide import slide, taps_inside, unslide

Conv = tuple[int, int, int, int, int, int, int]  # size, channels, filters, kernel, stride, padding, groups


def counted(outputs: int, size: int, stride: int, start: int, taps: int, dilation: int) -> int:
    return sum(0 <= o * stride + start + k * dilation < size for o in range(outputs) for k in range(taps))


def test_closed_form():
    rng = random.Random(1)
    for _ in range(20_000):
        case = (rng.randrange(9), rng.randrange(12), rng.randint(1, 4), rng.randint(-6, 6), rng.randint(1, 5),
                rng.randint(1, 3))
        assert taps_inside(*case) == counted(*case), case


def test_closed_form_of_symbolic_sizes():
    rng = random.Random(2)
    n = symbol("n")
    for _ in range(60):
        kernel, stride, dilation = rng.randint(1, 5), rng.randint(1, 4), rng.randint(1, 3)
        pads = rng.randint(0, 5), rng.randint(0, 5)
        padding = rng.choice(("NOTSET", "SAME_UPPER", "SAME_LOWER"))
        windows = slide((n,), (kernel,), (stride,), (dilation,), pads, padding)
        before, = windows.before
        found = taps_inside(windows.sizes[0], n, stride, -before, kernel, dilation)
        for size in range(max(1, dilation * (kernel - 1) + 1 - sum(pads)), 25):
            at = {"n": size}
            outputs, start = evaluate(windows.sizes[0], at), -evaluate(before, at)
            assert evaluate(found, at) == counted(outputs, size, stride, start, kernel, dilation)


def test_same_padding_is_said_in_short():
    n = symbol("n")
    assert taps_inside(n, n, 1, -1, 3, 1) == 3 * n - 2 * archcheck.dims.minimum(n, 1)
    assert taps_inside(n - 2, n, 1, 0, 3, 1) == 3 * (n - 2)


def test_transposed():
    rng = random.Random(3)
    for _ in range(2000):
        n, kernel, stride, dilation = (rng.randint(1, high) for high in (6, 4, 3, 3))
        pads, extra = (rng.randrange(3), rng.randrange(3)), rng.randrange(stride)
        if (n - 1) * stride + dilation * (kernel - 1) + 1 + extra <= sum(pads):
            continue
        windows = unslide((n,), (kernel,), (stride,), (dilation,), pads, "NOTSET", (extra,))
        written = counted(n, windows.sizes[0], stride, -pads[0], kernel, dilation)
        assert windows.written((n,)) == written


# ------------------------------------------------------------------------------------------------ oracles
def random_convolution(rng: random.Random) -> tuple[str, dict[str, object], tuple[int, ...], tuple[int, ...]]:
    """An operator, its attributes, and the shapes of data and weight."""
    axes, group = rng.randint(1, 2), rng.choice((1, 1, 2, 3))
    depth, filters = rng.randint(1, 2), group * rng.randint(1, 2)
    kernel = tuple(rng.randint(1, 4) for _ in range(axes))
    attributes = {"group": group, "strides": [rng.randint(1, 3) for _ in kernel],
                  "dilations": [rng.randint(1, 2) for _ in kernel]}
    size = tuple(rng.randint(8, 11) for _ in kernel)
    if rng.random() < 0.5:
        attributes["pads"] = [rng.randint(0, 2) for _ in range(2 * axes)]
        return "Conv", attributes, (2, depth * group, *size), (filters, depth, *kernel)
    attributes["pads"] = [rng.randint(0, 1) for _ in range(2 * axes)]
    return "ConvTranspose", attributes, (2, depth * group, *size), (depth * group, filters // group, *kernel)


@pytest.mark.parametrize("seed", range(40))
def test_ones_through_ones(seed):
    """Where all data and all weights are 1, an output is the number of its real taps."""
    op, attributes, data, weight = random_convolution(random.Random(seed))
    node = helper.make_node(op, ["x", "w"], ["y"], **attributes)
    kinds = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
             for name, shape in (("x", data), ("w", weight))]
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph([node], "g", kinds, [result])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    inputs = {"x": np.ones(data, np.float32), "w": np.ones(weight, np.float32)}
    model.ir_version = 9
    output, = onnxruntime.InferenceSession(model.SerializeToString()).run(None, inputs)
    report = archcheck.analyze(model)
    assert report.exact.total == (int(output.sum()),)
    assert report.exact_macs <= report.macs


def analyzed(text: str) -> archcheck.Report:
    opsets = '["" : 23, "com.microsoft" : 1]'
    return archcheck.analyze(parser.parse_model(f"<ir_version: 9, opset_import: {opsets}> net {text}"))


def test_symbolic_network():
    report = analyzed("""(float[N,3,H,W] x, float[8,3,3,3] w) => (float[a,b,c,d] y) {
        y = Conv<pads=[1,1,1,1], strides=[2,2]>(x, w) }""")
    for h, w in ((1, 1), (2, 5), (7, 8), (224, 224)):
        taps = prod(counted((size + 1) // 2, size, 2, -1, 3, 1) for size in (h, w))
        assert evaluate(report.exact_macs, {"N": 5, "H": h, "W": w}) == 5 * 24 * taps


def test_what_is_not_padded_is_nominal():
    report = analyzed("""(float[N,S,64] q, float[N,S,64] k, float[8,4] a, float[4,5] b, float[2,3,4] r)
        => (float y, float z, float t) {
            y = Attention<q_num_heads=4, kv_num_heads=4>(q, k, k)
            z = MatMul(a, b)
            t = Einsum<equation="bij,bkj->bik">(r, r) }""")
    assert report.exact.total == (report.macs,)
    assert not report.exact.missing


def test_reason_where_it_is_not_known():
    report = analyzed("""(float[1,2,8,8] x, float[2,2,3,3] w, float[1,18,8,8] o) => (float y) {
        y = DeformConv<pads=[1,1,1,1]>(x, w, o) }""")
    assert report.macs == 64 * 36
    assert report.exact.by_node == (None,)
    missing, = report.exact.missing
    assert "padding" in missing.reason and missing.node.op == "DeformConv"


# ------------------------------------------------------------------------------------------------ networks
def alexnet() -> Iterator[Conv]:
    yield from ((224, 3, 64, 11, 4, 2, 1), (27, 64, 192, 5, 1, 2, 1), (13, 192, 384, 3, 1, 1, 1),
                (13, 384, 256, 3, 1, 1, 1), (13, 256, 256, 3, 1, 1, 1))
    yield from dense(9216, 4096, 4096, 1000)


def vgg16() -> Iterator[Conv]:
    size, channels = 224, 3
    for filters, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(count):
            yield size, channels, filters, 3, 1, 1, 1
            channels = filters
        size //= 2
    yield from dense(25088, 4096, 4096, 1000)


def resnet18() -> Iterator[Conv]:
    yield 224, 3, 64, 7, 2, 3, 1
    size, channels = 56, 64
    for filters in (64, 128, 256, 512):
        for block in range(2):
            stride = 2 if block == 0 and filters > 64 else 1
            yield size, channels, filters, 3, stride, 1, 1
            if stride == 2:
                yield size, channels, filters, 1, 2, 0, 1
            size //= stride
            yield size, filters, filters, 3, 1, 1, 1
            channels = filters
    yield from dense(512, 1000)


def mobilenet_v2() -> Iterator[Conv]:
    yield 224, 3, 32, 3, 2, 1, 1
    size, channels = 112, 32
    for widen, filters, count, first in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2),
                                         (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)):
        for block in range(count):
            stride, inner = first if block == 0 else 1, channels * widen
            if widen > 1:
                yield size, channels, inner, 1, 1, 0, 1
            yield size, inner, inner, 3, stride, 1, inner
            size //= stride
            yield size, inner, filters, 1, 1, 0, 1
            channels = filters
    yield size, 320, 1280, 1, 1, 0, 1
    yield from dense(1280, 1000)


def dense(*widths: int) -> Iterator[Conv]:
    for channels, filters in pairwise(widths):
        yield 1, channels, filters, 1, 1, 0, 1


KNOWN = {  # torchvision's networks at 224 x 224: MACs as torch counts them, and without padding
    alexnet: (714_188_480, 657_918_720),
    vgg16: (15_470_264_320, 14_969_824_000),
    resnet18: (1_814_073_344, 1_680_390_912),
    mobilenet_v2: (300_774_272, 299_676_304),
}


@pytest.mark.parametrize("network", KNOWN, ids=lambda network: network.__name__)
def test_torchvision(network):
    nodes, inputs = [], []
    for k, (size, channels, filters, kernel, stride, pad, group) in enumerate(network()):
        nodes.append(helper.make_node("Conv", [f"x{k}", f"w{k}"], [f"y{k}"], strides=[stride] * 2,
                                      pads=[pad] * 4, group=group))
        inputs += [(f"x{k}", (1, channels, size, size)),
                   (f"w{k}", (filters, channels // group, kernel, kernel))]
    kinds = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs]
    output = helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, None)
    model = helper.make_model(helper.make_graph(nodes, "g", kinds, [output]))
    report = archcheck.analyze(model)
    assert (report.macs, report.exact_macs) == KNOWN[network]


@pytest.mark.parametrize(("name", "macs"), [("resnet50", 3_948_251_904), ("densenet121", 2_778_262_272),
                                            ("squeezenet", 337_404_608)])
def test_light_models(name, macs):
    report = archcheck.analyze(f"onnx:light_{name}")
    assert report.exact.total == (macs,) and not report.exact.missing
    assert sum(figures[0] for figures in report.exact.by_node) == macs


def test_loops_and_branches():
    """What bodies hold counts as often as they run, and of two branches the larger."""
    body = parser.parse_graph("""b (int64 i, bool c, float[1,1,5] s) => (bool c2, float[1,1,5] s2)
        { c2 = Identity(c)  s2 = Conv<pads=[1,1]>(s, w) }""")
    loop = helper.make_node("Loop", ["m", "", "x"], ["y"], body=body)
    w = helper.make_tensor("w", TensorProto.FLOAT, (1, 1, 3), [1.0] * 3)
    m = helper.make_tensor("m", TensorProto.INT64, (), [4])
    kinds = [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 1, 5))]
    outs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    report = archcheck.analyze(helper.make_model(helper.make_graph([loop], "g", kinds, outs, [w, m])))
    assert (report.macs, report.exact_macs) == (4 * 15, 4 * 13)
    assert report.exact.by_node == ((4 * 13,),)
