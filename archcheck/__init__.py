"""archcheck: the static analyser, shape checker and linter for neural-network architectures.

``load`` reads a file into a `Graph`; ``analyze`` works out everything that is known of it, without running it
and without reading its weights, as a `Report`.
"""
from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_WHERE = {"load": "frontends", "LoadError": "frontends", "analyze": "infer", "evaluate": "dims",
          "symbol": "dims", "Report": "report", "Dim": "dims", "Graph": "graph", "TensorType": "graph",
          "BindingError": "binding", "NoFigure": "analyses.formulas",
          "export": "writers.onnx", "check": "rules._judge", "Finding": "findings", "Settings": "config"}

__all__ = [*_WHERE, "__version__"]


def __getattr__(name: str) -> Any:
    """The public names, imported when they are first asked for."""
    if name not in _WHERE:
        raise AttributeError(f"module 'archcheck' has no attribute {name!r}")
    return getattr(import_module(f"archcheck.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
