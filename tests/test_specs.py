"""The specifications that ship with the package, held against layers worked out by other programs and against
published figures."""
from __future__ import annotations

import csv
from collections import Counter
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import archcheck
from archcheck.dims import symbol
from archcheck.frontends._zoo import names
from archcheck.report import Layer, Report

SPECS = Path(__file__).parents[1] / "specs"
LAYERS = Path(__file__).parent / "data" / "layers"
KINDS = {"Conv": "conv", "BatchNormalization": "bn", "Gemm": "fc", "MaxPool": "maxpool", "LRN": "lrn",
         "AveragePool": "avgpool", "GlobalAveragePool": "avgpool"}
THEIRS = {"MaxPool2d": "maxpool", "AvgPool2d": "avgpool", "AdaptiveAvgPool2d": "avgpool", "LRN": "lrn"}

TABLES = [
    ("alexnet", "alexnet_grouped_227", {}), ("zfnet", "zfnet_fig3", {}), ("lenet5", "lenet5_lecture", {}),
    ("vgg16", "vgg_D", {}), ("vgg19", "vgg_E", {}), ("googlenet", "googlenet_paper", {}),
    ("resnet18", "resnet18_B", {}), ("resnet34", "resnet34_B", {}), ("resnet34_a", "resnet34_A", {}),
    ("plain34", "plain34", {}), ("resnet50", "resnet50_v1", {}), ("resnet101", "resnet101_v1", {}),
    ("resnet152", "resnet152_v1", {}), ("resnet50", "resnet50_v1_5", {"v1_5": True}),
    ("resnet101", "resnet101_v1_5", {"v1_5": True}), ("resnet152", "resnet152_v1_5", {"v1_5": True}),
    ("resnext50", "resnext50_32x4d", {}), ("densenet121", "densenet121", {}),
    ("mobilenet_v1", "mobilenet_v1_1", {}), ("mobilenet_v1", "mobilenet_v1_0.75", {"width": Fraction(3, 4)}),
    ("mobilenet_v1", "mobilenet_v1_0.5", {"width": Fraction(1, 2)}),
    ("mobilenet_v1", "mobilenet_v1_0.25", {"width": Fraction(1, 4)}),
    ("mobilenet_v2", "mobilenet_v2", {}), ("mobilenet_v3_large", "mobilenet_v3_large", {}),
    ("ghostnet", "ghostnet_1.0", {}), ("xception", "xception", {}), ("inception_v3", "inception_v3", {}),
    ("inception_resnet_v2", "inception_resnet_v2", {}), ("inception_v4", "inception_v4", {}),
    ("bn_inception", "bn_inception_576", {}), ("mobilenet_v3_small", "mobilenet_v3_small", {}),
    ("vgg11", "vgg_A", {}), ("vgg13", "vgg_B", {}),
    ("densenet121", "densenet161", {"growth": 48, "third": 36, "fourth": 24}),
    ("densenet121", "densenet169", {"third": 32, "fourth": 32}),
    ("densenet121", "densenet201", {"third": 48, "fourth": 32}),
]


def analyzed(name: str, **sizes: Any) -> Report:
    return archcheck.analyze(SPECS / f"{name}.yaml", sizes)


Row = tuple[str, str, int, int]


def ours(layer: Layer) -> Row:
    shape = "x".join(map(str, (layer.out_shape or ())[1:]))
    return KINDS[layer.op], shape, layer.params, layer.macs  # type: ignore[return-value]


def theirs(name: str) -> list[Row]:
    with open(LAYERS / f"{name}.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [(THEIRS.get(row["op"], row["op"]), row["out"], int(row["params"]), int(row["macs"])) for row
            in rows]


@pytest.mark.parametrize(("name", "table", "sizes"), TABLES, ids=[table for _, table, _ in TABLES])
def test_each_layer_is_that_of_the_table(name: str, table: str, sizes: dict[str, Any]) -> None:
    report = analyzed(name, **sizes)
    found = Counter(ours(layer) for layer in report.layers if layer.op in KINDS)
    truth = Counter(theirs(table))
    assert truth - found == Counter()
    assert {row[0] for row in found - truth} <= {"maxpool", "avgpool"}  # the tables leave some of them out
    assert report.params == sum(row[2] for row in theirs(table))
    assert report.macs == sum(row[3] for row in theirs(table))
    assert not report.failures and not report.reasons and not report.uncounted


# ------------------------------------------------------------------------------- figures worked out by hand
def sums(found: Report) -> dict[str, int]:
    """The parameters of each outermost scope, or layer that is in none."""
    counts: dict[str, int] = {}
    for layer in found.layers:
        name = (*layer.scope, layer.name)[0]
        counts[name] = counts.get(name, 0) + layer.params  # type: ignore[operator]
    return {name: count for name, count in counts.items() if count}


def test_lenet_has_the_parameters_of_the_paper() -> None:
    found = analyzed("lenet5_1998")
    assert list(sums(found).values()) == [156, 12, 1516, 32, 48_120, 10_164]
    assert found.params == 60_000


def test_fractalnet_has_those_of_its_definition() -> None:
    widths, columns = (3, 64, 128, 256, 512, 512), 3
    convs = sum(9 * (columns * i * o + (2 ** columns - 1 - columns) * o * o) for i, o in pairwise(widths))
    norms = sum(2 * o * (2 ** columns - 1) for o in widths[1:])
    found = analyzed("fractalnet")
    assert found.params == convs + norms + 512 * 100 + 100
    assert round(convs / 1e6, 2) == 33.70


def test_unet_has_those_of_its_figure() -> None:
    def conv(i: int, o: int, k: int = 3) -> int:
        return k * k * i * o + o

    down = sum(conv(i, o) + conv(o, o) for i, o in ((1, 64), (64, 128), (128, 256), (256, 512), (512, 1024)))
    up = sum(conv(2 * o, o, 2) + conv(2 * o, o) + conv(o, o) for o in (512, 256, 128, 64))
    found = analyzed("unet")
    assert found.params == down + up + conv(64, 2, 1)
    assert found.types[found.graph.outputs[0]].shape == (1, 2, 388, 388)  # as in the figure
    assert [layer.out_shape[2] for layer in found.layers if layer.op == "ConvTranspose"] == [56, 104, 200,
                                                                                             392]


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
    found = analyzed("spd_conv")
    assert [layer.out_shape for layer in found.layers if layer.op == "SpaceToDepth"] == [
        (1, 128, 32, 32), (1, 256, 16, 16)]
    stem, second, third = 27 * 32 + 32 + 64, 9 * 128 * 64 + 64 + 128, 9 * 256 * 128 + 128 + 256
    assert found.params == stem + second + third + 128 * 10 + 10


def test_the_context_module_sees_67_positions() -> None:
    found = analyzed("dilated", C=5)
    (field,) = {axis.size for axis in found.fields[found.graph.outputs[0]]["input"][2:]}
    assert field == 67 and found.params == 7 * (9 * 25 + 5) + 25 + 5


FIELDS = [("alexnet", 195, 32, -64), ("zfnet", 171, 32, -59), ("vgg16", 212, 32, -90),
          ("vgg19", 268, 32, -118),
          ("resnet18", 435, 32, -217), ("resnet34", 899, 32, -449), ("resnet50", 483, 32, -241),
          ("resnet101", 1027, 32, -513), ("resnet152", 1507, 32, -753), ("resnext50", 427, 32, -213),
          ("densenet121", 2071, 32, -1021), ("mobilenet_v1", 315, 32, -157), ("mobilenet_v2", 491, 32, -245),
          ("bn_inception", 699, 32, -349), ("inception_v3", 1311, 32, -618), ("inception_v4", 2071, 32, -998),
          ("inception_resnet_v2", 3039, 32, -1482), ("xception", 1083, 32, -538)]
"""Field, stride and start of the last map, as Araujo, Norris and Sim (2019) and others have them."""


@pytest.mark.parametrize(("name", "size", "stride", "start"), FIELDS, ids=[row[0] for row in FIELDS])
def test_the_last_map_sees_what_is_published(name: str, size: int, stride: int, start: int) -> None:
    found = analyzed(name)
    (last,) = [found.graph.nodes[layer.index].outputs[0] for layer in found.layers
               if layer.out_shape and len(layer.out_shape) == 4 and layer.out_shape[2] > 1][-1:]
    for axis in found.local_fields[last]["input"][2:]:
        assert (axis.size, axis.stride, axis.start) == (size, stride, start)


def test_the_shipped_specifications_are_those_of_this_folder() -> None:
    assert [path.stem for path in sorted(SPECS.glob("*.yaml"))] == names()


LINES = {"vgg16": 20, "resnet50": 30, "googlenet": 40, "densenet121": 25}


def test_they_are_short() -> None:
    for name, most in LINES.items():
        assert len((SPECS / f"{name}.yaml").read_text().splitlines()) <= most
