"""From a network to layers: what only makes constants and shapes becomes numbers and formulas."""
from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from archcheck import ops
from archcheck.dims import Dim, least, prod
from archcheck.dtypes import BITS
from archcheck.frontends.spec._build import MICROSOFT, OPSET
from archcheck.graph import Graph, Node, TensorType
from archcheck.report import Report
from archcheck.values import items as known_items
from archcheck.writers import _spec_words as words
from archcheck.writers._spec_items import (
    Arg,
    ConvertError,
    Formulas,
    Item,
    Ref,
    decimal,
    is_writable,
    literal,
    operand,
    stored,
    word,
)
from archcheck.writers._spec_merge import merged

MAX_WRITTEN = 64
"""Constants of more elements are written by their type alone."""

COMMUTATIVE = frozenset(("Add", "Mul", "Max", "Min", "Mean", "Sum", "And", "Or", "Xor", "Equal"))
BROADCASTING = COMMUTATIVE | {"Sub", "Div", "Pow", "Where", "Less", "Greater", "LessOrEqual",
                              "GreaterOrEqual"}
MOVES = frozenset(("Identity", "Reshape", "Transpose", "Unsqueeze", "Squeeze", "Flatten"))
"""Operators that make a stored tensor another one of the same elements."""


class Reading:
    """A network being read: what is fixed, what is stored, and how each node is said."""

    def __init__(self, report: Report, formulas: Formulas) -> None:
        self.report, self.graph, self.formulas = report, report.graph, formulas
        self.types = report.types
        self.opset = self.graph.opsets.get("", OPSET)
        here = id(self.graph)
        self.learned = {name for graph, name in report.weights.kinds if graph == here}
        self.uses = Counter(name for node in self.graph.nodes if not self.is_number(node)
                            for name in node.inputs)
        for name in self.graph.outputs:
            self.uses[name] += 2
        self.fixed: set[str] = set(self.graph.weights)
        self.shared = {name for name in self.learned & self.fixed if self.uses[name] > 1}
        self.fixed -= self.shared
        self.made: set[str] = set()

    def items(self) -> list[Item]:
        """The layers, in the order of the nodes."""
        found = [item for index, node in enumerate(self.graph.nodes) for item in self.of(index, node)]
        found += [self.constant(name) for name in self.graph.outputs if name in self.fixed]
        return [replace(item, index=index) for index, item in enumerate(merged(found, self))]

    def of(self, index: int, node: Node) -> Iterator[Item]:
        """The layers that a node is said by."""
        if self.is_fixed(node) or not any(node.outputs):
            self.settle(node)
            return
        refuse_bodies(node)
        for name in dict.fromkeys(node.inputs):
            if name in self.shared and name not in self.made:
                self.made.add(name)
                yield self.constant(name)
        if node.op == "ConstantOfShape" and not node.domain:
            yield from self.filled(index, node)
            return
        item = words.word_for(self, node) or self.operator(node)
        if item.source is not None and item.source in self.fixed:
            said = self.input(item.source, node.op in BROADCASTING or node.op == "Expand")
            stored = Item("tensor", (said,), None, (f"{item.source} for {node.name}",))
            item.source = Ref(stored.outputs[0])
            yield stored
        item.nodes = (index,)
        yield item

    def filled(self, index: int, node: Node) -> Iterator[Item]:
        """One number all over a shape, which the language has as an attribute of no operator."""
        value = node.attrs.get("value")
        found = known_items(value) if isinstance(value, TensorType) else (0.0,)
        dtype = value.dtype if isinstance(value, TensorType) else "float32"
        if not found or dtype is None or not is_writable(found[0]):
            raise ConvertError(f"{said_of(node)} fills with a number that has no form in the language")
        element = f"{node.outputs[0]} element"
        yield Item("tensor", (literal(dtype, (), found[:1]),), None, (element,))
        yield Item("Expand", (self.input(node.inputs[0]),), Ref(element), node.outputs, (index,))

    # ------------------------------------------------------------------------------------------- constants
    def is_fixed(self, node: Node) -> bool:
        """Whether a node only makes what can be written as numbers, or as the type of a stored tensor."""
        if any(isinstance(value, Graph) for value in node.attrs.values()) or node.op.startswith("Random"):
            return False
        outputs = [name for name in node.outputs if name]
        if self.is_number(node):
            return True
        if not node.inputs:
            return all(map(self.is_whole, outputs))
        if not all(name in self.fixed for name in node.inputs if name):
            return False
        if any(name in self.learned for name in node.inputs):
            return node.op in MOVES and all(map(self.is_whole, outputs))
        return all(self.is_whole(name) and (name in self.learned or not self.is_float(name))
                   for name in outputs)

    def is_number(self, node: Node) -> bool:
        """Whether all that a node makes are elements that are known. Of decimals only one: what is made of
        more is no weight, and would be one if it were stored."""
        outputs = [name for name in node.outputs if name]
        return bool(outputs) and all(self.number(name) is not None and (
            not node.inputs or not self.is_float(name) or prod(self.types[name].shape or ()) == 1)
            for name in outputs)

    def is_float(self, name: str) -> bool:
        """Whether a value has decimals."""
        return "float" in str(self.types[name].dtype)

    def is_whole(self, name: str) -> bool:
        """Whether a value is a tensor whose sizes are numbers."""
        kind = self.types[name]
        return kind.dtype in BITS and kind.shape is not None and all(map(_is_int, kind.shape))

    def settle(self, node: Node) -> None:
        """Keep in mind what a node made that has no layer: several uses of a weight are of one weight."""
        is_weight = not self.is_number(node) and any(
            name in self.learned for name in (*node.inputs, *node.outputs))
        for name in filter(None, node.outputs):
            if is_weight:
                self.learned.add(name)
            if is_weight and self.uses[name] > 1:
                self.shared.add(name)
            else:
                self.fixed.add(name)

    def number(self, name: str) -> tuple[Any, ...] | None:
        """The elements of a value, if all are known and can be written."""
        kind = self.types.get(name)
        if kind is None or kind.shape is None or kind.dtype not in BITS or name in self.learned:
            return None
        if not all(map(_is_int, kind.shape)) or least(prod(kind.shape)) > MAX_WRITTEN:
            return None
        found = known_items(kind) if prod(kind.shape) else ()
        return found if found is not None and all(map(self.writable, found)) else None

    def writable(self, item: Any) -> bool:
        """Whether a number or formula has a form in the language."""
        try:
            return is_writable(item) and bool(self.formulas.written(item) if isinstance(item, Dim) else "1")
        except ConvertError:
            return False

    def stored(self, name: str) -> Arg:
        """A fixed value as an argument."""
        kind = self.types[name]
        found = self.number(name)
        if kind.dtype not in BITS or kind.shape is None:
            raise ConvertError(f"the constant {name!r} is {kind.dtype}, for which the language has no words")
        if found is not None and 0 not in kind.shape:
            return literal(kind.dtype, kind.shape, found)  # type: ignore[arg-type]
        return stored(kind.dtype, kind.shape)

    def constant(self, name: str) -> Item:
        """A fixed value as a layer."""
        return Item("tensor", (self.stored(name),), None, (name,))

    # ------------------------------------------------------------------------------------- asked by words
    def weight(self, name: str, dtype: str = "float32") -> tuple[Any, ...] | None:
        """The shape of a stored tensor that one node alone reads; None where ``name`` is anything else."""
        kind = self.types.get(name)
        if name not in self.fixed or name not in self.learned or kind is None or kind.dtype != dtype:
            return None
        return kind.shape

    def shape(self, name: str) -> tuple[Any, ...] | None:
        """The shape of a value."""
        kind = self.types.get(name)
        return kind.shape if kind is not None else None

    def value(self, name: str) -> tuple[Any, ...] | None:
        """The elements of a fixed value."""
        return self.number(name) if name in self.fixed else None

    # ----------------------------------------------------------------------------------- operators by name
    def operator(self, node: Node) -> Item:
        """A node by the name of its operator."""
        inputs, attrs = upgraded(node, self.opset)
        args: list[Arg] = [self.input(entry, node.op in BROADCASTING) for entry in inputs]
        if args and inputs[0] in self.fixed and node.op in COMMUTATIVE:
            data = next((k for k, name in enumerate(inputs) if isinstance(name, str)
                         and name and name not in self.fixed), 0)
            inputs[0], inputs[data], args[0], args[data] = inputs[data], inputs[0], args[data], args[0]
        args = [self.fitted(inputs, arg) if node.op in BROADCASTING else arg for arg in args]
        if not inputs or not isinstance(inputs[0], str) or not inputs[0]:
            raise ConvertError(f"{said_of(node)} has no first input, which in the language every layer has")
        kind = f"{node.domain}.{node.op}" if node.domain else node.op
        is_split = node.op == "Split"
        if is_split and len(inputs) == 1 and "num_outputs" not in attrs:
            attrs["num_outputs"] = len(node.outputs)
        outputs = tuple(name or f"{node.name}.{k}" for k, name in enumerate(node.outputs))
        return Item(kind, (*args[1:], *(attribute(node, key, value) for key, value in attrs.items())),
                    Ref(inputs[0]), outputs, all_named=is_split)

    def fitted(self, inputs: list[Any], arg: Arg) -> Arg:
        """A weight for each channel, or each feature, of the first input by these words."""
        shape, sizes = self.shape(inputs[0]) if isinstance(inputs[0], str) else None, arg.slots
        if not shape or arg.role != "size" or not sizes or sizes[0] == 1:
            return arg
        if sizes == (shape[-1],):
            return word(arg.form.format("features"))
        is_channels = len(shape) > 2 and sizes == (shape[1], *(1,) * (len(shape) - 2))
        return word(arg.form.format("channels", *sizes[1:])) if is_channels else arg

    def input(self, entry: Any, broadcast: bool = False) -> Arg:
        """An input as an argument. One number that is no weight is written without axes where that is the
        same, since what is stored with axes counts as one."""
        if isinstance(entry, Arg):
            return entry
        if broadcast and entry in self.fixed and entry not in self.learned:
            kind, found = self.types[entry], self.number(entry)
            if kind.shape and set(kind.shape) == {1} and self.is_float(entry):
                return stored(str(kind.dtype), ()) if found is None else literal(str(kind.dtype), (), found)
        return word("_") if not entry else self.stored(entry) if entry in self.fixed else operand(entry)


def _is_int(size: Any) -> bool:
    return isinstance(size, int)


def said_of(node: Node) -> str:
    """A node in messages."""
    return f"{node.domain + '.' if node.domain else ''}{node.op} ({node.name})"


def refuse_bodies(node: Node) -> None:
    """Refuse what specifications cannot hold."""
    if any(isinstance(value, Graph) for value in node.attrs.values()):
        raise ConvertError(f"{said_of(node)} has a graph inside, which the language of specifications has no "
                           "words for; simplify the model so that its bodies go")
    if node.domain not in ("", MICROSOFT) or ops.find(node.domain, node.op, OPSET) is None:
        raise ConvertError(f"{said_of(node)} is no operator that specifications know; expand it into those "
                           "of ONNX")


def upgraded(node: Node, opset: int) -> tuple[list[Any], dict[str, Any]]:
    """The inputs and attributes of a node as the operator has them in the opset of specifications: what was
    an attribute once may be an input now."""
    newest, then = ops.find(node.domain, node.op, OPSET), ops.find(node.domain, node.op, opset)
    assert newest is not None and then is not None
    schema = inspect.signature(newest.function).parameters
    places = [name for name, parameter in schema.items() if parameter.kind is not parameter.KEYWORD_ONLY]
    inputs, attrs = list[Any](node.inputs), {}
    for key, value in node.attrs.items():
        parameter = schema.get(key)
        if parameter is None:
            old = inspect.signature(then.function).parameters.get(key)
            if value is not None and (old is None or old.default != value) and key not in IGNORED:
                raise ConvertError(f"{said_of(node)} has the attribute {key!r}, which the operator has no "
                                   "more in opset 23")
        elif parameter.kind is not parameter.KEYWORD_ONLY:
            inputs += [""] * (places.index(key) + 1 - len(inputs))
            inputs[places.index(key)] = given(value)
        elif value is not None and not _is_default(value, parameter.default):
            attrs[key] = value
    if then is not newest and node.op in CHANGED and not CHANGED[node.op](node):
        raise ConvertError(f"{said_of(node)} means something else in opset 23; convert the model to a newer "
                           "opset first")
    return inputs, attrs


IGNORED = frozenset(("consumed_inputs", "is_test"))
CHANGED: Mapping[str, Any] = {"Softmax": lambda node: False, "LogSoftmax": lambda node: False,
                              "Hardmax": lambda node: False, "GroupNormalization": lambda node: False}
"""Operators that mean something else now, and when they do not."""


def _is_default(value: Any, default: Any) -> bool:
    return type(value) is type(default) and bool(value == default)


def given(value: Any) -> Arg:
    """An attribute that is an input now."""
    several = value if isinstance(value, tuple) else (value,)
    dtype = "float32" if any(isinstance(item, float) for item in several) else "int64"
    return literal(dtype, (len(several),) if isinstance(value, tuple) else (), several)


def attribute(node: Node, key: str, value: Any) -> Arg:
    """An attribute by its name."""
    if isinstance(value, str) and not re.search(r"[\"'\\\n{}]", value):
        return word(f'{key}="{value}"' if not re.fullmatch(r"[A-Za-z_]\w*", value) else f"{key}={value}")
    if isinstance(value, float):
        return word(f"{key}={decimal(value)}")
    if isinstance(value, int):
        return Arg(f"{key}={{}}", (value,), key)
    if isinstance(value, tuple) and all(isinstance(item, float) for item in value) and value:
        return word(f"{key}=[{', '.join(map(decimal, value))}]")
    if isinstance(value, tuple) and all(isinstance(item, int) for item in value):
        return Arg(f"{key}=[{', '.join(['{}'] * len(value))}]", value, key)
    if isinstance(value, tuple) and all(isinstance(item, str) and item.isidentifier() for item in value):
        return word(f"{key}=[{', '.join(value)}]")
    raise ConvertError(f"the attribute {key!r} of {said_of(node)} has no form in the language")
