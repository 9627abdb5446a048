"""Receptive fields of reference networks, held against published and measured ones.

Published: the table and the unit tests of Google's library (A. Araujo, W. Norris, J. Sim, Distill 2019), and
the papers of PatchGAN and WaveNet. The others were measured by making rows of the input NaN in ONNX Runtime
and watching which rows of the output turn NaN.
"""
from __future__ import annotations

import csv
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from onnx import ModelProto

import archcheck
from tests.fields.networks import network
from tests.fields.slim import NETWORKS as SLIM

FREE = {"H": 224, "W": 224, "T": 224}


# ------------------------------------------------------------------------------------------- the one way in
@cache
def analyzed(name: str, **sizes: int) -> archcheck.Report:
    return archcheck.analyze(name if name.startswith("onnx:") else network(name), sizes=sizes)


def axis_of(report: archcheck.Report, value: str, axis: int = 2, *, local: bool = False) -> Any:
    """What is known of how ``value`` reads ``axis`` of the only input."""
    fields = report.local_fields if local else report.fields
    return fields[value][only_input(report)][axis]


def only_input(report: archcheck.Report) -> str:
    return next(iter(report.graph.inputs))


def reach(report: archcheck.Report, value: str, size: int, *, exact: bool = False) -> Any:
    """What is read where all free sizes are ``size``."""
    bound = dict.fromkeys(report.symbols, size)
    return report.fields[value].at(bound, exact=exact)[only_input(report)]


def meetings(report: archcheck.Report) -> list[tuple[Any, Any]]:
    """The strides of paths that meet, and how far their centres are apart, where they do not fit."""
    found = (meeting for _, _, axis, meeting in report.fields.meetings if axis == 2)
    return [(each.strides, each.moved and Fraction(each.moved, each.parts)) for each in found]


def start_of(axis: Any, size: int = 224) -> Any:
    return archcheck.evaluate(axis.start, dict.fromkeys(FREE, size))


def box(report: archcheck.Report, value: str, *place: int, size: int = 224) -> Any:
    """The first and last position of each axis that one element of ``value`` reads."""
    return reach(report, value, size).box(place)


# ------------------------------------------------------------------------------------------- Google's table
def google() -> dict[str, list[dict[str, str]]]:
    """The rows of the table by network: end point, field, and cost at an input of 224."""
    with (Path(__file__).parent / "fields" / "google.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: [row for row in rows if row["network"] == name] for name in SLIM}


GOOGLE = google()


def test_the_table_is_whole():
    assert all(GOOGLE.values())
    assert sum(map(len, GOOGLE.values())) == 187


@pytest.mark.parametrize("name", SLIM)
def test_fields_of_googles_table(name):
    report = analyzed(f"slim/{name}")
    axes = [axis_of(report, row["end_point"], axis) for row in GOOGLE[name] for axis in (2, 3)]
    assert not any(axis.upper_bound for axis in axes)
    keys = "size", "stride", "pad_224", "pad_321"
    expected = [tuple(int(row[key]) for key in keys) for row in GOOGLE[name] for _ in (2, 3)]
    assert [published(axis) for axis in axes] == expected


def published(axis: Any) -> tuple[Any, ...]:
    """Size, stride, and how far the first field reaches into the padding at inputs of 224 and 321."""
    return axis.size, axis.stride, -start_of(axis, 224), -start_of(axis, 321)


@pytest.mark.parametrize("size", [224, 321])
@pytest.mark.parametrize("name", ["inception_resnet_v2-same", "mobilenet_v1", "resnet_v2_50"])
def test_fields_where_the_size_is_bound(name, size):
    report = analyzed(f"slim/{name}", H=size, W=size)
    for row in GOOGLE[name]:
        axis = axis_of(report, row["end_point"])
        expected = int(row["size"]), int(row["stride"]), -int(row[f"pad_{size}"])
        assert (axis.size, axis.stride, axis.start) == expected, row["end_point"]


@pytest.mark.parametrize("size", [224, 321])
@pytest.mark.parametrize("name", SLIM)
def test_the_networks_of_googles_table_are_aligned(name, size):
    """Google's library refuses what is not."""
    assert meetings(analyzed(f"slim/{name}", H=size, W=size)) == []


@pytest.mark.parametrize("name", SLIM)
def test_costs_of_googles_table(name):
    """The profiler's rule: two a multiply-accumulate, one a bias, the window's size a pooled output, one a
    scaled element; residual additions are not counted."""
    model, report = network(f"slim/{name}"), analyzed(f"slim/{name}", H=224, W=224)
    makers = {made: index for index, node in enumerate(model.graph.node) for made in node.output}
    flops = [profiled(report, model, index) for index in range(len(model.graph.node))]
    found = [sum(flops[index] for index in behind(model, makers, row["end_point"])) for row in GOOGLE[name]]
    assert [round(each / 1e9, 3) for each in found] == pytest.approx(
        [float(row["gflops"]) for row in GOOGLE[name]], abs=0.0006)


def profiled(report: archcheck.Report, model: ModelProto, index: int) -> int:
    """What TensorFlow's profiler counts for a node."""
    node, layer = model.graph.node[index], report.layers[index]
    outputs = prod(layer.out_shape)
    taps = prod(next((each.ints for each in node.attribute if each.name == "kernel_shape"), ()))
    counts = {"Conv": 2 * layer.macs + outputs * (len(node.input) == 3), "Mul": outputs,
              "MaxPool": outputs * taps, "AveragePool": outputs * taps}
    return counts.get(node.op_type, 0)


def behind(model: ModelProto, makers: dict[str, int], value: str) -> set[int]:
    """The nodes that ``value`` depends on."""
    found: set[int] = set()
    waiting = [value]
    while waiting:
        index = makers.get(waiting.pop())
        if index is not None and index not in found:
            found.add(index)
            waiting += model.graph.node[index].input
    return found


# ---------------------------------------------------------------------------------------- size, stride, start
class Row(NamedTuple):
    """One number where every output reads as much; else the distinct sizes."""

    network: str
    value: str
    size: Any
    stride: Any
    start: int
    axis: int = 2


ROWS = [
    Row("resnet18", "layer4", 435, 32, -217), Row("resnet50", "layer4", 427, 32, -213),
    Row("resnet50_v1", "layer4", 483, 32, -241), Row("resnet152", "layer4", 1451, 32, -725),
    Row("vgg16", "features", 212, 32, -90), Row("vgg19", "features", 268, 32, -118),
    Row("alexnet", "features", 195, 32, -66),
    Row("squeezenet1_0", "features", 155, 16, -60), Row("squeezenet1_1", "features", 207, 16, -88),
    Row("googlenet", "features", 379, 32, -167), Row("inception_v1", "features", 715, 32, -327),
    Row("densenet121", "features", 2071, 32, -1021), Row("mobilenet_v2", "features", 491, 32, -245),
    Row("mnasnet1_0", "features", 843, 32, -421), Row("shufflenet_v2_x1_0", "features", 527, 32, -263),
    Row("convnext_tiny", "features", 1688, 32, -828), Row("deeplabv3_resnet50", "backbone", 427, 8, -213),
    Row("deeplabv3_resnet50", "aspp", 1003, 8, -501), Row("patchgan", "patches", 70, 8, -23),
    Row("unet_valid", "map", (188, 204), 1, 0), Row("unet", "map", (188, 204), 1, -94),
    Row("unet_bilinear", "map", (220, 236), 1, -110),
    Row("wavenet", "logits", 1024, 1, -1023), Row("wavenet_3_blocks", "logits", 3070, 1, -3069),
    Row("tcn", "features", 61, 1, -60), Row("gridding", "features", 13, 1, -6),
    Row("hybrid_dilation", "features", 17, 1, -8), Row("skipping", "features", 7, 6, -2),
    Row("twice_transposed", "features", 3, Fraction(1, 4), -1),
    Row("superresolution", "features", 4, Fraction(1, 2), -2), Row("focus", "features", 6, 2, -2),
    Row("video_stem", "features", 5, 2, -2, 2), Row("video_stem", "features", 11, 4, -5, 3),
    Row("reflected", "features", 9, 1, -4), Row("cropped", "features", 9, 2, 7),
    Row("onnx:light_resnet50", "r171", 427, 32, -213), Row("onnx:light_vgg19", "r36", 268, 32, -118),
    Row("onnx:light_bvlc_alexnet", "r14", 195, 32, -64), Row("onnx:light_zfnet512", "r14", 155, 32, -48),
    Row("onnx:light_squeezenet", "r64", 207, 16, -88), Row("onnx:light_inception_v1", "r137", 715, 32, -327),
    Row("onnx:light_inception_v2", "r504", 699, 32, -343),
    Row("onnx:light_shufflenet", "r198", 527, 32, -263),
    Row("onnx:light_densenet121", "r907", 2071, 32, -1021)]
LOCAL = [
    Row("mobilenet_v3_large", "features", 595, 32, -297), Row("efficientnet_b0", "features", 851, 32, -425),
    Row("regnet_y_400mf", "features", 575, 32, -287), Row("squeezed", "features", 5, 1, -2),
    Row("instance_norm", "features", 5, 1, -2), Row("group_norm", "features", 5, 1, -2)]


SPLIT = {"shufflenet_v2_x1_0"}
"""Networks that pass on a part of the channels, whose field may be smaller than that of all."""


def named(row: Row) -> str:
    return f"{row.network}-{row.value}-{row.axis}"


@pytest.mark.parametrize("row", ROWS, ids=named)
def test_fields(row):
    axis = axis_of(analyzed(row.network), row.value, row.axis)
    assert (axis.size, axis.stride, axis.start) == row[2:5]
    assert not axis.upper_bound or row.network in SPLIT


NARROWEST = [Row("resnet50", "layer4", 11, 32, -5), Row("vgg16", "features", 212, 32, -90),
             Row("densenet121", "features", 39, 32, -5), Row("googlenet", "features", 59, 32, -7)]
"""By hand: the stem and the pools, since each block has a path of 1x1 convolutions or none."""


@pytest.mark.parametrize("row", NARROWEST, ids=named)
def test_the_narrowest_paths(row):
    report = analyzed(row.network)
    axis = report.narrowest_fields[row.value][only_input(report)][row.axis]
    assert (axis.size, axis.stride, axis.start) == row[2:5]


@pytest.mark.parametrize("row", LOCAL, ids=named)
def test_gates_and_statistics_read_everything(row):
    """The field is the whole map; without the gates it is what the windows read."""
    report = analyzed(row.network)
    axis, local = axis_of(report, row.value), axis_of(report, row.value, local=True)
    assert axis.is_whole and not axis.upper_bound
    assert box(report, row.value, 0, 0, 3, 5)[2:] == ((0, 223), (0, 223))
    assert (local.size, local.stride, local.start) == row[2:5]


@pytest.mark.parametrize("name", ["vit", "mixer"])
def test_tokens_that_are_mixed_read_everything(name):
    report = analyzed(name)
    assert box(report, "features", 0, 0, 3, 5)[2:] == ((0, 223), (0, 223))


# The multiply-accumulates that torchvision publishes at an input of 224, and those of its classifiers.
MACS = {
    "alexnet": (714188480, 9216 * 4096 + 4096 * 4096 + 4096 * 1000),
    "vgg16": (15470264320, 25088 * 4096 + 4096 * 4096 + 4096 * 1000), "resnet18": (1814073344, 512 * 1000),
    "resnet50": (4089184256, 2048 * 1000), "resnet152": (11513626624, 2048 * 1000),
    "densenet121": (2834161664, 1024 * 1000), "googlenet": (1498376192, 1024 * 1000),
    "squeezenet1_0": (818924576, 512 * 1000 * 13**2), "squeezenet1_1": (349151936, 512 * 1000 * 13**2),
    "mobilenet_v2": (300774272, 1280 * 1000), "mobilenet_v3_large": (216589760, 960 * 1280 + 1280 * 1000),
    "mnasnet1_0": (314415872, 1280 * 1000), "shufflenet_v2_x1_0": (144907992, 1024 * 1000),
    "efficientnet_b0": (385814752, 1280 * 1000), "regnet_y_400mf": (401842848, 440 * 1000),
    "convnext_tiny": (4455531264, 768 * 1000)}


@pytest.mark.parametrize("name", MACS)
def test_the_networks_are_torchvisions(name):
    total, classifier = MACS[name]
    assert archcheck.evaluate(analyzed(name).macs, FREE) == total - classifier


# ------------------------------------------------------------------------------------------- phases
PHASES = {
    "unet_valid": 4 * [(0, 187)] + 12 * [(0, 203)],
    "unet": 2 * [(-94, 93)] + 12 * [(-94, 109)] + 2 * [(-78, 109)],
    "unet_bilinear": 3 * [(-110, 109)] + 10 * [(-110, 125)] + 3 * [(-94, 125)],
    "holes_filled": [(-1, 1), (0, 2)],
    "superresolution": [(-2, 1), (-1, 2)],
    "twice_transposed": 4 * [(-1, 1)]}


@pytest.mark.parametrize("name", PHASES)
def test_fields_by_phase(name):
    report = analyzed(name)
    axis = axis_of(report, report.graph.outputs[0])
    found = list(axis.phases)
    assert found * (len(PHASES[name]) // len(found)) == PHASES[name]


# ------------------------------------------------------------------------------------------- clipped
def rows_read(name: str, value: str, size: int) -> list[tuple[int, int]]:
    """The first and the last row that each row of the value reads."""
    report = analyzed(name)
    found = reach(report, value, size)
    return [found.box((0, 0, place, 0))[2] for place in range(found.shape[2])]


def test_what_is_cropped_is_never_read():
    """Outputs at the border read less than 9: what lies outside the crop is padding for the last layer."""
    rows = rows_read("cropped", "features", 35)
    assert [rows[place] for place in (0, 1, 2, -1)] == [(10, 15), (10, 17), (11, 19), (29, 34)]


CLIPPED = {
    "bvlc_alexnet": ("r14", [(0, 130), (0, 162), (0, 194), (32, 218), (64, 218), (96, 218)]),
    "zfnet512": ("r14", [(0, 106), (0, 138), (16, 170), (48, 202), (80, 218), (112, 218)]),
    "squeezenet": ("r64", [(0, 118), (0, 134), (0, 150), (0, 166), (0, 182), (0, 198), (8, 214), (24, 222),
                           (40, 222), (56, 222), (72, 222), (88, 222), (104, 222)]),
    "vgg19": ("r36", [(0, 149), (0, 181), (0, 213), (0, 223), (10, 223), (42, 223), (74, 223)])}


@pytest.mark.parametrize("name", CLIPPED)
def test_fields_are_clipped_at_every_layer(name):
    """Measured at 224, where strides leave the last rows of some maps unread."""
    value, rows = CLIPPED[name]
    assert rows_read(f"onnx:light_{name}", value, 224) == rows


def test_a_mirrored_axis():
    """Two windows of three, as far apart as their mirror images are: no number of positions holds for all."""
    axis = axis_of(analyzed("mirrored"), "features")
    assert axis.upper_bound or axis.size is None
    rows = rows_read("mirrored", "features", 16)
    assert [rows[place] for place in (0, 4, 7, 8, 15)] == [(0, 15), (3, 12), (6, 9), (6, 9), (0, 15)]


def swin_rows(block: int, token: int) -> tuple[int, int]:
    """Brute force: the rows of the 448 that a token depends on, by the definition of windows and shifts."""
    if block == 0:
        return 4 * token, 4 * token + 3
    if block == 3:
        window = range(7 * (token // 7), 7 * (token // 7) + 7)
        return hull(swin_rows(2, each) for merged in window for each in (2 * merged, 2 * merged + 1))
    shift = 3 * (block - 1)
    first = (token - shift) % 112 // 7 * 7
    return hull(swin_rows(block - 1, (place + shift) % 112) for place in range(first, first + 7))


def hull(intervals: Iterator[tuple[int, int]]) -> tuple[int, int]:
    firsts, lasts = zip(*intervals)
    return min(firsts), max(lasts)


@pytest.mark.parametrize(("block", "side"), [(1, 112), (2, 112), (3, 56)])
def test_windows_of_tokens(block, side):
    """Inner windows read 28, 56 and 112 rows; those that go round the edge are joined by a soft mask only."""
    report = analyzed("swin")
    expected = [swin_rows(block, token) for token in range(side)]
    assert expected[side // 2][1] - expected[side // 2][0] + 1 == 14 << block
    assert [box(report, f"block{block}", 0, token, 5, 0)[2] for token in range(side)] == expected


# ------------------------------------------------------------------------------------------- holes
EXACT = [("gridding", 41, 20, range(14, 27, 2), 0), ("hybrid_dilation", 41, 20, range(12, 29), 0),
         ("skipping", 97, 8, range(46, 53, 2), 49), ("cropped", 35, 6, range(19, 28), 10),
         ("holes_filled", 9, 8, range(3, 6), 0), ("mirrored", 16, 0, (0, 1, 14, 15), 0)]


@pytest.mark.parametrize(("name", "size", "place", "rows", "unread"), EXACT)
def test_the_rows_that_are_read(name, size, place, rows, unread):
    """Which rows one row of the output reads, holes left out; and how many no row reads."""
    found = reach(analyzed(name), "features", size, exact=True)
    assert found.positions((0, 0, place, 0))[2] == tuple(rows)
    assert len(found.unread(2)) == unread


def test_networks_over_time_wait_for_nothing():
    causal = {"wavenet": "logits", "wavenet_3_blocks": "logits", "tcn": "features"}
    assert all(axis_of(analyzed(name), value).is_causal for name, value in causal.items())
    assert not axis_of(analyzed("gridding"), "features").is_causal


# ------------------------------------------------------------------------------------------- joins
JOINS = [("net1", 32, 3, 4, 1), ("net2", 32, 3, 4, 1), ("net6", 32, 3, 4, 1), ("net4", 9, 3, 4, 1),
         ("net8", 32, 11, 8, 5), ("net9", 17, 11, 8, 5)]


@pytest.mark.parametrize(("name", "size", "field", "stride", "pad"), JOINS)
def test_paths_that_join_aligned(name, size, field, stride, pad):
    report = analyzed(name, H=size, W=size)
    for axis in 2, 3:
        found = axis_of(report, "output", axis)
        assert (found.size, found.stride, -start_of(found)) == (field, stride, pad)
    assert meetings(report) == []


def test_paths_of_unequal_centres():
    """At 8 the padding of SAME is all behind: both paths start at 0, and their centres are apart."""
    report = analyzed("net4", H=8, W=8)
    found = axis_of(report, "output")
    assert (found.size, found.stride, found.start) == (3, 4, 0)
    assert meetings(report) == [((4, 4), 1)]


def test_paths_of_unequal_strides_have_no_one_size():
    """Output ``o`` reads 2o - 2 … 2o + 2 on one path, and o … o + 4 on the other."""
    report = analyzed("net3")
    axis = axis_of(report, "output")
    assert axis.upper_bound or axis.size is None
    boxes = [box(report, "output", 0, 0, place, 0)[2] for place in range(4)]
    assert boxes == [(0, 4), (0, 5), (2, 6), (3, 7)]
    assert meetings(report) == [((2, 1), None)]


def test_windows_that_are_not_square():
    report = analyzed("net5")
    found = [axis_of(report, "output", axis) for axis in (2, 3)]
    assert [(axis.size, axis.stride, axis.start) for axis in found] == [(7, 4, 0), (5, 4, 0)]
