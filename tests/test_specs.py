"""The specifications that ship with the package, held against layers worked out by other programs and against
published figures."""
from __future__ import annotations

import csv
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import archcheck
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
    ("inception_resnet_v2", "inception_resnet_v2", {}),
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
