"""Bytes that nodes read and write, and the least time they take: by hand."""
from __future__ import annotations

import pytest
from onnx import parser

import archcheck
from archcheck import evaluate
from archcheck.analyses.devices import DEVICES, Device, DeviceError, device
from archcheck.analyses.roofline import roofline
from tests.test_connections import found


def moved(text: str) -> list[tuple[object, ...] | None]:
    """Bytes read, written, and read from weights, of each node that moves any."""
    by_node = found(text).traffic.by_node
    return [None if one is None else tuple(one) for one in by_node if one is None or any(one)]


CASES = {
    "inputs and outputs": (
        "(float[2,3] x, float[2,3] y) => (float[2,3] z) { z = Add(x, y) }", [(48, 24, 0)]),
    "one input twice": (
        "(float[2,3] x) => (float[2,3] z) { z = Mul(x, x) }", [(24, 24, 0)]),
    "weights": (
        "(float[1,5] x) => (float[1,4] y) <float[5,4] w, float[4] b> { y = Gemm(x, w, b) }", [(116, 16, 96)]),
    "half precision": (
        "(float16[1,5] x) => (float16[1,4] y) <float16[5,4] w> { y = MatMul(x, w) }", [(50, 8, 40)]),
    "four bits": (
        "(int4[3,3] x) => (float[3,3] y) <float s> { y = DequantizeLinear(x, s) }", [(9, 36, 4)]),
    "a view": (
        "(float[2,3] x) => (float[6] y) <int64[1] s = {-1}> { y = Reshape(x, s) }", []),
    "a shape": (
        "(float[2,3] x) => (int64[2] s) { s = Shape(x) }", [(0, 16, 0)]),
    "a constant": (
        "(float[3] x) => (float[3] y) { w = Constant<value = float[3] {1, 2, 3}>() y = Add(x, w) }",
        [(24, 12, 12)]),
    "rows of a table": (
        "(int64[2,5] i) => (float[2,5,8] y) <float[100,8] w> { y = Gather(w, i) }",
        [(80 + 320, 320, 320)]),
    "a part": (
        "(float[10,4] x) => (float y) <int64[1] s = {2}, int64[1] e = {5}> { y = Slice(x, s, e) }",
        [(48, 48, 0)]),
    "every other place": (  # a window of one in steps of 2 reads 3 of 5
        "(float[1,2,5] x) => (float y) <float[4,2,1] w> { y = Conv<strides=[2]>(x, w) }",
        [(24 + 32, 48, 32)]),
    "no more than there is": (
        "(float[1,2,5] x) => (float y) <float[4,2,3] w> { y = Conv<pads=[1,1]>(x, w) }", [(40 + 96, 80, 96)]),
    "what windows do not reach": (  # windows of 2 in steps of 2 read 4 of 5
        "(float[1,1,5] x) => (float y) { y = MaxPool<kernel_shape=[2], strides=[2]>(x) }", [(16, 8, 0)]),
    "broadcast": (
        "(float[4,3] x, float[1,3] y) => (float[4,3] z) { z = Sub(x, y) }", [(60, 48, 0)]),
    "parts that add up": (
        "(float[6] x) => (float y, float z) { y, z = Split<num_outputs=2>(x) }", [(24, 24, 0)]),
    "padding": (
        "(float[4] x) => (float y) <int64[2] p = {1, 1}> { y = Pad(x, p) }", [(16, 24, 0)]),
}


@pytest.mark.parametrize("name", CASES)
def test_by_hand(name):
    text, expected = CASES[name]
    assert moved(text) == expected


def test_symbolic():
    report = found("(float[N,3,H,W] x) => (float y) <float[8,3,3,3] w> { y = Conv<pads=[1,1,1,1]>(x, w) }")
    total = report.traffic.total
    at = {"N": 2, "H": 7, "W": 9}
    assert [evaluate(size, at) for size in total] == [4 * (2 * 3 * 63 + 216), 4 * 2 * 8 * 63, 4 * 216]
    assert evaluate(total.total, at) == evaluate(report.traffic.bytes, at)


def test_unknown_is_named():
    model = parser.parse_model("""<ir_version: 9, opset_import: ["" : 20, "odd" : 1]>
        net (float[3] x) => (float y) { h = odd.Mystery(x) y = Relu(h) }""")
    traffic = archcheck.analyze(model).traffic
    assert traffic.by_node == (None, None) and traffic.total.total == 0
    assert [missing.node.op for missing in traffic.missing] == ["Mystery", "Relu"]


def test_bodies():
    """A loop moves what its trips do; of two branches the larger counts."""
    model = parser.parse_model("""<ir_version: 9, opset_import: ["" : 20]>
        net (float[6] x, bool c) => (float y, float z) <int64 m = {3}> {
            y = Loop(m, , x) <body = b (int64 i, bool d, float[6] s) => (bool e, float[6] t) {
                e = Identity(d) t = Relu(s) }>
            z = If(c) <then_branch = t () => (float[6] p) { p = Relu(x) },
                       else_branch = e () => (float[6] q) { r = Relu(x) q = Exp(r) }> }""")
    by_node = archcheck.analyze(model).traffic.by_node
    assert [tuple(one) for one in by_node] == [(72, 72, 0), (48, 48, 0)]


def test_totals_are_sums():
    report = archcheck.analyze("onnx:light_squeezenet")
    traffic = report.traffic
    assert traffic.bytes == sum(one.total for one in traffic.by_node)
    assert traffic.total.weights == report.weights.bytes_by_dtype["float32"]


# ------------------------------------------------------------------------------------------------ roofline
TEXT = """(float[64,64] x) => (float y) <float[64,64] w> { h = MatMul(x, w) y = Relu(h) }"""


def test_roofline():
    report = found(TEXT)  # 2 * 64**3 = 524,288 operations, 3 * 16 KiB; 4,096 operations, 2 * 16 KiB
    slow = roofline(report, Device("slow", {"float32": 1e6}, 1e9))
    assert slow.by_node == ((0.524288, "compute"), (0.004096, "compute"))
    fast = roofline(report, Device("fast", {"peak": 1e12}, 1e6))
    assert fast.by_node == ((0.049152, "memory"), (0.032768, "memory"))
    assert fast.seconds == fast.by["memory"] == pytest.approx(0.08192) and fast.by["compute"] == 0
    assert fast.dtypes == ("float32",) and not fast.unrated


def test_no_peak_is_no_guess():
    bound = roofline(found(TEXT), Device("odd", {"float16": 1.0}, 1e6))
    assert bound.unrated == {"float32": 2} and bound.by["compute"] == 0
    assert bound.seconds == pytest.approx(0.08192)


def test_no_time_without_numbers():
    bound = roofline(found("(float[N,4] x) => (float y) { y = Relu(x) }"), DEVICES["a100"])
    assert bound.by_node == (None,) and bound.seconds == 0


def test_the_dtype_that_a_node_computes_in():
    report = found("""(uint8[2,4] x) => (float y) <uint8[4,4] w, float s, uint8 z> {
        i = MatMulInteger(x, w) f = Cast<to=1>(i) y = Mul(f, s) }""")
    bound = roofline(report, Device("two", {"int8": 1.0, "float32": 2.0}, 1e30))
    assert bound.by_node[0].seconds == 2 * 2 * 4 * 4 / 1.0 and bound.by_node[2].seconds == 8 / 2.0


def test_devices():
    assert device("A100").peak("float16") == 312e12 and device("a100").bandwidth == 2039e9
    custom = device("peak=10e12,bandwidth=500e9")
    assert (custom.peak("float32"), custom.peak("int8"), custom.bandwidth) == (10e12, 10e12, 500e9)
    changed = device("a100,float32=156e12")
    assert (changed.peak("float32"), changed.peak("float16")) == (156e12, 312e12)
    assert DEVICES["t4"].peak("bfloat16") is None and DEVICES["t4"].peak("uint8") == 130e12
    assert all(found.source and found.bandwidth and found.peak("float32") for found in DEVICES.values())


@pytest.mark.parametrize(("text", "says"), [
    ("a10", "did you mean 'a100'"), ("peak=1e12", "no bandwidth"), ("peak=-1,bandwidth=1", "'peak=-1'"),
    ("peak=x,bandwidth=1", "'peak=x'"), ("peek=1,bandwidth=1", "'peek' is no dtype"), ("", "is not known"),
    ("peak=inf,bandwidth=1", "positive number"), ("peak=1,,", "''")])
def test_devices_that_are_none(text, says):
    with pytest.raises(DeviceError, match=says.replace("(", r"\(")):
        device(text)
