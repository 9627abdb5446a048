"""What is in memory while a network runs: small networks by hand, larger ones by definition."""
from __future__ import annotations

from pathlib import Path

import onnx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from onnx import parser

import archcheck
from archcheck.analyses.peaks import highest
from archcheck.dims import ceildiv, evaluate, is_known, symbol, unknown
from tests.benchmarks import graphs
from tests.test_corpus import NETWORKS, at_runs, report
from tests.test_params import fill


def analyzed(text, **sizes):
    """A network in ONNX's text form, from its inputs on; values that no node makes are weights."""
    opsets = '["" : 21, "f" : 1]'
    model = parser.parse_model(f"<ir_version: 10, opset_import: {opsets}> net {text}")
    fill(model.graph)
    found = archcheck.analyze(model.SerializeToString(), sizes)
    assert not found.failures
    return found


def told(text):
    """The timeline of a network; that without its inputs; that with views in the memory of what they view."""
    memory = analyzed(text).memory
    assert memory.peak.bytes == max(memory.timeline)
    own = [tensor for tensor in memory.plain.tensors if tensor.made >= 0]
    assert sum(tensor.bytes for tensor in own) == memory.activations
    return [*memory.timeline], memory.plain.own_peak.bytes, [*memory.viewed.timeline]


# ---------------------------------------------------------------------------------- by hand
def test_a_value_lives_until_it_is_last_read():
    """Values of 16 bytes: x and a; a and b; a, b and y."""
    timeline, own, viewed = told("""(float[4] x) => (float[4] y)
        { a = Relu(x)  b = Sigmoid(a)  y = Add(a, b) }""")
    assert (timeline, own, viewed) == ([32, 32, 48], 48, [32, 32, 48])


def test_an_input_lives_until_it_is_last_read():
    timeline, own, _ = told("""(float[4] x, float[8] z) => (float[4] y)
        { a = Relu(x)  b = ReduceSum(z)  y = Add(a, b) }""")
    assert (timeline, own) == ([16 + 32 + 16, 32 + 16 + 4, 16 + 4 + 16], 36)


def test_an_output_lives_to_the_end_and_what_nobody_reads_while_its_node_runs():
    timeline, _, _ = told("""(float[4] x) => (float[4] a, float[4] y)
        { a = Relu(x)  waste = Neg(x)  b = Sigmoid(x)  y = Tanh(b) }""")
    assert timeline == [32, 48, 48, 48]


def test_an_input_that_is_an_output_lives_to_the_end():
    assert told("(float[4] x) => (float[4] x, float[4] y) { a = Relu(x)  y = Neg(a) }")[0] == [32, 48]


def test_an_input_that_nobody_reads_is_not_counted():
    assert told("(float[4] x, float[99] z) => (float[4] y) { y = Relu(x) }")[0] == [32]


def test_several_outputs_each_have_their_own_life():
    timeline, _, _ = told("""(float[6] x) => (float[2] y)
        { a, b, c = Split<axis = 0, num_outputs = 3>(x)  d = Add(a, a)  y = Add(b, d) }""")
    assert timeline == [24 + 24, 8 + 8 + 8, 8 + 8 + 8]


def test_a_node_may_read_a_value_twice():
    assert told("(float[4] x) => (float[4] y) { a = Mul(x, x)  y = Mul(a, a) }")[0] == [32, 32]


def test_weights_and_constants_are_no_activations():
    """They are in `weights`; what is computed of them is one."""
    found = analyzed("""(float[4] x) => (float[4] y) <float[4] w, int64[1] four = {4}>
        { k = Constant<value = float[4] {1, 2, 3, 4}>()  c = ConstantOfShape(four)  n = Neg(w)
          i = Constant<value_ints = [3]>()  a = Add(x, k)  b = Add(a, c)  y = Add(b, n) }""").memory
    assert [*found.timeline] == [16, 16, 32, 32, 48, 48, 48]
    assert found.weights == 16 + 8 + 16 + 16
    assert found.to_run == found.weights + 48


def test_views_share_memory():
    timeline, _, viewed = told("""(float[2,3] x) => (float[2,3] y) <int64[1] flat = {6}>
        { a = Relu(x)  b = Reshape(a, flat)  c = Neg(b)  d = Identity(c)  e = Neg(d)  f = Flatten(a)
          y = Add(f, f) }""")
    assert timeline == [48, 48, 72, 72, 72, 48, 48]
    assert viewed == [48, 24, 48, 48, 72, 24, 48]


def test_a_view_of_a_weight_takes_nothing():
    timeline, _, viewed = told("(float[4] x) => (float[4] y) <float[4] w> { v = Identity(w)  y = Add(x, v) }")
    assert (timeline, viewed) == ([32, 48], [16, 32])


def test_a_view_of_an_input_keeps_it_and_one_that_is_an_output_too():
    timeline, own, viewed = told("(float[4] x) => (float[1,4] v) { v = Reshape(x, s)  n = Neg(x) }".replace(
        "{", "<int64[2] s = {1, 4}> {", 1))
    assert (timeline, own, viewed) == ([32, 48], 32, [16, 32])


def test_bytes_are_those_of_the_dtype():
    assert told("(float16[3] x) => (float16[3] y) { b = Cast<to = 9>(x)  y = Cast<to = 10>(b) }")[0] == [9, 9]
    timeline, _, _ = told("(float[5] x) => (float[5] y) <float s = {1}, int4 z = {0}> "
                          "{ q = QuantizeLinear(x, s, z)  y = DequantizeLinear(q, s, z) }")
    assert timeline == [20 + 3, 3 + 20]  # five elements of four bits take three bytes


def test_an_empty_network():
    found = analyzed("(float[4] x) => (float[4] x) { }").memory
    assert (found.timeline, found.peak.bytes, found.peak.places) == ((), 0, ())
    assert found.schedule() == ((), 0, 0)


# ---------------------------------------------------------------------------------- bodies
def test_a_function_takes_what_its_nodes_would_take():
    """Called, and written out: the same peak at the call."""
    called = told("""(float[4] x) => (float[4] y) { a = f.F(x)  y = Neg(a) }
        <domain: "f", opset_import: ["" : 21]>
        F (p) => (d) { b = Concat<axis = 0>(p, p, p)  c = Neg(b)  d = ReduceSum<keepdims = 0>(c) }""")[0]
    inlined = told("""(float[4] x) => (float y)
        { b = Concat<axis = 0>(x, x, x)  c = Neg(b)  a = ReduceSum<keepdims = 0>(c)  y = Neg(a) }""")[0]
    assert inlined == [16 + 48, 96, 48 + 4, 8]
    assert called == [16 + 96, 8]  # the input lives until the call is over


def test_the_larger_branch_counts():
    timeline, _, _ = told("""(bool c, float[4] x) => (float[4] y)
        { a = Relu(x)
          y = If (c) <then_branch = t () => (float[4] p) { m = Concat<axis = 0>(a, a)  n = Neg(m)
                        o = ReduceSum<keepdims = 0>(n)  p = Add(a, o) },
                      else_branch = e () => (float[4] q) { q = Neg(a) }> }""")
    assert timeline == [1 + 16 + 16, 1 + 16 + 64]  # the condition, a, and then m and n


def test_a_loop_counts_what_one_step_takes():
    """Its count (8) and condition (1), its state in and out (16 each), and n (16); outside n, x and y."""
    timeline, _, _ = told("""(int64 n, float[4] x) => (float[4] y)
        { y = Loop (n, , x) <body = b (int64 i, bool go, float[4] s) => (bool again, float[4] t)
          { again = Identity(go)  r = Neg(s)  t = Neg(r) }> }""")
    step = max(8 + 1 + 16 + 1, 1 + 16 + 16, 1 + 16 + 16)
    assert timeline == [8 + 16 + 16 + step]


# ---------------------------------------------------------------------------------- what is not known
def test_unknown_sizes_are_named_and_left_out():
    found = analyzed("""(float[4] x) => (float[4] y, int64[M,K] i)
        { a = Relu(x)  i = NonZero(a)  y = Neg(a) }""").memory
    assert found.unknown == ("i",)
    assert [*found.timeline] == [32, 16, 32]


def test_unknown_sizes_in_bodies_are_named_with_their_place():
    found = analyzed("""(bool c, float[4] x) => (float y)
        { y = If (c) <then_branch = t () => (float p) { i = NonZero(x)  s = Size(i)  p = Cast<to = 1>(s) },
                      else_branch = e () => (float q) { q = ReduceSum<keepdims = 0>(x) }> }""").memory
    assert [name.split(".", 1)[1] for name in found.unknown] == ["then_branch.i"]


# ---------------------------------------------------------------------------------- symbols
def test_a_peak_that_grows_evenly_is_decided():
    found = analyzed("""(float[N,4] x) => (float[N,4] y) { a = Relu(x)  b = Sigmoid(a)  y = Add(a, b) }""")
    assert (found.memory.peak.bytes, found.memory.peak.places) == (48 * symbol("N"), (2,))
    assert found.memory.activations == 48 * symbol("N")


def test_a_peak_that_depends_on_the_sizes_is_the_larger_of_two():
    peak = analyzed("""(float[N] x, float[M] z) => (float[N] y, float[M] v)
        { a = Neg(x)  y = Neg(a)  b = Neg(z)  v = Neg(b) }""").memory.peak
    assert len(peak.places) == 2
    for n, m in (0, 0), (1, 9), (9, 1), (1, 2), (2, 1):
        assert evaluate(peak.bytes, {"N": n, "M": m}) == 4 * max(2 * n + m, n + 2 * m)


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_by_definition(name):
    """At each node the values made no later and read no earlier; and with symbols what it is with numbers."""
    memory, graph = report(name).memory, report(name).graph
    for _, sizes in at_runs(name):
        live = [evaluate(size, sizes) for size in memory.timeline]
        bound = archcheck.analyze(graph, {symbol: sizes[symbol] for symbol in report(name).symbols}).memory
        if not bound.unknown and not memory.unknown:
            assert live == [*bound.timeline] and evaluate(memory.activations, sizes) == bound.activations
        if not report(name).walk.bodies:
            assert live == by_definition(memory, sizes)
        if is_known(memory.peak.bytes):
            assert evaluate(memory.peak.bytes, sizes) == max(live)
        else:
            assert max(live) == max(live[place] for place in memory.peak.places)


def by_definition(memory, sizes):
    """What is in memory at each node, as the definition says it."""
    graph = memory.report.graph
    found = [0] * len(graph.nodes)
    for tensor in memory.plain.tensors:
        name, = tensor.names
        made = graph.producers.get(name, 0)
        ends = [made if name in graph.producers else -1, *graph.uses.get(name, ())]
        last = len(found) - 1 if name in graph.outputs else max(ends)
        for index in range(made, last + 1):
            found[index] += evaluate(tensor.bytes, sizes)
    return found


N, H, W = map(symbol, "NHW")
PRODUCTS = (1, N, N * H, N * ceildiv(H, 2), N * ceildiv(H, 4), N * H * W, N * ceildiv(H, 2) * W, 7 - H, H * W)


@example([[(0, 1)], [(1, 1), (7, 1)]], (0, 7, 0))
@given(st.lists(st.lists(st.tuples(st.sampled_from(range(len(PRODUCTS))), st.integers(0, 9)), max_size=3),
                min_size=1, max_size=8), st.tuples(*[st.integers(0, 9)] * 3))
def test_the_highest_of_sums(sums, numbers):
    values = dict(zip("NHW", numbers))
    sums = [sum((c * PRODUCTS[k] for k, c in terms), 0) for terms in sums]
    peak = highest(sums)
    at = [evaluate(size, values) for size in sums]
    assert evaluate(peak.bytes, values) == max(at)
    assert max(at) in [at[place] for place in peak.places]


def test_too_many_to_choose_from_is_not_known():
    sizes = [symbol(f"S{k}") * symbol(f"T{k}") for k in range(13)]
    assert not is_known(highest(sizes).bytes)
    assert highest(sizes).places == tuple(range(13))
    assert is_known(highest(sizes[:12]).bytes)


def test_the_highest_of_nothing():
    assert highest([]) == (0, ()) and highest([3, 7, 7]) == (7, (1,))
    assert not is_known(highest([unknown("there"), symbol("N")]).bytes)


# ---------------------------------------------------------------------------------- known networks
LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"


@pytest.mark.parametrize(("name", "peak"), [
    ("bvlc_alexnet", 2 * 96 * 54 * 54 * 4),  # its first rectifier
    ("squeezenet", 2 * 64 * 111 * 111 * 4),  # its first rectifier
    ("resnet50", 3 * 256 * 56 * 56 * 4)])  # a normalization beside a branch that waits, and what it reads
def test_light_networks(name, peak):
    assert archcheck.analyze(LIGHT / f"light_{name}.onnx").memory.peak.bytes == peak


def test_resnet50(tmp_path):
    """At 224 × 224 most is in memory in the first block: the two maps that are added, and their sum."""
    graphs.resnet50(tmp_path / "resnet50.onnx")
    found = archcheck.analyze(tmp_path / "resnet50.onnx", {"N": 1, "H": 224, "W": 224})
    memory, node = found.memory, found.graph.nodes[found.memory.peak.places[0]]
    assert (memory.peak.bytes, node.op) == (3 * 256 * 56 * 56 * 4, "Add")
    assert memory.weights == 4 * (25_557_032 - 26_560)  # torchvision's, its normalizations folded
    assert memory.schedule().peak == memory.schedule().bound == memory.peak.bytes
