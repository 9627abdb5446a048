"""The memory that training takes: weights, gradients, the optimizer's states, and what nodes keep for the
backward pass, each piece of memory once however many of them keep it.

A node keeps what PyTorch keeps, if a value or weight whose gradient it is for needs one: a convolution its
input for the gradient of its weight, a rectifier its output, an addition nothing. What is in memory only for
a moment in one of the passes is not counted.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, Union

from archcheck.analyses.lifetimes import reads
from archcheck.analyses.params import FLOATS, LEARNED, Params, Weight
from archcheck.dims import Size, ceildiv, is_known, total
from archcheck.dtypes import BITS
from archcheck.graph import Node, TensorType
from archcheck.infer import Walk
from archcheck.ops._op import ANY

OPTIMIZERS = {"sgd": 0, "momentum": 1, "adam": 2, "adam-mixed": 3}
"""How many numbers an optimizer keeps for each parameter beside its weight and its gradient. ``adam-mixed``
computes in 16 bits, and keeps the weight and both moments in 32: 16 bytes a parameter in all (ZeRO:
Rajbhandari et al. 2020)."""
MIXED = "adam-mixed"

Place = tuple[int, str]
"""A piece of memory: the ``id`` of the walk it is made in, and the name of the value it is made for."""


class Saved(NamedTuple):
    """What the backward pass needs of the forward one: the bytes of each piece of memory; and by operator the
    number of nodes of which that is ``unknown``."""

    bytes_by_place: Mapping[Place, Size]
    unknown: Mapping[str, int]

    @property
    def total(self) -> Size:
        """All of it together."""
        return total(self.bytes_by_place.values())


class Training(NamedTuple):
    """Bytes by what they are for. ``weights`` are all tensors that are stored, those among them that are not
    trained."""

    weights: Size
    gradients: Size
    states: Size
    activations: Size

    @property
    def total(self) -> Size:
        """All of it together."""
        return total(self)


def training_memory(weights: Params, saved: Saved, optimizer: str) -> Training:
    """What training takes with one of `OPTIMIZERS`."""
    trained, states = [weight for weight in weights.weights if is_trained(weight)], OPTIMIZERS[optimizer]
    stored = total(weights.bytes_by_dtype.values())
    if optimizer != MIXED:
        learned = total(_bytes(weight.dtype, weight.elements) for weight in trained)
        return Training(stored, learned, states * learned, saved.total)
    halves = total(_bytes("float16", weight.elements) for weight in trained)
    singles = total(_bytes("float32", weight.elements) for weight in trained)
    others = stored - total(weight.bytes or 0 for weight in trained)
    return Training(others + halves, halves, states * singles, saved.total)


def is_trained(weight: Weight) -> bool:
    """Whether a weight gets a gradient: it is learned, and no integer."""
    return weight.kind == LEARNED and weight.dtype in FLOATS


def _bytes(dtype: str, elements: Size) -> Size:
    return ceildiv(elements * BITS[dtype], 8)


def saved_for_backward(walk: Walk, weights: Params) -> Saved:
    """What the backward pass of a network needs."""
    saver = _Saver(frozenset(weight.name for weight in weights.weights if is_trained(weight)))
    saver.follow(walk, {name: _value(walk, name, False, True) for name in walk.graph.inputs})
    return Saved(saver.found, saver.unknown)


# ------------------------------------------------------------------------------------------- what is kept
class _Value(NamedTuple):
    """The memory that a value lies in and how many bytes that is, whether the value ``needs`` a gradient, and
    whether it is made of the network's ``data``."""

    place: Place
    bytes: Size | None
    needs: bool
    data: bool


Values = dict[str, _Value]
Inputs = Sequence[Union[_Value, None]]


def _value(walk: Walk, name: str, needs: bool, data: bool) -> _Value:
    """A value in memory of its own; only floats have gradients, and what may be floats."""
    kind = walk.types.get(name) or TensorType(None, None)
    return _Value((id(walk), name), kind.bytes, needs and (kind.dtype is None or kind.dtype in FLOATS), data)


class _Saver:
    """Follows gradients through a network, functions included, and notes what nodes keep for them."""

    def __init__(self, trained: frozenset[str]) -> None:
        self.trained = trained
        self.found: dict[Place, Size] = {}
        self.unknown: dict[str, int] = {}

    def follow(self, walk: Walk, values: Values) -> Values:
        """The values of a graph, from those of its inputs."""
        for name in walk.graph.weights:
            values[name] = _value(walk, name, name in self.trained, False)
        for index, node in enumerate(walk.graph.nodes):
            read = [values[name] for name in reads(node) if name in values]
            needs, data = any(value.needs for value in read), any(value.data for value in read)
            for name in filter(None, node.outputs):
                values[name] = _value(walk, name, needs or not data and name in self.trained, data)
            inputs = [values.get(name) for name in node.inputs]
            through = self._through_bodies if index in walk.bodies else self._through
            through(walk, index, inputs, values)
        return values

    def _through_bodies(self, walk: Walk, index: int, inputs: Inputs, values: Values) -> None:
        """Into a function; what the bodies of a branch or a loop keep is not known."""
        node, (body, *others) = walk.graph.nodes[index], walk.bodies[index].values()
        if others or not body.is_function:
            if any(values[name].needs for name in node.outputs if name):
                self._miss(node)
            return
        given = {name: value for name, value in zip(body.graph.inputs, inputs) if value}
        inner = self.follow(body, given)
        values.update((name, inner[result]) for name, result in zip(node.outputs, body.graph.outputs)
                      if name and result in inner)

    def _through(self, walk: Walk, index: int, inputs: Inputs, values: Values) -> None:
        node, effect = walk.graph.nodes[index], walk.effects[index]
        resolved = walk.operators.find(node.domain, node.op)
        saves = resolved.saves if resolved else None
        outputs = [values[name] for name in node.outputs if name]
        if saves == () and not effect.statistics and effect.alias is not None and outputs:
            self._view(node, inputs[effect.alias], values)
        if not any(value.needs and value.data for value in outputs):
            return
        if resolved is None or saves is None:
            self._miss(node)
            return
        names = _parameters(resolved.function)
        for what, whose in saves:
            if whose == ANY or any(value.needs for value in _given(names, whose, inputs)):
                self._keep(node, [self._output(walk, index, what, values)] if isinstance(what, int)
                           else _given(names, what, inputs))
        self._keep(node, [_Value((id(walk), f"{index} statistic {k}"), kind.bytes, False, True)
                          for k, kind in enumerate(effect.statistics)])

    def _view(self, node: Node, source: _Value | None, values: Values) -> None:
        if source is not None and node.outputs[0]:
            values[node.outputs[0]] = values[node.outputs[0]]._replace(place=source.place, bytes=source.bytes)

    def _output(self, walk: Walk, index: int, position: int, values: Values) -> _Value:
        """An output of a node; it may be one that the node does not list."""
        node, effect = walk.graph.nodes[index], walk.effects[index]
        name = node.outputs[position] if position < len(node.outputs) else ""
        if name:
            return values[name]
        return _Value((id(walk), f"{index} output {position}"), effect.outputs[position].bytes, False, True)

    def _keep(self, node: Node, kept: Sequence[_Value]) -> None:
        """Note pieces of memory; weights, and what is made of nothing but weights, are there anyway."""
        for value in kept:
            if value.data and not is_known(value.bytes):
                self._miss(node)
            elif value.data and value.bytes is not None:
                self.found[value.place] = value.bytes

    def _miss(self, node: Node) -> None:
        name = f"{node.domain}.{node.op}" if node.domain else node.op
        self.unknown[name] = self.unknown.get(name, 0) + 1


@cache
def _parameters(function: Any) -> tuple[str, ...]:
    """The names of an operator's inputs; one that takes any number of them comes last."""
    code = function.__code__
    rest = code.co_argcount + code.co_kwonlyargcount
    return (*code.co_varnames[:code.co_argcount], *code.co_varnames[rest:rest + bool(code.co_flags & 4)])


def _given(names: Sequence[str], name: str, inputs: Inputs) -> list[_Value]:
    """The inputs that the parameter ``name`` stands for: one, or where it is the last one all the others."""
    place = names.index(name)
    until = len(inputs) if place == len(names) - 1 else place + 1
    return [value for value in inputs[place:until] if value]
