"""A whole specification as a graph, for given values of its parameters."""
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from archcheck.binding import BindingError
from archcheck.dims import Dim, most, symbol
from archcheck.errors import closest
from archcheck.frontends.spec import layers
from archcheck.frontends.spec._arguments import elements, general
from archcheck.frontends.spec._build import Builder
from archcheck.frontends.spec._chain import NAME
from archcheck.frontends.spec._document import UNKNOWN_REFERENCE, Field, Text, is_nothing
from archcheck.frontends.spec._elaborate import elaborate
from archcheck.frontends.spec._frame import Frame, Ref
from archcheck.frontends.spec._layer import LAYERS
from archcheck.frontends.spec._notes import notes
from archcheck.frontends.spec._pattern import elaborate_pattern
from archcheck.frontends.spec._read import argument_of
from archcheck.frontends.spec._tree import Arg, Block, Input, Items, Specification
from archcheck.graph import Family, Graph, TensorType

__all__ = ["layers", "network"]

_DEFAULT = re.compile(r"([^\W\d]\w*)\s*=(?!=)\s*(.+)\Z", re.DOTALL)


def network(spec: Specification, values: Mapping[str, Any], family: Family, size: int) -> Graph:
    """The graph of ``spec`` with ``values`` for its parameters and the sizes of its inputs. Raises
    `SpecError` and `BindingError`."""
    return _Network(spec, values).graph(family, size)


class _Network:
    def __init__(self, spec: Specification, values: Mapping[str, Any]) -> None:
        self.spec, self.values, self.document = spec, values, spec.document
        self.build = Builder(spec.document, spec.blocks, dict(self.defaults()))
        self.frame = Frame(self.build, "", "")
        self.unused = set(values)
        self.fixed: list[str] = []

    def graph(self, family: Family, size: int) -> Graph:
        spec, build, frame = self.spec, self.build, self.frame
        self.checked_names(spec.blocks)
        for field in spec.params.values():
            self.parameter(field)
        build.begin({entry.name.value: self.input(entry) for entry in spec.inputs})
        names = tuple(name for name, meaning in frame.names.items() if not isinstance(meaning, Ref))
        if self.unused:
            raise BindingError(stray(min(self.unused), names))
        for field in spec.constants.values():
            self.constant(field)
        self.parameters = frame
        self.frame = frame = frame.inner("")
        for entry in spec.inputs:
            frame.define(entry.name, Ref(entry.name.value))
        frame.current = spec.inputs[0].name.value
        frame.reserve(set(spec.constants))
        if spec.pattern is None:
            elaborate(frame, spec.steps)
        else:
            elaborate_pattern(frame, spec)
        family = family._replace(symbols=tuple(self.open()), fixed=tuple(self.fixed), names=names)
        graph = build.graph(spec.name, spec.about, tuple(self.outputs()), family, size)
        return replace(graph, irregularities=notes(spec, graph))

    def checked_names(self, blocks: Mapping[str, Block]) -> None:
        for block in blocks.values():
            if block.name.value in LAYERS:
                raise self.document.error(block.name, f"{block.name.value!r} is a layer already; take "
                                                      f"another name")

    def defaults(self) -> Iterator[tuple[str, tuple[Arg, ...]]]:
        """What layers are given unless they say otherwise, by their first name."""
        for name, args in self.spec.defaults.items():
            if name.value not in LAYERS:
                close = closest(name.value, LAYERS)
                cure = f"; did you mean {close!r}?" if close else ""
                raise self.document.error(name, "'defaults' are for layers, and there is none called "
                                                f"{name.value!r}{cure}", UNKNOWN_REFERENCE)
            yield LAYERS[name.value].name, args

    # -------------------------------------------------------------------------------------- parameters
    def open(self) -> Iterator[str]:
        """The parameters that have no value."""
        for name in self.spec.params:
            if self.parameters.names[name] is symbol(name):
                yield name

    def parameter(self, field: Field) -> None:
        """A parameter as given, at its default, or as a symbol. For a switch, 1 is yes and 0 is no."""
        name, default = field.key.value, None
        if not is_nothing(field.node):
            default = general(self.frame, argument_of(self.document, field.node))
        given = self.given(name)
        if isinstance(default, bool) and given in (0, 1):
            given = bool(given)
        meaning = default if given is None else given
        self.frame.define(field.key, symbol(name) if meaning is None else meaning)

    def given(self, name: str) -> Any:
        """The value that was given for a parameter, checked; None where none was."""
        if name not in self.values:
            return None
        self.unused.discard(name)
        value = self.values[name]
        if not isinstance(value, (int, Fraction, Dim)):
            raise BindingError(f"{name} is given as {value!r}, and should be a number")
        negative = value < 0 if not isinstance(value, Dim) else most(value) < 0
        if negative:
            raise BindingError(f"{name} is given as {value}, and cannot be below 0")
        return value

    # ----------------------------------------------------------------------------- inputs and constants
    def input(self, entry: Input) -> TensorType:
        return TensorType(entry.dtype, tuple(self.size(text) for text in entry.shape))

    def size(self, text: Text) -> Any:
        """A size of an input: a number, a formula, a new symbol, or a symbol with a default, ``H=224``."""
        found = _DEFAULT.match(text.value)
        name = found[1] if found else text.value
        if found and name in self.frame.names:
            raise self.document.error(text, f"{name!r} has a value already; give its default once")
        if NAME.fullmatch(name) and self.frame.find(name) is None:
            meaning = self.given(name)
            if meaning is None and found:
                self.fixed.append(name)
                meaning = self.number(text.part(found.start(2)))
            elif meaning is None:
                meaning = symbol(name)
            self.frame.define(text.part(0, len(name)), meaning)
        return self.number(text.part(0, len(name)))

    def number(self, text: Text) -> Any:
        from archcheck.frontends.spec._arguments import size
        found = size(self.frame, text)
        if most(found) < 0:
            raise self.document.error(text, f"the size of an axis is {found}, and cannot be below 0")
        return found

    def constant(self, field: Field) -> None:
        value = argument_of(self.document, field.node)
        if not isinstance(value, Items):
            raise self.document.error(field.node, "a constant is numbers in a list, or in lists of lists")
        shape, items = elements(self.frame, value)
        numbers = tuple(map(float, items))
        self.frame.define(field.key, Ref(self.build.constant(field.key.value, "float32", shape, numbers)))

    def outputs(self) -> Iterator[str]:
        for name in self.spec.outputs:
            found = self.frame.find(name.value)
            if not isinstance(found, Ref):
                raise self.document.error(name, f"there is no value {name.value!r} to put "
                                                f"out{self.frame.hint(name.value)}", UNKNOWN_REFERENCE)
            yield str(found)
        if not self.spec.outputs:
            yield self.frame.current


def stray(name: str, known: Sequence[str]) -> str:
    """What to say where somebody gives a value for ``name``, which is none of the ``known`` names."""
    close = closest(name, known)
    cure = f"did you mean {close}?" if close else f"it has {', '.join(known) or 'none'}"
    return f"the specification has no size or parameter called {name}; {cure}"
