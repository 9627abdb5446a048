"""Normalization."""
import pytest

from archcheck.dims import symbol
from archcheck.graph import TensorType
from archcheck.ops import find
from archcheck.ops._op import All, Along, Cost, Spread, cost_of
from tests.ops._rows import row, rows_test

N, H = symbol("N"), symbol("H")
STATISTIC = All(statistic=True)
C4 = ("float32[4]",) * 4
OLD = "no oracle runs an opset this old"
IMAGE, BATCH = "float32[N,4,H,W]", "float32[N,4]"
UNSEEN = "the reference evaluator gives no saved statistics"

ROWS = [
    row("BatchNormalization", IMAGE, *C4, out=IMAGE),
    row("BatchNormalization", BATCH, *C4, out=BATCH),
    row("BatchNormalization", "float16[N,4]", "float16[4]", "float16[4]", "float32[4]", "float32[4]", out="float16[N,4]", oracle="reference"),
    row("BatchNormalization", IMAGE, *C4, training_mode=1, out=[IMAGE, "float32[4]", "float32[4]"], at={"N": 2}),
    row("BatchNormalization", IMAGE, *C4, opset=9, out=IMAGE),
    row("BatchNormalization", IMAGE, *C4, opset=7, out=IMAGE),
    row("BatchNormalization", IMAGE, *C4, opset=9, out=[IMAGE, *C4], oracle="published", why=UNSEEN),
    row("BatchNormalization", "float32[N,4,5]", *("float32[4,5]",) * 4, opset=7, spatial=0, out="float32[N,4,5]"),
    row("BatchNormalization", IMAGE, *C4, opset=1, is_test=1, out=IMAGE, oracle="published", why=OLD),
    row("BatchNormalization", "float32[N,3,H,W]", *C4, fails="the input has 3 channels, but there are 4 scales"),
    row("InstanceNormalization", IMAGE, "float32[4]", "float32[4]", out=IMAGE),
    row("InstanceNormalization", "float32[N,4,H]", "float32[4]", "float32[4]", out="float32[N,4,H]"),
    row("GroupNormalization", IMAGE, "float32[4]", "float32[4]", num_groups=2, opset=21, out=IMAGE),
    row("GroupNormalization", IMAGE, "float32[4]", "float32[4]", num_groups=1, opset=21, out=IMAGE),
    row("GroupNormalization", IMAGE, "float32[2]", "float32[2]", num_groups=2, opset=18, out=IMAGE),
    row("GroupNormalization", IMAGE, "float32[4]", "float32[4]", num_groups=3, opset=21, fails="4 channels cannot be split into 3 equal groups"),
    row("LayerNormalization", "float32[N,T,6]", "float32[6]", "float32[6]", out="float32[N,T,6]"),
    row("LayerNormalization", "float32[N,T,6]", "float32[6]", out=["float32[N,T,6]", "float32[N,T,1]", "float32[N,T,1]"]),
    row("LayerNormalization", "float32[N,4,6]", "float32[4,6]", "float32[4,6]", axis=1, out=["float32[N,4,6]", "float32[N,1,1]", "float32[N,1,1]"]),
    row("LayerNormalization", "float16[N,6]", "float16[6]", out=["float16[N,6]", "float32[N,1]"]),
    row("LayerNormalization", "float32[N,6]", "float32[5]", fails="sizes 6 and 5"),
    row("RMSNormalization", "float32[N,T,6]", "float32[6]", opset=23, out="float32[N,T,6]"),
    row("RMSNormalization", "float32[N,4,6]", "float32[4,6]", axis=-2, opset=23, out="float32[N,4,6]"),
    row("RMSNormalization", "float16[N,6]", "float32[6]", opset=23, out="float32[N,6]", oracle="published", why="the schema gives the output the type V of the scale; no oracle mixes types"),
    row("SimplifiedLayerNormalization", "float32[N,T,6]", "float32[6]", axis=-1, opset=17, out="float32[N,T,6]", oracle="ort"),
    row("SimplifiedLayerNormalization", "float32[N,T,6]", "float32[6]", axis=-1, opset=17, out=["float32[N,T,6]", "float32[N,T,1]"], oracle="ort"),
    row("LpNormalization", "float32[N,3,H]", out="float32[N,3,H]"),
    row("LpNormalization", "float32[N,3,H]", axis=1, p=1, out="float32[N,3,H]"),
    row("MeanVarianceNormalization", IMAGE, out=IMAGE),
    row("MeanVarianceNormalization", "float32[N,4,H]", axes=[1], out="float32[N,4,H]"),
]

test_rows = rows_test(ROWS)


def effect(op, *shapes, opset=23, **attrs):
    return find("", op, opset).function(*(TensorType("float32", shape) for shape in shapes), **attrs)


@pytest.mark.parametrize(("op", "shapes", "expected"), [
    ("BatchNormalization", [(N, 4, H)] + [(4,)] * 4, Cost(add=4 * N * H, mul=4 * N * H)),
    ("LayerNormalization", [(N, 4), (4,), (4,)], Cost(add=12 * N, mul=8 * N)),
    ("MeanVarianceNormalization", [(N, 4, 1, 1)], Cost(add=8 * N, mul=8 * N))])
def test_cost(op: str, shapes: list[tuple[object, ...]], expected: Cost) -> None:
    assert cost_of(effect(op, *shapes)) == expected


def test_statistics_are_told_apart_from_what_is_read_in_place() -> None:
    along = tuple(map(Along, range(4)))
    assert effect("BatchNormalization", (N, 4, H, H), *[(4,)] * 4).reads(0)[0] == along
    assert effect("InstanceNormalization", (N, 4, H, H), (4,), (4,)).reads(0)[0] == (*along[:2], STATISTIC, STATISTIC)
    assert effect("LayerNormalization", (N, 4, 6), (6,)).reads(0)[0] == (*along[:2], STATISTIC)
    assert effect("GroupNormalization", (N, 4, H), (4,), (4,), num_groups=2).reads(0)[0] == (
        Along(0), Spread(1, 2, (0, 0), (1, 1)), STATISTIC)


def test_running_statistics_are_buffers() -> None:
    assert find("", "BatchNormalization", 9).buffers == ("mean", "var")
    assert find("", "BatchNormalization", 15).buffers == ("input_mean", "input_var")
