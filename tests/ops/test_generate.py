"""Constants, shapes, ranges, random numbers."""
import numpy as np
import onnx
import pytest
from onnx import helper

import archcheck
from archcheck.dims import is_known, symbol
from archcheck.elements import Ratio
from archcheck.graph import TensorType
from tests.ops._nodes import answer, ints, scalar, vector
from tests.ops._rows import row, rows_test

N, M, S = map(symbol, "NMS")
INT64, FLOAT64, BOOL, INT32, FLOAT16 = 7, 11, 9, 6, 10
NOT_RUN = "no oracle runs opset 1: as in 13"


def floats(*numbers: float) -> list[np.ndarray]:
    return [np.array(number, np.float32) for number in numbers]


def scalars(*numbers: int) -> list[np.ndarray]:
    return [np.array(number, np.int64) for number in numbers]

ROWS = [
    row("Constant", value=np.arange(6, dtype=np.int32).reshape(2, 3), out="int32[2, 3]"),
    row("Constant", value=np.array(2.5, np.float32), opset=1, out="float32[]", oracle="published", why=NOT_RUN),
    row("Constant", value_int=3, out="int64[]"),
    row("Constant", value_ints=[3, 4], out="int64[2]"),
    row("Constant", value_float=1.5, out="float32[]"),
    row("Constant", value_floats=[1.5, 0.1], out="float32[2]"),
    row("Constant", value_string="abc", out="string[]"),
    row("Constant", value_strings=["abc", "d"], out="string[2]"),
    row("ConstantOfShape", ints(2, 3), out="float32[2, 3]"),
    row("ConstantOfShape", ints(2, 0), value=np.array([True]), out="bool[2, 0]"),
    row("ConstantOfShape", ints(), value=ints(7), out="int64[]"),
    row("ConstantOfShape", "int64[2]", value=ints(7), out="int64[?, ?]", opset=9, data={0: ints(4, 5)}),
    row("ConstantOfShape", ints(2, -3), fails="the shape has a size of -3"),
    row("EyeLike", "float32[N,M]", out="float32[N, M]"),
    row("EyeLike", "float32[2,3]", k=1, dtype=INT64, out="int64[2, 3]"),
    row("EyeLike", "float32[3,2]", k=-1, out="float32[3, 2]"),
    row("EyeLike", "float32[2,3,4]", fails="the input has 3 axes, but a matrix has two"),
    row("Shape", "float32[N,3,H]", out="int64[3]"),
    row("Shape", "float32[]", out="int64[0]"),
    row("Shape", "float32[N,3,H]", start=1, out="int64[2]"),
    row("Shape", "float32[N,3,H]", start=-9, end=-1, out="int64[2]"),
    row("Shape", "float32[N,3,H]", start=2, end=1, out="int64[0]"),
    row("Shape", "string[N,3]", opset=1, out="int64[2]"),
    row("Size", "float32[N,3,H]", out="int64[]"),
    row("Size", "bool[]", out="int64[]"),
    row("Range", *scalars(2, 11, 4), out="int64[3]"),
    row("Range", *scalars(11, 2, -4), out="int64[3]"),
    row("Range", *scalars(5, 2, 1), out="int64[0]"),
    row("Range", *floats(0.5, 3.0, 0.5), out="float32[5]"),
    row("Range", *floats(0.0, 1.0, 0.1), out="float32[10]"),
    row("Range", *floats(3.0, -2.0, -1.0), out="float32[5]"),
    row("Range", *floats(-9.0, -1.2, 0.1), out="float32[?]"),
    row("Range", "int64[]", *scalars(5, 1), out="int64[?]", data={0: np.array(2)}),
    row("Range", np.array(1.0), np.array(2.0), np.array(0.25), out="float64[4]"),
    row("Range", *scalars(5, 2, 0), fails="the step of the range is 0"),
    row("RandomNormal", shape=[2, -3], fails="the shape has a size of -3", oracle="published", why="ONNX Runtime draws nothing"),
    row("RandomNormal", shape=[2, 3], out="float32[2, 3]"),
    row("RandomNormal", shape=[2, 3], dtype=FLOAT64, seed=1.0, out="float64[2, 3]"),
    row("RandomUniform", shape=[4], low=1.0, high=2.0, out="float32[4]"),
    row("RandomUniform", shape=[], dtype=FLOAT16, opset=1, out="float16[]", oracle="published", why="no oracle draws a float16"),
    row("RandomNormalLike", "float32[N,3]", out="float32[N, 3]"),
    row("RandomNormalLike", "int64[N,3]", dtype=FLOAT64, out="float64[N, 3]"),
    row("RandomUniformLike", "float64[N,3]", out="float64[N, 3]"),
    row("RandomUniformLike", "int32[N,3]", dtype=1, out="float32[N, 3]"),
    row("Bernoulli", "float32[N,3]", out="float32[N, 3]", opset=15, data={0: np.full((5, 3), 0.5, np.float32)}, at=[{"N": 5}]),
    row("Bernoulli", "float64[N]", dtype=BOOL, opset=15, out="bool[N]", data={0: np.full(5, 0.5)}, at=[{"N": 5}]),
    row("Multinomial", "float32[N,4]", sample_size=3, opset=21, out="int32[N, 3]"),
    row("Multinomial", "float32[N,4]", dtype=INT64, opset=7, out="int64[N, 1]"),
]

test_rows = rows_test(ROWS)


RANGES = [
    ((0, N, 1), "int64", N),
    ((0, N, 2), "int64", (N + 1) // 2),
    ((N, 2 * N, 1), "int64", N),
    ((N, -1, -1), "int64", N + 1),
    ((0, 10, M), "int64", (M + 9) // M),
    ((0.0, N, 1.0), "float32", N),
    ((0.0, Ratio(N, 2), 1.0), "float32", (N + 1) // 2),
    ((0.0, N, 0.5), "float32", 2 * N),
]


@pytest.mark.parametrize(("bounds", "dtype", "length"), RANGES)
def test_symbolic_ranges(bounds, dtype, length):
    assert answer("Range", *(scalar(element, dtype) for element in bounds)).shape == (length,)


def test_a_range_that_may_be_empty():
    size, = answer("Range", scalar(M), scalar(N), scalar(1)).shape
    assert [archcheck.evaluate(size, {"N": 5, "M": m}) for m in (0, 4, 5, 9)] == [5, 1, 0, 0]


@pytest.mark.parametrize("bounds", [(0, None, 1), (0, 5, None), (0, 5, N - M), (0.0, Ratio(N, 7), 0.1)])
def test_a_range_of_unknown_length(bounds):
    size, = answer("Range", *(scalar(element, "float32") for element in bounds)).shape
    assert not is_known(size)


def test_the_elements_of_a_range_of_sizes():
    assert answer("Range", scalar(S), scalar(S + 2), scalar(1)) == TensorType("int64", (2,), (S, S + 1))


def test_the_shape_of_a_tensor_is_its_value():
    assert answer("Shape", TensorType("float32", (N, 3))) == TensorType("int64", (2,), (N, 3))
    assert answer("Size", TensorType("float32", (N, 3))) == TensorType("int64", (), (3 * N,))
    assert answer("Size", TensorType("float32", None)) == TensorType("int64", ())
    size, = answer("Shape", TensorType("float32", None)).shape
    assert not is_known(size)


def test_constants_of_symbolic_shapes():
    first, second, third = answer("ConstantOfShape", vector(N, None, 2)).shape
    assert (first, third) == (N, 2)
    assert not is_known(second)


def test_a_sparse_constant_is_a_dense_tensor():
    values = helper.make_tensor("v", onnx.TensorProto.FLOAT, [2], [1.0, 2.0])
    sparse = helper.make_sparse_tensor(values, helper.make_tensor("i", INT64, [2], [0, 5]), [2, 3])
    node = helper.make_node("Constant", [], ["y"], sparse_value=sparse)
    graph = helper.make_graph([node], "g", [], [onnx.ValueInfoProto(name="y")])
    kind = archcheck.analyze(helper.make_model(graph).SerializeToString()).types["y"]
    assert (kind.dtype, kind.shape) == ("float32", (2, 3))
