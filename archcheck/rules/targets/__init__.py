"""What runtimes can read: the newest file format and operators of each, by name and version.

A target is written ``NAME`` or ``NAME==VERSION``, as in ``onnxruntime==1.17``.
"""
from __future__ import annotations

from typing import NamedTuple

from archcheck.errors import UserError, closest


class Limits(NamedTuple):
    """The newest ONNX that a runtime reads: IR version and opset of ONNX's own operators (None: no limit is
    known), and where that is said."""

    ir: int | None
    opset: int | None
    source: str


_ORT = "https://onnxruntime.ai/docs/reference/compatibility.html"
TABLE: dict[str, dict[str, Limits]] = {
    "onnxruntime": {"1.17": Limits(9, 20, _ORT), "1.20": Limits(10, 21, _ORT)},
    "tensorrt": {"": Limits(None, None, "")}, "webnn": {"": Limits(None, None, "")},
    **{name: {"": Limits(None, None, "")} for name in ("fp16", "int8", "tensorcore")},
}
"""Limits by name and version, oldest first. ``fp16`` and ``int8`` are what a network will be converted to,
``tensorcore`` is what it will run on."""


def limits(target: str) -> Limits:
    """The limits of a target, those of its newest version where it names none. Raises `UserError` for one
    that is not known."""
    name, _, version = target.partition("==")
    if name not in TABLE:
        close = closest(name, TABLE)
        raise UserError(f"no limits are known for the target {name!r}; "
                        + (f"did you mean {close!r}?" if close else f"there are {', '.join(TABLE)}"))
    versions = TABLE[name]
    wanted = version or next(reversed(versions))
    if wanted not in versions:
        raise UserError(f"no limits are known for {name} {version}; there are {', '.join(versions)}")
    return versions[wanted]
