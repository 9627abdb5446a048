"""How exporters compute shapes inside a network: each idiom is followed exactly, at all sizes."""
from __future__ import annotations

import numpy as np
import onnx.parser
import pytest

import archcheck
from tests.ops import _oracles

HEADER = '<ir_version: 8, opset_import: ["" : 17]>'

EXPAND = """
g (float[1,1,D] token, float[N,S,D] x) => (float[A,B,C] y) {
    shape = Shape(x)
    zero = Constant<value = int64 {0}>()
    n = Gather(shape, zero)
    axes = Constant<value_ints = [0]>()
    n1 = Unsqueeze(n, axes)
    rest = Constant<value_ints = [-1, -1]>()
    wanted = Concat<axis = 0>(n1, rest)
    minus = Constant<value_int = -1>()
    kept = Equal(wanted, minus)
    three = Constant<value_ints = [3]>()
    ones = ConstantOfShape<value = int64[1] {1}>(three)
    target = Where(kept, ones, wanted)
    many = Expand(token, target)
    y = Concat<axis = 1>(many, x)
}
"""

COMPUTED_PADS = """
g (float[N,H,W,C] x) => (float[A,B,D,E] y) {
    shape = Shape(x)
    one = Constant<value = int64 {1}>()
    two = Constant<value = int64 {2}>()
    seven = Constant<value = int64 {7}>()
    h = Gather(shape, one)
    w = Gather(shape, two)
    over_h = Mod(h, seven)
    left_h = Sub(seven, over_h)
    pad_h = Mod(left_h, seven)
    over_w = Mod(w, seven)
    left_w = Sub(seven, over_w)
    pad_w = Mod(left_w, seven)
    first = Constant<value_ints = [0]>()
    pad_h1 = Unsqueeze(pad_h, first)
    pad_w1 = Unsqueeze(pad_w, first)
    none = Constant<value_ints = [0, 0, 0]>()
    zero1 = Constant<value_ints = [0]>()
    given = Concat<axis = 0>(none, pad_w1, zero1, pad_h1)
    count = Constant<value_ints = [2]>()
    more = ConstantOfShape<value = int64[1] {0}>(count)
    pads = Concat<axis = 0>(given, more)
    pairs_shape = Constant<value_ints = [-1, 2]>()
    pairs = Reshape(pads, pairs_shape)
    last = Constant<value_ints = [-1]>()
    far = Constant<value_ints = [-9223372036854775807]>()
    back = Slice(pairs, last, far, first, last)
    turned = Transpose<perm = [1, 0]>(back)
    flat = Reshape(turned, last)
    cast = Cast<to = 7>(flat)
    padded = Pad(x, cast)
    windows = Constant<value_ints = [0, -1, 7, 0]>()
    four = Constant<value_ints = [-1, 7, 7, 3]>()
    y = Reshape(padded, four)
}
"""

RESIZE = """
g (float[N,3,H,W] x) => (float[A,B,C,D] y) {
    shape = Shape(x)
    begin = Constant<value_ints = [0]>()
    two = Constant<value_ints = [2]>()
    end = Constant<value_ints = [4]>()
    head = Slice(shape, begin, two)
    tail = Slice(shape, two, end)
    numbers = Cast<to = 1>(tail)
    factor = Constant<value_float = 1.5>()
    scaled = Mul(numbers, factor)
    whole = Floor(scaled)
    sizes = Cast<to = 7>(whole)
    target = Concat<axis = 0>(head, sizes)
    y = Resize<mode = "nearest">(x, , , target)
}
"""

FLOORED = """
g (float[N,S] x) => (float[A,B] y) {
    shape = Shape(x)
    one = Constant<value = int64 {1}>()
    s = Gather(shape, one)
    four = Constant<value = int64 {4}>()
    zero = Constant<value = int64 {0}>()
    quotient = Div(s, four)
    product = Mul(quotient, four)
    rest = Sub(s, product)
    below = Less(s, zero)
    divisor_below = Less(four, zero)
    differ = Xor(below, divisor_below)
    even = Equal(rest, zero)
    uneven = Not(even)
    fix = And(differ, uneven)
    less = Sub(quotient, one)
    floor = Where(fix, less, quotient)
    axes = Constant<value_ints = [0]>()
    end = Unsqueeze(floor, axes)
    begin = Constant<value_ints = [0]>()
    along = Constant<value_ints = [1]>()
    y = Slice(x, begin, end, along)
}
"""

POSITIONS = """
g (float[N,S] x) => (float[A,B] y, bool[C,D] mask, int64[E] count) {
    shape = Shape(x)
    one = Constant<value = int64 {1}>()
    zero = Constant<value = int64 {0}>()
    s = Gather(shape, one)
    places = Range(zero, s, one)
    axes = Constant<value_ints = [0]>()
    row = Unsqueeze(places, axes)
    after = Constant<value_ints = [1]>()
    column = Unsqueeze(places, after)
    mask = LessOrEqual(row, column)
    count = Shape(mask)
    table = ConstantOfShape(shape)
    y = Add(table, x)
}
"""

PRODUCT = """
g (float[N,3,H,W] x) => (float[A,B] y, float[C,D,E] z) {
    shape = Shape(x)
    begin = Constant<value_ints = [1]>()
    end = Constant<value_ints = [4]>()
    tail = Slice(shape, begin, end)
    total = ReduceProd<keepdims = 1>(tail)
    open = Constant<value_ints = [-1]>()
    target = Concat<axis = 0>(open, total)
    y = Reshape(x, target)
    lengths = Constant<value_ints = [1, 1, 2]>()
    n, c, size = Split(shape, lengths)
    area = ReduceProd<keepdims = 0>(size)
    axes = Constant<value_ints = [0]>()
    area1 = Unsqueeze(area, axes)
    n0 = Squeeze(n, axes)
    n1 = Unsqueeze(n0, axes)
    grid = Concat<axis = 0>(n1, c, area1)
    z = Reshape(x, grid)
}
"""

WRITTEN = """
g (float[N,C,H,W] x, float[N,C,M] other) => (float[A,B,D] y) {
    shape = Shape(x)
    of_other = Shape(other)
    start = Constant<value_ints = [0]>()
    three = Constant<value_ints = [3]>()
    base = ConstantOfShape<value = int64[1] {-1}>(three)
    two = Constant<value_ints = [2]>()
    head = Slice(shape, start, two)
    places = Constant<value = int64[2,1] {0, 1}>()
    target = ScatterND(base, places, head)
    y = Reshape(x, target)
}
"""

BRANCH = """
g (float[N,S] x) => (float[A,B] y) {
    shape = Shape(x)
    rank = Size(shape)
    two = Constant<value = int64 {2}>()
    flat = Equal(rank, two)
    y = If(flat) <
        then_branch = t () => (float[N,S] kept) { kept = Identity(x) },
        else_branch = e () => (float[Q] gone) {
            minus = Constant<value_ints = [-1]>()
            gone = Reshape(x, minus)
        }
    >
}
"""

LARGEST = """
g (float[N,S] x, float[N,T] z) => (float[A,B] y) {
    a = Shape<start = 1>(x)
    b = Shape<start = 1>(z)
    both = Concat<axis = 0>(a, b)
    longest = ReduceMax<keepdims = 1>(both)
    more = Sub(longest, a)
    none = Constant<value_ints = [0, 0, 0]>()
    pads = Concat<axis = 0>(none, more)
    y = Pad(x, pads)
}
"""

ROLLED = """
g (float[N,H,W,C] x) => (float[A,B,D,E] y) {
    h = Shape<start = 1, end = 2>(x)
    minus = Constant<value_ints = [-3]>()
    cut = Mod(minus, h)
    start = Constant<value_ints = [0]>()
    axis = Constant<value_ints = [1]>()
    head = Slice(x, start, cut, axis)
    tail = Slice(x, cut, h, axis)
    y = Concat<axis = 1>(tail, head)
}
"""

LAST = """
g (float[N,S] x) => (float[A,B] y) {
    s = Shape<start = 1>(x)
    back = Neg(s)
    far = Constant<value_ints = [9223372036854775807]>()
    axis = Constant<value_ints = [1]>()
    y = Slice(x, back, far, axis)
}
"""

COLLECTED = """
g (float[N,S] x) => (float[A,B] y, float[D,E] z) {
    s = Shape<start = 1>(x)
    axis = Constant<value_ints = [0]>()
    trips = Squeeze(s, axis)
    true = Constant<value = bool {1}>()
    none = SequenceEmpty()
    first = Constant<value_ints = [1]>()
    last, steps = Loop(trips, true, x, none) <body = b (int64 t, bool go, float[n,m] a, seq(float[n]) c)
        => (bool again, float[n,k] grown, seq(float[n]) more) {
            again = Identity(go)
            column = Gather<axis = 1>(x, t)
            wide = Unsqueeze(column, first)
            grown = Concat<axis = 1>(a, wide, wide)
            more = SequenceInsert(c, column)
        }>
    y = ConcatFromSequence<axis = 1, new_axis = 1>(steps)
    z = Identity(last)
}
"""

COUNTED = """
g (float[N,S] x) => (int64[A] y, float[B,D] z) {
    s = Shape<start = 1>(x)
    ones = ConstantOfShape<value = int64[1] {1}>(s)
    places = NonZero(ones)
    turned = Transpose<perm = [1, 0]>(places)
    axis = Constant<value_ints = [1]>()
    y = Squeeze(turned, axis)
    z = Gather<axis = 1>(x, y)
}
"""

FRAMES = """
g (float[N,T] x) => (float[A] y) {
    t = Shape<start = 1>(x)
    one = Constant<value_ints = [1]>()
    two = Constant<value_ints = [2]>()
    three = Constant<value_ints = [3]>()
    five = Constant<value_ints = [5]>()
    ten = Constant<value_ints = [10]>()
    less0 = Sub(t, ten)
    over0 = Div(less0, five)
    size0 = Add(over0, one)
    less1 = Sub(size0, three)
    over1 = Div(less1, two)
    size1 = Add(over1, one)
    less2 = Sub(size1, three)
    over2 = Div(less2, two)
    size2 = Add(over2, one)
    less3 = Sub(size2, three)
    over3 = Div(less3, two)
    size3 = Add(over3, one)
    some = Max(size3, one)
    y = ConstantOfShape(some)
}
"""

IDIOMS = {
    "frames": (FRAMES, None),
    "counted": (COUNTED, ["(S,)", "(N, S)"]),
    "rolled": (ROLLED, ["(N, H, W, C)"]),
    "last": (LAST, ["(N, S)"]),
    "collected": (COLLECTED, ["(N, S)", "(N, 3*S)"]),
    "expand": (EXPAND, ["(N, S + 1, D)"]),
    "computed-pads": (COMPUTED_PADS, None),
    "resize": (RESIZE, ["(N, 3, (3*H)//2, (3*W)//2)"]),
    "floor-division": (FLOORED, ["(N, S//4)"]),
    "positions": (POSITIONS, ["(N, S)", "(S, S)", "(2,)"]),
    "product": (PRODUCT, ["(N, 3*H*W)", "(N, 3, H*W)"]),
    "written": (WRITTEN, ["(N, C, H*W)"]),
    "branch": (BRANCH, ["(N, S)"]),
    "largest": (LARGEST, ["(N, Max(S, T))"]),
}
SIZES = [{"N": 2, "C": 3, "D": 4, "H": 16, "W": 23, "M": 6, "S": 10, "T": 7},
         {"N": 5, "C": 3, "D": 1, "H": 7, "W": 20, "M": 2, "S": 9, "T": 30}]


@pytest.mark.parametrize("name", IDIOMS)
def test_idiom(name):
    text, expected = IDIOMS[name]
    model = onnx.parser.parse_model(f"{HEADER}\n{text}")
    report = archcheck.analyze(model.SerializeToString())
    assert not report.failures
    shapes = [report.types[value.name].shape for value in model.graph.output]
    if expected is not None:
        assert [repr(shape) for shape in shapes] == expected
    for sizes in SIZES:
        for shape, seen in zip(shapes, _oracles.run(model, fed(model, sizes), only="ort"), strict=True):
            assert tuple(archcheck.evaluate(size, sizes) for size in shape) == seen.shape


def fed(model: onnx.ModelProto, sizes: dict[str, int]) -> dict[str, np.ndarray]:
    """Zeros for the inputs of ``model`` at ``sizes``."""
    shapes = {value.name: [dim.dim_value or sizes[dim.dim_param] for dim in value.type.tensor_type.shape.dim]
              for value in model.graph.input}
    return {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
