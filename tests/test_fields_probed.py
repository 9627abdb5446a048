"""Receptive fields held against runs in ONNX Runtime, where what turns NaN has read what was made NaN.

Random networks are measured whole, real ones at chosen positions. What a run cannot decide is named and
counted: `tests.oracles.misfits` says when. ``ARCHCHECK_FUZZ`` says how many random networks to try, and
``python -m tests.oracles.corpus FOLDER`` probes other models.
"""
from __future__ import annotations

import gzip
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import onnx
import pytest
from hypothesis import HealthCheck, given, note, settings

import archcheck
from archcheck.probing.bounds import all_points
from archcheck.probing.judge import of_report
from archcheck.probing.network import Network
from archcheck.probing.prepare import ints
from tests.oracles.corpus import described, probed
from tests.oracles.draw import as_text, networks
from tests.oracles.misfits import misfits
from tests.oracles.nets import KNOWN

COUNT = int(os.environ.get("ARCHCHECK_FUZZ", "120"))
DATA = Path(__file__).parent / "data"
LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
POINTS = 40
UNDECIDED = {"nothing"}
"""What is no fault: `tests.oracles.claims` says why."""


def shapes(model: onnx.ModelProto) -> dict[str, tuple[int, ...]]:
    """The shapes of a model's inputs."""
    return {given.name: tuple(size.dim_value for size in given.type.tensor_type.shape.dim)
            for given in model.graph.input}


def shortened(model: onnx.ModelProto, height: int, width: int) -> None:
    """Give an image classifier another size of image, and leave out its head, which may fit no other: what
    flattens the map or takes the mean of 7 × 7 pixels, and all behind it."""
    graph = model.graph
    stored = {tensor.name for tensor in graph.initializer}
    for entry in graph.input:
        if entry.name not in stored:
            _, _, *sizes = entry.type.tensor_type.shape.dim
            for size, number in zip(sizes, (height, width), strict=True):
                size.dim_value = number
    gone: set[str] = set()
    kept = []
    for node in graph.node:
        pools = node.op_type == "AveragePool" and max(ints(node, "kernel_shape")) > 5
        if pools or node.op_type in ("Reshape", "Gemm") or gone.intersection(node.input):
            gone.update(node.output)
        else:
            kept.append(node)
    del graph.node[:], graph.output[:]
    graph.node.extend(kept)
    graph.output.append(onnx.ValueInfoProto(name=kept[-1].output[0]))


def refuted(model: onnx.ModelProto) -> list[object]:
    """What is wrong in what is said of any value of a small network."""
    report = archcheck.analyze(model.SerializeToString())
    network = Network(model, shapes(model))
    found = misfits(network, of_report(report, exact=True), all_points(network, POINTS))
    return [misfit for misfit in found if misfit.kind not in UNDECIDED]


@settings(max_examples=COUNT, deadline=None, derandomize=True, print_blob=False,
          suppress_health_check=list(HealthCheck))
@given(networks())
def test_random_networks(model: onnx.ModelProto) -> None:
    note(as_text(model))
    assert refuted(model) == []


@pytest.mark.parametrize("name", [name for name in KNOWN if "U-Net" not in name and name != "WaveNet"])
def test_known_networks(name: str) -> None:
    assert refuted(KNOWN[name].net.model()) == []


class Case(NamedTuple):
    """A model that the tests keep: the sizes of its symbols; how many of 100 claims are proved at least, the
    others are not decided, and none may be refuted; how many positions of each value, and runs an axis."""

    name: str
    sizes: Mapping[str, int]
    proved: int
    points: int = 8
    runs: int = 24


REAL = [
    Case("cond_dynamo", {"N": 2}, 100),
    Case("efficientvit_script", {"N": 2, "H": 64, "W": 32}, 90),
    Case("gpt_neo_dynamo", {"N": 2, "S": 12}, 50),  # causal: its masks are not taken for what they are
    Case("lstm_quantized", {"N": 1}, 30),  # changes only
    Case("mobilenet_blocks", {"N": 1}, 95),  # blocks of channels are left out
    Case("perceiver_script", {"N": 2, "S": 12}, 95),
    Case("roberta_fused", {"N": 2, "S": 12}, 45, 4, 8),
    Case("seq2seq_script", {"N": 2, "S": 20, "T": 11}, 50),
    Case("shufflenet_quantized", {"N": 1}, 3, 4, 8),  # changes only
    Case("spectrogram_script", {"N": 2, "L": 4000}, 60),
    Case("swin_dynamo", {"N": 1}, 80, 4, 4),
    Case("t5_dynamo", {"N": 2, "S": 12}, 50),
    Case("unet_dynamo", {"N": 2, "H": 64, "W": 32}, 80),
    Case("wavenet_script", {"N": 2, "T": 48}, 80),
    Case("yolo_script", {"N": 2, "H": 64, "W": 32}, 90),
]


@pytest.mark.parametrize("case", REAL, ids=[case.name for case in REAL])
def test_real_models(case: Case) -> None:
    data = gzip.decompress((DATA / f"{case.name}.onnx.gz").read_bytes())
    found = probed(case.name, data, case.points, case.runs, [case.sizes])
    assert found.verdict, found.skipped
    assert found.verdict.faults == []
    assert found.verdict.proved * 100 >= case.proved * found.verdict.claims, described(found)


LIGHT_MODELS = {"bvlc_alexnet": (96, 96), "densenet121": (96, 32), "inception_v1": (96, 64),
                "inception_v2": (96, 32), "resnet50": (96, 32), "shufflenet": None, "squeezenet": (96, 32),
                "vgg19": (96, 32), "zfnet512": (96, 96)}
"""Image classifiers that onnx brings, and the height and width of the image that is enough for them."""


@pytest.mark.parametrize("name", LIGHT_MODELS)
def test_light_models(name: str) -> None:
    model = onnx.load(LIGHT / f"light_{name}.onnx")
    if LIGHT_MODELS[name]:
        shortened(model, *LIGHT_MODELS[name])
    found = probed(name, model.SerializeToString(), 4, 16)
    assert found.verdict, found.skipped
    assert found.verdict.faults == []
    assert found.verdict.proved * 100 >= 75 * found.verdict.claims, described(found)
