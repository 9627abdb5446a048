"""Losses, gradients and optimizers."""
import numpy as np

from archcheck.dims import symbol
from archcheck.graph import TensorType
from archcheck.ops import find
from archcheck.ops._op import Along, Cost, cost_of
from tests.ops._rows import row, rows_test

N = symbol("N")
TRAINING = "ai.onnx.preview.training"
LABELS = {1: np.array([0, 2, 1, 2, 0])}
PIXELS = {1: np.array([[[0, 2, 1], [1, 0, 2]]])}
STEP = ("float32[]", "int64[]")
NO_GRADIENT = "no oracle has derivatives: each has the type of what is derived by"

ROWS = [
    *(row(op, "float32[N,3]", "int64[N]", reduction="none", out="float32[N]", data=LABELS, at=[{"N": 5}]) for op in ("NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss")),
    *(row(op, "float32[N,3]", "int64[N]", "float32[3]", out="float32[]", data=LABELS, at=[{"N": 5}]) for op in ("NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss")),
    *(row(op, "float32[N,3,H,W]", "int64[N,H,W]", reduction="none", ignore_index=1, out="float32[N,H,W]", data=PIXELS, at=[{"N": 1, "H": 2, "W": 3}]) for op in ("NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss")),
    row("NegativeLogLikelihoodLoss", "float32[N,3]", "int64[N]", reduction="sum", out="float32[]", data=LABELS, at=[{"N": 5}]),
    row("SoftmaxCrossEntropyLoss", "float32[N,3]", "int64[N]", out=["float32[]", "float32[N,3]"], data=LABELS, at=[{"N": 5}]),
    row("SoftmaxCrossEntropyLoss", "float32[N,3,H]", "int64[N]", fails="the labels need 2, but have 1"),
    row("NegativeLogLikelihoodLoss", "float32[4,3]", "int64[5]", fails="scores for 4 places, but labels for 5"),
    row("Adagrad", *STEP, "float32[N,3]", "float32[N,3]", "float32[N,3]", domain=TRAINING, out=["float32[N,3]"] * 2, oracle="reference"),
    row("Adagrad", *STEP, *("float32[N]", "float32[M,2]") * 3, domain=TRAINING, out=["float32[N]", "float32[M,2]"] * 2, oracle="reference"),
    row("Momentum", *STEP, *("float32[N]", "float32[M,2]") * 3, domain=TRAINING, alpha=0.9, beta=1.0, mode="nesterov", norm_coefficient=0.1, out=["float32[N]", "float32[M,2]"] * 2, oracle="reference"),
    row("Adam", *STEP, *("float32[N]", "float32[M,2]") * 4, domain=TRAINING, out=["float32[N]", "float32[M,2]"] * 3, oracle="reference"),
    row("Gradient", "float32[N,3]", "float32[3]", domain=TRAINING, xs=["x1"], y="x0", out="float32[N,3]", oracle="published", why=NO_GRADIENT),
]

test_rows = rows_test(ROWS)


def test_each_weight_is_stepped_by_its_own_gradient() -> None:
    step, kinds = TensorType("float32", ()), [TensorType("float32", (size,)) for size in (2, N)] * 3
    effect = find(TRAINING, "Adagrad", 1).function(step, step, *kinds)
    assert effect.reads(3) == ((), (), *(None, (Along(0),)) * 3)
    assert cost_of(effect) == Cost(add=4 * N + 8, mul=3 * N + 6, div=N + 2, special=N + 2)
