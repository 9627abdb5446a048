"""What a layer of the specification language is: a function from values to nodes.

The signature is the schema, as it is for operators: parameters in order, options by keyword, and their
annotations say what may be written there: a ``Size`` (at least 1), an ``Index`` (any whole number), a
``Window``, a ``Flag``, a ``Number``, a ``Word``, a ``Value`` (the name of another value), ``Sizes`` (a list)
or ``Elements`` (numbers in nested lists, or a name), or an ``Input`` (as operators have them).
"""
from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Union

from archcheck.dims import Dim, Size, unknown
from archcheck.frontends.spec._document import SpecError, Text
from archcheck.graph import Shape, TensorType

if TYPE_CHECKING:
    from archcheck.frontends.spec._frame import Frame

Window = tuple[Size, ...]
Flag = bool
Number = float
Word = str
Value = str
Sizes = tuple[Any, ...]
Index = Size


class Shared(NamedTuple):
    """The name of a weight that layers share, where it is used for the first time."""

    name: str


Elements = Union[str, Shared, tuple[Shape, tuple[Any, ...]]]
Input = Union[str, TensorType, tuple[Shape, tuple[Any, ...]]]
Made = Union[str, Sequence[str]]

REQUIRED = inspect.Parameter.empty
READERS = ("Size", "Window", "Flag", "Number", "Word", "Value", "Sizes", "Elements", "Index",
           "Input")
LAYERS: dict[str, Layer] = {}
"""All layers by name, other names of the same included."""


class Layer:
    """A layer: its ``name``, its ``function`` and whether it reads a value at all."""

    def __init__(self, name: str, function: Callable[..., Made]) -> None:
        self.name, self.function = name, function

    @property
    def family(self) -> str:
        """The module that it is in."""
        return self.function.__module__.rpartition(".")[2]

    @cached_property
    def parameters(self) -> dict[str, inspect.Parameter]:
        """What may be given to it, by name, after the place and the value that it reads."""
        return dict(list(inspect.signature(self.function).parameters.items())[2:])

    @cached_property
    def positional(self) -> tuple[str, ...]:
        """The names of the parameters that are given by their place."""
        return tuple(name for name, parameter in self.parameters.items()
                     if parameter.kind is parameter.POSITIONAL_OR_KEYWORD)

    @cached_property
    def rest(self) -> str | None:
        """The name of the parameter that takes any number of values."""
        return next((name for name, parameter in self.parameters.items()
                     if parameter.kind is parameter.VAR_POSITIONAL), None)

    @cached_property
    def flags(self) -> frozenset[str]:
        """The options that their name alone switches on."""
        return frozenset(name for name, parameter in self.parameters.items()
                         if parameter.annotation == "Flag")

    def reader(self, name: str) -> str:
        """What may be written for the parameter ``name``."""
        annotation = str(self.parameters[name].annotation)
        return next(reader for reader in READERS if annotation.partition(" ")[0] == reader)


def layer(*names: str) -> Callable[[Any], Any]:
    """Register a function as the layer ``names[0]``, which may also be called by the others."""
    def register(function: Any) -> Any:
        for name in names:
            if name in LAYERS:
                raise ValueError(f"two layers are called {name}")
            LAYERS[name] = Layer(names[0], function)
        return function
    return register


class At:
    """Where a layer is built: its place in the text, its name, and what it may ask and make. ``outputs`` is
    how many of its values the text has names for."""

    def __init__(self, frame: Frame, place: Text, name: str, outputs: int = 1) -> None:
        self.frame, self.build, self.place, self.name, self.outputs = frame, frame.build, place, name, outputs

    def error(self, message: str) -> SpecError:
        """The error that ``message`` says of the layer."""
        return self.build.document.error(self.place, message)

    # ------------------------------------------------------------------------------------ asking
    def shape(self, value: str) -> Shape | None:
        """The shape of a value; None where a fault before it makes it unknown."""
        kind = self.build.types[value]
        found: Shape | None = kind.shape
        return found

    def size(self, value: str, axis: int) -> Size:
        """The size of an axis of a value."""
        shape = self.shape(value)
        if shape is None:
            return unknown(f"{self.name}.{axis}", "the shape of its input is not known")
        if not -len(shape) <= axis < len(shape):
            raise self.error(f"this needs an axis {axis}, but {self.build.shown(value)}")
        return shape[axis]

    def spatial(self, value: str, *windows: Window) -> int:
        """The number of axes after batch and channels."""
        shape = self.shape(value)
        if shape is None:
            return max(map(len, windows), default=2) if max(map(len, windows), default=1) > 1 else 2
        if len(shape) < 3:
            raise self.error(f"this slides over axes after batch and channels, but {self.build.shown(value)}")
        return len(shape) - 2

    def over(self, window: Window, count: int, what: str) -> Window:
        """A window over ``count`` axes, where one number stands for all."""
        if len(window) not in (1, count):
            raise self.error(f"the {what} has {len(window)} sizes, but {count} axes are slid over")
        return window * count if len(window) == 1 else window

    # ------------------------------------------------------------------------------------ making
    def node(self, op: str, *inputs: str, part: str = "", **attrs: Any) -> str:
        """A node of one output; its name. A layer of several nodes is a scope, in which ``part`` names
        each."""
        return self.several(op, *inputs, part=part, outputs=1, **attrs)[0]

    def several(self, op: str, *inputs: str, part: str = "", outputs: int = 1, domain: str = "",
                **attrs: Any) -> tuple[str, ...]:
        """A node of ``outputs`` outputs; their names."""
        name = f"{self.name}.{part}" if part else self.name
        return self.build.node(self.place, name, op, inputs, outputs, domain, attrs)

    def before(self, kind: str, op: str, *inputs: str, **attrs: Any) -> str:
        """A node that stands before the layer as one of its own."""
        return self.build.node(self.place, self.frame.fresh(kind), op, inputs, 1, "", attrs)[0]

    def weight(self, part: str, *shape: Size) -> str:
        """A learned tensor."""
        return self.build.weight(f"{self.name}.{part}", shape)

    def given(self, elements: Any, part: str, *shape: Size) -> str:
        """A learned tensor, or the one that the text gives: written out, or by the name of a constant or of a
        weight that others share."""
        if elements is None:
            return self.weight(part, *shape)
        if isinstance(elements, Shared):
            made = self.weight(part, *shape)
            self.frame.share(elements.name, made)
            return made
        if isinstance(elements, str):
            return str(elements)
        return self.build.constant(f"{self.name}.{part}", "float32", elements[0],
                                   tuple(map(float, elements[1])))

    def operand(self, value: Input, part: str) -> str:
        """What is written for an input of an operator: whole numbers are int64, others float32, unless it
        says its type."""
        if isinstance(value, str):
            return value
        if not isinstance(value, TensorType):
            shape, items = value
            dtype = "int64" if all(isinstance(item, (int, Dim)) for item in items) else "float32"
            value = TensorType(dtype, shape, items)
        return self.build.tensor(f"{self.name}.{part}", value)

    def table(self, part: str, elements: Callable[[], Iterable[int]], *shape: Size) -> str:
        """A constant table of whole numbers, which are worked out when they are wanted."""
        return self.build.table(f"{self.name}.{part}", shape, elements)

    def ints(self, values: Iterable[Size], part: str = "sizes") -> str:
        """A constant list of whole numbers."""
        listed = tuple(values)
        return self.build.constant(f"{self.name}.{part}", "int64", (len(listed),), listed)

    def floats(self, values: Iterable[float], part: str = "factors") -> str:
        """A constant list of numbers."""
        listed = tuple(values)
        return self.build.constant(f"{self.name}.{part}", "float32", (len(listed),), listed)

    def number(self, value: float, part: str = "number") -> str:
        """A constant of no axes."""
        return self.build.constant(f"{self.name}.{part}", "float32", (), (value,))
