"""Losses, and one step of training: gradients and optimizers."""
from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Any

from archcheck.dims import prod
from archcheck.graph import Shape, TensorType
from archcheck.ops._op import ALL, FREE, Along, Cost, Effect, Reader, Reads, equal, op, rank, ranked, require
from archcheck.ops.pointwise import same_position

_TRAINING = "ai.onnx.preview.training"
_LOG_SOFTMAX = Cost(add=3, cmp=1, special=1)


# ---------------------------------------------------------------------------------- losses
@op("NegativeLogLikelihoodLoss")
def negative_log_likelihood_loss(input, target, weight=None, *, ignore_index=None, reduction="mean"):
    """``-input[n, target[n, …], …] · weight[target[n, …]]``, or the sum or mean of them."""
    loss = _loss(input, target, reduction)
    return Effect((loss,), lambda: Cost(add=1, mul=1).times(prod(target.shape)),
                  lambda _: _loss_reads(input, target, weight, loss))


@op("SoftmaxCrossEntropyLoss")
def softmax_cross_entropy_loss(scores, labels, weights=None, *, ignore_index=None, reduction="mean"):
    """The negative log-likelihood of the labels under the softmax of the scores; and that softmax's log."""
    loss = _loss(scores, labels, reduction)
    return Effect(
        (loss, TensorType(scores.dtype, scores.shape)),
        lambda: _LOG_SOFTMAX.times(prod(scores.shape)) + Cost(add=1, mul=1).times(prod(labels.shape)),
        lambda k: (_classes(scores, 0), None, None) if k else _loss_reads(scores, labels, weights, loss))


def _loss(scores: TensorType, labels: TensorType, reduction: str) -> TensorType:
    """One loss for each label, or one number."""
    require(reduction in ("none", "sum", "mean"), "the reduction is {!r}, not none, sum or mean", reduction)
    if ranked(scores, labels):
        _check_labels(scores.shape or (), labels.shape or ())
    return TensorType(scores.dtype, labels.shape if reduction == "none" else ())


def _check_labels(scores: Shape, labels: Shape) -> None:
    require(len(scores) == len(labels) + 1, "the scores have {} axes, so the labels need {}, but have {}",
            len(scores), len(scores) - 1, len(labels))
    for many, few in zip(scores[:1] + scores[2:], labels):
        equal(many, few, "there are scores for {} places, but labels for {}", many, few)


def _loss_reads(scores: TensorType, labels: TensorType, weights: TensorType | None,
                loss: TensorType) -> Reads:
    """Any class may be that of the label, so all are read."""
    weight = weights and (ALL,)
    if loss.shape is not labels.shape:
        return (ALL,) * rank(scores), (ALL,) * rank(labels), weight
    return _classes(scores, 1), same_position(labels.shape or ()), weight


def _classes(scores: TensorType, left_out: int) -> tuple[Reader, ...]:
    """All classes are read, the other axes at the same position; ``left_out`` is 1 if the output has none."""
    return tuple(ALL if axis == 1 else Along(axis - left_out * (axis > 1)) for axis in range(rank(scores)))


# ---------------------------------------------------------------------------------- training
@op("Gradient", domain=_TRAINING)
def gradient(*inputs, xs, y, zs=()):
    """The derivatives of ``y`` by each of ``xs``, the first of the inputs."""
    return Effect(tuple(TensorType(kind.dtype, kind.shape) for kind in inputs[:len(xs)]))


@op("Adagrad", domain=_TRAINING, dtypes=(2,))
def adagrad(r, t, *inputs, decay_factor=0.0, epsilon=1e-6, norm_coefficient=0.0):
    """One step of AdaGrad on ``X…, G…, H…``: ``H + g²``, then ``X - r · g / √H``."""
    return _stepped(inputs, 3, Cost(add=4, mul=3, div=1, special=1))


@op("Momentum", domain=_TRAINING, dtypes=(2,))
def momentum(r, t, *inputs, alpha, beta, mode, norm_coefficient):
    """One step with momentum on ``X…, G…, V…``: ``alpha · V + beta · g``, then ``X - r · V``."""
    nesterov = int(mode == "nesterov")
    return _stepped(inputs, 3, Cost(add=3 + nesterov, mul=4 + nesterov))


@op("Adam", domain=_TRAINING, dtypes=(2,))
def adam(r, t, *inputs, alpha=0.9, beta=0.999, epsilon=1e-6, norm_coefficient=0.0, norm_coefficient_post=0.0):
    """One step of Adam on ``X…, G…, V…, H…``: the means of ``g`` and of ``g²``, then ``X - r · V / √H``."""
    return _stepped(inputs, 4, Cost(add=5, mul=7, div=1, special=1))


def _stepped(tensors: Sequence[TensorType], kinds: int, unit: Cost) -> Effect:
    """``tensors`` are as many of each kind: the weights, their gradients and the states. New weights and
    states come out of it, each from its own weight, gradient and states."""
    count = len(tensors) // kinds
    require(count * kinds == len(tensors), "{} tensors are not {} kinds of equally many", len(tensors), kinds)
    new = tuple(TensorType(kind.dtype, kind.shape) for kind in (*tensors[:count], *tensors[2 * count:]))
    shapes: list[Any] = [kind.shape for kind in tensors]
    return Effect(new, lambda: reduce(add, [unit.times(prod(shape)) for shape in shapes[:count]], FREE),
                  lambda k: ((), (), *(same_position(shape) if place % count == k % count else None
                                       for place, shape in enumerate(shapes))))
