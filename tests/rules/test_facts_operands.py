"""Stored tensors at the nodes that compute with them."""
from __future__ import annotations

import pytest

from archcheck.ops._op import ALL, Along
from archcheck.rules import _operands
from archcheck.rules._operands import computed_with, kernels, meets_data, operand, output_axis
from tests.rules._sites import case, site


def called(text: str, name: str = "y", position: int = 1):
    """The stored tensor that the node of ``name`` reads at ``position``, and how its axes are read."""
    found = operand(site(case(text), name), position)
    return found and (found.name, found.axes)


# ---------------------------------------------------------------------------------- through views and casts
@pytest.mark.parametrize(("nodes", "wanted"), [
    ("y = MatMul (x, w)", ("w", (0, 1))),
    ("t = Transpose <perm = [1, 0]> (v) y = MatMul (x, t)", ("v", (1, 0))),
    ("h = Cast <to = 10> (w) f = Cast <to = 1> (h) y = MatMul (x, f)", ("w", (0, 1))),
    ("t = Transpose <perm = [1, 0, 2]> (cube) f = Flatten <axis = 1> (t) y = MatMul (x, f)",
     ("cube", (None, 0, None))),
    ("t = Transpose <perm = [1, 0, 2]> (wide) s = Squeeze (t, two) y = MatMul (x, s)",
     ("wide", (1, 0, None))),
    ("c = Constant <value = float[4, 1] {1, 2, 3, 4}> () y = MatMul (x, c)", ("c", (0, 1))),
    ("e = Exp (w) y = MatMul (x, e)", None),
    ("r = Relu (x) t = Transpose <perm = [1, 0]> (r) y = MatMul (x, t)", None),
    ("r = RandomNormal <shape = [4, 2]> () y = MatMul (x, r)", None),
    ("y = MatMul (x, z)", None),
])
def test_a_stored_tensor_is_found_behind_views_and_casts(nodes, wanted):
    text = f"""g (float[N, 4] x, float[4, M] z) => (y) <float[4, 2] w = {{1, 2, 3, 4, 5, 6, 7, 8}},
    float[2, 4] v = {{1, 2, 3, 4, 5, 6, 7, 8}}, float[2, 4, 2] cube = {{1, 2, 3, 4, 5, 6, 7, 8,
    1, 2, 3, 4, 5, 6, 7, 8}}, float[2, 4, 1] wide = {{1, 2, 3, 4, 5, 6, 7, 8}},
    int64[1] two = {{2}}> {{ {nodes} }}"""
    assert called(text) == wanted


def test_where_shapes_are_not_known_axes_are_not():
    text = """g (float[N, 4] x, int64[2] s) => (y) <float[4, 2] w = {1, 2, 3, 4, 5, 6, 7, 8}> {
        r = Reshape (w, s) y = MatMul (x, r)
    }"""
    assert called(text) == ("w", (None, None))
    found = operand(site(case(text), "y"), 1)
    assert found.readers == (None, None)


@pytest.mark.parametrize(("hops", "wanted"), [(16, True), (17, False)])
def test_so_many_views_are_followed(hops, wanted):
    casts = " ".join(f"c{k + 1} = Cast <to = 1> (c{k})" for k in range(hops))
    text = f"g (float[N, 2] x) => (y) <float[2, 1] c0 = {{1, 2}}> {{ {casts} y = MatMul (x, c{hops}) }}"
    assert (called(text) is not None) == wanted


def test_how_a_node_reads_the_axes_of_a_stored_tensor():
    text = """g (float[N, 4] x) => (y) <float[2, 4] v = {1, 2, 3, 4, 5, 6, 7, 8}> {
        t = Transpose <perm = [1, 0]> (v) y = MatMul (x, t)
    }"""
    assert operand(site(case(text), "y"), 1).readers == (Along(1), ALL)


# ---------------------------------------------------------------------------------- which compute
@pytest.mark.parametrize(("node", "names"), [
    ("Gather (table, several)", ["table"]),
    ("Gather (row, several)", []),                                # a list of numbers
    ("Gather (table, one)", []),                                  # one row: a part that is cut out
    ("Gather (table, fixed)", []),
    ("MatMul (x, table)", ["table"]),
    ("Gemm (x, table, row)", ["table", "row"]),
    ("Gemm (x, table) z = Gemm (x, table, row)", ["table", "table", "row"]),
    ("Add (x, row)", []),
    ("LayerNormalization (x, row, row)", ["row", "row"]),
])
def test_what_computes_with_weights(node, names):
    text = f"""g (float[N, 2] x, int64[K] several, int64 one) => (y)
    <float[2, 2] table = {{1, 2, 3, 4}}, float[2] row = {{1, 2}}, int64[2] fixed = {{0, 1}}>
    {{ y = {node} }}"""
    assert [found.name for found in computed_with(case(text))] == names


@pytest.mark.parametrize(("nodes", "names"), [
    ("y = MatMul (x, w)", ["w"]),
    ("y = MatMul (x, row)", []),                                  # a vector
    ("y = MatMul (w, v)", []),                                    # either may be what a loop begins with
    ("e = Exp (v) y = MatMul (e, w)", ["w"]),
    ("y = Conv (image, filters)", ["filters"]),
    ('y = Conv (stored, filters, "")', []),
    ("y = Mul (x, w)", []),
    ('y, h = RNN <hidden_size = 2> (steps, inner, outer, "", "", first)', ["inner", "outer"]),
])
def test_matrices_and_filters_are_summed_over(nodes, names):
    text = f"""g (float[2, 2] x, float[N, 1, 4] image, float[S, B, 2] steps) => (y)
    <float[2, 2] w = {{1, 2, 3, 4}}, float[2, 2] v = {{4, 3, 2, 1}}, float[2] row = {{1, 2}},
    float[1, 1, 2] filters = {{1, 2}}, float[1, 1, 4] stored = {{1, 2, 3, 4}},
    float[1, 2, 2] inner = {{1, 2, 3, 4}}, float[1, 2, 2] outer = {{1, 2, 3, 5}},
    float[1, 2, 2] first = {{1, 2, 3, 6}}> {{ {nodes} }}"""
    assert [found.name for found, _ in kernels(case(text, weights=True))] == names


@pytest.mark.parametrize(("nodes", "wanted"), [
    ("y = MatMul (x, w)", True), ("e = Exp (v) y = MatMul (e, w)", False),
    ("""t = Constant <value_int = 3> ()
        y = Loop (t, "", x) <body = b (int64 i, bool c, float[2, 2] s) => (bool d, float[2, 2] n) {
        d = Identity (c) n = MatMul (s, w) }>""", True)])
def test_what_multiplies_data(nodes, wanted):
    text = f"""g (float[2, 2] x) => (y)
    <float[2, 2] w = {{1, 2, 3, 4}}, float[2, 2] v = {{4, 3, 2, 1}}> {{ {nodes} }}"""
    judged = case(text)
    one = next(found for found in computed_with(judged) if found.name == "w")
    assert meets_data(judged, one) == wanted


# ---------------------------------------------------------------------------------- output channels
@pytest.mark.parametrize(("node", "position", "axis"), [
    ("Conv (image, filters)", 1, 0), ("ConvTranspose (image, filters)", 1, 1),
    ("MatMul (x, matrix)", 1, 1), ("Gemm (x, matrix)", 1, 1), ("Gemm <transB = 1> (x, matrix)", 1, 0),
    ("MatMul (matrix, x)", 0, 0),
    ("MatMul (batch, stack)", 1, 2),                              # not the axis that both have
    ('Einsum <equation = "bk,knb,n->bn"> (x, stack, row)', 1, 1),
    ('Einsum <equation = "bk,kb->b"> (x, matrix)', 1, 1),         # there is no other
    ("MatMul (x, row)", 1, None),
])
def test_the_axis_of_the_output_channels(node, position, axis):
    """Channels are what a tensor's axis gives the result, and nothing else does."""
    text = f"""g (float[2, 2] x, float[2, 2, 2] batch, float[N, 2, 4] image) => (y)
    <float[2, 2] matrix = {{1, 2, 3, 4}}, float[2, 2, 2] stack = {{1, 2, 3, 4, 5, 6, 7, 8}},
    float[2, 2, 2] filters = {{1, 2, 3, 4, 5, 6, 7, 8}}, float[2] row = {{1, 2}}> {{ y = {node} }}"""
    assert output_axis(operand(site(case(text), "y"), position)) == axis


def test_masks_that_are_added_are_no_weights():
    text = """g (float[B, S, 8] q) => (y) <float[2, 2] bias = {1, 2, 3, 4}> {
        y = com.microsoft.MultiHeadAttention <num_heads = 2> (q, q, q, "", "", bias)
    }"""
    assert "bias" not in [found.name for found in computed_with(case(text))]


def test_the_cast_before_a_node():
    text = """g (float[N, 4] x) => (y) <int64[2] s = {-1, 2}> {
        c = Cast <to = 10> (x) r = Reshape (c, s) t = Transpose (r) y = Relu (t) z = Exp (y)
    }"""
    judged = case(text)
    found = _operands.cast_before(site(judged, "y"))
    assert found is not None and found.node.outputs == ("c",)
    assert _operands.cast_before(site(judged, "z")) is None
    assert _operands.cast_before(site(judged, "c")) is None
