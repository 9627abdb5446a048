"""Sizes, held against plain integer arithmetic: what the algebra says is checked at every size tried."""
from __future__ import annotations

import copy
import gc
import itertools
import operator
import os
import pickle
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from archcheck.algebra import memory
from archcheck.dims import (
    Dim,
    Size,
    atom_size,
    bcast,
    bounds,
    ceildiv,
    counted,
    evaluate,
    is_known,
    least,
    maximum,
    minimum,
    most,
    prod,
    same,
    substitute,
    symbol,
    symbols,
    to_sympy,
    unknown,
    vanishes,
)
from archcheck.printing import human, python

H, W, N, S, C = map(symbol, "HWNSC")
NAMES = "HWN"


# --------------------------------------------------------------------------------------- the oracle: integers
class Undefined(Exception):
    """An expression has no value at some sizes: it divides by zero, or broadcasts what does not broadcast."""


def divide(a: int, b: int) -> int:
    if b == 0:
        raise Undefined
    return a // b


def broadcast(a: int, b: int) -> int:
    if 1 not in (a, b) and a != b:
        raise Undefined
    return b if a == 1 else a


Operators = Mapping[str, Callable[[Any, Any], Any]]
ON_SIZES: Operators = {"+": operator.add, "-": operator.sub, "*": operator.mul, "//": operator.floordiv,
                       "%": operator.mod, "min": minimum, "max": maximum, "bcast": bcast, "ceil": ceildiv}
ON_INTS: Operators = {"+": operator.add, "-": operator.sub, "*": operator.mul, "//": divide,
                      "%": lambda a, b: a - b * divide(a, b), "min": min, "max": max, "bcast": broadcast,
                      "ceil": lambda a, b: -divide(-a, b)}
IN_PYTHON = {"Max": max, "Min": min, "Mod": operator.mod, "bcast": broadcast, "symbol": None}


def calculate(expression: Any, leaves: Mapping[str, Any], operators: Operators) -> Any:
    """The value of a nested tuple such as ``("//", ("+", "H", 3), 2)``."""
    if isinstance(expression, tuple):
        name, a, b = expression
        return operators[name](calculate(a, leaves, operators), calculate(b, leaves, operators))
    return leaves[expression] if isinstance(expression, str) else expression


def size_of(expression: Any) -> Size:
    try:
        return calculate(expression, {name: symbol(name) for name in NAMES}, ON_SIZES)
    except ZeroDivisionError:
        assume(False)
        raise


SMALL = [dict(zip(NAMES, sizes)) for sizes in itertools.product(range(4), repeat=3)]


def samples(seed: int) -> Iterator[dict[str, int]]:
    yield from SMALL
    draw = random.Random(seed)
    yield from ({name: draw.randrange(41) for name in NAMES} for _ in range(30))


def truths(expression: Any, seed: int) -> Iterator[tuple[dict[str, int], int]]:
    """Sizes, and what the expression is there; nothing where it is not defined."""
    for sizes in samples(seed):
        try:
            yield sizes, calculate(expression, sizes, ON_INTS)
        except Undefined:
            continue


def expressions(*names: str, leaves: int = 8) -> st.SearchStrategy[Any]:
    leaf = st.sampled_from(NAMES) | st.integers(-6, 12)
    return st.recursive(leaf, lambda part: st.tuples(st.sampled_from(names), part, part), max_leaves=leaves)


EXPRESSIONS = st.one_of(
    expressions(*ON_SIZES), expressions("+", "-", "//", "ceil"), expressions("+", "-", "min", "max"))
SEEDS = st.integers(0, 10**6)


FALLING = ("//", ("-", "H", "W"), 3)  # an atom that may be negative


@settings(max_examples=400, deadline=None)
@given(EXPRESSIONS, SEEDS)
@example(("max", ("-", 3, ("max", "H", 2)), "W"), 0)
@example(("max", ("*", FALLING, "H"), ("*", FALLING, "N")), 0)
@example(("//", ("-", ("min", "H", 3), 7), "W"), 0)
@example(("//", FALLING, ("+", FALLING, "N")), 0)
def test_what_is_computed_evaluates_to_what_integers_give(expression: Any, seed: int) -> None:
    size = size_of(expression)
    code = compile(repr(size), "<repr>", "eval")
    lo, hi = bounds(size)
    for sizes, truth in truths(expression, seed):
        assert evaluate(size, sizes) == truth
        assert eval(code, {**IN_PYTHON, **sizes}) == truth
        assert (lo is None or lo <= truth) and (hi is None or truth <= hi)


@settings(max_examples=200, deadline=None)
@given(EXPRESSIONS, SEEDS, st.sampled_from(NAMES))
def test_partial_bindings_change_nothing(expression: Any, seed: int, first: str) -> None:
    size = size_of(expression)
    for sizes, truth in itertools.islice(truths(expression, seed), 40):
        part = evaluate(size, {first: sizes[first]})
        assert part is not None and first not in {atom.args[0] for atom in symbols(part)}
        assert evaluate(part, sizes) == truth


@settings(max_examples=300, deadline=None)
@given(EXPRESSIONS, EXPRESSIONS, st.integers(-2, 2), st.booleans(), SEEDS)
def test_same_is_never_wrong(a: Any, b: Any, offset: int, alike: bool, seed: int) -> None:
    b = ("+", ("-", ("+", a, "W"), "W"), offset) if alike else b
    verdict = same(size_of(a), size_of(b))
    seen = {truth == 0 for _, truth in truths(("-", a, b), seed)}
    assert verdict is not True or False not in seen
    assert verdict is not False or True not in seen


@settings(max_examples=40, deadline=None)
@given(expressions("+", "-", "*", "//", "ceil", "%", "min", "max", leaves=5), SEEDS)
def test_sympy_gives_the_same_numbers(expression: Any, seed: int) -> None:
    size = size_of(expression)
    formula = to_sympy(size)
    for sizes, truth in itertools.islice(truths(expression, seed), 60, 70):
        values = {symbol: sizes[symbol.name] for symbol in formula.free_symbols}
        assert evaluate(size, sizes) == truth == formula.subs(values)


# ------------------------------------------------------------------------------------------ one form for each
def convolved(size: Size, kernel: int, stride: int = 1, pad: int = 0, dilation: int = 1) -> Size:
    return (size + 2 * pad - dilation * (kernel - 1) - 1) // stride + 1


def resnet(size: Size) -> Size:
    for kernel, stride, pad in [(7, 2, 3), (3, 2, 1), (3, 1, 1), (3, 2, 1), (3, 2, 1), (1, 2, 0), (3, 1, 1)]:
        size = convolved(size, kernel, stride, pad)
    return size


EQUAL = [
    (resnet(H), ceildiv(H, 32)),
    (H // 2 // 2 // 2, H // 8),
    ((H // 3 + 5) // 4, (H + 15) // 12),
    ((H // 2 + W) // 2, (H + 2 * W) // 4),
    ((W - H // 2) // 3, (2 * W - H + 1) // 6),
    (ceildiv(ceildiv(H, 2), 3), ceildiv(H, 6)),
    (-(-H // 7), (H + 6) // 7),
    ((7 - H % 7) % 7 + H, 7 * ceildiv(H, 7)),
    (H - H % 16, 16 * (H // 16)),
    ((H * 6 + 4) // 4, (H * 3) // 2 + 1),
    ((6 * N) // 4, (3 * N) // 2),
    (H % 2 + 2 * (H // 2), H),
    ((H % 7) // 7, 0),
    ((H * 7 + W % 7) // 7, H),
    (H - H // 2, (H + 1) // 2),
    (H - ceildiv(H, 2), H // 2),
    (H // 2 + ceildiv(H, 2), H),
    ((H + W) // 2 - W, (H - W) // 2),
    ((H * W * C) // (H * W), C),
    ((N * (S + 1)) // (S + 1), N),
    ((N * S + N) // (2 * S + 2), N // 2),
    ((N * S) // (2 * S), N // 2),
    ((N * S + 3) // S, N + 3 // S),
    ((H // 2) // S, (H // S) // 2),
    (ceildiv(N, S), (N + S - 1) // S),
    (ceildiv(N * S, S), N),
    (H // -S, -H // S),
    (((H + 1) * (W + 1)) // (H + 1), W + 1),
    (bcast(bcast(H, W), N), bcast(N, bcast(W, H))),
    (bcast(H, bcast(H, W)), bcast(H, W)),
    (bcast(H, 1), H),
    (bcast(H, 7), 7),
    (bcast(H + 2, W), H + 2),
    (bcast(S, minimum(S, 512)), S),
    (bcast(minimum(S, 512), bcast(N, S)), bcast(S, N)),
    (maximum(H, maximum(W, N)), maximum(N, H, W)),
    (maximum(H + 3, W + 3), maximum(H, W) + 3),
    (maximum(2 * H, 2 * W), 2 * maximum(H, W)),
    (maximum(N * H, N * W), N * maximum(H, W)),
    (maximum(H, W) + minimum(H, W), H + W),
    (-maximum(-H, -W), minimum(H, W)),
    (H - maximum(H - 3, 0), minimum(H, 3)),
    (H - minimum(H, 3), maximum(H - 3, 0)),
    (maximum(H - 3, 0) + 3, maximum(H, 3)),
    (maximum(H, H // 2), H),
    (maximum(0, minimum(H, 5) - minimum(H, 2)), minimum(H, 5) - minimum(H, 2)),
    (3 // (7 * ceildiv(H, 7)), 0),
    (-3 % (7 * H), 7 * H - 3),
    (8 + minimum(maximum(H, W) - 8, 0), minimum(maximum(H, W), 8)),
    (maximum(H, minimum(H, W)), H),
    (prod([H, W, 2]), 2 * W * H),
    (H * 0, 0),
    (H - H, 0),
    (3 - (3 - H), H),
    (H * 2.0, 2 * H),
]


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_equal_sizes_are_one_object(one: Size, other: Size) -> None:
    assert one is other or isinstance(one, int) and one == other
    assert same(one, other) is True


@pytest.mark.parametrize(("one", "other", "verdict"), [
    (H, W, None),
    (H, H + 1, False),
    (2 * H, 2 * W + 1, False),
    (2 * (H // 2), H, None),
    (16 * (H // 16), 16 * (W // 16) + 8, False),
    (2 * (H // 2), 2 * (W // 2) + 1, False),
    (H // 2 + 2, ceildiv(H, 2), False),
    (H // 3 + (H + 1) // 3 + (H + 2) // 3, H, True),
    ((H * H + H) // 2 * 2, H * H + H, True),
    ((H * W) // 6 * 6, H * W + 7, False),
    ((2 * (H // 3) + 1) // 5, (2 * (H // 3) + 1) // 5 + 1, False),
    (H - 7 * (H // 7), 7, False),
    (bcast(H, W), H, None),
    (bcast(H, W) + 1, 0, False),
    (maximum(H, 3), 2, False),
    (unknown("a"), unknown("b"), None),
    (unknown("a"), unknown("a"), True),
    (counted("a", 5), 6, False),
    (counted("a", N), N + 1, False),
    (3, 3, True),
    (3, 4, False),
])
def test_same(one: Size, other: Size, verdict: bool | None) -> None:
    assert same(one, other) is same(other, one) is verdict


@pytest.mark.parametrize(("size", "expected"), [
    (7, (7, 7)),
    (H + 3, (3, None)),
    (3 - H, (None, 3)),
    (H * W - 2, (-2, None)),
    (H - W, (None, None)),
    (H // 2 - 4, (-4, None)),
    ((H - 3) // 2, (-2, None)),
    ((H - 3) * 5, (-15, None)),
    (H % 7, (0, 6)),
    ((7 - H % 7) % 7, (0, 6)),
    (N * (H % 7), (0, None)),
    (H - H // 2, (0, None)),
    (H // 2 - H // 3, (0, None)),
    (ceildiv(H, 32) * 32 - H, (0, 31)),
    (minimum(H, 3), (0, 3)),
    (maximum(H, 3), (3, None)),
    (maximum(H - 3, 0), (0, None)),
    (H - minimum(H, W), (0, None)),
    (minimum(H, 5) - minimum(H, 2), (0, 3)),
    (bcast(H + 1, W), (0, None)),
    (counted("a", 9) - 4, (-4, 5)),
    (N * H - counted("a", N * H), (0, None)),
    (H // S, (0, None)),
    ((minimum(H, 3) - 7) // S, (-7, -1)),
    (minimum(H, 9) // (S + 2), (0, 4)),
    (2 * minimum(H, 3) - 5, (-5, 1)),
    ((minimum(H, 4) - minimum(W, 9)) // 3, (-3, 1)),
    (-5 * ((minimum(H, 4) - minimum(W, 9)) // 3), (-5, 15)),
    (-3 % H, (0, None)),
    (-3 % (2 * H + 1), (0, None)),
    (H - 1 - -3 % H, (0, 2)),
    (5 % H, (0, 5)),
    (W - W % H, (0, None)),
])
def test_bounds(size: Size, expected: tuple[int | None, int | None]) -> None:
    assert bounds(size) == expected


def test_least_and_most_are_infinite_where_there_is_no_bound() -> None:
    assert (least(3 - H), most(3 - H), least(4), most(4)) == (float("-inf"), 3, 4, 4)


# --------------------------------------------------------------------------------------------------- printing
PRINTED = [
    (H, "H", "H", "H"),
    (H + 1, "H + 1", "H + 1", "H + 1"),
    (3 - H, "3 - H", "3 − H", "3 - H"),
    (-H - W, "-H - W", "−H − W", "-H - W"),
    (ceildiv(H, 32), "(H + 31)//32", "⌈H/32⌉", "ceil(H/32)"),
    ((H - 3) // 2, "(H - 3)//2", "⌊(H − 3)/2⌋", "floor((H - 3)/2)"),
    ((H - 3) // 4 + 1, "(H + 1)//4", "⌊(H + 1)/4⌋", "floor((H + 1)/4)"),
    ((H + 7) // 5, "(H + 7)//5", "⌊(H + 7)/5⌋", "floor((H + 7)/5)"),
    (H // 4 + 1, "H//4 + 1", "⌊H/4⌋ + 1", "floor(H/4) + 1"),
    (ceildiv(N, S), "(N + S - 1)//S", "⌈N/S⌉", "ceil(N/S)"),
    (H // (2 * S), "H//(2*S)", "⌊H/(2·S)⌋", "floor(H/(2*S))"),
    (5 * H // 7, "(5*H)//7", "⌊5·H/7⌋", "floor(5*H/7)"),
    (3 * H // 2, "(3*H)//2", "⌊3·H/2⌋", "floor(3*H/2)"),
    (H + H // 32, "H + H//32", "H + ⌊H/32⌋", "H + floor(H/32)"),
    (W - H // 2, "W - H//2", "W − ⌊H/2⌋", "W - floor(H/2)"),
    (-(H // 2), "-(H//2)", "−⌊H/2⌋", "-floor(H/2)"),
    (H % 7, "Mod(H, 7)", "H mod 7", "H mod 7"),
    (2 * (H % 7) - 1, "2*Mod(H, 7) - 1", "2·(H mod 7) − 1", "2*(H mod 7) - 1"),
    ((7 - H % 7) % 7, "Mod(-H, 7)", "(−H) mod 7", "(-H) mod 7"),
    (H % 7 + W % 3, "Mod(H, 7) + Mod(W, 3)", "(H mod 7) + (W mod 3)", "(H mod 7) + (W mod 3)"),
    (N * (H % 7) + 3, "N*Mod(H, 7) + 3", "N·(H mod 7) + 3", "N*(H mod 7) + 3"),
    ((2 * H) % 4, "2*Mod(H, 2)", "2·(H mod 2)", "2*(H mod 2)"),
    (maximum(H - 3, 0), "Max(H - 3, 0)", "max(H − 3, 0)", "max(H - 3, 0)"),
    (minimum(H, 3) * N, "N*Min(H, 3)", "N·min(H, 3)", "N*min(H, 3)"),
    (3 - maximum(H, 3), "Min(3 - H, 0)", "min(3 − H, 0)", "min(3 - H, 0)"),
    (maximum(H, W, 2), "Max(H, W, 2)", "max(H, W, 2)", "max(H, W, 2)"),
    (bcast(bcast(W, N), H) * 2, "2*bcast(H, bcast(N, W))", "2·bcast(H, N, W)", "2*bcast(H, N, W)"),
    (H * H * 3, "3*H**2", "3·H²", "3*H^2"),
    (H * W - N + 2, "H*W - N + 2", "H·W − N + 2", "H*W - N + 2"),
    (N * S + N, "N*(S + 1)", "N·(S + 1)", "N*(S + 1)"),
    (N * (H + W) * (S + 1), "N*(H + W)*(S + 1)", "N·(H + W)·(S + 1)", "N*(H + W)*(S + 1)"),
    (-N * S - N, "-N*(S + 1)", "−N·(S + 1)", "-N*(S + 1)"),
    (2 * H + 2 * W, "2*H + 2*W", "2·H + 2·W", "2*H + 2*W"),
    (64 * N * ((H - 3) // 4) * ((W - 3) // 4), "64*N*((H - 3)//4)*((W - 3)//4)",
     "64·N·⌊(H − 3)/4⌋·⌊(W − 3)/4⌋", "64*N*floor((H - 3)/4)*floor((W - 3)/4)"),
    (symbol("16*h") + 1, "symbol('16*h') + 1", "16*h + 1", "16*h + 1"),
    (symbol("for"), "symbol('for')", "for", "for"),
    (symbol("Max"), "symbol('Max')", "Max", "Max"),
    (symbol("größe"), "symbol('größe')", "größe", "gr\\xf6\\xdfe"),
    (symbol("a\x1b[1m"), "symbol('a\\x1b[1m')", "a\\x1b[1m", "a\\x1b[1m"),
    (symbol("net.x") * 2, "2*net.x", "2·net.x", "2*net.x"),
    (unknown("x.d0") + 1, "x.d0 + 1", "? + 1", "? + 1"),
    (3 * counted("nz.count"), "3*nz.count", "3·nz.count", "3*nz.count"),
    (-5, "-5", "−5", "-5"),
]


@pytest.mark.parametrize(("size", "code", "formula", "plain"), PRINTED)
def test_printing(size: Size, code: str, formula: str, plain: str) -> None:
    assert (python(size), human(size), human(size, ascii=True)) == (code, formula, plain)


def test_a_size_prints_itself() -> None:
    size = ceildiv(H, 32)
    assert (repr(size), str(size), f"{symbol('N')}") == ("(H + 31)//32", "⌈H/32⌉", "N")


def test_sympy_knows_what_symbols_are() -> None:
    import sympy
    h = sympy.Symbol("H", integer=True, nonnegative=True)
    assert to_sympy(ceildiv(H, 32)) == sympy.floor((h + 31) / 32)
    assert to_sympy(maximum(H, 3)) == sympy.Max(h, 3)
    assert to_sympy(bcast(H, W)).subs({h: 1}) == to_sympy(W) and to_sympy(4) == 4


# --------------------------------------------------------------------------------------------- what a size is
def test_numbers_stay_plain_numbers() -> None:
    assert type(H - H) is type((H + 6) - H) is type(maximum(3, 4)) is type(prod([2, 3])) is int
    assert type(evaluate(H // 2 + W, {"H": 5, "W": 1})) is int


def test_a_size_has_no_truth_value_and_no_order() -> None:
    with pytest.raises(TypeError, match="no truth value"):
        bool(H)
    with pytest.raises(TypeError):
        H < 3  # type: ignore[operator]  # noqa: B015


@pytest.mark.parametrize("other", [0.5, float("nan"), float("inf"), None, "3"])
def test_only_whole_numbers_take_part(other: Any) -> None:
    for operate in (operator.add, operator.sub, operator.mul, operator.floordiv, operator.mod):
        with pytest.raises(TypeError):
            operate(H, other)


def test_division_by_zero_is_an_error_or_no_value() -> None:
    with pytest.raises(ZeroDivisionError):
        H // 0
    assert evaluate(H // S, {"H": 4, "S": 0}) is None
    assert evaluate(None, {}) is None


def test_is_known() -> None:
    assert is_known(H * 2) and is_known(5)
    assert not is_known(None) and not is_known(unknown("x") + H) and not is_known(H + counted("y", H) // 2)


def test_substituting_sizes_for_symbols() -> None:
    (atom,) = symbols(H)
    assert atom_size(atom) is H
    assert substitute(ceildiv(H, 4), {atom: 2 * W}) is ceildiv(W, 2)
    assert substitute(bcast(H, W) + maximum(H, 3), {atom: 1}) is W + 3


def test_zero_at_sight_or_by_its_remainders() -> None:
    assert vanishes(0) is True and vanishes(3) is False and vanishes(H + 1) is False and vanishes(H) is None
    assert vanishes((minimum(H, 1) + 1) // 2 - minimum(H, 1)) is True


# ------------------------------------------------------------------------------------- one object, everywhere
MIXED = [H, 3 * H - 2, resnet(H) * W, bcast(H, W) // 2 + N, maximum(H - 3, W) * counted("c", H),
         unknown("u") + 1, (N * H) // (S + 1) % 5, minimum(H // 2, maximum(W, 4))]


@pytest.mark.parametrize("size", MIXED)
def test_copies_and_pickles_are_the_same_object(size: Size) -> None:
    assert pickle.loads(pickle.dumps(size)) is size
    assert copy.copy(size) is size and copy.deepcopy(size) is size


OTHER_PROCESS = """
import pickle, sys
from archcheck.dims import *
for name in sys.argv[1]:
    symbol(name)
H, W, N, S = map(symbol, "HWNS")
sizes = [N*W*H + H//3 - W % 5, bcast(N, bcast(W, H)), maximum(W, H - 2, N*S), (W*H + 1)//(S + N)]
sys.stdout.buffer.write(pickle.dumps((sizes, list(map(repr, sizes)), list(map(str, sizes)))))
"""


def in_other_process(order: str, seed: str) -> Any:
    run = subprocess.run([sys.executable, "-c", OTHER_PROCESS, order], capture_output=True, check=True,
                         env={"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)})
    return pickle.loads(run.stdout)


def test_other_processes_give_the_same_forms_and_texts() -> None:
    (sizes, codes, texts), *others = [in_other_process(*made) for made in [("HWNS", "0"), ("SNWH", "1")]]
    for other_sizes, other_codes, other_texts in others:
        assert all(a is b for a, b in zip(sizes, other_sizes))
        assert (other_codes, other_texts) == (codes, texts) == (list(map(repr, sizes)), list(map(str, sizes)))


def test_memory_holds_one_generation_and_what_is_in_use() -> None:
    kept = ceildiv(H, 32) * W
    gc.collect()
    memory.forget()
    before = len(memory._old)
    for k in range(memory.GENERATION // 3):
        H // (k + 2) + k
    assert len(memory._young) <= memory.GENERATION + 10
    memory.forget()
    assert len(memory._old) < before + 200
    assert ceildiv(H, 32) * W is kept


# ------------------------------------------------------------------------------------------- hostile formulas
def squares(size: Size, step: int) -> Size:
    return size * size + W


def alternations(size: Size, step: int) -> Size:
    part = (size + step) // (2 + step % 5)
    moves = (maximum(size - step, W), minimum(size + step, 7 * W), part, size * 2 + W)
    return moves[step % 4]


def nests(size: Size, step: int) -> Size:
    return maximum(size, size // 2 + W + step) * 2


def quotients(size: Size, step: int) -> Size:
    return (size * H + step) // (W + step)


def sums(size: Size, step: int) -> Size:
    return size + symbol(f"s{step}")


def powers(size: Size, step: int) -> Size:
    return size * 10**18


@pytest.mark.parametrize("grow", [squares, alternations, nests, quotients, sums, powers])
def test_formulas_do_not_outgrow_their_use(grow: Callable[[Size, int], Size]) -> None:
    size: Size = H
    start = time.process_time()
    for step in range(1000):
        size = grow(size, step)
    assert len(repr(size)) < 20_000 and len(str(size)) < 20_000
    assert time.process_time() - start < 10
    assert isinstance(size, Dim) and size.weight < 2000


def test_what_outgrew_its_use_is_unknown_and_itself() -> None:
    big = prod(symbol(f"a{k}") + symbol(f"b{k}") for k in range(7))
    other = prod(symbol(f"a{k}") + symbol(f"c{k}") for k in range(7))
    assert not is_known(big) and str(big) == "?"
    assert big is prod(symbol(f"a{k}") + symbol(f"b{k}") for k in range(7))
    assert same(big, other) is None and bounds(big) == (None, None) and same(big + 1, 0) is None
    assert isinstance(evaluate(big, {"a0": 1}), Dim)


# ------------------------------------------------------------------------------------------------------ speed
def test_a_chain_of_200_layers_takes_milliseconds() -> None:
    def chain() -> float:
        memory.forget()
        start = time.process_time()
        size: Size = symbol("H")
        for layer in range(200):
            size = convolved(size, 3, 2 if layer % 40 == 0 else 1, 1)
        return time.process_time() - start
    assert min(chain() for _ in range(5)) < 0.01
