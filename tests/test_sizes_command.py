"""``archcheck sizes``: what it says, the largest sizes within limits, and sizes that a file fixes."""
from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from onnx import helper

import archcheck
from archcheck.analyses.budgets import BudgetError, budget
from archcheck.analyses.freeing import FreeError, free
from tests._nets import NETS, PLANES, Net
from tests.benchmarks.graphs import Builder
from tests.test_cli import ends


@pytest.fixture
def file(tmp_path: Path) -> Any:
    """Writes one of the small networks, or a given one, to a file; its name."""
    def write(name: str, made: bytes | None = None) -> str:
        path = tmp_path / f"{name}.onnx"
        if made is None:
            net, output = (NETS.get(name) or PLANES[name])[0]()
            made = net.bytes(output)
        path.write_bytes(made)
        return str(path)
    return write


def classifier(*shape: Any) -> bytes:
    """A pooling by 4, flattened for 3 × 4 features of one channel."""
    net = Builder(image=shape)
    x = net.add("MaxPool", "image", kernel_shape=[4, 4], strides=[4, 4])
    return net.bytes(net.add("Gemm", net.add("Reshape", x, net.constant([1, 12])), net.weight(12, 5)))


def chain(*shape: Any) -> bytes:
    """Two convolutions and a matrix product: a batch, and an image of any size."""
    net = Builder(image=shape)
    x = net.add("Conv", "image", net.weight(8, 3, 3, 3), strides=[2, 2], pads=[1] * 4)
    x = net.add("Conv", x, net.weight(16, 8, 3, 3))
    x = net.add("Flatten", net.add("GlobalAveragePool", x))
    return net.bytes(net.add("Gemm", x, net.weight(16, 10)))


def macs(n: int, h: int, w: int) -> int:
    """What `chain` costs, by hand."""
    rows, columns = -(-h // 2), -(-w // 2)
    return n * (27 * 8 * rows * columns + 72 * 16 * (rows - 2) * (columns - 2) + 160)


class TestWhatIsSaid:
    def test_the_condition_and_its_cause(self, capsys, file):
        code, out, err = ends(capsys, "sizes", file("unet-valid"))
        assert (code, err) == (0, "")
        heading, row, *rest = out.splitlines()
        assert heading.split() == ["size", "valid", "smallest", "then"]
        assert row == "H     H ≥ 188 and H ≡ 12 mod 16       188  204, 220, 236, …"
        assert any("concat_34" in line for line in rest)

    def test_a_size_that_is_not_valid(self, capsys, file):
        _, out, _ = ends(capsys, "sizes", file("unet-valid"), "--set", "H=570")
        assert "H = 570   not valid; the nearest valid sizes are 556 and 572" in out
        assert "violated  concat_16: max(⌊(H − 124)/8⌋, 0) = 2·⌊(H − 124)/16⌋, but they are 55 and 54" in out

    def test_a_size_below_the_smallest(self, capsys, file):
        _, out, _ = ends(capsys, "sizes", file("alexnet"), "--set", "H=60")
        assert "not valid; the nearest valid size is 63" in out
        assert "maxpool_7: a window must fit, ⌊(H − 31)/32⌋ ≥ 1, but it is 0" in out

    def test_a_size_that_is_valid(self, capsys, file):
        _, out, _ = ends(capsys, "sizes", file("unet-valid"), "--set", "H=572")
        assert "H = 572  valid\n" in out
        assert "violated" not in out

    def test_what_is_left_over(self, capsys, file):
        _, out, _ = ends(capsys, "sizes", file("vgg16"))
        assert "left over  nothing at H ≡ 0 mod 32\n" in out
        assert "left over" not in ends(capsys, "sizes", file("resnet"))[1]

    def test_equations_on_several_sizes(self, capsys, file):
        _, out, _ = ends(capsys, "sizes", file("tokens"))
        assert "together" in out
        assert "add_2: ⌊H/4⌋·⌊W/4⌋ = 6, or one of them is 1" in out

    def test_json(self, capsys, file):
        _, out, _ = ends(capsys, "sizes", file("unet-valid"), "--set", "H=570", "--format", "json")
        record = json.loads(out)
        assert record["schema"] == "archcheck.sizes/1"
        assert record["sizes"] == [{"symbol": "H", "condition": "H >= 188 and H % 16 == 12", "smallest": 188,
                                    "next": [204, 220, 236], "largest": None}]
        assert record["given"] == {"H": {"size": 570, "valid": False, "below": 556, "above": 572}}
        assert record["violated"][0]["layer"] == "concat_16"
        assert record["violated"][0]["at"] == [55, 54]

    def test_other_formats(self, capsys, file):
        _, out, _ = ends(capsys, "sizes", file("unet"), "--format", "csv")
        assert out.splitlines()[1] == 'H,H >= 16 and H % 16 == 0,16,"[32, 48, 64]",'
        _, out, _ = ends(capsys, "sizes", file("unet"), "--format", "markdown")
        assert out.splitlines()[2].startswith("| H | H ≡ 0 mod 16 |")

    def test_a_network_that_never_runs(self, capsys, file):
        net = Net()
        joined = net.add("Concat", net.conv("x", 3), net.conv("x", 4), axis=1)
        _, out, _ = ends(capsys, "sizes", file("broken", net.bytes(joined)))
        assert out.splitlines()[1] == "H     no size"
        assert "never    concat_2: axis 2 is H − 2, but H − 3" in out

    def test_a_symbol_that_is_not_there(self, capsys, file):
        code, _, err = ends(capsys, "sizes", file("unet"), "--set", "W=3")
        assert code == 2
        assert "no input of the network has a size called W" in err


class TestWithin:
    def test_the_largest_batch(self, capsys, file):
        _, out, _ = ends(capsys, "sizes", file("chain", chain("N", 3, "H", "W")), "--set", "H=64", "--set",
                         "W=48", "--within", "macs < 1e9", "--format", "json")
        found = json.loads(out)["largest"]
        n = found["size"]
        assert macs(n, 64, 48) < 10**9 <= macs(n + 1, 64, 48)
        assert (found["symbol"], found["assumed"], found["grows"]) == ("N", {}, True)
        assert found["figures"] == {"macs": macs(n, 64, 48)}
        assert found["beyond"] == {"macs": macs(n + 1, 64, 48)}

    def test_the_largest_square(self, capsys, file):
        path = file("chain", chain("N", 3, "H", "W"))
        _, out, _ = ends(capsys, "sizes", path, "--within", "macs <= 50M", "--format", "json")
        found = json.loads(out)["largest"]
        h = found["size"]
        assert found["assumed"] == {"N": 1, "W": "H"}
        assert macs(1, h, h) <= 50 * 10**6 < macs(1, h + 1, h + 1)
        assert found["grows"]
        _, out, _ = ends(capsys, "sizes", path, "--within", "macs <= 50M")
        assert f"with N = 1, W = H: H up to {h:,}" in out

    def test_only_valid_sizes(self, capsys, file):
        path = file("unet")
        report = archcheck.analyze(path)
        _, out, _ = ends(capsys, "sizes", path, "--within", "macs < 20k", "--format", "json")
        h = json.loads(out)["largest"]["size"]
        assert h % 16 == 0
        cost = [archcheck.evaluate(report.macs, {"H": size}) for size in (h, h + 16)]
        assert cost[0] < 20_000 <= cost[1]

    def test_among_sizes_with_gaps(self, capsys, file):
        _, out, _ = ends(capsys, "sizes", file("swin"), "--within", "macs < 30")
        assert "macs < 30: H up to 31, 28 MACs; the next takes 56 MACs" in out

    def test_several_limits(self, capsys, file):
        path = file("chain", chain("N", 3, 64, 64))
        _, out, _ = ends(capsys, "sizes", path, "--within", "macs < 1G", "--within", "activations < 100 KiB")
        assert "N up to 1, 1.26 M MACs, 88.41 KiB activations; the next takes 2.52 M" in out

    def test_none_fits(self, capsys, file):
        _, out, _ = ends(capsys, "sizes", file("unet"), "--within", "macs < 5")
        assert "macs < 5: no valid H; the smallest takes" in out

    def test_everything_fits(self, capsys, file):
        _, out, _ = ends(capsys, "sizes", file("unet"), "--within", "params < 1M")
        assert "params < 1M: any H" in out

    def test_a_figure_that_is_not_known(self, capsys, file):
        net = Net()
        net.nodes.append(helper.make_node("Mystery", ["x"], ["y"], "mystery", domain="com.acme"))
        path = file("odd", net.bytes(net.add("Relu", "y"), net.conv("x", 3)))
        _, out, _ = ends(capsys, "sizes", path, "--within", "activations < 1 MiB")
        assert "activations of this network is not known" in out
        assert "2 nodes have outputs of unknown size, mystery the first" in out
        _, out, _ = ends(capsys, "sizes", path, "--within", "macs < 300")
        assert "H up to 101, 297 MACs; the next takes 300 MACs" in out
        assert "(without com.acme.Mystery, Relu, which are not counted)" in out

    def test_nothing_to_look_for(self, capsys, file):
        _, out, _ = ends(capsys, "sizes", file("unet"), "--within", "macs < 1M", "--set", "H=32")
        assert "no size is free" in out

    @pytest.mark.parametrize(("text", "limit"), [
        ("macs < 1e9", 10**9), ("macs<=4.1 G", 4_100_000_000), ("flops < 1_000k", 10**6),
        ("activations < 1.5 GiB", 3 << 29), ("activations ≤ 10kB", 10_000), ("activations < 7 B", 7)])
    def test_limits(self, text, limit):
        found = budget(text)
        assert found.limit == limit
        assert found.allows(limit) == found.inclusive == ("=" in text or "≤" in text)
        assert found.allows(limit - 1)
        assert not found.allows(limit + 1)
        assert not found.allows(None)

    def test_a_fraction_of_a_unit_is_exact(self):
        assert budget("activations < 0.1 KiB").limit == Fraction(1024, 10)

    @pytest.mark.parametrize(("text", "said"), [
        ("mac < 1", "did you mean macs?"), ("macs 5", "is not a limit such as"),
        ("macs > 5", "is not a limit such as"), ("macs < 5 GiB", "the units are k, M, G, T"),
        ("activations < 5 Q", "the units are B, kB"), ("macs < __import__('os')", "is not a limit"),
        ("macs < 1e999", "is not a limit")])
    def test_what_is_no_limit(self, text, said):
        with pytest.raises(BudgetError, match=said.replace("(", r"\(").replace("?", r"\?")):
            budget(text)


class TestFree:
    def test_fixed_sizes_are_named(self, capsys, file):
        _, out, _ = ends(capsys, "sizes", file("static", classifier(1, 1, 12, 16)))
        assert "image: float32 1 × 1 × 12 × 16: every size is a number in the file" in out
        assert "--free image:2,3 asks which others it would take" in out

    def test_a_constant_pins_a_size(self, capsys, file):
        path = file("static", classifier(1, 1, 12, 16))
        _, out, _ = ends(capsys, "sizes", path, "--free", "image:2")
        assert out.splitlines()[1] == "H     12 ≤ H ≤ 15        12  13, 14, 15, …       15"
        assert "reshape_1: ⌊H/4⌋ = 3" in out
        assert "H is axis 2 of image, 12 in the file" in out
        _, out, _ = ends(capsys, "sizes", path, "--free", "2,3")
        assert "together" in out
        assert "reshape_1: two" not in out
        assert "reshape_1: ⌊H/4⌋·⌊W/4⌋ = 12" in out

    def test_names(self):
        graph = archcheck.load(chain("N", 3, 32, 32))
        freed_graph, freed = free(graph, ["image:-1", "2"])
        assert [(one.symbol, one.axis, one.size) for one in freed] == [("W", 3, 32), ("H", 2, 32)]
        assert repr(freed_graph.inputs["image"].shape) == "(N, 3, H, W)"
        assert free(archcheck.load(chain("H", 3, 32, 32)), ["image:2"])[1][0].symbol == "H2"

    def test_inputs_of_one_size_share_a_name(self):
        net = Builder(ids=[1, 128], mask=[1, 128], other=[1, 64])
        graph = archcheck.load(net.bytes(net.add("Add", net.add("Add", "ids", "mask"), "other")))
        freed = free(graph, ["ids:1", "mask:1", "other:1"])[1]
        assert [one.symbol for one in freed] == ["L", "L", "L2"]

    @pytest.mark.parametrize(("text", "said"), [
        ("image:7", "has no axis 7: it has 4"), ("imag:2", "did you mean 'image'?"),
        ("image:0", "is free already"), ("image:a", "not of the form"), ("image:", "not of the form"),
        ("image:2,2", "is free already")])
    def test_what_cannot_be_freed(self, text, said):
        with pytest.raises(FreeError) as error:
            free(archcheck.load(chain("N", 3, 32, 32)), [text])
        assert said in str(error.value)
