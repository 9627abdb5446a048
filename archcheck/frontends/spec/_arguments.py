"""From what is written in a layer's arguments to what its function takes."""
from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

from archcheck.dims import Dim, most
from archcheck.dtypes import BITS
from archcheck.errors import closest
from archcheck.frontends.spec._chain import NAME, written
from archcheck.frontends.spec._document import ARITY, DUPLICATE_KEY, UNKNOWN_KEY, UNKNOWN_REFERENCE, Text
from archcheck.frontends.spec._frame import Frame, Ref, bounded
from archcheck.frontends.spec._layer import LAYERS, REQUIRED, Layer, Shared
from archcheck.frontends.spec._sizes import described, pieces
from archcheck.frontends.spec._tree import Arg, Argument, Given, Items, Written
from archcheck.graph import TensorType

MAX_ELEMENTS = 1024
"""A constant has so many elements at most."""

_TYPED = re.compile(r"([a-z]\w*)(?::(.+)|\((.*)\))", re.DOTALL)
_QUOTED = re.compile(r'"[^"]*"')
_DECIMAL = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


WORDS = frozenset(("none", "same", "valid"))


class Sides(tuple[Any, ...]):
    """A window with a size for each axis."""

    __slots__ = ()


def bound(frame: Frame, found: Layer, args: tuple[Arg, ...], defaults: tuple[Arg, ...], at: Text) -> tuple[
        list[Any], dict[str, Any]]:
    """The arguments of a layer: those that any number may be given of, and the others by name."""
    rest, named, said = sorted_out(frame, found, args)
    for arg in sorted_out(frame, found, defaults)[1].values() if defaults else ():
        if arg.key not in said and arg.key is not None:
            named.setdefault(arg.key, arg)
    missing = [name for name in found.positional if name not in named
               and found.parameters[name].default is REQUIRED]
    if missing:
        raise frame.error(at, f"{found.name} needs {' and '.join(missing)}; {usage(found)}", ARITY)
    values = {name: converted(frame, found.reader(name), arg.value, arg) for name, arg in named.items()}
    reader = found.reader(found.rest) if found.rest else ""
    return [converted(frame, reader, arg.value, arg) for arg in rest], values


def sorted_out(frame: Frame, found: Layer,
               args: tuple[Arg, ...]) -> tuple[list[Arg], dict[str, Arg], set[str]]:
    """Arguments by what they are for: any number of values, or a parameter each; and what was said."""
    rest, named = list[Arg](), dict[str, Arg]()
    places = iter(found.positional)
    for arg in args:
        name = arg.key or _flag(found, arg.value)
        if name is None:
            name = next((place for place in places if place not in named), None)
            if name is None and found.rest:
                rest.append(arg)
                continue
        if name is None or name not in found.parameters or name == found.rest:
            raise frame.error(arg.at, _stray(found, arg), ARITY if arg.key is None else UNKNOWN_KEY)
        if name in named:
            raise frame.error(arg.at, f"{name!r} of {found.name} is said twice; keep one", DUPLICATE_KEY)
        is_flag = arg.key is None and name in found.flags
        named[name] = Arg(name, Given(True, arg.at) if is_flag else arg.value, arg.at)
    return rest, named, set(named)


def usage(found: Layer) -> str:
    """How a layer is written."""
    return f"it is written '{signature(found)}'"


def signature(found: Layer) -> str:
    """A layer with its arguments: ``conv FILTERS [KERNEL] [/STRIDE] [pad=0] …``."""
    return " ".join([found.name, *(_parameter(found, name) for name in found.parameters)])


def _parameter(found: Layer, name: str) -> str:
    parameter = found.parameters[name]
    if name == found.rest:
        return f"[{name.upper()} …]"
    if name in found.positional:
        said = "/STRIDE" if name == "stride" else name.upper()
        return said if parameter.default is REQUIRED else f"[{said}]"
    is_off = name in found.flags and not parameter.default
    return f"[{name}]" if is_off else f"[{name}={shown(parameter.default)}]"


def shown(default: Any) -> str:
    """A default as it is written."""
    if isinstance(default, bool):
        return "yes" if default else "no"
    if isinstance(default, tuple):
        return "x".join(map(str, default))
    return "…" if default is None or default is REQUIRED else str(default)


def _flag(found: Layer, value: Argument) -> str | None:
    return value.value if isinstance(value, Text) and value.value in found.flags else None


def _stray(found: Layer, arg: Arg) -> str:
    if arg.key is None:
        return f"{found.name} has no place for this; {usage(found)}"
    close = closest(arg.key, found.parameters)
    return f"{found.name} has no {arg.key!r}; " + (f"did you mean {close!r}?" if close else usage(found))


# ----------------------------------------------------------------------------------------------- readers
def converted(frame: Frame, reader: str, value: Any, arg: Arg) -> Any:
    """An argument as the ``reader`` of its parameter takes it."""
    if isinstance(value, Given):
        return value.value
    if isinstance(value, Items) and reader not in ("Elements", "Attribute", "Input"):
        if reader in ("Sizes", "Window"):
            return tuple(_sizes(frame, entry) for entry in value.entries)
        raise frame.error(arg.at, "a list has no meaning here")
    return READERS[reader](frame, value)


def _sizes(frame: Frame, value: Argument) -> Any:
    if isinstance(value, Items):
        return tuple(_sizes(frame, entry) for entry in value.entries)
    return size(frame, value)


def size(frame: Frame, value: Argument) -> Any:
    """A whole number, or a formula."""
    if not isinstance(value, Text):
        raise frame.error(value.at, "a list has no meaning here")
    found = frame.value(value)
    if isinstance(found, tuple):
        found = frame.chosen(value, found)
    if isinstance(found, bool) or not isinstance(found, (int, Dim)):
        raise frame.error(value, _no_size(value, found))
    return bounded(frame, value, found)


def positive(frame: Frame, value: Argument) -> Any:
    """A size of at least 1, as far as that can be told."""
    found = size(frame, value)
    if most(found) < 1:
        raise frame.error(value.at, f"this is {found}, and should be at least 1")
    return found


def _no_size(text: Text, found: Any) -> str:
    if isinstance(found, Fraction):
        return (f"{text.value} is {found}, which is not a whole number; // rounds down, and round() to the "
                "nearest")
    if isinstance(found, Ref):
        return f"{text.value!r} is a value of the network, not a size"
    return f"a size should stand here, not {described(found)}"


def window(frame: Frame, text: Text) -> tuple[Any, ...]:
    """Sizes for several axes, ``3x5``, or one for all."""
    parts = pieces(text)
    if len(parts) == 1 and NAME.fullmatch(text.value) and frame.find(text.value) is None:
        split = [text.part(begin, end) for begin, end in _by(text.value)]
        if len(split) > 1 and all(_is_size(frame, part) for part in split):
            parts = tuple(split)
    if len(parts) == 1:
        found = frame.value(text)
        if isinstance(found, Sides):
            return tuple(found)
    return tuple(size(frame, part) for part in parts)


def _is_size(frame: Frame, text: Text) -> bool:
    return text.value.isdecimal() or frame.find(text.value) is not None


def general(frame: Frame, value: Argument) -> Any:
    """What a parameter of a block, or an entry of a row, is given: a number, a truth value, a window, a value
    of the network, a list, or the name of a layer."""
    if isinstance(value, Given):
        return value.value
    if isinstance(value, Items):
        return tuple(general(frame, entry) for entry in value.entries)
    if len(pieces(value)) > 1:
        return Sides(window(frame, value))
    if NAME.fullmatch(value.value) and frame.find(value.value) is None and is_kind(frame, value.value):
        return value.value
    return bounded(frame, value, frame.value(value))


def is_kind(frame: Frame, name: str) -> bool:
    """Whether ``name`` is that of a layer, a block or an operator, or says that there is none."""
    from archcheck.ops import find
    return name in LAYERS or name in frame.build.blocks or name in WORDS or find("", name, None) is not None


def _by(text: str) -> Iterator[tuple[int, int]]:
    begin = 0
    for at, letter in enumerate(text):
        if letter == "x":
            yield begin, at
            begin = at + 1
    yield begin, len(text)


def flag(frame: Frame, text: Text) -> bool:
    """``yes`` or ``no``, or a condition."""
    found = frame.value(text)
    if isinstance(found, bool):
        return found
    raise frame.error(text, f"'yes' or 'no' should stand here, not {described(found)}")


def number(frame: Frame, text: Text) -> float:
    """A number that need not be whole."""
    if _DECIMAL.fullmatch(text.value):
        return float(text.value)
    found = frame.value(text)
    if isinstance(found, bool) or not isinstance(found, (int, Fraction)):
        raise frame.error(text, f"a number should stand here, not {described(found)}")
    return float(found)


def word(frame: Frame, text: Text) -> str:
    """A word as it is, or any text in quotes."""
    if _QUOTED.fullmatch(text.value):
        return text.value[1:-1]
    found = frame.find(text.value)
    return found if isinstance(found, str) and not isinstance(found, Ref) else text.value


def reference(frame: Frame, text: Text) -> str:
    """The name of a value."""
    found = frame.find(text.value)
    if isinstance(found, Ref):
        return str(found)
    if found is None:
        raise frame.error(text, f"there is no value {text.value!r} here{frame.hint(text.value)}",
                          UNKNOWN_REFERENCE)
    raise frame.error(text, f"{text.value!r} is {described(found)}, not a value of the network")


def elements(frame: Frame, value: Written) -> Any:
    """Numbers in nested lists, all as long as their neighbours: the shape and the elements."""
    if isinstance(value, Text):
        found = frame.find(value.value)
        if found is None and NAME.fullmatch(value.value):
            return Shared(value.value)
        return found if isinstance(found, Ref) else ((), (literal(frame, value),))
    inner = [elements(frame, entry) for entry in value.entries]
    if not inner:
        return (0,), ()
    if any(isinstance(entry, (Ref, Shared)) or entry[0] != inner[0][0] for entry in inner):
        raise frame.error(value.at, "the lists in this list are not all of one length")
    items = tuple(item for _, several in inner for item in several)
    if len(items) > MAX_ELEMENTS:
        raise frame.error(value.at, f"a constant has at most {MAX_ELEMENTS:,} elements")
    return (len(inner), *inner[0][0]), items


def literal(frame: Frame, text: Text) -> Any:
    """One number of a constant: whole where it is written as such, or a formula."""
    if _DECIMAL.fullmatch(text.value):
        return int(text.value) if re.fullmatch(r"[-+]?\d{1,19}", text.value) else float(text.value)
    found = frame.value(text)
    if isinstance(found, (int, Fraction, Dim)) and not isinstance(found, bool):
        return found
    raise frame.error(text, f"a number should stand here, not {described(found)}")


def attribute(frame: Frame, value: Written) -> Any:
    """An attribute of an operator: a number, a size, a word, or a list of them."""
    if isinstance(value, Items):
        return tuple(attribute(frame, entry) for entry in value.entries)
    if _DECIMAL.fullmatch(value.value):
        return literal(frame, value)
    if _QUOTED.fullmatch(value.value):
        return value.value[1:-1]
    if len(pieces(value)) > 1:
        return window(frame, value)
    if NAME.fullmatch(value.value) and frame.find(value.value) is None:
        return value.value
    found = frame.value(value)
    if isinstance(found, Ref):
        raise frame.error(value, f"{value.value!r} is a value of the network; an attribute is a "
                                 "number or a word")
    return PLAIN.get(type(found), lambda same: same)(found)


def operand(frame: Frame, value: Written) -> Any:
    """An input of an operator: a value of the network, or a number or list that is written out. ``_`` leaves
    one out, ``float32(64, 3)`` is a tensor of which no more is known, ``bool:[1, 0]`` one of that type."""
    if isinstance(value, Items):
        return elements(frame, value)
    if value.value == "_":
        return ""
    if (found := _TYPED.fullmatch(value.value)) and found[1] in BITS:
        return _typed(frame, value, found)
    if NAME.fullmatch(value.value) and isinstance(frame.find(value.value), (Ref, type(None))):
        return reference(frame, value)
    return (), (literal(frame, value),)


def _typed(frame: Frame, text: Text, found: re.Match[str]) -> TensorType:
    """A tensor whose type is written out, with its elements or without."""
    if found[2] is None:
        inside = text.part(found.start(3), found.end(3))
        return TensorType(found[1], tuple(size(frame, part) for part in pieces(inside) if part.value))
    shape, items = elements(frame, written(frame.build.document, text.part(found.start(2))))
    return TensorType(found[1], shape, items)


PLAIN: dict[type, Callable[[Any], Any]] = {bool: int, Fraction: float}
"""How an attribute holds what is no number of ONNX."""

READERS: dict[str, Callable[[Frame, Any], Any]] = {
    "Size": positive, "Index": size, "Window": window, "Flag": flag, "Number": number, "Word": word,
    "Value": reference,
    "Sizes": lambda frame, text: tuple(window(frame, text)), "Elements": elements,
    "Attribute": attribute, "Input": operand}
