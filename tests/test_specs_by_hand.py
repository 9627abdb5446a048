"""The specifications that ship with the package, held against figures worked out by hand, by formula, or
published, where no table of layers was made."""
from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest

from archcheck.dims import symbol
from archcheck.frontends import LoadError
from archcheck.report import Report
from tests.test_specs import analyzed, depth

IMAGE = 10 ** 6
FIGURES: list[tuple[str, dict[str, Any], Any, Any]] = [
    ("perceptron", {}, 3 + 1, 3), ("perceptron", {"n": symbol("n")}, symbol("n") + 1, symbol("n")),
    ("linear_classifier", {}, 30_720, 30_720), ("linear_classifier", {"bias": True}, 30_730, 30_720),
    ("mlp", {}, 3072 * 100 + 100 + 100 * 10 + 10, 3072 * 100 + 100 * 10),
    ("mlp", {"d": 5, "hidden": 7, "classes": 3, "bias": False}, 5 * 7 + 7 * 3, 5 * 7 + 7 * 3),
    ("connectivity", {}, IMAGE * IMAGE, IMAGE * IMAGE),
    ("connectivity", {"layer": 1}, 100 * IMAGE, 100 * IMAGE),
    ("connectivity", {"layer": 2}, 100 * 100, 100 * 100 * IMAGE),
    ("locally_connected", {}, 59_584, 784 * 75), ("locally_connected", {"shared": True}, 76, 784 * 75),
    ("convnet", {}, 456 + 1510, 352_800 + 864_000),
    ("convnet_pattern", {}, 1792 + 36_928 + 73_856 + 147_584 + 295_168 + 590_080 + 4096 * 256 + 256 + 2570,
     1024 * 9 * 64 * (3 + 64) + 256 * 9 * 128 * (64 + 128) + 64 * 9 * 256 * (128 + 256) + 4096 * 256 + 2560),
    ("convnetjs_cifar10", {}, 1216 + 8020 + 10_020 + 3210,
     1024 * 16 * 75 + 256 * 20 * 400 + 64 * 20 * 500 + 3200),
    ("convnetjs_mnist", {}, 208 + 3216 + 2570, 576 * 8 * 25 + 144 * 16 * 200 + 2560),
    ("lenet_caffe", {}, 431_080, 2_293_000), ("lenet5_1998", {}, 60_000, 325_680),
    ("goodfellow_fixed", {}, 1792 + 36_928 + 16_385_000, 65536 * 27 * 64 + 4096 * 576 * 64 + 16_384_000),
    ("goodfellow_any_size", {}, 1792 + 36_928 + 577_000, 65536 * 27 * 64 + 4096 * 576 * 64 + 576_000),
    ("goodfellow_no_fc", {}, 1792 + 36_928 + 577_000, 65536 * 27 * 64 + 4096 * 576 * 64 + 256 * 576_000),
    ("alexnet", {"groups": 1}, 62_378_344, 1_135_256_096),
    ("googlenet_auxiliary", {}, 6_998_552 + 3_188_840 + 3_190_888, 1_582_671_872
     + 16 * 128 * (512 + 528) + 2 * (2048 * 1024 + 1024 * 1000)),
    ("inception_reduction", {"reduce": 0}, 5 * 5 * 190 * 48, 178_752_000),
    ("inception_reduction", {}, 190 * 16 + 5 * 5 * 16 * 48, 2_383_360 + 15_052_800),
    ("separable", {}, 64 * 9 + 64 * 128, 56 * 56 * (64 * 9 + 64 * 128)),
    ("separable", {"full": True}, 64 * 9 * 128, 56 * 56 * 64 * 9 * 128),
    ("mobilenet_v1", {"H": 192, "W": 192}, 4_231_976, 418_121_728),
    ("mobilenet_v1", {"H": 160, "W": 160}, 4_231_976, 290_675_200),
    ("mobilenet_v1", {"H": 128, "W": 128}, 4_231_976, 186_400_768),
    ("mobilenet_v1", {"full": True}, 29_294_088, 4_866_269_184 + 1_024_000),
    ("rnn", {}, 10_000 * 200 + 200 * (200 + 200) + 2 * 200 + 200 * 10_000 + 10_000,
     35 * (200 * (200 + 200) + 200 * 10_000)),
    ("gru", {}, 10_000 * 128 + 2 * (3 * 128 * (128 + 128) + 6 * 128) + 256 * 2 + 2,
     100 * 2 * 3 * 128 * (128 + 128) + 256 * 2)]
"""Parameters and MACs."""


def named(value: Any) -> str | None:
    return value if isinstance(value, str) else None


@pytest.mark.parametrize(("name", "sizes", "params", "macs"), FIGURES, ids=named)
def test_parameters_and_macs(name: str, sizes: dict[str, Any], params: Any, macs: Any) -> None:
    report = analyzed(name, **sizes)
    assert (report.params, report.macs) == (params, macs)
    assert not report.failures and not report.reasons


@pytest.mark.parametrize(("name", "width", "params", "megamacs"), [
    ("ghostnet", Fraction(1, 2), 2_587_292, "42.3"), ("ghostnet", Fraction(13, 10), 7_358_820, "227.0"),
    ("mobilenet_v2", Fraction(14, 10), 6_108_776, "582.2")])
def test_widths(name: str, width: Fraction, params: int, megamacs: str) -> None:
    """What PyTorch counts for timm's and torchvision's."""
    report = analyzed(name, width=width)
    assert (report.params, f"{report.macs / 1e6:.1f}") == (params, megamacs)  # type: ignore[operator]


SHAPES: list[tuple[str, dict[str, Any], str, list[tuple[int, ...]]]] = [
    ("perceptron", {}, "GreaterOrEqual", [(1,)]),
    ("convnet", {}, "Conv", [(6, 28, 28), (10, 24, 24)]),
    ("alexnet_lecture", {}, "LRN", [(96, 27, 27), (256, 13, 13)]),
    ("zfnet_lecture", {}, "MaxPool", [(96, 55, 55), (256, 27, 27), (512, 13, 13)]),
    ("goodfellow_fixed", {}, "MaxPool", [(64, 64, 64), (64, 16, 16)]),
    ("goodfellow_any_size", {}, "MaxPool", [(64, 64, 64), (64, 3, 3)]),
    ("goodfellow_any_size", {"H": 300, "W": 211}, "MaxPool", [(64, 75, 52), (64, 3, 3)]),
    ("goodfellow_no_fc", {}, "Conv", [(64, 256, 256), (64, 64, 64), (1000, 16, 16)]),
    ("goodfellow_no_fc", {}, "GlobalAveragePool", [(1000, 1, 1)]),
    ("alexnet_torchvision", {"H": 448, "W": 448}, "AveragePool", [(256, 6, 6)]),
    ("lenet5_1998", {}, "ReduceSum", [(10,)]),
    ("unet", {}, "ConvTranspose", [(512, 56, 56), (256, 104, 104), (128, 200, 200), (64, 392, 392)]),
    ("spd_conv", {}, "SpaceToDepth", [(128, 32, 32), (256, 16, 16)])]
"""What the layers of one operator make of a sample."""


@pytest.mark.parametrize(("name", "sizes", "op", "shapes"), SHAPES, ids=named)
def test_shapes(name: str, sizes: dict[str, Any], op: str, shapes: list[tuple[int, ...]]) -> None:
    report = analyzed(name, **sizes)
    assert [layer.out_shape[1:] for layer in report.layers if layer.op == op and layer.out_shape] == shapes


def sums(found: Report) -> dict[str, int]:
    """The parameters of each outermost scope, or layer that is in none."""
    counts: dict[str, int] = {}
    for layer in found.layers:
        name = (*layer.scope, layer.name)[0]
        counts[name] = counts.get(name, 0) + layer.params  # type: ignore[operator]
    return {name: count for name, count in counts.items() if count}


def test_lenet_has_the_parameters_of_the_paper() -> None:
    assert sums(analyzed("lenet5_1998")) == {"C1": 156, "S2": 12, "C3": 1516, "S4": 32, "C5": 48_120,
                                             "F6": 10_164}


def test_lenet_has_the_connections_of_the_paper() -> None:
    """A bias is a connection of each unit of C1, C3, C5 and F6; a unit of S2 and S4 has four and a bias."""
    found = analyzed("lenet5_1998")
    weights = [each.connections for each in found.connections.by_node if each and each.connections]
    assert weights == [117_600, *[7_500] * 6, *[10_000] * 9, 15_000, 48_000, 10_080]
    biases = 6 * 28 * 28 + 16 * 10 * 10 + 120 + 84
    assert sum(weights) + biases + 5_880 + 2_000 + 10 * 84 == 340_908  # type: ignore[arg-type]
    assert [5 * layer.out_shape[1] * layer.out_shape[2] * layer.out_shape[3]  # type: ignore[index]
            for layer in found.layers if layer.op == "AveragePool"] == [5_880, 2_000]


def test_three_neighbours() -> None:
    found = analyzed("sparse")
    assert [each and each.connections for each in found.connections.by_node] == [13, 13]
    assert [each and each.weights for each in found.connections.by_node] == [3, 3]
    assert [found.fields[name]["input"][2].size for name in ("h", "g")] == [3, 5]
    assert analyzed("sparse", stride=2).fields["g"]["input"][2].size == 7


@pytest.mark.parametrize(("head", "more"), [(0, 0), (1, 93 + 1), (2, 93 * 16 + 16 + 16 + 1)])
def test_a_scan_has_a_window_at_every_step(head: int, more: int) -> None:
    found = analyzed("scan", head=head)
    assert found.types["score"].shape == (1, 1, 100 - 8 + 1)
    assert found.params == 8 * 24 * 16 + 16 + 16 + 1 + more
    assert found.fields["score"]["input"][2].size == 8


def test_the_maximum_of_a_scan_takes_any_length() -> None:
    found = analyzed("scan", T=symbol("T"))
    assert found.params == 8 * 24 * 16 + 16 + 16 + 1
    assert found.types["score"].shape == (1, 1, symbol("T") - 7)


def fractal(columns: int, width: int) -> int:
    """The parameters of the convolutions, by the definition."""
    widths = (3, *(factor * width for factor in (1, 2, 4, 8, 8)))
    return sum(9 * (columns * i * o + (2 ** columns - 1 - columns) * o * o) for i, o in pairwise(widths))


FRACTALS = [(1, "0.3"), (2, "0.8"), (3, "2.1"), (4, "4.8"), (5, "10.2"), (6, "21.1")]
"""Table 3 of the paper: columns, and millions of parameters; the depth doubles with each column."""


@pytest.mark.parametrize(("columns", "published"), FRACTALS)
def test_fractalnet_is_as_deep_and_large_as_in_its_table(columns: int, published: str) -> None:
    found = analyzed("fractalnet", columns=columns, width=16)
    norms = 2 * (2 ** columns - 1) * (16 + 32 + 64 + 128 + 128)
    assert found.params == fractal(columns, 16) + norms + 128 * 100 + 100
    assert f"{found.params / 1e6:.1f}" == published  # type: ignore[operator]
    assert depth(found) == 5 * 2 ** (columns - 1)


def test_fractalnet_has_six_columns_at_most() -> None:
    with pytest.raises(LoadError, match="one_to_six_columns"):
        analyzed("fractalnet", columns=7)


def test_fractalnet_has_those_of_its_definition() -> None:
    assert analyzed("fractalnet").params == fractal(3, 64) + 2 * 7 * 1472 + 51_300


def test_unet_has_those_of_its_figure() -> None:
    def conv(i: int, o: int, k: int = 3) -> int:
        return k * k * i * o + o

    down = sum(conv(i, o) + conv(o, o) for i, o in ((1, 64), (64, 128), (128, 256), (256, 512), (512, 1024)))
    up = sum(conv(2 * o, o, 2) + conv(2 * o, o) + conv(o, o) for o in (512, 256, 128, 64))
    found = analyzed("unet")
    assert found.params == down + up + conv(64, 2, 1)
    assert found.types[found.graph.outputs[0]].shape == (1, 2, 388, 388)  # as in the figure
    (output,) = found.graph.outputs
    assert list(found.fields[output]["input"][2].phases) == 4 * [(0, 187)] + 12 * [(0, 203)]  # by NaN probes


def test_the_transformer_has_those_of_its_table() -> None:
    d, hidden, words = 512, 2048, 37_000
    layer = 4 * (d * d + d) + 2 * d * hidden + hidden + d + 4 * d
    found = analyzed("transformer_encoder")
    assert found.params == 6 * layer + words * d
    length = symbol("T")
    assert found.macs == 6 * (length * (4 * d * d + 2 * d * hidden) + 2 * d * length * length)


def test_the_language_model_has_those_of_its_cells() -> None:
    h, words, length = 650, 10_000, 35
    found = analyzed("lstm")
    assert found.params == words * h + 2 * (4 * h * 2 * h + 8 * h) + h * words + words
    assert found.macs == length * (2 * 4 * h * 2 * h + h * words)


def test_convolutions_that_move_their_taps() -> None:
    conv = 9 * 64 * 64 + 64
    assert list(sums(analyzed("deformable")).values()) == [conv + 9 * 64 * 18 + 18, conv + 9 * 64 * 27 + 27]


def test_positions_become_channels() -> None:
    stem, second, third = 27 * 32 + 32 + 64, 9 * 128 * 64 + 64 + 128, 9 * 256 * 128 + 128 + 256
    assert analyzed("spd_conv").params == stem + second + third + 128 * 10 + 10


def test_the_context_module_has_one_filter_for_each_pair_of_channels() -> None:
    assert analyzed("dilated", C=5).params == 7 * (9 * 25 + 5) + 25 + 5


def test_a_grid_of_three_needs_three_rows() -> None:
    """The stride that follows from the size must not be 0: tried out for each size."""
    found = analyzed("goodfellow_any_size", H=symbol("H")).valid.axes["H"].sizes
    for rows in range(1, 40):
        assert (rows in found) == runs(rows)


def runs(rows: int) -> bool:
    try:
        return not analyzed("goodfellow_any_size", H=rows).failures
    except LoadError:
        return False
