"""How the operators of com.microsoft are made of plain ones. Their schemas are in ONNX Runtime's
ContribOperators.md."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from archcheck.dims import prod
from archcheck.graph import TensorType
from archcheck.ops._op import FREE, OPS, Cost, Effect, Reads, Unknown, cost_of, op

ms = partial(op, domain="com.microsoft")
ROTARY = Cost(add=1, mul=2)
"""A channel, turned with another by the angle of its position."""


def plus(effect: Effect, more: Callable[[], Cost]) -> Effect:
    """``effect``, with ``more`` besides."""
    def cost() -> Cost:
        own = cost_of(effect)
        if own is None:
            raise Unknown("what the operator inside costs")
        return own + more()
    return effect._replace(cost=cost)


def also(effect: Effect, unit: Callable[[], Cost], reads: Callable[[int], Reads] | None = None) -> Effect:
    """``effect``, with ``unit`` besides for each element of its first output, and other ``reads``."""
    more = plus(effect, lambda: unit().times(prod(shape_of(effect))))
    return more._replace(reads=reads or effect.reads)


def shape_of(effect: Effect) -> Any:
    """The shape of the first output."""
    return effect.outputs[0].shape


def reads_of(effect: Effect, k: int = 0) -> Any:
    """How output ``k`` of ``effect`` reads its inputs."""
    return effect.reads(k) if effect.reads else ()


def activation_cost(name: str | None) -> Cost:
    """What the activation function called ``name`` costs an element; it is an operator of ONNX or
    com.microsoft."""
    if not name:
        return FREE
    versions = OPS.get(("", name)) or OPS.get(("com.microsoft", name))
    try:
        cost = versions and cost_of(versions[-1].function(TensorType("float32", (1,))))
    except TypeError:  # an operator, but no activation: it takes more than one input
        cost = None
    if not cost:
        raise Unknown(f"what the activation {name} costs")
    return cost
