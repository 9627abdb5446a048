"""Real networks, every value of them held against what ONNX Runtime made of it at one or two sizes.

A file ``NAME.truth.json.gz`` beside ``NAME.onnx.gz`` holds ``runs`` (shapes of the inputs and of all values
of the main graph, and the elements of small integer tensors) and the ``dtypes`` of all values; also the
``params`` that PyTorch counted and the ``macs`` of each run, where the exporter changed neither.
"""
from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import archcheck
from archcheck.dims import Dim
from archcheck.graph import Shape
from archcheck.report import Report
from archcheck.values import items

DATA = Path(__file__).parent / "data"
NETWORKS = sorted(path.name.removesuffix(".truth.json.gz") for path in DATA.glob("*.truth.json.gz"))

Sizes = Mapping[str, int]


@cache
def truth(name: str) -> dict[str, Any]:
    """What happened when the network ran."""
    found: dict[str, Any] = json.loads(gzip.decompress((DATA / f"{name}.truth.json.gz").read_bytes()))
    return found


@cache
def report(name: str) -> Report:
    """What archcheck says of the network."""
    return archcheck.analyze(archcheck.load(DATA / f"{name}.onnx.gz"))


def bound(name: str, run: Mapping[str, Any]) -> dict[str, int]:
    """The sizes that the symbols of the inputs had in a run."""
    sizes: dict[str, int] = {}
    for value, shape in run["input_shapes"].items():
        pairs = zip(report(name).types[value].shape or (), shape, strict=True)
        sizes |= {str(size): number for size, number in pairs if isinstance(size, Dim)}
    return sizes


def at_runs(name: str) -> Iterator[tuple[Mapping[str, Any], Sizes]]:
    """The runs of a network, each with the sizes of its symbols."""
    return ((run, bound(name, run)) for run in truth(name)["runs"])


@pytest.mark.parametrize("name", NETWORKS)
def test_shapes(name: str) -> None:
    """Every size of every value is known, and right in every run."""
    types = report(name).types
    for run, sizes in at_runs(name):
        told = {value: numbers(types[value].shape, sizes) for value in run["shapes"]}
        assert {value: told[value] for value in told if told[value] != run["shapes"][value]} == {}


@pytest.mark.parametrize("name", NETWORKS)
def test_dtypes(name: str) -> None:
    """Every value has the dtype that the runtime gave it."""
    types = report(name).types
    assert {value: types[value].dtype for value in truth(name)["dtypes"]} == truth(name)["dtypes"]


@pytest.mark.parametrize("name", NETWORKS)
def test_elements(name: str) -> None:
    """Elements that are known are those that the runtime had."""
    types = report(name).types
    for run, sizes in at_runs(name):
        for value, actual in run["small_ints"].items():
            told = items(types[value])
            pairs = zip(told or (), flat(actual), strict=told is not None)
            assert [value for a, b in pairs if number(a, sizes) not in (None, b)] == []


@pytest.mark.parametrize("name", NETWORKS)
def test_counts(name: str) -> None:
    """Parameters and multiply-accumulates are those that PyTorch counts."""
    told = {"params": report(name).params,
            "macs": [archcheck.evaluate(report(name).macs, sizes) for _, sizes in at_runs(name)]}
    expected = {key: truth(name)[key] for key in told if key in truth(name)}
    assert {key: told[key] for key in expected} == expected


def numbers(shape: Shape | None, sizes: Sizes) -> list[Any] | None:
    """A shape at these sizes, or None where not even its rank is known."""
    return None if shape is None else [archcheck.evaluate(size, sizes) for size in shape]


def flat(elements: Any) -> Iterator[Any]:
    """Nested lists as one."""
    if isinstance(elements, list):
        for element in elements:
            yield from flat(element)
    else:
        yield elements


def number(element: Any, sizes: Sizes) -> Any:
    """An element at these sizes, or None where it is not known."""
    found = archcheck.evaluate(element, sizes) if isinstance(element, Dim) else element
    return None if isinstance(found, Dim) else found
