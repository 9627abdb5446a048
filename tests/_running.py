"""Running exported networks in ONNX Runtime, as they are: nothing fused, nothing left out."""
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from archcheck.dims import evaluate
from archcheck.graph import TensorType
from archcheck.report import Report

LENGTH = 5
"""What open sizes are when a network runs."""


def session(path: Path) -> ort.InferenceSession:
    """The model in a file, ready to run."""
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def fed(kinds: Mapping[str, TensorType], shapes: Mapping[str, Any]) -> dict[str, Any]:
    """Values for inputs of these dtypes and shapes."""
    numbers = np.random.default_rng(0)
    return {name: (numbers.random(shapes[name]) if "float" in kind.dtype else np.ones(shapes[name])).astype(
        kind.dtype) for name, kind in kinds.items()}


def ran(path: Path, report: Report) -> dict[str, Any]:
    """The values of all outputs, with every symbol at `LENGTH`."""
    sizes = dict.fromkeys(report.symbols, LENGTH)
    shapes = {name: [evaluate(size, sizes) for size in kind.shape]
              for name, kind in report.graph.inputs.items()}
    return dict(zip(report.graph.outputs, session(path).run(None, fed(report.graph.inputs, shapes))))
