"""Evaluating the expressions of claims: names are networks and their parts, functions those registered."""
from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

from archcheck.claims import examples, figures, kinds, runs
from archcheck.claims._compare import equals
from archcheck.claims._functions import FUNCTIONS, called
from archcheck.claims._networks import Networks
from archcheck.claims._parts import NotKnown, Part
from archcheck.dims import Dim, prod
from archcheck.expressions import Expression, ExpressionError, Operator, Tree, error, parse
from archcheck.frontends.spec._sizes import OPERATORS as ON_SIZES
from archcheck.frontends.spec._sizes import Open

if TYPE_CHECKING:
    from archcheck.claims._running import Runner

__all__ = ["ExpressionError", "evaluate", "examples", "figures", "kinds", "runs", "understood"]

MAX_POWER, MAX_VALUE = 64, 10 ** 60


_PLAIN: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod, "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge}


def _numeric(sign: str) -> Any:
    """An operator of numbers, exact on formulas and fractions, and element by element on lists."""
    exact = ON_SIZES[sign].apply
    plain: Callable[[Any, Any], Any] = _PLAIN[sign]

    def one(a: Any, b: Any) -> Any:
        is_float = isinstance(a, float) or isinstance(b, float)
        return plain(float(a), float(b)) if is_float else exact(a, b)
    return lambda a, b: examples.each(one, a, b)


def _power(a: Any, b: Any) -> Any:
    if not isinstance(b, int) or not 0 <= b <= MAX_POWER or isinstance(a, (tuple, str, bool)):
        raise ValueError(f"powers are of numbers, and whole ones from 0 to {MAX_POWER}")
    found = prod([a] * b)
    if isinstance(found, (int, Fraction)) and abs(found) > MAX_VALUE:
        raise ValueError("this power is too large")
    return found


def _compared(sign: str) -> Any:
    exact = ON_SIZES[sign].apply
    plain = _PLAIN[sign]

    def compare(a: Any, b: Any) -> Any:
        if any(isinstance(x, (tuple, str, bool, Part)) for x in (a, b)):
            raise ValueError(f"{sign} compares numbers")
        found = exact(a, b) if isinstance(a, Dim) or isinstance(b, Dim) else plain(a, b)
        if isinstance(found, Open):
            raise NotKnown(f"{found.question} depends on the symbols")
        return found
    return compare


OPERATORS: Mapping[str, Operator] = {
    "or": Operator(0, None), "and": Operator(1, None),  # type: ignore[arg-type]
    "==": Operator(2, equals), "!=": Operator(2, lambda a, b: not equals(a, b)),
    **{sign: Operator(3, _compared(sign)) for sign in ("<=", ">=", "<", ">")},
    **{sign: Operator(ON_SIZES[sign].level, _numeric(sign)) for sign in ("+", "-", "*", "//", "/", "%")},
    "^": Operator(6, _power)}


def understood(text: str) -> Expression:
    """The expression that ``text`` says. Raises `ExpressionError`."""
    return parse(text, OPERATORS, _functions(), decimal=True, rich=True)


@cache
def _functions() -> Mapping[str, tuple[Callable[..., Any], int, int]]:
    """All functions, with how many arguments they take."""
    known = {name: (known.apply, *known.arity()) for name, known in FUNCTIONS.items()}
    return {"same": (_same, 2, 2), **known}


def evaluate(text: str, networks: Networks, runner: Runner | None = None) -> Any:
    """What an expression of claims comes to: a size, fraction, float, truth value, text or tuple. With a
    ``runner`` it may run networks. Raises `ExpressionError`, and `NotKnown` for a figure that is not
    known."""
    try:
        return _Evaluation(text, networks, runner).value(understood(text).tree)
    except RecursionError:
        raise error(text, 0, "this is too long a chain of operators; use parentheses") from None


class _Evaluation:
    def __init__(self, text: str, networks: Networks, runner: Runner | None) -> None:
        self.text, self.networks, self.runner = text, networks, runner

    def value(self, tree: Tree) -> Any:
        try:
            return self._value(tree)
        except ZeroDivisionError:
            raise error(self.text, tree.at, "this divides by zero") from None
        except ValueError as problem:
            raise error(self.text, tree.at, str(problem)) from None
        except TypeError:
            raise error(self.text, tree.at, f"{tree.value or tree.kind} does not go with these") from None

    def _value(self, tree: Tree) -> Any:
        if tree.kind in ("number", "text"):
            return tree.value
        if tree.kind == "name":
            return self.networks.named(tree.value)
        if tree.kind in ("and", "or", "not"):
            return self._logic(tree)
        values = [self.value(operand) for operand in tree.operands]
        if tree.kind == "list":
            return tuple(values)
        if tree.kind == "bound":
            name, member, keys = tree.value
            return self.networks.part(name, member, dict(zip(keys, values)))
        if tree.kind == "call":
            return _same(*values) if tree.value == "same" else called(tree.value, values, self.runner)
        return self._operation(tree, values)

    def _operation(self, tree: Tree, values: list[Any]) -> Any:
        for value in values:
            if isinstance(value, Part):
                raise ValueError(f"{value.name} is no number; take a figure, such as params({value.name})")
        if len(values) == 1:
            return examples.each(operator.neg, values[0])
        return OPERATORS[tree.kind].apply(*values)

    def _logic(self, tree: Tree) -> bool:
        """``and`` and ``or`` look at the right side only where the left one does not decide."""
        left = self._truth(tree.operands[0])
        if tree.kind == "not":
            return not left
        return left if left is (tree.kind == "or") else self._truth(tree.operands[1])

    def _truth(self, tree: Tree) -> bool:
        found = self.value(tree)
        if not isinstance(found, bool):
            raise error(self.text, tree.at, "this is neither true nor false; compare it with something")
        return found


def _same(a: Any, b: Any) -> bool:
    """Whether two parts have the same layers, wired alike, with the same shapes; or two values are equal."""
    if not (isinstance(a, Part) and isinstance(b, Part)):
        return equals(a, b)
    from archcheck.analyses.structure import outline
    return outline(a.report, a.indices) == outline(b.report, b.indices)


