"""Where shapes begin not to be known, and why nodes do not fit."""
from __future__ import annotations

import pytest

from archcheck.rules._failures import misfits
from archcheck.rules._unresolved import unresolved
from tests.rules._judged import found
from tests.rules._sites import case


# ---------------------------------------------------------------------------------- not known
def test_each_cause_counts_what_has_its_size():
    """The product has both sizes, and counts for the first; its columns are the second's alone."""
    text = """g (float[N, 4] x, float[M, 4] z) => (y) {
        i = NonZero (x) j = NonZero (z) t = Transpose (i) m = MatMul (t, j)
        y = ReduceMax <axes = [0], keepdims = 0> (m)
    }"""
    assert [(one.site.node.name, one.counted, one.behind) for one in unresolved(case(text))] == [
        ("NonZero_0", True, 2), ("NonZero_1", True, 1)]


@pytest.mark.parametrize(("nodes", "reason"), [
    ("""y = If (c) <then_branch = t () => (a) { a = Relu (x) },
        else_branch = e () => (b) { b = ReduceSum <keepdims = 0> (x) }>""", "its inputs do not decide it"),
    ("y = Reshape (x, k)", "the target shape is not known"), ("y = NonZero (x)", "depends on the data")])
def test_why_a_shape_is_not_known(nodes, reason):
    (one,) = unresolved(case(f"g (float[N, 4] x, bool c, int64[K] k) => (y) {{ {nodes} }}"))
    assert one.reason == reason


# ---------------------------------------------------------------------------------- TopK
@pytest.mark.parametrize(("shape", "k", "attrs", "wanted"), [
    ("5, 4", "int64[1] k = {6}", "", (6, 4)), ("5, 4", "int64[1] k = {5}", "", (5, 4)),
    ("5, 4", "int64[1] k = {6}", "<axis = 0>", (6, 5)), ("5, 4", "int64[1] k = {6}", "<axis = -2>", (6, 5)),
    ("5, 4", "int64[1] k = {6}", "<axis = 1>", (6, 4)),
    ("5", "int64[1] k = {6}", "<axis = 1>", None), ("5", "int64[1] k = {6}", "<axis = -2>", None),
    ("5, 4", "int64[2] k = {9, 4}", "<axis = 3>", None)])
def test_more_than_there_are(shape, k, attrs, wanted):
    judged = case(f"g (float[{shape}] x) => (v, i) <{k}> {{ v, i = TopK {attrs} (x, k) }}")
    assert judged.report.failures
    assert [one.facts for one in misfits(judged) if one.code == "SHP108"] == [wanted] * bool(wanted)


def test_how_many_are_wanted_is_not_known():
    assert not misfits(case("g (float[5] x, int64[1] k) => (v, i) { v, i = TopK <axis = 3> (x, k) }"))


def test_how_many_was_an_attribute_once():
    from onnx import parser
    (one,) = found(parser.parse_model('<ir_version: 6, opset_import: ["" : 9]>\n'
                                      "g (float[N, 4] x) => (v, i) { v, i = TopK <k = 5> (x) }"), "SHP108")
    assert one.facts == {"k": 5, "size": "4"}


# ---------------------------------------------------------------------------------- joins
WAYS = {
    "a skip of a vector of channels": ("ARC009", """input: N x 64
layers:
- fc 32 -> add input
"""),
    "a skip of a list": ("ONX009", """input: 64
layers:
- Gather int64:[0, 1] -> add input
"""),
    "nothing is shrunk": ("ONX009", """input: N x 3 x 63 x 63
layers:
- conv 8 3x3 as a
- from input -> conv 8 5x5 -> concat a
"""),
    "two strides": ("ONX009", """input: N x 3 x 65 x 65
layers:
- conv 8 3x3 same as x0
- from input -> maxpool 3x3 /2 pad=1 -> concat x0
"""),
    "two inputs": ("ONX009", """inputs: {a: N x 3 x 65 x 65, b: N x 3 x 68 x 68}
layers:
- from a -> maxpool 2x2 as p
- from b -> maxpool 2x2 -> concat p
"""),
    "three maps": ("GEO008", """input: N x 3 x 65 x 65
layers:
- relu as x0
- maxpool 2x2 -> upsample 2 as x1
- from x0 -> sigmoid as x2
- from x1 -> concat x0 x2
"""),
    "three maps, the first and the second alike": ("GEO008", """input: N x 3 x 65 x 65
layers:
- relu as x0
- maxpool 2x2 -> upsample 2 as x1
- from x0 -> sigmoid -> concat x0 x1
"""),
    "another number of axes": ("ONX009", """inputs: {a: N x 8 x 6, b: N x 8 x 4 x 6}
layers:
- from a -> concat b
"""),
    "a window alone": ("GEO005", """input: N x 3 x 4 x 4
layers:
- conv 8 5x5
"""),
    "an input alone": ("ONX009", """input: N x 8
layers:
- Concat axis=4
"""),
    "one size": ("ONX009", """input: N x 3 x 64 x 64
layers:
- maxpool 2x2 -> upsample 2 as x1
- from input -> conv 3 3x3 -> concat x1
"""),
    "one size is free": ("GEO008", """input: N x 3 x H x 65
layers:
- relu as x0
- maxpool 2x2 -> upsample 2 -> concat x0
"""),
}


@pytest.mark.parametrize("name", WAYS)
def test_each_misfit_is_explained_by_one_rule(name):
    code, text = WAYS[name]
    errors = [one.code for one in found(text, "SHP", "GEO", "ARC", "ONX") if one.severity == "error"]
    assert errors == [code]


# ---------------------------------------------------------------------------------- heads
HEADS = "y = Attention <q_num_heads = 2, kv_num_heads = 2> (%s)"


@pytest.mark.parametrize(("inputs", "read", "wanted"), [
    ("float[1, 5, 9] q", "q, q, q", [(9, 2)]), ("float[1, 5, 8] q", "q, q, q", []),
    ("float[1, 5, 8] q, float[1, 6, 8] k, float[1, 7, 8] v", "q, k, v", []),
    ("float[1, 5, 8] q, float[1, 6, 8] k, float[1, 6, 7] v", "q, k, v", [(7, 2)]),
    ("float[1, 5, D] q, float[1, 6, 8] k, float[1, 7, 8] v", "q, k, v", []),
    ("float[1, 5, 8] q, float[1, 6, 8] k, float[1, 7, 8] v, float[2, 5, 7] m", "q, k, v, m", []),
    ("float[1, 2, 5, 7] q, float[1, 2, 5, 6] k", "q, k, k", [])])
def test_channels_that_heads_do_not_divide(inputs, read, wanted):
    from onnx import parser

    import archcheck
    from archcheck.rules._case import Case
    head = '<ir_version: 10, opset_import: ["" : 23]>'
    model = parser.parse_model(f"{head}\ng ({inputs}) => (y) {{ {HEADS % read} }}")
    judged = Case(archcheck.analyze(model), archcheck.Settings())
    assert [one.facts for one in misfits(judged)] == wanted
