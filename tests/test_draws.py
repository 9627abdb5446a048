"""Sizes that are drawn for a run: valid ones, that tell axes apart."""
from __future__ import annotations

import pytest
from onnx import parser

import archcheck
from archcheck.backends.draws import NoSizes, draw
from archcheck.dims import symbol
from archcheck.report import Report

HEAD = '<ir_version: 9, opset_import: ["" : 18]>'


def report(text: str, **sizes: int) -> Report:
    return archcheck.analyze(parser.parse_model(HEAD + text), sizes)


def test_each_symbol_gets_another_size_each_time() -> None:
    found = draw(report("net (float[N,3,H,W] x) => (float[N,3,H,W] y) { y = Relu(x) }"), 4)
    assert len(found) == 4
    assert all(len({*sizes.values()}) == 3 for sizes in found)
    assert all(len({sizes[name] for sizes in found}) == 4 for name in "NHW")
    assert {sizes[name] % 2 for sizes in found for name in "HW"} == {0, 1}


def test_what_must_hold_does() -> None:
    """Two halvings joined with a doubling each: H and W have to be multiples of 4."""
    unet = archcheck.analyze("specs:unet", {"H": symbol("H"), "W": symbol("W")})
    found = draw(unet, 3)
    assert all(unet.valid.holds(sizes) for sizes in found)
    assert all(size >= 188 for sizes in found for size in (sizes["H"], sizes["W"]))


def test_sizes_that_depend_on_each_other() -> None:
    """P + S must be T, which says nothing of one of them alone."""
    found = draw(report("""net (float[P,4] past, float[S,4] new, float[T,4] mask) => (float[T,4] y) {
        both = Concat<axis=0>(past, new)
        y = Sub(both, mask) }"""), 2)
    assert all(1 in (sizes["T"], sizes["P"] + sizes["S"]) or sizes["P"] + sizes["S"] == sizes["T"]
               for sizes in found)


def test_a_product_that_is_fixed_is_met() -> None:
    found = draw(report("""net (float[H,W] x) => (float[49] y) <int64[1] s = {49}, int64[1] m = {-1},
        float[49] b> { flat = Reshape(x, m)  y = Reshape(flat, s) }"""), 2)
    assert found and all(sizes["H"] * sizes["W"] == 49 for sizes in found)


def test_the_same_seed_draws_the_same() -> None:
    net = report("net (float[N,S] x) => (float[N,S] y) { y = Relu(x) }")
    assert draw(net, 3, seed=1) == draw(net, 3, seed=1) != draw(net, 3, seed=2)


def test_sizes_that_are_given_are_no_symbols() -> None:
    net = report("net (float[N,S] x) => (float[N,S] y) { y = Relu(x) }", N=7)
    assert [set(sizes) for sizes in draw(net, 2)] == [{"S"}, {"S"}]


def test_a_network_of_fixed_sizes_has_one_draw() -> None:
    assert draw(report("net (float[2,3] x) => (float[2,3] y) { y = Relu(x) }"), 3) == [{}]


def test_expensive_networks_are_run_small() -> None:
    """A square of S costs S³: at S = 4096 that would be 69 G."""
    net = report("net (float[S,S] x) => (float[S,S] y) { y = MatMul(x, x) }")
    assert max(sizes["S"] for sizes in draw(net)) < 64


def test_where_nothing_fits_it_says_so() -> None:
    net = report("net (float[H,H] x) => (float[7] y) <int64[1] s = {7}> { y = Reshape(x, s) }")
    with pytest.raises(NoSizes, match="--set"):
        draw(net)
