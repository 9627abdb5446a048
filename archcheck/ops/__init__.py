"""One function an operator, one module a family. `find` looks an operator up by domain, name and opset
version."""
from __future__ import annotations

from importlib import import_module

from archcheck.ops._op import (
    ALL,
    FREE,
    OPS,
    All,
    Along,
    Cost,
    Effect,
    Op,
    Packed,
    Picked,
    Prefix,
    ShapeError,
    Spread,
    Unknown,
    equal,
    op,
    require,
    result,
)

__all__ = ["ALL", "FAMILIES", "FREE", "All", "Along", "Cost", "Effect", "Packed", "Picked", "Prefix",
           "ShapeError", "Spread", "Unknown", "equal", "find", "op", "require", "result"]

FAMILIES = ("activations", "attention", "casts", "control", "einsum", "elementary", "generate", "indexing",
            "layout", "linear", "logic", "losses", "masks", "ml", "ms_attention", "ms_cache",
            "norm", "pointwise", "quantize", "recurrent", "reduce", "resize", "padding",
            "selection", "sequences", "slicing", "text", "views", "vision", "signal", "windows",
            "ms_windows", "ms_sequence", "ms_norm", "ms_elementwise", "ms_tensor", "ms_linear",
            "ms_quantize", "ms_weights", "ms_generation", "ms_nchwc")

_loaded: list[str] = []
_plugins: list[bool] = []


def load_families() -> None:
    """Import every family once, which registers its operators."""
    for family in FAMILIES:
        if family not in _loaded:
            _loaded.append(family)
            import_module(f"archcheck.ops.{family}")


def find(domain: str, name: str, version: int | None) -> Op | None:
    """The operator as it was at opset ``version`` (None: the newest), or None for one that is not known even
    with the plugins of other packages. A version older than the operator gets its first."""
    load_families()
    if (domain, name) not in OPS and not _plugins:
        from archcheck.plugins import load_installed
        _plugins.append(True)
        load_installed()
    versions = OPS.get((domain, name), [])
    fitting = [known for known in versions if version is None or known.since <= version]
    return next(reversed(fitting or versions[:1]), None)
