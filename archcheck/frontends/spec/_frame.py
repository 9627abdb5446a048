"""Where names mean something: the whole network, a block, a repetition, a branch."""
from __future__ import annotations

from typing import Any

from yaml.nodes import Node

from archcheck.dims import Size
from archcheck.errors import closest
from archcheck.expressions import ExpressionError
from archcheck.frontends._source import MAX_SUGGESTED
from archcheck.frontends.spec._build import Builder
from archcheck.frontends.spec._document import UNKNOWN_REFERENCE, SpecError, Text
from archcheck.frontends.spec._sizes import LARGEST, expression

AXES = {"batch": 0, "channels": 1, "length": 1, "features": -1, "height": -2, "width": -1}
"""What axes of a value are called: ``x.channels``."""

SHORT = ("channels", "features")
"""Those that may stand alone, for the value before."""

CURRENT, ENTRY = "here", "in"
"""The value before, and the value that a block begins with."""

CONSTANTS = {"yes": True, "no": False, "true": True, "false": False}
RESERVED = frozenset((*CONSTANTS, CURRENT, ENTRY, *SHORT, "and", "or", "from", "as", "x", "none"))


class Ref(str):
    """A value of the network, as what a name means."""

    __slots__ = ()


class Frame:
    """Names and what they mean, the value that the next layer reads, and how layers here are called."""

    def __init__(self, build: Builder, prefix: str, current: str, outer: Frame | None = None) -> None:
        self.build, self.prefix, self.current, self.outer = build, prefix, current, outer
        self.names: dict[str, Any] = {}
        self.taken: set[str] = set()
        self.counts: dict[str, int] = {}
        self.turn = 0
        self.depth: int = outer.depth + 1 if outer else 0

    def inner(self, prefix: str) -> Frame:
        """A part of this one, whose names are its own and which sees those out here."""
        found = Frame(self.build, prefix, self.current, self)
        found.turn = self.turn
        return found

    # ------------------------------------------------------------------------------------------ naming
    def reserve(self, names: set[str]) -> None:
        """Keep names that the text gives from being used for layers without one."""
        self.taken |= names

    def fresh(self, kind: str) -> str:
        """The full name of a layer that was not given one: its kind and a number."""
        kind = kind.rpartition(".")[2].lower()
        kind += "_" if kind[-1].isdigit() else ""
        while True:
            self.counts[kind] = number = self.counts.get(kind, 0) + 1
            if f"{kind}{number}" not in self.taken:
                return f"{self.prefix}{kind}{number}"

    def full(self, name: Text) -> str:
        """The full name of a layer that is called ``name``."""
        return f"{self.prefix}{name.value}"

    def define(self, name: Text, meaning: Any) -> None:
        """Let ``name`` mean something from here on."""
        self.check(name)
        self.names[name.value] = meaning
        self.taken.add(name.value)

    def check(self, name: Text) -> None:
        """Refuse a name that means something already."""
        if name.value in RESERVED:
            raise self.error(name, f"{name.value!r} has a meaning of its own; take another name")
        if name.value in self.names:
            raise self.error(name, f"the name {name.value!r} is taken already; take another one")

    # ------------------------------------------------------------------------------------------ meaning
    def error(self, where: Text | Node, message: str, kind: str = SpecError.kind) -> SpecError:
        """The error of a ``kind`` that ``message`` says of a place."""
        return self.build.document.error(where, message, kind)

    def share(self, name: str, value: str) -> None:
        """Let ``name`` mean a weight from here on, in the whole network."""
        frame = self
        while frame.outer is not None:
            frame = frame.outer
        frame.names[name] = Ref(value)

    def find(self, name: str) -> Any:
        """What ``name`` means, None where it means nothing."""
        frame: Frame | None = self
        while frame is not None:
            if name in frame.names:
                return frame.names[name]
            frame = frame.outer
        if name == CURRENT and self.current:
            return Ref(self.current)
        if name in SHORT and self.current:
            return self.axis(self.current, name)
        if "." in name:
            value, _, axis = name.rpartition(".")
            found = self.find(value) if axis in AXES else None
            return self.axis(found, axis) if isinstance(found, Ref) else None
        return CONSTANTS.get(name)

    def axis(self, value: str, name: str) -> Size | None:
        """The size of the axis ``name`` of a value, a size that is not known where a fault hides it."""
        from archcheck.dims import unknown
        if self.build.types[value].shape is None:
            return unknown(f"{value}.{name}", "a fault before it hides the shape")
        return self.build.axis(value, AXES[name])

    def known(self) -> list[str]:
        """All names that mean something here."""
        frame, found = self, list(self.names)
        while frame.outer is not None:
            frame = frame.outer
            found += frame.names
        return [*found, *((CURRENT, *SHORT) if self.current else ())]

    def value(self, text: Text) -> Any:
        """What an expression is: a size, a fraction, a truth value, a list, a text, or a value of the
        network."""
        if text.value.isdecimal() and len(text.value) <= 12:
            return int(text.value)
        try:
            found = expression(text.value)
            if found.tree.kind == "name":
                return self.meaning(text, found.tree.value, 0)
            return found.value({name: self.number(text, name) for name in found.names})
        except ExpressionError as error:
            at = max(0, min(error.at, len(text.value) - 1))
            raise self.error(text.part(at, None)._replace(start=text.start + at, value=text.value[at:]),
                             error.reason) from None

    def meaning(self, text: Text, name: str, at: int) -> Any:
        """What the ``name`` at a place of an expression means."""
        found = self.find(name)
        if found is None:
            raise self.error(text.part(at, at + len(name)), f"there is no {name!r} here{self.hint(name)}",
                             UNKNOWN_REFERENCE)
        return found

    def hint(self, name: str) -> str:
        """What may have been meant by a name that means nothing."""
        close = closest(name, [known for known in self.known() if known != name][-MAX_SUGGESTED:])
        return f"; did you mean {close!r}?" if close else f"; the names are {', '.join(self.known()[:12])}"

    def number(self, text: Text, name: str) -> Any:
        """What a name within an expression means: something to reckon with."""
        found = self.meaning(text, name, max(text.value.find(name), 0))
        if isinstance(found, tuple):
            found = self.chosen(text, found)
        if isinstance(found, Ref):
            raise self.error(text, f"{name!r} is a value, not a size; its sizes are {name}.channels, "
                             f"{name}.features, {name}.height, …")
        return found

    def chosen(self, text: Text, several: tuple[Any, ...]) -> Any:
        """The entry of a list that belongs to this turn of a repetition."""
        if self.turn >= len(several):
            raise self.error(text, f"the list has {len(several)} entries, but this is turn {self.turn + 1}")
        return several[self.turn]


def bounded(frame: Frame, text: Text, size: Any) -> Any:
    """``size``, unless it is too large for anything."""
    if isinstance(size, int) and abs(size) > LARGEST:
        raise frame.error(text, f"{size:,} is too large for a size; {LARGEST:,} is the most")
    return size
