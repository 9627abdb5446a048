"""Activation functions, element by element or along an axis, and Dropout."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archcheck.dims import prod
from archcheck.elements import largest
from archcheck.graph import TensorType
from archcheck.ops._op import ALL, FREE, Along, Cost, Effect, agreed, axis_of, op, rank, require, result
from archcheck.ops.pointwise import broadcast_reads, broadcast_to, each, same_position
from archcheck.values import scalar

SOFTMAX = Cost(add=2, div=1, cmp=1, special=1)
"""A number, of all that are normalized together."""


@op("Relu", kind="activation", saves=(0,))
def relu(x, *, consumed_inputs=None):
    """``max(0, x)``."""
    return each(x, lambda element: largest(element, 0), cmp=1)


@op("LeakyRelu", kind="leaky relu", saves=("x",))
def leaky_relu(x, *, alpha=0.01, consumed_inputs=None):
    """``x`` where it is positive, else ``alpha · x``."""
    return each(x, mul=1, cmp=1)


@op("ThresholdedRelu", kind="other activation", saves=("x",))
def thresholded_relu(x, *, alpha=1.0):
    """``x`` where it is above ``alpha``, else 0."""
    return each(x, cmp=1)


@op("Elu", kind="activation", saves=("x",))
def elu(x, *, alpha=1.0, consumed_inputs=None):
    """``x`` where it is positive, else ``alpha · (exp(x) - 1)``."""
    return each(x, add=1, mul=1, cmp=1, special=1)


@op("Selu", kind="other activation", saves=("x",))
def selu(x, *, alpha=1.6732632, gamma=1.050701, consumed_inputs=None):
    """``gamma · x`` where ``x`` is positive, else ``gamma · alpha · (exp(x) - 1)``."""
    return each(x, add=1, mul=2, cmp=1, special=1)


@op("Celu", kind="other activation", saves=("x",))
def celu(x, *, alpha=1.0):
    """``max(0, x) + min(0, alpha · (exp(x / alpha) - 1))``."""
    return each(x, add=1, mul=1, div=1, cmp=1, special=1)


@op("Sigmoid", kind="sigmoid", saves=(0,))
def sigmoid(x, *, consumed_inputs=None):
    """``1 / (1 + exp(-x))``."""
    return each(x, add=1, div=1, special=1)


@op("HardSigmoid", kind="other activation", saves=("x",))
def hard_sigmoid(x, *, alpha=0.2, beta=0.5, consumed_inputs=None):
    """``max(0, min(1, alpha · x + beta))``."""
    return each(x, add=1, mul=1, cmp=2)


@op("HardSwish", kind="other activation", saves=("x",))
def hard_swish(x):
    """``x · max(0, min(1, x / 6 + 1/2))``."""
    return each(x, add=1, mul=2, cmp=2)


@op("Swish", kind="silu", saves=("x",))
def swish(x, *, alpha=1.0):
    """``x · sigmoid(alpha · x)``; with ``alpha`` 1 also called SiLU."""
    return each(x, add=1, mul=1 if alpha == 1 else 2, div=1, special=1)


@op("SwiGLU", saves=("a", "b"))
def swi_glu(a, b, *, alpha=1.0):
    """``a · sigmoid(alpha · a) · b``; both inputs have the same shape."""
    require(rank(a) == rank(b), "the gate has {} axes, but the value has {}", rank(a), rank(b))
    shape = tuple([agreed(m, n, "the gate has {} elements along an axis where the value has {}", m, n)
                   for m, n in zip(a.shape, b.shape)])
    unit = Cost(add=1, mul=2 if alpha == 1 else 3, div=1, special=1)
    return result(shape, a, cost=lambda: unit.times(prod(shape)), reads=lambda _: (same_position(shape),) * 2)


@op("Gelu", kind="gelu", saves=("x",))
def gelu(x, *, approximate="none"):
    """``x/2 · (1 + erf(x/√2))``, or nearly that: ``x/2 · (1 + tanh(√(2/π) · (x + 0.044715 · x³)))``."""
    return each(x, add=2, mul=6, special=1) if approximate == "tanh" else each(x, add=1, mul=3, special=1)


@op("Mish", kind="other activation", saves=("x",))
def mish(x):
    """``x · tanh(ln(1 + exp(x)))``."""
    return each(x, add=1, mul=1, special=3)


@op("Softplus", kind="other activation", saves=("x",))
def softplus(x):
    """``ln(1 + exp(x))``."""
    return each(x, add=1, special=2)


@op("Softsign", kind="other activation")
def softsign(x):
    """``x / (1 + |x|)``."""
    return each(x, add=1, div=1, cmp=1)


@op("Shrink", kind="other activation", saves=("input",))
def shrink(input, *, bias=0.0, lambd=0.5):
    """``x + bias`` below ``-lambd``, ``x - bias`` above ``lambd``, 0 between them."""
    return each(input, add=1, cmp=2)


# ---------------------------------------------------------------------------------- a learned slope
@op("PRelu", since=7, kind="prelu", saves=("x", "slope"))
def prelu(x, slope):
    """``x`` where it is positive, else ``slope · x``; the slope broadcasts to the shape of ``x``."""
    broadcast_to(x.shape, slope.shape, "the slope")
    return each(x, mul=1, cmp=1)._replace(reads=lambda _: broadcast_reads(x.shape, x.shape, slope.shape))


@op("PRelu", kind="prelu", saves=("x", "slope"))
def prelu_before_7(x, slope, *, consumed_inputs=None):
    """``x`` where it is positive, else ``slope · x``, with one slope or one for each channel."""
    return each(x, mul=1, cmp=1)._replace(reads=lambda _: (same_position(x.shape), (Along(1),) * rank(slope)))


# ---------------------------------------------------------------------------------- along an axis
def _normalized(x: TensorType, first: int, count: int, **per_element: int) -> Effect:
    """An operator that reads ``count`` axes from ``first`` on as a whole, the others at the same position."""
    shape: Any = x.shape
    return result(shape, x, cost=lambda: Cost(**per_element).times(prod(shape)), reads=lambda _: (tuple(
        ALL if first <= axis < first + count else Along(axis) for axis in range(len(shape))),))


def _normalizer(name: str, formula: str, saves: Sequence[int], kind: str = "", **per_element: int) -> None:
    def along_one(input, *, axis=-1):
        return _normalized(input, axis_of(axis, rank(input)), 1, **per_element)

    def from_axis_on(input, *, axis=1):
        first = axis_of(axis, rank(input)) if axis != rank(input) else axis
        return _normalized(input, first, rank(input) - first, **per_element)

    along_one.__doc__ = f"``{formula}`` along ``axis``."
    from_axis_on.__doc__ = f"``{formula}`` over all axes from ``axis`` on, taken as one."
    op(name, since=13, kind=kind, saves=saves)(along_one)
    op(name, kind=kind, saves=saves)(from_axis_on)


_normalizer("Softmax", "exp(x - max x) / Σ exp(x - max x)", (0,), "softmax", **SOFTMAX._asdict())
_normalizer("LogSoftmax", "x - max x - ln Σ exp(x - max x)", (0,), "log softmax", add=3, cmp=1, special=1)
_normalizer("Hardmax", "1 at the first largest element, else 0", (), cmp=1)


# ---------------------------------------------------------------------------------- dropout
@op("Dropout", since=12, dtypes=(0, "bool"), kind="dropout", saves=())
def dropout(data, ratio=None, training_mode=None, *, seed=None):
    """``data``, and the mask of what is kept: everything, unless ``training_mode`` is true. Then elements are
    set to 0 at random and the others scaled."""
    training = False if training_mode is None else scalar(training_mode)
    effect = _passed(data, "bool", ratio and (), None)
    if training is False:
        return effect
    cost = (lambda: Cost(mul=2).times(prod(data.shape))) if training else None
    return effect._replace(outputs=(data._replace(value=None), effect.outputs[1]), cost=cost, alias=None)


@op("Dropout", since=10, dtypes=(0, "bool"), kind="dropout", saves=())
def dropout_before_12(data, *, ratio=0.5):
    """``data``, and a mask of ones."""
    return _passed(data, "bool")


@op("Dropout", kind="dropout", saves=())
def dropout_before_10(data, *, ratio=0.5, is_test=0, consumed_inputs=None):
    """``data``, and a mask of ones of the same type: networks of this age are exported to be run."""
    return _passed(data, data.dtype)


def _passed(data: TensorType, mask: str | None, *others: tuple[()] | None) -> Effect:
    shape: Any = data.shape
    return Effect((data, TensorType(mask, shape)), FREE, alias=0, statistics=(TensorType("bool", shape),),
                  reads=lambda k: (None if k else same_position(shape), *others))
