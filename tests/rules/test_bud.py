"""Budgets: networks whose figures are worked out by hand, on both sides of each limit."""
from __future__ import annotations

from fractions import Fraction

import onnx
import pytest
from onnx import TensorProto, helper, parser

import archcheck
from archcheck.config import Limit
from archcheck.lint._lock import formula
from archcheck.rules._figures import FIGURES
from tests.rules._judged import found

# Two convolutions of 1 × 1: 3·4 + 4·2 = 20 parameters, used at 8 × 8 positions: 1,280 MACs.
NET = """\
input: N x 3 x 8 x 8
layers:
- conv 4 1x1 bias=no
- conv 2 1x1 bias=no
"""
ONE = NET.replace("N x", "1 x")


def judged(model, figure, most, *, at=None, device="", locked=None):
    limit = Limit(most, str(most), at or {}, device)
    return [(one.code, one.severity) for one in found(model, "BUD", budget={figure: limit}, locked=locked)]


@pytest.mark.parametrize(("figure", "value", "code"), [
    ("params", 20, "BUD001"), ("macs", 1280, "BUD002"), ("flops", 2560, "BUD007"), ("depth", 2, "BUD005"),
    # weights 80 B; the first convolution reads 3·64 floats and makes 4·64
    ("peak-memory", 80 + (3 + 4) * 64 * 4, "BUD003")])
def test_each_figure_at_its_limit(figure, value, code):
    assert judged(ONE, figure, value) == []
    assert judged(ONE, figure, value - 1) == [(code, "error")]


def test_without_a_budget_nothing_is_said():
    assert found(ONE, "BUD") == ()


def test_message_has_both_numbers():
    (one,) = found(ONE, "BUD", budget={"macs": Limit(1000, "1 k")})
    assert one.message == "macs is 1,280, and the budget is 1 k"
    assert one.why == "that is 28.0% more"
    assert one.facts == {"figure": "macs", "value": 1280, "limit": 1000}


class TestFormulas:
    """1,280·N MACs."""

    @pytest.mark.parametrize(("n", "codes"), [(1, []), (2, [("BUD002", "error")])])
    def test_are_judged_at_sizes(self, n, codes):
        assert judged(NET, "macs", 2000, at={"N": n}) == codes

    def test_need_them(self):
        (one,) = found(NET, "BUD", budget={"macs": Limit(2000, "2 k")})
        assert one.severity == "warning"
        assert one.message == "whether macs is within its budget of 2 k depends on N"
        assert one.why == "it is 1,280·N"
        assert "N = …" in one.fix

    def test_that_depend_on_no_size_need_none(self):
        assert judged(NET, "params", 20) == []
        assert judged(NET, "params", 19) == [("BUD001", "error")]

    def test_that_are_too_large_whatever_the_sizes(self):
        assert judged(NET, "peak-memory", 1871) == [("BUD003", "error")], "1792·N + 80, and N is at least 1"
        assert judged(NET, "peak-memory", 1872) == [("BUD003", "warning")]

    def test_an_at_without_effect_changes_nothing(self):
        assert judged(ONE, "macs", 1280, at={"N": 7}) == []


@pytest.mark.parametrize(("nodes", "of"), [("y = own.What (a)", "the work of 1 node"),
                                           ("b = own.What (a) y = own.What (b)", "the work of 2 nodes")])
def test_what_is_not_counted_is_said(nodes, of):
    model = parser.parse_model("""<ir_version: 8, opset_import: ["" : 17, "own" : 1]>
    g (float[4, 4] x) => (float[4, 4] y) { a = MatMul (x, x) NODES }""".replace("NODES", nodes))
    assert judged(model, "macs", 64) == [("BUD002", "advice")]
    assert judged(model, "macs", 63) == [("BUD002", "error")]
    (one,) = found(model, "BUD", budget={"macs": Limit(64, "64")})
    assert one.message == f"macs may exceed its budget of 64: {of} is not known"


def external(folder, length):
    weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[length // 4],
                         data_location=TensorProto.EXTERNAL)
    for key, value in (("location", "w.bin"), ("offset", "0"), ("length", str(length))):
        weight.external_data.add(key=key, value=value)
    graph = helper.make_graph([helper.make_node("Add", ["x", "w"], ["y"], "add")], "g", [
        helper.make_tensor_value_info("x", 1, [length // 4])], [
        helper.make_tensor_value_info("y", 1, [length // 4])], [weight])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (folder / "w.bin").write_bytes(bytes(length))
    (folder / "m.onnx").write_bytes(model.SerializeToString())
    return folder / "m.onnx"


def test_numbers_in_the_file_itself_count_once(tmp_path):
    path = external(tmp_path, 400)
    model = onnx.load(path, load_external_data=False)
    model.graph.initializer.add(name="n", data_type=TensorProto.INT64, dims=[2], int64_data=[1, 2])
    path.write_bytes(model.SerializeToString())
    assert judged(path, "file-size", path.stat().st_size + 400) == []
    assert judged(path, "file-size", path.stat().st_size + 399) == [("BUD004", "error")]


@pytest.mark.parametrize("spare", [0, -1])
def test_external_data_count_as_the_file(spare, tmp_path):
    path = external(tmp_path, 400)
    limit = path.stat().st_size + 400 + spare
    wanted = [("BUD004", "error")] if spare else []
    assert judged(path, "file-size", limit) == wanted


def test_a_specification_has_no_file_to_speak_of():
    assert FIGURES["file-size"](archcheck.analyze(NET.encode())).sizes == ()
    assert judged(NET, "file-size", 0) == []


def test_a_network_without_weights_has_no_depth():
    text = "input: 1 x 4\nlayers: relu"
    assert judged(text, "depth", 0) == []
    assert [one.why for one in found(text.replace("relu", "fc 3"), "BUD", budget={"depth": Limit(0, "0")})] \
        == ["that is more than nothing"]


def test_branches_run_side_by_side():
    """Of two layers beside one, 2 count."""
    text = """<ir_version: 8, opset_import: ["" : 17]>
    g (float[4, 4] x) => (float[4, 4] y) <float[4, 4] v, float[4, 4] w>
    { a = MatMul (x, v) b = MatMul (a, w) c = MatMul (x, w) y = Add (b, c) }"""
    net = parser.parse_model(text)
    for tensor in net.graph.initializer:
        tensor.raw_data = bytes(64)
    assert judged(net, "depth", 2) == []
    assert judged(net, "depth", 1) == [("BUD005", "error")]


class TestLatency:
    """On a device of 1,000 bytes a second: reading 192 floats and 12 weights and writing 256 takes 1.84 s,
    then 256 + 8 + 128 floats take 1.568 s."""

    SECONDS = Fraction((192 + 12 + 256 + 256 + 8 + 128) * 4, 1000)
    DEVICE = "peak=1e12,bandwidth=1000"

    @pytest.mark.parametrize(("less", "codes"), [(Fraction(0), []),
    (Fraction(1, 100), [("BUD006", "error")])])
    def test_at_its_limit(self, less, codes):
        assert judged(ONE, "latency", self.SECONDS + Fraction(1, 10**6) - less, device=self.DEVICE) == codes

    def test_is_not_above_what_it_is(self):
        """Whole 1,024ths of a second are exact."""
        seconds = self.SECONDS * 1000 / 1024
        device = "peak=1e12,bandwidth=1024"
        assert judged(ONE, "latency", seconds, device=device) == []
        assert judged(ONE, "latency", seconds - Fraction(1, 1024), device=device) == [("BUD006", "error")]

    def test_is_told_in_milliseconds(self):
        limit = Limit(Fraction(1, 1000), "1 ms", {}, "peak=1e12,bandwidth=1138277")
        (one,) = found(ONE, "BUD", budget={"latency": limit})
        assert one.message.startswith("the nodes take at least 2.99 ms on ")  # 3,408 B / 1,138,277 = 2.994 ms

    @pytest.mark.parametrize(("layers", "said"), [("relu", "1 node is"), ("relu -> relu", "2 nodes are")])
    def test_of_nodes_of_unknown_size(self, layers, said):
        limit = Limit(Fraction(1), "1 s", {}, self.DEVICE)
        (one,) = found(f"input: N x 4\nlayers: {layers}\n", "BUD", budget={"latency": limit})
        assert one.message == f"the latency of {said} not known, and the budget is 1 s"

    def test_of_formulas(self):
        assert judged(NET, "latency", self.SECONDS, device=self.DEVICE) == [("BUD006", "warning")]
        assert judged(NET, "latency", self.SECONDS * 2, device=self.DEVICE, at={"N": 2}) == []
        assert judged(NET, "latency", self.SECONDS, device=self.DEVICE, at={"N": 2}) == [("BUD006", "error")]


class TestGrowth:
    @pytest.mark.parametrize(("before", "codes"), [(1280, []), (1255, []), (1254, [("BUD010", "error")]),
                                                   (2000, []), (None, []), (0, [("BUD010", "error")])])
    def test_of_a_number(self, before, codes):
        """1,255 and 2 % are 1,280.1; 1,254 and 2 % are 1,279.08."""
        assert judged(ONE, "growth", Fraction(1, 50), locked={"macs": before}) == codes

    @pytest.mark.parametrize(("model", "before", "codes"), [
        (ONE, 1280, []), (ONE, 1279, [("BUD010", "error")]), (NET, "1280*N", []),
        (NET, "1280*N - 1", [("BUD010", "error")]), (NET, "1280*N - Mod(N, 2)", [("BUD010", "warning")]),
        (NET, "1280*N + Mod(N, 2)", [])])
    def test_by_nothing(self, model, before, codes):
        """It has grown by 0 or 1, by 0 or 1 less."""
        assert judged(model, "growth", Fraction(0), locked={"macs": before}) == codes

    @pytest.mark.parametrize(("model", "before", "why"), [
        (ONE, 1000, "that is 28.0% more"), (ONE, 0, "there was nothing before"),
        (ONE, "Min(N, 3)", "at all sizes"), (NET, 100, "at all sizes"), (NET, "100*N", "at all sizes")])
    def test_in_words(self, model, before, why):
        (one,) = found(model, "BUD", budget={"growth": Limit(Fraction(0), "0")}, locked={"macs": before})
        assert one.why == why

    @pytest.mark.parametrize(("before", "codes"), [
        ("1280*N", []), ("1254*N", [("BUD010", "error")]), ("1280*N + 5", []), ("nonsense(", []),
        ("640*N*N", [("BUD010", "warning")]),
        ("500*N*N", [("BUD010", "warning")]), ("1280*N*N", [])])
    def test_of_a_formula(self, before, codes):
        assert judged(NET, "growth", Fraction(1, 50), locked={"macs": before}) == codes

    @pytest.mark.parametrize(("n", "codes"), [(1, [("BUD010", "error")]), (2, []), (3, [])])
    def test_of_a_formula_at_a_size(self, n, codes):
        assert judged(NET, "growth", Fraction(1, 50), locked={"macs": "640*N*N"}, at={"N": n}) == codes

    def test_of_a_model_that_is_in_no_lock(self):
        assert judged(ONE, "growth", Fraction(1, 50)) == [("BUD010", "advice")]


@pytest.mark.parametrize("text", [
    "(H + 31)//32*W", "Max(A, B + 1)", "Min(A, 7)*3", "bcast(A, B)", "A*B + 3*A + 1", "Mod(A, 8)"])
def test_formulas_are_read_as_they_are_written(text):
    """What a lock has of a size is the size again."""
    import itertools
    size = formula(text)
    assert repr(formula(repr(size))) == repr(size)
    names = sorted({name for name in "ABHW" if name in text.replace("Max", "").replace("bcast", "")})
    calls = {"Max": max, "Min": min, "Mod": lambda a, b: a % b, "bcast": lambda a, b: b if a == 1 else a}
    for values in itertools.product((2, 5, 64), repeat=len(names)):
        sizes = dict(zip(names, values))
        if "bcast" not in text:
            assert archcheck.evaluate(size, sizes) == eval(text, {**calls, **sizes})
