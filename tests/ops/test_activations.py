"""Activation functions and Dropout."""
import numpy as np
import pytest

from archcheck.dims import symbol
from archcheck.graph import TensorType
from archcheck.ops import find
from archcheck.ops._op import ALL, FREE, Along, Cost, cost_of
from tests.ops._rows import row, rows_test

N = symbol("N")
OLD = "no oracle runs an opset this old"

ROWS = [
    *(row(op, "float32[N,3,H]", out="float32[N,3,H]") for op in (
        "Relu", "LeakyRelu", "ThresholdedRelu", "Elu", "Selu", "Celu", "Sigmoid", "HardSigmoid", "HardSwish", "Gelu", "Mish", "Softplus", "Softsign", "Shrink")),
    row("Swish", "float32[N,3]", opset=24, out="float32[N,3]"),
    row("SwiGLU", "float32[N,3]", "float32[N,3]", opset=28, alpha=1.5, out="float32[N,3]", oracle="reference"),
    row("SwiGLU", "float32[N,3]", "float32[N,4]", opset=28, fails="the gate has 3 elements along an axis where the value has 4", oracle="reference"),
    row("Relu", np.array([-2, 3], np.float32), out="float32[2]"),
    row("Gelu", "float16[N,3]", approximate="tanh", out="float16[N,3]"),
    row("LeakyRelu", "float32[N,3]", opset=6, alpha=0.1, out="float32[N,3]", oracle="reference"),
    row("PRelu", "float32[N,3,H,W]", "float32[3,1,1]", out="float32[N,3,H,W]"),
    row("PRelu", "float32[N,3]", "float32[]", out="float32[N,3]"),
    row("PRelu", "float32[N,3]", "float32[4,3]", out="float32[N,3]", at={"N": 4}),
    row("PRelu", "float32[2,3]", "float32[5,2,3]", fails="the slope has 3 axes, more than 2", oracle="published", why="ONNX Runtime broadcasts both ways, the standard only the slope"),
    row("PRelu", "float32[N,3,H,W]", "float32[3]", opset=6, out="float32[N,3,H,W]", oracle="published", why=OLD + ": one slope for each channel"),
    *(row(op, "float32[N,3,H]", out="float32[N,3,H]") for op in ("Softmax", "LogSoftmax", "Hardmax")),
    *(row(op, "float32[N,3,H]", axis=1, out="float32[N,3,H]") for op in ("Softmax", "LogSoftmax", "Hardmax")),
    *(row(op, "float32[N,3,H]", opset=11, out="float32[N,3,H]") for op in ("Softmax", "LogSoftmax", "Hardmax")),
    row("Softmax", "float32[N,3,H]", opset=11, axis=-1, out="float32[N,3,H]"),
    row("Softmax", "float32[N,3]", axis=2, fails="axis 2 is outside a tensor of 2 axes"),
    row("Dropout", "float32[N,3]", out=["float32[N,3]", "bool[N,3]"]),
    row("Dropout", np.array([1, 2], np.float32), np.array(0.3, np.float32), np.array(False), out=["float32[2]", "bool[2]"]),
    row("Dropout", "float32[N,3]", np.array(0.5, np.float32), np.array(True), out=["float32[N,3]", "bool[N,3]"]),
    row("Dropout", "float32[N,3]", opset=10, ratio=0.1, out=["float32[N,3]", "bool[N,3]"]),
    row("Dropout", "float32[N,3]", opset=7, out=["float32[N,3]", "float32[N,3]"], oracle="published", why=OLD + ": the mask had the type of the data"),
    row("Dropout", "float32[N,3]", opset=1, is_test=1, out="float32[N,3]", oracle="published", why=OLD),
]

test_rows = rows_test(ROWS)


def effect(op, *kinds, opset=23, **attrs):
    return find("", op, opset).function(*kinds, **attrs)


@pytest.mark.parametrize(("op", "expected"), [
    ("Relu", Cost(cmp=6 * N)), ("Sigmoid", Cost(add=6 * N, div=6 * N, special=6 * N)), ("Tanh", Cost(special=6 * N)),
    ("Softmax", Cost(add=12 * N, div=6 * N, cmp=6 * N, special=6 * N)), ("Dropout", FREE)])
def test_cost(op: str, expected: Cost) -> None:
    assert cost_of(effect(op, TensorType("float32", (N, 6)))) == expected


def test_softmax_flattened_before_opset_13() -> None:
    kind = TensorType("float32", (N, 3, 5))
    assert effect("Softmax", kind, axis=1).reads(0) == ((Along(0), ALL, Along(2)),)
    assert effect("Softmax", kind, axis=1, opset=12).reads(0) == ((Along(0), ALL, ALL),)


def test_dropout_is_a_view_only_when_nothing_is_dropped() -> None:
    kind, flag = TensorType("float32", (N, 3)), TensorType("bool", ())
    assert effect("Dropout", kind).alias == 0
    assert effect("Dropout", kind, None, flag._replace(value=(True,))).alias is None
    assert effect("Dropout", kind, None, flag).cost is None
