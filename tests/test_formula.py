"""Formulas: as numpy functions, as code and LaTeX that is run, how they grow, and what the command shows.

What a random formula should be is known from plain integer arithmetic on the expression it was made from;
what those of real networks should be, from what ran.
"""
from __future__ import annotations

import contextlib
import ctypes
import functools
import itertools
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, parser

import archcheck
from archcheck.analyses.formulas import Figure, figure
from archcheck.analyses.growth import NoPolynomial, at, growth, unrounded
from archcheck.dims import Dim, Size, bcast, counted, evaluate, maximum, minimum, symbol, symbols, unknown
from archcheck.functions import Function, NotComputable
from archcheck.report import Report
from archcheck.reporters.formula import grouped
from archcheck.reporters.languages import c99, latex, python
from archcheck.reporters.text import Script
from tests.test_cli import ends
from tests.test_corpus import NETWORKS, at_runs, report, truth
from tests.test_dims import (
    EXPRESSIONS,
    IN_PYTHON,
    NAMES,
    ON_INTS,
    SEEDS,
    Undefined,
    broadcast,
    calculate,
    expressions,
    size_of,
    truths,
)

H, W, N, S = map(symbol, "HWNS")
ORDER = {name: name for name in NAMES}


def net(shape: str = "N,3,H,W") -> archcheck.Graph:
    """A convolution of 3 x 3 with stride 2, 3 to 8 channels, and an operator that nobody knows."""
    model = parser.parse_model(f'''<ir_version: 9, opset_import: ["" : 18, "com.acme" : 1]>
        net (float[{shape}] image) => (float[a,b,c,d] y, float z) <float[8,3,3,3] k> {{
            y = Conv<strides=[2,2], pads=[1,1,1,1]>(image, k)
            [odd] z = com.acme.Mystery(y)
        }}''')
    model.graph.initializer.append(helper.make_tensor("k", TensorProto.FLOAT, (8, 3, 3, 3), [0.5] * 216))
    return archcheck.load(model)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with a convolution of 3 x 3 with stride 2 alone."""
    model = parser.parse_model('''<ir_version: 9, opset_import: ["" : 18]>
        net (float[N,3,H,W] image) => (float[a,b,c,d] y) <float[8,3,3,3] k> {
            y = Conv<strides=[2,2], pads=[1,1,1,1]>(image, k)
        }''')
    model.graph.initializer.append(helper.make_tensor("k", TensorProto.FLOAT, (8, 3, 3, 3), [0.5] * 216))
    path = tmp_path / "conv.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def as_figure(size: Size, name: str = "f") -> Figure:
    return Figure(name, name, (size,))


# ------------------------------------------------------------------------------------------- numpy functions
@settings(max_examples=150, deadline=None)
@given(EXPRESSIONS, SEEDS)
def test_functions_give_what_integers_give(expression: Any, seed: int) -> None:
    points = list(truths(expression, seed))
    assume(points)
    function = Function(size_of(expression), NAMES)
    arrays = {name: np.array([sizes[name] for sizes, _ in points]) for name in NAMES}
    found = function(**arrays)
    assert found.dtype == np.int64 and not np.ma.getmaskarray(found).any()
    assert found.tolist() == [value for _, value in points]
    assert [function(**sizes) for sizes, _ in points] == [value for _, value in points]


@settings(max_examples=60, deadline=None)
@given(expressions("+", "-", "*", "//", "%", "min", "max", "ceil"), st.lists(
    st.tuples(*[st.integers(0, 1 << 62)] * 3), min_size=1, max_size=8))
def test_functions_never_wrap_around(expression: Any, points: list[tuple[int, ...]]) -> None:
    function = Function(size_of(expression), NAMES)
    found = np.ma.array(function(**{name: np.array(column) for name, column in zip(NAMES, zip(*points))}))
    for value, masked, point in zip(found.data, np.ma.getmaskarray(found), points):
        try:
            expected = calculate(expression, dict(zip(NAMES, point)), ON_INTS)
        except Undefined:
            continue
        assert not masked and value == expected


def test_a_division_by_zero_is_masked_and_nothing_else():
    function = Function((H + W) // (N - 2) + H, "NHW")
    assert function(N=2, H=1, W=1) is None and function(N=3, H=1, W=1) == 3
    found = function(N=np.array([1, 2, 3]), H=4, W=np.array([0, 0, 7]))
    assert found.tolist() == [0, None, 15]
    huge = function(N=np.array([1, 2, 3]), H=1 << 80, W=0)
    assert huge.tolist() == [0, None, 1 << 81]
    assert isinstance(function(N=np.array([3]), H=1, W=1), np.ma.MaskedArray)
    assert not isinstance(Function(H // 3, "H")(H=np.arange(4)), np.ma.MaskedArray)


def test_arrays_broadcast_and_unused_symbols_only_shape():
    function = archcheck.analyze(net()).function("macs")
    assert function.symbols == ("N", "H", "W") and "Mystery" in function.lacks
    found = function(N=1, H=np.arange(5)[:, None], W=np.arange(7))
    assert found.shape == (5, 7)
    assert found.tolist() == [[216 * -(-h // 2) * -(-w // 2) for w in range(7)] for h in range(5)]
    params = archcheck.analyze(net()).function("params")
    assert params() == params(N=4) == 216 and params(H=np.arange(3)).tolist() == [216] * 3
    assert function(N=1, H=np.array([], int), W=2).tolist() == []


def test_functions_of_shapes_and_memory():
    report = archcheck.analyze(net())
    assert report.function("y", 2)(H=225) == report.function("y", axis=-2)(H=226) == 113
    assert report.function("y", 1)() == 8
    assert report.function("activations").symbols == ("N", "H", "W")
    made, weights = 4 * 2 * 8 * 4 * 3, 4 * 8 * 27
    assert report.function("activations")(N=2, H=8, W=6) == made
    assert report.function("memory")(N=2, H=8, W=6) == weights + made + 4 * 2 * 3 * 8 * 6


@pytest.mark.parametrize("name", ["efficientvit_script", "gpt_neo_dynamo", "yolo_script"])
def test_memory_is_that_of_the_fullest_layer(name: str) -> None:
    """Where too many layers may be the fullest for one formula, the function still gives what numbers do."""
    shown = report(name)
    function = shown.function("memory")
    points = [sizes for _, sizes in at_runs(name)]
    exact = [archcheck.analyze(shown.graph, sizes).memory.to_run for sizes in points]
    assert [function(**sizes) for sizes in points] == exact
    arrays = {key: np.array([sizes[key] for sizes in points]) for key in points[0]}
    assert function(**arrays).tolist() == exact


@pytest.mark.parametrize(("call", "says"), [
    (lambda f: f(N=1, H=2), "a size is missing for W"),
    (lambda f: f(N=1, H=2, w=3), "has a size called w; its symbols are H, N, W"),
    (lambda f: f(N=1, H=2, W=-3), "the size of W is -3"),
    (lambda f: f(N=1, H=2, W=np.array([1, -3])), "the size of W is -3"),
    (lambda f: f(N=1, H=2, W=1.5), "must be whole numbers"),
    (lambda f: f(N=1, H=2, W=np.array([1.0])), "must be whole numbers"),
])
def test_what_cannot_be_a_size_is_refused(call: Any, says: str) -> None:
    with pytest.raises(archcheck.BindingError, match=says):
        call(archcheck.analyze(net()).function("macs"))


@pytest.mark.parametrize(("of", "axis", "says"), [
    ("maks", None, "did you mean macs?"), ("y", None, "say which axis"), ("macs", 0, "have no axes"),
    ("y", 4, "axis 4 is outside y, which has 4 axes"), ("y", -5, "axis -5 is outside"),
    ("z", 0, "not known: odd: no rule is known for the operator Mystery")])
def test_what_is_no_figure_is_named(of: str, axis: int | None, says: str) -> None:
    with pytest.raises(archcheck.NoFigure, match=re.escape(says)):
        archcheck.analyze(net()).function(of, axis)


def test_a_function_of_something_unknown_is_refused_with_its_reason():
    with pytest.raises(NotComputable, match=r"Pad_3\.1: its pads are not known"):
        Function(H * unknown("Pad_3.1", "its pads are not known"), "H")
    assert Function(H * counted("NonZero_3.1"), "H")(**{"H": 3, "NonZero_3.1": 5}) == 15


def test_a_million_points_take_less_than_a_second():
    size = 64 * N * sum((1 + k) * -(-H // 2 ** k) * -(-W // 2 ** k) for k in range(6))
    function, draw = Function(size, "NHW"), np.random.default_rng(0)
    sizes = {name: draw.integers(1, 400, 10 ** 6) for name in "NHW"}
    function(N=1, H=2, W=np.arange(3))
    start = time.process_time()
    found = function(**sizes)
    assert time.process_time() - start < 1
    for k in range(0, 10 ** 6, 9973):
        n, h, w = (int(sizes[name][k]) for name in "NHW")
        assert found[k] == 64 * n * sum((1 + k) * -(-h // 2 ** k) * -(-w // 2 ** k) for k in range(6))


# ------------------------------------------------------------------------------------------------------ code
def executed(code: str, name: str = "f") -> Any:
    space: dict[str, Any] = {}
    exec(compile(code, "<formula>", "exec"), space)
    return space[name]


def arguments(size: Size, sizes: Mapping[str, int]) -> list[int]:
    used = {atom.args[0] for atom in symbols(size)}
    return [sizes[name] for name in NAMES if name in used]


@settings(max_examples=200, deadline=None)
@given(EXPRESSIONS, SEEDS)
def test_python_code_gives_what_integers_give(expression: Any, seed: int) -> None:
    size = size_of(expression)
    function = executed(python([as_figure(size)], ORDER))
    for sizes, value in truths(expression, seed):
        assert function(*arguments(size, sizes)) == value


def compiled(code: str, folder: Path) -> ctypes.CDLL:
    source, library = folder / "formula.c", folder / f"formula{random.random()}.so"
    source.write_text(code)
    checks = ["-pedantic", "-Wall", "-Wextra", "-Werror", "-fsanitize=undefined", "-fno-sanitize-recover"]
    subprocess.run(["gcc", "-std=c99", *checks, "-shared", "-fPIC", source, "-o", library], check=True)
    return ctypes.CDLL(str(library))


needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="there is no C compiler")


@needs_gcc
@settings(max_examples=4, deadline=None, phases=[Phase.explicit, Phase.generate])  # each one is compiled
@given(st.lists(EXPRESSIONS, min_size=60, max_size=60), SEEDS)
def test_c_code_gives_what_integers_give(tmp_path_factory: Any, made: list[Any], seed: int) -> None:
    sizes_of = [size_of(expression) for expression in made]
    figures = [as_figure(size, f"f{k}") for k, size in enumerate(sizes_of)]
    library = compiled(c99(figures, ORDER), tmp_path_factory.mktemp("c"))
    for k, (expression, size) in enumerate(zip(made, sizes_of)):
        function = library[f"f{k}"]
        function.restype = ctypes.c_int64
        for sizes, value in truths(expression, seed):
            assert function(*map(ctypes.c_int64, arguments(size, sizes))) == value


MAIN = """
#include <stdio.h>
#include <stdlib.h>
int main(int count, char **words) {
    printf("%lld", (long long)f(atoll(words[1]), count > 2 ? atoll(words[2]) : 0));
    return 0;
}
"""


@needs_gcc
@pytest.mark.parametrize(("size", "arguments", "value"), [
    (3 * H * W * W * H, (37_000, 40_000), 3 * 37_000 ** 2 * 40_000 ** 2),
    (3 * H * W * W * H, (45_000, 40_000), None),
    (H * H * H * W - H * H * H * W // 7, (1 << 20, 0), 0),
    (H * H * H * W, (1 << 22, 0), None),  # the product is 0, but H³ does not fit
    (-(H // 3) * W, (7, 5), -10), (-H * W - H, (7, 5), -42),
    (H // (W - 3), (7, 5), 3), (H // (W - 3), (7, 2), -7), (H // (W - 3), (7, 3), None),
    (H + W, (-1, 3), None), (H + W, ((1 << 40) + 1, 3), None)])
def test_c_code_stops_rather_than_wrap_around(tmp_path: Path, size: Size, arguments: tuple[int, ...],
                                              value: int | None) -> None:
    (tmp_path / "f.c").write_text(c99([as_figure(size)], ORDER) + MAIN)
    subprocess.run(["gcc", "-std=c99", "-fsanitize=undefined", "f.c", "-o", "f"], check=True, cwd=tmp_path)
    done = subprocess.run([tmp_path / "f", *map(str, arguments)], capture_output=True, text=True)
    assert "runtime error" not in done.stderr
    assert (done.stdout, done.returncode) == (str(value), 0) if value is not None else done.returncode == -6


HOSTILE = ("a*/b", "x\n#include <y>", "return", "class", "16*h", "t1", "max", "???/", "\\", "f", "ü", "Max",
           "N", "n_", "int", "a b", "a_b", "floor_div")


def hostile() -> tuple[Figure, dict[str, int]]:
    """A sum over names that a file may have, each rounded, and sizes for them."""
    size = sum((k + 1) * ((symbol(name) + 1) // 2) for k, name in enumerate(HOSTILE))
    return Figure("x*/\n'\"", "x", (size, 7), True), {name: k + 3 for k, name in enumerate(HOSTILE)}


def test_no_text_of_a_file_is_code(tmp_path: Path) -> None:
    shown, sizes = hostile()
    expected = sum((k + 1) * ((k + 4) // 2) for k in range(len(HOSTILE)))
    names = {name: name for name in HOSTILE}
    function = executed(python([shown], names), "shape_of_x_____")
    assert function(*sizes.values()) == (expected, 7)
    if shutil.which("gcc"):
        found = (ctypes.c_int64 * 2)()
        library = compiled(c99([shown], names), tmp_path)
        library.shape_of_x_____(*map(ctypes.c_int64, sizes.values()), found)
        assert list(found) == [expected, 7]


def test_code_says_what_is_missing():
    shown = [figure(archcheck.analyze(net()), name) for name in ("macs", "z")]
    for text in (python(shown, ORDER), c99(shown, ORDER)):
        assert "MACs, at least: 'com.acme.Mystery' not counted." in text
        assert "The shape of 'z' is not known" in text and "shape_of_z" not in text
    assert "NonZero_3_1 is 'NonZero_3.1' (depends on the data)" in python(
        [as_figure(H * counted("NonZero_3.1"))], ORDER)


# ----------------------------------------------------------------------------------------------------- LaTeX
GROUP = r"\{((?:[^{}]|\{[^{}]*\})*)\}"
READINGS = ((r"\\left\\l(floor|ceil)", r"\1("), (r"\\right\\r(floor|ceil)", ")"), (r"\\left\(|\\left\b", "("),
            (r"\\right\)", ")"), (r"\\cdot", "*"), (r"\\bmod", "%"), (r"\\(max|min)\b", r"\1"),
            (r"\\operatorname\{bcast\}", "bcast"), (r"\{,\}", ""), (r"\^\{(\d+)\}", r"**\1"),
            (r"\\mathrm\{(\w+)\}", r"\1"))


def read(text: str) -> str:
    """LaTeX, as far as formulas use it, as Python over fractions."""
    while r"\frac" in text:
        start = text.rindex(r"\frac")
        numerator, rest = braced(text[start + 5:])
        divisor, rest = braced(rest)
        text = f"{text[:start]}(Fraction({numerator})/({divisor})){rest}"
    for pattern, replacement in READINGS:
        text = re.sub(pattern, replacement, text)
    return text


def braced(text: str) -> tuple[str, str]:
    """What the braces that ``text`` begins with hold, and what follows them."""
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter == "{") - (letter == "}")
        if depth == 0:
            return text[1:place], text[place + 1:]
    raise AssertionError(text)


@settings(max_examples=200, deadline=None)
@given(EXPRESSIONS, SEEDS)
def test_latex_reads_as_what_integers_give(expression: Any, seed: int) -> None:
    from fractions import Fraction
    from math import ceil, floor
    size = size_of(expression)
    label, text = latex([as_figure(size)], ORDER).rstrip("\n").split(" = ")
    code = compile(read(text), "<latex>", "eval")
    space = {**IN_PYTHON, "Fraction": Fraction, "ceil": ceil, "floor": floor}
    assert label == r"\mathrm{f}"
    for sizes, value in itertools.islice(truths(expression, seed), 40):
        assert eval(code, {**space, **sizes}) == value


@pytest.mark.parametrize(("size", "text"), [
    (-(-H // 32), r"\left\lceil \frac{H}{32} \right\rceil"),
    ((H - 3) // 2, r"\left\lfloor \frac{H - 3}{2} \right\rfloor"),
    (1234 * N * symbol("batch_size") * H * H, r"1{,}234 \cdot H^{2} \cdot N \cdot \mathrm{batch\_size}"),
    (maximum(H, W), r"\max\left(H, W\right)"),
    (minimum(symbol("100%"), 7), r"\min\left(\mathrm{100\%}, 7\right)"),
    (H % 7, r"H \bmod 7"), (bcast(H, W), r"\operatorname{bcast}\left(H, W\right)"),
    (N * (H + 1) * (W + 2), r"N \cdot \left(H + 1\right) \cdot \left(W + 2\right)"),
    (4096, "4{,}096")])
def test_latex(size: Size, text: str) -> None:
    assert latex([as_figure(size)], {}) == rf"\mathrm{{f}} = {text}" + "\n"


# ---------------------------------------------------------------------------------------------------- growth
RISING = expressions("+", "*", "//", "ceil", "max", "min", "-")


@settings(max_examples=300, deadline=None)
@given(RISING, SEEDS)
def test_a_size_lies_between_its_polynomials(expression: Any, seed: int) -> None:
    size = size_of(expression)
    draw = random.Random(seed)
    start = {name: draw.randrange(1, 30) for name in NAMES}
    try:
        found = growth(size, start)
    except NoPolynomial:
        assume(False)
    within = found.within()
    for _ in range(40):
        sizes = {name: start[name] + draw.choice((0, 1, 2, draw.randrange(400))) for name in NAMES}
        try:
            value = calculate(expression, sizes, ON_INTS)
        except Undefined:
            continue
        smooth = at(found.smooth, sizes)
        assert at(found.low, sizes) <= value - smooth <= at(found.high, sizes)
        if within and smooth > 0:
            assert within[0] - 1e-9 <= (value - smooth) / smooth <= within[1] + 1e-9


@settings(max_examples=300, deadline=None)
@given(RISING)
def test_the_leading_terms_lead(expression: Any) -> None:
    size = size_of(expression)
    try:
        found = growth(size)
    except NoPolynomial:
        assume(False)
    assume(found.leading)
    sizes = {name: 3 ** 60 + k for k, name in enumerate(NAMES)}
    leading = at(found.leading, sizes)
    assume(leading)  # N - H is led by both
    assume(len(found.leading) == 1 or all(c > 0 for c in found.leading.values()))
    with contextlib.suppress(Undefined):
        assert abs(calculate(expression, sizes, ON_INTS) / leading - 1) < 1e-6


@pytest.mark.parametrize(("size", "leading"), [
    (N * -(-H // 32) * -(-W // 32), {("H", "N", "W"): 1 / 1024}),
    (7 * N * S * S + 10 ** 9 * N * S + 5, {("N", "S", "S"): 7}),
    (minimum(S, 512) * N, {("N",): 512}), (maximum(S, 512) * N, {("N", "S"): 1}),
    (bcast(H, maximum(H, 1)), {("H",): 1}),
    (3 * H + 2 * W + 100, {("H",): 3, ("W",): 2}),
    ((H - 5) * (H - 9) // 2, {("H", "H"): 0.5})])
def test_leading_terms(size: Size, leading: dict[tuple[str, ...], float]) -> None:
    assert growth(size).leading == leading


@pytest.mark.parametrize(("size", "why"), [
    (maximum(H, W), "which of H and W is larger"), (H * W // N, "divided by N"),
    (H * unknown("x"), "not known"), (H * counted("x"), "the data"),
    (W * (2 * (H // 2) - H), "rounding decides"), (H // (minimum(H, 2) - 2), "divides by zero")])
def test_what_has_no_leading_term_says_why(size: Size, why: str) -> None:
    with pytest.raises(NoPolynomial, match=why):
        growth(size)


QUOTIENTS = st.tuples(st.just("//"), expressions("+", "-", "*", "//"), st.integers(2, 9))
ROUNDED = st.tuples(st.just("+"), QUOTIENTS, expressions("+", "*", "ceil"))


@settings(max_examples=200, deadline=None)
@given(ROUNDED, SEEDS)
def test_multiples_leave_no_rounding(expression: Any, seed: int) -> None:
    multiples, found = unrounded([size_of(expression)])
    if not multiples:
        return
    exact, = found
    assert all(atom.kind == "symbol" for atoms, _ in getattr(exact, "terms", ()) for atom in atoms)
    draw = random.Random(seed)
    for _ in range(20):
        fresh = {atom.args[0]: draw.randrange(50) for m in multiples.values() for atom in m.symbols}
        sizes = {name: draw.randrange(50) for name in NAMES}
        bound = {**sizes, **{name: evaluate(m, fresh) for name, m in multiples.items()}}
        with contextlib.suppress(Undefined):
            assert calculate(expression, bound, ON_INTS) == evaluate(exact, {**sizes, **fresh})


def test_multiples():
    multiples, found = unrounded([-(-H // 32) * (W // 4), -(-W // 6)], ("H", "W"))
    h, w = symbol("h"), symbol("w")
    assert multiples == {"H": 32 * h, "W": 12 * w} and found == [h * 3 * w, 2 * w]
    assert unrounded([H * W, 7]) == ({}, [])
    assert list(unrounded([symbol("h") * (symbol("H") // 2)])[0]) == ["H"]
    assert unrounded([symbol("h") * (symbol("H") // 2)])[1] == [symbol("h") * symbol("H_")]


# ------------------------------------------------------------------------------------------------------ text
@settings(max_examples=200, deadline=None)
@given(EXPRESSIONS, SEEDS)
def test_grouping_changes_no_value(expression: Any, seed: int) -> None:
    size = size_of(expression)
    text = grouped(size, Script(ascii=True))
    assume("floor" not in text and "ceil" not in text and "mod" not in text)
    code = compile(re.sub(r"(?<=\d),(?=\d)", "", text.replace("^", "**")), "<text>", "eval")
    for sizes, value in itertools.islice(truths(expression, seed), 40):
        named = {"min": min, "max": max, "bcast": lambda *found: functools.reduce(broadcast, found)}
        assert eval(code, {**IN_PYTHON, **named, **sizes}) == value


def test_terms_with_the_same_symbol_stand_together():
    script = Script(names={name: name for name in "NHWS"})
    assert grouped(37 * N * S * S + 25 * N * S + 2 * S + 1, script) == "S·(37·N·S + 25·N + 2) + 1"
    assert grouped(8 * N * H + 8 * N * W - 24 * H * W + 3, script) == "8·N·(H + W) + 3 − 24·H·W"
    assert grouped(7 * N * (H // 2) + N * (W // 3) - 4000, script) == "N·(7·⌊H/2⌋ + ⌊W/3⌋) − 4,000"
    assert grouped(H + W, script) == "H + W"
    assert grouped(N * S + N + S + 1, script) == "(N + 1)·(S + 1)"


# --------------------------------------------------------------------------------------------- real networks
@pytest.mark.parametrize("name", NETWORKS)
def test_functions_of_real_networks_give_what_ran(name: str) -> None:
    shown = report(name)
    for index, (ran, sizes) in enumerate(at_runs(name)):
        if "macs" in truth(name):
            assert shown.function("macs")(**sizes) == truth(name)["macs"][index]
        for value in shown.graph.outputs:
            told = [shown.function(value, axis)(**sizes) for axis in range(len(ran["shapes"][value]))]
            assert told == ran["shapes"][value]


def close(a: float, b: float) -> bool:
    return abs(a - b) < 1e-9 * max(abs(a), abs(b), 1)


@pytest.mark.parametrize("name", NETWORKS)
def test_code_and_growth_of_real_networks(name: str) -> None:
    shown: Report = report(name)
    figures = [figure(shown, of) for of in ("macs", "flops", "activations", "params")]
    code, draw = python(figures, dict.fromkeys(shown.symbols, "")), random.Random(0)
    for found in figures:
        function = shown.function(found.name)
        if any(atom.origin for atom in found.symbols):
            continue
        for _ in range(20):
            sizes = {name: draw.randrange(300) for name in shown.symbols}
            value = function(**sizes)
            assert value == evaluate(function.sizes[0], sizes)
            used = [sizes[name] for name in function.symbols]
            assert executed(code, found.name)(*used) == value
        if isinstance(function.sizes[0], Dim):
            assert_led(function.sizes[0], function)


def assert_led(size: Dim, function: Function) -> None:
    """The leading terms are what the size comes to."""
    try:
        leading = growth(size).leading
    except NoPolynomial:
        return
    sizes = dict.fromkeys(function.symbols, 3 ** 40)
    assert close(function(**sizes) / at(leading, sizes), 1)


# --------------------------------------------------------------------------------------------------- binding
@pytest.mark.parametrize("name", ["unet_dynamo", "yolo_script"])
def test_figures_as_sympy_expressions(name: str) -> None:
    shown = report(name)
    expression = shown.expression("macs")
    for index, (_, sizes) in enumerate(at_runs(name)):
        named = {symbol: sizes[symbol.name] for symbol in expression.free_symbols}
        assert expression.subs(named) == truth(name)["macs"][index]


def test_sizes_may_be_bound_to_formulas():
    h = symbol("h")
    bound = archcheck.analyze(net(), {"H": 32 * h, "N": np.int64(2)})
    assert bound.symbols == ("h", "W")
    assert bound.types["y"].shape == (2, 8, 16 * h, (W + 1) // 2)
    assert bound.macs == 2 * 216 * 16 * h * ((W + 1) // 2)
    square = archcheck.analyze(net(), {"H": W, "W": W})
    assert square.types["y"].shape[2:] == ((W + 1) // 2,) * 2
    with pytest.raises(archcheck.BindingError, match="the size of H is −h − 1, and no axis"):
        archcheck.analyze(net(), {"H": -h - 1})


@pytest.mark.parametrize(("options", "shape"), [
    (["--bind", "H=32*h"], "N × 8 × 16·h × ⌈W/2⌉"),
    (["--bind", "H=32*h", "--bind", "W=H"], "N × 8 × 16·h × 16·h"),
    (["--bind", "W=H", "--bind", "H=32*H"], "N × 8 × 16·H × 16·H"),
    (["--bind", "H=32*h", "--set", "h=7", "--set", "W=9"], "N × 8 × 112 × 5"),
    (["--bind", "H=2*(h + 3)//2 - 1"], "N × 8 × (⌈h/2⌉ + 1) × ⌈W/2⌉")])
def test_the_command_binds(path: Path, options: list[str], shape: str,
                           capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = ends(capsys, "formula", str(path), "--of", "y", *options)
    assert (code, out.split("\n")[0].split(maxsplit=1)) == (0, ["y", shape])


@pytest.mark.parametrize(("options", "says"), [
    (["--bind", "H=32*h+"], "\n  32*h+\n       ^"), (["--bind", "H"], "not of the form NAME=FORMULA"),
    (["--bind", "H=2*h", "--bind", "H=3"], "H is bound twice"),
    (["--bind", "H=2*h", "--set", "H=3"], "H is bound twice"),
    (["--bind", "H=W", "--bind", "W=H"], "H and W are bound in a circle"),
    (["--bind", "Q=3*h"], "called Q"), (["--bind", "H=2*h", "--set", "g=3"], "called g"),
    (["--of", "yy"], "no value called yy; did you mean y?"),
    (["--c", "--format", "json"], "--c decides the format")])
def test_what_the_command_cannot_do(path: Path, options: list[str], says: str,
                                    capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = ends(capsys, "formula", str(path), *options)
    assert (code, out) == (2, "") and says in err


# ----------------------------------------------------------------------------------------------- the command
def test_what_the_command_shows(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = ends(capsys, "formula", str(path))
    assert (code, err) == (0, "")
    assert out.split("\n") == [
        "MACs    216·N·⌈H/2⌉·⌈W/2⌉",
        "        = 216·N·h·w  where H = 2·h, W = 2·w",
        "        ≈ 54·N·H·W  (exact: up to 0.9 % more, where N ≥ 1 and H, W ≥ 224)",
        "        ∝ N·H·W, leading term 54·N·H·W",
        "        2.71 M at N=1 H=224 W=224",
        "FLOPs   432·N·⌈H/2⌉·⌈W/2⌉",
        "        = 432·N·h·w  where H = 2·h, W = 2·w",
        "        ≈ 108·N·H·W  (exact: up to 0.9 % more, where N ≥ 1 and H, W ≥ 224)",
        "        ∝ N·H·W, leading term 108·N·H·W",
        "        5.42 M at N=1 H=224 W=224",
        "params  216",
        "y       N × 8 × ⌈H/2⌉ × ⌈W/2⌉",
        "        N × 8 × h × w  where H = 2·h, W = 2·w",
        "sizes   --bind H=2*h --bind W=2*w leaves nothing to round", ""]


def test_what_the_command_writes_for_programs(path: Path, tmp_path: Path,
                                              capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = ends(capsys, "formula", str(path), "--of", "macs", "--of", "y", "--format", "json")
    done = json.loads(out)
    assert done["schema"] == "archcheck.formula/1" and done["symbols"] == ["N", "H", "W"]
    macs, shape = done["figures"]
    assert macs["formula"] == "216*N*((H + 1)//2)*((W + 1)//2)" and macs["value"] == 216 * 112 * 112
    assert macs["leading"] == [{"coefficient": 54, "powers": {"H": 1, "N": 1, "W": 1}}]
    assert macs["where"] == {"H": "2*h", "W": "2*w"} and macs["polynomial"] == "216*N*h*w"
    assert macs["within"][0] == 0 and macs["within"][1] == pytest.approx((225 / 224) ** 2 - 1)
    assert shape["formula"] == ["N", 8, "(H + 1)//2", "(W + 1)//2"] and shape["value"] == [1, 8, 112, 112]
    ends(capsys, "formula", str(path), "--of", "macs", "--python", "-o", str(tmp_path / "f.py"))
    assert executed((tmp_path / "f.py").read_text(), "macs")(2, 5, 6) == 216 * 2 * 3 * 3


def test_what_is_not_known_is_named():
    from archcheck.reporters.formula import formula_sheet
    shown = archcheck.analyze(net())
    facts = formula_sheet(shown, [figure(shown, name) for name in ("macs", "z")], Script(), False).facts
    assert facts[0][1].startswith("≥ 216·") and "not counted: com.acme.Mystery" in facts[0][1]
    assert facts[1] == ("z", "?  odd: no rule is known for the operator Mystery of domain 'com.acme'")
    data = Figure("f", "f", (H * counted("NonZero_3.1", 7 * W),))
    notes = dict(formula_sheet(shown, [data], Script(), False).facts)
    assert notes["not known"] == "NonZero_3.1: depends on the data, at most 7·W"


def test_no_heavy_library_is_loaded(path: Path) -> None:
    heavy = "sympy", "numpy", "onnx", "networkx"
    script = (f"import sys\nfrom archcheck.cli import main\ntry: main(['formula', {str(path)!r}])\n"
              f"except SystemExit: print([name for name in {heavy} if name in sys.modules])")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, encoding="utf-8",
                          env={**os.environ, "PYTHONIOENCODING": "utf-8"})
    assert done.stdout.endswith("[]\n"), done.stdout + done.stderr
