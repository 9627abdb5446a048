"""Arithmetic on sizes as people write it, ``32*h + 1`` or ``(H - 7)//2``: tokens, a tree, a size.

Whole numbers, names (those that are no identifiers in quotes), the `ARITHMETIC` operators and parentheses.
Nothing is evaluated but this. Whoever needs more operators (comparisons, words such as ``and``), functions or
decimal fractions, gives `parse` larger tables. A ``rich`` language also has lists ``[1, 2]``, texts in
quotes, ``not``, numbers such as ``60e6``, and names with parameters, ``net[H=256].conv1``; whoever uses it
evaluates its trees.
"""
from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from operator import add, floordiv, mul, sub
from types import MappingProxyType
from typing import Any, NamedTuple

from archcheck.dims import Dim, Size, is_known
from archcheck.errors import UserError, closest

MAX_LENGTH, MAX_RICH_LENGTH, MAX_NESTING, MAX_DIGITS = 300, 2000, 40, 18
TIGHTEST, NEGATED = 6, 2
"""The levels from which on operators bind tighter than a minus in front, and than ``not``."""
OPERAND = "a number, a name or ( should stand here"
CURES = {"/": "sizes are whole numbers: divide with //", "**": "write a power as a product, such as h*h",
         "^": "write a power as a product, such as h*h"}


class ExpressionError(UserError):
    """Something written as an expression is none; the message shows the place. ``reason`` says why, ``at`` is
    the place in the expression's text."""

    def __init__(self, message: str, reason: str, at: int) -> None:
        super().__init__(message)
        self.reason, self.at = reason, at


class Operator(NamedTuple):
    """An operator between two operands: those of higher ``level`` bind tighter, equal ones from the left."""

    level: int
    apply: Callable[[Any, Any], Any]


ARITHMETIC: Mapping[str, Operator] = {
    "+": Operator(1, add), "-": Operator(1, sub), "*": Operator(2, mul), "//": Operator(2, floordiv)}


class Language(NamedTuple):
    """What may stand in an expression: ``operators``; ``functions`` by name, each with its least and largest
    number of arguments; whether numbers may be ``decimal`` fractions, which are kept exact; and whether it is
    ``rich``."""

    operators: Mapping[str, Operator]
    functions: Mapping[str, tuple[Callable[..., Any], int, int]]
    decimal: bool
    rich: bool = False


class Tree(NamedTuple):
    """What stands at the place ``at`` of a text: a ``number``, a ``name``, the operator ``kind`` with one or
    two operands, or a ``call`` of the function ``value``. In a rich language also a ``text``, a ``list`` of
    operands, or a ``bound`` name: its value is the name, what is behind the brackets, and the names set in
    them to the operands."""

    kind: str
    at: int
    value: Any = None
    operands: tuple[Tree, ...] = ()


class Token(NamedTuple):
    """A piece of a text: ``kind`` is ``number``, ``name``, ``end``, or the operator or parenthesis itself."""

    kind: str
    at: int
    value: Any = None


@dataclass(frozen=True)
class Expression:
    """A text and the tree that it says."""

    text: str
    tree: Tree
    language: Language

    @property
    def names(self) -> tuple[str, ...]:
        """The names in it, in order of appearance."""
        return tuple(dict.fromkeys(_names(self.tree)))

    def value(self, sizes: Mapping[str, Size]) -> Any:
        """What it is with ``sizes`` for its names: a `Size`, unless an operator makes something else."""
        found = self._value(self.tree, sizes)
        if isinstance(found, Dim) and not is_known(found) and all(
                is_known(size) for size in sizes.values() if isinstance(size, Dim)):
            raise error(self.text, 0, "it has too many terms to be of use")
        return found

    def _value(self, tree: Tree, sizes: Mapping[str, Size]) -> Any:
        if tree.kind == "number":
            return tree.value
        if tree.kind == "name":
            if tree.value not in sizes:
                raise error(self.text, tree.at, _no_name(tree.value, list(sizes)))
            return sizes[tree.value]
        operands = [self._value(operand, sizes) for operand in tree.operands]
        try:
            return self._apply(tree, operands)
        except ZeroDivisionError:
            raise error(self.text, tree.at, "this divides by zero") from None
        except ValueError as problem:
            raise error(self.text, tree.at, str(problem)) from None

    def _apply(self, tree: Tree, operands: list[Any]) -> Any:
        if tree.kind == "call":
            return self.language.functions[tree.value][0](*operands)
        return -operands[0] if len(operands) == 1 else self.language.operators[tree.kind].apply(*operands)


def parse(text: str, operators: Mapping[str, Operator] = ARITHMETIC,
          functions: Mapping[str, tuple[Callable[..., Any], int, int]] = MappingProxyType({}),
          decimal: bool = False, rich: bool = False) -> Expression:
    """The expression that ``text`` says. Raises `ExpressionError` with a mark below the place."""
    longest = MAX_RICH_LENGTH if rich else MAX_LENGTH
    if len(text) > longest:
        reason = f"an expression of {len(text):,} characters is too long; {longest} are the most"
        raise ExpressionError(reason, reason, 0)
    language = Language(operators, functions, decimal, rich)
    return Expression(text, _Parser(text, language).whole(), language)


def error(text: str, at: int, message: str) -> ExpressionError:
    """The error that ``message`` says of the place ``at`` of ``text``, with a mark below it."""
    shown = "".join(c if c.isprintable() else "?" for c in text)
    return ExpressionError(f"in the expression {shown!r}: {message}\n  {shown}\n  {' ' * at}^", message, at)


def _no_name(name: str, known: list[str]) -> str:
    close = closest(name, known)
    cure = f"did you mean {close}?" if close else f"the names are {', '.join(known) or 'none at all'}"
    return f"there is no {name} here; {cure}"


def _names(tree: Tree) -> Iterator[str]:
    if tree.kind == "name":
        yield tree.value
    for operand in tree.operands:
        yield from _names(operand)


def _tokens(text: str, language: Language) -> Iterator[Token]:
    comma = [","] if language.functions else []
    more = ["[", "]", "="] if language.rich else []
    signs = sorted({*language.operators, *CURES, *comma, *more, "(", ")"}, key=len, reverse=True)
    number = r"[0-9]+(?:[.][0-9]+)?" if language.decimal else "[0-9]+"
    number += "(?:e-?[0-9]{1,2})?" if language.rich else ""
    pattern = re.compile(
        rf"""(?P<number>{number})|(?P<name>[^\W\d]\w*(?:\.\w+)*)|(?P<quoted>"[^"]*"|'[^']*')
             |(?P<member>[.]\w+(?:\.\w+)*)
             |(?P<sign>{"|".join(map(re.escape, signs))})|(?P<space>\s+)""", re.VERBOSE)
    at = 0
    while at < len(text):
        found = pattern.match(text, at)
        if found is None:
            raise error(text, at, f"{text[at]!r} has no meaning here")
        if found.lastgroup != "space":
            yield _token(text, found, language)
        at = found.end()
    yield Token("end", len(text.rstrip()))


def _token(text: str, found: re.Match[str], language: Language) -> Token:
    kind, said, at = found.lastgroup, found[0], found.start()
    if kind == "number":
        if len(said) > MAX_DIGITS:
            raise error(text, at, f"a number of more than {MAX_DIGITS} digits is no size")
        return Token("number", at, int(said) if said.isdecimal() else _whole(Fraction(said)))
    if kind == "member":
        if language.rich:
            return Token("member", at, said[1:])
        raise error(text, at, f"{said[0]!r} has no meaning here")
    if language.rich and (said == "not" or kind == "quoted"):
        return Token("not" if said == "not" else "text", at, said[1:-1])
    if kind == "sign" or said in language.operators:
        if said not in language.operators and said in CURES:
            raise error(text, at, CURES[said])
        return Token(said, at)
    return Token("name", at, said[1:-1] if kind == "quoted" else said)


def _whole(value: Fraction) -> int | Fraction:
    return value.numerator if value.denominator == 1 else value


class _Parser:
    """Reads tokens from the left, by the operators' levels."""

    def __init__(self, text: str, language: Language) -> None:
        self.text, self.language, self.nesting = text, language, 0
        self.operators, self.tokens = language.operators, _tokens(text, language)
        self.token = next(self.tokens)

    def whole(self) -> Tree:
        tree = self.above(0)
        if self.token.kind != "end":
            raise error(self.text, self.token.at, f"one of {' '.join(self.operators)} should stand here"
                        if self.token.kind != ")" else "no ( belongs to this )")
        return tree

    def above(self, level: int) -> Tree:
        """Operands and operators of at least ``level``."""
        left = self.operand()
        while self.token.kind in self.operators and self.operators[self.token.kind].level >= level:
            sign = self.taken()
            right = self.above(self.operators[sign.kind].level + 1)
            left = Tree(sign.kind, sign.at, None, (left, right))
        return left

    def operand(self) -> Tree:
        token = self.taken()
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise error(self.text, token.at, f"this nests deeper than {MAX_NESTING}")
        found = self.begun(token)
        self.nesting -= 1
        return found

    def begun(self, token: Token) -> Tree:
        """The operand that begins with ``token``."""
        if token.kind == "name" and self.token.kind == "(" and self.language.functions:
            return self.call(token)
        if token.kind == "name" and self.token.kind == "[":
            return self.bound(token)
        if token.kind in ("number", "name", "text"):
            return Tree(*token)
        if token.kind == "[":
            return Tree("list", token.at, None, self.several(token, "]"))
        if token.kind in ("-", "not"):
            return Tree(token.kind, token.at, None, (self.above(TIGHTEST if token.kind == "-" else NEGATED),))
        if token.kind != "(":
            raise error(self.text, token.at, OPERAND)
        return self.closed(token)

    def several(self, opened: Token, closing: str) -> tuple[Tree, ...]:
        """What stands between ``opened`` and ``closing``, with commas between."""
        found: list[Tree] = []
        while self.token.kind != closing:
            found.append(self.above(0))
            if self.token.kind != ",":
                break
            self.taken()
        self.close(opened, closing)
        return tuple(found)

    def bound(self, name: Token) -> Tree:
        """A name with parameters in brackets, and what may stand behind them."""
        opened, keys, values = self.taken(), [], []
        while True:
            key = self.taken()
            if key.kind != "name" or self.token.kind != "=":
                raise error(self.text, key.at, "a parameter is set here, as in [H=256]")
            self.taken()
            keys.append(key.value)
            values.append(self.above(0))
            if self.token.kind != ",":
                break
            self.taken()
        self.close(opened, "]")
        member = self.taken().value if self.token.kind == "member" else ""
        return Tree("bound", name.at, (name.value, member, tuple(keys)), tuple(values))

    def closed(self, opened: Token) -> Tree:
        """What stands between ``opened`` and its closing parenthesis."""
        inner = self.above(0)
        self.close(opened)
        return inner

    def close(self, opened: Token, closing: str = ")") -> None:
        """The parenthesis that ends what ``opened`` begins."""
        if self.token.kind != closing:
            raise error(self.text, opened.at, f"this {opened.kind} is not closed")
        self.taken()

    def call(self, name: Token) -> Tree:
        """The function ``name`` and its arguments."""
        if name.value not in self.language.functions:
            raise error(self.text, name.at, _no_name(name.value, list(self.language.functions)))
        opened, arguments = self.taken(), [self.above(0)]
        while self.token.kind == ",":
            self.taken()
            arguments.append(self.above(0))
        self.close(opened)
        _, fewest, most = self.language.functions[name.value]
        if not fewest <= len(arguments) <= most:
            raise error(self.text, name.at, f"{name.value} takes {fewest} arguments, not {len(arguments)}"
                        if len(arguments) < fewest else f"{name.value} takes at most {most} arguments")
        return Tree("call", name.at, name.value, tuple(arguments))

    def taken(self) -> Token:
        """The token that is next, which is left behind."""
        token = self.token
        self.token = next(self.tokens, token)
        return token
