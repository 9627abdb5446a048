"""The specifications that ship with the package, held against layers and totals worked out by other programs
and against published receptive fields."""
from __future__ import annotations

import csv
from collections import Counter
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import archcheck
from archcheck.claims import verify
from archcheck.frontends._zoo import names
from archcheck.report import Layer, Report

SPECS = Path(__file__).parents[1] / "specs"
LAYERS = Path(__file__).parent / "data" / "layers"
KINDS = {"Conv": "conv", "BatchNormalization": "bn", "Gemm": "fc", "MaxPool": "maxpool", "LRN": "lrn",
         "AveragePool": "avgpool", "GlobalAveragePool": "avgpool"}
THEIRS = {"MaxPool2d": "maxpool", "AvgPool2d": "avgpool", "AdaptiveAvgPool2d": "avgpool", "LRN": "lrn"}

TABLES = {
    "lenet5_lecture": ("lenet5", {}), "alexnet_grouped_227": ("alexnet", {}),
    "alexnet_ungrouped_227": ("alexnet_lecture", {}), "alexnet_torchvision": ("alexnet_torchvision", {}),
    "zfnet_fig3": ("zfnet", {}), "zfnet_b": ("zfnet", {"conv3": 512, "conv4": 1024, "conv5": 512}),
    "zfnet_literal_edits": ("zfnet_lecture", {}), "vgg_A": ("vgg11", {}), "vgg_A_LRN": ("vgg11_lrn", {}),
    "vgg_B": ("vgg13", {}), "vgg_C": ("vgg16_c", {}), "vgg_D": ("vgg16", {}), "vgg_E": ("vgg19", {}),
    "googlenet_paper": ("googlenet", {}), "googlenet_torchvision": ("googlenet_torchvision", {}),
    "bn_inception_576": ("bn_inception", {}),
    "bn_inception_caffe608": ("bn_inception", {"proj": 128, "bias": True}),
    "inception_v3": ("inception_v3", {}), "inception_v4": ("inception_v4", {}),
    "inception_resnet_v2": ("inception_resnet_v2", {}),
    "inception_resnet_v1_paper": ("inception_resnet_v1", {}),
    "inception_resnet_v2_paperfigs": ("inception_resnet_v2_paper", {}),
    "plain18": ("plain18", {}), "plain34": ("plain34", {}),
    "resnet18_A": ("resnet18", {"option_a": True}), "resnet34_A": ("resnet34", {"option_a": True}),
    "resnet18_B": ("resnet18", {}), "resnet34_B": ("resnet34", {}),
    "resnet50_v1": ("resnet50", {}), "resnet50_v1_5": ("resnet50", {"v1_5": True}),
    "resnet101_v1": ("resnet101", {}), "resnet101_v1_5": ("resnet101", {"v1_5": True}),
    "resnet152_v1": ("resnet152", {}), "resnet152_v1_5": ("resnet152", {"v1_5": True}),
    "resnext50_32x4d": ("resnext50", {}), "densenet121": ("densenet121", {}),
    "densenet169": ("densenet169", {}), "densenet201": ("densenet201", {}),
    "densenet161": ("densenet161", {}), "mobilenet_v1_1": ("mobilenet_v1", {}),
    "mobilenet_v1_0.75": ("mobilenet_v1", {"width": Fraction(3, 4)}),
    "mobilenet_v1_0.5": ("mobilenet_v1", {"width": Fraction(1, 2)}),
    "mobilenet_v1_0.25": ("mobilenet_v1", {"width": Fraction(1, 4)}),
    "mobilenet_v2": ("mobilenet_v2", {}), "mobilenet_v3_large": ("mobilenet_v3_large", {}),
    "mobilenet_v3_small": ("mobilenet_v3_small", {}), "ghostnet_1.0": ("ghostnet", {}),
    "xception": ("xception", {})}
"""Each table of layers: the specification that it is of, and the values of its parameters."""


@cache
def analysis(name: str, sizes: frozenset[tuple[str, Any]]) -> Report:
    return archcheck.analyze(SPECS / f"{name}.yaml", dict(sizes))


def analyzed(name: str, **sizes: Any) -> Report:
    return analysis(name, frozenset(sizes.items()))


def of_table(table: str) -> Report:
    name, sizes = TABLES[table]
    return analyzed(name, **sizes)


Row = tuple[str, str, int, int]


def ours(layer: Layer) -> Row:
    shape = "x".join(map(str, (layer.out_shape or ())[1:]))
    return KINDS[layer.op], shape, layer.params, layer.macs  # type: ignore[return-value]


def theirs(name: str) -> list[Row]:
    with open(LAYERS / f"{name}.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [(THEIRS.get(row["op"], row["op"]), row["out"], int(row["params"]), int(row["macs"])) for row
            in rows]


@pytest.mark.parametrize("table", TABLES)
def test_each_layer_is_that_of_the_table(table: str) -> None:
    report = of_table(table)
    found = Counter(ours(layer) for layer in report.layers if layer.op in KINDS)
    truth = Counter(theirs(table))
    assert truth - found == Counter()
    assert {row[0] for row in found - truth} <= {"maxpool", "avgpool", "lrn"}  # tables leave some of them out
    assert report.params == sum(row[2] for row in theirs(table))
    assert report.macs == sum(row[3] for row in theirs(table))
    assert not report.failures and not report.reasons and not report.uncounted


def totals() -> dict[str, dict[str, int]]:
    with open(LAYERS / "totals.csv", encoding="utf-8") as file:
        return {row.pop("table"): {key: int(value) for key, value in row.items()}
                for row in csv.DictReader(file)}


TOTALS = totals()


def test_every_table_is_of_a_specification() -> None:
    assert {path.stem for path in LAYERS.glob("*.csv")} - {"totals"} == TABLES.keys() == TOTALS.keys()


def of(report: Report, op: str, figure: str) -> int:
    return sum(getattr(layer, figure) for layer in report.layers if layer.op == op)


@pytest.mark.parametrize("table", TABLES)
def test_totals_are_those_of_other_programs(table: str) -> None:
    report, truth = of_table(table), TOTALS[table]
    counts = Counter(layer.op for layer in report.layers)
    axis = last_map(report)
    found = {
        "params": report.params, "bn_params": of(report, "BatchNormalization", "params"),
        "buffers": report.weights.buffers, "convs": counts["Conv"], "fcs": counts["Gemm"],
        "macs_conv": of(report, "Conv", "macs"), "macs_fc": of(report, "Gemm", "macs"),
        "field": axis.size, "stride": axis.stride, "padding": -axis.start, "depth": depth(report)}
    assert found == truth


def last_map(report: Report) -> Any:
    """How the rows of the last map before the classifier read the input, gates left out."""
    value = [report.graph.nodes[layer.index].outputs[0] for layer in report.layers if is_map(layer)][-1]
    rows, columns = report.local_fields[value]["input"][2:]
    assert (rows.size, rows.stride, rows.start) == (columns.size, columns.stride, columns.start)
    return rows


def is_map(layer: Layer) -> bool:
    return layer.out_shape is not None and len(layer.out_shape) == 4 and layer.out_shape[2] != 1


def depth(report: Report) -> int:
    """The most convolutions on a path, those of gates left out."""
    depths = dict[str, int]()
    for layer, node in zip(report.layers, report.graph.nodes, strict=True):
        before = max((depths.get(name, 0) for name in node.inputs), default=0)
        depths.update(dict.fromkeys(node.outputs, before + (layer.op == "Conv" and is_map(layer))))
    return max(depths.values())


# ------------------------------------------------------------------------------------ receptive fields
ENDPOINTS = {
    "alexnet": "conv1 11 4 0, maxpool1 19 8 0, conv2 51 8 16, conv3 99 16 32, conv4 131 16 48, "
               "conv5 163 16 64, maxpool3 195 32 64",
    "vgg16": "conv1.1.conv1 3 1 1, maxpool1 6 2 2, maxpool2 16 4 6, maxpool3 44 8 18, maxpool4 100 16 42, "
             "conv5.1.conv1 132 16 58, conv5.2.conv1 164 16 74, maxpool5 212 32 90",
    "resnet50": "stage2 35 4 17, stage3 99 8 49, stage4 291 16 145, stage5 483 32 241",
    "googlenet": "inception5b 715 32 327, avgpool1 907 32 327",
    "inception_v3": "module_a1 63 8 18, module_a3 127 8 50, reduction_a1 159 16 58, module_c4 927 16 442, "
                    "reduction_b1 1055 32 490, module_e1 1311 32 618",
    "inception_v4": "stem1.concat2 47 4 14, stem1 55 8 14, module_a1 183 8 78, reduction_a1 215 16 86, "
                    "module_b1 1559 16 758, reduction_b1 1687 32 806, module_c1 2071 32 998",
    "inception_resnet_v2": "mixed_5b 63 8 18, mixed_6a 415 16 186, residual_b1 2335 16 1146, "
                           "mixed_7a 2399 32 1162, conv_7b 3039 32 1482",
    "dilated": "each1.1 3 1 1, each1.2 5 1 2, each1.3 9 1 4, each1.4 17 1 8, each1.5 33 1 16, "
               "each1.6 65 1 32, each1.7 67 1 33, conv1 67 1 33",
    "dilated_stack": "each1.1 3 1 1, each1.2 7 1 3, each1.3 15 1 7"}
"""Field, stride and padding where a scope, or a layer, ends: as Araujo, Norris and Sim (2019) have them, and
Yu and Koltun (2016). Their ResNet strides at the end of a stage, that of the paper at its beginning."""


@pytest.mark.parametrize("name", ENDPOINTS)
def test_parts_see_what_is_published(name: str) -> None:
    report = analyzed(name)
    for place in ENDPOINTS[name].split(", "):
        scope, *truth = place.split()
        inside = [node for node in report.graph.nodes if f"{node.name}.".startswith(f"{scope}.")]
        for axis in report.fields[inside[-1].outputs[0]]["input"][2:]:
            assert [axis.size, axis.stride, -axis.start] == [int(each) for each in truth], place


# ------------------------------------------------------------------------------------ published figures
EXAMPLES = {"convnetjs_cifar10", "convnetjs_mnist", "gru", "lenet_caffe", "transformer_encoder"}
"""Networks of which no figure was published."""


@pytest.mark.parametrize("name", sorted(set(names()) - EXAMPLES))
def test_what_was_published_is_as_recorded(name: str) -> None:
    outcomes = verify([SPECS / f"{name}.yaml"]).outcomes
    assert outcomes and not [outcome.problem for outcome in outcomes if not outcome.is_right]


def test_the_shipped_specifications_are_those_of_this_folder() -> None:
    assert [path.stem for path in sorted(SPECS.glob("*.yaml"))] == names()


LINES = {"vgg16": 20, "resnet50": 30, "googlenet": 40, "densenet121": 25}


def test_they_are_short() -> None:
    for name, most in LINES.items():
        network, *_ = (SPECS / f"{name}.yaml").read_text().split("claims:\n")
        assert len(network.splitlines()) <= most
