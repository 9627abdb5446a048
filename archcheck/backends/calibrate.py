"""What a machine can do, measured through ONNX Runtime itself: a product of large matrices for its operations
a second, and a negation of a large tensor for its bytes a second."""
from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from archcheck.analyses.devices import Device as Peaks
from archcheck.analyses.timings import Profile
from archcheck.backends import clock_jobs, guard
from archcheck.backends.clock import Plan
from archcheck.backends.ort import Device, Task, require_runtime
from archcheck.frontends._proto import schema

SIDE, LARGE_SIDE = 2048, 8192
"""Rows of the square matrices: on a CPU, and on anything else."""

COUNT = 1 << 26
"""Elements that are negated: 256 MiB, which fit no cache."""

PLAN = Plan(warmup=1, runs=10, seconds=2.0)
FLOAT32 = 1


def calibrated(device: Device, limits: guard.Limits) -> Peaks:
    """The rates that ``device`` reaches with its threads, in float32: the best of some runs."""
    import numpy
    require_runtime()
    side = SIDE if device.kind == "cpu" else LARGE_SIDE
    with tempfile.TemporaryDirectory(prefix="archcheck-", ignore_cleanup_errors=True) as name:
        path = Path(name, "calibration.onnx")
        path.write_bytes(_model(side))
        feeds = {"matrix": numpy.full((side, side), 0.5, "float32"), "tensor": numpy.ones(COUNT, "float32")}
        found: Profile = guard.call(clock_jobs.profiled, Task(path, feeds, None, device), PLAN,
                                    Path(name, "stop"), Path(name), limits=limits, about="the calibration")
    best = {kernel.op: min(kernel.times.seconds) for kernel in found.kernels}
    source = f"measured: a product of {side:,} × {side:,} matrices, and {COUNT * 4 >> 20:,} MiB negated"
    return Peaks("this machine", {"float32": 2 * side ** 3 / best["MatMul"]}, 8 * COUNT / best["Neg"], source)


def _model(side: int) -> bytes:
    """A model with the two, and a maximum of each, so that its outputs are small."""
    pb = schema()
    nodes = [pb.NodeProto(op_type=op, input=inputs, output=[made]) for op, inputs, made in (
        ("MatMul", ["matrix", "matrix"], "product"), ("Neg", ["tensor"], "negated"),
        ("ReduceMax", ["product"], "first"), ("ReduceMax", ["negated"], "second"))]
    graph = pb.GraphProto(name="calibration", node=nodes, output=[_info(pb, "first"), _info(pb, "second")],
                          input=[_info(pb, "matrix", side, side), _info(pb, "tensor", COUNT)])
    message: bytes = pb.ModelProto(ir_version=8, opset_import=[pb.OperatorSetIdProto(domain="", version=13)],
                                   graph=graph).SerializeToString()
    return message


def _info(pb: Any, name: str, *sizes: int) -> Any:
    """What a model says of an input or an output: float32, and its shape if there are sizes."""
    info = pb.ValueInfoProto(name=name)
    info.type.tensor_type.elem_type = FLOAT32
    for size in sizes:
        info.type.tensor_type.shape.dim.add().dim_value = size
    return info
