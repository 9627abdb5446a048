"""The language of claims: what its figures, examples and comparisons come to, held against numbers worked out
by hand or with numpy."""
from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archcheck.claims._compare import equals, rounds_to
from archcheck.claims._evaluate import ExpressionError, evaluate
from archcheck.claims._functions import FUNCTIONS
from archcheck.claims._networks import Networks
from archcheck.claims._parts import NotKnown
from archcheck.claims._read import _scalar, claims
from archcheck.frontends.spec._document import Document

NETWORKS = """
symbols: K F S P W
networks:
  conv5: {input: 1 x 3 x 32 x 32, layers: [conv 10 5x5 pad=2 as c1]}
  line: {input: 1 x 1 x 5, layers: [conv 1 3 pad=1 bias=no as h -> conv 1 3 pad=1 bias=no as g]}
  plain: {params: {K: , F: , S: , P: }, input: 1 x 3 x W, layers: [conv K F /S pad=P as conv]}
  branches:
    input: 1 x 4 x 8 x 8
    layers:
    - add: [conv 4 3x3 same bias=no -> relu -> conv 4 3x3 same, pass]
    - separable 8 3x3 as sep -> bn -> gap -> fc 10 as fc
  open_size: {input: 1 x 3 x H x W, layers: [conv 4 3x3 /2 as c, add input as m]}
statements: []
"""


def value(text: str) -> Any:
    return evaluate(text, Networks(claims(Document(NETWORKS.encode(), "claims.yaml"))))


FIGURES: list[tuple[str, Any]] = [
    ("params(conv5)", 10 * 76), ("weights(conv5.c1)", 750), ("biases(conv5.c1)", 10),
    ("macs(conv5.c1)", 32 * 32 * 750), ("flops(conv5)", 32 * 32 * 10 * 151), ("taps(conv5.c1)", 75),
    ("exact_macs(line.h)", 13), ("connections(line.h)", 13), ("unshared(line.h)", 15), ("reuse(line.h)", 5),
    ("field(line.h)", 3), ("field(line.g)", 5), ("start(line.g)", -2), ("stride(line.g)", 1),
    ("shape(conv5)", (1, 10, 32, 32)), ("size(conv5, 1)", 10), ("input(conv5.c1)", (1, 3, 32, 32)),
    ("elements(conv5.input)", 3072), ("height(conv5)", 32), ("width(conv5)", 32), ("channels(conv5)", 10),
    ("kernel(conv5.c1)", 5), ("pad(conv5.c1)", 2), ("filters(conv5.c1)", 10), ("groups(conv5.c1)", 1),
    ("weight_shape(conv5.c1)", (10, 3, 5, 5)), ("window_stride(alexnet.conv1)", 4),
    ("groups(alexnet.conv2)", 2),
    ("activations(conv5)", 4 * 10 * 32 * 32), ("dilation(dilated.conv1)", 1), ("local_field(line.g)", 5),
    ("narrowest_field(branches.add1)", 1), ('params(layer(conv5, "c1"))', 760),
    ("memory(conv5)", 4 * (10 + 3) * 32 * 32),
    ("layers(branches)", 5), ("depth(branches)", 5), ("shortest(branches)", 3), ("chain(branches)", False),
    ('count(branches, "conv")', 4), ('count(branches, "depthwise")', 1), ('count(branches, "add")', 1),
    ('has(branches, "bn")', True), ('has(conv5, "pool")', False), ('kernels(branches, "conv")', (1, 3)),
    ('sum_of(branches, "params", "fc")', 90), ('largest(branches, "params")', 9 * 16 + 4),
    ('count(vgg16, "conv")', 13), ('count(vgg16, "fc")', 3), ('parts(googlenet, "inception")', 9),
    ("depth(googlenet)", 22), ("depth(resnet152)", 152), ("stages(vgg16)", (2, 2, 3, 3, 3)),
    ("params(mobilenet_v1[width=0.5])", 1331592), ("params(mobilenet_v1[full=yes])", 29294088),
    ("params(mobilenet_v1[full=no])", 4231976), ("shape(vgg16[H=256, W=320].maxpool5)", (1, 512, 8, 10)),
    ("size(plain.conv, 2) == (W - F + 2*P)//S + 1", True), ("params(plain) == K*(3*F + 1)", True),
    ("params(plain) == K*3*F", False), ("same(vgg16.conv3.2, vgg16.conv3.3)", True),
    ("same(vgg16.conv3.1, vgg16.conv3.2)", False), ("fails(open_size)", True), ("fails(conv5)", False),
]


@pytest.mark.parametrize(("text", "truth"), FIGURES, ids=[text for text, _ in FIGURES])
def test_figures(text: str, truth: Any) -> None:
    assert value(text) == truth


PATTERNS = [
    ("alexnet", "[[CONV -> RELU]* -> POOL]*3 -> [FC -> RELU]*2 -> FC", True),
    ("alexnet", "[[CONV -> RELU]*1 -> POOL]*3 -> [FC -> RELU]*2 -> FC", False),
    ("alexnet", "[[CONV -> RELU]*1..3 -> POOL?]*5 -> [FC -> RELU]*2 -> FC", True),
    ("alexnet", "[[CONV -> RELU]*1..3 -> POOL?]*6..9 -> [FC -> RELU]*2 -> FC", False),
    ("alexnet", "INPUT (CONV-RELU-LRN-POOL)*2-(CONV-RELU)*3, POOL, (FC-RELU-DROPOUT)*2, FC, SOFTMAX", True),
    ("vgg16", "[[CONV -> ACT]*2..3 -> POOL]*5 -> [FC -> ACT]*2 -> FC -> SOFTMAX", True),
    ("vgg16", "[[CONV -> ACT]*2..3 -> POOL]*5 -> [FC -> ACT]*2 -> FC", True),
    ("vgg16", "[[CONV -> ACT]*2..3 -> POOL]*5 -> [FC -> ACT]*3", False),
    ("resnet50", "[CONV -> BN?]* -> FC", False)]


@pytest.mark.parametrize(("network", "pattern", "truth"), PATTERNS)
def test_patterns(network: str, pattern: str, truth: bool) -> None:
    assert value(f'matches({network}, "{pattern}")') is truth


def test_transcendental_functions() -> None:
    for text, truth in [("ln(exp(2))", 2), ("acos(0.5)", 60), ("sigmoid(0)", 0.5),
    ("at(softmax([0, 1]), 1)", 0.7310586)]:
        assert value(text) == pytest.approx(truth)


EXPRESSIONS: list[tuple[str, Any]] = [
    ("2^10 - 7/2", Fraction(2041, 2)), ("-2^2", -4), ("7//2 + 7%4", 6), ("1.5e3", 1500),
    ("0.1 + 0.2 == 0.3", True),
    ("not 1 == 2 and 2 > 1", True), ("1 > 2 or 3 >= 3", True), ("[1, 2]*2 + [1, 1] == [3, 5]", True),
    ("[1, [2, 3]] != [1, [2, 4]]", True), ('"a" == "a"', True),
    ("sum([1, [2, 3]]) + max(4, 2) + min([5, 1])", 11),
    ("prod([2, 3])*len([1, 1, 1])", 18), ("floor(7/2) + ceil(7/2) + round(5/2)", 10),
    ("round(2/3, 2)", Fraction("0.67")),
    ("sqrt(49) + log2(8) + abs(-1)", 11), ("at([1, 2, 3], -1)", 3), ("slice([1, 2, 3], 0, 2)", (1, 2)),
    ("relu([-1, 2])", (0, 2)), ("step([1, 1], [1, 1], 2)", 1), ("step([1, 0], [1, 1], 2)", 0),
    ("onehot(1, 3)", (0, 1, 0)), ("dot([1, 2], [3, 4])", 11), ("matmul([[1, 2], [3, 4]], [5, 6])", (17, 39)),
    ("matmul([[1, 2], [3, 4]], [[1, 0], [0, 1]])", ((1, 2), (3, 4))), ("rotate([[1, 2], [3, 4]])", ((2, 4),
    (1, 3))),
    ("flip([[1, 2], [3, 4]])", ((4, 3), (2, 1))), ("transpose([[1, 2], [3, 4]])", ((1, 3), (2, 4))),
    ("shift([1, 2, 3], 1)", (0, 1, 2)), ("shift([1, 2, 3], -1)", (2, 3, 0)), ("shift([1, 2], 5)", (0, 0)),
    ("changed([1, [2, 3]], [1, [0, 3]])", 1), ("toeplitz([1, 2, 3], 3, 1)", ((2, 3, 0), (1, 2, 3),
    (0, 1, 2))),
    ("maxpool([1.2, 0.2, 0.3, 1.5, 0.8], 3, 1, 1) == [1.2, 1.2, 1.5, 1.5, 1.5]", True),
    ("maxpool([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]], 2, 2)", ((6, 8), (3, 4))),
    ("avgpool([[1, 2], [3, 5]], 2, 2)", ((Fraction(11, 4),),)), ("sum(softmax([1, 1])) == 1", True),
    ("near([1, 1/3], [1, 0.3333333])", True), ("near([1, 1/3], [1, 0.333])", False),
    ("near([1], [1, 1])", False),
    ("random([2, 2], 1) == random([2, 2], 1)", True), ("random([2, 2], 1) == random([2, 2], 2)", False),
    ("len(random(400))", 400), ("[min(random(400)), max(random(400))]", (-9, 9)),
    ("conv2d([[[1, 2], [3, 4]], [[5, 6], [7, 8]]], [[[[1]], [[2]]], [[[0]], [[1]]]], [1, 0])",
     (((12, 15), (18, 21)), ((5, 6), (7, 8)))),
]


@pytest.mark.parametrize(("text", "truth"), EXPRESSIONS, ids=[text for text, _ in EXPRESSIONS])
def test_numbers_and_lists(text: str, truth: Any) -> None:
    assert value(text) == truth


@settings(deadline=None)
def matrices(rows: int, columns: int) -> st.SearchStrategy[list[list[int]]]:
    row = st.lists(st.integers(-9, 9), min_size=columns, max_size=columns)
    return st.lists(row, min_size=rows, max_size=rows)


@settings(deadline=None)
@given(matrices(5, 6), st.tuples(st.integers(1, 3), st.integers(1, 3)).flatmap(lambda size: matrices(*size)),
       st.integers(0, 2), st.integers(1, 3), st.integers(1, 2))
def test_correlation_is_numpys(x: Any, w: Any, pad: int, stride: int, dilation: int) -> None:
    padded, kernel = numpy.pad(numpy.array(x), pad), numpy.array(w)
    spans = [dilation * (size - 1) + 1 for size in kernel.shape]
    windows = numpy.lib.stride_tricks.sliding_window_view(padded, spans)
    windows = windows[::stride, ::stride, ::dilation, ::dilation]
    truth = (windows * kernel).sum(axis=(2, 3)).tolist()
    assert value(f"correlate({x}, {w}, {pad}, {stride}, {dilation})") == tuple(map(tuple, truth))
    flipped = kernel[::-1, ::-1].tolist()
    assert value(f"convolve({x}, {flipped}, {pad}) == correlate({x}, {w}, {pad})") is True


MISTAKES = [
    ("params(vgg166)", "did you mean vgg16?"), ("params(conv5.c2)", "the first are c1"),
    ("parms(vgg16)", "did you mean params?"), ("params(3)", "takes a network"),
    ("conv5 + 1", "take a figure"),
    ('count(conv5, "cnov")', "did you mean 'conv'?"), ("params(vgg16[Q=3])", "no size or parameter called Q"),
    ("1/0", "divides by zero"), ("not 3", "neither true nor false"), ("[1, 2] + [1]", "do not go together"),
    ("9^99", "powers"), ("onehot(0, 10000000)", "whole number"), ("maxpool([1, 2], 1, 0)", "a stride"),
    ("toeplitz([1], 1000)", "at most"), ("[1, 2", "not closed"), ("vgg16[3]", "a parameter is set here"),
    ("stages(resnet50)", "no stages"), ("taps(vgg16)", "should be one"),
    ('matches(vgg16, "[CONV")', "not closed"),
    ('matches(vgg16, "' + "[" * 60 + '")', "brackets"), ("kernel(vgg16)", "windows"),
    ("size(conv5, 9)", "size(x, axis)"),
    ("[1, 2] < 3", "compares numbers"), ("+".join(["1"] * 900), "too long a chain"),
    ("(" * 60 + "1", "nests deeper")]


@pytest.mark.parametrize(("text", "message"), MISTAKES)
def test_mistakes_are_told(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        value(text)
    assert message in caught.value.reason


@pytest.mark.parametrize("text", [
    "shape(open_size.m) == 3", "macs(open_size) == 3", "K < 3", "macs(open_size.m)"])
def test_what_is_not_known_is_no_verdict(text: str) -> None:
    with pytest.raises(NotKnown):
        value(text)


def test_repeated_patterns_of_nothing_end() -> None:
    assert value('matches(conv5, "((INPUT*999999999)*999999999)*999999999 -> CONV")') is True


# ------------------------------------------------------------------------------------------------ rounding
ROUNDED: list[tuple[str, Any, str, bool]] = [
    ("60M", 60_965_224, "nearest", False), ("60M", 60_965_224, "down", True),
    ("61e6", 60_965_224, "nearest", True),
    ("138M", 138_357_544, "nearest", True), ("140M", 138_357_544, "nearest", False),
    ("1.4e8", 138_357_544, "nearest", True),
    ("60000", 60_001, "nearest", False), ("6e4", 61_706, "nearest", True),
    ("96.17%", Fraction(961665, 10000), "nearest", True),
    ("44.9", 100 - Fraction(2700, 49), "nearest", True), ("45", 100 - Fraction(2700, 49), "nearest", True),
    ("2", Fraction(5, 2), "nearest", True), ("3", Fraction(5, 2), "nearest", True),
    ("4", Fraction(5, 2), "nearest", False),
    ("3", Fraction(7, 2), "nearest", False), ("3", Fraction(5, 2), "up", True),
    ("-2", Fraction(-5, 2), "down", True),
    ("0.27", 0.2689414213, "nearest", True), ("1,000", 1000, "nearest", True),
    ("10^12", 10**12, "nearest", True)]


@pytest.mark.parametrize(("text", "number", "rounding", "truth"), ROUNDED)
def test_rounding_to_the_digits_that_are_printed(text: str, number: Any, rounding: str, truth: bool) -> None:
    assert rounds_to(number, _scalar(text, False), rounding) is truth


@given(st.integers(-10**9, 10**9), st.integers(0, 6))
def test_pythons_own_rounding_is_one(number: int, digits: int) -> None:
    rounded = round(number, -digits)
    printed = _scalar(f"{rounded // 10**digits}e{digits}", False)
    assert rounds_to(number, printed)
    assert rounds_to(number, printed._replace(value=printed.value + printed.unit)) is (
        2 * (number - rounded) == 10**digits and (rounded // 10**digits) % 2 == 0)


def test_truth_values_are_no_numbers() -> None:
    assert not equals(True, 1)
    assert not equals(1, True)
    assert equals((1, (2.5,)), (1, (Fraction(5, 2),)))
    assert not rounds_to(True, _scalar("1", False))


def test_every_function_is_tested() -> None:
    tested = Path(__file__).read_text(encoding="utf-8")
    shipped = "".join(path.read_text(encoding="utf-8")
                      for path in (Path(__file__).parents[1] / "specs").rglob("*.yaml"))
    assert not [name for name in FUNCTIONS if f"{name}(" not in tested + shipped]
