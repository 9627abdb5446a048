"""Arithmetic on values that hold sizes, against numpy at numbers put in for the symbols."""
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archcheck
from archcheck.dims import symbol
from archcheck.elements import Ratio
from archcheck.graph import Graph, Node, TensorType

NAMES = "NMH"
AT = st.fixed_dictionaries(dict.fromkeys(NAMES, st.integers(0, 12)))
quick = settings(deadline=None, max_examples=25)
BINARY = {
    "Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Max": np.maximum, "Min": np.minimum, "Sum": np.add, "Equal": np.equal,
    "Less": np.less, "Greater": np.greater, "LessOrEqual": np.less_equal, "GreaterOrEqual": np.greater_equal, "Mod": np.mod}
UNARY = {"Abs": np.abs, "Neg": np.negative, "Sign": np.sign, "Floor": np.floor, "Ceil": np.ceil, "Round": np.round}


@st.composite
def sizes(draw: st.DrawFn) -> Any:
    """An integer, or a size made of a symbol."""
    size: Any = draw(st.one_of(st.integers(-4, 9), st.sampled_from(NAMES).map(symbol)))
    for step in draw(st.lists(st.sampled_from("+-*/%"), max_size=2)) if not isinstance(size, int) else ():
        n = draw(st.integers(1, 5))
        size = {"+": size + n, "-": size - n, "*": size * n, "/": size // n, "%": size % n}[step]
    return size


@st.composite
def fractions(draw: st.DrawFn) -> Any:
    """A number in a float tensor: a float, a size, or a quotient of a size."""
    size = draw(sizes())
    den = draw(st.sampled_from([1, 2, 3, 4]))
    return float(size) if isinstance(size, int) else size if den == 1 else Ratio(size, den)


def number(element: Any, at: dict[str, int]) -> Any:
    """``element`` with numbers put in for its symbols."""
    if isinstance(element, Ratio):
        return number(element.num, at) / number(element.den, at)
    return element if isinstance(element, float) else archcheck.evaluate(element, at)


def value(op: str, dtype: str, *elements: Any) -> Any:
    """What ``op`` makes of the scalars ``elements``."""
    kinds = {f"x{k}": TensorType(dtype, (), (element,)) for k, element in enumerate(elements)}
    graph = Graph("g", kinds, ("y",), (Node("n", op, "", tuple(kinds), ("y",), {}),), {}, opsets={"": 21})
    return (archcheck.analyze(graph).types["y"].value or (None,))[0]


@pytest.mark.parametrize("op", BINARY)
@quick
@given(a=sizes(), b=sizes(), at=AT)
def test_integers(op: str, a: Any, b: Any, at: dict[str, int]) -> None:
    found = value(op, "int64", a, b)
    if found is not None and not (op == "Mod" and number(b, at) == 0):
        assert number(found, at) == BINARY[op](number(a, at), number(b, at))


@pytest.mark.parametrize("op", sorted(BINARY.keys() - {"Mod"}))
@quick
@given(a=fractions(), b=fractions(), at=AT)
def test_floats(op: str, a: Any, b: Any, at: dict[str, int]) -> None:
    found = value(op, "float32", a, b)
    if found is not None:
        expected = BINARY[op](np.float32(number(a, at)), np.float32(number(b, at)))
        assert number(found, at) == pytest.approx(float(expected), rel=1e-6)


@pytest.mark.parametrize("op", UNARY)
@quick
@given(a=fractions(), at=AT)
def test_one_operand(op: str, a: Any, at: dict[str, int]) -> None:
    found = value(op, "float32", a)
    if found is not None:
        assert number(found, at) == pytest.approx(float(UNARY[op](np.float32(number(a, at)))), rel=1e-6)
