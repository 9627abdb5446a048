"""What ties a symbol to a few sizes, and how a Reshape that does is mended."""
from __future__ import annotations

import numpy as np
import pytest

from archcheck.rules._ties import bakes, mended, target_of, ties
from tests.rules._judged import found
from tests.rules._sites import case, site


def said(text: str) -> list[str]:
    """What SHP105 says that can run, its numbers of sizes too."""
    return [one.message.partition("but only ")[2].removesuffix(" can run") for one in found(text, "SHP")]


BOTH = """inputs: {a: N x H x 8, b: N x W x 8}
layers:
- from a -> Reshape [-1, 8] as flat
- from b -> Reshape [-1, 8] -> concat flat axis=1
"""  # H and W are one size, whichever it is


@pytest.mark.parametrize(("text", "wanted"), [
    ("input: 1 x H x W\nlayers:\n- Reshape [-1, 4]\n", []),       # a multiple of 4, not one size
    ("input: 1 x 3 x H\nlayers:\n- maxpool 63 /63 -> MatMul float32(5, 2)\n", ["H = one of 315 to 377"]),
    ("input: 1 x 3 x H\nlayers:\n- maxpool 64 /64 -> MatMul float32(5, 2)\n", []),
    ("input: 1 x 3 x H\nlayers:\n- maxpool 3 /3 -> MatMul float32(5, 2)\n", ["H = 15 or 16 or 17"]),
    ("input: 1 x 3 x H\nlayers:\n- maxpool 4 /4 -> MatMul float32(5, 2)\n", ["H = one of 20 to 23"]),
    ("input: 1 x 3 x H x W\nlayers:\n- conv 8 4x4 /4 -> Flatten axis=1 -> Gemm float32(392, 10)\n",
     ["⌊H/4⌋·⌊W/4⌋ = 49"]),
    ("input: 1 x 3 x H x W\nlayers:\n- conv 8 4x4 /4 -> Flatten axis=1 -> Gemm float32(8, 10)\n",
     ["H = one of 4 to 7", "W = one of 4 to 7"]),
    (BOTH, []),
])
def test_sizes_that_can_run(text, wanted):
    assert said(text) == wanted


@pytest.mark.parametrize(("size", "message"), [
    (1, "of 8 to 15"), (2, "of 16 to 23")])
def test_what_rounds_to_a_number(size, message):
    (one,) = found(f"input: 1 x 3 x H\nlayers:\n- maxpool 8 /8 -> MatMul float32({size}, 2)\n", "SHP")
    assert message in one.message


@pytest.mark.parametrize(("taps", "size", "trial"), [
    (2, 2, 2), (2, 1, 3), (8, 1, 9), (63, 1, 64)])
def test_a_size_that_does_not_fit_is_shown(taps, size, trial):
    """The first from 2 on, as a traced 1 hides most."""
    text = f"input: 1 x 3 x H\nlayers:\n- maxpool {taps} /{taps} ceil -> MatMul float32({size}, 2)\n"
    (one,) = found(text, "SHP")
    assert f"at H = {trial} that" in one.why


@pytest.mark.parametrize("rows", [2, 3, 50])
def test_a_table_that_is_long_enough_is_a_limit(rows):
    """Positions 0 to T of a table: any T that it has rows for."""
    text = f"""g (float[N, T, 8] x) => (y) <float[{rows}, 8] table = {{{", ".join(["1"] * (8 * rows))}}},
        int64[1] zero = {{0}}> {{
        t = Shape <start = 1, end = 2> (x) s = Slice (table, zero, t, zero) y = Add (x, s)
    }}"""
    assert ties(case(text)) == ()


def test_the_first_node_that_ties_a_symbol_is_named():
    text = ("input: N x T x 8\nlayers:\n- Add float32(1, 128, 8) as a\n- from input -> "
            "Transpose perm=[0, 2, 1] -> MatMul float32(128, 4) as b\noutputs: [a, b]\n")
    (one,) = found(text, "SHP")
    assert (one.code, one.op, one.facts["sizes"]) == ("SHP102", "Add", [1, 128])


@pytest.mark.parametrize(("shape", "target", "names", "wanted"), [
    ("N, 8", "{1, -1}", ["N"], (-1, 8)), ("N, 8", "{1, 8}", ["N"], (0, 8)),
    ("N, S, 8", "{1, 32, -1}", ["N", "S"], (0, 0, -1)), ("N, S, 8", "{1, -1, 8}", ["N"], (0, -1, 8)),
    ("N, 3", "{2, -1}", ["N"], (-1, 3)), ("N, 4", "{2, -1}", ["N"], (-1, 4)),
    ("N, 8", "{5, 2, -1}", ["N"], (-1, 2, 4)), ("2, N, 8", "{2, 3, -1, 4}", ["N"], (2, -1, 2, 4))])
def test_a_target_that_keeps_the_symbols(shape, target, names, wanted):
    rank = target.count(",") + 1
    judged = case(f"g (float[{shape}] x) => (y) <int64[{rank}] s = {target}> {{ y = Reshape (x, s) }}")
    assert mended(site(judged, "y"), names) == wanted
    numbers = list(map(int, target.strip("{}").split(",")))
    traced = np.zeros([numbers[axis] if size in names else int(size) if size.isdigit() else 5
                       for axis, size in enumerate(shape.split(", "))])
    copied = [size or traced.shape[axis] for axis, size in enumerate(wanted)]
    assert traced.reshape(copied).shape == traced.reshape(numbers).shape


@pytest.mark.parametrize(("shape", "target", "wanted"), [
    ("N, 8", "{1, -1}", True), ("N, 8", "{0, -1}", False), ("N, 8", "{-1, 8}", False), ("N, 8", "{1}", True),
    ("N, 1", "{1, -1}", False),                                   # the column becomes a row of N
    ("8, N", "{8, 1}", True), ("8, N", "{1}", False), ("N, 8", "{4, -1}", True)])
def test_a_number_in_place_of_a_symbol(shape, target, wanted):
    rank = target.count(",") + 1
    judged = case(f"g (float[{shape}] x) => (y) <int64[{rank}] s = {target}> {{ y = Reshape (x, s) }}")
    assert bakes(site(judged, "y"), "N") == wanted


def test_targets_that_are_not_known():
    judged = case("g (float[N, 8] x, int64[2] s) => (y) { y = Reshape (x, s) }")
    assert target_of(site(judged, "y")) == () and not bakes(site(judged, "y"), "N")
