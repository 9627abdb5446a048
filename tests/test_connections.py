"""Connections: counted by hand, and one by one."""
from __future__ import annotations

import random

import pytest
from onnx import parser

import archcheck
from archcheck import evaluate
from tests.test_params import fill


def found(text: str) -> archcheck.Report:
    """What is found in a network in ONNX's text form, the declared weights filled with zeros."""
    model = parser.parse_model(f'<ir_version: 9, opset_import: ["" : 23]> net {text}')
    fill(model.graph)
    report = archcheck.analyze(model.SerializeToString())
    assert not report.failures
    return report


def one(text: str) -> tuple[object, ...]:
    """Connections, weights without sharing, weights and reuse of the only node that has any."""
    report = found(text)
    figures, = [figures for figures in report.connections.by_node if figures is None or figures.weights != 0]
    return None if figures is None else (*figures, figures.reuse)


LAYERS = {
    "three taps on five units, padded": (
        "(float[1,1,5] x) => (float[1,1,5] y) <float[1,1,3] w> { y = Conv<pads=[1,1]>(x, w) }",
        (13, 15, 3, 5)),
    "three taps on five units": (
        "(float[1,1,5] x) => (float[1,1,3] y) <float[1,1,3] w> { y = Conv(x, w) }",
        (9, 9, 3, 3)),
    "five units to five": (
        "(float[1,5] x) => (float[1,5] y) <float[5,5] w> { y = MatMul(x, w) }",
        (25, 25, 25, 1)),
    "a batch does not connect": (
        "(float[7,1,5] x) => (float[7,1,5] y) <float[1,1,3] w> { y = Conv<pads=[1,1]>(x, w) }",
        (13, 15, 3, 5)),
    "the weight on the left": (
        "(float[5,7] x) => (float[3,7] y) <float[3,5] w> { y = MatMul(w, x) }",
        (3 * 5 * 7, 3 * 5 * 7, 15, 7)),
    "the weight on the left of a batch": (
        "(float[2,5,7] x) => (float[2,3,7] y) <float[3,5] w> { y = MatMul(w, x) }",
        (3 * 5 * 7, 3 * 5 * 7, 15, 7)),
    "two groups": (
        "(float[1,4,5] x) => (float[1,6,5] y) <float[6,2,3] w> { y = Conv<pads=[1,1], group=2>(x, w) }",
        (12 * 13, 12 * 15, 36, 5)),
    "each channel by itself": (
        "(float[1,4,5] x) => (float[1,4,5] y) <float[4,1,3] w> { y = Conv<pads=[1,1], group=4>(x, w) }",
        (4 * 13, 4 * 15, 12, 5)),
    "a bias is no connection": (
        "(float[1,5] x) => (float[1,3] y) <float[3,5] w, float[3] b> { y = Gemm<transB=1>(x, w, b) }",
        (15, 15, 15, 1)),
    "transposed": (  # 5 inputs write 3 places each, 2 apart, of which the first and the last are cut off
        """(float[1,1,5] x) => (float[1,1,9] y) <float[1,1,3] w> {
            y = ConvTranspose<strides=[2], pads=[1,1]>(x, w) }""",
        (13, 15, 3, 5)),
    "a recurrent layer": (  # 6 steps of 4 gates, 3 units, 5 features and 3 states
        """(float[6,2,5] x) => (float y) <float[1,12,5] w, float[1,12,3] r> {
            y = LSTM<hidden_size=3>(x, w, r) }""",
        (6 * 12 * 8, 6 * 12 * 8, 12 * 8, 6)),
    "a weight that is turned": (
        "(float[1,5] x) => (float[1,3] y) <float[3,5] w> { t = Transpose(w) y = MatMul(x, t) }",
        (15, 15, 15, 1)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name):
    text, expected = LAYERS[name]
    assert one(text) == expected


def test_one_by_one():
    """Every output, tap and channel of padded, strided and dilated convolutions in groups."""
    rng = random.Random(4)
    for _ in range(60):
        n, k, s, before, after = (rng.randint(*ends) for ends in ((7, 9), (1, 4), (1, 3), (0, 2), (0, 2)))
        d, g, depth, each = (rng.randint(1, most) for most in (2, 3, 2, 2))
        outputs = (n + before + after - d * (k - 1) - 1) // s + 1
        arrows = sum(0 <= o * s - before + j * d < n for o in range(outputs) for j in range(k))
        shapes = f"(float[1,{depth * g},{n}] x) => (float y) <float[{each * g},{depth},{k}] w>"
        window = f"strides=[{s}], dilations=[{d}], pads=[{before},{after}], group={g}"
        connections, unshared, weights, _ = one(f"{shapes} {{ y = Conv<{window}>(x, w) }}")
        assert connections == arrows * depth * each * g
        assert (unshared, weights) == (outputs * k * depth * each * g, each * g * depth * k)


def test_symbolic():
    report = found("""(float[N,3,H,W] x) => (float y) <float[8,3,3,3] w> {
        y = Conv<pads=[1,1,1,1]>(x, w) }""")
    connections, unshared, weights = report.connections.total
    assert weights == 216 and report.connections.total.reuse == unshared // 216
    for h, w in ((1, 1), (5, 9)):
        at = {"H": h, "W": w}
        assert evaluate(connections, at) == 24 * (3 * h - 2) * (3 * w - 2)
        assert evaluate(unshared, at) == 216 * h * w
        assert evaluate(report.connections.total.reuse, at) == h * w


def test_shared_weights_count_once_in_total():
    report = found("""(float[1,5] x) => (float[1,5] z) <float[5,5] w> {
        y = MatMul(x, w) z = MatMul(y, w) }""")
    assert report.connections.total == (50, 50, 25)
    assert report.connections.total.reuse == 2


def test_products_of_data_bear_no_weights():
    report = found("(float[2,4,8] x, float[2,8,4] z) => (float y) { y = MatMul(x, z) }")
    assert report.connections.by_node == ((0, 0, 0),)


def test_what_is_not_known_is_named():
    report = found("(float[1,2,8,8] x, float[1,18,8,8] o) => (float y) <float[2,2,3,3] w>"
                   " { y = DeformConv<pads=[1,1,1,1]>(x, w, o) }")
    assert report.connections.by_node == (None,)
    assert [missing.node.op for missing in report.connections.missing] == ["DeformConv"]


def test_a_network_as_published():
    """ResNet-50: every weight of the last layer is used once, of the first at each of 112 x 112 places."""
    report = archcheck.analyze("onnx:light_resnet50")
    assert report.connections.total.connections == report.exact_macs == 3_948_251_904
    used = [figures.reuse for figures in report.connections.by_node if figures.weights]
    assert used[0] == 112 * 112 and used[-1] == 1
    assert report.connections.total.weights == 25_557_032 - 1000 - 2 * 26_560  # no bias, no normalization
