"""Models with a fault, and ways to run the command line on them."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import parser

from archcheck.cli import main

GAPS = """\
input: N x 3 x 33 x 33
layers:
- maxpool 2x2 /3
"""
"""One warning: GEO003."""

CLEAN = GAPS.replace("2x2", "3x3")

ONNX_GAPS = """<ir_version: 9, opset_import: ["" : 18]>
net (float[N,3,33,33] x) => (float[N,3,11,11] y) {
    [gaps] y = MaxPool<kernel_shape=[2,2], strides=[3,3]>(x)
}"""


def ends(capsys: pytest.CaptureFixture[str], *args: object) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of archcheck in this process."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as stop:
        main([str(arg) for arg in args])
    out, err = capsys.readouterr()
    return int(stop.value.code or 0), out, err


def record(capsys: pytest.CaptureFixture[str], *args: object, code: int = 0) -> dict[str, Any]:
    """What a command says as JSON, which ends with this exit code."""
    found, out, err = ends(capsys, *args, "--format", "json")
    assert found == code, err
    answer: dict[str, Any] = json.loads(out)
    return answer


def found(capsys: pytest.CaptureFixture[str], *args: object) -> dict[str, Any]:
    """What ``archcheck check --format json`` says."""
    _, out, err = ends(capsys, "check", *args, "--format", "json")
    assert out, err
    record: dict[str, Any] = json.loads(out)
    return record


def codes(record: dict[str, Any]) -> list[str]:
    """The codes of the findings that count."""
    return [one["code"] for one in record["findings"] if not one["suppressed"]]


def save(path: Path, text: str = ONNX_GAPS, node: str = "", remark: str = "", **metadata: str) -> Path:
    """An ONNX file of ``text``, with ``metadata`` of the model, its dots written as underscores. The first
    node is called ``node``, and has a ``remark`` for the lint in its metadata."""
    model = parser.parse_model(text)
    first = model.graph.node[0]
    first.name = node or first.name
    if remark:
        first.metadata_props.add(key="archcheck.ignore", value=remark)
    onnx.helper.set_model_props(model, {key.replace("_", "."): value for key, value in metadata.items()})
    onnx.save(model, path)
    return path
