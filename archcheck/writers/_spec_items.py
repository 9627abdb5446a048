"""What a specification is written from: layers with their arguments, in lists that nest."""
from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from archcheck.dims import Atom, Dim, Size
from archcheck.errors import UserError
from archcheck.printing import Writer

PRODUCT, ABSENT = 2, object()


class ConvertError(UserError):
    """A network, or a part of it, that the language of specifications has no words for."""


class Ref(str):
    """A value of the network, by its name there."""

    __slots__ = ()


class Window(tuple[Any, ...]):
    """A size for each axis."""

    __slots__ = ()


class Param(str):
    """A parameter of a block, or a formula over it, as it is written."""

    __slots__ = ()


class Arg(NamedTuple):
    """An argument: how it is written, with ``{}`` for each of ``slots``; what those are called; and the value
    of its one slot with which it is not written at all."""

    form: str
    slots: tuple[Any, ...] = ()
    role: str = ""
    default: Any = ABSENT


@dataclass(eq=False)
class Item:
    """A layer, a join with ``branches``, or a repetition of ``body``. ``source`` is the value that it goes on
    from, None where it goes on from none; ``nodes`` are the indices of those that it stands for. With
    ``all_named`` each of its outputs needs a name."""

    kind: str
    args: tuple[Arg, ...]
    source: Ref | None
    outputs: tuple[str, ...]
    nodes: tuple[int, ...] = ()
    index: int = -1
    branches: tuple[list[Item], ...] = ()
    body: list[Item] | None = None
    all_named: bool = False

    @property
    def lists(self) -> tuple[list[Item], ...]:
        """The lists in it."""
        return self.branches if self.body is None else (self.body,)

    def walk(self) -> Iterator[Item]:
        """This item and all in it."""
        yield self
        for inner in self.lists:
            for item in inner:
                yield from item.walk()

    def reads(self) -> Iterator[Ref]:
        """The values that it and what is in it read, those that are made in it included."""
        for item in self.walk():
            if item.source is not None:
                yield item.source
            yield from (slot for arg in item.args for slot in arg.slots if isinstance(slot, Ref))

    def mapped(self, change: Callable[[Arg, Any], Any]) -> Item:
        """A copy in which each slot is what ``change`` makes of it, in order."""
        args = tuple(arg._replace(slots=tuple(change(arg, slot) for slot in arg.slots)) for arg in self.args)
        branches = tuple([item.mapped(change) for item in branch] for branch in self.branches)
        body = None if self.body is None else [item.mapped(change) for item in self.body]
        return replace(self, args=args, branches=branches, body=body)

    @property
    def layers(self) -> int:
        """How many layers are written for it."""
        return (self.body is None) + sum(item.layers for inner in self.lists for item in inner)


def operand(value: str) -> Arg:
    """A value as an argument."""
    return Arg("{}", (Ref(value),), "value")


def flag(key: str, value: bool, default: bool = False) -> Arg:
    """A switch."""
    return Arg(f"{key}={{}}", (value,), key, default)


def word(text: str) -> Arg:
    """An argument that is written as it is."""
    return Arg(text.replace("{", "{{").replace("}", "}}"))


# ------------------------------------------------------------------------------------------------- numbers
class Formulas(Writer):
    """Writes sizes as expressions of the language, in which symbols are called as ``symbols`` says. Raises
    `ConvertError` for what has no such form."""

    def __init__(self, symbols: Mapping[str, str]) -> None:
        super().__init__()
        self.symbols = symbols

    def _symbol(self, atom: Atom) -> str:
        if atom.args[0] not in self.symbols:
            raise ConvertError(f"a size depends on {atom.args[0]}, which is no size of an input")
        return self.symbols[atom.args[0]]

    def _product(self, number: int, factors: list[tuple[str, int]]) -> tuple[str, int]:
        if len(factors) == 1 and number == 1:
            return factors[0]
        texts = [self.held(text, tightness, 3) for text, tightness in factors]
        return self.times.join([str(number)] * (number != 1 or not texts) + texts), PRODUCT

    def _mod(self, numerator: Size, d: Size) -> tuple[str, int]:
        return f"({self.text(numerator)}%{self.text(d, 3)})", 3

    def _function(self, kind: str, args: list[Size]) -> str:
        if kind == "bcast":
            raise ConvertError("a size depends on whether sizes are 1, which is known for numbers only")
        return f"{kind}({','.join(map(self.text, args))})"

    def written(self, size: Size) -> str:
        """``size`` without blanks."""
        return str(size) if isinstance(size, int) else self.text(size).replace(" ", "")


def decimal(value: float) -> str:
    """A number with a point, as short as float32 allows."""
    short = f"{value:.7g}"
    exact = struct.pack("f", float(short)) == struct.pack("f", value) if abs(value) < 1e38 else False
    text = short if exact else repr(float(value))
    return text if re.search(r"[.e]", text) else f"{text}.0"


def shown(slot: Any, formulas: Formulas, named: Callable[[str], str]) -> str:
    """A slot as it is written."""
    if isinstance(slot, bool):
        return "yes" if slot else "no"
    if isinstance(slot, Ref):
        return named(slot)
    if isinstance(slot, Window):
        return "x".join(_in_window(shown(size, formulas, named)) for size in slot)
    if isinstance(slot, float):
        return decimal(slot)
    return formulas.written(slot) if isinstance(slot, (int, Dim)) else str(slot)


def _in_window(text: str) -> str:
    return text if text.isalnum() and not text[0].isalpha() else f"({text})"


def said(arg: Arg, formulas: Formulas, named: Callable[[str], str]) -> str:
    """An argument as it is written, empty for one at its default."""
    if arg.default is not ABSENT and arg.slots[0] == arg.default and not isinstance(arg.slots[0], Param):
        return ""
    if arg.slots and arg.slots[0] is True and arg.form.endswith("={}"):
        return arg.form.partition("=")[0]
    return arg.form.format(*(shown(slot, formulas, named) for slot in arg.slots))


# ------------------------------------------------------------------------------------------------- tensors
NUMBERS = {"int64": "", "float32": ""}
"""The dtypes that numbers have which do not say theirs."""


def stored(dtype: str, shape: Iterable[Size]) -> Arg:
    """A tensor of which no more is said than its type."""
    sizes = tuple(shape)
    return Arg(f"{dtype}({', '.join(['{}'] * len(sizes))})", sizes, "size")


def literal(dtype: str, shape: tuple[int, ...], items: tuple[Any, ...]) -> Arg:
    """A tensor with its elements."""
    is_float = "float" in dtype
    entries = [float(item) if is_float else item if isinstance(item, Dim) else int(item) for item in items]
    slots = tuple(entry for entry in entries if not isinstance(entry, float))
    texts = iter([decimal(entry) if isinstance(entry, float) else "{}" for entry in entries])
    return Arg(NUMBERS.get(dtype, f"{dtype}:") + _nested(shape, texts), slots, "number")


def _nested(shape: tuple[int, ...], texts: Iterator[str]) -> str:
    if not shape:
        return next(texts)
    return f"[{', '.join(_nested(shape[1:], texts) for _ in range(shape[0]))}]"


def is_writable(item: Any) -> bool:
    """Whether an element can be written as a number."""
    if isinstance(item, float):
        return math.isfinite(item)
    return isinstance(item, (bool, int, Dim))
