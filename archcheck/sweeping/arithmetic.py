"""Expressions over columns: the arithmetic of specifications, exact, on every row at once.

A column is an array of ``int64``, ``bool``, or Python's integers and fractions. Where numbers might not fit
64 bits they become Python's, so that none wraps around.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from archcheck.errors import closest
from archcheck.expressions import Expression, Operator, Tree, error, parse
from archcheck.frontends.spec._sizes import FUNCTIONS
from archcheck.frontends.spec._sizes import OPERATORS as ON_SIZES
from archcheck.functions import INT64

MAX_POWER = 64


def _power(a: Any, b: Any) -> Any:
    """An exact power, of a whole exponent from -64 to 64."""
    if not isinstance(b, int) or abs(b) > MAX_POWER:
        raise ValueError(f"{b} is no exponent: whole numbers from -{MAX_POWER} to {MAX_POWER} are")
    found = Fraction(a) ** b
    return found.numerator if found.denominator == 1 else found


OPERATORS: Mapping[str, Operator] = {**ON_SIZES, "^": Operator(6, _power)}
COMPARISONS = frozenset(("==", "!=", "<", "<=", ">", ">="))


def expression(text: str) -> Expression:
    """The expression that ``text`` says. Raises `archcheck.expressions.ExpressionError`."""
    return parse(text, OPERATORS, FUNCTIONS, decimal=True, rich=True)


def names_in(tree: Tree) -> tuple[str, ...]:
    """The names of columns in an expression, in order of appearance; in quotes if they are no identifiers."""
    own = (tree.value,) if tree.kind in ("name", "text") else ()
    return tuple(dict.fromkeys([*own, *(name for part in tree.operands for name in names_in(part))]))


def evaluated(found: Expression, columns: Mapping[str, Any]) -> Any:
    """What an expression is in each row of ``columns``: an array, or one number or truth value for all.
    Raises `archcheck.expressions.ExpressionError`."""
    return _Evaluation(found.text, columns).value(found.tree)


def tidied(array: Any) -> Any:
    """An array of Python's numbers as one of ``int64`` or ``bool`` where it can be."""
    import numpy
    if array.dtype != object or not array.size:
        return array
    kinds = set(map(type, array.flat))
    if kinds == {bool}:
        return array.astype(bool)
    fits = kinds == {int} and min(array.flat) >= -INT64 and max(array.flat) < INT64
    return array.astype(numpy.int64) if fits else array


def is_none(array: Any) -> Any:
    """Where an array of objects has None."""
    import numpy
    return numpy.equal(array, numpy.array(None, object)).astype(bool)


class _Evaluation:
    """Works out one expression, whose ``text`` is shown where that fails."""

    def __init__(self, text: str, columns: Mapping[str, Any]) -> None:
        self.text, self.columns = text, columns

    def value(self, tree: Tree) -> Any:
        """What the tree is."""
        if tree.kind == "number":
            return tree.value
        if tree.kind in ("name", "text"):
            return self.named(tree)
        operands = [self.value(part) for part in tree.operands]
        try:
            return _applied(self.function(tree, len(operands)), tree.kind, operands)
        except ZeroDivisionError:
            raise error(self.text, tree.at, "this divides by zero") from None
        except (ValueError, TypeError) as problem:
            raise error(self.text, tree.at, str(problem)) from None

    def named(self, tree: Tree) -> Any:
        """The column of that name."""
        if tree.value not in self.columns:
            close = closest(tree.value, self.columns)
            cure = f"did you mean {close}?" if close else f"there are {', '.join(self.columns)}"
            raise error(self.text, tree.at, f"nothing is called {tree.value} here; {cure}")
        return self.columns[tree.value]

    def function(self, tree: Tree, count: int) -> Callable[..., Any]:
        """What is applied to single numbers at the tree."""
        if tree.kind == "call":
            return FUNCTIONS[tree.value][0]
        if count == 1:
            return _negated if tree.kind == "-" else _not
        if tree.kind not in OPERATORS:
            raise error(self.text, tree.at, "this has no meaning here")
        return OPERATORS[tree.kind].apply


def _applied(function: Callable[..., Any], sign: str, operands: list[Any]) -> Any:
    import numpy
    if not any(isinstance(operand, numpy.ndarray) for operand in operands):
        return function(*operands)
    if len(operands) == 2 and (fast := _fast(sign, *operands)) is not None:
        return fast(*operands)
    arrays = [operand.astype(object) if isinstance(operand, numpy.ndarray) else operand
              for operand in operands]
    return tidied(numpy.asarray(numpy.frompyfunc(function, len(arrays), 1)(*arrays)))


def _fast(sign: str, a: Any, b: Any) -> Any:
    """The numpy function that does the same and overflows nowhere; None where there is none."""
    import numpy
    known = {"+": numpy.add, "-": numpy.subtract, "*": numpy.multiply, "==": numpy.equal,
             "!=": numpy.not_equal, "<": numpy.less, "<=": numpy.less_equal, ">": numpy.greater,
             ">=": numpy.greater_equal}
    left, right = _limit(a), _limit(b)
    if sign not in known or left is None or right is None:
        return None
    met = left * right if sign == "*" else left + right
    return known[sign] if max(met, left, right) < INT64 else None


def _limit(operand: Any) -> int | None:
    """The largest absolute value; None for what are no 64-bit integers."""
    import numpy
    if isinstance(operand, numpy.ndarray):
        if operand.dtype != numpy.int64:
            return None
        return max(abs(int(operand.max())), abs(int(operand.min()))) if operand.size else 0
    return abs(operand) if type(operand) is int else None


def _negated(a: Any) -> Any:
    return 0 - a


def _not(a: Any) -> bool:
    if not isinstance(a, bool):
        raise ValueError("not takes yes or no")
    return not a
