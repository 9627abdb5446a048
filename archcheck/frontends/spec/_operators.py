"""Any ONNX operator as a layer: its inputs by place, its attributes by name."""
from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

from archcheck import ops
from archcheck.errors import closest
from archcheck.frontends.spec._build import OPSET
from archcheck.frontends.spec._layer import At, Layer
from archcheck.ops._op import OPS


@cache
def operator(kind: str) -> Layer | None:
    """The operator ``kind`` as a layer, with its domain in front if it is not one of ONNX's own."""
    domain, _, name = kind.rpartition(".")
    found = ops.find(domain, name, OPSET)
    return None if found is None else Operator(kind, name, domain, found.function)


def spelt(kind: str) -> str | None:
    """The operator whose name has the letters of ``kind``, large or small."""
    ops.load_families()
    return {name.lower(): name for domain, name in OPS if not domain}.get(kind.lower().replace("_", ""))


def similar(kind: str) -> str | None:
    """The operator that is meant by ``kind``, if one is like it."""
    return closest(kind, [name for domain, name in OPS if not domain])


class Operator(Layer):
    """An operator of ONNX as a layer. The value before is its first input."""

    def __init__(self, kind: str, op: str, domain: str, function: Callable[..., Any]) -> None:
        self.op, self.domain, self.schema = op, domain, inspect.signature(function).parameters
        super().__init__(kind, self._made)

    def _made(self, at: At, x: str, *inputs: Any, **attrs: Any) -> tuple[str, ...]:
        given = [at.operand(entry, f"input{k}") for k, entry in enumerate(inputs, 2)]
        return at.several(self.op, x, *given, outputs=at.outputs, domain=self.domain, **attrs)

    @property
    def parameters(self) -> dict[str, inspect.Parameter]:
        """Its attributes, and any number of inputs."""
        found = {name: parameter.replace(annotation="Attribute") for name, parameter in self.schema.items()
                 if parameter.kind is parameter.KEYWORD_ONLY}
        return {"inputs": inspect.Parameter("inputs", inspect.Parameter.VAR_POSITIONAL, annotation="Input"),
                **found}

    @property
    def flags(self) -> frozenset[str]:
        """No attribute is switched on by its name."""
        return frozenset()

    def reader(self, name: str) -> str:
        """How an input or attribute is written."""
        if name == "inputs":
            return "Input"
        default = self.schema[name].default
        return "Word" if isinstance(default, str) else "Number" if isinstance(default, float) else "Attribute"
