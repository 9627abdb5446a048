"""Joining what a profiler says with what is predicted: traces and networks made by hand."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import parser

import archcheck
from archcheck.analyses.clock import joined, placed
from archcheck.analyses.devices import device
from archcheck.analyses.origins import origins
from archcheck.analyses.timings import Kernel, Profile, Times
from archcheck.backends import trace
from tests.test_params import fill


# ------------------------------------------------------------------------------------------------ times
def test_quartiles_are_numpys():
    for count in range(1, 12):
        seconds = tuple(np.random.default_rng(count).random(count))
        assert Times(seconds).quartiles == pytest.approx(np.quantile(seconds, (0.25, 0.75)))


def test_the_middle_half_leaves_a_quarter_out_at_both_ends():
    assert Times((9.0, 1.0, 5.0, 100.0, 2.0, 4.0, 3.0, 6.0)).typical == (3 + 4 + 5 + 6) / 4
    assert Times((7.0,)).typical == 7
    assert Times((1.0, 2.0, 6.0)).typical == 3


# ------------------------------------------------------------------------------------------------ traces
def event(name: str, begin: int, took: int, op: str = "", **more: Any) -> dict[str, Any]:
    """An event as ONNX Runtime writes it: all values of ``args`` are texts."""
    args = {"op_name": op, "provider": "CPUExecutionProvider", "node_index": "0"} if op else {}
    category = "Node" if op else "Session"
    return {"cat": category, "ph": "X", "name": name, "ts": begin, "dur": took, "args": args, **more}


def run(begin: int, *nodes: dict[str, Any], took: int = 100) -> list[dict[str, Any]]:
    """A run with its nodes, in the order in which the events are written."""
    moved = [{**node, "ts": node["ts"] + begin} for node in nodes]
    around = event("SequentialExecutor::Execute", begin + 1, took - 2), event("model_run", begin, took)
    return [*moved, *around]


def test_a_trace_is_read_run_by_run():
    first = run(1000, event("a_kernel_time", 10, 999, "Conv"), event("b_kernel_time", 70, 999, "Relu"))
    second = run(3000, event("a_fence_before", 9, 0, "Conv"), event("a_kernel_time", 10, 30, "Conv"),
                 event("a_fence_after", 40, 0, "Conv"), event("b_kernel_time", 40, 20, "Relu"))
    third = run(4000, event("a_kernel_time", 10, 50, "Conv"), event("b_kernel_time", 60, 30, "Relu"))
    loading = [event("model_loading_uri", 0, 5), event("session_initialization", 6, 9)]
    found = trace.profile([*loading, *first, *second, *third], [110e-6, 130e-6])
    assert [(kernel.name, kernel.op) for kernel in found.kernels] == [("a", "Conv"), ("b", "Relu")]
    assert [kernel.times.seconds for kernel in found.kernels] == [
        pytest.approx((30e-6, 50e-6)), pytest.approx((20e-6, 30e-6))]
    assert found.typical == pytest.approx((40e-6, 25e-6))
    assert found.between == pytest.approx(120e-6 - 65e-6)


def test_nodes_of_bodies_are_in_the_node_that_runs_them():
    body = [event("inner_kernel_time", 10, 10, "Mul"), event("inner_kernel_time", 30, 10, "Mul"),
            event("SequentialExecutor::Execute", 11, 35)]
    before, loop = event("before_kernel_time", 10, 0, "Relu"), event("loop_kernel_time", 10, 40, "Loop")
    found = trace.profile(run(0, before, *body, loop), [1e-4])
    assert [kernel.name for kernel in found.kernels] == ["before", "loop"]


def test_nodes_of_one_name_stay_apart():
    nodes = run(0, event("a_kernel_time", 1, 5, "Add"), event("a_kernel_time", 8, 7, "Add"))
    found = trace.profile([*nodes, *nodes], [1e-4, 1e-4])
    assert [kernel.times.median for kernel in found.kernels] == pytest.approx([5e-6, 7e-6])


def test_kernels_of_graphics_cards_are_left_out():
    card = event("gemm", 3, 90, "Gemm", cat="Kernel", pid=-1)
    found = trace.profile(run(0, event("a_kernel_time", 1, 5, "Gemm"), card), [1e-4])
    assert [kernel.times.median for kernel in found.kernels] == pytest.approx([5e-6])


def test_a_trace_that_was_cut_short_is_refused():
    with pytest.raises(ValueError, match="1 runs of 2"):
        trace.profile(run(0, event("a_kernel_time", 1, 5, "Add")), [1e-4, 1e-4])


# ------------------------------------------------------------------------------------------------ predictions
def network(text: str) -> archcheck.Report:
    """What is known of a network in ONNX's text form."""
    model = parser.parse_model(f'<ir_version: 8, opset_import: ["" : 17]> net {text}')
    fill(model.graph)
    return archcheck.analyze(model.SerializeToString())


DENSE = "(float[4,8] x) => (float[4,16] y) <float[8,16] w> { h = MatMul(x, w)  y = Relu(h) }"


def profile(*kernels: tuple[str, str, float], whole: float = 20e-6) -> Profile:
    """One run."""
    return Profile(tuple(Kernel(name, op, "CPUExecutionProvider", Times((seconds,)))
                         for name, op, seconds in kernels), Times((whole,)))


def test_rates_shares_and_bounds():
    """4 × 8 times 8 × 16: 512 MACs; 32 + 128 + 64 numbers of 4 bytes. ReLU: 64 comparisons, 128 numbers."""
    measured = profile(("m", "MatMul", 16e-6), ("r", "Relu", 2e-6))
    found = joined(network(DENSE), measured, device("float32=256e6,bandwidth=512e6"))
    dense, relu = found.rows
    assert (dense.macs, dense.flops, dense.bytes) == (512, 1024, 896)
    assert (relu.macs, relu.flops, relu.bytes) == (0, 64, 512)
    assert dense.flops_rate == pytest.approx(64e6)
    assert dense.bytes_rate == pytest.approx(56e6)
    assert dense.bound == pytest.approx(4e-6)  # 1,024 / 256e6; the bytes take 1.75e-6
    assert relu.bound == pytest.approx(1e-6)  # 512 / 512e6; the operations take 0.25e-6
    assert dense.efficiency == pytest.approx(0.25)
    assert found.share(dense) == pytest.approx(0.8)
    assert found.predicted(dense) == pytest.approx(0.8)
    assert found.profile.between == pytest.approx(2e-6)
    assert [(row.op, row.nodes) for row in found.by_operator()] == [("MatMul", 1), ("Relu", 1)]


def test_what_disagrees_is_far_from_its_share():
    measured = profile(("m", "MatMul", 8e-6), ("r", "Relu", 8e-6))
    found = joined(network(DENSE), measured, device("float32=256e6,bandwidth=512e6"))
    assert {row.op for row in found.disagreements()} == {"MatMul", "Relu"}  # 50 % each, not 80 % and 20 %
    agreed = joined(network(DENSE), profile(("m", "MatMul", 8e-6), ("r", "Relu", 2e-6)),
                    device("float32=256e6,bandwidth=512e6"))
    assert agreed.disagreements() == []


def test_without_a_peak_there_is_no_bound():
    measured = profile(("m", "MatMul", 16e-6), ("r", "Relu", 2e-6))
    found = joined(network(DENSE), measured, device("int8=1e9,bandwidth=1e9"))
    assert [row.bound for row in found.rows] == [None, None]
    assert (found.bound, found.predicted(found.rows[0]), found.rows[0].efficiency) == (None, None, None)
    assert [row.bound for row in joined(network(DENSE), measured).rows] == [None, None]


def test_no_rate_where_the_time_is_not_seen():
    found = joined(network(DENSE), profile(("m", "MatMul", 16e-6), ("r", "Relu", 0.0)))
    assert found.rows[1].flops_rate is None


def test_kernels_are_placed_by_order_and_else_by_name():
    report = network("(float[4] x) => (float[4] y) { [first] a = Relu(x)  [second] b = Exp(a)  y = Relu(b) }")
    in_order = profile(("?", "Relu", 1e-6), ("?", "Exp", 1e-6), ("Relu_77", "Relu", 1e-6))
    assert placed(report, in_order.kernels) == [0, 1, 2]
    one_more = profile(("first", "Relu", 1e-6), ("copy", "Memcpy", 1e-6), ("second", "Exp", 1e-6),
                       ("Relu_2", "Relu", 1e-6))
    assert placed(report, one_more.kernels) == [0, None, 1, None]  # Relu_2 may be any Relu without a name
    rows = joined(report, one_more).rows
    assert (rows[1].name, rows[1].macs, rows[1].flops) == ("copy", None, None)


def test_what_the_data_decide_is_what_the_run_had():
    """Five of 4 × 8 elements are not zero: Cast reads 2 × 5 integers of 8 bytes and writes as many floats."""
    report = network("(float[4,8] x) => (float[2,n] y) { p = NonZero(x)  y = Cast<to = 1>(p) }")
    assert not isinstance(report.traffic.by_node[1].total, int)
    once = Times((1e-6,))
    kernels = (Kernel("where", "NonZero", "", once, ((2, 5),)), Kernel("cast", "Cast", "", once, ((2, 5),)))
    found = joined(report, Profile(kernels, once), device("peak=1e9,bandwidth=1e9"))
    assert [row.shape for row in found.rows] == [(2, 5), (2, 5)]
    assert found.rows[1].bytes == 2 * 5 * 8 + 2 * 5 * 4
    assert found.rows[1].bound == pytest.approx(120e-9)


def test_shapes_come_with_the_trace():
    first = event("a_kernel_time", 1, 5, "Split")
    first["args"]["output_type_shape"] = [{"float": [2, 3]}, {"int64": []}]
    found = trace.profile(run(0, first), [1e-4])
    assert [kernel.shapes for kernel in found.kernels] == [((2, 3), ())]


# ------------------------------------------------------------------------------------------------ origins
RESIDUAL = """(float[1,8,8,8] x) => (float[1,8,6,6] y)
    <float[8,8,3,3] u, float[8,8,3,3] v, float[8] scale, float[8] shift, float[8] mean, float[8] var>
    { [conv1] a = Conv<pads = [1,1,1,1]>(x, u)
      [bn1] b = BatchNormalization(a, scale, shift, mean, var)
      [relu1] c = Relu(b)
      [conv2] d = Conv<pads = [1,1,1,1]>(c, v)
      [add] e = Add(d, x)
      [relu2] f = Relu(e)
      [pool] y = MaxPool<kernel_shape = [3,3]>(f) }"""


def optimized(path: Path, model: onnx.ModelProto) -> onnx.ModelProto:
    """What ONNX Runtime makes of a model."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.optimized_model_filepath = str(path)
    onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return onnx.load(path)


def test_a_fused_node_stands_for_all_that_went_into_it(tmp_path):
    model = parser.parse_model(f'<ir_version: 8, opset_import: ["" : 17]> net {RESIDUAL}')
    fill(model.graph)
    made = optimized(tmp_path / "optimized.onnx", model)
    found = origins(archcheck.load(model), archcheck.load(made))
    names = {node.output[0]: [origin.name for origin in one] for node, one in zip(made.graph.node, found)}
    every = [name for one in names.values() for name in one]
    assert sorted(every) == sorted(node.name for node in model.graph.node)  # each once, whatever was fused
    assert ["conv1", "bn1", "relu1"] in names.values()
    assert ["pool"] in names.values()


def test_origins_follow_names_outputs_and_what_lies_between():
    original = network("""(float[4,8] x) => (float[4,8] y) <float[8,8] w, float[8] bias>
        { [dense] a = MatMul(x, w)  [bias] b = Add(a, bias)  [half] c = Sigmoid(b)  [swish] d = Mul(b, c)
          [skip] e = Add(d, x)  [end] y = Exp(e) }""").graph
    fused = network("""(float[4,8] x) => (float[4,8] y) <float[8,8] w, float[8] bias>
        { [dense_1] b = Gemm(x, w, bias)  [new] d = HardSwish(b)  [end] y = Exp(d) }""").graph
    found = [[origin.name for origin in one] for one in origins(original, fused)]
    assert found == [["dense", "bias"], ["half", "swish", "skip"], ["end"]]


def test_what_two_fused_nodes_read_is_in_neither():
    original = network("""(float[4,8] x) => (float[4,8] y, float[4,8] z) <float[8,8] w, float[8] c>
        { [shared] s = Sigmoid(x)  [one] a = MatMul(s, w)  [first] y = Add(a, c)
          [two] b = MatMul(s, w)  [second] z = Add(b, c) }""").graph
    fused = network("""(float[4,8] x) => (float[4,8] y, float[4,8] z) <float[8,8] w, float[8] c>
        { y = Gemm(x, w, c)  z = Gemm(x, w, c) }""").graph
    found = [[origin.name for origin in one] for one in origins(original, fused)]
    assert found == [["one", "first"], ["two", "second"]]


def test_what_would_read_too_much_goes_to_the_node_before():
    original = network("""(float[4,8] x) => (float[4,8] y) <float[8,8] w, float[8] c>
        { [one] a = MatMul(x, w)  [bias] b = Add(a, c)  [skip] s = Add(b, x)  [two] d = MatMul(s, w)
          [end] e = Add(d, c)  [both] f = Mul(e, e)  [half] g = Sigmoid(f)  [swish] y = Mul(f, g) }""").graph
    fused = network("""(float[4,8] x) => (float[4,8] y) <float[8,8] w, float[8] c>
        { b = Gemm(x, w, c, x)  y = FusedGemm(b, w, c) }""").graph
    found = [[origin.name for origin in one] for one in origins(original, fused)]
    assert found == [["one", "bias", "skip"], ["two", "end", "both", "half", "swish"]]


def test_a_node_that_reads_two_may_be_a_sum_and_what_follows():
    original = network("""(float[4,8] x) => (float[4,8] y) <float[8] c>
        { [relu] a = Relu(x)  [skip] s = Add(a, x)  [norm] y = LayerNormalization(s, c) }""").graph
    fused = network("""(float[4,8] x) => (float[4,8] y) <float[8] c>
        { a = Relu(x)  y = SkipLayerNormalization(a, x, c) }""").graph
    found = [[origin.name for origin in one] for one in origins(original, fused)]
    assert found == [["relu"], ["skip", "norm"]]
