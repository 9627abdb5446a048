"""Activations, and arithmetic of several values."""
from __future__ import annotations

from typing import Any

from archcheck.frontends.spec._layer import At, Index, Number, Value, layer

JOINS = {"add": "Add", "mul": "Mul", "sub": "Sub", "div": "Div", "max": "Max", "min": "Min", "mean": "Mean"}
PLAIN = {"relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh", "softplus": "Softplus", "softsign": "Softsign",
         "selu": "Selu", "mish": "Mish", "hardswish": "HardSwish", "exp": "Exp", "sqrt": "Sqrt", "abs": "Abs",
         "neg": "Neg", "identity": "Identity"}
"""Layers that are an operator of one input and no arguments."""


def _plain(name: str, op: str) -> None:
    def made(at: At, x: str) -> Any:
        return at.node(op, x)
    made.__doc__ = f"``{op}`` of each element."
    layer(name)(made)


for _name, _op in PLAIN.items():
    _plain(_name, _op)


@layer("pass")
def passed(at: At, x: str) -> str:
    """The value before, as it is: a branch with nothing on it."""
    return x


@layer("relu6")
def relu6(at: At, x: str) -> str:
    """``min(max(x, 0), 6)``."""
    return at.node("Clip", x, at.number(0.0, "low"), at.number(6.0, "high"))


@layer("hardtanh")
def hardtanh(at: At, x: str) -> str:
    """``min(max(x, -1), 1)``."""
    return at.node("Clip", x, at.number(-1.0, "low"), at.number(1.0, "high"))


@layer("leakyrelu")
def leakyrelu(at: At, x: str, slope: Number = 0.01) -> str:
    """``x`` where it is positive, else ``slope``·``x``."""
    return at.node("LeakyRelu", x, alpha=slope)


@layer("prelu")
def prelu(at: At, x: str) -> str:
    """``leakyrelu`` with a learned slope for each channel."""
    shape = at.shape(x)
    return at.node("PRelu", x, at.weight("slope", at.size(x, 1), *(1,) * (len(shape or ()) - 2)))


@layer("elu")
def elu(at: At, x: str, alpha: Number = 1.0) -> str:
    """``x`` where it is positive, else ``alpha``·(eˣ - 1)."""
    return at.node("Elu", x, alpha=alpha)


@layer("gelu")
def gelu(at: At, x: str) -> str:
    """``x`` times the normal distribution's share below it."""
    return at.node("Gelu", x)


@layer("silu", "swish")
def silu(at: At, x: str) -> str:
    """``x`` · sigmoid(``x``)."""
    return at.node("Mul", x, at.node("Sigmoid", x, part="gate"), part="product")


@layer("hardsigmoid")
def hardsigmoid(at: At, x: str) -> str:
    """``min(max(x/6 + 1/2, 0), 1)``."""
    return at.node("HardSigmoid", x, alpha=1 / 6, beta=0.5)


@layer("softmax")
def softmax(at: At, x: str, *, axis: Index = -1) -> str:
    """Positive numbers that sum to 1 along an axis, the last unless given."""
    return at.node("Softmax", x, axis=axis)


@layer("logsoftmax")
def logsoftmax(at: At, x: str, *, axis: Index = -1) -> str:
    """The logarithms of a softmax."""
    return at.node("LogSoftmax", x, axis=axis)


@layer("dropout")
def dropout(at: At, x: str, rate: Number = 0.5) -> str:
    """Elements set to 0 at random while training; nothing when the network runs."""
    return at.node("Dropout", x, at.number(rate, "rate"))


@layer("scale")
def scale(at: At, x: str, factor: Number) -> str:
    """``factor`` times each element."""
    return at.node("Mul", x, at.number(factor, "factor"))


def _joining(name: str, op: str) -> None:
    def made(at: At, x: str, *others: Value) -> Any:
        if not others:
            raise at.error(f"{name} needs a value to join, as in '{name} shortcut'")
        if op in ("Add", "Mul", "Sub", "Div") and len(others) > 1:
            *between, last = others
            for number, other in enumerate(between, 1):
                x = at.node(op, x, other, part=f"{number}")
            return at.node(op, x, last, part=f"{len(others)}")
        return at.node(op, x, *others)
    made.__doc__ = f"``{op}`` of the value before and others, element by element."
    layer(name)(made)


for _name, _op in JOINS.items():
    _joining(_name, _op)


@layer("concat")
def concat(at: At, x: str, *others: Value, axis: Index = 1) -> str:
    """The value before and others, one behind the other along an axis: the channels, unless given."""
    return at.node("Concat", x, *others, axis=axis)
