"""Arithmetic that people write: what it means, held against Python's own, and what is said of mistakes."""
from __future__ import annotations

import operator
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archcheck.dims import evaluate, symbol
from archcheck.expressions import ARITHMETIC, MAX_LENGTH, MAX_NESTING, ExpressionError, Operator, parse

NAMES = "hwn"


def value(text: str, **sizes: int) -> Any:
    return parse(text).value(sizes)


# ------------------------------------------------------------------------------------------------- meaning
PARTS = st.recursive(
    st.sampled_from(NAMES) | st.integers(0, 40).map(str),
    lambda part: st.one_of(
        st.tuples(part, st.sampled_from(["+", "-", "*", "//"]), part, st.sampled_from(["", " "])).map(
            lambda made: made[3].join(made[:3])),
        part.map("({})".format), part.map("-{}".format)),
    max_leaves=10)


@given(PARTS, st.tuples(*[st.integers(0, 60)] * 3))
def test_numbers_come_out_as_in_python(text: str, numbers: tuple[int, ...]) -> None:
    sizes = dict(zip(NAMES, numbers))
    try:
        truth = eval(text, {}, sizes)
    except ZeroDivisionError:
        with pytest.raises(ExpressionError, match="divides by zero"):
            value(text, **sizes)
        return
    assert value(text, **sizes) == truth


@given(PARTS, st.tuples(*[st.integers(0, 60)] * 3))
def test_symbols_come_out_as_formulas(text: str, numbers: tuple[int, ...]) -> None:
    sizes = dict(zip(NAMES, numbers))
    try:
        truth = eval(text, {}, sizes)
        formula = parse(text).value({name: symbol(name) for name in NAMES})
    except (ZeroDivisionError, ExpressionError):
        return
    assert evaluate(formula, sizes) == truth


def test_names_stand_in_order_and_may_be_quoted():
    expression = parse("w*'batch size' + h.1x - \"past + 1\" + w")
    assert expression.names == ("w", "batch size", "h.1x", "past + 1")
    assert expression.value({"w": 2, "batch size": 3, "h.1x": 5, "past + 1": 7}) == 2 * 3 + 5 - 7 + 2


def test_others_may_add_operators():
    table = {**ARITHMETIC, "<=": Operator(0, operator.le)}
    assert parse("h + 1 <= 2*w", table).value({"h": 5, "w": 3}) is True
    assert parse("h + 2 <= 2*w", table).value({"h": 5, "w": 3}) is False


FUNCTIONS = {"min": (min, 2, 3), "half": (lambda a: a // 2, 1, 1)}


def test_others_may_add_functions_and_fractions():
    assert parse("min(h, 2*half(w) + 1, 9) + 1", ARITHMETIC, FUNCTIONS).value({"h": 8, "w": 6}) == 8
    assert parse("0.1 + 0.2", ARITHMETIC, decimal=True).value({}) == Fraction(3, 10)
    assert parse("min + 1", ARITHMETIC, FUNCTIONS).value({"min": 4}) == 5


@pytest.mark.parametrize(("text", "at", "says"), [
    ("mun(1, 2)", 0, "there is no mun here; did you mean min?"), ("min(1)", 0, "takes 2 arguments, not 1"),
    ("half(1, 2)", 0, "half takes at most 1 arguments"), ("min(1, 2", 3, "this ( is not closed"),
    ("min(1, )", 7, "should stand here"), ("1, 2", 1, "should stand here"), ("1.5", 1, "has no meaning here"),
])
def test_mistakes_in_calls(text: str, at: int, says: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text, ARITHMETIC, FUNCTIONS).value({})
    assert caught.value.at == at and says in caught.value.reason


# ------------------------------------------------------------------------------------------------ mistakes
@pytest.mark.parametrize(("text", "at", "says"), [
    ("", 0, "a number, a name or ( should stand here"),
    ("32*h+", 5, "a number, a name or ( should stand here"),
    ("32*h + ", 6, "a number, a name or ( should stand here"),
    ("h + *w", 4, "a number, a name or ( should stand here"),
    ("2h", 1, "one of + - * // should stand here"),
    ("h w", 2, "one of + - * // should stand here"),
    ("h/2", 1, "divide with //"),
    ("h**2", 1, "as a product"),
    ("h^2", 1, "as a product"),
    ("2*(h + 1", 2, "this ( is not closed"),
    ("h + 1) * 2", 5, "no ( belongs to this )"),
    ("h + 3//(2 - 2)", 5, "divides by zero"),
    ("h + hh", 4, "there is no hh here; did you mean h?"),
    ("h.real()", 6, "one of + - * // should stand here"),
    ("__import__('os')", 10, "one of + - * // should stand here"),
    ("h = 2", 2, "'=' has no meaning here"),
    ("h\x1b[31m", 1, "has no meaning here"),
    ("1" * 19, 0, "more than 18 digits"),
    ("(" * 60 + "h" + ")" * 60, MAX_NESTING, "nests deeper"),
    ("-" * 60 + "h", MAX_NESTING, "nests deeper"),
    ("*".join(f"(h + {name})" for name in "abcdefghijklmno"), 0, "too many terms"),
])
def test_a_mistake_is_shown_at_its_place(text: str, at: int, says: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text).value({name: symbol(name) for name in "habcdefghijklmno"})
    message, shown, mark = str(caught.value).split("\n")
    assert says in message
    assert shown[2:] == text.replace("\x1b", "?") and mark == " " * (2 + at) + "^"


def test_the_longest_chains_are_no_deep_recursion():
    assert value("+".join("1" * (MAX_LENGTH // 2))) == MAX_LENGTH // 2
    with pytest.raises(ExpressionError, match="too long"):
        parse("1" + "+1" * MAX_LENGTH)
