"""ONNX's message classes, without importing the ``onnx`` package, which brings numpy and ten times the
start-up.

The generated module inside the package needs nothing but protobuf, so it is loaded by its file. Protobuf
keeps one class a message in a process: whoever imports ``onnx`` before or after gets the same classes.
"""
from __future__ import annotations

import importlib.util
import os.path
from functools import cache
from typing import Any


@cache
def schema() -> Any:
    """The generated module that holds ONNX's message classes, ``ModelProto`` among them."""
    try:
        return _module(os.path.join(onnx_folder(), "onnx_ml_pb2.py"))
    except Exception:  # noqa: BLE001 - an onnx package laid out in another way can still be imported
        import onnx
        return onnx


def onnx_folder() -> str:
    """Where the ``onnx`` package is installed. Raises `ImportError` where it is not."""
    spec = importlib.util.find_spec("onnx")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("the onnx package is not installed")
    return spec.submodule_search_locations[0]


def _module(path: str) -> Any:
    spec = importlib.util.spec_from_file_location("archcheck_onnx_schema", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no module")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
