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
            "layout", "linear", "logic", "losses", "masks", "ml", "norm", "pointwise", "quantize",
            "recurrent", "reduce", "resize", "padding", "selection", "sequences", "slicing", "text", "views",
            "vision", "signal", "windows")
MICROSOFT = ("ms_attention", "ms_cache", "ms_elementwise", "ms_generation", "ms_linear", "ms_nchwc",
             "ms_norm", "ms_quantize", "ms_sequence", "ms_tensor", "ms_weights", "ms_windows")
"""Families of com.microsoft, which few networks use: they are imported for those that do."""

_loaded: list[str] = []
_plugins: list[bool] = []


def load_families(families: tuple[str, ...] = FAMILIES + MICROSOFT) -> None:
    """Import ``families`` once, which registers their operators."""
    for family in families:
        if family not in _loaded:
            _loaded.append(family)
            import_module(f"archcheck.ops.{family}")


def find(domain: str, name: str, version: int | None) -> Op | None:
    """The operator as it was at opset ``version`` (None: the newest), or None for one that is not known even
    with the plugins of other packages. A version older than the operator gets its first."""
    load_families(FAMILIES + MICROSOFT if domain.startswith("com.microsoft") else FAMILIES)
    if (domain, name) not in OPS and not _plugins:
        from archcheck.plugins import load_installed
        _plugins.append(True)
        load_installed()
    versions = OPS.get((domain, name), [])
    fitting = [known for known in versions if version is None or known.since <= version]
    return next(reversed(fitting or versions[:1]), None)
