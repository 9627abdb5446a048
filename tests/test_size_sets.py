"""Sets of sizes and the functions they come from, held against counting."""
from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archcheck.analyses.constraints import Constraint
from archcheck.analyses.products import factored, separated
from archcheck.analyses.quasipolynomials import MAX_PERIOD, Unsolvable, quasipolynomial
from archcheck.analyses.sizesets import EVERY, NONE, SizeSet, not_negative, zeros
from archcheck.dims import Size, bcast, evaluate, maximum, minimum, symbol, symbols
from archcheck.reporters.conditions import condition, described
from archcheck.reporters.text import Script

H = symbol("H")
ATOM, = symbols(H)
WIDTH, = symbols(symbol("W"))
END = 400


def combined(sizes: st.SearchStrategy[Size]) -> st.SearchStrategy[Size]:
    small = st.integers(1, 6)
    return st.one_of(
        st.builds(lambda a, b: a + b, sizes, sizes), st.builds(lambda a, b: a - b, sizes, sizes),
        st.builds(lambda a, c: a * c, sizes, st.integers(-3, 4)), st.builds(lambda a, b: a * b, sizes, sizes),
        st.builds(lambda a, d: a // d, sizes, small), st.builds(lambda a, d: a % d, sizes, small),
        st.builds(minimum, sizes, sizes), st.builds(maximum, sizes, sizes), st.builds(bcast, sizes, sizes))


formulas = st.recursive(st.one_of(st.just(H), st.integers(-5, 9)), combined, max_leaves=6)


def members(sizes: SizeSet) -> list[int]:
    return [n for n in range(END) if n in sizes]


@given(formulas)
def test_functions_have_the_values_of_their_formulas(formula):
    try:
        found = quasipolynomial(formula, ATOM)
    except Unsolvable:
        return
    for n in (*range(60), 997, 1000, 4096):
        assert found(n) == evaluate(formula, {"H": n})


@given(formulas, formulas)
@settings(max_examples=60)
def test_sets_hold_what_they_say(one, other):
    try:
        zero, above = zeros(quasipolynomial(one, ATOM)), not_negative(quasipolynomial(other, ATOM))
        both, either = zero & above, zero | above
    except Unsolvable:
        return
    a = [n for n in range(END) if evaluate(one, {"H": n}) == 0]
    b = [n for n in range(END) if evaluate(other, {"H": n}) >= 0]  # type: ignore[operator]
    assert (members(zero), members(above)) == (a, b)
    assert (members(both), members(either)) == (sorted({*a} & {*b}), sorted({*a} | {*b}))
    for sizes in (zero, above, both, either):
        inside = members(sizes)
        for n in range(0, END // 2, 7):
            assert sizes.below(n) == max((m for m in inside if m < n), default=None)
            assert sizes.above(n) == min((m for m in inside if m > n), default=sizes.above(n))
        assert sizes.last == (None if sizes.residues else max(inside, default=None) if sizes.start <= END else
                              sizes.last)


@given(formulas)
@settings(max_examples=60)
def test_conditions_say_which_sizes_are_in(formula):
    try:
        sizes = EVERY & not_negative(quasipolynomial(formula, ATOM))
    except Unsolvable:
        return
    told = eval(f"lambda H: {condition('H', sizes)}")  # a formula of our own
    assert [n for n in range(1, END) if told(n)] == [n for n in members(sizes) if n]


def test_equal_sets_are_equal_however_they_came_about():
    even, fours = zeros(quasipolynomial(H % 2, ATOM)), zeros(quasipolynomial(H % 4, ATOM))
    twos = zeros(quasipolynomial((H + 2) % 4, ATOM))
    assert fours | twos == even
    assert even & fours == fours
    assert not_negative(quasipolynomial(H, ATOM)) & EVERY == EVERY
    assert fours & twos == NONE


def test_what_takes_too_long_is_not_solved():
    with pytest.raises(Unsolvable):
        quasipolynomial(H % (MAX_PERIOD + 1), ATOM)
    with pytest.raises(Unsolvable):
        quasipolynomial(100 // (H + 1), ATOM)
    with pytest.raises(Unsolvable):
        quasipolynomial(H * symbol("W"), ATOM)


def where(size: Size) -> SizeSet:
    return EVERY & not_negative(quasipolynomial(size, ATOM))


def is_zero(size: Size) -> SizeSet:
    return EVERY & zeros(quasipolynomial(size, ATOM))


TEXTS = [
    (EVERY, "any", "any"),
    (NONE, "no size", "no size"),
    (where(H - 63), "H ≥ 63", "H >= 63"),
    (is_zero(H % 16), "H ≡ 0 mod 16", "H mod 16 = 0"),
    (where(H - 188) & is_zero((H + 4) % 16), "H ≥ 188 and H ≡ 12 mod 16", "H >= 188 and H mod 16 = 12"),
    (where(H - 28) & where(3 - H % 28), "H ≥ 28 and H ≡ 0…3 mod 28", "H >= 28 and H mod 28 = 0..3"),
    (is_zero(H % 3) | is_zero(H % 4), "H ≡ 0, 3, 4, 6, 8 or 9 mod 12", "H mod 12 = 0, 3, 4, 6, 8 or 9"),
    (is_zero(H - 224), "H = 224", "H = 224"),
    (is_zero(H - 1) | is_zero(H - 224), "H = 1 or 224", "H = 1 or 224"),
    (where(512 - H), "1 ≤ H ≤ 512", "1 <= H <= 512"),
    (where(512 - H) & is_zero(H % 32), "32 ≤ H ≤ 512 and H ≡ 0 mod 32", "32 <= H <= 512 and H mod 32 = 0"),
    (where(227 - H) & where(H - 28) & where(3 - H % 28), "28 ≤ H ≤ 227 and H ≡ 0…3 mod 28",
     "28 <= H <= 227 and H mod 28 = 0..3"),
    (where(4 - H) | where(H - 29), "1 ≤ H ≤ 4, or H ≥ 29", "1 <= H <= 4, or H >= 29"),
    (is_zero(H - 5) | is_zero(H % 8), "H = 5, or H ≡ 0 mod 8", "H = 5, or H mod 8 = 0"),
]


@pytest.mark.parametrize(("sizes", "text", "plain"), TEXTS, ids=[text for _, text, _ in TEXTS])
def test_as_people_read_them(sizes, text, plain):
    assert described("H", sizes, Script()) == text
    assert described("H", sizes, Script(ascii=True)) == plain


def test_products_by_symbol():
    w, n = symbol("W"), symbol("N")
    size = 12 * n * ((H - 3) // 2) * ((w - 3) // 4 - 5)
    found = factored(size)
    assert found is not None
    assert found.number == 12
    assert set(found.factors.values()) == {n, (H - 3) // 2, (w - 3) // 4 - 5}
    assert factored(-2 * H) == (-2, {ATOM: H})
    assert factored(H * w + n) is None
    assert factored((H + w) // 2 * n) is None


FACTORS = [H, 3 * (H // 3), 2 * (H // 2), H + 1, 2 * H]


@pytest.mark.parametrize("left", FACTORS, ids=repr)
@pytest.mark.parametrize("right", FACTORS, ids=repr)
@pytest.mark.parametrize("other", [7 * (symbol("W") // 7), (symbol("W") + 2) // 3 * 3], ids=repr)
def test_products_taken_apart_hold_where_they_did(left, right, other):
    whole = Constraint("equal", left * symbol("W"), right * other, "layer", "Reshape", "")
    parts = list(separated([whole]))
    for h, w in product(range(8, 22), repeat=2):
        values = {ATOM: h, WIDTH: w}
        assert all(part.bound(values).holds for part in parts) == whole.bound(values).holds


def test_some_products_are_taken_apart():
    w = symbol("W")
    parts = list(separated([Constraint("equal", H * w, 21 * (H // 3) * (w // 7), "", "", "")]))
    assert [(part.a, part.b) for part in parts] == [(H, 3 * (H // 3)), (w, 7 * (w // 7))]
    undecided = Constraint("equal", 3 * (H // 3) * w, H * (7 * (w // 7)), "", "", "")
    assert list(separated([undecided])) == [undecided]


def test_below_and_above_an_irregular_start():
    sizes = where(H - 188) & is_zero((H + 4) % 16)
    assert [sizes.below(n) for n in (100, 180, 188, 189, 204, 205)] == [None, None, None, 188, 188, 204]
    assert [sizes.above(n) for n in (0, 180, 188, 203, 204)] == [188, 188, 204, 204, 220]
    assert (sizes.first, sizes.last) == (188, None)
    few = is_zero(H - 5) | is_zero(H - 9)
    assert [few.below(n) for n in (5, 6, 9, 10, 99)] == [None, 5, 5, 9, 9]
    assert [few.above(n) for n in (1, 5, 8, 9)] == [5, 9, 9, None]
    assert (few.first, few.last) == (5, 9)
