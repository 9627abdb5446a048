"""Branches, loops and sequences: bodies in ONNX's text form, run by ONNX Runtime."""
import numpy as np
from onnx import parser

from tests.ops._rows import row, rows_test

TRUE, FALSE = np.array(True), np.array(False)
THREE, MANY = np.array(3), np.array(1000)


def body(text: str):
    """A body as ``(inputs) => (outputs) { nodes }``."""
    return parser.parse_graph(f"body {text}")


KEEP = body("() => (float[N,M] y) { y = Identity(x1) }")
DOUBLE = body("() => (float[N,M] y) { two = Constant<value = float {2.0}>()  y = Mul(x1, two) }")
TAKE = body("() => (float[N,K] y) { y = Relu(x2) }")
FLAT = body("() => (float[N] y) { axes = Constant<value_ints = [1]>()  y = ReduceSum<keepdims = 0>(x1, axes) }")
BRANCHES = {"around": ["float32[N,M]"]}

COUNT = "(int64 trip, bool go, float[n,m] s)"
ADD_ONE = body(f"{COUNT} => (bool again, float[n,m] t, float[n,m] u)"
               "{ again = Identity(go)  t = Add(s, s)  u = Relu(t) }")
GROW = body(f"{COUNT} => (bool again, float[k,m] t, int64[2] u)"
            "{ again = Identity(go)  t = Concat<axis = 0>(s, s)  u = Shape(t) }")
GATHERED = body("(int64 trip, bool go, float[n] s) => (bool again, float[k] t)"
                "{ again = Identity(go)  kept = NonZero(s)  zero = Constant<value_ints = [0]>()"
                "  row = Squeeze(kept, zero)  t = Gather(s, row) }")
UNTIL_TWO = body("(int64 trip, bool go, int64 s) => (bool again, int64 t, int64 u)"
                 "{ one = Constant<value_int = 1>()  two = Constant<value_int = 2>()"
                 "  t = Add(s, one)  again = Less(t, two)  u = Identity(t) }")
WHILE_SUM = body("(int64 trip, bool go, float[n] s) => (bool again, float[n] t, float[n] u)"
                 "{ t = Add(s, s)  total = ReduceSum<keepdims = 0>(t)  big = Constant<value = float {100.0}>()"
                 "  again = Less(total, big)  u = Identity(t) }")
COLLECT = body("(int64 trip, bool go, seq(float[k]) s) => (bool again, seq(float[k]) t)"
               "{ again = Identity(go)  t = SequenceInsert(s, x3) }")

SCANNED = body("(float[m] s, float[m] x) => (float[m] t, float[m] u) { t = Add(s, x)  u = Mul(t, x) }")
COLUMNS = body("(float[n] x, float[n] y) => (float[n] u, float[k] v)"
               "{ u = Add(x, y)  v = Concat<axis = 0>(x, y) }")

MAPPED = body("(float[n,m] x) => (float[m,n] y) { y = Transpose(x) }")
MAPPED_WITH = body("(float[n,m] x, float[m] w) => (float[n,m] y, int64[2] s) { y = Add(x, w)  s = Shape(x) }")

ROWS = [
    row("If", TRUE, **BRANCHES, then_branch=KEEP, else_branch=FLAT, out="float32[N, M]"),
    row("If", FALSE, **BRANCHES, then_branch=KEEP, else_branch=FLAT, out="float32[N]"),
    row("If", "bool[]", **BRANCHES, then_branch=KEEP, else_branch=DOUBLE, out="float32[N, M]"),
    row("If", "bool[]", **BRANCHES, then_branch=KEEP, else_branch=FLAT, out="float32"),
    row("If", "bool[]", around=["float32[N,M]", "float32[N,K]"], then_branch=KEEP, else_branch=TAKE,
        out="float32[N, ?]"),
    row("If", "bool[1]", **BRANCHES, then_branch=KEEP, else_branch=DOUBLE, opset=7, out="float32[N, M]"),
    row("Loop", THREE, TRUE, "float32[N,M]", body=ADD_ONE, out=["float32[N, M]", "float32[3, N, M]"]),
    row("Loop", THREE, None, "float32[N,M]", body=ADD_ONE, opset=11, out=["float32[N, M]", "float32[3, N, M]"]),
    row("Loop", THREE, TRUE, "float32[N,M]", body=GROW, out=["float32[8*N, M]", "int64[3, 2]"]),
    row("Loop", THREE, FALSE, "float32[N,M]", body=GROW, out=["float32[N, M]", "int64[0, ?]"]),
    row("Loop", MANY, FALSE, "float32[N,M]", body=ADD_ONE, out=["float32[N, M]", "float32[0, ?, ?]"]),
    row("Loop", MANY, TRUE, "float32[N,M]", body=ADD_ONE, out=["float32[N, M]", "float32[1000, N, M]"]),
    row("Loop", "int64[]", TRUE, "float32[N,M]", body=ADD_ONE, data={0: THREE},
        out=["float32[N, M]", "float32[?, N, M]"]),
    row("Loop", "int64[]", TRUE, "float32[N,M]", body=GROW, data={0: THREE}, out=["float32[?, M]", "int64[?, 2]"]),
    row("Loop", THREE, "bool[]", "float32[N,M]", body=ADD_ONE, data={1: TRUE},
        out=["float32[N, M]", "float32[?, N, M]"]),
    row("Loop", THREE, TRUE, "float32[N]", body=GATHERED, out="float32[?]"),
    row("Loop", None, TRUE, np.array(0), body=UNTIL_TWO, out=["int64[]", "int64[2]"]),
    row("Loop", "int64[]", TRUE, np.array(0), body=UNTIL_TWO, data={0: np.array(1)}, out=["int64[]", "int64[?]"]),
    row("Loop", None, TRUE, "float32[N]", body=WHILE_SUM, data={2: np.array([3, 4], np.float32)}, at=[{"N": 2}],
        out=["float32[N]", "float32[?, N]"]),
    row("Loop", THREE, TRUE, "seq(float32)[N]", around=["float32[N]"], body=COLLECT, out="seq(float32)[N]"),
    row("Loop", "int64[]", TRUE, "seq(float32)[N]", around=["float32[M]"], body=COLLECT, data={0: THREE},
        out="seq(float32)[?]"),
    row("Scan", "float32[M]", "float32[T,M]", body=SCANNED, num_scan_inputs=1, out=["float32[M]", "float32[T, M]"],
        at={"T": 4}),
    row("Scan", "float32[M]", "float32[M,T]", body=SCANNED, num_scan_inputs=1, scan_input_axes=[1],
        scan_output_axes=[-1], scan_input_directions=[1], out=["float32[M]", "float32[M, T]"], at={"T": 4}),
    row("Scan", "float32[T,N]", "float32[N,T]", body=COLUMNS, num_scan_inputs=2, scan_input_axes=[0, 1],
        scan_output_axes=[1, 0], scan_output_directions=[1, 0], out=["float32[N, T]", "float32[T, 2*N]"]),
    row("Scan", "float32[T,N]", "float32[T + 1,N]", body=COLUMNS, num_scan_inputs=2, out=["?", "?"],
        fails="the scan inputs have T and T \\+ 1 slices"),
    row("Scan", None, "float32[B,M]", "float32[B,T,M]", body=SCANNED, num_scan_inputs=1, opset=8, at={"T": 4},
        out=["float32[B, M]", "float32[B, T, M]"]),
    row("SequenceMap", "seq(float32)[N,M]", body=MAPPED, out="seq(float32)[M, N]"),
    row("SequenceMap", "seq(float32)[N,M]", "float32[M]", body=MAPPED_WITH,
        out=["seq(float32)[N, M]", "seq(int64)[2]"]),
    row("SequenceMap", "seq(float32)[N,M]", "seq(float32)[M]", body=MAPPED_WITH,
        out=["seq(float32)[N, M]", "seq(int64)[2]"]),
]
test_rows = rows_test(ROWS)
