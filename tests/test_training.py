"""A training step: as torch counts it, and by hand."""
from __future__ import annotations

import pytest
from onnx import parser

import archcheck
from archcheck.analyses.training import UPDATE
from tests.test_connections import found
from tests.test_params import fill

TORCH = {  # forward and backward MACs, torch.utils.flop_counter's FLOPs halved, of torchvision's networks
    "resnet50": (4_089_184_256, 12_149_538_816),
    "squeezenet": (349_151_936, 1_026_165_120),
    "densenet121": (2_834_161_664, 8_384_471_040),
}


@pytest.mark.parametrize("name", TORCH)
def test_as_torch_counts(name):
    report = archcheck.analyze(f"onnx:light_{name}")
    step = report.training.total
    assert (step.forward, step.macs) == TORCH[name] and not report.training.missing
    first = next(cost.mac for cost in report.costs if cost.mac)
    assert step.macs == 3 * step.forward - first


def steps(text: str) -> list[tuple[int, int]]:
    """MACs forward and backward of each node that has any."""
    report = found(text)
    assert not report.training.missing
    return [(step.forward, step.backward) for step in report.training.by_node if step.forward]


CASES = {
    "the first layer needs no gradient of its input": (
        "(float[1,5] x) => (float[1,3] z) <float[5,4] v, float[4,3] w> { y = MatMul(x, v) z = MatMul(y, w) }",
        [(20, 20), (12, 24)]),
    "nothing to train": (
        "(float[1,5] x, float[5,4] v) => (float[1,4] y) { y = MatMul(x, v) }", [(20, 0)]),
    "a frozen layer passes gradients on": (
        "(float[1,5] x, float[4,3] w) => (float[1,3] z) <float[5,4] v> { y = MatMul(x, v) z = MatMul(y, w) }",
        [(20, 20), (12, 12)]),
    "a frozen layer first": (
        "(float[1,5] x, float[5,4] v) => (float[1,3] z) <float[4,3] w> { y = MatMul(x, v) z = MatMul(y, w) }",
        [(20, 0), (12, 12)]),
    "depthwise": (
        """(float[1,4,8] x) => (float y) <float[4,1] s, float[4,1,3] w> {
            h = PRelu(x, s) y = Conv<group=4>(h, w) }""", [(72, 144)]),
    "scores of learned queries and keys": (
        """(float[1,6,4] x) => (float y) <float[4,4] a, float[4,4] b> {
            q = MatMul(x, a) k = MatMul(x, b) t = Transpose<perm=[0,2,1]>(k) y = MatMul(q, t) }""",
        [(96, 96), (96, 96), (144, 288)]),
    "attention": (
        """(float[1,6,4] x) => (float y) <float[4,4] a> {
            q = MatMul(x, a) y = Attention<q_num_heads=1, kv_num_heads=1>(q, x, x) }""",
        [(96, 96), (288, 288)]),
    "no gradient comes back through a choice": (
        """(float[1,5] x) => (int64 i) <float[5,4] v> { y = MatMul(x, v) i = ArgMax(y) }""", [(20, 0)]),
    "nor to what only tells a shape": (
        """(float[1,5] x) => (int64[2] s, float[1,4] z) <float[5,4] v, float[5,4] w> {
            y = MatMul(x, v) s = Shape(y) z = MatMul(x, w) }""", [(20, 0), (20, 20)]),
    "integers are not trained": (
        """(float[1,5] x) => (float z) <int8[5,4] q, float s> {
            v = DequantizeLinear(q, s) z = MatMul(x, v) }""", [(20, 0)]),
    "a recurrent layer": (  # of the states also the gradients are needed, of the input not
        """(float[6,1,5] x) => (float y) <float[1,12,5] w, float[1,12,3] r> {
            y = LSTM<hidden_size=3>(x, w, r) }""", [(6 * 12 * 8, 6 * 12 * (5 + 2 * 3))]),
}


@pytest.mark.parametrize("name", CASES)
def test_by_hand(name):
    text, expected = CASES[name]
    assert steps(text) == expected


def test_other_operations():
    """Backward as many again, where a gradient passes at all."""
    report = found("""(float[1,5] x) => (float[1,4] y) <float[5,4] v> {
        a = Relu(x) h = MatMul(a, v) y = Relu(h) }""")
    assert [step.others for step in report.training.by_node] == [5, 0, 8]
    assert report.training.total.flops == 2 * (20 + 20) + 13


def test_update():
    report = found("(float[1,5] x) => (float[1,4] y) <float[5,4] v, float[4] b> { y = Gemm(x, v, b) }")
    assert report.training.parameters == 24
    assert {name: report.training.update(name) for name in UPDATE} == {"SGD": 48, "momentum": 96, "Adam": 312}


def test_functions_and_branches_are_followed():
    model = parser.parse_model("""<ir_version: 9, opset_import: ["" : 20, "f" : 1]>
        net (float[1,5] x) => (float[1,5] z) <float[5,5] w> { y = f.layer(x, w) z = f.layer(y, w) }
        <domain: "f", opset_import: ["" : 20]> layer (a, b) => (c) { h = MatMul(a, b) c = Relu(h) }""")
    fill(model.graph)
    report = archcheck.analyze(model)
    assert [step[:2] for step in report.training.by_node] == [(25, 25), (25, 50)]


def test_loops_are_named():
    model = parser.parse_model("""<ir_version: 9, opset_import: ["" : 20]>
        net (float[1,5] x, float[5,5] w) => (float y) <int64 m = {3}> {
            y = Loop(m, , x) <body = b (int64 i, bool c, float[1,5] s) => (bool d, float[1,5] t) {
                d = Identity(c) t = MatMul(s, w) }> }""")
    report = archcheck.analyze(model)
    assert report.macs == 75 and report.training.total == (0, 0, 0)
    assert {missing.reason for missing in report.training.missing} == {"it stands in a loop"}
