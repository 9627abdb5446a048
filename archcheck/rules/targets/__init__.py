"""What runtimes can read and run: file formats, operators, types and attributes of each, by name and version.

A target is written ``NAME`` or ``NAME==VERSION``, as in ``onnxruntime==1.17``; some names have a short form
(``ort``, ``trt``). Three are no runtimes: what a network will be converted to, or what it will run on.
"""
from __future__ import annotations

import re
from typing import NamedTuple

from archcheck.errors import UserError, closest
from archcheck.rules.targets._clauses import Clause
from archcheck.rules.targets._runtimes import ALIASES, RUNTIMES, Limits, Runtime, newer

__all__ = ["ALIASES", "PRECISIONS", "RUNTIMES", "Clause", "Limits", "Runtime", "Target", "canonical",
           "limits", "runtime_target"]

PRECISIONS = ("fp16", "int8", "tensorcore")
"""Targets that are no runtimes: ``fp16`` and ``int8`` are what a network will be converted to, ``tensorcore``
is what it will run on."""

_NONE = Limits(None, None, "")


class Target(NamedTuple):
    """A runtime, at a version of it ("": the newest that is known); ``text`` is how it was asked for."""

    text: str
    runtime: Runtime
    version: str

    @property
    def limits(self) -> Limits:
        """The newest formats that it reads. A version that is between two known ones reads no more than the
        newer of them."""
        rows = list(self.runtime.versions.items())
        if not self.version:
            return rows[-1][1]
        return next(limits for row, limits in rows if not newer(self.version, row))

    @property
    def clauses(self) -> list[Clause]:
        """What it asks of operators in this version."""
        return [clause for clause in self.runtime.clauses if self._holds(clause.until)]

    def lacks(self, op: str, opset: int | None) -> bool:
        """Whether it is known not to have ONNX's operator ``op``, as of ``opset``."""
        runtime = self.runtime
        if op in runtime.lacks:
            return self._holds(runtime.lacks[op])
        if runtime.operators is None or op in runtime.expanded:
            return False
        last = runtime.operators.get(op)
        return op not in runtime.operators or last is not None and opset is not None and opset > last

    def _holds(self, until: str) -> bool:
        """Whether what ended with a version ("": has not) holds in this one."""
        return not until or bool(self.version) and newer(until, self.version)


def _split(text: str) -> tuple[str, str]:
    """The canonical name in a target, and its version. Raises `UserError`."""
    name, equals, version = text.partition("==")
    name = ALIASES.get(name, name)
    known = (*RUNTIMES, *PRECISIONS)
    if name not in known:
        close = closest(name, (*known, *ALIASES))
        raise UserError(f"no limits are known for the target {name!r}; "
                        + (f"did you mean {close!r}?" if close else f"there are {', '.join(known)}"))
    if equals and not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6}){0,3}", version):
        raise UserError(f"{text!r} has no version such as 1.17 behind ==")
    newest = list(RUNTIMES[name].versions)[-1] if name in RUNTIMES else ""
    if equals and (not newest or newer(version, newest)):
        last = f"; the newest known is {newest}" if newest else ""
        raise UserError(f"no limits are known for {name} {version}{last}")
    return name, version


def canonical(text: str) -> str:
    """A target with its name in full. Raises `UserError` for one that is not known."""
    name, version = _split(text)
    return f"{name}=={version}" if version else name


def runtime_target(text: str) -> Target | None:
    """The runtime that a target means, None for a precision. Raises `UserError` for one that is not
    known."""
    name, version = _split(text)
    return None if name in PRECISIONS else Target(text, RUNTIMES[name], version)


def limits(text: str) -> Limits:
    """The newest formats that a target reads. Raises `UserError` for one that is not known."""
    target = runtime_target(text)
    return target.limits if target else _NONE
