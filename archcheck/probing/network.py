"""A network that can be run with parts of its inputs changed, and what becomes of its values then."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from onnx import ModelProto, NodeProto

from archcheck.probing.prepare import FLOATS, Unprobed, expose, fill, graphs, passing

Array = np.ndarray[Any, Any]
Marks = dict[str, Array]
"""For some values which of their elements are meant."""
Points = Mapping[str, Any]
"""For some values the positions that are looked at, as numpy indexes: for each axis an array of places."""

STEPS = 0.37, 40.0
"""What is added to an element to change it: a little, for functions that saturate, and a lot, for others."""
ROUNDING = 1e-5
"""The share of a change that may get through where a coordinate is rounded: behind Resize less is taken for
none."""
DATALESS = {"Shape", "Size", "ConstantOfShape", "RandomNormalLike", "RandomUniformLike"}
SELECTING = {"Where", "TopK", "ScatterND", "ScatterElements", "Loop", "Scan", "If", "RoiAlign", "MaxRoiPool",
             "GridSample", "DeformConv", "NonMaxSuppression", "Pow", "MaxUnpool", "Hardmax", "Shrink",
             "ThresholdedRelu"}
"""Operators that may drop a NaN which they read."""
NUMBERS = (*FLOATS[:3], "tensor(int8)", "tensor(uint8)", "tensor(int32)")
LEAKING = {"Resize", "Upsample", "GridSample", "LRN"}
"""Operators that multiply by 0 what they do not read, or take out again what they summed before."""
BLOCKED = "com.microsoft.nchwc"
"""The operators of this domain lay channels out in blocks, without saying so in their outputs' shapes: which
element stands where cannot be seen from outside."""


class Given(NamedTuple):
    """An input of the network: its numpy dtype, its shape, and what it is fed with by default."""

    array: Array

    @property
    def shape(self) -> tuple[int, ...]:
        """Its sizes."""
        return tuple(self.array.shape)

    @property
    def is_float(self) -> bool:
        """Whether it can hold NaN."""
        return bool(self.array.dtype.kind == "f")


class Network:
    """A model prepared for probing, at fixed shapes of its ``inputs``.

    Two networks run side by side: the one that was given, which is disturbed by finite amounts, and one in
    which every operator passes NaN on as far as that can be had. ``cut`` says why that cannot be built, where
    it cannot: then only changes tell. ``model`` is changed.
    """

    def __init__(self, model: ModelProto, shapes: Mapping[str, tuple[int, ...]], seed: int = 0) -> None:
        fill(model)
        expose(model)
        self.nodes = [NodeProto.FromString(node.SerializeToString()) for node in model.graph.node]
        self._true = opened(model)
        self.kinds = {output.name: output.type for output in self._true.get_outputs()}
        draw = np.random.default_rng(seed)
        self.inputs = {given.name: Given(_array(draw, given.type, shapes[given.name]))
                       for given in self._true.get_inputs()}
        self._passing, self.cut = self._true, ""
        try:
            if passing(model, self.kinds):
                self._passing = opened(model)
        except Unprobed as why:
            self.cut = str(why)
        numbers = NUMBERS if self.cut else FLOATS[:3]
        probed = [output.name for output in self._true.get_outputs() if output.type in numbers]
        self._before = dict(zip(probed, self._true.run(probed, self.inputs_as_given)))

    @property
    def inputs_as_given(self) -> dict[str, Array]:
        """What the network is fed with where nothing is changed."""
        return {name: given.array for name, given in self.inputs.items()}

    @cached_property
    def values(self) -> dict[str, tuple[int, ...]]:
        """The values that are probed, and their shapes: those that hold floats, and integers where NaN does
        not get through."""
        return {name: tuple(array.shape) for name, array in self._clean.items()}

    @cached_property
    def _clean(self) -> dict[str, Array]:
        packed = {name for node in self.nodes if node.domain == BLOCKED for name in node.output
                  if node.op_type != "ReorderOutput"}
        kept = {name: ... for name in self._before if name not in packed}
        if self.cut:
            return {name: np.zeros(self._before[name].shape, bool) for name in kept}
        return {name: np.isnan(array)
                for name, array in self._run(self._passing, self.inputs_as_given, kept).items()}

    @cached_property
    def through(self) -> dict[str, frozenset[str]]:
        """For each value the operators on the way to it that may drop a NaN; ``directions`` for what a
        recurrence in both directions makes: an operator says what they read together."""
        if self.cut:
            return dict.fromkeys(self.values, frozenset({"all it goes through"}))
        found = _through(self.nodes, self.inputs, self.kinds, _drops)
        return found | {name: found[name] | {"directions"} for node in self.nodes if _turns(node)
                        for name in node.output if name in found}

    @cached_property
    def leaking(self) -> dict[str, frozenset[str]]:
        """For each value the operators on the way to it that may spread a NaN to what does not depend on it,
        because they multiply it by 0."""
        return _through(self.nodes, self.inputs, {}, _leaks)

    def run(self, name: str) -> Callable[[Mapping[str, Array], Points], Marks]:
        """How it is best seen what reads the input ``name``."""
        return self.poisoned if self.inputs[name].is_float and not self.cut else self.disturbed

    def poisoned(self, where: Mapping[str, Array], points: Points | None = None) -> Marks:
        """Which elements turn NaN where the elements ``where`` of the inputs are; at the ``points`` only."""
        feeds = self.inputs_as_given
        for name, mask in where.items():
            feeds[name] = np.where(mask, feeds[name].dtype.type(np.nan), feeds[name])
        points = self._everything if points is None else points
        found = self._run(self._passing, feeds, points)
        return {name: np.isnan(array) & ~self._clean[name][points[name]] for name, array in found.items()}

    def disturbed(self, where: Mapping[str, Array], points: Points | None = None) -> Marks:
        """Which elements change where the elements ``where`` of the inputs do, by finite amounts."""
        points = self._everything if points is None else points
        marks: Marks = {}
        for step in STEPS if any(self.inputs[name].is_float for name in where) else STEPS[:1]:
            feeds = self.inputs_as_given | {name: _changed(self.inputs[name].array, mask, step)
                                            for name, mask in where.items()}
            for name, after in self._run(self._true, feeds, points).items():
                least = step * ROUNDING if self.leaking.get(name) else 0
                differs = _differs(self._before[name][points[name]], after, least)
                marks[name] = marks[name] | differs if name in marks else differs
        return marks

    def is_nan(self, value: str, where: tuple[Array, ...]) -> Array:
        """Which positions of a value are NaN without any change, so that nothing can be seen there."""
        return np.atleast_1d(self._clean[value][where])

    @property
    def _everything(self) -> Points:
        return dict.fromkeys(self.values, ...)

    def _run(self, session: Any, feeds: Mapping[str, Array], points: Points) -> Marks:
        """The values as they are at ``points``."""
        found = dict(zip(points, session.run(list(points), dict(feeds))))
        for name, array in found.items():
            if array.shape != self._before[name].shape:
                raise Unprobed(f"the shape of {name} depends on the data")
        return {name: array[points[name]] for name, array in found.items()}


def _differs(before: Array, after: Array, least: float) -> Array:
    """Where two arrays differ by more than ``least``; NaN does not differ from NaN."""
    if before.dtype.kind != "f":
        return np.asarray(before != after)
    with np.errstate(invalid="ignore"):
        far = np.abs(before - after) > least
    appeared = np.isnan(before) != np.isnan(after)
    endless = np.isinf(before) & (before != after)
    return np.asarray(far | appeared | endless)


def opened(model: ModelProto) -> Any:
    """A session that runs ``model`` as it stands, on the processor. Raises `Unprobed`."""
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        return onnxruntime.InferenceSession(model.SerializeToString(), options,
                                            providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001 - it has exceptions of its own, and raises bare ones
        raise Unprobed(f"ONNX Runtime refuses it: {str(error).splitlines()[0][:200]}") from None


def _array(draw: np.random.Generator, kind: str, shape: tuple[int, ...]) -> Array:
    """Floats between 1/4 and 1, so that rectifiers let them through; integers 0 and 1."""
    kind = kind.removeprefix("tensor(").removesuffix(")")
    dtype = np.dtype({"float": "float32", "double": "float64"}.get(kind, kind))
    if dtype.kind == "f":
        return draw.uniform(0.25, 1, shape).astype(dtype)
    return draw.integers(0, 2, shape).astype(dtype)


def _changed(array: Array, mask: Array, step: float) -> Array:
    """``array`` with other elements where ``mask`` says; integers stay 0 or 1."""
    other = array + array.dtype.type(step) if array.dtype.kind == "f" else 1 - array.astype(np.int64)
    return np.where(mask, other, array).astype(array.dtype)


# ----------------------------------------------------------------------------------------- what lies upstream
def _through(nodes: Any, inputs: Mapping[str, Any], kinds: Mapping[str, str], test: Any) -> dict[str, Any]:
    """For each value that depends on the inputs the operators on the way that pass a test."""
    found: dict[str, frozenset[str]] = {name: frozenset() for name in inputs}
    for node in nodes:
        read = [name for name in _reads(node) if name in found]
        if read and node.op_type not in DATALESS:
            upstream = frozenset(test(node, kinds)).union(*(found[name] for name in read))
            found.update({name: upstream for name in node.output if name})
    return found


def _reads(node: NodeProto) -> Iterator[str]:
    """What a node reads, in its bodies too."""
    yield from node.input
    bodies = [body for attribute in node.attribute for body in (attribute.g, *attribute.graphs)]
    for body in bodies:
        for graph in graphs(body):
            yield from (name for inner in graph.node for name in inner.input)
            yield from (output.name for output in graph.output)


def _drops(node: NodeProto, kinds: Mapping[str, str]) -> set[str]:
    if any(kinds.get(name, FLOATS[0]) not in FLOATS for name in node.output if name):
        return {"integers"}
    return {node.op_type} if node.op_type in SELECTING or node.domain not in ("", "ai.onnx") else set()


def _turns(node: NodeProto) -> bool:
    return any(found.name == "direction" and found.s == b"bidirectional" for found in node.attribute)


def _leaks(node: NodeProto, kinds: Mapping[str, str]) -> set[str]:
    return {node.op_type} & LEAKING
