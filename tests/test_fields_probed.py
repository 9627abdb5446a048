"""Receptive fields held against runs in ONNX Runtime, where what turns NaN has read what was made NaN.

Random networks are measured whole, real ones at chosen positions. What a run cannot decide is named and
counted: `tests.oracles.claims` says when. ``ARCHCHECK_FUZZ`` says how many random networks to try, and
``python -m tests.oracles.corpus FOLDER`` probes other models.
"""
from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import onnx
import pytest
from hypothesis import HealthCheck, given, note, settings

import archcheck
from tests.oracles.claims import misfits, of_report
from tests.oracles.draw import as_text, networks
from tests.oracles.measure import all_points
from tests.oracles.nets import KNOWN
from tests.oracles.probe import Network

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
    """A real model: the sizes of its symbols, and how many of 100 claims are proved at least. The others are
    not decided; none may be refuted."""

    name: str
    proved: int
    sizes: dict[str, int] = {}  # noqa: RUF012


REAL = [
    Case("cond_dynamo", 100, {"N": 2}),
]
