"""The runtimes that there are limits of, each with where they are said."""
from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from archcheck.rules.targets import _operators as operators
from archcheck.rules.targets._clauses import (
    ATTRIBUTE,
    CEIL,
    RESIZE,
    Clause,
    alike,
    among,
    fixed,
    ranked,
    spatial,
    without,
    zero,
)


class Limits(NamedTuple):
    """The newest ONNX that a runtime reads: IR version and opset of ONNX's own operators (None: no limit is
    known), and where that is said."""

    ir: int | None
    opset: int | None
    source: str


class Runtime(NamedTuple):
    """A runtime: its ``title``; limits by version, the oldest first; the ``operators`` it has, with the last
    opset of each (None: which it has is not known), or those it ``lacks``, with the version that brought them
    ("": none has yet); the operators it has no kernel for, by the type of their elements; functions that are
    ``expanded`` before it is asked; what else it asks;
    ``otherwise``, what becomes of a node that it does not take; and where all that is said."""

    title: str
    versions: Mapping[str, Limits]
    source: str
    otherwise: str
    operators: Mapping[str, int | None] | None = None
    lacks: Mapping[str, str] = {}
    kernels: Mapping[str, str] = {}
    expanded: frozenset[str] = frozenset()
    clauses: tuple[Clause, ...] = ()


def newer(version: str, other: str) -> bool:
    """Whether ``version`` is after ``other``, as far as this says: 1.17.3 is not after 1.17."""
    one, two = (tuple(map(int, text.split("."))) for text in (version, other))
    length = min(len(one), len(two))
    return one[:length] > two[:length]


def _same(source: str, **versions: tuple[int | None, int | None]) -> dict[str, Limits]:
    """Limits by version, which is written ``v1_17``."""
    return {name[1:].replace("_", "."): Limits(ir, opset, source) for name, (ir, opset) in versions.items()}


_MANUAL = "https://onnxruntime.ai/docs/reference/compatibility.html"
_TRIED = "tried: it reads what is up to there, and refuses what is newer"
ORT_VERSIONS = {
    **_same(_MANUAL, v0_3=(3, 9), v0_5=(5, 10), v1_2=(6, 11), v1_5=(7, 12), v1_7=(7, 13), v1_8=(7, 14),
            v1_10=(8, 15), v1_11=(8, 16), v1_13=(8, 17), v1_14=(8, 18), v1_15=(8, 19), v1_16=(9, 19),
            v1_17=(9, 20), v1_18=(10, 21)),
    **_same(_TRIED, v1_20=(10, 21), v1_22=(10, 22), v1_23=(11, 23), v1_24=(13, 25), v1_31=(13, 26),
            v1_32=(14, 28))}
_KERNELS = "ONNX Runtime 1.32, get_all_opkernel_def"

_REDUCED = ("ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd "
            "ReduceSum ReduceSumSquare")
_TRT = "https://github.com/onnx/onnx-tensorrt/blob/main/docs/operators.md"
_TRT_CLAUSES = (
    spatial("AveragePool MaxPool", (2, 3), _TRT),
    ranked("GridSample", (4,), _TRT),
    among(RESIZE, "Resize", "mode", ("nearest", "linear"), "nearest", _TRT),
    among(RESIZE, "Resize", "coordinate_transformation_mode",
          ("half_pixel", "pytorch_half_pixel", "tf_half_pixel_for_nn", "asymmetric", "align_corners"),
          "half_pixel", _TRT),
    among(RESIZE, "Resize", "keep_aspect_ratio_policy", ("stretch",), "stretch", _TRT),
    among(RESIZE, "Resize", "antialias", (0,), 0, _TRT),
    fixed("CumSum", 1, "axis", _TRT),
    fixed("OneHot", 1, "depth", _TRT),
    fixed(f"{_REDUCED} Squeeze Unsqueeze", 1, "axes", _TRT),
    fixed("TopK", 1, "K", "https://github.com/onnx/onnx-tensorrt/blob/main/docs/Changelog.md", until="8.6"),
    alike("AveragePool MaxPool LpPool", "dilations", 1, _TRT),
    among(ATTRIBUTE, "ScatterND", "reduction", ("none",), "none", _TRT),
    among(ATTRIBUTE, "LSTM", "input_forget", (0,), 0, _TRT),
    among(ATTRIBUTE, "LSTM", "layout", (0,), 0, _TRT),
    among(ATTRIBUTE, "TopK", "sorted", (1,), 1, _TRT),
    without("MaxPool", 1, "Indices", _TRT),
    without("LayerNormalization", 1, "Mean", _TRT),
    without("LayerNormalization", 2, "InvStdDev", _TRT),
    zero("QuantizeLinear", 2, "y_zero_point", _TRT),
    zero("DequantizeLinear", 2, "x_zero_point", _TRT),
)

_CORE = "https://onnxruntime.ai/docs/execution-providers/CoreML-ExecutionProvider.html"
_POOL = "onnxruntime/core/providers/coreml/builders/impl/pool_op_builder.cc, for the format NeuralNetwork"
_COREML_CLAUSES = (
    spatial("Conv", (1, 2), _CORE),
    spatial("AveragePool MaxPool GlobalAveragePool GlobalMaxPool", (2,), _CORE),
    ranked("GridSample", (4,), _CORE),
    among(CEIL, "AveragePool MaxPool", "ceil_mode", (0,), 0, _POOL),
    alike("AveragePool MaxPool", "dilations", 1, _POOL),
    fixed("Conv", 2, "B", _CORE),
    fixed("Gemm", 1, "B", _CORE),
    fixed("ConvTranspose", 1, "W", _CORE),
    fixed("Slice", 1, "starts", _CORE),
    fixed("Slice", 2, "ends", _CORE),
    among(ATTRIBUTE, "GatherND", "batch_dims", (0,), 0, _CORE),
    without("MaxPool", 1, "Indices", _POOL),
)

_WEBNN = "https://github.com/microsoft/onnxruntime/blob/main/js/web/docs/webnn-operators.md"
_WEBNN_CLAUSES = (
    ranked("Conv ConvInteger ConvTranspose", (3, 4), _WEBNN),
    ranked("AveragePool MaxPool LpPool GlobalAveragePool GlobalMaxPool GlobalLpPool Resize", (4,), _WEBNN),
    among(RESIZE, "Resize", "mode", ("nearest", "linear"), "nearest", _WEBNN),
    among(RESIZE, "Resize", "antialias", (0,), 0, _WEBNN),
    among(RESIZE, "Resize", "exclude_outside", (0,), 0, _WEBNN),
    among(RESIZE, "Resize", "keep_aspect_ratio_policy", ("stretch",), "stretch", _WEBNN),
    fixed("Expand Reshape", 1, "shape", _WEBNN),
    fixed("Resize", 2, "scales", _WEBNN),
    fixed("Resize", 3, "sizes", _WEBNN),
    fixed("Slice", 1, "starts", _WEBNN),
    fixed("Slice", 2, "ends", _WEBNN),
    fixed("Split", 1, "split", _WEBNN),
    fixed("Tile", 1, "repeats", _WEBNN),
    fixed("CumSum", 1, "axis", _WEBNN),
    fixed(f"{_REDUCED} Squeeze", 1, "axes", _WEBNN),
    among(ATTRIBUTE, "GatherND", "batch_dims", (0,), 0, _WEBNN),
    among(ATTRIBUTE, "GlobalLpPool LpPool", "p", (2,), 2, _WEBNN),
    among(ATTRIBUTE, "GRU LSTM", "layout", (0,), 0, _WEBNN),
    among(ATTRIBUTE, "LSTM", "input_forget", (0,), 0, _WEBNN),
    among(ATTRIBUTE, "Pad", "mode", ("constant", "reflect", "edge"), "constant", _WEBNN),
    among(ATTRIBUTE, "ScatterElements ScatterND", "reduction", ("none",), "none", _WEBNN),
    without("MaxPool", 1, "Indices", _WEBNN),
)

_WEBGPU = "https://github.com/microsoft/onnxruntime/blob/main/js/web/docs/webgpu-operators.md"
_TFLITE = "https://github.com/PINTO0309/onnx2tf"
_CPU = "the node runs on the CPU, and its data are moved there and back"
_FAILS = "no kernel is found, and the network is not loaded"

RUNTIMES: dict[str, Runtime] = {
    "onnxruntime": Runtime("ONNX Runtime on the CPU", ORT_VERSIONS, _KERNELS, _FAILS,
                           kernels=operators.CPU_LACKS),
    "cuda": Runtime("ONNX Runtime with CUDA", ORT_VERSIONS, _MANUAL, _CPU),
    "coreml": Runtime("ONNX Runtime with Core ML", ORT_VERSIONS, _CORE, _CPU, operators.COREML,
                      expanded=operators.EXPANDED, clauses=_COREML_CLAUSES),
    "webgpu": Runtime("ONNX Runtime Web with WebGPU", ORT_VERSIONS, _WEBGPU, _CPU, operators.WEBGPU,
                      expanded=operators.EXPANDED, clauses=(spatial("Conv ConvTranspose", (1, 2), _WEBGPU),)),
    "webnn": Runtime("ONNX Runtime Web with WebNN", ORT_VERSIONS, _WEBNN, _CPU, operators.WEBNN,
                     expanded=operators.EXPANDED, clauses=_WEBNN_CLAUSES),
    "tensorrt": Runtime("TensorRT", {
        **_same("https://github.com/onnx/onnx-tensorrt/blob/release/8.6-GA/docs/operators.md",
                v8_6=(None, 17)),
        **_same(_TRT, v10_15=(None, 24)),
        **_same("https://docs.nvidia.com/deeplearning/tensorrt/latest/reference/onnx-opset-guide.html",
                v11_5=(None, 25))},
        _TRT, "the parser refuses the network, unless a plugin has the operator", lacks=operators.TENSORRT,
        clauses=_TRT_CLAUSES),
    "openvino": Runtime("OpenVINO", _same(_TRIED, v2026_4=(None, None)), "tried with OpenVINO 2026.4.1",
                        "the network is not read, unless an extension has the operator",
                        lacks=operators.OPENVINO),
    "tflite": Runtime("TensorFlow Lite, by onnx2tf", _same(_TFLITE, v1_29=(None, None)), _TFLITE,
                      "the network is not converted", operators.TFLITE),
}
"""Runtimes by name. A version of `tflite` is that of its converter."""

ALIASES = {"ort": "onnxruntime", "trt": "tensorrt", "litert": "tflite",
           **{f"onnxruntime-{name}": name for name in ("cuda", "coreml", "webgpu", "webnn")}}
"""Other names of runtimes."""
